//! The pure core of the director: what IPVS decides about packets and tables.
//!
//! Owns: services, real servers, schedulers, connections, and the rewriting of packets.
//! Never: sockets, files, processes, the environment, a clock, randomness, a runtime. Time comes in as
//! [`time::Time`], seeds come in as numbers. `tests/layering.rs` holds this module to it.
#![forbid(unsafe_code)]

pub mod app;
pub mod conn;
mod defragment;
pub mod director;
pub mod fast_path;
mod keyed_hash;
pub mod neighbour;
pub mod route;
pub mod sched;
pub mod service;
pub mod sync;
pub mod time;
pub mod tunnel_end;
pub mod verdict;

pub mod xmit;

pub use director::{Command, CommandError, Director, Query, Reply, Verdict};
pub use time::Time;
