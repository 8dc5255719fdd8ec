//! Answers about an upgrade: one director takes over from another, and no connection is lost.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// An upgrade that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upgraded {
    pub binary: PathBuf,
    /// Version of the successor.
    pub version: String,
    pub pid: u32,
    pub connections: u64,
    pub templates: u64,
    /// Connections, templates and counters that could not be taken over.
    pub left_out: u64,
    /// Microseconds in which no packet was forwarded; they waited.
    pub paused_us: u64,
}

/// Why there was no upgrade. The director goes on as before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum UpgradeRefusal {
    #[error("an upgrade is under way: wait for it")]
    UnderWay,
    #[error("the director stops")]
    Stopping,
    #[error("cannot run {}: {why}; nothing was changed", binary.display())]
    NotRunnable { binary: PathBuf, why: String },
    #[error("{} is not tunvs, or one without upgrades: it answered {answer:?}; nothing was changed", binary.display())]
    NotTunvs { binary: PathBuf, answer: String },
    #[error(
        "{} reads state of version {reads}, and this director writes version {writes}: stop this one and start that one; \
         connections are lost by it", binary.display()
    )]
    OtherState { binary: PathBuf, reads: String, writes: u32 },
    #[error("the new director gave up, and the old one goes on: {why}")]
    Failed { why: String },
    #[error("there is nothing to upgrade here")]
    Nothing,
}
