//! Tally of the flow log, as the status tells it.

use serde::{Deserialize, Serialize};

/// Counts of the lines so far, by what became of them.
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
