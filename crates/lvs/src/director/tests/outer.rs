//! Errors of routers about the outer packets of tunnels, where the kernel does nothing: IPv6 outside, another family
//! inside, quotes that end too early. What the kernel does is recorded in `tests/data/datapath/tunnel-errors`.

use super::*;

const DIRECTORS: [&str; 2] = ["192.168.56.181", "2001:db8:56::181"];
const ROUTERS: [&str; 2] = ["192.168.56.1", "2001:db8:56::1"];
const SERVERS: [&str; 2] = ["192.168.56.185", "2001:db8:56::185"];

/// A world with one server in a tunnel of this kind. The outer packets are of IPv6 or not.
struct Tunnelled {
    world: World,
    outer_v6: bool,
    overhead: usize,
    inner_v6: bool,
}

impl Tunnelled {
    fn new(kind: TunnelKind, inner_v6: bool, outer_v6: bool, mtu: u32) -> Self {
        let world = World::new(Protocol::Tcp, inner_v6);
        for addr in world.reals {
            world.apply(Command::DeleteServer { service: world.service, addr, port: 8080 });
        }
        let at = |addrs: [&str; 2]| -> IpAddr { addrs[usize::from(outer_v6)].parse().unwrap() };
        let port = if kind == TunnelKind::Gue { 6080 } else { 0 };
        let tunnel = Tunnel { kind, port, checksum: TunnelChecksum::None };
        let server = ServerSpec::new(at(SERVERS), 80, Forwarding::Tunnel(tunnel));
        world.apply(Command::AddServer { service: world.service, server });
        let own = own_route(at(DIRECTORS));
        let net = if outer_v6 { "2001:db8:56::/64" } else { "192.168.56.0/24" }.parse().unwrap();
        let link = Route { net, mtu, source: own.source, interface: 2, gateway: None, is_local: false };
        world.director.set_routes(RouteTable::new(vec![own, link]));
        let overhead = if outer_v6 { 40 } else { 20 }
            + match kind {
                TunnelKind::Ipip => 0,
                TunnelKind::Gre => 4,
                TunnelKind::Gue => 12,
            };
        Self { world, outer_v6, overhead, inner_v6 }
    }

    /// A segment of the client of this whole length.
    fn segment(&self, len: usize) -> Vec<u8> {
        let headers = if self.inner_v6 { 60 } else { 40 };
        make::tcp(self.world.request(4000), ACK, &vec![7; len - headers])
    }

    /// Sends a packet. Returns its verdict, and the packets that leave.
    fn send(&mut self, len: usize) -> (Verdict, Vec<Vec<u8>>) {
        let segment = self.segment(len);
        let (verdict, bytes) = self.world.process(&segment, Side::Client);
        let mut out: Vec<Vec<u8>> = (verdict == Verdict::Forward).then_some(bytes).into_iter().collect();
        self.world.outbox.drain(|packet| out.push(packet.bytes().to_vec()));
        (verdict, out)
    }

    fn open(&mut self) {
        let (verdict, _) = self.world.process(&make::tcp(self.world.request(4000), SYN, b""), Side::Client);
        assert_eq!(verdict, Verdict::Forward);
    }

    /// A router says this, quoting so much of a packet, as the host hears of it.
    fn hear(&mut self, kind: (u8, u8), rest: u32, packet: &[u8]) -> (Verdict, Vec<Vec<u8>>) {
        let at = |addrs: [&str; 2]| -> IpAddr { addrs[usize::from(self.outer_v6)].parse().unwrap() };
        let error = make::icmp(at(ROUTERS), at(DIRECTORS), kind, rest, packet);
        let mut buf = PacketBuf::from_packet(&error);
        let World { director, now, outbox, .. } = &mut self.world;
        let verdict = director.process_heard(&mut buf, *now, outbox);
        let mut out = Vec::new();
        outbox.drain(|packet| out.push(packet.bytes().to_vec()));
        (verdict.unwrap_or(Verdict::Pass), out)
    }

    fn too_big(&mut self, mtu: u32, packet: &[u8]) -> (Verdict, Vec<Vec<u8>>) {
        let kind = if self.outer_v6 { (2, 0) } else { (3, 4) };
        self.hear(kind, mtu, packet)
    }

    /// Type, code and second word of the one packet, which must be an error from the virtual address to the client.
    fn said(&self, out: &[Vec<u8>]) -> (u8, u8, u32) {
        assert_eq!(out.len(), 1);
        let (headers, message) = icmp_of(&out[0]);
        assert_eq!((headers.src, headers.dst), (self.world.virt, self.world.client));
        (message[0], message[1], u32::from_be_bytes(message[4..8].try_into().unwrap()))
    }

    fn too_big_inside(&self, mtu: u32) -> (u8, u8, u32) {
        if self.inner_v6 { (2, 0, mtu) } else { (3, 4, mtu) }
    }
}

const KINDS: [TunnelKind; 3] = [TunnelKind::Ipip, TunnelKind::Gre, TunnelKind::Gue];
const FAMILIES: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

#[test]
fn the_client_learns_what_gets_through_behind_the_link() {
    for (kind, (inner_v6, outer_v6)) in KINDS.into_iter().flat_map(|kind| FAMILIES.map(|pair| (kind, pair))) {
        let mut tunnelled = Tunnelled::new(kind, inner_v6, outer_v6, 1500);
        tunnelled.open();
        let full = 1500 - tunnelled.overhead;
        let (verdict, out) = tunnelled.send(full);
        assert_eq!((verdict, out[0].len()), (Verdict::Forward, 1500));
        let room = 1400 - tunnelled.overhead;
        let quote = &out[0][..out[0].len().min(if outer_v6 { 1232 } else { 548 })];
        let (verdict, out) = tunnelled.too_big(1400, quote);
        assert_eq!(verdict, Verdict::Reply);
        let expected = tunnelled.too_big_inside(room as u32);
        assert_eq!(tunnelled.said(&out), expected, "{kind:?} {inner_v6} {outer_v6}");
        // From now on the director answers by itself.
        let (verdict, out) = tunnelled.send(room + 1);
        assert_eq!((verdict, tunnelled.said(&out)), (Verdict::Reply, expected));
        assert_eq!(tunnelled.send(room).0, Verdict::Forward);
        // The way may have become wider.
        tunnelled.world.pass_time(670);
        tunnelled.open();
        assert_eq!(tunnelled.send(full).0, Verdict::Forward);
    }
}

#[test]
fn a_quote_that_ends_too_early_says_how_much_gets_through() {
    for (kind, (inner_v6, outer_v6)) in KINDS.into_iter().flat_map(|kind| FAMILIES.map(|pair| (kind, pair))) {
        let mut tunnelled = Tunnelled::new(kind, inner_v6, outer_v6, 1500);
        tunnelled.open();
        let full = 1500 - tunnelled.overhead;
        let outer = tunnelled.send(full).1.remove(0);
        let ip = if outer_v6 { 40 } else { 20 };
        let (verdict, out) = tunnelled.too_big(1400, &outer[..ip + 8]);
        assert_eq!((verdict, out.len()), (Verdict::Pass, 0));
        let expected = tunnelled.too_big_inside((1400 - tunnelled.overhead) as u32);
        let (verdict, out) = tunnelled.send(full);
        assert_eq!((verdict, tunnelled.said(&out)), (Verdict::Reply, expected), "{kind:?}");
    }
}

#[test]
fn what_is_no_outer_packet_of_ours_changes_nothing() {
    for outer_v6 in [false, true] {
        let mut tunnelled = Tunnelled::new(TunnelKind::Gue, false, outer_v6, 1500);
        tunnelled.open();
        let full = 1500 - tunnelled.overhead;
        let outer = tunnelled.send(full).1.remove(0);
        let ip = if outer_v6 { 40 } else { 20 };
        let broken = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut quote = outer[..ip + 60].to_vec();
            change(&mut quote);
            quote
        };
        let dst_at = if outer_v6 { 39 } else { 19 };
        let src_at = if outer_v6 { 23 } else { 15 };
        let quotes = [
            broken(&|quote| quote[dst_at] = 99),
            broken(&|quote| quote[src_at] = 99),
            broken(&|quote| quote[ip + 3] ^= 1),
            broken(&|quote| quote[if outer_v6 { 6 } else { 9 }] = protocol::GRE),
            broken(&|quote| quote[if outer_v6 { 6 } else { 9 }] = protocol::TCP),
            broken(&|quote| quote.truncate(ip)),
        ];
        for quote in quotes {
            let (verdict, out) = tunnelled.too_big(1400, &quote);
            assert_eq!((verdict, out.len()), (Verdict::Pass, 0), "{quote:?}");
            assert_eq!(tunnelled.send(full).0, Verdict::Forward);
        }
    }
}

#[test]
fn other_errors_reach_the_client_in_its_own_family() {
    let rows = [
        ((false, false), (3, 1), (3, 1)),
        ((false, false), (11, 0), (11, 0)),
        ((true, true), (1, 3), (1, 3)),
        ((true, true), (1, 4), (1, 4)),
        ((true, true), (3, 0), (3, 0)),
        ((false, true), (1, 0), (3, 1)),
        ((false, true), (3, 0), (3, 1)),
        ((true, false), (3, 2), (1, 3)),
        ((true, false), (11, 0), (1, 3)),
    ];
    for ((inner_v6, outer_v6), heard, expected) in rows {
        let mut tunnelled = Tunnelled::new(TunnelKind::Ipip, inner_v6, outer_v6, 1500);
        tunnelled.open();
        let outer = tunnelled.send(500).1.remove(0);
        let (verdict, out) = tunnelled.hear(heard, 0, &outer);
        let (kind, code, _) = tunnelled.said(&out);
        assert_eq!((verdict, (kind, code)), (Verdict::Reply, expected), "{heard:?}");
        let (_, message) = icmp_of(&out[0]);
        // What is quoted is the client's own packet, but for its hops.
        assert_eq!(&message[8 + 40..], &tunnelled.segment(500)[40..]);
    }
}

#[test]
fn ipv6_of_1280_bytes_gets_through_every_tunnel() {
    for (kind, outer_v6, mtu) in KINDS.into_iter().flat_map(|kind| {
        [false, true].into_iter().flat_map(move |v6| [1280, 1300].map(|mtu| (kind, v6, mtu)))
    }) {
        let mut tunnelled = Tunnelled::new(kind, true, outer_v6, mtu);
        tunnelled.open();
        let (verdict, out) = tunnelled.send(1281);
        let room = (mtu as usize - tunnelled.overhead).max(1280) as u32;
        assert_eq!((verdict, tunnelled.said(&out)), (Verdict::Reply, (2, 0, room)), "{kind:?} {mtu}");
        let is_whole = 1280 + tunnelled.overhead <= mtu as usize;
        let (verdict, out) = tunnelled.send(1280);
        if outer_v6 && !is_whole {
            assert_eq!((verdict, out.len()), (Verdict::Split, 2));
            assert!(out.iter().all(|piece| piece.len() <= mtu as usize));
            assert_eq!(put_together(&out).len(), 1280 + tunnelled.overhead);
        } else {
            // The host cuts what it may: IPv4 without DF.
            assert_eq!((verdict, out[0].len()), (Verdict::Forward, 1280 + tunnelled.overhead));
            assert!(outer_v6 || is_whole || out[0][6] & 0x40 == 0);
        }
    }
}

#[test]
fn a_super_packet_for_a_narrow_way_leaves_in_pieces_of_its_segments() {
    let mut tunnelled = Tunnelled::new(TunnelKind::Ipip, true, true, 1280);
    tunnelled.open();
    let mut buf = PacketBuf::from_packet(&tunnelled.segment(60 + 3 * 1220));
    buf.offload = Offload {
        checksum: Checksum::Partial { start: 40, offset: 16 },
        gso: Some(Gso { kind: GsoKind::TcpV6, size: 1220, ecn: false }),
        header_len: 60,
    };
    let World { director, now, .. } = &tunnelled.world;
    let mut outbox = Outbox::towards(true);
    assert_eq!(director.process(&mut buf, Side::Client, *now, &mut outbox), Verdict::Split);
    let mut out = Vec::new();
    outbox.drain(|packet| out.push(packet.bytes().to_vec()));
    assert_eq!(out.len(), 6);
    let mut ids: Vec<u32> =
        out.iter().map(|piece| Headers::parse(piece).unwrap().fragment.unwrap().id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    for (number, pieces) in (0..).zip(out.chunks(2)) {
        let whole = put_together(pieces);
        assert_eq!(whole.len(), 1280 + 40);
        let inner = Headers::parse(&whole[40..]).unwrap();
        let segment = &whole[40 + inner.l4..];
        let sequence = u32::from_be_bytes(segment[4..8].try_into().unwrap());
        assert_eq!(sequence, 1 + number * 1220);
        assert_eq!(checksum::transport(inner.src, inner.dst, inner.protocol, segment), 0);
    }
}

/// The packet that these pieces make.
fn put_together(pieces: &[Vec<u8>]) -> Vec<u8> {
    let fragments = Fragments::new(1);
    let mut buf = PacketBuf::new();
    for (number, piece) in (1..).zip(pieces) {
        buf.fill(piece);
        let headers = Headers::parse(piece).unwrap();
        let joined = fragments.add(&mut buf, &headers, headers.fragment.unwrap(), Time::ZERO);
        assert_eq!(
            matches!(joined, crate::defragment::Reassembly::Whole { .. }),
            number == pieces.len(),
            "{joined:?}"
        );
    }
    buf.bytes().to_vec()
}
