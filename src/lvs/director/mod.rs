//! The decision: what becomes of each packet, and the one place where tables change.
//!
//! Owns the tables of services and connections. Called by the daemon, one task per TUN queue and one for the
//! control socket; everything takes `&self`. Never blocks for longer than a table lock.

mod apply;
mod captures;
mod command;
mod verdict;

use parking_lot::{Mutex, RwLock};

pub use captures::Captures;
pub use command::{
    Command, CommandError, ConnEntry, DaemonRole, DaemonSpec, EngineData, Info, Query, Reply, ServerEntry,
    ServiceEntry, TimeoutSettings,
};
pub use verdict::{DropReason, Verdict};

use crate::lvs::service::ServiceTable;
use crate::lvs::time::Time;
use crate::lvs::wire::{Outbox, PacketBuf};

/// What a director needs to know when it is made.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Seeds hashing and drawing; the daemon passes a random one.
    pub seed: u64,
    /// Size of the connection table as listings show it (the kernel's default is 4096).
    pub conn_table_size: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 0, conn_table_size: 4096 }
    }
}

/// The TUN that a packet came from, and so what it probably is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Towards a virtual address.
    Client,
    /// From a real server.
    Server,
    /// Carried this firewall mark, and has its own TUN for that.
    Mark(u32),
}

#[derive(Debug)]
pub struct Director {
    settings: Settings,
    services: RwLock<ServiceTable>,
    timeouts: RwLock<TimeoutSettings>,
    daemons: Mutex<Vec<DaemonSpec>>,
}

impl Director {
    pub fn new(settings: Settings) -> Self {
        Self { settings, services: RwLock::default(), timeouts: RwLock::default(), daemons: Mutex::default() }
    }

    /// Decides on one packet, and rewrites it in place. Takes no lock for longer than one table access; never
    /// allocates for a packet of a known connection.
    pub fn process(&self, packet: &mut PacketBuf, side: Side, now: Time, outbox: &mut Outbox) -> Verdict {
        let _ = (packet, side, now, outbox);
        Verdict::Pass
    }

    /// When [`Self::handle_timeout`] wants to be called next.
    pub fn poll_timeout(&self) -> Option<Time> {
        None
    }

    /// Expires what is due at `now`, in bounded work.
    pub fn handle_timeout(&self, now: Time) {
        let _ = now;
    }
}
