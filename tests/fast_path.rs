//! Two directors that see the same packets, one of them with a fast path in memory: what they list, count and send cannot be
//! told apart.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use lvs::Time;
use lvs::director::{Command, Director, FlowLogging, Query, Settings, Side, Verdict};
use lvs::fast_path::{Closed, FastPathStatus, UNDER_WAY};
use lvs::route::{Route, RouteTable};
use lvs::service::{Endpoint, Forwarding, Protocol, ServerSpec, ServiceKey, ServiceSpec};
use lvs_device::MemoryFlows;
use lvs_wire::make::{self, Ends};
use lvs_wire::{Headers, Outbox, PacketBuf, TcpFlags};

const ACK: u8 = TcpFlags::ACK;

/// The same director twice, and the ends of one connection.
struct Pair {
    plain: Director,
    fast: Director,
    flows: MemoryFlows,
    now: Time,
    key: ServiceKey,
    forwarding: Forwarding,
    client: Endpoint,
    virt: Endpoint,
    real: Endpoint,
    /// What the server takes for the client.
    seen: Endpoint,
    passed: u64,
}

fn addr(is_v6: bool, v4: &str, v6: &str) -> IpAddr {
    if is_v6 { v6 } else { v4 }.parse().unwrap()
}

/// Client and server are on two links by IPv4. By IPv6 they share one, so that the director's address stands for the client.
fn routes(mtu: u32, is_v6: bool) -> RouteTable {
    let route = |(v4, v6): (&str, &str), interface| {
        let source = Some(addr(is_v6, "10.1.0.1", "fd00:1::1"));
        let net = if is_v6 { v6 } else { v4 }.parse().unwrap();
        Route { net, mtu, source, interface, gateway: None, is_local: false }
    };
    let servers = if is_v6 { 1 } else { 2 };
    RouteTable::new(vec![route(("0.0.0.0/0", "::/0"), 1), route(("10.1.0.0/16", "fd00:1::/64"), servers)])
}

impl Pair {
    fn new(protocol: Protocol, forwarding: Forwarding, is_v6: bool, room: usize) -> Self {
        let [client, virt, real] =
            [("192.0.2.7", "2001:db8::7"), ("198.51.100.1", "2001:db8:1::1"), ("10.1.2.3", "fd00:1::3")]
                .map(|(v4, v6)| addr(is_v6, v4, v6));
        let key = ServiceKey::Address { protocol, addr: virt, port: 80 };
        let flows = MemoryFlows::new(room);
        let director = || {
            let director = Director::new(Settings { seed: 7, ..Settings::default() });
            director.set_routes(routes(1500, is_v6));
            director.apply(&Command::AddService(ServiceSpec::new(key, "rr")), Time::ZERO).unwrap();
            let server = ServerSpec::new(real, 8080, forwarding);
            director.apply(&Command::AddServer { service: key, server }, Time::ZERO).unwrap();
            director.log_flows(Some(FlowLogging { begins: false, rate: 1000 }));
            director
        };
        let (plain, fast) = (director(), director());
        fast.use_fast_path(Arc::new(flows.clone()));
        let client = Endpoint::new(client, 40_000);
        Self {
            plain,
            fast,
            flows,
            now: Time::from_secs(1),
            key,
            forwarding,
            client,
            virt: Endpoint::new(virt, 80),
            real: Endpoint::new(real, 8080),
            seen: client,
            passed: 0,
        }
    }

    fn bytes(&self, side: Side, flags: u8, len: usize) -> Vec<u8> {
        let (from, to) = match side {
            Side::Server => (self.real, self.seen),
            Side::Client | Side::Mark(_) => (self.client, self.virt),
        };
        let ends = Ends::new(from.addr, from.port, to.addr, to.port);
        match self.key {
            ServiceKey::Address { protocol: Protocol::Udp, .. } => make::udp(ends, &vec![7; len]),
            _ => make::tcp(ends, flags, &vec![7; len]),
        }
    }

    /// Sends a packet both ways a moment later, after which both directors must look alike. The verdict of the plain one.
    fn send(&mut self, side: Side, flags: u8, len: usize) -> Verdict {
        self.now = self.now + Duration::from_millis(10);
        let verdict = self.deliver(side, flags, len);
        self.look_alike();
        verdict
    }

    /// Sends a packet both ways, which must come out alike.
    fn deliver(&mut self, side: Side, flags: u8, len: usize) -> Verdict {
        let bytes = self.bytes(side, flags, len);
        let ttl = if bytes[0] >> 4 == 6 { 7 } else { 8 };
        let (mut one, mut other) = (PacketBuf::from_packet(&bytes), PacketBuf::from_packet(&bytes));
        let mut outboxes = [Outbox::default(), Outbox::default()];
        let verdict = self.plain.process(&mut one, side, self.now, &mut outboxes[0]);
        if self.flows.pass(&mut other, self.now) {
            self.passed += 1;
            assert_eq!(verdict, Verdict::Forward);
            // The director gives back the hop that the host took on the way in.
            other.bytes_mut()[ttl] += 1;
            if ttl == 8 {
                other.bytes_mut()[10..12].copy_from_slice(&one.bytes()[10..12]);
            }
        } else {
            assert_eq!(self.fast.process(&mut other, side, self.now, &mut outboxes[1]), verdict);
        }
        if verdict == Verdict::Forward {
            assert_eq!(one.bytes(), other.bytes());
            let headers = Headers::parse(one.bytes()).unwrap();
            if side != Side::Server {
                let port = u16::from_be_bytes([one.bytes()[headers.l4], one.bytes()[headers.l4 + 1]]);
                self.seen = Endpoint::new(headers.src, port);
            }
        }
        self.fast.take_offers(self.now);
        verdict
    }

    /// Lets time pass as the daemon does.
    fn wait(&mut self, span: Duration) {
        let until = self.now + span;
        while self.now < until {
            self.now = self.now + Duration::from_millis(250);
            for director in [&self.plain, &self.fast] {
                while director.handle_timeout(self.now) {}
            }
        }
    }

    fn look_alike(&self) {
        for query in [Query::Services, Query::Totals] {
            let ask = |director: &Director| format!("{:?}", director.query(&query, self.now).unwrap());
            assert_eq!(ask(&self.fast), ask(&self.plain));
        }
        let handshakes = |director: &Director| director.handshakes(&self.key);
        assert_eq!(handshakes(&self.fast), handshakes(&self.plain));
        let listed = |director: &Director| director.entries(self.now).flatten().collect::<Vec<_>>();
        assert_eq!(format!("{:?}", listed(&self.fast)), format!("{:?}", listed(&self.plain)));
    }

    fn handshake(&mut self) {
        self.send(Side::Client, TcpFlags::SYN, 0);
        self.send(Side::Server, TcpFlags::SYN | ACK, 0);
        self.send(Side::Client, ACK, 0);
    }

    fn establish(&mut self) {
        self.handshake();
        self.talk(12);
    }

    fn is_stood_for(&self) -> bool {
        self.seen != self.client
    }

    fn another_client(&mut self) {
        self.client.port += 1;
        self.seen = self.client;
    }

    fn talk(&mut self, rounds: usize) {
        for round in 0..rounds {
            self.send(Side::Client, ACK, round);
            self.send(Side::Server, ACK, 1400 - round);
        }
    }

    fn apply(&self, command: &Command) {
        for director in [&self.plain, &self.fast] {
            director.apply(command, self.now).unwrap();
        }
    }

    fn status(&self) -> FastPathStatus {
        self.fast.fast_path_status()
    }

    fn in_use(&self) -> u64 {
        self.status().connections
    }
}

fn all() -> impl Iterator<Item = Pair> {
    let kinds = [Protocol::Tcp, Protocol::Udp].into_iter();
    let each =
        kinds.flat_map(|kind| [Forwarding::Masq, Forwarding::FullNat].map(|forwarding| (kind, forwarding)));
    each.flat_map(|(kind, forwarding)| [false, true].map(|is_v6| Pair::new(kind, forwarding, is_v6, 10)))
}

#[test]
fn a_busy_connection_goes_by_it_and_counts_as_if_it_had_not() {
    for mut pair in all() {
        pair.establish();
        assert_eq!(pair.in_use(), 1);
        pair.talk(20);
        assert!(pair.passed >= 40, "{}", pair.passed);
        pair.look_alike();
        assert_eq!(pair.status().packets, pair.passed);
        pair.wait(Duration::from_secs(4));
        assert_eq!(pair.in_use(), 0, "idle");
        pair.look_alike();
        // It comes back with its traffic.
        pair.talk(3);
        assert_eq!(pair.in_use(), 1);
    }
}

#[test]
fn a_short_connection_shows_the_director_its_syn_and_no_more() {
    for pair in all().filter(|pair| matches!(pair.key, ServiceKey::Address { protocol: Protocol::Tcp, .. })) {
        for ends in [[Side::Client, Side::Server], [Side::Server, Side::Client]] {
            let mut pair = Pair::new(Protocol::Tcp, pair.forwarding, pair.client.addr.is_ipv6(), 100);
            pair.handshake();
            // Where a port stands for the client the director is to see the answer to its SYN, too.
            let handshake = if pair.is_stood_for() { 1 } else { 2 };
            assert_eq!((pair.in_use(), pair.passed), (1, handshake));
            pair.talk(2);
            assert_eq!(pair.passed, handshake + 4);
            for (side, flags) in [
                (ends[0], TcpFlags::FIN | ACK),
                (ends[1], ACK),
                (ends[1], TcpFlags::FIN | ACK),
                (ends[0], ACK),
            ] {
                pair.send(side, flags, 0);
            }
            assert_eq!(pair.passed, if pair.is_stood_for() { 5 } else { 9 }, "the last one finds it gone");
            assert_eq!(pair.in_use(), 0);
            pair.wait(Duration::from_secs(130));
            pair.look_alike();
            assert!(pair.fast.entries(pair.now).flatten().next().is_none(), "its time is up");
            let ended = |director: &Director| format!("{:?}", director.take_flows());
            assert_eq!(ended(&pair.fast), ended(&pair.plain), "the account of the flow");
        }
    }
}

#[test]
fn an_odd_beginning_is_the_directors() {
    const SYN: u8 = TcpFlags::SYN;
    // How many of these packets go by it, without secure_tcp and with.
    type Beginning<'a> = (&'a [(Side, u8)], [u64; 2]);
    let odd: [Beginning<'_>; 5] = [
        // A SYN that comes again, an answer that does; a refusal; both ends at once; data before any answer.
        (&[(Side::Client, SYN), (Side::Client, SYN), (Side::Server, SYN | ACK), (Side::Client, ACK)], [1, 0]),
        (
            &[(Side::Client, SYN), (Side::Server, SYN | ACK), (Side::Server, SYN | ACK), (Side::Client, ACK)],
            [1, 1],
        ),
        (&[(Side::Client, SYN), (Side::Server, TcpFlags::RST | ACK), (Side::Client, ACK)], [0, 0]),
        (&[(Side::Client, SYN), (Side::Server, SYN), (Side::Client, SYN | ACK), (Side::Server, ACK)], [0, 0]),
        (&[(Side::Client, SYN), (Side::Client, ACK), (Side::Server, ACK), (Side::Server, SYN | ACK)], [2, 2]),
    ];
    for (secure, secure_tcp) in ["0", "3"].into_iter().enumerate() {
        for (packets, passed) in odd {
            let mut pair = Pair::new(Protocol::Tcp, Forwarding::Masq, false, 10);
            let set = Command::SetSysctl { name: "secure_tcp".to_owned(), value: secure_tcp.to_owned() };
            pair.apply(&set);
            for (side, flags) in packets {
                pair.send(*side, *flags, 0);
            }
            assert_eq!(pair.passed, passed[secure], "{packets:?}, secure_tcp {secure_tcp}");
            pair.talk(3);
            pair.wait(Duration::from_secs(2));
            pair.look_alike();
        }
    }
}

#[test]
fn a_flood_of_syns_writes_few_entries_and_others_come_in_with_the_answer() {
    let mut pair = Pair::new(Protocol::Tcp, Forwarding::Masq, false, 20_000);
    let flood = |pair: &mut Pair| {
        for _ in 0..1500 {
            pair.another_client();
            pair.deliver(Side::Client, TcpFlags::SYN, 0);
        }
        pair.look_alike();
    };
    flood(&mut pair);
    let unanswered = pair.in_use();
    assert!((1024..=1025).contains(&unanswered), "{unanswered}");
    pair.send(Side::Server, TcpFlags::SYN | ACK, 0);
    assert_eq!((pair.in_use(), pair.passed), (unanswered + 1, 0), "the answer has brought it in");
    pair.send(Side::Client, ACK, 0);
    assert_eq!(pair.passed, 1);
    pair.wait(Duration::from_millis(2100));
    assert_eq!(pair.in_use(), 1, "the others' servers have not answered");
    flood(&mut pair);
    assert!((1025..=1026).contains(&pair.in_use()), "{}", pair.in_use());
}

#[test]
fn a_host_that_tracks_connections_sees_their_handshakes() {
    for mut pair in
        all().filter(|pair| matches!(pair.key, ServiceKey::Address { protocol: Protocol::Tcp, .. }))
    {
        pair.flows.track();
        pair.handshake();
        assert_eq!((pair.in_use(), pair.passed), (1, 0));
        pair.talk(2);
        pair.send(Side::Server, TcpFlags::FIN | ACK, 0);
        pair.send(Side::Client, TcpFlags::FIN | ACK, 0);
        assert_eq!(pair.passed, if pair.is_stood_for() { 4 } else { 6 });
        pair.wait(Duration::from_secs(130));
        pair.look_alike();
    }
}

#[test]
fn one_end_may_be_closed_for_long() {
    let mut pair = Pair::new(Protocol::Tcp, Forwarding::Masq, false, 100);
    pair.handshake();
    pair.send(Side::Client, TcpFlags::FIN | ACK, 0);
    let before = pair.passed;
    for _ in 0..10 {
        pair.talk(1);
        pair.wait(Duration::from_secs(1));
        pair.look_alike();
    }
    assert_eq!(pair.passed, before + 20);
}

#[test]
fn who_opens_connections_without_traffic_takes_an_eighth_of_the_places() {
    let mut pair = Pair::new(Protocol::Tcp, Forwarding::Masq, false, 80);
    for _ in 0..40 {
        pair.another_client();
        pair.send(Side::Client, TcpFlags::SYN, 0);
        pair.send(Side::Server, TcpFlags::SYN | ACK, 0);
    }
    assert_eq!(pair.in_use(), 10);
    pair.wait(Duration::from_millis(2100));
    assert_eq!(pair.in_use(), 0, "nothing was seen of them");
    // Connections with traffic make room for others, up to a half of the places.
    for _ in 0..60 {
        pair.another_client();
        pair.handshake();
        pair.look_alike();
    }
    assert_eq!(pair.in_use(), 40);
    assert_eq!(pair.status().full, 0);
    // The other half is for those that show to be busy.
    pair.talk(12);
    assert_eq!(pair.in_use(), 41);
}

#[test]
fn an_odd_end_is_the_directors() {
    for how in [TcpFlags::RST, TcpFlags::RST | ACK, TcpFlags::FIN] {
        let mut pair = Pair::new(Protocol::Tcp, Forwarding::Masq, false, 10);
        pair.establish();
        let before = pair.passed;
        for (side, flags) in [(Side::Server, how), (Side::Client, how), (Side::Server, ACK)] {
            pair.send(side, flags, 0);
        }
        assert_eq!(pair.passed, before, "none of these goes past the director");
        assert_eq!(pair.in_use(), 0);
        pair.wait(Duration::from_secs(1000));
        pair.look_alike();
        let ended = |director: &Director| format!("{:?}", director.take_flows());
        assert_eq!(ended(&pair.fast), ended(&pair.plain), "the account of the flow");
    }
}

#[test]
fn no_connection_ends_while_packets_go_by_it() {
    let mut pair = Pair::new(Protocol::Udp, Forwarding::Masq, false, 10);
    let timeouts = lvs::director::TimeoutSettings { tcp: 2, tcp_fin: 2, udp: 2 };
    pair.apply(&Command::SetTimeouts(timeouts));
    pair.establish();
    for _ in 0..40 {
        pair.talk(1);
        pair.wait(Duration::from_millis(1000));
        pair.look_alike();
    }
    assert!(pair.passed > 60, "{}", pair.passed);
    pair.wait(Duration::from_millis(3500));
    pair.look_alike();
    assert!(pair.fast.entries(pair.now).flatten().next().is_none(), "its time is up in the end");
}

#[test]
fn a_change_of_the_tables_takes_all_back_at_once() {
    let delete = |pair: &Pair| Command::DeleteServer { service: pair.key, addr: pair.real.addr, port: 8080 };
    let mut pair = Pair::new(Protocol::Tcp, Forwarding::Masq, false, 10);
    pair.establish();
    pair.apply(&delete(&pair));
    assert_eq!(pair.in_use(), 0);
    let before = pair.passed;
    assert!(matches!(pair.send(Side::Client, ACK, 9), Verdict::Drop(_)));
    assert_eq!(pair.passed, before);

    let mut pair = Pair::new(Protocol::Tcp, Forwarding::Masq, false, 10);
    pair.establish();
    pair.apply(&Command::Zero(None));
    pair.look_alike();
    for director in [&pair.plain, &pair.fast] {
        director.set_routes(routes(1400, false));
    }
    assert_eq!(pair.in_use(), 0, "a way that has become narrower");
    pair.talk(3);
    assert_eq!(pair.in_use(), 1);
    let drained = Command::SetDrained { service: pair.key, server: pair.real, drained: true };
    pair.apply(&drained);
    pair.talk(3);
    assert_eq!(pair.in_use(), 0, "both ends of a drained server's connections are to be told");
}

#[test]
fn a_connection_whose_super_packets_the_host_would_refuse_stays_the_directors() {
    let mut pair = Pair::new(Protocol::Tcp, Forwarding::Masq, true, 8);
    pair.send(Side::Client, TcpFlags::SYN, 0);
    pair.send(Side::Server, TcpFlags::SYN | ACK, 0);
    pair.send(Side::Client, ACK, 0);
    assert_eq!(pair.status().connections, 1);
    pair.flows.close(Closed::TooLong);
    let passed = pair.passed;
    for _ in 0..8 {
        for _ in 0..20 {
            pair.send(Side::Client, ACK, 100);
        }
        pair.wait(Duration::from_millis(500));
    }
    assert_eq!((pair.passed, pair.status().connections), (passed, 0));
}

#[test]
fn who_is_told_to_stand_back_does() {
    let mut pair = Pair::new(Protocol::Tcp, Forwarding::Masq, false, 10);
    pair.establish();
    pair.fast.suspend_fast_path();
    let before = pair.passed;
    pair.talk(5);
    assert_eq!((pair.passed, pair.in_use(), pair.status().is_on), (before, 0, false));
    pair.fast.resume_fast_path();
    pair.talk(5);
    assert!(pair.passed > before && pair.in_use() == 1);
}

/// Sends packets of a client, a millisecond apart, to a director that falls behind for a while. Numbers of the packets as they come out,
/// and how many of them passed by it.
fn numbers_out(pair: &mut Pair) -> (Vec<usize>, usize) {
    let (mut queue, mut out, mut passed) = (VecDeque::new(), Vec::new(), 0);
    for number in 0..120 {
        pair.now = pair.now + Duration::from_millis(1);
        let mut packet = PacketBuf::from_packet(&pair.bytes(Side::Client, ACK, number));
        if pair.flows.pass(&mut packet, pair.now) {
            passed += 1;
            out.push(number);
        } else {
            queue.push_back((number, packet));
        }
        let reads = if number < 60 { number % 2 } else { queue.len() };
        for (number, mut packet) in queue.drain(..reads) {
            let verdict = pair.fast.process(&mut packet, Side::Client, pair.now, &mut Outbox::default());
            assert_eq!(verdict, Verdict::Forward);
            out.push(number);
        }
        pair.fast.take_offers(pair.now);
        if let Some(moment) = pair.fast.flows_wait_at().filter(|_| queue.is_empty()) {
            // Until the next packet comes.
            pair.fast.note_gone(Side::Client, moment.after(UNDER_WAY));
        }
    }
    (out, passed)
}

#[test]
fn what_waits_for_the_director_is_not_overtaken() {
    for mut pair in all() {
        pair.flows.queue();
        pair.handshake();
        // Back to the director, as all connections when the tables change: it comes in again with its packets.
        pair.fast.suspend_fast_path();
        pair.fast.resume_fast_path();
        let (out, passed) = numbers_out(&mut pair);
        assert_eq!(out, (0..120).collect::<Vec<_>>());
        assert!(pair.in_use() == 1 && passed > 50, "{passed} passed by it");
    }
}

#[test]
fn a_full_table_is_counted_and_nothing_is_lost() {
    let mut pair = Pair::new(Protocol::Tcp, Forwarding::Masq, false, 1);
    pair.establish();
    pair.another_client();
    pair.establish();
    assert!(pair.in_use() == 1 && pair.status().full > 0, "{:?}", pair.status());
    let before = pair.passed;
    pair.talk(5);
    assert_eq!(pair.passed, before);
}
