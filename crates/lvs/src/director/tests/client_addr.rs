//! PROXY headers and TOA: bytes, numbers, repetitions. A server in the test puts the stream together as TCP would.

use super::*;
use crate::service::{ClientAddrMode, ProxyVersion};

const PSH: u8 = TcpFlags::PSH | ACK;

/// A segment as it was seen, with right checksums.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    ends: (IpAddr, IpAddr),
    flags: u8,
    sequence: u32,
    acknowledged: u32,
    options: Vec<u8>,
    payload: Vec<u8>,
}

impl World {
    fn with_mode(client_addr_mode: ClientAddrMode, forwarding: Forwarding, is_v6: bool) -> Self {
        let mut world = Self::new(Protocol::Tcp, is_v6);
        world.director = Director::new(Settings::default());
        world.director.set_routes(two_links());
        let mut spec = ServiceSpec::new(world.service, "rr");
        spec.client_addr_mode = Some(client_addr_mode);
        world.apply(Command::AddService(spec));
        let server = ServerSpec::new(world.reals[0], 8080, forwarding);
        world.apply(Command::AddServer { service: world.service, server });
        world
    }

    /// Sends a segment and says what comes out, in the order in which it is written.
    fn pass(&mut self, packet: &[u8], side: Side) -> Vec<Seen> {
        let mut buf = PacketBuf::from_packet(packet);
        self.pass_buf(&mut buf, side)
    }

    fn pass_buf(&mut self, buf: &mut PacketBuf, side: Side) -> Vec<Seen> {
        let verdict = self.director.process(buf, side, self.now, &mut self.outbox);
        assert_eq!(verdict, Verdict::Forward);
        let mut out = vec![seen(buf)];
        self.outbox.drain(|packet| out.push(seen(packet)));
        out
    }

    fn client_says(&mut self, flags: u8, sequence: u32, options: &[u8], payload: &[u8]) -> Vec<Seen> {
        let packet = tcp(self.request(4000), flags, (sequence, 9000), options, payload);
        self.pass(&packet, Side::Client)
    }

    /// The server answers what came to it.
    fn server_says(&mut self, to: &Seen, port: u16, flags: u8, acknowledged: u32, options: &[u8]) -> Seen {
        let ends = Ends::new(to.ends.1, 8080, to.ends.0, port);
        let packet = tcp(ends, flags, (8999, acknowledged), options, b"");
        let mut out = self.pass(&packet, Side::Server);
        assert_eq!(out.len(), 1);
        out.remove(0)
    }
}

fn tcp(
    ends: Ends,
    flags: u8,
    (sequence, acknowledged): (u32, u32),
    options: &[u8],
    payload: &[u8],
) -> Vec<u8> {
    let mut segment = [ends.src_port.to_be_bytes(), ends.dst_port.to_be_bytes()].concat();
    segment.extend(sequence.to_be_bytes());
    segment.extend(acknowledged.to_be_bytes());
    segment.extend([((20 + options.len()) as u8 / 4) << 4, flags, 0xfa, 0xf0, 0, 0, 0, 0]);
    segment.extend(options);
    segment.extend(payload);
    let sum = checksum::transport(ends.src, ends.dst, protocol::TCP, &segment);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    make::ip(ends.src, ends.dst, protocol::TCP, 64, &segment)
}

fn seen(buf: &PacketBuf) -> Seen {
    let bytes = buf.bytes();
    let (headers, tcp) = match buf.offload.checksum {
        Checksum::Partial { .. } => {
            let headers = headers_of(bytes);
            let tcp = &bytes[headers.l4..];
            let pseudo = checksum::pseudo_header(headers.src, headers.dst, protocol::TCP, tcp.len());
            assert_eq!(tcp[16..18], checksum::fold(pseudo).to_be_bytes(), "partial checksum");
            (headers, tcp)
        }
        Checksum::Full | Checksum::Verified => segment_of(bytes),
    };
    let word = |at: usize| u32::from_be_bytes([tcp[at], tcp[at + 1], tcp[at + 2], tcp[at + 3]]);
    let data = usize::from(tcp[12] >> 4) * 4;
    Seen {
        ends: (headers.src, headers.dst),
        flags: tcp[13],
        sequence: word(4),
        acknowledged: word(8),
        options: tcp[20..data].to_vec(),
        payload: tcp[data..].to_vec(),
    }
}

fn port_of(world: &World) -> u16 {
    let mut port = 0;
    world.director.conns.for_each(|_, conn| port = conn.return_end().port);
    port
}

/// Reads these segments as the server does, from this number on: the numbers must leave no gap.
fn stream(start: u32, segments: &[Seen]) -> Vec<u8> {
    let mut read: Vec<u8> = Vec::new();
    for segment in segments {
        let at = segment.sequence.wrapping_sub(start) as usize;
        assert!(at <= read.len(), "a gap before {segment:?}");
        read.truncate(at);
        read.extend(&segment.payload);
    }
    read
}

const V1: ClientAddrMode = ClientAddrMode::Proxy(ProxyVersion::V1);
const V2: ClientAddrMode = ClientAddrMode::Proxy(ProxyVersion::V2);
const HEADER_V1: &[u8] = b"PROXY TCP4 192.168.1.10 192.168.1.183 4000 80\r\n";

#[test]
fn headers_are_those_of_the_specification() {
    let v2 = |rest: &[u8]| [b"\r\n\r\n\0\r\nQUIT\n", rest].concat();
    let v6 = |last: &[u8]| [&[0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], last].concat();
    let wide = [&[0x21, 0x21, 0, 36][..], &v6(&[0, 0x10]), &v6(&[1, 0x83]), &[0xf, 0xa0, 0, 80]].concat();
    for (client_addr_mode, is_v6, expected) in [
        (V1, false, HEADER_V1.to_vec()),
        (V1, true, b"PROXY TCP6 2001:db8:1::10 2001:db8:1::183 4000 80\r\n".to_vec()),
        (V2, false, v2(&[0x21, 0x11, 0, 12, 192, 168, 1, 10, 192, 168, 1, 183, 0xf, 0xa0, 0, 80])),
        (V2, true, v2(&wide)),
    ] {
        for forwarding in [Forwarding::Masq, Forwarding::FullNat] {
            let mut world = World::with_mode(client_addr_mode, forwarding, is_v6);
            let syn = &world.client_says(SYN, 99, &[], b"")[0];
            assert_eq!((syn.sequence, syn.payload.len()), (99, 0));
            let out = world.client_says(ACK, 100, &[], b"");
            assert_eq!((out.len(), out[0].sequence, out[0].flags), (1, 100, PSH));
            assert_eq!(out[0].payload, expected);
            assert_eq!(world.client_says(PSH, 100, &[], b"GET")[0].sequence, 100 + expected.len() as u32);
        }
    }
}

#[test]
fn numbers_fit_on_both_sides() {
    for start in [100, u32::MAX - 20, u32::MAX - 60] {
        let mut world = World::with_mode(V1, Forwarding::FullNat, false);
        let len = HEADER_V1.len() as u32;
        let syn = world.client_says(SYN, start.wrapping_sub(1), &[], b"").remove(0);
        let port = port_of(&world);
        let answer = world.server_says(&syn, port, SYN | ACK, start, &[]);
        assert_eq!((answer.acknowledged, answer.ends.1), (start, world.client));
        let mut segments = world.client_says(ACK, start, &[], b"");
        segments.extend(world.client_says(PSH, start, &[], b"hello "));
        segments.extend(world.client_says(PSH, start.wrapping_add(6), &[], b"world"));
        assert_eq!(segments.len(), 3);
        assert_eq!(stream(start, &segments), [HEADER_V1, b"hello world"].concat());
        for (acknowledged, client_sees) in
            [(0, 0), (1, 0), (len - 1, 0), (len, 0), (len + 6, 6), (len + 11, 11), (0, 0)]
        {
            let block = [1, 1, 5, 10];
            let edges = [start.wrapping_add(acknowledged), start.wrapping_add(len + 11)];
            let options = [&block[..], &edges[0].to_be_bytes(), &edges[1].to_be_bytes()].concat();
            let answer = world.server_says(&syn, port, ACK, start.wrapping_add(acknowledged), &options);
            assert_eq!(answer.acknowledged, start.wrapping_add(client_sees), "{acknowledged}");
            let edge = |at: usize| u32::from_be_bytes(answer.options[at..at + 4].try_into().unwrap());
            assert_eq!((edge(4), edge(8)), (start.wrapping_add(client_sees), start.wrapping_add(11)));
        }
        // A keepalive asks for the byte before the next one.
        let probe = world.client_says(ACK, start.wrapping_add(10), &[], b"");
        assert_eq!(probe[0].sequence, start.wrapping_add(len + 10));
    }
}

#[test]
fn data_before_the_handshakes_end_push_the_header_ahead() {
    let mut world = World::with_mode(V2, Forwarding::FullNat, false);
    world.client_says(SYN, 99, &[], b"");
    // The bare acknowledgement was lost.
    let out = world.client_says(PSH, 100, &[], b"GET /");
    assert_eq!((out.len(), out[0].payload.len(), out[1].payload.as_slice()), (2, 28, &b"GET /"[..]));
    assert_eq!(stream(100, &out)[28..], *b"GET /");
    assert_eq!(out[0].ends, out[1].ends);
    // The first data come again, so the header may be lost: it goes with them.
    let again = world.client_says(PSH, 100, &[], b"GET /");
    assert_eq!(again, out);
    let to = out[0].clone();
    let port = port_of(&world);
    world.server_says(&to, port, ACK, 128, &[]);
    let later = world.client_says(PSH, 100, &[], b"GET /");
    assert_eq!((later.len(), later[0].sequence), (1, 128), "it is acknowledged");
}

#[test]
fn a_segment_that_overtook_the_first_brings_the_header_too() {
    let mut world = World::with_mode(V1, Forwarding::Masq, false);
    world.client_says(SYN, 99, &[], b"");
    let mut out = world.client_says(PSH, 105, &[], b"later");
    assert_eq!((out.len(), out[0].payload.as_slice(), out[0].sequence), (2, HEADER_V1, 100));
    let overtaken = world.client_says(PSH, 100, &[], b"first");
    assert_eq!(overtaken.len(), 1);
    let late = out.pop().unwrap();
    out.extend(overtaken);
    out.push(late);
    assert_eq!(stream(100, &out), [HEADER_V1, b"firstlater"].concat());
}

#[test]
fn data_of_a_syn_are_sent_again_by_the_client() {
    let mut world = World::with_mode(V1, Forwarding::FullNat, false);
    let fast_open = [34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1];
    let syn = &world.client_says(SYN, 99, &fast_open, b"GET /")[0];
    assert_eq!((syn.options.as_slice(), syn.payload.len(), syn.sequence), (&[1; 12][..], 0, 99));
    let mut out = world.client_says(ACK, 100, &[], b"");
    out.extend(world.client_says(PSH, 100, &[], b"GET /"));
    assert_eq!(stream(100, &out), [HEADER_V1, b"GET /"].concat());
}

#[test]
fn a_super_packet_stays_one() {
    let mut world = World::with_mode(V1, Forwarding::FullNat, false);
    world.client_says(SYN, 99, &[], b"");
    let data = vec![7; 60_000];
    let packet = tcp(world.request(4000), PSH, (100, 9000), &[], &data);
    let mut buf = PacketBuf::from_packet(&packet);
    let (src, dst) = (world.client, world.virt);
    let pseudo = checksum::fold(checksum::pseudo_header(src, dst, protocol::TCP, packet.len() - 20));
    buf.bytes_mut()[36..38].copy_from_slice(&pseudo.to_be_bytes());
    let gso = Some(Gso { kind: GsoKind::TcpV4, size: 1460, ecn: false });
    buf.offload = Offload { checksum: Checksum::Partial { start: 20, offset: 16 }, gso, header_len: 40 };
    let wanted = buf.offload;
    let verdict = world.director.process(&mut buf, Side::Client, world.now, &mut world.outbox);
    assert_eq!((verdict, buf.offload), (Verdict::Forward, Offload::default()));
    let mut out = vec![seen(&buf)];
    world.outbox.drain(|packet| {
        assert_eq!(packet.offload, wanted);
        out.push(seen(packet));
    });
    assert_eq!(stream(100, &out), [HEADER_V1, &data].concat());
}

#[test]
fn a_header_that_nobody_acknowledges_is_sent_again_by_the_clock() {
    let mut world = World::with_mode(V1, Forwarding::FullNat, false);
    let syn = world.client_says(SYN, 99, &[], b"").remove(0);
    let sent = world.client_says(ACK, 100, &[], b"").remove(0);
    let repeats = |world: &mut World, millis: u64| {
        world.now = world.now + Duration::from_millis(millis);
        world.director.repeat(world.now, &mut world.outbox);
        let mut out = Vec::new();
        world.outbox.drain(|packet| out.push(seen(packet)));
        out
    };
    assert_eq!(repeats(&mut world, 499), []);
    assert_eq!(repeats(&mut world, 1), std::slice::from_ref(&sent));
    assert_eq!(repeats(&mut world, 999), []);
    assert_eq!(repeats(&mut world, 1), std::slice::from_ref(&sent));
    let port = port_of(&world);
    world.server_says(&syn, port, ACK, 100 + HEADER_V1.len() as u32, &[]);
    assert_eq!(repeats(&mut world, 60_000), []);

    // A server that is gone is not asked for ever.
    let mut world = World::with_mode(V1, Forwarding::FullNat, false);
    world.client_says(SYN, 99, &[], b"");
    world.client_says(ACK, 100, &[], b"");
    assert_eq!((0..100).map(|_| repeats(&mut world, 10_000).len()).sum::<usize>(), 6);
}

#[test]
fn an_error_quotes_the_number_that_the_client_sent() {
    for is_v6 in [false, true] {
        let mut world = World::with_mode(V2, Forwarding::FullNat, is_v6);
        world.client_says(SYN, 99, &[], b"");
        world.client_says(ACK, 100, &[], b"");
        let packet = tcp(world.request(4000), PSH, (107, 9000), &[], b"data");
        let (_, sent) = world.process(&packet, Side::Client);
        let local = Headers::parse(&sent).unwrap().src;
        let (kind, mtu) = if is_v6 { ((2, 0), 1300) } else { ((3, 4), 1300) };
        let error = make::icmp(world.reals[0], local, kind, mtu, &sent);
        let (verdict, bytes) = world.process(&error, Side::Server);
        assert_eq!(verdict, Verdict::Forward);
        let (_, message) = icmp_of(&bytes);
        let quoted = Headers::parse_quoted(&message[8..]).unwrap();
        assert_eq!(message[8 + quoted.l4 + 4..8 + quoted.l4 + 8], 107u32.to_be_bytes());
    }
}

#[test]
fn connections_that_began_before_are_left_alone() {
    let mut world = World::with_mode(V1, Forwarding::Masq, false);
    world.apply(Command::SetSysctl { name: "sloppy_tcp".to_owned(), value: "1".to_owned() });
    let out = world.client_says(PSH, 100, &[], b"GET /");
    assert_eq!((out.len(), out[0].sequence, out[0].payload.as_slice()), (1, 100, &b"GET /"[..]));
}

#[test]
fn connections_of_other_directors_are_adopted_where_the_scheduler_is_a_hash() {
    for (scheduler, adopt, expected) in [
        ("mh", true, Verdict::Forward),
        ("sh", true, Verdict::Forward),
        ("dh", true, Verdict::Forward),
        ("mh", false, Verdict::Pass),
        ("rr", true, Verdict::Pass),
    ] {
        let mut world = World::with_mode(V1, Forwarding::Masq, false);
        world
            .apply(Command::EditService(ServiceSpec { adopt, ..ServiceSpec::new(world.service, scheduler) }));
        let reset = tcp(world.request(4000), TcpFlags::RST, (100, 9000), &[], b"");
        assert_eq!(world.process(&reset, Side::Client).0, Verdict::Pass, "{scheduler}");
        let middle = tcp(world.request(4000), PSH, (100, 9000), &[], b"data");
        assert_eq!(world.process(&middle, Side::Client).0, expected, "{scheduler} {adopt}");
    }
}

#[test]
fn the_first_segments_carry_the_address_option() {
    for is_v6 in [false, true] {
        let mut world = World::with_mode(ClientAddrMode::Toa, Forwarding::FullNat, is_v6);
        let addr = match world.client {
            IpAddr::V4(addr) => addr.octets().to_vec(),
            IpAddr::V6(addr) => addr.octets().to_vec(),
        };
        let option = [&[254, 4 + addr.len() as u8, 0xf, 0xa0][..], &addr].concat();
        let size = [2, 4, 5, 0xb4];
        let syn = world.client_says(SYN, 99, &size, b"").remove(0);
        assert_eq!(syn.options, [&option[..], &size].concat());
        let port = port_of(&world);
        let answer = world.server_says(&syn, port, SYN | ACK, 100, &size);
        let room = 1460 - option.len() as u16;
        assert_eq!(answer.options[2..], room.to_be_bytes(), "segments leave room");
        assert_eq!(world.client_says(ACK, 100, &[], b"")[0].options, option);
        let first = world.client_says(PSH, 100, &[], b"GET /").remove(0);
        assert_eq!((first.options.as_slice(), first.payload.as_slice()), (&option[..], &b"GET /"[..]));
        assert!(world.client_says(PSH, 105, &[], b"more")[0].options.is_empty());
        assert!(world.client_says(TcpFlags::RST, 100, &[], b"")[0].options.is_empty());
        assert_eq!(world.director.toa_no_room(), 0);
    }
}

#[test]
fn an_option_without_room_is_left_out_and_counted_and_a_forged_one_is_blanked() {
    let mut world = World::with_mode(ClientAddrMode::Toa, Forwarding::FullNat, false);
    let forged = [254, 8, 0, 80, 10, 0, 0, 1];
    let full: Vec<u8> = [&forged[..], &forged, &[1; 20]].concat();
    let syn = world.client_says(SYN, 99, &full, b"").remove(0);
    assert_eq!((syn.options.as_slice(), world.director.toa_no_room()), (&[1; 36][..], 1));
    let long = vec![0; 1460];
    let first = world.client_says(ACK, 100, &[], &long).remove(0);
    assert_eq!((first.options.len(), first.payload.len(), world.director.toa_no_room()), (0, 1460, 2));
    assert_eq!(world.client_says(ACK, 1560, &forged, b"x")[0].options, [1; 8]);
    // The server sees a masqueraded client itself.
    let mut world = World::with_mode(ClientAddrMode::Toa, Forwarding::Masq, false);
    assert!(world.client_says(SYN, 99, &[], b"")[0].options.is_empty());
}

#[test]
fn a_super_packet_with_the_option_has_shorter_pieces() {
    let mut world = World::with_mode(ClientAddrMode::Toa, Forwarding::FullNat, false);
    world.client_says(SYN, 99, &[], b"");
    let packet = tcp(world.request(4000), PSH, (100, 9000), &[], &vec![7; 20_000]);
    let mut buf = PacketBuf::from_packet(&packet);
    let pseudo = checksum::pseudo_header(world.client, world.virt, protocol::TCP, packet.len() - 20);
    buf.bytes_mut()[36..38].copy_from_slice(&checksum::fold(pseudo).to_be_bytes());
    let gso = |size| Some(Gso { kind: GsoKind::TcpV4, size, ecn: false });
    let checksum = Checksum::Partial { start: 20, offset: 16 };
    buf.offload = Offload { checksum, gso: gso(1460), header_len: 40 };
    let out = world.pass_buf(&mut buf, Side::Client);
    assert_eq!((out[0].options.len(), out[0].payload.len()), (8, 20_000));
    assert_eq!(buf.offload, Offload { checksum, gso: gso(1452), header_len: 48 });
}

#[test]
fn what_cannot_be_told_is_refused() {
    let world = World::new(Protocol::Tcp, false);
    let mut spec = ServiceSpec::new(world.service, "rr");
    spec.client_addr_mode = Some(V1);
    world.apply(Command::EditService(spec.clone()));
    let server = ServerSpec::new("10.0.0.9".parse().unwrap(), 80, Forwarding::Route);
    let refused = world.director.apply(&Command::AddServer { service: world.service, server }, world.now);
    assert!(matches!(refused, Err(CommandError::ProxyNeedsNat(_))));
    spec.client_addr_mode = None;
    world.apply(Command::EditService(spec.clone()));
    let server = ServerSpec::new("10.0.0.9".parse().unwrap(), 80, Forwarding::Route);
    world.apply(Command::AddServer { service: world.service, server });
    spec.client_addr_mode = Some(V2);
    let refused = world.director.apply(&Command::EditService(spec), world.now);
    assert!(matches!(refused, Err(CommandError::ProxyNeedsNat(_))));
    for client_addr_mode in [V1, ClientAddrMode::Toa] {
        let key = ServiceKey::Address { protocol: Protocol::Udp, addr: world.virt, port: 53 };
        let mut spec = ServiceSpec::new(key, "rr");
        spec.client_addr_mode = Some(client_addr_mode);
        let refused = world.director.apply(&Command::AddService(spec), world.now);
        assert_eq!(refused, Err(CommandError::ClientAddrNeedsTcp(key)));
    }
}

/// A server that puts a stream together, whatever order it comes in.
#[derive(Debug, Default)]
struct Receiver {
    bytes: Vec<Option<u8>>,
}

impl Receiver {
    fn take(&mut self, start: u32, segment: &Seen) {
        for (at, byte) in (segment.sequence.wrapping_sub(start) as usize..).zip(&segment.payload) {
            if self.bytes.len() <= at {
                self.bytes.resize(at + 1, None);
            }
            assert!(self.bytes[at].is_none_or(|there| there == *byte), "another byte in the same place");
            self.bytes[at] = Some(*byte);
        }
    }

    /// How much there is without a gap.
    fn whole(&self) -> usize {
        self.bytes.iter().position(Option::is_none).unwrap_or(self.bytes.len())
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 128, ..Default::default() })]

    /// Whatever is lost or sent again, the server reads the header and then the client's data, and the client sees
    /// acknowledgements of what it sent.
    #[test]
    fn a_stream_arrives_whole_through_losses(
        seed: u64, start: u32, len in 0usize..4000, lost in 0u64..40, is_v1: bool, is_full_nat: bool, is_v6: bool,
    ) {
        let mut bits = seed;
        let mut chance = |percent: u64| {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (bits >> 33) % 100 < percent
        };
        let forwarding = if is_full_nat { Forwarding::FullNat } else { Forwarding::Masq };
        let mut world = World::with_mode(if is_v1 { V1 } else { V2 }, forwarding, is_v6);
        let data: Vec<u8> = (0..len).map(|at| at as u8).collect();
        let syn = world.client_says(SYN, start.wrapping_sub(1), &[], b"").remove(0);
        let port = port_of(&world);
        let mut receiver = Receiver::default();
        let mut acknowledged = 0;
        let mut is_ended = false;
        for _ in 0..400 {
            let mut sent = Vec::new();
            // What is not acknowledged is sent, in pieces of any length.
            let mut at = acknowledged;
            if at == 0 && chance(60) {
                sent.extend(world.client_says(ACK, start, &[], b""));
            }
            while at < len {
                let end = len.min(at + if chance(50) { 100 } else { 536 });
                sent.extend(world.client_says(PSH, start.wrapping_add(at as u32), &[], &data[at..end]));
                at = end;
            }
            world.now = world.now + Duration::from_millis(500);
            world.director.repeat(world.now, &mut world.outbox);
            world.outbox.drain(|packet| sent.push(seen(packet)));
            for segment in sent.iter().filter(|_| !chance(lost)) {
                receiver.take(start, segment);
            }
            if chance(lost) {
                continue;
            }
            let whole = start.wrapping_add(receiver.whole() as u32);
            let answer = world.server_says(&syn, port, ACK, whole, &[]);
            let up_to = answer.acknowledged.wrapping_sub(start) as usize;
            proptest::prop_assert!(up_to <= len, "{up_to} of {len} acknowledged");
            acknowledged = acknowledged.max(up_to);
            let has_header = receiver.whole() >= if is_v1 { 20 } else { 28 };
            is_ended = acknowledged == len && has_header;
            if is_ended {
                break;
            }
        }
        proptest::prop_assert!(is_ended, "{acknowledged} of {len} came");
        let read: Vec<u8> = receiver.bytes.iter().map_while(|byte| *byte).collect();
        let begins = if is_v1 { &b"PROXY TCP"[..] } else { &b"\r\n\r\n\0\r\nQUIT\n"[..] };
        proptest::prop_assert!(read.starts_with(begins) && read.ends_with(&data));
        proptest::prop_assert_eq!(read.len() - len, world.header_len());
    }
}

impl World {
    /// By how much the server's numbers of the one connection are ahead.
    fn header_len(&self) -> usize {
        let mut len = 0;
        self.director.conns.for_each(|_, conn| {
            if let Some(crate::app::ClientAddrState::Proxy(proxy)) = conn.client_addr_state() {
                len = proxy.shift() as usize;
            }
        });
        len
    }
}
