//! Putting a packet inside another: IP in IP (RFC 2003), GRE (RFC 2784), GUE (draft-ietf-intarea-gue), with the
//! outer headers that IPVS makes.

use std::net::IpAddr;

use super::checksum;
use super::header::protocol;
use super::{Checksum, GsoKind, Offload, PacketBuf};

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const GRE_CHECKSUM: u16 = 0x8000;
const GUE_PRIVATE_FLAGS: u16 = 1;
const GUE_REMOTE_CHECKSUM: u32 = 0x8000_0000;
const ECN_MASK: u8 = 3;
const ECN_CE: u8 = 3;
const ECN_ECT_0: u8 = 2;

/// The outer headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outer {
    pub src: IpAddr,
    pub dst: IpAddr,
    pub ttl: u8,
    /// IPv4: the packet may not be cut.
    pub dont_fragment: bool,
    pub id: u16,
    pub kind: Encapsulation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encapsulation {
    Ipip,
    Gre { checksum: bool },
    Gue { src_port: u16, dst_port: u16, checksum: bool, remote_checksum: bool },
}

impl Outer {
    /// Bytes in front of the packet.
    pub const fn overhead(&self) -> usize {
        self.kind.overhead(self.dst.is_ipv6())
    }
}

impl Encapsulation {
    /// Bytes in front of the packet, the outer IP header included; a remote checksum option counts whether or not a
    /// packet has it.
    pub const fn overhead(&self, is_v6: bool) -> usize {
        let ip = if is_v6 { 40 } else { 20 };
        ip + match self {
            Self::Ipip => 0,
            Self::Gre { checksum } => gre_len(*checksum),
            Self::Gue { remote_checksum, .. } => 8 + gue_len(*remote_checksum),
        }
    }
}

const fn gre_len(checksum: bool) -> usize {
    if checksum { 8 } else { 4 }
}

const fn gue_len(remote_checksum: bool) -> usize {
    if remote_checksum { 12 } else { 4 }
}

/// Whether a super-packet may go into `outer` whole: one family inside and outside, nothing that covers a segment's
/// payload outside, and no longer than a packet can be.
pub fn fits_whole(buf: &PacketBuf, outer: &Outer) -> bool {
    let covers_nothing = match outer.kind {
        Encapsulation::Ipip => true,
        Encapsulation::Gre { checksum } => !checksum,
        Encapsulation::Gue { checksum, remote_checksum, .. } => !checksum && !remote_checksum,
    };
    let is_family = |kind| match kind {
        GsoKind::TcpV4 => outer.dst.is_ipv4(),
        GsoKind::TcpV6 => outer.dst.is_ipv6(),
        GsoKind::Udp => false,
    };
    covers_nothing
        && buf.offload.gso.is_some_and(|gso| is_family(gso.kind))
        && buf.len() + outer.overhead() <= usize::from(u16::MAX)
}

/// Puts the packet in `buf` into `outer`; a super-packet only where it [`fits_whole`]. A partial checksum inside stays
/// partial where nothing outside has to cover it. False when the headroom is used up, or the whole would be longer than a
/// packet can be.
pub fn encapsulate(buf: &mut PacketBuf, outer: &Outer) -> bool {
    if buf.len() + outer.overhead() > usize::from(u16::MAX) {
        return false;
    }
    let inner_v6 = buf.bytes().first().is_some_and(|first| first >> 4 == 6);
    let tos = if inner_v6 {
        (u16::from_be_bytes([buf.bytes()[0], buf.bytes()[1]]) >> 4) as u8
    } else {
        buf.bytes()[1]
    };
    let (number, is_made) = match outer.kind {
        Encapsulation::Ipip => (if inner_v6 { protocol::IPV6 } else { protocol::IPIP }, true),
        Encapsulation::Gre { checksum } => (protocol::GRE, gre(buf, inner_v6, checksum)),
        Encapsulation::Gue { src_port, dst_port, checksum, remote_checksum } => {
            let is_remote = remote_checksum && matches!(buf.offload.checksum, Checksum::Partial { .. });
            let made = gue(buf, inner_v6, is_remote) && udp(buf, outer, src_port, dst_port, checksum);
            (protocol::UDP, made)
        }
    };
    is_made && ip(buf, outer, number, outer_tos(tos))
}

/// The inner TOS; congestion that was experienced inside is not claimed outside (RFC 3168 9.1.1).
const fn outer_tos(inner: u8) -> u8 {
    if inner & ECN_MASK == ECN_CE { inner & !ECN_MASK | ECN_ECT_0 } else { inner }
}

fn gre(buf: &mut PacketBuf, inner_v6: bool, with_checksum: bool) -> bool {
    if with_checksum {
        complete(buf);
    }
    if !grow(buf, gre_len(with_checksum)) {
        return false;
    }
    let ethertype = if inner_v6 { ETHERTYPE_IPV6 } else { ETHERTYPE_IPV4 };
    let flags = if with_checksum { GRE_CHECKSUM } else { 0 };
    let bytes = buf.bytes_mut();
    bytes[..2].copy_from_slice(&flags.to_be_bytes());
    bytes[2..4].copy_from_slice(&ethertype.to_be_bytes());
    if with_checksum {
        bytes[4..8].fill(0);
        let sum = checksum::plain(bytes);
        bytes[4..6].copy_from_slice(&sum.to_be_bytes());
    }
    true
}

fn gue(buf: &mut PacketBuf, inner_v6: bool, remote_checksum: bool) -> bool {
    let partial = buf.offload.checksum;
    if !grow(buf, gue_len(remote_checksum)) {
        return false;
    }
    let number = if inner_v6 { protocol::IPV6 } else { protocol::IPIP };
    let bytes = buf.bytes_mut();
    bytes[..4].copy_from_slice(&[0, number, 0, 0]);
    if remote_checksum && let Checksum::Partial { start, offset } = partial {
        bytes[0] = 2;
        bytes[2..4].copy_from_slice(&GUE_PRIVATE_FLAGS.to_be_bytes());
        bytes[4..8].copy_from_slice(&GUE_REMOTE_CHECKSUM.to_be_bytes());
        bytes[8..10].copy_from_slice(&start.to_be_bytes());
        bytes[10..12].copy_from_slice(&(start + offset).to_be_bytes());
        buf.offload.checksum = Checksum::Full;
    }
    true
}

fn udp(buf: &mut PacketBuf, outer: &Outer, src_port: u16, dst_port: u16, sum: bool) -> bool {
    if sum {
        complete(buf);
    }
    if !grow(buf, 8) {
        return false;
    }
    let len = buf.len();
    let bytes = buf.bytes_mut();
    bytes[..2].copy_from_slice(&src_port.to_be_bytes());
    bytes[2..4].copy_from_slice(&dst_port.to_be_bytes());
    bytes[4..6].copy_from_slice(&(len as u16).to_be_bytes());
    bytes[6..8].fill(0);
    if sum {
        // The sum over all of it is left to the sender.
        let pseudo = checksum::fold(checksum::pseudo_header(outer.src, outer.dst, protocol::UDP, len));
        bytes[6..8].copy_from_slice(&pseudo.to_be_bytes());
        buf.offload = Offload { checksum: Checksum::Partial { start: 0, offset: 6 }, ..Offload::default() };
    }
    true
}

fn ip(buf: &mut PacketBuf, outer: &Outer, number: u8, tos: u8) -> bool {
    match (outer.src, outer.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            if !grow(buf, 20) {
                return false;
            }
            let len = buf.len() as u16;
            let shown = shown_number(buf, number);
            let header = &mut buf.bytes_mut()[..20];
            header[..2].copy_from_slice(&[0x45, tos]);
            header[2..4].copy_from_slice(&len.to_be_bytes());
            header[4..6].copy_from_slice(&outer.id.to_be_bytes());
            header[6..8].copy_from_slice(&[if outer.dont_fragment { 0x40 } else { 0 }, 0]);
            header[8..12].copy_from_slice(&[outer.ttl, number, 0, 0]);
            header[12..16].copy_from_slice(&src.octets());
            header[16..20].copy_from_slice(&dst.octets());
            let sum = checksum::plain(header);
            header[10..12].copy_from_slice(&sum.to_be_bytes());
            header[9] = shown;
            true
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            let len = buf.len() as u16;
            if !grow(buf, 40) {
                return false;
            }
            let shown = shown_number(buf, number);
            let header = &mut buf.bytes_mut()[..40];
            header[..4].copy_from_slice(&(6u32 << 28 | u32::from(tos) << 20).to_be_bytes());
            header[4..6].copy_from_slice(&len.to_be_bytes());
            header[6..8].copy_from_slice(&[shown, outer.ttl]);
            header[8..24].copy_from_slice(&src.octets());
            header[24..40].copy_from_slice(&dst.octets());
            true
        }
        _ => false,
    }
}

/// The protocol that the device is shown; the checksum is that of the packet as it leaves.
const fn shown_number(buf: &PacketBuf, number: u8) -> u8 {
    if number == protocol::UDP && buf.offload.gso.is_some() { protocol::WHOLE_GUE } else { number }
}

/// Makes room in front, and moves the offload description along.
fn grow(buf: &mut PacketBuf, len: usize) -> bool {
    if !buf.grow_front(len) {
        return false;
    }
    if buf.offload.gso.is_some() {
        buf.offload.header_len += len as u16;
    }
    if let Checksum::Partial { start, .. } = &mut buf.offload.checksum {
        *start += len as u16;
    }
    true
}

/// Completes a partial checksum, because something outside covers the packet.
pub fn complete(buf: &mut PacketBuf) {
    let Checksum::Partial { start, offset } = buf.offload.checksum else { return };
    let (start, at) = (usize::from(start), usize::from(start + offset));
    let bytes = buf.bytes_mut();
    if at + 2 <= bytes.len() {
        let sum = match checksum::plain(&bytes[start..]) {
            0 => 0xffff,
            sum => sum,
        };
        bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }
    buf.offload.checksum = Checksum::Full;
}
