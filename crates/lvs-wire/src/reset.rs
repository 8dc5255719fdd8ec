//! The answer to a TCP segment that nobody takes: a segment that resets.

use std::net::IpAddr;

use super::header::{TcpFlags, protocol};
use super::{Headers, checksum, make};

/// Hops that a packet made here starts with, as with ICMP answers.
const START_TTL: u8 = 65;

/// The RST that `packet`'s destination would send (RFC 9293 3.10.7.1). None about a packet that is no TCP segment, is
/// a reset itself, or has no single sender.
pub fn reset_about(packet: &[u8], headers: &Headers) -> Option<Vec<u8>> {
    let tcp = packet.get(headers.l4..headers.len)?;
    let is_tcp = headers.protocol == protocol::TCP && !headers.is_later_fragment();
    let has_sender = !headers.src.is_unspecified() && !headers.src.is_multicast();
    if !is_tcp || !has_sender || headers.dst.is_multicast() {
        return None;
    }
    let flags = TcpFlags(*tcp.get(13)?);
    if flags.has(TcpFlags::RST) {
        return None;
    }
    let header = usize::from(tcp[12] >> 4) * 4;
    let number = |at: usize| u32::from_be_bytes([tcp[at], tcp[at + 1], tcp[at + 2], tcp[at + 3]]);
    let mut segment = [tcp[2], tcp[3], tcp[0], tcp[1]].to_vec();
    if flags.has(TcpFlags::ACK) {
        segment.extend(number(8).to_be_bytes());
        segment.extend([0, 0, 0, 0, 5 << 4, TcpFlags::RST]);
    } else {
        let taken = tcp.len().saturating_sub(header) as u32
            + u32::from(flags.has(TcpFlags::SYN))
            + u32::from(flags.has(TcpFlags::FIN));
        segment.extend([0; 4]);
        segment.extend(number(4).wrapping_add(taken).to_be_bytes());
        segment.extend([5 << 4, TcpFlags::RST | TcpFlags::ACK]);
    }
    segment.extend([0; 6]);
    let (from, to): (IpAddr, IpAddr) = (headers.dst, headers.src);
    let sum = checksum::transport(from, to, protocol::TCP, &segment);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    Some(make::ip(from, to, protocol::TCP, START_TTL, &segment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::make::Ends;

    const ENDS: Ends = Ends::new(
        IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)),
        4000,
        IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2)),
        80,
    );

    fn answer(flags: u8, payload: &[u8]) -> Option<Vec<u8>> {
        let packet = make::tcp(ENDS, flags, payload);
        let answer = reset_about(&packet, &Headers::parse(&packet).unwrap())?;
        let headers = Headers::parse(&answer).unwrap();
        assert_eq!((headers.src, headers.dst), (ENDS.dst, ENDS.src));
        let pseudo = checksum::pseudo_header(headers.src, headers.dst, protocol::TCP, 20);
        assert_eq!(checksum::fold(pseudo + checksum::sum(&answer[20..])), 0xffff);
        Some(answer[24..34].to_vec())
    }

    #[test]
    fn a_reset_is_one_that_the_sender_believes() {
        assert_eq!(answer(TcpFlags::SYN, b"abc").unwrap(), [0, 0, 0, 0, 0, 0, 0, 5, 0x50, 0x14]);
        assert_eq!(answer(TcpFlags::ACK, b"abc").unwrap(), [0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x04]);
        assert_eq!(answer(TcpFlags::RST, b""), None);
        let datagram = make::udp(ENDS, b"x");
        assert_eq!(reset_about(&datagram, &Headers::parse(&datagram).unwrap()), None);
    }
}
