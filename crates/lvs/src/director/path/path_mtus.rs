//! The routes of this moment, and path MTUs that routers behind them have told.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::RwLock;

use crate::conn::record::PathRecord;
use crate::route::{Egress, LEAST_V6, Route, RouteTable};
use crate::time::Time;

/// How long it is believed that a way is narrower than its link (`net.ipv4.route.mtu_expires`).
const BELIEVED: Duration = Duration::from_secs(600);

/// No way of IPv4 is believed to be narrower (`net.ipv4.route.min_pmtu`).
const LEAST_V4: u32 = 552;

/// Ways that are known to be narrower at most; there is one for each server in a tunnel.
const MOST_LEARNED: usize = 65_536;

/// The routes of this moment; asking whether a packet of common length fits takes no lock.
#[derive(Debug)]
pub(in crate::director) struct Routes {
    pub(in crate::director) table: RwLock<Arc<RouteTable>>,
    /// MTUs that routers behind the link said, by the end of the tunnel; as the kernel's route exceptions.
    learned: RwLock<HashMap<IpAddr, Learned, foldhash::fast::FixedState>>,
    pub(in crate::director) least_mtu: AtomicU32,
}

#[derive(Clone, Copy, Debug)]
struct Learned {
    mtu: u32,
    expires_at: Time,
}

impl Routes {
    /// The route that a packet to `addr` takes.
    pub(in crate::director) fn to(&self, addr: IpAddr) -> Option<Route> {
        self.table.read().to(addr).copied()
    }

    /// The longest packet that takes the way to `addr` in one piece.
    pub(in crate::director) fn mtu_to(&self, addr: IpAddr) -> u32 {
        self.table.read().to(addr).map_or(u32::MAX, |route| route.mtu)
    }

    /// The longest packet that is known to get through to the end of a tunnel at `addr`.
    pub(in crate::director) fn path_mtu_to(&self, addr: IpAddr) -> u32 {
        let learned = self.learned.read().get(&addr).map_or(u32::MAX, |learned| learned.mtu);
        self.mtu_to(addr).min(learned)
    }

    /// A router says that no more than `mtu` bytes get through to `addr`.
    pub(in crate::director) fn learn(&self, addr: IpAddr, mtu: u32, now: Time) {
        self.learn_until(addr, mtu, now + BELIEVED);
    }

    /// Returns all that was learned, in an order that stays the same.
    pub(in crate::director) fn learned(&self) -> Vec<PathRecord> {
        let learned = self.learned.read();
        let record = |(addr, learned): (&IpAddr, &Learned)| PathRecord {
            addr: *addr,
            mtu: learned.mtu,
            until: learned.expires_at,
        };
        let mut paths: Vec<PathRecord> = learned.iter().map(record).collect();
        paths.sort_unstable_by_key(|path| path.addr);
        paths
    }

    /// As [`Self::learn`], and until when that is believed.
    pub(in crate::director) fn learn_until(&self, addr: IpAddr, mtu: u32, expires_at: Time) {
        let mtu = mtu.max(if addr.is_ipv4() { LEAST_V4 } else { LEAST_V6 });
        if mtu >= self.path_mtu_to(addr) {
            return;
        }
        let mut learned = self.learned.write();
        if learned.len() < MOST_LEARNED || learned.contains_key(&addr) {
            learned.insert(addr, Learned { mtu, expires_at });
            self.least_mtu.fetch_min(mtu, Relaxed);
        }
    }

    /// Forgets what was learned long ago: ways may have become wider.
    pub(in crate::director) fn forget_learned(&self, now: Time) {
        self.learned.write().retain(|_, learned| learned.expires_at > now);
        self.find_least();
    }

    pub(in crate::director) fn find_least(&self) {
        let learned = self.learned.read().values().map(|learned| learned.mtu).min();
        self.least_mtu.store(self.table.read().least_mtu().min(learned.unwrap_or(u32::MAX)), Relaxed);
    }

    /// Whether two hosts reach each other on one link, without this host.
    pub(in crate::director) fn share_link(&self, one: IpAddr, other: IpAddr) -> bool {
        self.table.read().share_link(one, other)
    }

    /// Whether `addr` is the host's own.
    pub(in crate::director) fn is_local(&self, addr: IpAddr) -> bool {
        self.to(addr).is_some_and(|route| route.is_local)
    }

    /// Whether packets to `addr` end at this host.
    pub(in crate::director) fn ends_here(&self, addr: IpAddr) -> bool {
        self.table.read().ends_here(addr)
    }

    /// How a packet of this host's leaves towards `addr`.
    pub(in crate::director) fn egress_to(&self, addr: IpAddr) -> Egress {
        self.table.read().egress_to(addr)
    }

    /// The host's own address on the way to `addr`.
    pub(in crate::director) fn source_to(&self, addr: IpAddr) -> Option<IpAddr> {
        self.to(addr)?.source
    }
}

impl Default for Routes {
    fn default() -> Self {
        Self { table: RwLock::default(), learned: RwLock::default(), least_mtu: AtomicU32::new(u32::MAX) }
    }
}
