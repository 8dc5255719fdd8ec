//! Cutting a super-packet into the segments that it stands for, where it cannot stay one (`tcp_gso_segment`).

use std::ops::Range;

use super::checksum;
use super::header::{TcpFlags, protocol};
use super::{Checksum, GsoKind, Headers, Offload, PacketBuf};

/// IP and TCP headers at their longest, with some extension headers.
const MAX_HEADER: usize = 256;

/// One segment: its headers, and where its payload lies in the super-packet.
#[derive(Debug)]
pub struct Segment {
    header: [u8; MAX_HEADER],
    header_len: usize,
    payload: Range<usize>,
    offload: Offload,
}

impl Segment {
    /// Puts the segment into a buffer. Its checksum is partial: the payload is not summed here.
    pub fn write(&self, from: &PacketBuf, to: &mut PacketBuf) {
        to.fill(&self.header[..self.header_len]);
        to.append(&from.bytes()[self.payload.clone()]);
        to.offload = self.offload;
    }
}

/// Length of the headers that each segment of a super-packet has.
pub fn header_len(packet: &PacketBuf, headers: &Headers) -> usize {
    let is_udp = packet.offload.gso.is_some_and(|gso| gso.kind == GsoKind::Udp);
    let offset = packet.bytes().get(headers.l4 + 12).map_or(0, |byte| byte >> 4);
    headers.l4 + if is_udp { 8 } else { usize::from(offset) * 4 }
}

/// Length of the longest packet that this one becomes on the wire.
pub fn longest_segment(packet: &PacketBuf, headers: &Headers) -> usize {
    let Some(gso) = packet.offload.gso else { return headers.len };
    (header_len(packet, headers) + usize::from(gso.size)).min(headers.len)
}

/// Packets that this one becomes on the wire.
pub fn segment_count(packet: &PacketBuf, headers: &Headers) -> usize {
    let Some(gso) = packet.offload.gso else { return 1 };
    let payload = headers.len.saturating_sub(header_len(packet, headers));
    payload.div_ceil(usize::from(gso.size).max(1)).max(1)
}

/// The segments of a super-packet that gave `headers`; None when it is none, or its headers are too long.
pub fn segments<'a>(
    packet: &'a PacketBuf,
    headers: &'a Headers,
) -> Option<impl Iterator<Item = Segment> + 'a> {
    let gso = packet.offload.gso?;
    let bytes = packet.bytes();
    let is_tcp = gso.kind != GsoKind::Udp;
    let start = header_len(packet, headers);
    let size = usize::from(gso.size);
    if size == 0 || start > MAX_HEADER || start > headers.len {
        return None;
    }
    let count = segment_count(packet, headers);
    Some((0..count).map(move |at| {
        let payload = start + at * size..(start + (at + 1) * size).min(headers.len);
        let mut header = [0; MAX_HEADER];
        header[..start].copy_from_slice(&bytes[..start]);
        let place = Place { at, offset: at * size, is_last: at + 1 == count };
        let len = start + payload.len();
        finish_ip(&mut header, headers, len, at);
        if is_tcp {
            finish_tcp(&mut header[headers.l4..], &place);
        } else {
            let udp_len = ((len - headers.l4) as u16).to_be_bytes();
            header[headers.l4 + 4..headers.l4 + 6].copy_from_slice(&udp_len);
        }
        let field: u16 = if is_tcp { 16 } else { 6 };
        let number = if is_tcp { protocol::TCP } else { protocol::UDP };
        let pseudo = checksum::pseudo_header(headers.src, headers.dst, number, len - headers.l4);
        let stored = headers.l4 + usize::from(field);
        header[stored..stored + 2].copy_from_slice(&checksum::fold(pseudo).to_be_bytes());
        let partial = Checksum::Partial { start: headers.l4 as u16, offset: field };
        let offload = Offload { checksum: partial, gso: None, header_len: start as u16 };
        Segment { header, header_len: start, payload, offload }
    }))
}

/// Position of a segment among those of its super-packet.
struct Place {
    at: usize,
    offset: usize,
    is_last: bool,
}

fn finish_ip(header: &mut [u8], headers: &Headers, len: usize, at: usize) {
    if headers.is_v6() {
        header[4..6].copy_from_slice(&((len - 40) as u16).to_be_bytes());
        return;
    }
    header[2..4].copy_from_slice(&(len as u16).to_be_bytes());
    let id = u16::from_be_bytes([header[4], header[5]]).wrapping_add(at as u16);
    header[4..6].copy_from_slice(&id.to_be_bytes());
    header[10..12].fill(0);
    let sum = checksum::plain(&header[..usize::from(header[0] & 0xf) * 4]);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
}

fn finish_tcp(tcp: &mut [u8], place: &Place) {
    let sequence = u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]).wrapping_add(place.offset as u32);
    tcp[4..8].copy_from_slice(&sequence.to_be_bytes());
    if !place.is_last {
        tcp[13] &= !(TcpFlags::FIN | TcpFlags::PSH);
    }
    if place.at > 0 {
        tcp[13] &= !TcpFlags::CWR;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Gso;
    use crate::make::{self, Ends};

    #[test]
    fn segments_carry_the_whole_payload_in_order() {
        for (src, dst) in [("10.0.0.1", "10.0.0.2"), ("2001:db8::1", "2001:db8::2")] {
            let ends = Ends::new(src.parse().unwrap(), 1, dst.parse().unwrap(), 2);
            let payload: Vec<u8> = (0..3500u32).map(|at| at as u8).collect();
            let flags = TcpFlags::ACK | TcpFlags::PSH | TcpFlags::FIN;
            let mut packet = PacketBuf::from_packet(&make::tcp(ends, flags, &payload));
            packet.offload.gso = Some(Gso { kind: GsoKind::TcpV4, size: 1448, ecn: false });
            let headers = Headers::parse(packet.bytes()).unwrap();
            let (mut carried, mut buf) = (Vec::new(), PacketBuf::new());
            let all: Vec<Segment> = segments(&packet, &headers).unwrap().collect();
            assert_eq!(all.len(), 3);
            for (at, segment) in all.iter().enumerate() {
                segment.write(&packet, &mut buf);
                let parsed = Headers::parse(buf.bytes()).unwrap();
                let tcp = &buf.bytes()[parsed.l4..];
                assert_eq!(u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]), 1 + at as u32 * 1448);
                assert_eq!(tcp[13] & TcpFlags::FIN != 0, at == 2);
                let pseudo = checksum::pseudo_header(parsed.src, parsed.dst, 6, tcp.len());
                assert_eq!(tcp[16..18], checksum::fold(pseudo).to_be_bytes());
                carried.extend_from_slice(&tcp[20..]);
            }
            assert_eq!(carried, payload);
        }
    }
}
