//! The decision: what becomes of each packet, and the one place where tables change.
//!
//! Owns the tables of services and connections. Called by the daemon, one task per TUN queue and one for the
//! control socket; everything takes `&self`. Never blocks for longer than a table lock.

mod control;
mod fast_path;
mod path;
mod upkeep;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use ipnet::IpNet;

use crate::defragment::Fragments;
use fast_path::state::{FastPath, PACKETS};
use parking_lot::{Mutex, RwLock};
use path::access::AccessLists;
use path::icmp_limit::IcmpLimiter;
use path::local_addrs::LocalAddrPool;
use path::masqueraded_nets::Masquerade;
use path::path_mtus::Routes;
use path::syn_counts::SynTally;
use upkeep::defence_state::Defence;
use upkeep::due::Upkeep;
use upkeep::reset_queue::ResetQueue;
use upkeep::sync::state::Sync;

pub use crate::conn::record::UnreadableExport;
pub use crate::conn::{CloseReason, FlowLogging, FlowRecord, LostFlows, TablePart, TakenFlows};
pub use crate::service::HandshakeStats;
pub use crate::verdict::{DropReason, Verdict};
pub use control::captures::Captures;
pub use control::census::{Census, ConnCensus, ConnDetail, ConnFilter, EndFilter, ServerCensus, StateCount};
pub use control::command::{
    Command, CommandError, ConnEntry, DaemonRole, DaemonSpec, EngineData, Info, Overload, Query, Reply,
    ServerEntry, ServiceEntry, Tables, TimeoutSettings,
};
pub use control::copy::Copy;
pub use control::explain::{Candidate, Explanation, Outcome, Question};
pub use control::export::Export;
pub use control::import::{DamageAt, ImportSummary, Skipped};
pub use control::keep::ConnStore;
pub use control::kernel::{Kernel, UnknownKernel};
pub use control::pin::PinnedFlow;
pub use control::restoring::{Restore, Restored, RestoredPart, StoreOrigin};
pub use control::sysctl::{Scope, Sysctl, SysctlEntry, Sysctls};
pub use control::table_status::{HashStatus, TableStatus};
pub use control::take_over::TakeOver;
pub use path::fullnat::DEFAULT_LADDR_PORTS;
pub use path::icmp_limit::IcmpLimits;
pub use path::local_addrs::{INNER_LADDRS, MOST_LADDRS, laddrs};
pub use path::syn_counts::SynCounts;
pub use upkeep::resets::CutOff;
pub use upkeep::sync::peers::{Heard, RecordRefusal, Telling};

use crate::app::SynCookies;
use crate::conn::{ConnId, ConnTable, Timeouts};
use crate::service::{DEFAULT_SYN_RATE, ServiceTable, SynDefence};
use crate::time::Time;

/// Settings that a director needs when it is made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seeds drawing; the daemon passes a random one.
    pub seed: u64,
    /// Key of the hashes of what arrives in packets; the daemon draws one, and it is told to nobody.
    pub secret: u128,
    /// Limits of the ICMP errors that leave; the daemon passes what the host's sysctls say.
    pub icmp_limits: IcmpLimits,
    /// Kernel whose IPVS is followed where kernels differ.
    pub kernel: Kernel,
    /// Size of the connection table as listings show it (the kernel's default is 4096).
    pub conn_table_size: u32,
    /// Connections and templates that are tracked at most.
    pub max_conns: usize,
    /// Virtual ports whose connections are control connections of FTP; 0 where there are fewer.
    pub ftp_ports: [u16; 8],
    /// Subnets whose addresses stand for clients towards FULLNAT servers; without one of a family the host's own do.
    pub laddr_nets: Vec<IpNet>,
    /// Ports of the host's own addresses that stand for clients.
    pub laddr_ports: RangeInclusive<u16>,
    /// Subnets whose hosts open connections outwards with the host's own address.
    pub masquerade_nets: Vec<IpNet>,
    /// A client on the link of its masqueraded server is stood for by the host, so that the answer comes back here.
    pub hairpin: bool,
    /// SYNs into a tunnel ask for no longer segments than fit it.
    pub mss_clamp: bool,
    /// Defence against SYNs of nobody, for services that do not say.
    pub syn_defence: SynDefence,
    /// SYNs a second of one service from which on an automatic defence is on.
    pub syn_rate: u32,
    /// Packets of the client after which a connection may go by the fast path, if there is one and it is not in already.
    pub fast_path_after: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            secret: 0,
            icmp_limits: IcmpLimits::NONE,
            kernel: Kernel::default(),
            conn_table_size: 4096,
            max_conns: 1 << 23,
            ftp_ports: [21, 0, 0, 0, 0, 0, 0, 0],
            laddr_nets: Vec::new(),
            laddr_ports: DEFAULT_LADDR_PORTS,
            masquerade_nets: Vec::new(),
            hairpin: true,
            mss_clamp: true,
            syn_defence: SynDefence::Off,
            syn_rate: DEFAULT_SYN_RATE,
            fast_path_after: PACKETS,
        }
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
    local_addrs: LocalAddrPool,
    masquerade: Masquerade,
    services: RwLock<ServiceTable>,
    conns: ConnTable,
    timeouts: Timeouts,
    sysctls: Sysctls,
    daemons: Mutex<Vec<DaemonSpec>>,
    draws: AtomicU64,
    outer_ids: AtomicU32,
    /// Headers that wait for an acknowledgement, and when to look.
    repeats: Mutex<BinaryHeap<Reverse<(Time, ConnId)>>>,
    /// Segments without the client's address for want of room.
    toa_no_room: AtomicU64,
    upkeep: Mutex<Upkeep>,
    /// Something is to be done with packets of IPv4, and of IPv6.
    directing: [AtomicBool; 2],
    /// Some service has a persistence engine.
    has_engines: AtomicBool,
    /// Checks ask virtual addresses by way of servers.
    has_pinned_flows: AtomicBool,
    /// Some service is defended against SYNs of nobody, or may come to be.
    has_syn_defence: AtomicBool,
    access: AccessLists,
    syn_cookies: SynCookies,
    syn_counts: SynTally,
    /// Some service's connections told their ends.
    tells_ends: AtomicBool,
    /// Some service was there: the kernel makes its table of connections with the first, and keeps it.
    had_services: AtomicBool,
    routes: Routes,
    fragments: Fragments,
    icmp_limiter: IcmpLimiter,
    defence: Defence,
    sync: Sync,
    reset_queue: Mutex<ResetQueue>,
    fast_path: FastPath,
}

impl Director {
    pub fn new(settings: Settings) -> Self {
        let masquerade = Masquerade::new(&settings.masquerade_nets);
        Self {
            local_addrs: LocalAddrPool::new(&settings.laddr_nets),
            services: RwLock::default(),
            conns: ConnTable::new(settings.max_conns, settings.secret),
            timeouts: Timeouts::default(),
            sysctls: Sysctls::default(),
            daemons: Mutex::default(),
            draws: AtomicU64::new(settings.seed),
            outer_ids: AtomicU32::default(),
            repeats: Mutex::default(),
            toa_no_room: AtomicU64::default(),
            upkeep: Mutex::default(),
            directing: masquerade.families().map(AtomicBool::new),
            masquerade,
            has_engines: AtomicBool::new(false),
            has_pinned_flows: AtomicBool::new(false),
            has_syn_defence: AtomicBool::new(false),
            access: AccessLists::default(),
            syn_cookies: SynCookies::new(settings.secret),
            syn_counts: SynTally::default(),
            tells_ends: AtomicBool::new(false),
            had_services: AtomicBool::new(false),
            routes: Routes::default(),
            fragments: Fragments::new(settings.secret),
            icmp_limiter: IcmpLimiter::new(settings.icmp_limits, settings.secret),
            defence: Defence::default(),
            sync: Sync::default(),
            settings,
            reset_queue: Mutex::default(),
            fast_path: FastPath::default(),
        }
    }

    /// ICMP errors that were not sent, as too many were.
    pub fn icmp_held_back(&self) -> u64 {
        self.icmp_limiter.held_back()
    }

    /// The identification of a packet whose source is this host.
    fn next_id(&self) -> u32 {
        self.next_ids(1)
    }

    /// The first of so many identifications in a row (`__ip_select_ident`, which asks for one a segment).
    fn next_ids(&self, count: usize) -> u32 {
        self.outer_ids.fetch_add(count as u32, Relaxed)
    }

    /// IPVS is off for a family that has no service; where hosts are masqueraded it is not.
    fn is_directing(&self, is_v6: bool) -> bool {
        self.directing[usize::from(is_v6)].load(Relaxed)
    }

    pub const fn sysctls(&self) -> &Sysctls {
        &self.sysctls
    }

    /// Sets one; takes effect at once.
    ///
    /// # Errors
    /// The value is outside its range.
    pub fn set_sysctl(&self, sysctl: Sysctl, value: i64) -> Result<(), CommandError> {
        let _held = self.hold_flows();
        self.sysctls.set(sysctl, value)?;
        self.update_defence();
        Ok(())
    }

    /// Connections and templates that are tracked.
    pub fn conn_count(&self) -> usize {
        self.conns.len()
    }
}

#[cfg(test)]
mod tests;
