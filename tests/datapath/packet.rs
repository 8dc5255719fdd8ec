//! Packets as clients and servers make them: IP, TCP, UDP, ICMP, with full checksums.

use std::net::IpAddr;

pub(crate) const ICMP: u8 = 1;
pub(crate) const IPIP: u8 = 4;
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const IPV6: u8 = 41;
pub(crate) const FRAGMENT: u8 = 44;
pub(crate) const GRE: u8 = 47;
pub(crate) const ICMPV6: u8 = 58;

pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const RST: u8 = 4;
pub(crate) const PSH: u8 = 8;
pub(crate) const ACK: u8 = 16;

/// Letters for flag bits, as the recordings write them.
pub(crate) fn flags(letters: &str) -> u8 {
    let bit = |letter| match letter {
        'F' => FIN,
        'S' => SYN,
        'R' => RST,
        'P' => PSH,
        'A' => ACK,
        other => panic!("no flag {other}"),
    };
    letters.chars().map(bit).fold(0, |all, bit| all | bit)
}

pub(crate) fn flag_letters(bits: u8) -> String {
    let letters = [('S', SYN), ('F', FIN), ('R', RST), ('P', PSH), ('A', ACK)];
    let set: String = letters.iter().filter(|(_, bit)| bits & bit != 0).map(|(letter, _)| *letter).collect();
    if set.is_empty() { "-".to_owned() } else { set }
}

/// The Internet checksum of all parts together; parts but the last must have an even length.
pub(crate) fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let word = |pair: &[u8]| u64::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
    let mut sum: u64 = words.map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

pub(crate) fn octets(addr: IpAddr) -> Vec<u8> {
    match addr {
        IpAddr::V4(addr) => addr.octets().to_vec(),
        IpAddr::V6(addr) => addr.octets().to_vec(),
    }
}

pub(crate) fn pseudo_header(src: IpAddr, dst: IpAddr, protocol: u8, len: usize) -> Vec<u8> {
    let len = u32::try_from(len).unwrap().to_be_bytes();
    let tail = match src {
        IpAddr::V4(_) => vec![0, protocol, len[2], len[3]],
        IpAddr::V6(_) => vec![len[0], len[1], len[2], len[3], 0, 0, 0, protocol],
    };
    [octets(src), octets(dst), tail].concat()
}

/// The parts of an IP header that tests vary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) ttl: u8,
    pub(crate) ident: u16,
    pub(crate) dont_fragment: bool,
    pub(crate) offset: usize,
    pub(crate) more: bool,
}

impl Default for Header {
    fn default() -> Self {
        Self { ttl: 64, ident: 0x1234, dont_fragment: true, offset: 0, more: false }
    }
}

pub(crate) fn ip(src: IpAddr, dst: IpAddr, protocol: u8, payload: &[u8], header: Header) -> Vec<u8> {
    let mut packet = match src {
        IpAddr::V4(_) => {
            let total = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
            let fragment = u16::from(header.dont_fragment) << 14
                | u16::from(header.more) << 13
                | u16::try_from(header.offset / 8).unwrap();
            let [ident_high, ident_low] = header.ident.to_be_bytes();
            let [fragment_high, fragment_low] = fragment.to_be_bytes();
            let start = [0x45, 0, total[0], total[1], ident_high, ident_low, fragment_high, fragment_low];
            [&start[..], &[header.ttl, protocol, 0, 0], &octets(src), &octets(dst)].concat()
        }
        IpAddr::V6(_) => {
            let len = u16::try_from(payload.len()).unwrap().to_be_bytes();
            let start = [0x60, 0, 0, 0, len[0], len[1], protocol, header.ttl];
            [&start[..], &octets(src), &octets(dst)].concat()
        }
    };
    if src.is_ipv4() {
        set_checksum(&mut packet, 10, &[]);
    }
    packet.extend_from_slice(payload);
    packet
}

/// Writes the checksum of `pseudo` and `bytes` at `at`.
pub(crate) fn set_checksum(bytes: &mut [u8], at: usize, pseudo: &[u8]) {
    bytes[at..at + 2].fill(0);
    let sum = checksum(&[pseudo, bytes]);
    bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
}

/// Addresses and ports of one direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) src: IpAddr,
    pub(crate) sport: u16,
    pub(crate) dst: IpAddr,
    pub(crate) dport: u16,
}

pub(crate) fn tcp(ends: Ends, flags: u8, seq: u32, ack: u32, data: &[u8]) -> Vec<u8> {
    let mut segment = Vec::with_capacity(20 + data.len());
    segment.extend(ends.sport.to_be_bytes());
    segment.extend(ends.dport.to_be_bytes());
    segment.extend(seq.to_be_bytes());
    segment.extend(ack.to_be_bytes());
    segment.extend([5 << 4, flags]);
    segment.extend(64240u16.to_be_bytes());
    segment.extend([0; 4]);
    segment.extend(data);
    let pseudo = pseudo_header(ends.src, ends.dst, TCP, segment.len());
    set_checksum(&mut segment, 16, &pseudo);
    segment
}

pub(crate) fn udp(ends: Ends, data: &[u8]) -> Vec<u8> {
    let len = u16::try_from(8 + data.len()).unwrap();
    let mut datagram = Vec::with_capacity(8 + data.len());
    datagram.extend(ends.sport.to_be_bytes());
    datagram.extend(ends.dport.to_be_bytes());
    datagram.extend(len.to_be_bytes());
    datagram.extend([0; 2]);
    datagram.extend(data);
    let pseudo = pseudo_header(ends.src, ends.dst, UDP, datagram.len());
    set_checksum(&mut datagram, 6, &pseudo);
    if datagram[6..8] == [0, 0] {
        datagram[6..8].fill(0xff);
    }
    datagram
}

/// An ICMP or ICMPv6 message from `src` to `dst`.
pub(crate) fn icmp(src: IpAddr, dst: IpAddr, kind: (u8, u8), rest: u32, data: &[u8]) -> Vec<u8> {
    let mut message = vec![kind.0, kind.1, 0, 0];
    message.extend(rest.to_be_bytes());
    message.extend(data);
    let pseudo = match src {
        IpAddr::V4(_) => Vec::new(),
        IpAddr::V6(_) => pseudo_header(src, dst, ICMPV6, message.len()),
    };
    set_checksum(&mut message, 2, &pseudo);
    message
}

pub(crate) const fn icmp_protocol(addr: IpAddr) -> u8 {
    match addr {
        IpAddr::V4(_) => ICMP,
        IpAddr::V6(_) => ICMPV6,
    }
}
