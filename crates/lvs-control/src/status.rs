//! The state of a director at a glance, as data. `docs/json.md` promises its shape.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use serde::{Deserialize, Serialize};

use crate::flow_log::Tally;
use lvs::director::{Census, DaemonSpec};
pub use lvs_discovery::report::SourceReport;

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
    #[serde(default)]
    pub sync: Sync,
    #[serde(default)]
    pub fleet: Fleet,
    #[serde(default)]
    pub fast_path: FastPath,
    /// Sources of real servers.
    #[serde(default)]
    pub sources: Vec<SourceReport>,
    #[serde(default)]
    pub kept: Kept,
    #[serde(default)]
    pub sandbox: Sandbox,
}

/// Whether connections outlive a director that is killed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub on: bool,
    /// None where they do.
    pub why_off: Option<String>,
    /// Connections that had no room in the file.
    pub left_out: u64,
}

/// Rights that the process has given up for good, beside capabilities.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    pub no_new_privs: bool,
    /// Calls that are never needed are refused.
    pub seccomp: bool,
    /// Version of Landlock. None: files may be changed wherever the user may.
    pub landlock: Option<u32>,
    /// Why a part is not in force.
    pub missing: Vec<String>,
}

impl Sandbox {
    /// Parts that are in force, in words. None: nothing is.
    pub fn in_force(&self) -> Option<String> {
        let landlock = self.landlock.map(|version| format!("Landlock {version}"));
        let parts = [
            self.no_new_privs.then(|| "no new privileges".to_owned()),
            self.seccomp.then(|| "a filter of system calls".to_owned()),
            landlock,
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// Virtual addresses that are to be announced to routers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fleet {
    /// The director announces nothing any more, and ends when its traffic has gone elsewhere.
    pub retiring: bool,
    pub announced: Vec<IpAddr>,
    pub withheld: Vec<IpAddr>,
}

/// The process that directs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// As its host calls itself.
    #[serde(default)]
    pub name: String,
    pub version: String,
    pub pid: u32,
    /// RFC 3339, in UTC.
    pub started: String,
    /// Seconds.
    pub uptime: u64,
    pub config: Option<PathBuf>,
}

/// The way of plain packets past the director.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FastPath {
    pub on: bool,
    /// None where it is on.
    pub why_off: Option<String>,
    /// Links by which packets enter it.
    pub links: Vec<String>,
    /// Connections that go by it now.
    pub connections: u64,
    pub packets: u64,
    pub bytes: u64,
    /// Connections that ever went by it.
    pub installed: u64,
    /// Connections that found it full.
    pub full: u64,
    /// Connections that cannot go by it.
    pub refused: u64,
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

/// Sync daemons, and the channel between directors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sync {
    pub daemons: Vec<DaemonSpec>,
    /// None without a sync daemon, or where it is switched off.
    pub channel: Option<SyncChannel>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncChannel {
    /// Another one with each start of the director.
    pub id: String,
    /// Of UDP and TCP.
    pub port: u16,
    pub has_secret: bool,
    /// Subnets of directors that are believed; empty: all.
    pub allowed: Vec<IpNet>,
    /// Connections and hellos that were refused, by reason.
    pub refused: BTreeMap<String, u64>,
    pub peers: Vec<SyncPeer>,
}

/// Another director on the channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncPeer {
    pub address: IpAddr,
    pub id: String,
    /// Of its program.
    pub version: String,
    pub is_master: bool,
    pub is_backup: bool,
    pub connected_secs: u64,
    /// Age of the oldest batch that it has not acknowledged.
    pub lag_ms: u64,
    /// Records that it does not have yet.
    pub behind: u64,
    pub told: u64,
    pub heard: u64,
    pub heard_ends: u64,
    /// Records of it that were not taken, by reason.
    pub left: BTreeMap<String, u64>,
    /// When it had been told all connections; None: not yet.
    pub full_told_secs_ago: Option<u64>,
    /// When all of its connections were known here.
    pub full_heard_secs_ago: Option<u64>,
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
    /// Other hosts that answer for virtual addresses that the director claims.
    #[serde(default)]
    pub rivals: Vec<Rival>,
}

/// Another host on a link that has a virtual address, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rival {
    pub address: IpAddr,
    pub dev: String,
    /// Hardware address.
    pub link: String,
}
