//! Changing addresses, ports and hop counts in place, with the checksums that cover them.
//!
//! Follows `inet_proto_csum_replace` for full and partial sums: the ports of a partial sum are left to whoever
//! completes it.

use std::net::IpAddr;

use super::checksum::{self, Delta};
use super::header::protocol;
use super::icmp::{ECHO_ID, Echo};
use super::{Checksum, End, Headers, Offload};

/// Puts `addr` and `port` in the place of one end. `bytes` is a packet that gave `headers`, of the family of
/// `addr`; a later fragment has no port to change.
pub fn translate(
    bytes: &mut [u8],
    headers: &Headers,
    end: End,
    (addr, port): (IpAddr, u16),
    offload: &mut Offload,
) {
    let old_addr = match end {
        End::Source => headers.src,
        End::Destination => headers.dst,
    };
    let moved = Delta::default().addr(old_addr, addr);
    write_addr(bytes, end, addr);
    if !headers.is_v6() {
        let header_checksum = moved.apply(word(bytes, 10));
        write_word(bytes, 10, header_checksum);
    }
    if headers.is_later_fragment() {
        return;
    }
    let port_at = headers.l4 + if end == End::Source { 0 } else { 2 };
    match headers.protocol {
        protocol::TCP => {
            let old_port = word(bytes, port_at);
            write_word(bytes, port_at, port);
            update_transport(bytes, headers.l4 + 16, moved, old_port, port, offload);
        }
        protocol::UDP => {
            let old_port = word(bytes, port_at);
            write_word(bytes, port_at, port);
            let (src, dst) = match end {
                End::Source => (addr, headers.dst),
                End::Destination => (headers.src, addr),
            };
            let udp = UdpChange { src, dst, moved, old_port, port };
            update_udp(bytes, headers, &udp, offload);
        }
        protocol::SCTP => {
            // The CRC covers the ports but no address.
            let old_port = word(bytes, port_at);
            if old_port != port {
                write_word(bytes, port_at, port);
                super::sctp::write_crc(&mut bytes[headers.l4..headers.len], offload);
            }
        }
        protocol::ICMP | protocol::ICMPV6 => update_icmp(bytes, headers, end, moved, port, offload),
        _ => {}
    }
}

/// The identifier of an echo stands for the port of who asks. The sum of ICMPv6 covers the addresses.
fn update_icmp(bytes: &mut [u8], headers: &Headers, end: End, moved: Delta, id: u16, offload: &Offload) {
    let is_of_asker = Echo::of(headers, bytes).is_some_and(|echo| echo.end() == end);
    let at = headers.l4 + ECHO_ID;
    let old = word(bytes, at);
    let new = if is_of_asker { id } else { old };
    write_word(bytes, at, new);
    let moved = if headers.is_v6() { moved } else { Delta::default() };
    update_transport(bytes, headers.l4 + 2, moved, old, new, offload);
}

fn update_transport(bytes: &mut [u8], at: usize, moved: Delta, old: u16, new: u16, offload: &Offload) {
    let field = word(bytes, at);
    let field = match offload.checksum {
        Checksum::Partial { .. } => moved.apply_partial(field),
        Checksum::Full | Checksum::Verified => moved.word(old, new).apply(field),
    };
    write_word(bytes, at, field);
}

/// A UDP packet's ends after the change, and what changed.
struct UdpChange {
    src: IpAddr,
    dst: IpAddr,
    moved: Delta,
    old_port: u16,
    port: u16,
}

/// A missing checksum is filled in, as IPVS does; the sum over the payload is left to whoever sends the packet.
fn update_udp(bytes: &mut [u8], headers: &Headers, change: &UdpChange, offload: &mut Offload) {
    let at = headers.l4 + 6;
    if matches!(offload.checksum, Checksum::Partial { .. }) {
        update_transport(bytes, at, change.moved, change.old_port, change.port, offload);
        return;
    }
    if word(bytes, at) != 0 {
        update_transport(bytes, at, change.moved, change.old_port, change.port, offload);
        if word(bytes, at) == 0 {
            write_word(bytes, at, 0xffff);
        }
        return;
    }
    if headers.fragment.is_none() {
        let len = headers.len - headers.l4;
        let pseudo = checksum::pseudo_header(change.src, change.dst, headers.protocol, len);
        write_word(bytes, at, checksum::fold(pseudo));
        offload.checksum = Checksum::Partial { start: headers.l4 as u16, offset: 6 };
    }
}

/// Adds one hop to the count, at most 255.
pub fn add_hop(bytes: &mut [u8], headers: &mut Headers) {
    headers.ttl = headers.ttl.saturating_add(1);
    write_hops(bytes, headers);
}

/// Takes one hop from the count that the headers show.
pub fn take_hop(bytes: &mut [u8], headers: &Headers) {
    write_hops(bytes, &Headers { ttl: headers.ttl.saturating_sub(1), ..*headers });
}

fn write_hops(bytes: &mut [u8], headers: &Headers) {
    if headers.is_v6() {
        bytes[7] = headers.ttl;
        return;
    }
    let old = word(bytes, 8);
    bytes[8] = headers.ttl;
    let header_checksum = Delta::default().word(old, word(bytes, 8)).apply(word(bytes, 10));
    write_word(bytes, 10, header_checksum);
}

/// Writes four bytes that a checksum covers; a partial sum does not yet.
pub fn change_covered(bytes: &mut [u8], at: usize, new: [u8; 4], sum_at: usize, checksum: Checksum) {
    let mut delta = Delta::default();
    for (place, pair) in [(at, [new[0], new[1]]), (at + 2, [new[2], new[3]])] {
        let value = u16::from_be_bytes(pair);
        delta = delta.word(word(bytes, place), value);
        write_word(bytes, place, value);
    }
    if !matches!(checksum, Checksum::Partial { .. }) {
        let sum = delta.apply(word(bytes, sum_at));
        write_word(bytes, sum_at, sum);
    }
}

/// Gives an IPv4 packet another identification.
pub fn set_v4_id(bytes: &mut [u8], id: u16) {
    let header_checksum = Delta::default().word(word(bytes, 4), id).apply(word(bytes, 10));
    write_word(bytes, 4, id);
    write_word(bytes, 10, header_checksum);
}

fn write_addr(bytes: &mut [u8], end: End, addr: IpAddr) {
    match addr {
        IpAddr::V4(addr) => {
            let at = if end == End::Source { 12 } else { 16 };
            bytes[at..at + 4].copy_from_slice(&addr.octets());
        }
        IpAddr::V6(addr) => {
            let at = if end == End::Source { 8 } else { 24 };
            bytes[at..at + 16].copy_from_slice(&addr.octets());
        }
    }
}

fn word(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn write_word(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

/// Rewrites the packet that an ICMP error quotes, and the error's own ends and checksum: `outer` is the end of the
/// error that changes, the quoted packet changes at the other one (`ip_vs_nat_icmp`). The checksum of the quoted
/// IPv4 header is right afterwards, that of the transport header stays as it was quoted, as the kernel leaves it.
pub fn translate_error(
    bytes: &mut [u8],
    headers: &Headers,
    quoted: &Headers,
    outer: End,
    (addr, port): (IpAddr, u16),
    offload: &mut Offload,
) {
    let icmp = headers.l4;
    let inside = icmp + 8;
    let old_outer = if outer == End::Source { headers.src } else { headers.dst };
    let inner = if outer == End::Source { End::Destination } else { End::Source };
    let old_inner = if inner == End::Source { quoted.src } else { quoted.dst };
    let outer_moved = Delta::default().addr(old_outer, addr);
    let mut covered = Delta::default().addr(old_inner, addr);

    write_addr(bytes, outer, addr);
    write_addr(&mut bytes[inside..], inner, addr);
    if headers.is_v6() {
        covered = Delta::default().addr(old_outer, addr).addr(old_inner, addr);
    } else {
        let header_checksum = outer_moved.apply(word(bytes, 10));
        write_word(bytes, 10, header_checksum);
        // Made anew, whatever the sender of the error has left of it (`ip_send_check`).
        let old = word(bytes, inside + 10);
        write_word(bytes, inside + 10, 0);
        let new = checksum::plain(&bytes[inside..inside + quoted.l4]);
        write_word(bytes, inside + 10, new);
        covered = covered.word(old, new);
    }
    let port_at = match Echo::of(quoted, &bytes[inside..headers.len]) {
        Some(echo) => (echo.end() == inner).then_some(ECHO_ID),
        None => {
            quoted.quoted_ports(&bytes[inside..headers.len]).map(|_| if inner == End::Source { 0 } else { 2 })
        }
    };
    if let Some(port_at) = port_at {
        let at = inside + quoted.l4 + port_at;
        let old = word(bytes, at);
        write_word(bytes, at, port);
        covered = covered.word(old, port);
    }
    let field = word(bytes, icmp + 2);
    let field = match offload.checksum {
        // The pseudo-header of ICMPv6 is all that a partial sum holds; ICMP has none.
        Checksum::Partial { .. } if headers.is_v6() => outer_moved.apply_partial(field),
        Checksum::Partial { .. } => field,
        Checksum::Full | Checksum::Verified => covered.apply(field),
    };
    write_word(bytes, icmp + 2, field);
}
