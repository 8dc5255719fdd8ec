//! The state of a director at a glance, as data. `docs/json.md` promises its shape.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::flow_log::Tally;
use lvs::director::Census;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub director: Process,
    #[serde(flatten)]
    pub census: Census,
    /// Counts of packets by verdict.
    pub packets: BTreeMap<String, u64>,
    /// Dropped packets by reason.
    pub drops: BTreeMap<String, u64>,
    pub queues: Vec<Queue>,
    pub host: Host,
    /// Events so far.
    pub events: u64,
    /// Lines of the flow log so far, and connections that it does not have.
    pub flow_log: Tally,
}

/// The process that directs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub version: String,
    pub pid: u32,
    /// RFC 3339, in UTC.
    pub started: String,
    /// Seconds.
    pub uptime: u64,
    pub config: Option<PathBuf>,
}

/// One queue of a TUN interface, and its thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    pub name: String,
    /// Read from it.
    pub packets: u64,
    pub drops: u64,
    /// Not readable, or not taken back by the host.
    pub failures: u64,
}

/// Whether rules, routes and addresses are as the tables want them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    pub follows: bool,
    /// Changes that will be undone at the end.
    pub changes: u64,
    /// Failures, as sentences.
    pub troubles: Vec<String>,
    /// How often another program changed what the director made or set, where it does so again and again; else 0.
    #[serde(default)]
    pub contested: u64,
}
