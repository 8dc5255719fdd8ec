//! TCP segments without data, made in place and without allocating: what a director says in the stead of an end.

use std::net::IpAddr;

use super::checksum;
use super::header::protocol;
use super::make::Ends;
use super::{Offload, PacketBuf};

/// The longest: IPv6, and a TCP header with all the options that it has room for.
const LONGEST: usize = 40 + 60;

/// A segment without data. Its options are whole words.
#[derive(Clone, Copy, Debug)]
pub struct BareSegment<'o> {
    pub ends: Ends,
    pub hops: u8,
    pub seq: u32,
    pub ack: u32,
    pub flags: u8,
    pub window: u16,
    pub options: &'o [u8],
}

impl BareSegment<'_> {
    /// Replaces the contents of a buffer by it. Options that find no room are left out.
    pub fn fill(&self, buf: &mut PacketBuf) {
        let Ends { src, src_port, dst, dst_port } = self.ends;
        let options =
            if self.options.len() > 40 || !self.options.len().is_multiple_of(4) { &[] } else { self.options };
        let mut bytes = [0; LONGEST];
        let len = 20 + options.len();
        let l4 = put_ip(src, dst, self.hops, len, &mut bytes);
        let tcp = &mut bytes[l4..l4 + len];
        tcp[..2].copy_from_slice(&src_port.to_be_bytes());
        tcp[2..4].copy_from_slice(&dst_port.to_be_bytes());
        tcp[4..8].copy_from_slice(&self.seq.to_be_bytes());
        tcp[8..12].copy_from_slice(&self.ack.to_be_bytes());
        (tcp[12], tcp[13]) = (((len / 4) << 4) as u8, self.flags);
        tcp[14..16].copy_from_slice(&self.window.to_be_bytes());
        tcp[20..].copy_from_slice(options);
        let sum = checksum::transport(src, dst, protocol::TCP, tcp);
        tcp[16..18].copy_from_slice(&sum.to_be_bytes());
        buf.fill(&bytes[..l4 + len]);
        buf.offload = Offload::default();
    }
}

/// Writes the IP header of a segment of `len` bytes, which may not be cut. Returns its length.
fn put_ip(src: IpAddr, dst: IpAddr, hops: u8, len: usize, bytes: &mut [u8; LONGEST]) -> usize {
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            bytes[0] = 0x45;
            bytes[2..4].copy_from_slice(&((20 + len) as u16).to_be_bytes());
            (bytes[6], bytes[8], bytes[9]) = (0x40, hops, protocol::TCP);
            bytes[12..16].copy_from_slice(&src.octets());
            bytes[16..20].copy_from_slice(&dst.octets());
            let sum = checksum::plain(&bytes[..20]);
            bytes[10..12].copy_from_slice(&sum.to_be_bytes());
            20
        }
        (src, dst) => {
            bytes[0] = 0x60;
            bytes[4..6].copy_from_slice(&(len as u16).to_be_bytes());
            (bytes[6], bytes[7]) = (protocol::TCP, hops);
            bytes[8..24].copy_from_slice(&wide(src));
            bytes[24..40].copy_from_slice(&wide(dst));
            40
        }
    }
}

fn wide(addr: IpAddr) -> [u8; 16] {
    match addr {
        IpAddr::V4(addr) => addr.to_ipv6_mapped().octets(),
        IpAddr::V6(addr) => addr.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::Transport;
    use crate::{Headers, StreamPosition, TcpFlags};

    #[test]
    fn a_segment_is_whole_and_its_sums_are_right() {
        let stamps = [8, 10, 0, 0, 0, 7, 0, 0, 0, 9, 1, 1];
        for (src, dst) in [("10.0.0.1", "10.0.0.2"), ("fd00::1", "fd00::2")] {
            let ends = Ends::new(src.parse().unwrap(), 80, dst.parse().unwrap(), 4000);
            for options in [&stamps[..], &[], &[9; 44], &[1; 3]] {
                let segment =
                    BareSegment { ends, hops: 65, seq: 5, ack: 6, flags: 0x12, window: 77, options };
                let mut buf = PacketBuf::new();
                segment.fill(&mut buf);
                let headers = Headers::parse(buf.bytes()).unwrap();
                assert_eq!((headers.src, headers.dst, headers.ttl), (ends.src, ends.dst, 65));
                let transport = headers.transport(buf.bytes()).unwrap();
                let flags = TcpFlags(0x12);
                assert_eq!(transport, Transport::Tcp { src_port: 80, dst_port: 4000, flags });
                let tcp = &buf.bytes()[headers.l4..];
                let stamp = (options == stamps).then_some(7);
                assert_eq!(StreamPosition::of(tcp), StreamPosition { sequence: 5, next: 6, stamp });
                let pseudo = checksum::pseudo_header(ends.src, ends.dst, protocol::TCP, tcp.len());
                let sum = u32::from(checksum::fold(pseudo)) + u32::from(checksum::fold(checksum::sum(tcp)));
                assert_eq!(checksum::fold(sum), 0xffff);
                if src.contains('.') {
                    assert_eq!(checksum::fold(checksum::sum(&buf.bytes()[..20])), 0xffff);
                }
            }
        }
    }
}
