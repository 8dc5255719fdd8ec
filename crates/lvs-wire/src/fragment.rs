//! Joining the pieces of a packet, and cutting a packet into pieces (RFC 791 3.2, RFC 8200 4.5).

use super::header::{extension_len, protocol};
use super::{Headers, MAX_PACKET, PacketBuf, checksum};

const FRAGMENT: u8 = 44;
const FRAGMENT_HEADER: usize = 8;
const MORE: u16 = 0x2000;
const MAY_NOT_CUT: u16 = 0x4000;

/// Puts the whole packet into `buf`: the headers of the first piece, then all payloads in order. False when it would
/// be too long.
pub fn join<'a>(buf: &mut PacketBuf, head: &[u8], payloads: impl Iterator<Item = &'a [u8]>) -> bool {
    let mut packet = head.to_vec();
    let is_v6 = head.first().is_some_and(|first| first >> 4 == 6);
    if is_v6 {
        remove_fragment_header(&mut packet);
    }
    for payload in payloads {
        packet.extend_from_slice(payload);
    }
    if packet.len() > MAX_PACKET {
        return false;
    }
    if is_v6 {
        let len = (packet.len() - 40) as u16;
        packet[4..6].copy_from_slice(&len.to_be_bytes());
    } else {
        let header = usize::from(packet[0] & 0xf) * 4;
        let len = packet.len() as u16;
        packet[2..4].copy_from_slice(&len.to_be_bytes());
        let flags = u16::from_be_bytes([packet[6], packet[7]]) & MAY_NOT_CUT;
        packet[6..8].copy_from_slice(&flags.to_be_bytes());
        write_header_checksum(&mut packet[..header]);
    }
    buf.fill(&packet);
    true
}

/// The packet in pieces of at most `longest` bytes each, under this identification; itself when it fits.
pub fn cut(packet: &[u8], longest: usize, id: u32) -> Vec<Vec<u8>> {
    let Ok(headers) = Headers::parse(packet) else { return Vec::new() };
    if headers.len <= longest {
        return vec![packet.to_vec()];
    }
    let extra = if headers.is_v6() { FRAGMENT_HEADER } else { 0 };
    let room = longest.saturating_sub(headers.l4 + extra);
    let step = room / 8 * 8;
    if step == 0 {
        return Vec::new();
    }
    // Only the last piece need not be a multiple of eight bytes.
    let payload = headers.len - headers.l4;
    let others = payload.saturating_sub(room).div_ceil(step);
    let mut payloads = vec![step; others];
    payloads.push(payload - others * step);
    cut_at(packet, &payloads, id).unwrap_or_default()
}

/// The packet in pieces with payloads of these lengths. None when that is not its length.
pub fn cut_at(packet: &[u8], payloads: &[usize], id: u32) -> Option<Vec<Vec<u8>>> {
    let headers = Headers::parse(packet).ok()?;
    let (head, mut rest) = (&packet[..headers.l4], &packet[headers.l4..headers.len]);
    if payloads.iter().sum::<usize>() != rest.len() {
        return None;
    }
    let make = if headers.is_v6() { v6_piece } else { v4_piece };
    let whole = rest.len();
    let piece = |len: &usize| {
        let offset = whole - rest.len();
        let (data, behind) = rest.split_at(*len);
        rest = behind;
        make(head, data, offset, !rest.is_empty(), id)
    };
    Some(payloads.iter().map(piece).collect())
}

fn v4_piece(head: &[u8], data: &[u8], offset: usize, more: bool, _id: u32) -> Vec<u8> {
    let mut piece = head.to_vec();
    let len = (head.len() + data.len()) as u16;
    piece[2..4].copy_from_slice(&len.to_be_bytes());
    let kept = u16::from_be_bytes([head[6], head[7]]) & MAY_NOT_CUT;
    let word = kept | (offset / 8) as u16 | if more { MORE } else { 0 };
    piece[6..8].copy_from_slice(&word.to_be_bytes());
    write_header_checksum(&mut piece);
    piece.extend_from_slice(data);
    piece
}

fn v6_piece(head: &[u8], data: &[u8], offset: usize, more: bool, id: u32) -> Vec<u8> {
    let mut piece = head.to_vec();
    let at = last_next_header(head);
    let next = std::mem::replace(&mut piece[at], FRAGMENT);
    piece.extend([next, 0]);
    piece.extend((offset as u16 | u16::from(more)).to_be_bytes());
    piece.extend(id.to_be_bytes());
    piece.extend_from_slice(data);
    let len = (piece.len() - 40) as u16;
    piece[4..6].copy_from_slice(&len.to_be_bytes());
    piece
}

/// Offset of the byte that names the protocol of the transport header.
fn last_next_header(head: &[u8]) -> usize {
    let (mut named_at, mut at) = (6, 40);
    while at + 1 < head.len() && !matches!(head[named_at], protocol::TCP | protocol::UDP | protocol::ICMPV6) {
        let len = extension_len(head[named_at], head[at + 1]);
        named_at = at;
        at += len;
    }
    named_at
}

fn remove_fragment_header(packet: &mut Vec<u8>) {
    let (mut named_at, mut at) = (6, 40);
    while at + FRAGMENT_HEADER <= packet.len() {
        if packet[named_at] == FRAGMENT {
            packet[named_at] = packet[at];
            packet.drain(at..at + FRAGMENT_HEADER);
            return;
        }
        let len = extension_len(packet[named_at], packet[at + 1]);
        named_at = at;
        at += len;
    }
}

fn write_header_checksum(header: &mut [u8]) {
    header[10..12].fill(0);
    let sum = checksum::plain(header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::make::{self, Ends};

    #[test]
    fn a_packet_in_pieces_comes_together_again() {
        for (src, dst) in [("10.0.0.1", "10.0.0.2"), ("2001:db8::1", "2001:db8::2")] {
            let ends = Ends::new(src.parse().unwrap(), 1, dst.parse().unwrap(), 2);
            let payload: Vec<u8> = (0..4000u32).map(|at| at as u8).collect();
            let mut packet = make::udp(ends, &payload);
            if packet[0] == 0x45 {
                packet[6] = 0;
                write_header_checksum(&mut packet[..20]);
            }
            let pieces = cut(&packet, 1500, 0x1234);
            assert!(pieces.len() == 3 && pieces.iter().all(|piece| piece.len() <= 1500));
            let parsed: Vec<Headers> = pieces.iter().map(|piece| Headers::parse(piece).unwrap()).collect();
            assert!(parsed.iter().all(|headers| headers.fragment.is_some_and(|f| f.id == 0x1234)));
            let payloads = pieces.iter().zip(&parsed).map(|(piece, headers)| &piece[headers.l4..]);
            let mut buf = PacketBuf::new();
            assert!(join(&mut buf, &pieces[0][..parsed[0].l4], payloads));
            assert_eq!(buf.bytes(), packet);
        }
    }

    #[test]
    fn a_fragment_header_behind_an_authentication_header_is_found() {
        let ends = Ends::new("2001:db8::1".parse().unwrap(), 1, "2001:db8::2".parse().unwrap(), 2);
        let mut packet = make::udp(ends, b"payload");
        packet.splice(40..40, [[protocol::UDP, 1, 0, 0, 0, 0, 0, 1], [0; 8]].concat()[..12].to_vec());
        packet[6] = protocol::AH;
        packet[5] += 12;
        let whole = packet.clone();
        packet.splice(52..52, [protocol::UDP, 0, 0, 0, 0, 0, 0, 7]);
        packet[40] = FRAGMENT;
        packet[5] += 8;
        let headers = Headers::parse(&packet).unwrap();
        assert_eq!((headers.l4, headers.fragment.map(|fragment| fragment.header)), (60, Some(52)));
        let mut buf = PacketBuf::new();
        assert!(join(&mut buf, &packet[..60], std::iter::once(&packet[60..])));
        assert_eq!(buf.bytes(), whole);
        assert_eq!(last_next_header(&whole[..52]), 40);
    }
}
