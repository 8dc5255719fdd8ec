//! Path MTU: a packet that may not be cut and does not fit its way is answered, not sent
//! (`ensure_mtu_is_adequate`).

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use parking_lot::RwLock;

use super::Director;
use super::packet::Packet;
use crate::lvs::route::{Route, RouteTable};

/// The routes of this moment; asking whether a packet of common length fits takes no lock.
#[derive(Debug)]
pub(super) struct Routes {
    table: RwLock<Arc<RouteTable>>,
    least_mtu: AtomicU32,
}

impl Routes {
    /// The route that a packet to `addr` takes.
    pub(super) fn to(&self, addr: IpAddr) -> Option<Route> {
        self.table.read().to(addr).copied()
    }

    /// The longest packet that takes the way to `addr` in one piece.
    pub(super) fn mtu_to(&self, addr: IpAddr) -> u32 {
        self.table.read().to(addr).map_or(u32::MAX, |route| route.mtu)
    }

    /// Whether two hosts reach each other on one link, without this host.
    pub(super) fn share_link(&self, one: IpAddr, other: IpAddr) -> bool {
        self.table.read().share_link(one, other)
    }

    /// Whether `addr` is the host's own.
    pub(super) fn is_local(&self, addr: IpAddr) -> bool {
        self.to(addr).is_some_and(|route| route.is_local)
    }

    /// Whether packets to `addr` end at this host.
    pub(super) fn ends_here(&self, addr: IpAddr) -> bool {
        self.table.read().ends_here(addr)
    }

    /// The host's own address on the way to `addr`, and whether that way ends at this host.
    pub(super) fn way_to(&self, addr: IpAddr) -> (Option<IpAddr>, bool) {
        self.table.read().way_to(addr)
    }

    /// The host's own address on the way to `addr`.
    pub(super) fn source_to(&self, addr: IpAddr) -> Option<IpAddr> {
        self.to(addr)?.source
    }
}

impl Default for Routes {
    fn default() -> Self {
        Self { table: RwLock::default(), least_mtu: AtomicU32::new(u32::MAX) }
    }
}

impl Director {
    /// Tells the director of the host's routes; to be called whenever they change.
    pub fn set_routes(&self, table: impl Into<Arc<RouteTable>>) {
        let table = table.into();
        self.routes.least_mtu.store(table.least_mtu(), Relaxed);
        *self.routes.table.write() = table;
    }

    /// The MTU that a packet does not fit on its way to `addr` inside `overhead` bytes of encapsulation. None when
    /// it fits, or may be cut on the way.
    pub(super) fn too_big(&self, packet: &Packet<'_>, addr: IpAddr, overhead: usize) -> Option<u32> {
        let len = u32::try_from(packet.longest_piece() + overhead).unwrap_or(u32::MAX);
        if len <= self.routes.least_mtu.load(Relaxed) || packet.may_be_cut() {
            return None;
        }
        let mtu = self.routes.to(addr)?.mtu;
        (len > mtu).then(|| mtu - u32::try_from(overhead).unwrap_or(0))
    }
}
