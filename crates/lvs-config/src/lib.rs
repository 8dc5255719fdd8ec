//! The configuration file: the director's own options, and services that are there from the start.
//!
//! Owns the languages that it may be written in (TOML, [`keepalived`], the lines of `ipvsadm -S`), their errors (with
//! line and column) and the way from them to commands. Never touches the director or the host: what a file means is
//! tried out on tables of its own. Called by the command line, which reads, checks and converts, and by the daemon,
//! which reads again on SIGHUP.
#![forbid(unsafe_code)]

mod declared;
pub mod defaults;
mod difference;
mod error;
mod format;
pub mod keepalived;
mod nets;
pub mod note;
mod ports;
pub mod programs;
mod queues;
mod read;
mod schema;
mod tables;
#[cfg(test)]
mod tests;
mod unfit;
mod written;

pub use declared::{Config, Declared, Exporters};
pub use error::ConfigError;
pub use format::{Format, Source};
pub use nets::{BadNet, masquerade_net};
pub use ports::{BadPortRange, port_range};
pub use queues::{BadQueues, Queues};
pub use schema::{DirectorOptions, FastPathHook, LogFormat};
pub use tables::{BadTable, announce_table};

pub use lvs::service::DeclaredService;
