//! Connection synchronisation: what a master tells, when, and in which bytes; what a backup reads. Same job as
//! `ip_vs_sync.c`, without its sockets.
//!
//! Owns the [`Record`] of one connection, the messages of versions 0 and 1, the decision whether a packet makes its
//! connection be sent, and the queue of messages. Never touches the tables; called by the director.

mod decode;
mod encode;
mod master;
pub mod peer;
mod policy;
mod record;

pub use decode::{Reader, Rejected};
pub use encode::Version;
pub use master::{Master, Outgoing};
pub use policy::Policy;
pub use record::{Flags, Record, Sequence};

/// Ports of a daemon at most.
pub const MAX_PORTS: usize = 64;

/// A header of version 0: number of records, syncid, size. Version 1 puts them elsewhere behind a zero.
const HEADER_V0: usize = 4;
const HEADER_V1: usize = 8;
const RECORD_V0: usize = 24;
const RECORD_V4: usize = 36;
const RECORD_V6: usize = 72;
/// Corrections of sequence numbers, both directions.
const SEQUENCES: usize = 24;
/// In front of each option of version 1: type and length.
const OPTION: usize = 2;
const OPTION_SEQUENCES: u8 = 1;
const OPTION_ENGINE_DATA: u8 = 2;
const OPTION_ENGINE_NAME: u8 = 3;
/// An option with this bit may be skipped by who does not know it.
const OPTION_SKIPPABLE: u8 = 0x40;
const LONGEST_ENGINE_DATA: usize = 255;
const LONGEST_ENGINE_NAME: usize = 16;

#[cfg(test)]
mod tests;
