//! The tables and keys of the file, as serde reads and writes them, each beside the way to what it means and back.
//!
//! Unknown keys are mistakes. The order of keys here is that in which complaints name them.

mod address;
mod check;
mod command;
mod director;
mod discover;
mod exporters;
mod file;
mod health;
mod http;
mod one_or_many;
mod passive;
mod placed;
mod seconds;
mod server;
mod service;
mod sync;

pub use director::{DirectorOptions, FastPathHook, LogFormat};
pub(super) use file::{File, setting};
pub(super) use health::GivenHealth;
pub(super) use placed::Placed;
pub(super) use service::mask_with_holes;
#[cfg(test)]
pub(super) use {
    check::Check,
    command::CommandTable,
    discover::Discover,
    exporters::{FlowLog, Metrics},
    http::Url,
    passive::Passive,
    server::{Server, Sorry, Tunnel},
    service::{ClientLimit, Persistence, Service},
    sync::{Sync, Timeouts},
};
