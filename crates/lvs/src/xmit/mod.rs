//! Sending a packet of a connection on: one file for each forwarding method. Same job as `ip_vs_xmit.c`.
//!
//! The work of a connection on a packet is data, a [`Rewrite`]; [`transmit`] carries it out in place, without the connection.
//! Never looks a connection up, never counts; called by the director.

mod route_info;
mod tunnel;

use std::net::IpAddr;

pub use route_info::{Pieces, RouteInfo};
pub use tunnel::encapsulation;

use super::conn::Connection;
use super::service::{Endpoint, Method};
use super::verdict::{DropReason, Verdict};
use lvs_wire::{End, Headers, Outbox, Outer, PacketBuf, take_hop, translate};

/// Work of a connection on one of its packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewrite {
    pub source: Option<Endpoint>,
    pub destination: Option<Endpoint>,
    pub path: TxPath,
}

/// How a packet leaves the director.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxPath {
    /// By the host's routing, to its destination.
    Host,
    /// To the link address of this neighbour.
    Neighbour(IpAddr),
    /// Inside another packet, which is to be cut where its route takes less.
    Tunnel(Outer, Option<Pieces>),
    /// Into the host's own stack.
    Local,
}

impl Rewrite {
    /// The packet as it came, by another path.
    const fn unchanged(path: TxPath) -> Self {
        Self { source: None, destination: None, path }
    }

    /// For a packet of the client, to its server. Asks for the route only where it is needed.
    ///
    /// # Errors
    /// No way leads to the server.
    pub fn to_server(
        conn: &Connection,
        headers: &Headers,
        may_be_cut: bool,
        route: impl FnOnce(IpAddr) -> RouteInfo,
    ) -> Result<Self, DropReason> {
        let real = conn.real();
        match conn.method {
            Method::Masq | Method::FullNat => Ok(Self::masqueraded(conn)),
            // A server that is the virtual address itself: the packet is where it has to be, or on its way there.
            Method::Route | Method::Tunnel(()) if real.addr == conn.virt().addr => {
                Ok(Self::unchanged(TxPath::Local))
            }
            Method::Local | Method::Bypass => Ok(Self::unchanged(TxPath::Local)),
            Method::Route => Ok(Self::unchanged(match route(real.addr).is_local {
                true => TxPath::Local,
                false => TxPath::Neighbour(real.addr),
            })),
            Method::Tunnel(()) => {
                let route = route(real.addr);
                if route.is_local {
                    return Ok(Self::unchanged(TxPath::Local));
                }
                let tunnel = conn.server().and_then(|server| server.forwarding().tunnel());
                let tunnel = tunnel.ok_or(DropReason::NoWayToServer)?;
                tunnel::outer(tunnel, real.addr, conn.client(), headers, may_be_cut, &route)
                    .map(|outer| Self::unchanged(TxPath::Tunnel(outer, None)))
                    .ok_or(DropReason::NoWayToServer)
            }
        }
    }

    /// For a packet of the client to a masqueraded server.
    pub fn masqueraded(conn: &Connection) -> Self {
        Self { source: conn.local(), destination: Some(conn.real()), path: TxPath::Host }
    }

    /// For a packet of a masqueraded server, to the client.
    pub fn to_client(conn: &Connection) -> Self {
        let destination = conn.local().map(|_| conn.client());
        Self { source: Some(conn.virt()), destination, path: TxPath::Host }
    }

    /// Writes the new ends over those of a packet, whose checksums stay right.
    pub fn apply(&self, buf: &mut PacketBuf, headers: &Headers) {
        let mut offload = buf.offload;
        let ends = [(End::Destination, self.destination), (End::Source, self.source)];
        for (end, to) in ends.into_iter().filter_map(|(end, to)| Some((end, to?))) {
            translate(buf.bytes_mut(), headers, end, (to.addr, to.port), &mut offload);
        }
        buf.offload = offload;
    }
}

/// Rewrites a packet and sends it its way. A packet that leaves by the host's routing loses a hop there; all others lose it here.
pub fn transmit(rewrite: &Rewrite, buf: &mut PacketBuf, headers: &Headers, outbox: &mut Outbox) -> Verdict {
    rewrite.apply(buf, headers);
    match &rewrite.path {
        TxPath::Host => Verdict::Forward,
        TxPath::Local => Verdict::Pass,
        TxPath::Neighbour(neighbour) => {
            take_hop(buf.bytes_mut(), headers);
            Verdict::Route(*neighbour)
        }
        TxPath::Tunnel(outer, pieces) => {
            take_hop(buf.bytes_mut(), headers);
            tunnel::send(buf, headers, outer, *pieces, outbox)
        }
    }
}
