//! What holds for every packet: translation there and back is the identity, checksums stay right, and nothing
//! that arrives makes the director panic.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lvs::director::{Settings, Side};
use lvs::service::{Endpoint, Forwarding, Protocol, ServerSpec, ServiceKey, ServiceSpec};
use lvs::{Command, Director, Time, Verdict};
use lvs_wire::{Checksum, Gso, GsoKind, Outbox, PacketBuf};
use proptest::prelude::*;

use crate::datapath_recordings::packet::{self, ACK, Ends, Header, PSH, SYN, icmp_protocol};
use crate::datapath_recordings::seen::{Link, Seen};

/// One connection through a service with one server.
#[derive(Clone, Debug)]
struct Exchange {
    protocol: Protocol,
    client: Endpoint,
    virt: Endpoint,
    real: Endpoint,
    data: Vec<u8>,
    seq: u32,
    ttl: u8,
    ident: u16,
    /// The checksum is left to the network card.
    is_partial: bool,
    /// An end of the director stands for the client.
    is_full_nat: bool,
}

fn exchanges() -> impl Strategy<Value = Exchange> {
    let port = 1u16..;
    let addrs = prop_oneof![
        (1u32..0x00ff_ffff, 0u32..0xffff, 0u32..0xffff).prop_map(|(client, virt, real)| {
            let addr = |net: u32, host: u32| IpAddr::from(Ipv4Addr::from_bits(net | host));
            (addr(0x1400_0000, client), addr(0x0a01_0000, virt), addr(0x0a02_0000, real))
        }),
        any::<[u64; 3]>().prop_map(|hosts| {
            let addr = |net: u128, host: u64| {
                IpAddr::from(Ipv6Addr::from_bits(0x2001_0db8 << 96 | net << 64 | u128::from(host)))
            };
            (addr(1, hosts[0]), addr(2, hosts[1]), addr(3, hosts[2]))
        }),
    ];
    let ports = (21u16.., port.clone(), port);
    let rest = (any::<bool>(), any::<u32>(), 1u8..255, any::<u16>(), any::<bool>(), any::<bool>());
    let data = proptest::collection::vec(any::<u8>(), 0..200);
    (addrs, ports, data, rest).prop_map(|((client, virt, real), ports, data, rest)| {
        let (is_tcp, seq, ttl, ident, is_partial, is_full_nat) = rest;
        Exchange {
            protocol: if is_tcp { Protocol::Tcp } else { Protocol::Udp },
            client: Endpoint::new(client, ports.0),
            virt: Endpoint::new(virt, ports.1),
            real: Endpoint::new(real, ports.2),
            data,
            seq,
            ttl,
            ident,
            is_partial,
            // FTP is not followed by FULLNAT, and refused.
            is_full_nat: is_full_nat && ports.1 != 21,
        }
    })
}

impl Exchange {
    fn director(&self) -> Director {
        let laddr_nets = ["10.3.0.7/32", "2001:db8:4::7/128"].map(|net| net.parse().unwrap()).into();
        let director = Director::new(Settings { laddr_nets, ..Settings::default() });
        let key = ServiceKey::Address { protocol: self.protocol, addr: self.virt.addr, port: self.virt.port };
        let forwarding = if self.is_full_nat { Forwarding::FullNat } else { Forwarding::Masq };
        let server = ServerSpec::new(self.real.addr, self.real.port, forwarding);
        director.apply(&Command::AddService(ServiceSpec::new(key, "rr")), Time::ZERO).unwrap();
        director.apply(&Command::AddServer { service: key, server }, Time::ZERO).unwrap();
        director
    }

    /// The client's address as the server sees it.
    fn seen_client(&self) -> IpAddr {
        match (self.is_full_nat, self.client.addr) {
            (false, client) => client,
            (true, IpAddr::V4(_)) => "10.3.0.7".parse().unwrap(),
            (true, IpAddr::V6(_)) => "2001:db8:4::7".parse().unwrap(),
        }
    }

    fn request(&self, flags: u8) -> Vec<u8> {
        let ends = Ends {
            src: self.client.addr,
            sport: self.client.port,
            dst: self.virt.addr,
            dport: self.virt.port,
        };
        let segment = match self.protocol {
            Protocol::Tcp => packet::tcp(ends, flags, self.seq, 7, &self.data),
            _ => packet::udp(ends, &self.data),
        };
        let header = Header { ttl: self.ttl, ident: self.ident, ..Header::default() };
        packet::ip(ends.src, ends.dst, self.protocol.number(), &segment, header)
    }

    fn buf(&self, bytes: &[u8]) -> PacketBuf {
        let mut buf = PacketBuf::from_packet(bytes);
        if self.is_partial {
            leave_checksum(&mut buf, self.protocol);
        }
        buf
    }
}

const fn header_len(bytes: &[u8]) -> usize {
    if bytes[0] >> 4 == 4 { 20 } else { 40 }
}

fn ends(bytes: &[u8]) -> (IpAddr, IpAddr) {
    let seen = Seen::new(Link::Client, Ipv4Addr::UNSPECIFIED.into(), bytes);
    (seen.src, seen.dst)
}

/// Makes the checksum partial, as a sender on the same host leaves it: the sum of the pseudo-header only.
fn leave_checksum(buf: &mut PacketBuf, protocol: Protocol) {
    let offset = if protocol == Protocol::Tcp { 16 } else { 6 };
    let bytes = buf.bytes_mut();
    let start = header_len(bytes);
    let (src, dst) = ends(bytes);
    let sum = !packet::checksum(&[&packet::pseudo_header(src, dst, protocol.number(), bytes.len() - start)]);
    bytes[start + offset..start + offset + 2].copy_from_slice(&sum.to_be_bytes());
    buf.offload.checksum = Checksum::Partial { start: start as u16, offset: offset as u16 };
}

/// The packet as the network card sends it.
fn completed(buf: &PacketBuf) -> Vec<u8> {
    let mut bytes = buf.bytes().to_vec();
    if let Checksum::Partial { start, offset } = buf.offload.checksum {
        let (start, at) = (usize::from(start), usize::from(start + offset));
        let sum = packet::checksum(&[&bytes[start..]]);
        let sum = if offset == 6 && sum == 0 { 0xffff } else { sum };
        bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }
    bytes
}

/// The same packet going the other way: no checksum changes by that.
fn turned(bytes: &[u8]) -> Vec<u8> {
    let mut turned = bytes.to_vec();
    let (at, len, ports) = if bytes[0] >> 4 == 4 { (12, 4, 20) } else { (8, 16, 40) };
    for (at, len) in [(at, len), (ports, 2)] {
        let (first, second) = turned[at..at + 2 * len].split_at_mut(len);
        first.swap_with_slice(second);
    }
    turned
}

fn with_ttl_of(bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes[0] >> 4 == 4 {
        bytes[8] = other[8];
        packet::set_checksum(&mut bytes[..20], 10, &[]);
    } else {
        bytes[7] = other[7];
    }
    bytes
}

fn seen(bytes: &[u8]) -> Seen {
    Seen::new(Link::Client, Ipv4Addr::UNSPECIFIED.into(), bytes)
}

/// An SCTP packet with one INIT chunk.
fn sctp(ends: Ends, data: &[u8]) -> Vec<u8> {
    let mut segment = Vec::new();
    segment.extend(ends.sport.to_be_bytes());
    segment.extend(ends.dport.to_be_bytes());
    segment.extend([0; 8]);
    segment.extend([1, 0]);
    segment.extend(u16::try_from(4 + data.len()).unwrap().to_be_bytes());
    segment.extend(data);
    segment.resize(segment.len().next_multiple_of(4), 0);
    let sum = crc32c(&segment);
    segment[8..12].copy_from_slice(&sum.to_le_bytes());
    segment
}

fn sctp_checksum_is_right(segment: &[u8]) -> bool {
    let mut without = segment.to_vec();
    without[8..12].fill(0);
    segment[8..12] == crc32c(&without).to_le_bytes()
}

/// Bit by bit, from the polynomial.
fn crc32c(bytes: &[u8]) -> u32 {
    let shifted = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| shifted(crc)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn there_and_back_is_the_identity(exchange in exchanges()) {
        let director = exchange.director();
        let mut outbox = Outbox::default();
        let request = exchange.request(SYN);
        let mut buf = exchange.buf(&request);
        if exchange.is_partial && exchange.protocol == Protocol::Tcp {
            let kind = if exchange.virt.addr.is_ipv4() { GsoKind::TcpV4 } else { GsoKind::TcpV6 };
            buf.offload.gso = Some(Gso { kind, size: 50, ecn: false });
        }
        let offload = buf.offload;
        prop_assert_eq!(director.process(&mut buf, Side::Client, Time::ZERO, &mut outbox), Verdict::Forward);
        prop_assert_eq!(buf.offload, offload);
        let there = completed(&buf);
        let at_server = seen(&there);
        prop_assert_eq!(&at_server.bad, &Vec::<&str>::new());
        prop_assert_eq!(at_server.src, exchange.seen_client());
        prop_assert!(exchange.is_full_nat || at_server.sport == exchange.client.port);
        prop_assert_eq!((at_server.dst, at_server.dport), (exchange.real.addr, exchange.real.port));
        prop_assert_eq!(&at_server.payload, &exchange.data);
        prop_assert_eq!(at_server.ttl, exchange.ttl + 1);

        buf.fill(&turned(&there));
        if exchange.is_partial {
            leave_checksum(&mut buf, exchange.protocol);
        }
        prop_assert_eq!(director.process(&mut buf, Side::Server, Time::ZERO, &mut outbox), Verdict::Forward);
        let back = turned(&completed(&buf));
        prop_assert!(seen(&back).bad.is_empty());
        prop_assert_eq!(with_ttl_of(&back, &request), request);
        prop_assert!(outbox.is_empty());
    }

    #[test]
    fn sctp_there_and_back_is_the_identity(exchange in exchanges()) {
        let exchange = Exchange { protocol: Protocol::Sctp, ..exchange };
        let director = exchange.director();
        let mut outbox = Outbox::default();
        let (src, dst) = (exchange.client.addr, exchange.virt.addr);
        let ends = Ends { src, sport: exchange.client.port, dst, dport: exchange.virt.port };
        let request = packet::ip(src, dst, 132, &sctp(ends, &exchange.data), Header::default());
        let at = header_len(&request);
        let mut buf = PacketBuf::from_packet(&request);
        prop_assert_eq!(director.process(&mut buf, Side::Client, Time::ZERO, &mut outbox), Verdict::Forward);
        let there = buf.bytes().to_vec();
        prop_assert_eq!(&there[at + 2..at + 4], &exchange.real.port.to_be_bytes());
        prop_assert!(sctp_checksum_is_right(&there[at..]));

        let mut answer = turned(&there);
        let sum = crc32c(&[&answer[at..at + 8], &[0; 4], &answer[at + 12..]].concat());
        answer[at + 8..at + 12].copy_from_slice(&sum.to_le_bytes());
        buf.fill(&answer);
        prop_assert_eq!(director.process(&mut buf, Side::Server, Time::ZERO, &mut outbox), Verdict::Forward);
        let back = buf.bytes().to_vec();
        prop_assert!(sctp_checksum_is_right(&back[at..]));
        let mut expected = turned(&request);
        expected[at + 8..at + 12].copy_from_slice(&back[at + 8..at + 12]);
        prop_assert_eq!(with_ttl_of(&back, &expected), expected);
    }

    #[test]
    fn errors_quote_what_their_receiver_sent(exchange in exchanges(), quote in 28usize..300, from_client in any::<bool>()) {
        let exchange = Exchange { is_partial: false, ..exchange };
        let director = exchange.director();
        let mut outbox = Outbox::default();
        let request = exchange.request(SYN);
        let mut buf = exchange.buf(&request);
        director.process(&mut buf, Side::Client, Time::ZERO, &mut outbox);
        let there = buf.bytes().to_vec();
        let answer = turned(&there);
        buf.fill(&answer);
        director.process(&mut buf, Side::Server, Time::ZERO, &mut outbox);
        let back = buf.bytes().to_vec();

        // Who complains about what, and the packet that its receiver knows.
        let (side, complainer, about, original) = if from_client {
            (Side::Client, exchange.client.addr, &back, &answer)
        } else {
            (Side::Server, exchange.real.addr, &there, &request)
        };
        let (to, _) = ends(about);
        let quote = quote.max(header_len(about) + 8).min(about.len());
        let kind = if to.is_ipv4() { (3, 3) } else { (1, 4) };
        let message = packet::icmp(complainer, to, kind, 0, &about[..quote]);
        buf.fill(&packet::ip(complainer, to, icmp_protocol(to), &message, Header::default()));
        prop_assert_eq!(director.process(&mut buf, side, Time::ZERO, &mut outbox), Verdict::Forward);
        let error = seen(buf.bytes());
        prop_assert_eq!(&error.bad, &Vec::<&str>::new());
        let (receiver, claimed) = if from_client {
            (exchange.real.addr, exchange.seen_client())
        } else {
            (exchange.client.addr, exchange.virt.addr)
        };
        prop_assert_eq!((error.dst, error.src), (receiver, claimed));
        let quoted = error.payload;
        // As in the kernel, the transport checksum in the quotation stays what it was.
        let at = header_len(original) + if exchange.protocol == Protocol::Tcp { 16 } else { 6 };
        let without_sum = |bytes: &[u8]| -> Vec<u8> {
            bytes.iter().enumerate().map(|(n, byte)| if n == at || n == at + 1 { 0 } else { *byte }).collect()
        };
        prop_assert_eq!(without_sum(&with_ttl_of(&quoted, original)), without_sum(&original[..quote]));
    }

    #[test]
    fn any_bytes_are_survived(
        exchange in exchanges(),
        noise in proptest::collection::vec(any::<u8>(), 0..120),
        side in 0usize..3,
        checksum in prop_oneof![
            Just(Checksum::Full),
            Just(Checksum::Verified),
            (any::<u16>(), any::<u16>()).prop_map(|(start, offset)| Checksum::Partial { start, offset }),
        ],
    ) {
        let director = exchange.director();
        let mut buf = PacketBuf::from_packet(&noise);
        buf.offload.checksum = checksum;
        let side = [Side::Client, Side::Server, Side::Mark(1)][side];
        director.process(&mut buf, side, Time::ZERO, &mut Outbox::default());
    }

    #[test]
    fn damaged_packets_are_survived(
        exchange in exchanges(),
        damage in proptest::collection::vec((0usize..120, any::<u8>()), 1..6),
        cut in 0usize..300,
        in_error in any::<bool>(),
        partial in proptest::option::of((any::<u16>(), 0u16..64)),
    ) {
        let director = exchange.director();
        let mut outbox = Outbox::default();
        let whole = exchange.request(SYN);
        let mut buf = exchange.buf(&whole);
        director.process(&mut buf, Side::Client, Time::ZERO, &mut outbox);
        let mut bytes = if in_error {
            let about = completed(&buf);
            let (to, from) = ends(&about);
            let kind = if to.is_ipv4() { (3, 4) } else { (2, 0) };
            let message = packet::icmp(from, to, kind, 1400, &about);
            packet::ip(from, to, icmp_protocol(to), &message, Header::default())
        } else {
            exchange.request(PSH | ACK)
        };
        for (at, value) in damage {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        bytes.truncate(cut.max(1));
        for side in [Side::Client, Side::Server, Side::Mark(7)] {
            buf.fill(&bytes);
            if let Some((start, offset)) = partial {
                buf.offload.checksum = Checksum::Partial { start, offset };
            }
            director.process(&mut buf, side, Time::ZERO, &mut outbox);
        }
        // The connection is as usable as before.
        buf.fill(&whole);
        let verdict = director.process(&mut buf, Side::Client, Time::from_secs(1), &mut outbox);
        prop_assert!(matches!(verdict, Verdict::Forward), "{:?}", verdict);
    }
}
