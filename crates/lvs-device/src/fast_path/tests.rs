//! The program by itself (`BPF_PROG_TEST_RUN`) beside its twin in memory, packet by packet.

use std::collections::BTreeMap;
use std::net::IpAddr;

use lvs::fast_path::{Closed, Flow, FlowKey, FlowStep, FlowTable, Tells, Towards, UNDER_WAY};
use lvs::service::Endpoint;
use lvs::time::Time;
use lvs_sys::bpf_program;
use lvs_wire::make::{self, Ends};
use lvs_wire::{Gso, GsoKind, Offload, PacketBuf, TcpFlags, checksum, protocol};

use super::*;

const ETHERTYPES: [u16; 2] = [0x0800, 0x86dd];
const REDIRECTED: u32 = 7;
const LEFT: u32 = u32::MAX;

/// Whether the programs can be loaded here. Where the tests run as root they have to be.
fn kernel(entries: u32) -> Option<FastPath> {
    kernel_by(entries, Hook::Tcx)
}

fn kernel_by(entries: u32, hook: Hook) -> Option<FastPath> {
    match FastPath::load(entries, Some(hook)) {
        Ok(fast_path) => Some(fast_path),
        Err(error) if !nix::unistd::geteuid().is_root() => {
            eprintln!(
                "NOT RUN: {error}: {:?}; the kernel's program is tested as root",
                std::error::Error::source(&error)
            );
            None
        }
        Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
    }
}

fn end(text: &str) -> Endpoint {
    let addr: std::net::SocketAddr = text.parse().unwrap();
    Endpoint::new(addr.ip(), addr.port())
}

/// Client, virtual and real end, and the one that stands for the client.
const ENDS: [[&str; 4]; 2] = [
    ["192.0.2.7:40001", "198.51.100.80:80", "10.1.2.3:8080", "10.9.9.9:20000"],
    ["[2001:db8::7]:40001", "[2001:db8:1::80]:80", "[fd00::3]:8080", "[fd00:9::9]:20000"],
];

/// Both flows of a connection, to a server that sees the client or does not.
fn flows(number: u8, [client, virt, real, local]: [Endpoint; 4], is_full_nat: bool) -> [(FlowKey, Flow); 2] {
    let seen = if is_full_nat { local } else { client };
    let flow = |towards, source, destination, only_whole| Flow {
        towards,
        source,
        destination,
        longest: 1400,
        only_whole,
        tells: (number == 6).then_some(Tells { conn: 77, first: !is_full_nat, ends: !is_full_nat }),
        waits: None,
    };
    [
        (
            FlowKey { protocol: number, from: client, to: virt },
            flow(Towards::Server, seen, real, is_full_nat),
        ),
        (FlowKey { protocol: number, from: real, to: seen }, flow(Towards::Client, virt, client, false)),
    ]
}

fn all_flows() -> Vec<[(FlowKey, Flow); 2]> {
    let mut all = Vec::new();
    for ends in ENDS {
        for (number, is_full_nat) in [(6, false), (6, true), (17, false), (17, true)] {
            let mut ends = ends.map(end);
            ends[0].port += u16::from(is_full_nat);
            ends[3].port += u16::from(number);
            all.push(flows(number, ends, is_full_nat));
        }
    }
    all
}

fn install(table: &dyn FlowTable, flows: &[[(FlowKey, Flow); 2]]) {
    table.switch(1);
    flows.iter().for_each(|both| put(table, both).unwrap());
}

fn put(
    table: &dyn FlowTable,
    [(key, flow), (other_key, other)]: &[(FlowKey, Flow); 2],
) -> Result<(), FlowRefused> {
    table.install(&[*key, *other_key], &[*flow, *other])
}

/// Steps that were told of since, without the times.
fn steps(table: &dyn FlowTable) -> Vec<FlowStep> {
    let mut steps = Vec::new();
    table.take_steps(&mut |step| steps.push(FlowStep { seen_at: Time::ZERO, ..step }));
    assert!(!table.has_steps());
    steps
}

fn uses(table: &dyn FlowTable) -> BTreeMap<String, (u64, u64, Option<Closed>)> {
    let mut uses = BTreeMap::new();
    table.read(&mut |key, used| {
        uses.insert(format!("{key:?}"), (used.packets, used.bytes, used.closed));
    });
    uses
}

/// Runs the program for a packet behind an Ethernet header. What it says, and what became of the packet.
fn run(fast_path: &FastPath, packet: &PacketBuf) -> (u32, Vec<u8>) {
    // The kernel takes no frame whose header is not whole.
    let version = usize::from(packet.bytes()[0] >> 4 == 6 && packet.len() >= 40);
    let mut frame = [&[0; 12][..], &ETHERTYPES[version].to_be_bytes(), packet.bytes()].concat();
    let mut context = [0_u8; 192];
    let size = packet.offload.gso.map_or(0, |gso| u32::from(gso.size));
    context[176..180].copy_from_slice(&size.to_ne_bytes());
    let len = frame.len();
    let answer = bpf_program::test_run(&fast_path.programs[0], &mut frame, &context)
        .unwrap_or_else(|error| panic!("{error} for {len} bytes, segments of {size}"));
    frame.drain(..14);
    frame.truncate(packet.len());
    (answer, frame)
}

/// A repeatable sequence of numbers.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % end) as usize
    }
}

fn ends_of(key: &FlowKey) -> Ends {
    Ends::new(key.from.addr, key.from.port, key.to.addr, key.to.port)
}

/// A packet of one of the flows, sound, or with something odd about it.
fn draw_packet(draw: &mut Draw, flows: &[[(FlowKey, Flow); 2]]) -> PacketBuf {
    let key = &flows[draw.below(flows.len() as u64)][draw.below(2)].0;
    let payload: Vec<u8> = (0..[0, 1, 7, 100, 1360, 1380, 3000][draw.below(7)]).map(|at| at as u8).collect();
    let flags = match draw.below(13) {
        0 => TcpFlags::SYN,
        1 => TcpFlags::ACK | TcpFlags::FIN,
        2 => TcpFlags::RST,
        3 => TcpFlags::ACK | 0x20,
        4 => 0,
        5..8 => TcpFlags::ACK | 0x08,
        8 => TcpFlags::ACK | 0xc0,
        9 => TcpFlags::SYN | TcpFlags::ACK,
        _ => TcpFlags::ACK,
    };
    let mut bytes = match key.protocol {
        protocol::TCP => make::tcp(ends_of(key), flags, &payload),
        _ => make::udp(ends_of(key), &payload),
    };
    let is_v6 = key.from.addr.is_ipv6();
    let l4 = if is_v6 { 40 } else { 20 };
    if key.protocol == protocol::UDP && !is_v6 && draw.below(4) == 0 {
        bytes[l4 + 6..l4 + 8].fill(0);
    }
    spoil(draw, &mut bytes, is_v6);
    let mut packet = PacketBuf::from_packet(&bytes);
    if key.protocol == protocol::TCP && payload.len() == 3000 && draw.below(2) == 0 {
        let size = [1000, 1340, 1360, 1380][draw.below(4)];
        let kind = if is_v6 { GsoKind::TcpV6 } else { GsoKind::TcpV4 };
        packet.offload = Offload { gso: Some(Gso { kind, size, ecn: false }), ..Offload::default() };
    }
    packet
}

/// Makes something wrong, half of the time.
fn spoil(draw: &mut Draw, bytes: &mut Vec<u8>, is_v6: bool) {
    let l4 = if is_v6 { 40 } else { 20 };
    let sum_up = |bytes: &mut Vec<u8>| {
        bytes[10..12].fill(0);
        let sum = checksum::plain(&bytes[..20]);
        bytes[10..12].copy_from_slice(&sum.to_be_bytes());
    };
    match draw.below(24) {
        // Any bit anywhere in the headers.
        0..4 => {
            let at = draw.below(l4 as u64 + 8);
            bytes[at] ^= 1 << draw.below(8);
        }
        4 if !is_v6 => {
            bytes[8] = draw.below(3) as u8;
            sum_up(bytes);
        }
        4 => bytes[7] = draw.below(3) as u8,
        // Fragments, cuttable packets, the evil bit.
        5 if !is_v6 => {
            bytes[6] = [0x20, 0x00, 0x80, 0x00][draw.below(4)];
            bytes[7] = draw.below(2) as u8;
            sum_up(bytes);
        }
        6 => bytes.truncate(bytes.len() - draw.below(4).min(bytes.len() - l4 - 8)),
        7 => bytes.extend([0; 5]),
        // The length of the transport's header, or of the datagram.
        8 if bytes.len() > l4 + 12 => bytes[l4 + 12] = (draw.below(16) << 4) as u8,
        9 => bytes[l4 + 5] = bytes[l4 + 5].wrapping_add(1),
        // The transport's sum.
        10 => bytes[l4 + 6] ^= 0x55,
        11 if !is_v6 => {
            bytes[9] = protocol::ICMP;
            sum_up(bytes);
        }
        // Another port.
        12 => bytes[l4] ^= 1,
        _ => {}
    }
}

#[test]
fn the_program_does_what_the_core_would() {
    let Some(fast_path) = kernel(64) else { return };
    let memory = MemoryFlows::new(64);
    let flows = all_flows();
    let mut draw = Draw(17);
    let (mut passed, mut left, mut closed, mut told) = (0, 0, 0, 0);
    for round in 0..400 {
        install(&fast_path, &flows);
        install(&memory, &flows);
        for _ in 0..50 {
            let packet = draw_packet(&mut draw, &flows);
            let mut expected = packet.clone();
            let passes = memory.pass(&mut expected, Time::ZERO);
            let (answer, done) = run(&fast_path, &packet);
            assert_eq!(answer, LEFT, "on to the host's routing");
            assert_eq!(done, expected.bytes(), "round {round}: {passes} for {:02x?}", packet.bytes());
            *if passes { &mut passed } else { &mut left } += 1;
        }
        let memory_uses = uses(&memory);
        assert_eq!(uses(&fast_path), memory_uses, "round {round}");
        let memory_steps = steps(&memory);
        assert_eq!(steps(&fast_path), memory_steps, "round {round}");
        told += memory_steps.len();
        closed += memory_uses.values().filter(|(_, _, closed)| closed.is_some()).count();
        // Both give back the same.
        for (key, _) in flows.iter().flatten() {
            let (one, other) = (fast_path.remove(key).unwrap(), memory.remove(key).unwrap());
            assert_eq!((one.packets, one.bytes, one.closed), (other.packets, other.bytes, other.closed));
        }
        assert!(uses(&fast_path).is_empty());
    }
    assert!(
        passed > 2000 && left > 2000 && closed > 200 && told > 500,
        "{passed} passed, {left} left, {closed} closed, {told} told"
    );
}

#[test]
fn what_is_passed_seems_to_come_by_the_directors_interface() {
    let Some(fast_path) = kernel(8) else { return };
    fast_path.begin([1, 1], Time::from_secs(1));
    let flows = all_flows();
    install(&fast_path, &flows[..1]);
    let (key, _) = flows[0][0];
    let packet = PacketBuf::from_packet(&make::tcp(ends_of(&key), TcpFlags::ACK, b"data"));
    assert_eq!(run(&fast_path, &packet).0, REDIRECTED);
    let used = fast_path.remove(&key).unwrap();
    assert_eq!((used.packets, used.bytes, used.closed), (1, 44, None));
    let seen_at = used.seen_at.unwrap();
    assert!((Time(900)..Time(31_000)).contains(&seen_at), "{seen_at:?}");
}

/// A segment whose IP header says no length; of IPv6, if that is wished, with the option that says it.
fn without_length(ends: Ends, has_option: bool) -> Vec<u8> {
    let mut bytes = make::tcp(ends, TcpFlags::ACK, &[7; 900]);
    if bytes[0] >> 4 == 4 {
        bytes[2..4].fill(0);
        bytes[6] |= 0x40;
        bytes[10..12].fill(0);
        let sum = checksum::plain(&bytes[..20]).to_be_bytes();
        bytes[10..12].copy_from_slice(&sum);
        return bytes;
    }
    bytes[4..6].fill(0);
    if has_option {
        let len = (bytes.len() as u32 - 40 + 8).to_be_bytes();
        bytes[6] = 0;
        bytes.splice(40..40, [6, 0, 0xc2, 4].into_iter().chain(len));
    }
    bytes
}

#[test]
fn a_super_packet_too_long_for_its_header_is_passed_whole() {
    let Some(fast_path) = kernel(8) else { return };
    fast_path.begin([1, 1], Time::from_secs(1));
    let tcp = all_flows().into_iter().filter(|both| both[0].0.protocol == 6);
    for (both, has_option) in tcp.flat_map(|both| [(both, false), (both, true)]) {
        let (key, flow) = both[0];
        let bytes = without_length(ends_of(&key), has_option);
        let ahead = bytes.len() - 920;
        let mut packet = PacketBuf::from_packet(&bytes);
        install(&fast_path, std::slice::from_ref(&both));
        assert_eq!(run(&fast_path, &packet).0, LEFT, "no super-packet says that it has no length");
        packet.offload.gso = Some(Gso { kind: GsoKind::TcpV4, size: 300, ecn: false });
        let (answer, done) = run(&fast_path, &packet);
        assert_eq!(answer, REDIRECTED, "{key:?}, option {has_option}");
        let ports = [flow.source.port.to_be_bytes(), flow.destination.port.to_be_bytes()].concat();
        assert_eq!(done[ahead..ahead + 4], ports);
        // Over everything, its own field included, that is 0.
        let Flow { source, destination, .. } = flow;
        assert_eq!(checksum::transport(source.addr, destination.addr, protocol::TCP, &done[ahead..]), 0);
        let used = fast_path.remove(&key).unwrap();
        assert_eq!((used.packets, used.bytes), (1, bytes.len() as u64));
        fast_path.remove(&both[1].0).unwrap();
    }
}

#[test]
fn a_super_packet_whose_option_makes_it_too_long_closes_both_flows() {
    let Some(fast_path) = kernel(8) else { return };
    fast_path.begin([1, 1], Time::from_secs(1));
    for both in all_flows().into_iter().filter(|both| both[0].0.protocol == 6) {
        let (key, flow) = both[0];
        let is_v6 = key.from.addr.is_ipv6();
        let headers = if is_v6 { 60 } else { 40 };
        // The host counts the option for each segment.
        for (size, has_option, closed) in [
            (flow.longest - headers, false, None),
            (flow.longest - headers - 8, true, None),
            (flow.longest - headers - 7, true, Some(Closed::TooLong)),
        ] {
            let bytes = without_length(ends_of(&key), has_option);
            let mut packet = PacketBuf::from_packet(&bytes);
            packet.offload.gso = Some(Gso { kind: GsoKind::TcpV4, size: size as u16, ecn: false });
            install(&fast_path, std::slice::from_ref(&both));
            let closed = closed.filter(|_| is_v6);
            let expected = if closed.is_some() { LEFT } else { REDIRECTED };
            assert_eq!(run(&fast_path, &packet).0, expected, "{key:?}, {size}, option {has_option}");
            let plain = PacketBuf::from_packet(&make::tcp(ends_of(&key), TcpFlags::ACK, b"data"));
            assert_eq!(run(&fast_path, &plain).0, expected, "what comes behind it overtakes nothing");
            for (key, _) in both {
                assert_eq!(fast_path.remove(&key).unwrap().closed, closed);
            }
        }
    }
}

#[test]
fn another_generation_is_dead_at_once_and_a_full_map_says_so() {
    let Some(fast_path) = kernel(2) else { return };
    let flows = all_flows();
    install(&fast_path, &flows[..2]);
    let packet = PacketBuf::from_packet(&make::tcp(ends_of(&flows[0][0].0), TcpFlags::ACK, b"data"));
    assert_ne!(run(&fast_path, &packet).1, packet.bytes());
    for generation in [0, 2] {
        fast_path.switch(generation);
        assert_eq!(run(&fast_path, &packet), (LEFT, packet.bytes().to_vec()), "generation {generation}");
    }
    assert_eq!(put(&fast_path, &flows[2]), Err(FlowRefused::Full));
    let mut drained = 0;
    fast_path.drain(&mut |_, used| drained += used.packets);
    assert_eq!(drained, 1);
    assert!(uses(&fast_path).is_empty());
    install(&fast_path, &flows[2..3]);
}

#[test]
fn a_filter_passes_nothing_by_once_nobody_renews_its_lease() {
    let Some(fast_path) = kernel_by(8, Hook::Clsact) else { return };
    fast_path.begin([1, 1], Time::from_secs(1));
    let flows = all_flows();
    install(&fast_path, &flows[..1]);
    let packet = PacketBuf::from_packet(&make::tcp(ends_of(&flows[0][0].0), TcpFlags::ACK, b"data"));
    assert_eq!(run(&fast_path, &packet).0, REDIRECTED);
    fast_path.switch.hold_until(monotonic_nanos() - 20_000_000);
    assert_eq!(run(&fast_path, &packet), (LEFT, packet.bytes().to_vec()));
    let adopted = FastPath::adopt(fast_path.hand_over().unwrap()).unwrap();
    assert_eq!(adopted.hook(), Hook::Clsact);
    adopted.switch(1);
    adopted.renew();
    assert_eq!(run(&adopted, &packet).0, REDIRECTED);
    let [ether, bare] = fast_path.filters().unwrap().map(|program| program.number);
    assert_ne!(ether, bare);
    assert_eq!(adopted.filters().unwrap().map(|program| program.number), [ether, bare]);
}

#[test]
fn without_room_to_tell_a_packet_is_the_directors() {
    let Some(fast_path) = kernel(8) else { return };
    fast_path.begin([1, 1], Time::from_secs(1));
    let flows = all_flows();
    install(&fast_path, &flows[..1]);
    let ends = ends_of(&flows[0][0].0);
    let packet = |flags| PacketBuf::from_packet(&make::tcp(ends, flags, b"data"));
    let (data, fin) = (packet(TcpFlags::ACK), packet(TcpFlags::ACK | TcpFlags::FIN));
    assert_eq!(run(&fast_path, &data).0, REDIRECTED);
    let told = (0..5000).take_while(|_| run(&fast_path, &fin).0 == REDIRECTED).count();
    assert!((1000..3000).contains(&told), "{told}");
    assert_eq!(run(&fast_path, &data).0, LEFT, "the flow is closed");
    let mut flags = Vec::new();
    fast_path.take_steps(&mut |step| {
        assert!(step.conn == 77 && step.towards == Towards::Server);
        assert!((Time(900)..Time(31_000)).contains(&step.seen_at), "{:?}", step.seen_at);
        flags.push(step.flags.0);
    });
    assert_eq!(flags.len(), told + 1);
    assert!(flags[0] == TcpFlags::ACK && flags[1..].iter().all(|flags| *flags == fin.bytes()[33]));
    // Room again.
    let _ = fast_path.remove(&flows_keys(&flows[0])[0]).unwrap();
    let _ = fast_path.remove(&flows_keys(&flows[0])[1]).unwrap();
    install(&fast_path, &flows[..1]);
    assert_eq!(run(&fast_path, &fin).0, REDIRECTED);
    assert_eq!(steps(&fast_path).len(), 1);
}

fn flows_keys(both: &[(FlowKey, Flow); 2]) -> [FlowKey; 2] {
    both.map(|(key, _)| key)
}

/// Flows of the tests wait so long at most.
const MOST: Duration = Duration::from_secs(60);

/// The same flows, of a connection whose packets may wait for the director.
fn waiting(mut both: [(FlowKey, Flow); 2]) -> [(FlowKey, Flow); 2] {
    both.iter_mut().for_each(|(_, flow)| flow.waits = Some(MOST));
    both
}

/// Waits until a packet that was left is in its queue; the moment.
fn a_little_later() -> Moment {
    let until = Moment(monotonic_nanos()).after(UNDER_WAY).after(Duration::from_micros(1));
    while monotonic_nanos() < until.0 {}
    until
}

#[test]
fn a_flow_waits_until_what_was_left_before_has_gone() {
    let Some(fast_path) = kernel(8) else { return };
    fast_path.begin([1, 1], Time::from_secs(1));
    assert_eq!(fast_path.waits_at(), None);
    let flows: Vec<_> = all_flows().into_iter().map(waiting).collect();
    for both in flows {
        install(&fast_path, std::slice::from_ref(&both));
        for (key, flow) in both {
            let bytes = match key.protocol {
                protocol::TCP => make::tcp(ends_of(&key), TcpFlags::ACK, b"data"),
                _ => make::udp(ends_of(&key), b"data"),
            };
            let packet = PacketBuf::from_packet(&bytes);
            let left = (LEFT, packet.bytes().to_vec());
            let early = fast_path.waits_at().unwrap();
            assert_eq!(run(&fast_path, &packet), left, "{key:?}");
            fast_path.note_gone(flow.towards, early);
            let gone = a_little_later();
            assert_eq!(run(&fast_path, &packet), left, "it may wait");
            fast_path.note_gone(flow.towards, gone);
            assert_eq!(run(&fast_path, &packet), left, "another one came behind it");
            fast_path.note_gone(flow.towards, a_little_later());
            assert_eq!(run(&fast_path, &packet).0, REDIRECTED);
            fast_path.note_gone(flow.towards, early);
            assert_eq!(run(&fast_path, &packet).0, REDIRECTED, "it is in for good");
        }
        // Nothing of the next connection is in a queue before it came.
        let used = flows_keys(&both).map(|key| fast_path.remove(&key).unwrap());
        assert_eq!(used.map(|used| used.packets), [2, 2]);
    }
}

#[test]
fn no_flow_waits_for_ever() {
    let Some(fast_path) = kernel(8) else { return };
    fast_path.begin([1, 1], Time::from_secs(1));
    let both = waiting(all_flows()[2]);
    install(&fast_path, std::slice::from_ref(&both));
    let packet = PacketBuf::from_packet(&make::udp(ends_of(&both[0].0), b"data"));
    assert_eq!(run(&fast_path, &packet).0, LEFT);
    // As it was put in a minute ago.
    let begun = Moment(monotonic_nanos() - MOST.as_nanos() as u64 - 1);
    let value = value_bytes(&both[0].1, 1, 1, begun);
    fast_path.maps[0].update(&key_bytes(&both[0].0), &value).unwrap();
    assert_eq!(run(&fast_path, &packet).0, REDIRECTED);
    fast_path.waits_until.store(monotonic_nanos() - 1, Relaxed);
    assert_eq!(fast_path.waits_at(), None);
    assert_eq!(fast_path.waits_until.load(Relaxed), 0, "nobody asks for the time any more");
}

#[test]
fn a_connection_that_ends_while_it_waits_is_the_directors() {
    let Some(fast_path) = kernel(8) else { return };
    let memory = MemoryFlows::new(8);
    memory.queue();
    let both = waiting(all_flows()[0]);
    for table in [&fast_path as &dyn FlowTable, &memory] {
        install(table, std::slice::from_ref(&both));
    }
    for flags in [TcpFlags::ACK, TcpFlags::ACK | TcpFlags::FIN, TcpFlags::ACK] {
        let packet = PacketBuf::from_packet(&make::tcp(ends_of(&both[0].0), flags, b"data"));
        assert!(!memory.pass(&mut packet.clone(), Time::ZERO));
        assert_eq!(run(&fast_path, &packet), (LEFT, packet.bytes().to_vec()));
        assert_eq!(uses(&fast_path), uses(&memory));
    }
    assert!(
        uses(&memory).values().all(|(packets, _, closed)| *packets == 0 && *closed == Some(Closed::Turning))
    );
    assert!(steps(&fast_path).is_empty() && steps(&memory).is_empty());
}

#[test]
fn another_process_goes_on_with_maps_and_what_was_told() {
    let Some(fast_path) = kernel(8) else { return };
    let flows = all_flows();
    install(&fast_path, &flows[..1]);
    let packet = PacketBuf::from_packet(&make::tcp(ends_of(&flows[0][0].0), TcpFlags::ACK, b"data"));
    run(&fast_path, &packet);
    let other = FastPath::adopt(fast_path.hand_over().unwrap()).unwrap();
    assert_eq!(steps(&other).len(), 1);
    assert!(!fast_path.has_steps(), "told once");
    assert_eq!(other.remove(&flows[0][0].0).unwrap().packets, 1);
}

#[test]
fn keys_are_read_as_they_were_written() {
    for (key, flow) in all_flows().iter().flatten() {
        let version = Version::of(key.from.addr);
        assert_eq!(key_of(version, &key_bytes(key)), Some(*key));
        let value = value_bytes(flow, 3, 4, Moment(5));
        assert_eq!((key_bytes(key).len(), value.len()), (version.key_len(), version.value_len()));
        let unused = layout::Used { packets: 0, bytes: 0, seen: 0, closed: None };
        assert_eq!(used(version, &value), Some(unused));
    }
    assert_eq!(key_of(Version::V6, &[0; 16]), None);
    assert!(matches!(end(ENDS[0][0]).addr, IpAddr::V4(_)));
}
