//! Tables carried from one director to another: after any packets and commands the second is as the first, and goes on
//! as it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use proptest::prelude::*;

use super::*;
use crate::conn::record::UnreadableExport;
use crate::conn::{ConnKey, Role};
use crate::director::{ImportSummary, PinnedFlow, Question, Skipped};
use crate::service::{ClientAddrMode, Endpoint, Family, Persistence, ProxyVersion};

mod mirrored;
mod restored;

/// One thing that happens to a director.
#[derive(Clone, Debug)]
enum Step {
    /// A segment or datagram of a client to a service.
    Client {
        service: usize,
        client: u8,
        port: u16,
        flags: usize,
        text: usize,
    },
    /// One of a server, about what came to it once.
    Server {
        about: usize,
        flags: usize,
        text: usize,
    },
    /// A masqueraded host opens something outwards.
    Outward {
        port: u16,
        is_echo: bool,
    },
    Pass {
        millis: u64,
    },
    /// A server is removed, or comes back.
    Turn {
        service: usize,
        server: usize,
    },
}

const FLAGS: [u8; 6] = [SYN, ACK, FIN, TcpFlags::RST, ACK | TcpFlags::PSH, SYN | ACK];

const CLIENT_TEXTS: [&[u8]; 5] = [
    b"",
    b"x",
    b"PASV\r\n",
    b"PORT 192,168,1,11,4,1\r\n",
    b"INVITE sip:a@example.org SIP/2.0\r\nCall-ID: one@192.0.2.1\r\n\r\n",
];

const SERVER_TEXTS: [&[u8]; 3] = [b"", b"y", b"227 Entering Passive Mode (192,168,56,183,200,1).\r\n"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let client = (0..SERVICES, 0u8..3, 4000u16..4004, 0..FLAGS.len(), 0..CLIENT_TEXTS.len());
    let client = client.prop_map(|(service, client, port, flags, text)| Step::Client {
        service,
        client,
        port,
        flags,
        text,
    });
    let server = (any::<usize>(), 0..FLAGS.len(), 0..SERVER_TEXTS.len());
    let server = server.prop_map(|(about, flags, text)| Step::Server { about, flags, text });
    let outward = (5000u16..5003, any::<bool>()).prop_map(|(port, is_echo)| Step::Outward { port, is_echo });
    // Whole ticks: a connection is looked at when the tick of its deadline has come.
    let pass = (0u64..80).prop_map(|ticks| Step::Pass { millis: ticks * 250 });
    let turn = (0..SERVICES, 0usize..2).prop_map(|(service, server)| Step::Turn { service, server });
    let step = prop_oneof![8 => client, 8 => server, 1 => outward, 2 => pass, 1 => turn];
    proptest::collection::vec(step, 1..60)
}

const SERVICES: usize = 13;

fn declared() -> [(ServiceSpec, Forwarding); SERVICES] {
    let virt: IpAddr = [192, 168, 1, 183].into();
    let key = |protocol, port| ServiceKey::Address { protocol, addr: virt, port };
    let (tcp, udp) = (|port| key(Protocol::Tcp, port), |port| key(Protocol::Udp, port));
    let v6 =
        ServiceKey::Address { protocol: Protocol::Tcp, addr: "2001:db8:1::183".parse().unwrap(), port: 80 };
    let mark = ServiceKey::Mark { mark: 7, family: Family::V4 };
    let gue = Tunnel { kind: TunnelKind::Gue, port: 6080, checksum: TunnelChecksum::Remote };
    let spec = |key, scheduler: &str, change: fn(&mut ServiceSpec)| {
        let mut spec = ServiceSpec::new(key, scheduler);
        change(&mut spec);
        spec
    };
    let persistent = |spec: &mut ServiceSpec| {
        spec.persistence = Some(Persistence { timeout: 50, mask: 0xffff_ff00 });
    };
    [
        (spec(tcp(80), "wrr", |_| {}), Forwarding::Masq),
        (spec(tcp(21), "rr", persistent), Forwarding::Masq),
        (
            spec(tcp(81), "rr", |spec| spec.client_addr_mode = Some(ClientAddrMode::Proxy(ProxyVersion::V1))),
            Forwarding::FullNat,
        ),
        (
            spec(tcp(82), "rr", |spec| spec.client_addr_mode = Some(ClientAddrMode::Proxy(ProxyVersion::V2))),
            Forwarding::Masq,
        ),
        (spec(tcp(83), "rr", |spec| spec.client_addr_mode = Some(ClientAddrMode::Toa)), Forwarding::FullNat),
        (spec(tcp(84), "lc", |spec| spec.rst_on_expire = true), Forwarding::Masq),
        (spec(udp(53), "wlc", |_| {}), Forwarding::FullNat),
        (
            spec(udp(5060), "rr", |spec| {
                spec.engine = Some("sip".to_owned());
                spec.persistence = Some(Persistence { timeout: 60, mask: u32::MAX });
            }),
            Forwarding::Masq,
        ),
        (spec(tcp(85), "sh", persistent), Forwarding::Tunnel(gue)),
        (spec(v6, "rr", |_| {}), Forwarding::Route),
        (spec(mark, "rr", persistent), Forwarding::Masq),
        (spec(key(Protocol::Sctp, 90), "rr", |_| {}), Forwarding::Masq),
        (spec(udp(54), "rr", |_| {}), Forwarding::Bypass),
    ]
}

fn servers(key: &ServiceKey, forwarding: Forwarding) -> [ServerSpec; 2] {
    [183u16, 184].map(|host| {
        let addr = match key.family() {
            Family::V4 => [192, 168, 56, host as u8].into(),
            Family::V6 => IpAddr::from([0x2001, 0xdb8, 0x56, 0, 0, 0, 0, host]),
        };
        let mut spec = ServerSpec::new(addr, key.port(), forwarding);
        spec.weight = i32::from(host) - 181;
        spec
    })
}

/// A director, and all that came out of it.
struct Carried {
    director: Arc<Director>,
    now: Time,
    outbox: Outbox,
    commands: Vec<Command>,
    /// Packets that came to servers, by side of their answers.
    arrived: Vec<Vec<u8>>,
}

impl Carried {
    fn new(seed: u64) -> Self {
        let settings = Settings {
            seed,
            laddr_nets: vec!["10.3.0.0/30".parse().unwrap()],
            masquerade_nets: vec!["192.168.56.0/24".parse().unwrap()],
            ..Settings::default()
        };
        let mut this = Self {
            director: Arc::new(Director::new(settings)),
            now: Time::from_secs(1000),
            outbox: Outbox::default(),
            commands: Vec::new(),
            arrived: Vec::new(),
        };
        let route = |net: &str, source: &str, interface, is_local| Route {
            net: net.parse().unwrap(),
            mtu: 1500,
            source: Some(source.parse().unwrap()),
            interface,
            gateway: None,
            is_local,
        };
        this.director.set_routes(RouteTable::new(vec![
            route("0.0.0.0/0", "192.168.1.181", 1, false),
            route("192.168.1.0/24", "192.168.1.181", 1, false),
            route("192.168.1.181/32", "192.168.1.181", 1, true),
            route("192.168.56.0/24", "192.168.56.181", 2, false),
        ]));
        for (spec, forwarding) in declared() {
            let service = spec.key;
            this.apply(Command::AddService(spec));
            for server in servers(&service, forwarding) {
                this.apply(Command::AddServer { service, server });
            }
        }
        this
    }

    fn apply(&mut self, command: Command) {
        self.director.apply(&command, self.now).unwrap();
        self.commands.push(command);
    }

    fn process(&mut self, packet: &[u8], side: Side) -> (Verdict, Vec<Vec<u8>>) {
        let mut buf = PacketBuf::from_packet(packet);
        let verdict = self.director.process(&mut buf, side, self.now, &mut self.outbox);
        let mut out = vec![buf.bytes().to_vec()];
        self.outbox.drain(|packet| out.push(packet.bytes().to_vec()));
        (verdict, out)
    }

    fn pass(&mut self, millis: u64) -> Vec<Vec<u8>> {
        self.now = self.now + Duration::from_millis(millis);
        while self.director.handle_timeout(self.now) {}
        self.director.repeat(self.now, &mut self.outbox);
        let mut buf = PacketBuf::new();
        let mut out = Vec::new();
        while let Some(verdict) = self.director.next_reset(&mut buf, self.now, &mut self.outbox) {
            out.extend((verdict == Verdict::Forward).then(|| buf.bytes().to_vec()));
        }
        self.outbox.drain(|packet| out.push(packet.bytes().to_vec()));
        out.sort_unstable();
        out
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Client { service, client, port, flags, text } => {
                let (spec, _) = &declared()[service];
                let packet = client_packet(&spec.key, (client, port), (FLAGS[flags], CLIENT_TEXTS[text]));
                let (verdict, mut out) = self.process(&packet, side_of(&spec.key));
                if verdict == Verdict::Forward {
                    self.arrived.append(&mut out);
                }
            }
            Step::Server { about, flags, text } => {
                let Some(about) = self.arrived.get(about % self.arrived.len().max(1)).cloned() else {
                    return;
                };
                if let Some(answer) = answer_to(&about, FLAGS[flags], SERVER_TEXTS[text]) {
                    self.process(&answer, Side::Server);
                }
            }
            Step::Outward { port, is_echo } => {
                let (from, to) = ([192, 168, 56, 200].into(), [203, 0, 113, 9].into());
                let packet = match is_echo {
                    true => make::icmp(from, to, (8, 0), u32::from(port) << 16, b"echo"),
                    false => make::udp(Ends::new(from, port, to, 443), b"out"),
                };
                self.process(&packet, Side::Server);
            }
            Step::Pass { millis } => {
                self.pass(millis);
            }
            Step::Turn { service, server } => {
                let (spec, forwarding) = &declared()[service];
                let server = servers(&spec.key, *forwarding)[server].clone();
                let (addr, port) = (server.addr, server.port);
                let service = spec.key;
                let is_there = services(&self.director, self.now)[&service]
                    .servers
                    .iter()
                    .any(|entry| entry.spec.endpoint() == server.endpoint());
                self.apply(match is_there {
                    true => Command::DeleteServer { service, addr, port },
                    false => Command::AddServer { service, server },
                });
            }
        }
    }

    /// Another director with the same tables, which takes over what this one has.
    fn successor(&self, export: &[u8]) -> (Self, ImportSummary) {
        let mut other = Self::new(99);
        other.now = self.now;
        for command in &self.commands[other.commands.len()..] {
            other.director.apply(command, other.now).unwrap();
        }
        let summary = other.director.import(export, other.now).unwrap();
        // What draws and identifications come next is no matter of connections.
        other.director.outer_ids.store(self.director.outer_ids.load(Relaxed), Relaxed);
        other.director.draws.store(self.director.draws.load(Relaxed), Relaxed);
        (other, summary)
    }

    fn conns(&self) -> Vec<ConnEntry> {
        let mut conns: Vec<ConnEntry> = self.director.entries(self.now).flatten().collect();
        conns.sort_by_key(|conn| format!("{conn:?}"));
        conns
    }
}

fn side_of(key: &ServiceKey) -> Side {
    match *key {
        ServiceKey::Mark { mark, .. } => Side::Mark(mark),
        ServiceKey::Address { .. } => Side::Client,
    }
}

fn client_end(key: &ServiceKey, (client, port): (u8, u16)) -> Endpoint {
    let addr = match key.family() {
        Family::V4 => [192, 168, 1, 10 + client].into(),
        Family::V6 => IpAddr::from([0x2001, 0xdb8, 1, 0, 0, 0, 0, 10 + u16::from(client)]),
    };
    Endpoint::new(addr, port)
}

fn virtual_end(key: &ServiceKey) -> (u8, Endpoint) {
    match *key {
        ServiceKey::Mark { .. } => (protocol::TCP, Endpoint::new([192, 168, 1, 190].into(), 88)),
        ServiceKey::Address { protocol, addr, port } => (protocol.number(), Endpoint::new(addr, port)),
    }
}

fn client_packet(key: &ServiceKey, client: (u8, u16), (flags, text): (u8, &[u8])) -> Vec<u8> {
    let (from, (protocol, to)) = (client_end(key, client), virtual_end(key));
    packet(protocol, Ends::new(from.addr, from.port, to.addr, to.port), flags, text)
}

fn packet(protocol: u8, ends: Ends, flags: u8, text: &[u8]) -> Vec<u8> {
    match protocol {
        protocol::TCP if flags & SYN != 0 => make::tcp(ends, flags, &[]),
        protocol::TCP => {
            let mut packet = make::tcp(ends, flags, text);
            let at = if ends.src.is_ipv6() { 40 } else { 20 };
            // Behind the SYN of the same end.
            packet[at + 7] = 2;
            packet[at + 11] = 2;
            packet[at + 16..at + 18].fill(0);
            let sum = checksum::transport(ends.src, ends.dst, protocol::TCP, &packet[at..]);
            packet[at + 16..at + 18].copy_from_slice(&sum.to_be_bytes());
            packet
        }
        protocol::UDP => make::udp(ends, text),
        _ => {
            let chunk = [1, 2, 10, 11, 7, 6][usize::from(flags) % 6];
            let mut segment = [ends.src_port.to_be_bytes(), ends.dst_port.to_be_bytes()].concat();
            segment.extend([0, 0, 0, 1, 0, 0, 0, 0, chunk, 0, 0, 4]);
            let sum = lvs_wire::sctp::crc32c(&segment);
            segment[8..12].copy_from_slice(&sum.to_le_bytes());
            make::ip(ends.src, ends.dst, protocol, 64, &segment)
        }
    }
}

/// Answer of the server to a packet of a connection that comes back here.
fn answer_to(about: &[u8], flags: u8, text: &[u8]) -> Option<Vec<u8>> {
    let headers = Headers::parse(about).ok()?;
    if !matches!(headers.protocol, protocol::TCP | protocol::UDP | protocol::SCTP) {
        return None;
    }
    let port = |at: usize| u16::from_be_bytes([about[headers.l4 + at], about[headers.l4 + at + 1]]);
    let ends = Ends::new(headers.dst, port(2), headers.src, port(0));
    Some(packet(headers.protocol, ends, flags, text))
}

/// Whether it belongs to a connection that is there; else a masqueraded host begins one, with a port of its director's choice.
fn is_answer(this: &Carried, answer: &[u8]) -> bool {
    let headers = Headers::parse(answer).unwrap();
    let port = |at: usize| u16::from_be_bytes([answer[headers.l4 + at], answer[headers.l4 + at + 1]]);
    let (from, to) = (Endpoint::new(headers.src, port(0)), Endpoint::new(headers.dst, port(2)));
    let key = ConnKey::new(Role::Out, headers.protocol, from, to);
    this.director.conns.peek(&key, this.now).is_some()
}

fn services(director: &Director, now: Time) -> BTreeMap<ServiceKey, ServiceEntry> {
    let Reply::Services(services) = director.query(&Query::Services, now).unwrap() else {
        panic!("not services")
    };
    let without_rates = |mut service: ServiceEntry| {
        service.rates = Default::default();
        service.servers.iter_mut().for_each(|server| server.rates = Default::default());
        (service.spec.key, service)
    };
    services.into_iter().map(without_rates).collect()
}

/// Whether both list the same.
fn assert_alike(one: &Carried, other: &Carried) {
    assert_eq!(one.conns(), other.conns());
    let (ones, others) = (services(&one.director, one.now), services(&other.director, other.now));
    for (one, other) in ones.values().zip(others.values()) {
        assert_eq!(one, other);
    }
    let total = |this: &Carried| this.director.services.read().total_stats();
    assert_eq!(total(one), total(other));
    assert_eq!(one.director.conns.ports().in_use(), other.director.conns.ports().in_use());
    assert_eq!(one.director.conns.masqueraded(), other.director.conns.masqueraded());
    assert_eq!(one.director.conns.of_services(), other.director.conns.of_services());
    for conn in one.conns() {
        let Some(protocol) = Protocol::from_number(conn.protocol) else { continue };
        let question = Question { protocol, from: conn.client, to: conn.virt, mark: None };
        let explained = |this: &Carried| this.director.explain(&question, this.now);
        assert_eq!(explained(one), explained(other), "{question:?}");
    }
}

/// Every packet of a connection that is there, from both ends, meets the same in both, and so does the passing of time.
fn go_on_alike(first: &mut Carried, second: &mut Carried, later: &[Step]) {
    let arrived = first.arrived.clone();
    for step in later {
        let (packet, side) = match *step {
            Step::Client { service, client, port, flags, text } => {
                let (spec, forwarding) = &declared()[service];
                let end = client_end(&spec.key, (client, port));
                let is_known = |conn: &ConnEntry| {
                    conn.client == end && conn.virt == virtual_end(&spec.key).1 && conn.expires_in_ms > 0
                };
                // Which local port a new connection gets is each director's own choice.
                let may_be_new = *forwarding == Forwarding::FullNat && FLAGS[flags] & SYN != 0;
                if may_be_new || !first.conns().iter().any(is_known) {
                    continue;
                }
                let said = (FLAGS[flags], CLIENT_TEXTS[text]);
                (client_packet(&spec.key, (client, port), said), side_of(&spec.key))
            }
            Step::Server { about, flags, text } => {
                let Some(about) = arrived.get(about % arrived.len().max(1)) else { continue };
                let Some(answer) = answer_to(about, FLAGS[flags], SERVER_TEXTS[text]) else { continue };
                if !is_answer(first, &answer) {
                    continue;
                }
                (answer, Side::Server)
            }
            Step::Pass { .. } | Step::Outward { .. } | Step::Turn { .. } => continue,
        };
        let told = first.process(&packet, side);
        assert_eq!(told, second.process(&packet, side));
    }
    assert_alike(first, second);
    for _ in 0..60 {
        assert_eq!(first.pass(25_000), second.pass(25_000));
    }
    assert_eq!(first.director.conn_count(), second.director.conn_count());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn a_successor_goes_on_as_its_predecessor_would(steps in steps(), later in steps()) {
        let mut first = Carried::new(1);
        steps.iter().for_each(|step| first.step(step));
        first.pass(0);
        let export = first.director.export_all(first.now);
        let (mut second, summary) = first.successor(&export);
        prop_assert_eq!(summary.skipped, Skipped::default());
        prop_assert_eq!((summary.is_whole, summary.damage, summary.orphans), (true, None, 0));
        let found = first.director.conn_count() as u64;
        prop_assert_eq!(summary.connections + summary.templates, found);
        assert_alike(&first, &second);
        prop_assert_eq!(second.director.export_all(second.now), export, "an export of an import is the export");

        go_on_alike(&mut first, &mut second, &later);
    }

    /// After a kill counters go on from where they were, though connections come by another way.
    #[test]
    fn counters_go_on_in_the_next_director(steps in steps()) {
        let mut first = Carried::new(1);
        steps.iter().for_each(|step| first.step(step));
        let mut stored = Vec::new();
        first.director.store_counters(&mut stored, first.now);
        let second = Carried::new(99);
        for command in &first.commands[second.commands.len()..] {
            second.director.apply(command, first.now).unwrap();
        }
        let summary = second.director.restore_counters(&stored, first.now).unwrap();
        prop_assert_eq!((summary.is_whole, summary.damage), (true, None));
        let counted = |this: &Carried| {
            let services = services(&this.director, first.now).into_values();
            let counted: Vec<_> = services
                .map(|service| {
                    let of_servers = service.servers.iter().map(|server| (server.spec.endpoint(), server.stats));
                    (service.spec.key, service.stats, of_servers.collect::<Vec<_>>())
                })
                .collect();
            (counted, this.director.services.read().total_stats())
        };
        prop_assert_eq!(counted(&first), counted(&second));
    }

    /// Whatever is damaged, the rest is taken over, and both directors go on.
    #[test]
    fn a_damaged_export_loses_what_is_damaged(
        steps in steps(),
        damage in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4),
        cut in any::<Option<usize>>(),
    ) {
        let mut first = Carried::new(1);
        steps.iter().for_each(|step| first.step(step));
        let mut export = first.director.export_all(first.now);
        let whole = first.director.conn_count() as u64;
        for (at, value) in damage {
            let at = HEADER + at % (export.len() - HEADER);
            export[at] ^= value;
        }
        export.truncate(cut.map_or(export.len(), |cut| HEADER + cut % (export.len() - HEADER)));
        let (mut second, summary) = first.successor(&export);
        let found = summary.connections + summary.templates;
        prop_assert!(found <= whole);
        prop_assert_eq!(second.director.conn_count() as u64, found);
        if cut.is_none() {
            prop_assert!(whole - found <= summary.skipped.damaged * 4 + summary.skipped.port_taken);
        }
        for _ in 0..40 {
            second.pass(25_000);
        }
        let mut with_port = 0;
        second.director.conns.for_each(|_, conn| with_port += usize::from(conn.local().is_some()));
        prop_assert_eq!(second.director.conns.ports().in_use(), with_port);
    }
}

const HEADER: usize = 18;

impl Carried {
    /// A client's segment to the service of that number; what comes out.
    fn say(&mut self, service: usize, port: u16, flags: u8, text: &[u8]) -> Vec<Vec<u8>> {
        let (spec, _) = &declared()[service];
        let packet = client_packet(&spec.key, (0, port), (flags, text));
        let (verdict, out) = self.process(&packet, side_of(&spec.key));
        assert_eq!(verdict, Verdict::Forward);
        out
    }

    fn open(&mut self, service: usize, port: u16) -> Vec<u8> {
        let at_server = self.say(service, port, SYN, b"").remove(0);
        self.process(&answer_to(&at_server, SYN | ACK, b"").unwrap(), Side::Server);
        self.say(service, port, ACK, b"");
        at_server
    }
}

#[test]
fn a_removed_server_has_its_connections_again_when_it_is_back() {
    let mut first = Carried::new(1);
    first.open(0, 4000);
    let real = first.conns()[0].real;
    let export = first.director.export_all(first.now);
    let mut second = Carried::new(2);
    let (spec, forwarding) = &declared()[0];
    let service = spec.key;
    second.apply(Command::DeleteServer { service, addr: real.addr, port: real.port });
    // Nothing is left of it: what was removed long ago is forgotten.
    second.pass(61_000);
    second.pass(300_000);
    let summary = second.director.import(&export, second.now).unwrap();
    assert_eq!((summary.connections, summary.skipped), (1, Skipped::default()));
    let packet = client_packet(&service, (0, 4000), (ACK, b"x"));
    assert!(matches!(second.process(&packet, Side::Client).0, Verdict::Drop(_)), "as in the kernel");
    let server = servers(&service, *forwarding).into_iter().find(|server| server.endpoint() == real).unwrap();
    second.apply(Command::AddServer { service, server });
    let at_server = second.say(0, 4000, ACK, b"x").remove(0);
    assert_eq!((ends_of(&at_server).dst, ends_of(&at_server).dst_port), (real.addr, real.port));
    let listed = services(&second.director, second.now);
    let counts = listed[&service].servers.iter().map(|server| server.active_conns).sum::<u32>();
    assert_eq!((counts, listed[&service].stats.conns), (1, 1));
}

#[test]
fn a_port_that_rests_is_not_given_out_by_the_successor() {
    let mut first = Carried::new(1);
    let at_server = first.open(4, 4000);
    first.say(4, 4000, FIN, b"");
    first.process(&answer_to(&at_server, FIN, b"").unwrap(), Side::Server);
    let conn = first.conns().remove(0);
    assert_eq!(conn.state, "TIME_WAIT");
    let (second, summary) = first.successor(&first.director.export_all(first.now));
    assert_eq!((summary.connections, second.director.conns.ports().in_use()), (1, 1));
    // A connection that ends leaves its port resting.
    let pair = first.director.conns.ports().pairs().remove(0);
    let key = ConnKey::new(Role::In, protocol::TCP, conn.client, conn.virt);
    let entry = first.director.conns.peek(&key, first.now).unwrap();
    first.director.conns.end(entry, first.now);
    let left = first.director.conns.ports().left(&pair);
    assert_eq!((left.len(), left[0].0), (1, conn.local.unwrap().port));
    let (second, summary) = first.successor(&first.director.export_all(first.now));
    assert_eq!((summary.ports, second.director.conns.ports().left(&pair)), (1, left));
}

#[test]
fn what_is_here_already_is_left_as_it_is() {
    let mut first = Carried::new(1);
    for service in [0, 2, 4, 6] {
        first.say(service, 4000, SYN, b"x");
    }
    let export = first.director.export_all(first.now);
    let before = first.conns();
    let summary = first.director.import(&export, first.now).unwrap();
    assert_eq!((summary.connections, summary.skipped.known, summary.skipped.port_taken), (0, 1, 3));
    assert_eq!(first.conns(), before);
    assert_eq!(first.director.conns.ports().in_use(), 3);
}

#[test]
fn a_template_lives_as_long_as_what_it_controls() {
    let mut first = Carried::new(1);
    first.open(1, 4000);
    let (mut second, summary) = first.successor(&first.director.export_all(first.now));
    assert_eq!((summary.connections, summary.templates, summary.orphans), (1, 1, 0));
    // The template's own 50 seconds are over long before its connection's 900.
    second.pass(600_000);
    assert_eq!(second.director.conn_count(), 2);
    second.pass(301_000);
    second.pass(120_000);
    assert_eq!(second.director.conn_count(), 0);
}

#[test]
fn a_checks_connection_has_a_server_of_its_own_again() {
    let first = Carried::new(1);
    let flow = PinnedFlow {
        protocol: Protocol::Tcp,
        from: Endpoint::new([192, 168, 1, 181].into(), 6000),
        to: Endpoint::new([192, 168, 1, 183].into(), 80),
    };
    let server = [192, 168, 56, 99].into();
    first.director.pin(&flow, server, Forwarding::Route, first.now).unwrap();
    let (mut second, summary) = first.successor(&first.director.export_all(first.now));
    assert_eq!((summary.connections, second.director.conns.of_services()), (1, 0));
    let packet = make::tcp(Ends::new(flow.from.addr, 6000, flow.to.addr, 80), SYN, &[]);
    assert_eq!(second.process(&packet, Side::Client).0, Verdict::Route(server));
    assert_eq!(second.director.services.read().leaving().count(), 0, "it is in no table");
}

#[test]
fn another_version_changes_nothing() {
    let mut first = Carried::new(1);
    first.open(0, 4000);
    let mut export = first.director.export_all(first.now);
    export[8] = 9;
    let second = Carried::new(2);
    let refused = second.director.import(&export, second.now).unwrap_err();
    assert_eq!(refused, UnreadableExport::OtherVersion { found: 9, known: 1 });
    assert_eq!(second.director.conn_count(), 0);
}

#[test]
fn there_is_no_more_room_than_there_is() {
    let mut first = Carried::new(1);
    (4000..4010).for_each(|port| drop(first.say(0, port, SYN, b"")));
    let export = first.director.export_all(first.now);
    let second = Carried::new(2);
    second.director.conns.limit(4);
    let summary = second.director.import(&export, second.now).unwrap();
    assert_eq!((summary.connections, summary.skipped.full), (4, 6));
    let listed = services(&second.director, second.now);
    let counts = listed.values().flat_map(|service| &service.servers).map(|server| server.active_conns);
    assert_eq!(counts.sum::<u32>(), 4);
}
