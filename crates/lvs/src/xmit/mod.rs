//! Sending a packet of a connection on: one file for each forwarding method. Same job as `ip_vs_xmit.c`.
//!
//! Rewrites in place. Never looks a connection up, never counts; called by the director.

mod masq;
mod tunnel;

use std::net::IpAddr;

pub use masq::{masq_in, masq_out};
pub use tunnel::encapsulation;

use super::conn::{Connection, Method};
use super::service::Forwarding;
use super::verdict::{DropReason, Verdict};
use lvs_wire::{Headers, Outbox, Outer, PacketBuf};

/// What the director knows of the way to a server.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// The host's own address on that way.
    pub source: Option<IpAddr>,
    /// The server is this host.
    pub is_local: bool,
    /// Outer packets may not be cut when the inner may not (`pmtu_disc`).
    pub pmtu_discovery: bool,
    /// Identification of the outer packet.
    pub id: u16,
}

/// How an outer packet is cut.
#[derive(Clone, Copy, Debug)]
pub struct Pieces {
    /// Length of the longest.
    pub longest: usize,
    /// Of IPv6; those of IPv4 have that of the whole packet.
    pub id: u32,
}

/// How a packet is going to be sent: decided before its length is checked.
#[derive(Clone, Copy, Debug)]
pub enum Plan {
    Masq,
    /// To the server's link address, unchanged.
    Route,
    /// Inside another packet, which is to be cut where its way takes less.
    Tunnel(Outer, Option<Pieces>),
    /// Into the host's own stack, unchanged.
    Local,
}

impl Plan {
    /// The plan for a packet of the client. Asks for the way only where it is needed.
    ///
    /// # Errors
    /// There is no way to the server.
    pub fn of(
        conn: &Connection,
        headers: &Headers,
        may_be_cut: bool,
        way: impl FnOnce(IpAddr) -> Way,
    ) -> Result<Self, DropReason> {
        match conn.method {
            Method::Masq => Ok(Self::Masq),
            // A server that is the virtual address itself: the packet is where it has to be, or on its way there.
            Method::Route | Method::Tunnel if conn.real().addr == conn.virt().addr => Ok(Self::Local),
            Method::Local | Method::Bypass => Ok(Self::Local),
            Method::Route => Ok(if way(conn.real().addr).is_local { Self::Local } else { Self::Route }),
            Method::Tunnel => {
                let real = conn.real().addr;
                let way = way(real);
                if way.is_local {
                    return Ok(Self::Local);
                }
                let forwarding = conn.server().map(|server| server.forwarding());
                let Some(Forwarding::Tunnel(tunnel)) = forwarding else {
                    return Err(DropReason::NoWayToServer);
                };
                tunnel::outer(tunnel, real, conn.client(), headers, may_be_cut, &way)
                    .map(|outer| Self::Tunnel(outer, None))
                    .ok_or(DropReason::NoWayToServer)
            }
        }
    }
}

/// Sends a packet of the client to its connection's server.
pub fn transmit(
    plan: &Plan,
    buf: &mut PacketBuf,
    headers: &Headers,
    conn: &Connection,
    outbox: &mut Outbox,
) -> Verdict {
    match plan {
        Plan::Masq => masq_in(buf, headers, conn),
        Plan::Route => Verdict::Route(conn.real().addr),
        Plan::Tunnel(outer, pieces) => tunnel::send(buf, headers, (outer, *pieces), outbox),
        Plan::Local => {
            lvs_wire::add_hop(buf.bytes_mut(), headers);
            Verdict::Pass
        }
    }
}
