//! Path MTU: a packet that may not be cut and does not fit its way is answered, not sent
//! (`ensure_mtu_is_adequate`).

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::director::Director;
use crate::director::path::packet::Packet;
use crate::route::{LEAST_V6, RouteTable};

impl Director {
    /// Tells the director of the host's routes; to be called whenever they change.
    pub fn set_routes(&self, table: impl Into<Arc<RouteTable>>) {
        let table = table.into();
        let has_changed = **self.routes.table.read() != *table;
        let _held = has_changed.then(|| self.hold_flows());
        *self.routes.table.write() = table;
        self.routes.find_least();
    }

    /// The MTU that a packet does not fit on its way to `addr`. None when it fits, or may be cut on the way.
    pub(in crate::director) fn too_big(&self, packet: &Packet<'_>, addr: IpAddr) -> Option<u32> {
        let len = longest(packet);
        if len <= self.routes.least_mtu.load(Relaxed) || packet.may_be_cut() {
            return None;
        }
        let mtu = self.routes.to(addr)?.mtu;
        (len > mtu).then_some(mtu)
    }

    /// How much the way to the end of a tunnel at `addr` takes, where the packet is too long for it inside `overhead`
    /// bytes of encapsulation.
    pub(in crate::director) fn narrow_way(
        &self,
        packet: &Packet<'_>,
        addr: IpAddr,
        overhead: usize,
    ) -> Option<u32> {
        let len = longest(packet).saturating_add(u32::try_from(overhead).unwrap_or(0));
        if len <= self.routes.least_mtu.load(Relaxed) {
            return None;
        }
        let mtu = self.routes.path_mtu_to(addr);
        (len > mtu).then_some(mtu)
    }
}

/// The longest packet of a family that goes into a tunnel of so much overhead unasked, if `mtu` bytes get through in one
/// piece. IPv6 goes through every way that takes 1280 bytes, so for it the outer packet is cut (RFC 2473 7.1).
pub(in crate::director) fn room_inside(mtu: u32, overhead: usize, is_v6: bool) -> u32 {
    let room = mtu.saturating_sub(u32::try_from(overhead).unwrap_or(0));
    if is_v6 { room.max(LEAST_V6) } else { room }
}

fn longest(packet: &Packet<'_>) -> u32 {
    u32::try_from(packet.longest_piece()).unwrap_or(u32::MAX)
}
