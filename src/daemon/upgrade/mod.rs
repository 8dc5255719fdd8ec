//! One director takes over from another while packets go on: `tunvs upgrade`, SIGUSR2.
//!
//! The director that runs starts the new program as its child, with a socket as its standard input, and copies to it what it
//! knows while it goes on. Then its queues pause, the rest follows with the descriptors, and the child begins to read: until it says
//! so the old one can go on at any time. The process that was started first stays, as an attendant that does nothing but
//! pass on signals and the exit status: whoever started it sees the same process.

mod attendant;
mod handover;
mod link;
mod look;
mod predecessor;
mod state;
mod successor;

pub use attendant::attend;
pub(super) use handover::Handover;
pub(super) use predecessor::{hand_over, rest, take_leave};
pub use successor::refuse as refuse_predecessor;
pub(super) use successor::takes_over;
pub(super) use successor::{Successor, end_with_attendant};

/// Version of the state that this director writes.
const STATE: u32 = 1;

/// Versions of the state that this director reads.
const READS: &[u32] = &[STATE];

/// Line by which a program says that it is tunvs, and which versions of the state it reads.
pub fn formats() -> String {
    let reads: Vec<String> = READS.iter().map(ToString::to_string).collect();
    format!("{FORMATS} {}", reads.join(" "))
}

const FORMATS: &str = "tunvs takes over from state";
