//! Packets in, packets out: one director, one service, a virtual clock.

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use std::time::Duration;

use crate::route::{Route, RouteTable};
use crate::service::{
    Endpoint, Forwarding, Protocol, ServerSpec, ServiceKey, ServiceSpec, Tunnel, TunnelChecksum, TunnelKind,
};
use lvs_wire::make::{self, Ends};
use lvs_wire::{Checksum, Gso, GsoKind, Offload, TcpFlags, checksum, protocol};
use lvs_wire::{Headers, Outbox, PacketBuf, Ports};

const SYN: u8 = TcpFlags::SYN;
const ACK: u8 = TcpFlags::ACK;
const FIN: u8 = TcpFlags::FIN | TcpFlags::ACK;

/// A director with one service of two masqueraded servers, and the addresses of the article.
struct World {
    director: Director,
    now: Time,
    outbox: Outbox,
    client: IpAddr,
    virt: IpAddr,
    reals: [IpAddr; 2],
    service: ServiceKey,
}

impl World {
    fn new(protocol: Protocol, is_v6: bool) -> Self {
        let addr = |v4: &str, v6: &str| if is_v6 { v6 } else { v4 }.parse().unwrap();
        let virt = addr("192.168.1.183", "2001:db8:1::183");
        let world = Self {
            director: Director::new(Settings::default()),
            now: Time::ZERO,
            outbox: Outbox::default(),
            client: addr("192.168.1.10", "2001:db8:1::10"),
            virt,
            reals: [addr("192.168.56.183", "2001:db8:56::183"), addr("192.168.56.184", "2001:db8:56::184")],
            service: ServiceKey::Address { protocol, addr: virt, port: 80 },
        };
        world.apply(Command::AddService(ServiceSpec::new(world.service, "rr")));
        for real in world.reals {
            let server = ServerSpec::new(real, 8080, Forwarding::Masq);
            world.apply(Command::AddServer { service: world.service, server });
        }
        world
    }

    fn apply(&self, command: Command) {
        self.director.apply(&command, self.now).unwrap();
    }

    fn request(&self, port: u16) -> Ends {
        Ends::new(self.client, port, self.virt, 80)
    }

    fn process(&mut self, packet: &[u8], side: Side) -> (Verdict, Vec<u8>) {
        let mut buf = PacketBuf::from_packet(packet);
        let verdict = self.director.process(&mut buf, side, self.now, &mut self.outbox);
        (verdict, buf.bytes().to_vec())
    }

    /// Sends a segment of the client; the server that gets it.
    fn send(&mut self, port: u16, flags: u8) -> Option<Ends> {
        let (verdict, bytes) = self.process(&make::tcp(self.request(port), flags, b"x"), Side::Client);
        (verdict == Verdict::Forward).then(|| ends_of(&bytes))
    }

    fn answer(&mut self, to: Ends, flags: u8) -> Ends {
        let (verdict, bytes) = self.process(&make::tcp(to.reversed(), flags, b"y"), Side::Server);
        assert_eq!(verdict, Verdict::Forward);
        ends_of(&bytes)
    }

    fn conns(&self) -> Vec<ConnEntry> {
        self.director.entries(self.now).flatten().collect()
    }

    /// Active and inactive connections of each server, in the order in which they were added.
    fn counts(&self) -> Vec<(u32, u32)> {
        let Reply::Services(services) = self.director.query(&Query::Services, self.now).unwrap() else {
            panic!("not services")
        };
        services[0].servers.iter().rev().map(|server| (server.active_conns, server.inactive_conns)).collect()
    }

    fn pass_time(&mut self, secs: u64) {
        for _ in 0..secs * 4 {
            self.now = self.now + Duration::from_millis(250);
            while self.director.handle_timeout(self.now) {}
        }
    }
}

/// The headers of a packet, whose length and checksum must be right.
fn headers_of(bytes: &[u8]) -> Headers {
    let headers = Headers::parse(bytes).unwrap();
    assert_eq!(headers.len, bytes.len());
    if !headers.is_v6() {
        assert_eq!(checksum::fold(checksum::sum(&bytes[..headers.l4])), 0xffff, "IP checksum");
    }
    headers
}

/// The headers of a packet and its segment, all of whose checksums must be right.
pub(in crate::director) fn segment_of(bytes: &[u8]) -> (Headers, &[u8]) {
    let headers = headers_of(bytes);
    let segment = &bytes[headers.l4..];
    let pseudo = checksum::pseudo_header(headers.src, headers.dst, headers.protocol, segment.len());
    assert_eq!(checksum::fold(pseudo + checksum::sum(segment)), 0xffff, "transport checksum");
    (headers, segment)
}

/// The ends of a packet whose checksums must be right.
fn ends_of(bytes: &[u8]) -> Ends {
    let (headers, segment) = segment_of(bytes);
    let port = |at: usize| u16::from_be_bytes([segment[at], segment[at + 1]]);
    Ends::new(headers.src, port(0), headers.dst, port(2))
}

/// The headers of an ICMP or ICMPv6 message whose checksum must be right, and the message.
fn icmp_of(bytes: &[u8]) -> (Headers, &[u8]) {
    let headers = Headers::parse(bytes).unwrap();
    let message = &bytes[headers.l4..];
    let pseudo = if headers.is_v6() {
        checksum::pseudo_header(headers.src, headers.dst, protocol::ICMPV6, message.len())
    } else {
        0
    };
    assert_eq!(checksum::fold(pseudo + checksum::sum(message)), 0xffff, "ICMP checksum");
    (headers, message)
}

/// The host has an address on the client's link and one on that of the servers.
fn two_links() -> RouteTable {
    let link = |net: &str, source: &str, interface| Route {
        net: net.parse().unwrap(),
        mtu: 1500,
        source: Some(source.parse().unwrap()),
        interface,
        gateway: None,
        is_local: false,
    };
    RouteTable::new(vec![
        link("192.168.1.0/24", "192.168.1.181", 1),
        link("192.168.56.0/24", "192.168.56.181", 2),
        link("2001:db8:1::/64", "2001:db8:1::181", 1),
        link("2001:db8:56::/64", "2001:db8:56::181", 2),
    ])
}

/// To an address of this host.
fn own_route(addr: IpAddr) -> Route {
    Route { net: addr.into(), mtu: 65_536, source: Some(addr), interface: 1, gateway: None, is_local: true }
}

#[test]
fn requests_and_replies_are_translated_both_ways() {
    for is_v6 in [false, true] {
        let mut world = World::new(Protocol::Tcp, is_v6);
        let first = world.send(4000, SYN).unwrap();
        assert_eq!((first.dst, first.dst_port), (world.reals[1], 8080), "the newest server is first");
        assert_eq!((first.src, first.src_port), (world.client, 4000));
        let reply = world.answer(first, SYN | ACK);
        assert_eq!((reply.src, reply.src_port), (world.virt, 80));
        assert_eq!((reply.dst, reply.dst_port), (world.client, 4000));
        assert_eq!(world.send(4000, ACK).unwrap().dst, world.reals[1]);
        assert_eq!(world.send(4001, SYN).unwrap().dst, world.reals[0]);
    }
}

#[test]
fn the_hop_that_the_host_took_is_given_back() {
    let mut world = World::new(Protocol::Tcp, false);
    let mut packet = make::tcp(world.request(4000), SYN, &[]);
    packet[8] = 63;
    packet[10..12].fill(0);
    let sum = checksum::plain(&packet[..20]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    let (_, bytes) = world.process(&packet, Side::Client);
    assert_eq!(bytes[8], 64);
    ends_of(&bytes);
}

#[test]
fn counters_and_timers_follow_the_states() {
    let mut world = World::new(Protocol::Tcp, false);
    let to = world.send(4000, SYN).unwrap();
    assert_eq!((world.counts(), world.conns()[0].state.as_str()), (vec![(0, 0), (1, 0)], "SYN_RECV"));
    world.answer(to, SYN | ACK);
    world.send(4000, ACK);
    assert_eq!((world.conns()[0].state.as_str(), world.conns()[0].expires_in_ms), ("ESTABLISHED", 900_000));
    world.send(4000, FIN);
    world.answer(to, FIN);
    assert_eq!((world.counts(), world.conns()[0].state.as_str()), (vec![(0, 0), (0, 1)], "TIME_WAIT"));
    world.pass_time(119);
    assert_eq!(world.director.conn_count(), 1);
    world.pass_time(2);
    assert_eq!((world.director.conn_count(), world.counts()), (0, vec![(0, 0), (0, 0)]));
}

#[test]
fn a_shorter_deadline_comes_at_its_time() {
    let mut world = World::new(Protocol::Tcp, false);
    let to = world.send(4000, SYN).unwrap();
    world.send(4000, ACK);
    world.pass_time(30);
    world.answer(to, TcpFlags::RST);
    assert_eq!(world.conns()[0].state, "CLOSE");
    world.pass_time(11);
    assert_eq!(world.director.conn_count(), 0);
}

#[test]
fn a_service_without_a_server_answers_port_unreachable() {
    for is_v6 in [false, true] {
        let mut world = World::new(Protocol::Tcp, is_v6);
        for addr in world.reals {
            world.apply(Command::DeleteServer { service: world.service, addr, port: 8080 });
        }
        let (verdict, _) = world.process(&make::tcp(world.request(4000), SYN, &[]), Side::Client);
        assert_eq!(verdict, Verdict::Reply);
        let mut answers = Vec::new();
        world.outbox.drain(|answer| answers.push(answer.bytes().to_vec()));
        let headers = Headers::parse(&answers[0]).unwrap();
        assert_eq!((headers.src, headers.dst), (world.virt, world.client));
        let expected = if is_v6 { [1, 4] } else { [3, 3] };
        assert_eq!(answers[0][headers.l4..headers.l4 + 2], expected);
    }
}

#[test]
fn what_no_service_claims_passes() {
    let mut world = World::new(Protocol::Tcp, false);
    let other_port = Ends::new(world.client, 4000, world.virt, 81);
    assert_eq!(world.process(&make::tcp(other_port, SYN, &[]), Side::Client).0, Verdict::Pass);
    assert_eq!(world.process(&make::tcp(world.request(1), ACK, &[]), Side::Client).0, Verdict::Pass);
    let ping = make::icmp(world.client, world.virt, (8, 0), 7, b"ping");
    assert_eq!(world.process(&ping, Side::Client).0, Verdict::Pass);
    let own = Ends::new(world.reals[0], 22, world.client, 4000);
    assert_eq!(world.process(&make::tcp(own, ACK, &[]), Side::Server).0, Verdict::Pass);
    assert_eq!(world.director.conn_count(), 0);
}

#[test]
fn a_partial_checksum_stays_partial() {
    for is_v6 in [false, true] {
        let mut world = World::new(Protocol::Tcp, is_v6);
        let mut packet = make::tcp(world.request(4000), SYN, &[7; 3000]);
        let headers = Headers::parse(&packet).unwrap();
        let partial = |from, to| {
            checksum::fold(checksum::pseudo_header(from, to, protocol::TCP, headers.len - headers.l4))
        };
        let field = headers.l4 + 16;
        packet[field..field + 2].copy_from_slice(&partial(world.client, world.virt).to_be_bytes());
        let mut buf = PacketBuf::from_packet(&packet);
        let kind = if is_v6 { GsoKind::TcpV6 } else { GsoKind::TcpV4 };
        buf.offload = Offload {
            checksum: Checksum::Partial { start: headers.l4 as u16, offset: 16 },
            gso: Some(Gso { kind, size: 1448, ecn: false }),
            header_len: 54,
        };
        let offload = buf.offload;
        let verdict = world.director.process(&mut buf, Side::Client, world.now, &mut world.outbox);
        assert_eq!((verdict, buf.offload), (Verdict::Forward, offload));
        let expected = partial(world.client, world.reals[1]);
        assert_eq!(buf.bytes()[field..field + 2], expected.to_be_bytes());
    }
}

#[test]
fn a_missing_udp_checksum_is_filled_in() {
    let mut world = World::new(Protocol::Udp, false);
    let mut packet = make::udp(world.request(4000), b"query");
    packet[26..28].fill(0);
    let mut buf = PacketBuf::from_packet(&packet);
    world.director.process(&mut buf, Side::Client, world.now, &mut world.outbox);
    assert_eq!(buf.offload.checksum, Checksum::Partial { start: 20, offset: 6 });
}

#[test]
fn errors_of_the_server_reach_the_client_about_its_own_packet() {
    for is_v6 in [false, true] {
        let mut world = World::new(Protocol::Udp, is_v6);
        let (_, request) = world.process(&make::udp(world.request(4000), b"query"), Side::Client);
        let kind = if is_v6 { (1, 4) } else { (3, 3) };
        let error = make::icmp(world.reals[1], world.client, kind, 0, &request);
        let (verdict, bytes) = world.process(&error, Side::Server);
        assert_eq!(verdict, Verdict::Forward);
        let (headers, message) = icmp_of(&bytes);
        assert_eq!((headers.src, headers.dst), (world.virt, world.client));
        let quoted = Headers::parse_quoted(&message[8..]).unwrap();
        assert_eq!((quoted.src, quoted.dst), (world.client, world.virt));
        assert_eq!(quoted.quoted_ports(&message[8..]), Some(Ports { src: 4000, dst: 80 }));
    }
}

#[test]
fn a_removed_server_keeps_its_connections_for_when_it_comes_back() {
    let mut world = World::new(Protocol::Tcp, false);
    world.send(4000, SYN);
    let addr = world.reals[1];
    world.apply(Command::DeleteServer { service: world.service, addr, port: 8080 });
    let dropped = world.process(&make::tcp(world.request(4000), ACK, &[]), Side::Client).0;
    assert_eq!(dropped, Verdict::Drop(DropReason::ServerGone));
    let server = ServerSpec::new(addr, 8080, Forwarding::Masq);
    world.apply(Command::AddServer { service: world.service, server });
    assert_eq!(world.send(4000, ACK).unwrap().dst, addr);
    assert_eq!(world.counts(), [(0, 0), (1, 0)]);
}

#[test]
fn a_syn_on_a_finished_connection_is_scheduled_anew() {
    let mut world = World::new(Protocol::Tcp, false);
    let to = world.send(4000, SYN).unwrap();
    world.answer(to, TcpFlags::RST | ACK);
    assert_eq!(world.conns()[0].state, "CLOSE");
    assert_eq!(world.send(4000, SYN).unwrap().dst, world.reals[0]);
    assert_eq!(world.director.conn_count(), 1);
}

#[test]
fn a_full_table_drops_and_counts() {
    let mut world = World::new(Protocol::Tcp, false);
    world.director = Director::new(Settings { max_conns: 1024, ..Settings::default() });
    world.apply(Command::AddService(ServiceSpec::new(world.service, "rr")));
    let server = ServerSpec::new(world.reals[0], 80, Forwarding::Masq);
    world.apply(Command::AddServer { service: world.service, server });
    for port in 0..1024 {
        assert!(world.send(2000 + port, SYN).is_some());
    }
    let (verdict, _) = world.process(&make::tcp(world.request(9000), SYN, &[]), Side::Client);
    assert_eq!(verdict, Verdict::Drop(DropReason::TableFull));
    assert_eq!(world.counts(), [(1024, 0)]);
    world.pass_time(61);
    assert_eq!((world.director.conn_count(), world.counts()), (0, vec![(0, 0)]));
}

mod admission;
mod carried;
mod client_addr;
mod expired;
mod fullnat;
mod ipsec;
mod masquerade;
mod options;
mod outer;
mod peers;
mod pin;
mod pressure;
mod resets;
mod syn_defence;

#[test]
fn a_server_that_is_this_host_gets_its_packets_from_the_hosts_own_stack() {
    for is_v6 in [false, true] {
        let mut world = World::new(Protocol::Tcp, is_v6);
        let addr = world.reals[1];
        world.director.set_routes(RouteTable::new(vec![own_route(addr)]));
        let server = ServerSpec::new(addr, 8080, Forwarding::Route);
        world.apply(Command::EditServer { service: world.service, server });
        let syn = make::tcp(world.request(4000), SYN, &[]);
        let (verdict, bytes) = world.process(&syn, Side::Client);
        assert_eq!((verdict, ends_of(&bytes).dst), (Verdict::Pass, world.virt));
        assert_eq!(world.conns()[0].state, "SYN_RECV");
    }
}

/// Sent to itself by its link address it would come back here for ever.
#[test]
fn a_server_that_is_the_virtual_address_is_left_to_the_host() {
    for is_v6 in [false, true] {
        for forwarding in [Forwarding::Route, Forwarding::Tunnel(Tunnel::default())] {
            let mut world = World::new(Protocol::Tcp, is_v6);
            world.apply(Command::AddServer {
                service: world.service,
                server: ServerSpec::new(world.virt, 80, forwarding),
            });
            for addr in world.reals {
                world.apply(Command::DeleteServer { service: world.service, addr, port: 8080 });
            }
            let syn = make::tcp(world.request(4000), SYN, &[]);
            let (verdict, bytes) = world.process(&syn, Side::Client);
            assert_eq!((verdict, ends_of(&bytes).dst), (Verdict::Pass, world.virt));
        }
    }
}

/// A world whose one server is reached through this tunnel and has a connection, and a super-packet of its client.
fn tunneled(is_v6: bool, tunnel: Tunnel) -> (World, PacketBuf) {
    let mut world = World::new(Protocol::Tcp, is_v6);
    let real = world.reals[1];
    world.director.set_routes(RouteTable::new(vec![Route {
        mtu: 1500,
        source: Some(world.virt),
        is_local: false,
        ..own_route(real)
    }]));
    let server = ServerSpec::new(real, 80, Forwarding::Tunnel(tunnel));
    world.apply(Command::AddServer { service: world.service, server });
    world.process(&make::tcp(world.request(4000), SYN, &[]), Side::Client);
    let mut buf = PacketBuf::from_packet(&make::tcp(world.request(4000), ACK, &[7; 10 * 1380]));
    let ip: u16 = if is_v6 { 40 } else { 20 };
    let kind = if is_v6 { GsoKind::TcpV6 } else { GsoKind::TcpV4 };
    buf.offload = Offload {
        checksum: Checksum::Partial { start: ip, offset: 16 },
        gso: Some(Gso { kind, size: 1380, ecn: false }),
        header_len: ip + 20,
    };
    (world, buf)
}

/// Every segment has an identification of its own, as `__ip_select_ident` reserves them, and none is lost where they
/// start again at 0.
#[test]
fn all_segments_of_a_super_packet_go_into_a_tunnel_with_numbers_in_a_row() {
    let (mut world, super_packet) = tunneled(false, Tunnel::default());
    world.director.outer_ids.store(65_530, Relaxed);
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let mut buf = super_packet.clone();
        let verdict = world.director.process(&mut buf, Side::Client, world.now, &mut world.outbox);
        assert_eq!(verdict, Verdict::Split);
        world.outbox.drain(|piece| {
            let bytes = piece.bytes();
            assert_eq!((bytes[9], bytes.len()), (protocol::IPIP, 20 + 40 + 1380));
            numbers.push(u16::from_be_bytes([bytes[4], bytes[5]]));
        });
    }
    let expected: Vec<u16> = (0..20).map(|at| 65_530_u16.wrapping_add(at)).collect();
    assert_eq!(numbers, expected);
}

/// The device is shown another number of GUE than what the checksum covers: `device/tunnel_offload` mends it.
#[test]
fn a_super_packet_goes_whole_into_a_tunnel_where_the_device_cuts_it() {
    let none = TunnelChecksum::None;
    let gre = Tunnel { kind: TunnelKind::Gre, checksum: none, ..Tunnel::default() };
    let gue = Tunnel { kind: TunnelKind::Gue, port: 5555, checksum: none };
    for (is_v6, tunnel, number, overhead) in [
        (false, Tunnel::default(), protocol::IPIP, 20),
        (false, gre, protocol::GRE, 24),
        (false, gue, protocol::UDP, 32),
        (true, Tunnel::default(), protocol::IPV6, 40),
        (true, gre, protocol::GRE, 44),
        (true, gue, protocol::UDP, 52),
    ] {
        let (mut world, mut buf) = tunneled(is_v6, tunnel);
        world.outbox = Outbox::towards(true);
        let inner = buf.bytes().to_vec();
        let before = buf.offload;
        let verdict = world.director.process(&mut buf, Side::Client, world.now, &mut world.outbox);
        assert_eq!(verdict, Verdict::Forward);
        assert_eq!(buf.bytes()[overhead..], inner);
        let Checksum::Partial { start, offset } = before.checksum else { panic!("it is partial") };
        let grown = overhead as u16;
        let expected = Offload {
            checksum: Checksum::Partial { start: start + grown, offset },
            gso: before.gso,
            header_len: before.header_len + grown,
        };
        assert_eq!(buf.offload, expected);
        let shown = if number == protocol::UDP { protocol::WHOLE_GUE } else { number };
        let at = if is_v6 { 6 } else { 9 };
        assert_eq!(buf.bytes()[at], shown);
        buf.bytes_mut()[at] = number;
        if !is_v6 {
            assert_eq!(checksum::plain(&buf.bytes()[..20]), 0);
        }
    }
}

/// A checksum over each segment, another family outside, or more than a packet can hold: packet by packet.
#[test]
fn a_super_packet_that_no_device_can_cut_inside_a_tunnel_is_cut_here() {
    let gre = Tunnel { kind: TunnelKind::Gre, checksum: TunnelChecksum::Full, ..Tunnel::default() };
    let gue = |checksum| Tunnel { kind: TunnelKind::Gue, port: 5555, checksum };
    for tunnel in [gre, gue(TunnelChecksum::Full), gue(TunnelChecksum::Remote)] {
        let (mut world, mut buf) = tunneled(false, tunnel);
        world.outbox = Outbox::towards(true);
        let verdict = world.director.process(&mut buf, Side::Client, world.now, &mut world.outbox);
        assert_eq!(verdict, Verdict::Split, "{tunnel:?}");
        let mut pieces = 0;
        world.outbox.drain(|piece| {
            assert_ne!(piece.bytes()[9], protocol::WHOLE_GUE);
            pieces += 1;
        });
        assert_eq!(pieces, 10);
    }
}

#[test]
fn services_whose_answers_all_go_past_the_host_are_named() {
    for (protocol, is_half_seen) in [(Protocol::Tcp, true), (Protocol::Sctp, true), (Protocol::Udp, false)] {
        let world = World::new(protocol, false);
        assert!(world.director.captures().half_seen.is_empty(), "all masqueraded");
        let forward = |real, forwarding| {
            let server = ServerSpec::new(real, 8080, forwarding);
            world.apply(Command::EditServer { service: world.service, server });
        };
        forward(world.reals[0], Forwarding::Route);
        assert!(world.director.captures().half_seen.is_empty(), "some answers come by here");
        forward(world.reals[1], Forwarding::Tunnel(Tunnel::default()));
        let wanted = is_half_seen.then_some((world.virt, protocol.number(), 80));
        assert_eq!(world.director.captures().half_seen, wanted.into_iter().collect());
    }
}
