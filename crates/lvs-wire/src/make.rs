//! Whole packets with right checksums, for tests, benches and answers.

use std::net::IpAddr;

use super::checksum;
use super::header::protocol;

/// The ends of a packet to be made.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    pub src: IpAddr,
    pub src_port: u16,
    pub dst: IpAddr,
    pub dst_port: u16,
}

impl Ends {
    /// # Panics
    /// When the addresses are of different families, at the use of the value.
    pub const fn new(src: IpAddr, src_port: u16, dst: IpAddr, dst_port: u16) -> Self {
        Self { src, src_port, dst, dst_port }
    }

    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { src: self.dst, src_port: self.dst_port, dst: self.src, dst_port: self.src_port }
    }
}

/// A TCP segment with these flags and payload.
pub fn tcp(ends: Ends, flags: u8, payload: &[u8]) -> Vec<u8> {
    tcp_segment(ends, flags, 1, 1, payload)
}

/// An empty TCP segment with these sequence numbers.
pub fn tcp_at(ends: Ends, flags: u8, seq: u32, ack: u32) -> Vec<u8> {
    tcp_segment(ends, flags, seq, ack, &[])
}

fn tcp_segment(ends: Ends, flags: u8, seq: u32, ack: u32, payload: &[u8]) -> Vec<u8> {
    let mut segment = ports(ends);
    segment.extend(seq.to_be_bytes());
    segment.extend(ack.to_be_bytes());
    segment.extend([5 << 4, flags, 0xfa, 0xf0, 0, 0, 0, 0]);
    segment.extend(payload);
    checked(ends, protocol::TCP, segment, 16)
}

/// A UDP datagram.
pub fn udp(ends: Ends, payload: &[u8]) -> Vec<u8> {
    let mut segment = ports(ends);
    segment.extend(((8 + payload.len()) as u16).to_be_bytes());
    segment.extend([0, 0]);
    segment.extend(payload);
    checked(ends, protocol::UDP, segment, 6)
}

/// An ICMP or ICMPv6 message: type, code, second word, and the rest.
pub fn icmp(src: IpAddr, dst: IpAddr, (kind, code): (u8, u8), rest: u32, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0];
    message.extend(rest.to_be_bytes());
    message.extend(body);
    if src.is_ipv6() {
        let sum = checksum::transport(src, dst, protocol::ICMPV6, &message);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        return ip(src, dst, protocol::ICMPV6, 64, &message);
    }
    let sum = checksum::plain(&message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    ip(src, dst, protocol::ICMP, 64, &message)
}

/// An IP packet around `payload`.
pub fn ip(src: IpAddr, dst: IpAddr, protocol: u8, ttl: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(40 + payload.len());
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            packet.extend([0x45, 0]);
            packet.extend(((20 + payload.len()) as u16).to_be_bytes());
            packet.extend([0x12, 0x34, 0x40, 0, ttl, protocol, 0, 0]);
            packet.extend(src.octets());
            packet.extend(dst.octets());
            let sum = checksum::plain(&packet);
            packet[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        (src, dst) => {
            packet.extend([0x60, 0, 0, 0]);
            packet.extend((payload.len() as u16).to_be_bytes());
            packet.extend([protocol, ttl]);
            packet.extend(octets(src));
            packet.extend(octets(dst));
        }
    }
    packet.extend(payload);
    packet
}

fn octets(addr: IpAddr) -> [u8; 16] {
    match addr {
        IpAddr::V4(addr) => addr.to_ipv6_mapped().octets(),
        IpAddr::V6(addr) => addr.octets(),
    }
}

fn ports(ends: Ends) -> Vec<u8> {
    let mut bytes = ends.src_port.to_be_bytes().to_vec();
    bytes.extend(ends.dst_port.to_be_bytes());
    bytes
}

fn checked(ends: Ends, number: u8, mut segment: Vec<u8>, at: usize) -> Vec<u8> {
    let sum = match checksum::transport(ends.src, ends.dst, number, &segment) {
        0 if number == protocol::UDP => 0xffff,
        sum => sum,
    };
    segment[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    ip(ends.src, ends.dst, number, 64, &segment)
}
