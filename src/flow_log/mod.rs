//! The flow log: a JSON line for each connection that has ended, and if wanted for each that begins.
//!
//! Owns how a record is written ([`line`]) and the file that it goes to ([`Sink`]), which is opened anew when somebody
//! has moved it away and survives a full disk. Never looks at packets or tables; fed by a thread of the daemon.

pub mod line;
mod sink;

pub use sink::{OpenError, Sink, Target};

use serde::{Deserialize, Serialize};

/// What became of the lines so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub written: u64,
    pub lost: Losses,
}

/// Connections that the log does not have, by the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Losses {
    /// More than wished for a second.
    pub rate: u64,
    /// More than could be written.
    pub queue: u64,
    /// The file took no more.
    pub write: u64,
}

impl Losses {
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            rate: self.rate + other.rate,
            queue: self.queue + other.queue,
            write: self.write + other.write,
        }
    }

    /// Each reason by its name.
    pub const fn named(self) -> [(&'static str, u64); 3] {
        [("rate", self.rate), ("queue", self.queue), ("write", self.write)]
    }
}
