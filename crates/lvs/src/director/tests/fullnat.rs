//! FULLNAT and hairpin: both ends rewritten, local ports, and what answers when there are none.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::*;
use crate::director::MOST_LADDRS;
use lvs_wire::{Ports, StreamPosition};

impl World {
    /// World whose servers are FULLNAT; local ends come from this subnet, or are the host's own.
    fn full_nat(protocol: Protocol, is_v6: bool, net: Option<&str>) -> Self {
        let mut world = Self::new(protocol, is_v6);
        let laddr_nets = net.map(|net| net.parse().unwrap()).into_iter().collect();
        world.director = Director::new(Settings { laddr_nets, ..Settings::default() });
        world.director.set_routes(two_links());
        world.apply(Command::AddService(ServiceSpec::new(world.service, "rr")));
        for real in world.reals {
            let server = ServerSpec::new(real, 8080, Forwarding::FullNat);
            world.apply(Command::AddServer { service: world.service, server });
        }
        world
    }

    fn with_syn(
        &mut self,
        client: IpAddr,
        port: u16,
        sequence: u32,
        stamp: Option<u32>,
    ) -> (Verdict, Vec<u8>) {
        let ends = Ends::new(client, port, self.virt, 80);
        let packet = segment(ends, SYN, sequence, stamp);
        self.process(&packet, Side::Client)
    }
}

/// A segment without payload that begins there, with a timestamp or none.
fn segment(ends: Ends, flags: u8, sequence: u32, stamp: Option<u32>) -> Vec<u8> {
    let mut packet = make::tcp(ends, flags, &[]);
    let l4 = packet.len() - 20;
    packet.truncate(l4);
    let mut tcp = [ends.src_port.to_be_bytes(), ends.dst_port.to_be_bytes()].concat();
    tcp.extend(sequence.to_be_bytes());
    tcp.extend([0, 0, 0, 1, if stamp.is_some() { 8 << 4 } else { 5 << 4 }, flags, 0xfa, 0xf0, 0, 0, 0, 0]);
    if let Some(stamp) = stamp {
        tcp.extend([1, 1, 8, 10]);
        tcp.extend(stamp.to_be_bytes());
        tcp.extend([0; 4]);
    }
    let sum = checksum::transport(ends.src, ends.dst, protocol::TCP, &tcp);
    tcp[16..18].copy_from_slice(&sum.to_be_bytes());
    make::ip(ends.src, ends.dst, protocol::TCP, 64, &tcp)
}

fn addr(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn both_ends_are_rewritten_there_and_back() {
    for (protocol, is_v6, net, local) in [
        (Protocol::Tcp, false, None, "192.168.56.181"),
        (Protocol::Tcp, true, None, "2001:db8:56::181"),
        (Protocol::Tcp, false, Some("10.5.0.7/32"), "10.5.0.7"),
        (Protocol::Udp, true, Some("fd05::7/128"), "fd05::7"),
        (Protocol::Udp, false, Some("10.5.0.7/32"), "10.5.0.7"),
    ] {
        let mut world = World::full_nat(protocol, is_v6, net);
        let make = |ends, flags| match protocol {
            Protocol::Tcp => make::tcp(ends, flags, b"x"),
            _ => make::udp(ends, b"x"),
        };
        let (verdict, bytes) = world.process(&make(world.request(4000), SYN), Side::Client);
        assert_eq!(verdict, Verdict::Forward);
        let sent = ends_of(&bytes);
        assert_eq!((sent.dst, sent.dst_port, sent.src), (world.reals[1], 8080, addr(local)));
        let range = if net.is_none() { DEFAULT_LADDR_PORTS } else { 1024..=u16::MAX };
        assert!(range.contains(&sent.src_port), "{}", sent.src_port);
        for side in [Side::Server, Side::Client] {
            let (verdict, bytes) = world.process(&make(sent.reversed(), SYN | ACK), side);
            assert_eq!(verdict, Verdict::Forward);
            let reply = ends_of(&bytes);
            assert_eq!((reply.src, reply.src_port), (world.virt, 80));
            assert_eq!((reply.dst, reply.dst_port), (world.client, 4000));
        }
        let (_, bytes) = world.process(&make(world.request(4000), ACK), Side::Client);
        let again = ends_of(&bytes);
        assert_eq!((again.src, again.src_port), (sent.src, sent.src_port));
        let conn = &world.conns()[0];
        assert_eq!((conn.client, conn.virt.addr), (Endpoint::new(world.client, 4000), world.virt));
        assert_eq!(conn.real, Endpoint::new(world.reals[1], 8080));
        assert_eq!(conn.local, Some(Endpoint::new(sent.src, sent.src_port)));
        let details = world.director.connections_from(0, &ConnFilter::default(), world.now).rows;
        assert_eq!(details[0].method, "FullNat");
        let question = Question { protocol, from: conn.client, to: conn.virt, mark: None };
        let explained = world.director.explain(&question, world.now);
        assert_eq!(explained.forwarding.as_deref(), Some("FullNat"));
        if protocol == Protocol::Tcp {
            assert_eq!((conn.state.as_str(), world.counts()), ("ESTABLISHED", vec![(0, 0), (1, 0)]));
        }
    }
}

#[test]
fn errors_are_rewritten_whole_in_both_directions() {
    for is_v6 in [false, true] {
        let net = if is_v6 { "fd05::7/128" } else { "10.5.0.7/32" };
        let local = addr(net.split('/').next().unwrap());
        let mut world = World::full_nat(Protocol::Udp, is_v6, Some(net));
        let (_, request) = world.process(&make::udp(world.request(4000), b"query"), Side::Client);
        let sent = ends_of(&request);
        let kind = if is_v6 { (1, 4) } else { (3, 3) };
        let seen = |world: &mut World, error: &[u8], side| {
            let (verdict, bytes) = world.process(error, side);
            assert_eq!(verdict, Verdict::Forward);
            let (headers, message) = icmp_of(&bytes);
            let quoted = Headers::parse_quoted(&message[8..]).unwrap();
            let Ports { src: src_port, dst: dst_port } = quoted.quoted_ports(&message[8..]).unwrap();
            ((headers.src, headers.dst), Ends::new(quoted.src, src_port, quoted.dst, dst_port))
        };
        // About the request, to the client.
        let error = make::icmp(world.reals[1], local, kind, 0, &request);
        let (outer, quoted) = seen(&mut world, &error, Side::Server);
        assert_eq!(outer, (world.virt, world.client));
        assert_eq!((quoted.src, quoted.src_port), (world.client, 4000));
        assert_eq!((quoted.dst, quoted.dst_port), (world.virt, 80));
        // About the reply, to the server.
        let (_, reply) = world.process(&make::udp(sent.reversed(), b"answer"), Side::Server);
        let error = make::icmp(world.client, world.virt, kind, 0, &reply);
        let (outer, quoted) = seen(&mut world, &error, Side::Client);
        assert_eq!(outer, (local, world.reals[1]));
        assert_eq!((quoted.src, quoted.src_port), (world.reals[1], 8080));
        assert_eq!((quoted.dst, quoted.dst_port), (local, sent.src_port));
    }
}

#[test]
fn one_local_port_serves_towards_several_servers() {
    let mut world = World::full_nat(Protocol::Udp, false, None);
    let mut seen = BTreeSet::new();
    let each = usize::from(DEFAULT_LADDR_PORTS.end() - DEFAULT_LADDR_PORTS.start()) + 1;
    for number in 0..2 * each {
        let client = Ipv4Addr::from_bits(0x1400_0000 + (number / 50_000) as u32);
        let ends = Ends::new(client.into(), 1024 + (number % 50_000) as u16, world.virt, 80);
        let (verdict, bytes) = world.process(&make::udp(ends, b"x"), Side::Client);
        assert_eq!(verdict, Verdict::Forward, "connection {number}");
        let sent = ends_of(&bytes);
        assert!(seen.insert((sent.dst, sent.src_port)), "{sent:?} was there already");
    }
    assert_eq!((seen.len(), each), (32_768, 16_384));
    let (verdict, _) = world.process(&make::udp(world.request(9), b"x"), Side::Client);
    assert_eq!(verdict, Verdict::Refuse(DropReason::NoLocalPort));
    let mut answers = Vec::new();
    world.outbox.drain(|packet| answers.push(packet.bytes().to_vec()));
    let headers = Headers::parse(&answers[0]).unwrap();
    assert_eq!((headers.src, headers.dst, headers.protocol), (world.virt, world.client, protocol::ICMP));
    assert_eq!(answers[0][20..22], [3, 3], "port unreachable");
    // A flow that was silent for half a minute gives its port up.
    world.now = world.now + Duration::from_secs(31);
    let (verdict, _) = world.process(&make::udp(world.request(9), b"x"), Side::Client);
    assert_eq!((verdict, world.director.conn_count()), (Verdict::Forward, 32_768));
}

/// One server, one local port, one connection that is in TIME_WAIT.
fn closed_world(stamp: Option<u32>) -> World {
    let mut world = with_ports(20_000..=20_000);
    let sent = world.serve_and_close(world.client, stamp);
    assert_eq!(sent.src_port, 20_000);
    world
}

/// One server, and these local ports.
fn with_ports(laddr_ports: RangeInclusive<u16>) -> World {
    let mut world = World::full_nat(Protocol::Tcp, false, None);
    world.director = Director::new(Settings { laddr_ports, ..Settings::default() });
    world.director.set_routes(two_links());
    world.apply(Command::AddService(ServiceSpec::new(world.service, "rr")));
    let server = ServerSpec::new(world.reals[1], 8080, Forwarding::FullNat);
    world.apply(Command::AddServer { service: world.service, server });
    world
}

impl World {
    /// A connection from port 4000 of a client, from sequence number 1000 to 1003, that the server closes first. As the
    /// server saw it.
    fn serve_and_close(&mut self, client: IpAddr, stamp: Option<u32>) -> Ends {
        let (verdict, bytes) = self.with_syn(client, 4000, 1000, stamp);
        assert_eq!(verdict, Verdict::Forward);
        let sent = ends_of(&bytes);
        self.answer(sent, SYN | ACK);
        let ends = Ends::new(client, 4000, self.virt, 80);
        self.process(&segment(ends, ACK, 1001, stamp), Side::Client);
        self.answer(sent, FIN);
        self.process(&segment(ends, FIN, 1001, stamp), Side::Client);
        self.process(&segment(ends, ACK, 1002, stamp), Side::Client);
        let state = |conn: &ConnEntry| conn.client.addr == client && conn.state == "TIME_WAIT";
        assert!(self.conns().iter().any(state));
        sent
    }
}

/// Packet that the server of a [`closed_world`] gets for another client's SYN.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Gets {
    Nothing,
    /// With this timestamp, or none.
    Syn(Option<u32>),
}

#[test]
fn a_port_in_time_wait_goes_to_whom_the_server_will_believe() {
    let other = addr("192.168.1.11");
    for (old, sequence, new, expected) in [
        (None, 5000, None, Gets::Syn(None)),
        (None, 1002, None, Gets::Nothing),
        (None, 900, None, Gets::Nothing),
        (None, 900, Some(7), Gets::Nothing),
        (None, 5000, Some(7), Gets::Syn(Some(7))),
        (Some(70), 900, Some(71), Gets::Syn(Some(71))),
        (Some(70), 5000, Some(70), Gets::Syn(Some(70))),
        (Some(70), 900, Some(70), Gets::Nothing),
        // An older timestamp would be refused, none is not.
        (Some(70), 5000, Some(60), Gets::Syn(None)),
        (Some(70), 900, Some(60), Gets::Nothing),
        (Some(70), 5000, None, Gets::Syn(None)),
        (Some(70), 900, None, Gets::Nothing),
        (Some(u32::MAX), 900, Some(3), Gets::Syn(Some(3))),
    ] {
        let is_taken = expected != Gets::Nothing;
        let mut world = closed_world(old);
        let (verdict, bytes) = world.with_syn(other, 4001, sequence, new);
        let got = match verdict {
            Verdict::Forward => {
                assert_eq!(ends_of(&bytes).src_port, 20_000);
                Gets::Syn(StreamPosition::of(&bytes[20..]).stamp)
            }
            verdict => {
                assert_eq!(verdict, Verdict::Refuse(DropReason::NoLocalPort));
                Gets::Nothing
            }
        };
        assert_eq!(got, expected, "{old:?} {sequence} {new:?}");
        if is_taken {
            let (_, again) = world.with_syn(other, 4001, sequence, new);
            assert_eq!(Gets::Syn(StreamPosition::of(&again[20..]).stamp), expected, "sent again");
        }
        let client = if is_taken { other } else { world.client };
        assert_eq!(world.conns().iter().map(|conn| conn.client.addr).collect::<Vec<_>>(), [client]);
        let mut answers = Vec::new();
        world.outbox.drain(|packet| answers.push(packet.bytes().to_vec()));
        match answers.as_slice() {
            [] => assert!(is_taken),
            [reset] => {
                let ends = ends_of(reset);
                assert_eq!((ends.src, ends.src_port, ends.dst, ends.dst_port), (world.virt, 80, other, 4001));
                assert_eq!(reset[33], TcpFlags::RST | ACK);
            }
            _ => panic!("{} answers", answers.len()),
        }
    }
}

#[test]
fn the_same_client_keeps_its_local_port() {
    let mut world = with_ports(20_000..=20_063);
    let first = world.serve_and_close(world.client, Some(70)).src_port;
    assert_eq!(world.serve_and_close(world.client, Some(71)).src_port, first, "from the same port");
    // Reset, and the SYN comes again.
    let (_, bytes) = world.with_syn(world.client, 4000, 2000, Some(72));
    world.answer(ends_of(&bytes), ACK);
    world.process(&segment(world.request(4000), TcpFlags::RST, 2001, None), Side::Client);
    assert_eq!(world.conns()[0].state, "CLOSE");
    let (_, again) = world.with_syn(world.client, 4000, 2000, Some(73));
    assert_eq!((ends_of(&bytes).src_port, ends_of(&again).src_port), (first, first));
    assert_eq!((world.director.conn_count(), world.director.conns.ports().in_use()), (1, 1));
}

#[test]
fn nobody_else_gets_a_port_that_the_server_remembers() {
    let mut world = with_ports(20_000..=20_031);
    let other = ServerSpec::new(world.reals[0], 8080, Forwarding::FullNat);
    let remembered = world.serve_and_close(world.client, Some(70));
    // The client's next connection goes to another server, which ends the first one.
    world.apply(Command::AddServer { service: world.service, server: other.clone() });
    let elsewhere = world.serve_and_close(world.client, Some(71));
    assert_eq!((elsewhere.dst, world.director.conn_count()), (world.reals[0], 1));
    world.apply(Command::DeleteServer { service: world.service, addr: other.addr, port: other.port });
    let clients = |first| (first..first + 31).map(|last| IpAddr::from([20, 0, 0, last]));
    for client in clients(1) {
        assert_ne!(ends_of(&world.with_syn(client, 1, 0, Some(1)).1).src_port, remembered.src_port);
    }
    let late = addr("20.1.0.1");
    let (verdict, _) = world.with_syn(late, 1, 900, Some(69));
    assert_eq!(verdict, Verdict::Refuse(DropReason::NoLocalPort), "the server would refuse it");
    let (verdict, bytes) = world.with_syn(late, 1, 900, Some(71));
    assert_eq!((verdict, ends_of(&bytes).src_port), (Verdict::Forward, remembered.src_port));
    // After a minute no server remembers it, wherever the new one begins.
    let mut world = closed_world(Some(70));
    world.now = world.now + Duration::from_millis(59_999);
    assert_eq!(world.with_syn(late, 1, 900, Some(69)).0, Verdict::Refuse(DropReason::NoLocalPort));
    world.now = world.now + Duration::from_millis(1);
    assert_eq!(world.with_syn(late, 1, 900, Some(69)).0, Verdict::Forward);
}

#[test]
fn ports_come_back_when_connections_end() {
    let mut world = closed_world(None);
    assert_eq!(world.director.conns.ports().in_use(), 1);
    world.pass_time(121);
    assert_eq!((world.director.conn_count(), world.director.conns.ports().in_use()), (0, 0));
    let (verdict, _) = world.with_syn(addr("192.168.1.11"), 4001, 0, None);
    assert_eq!(verdict, Verdict::Forward);
}

#[test]
fn a_full_table_keeps_no_port() {
    let mut world = World::full_nat(Protocol::Tcp, false, None);
    world.director = Director::new(Settings { max_conns: 1024, ..Settings::default() });
    world.director.set_routes(two_links());
    world.apply(Command::AddService(ServiceSpec::new(world.service, "rr")));
    let server = ServerSpec::new(world.reals[0], 80, Forwarding::FullNat);
    world.apply(Command::AddServer { service: world.service, server });
    for port in 2000..3100 {
        world.send(port, SYN);
    }
    assert_eq!((world.director.conn_count(), world.director.conns.ports().in_use()), (1024, 1024));
}

#[test]
fn clients_keep_their_address_and_overflow_to_the_next() {
    let mut world = World::full_nat(Protocol::Tcp, false, Some("10.5.0.0/24"));
    let locals: BTreeSet<IpAddr> = (1..200)
        .map(|last| {
            let client = IpAddr::from([20, 0, 0, last]);
            let of = |world: &mut World, port| ends_of(&world.with_syn(client, port, 0, None).1).src;
            let first = of(&mut world, 4000);
            assert_eq!(first, of(&mut world, 4001));
            first
        })
        .collect();
    assert!(locals.len() > 80, "clients are spread over {} addresses only", locals.len());
    let net: IpNet = "10.5.0.0/24".parse().unwrap();
    let all: Vec<IpAddr> = laddrs(&net).collect();
    assert_eq!(
        (all.len(), all.first(), all.last()),
        (254, Some(&addr("10.5.0.1")), Some(&addr("10.5.0.254")))
    );
    let wide: Vec<IpAddr> = laddrs(&"fd05::/64".parse().unwrap()).collect();
    assert_eq!((wide.len(), wide.first()), (MOST_LADDRS, Some(&addr("fd05::1"))));
}

#[test]
fn no_way_to_the_server_is_a_drop_with_a_reason() {
    let mut world = World::full_nat(Protocol::Tcp, false, None);
    world.director.set_routes(RouteTable::default());
    let (verdict, _) = world.process(&make::tcp(world.request(4000), SYN, b""), Side::Client);
    assert_eq!(verdict, Verdict::Drop(DropReason::NoWayToServer));
    assert_eq!(world.counts(), [(0, 0), (0, 0)]);
}

#[test]
fn answers_are_captured_by_their_source_only_without_addresses_of_their_own() {
    let world = World::full_nat(Protocol::Tcp, false, None);
    assert_eq!(world.director.captures().reals, BTreeSet::from(world.reals));
    let world = World::full_nat(Protocol::Tcp, false, Some("10.5.0.0/24"));
    assert_eq!(world.director.captures().reals, BTreeSet::new());
    let world = World::full_nat(Protocol::Tcp, true, Some("10.5.0.0/24"));
    assert_eq!(world.director.captures().reals, BTreeSet::from(world.reals));
}

#[test]
fn what_full_nat_cannot_do_is_refused() {
    let world = World::full_nat(Protocol::Udp, false, None);
    let mut spec = ServiceSpec::new(world.service, "rr");
    spec.one_packet = true;
    let refused = world.director.apply(&Command::EditService(spec.clone()), world.now);
    assert_eq!(refused, Err(CommandError::FullNatOnePacket));
    let virt = world.virt;
    let one_packet = ServiceKey::Address { protocol: Protocol::Udp, addr: virt, port: 53 };
    spec.key = one_packet;
    world.apply(Command::AddService(spec));
    let ftp = ServiceKey::Address { protocol: Protocol::Tcp, addr: virt, port: 21 };
    world.apply(Command::AddService(ServiceSpec::new(ftp, "rr")));
    for (service, error) in
        [(one_packet, CommandError::FullNatOnePacket), (ftp, CommandError::FullNatFtp(21))]
    {
        let server = ServerSpec::new(world.reals[0], 53, Forwarding::FullNat);
        assert_eq!(world.director.apply(&Command::AddServer { service, server }, world.now), Err(error));
    }
}

#[test]
fn a_client_on_the_servers_link_is_stood_for() {
    for is_v6 in [false, true] {
        let mut world = World::new(Protocol::Tcp, is_v6);
        let own = addr(if is_v6 { "2001:db8:56::181" } else { "192.168.56.181" });
        let neighbour = addr(if is_v6 { "2001:db8:56::7" } else { "192.168.56.7" });
        world.director.set_routes(two_links());
        for client in [neighbour, world.reals[1]] {
            let (verdict, bytes) = world.with_syn(client, 4000, 0, None);
            let sent = ends_of(&bytes);
            assert_eq!((verdict, sent.src), (Verdict::Forward, own));
            let reply = world.answer(sent, SYN | ACK);
            assert_eq!((reply.src, reply.dst, reply.dst_port), (world.virt, client, 4000));
        }
        // All others are seen by the server.
        let (_, bytes) = world.with_syn(world.client, 4000, 0, None);
        assert_eq!((ends_of(&bytes).src, ends_of(&bytes).src_port), (world.client, 4000));
    }
}

#[test]
fn hairpin_can_be_off_and_is_for_neighbours_only() {
    let mut world = World::new(Protocol::Tcp, false);
    let neighbour = addr("192.168.56.7");
    let mut routes = vec![Route {
        net: "192.168.56.0/24".parse().unwrap(),
        mtu: 1500,
        source: Some(addr("192.168.56.181")),
        interface: 2,
        gateway: None,
        is_local: false,
    }];
    world.director.set_routes(RouteTable::new(routes.clone()));
    assert_eq!(ends_of(&world.with_syn(neighbour, 1, 0, None).1).src, addr("192.168.56.181"));
    routes.push(Route {
        net: "192.168.56.7/32".parse().unwrap(),
        gateway: Some(addr("192.168.56.1")),
        ..routes[0]
    });
    world.director.set_routes(RouteTable::new(routes.clone()));
    assert_eq!(ends_of(&world.with_syn(neighbour, 2, 0, None).1).src, neighbour, "behind a gateway");
    routes[1] = Route { gateway: None, is_local: true, ..routes[1] };
    world.director.set_routes(RouteTable::new(routes.clone()));
    assert_eq!(ends_of(&world.with_syn(neighbour, 3, 0, None).1).src, neighbour, "the host itself");

    world.director = Director::new(Settings { hairpin: false, ..Settings::default() });
    world.director.set_routes(RouteTable::new(routes[..1].to_vec()));
    world.apply(Command::AddService(ServiceSpec::new(world.service, "rr")));
    let server = ServerSpec::new(world.reals[0], 80, Forwarding::Masq);
    world.apply(Command::AddServer { service: world.service, server });
    assert_eq!(ends_of(&world.with_syn(neighbour, 4, 0, None).1).src, neighbour, "switched off");
}

#[test]
fn servers_on_this_host_answer_an_address_of_nobody() {
    for is_v6 in [false, true] {
        let [client, real, inner] = if is_v6 {
            ["2001:db8:1::10", "2001:db8:56::184", "100::8"].map(addr)
        } else {
            ["192.168.1.10", "192.168.56.184", "192.0.0.8"].map(addr)
        };
        for (protocol, forwarding, is_client_here, source) in [
            (Protocol::Tcp, Forwarding::FullNat, false, inner),
            (Protocol::Udp, Forwarding::FullNat, true, inner),
            (Protocol::Tcp, Forwarding::Masq, true, client),
            (Protocol::Udp, Forwarding::Masq, true, inner),
            (Protocol::Udp, Forwarding::Masq, false, client),
        ] {
            let mut world = World::new(protocol, is_v6);
            let here =
                if is_client_here { vec![own_route(real), own_route(client)] } else { vec![own_route(real)] };
            world.director.set_routes(RouteTable::new(here));
            let server = ServerSpec::new(real, 8080, forwarding);
            world.apply(Command::EditServer { service: world.service, server });
            let packet = match protocol {
                Protocol::Tcp => make::tcp(world.request(4000), SYN, b""),
                _ => make::udp(world.request(4000), b"x"),
            };
            let (_, bytes) = world.process(&packet, Side::Client);
            assert_eq!(ends_of(&bytes).src, source, "{protocol} {forwarding:?} {is_client_here}");
        }
    }
    // The loopback address answers nobody else.
    let mut world = World::new(Protocol::Tcp, false);
    let server = ServerSpec::new(addr("127.0.0.1"), 8080, Forwarding::Masq);
    world.apply(Command::AddServer { service: world.service, server });
    let sent = ends_of(&world.with_syn(world.client, 4000, 0, None).1);
    assert_eq!((sent.src, sent.dst), (addr("192.0.0.8"), addr("127.0.0.1")));
    // A client that has the virtual address itself, where that is nobody's.
    let mut world = World::new(Protocol::Tcp, true);
    world.director.set_routes(two_links());
    let sent = ends_of(&world.with_syn(world.virt, 4000, 0, None).1);
    assert_eq!((sent.src, sent.dst), (addr("2001:db8:56::181"), world.reals[1]));
}

#[test]
fn packets_that_may_be_cut_get_identifications_of_their_own() {
    let mut world = World::full_nat(Protocol::Udp, false, None);
    let ids: BTreeSet<[u8; 2]> = (4000..4100)
        .map(|port| {
            let mut packet = make::udp(world.request(port), b"x");
            packet[6] = 0;
            let sum = checksum::plain(&[&packet[..10], &[0, 0], &packet[12..20]].concat());
            packet[10..12].copy_from_slice(&sum.to_be_bytes());
            let (_, bytes) = world.process(&packet, Side::Client);
            ends_of(&bytes);
            [bytes[4], bytes[5]]
        })
        .collect();
    assert_eq!(ids.len(), 100);
}
