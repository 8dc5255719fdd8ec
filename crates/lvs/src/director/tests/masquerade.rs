//! Masqueraded hosts: who leaves with which address, what comes back to them, and what is left alone.

use super::*;
use crate::director::Question;
use lvs_wire::{End, Ports, translate};

const OUTER: [&str; 2] = ["203.0.113.7", "2001:db8:9::7"];

impl World {
    /// The hosts of the servers' link are masqueraded; outside is behind the client's link.
    fn masquerading(protocol: Protocol, is_v6: bool, ports: RangeInclusive<u16>) -> Self {
        let mut world = Self::new(protocol, is_v6);
        let masquerade_nets = ["192.168.56.0/24", "2001:db8:56::/64"].map(|net| net.parse().unwrap()).into();
        let settings = Settings { masquerade_nets, laddr_ports: ports, ..Settings::default() };
        world.director = Director::new(settings);
        let mut routes = Vec::new();
        for (net, source, interface, is_local) in [
            ("0.0.0.0/0", "192.168.1.181", 1, false),
            ("192.168.1.0/24", "192.168.1.181", 1, false),
            ("192.168.1.181/32", "192.168.1.181", 1, true),
            ("192.168.56.0/24", "192.168.56.181", 2, false),
            ("192.168.56.181/32", "192.168.56.181", 2, true),
            ("::/0", "2001:db8:1::181", 1, false),
            ("2001:db8:1::/64", "2001:db8:1::181", 1, false),
            ("2001:db8:1::181/128", "2001:db8:1::181", 1, true),
            ("2001:db8:56::/64", "2001:db8:56::181", 2, false),
        ] {
            let source = Some(source.parse().unwrap());
            let net = net.parse().unwrap();
            routes.push(Route { net, mtu: 1500, source, interface, gateway: None, is_local });
        }
        world.director.set_routes(RouteTable::new(routes));
        world
    }

    fn serve(&self) {
        self.apply(Command::AddService(ServiceSpec::new(self.service, "rr")));
        for real in self.reals {
            let server = ServerSpec::new(real, 8080, Forwarding::Masq);
            self.apply(Command::AddServer { service: self.service, server });
        }
    }

    fn outwards(&self, port: u16) -> Ends {
        Ends::new(self.reals[0], port, addr(OUTER[usize::from(self.client.is_ipv6())]), 443)
    }

    fn own(&self) -> IpAddr {
        addr(if self.client.is_ipv6() { "2001:db8:1::181" } else { "192.168.1.181" })
    }

    fn masqueraded(&self) -> u64 {
        self.director.census().connections.masqueraded
    }
}

fn addr(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn made(protocol: Protocol, ends: Ends, flags: u8) -> Vec<u8> {
    match protocol {
        Protocol::Udp => make::udp(ends, b"x"),
        _ => make::tcp(ends, flags, b"x"),
    }
}

#[test]
fn connections_outwards_have_the_hosts_address_there_and_back() {
    for (protocol, is_v6) in
        [(Protocol::Tcp, false), (Protocol::Tcp, true), (Protocol::Udp, false), (Protocol::Udp, true)]
    {
        let mut world = World::masquerading(protocol, is_v6, DEFAULT_LADDR_PORTS);
        world.apply(Command::SetSysctl { name: "conn_max".to_owned(), value: "0".to_owned() });
        let asked = world.outwards(5555);
        let (verdict, bytes) = world.process(&made(protocol, asked, SYN), Side::Server);
        assert_eq!(verdict, Verdict::Forward);
        let sent = ends_of(&bytes);
        assert_eq!((sent.src, sent.dst, sent.dst_port), (world.own(), asked.dst, 443));
        assert!(DEFAULT_LADDR_PORTS.contains(&sent.src_port));
        let (verdict, bytes) = world.process(&made(protocol, sent.reversed(), SYN | ACK), Side::Server);
        assert_eq!(verdict, Verdict::Forward);
        let answer = ends_of(&bytes);
        assert_eq!((answer.src, answer.src_port, answer.dst), (asked.dst, 443, asked.src));
        assert_eq!(answer.dst_port, 5555);
        let (_, bytes) = world.process(&made(protocol, asked, ACK), Side::Server);
        assert_eq!(ends_of(&bytes).src_port, sent.src_port);
        assert_eq!((world.conns().len(), world.masqueraded()), (0, 1), "not among those of IPVS");
        let shown = world.director.connections_from(0, &ConnFilter::default(), world.now).rows;
        assert_eq!(shown[0].method, "Outward");
        // An idle TCP connection outlives those of services.
        world.pass_time(1200);
        assert_eq!(world.masqueraded(), u64::from(protocol == Protocol::Tcp));
        world.pass_time(8000);
        assert_eq!((world.masqueraded(), world.director.conns.ports().in_use()), (0, 0));
    }
}

#[test]
fn neighbours_the_host_itself_and_answers_are_left_alone() {
    let mut world = World::masquerading(Protocol::Tcp, false, DEFAULT_LADDR_PORTS);
    let [rs1, rs2] = world.reals;
    let outer = world.outwards(5555).dst;
    for to in [rs2, addr("192.168.1.181"), addr("192.168.56.181"), addr("224.0.0.1"), addr("255.255.255.255")]
    {
        let packet = make::tcp(Ends::new(rs1, 5555, to, 80), SYN, b"");
        assert_eq!(world.process(&packet, Side::Server).0, Verdict::Pass, "{to}");
        let packet = make::udp(Ends::new(rs1, 5555, to, 80), b"");
        assert_eq!(world.process(&packet, Side::Server).0, Verdict::Pass, "{to}");
    }
    // Answers to who asked a server past the director, and packets from elsewhere.
    for flags in [SYN | ACK, ACK, TcpFlags::RST] {
        let packet = make::tcp(Ends::new(rs1, 22, outer, 5555), flags, b"");
        assert_eq!(world.process(&packet, Side::Server).0, Verdict::Pass);
    }
    let stranger = make::tcp(Ends::new(addr("10.7.7.7"), 5555, outer, 80), SYN, b"");
    assert_eq!(world.process(&stranger, Side::Server).0, Verdict::Pass);
    let reply = make::tcp(Ends::new(outer, 80, addr("192.168.1.181"), 20_000), ACK, b"");
    assert_eq!(world.process(&reply, Side::Server).0, Verdict::Pass, "the host's own");
    assert_eq!(world.director.conn_count(), 0);
    let question = make::udp(Ends::new(outer, 5353, rs1, 53), b"?");
    assert_eq!(world.process(&question, Side::Server), (Verdict::Pass, with_hop(&question)));
    let answer = make::udp(Ends::new(rs1, 53, outer, 5353), b"!");
    assert_eq!(world.process(&answer, Side::Server), (Verdict::Pass, with_hop(&answer)));
    assert_eq!((world.masqueraded(), world.conns().len()), (0, 0));
}

/// As the host has it back: with the hop that it took.
fn with_hop(packet: &[u8]) -> Vec<u8> {
    let mut packet = packet.to_vec();
    let mut headers = Headers::parse(&packet).unwrap();
    lvs_wire::add_hop(&mut packet, &mut headers);
    packet
}

#[test]
fn services_come_first() {
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let mut world = World::masquerading(protocol, false, DEFAULT_LADDR_PORTS);
        world.serve();
        let (verdict, bytes) = world.process(&made(protocol, world.request(4000), SYN), Side::Client);
        assert_eq!(verdict, Verdict::Forward);
        let (_, bytes) = world.process(&made(protocol, ends_of(&bytes).reversed(), SYN | ACK), Side::Server);
        assert_eq!(ends_of(&bytes).src, world.virt);
        // Of a server, but of no connection: no answer may leave with another address.
        let late = Ends::new(world.reals[0], 8080, world.client, 4999);
        let (verdict, _) = world.process(&made(protocol, late, SYN | ACK), Side::Server);
        assert_eq!((verdict, world.masqueraded()), (Verdict::Pass, 0));
        let (verdict, bytes) = world.process(&made(protocol, world.outwards(5555), SYN), Side::Server);
        assert_eq!((verdict, ends_of(&bytes).src), (Verdict::Forward, world.own()));
        assert_eq!((world.masqueraded(), world.conns().len()), (1, 1));
    }
}

#[test]
fn echo_goes_by_identifiers() {
    for is_v6 in [false, true] {
        let mut world = World::masquerading(Protocol::Tcp, is_v6, 20_000..=20_001);
        let (rs1, rs2, outer) = (world.reals[0], world.reals[1], world.outwards(1).dst);
        let (request, reply) = if is_v6 { (128, 129) } else { (8, 0) };
        let word = |id: u16| u32::from(id) << 16 | 7;
        let mut ids = Vec::new();
        for from in [rs1, rs2] {
            let packet = make::icmp(from, outer, (request, 0), word(99), b"payload");
            let (verdict, bytes) = world.process(&packet, Side::Server);
            assert_eq!(verdict, Verdict::Forward);
            let (headers, message) = icmp_of(&bytes);
            assert_eq!((headers.src, headers.dst), (world.own(), outer));
            ids.push(u16::from_be_bytes([message[4], message[5]]));
            let back = make::icmp(outer, world.own(), (reply, 0), word(ids[ids.len() - 1]), b"payload");
            let (verdict, bytes) = world.process(&back, if is_v6 { Side::Client } else { Side::Server });
            assert_eq!(verdict, Verdict::Forward);
            let (headers, message) = icmp_of(&bytes);
            assert_eq!(
                (headers.src, headers.dst, &message[4..8]),
                (outer, from, &word(99).to_be_bytes()[..])
            );
            // A router on the way complains of the request.
            let mut sent = packet.clone();
            let parsed = Headers::parse(&sent).unwrap();
            let own = (world.own(), ids[ids.len() - 1]);
            translate(&mut sent, &parsed, End::Source, own, &mut Offload::default());
            let router = addr(if is_v6 { "2001:db8:7::1" } else { "198.51.100.1" });
            let kind = if is_v6 { (3, 0) } else { (11, 0) };
            let error = make::icmp(router, world.own(), kind, 0, &sent);
            let (verdict, bytes) = world.process(&error, Side::Server);
            assert_eq!(verdict, Verdict::Forward);
            let (headers, message) = icmp_of(&bytes);
            assert_eq!((headers.src, headers.dst), (router, from));
            let quoted = Headers::parse(&message[8..]).unwrap();
            assert_eq!((quoted.src, quoted.dst), (from, outer));
            assert_eq!(&message[8 + quoted.l4 + 4..], &packet[quoted.l4 + 4..], "its own identifier");
        }
        ids.sort_unstable();
        assert_eq!(ids, [20_000, 20_001]);
        let third = make::icmp(rs1, outer, (request, 0), word(100), b"");
        assert_eq!(world.process(&third, Side::Server).0, Verdict::Refuse(DropReason::NoLocalPort));
        // One that was silent for half a minute gives its identifier up.
        world.pass_time(31);
        assert_eq!(world.process(&third, Side::Server).0, Verdict::Forward);
        let own = make::icmp(outer, world.own(), (reply, 0), word(7), b"");
        assert_eq!(world.process(&own, Side::Server).0, Verdict::Pass, "an answer to the host");
        assert_eq!(world.process(&third, Side::Client).0, Verdict::Pass, "from elsewhere");
    }
}

/// The sum of what an error quotes stays as it was.
fn quoted_ends(bytes: &[u8]) -> Ends {
    let headers = Headers::parse_quoted(bytes).unwrap();
    let Ports { src: src_port, dst: dst_port } = headers.quoted_ports(bytes).unwrap();
    Ends::new(headers.src, src_port, headers.dst, dst_port)
}

#[test]
fn errors_reach_who_is_concerned() {
    for is_v6 in [false, true] {
        let mut world = World::masquerading(Protocol::Udp, is_v6, DEFAULT_LADDR_PORTS);
        let asked = make::udp(world.outwards(5555), b"question");
        let (_, sent) = world.process(&asked, Side::Server);
        let unreachable = if is_v6 { (1, 4) } else { (3, 3) };
        let ends = ends_of(&sent);
        let error = make::icmp(ends.dst, ends.src, unreachable, 0, &sent);
        let (verdict, bytes) = world.process(&error, Side::Server);
        assert_eq!(verdict, Verdict::Forward);
        let (headers, message) = icmp_of(&bytes);
        assert_eq!((headers.src, headers.dst), (ends.dst, world.reals[0]));
        let quoted = quoted_ends(&message[8..]);
        assert_eq!((quoted.src, quoted.src_port, quoted.dst), (world.reals[0], 5555, ends.dst));
        // The other way: a real server's own complaint about an answer.
        let (_, answer) = world.process(&make::udp(ends.reversed(), b"answer"), Side::Server);
        let error = make::icmp(world.reals[0], ends.dst, unreachable, 0, &answer);
        let (verdict, bytes) = world.process(&error, Side::Server);
        assert_eq!(verdict, Verdict::Forward);
        let (headers, message) = icmp_of(&bytes);
        assert_eq!((headers.src, headers.dst), (world.own(), ends.dst));
        let quoted = quoted_ends(&message[8..]);
        assert_eq!((quoted.dst, quoted.dst_port), (world.own(), ends.src_port));
    }
}

#[test]
fn who_finds_no_port_is_told() {
    let mut world = World::masquerading(Protocol::Tcp, false, 20_000..=20_000);
    assert_eq!(world.process(&make::tcp(world.outwards(1), SYN, b""), Side::Server).0, Verdict::Forward);
    let (verdict, _) = world.process(&make::tcp(world.outwards(2), SYN, b""), Side::Server);
    assert_eq!(verdict, Verdict::Refuse(DropReason::NoLocalPort));
    let mut answers = Vec::new();
    world.outbox.drain(|packet| answers.push(ends_of(packet.bytes())));
    assert_eq!((answers.len(), answers[0].dst, answers[0].dst_port), (1, world.reals[0], 2));
    // Towards another destination there is one.
    let other = Ends::new(world.reals[0], 2, addr("203.0.113.8"), 443);
    assert_eq!(world.process(&make::tcp(other, SYN, b""), Side::Server).0, Verdict::Forward);
}

#[test]
fn pieces_leave_as_pieces() {
    let mut world = World::masquerading(Protocol::Udp, true, DEFAULT_LADDR_PORTS);
    let whole = make::udp(world.outwards(5555), &[7; 3000]);
    let pieces = lvs_wire::cut(&whole, 1400, 9);
    let mut verdicts = Vec::new();
    let mut sent = Vec::new();
    for piece in &pieces {
        let (verdict, bytes) = world.process(piece, Side::Server);
        verdicts.push(verdict);
        if verdict == Verdict::Forward {
            sent.push(bytes);
        }
    }
    world.outbox.drain(|packet| sent.push(packet.bytes().to_vec()));
    assert_eq!(verdicts, [Verdict::Hold, Verdict::Hold, Verdict::Forward]);
    assert_eq!(sent.len(), pieces.len());
    for (piece, before) in sent.iter().zip(&pieces) {
        assert_eq!((Headers::parse(piece).unwrap().src, piece.len()), (world.own(), before.len()));
    }
    // An answer of echo that the host put together is cut for the way.
    let rs1 = world.reals[0];
    let outer = world.outwards(1).dst;
    let (_, bytes) = world.process(&make::icmp(rs1, outer, (128, 0), 0, &[1; 100]), Side::Server);
    let id = u32::from_be_bytes(bytes[44..48].try_into().unwrap());
    let answer = make::icmp(outer, world.own(), (129, 0), id, &[1; 4000]);
    assert_eq!(world.process(&answer, Side::Client).0, Verdict::Forward);
    let mut rest = 0;
    world.outbox.drain(|_| rest += 1);
    assert_eq!(rest, 2);
}

#[test]
fn who_asks_learns_that_it_would_go_out() {
    let world = World::masquerading(Protocol::Tcp, false, DEFAULT_LADDR_PORTS);
    let ends = world.outwards(5555);
    let question = Question {
        protocol: Protocol::Tcp,
        from: Endpoint::new(ends.src, 5555),
        to: Endpoint::new(ends.dst, 443),
        mark: None,
    };
    let reasons = world.director.explain(&question, world.now).reasons;
    assert!(reasons[reasons.len() - 1].contains("sends it out from 192.168.1.181"), "{reasons:?}");
}
