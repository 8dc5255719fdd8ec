//! Tunneling: the client's packet goes to the server unchanged inside another (`ip_vs_tunnel_xmit`).

use std::net::IpAddr;

use super::{Pieces, RouteInfo};
use crate::service::{Endpoint, Tunnel, TunnelChecksum, TunnelKind};
use crate::verdict::{DropReason, Verdict};
use lvs_wire::{
    Encapsulation, Headers, Outbox, Outer, PacketBuf, complete, cut, encapsulate, fits_whole, segments,
};

/// Source ports of GUE, from which a flow keeps one.
const FIRST_PORT: u16 = 32_768;
const PORTS: u16 = 28_232;

/// How a packet of this client is put into such a tunnel.
pub fn encapsulation(tunnel: Tunnel, client: Endpoint) -> Encapsulation {
    match tunnel.kind {
        TunnelKind::Ipip => Encapsulation::Ipip,
        TunnelKind::Gre => Encapsulation::Gre { checksum: tunnel.checksum == TunnelChecksum::Full },
        TunnelKind::Gue => Encapsulation::Gue {
            src_port: FIRST_PORT + flow_number(client) % PORTS,
            dst_port: tunnel.port,
            checksum: tunnel.checksum != TunnelChecksum::None,
            remote_checksum: tunnel.checksum == TunnelChecksum::Remote,
        },
    }
}

/// The outer headers for a packet of this client to `server`. None when the host has no way there.
pub(super) fn outer(
    tunnel: Tunnel,
    server: IpAddr,
    client: Endpoint,
    headers: &Headers,
    may_be_cut: bool,
    route: &RouteInfo,
) -> Option<Outer> {
    Some(Outer {
        src: route.source?,
        dst: server,
        // The host takes one hop when it routes the outer packet out of the TUN; both counts leave alike.
        ttl: headers.ttl,
        dont_fragment: route.pmtu_discovery && !headers.is_v6() && !may_be_cut,
        id: route.id,
        kind: encapsulation(tunnel, client),
    })
}

/// Puts the packet inside and sends it; nothing of one that is dropped stays in the outbox.
pub(super) fn send(
    buf: &mut PacketBuf,
    headers: &Headers,
    outer: &Outer,
    smaller: Option<Pieces>,
    outbox: &mut Outbox,
) -> Verdict {
    let refused = Verdict::Drop(DropReason::TooLong);
    let stays_whole = smaller.is_none() && outbox.takes_tunnels_whole() && fits_whole(buf, outer);
    if buf.offload.gso.is_none() || stays_whole {
        return match (encapsulate(buf, outer), smaller) {
            (false, _) => refused,
            (true, None) => Verdict::Forward,
            (true, Some(to)) => {
                pieces(buf, to.longest, to.id).iter().for_each(|piece| outbox.push(piece));
                Verdict::Split
            }
        };
    }
    let before = outbox.len();
    let Some(segments) = segments(buf, headers) else { return Verdict::Drop(DropReason::BadOffload) };
    let mut outer = *outer;
    for (number, segment) in (0..).zip(segments) {
        segment.write(buf, outbox.add());
        if !encapsulate(outbox.last_mut(), &outer) {
            outbox.truncate(before);
            return refused;
        }
        if let Some(to) = smaller {
            let pieces = pieces(outbox.last_mut(), to.longest, to.id.wrapping_add(number));
            outbox.forget_last();
            pieces.iter().for_each(|piece| outbox.push(piece));
        }
        outer.id = outer.id.wrapping_add(1);
    }
    Verdict::Split
}

fn pieces(packet: &mut PacketBuf, longest: usize, id: u32) -> Vec<Vec<u8>> {
    // No piece holds all that the sum covers.
    complete(packet);
    cut(packet.bytes(), longest, id)
}

/// The same number for all packets of a client's flow.
fn flow_number(client: Endpoint) -> u16 {
    let addr = match client.addr {
        IpAddr::V4(addr) => addr.to_bits(),
        IpAddr::V6(addr) => addr
            .to_bits()
            .to_be_bytes()
            .chunks(4)
            .fold(0, |sum, word| sum ^ word.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))),
    };
    let mixed = (addr ^ u32::from(client.port) << 16).wrapping_mul(0x9e37_79b1);
    (mixed >> 16) as u16
}
