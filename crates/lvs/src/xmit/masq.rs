//! Masquerading (NAT): the client's packets get the server's address, the server's get the virtual one. Where a local
//! end stands for the client (FULLNAT), the server's packets come to that end and the client's leave from it.

use crate::conn::Connection;
use crate::service::Endpoint;
use crate::verdict::Verdict;
use lvs_wire::{End, Headers, PacketBuf, add_hop, translate};

/// A packet of the client, to the server.
pub fn masq_in(buf: &mut PacketBuf, headers: &Headers, conn: &Connection) -> Verdict {
    rewrite(buf, headers, (End::Destination, conn.real()), conn.local().map(|local| (End::Source, local)))
}

/// A packet of the server, to the client.
pub fn masq_out(buf: &mut PacketBuf, headers: &Headers, conn: &Connection) -> Verdict {
    let client = conn.local().map(|_| (End::Destination, conn.client()));
    rewrite(buf, headers, (End::Source, conn.virt()), client)
}

fn rewrite(
    buf: &mut PacketBuf,
    headers: &Headers,
    one: (End, Endpoint),
    other: Option<(End, Endpoint)>,
) -> Verdict {
    let mut offload = buf.offload;
    for (end, to) in std::iter::once(one).chain(other) {
        translate(buf.bytes_mut(), headers, end, (to.addr, to.port), &mut offload);
    }
    buf.offload = offload;
    // The host took one hop on the way here and takes one on the way out; IPVS takes one in all.
    add_hop(buf.bytes_mut(), headers);
    Verdict::Forward
}
