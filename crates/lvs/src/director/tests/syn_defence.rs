//! SYN cookies and what follows them: two small TCPs with the director between them, over links that lose, repeat and reorder.

use super::*;
use crate::app::{Stamps, SynCookies, stamps};
use crate::service::{ClientAddrMode, ProxyVersion, SynDefence};
use lvs_wire::{BareSegment, is_after};

const RST: u8 = TcpFlags::RST;

fn defended(forwarding: Forwarding, mode: SynDefence, is_v6: bool) -> World {
    let mut world = World::new(Protocol::Tcp, is_v6);
    world.director = Director::new(Settings { secret: 77, syn_rate: 10, ..Settings::default() });
    world.director.set_routes(two_links());
    let mut spec = ServiceSpec::new(world.service, "rr");
    spec.syn_defence = Some(mode);
    world.apply(Command::AddService(spec));
    let server = ServerSpec::new(world.reals[0], 8080, forwarding);
    world.apply(Command::AddServer { service: world.service, server });
    world.now = Time(1_000_000);
    world
}

/// A segment as an end reads it.
#[derive(Clone, Debug)]
struct Segment {
    ends: Ends,
    flags: u8,
    seq: u32,
    ack: u32,
    window: u16,
    stamps: Option<Stamps>,
    options: Vec<u8>,
    data: Vec<u8>,
}

impl Segment {
    fn read(bytes: &[u8]) -> Self {
        let ends = ends_of(bytes);
        let l4 = Headers::parse(bytes).unwrap().l4;
        let tcp = &bytes[l4..];
        let word = |at: usize| u32::from_be_bytes([tcp[at], tcp[at + 1], tcp[at + 2], tcp[at + 3]]);
        let header = usize::from(tcp[12] >> 4) * 4;
        Self {
            ends,
            flags: tcp[13],
            seq: word(4),
            ack: word(8),
            window: u16::from_be_bytes([tcp[14], tcp[15]]),
            stamps: stamps(&tcp[..header]),
            options: tcp[20..header].to_vec(),
            data: tcp[header..].to_vec(),
        }
    }

    fn write(&self) -> Vec<u8> {
        let mut buf = PacketBuf::new();
        let (ends, flags, seq, ack) = (self.ends, self.flags, self.seq, self.ack);
        BareSegment { ends, hops: 64, seq, ack, flags, window: self.window, options: &self.options }
            .fill(&mut buf);
        if self.data.is_empty() {
            return buf.bytes().to_vec();
        }
        let mut segment = buf.bytes()[Headers::parse(buf.bytes()).unwrap().l4..].to_vec();
        segment.extend(&self.data);
        segment[16..18].fill(0);
        let sum = checksum::transport(ends.src, ends.dst, protocol::TCP, &segment);
        segment[16..18].copy_from_slice(&sum.to_be_bytes());
        make::ip(ends.src, ends.dst, protocol::TCP, 64, &segment)
    }
}

fn stamp_option(own: u32, echoed: u32) -> Vec<u8> {
    [&[1, 1, 8, 10][..], &own.to_be_bytes(), &echoed.to_be_bytes()].concat()
}

const fn stamped(value: u32, echo: u32) -> Option<Stamps> {
    Some(Stamps { value, echo })
}

/// Options of a SYN: size 1460, SACK, timestamps, shift.
fn syn_options(own: u32, echoed: u32, scale: u8) -> Vec<u8> {
    [&[2, 4, 5, 180, 4, 2, 8, 10][..], &own.to_be_bytes(), &echoed.to_be_bytes(), &[1, 3, 3, scale]].concat()
}

impl World {
    /// Passes a packet and sorts what leaves: for the client, and for the server.
    fn pass_both(&mut self, bytes: &[u8], side: Side) -> (Verdict, Vec<Segment>, Vec<Segment>) {
        let mut buf = PacketBuf::from_packet(bytes);
        let verdict = self.director.process(&mut buf, side, self.now, &mut self.outbox);
        let mut out = Vec::new();
        if verdict.sends_packet() {
            out.push(Segment::read(buf.bytes()));
        }
        self.outbox.drain(|packet| out.push(Segment::read(packet.bytes())));
        let client = self.client;
        let (to_client, to_server) = out.into_iter().partition(|segment| segment.ends.dst == client);
        (verdict, to_client, to_server)
    }

    fn repeats(&mut self) -> Vec<Segment> {
        self.director.repeat(self.now, &mut self.outbox);
        let mut out = Vec::new();
        self.outbox.drain(|packet| out.push(Segment::read(packet.bytes())));
        out
    }

    fn client_segment(&self, flags: u8, seq: u32, ack: u32, options: Vec<u8>) -> Segment {
        let ends = self.request(4000);
        Segment { ends, flags, seq, ack, window: 500, stamps: None, options, data: Vec::new() }
    }

    /// Goes through a handshake up to the server's SYN.
    fn prove(&mut self) -> (Segment, Segment) {
        let syn = self.client_segment(SYN, 99, 0, syn_options(5000, 0, 9));
        let (verdict, mut to_client, to_server) = self.pass_both(&syn.write(), Side::Client);
        assert_eq!((verdict, to_client.len(), to_server.len()), (Verdict::Reply, 1, 0));
        assert_eq!(self.director.conn_count(), 0, "nothing is remembered");
        let answer = to_client.remove(0);
        let echoed = answer.stamps.unwrap().value;
        let ack = self.client_segment(ACK, 100, answer.seq.wrapping_add(1), stamp_option(5001, echoed));
        let (verdict, to_client, mut to_server) = self.pass_both(&ack.write(), Side::Client);
        assert_eq!((verdict, to_client.len(), to_server.len()), (Verdict::Forward, 0, 1));
        (answer, to_server.remove(0))
    }
}

#[test]
fn a_client_that_comes_back_has_a_connection_with_all_that_it_offered() {
    for (forwarding, is_v6) in [
        (Forwarding::Masq, false),
        (Forwarding::FullNat, false),
        (Forwarding::Masq, true),
        (Forwarding::FullNat, true),
    ] {
        let mut world = defended(forwarding, SynDefence::On, is_v6);
        let (answer, syn) = world.prove();
        assert_eq!((answer.flags, answer.ack, answer.window), (SYN | ACK, 100, 0));
        let size = if is_v6 { 1440_u16 } else { 1460 };
        assert_eq!(answer.options[..6], [&[2, 4][..], &size.to_be_bytes(), &[4, 2]].concat());
        assert_eq!(answer.options[16..], [1, 3, 3, 7]);
        assert_eq!(answer.stamps.unwrap().echo, 5000);
        assert_eq!(
            (syn.flags, syn.seq, syn.ack, syn.ends.dst, syn.ends.dst_port),
            (SYN, 99, 0, world.reals[0], 8080)
        );
        assert_eq!(syn.options, syn_options(5001, 0, 9), "its SYN, as it would have sent it");
        assert_eq!(syn.window, u16::MAX, "500 << 9 is more than a SYN can say");
        assert_eq!(world.conns()[0].state, "SYN_RECV");

        let back = syn.ends.reversed();
        let server = |flags, seq, ack, options| Segment {
            ends: back,
            flags,
            seq,
            ack,
            window: 1000,
            stamps: None,
            options,
            data: Vec::new(),
        };
        let (_, to_client, to_server) =
            world.pass_both(&server(SYN | ACK, 7000, 100, syn_options(42, 5001, 8)).write(), Side::Server);
        let (window, acknowledged) = (&to_client[0], &to_server[0]);
        assert_eq!((to_client.len(), to_server.len()), (1, 1));
        assert_eq!((window.flags, window.seq, window.ack), (ACK, answer.seq.wrapping_add(1), 100));
        assert_eq!((window.window, window.stamps), (1000 >> 7, stamped(answer.stamps.unwrap().value, 5001)));
        assert_eq!((acknowledged.flags, acknowledged.seq, acknowledged.ack), (ACK, 100, 7001));
        assert_eq!((acknowledged.window, acknowledged.stamps), (500, stamped(5001, 42)));
        assert_eq!(world.conns()[0].state, "ESTABLISHED");

        let (_, to_client, _) =
            world.pass_both(&server(ACK, 7001, 100, stamp_option(50, 5001)).write(), Side::Server);
        assert_eq!((to_client[0].seq, to_client[0].ack), (answer.seq.wrapping_add(1), 100));
        assert_eq!(to_client[0].stamps, stamped(answer.stamps.unwrap().value + 8, 5001));
        assert_eq!(to_client[0].window, 2000, "a shift of 8 as one of 7");
        let edges = [answer.seq.wrapping_add(10), answer.seq.wrapping_add(20)];
        let sack = [&[5, 10][..], &edges[0].to_be_bytes(), &edges[1].to_be_bytes(), &[1, 1]].concat();
        let options = [stamp_option(5003, answer.stamps.unwrap().value + 8), sack].concat();
        let ack = world.client_segment(ACK, 100, answer.seq.wrapping_add(5), options);
        let (_, _, to_server) = world.pass_both(&ack.write(), Side::Client);
        assert_eq!((to_server[0].seq, to_server[0].ack, to_server[0].stamps), (100, 7005, stamped(5003, 50)));
        assert_eq!(to_server[0].options[14..22], [7010_u32.to_be_bytes(), 7020_u32.to_be_bytes()].concat());
        let counts = world.director.syn_counts();
        assert_eq!((counts.sent, counts.taken, counts.refused, counts.unanswered), (1, 1, 0, 0));
    }
}

#[test]
fn syns_without_an_end_leave_nothing_behind() {
    let mut world = defended(Forwarding::Masq, SynDefence::On, false);
    let mut buf = PacketBuf::new();
    for number in 0..20_000_u32 {
        let src = Ipv4Addr::from_bits(0xc612_0000 + number).into();
        buf.fill(&make::tcp(Ends::new(src, 4000, world.virt, 80), SYN, &[]));
        let verdict = world.director.process(&mut buf, Side::Client, world.now, &mut world.outbox);
        assert_eq!(verdict, Verdict::Reply);
        world.outbox.drain(|_| {});
    }
    assert_eq!((world.director.conn_count(), world.director.syn_counts().sent), (0, 20_000));
    let guess = world.client_segment(ACK, 100, 12_345, Vec::new());
    let (verdict, to_client, _) = world.pass_both(&guess.write(), Side::Client);
    assert_eq!((verdict, to_client.len(), world.director.conn_count()), (Verdict::Pass, 0, 0));
    assert_eq!(world.director.syn_counts().refused, 1);
}

#[test]
fn a_cookie_that_came_too_late_is_none() {
    let mut world = defended(Forwarding::Masq, SynDefence::On, false);
    let syn = world.client_segment(SYN, 99, 0, Vec::new());
    let (_, to_client, _) = world.pass_both(&syn.write(), Side::Client);
    assert_eq!(to_client[0].options, [2, 4, 5, 180], "without timestamps there is no place for more");
    let ack = world.client_segment(ACK, 100, to_client[0].seq.wrapping_add(1), Vec::new());
    world.now = world.now + Duration::from_secs(132);
    let (verdict, ..) = world.pass_both(&ack.write(), Side::Client);
    assert_eq!((verdict, world.director.conn_count()), (Verdict::Pass, 0));
}

#[test]
fn an_automatic_defence_is_on_while_too_many_come() {
    let mut world = defended(Forwarding::Masq, SynDefence::Auto, false);
    let mut verdicts = Vec::new();
    for port in 0..20 {
        let syn = make::tcp(world.request(5000 + port), SYN, &[]);
        verdicts.push(world.pass_both(&syn, Side::Client).0);
    }
    let answered = verdicts.iter().filter(|verdict| **verdict == Verdict::Reply).count();
    assert_eq!((answered, world.director.conn_count()), (11, 9));
    let (answer, syn) = {
        world.now = world.now + Duration::from_secs(1);
        let before = world.director.conn_count();
        let syn = world.client_segment(SYN, 99, 0, syn_options(5000, 0, 9));
        let (_, to_client, _) = world.pass_both(&syn.write(), Side::Client);
        world.now = world.now + Duration::from_secs(60);
        let echoed = to_client[0].stamps.unwrap().value;
        let ack =
            world.client_segment(ACK, 100, to_client[0].seq.wrapping_add(1), stamp_option(5001, echoed));
        let (_, _, to_server) = world.pass_both(&ack.write(), Side::Client);
        assert_eq!(world.director.conn_count(), before + 1, "it is off again, and the cookie is good");
        (to_client[0].clone(), to_server[0].clone())
    };
    assert_eq!((answer.flags, syn.flags), (SYN | ACK, SYN));
    assert_eq!(world.pass_both(&make::tcp(world.request(6000), SYN, &[]), Side::Client).0, Verdict::Forward);
}

#[test]
fn explain_says_so() {
    for (mode, says) in [(SynDefence::On, true), (SynDefence::Auto, false), (SynDefence::Off, false)] {
        let world = defended(Forwarding::Masq, mode, false);
        let (from, to) = (Endpoint::new(world.client, 4000), Endpoint::new(world.virt, 80));
        let question = Question { protocol: Protocol::Tcp, from, to, mark: None };
        let explanation = world.director.explain(&question, world.now);
        let said = explanation.reasons.iter().any(|reason| reason.contains("answered by cookies"));
        assert_eq!((said, explanation.outcome), (says, Outcome::Forwarded), "{:?}", explanation.reasons);
    }
}

#[test]
fn services_of_other_methods_and_those_that_are_off_are_left_alone() {
    for (forwarding, mode) in [
        (Forwarding::Route, SynDefence::On),
        (Forwarding::Tunnel(Tunnel::default()), SynDefence::On),
        (Forwarding::Masq, SynDefence::Off),
    ] {
        let mut world = defended(forwarding, mode, false);
        let verdict = world.process(&make::tcp(world.request(4000), SYN, &[]), Side::Client).0;
        assert_ne!(verdict, Verdict::Reply, "{forwarding:?}");
        assert_eq!(world.director.conn_count(), 1);
    }
    // One server of another method, and the service is not defended.
    let mut world = defended(Forwarding::Masq, SynDefence::On, false);
    let server = ServerSpec::new(world.reals[1], 80, Forwarding::Route);
    world.apply(Command::AddServer { service: world.service, server });
    world.pass_both(&make::tcp(world.request(4000), SYN, &[]), Side::Client);
    assert_eq!((world.director.conn_count(), world.director.syn_counts().sent), (1, 0));
}

#[test]
fn a_server_that_refuses_or_says_nothing_ends_the_clients_connection() {
    let mut world = defended(Forwarding::FullNat, SynDefence::On, false);
    let (answer, syn) = world.prove();
    let refusal = Segment { ends: syn.ends.reversed(), flags: RST | ACK, seq: 0, ack: 100, ..syn };
    let (_, to_client, _) =
        world.pass_both(&Segment { options: Vec::new(), ..refusal }.write(), Side::Server);
    assert_eq!((to_client[0].flags & RST, to_client[0].seq), (RST, answer.seq.wrapping_add(1)));
    assert_eq!(world.conns()[0].state, "CLOSE");

    let mut world = defended(Forwarding::Masq, SynDefence::On, false);
    let (answer, syn) = world.prove();
    let (mut syns, mut resets) = (0, Vec::new());
    for _ in 0..400 {
        world.now = world.now + Duration::from_millis(100);
        for segment in world.repeats() {
            if segment.ends.dst == world.client {
                resets.push(segment);
            } else {
                assert_eq!((segment.seq, &segment.options), (syn.seq, &syn.options));
                syns += 1;
            }
        }
    }
    assert_eq!((syns, resets.len()), (5, 1));
    assert_eq!((resets[0].flags & RST, resets[0].seq), (RST, answer.seq.wrapping_add(1)));
    assert_eq!((world.director.conn_count(), world.director.syn_counts().unanswered), (0, 1));
}

#[test]
fn a_client_without_a_server_is_told() {
    let mut world = defended(Forwarding::Masq, SynDefence::On, false);
    let mut spec = ServerSpec::new(world.reals[0], 8080, Forwarding::Masq);
    spec.weight = 0;
    world.apply(Command::EditServer { service: world.service, server: spec });
    let (_, to_client, _) =
        world.pass_both(&world.client_segment(SYN, 99, 0, Vec::new()).write(), Side::Client);
    let next = to_client[0].seq.wrapping_add(1);
    let ack = world.client_segment(ACK, 100, next, Vec::new());
    let (verdict, to_client, _) = world.pass_both(&ack.write(), Side::Client);
    assert_eq!(verdict, Verdict::Refuse(DropReason::NoServer));
    assert_eq!((to_client[0].flags & RST, to_client[0].seq), (RST, next));
}

#[test]
fn a_server_that_remembers_an_earlier_connection_is_made_to_forget_it() {
    let mut world = defended(Forwarding::Masq, SynDefence::On, false);
    let (_, syn) = world.prove();
    let stale =
        Segment { ends: syn.ends.reversed(), flags: ACK, seq: 1, ack: 4711, options: Vec::new(), ..syn };
    let (_, to_client, to_server) = world.pass_both(&stale.write(), Side::Server);
    assert_eq!((to_client.len(), to_server.len()), (0, 1));
    assert_eq!((to_server[0].flags, to_server[0].seq), (RST, 4711));
    world.now = world.now + Duration::from_millis(500);
    assert_eq!(world.repeats().len(), 1, "and is asked again");
}

#[test]
fn a_proxy_header_follows_the_servers_answer() {
    let mut world = defended(Forwarding::FullNat, SynDefence::On, false);
    let mut spec = ServiceSpec::new(world.service, "rr");
    (spec.syn_defence, spec.client_addr_mode) =
        (Some(SynDefence::On), Some(ClientAddrMode::Proxy(ProxyVersion::V1)));
    world.apply(Command::EditService(spec));
    let (answer, syn) = world.prove();
    let syn_ack = Segment {
        ends: syn.ends.reversed(),
        flags: SYN | ACK,
        seq: 7000,
        ack: 100,
        options: syn_options(42, 5001, 7),
        ..syn
    };
    let (_, to_client, to_server) = world.pass_both(&syn_ack.write(), Side::Server);
    assert_eq!((to_client.len(), to_server.len()), (1, 1));
    let header = b"PROXY TCP4 192.168.1.10 192.168.1.183 4000 80\r\n";
    assert_eq!((to_server[0].seq, to_server[0].ack, to_server[0].data.as_slice()), (100, 7001, &header[..]));
    let data = Segment {
        data: b"GET".to_vec(),
        ..world.client_segment(
            ACK,
            100,
            answer.seq.wrapping_add(1),
            stamp_option(5002, answer.stamps.unwrap().value),
        )
    };
    let (_, _, to_server) = world.pass_both(&data.write(), Side::Client);
    assert_eq!((to_server[0].seq, to_server[0].ack), (100 + header.len() as u32, 7001));
}

#[test]
fn a_copy_of_the_tables_goes_on_with_the_handshake_and_with_the_stream() {
    for is_open in [false, true] {
        let mut world = defended(Forwarding::Masq, SynDefence::On, false);
        let (answer, syn) = world.prove();
        let syn_ack = Segment {
            ends: syn.ends.reversed(),
            flags: SYN | ACK,
            seq: 7000,
            ack: 100,
            options: syn_options(42, 5001, 7),
            ..syn.clone()
        };
        if is_open {
            world.pass_both(&syn_ack.write(), Side::Server);
        }
        let export = world.director.export_all(world.now);
        let mut other = defended(Forwarding::Masq, SynDefence::On, false);
        assert_eq!(other.director.import(&export, other.now).unwrap().connections, 1);
        if !is_open {
            other.now = other.now + Duration::from_millis(500);
            assert_eq!(other.repeats().len(), 1, "its SYN is sent again");
            other.pass_both(&syn_ack.write(), Side::Server);
        }
        let ack = other.client_segment(
            ACK,
            100,
            answer.seq.wrapping_add(1),
            stamp_option(5002, answer.stamps.unwrap().value),
        );
        let (_, _, to_server) = other.pass_both(&ack.write(), Side::Client);
        assert_eq!((to_server[0].seq, to_server[0].ack, to_server[0].stamps.unwrap().echo), (100, 7001, 42));
    }
}

/// An end of the simulation. Sends its data byte by byte until they are acknowledged, whatever it takes.
struct End {
    ends: Ends,
    is_client: bool,
    isn: u32,
    peer: Option<u32>,
    /// Bytes of its own that were acknowledged.
    acknowledged: u32,
    heard: Vec<u8>,
    says: &'static [u8],
    window: u32,
    stamp: u32,
    /// The peer's timestamp that came last (RFC 7323: an older one is dropped).
    recent: u32,
    is_open: bool,
}

impl End {
    fn segment(&self, flags: u8, seq: u32, data: &[u8]) -> Segment {
        let options = if flags & SYN != 0 {
            syn_options(self.stamp, self.recent, 7)
        } else {
            stamp_option(self.stamp, self.recent)
        };
        let ack = self.peer.unwrap_or(0).wrapping_add(self.heard.len() as u32);
        Segment { ends: self.ends, flags, seq, ack, window: 501, stamps: None, options, data: data.to_vec() }
    }

    /// The clock has struck: what is not acknowledged is sent again.
    fn strike(&mut self) -> Option<Segment> {
        self.stamp += 100;
        let next = self.isn.wrapping_add(1).wrapping_add(self.acknowledged);
        if self.peer.is_none() {
            return self.is_client.then(|| Segment { ack: 0, ..self.segment(SYN, self.isn, b"") });
        }
        if !self.is_client && !self.is_open {
            return Some(self.segment(SYN | ACK, self.isn, b""));
        }
        let left = &self.says[self.acknowledged as usize..];
        if left.is_empty() {
            return None;
        }
        if self.window == 0 {
            return Some(self.segment(ACK, next.wrapping_sub(1), b""));
        }
        Some(self.segment(ACK, next, &left[..left.len().min(3)]))
    }

    /// Takes a segment in; its answer.
    fn hear(&mut self, segment: &Segment) -> Option<Segment> {
        assert_eq!(segment.flags & RST, 0, "nobody resets: {segment:?}");
        let Stamps { value: stamp, echo: echoed } = segment.stamps.unwrap();
        if segment.flags & ACK != 0 {
            assert!(!is_after(echoed, self.stamp), "an answer to a time that was not yet: {segment:?}");
        }
        if segment.flags & SYN != 0 {
            if self.peer.is_some_and(|peer| peer != segment.seq.wrapping_add(1)) {
                return None;
            }
            (self.peer, self.recent) = (Some(segment.seq.wrapping_add(1)), stamp);
            self.window = u32::from(segment.window);
            self.is_open |= self.is_client;
            let flags = if self.is_client { ACK } else { SYN | ACK };
            let seq = if self.is_client { self.isn.wrapping_add(1) } else { self.isn };
            return Some(self.segment(flags, seq, b""));
        }
        let peer = self.peer?;
        if is_after(self.recent, stamp) {
            return Some(self.segment(ACK, self.isn.wrapping_add(1).wrapping_add(self.acknowledged), b""));
        }
        self.recent = stamp;
        self.is_open = true;
        let acknowledged = segment.ack.wrapping_sub(self.isn.wrapping_add(1));
        if acknowledged <= self.says.len() as u32 && acknowledged >= self.acknowledged {
            (self.acknowledged, self.window) = (acknowledged, u32::from(segment.window));
        }
        let at = segment.seq.wrapping_sub(peer) as usize;
        if at == self.heard.len() {
            self.heard.extend(&segment.data);
        }
        let is_probe = segment.data.is_empty() && at != self.heard.len();
        (is_probe || !segment.data.is_empty())
            .then(|| self.segment(ACK, self.isn.wrapping_add(1).wrapping_add(self.acknowledged), b""))
    }
}

/// Plays a conversation over links that lose one packet of `loss`, repeat and reorder.
fn converse(seed: u64, loss: u64, forwarding: Forwarding, is_v6: bool) {
    let mut world = defended(forwarding, SynDefence::On, is_v6);
    let mut draw = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut rolls = |sides: u64| {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (draw >> 33) % sides
    };
    let end = |ends, is_client, isn, says, stamp| End {
        ends,
        is_client,
        isn,
        peer: None,
        acknowledged: 0,
        heard: Vec::new(),
        says,
        window: 0,
        stamp,
        recent: 0,
        is_open: false,
    };
    let mut client =
        end(world.request(4000), true, rolls(1 << 32) as u32, b"GET / and so on", rolls(1 << 32) as u32 >> 1);
    let nowhere = Ends::new(world.reals[0], 8080, world.client, 4000);
    let mut server =
        end(nowhere, false, rolls(1 << 32) as u32, b"200 and what was asked for", rolls(1 << 32) as u32 >> 1);
    // Packets under way: towards the client or the server, as they leave the director; or towards the director.
    let mut under_way: Vec<(Option<bool>, bool, Segment)> = Vec::new();
    for step in 0..20_000 {
        let is_over =
            |end: &End, other: &End| end.heard == other.says && end.acknowledged as usize == end.says.len();
        if is_over(&client, &server) && is_over(&server, &client) {
            return;
        }
        if step % 8 == 0 {
            world.now = world.now + Duration::from_millis(100);
            under_way.extend(client.strike().map(|segment| (None, true, segment)));
            under_way.extend(server.strike().map(|segment| (None, false, segment)));
            for segment in world.repeats() {
                under_way.push((Some(segment.ends.dst == world.client), true, segment));
            }
        }
        if under_way.is_empty() {
            continue;
        }
        let (to, from_client, segment) = under_way.swap_remove(rolls(under_way.len() as u64) as usize);
        if rolls(loss) == 0 {
            continue;
        }
        if rolls(16) == 0 {
            under_way.push((to, from_client, segment.clone()));
        }
        match to {
            Some(true) => under_way.extend(client.hear(&segment).map(|answer| (None, true, answer))),
            Some(false) => {
                server.ends = segment.ends.reversed();
                under_way.extend(server.hear(&segment).map(|answer| (None, false, answer)));
            }
            None => {
                let side = if from_client { Side::Client } else { Side::Server };
                let (_, to_client, to_server) = world.pass_both(&segment.write(), side);
                under_way.extend(to_client.into_iter().map(|segment| (Some(true), true, segment)));
                under_way.extend(to_server.into_iter().map(|segment| (Some(false), false, segment)));
            }
        }
    }
    panic!("seed {seed}: {:?} and {:?} after 20,000 steps", client.heard, server.heard);
}

#[test]
fn whatever_is_lost_or_reordered_both_ends_hear_all() {
    for seed in 0..300 {
        let forwarding = if seed % 2 == 0 { Forwarding::Masq } else { Forwarding::FullNat };
        converse(seed, 4 + seed % 7, forwarding, seed % 3 == 0);
    }
}

#[test]
fn the_secret_decides() {
    let opening = crate::app::Opening {
        from: Endpoint::new([10, 0, 0, 1].into(), 1),
        to: Endpoint::new([10, 0, 0, 2].into(), 80),
        isn: 7,
    };
    let cookies = [1, 2].map(|secret| SynCookies::new(secret).bake(&opening, 1460, Time(9)));
    assert_ne!(cookies[0], cookies[1]);
}
