//! Drain marks, and ends of TCP connections that are told.

use super::*;
use crate::service::{Endpoint, Persistence};

/// A segment with these numbers and that much data.
fn segment(ends: Ends, flags: u8, seq: u32, ack: u32, data: &[u8]) -> Vec<u8> {
    let mut packet = make::tcp(ends, flags, data);
    let at = if ends.src.is_ipv6() { 40 } else { 20 };
    packet[at + 4..at + 8].copy_from_slice(&seq.to_be_bytes());
    packet[at + 8..at + 12].copy_from_slice(&ack.to_be_bytes());
    packet[at + 16..at + 18].fill(0);
    let pseudo = checksum::pseudo_header(ends.src, ends.dst, protocol::TCP, packet.len() - at);
    let sum = !checksum::fold(pseudo + checksum::sum(&packet[at..]));
    packet[at + 16..at + 18].copy_from_slice(&sum.to_be_bytes());
    packet
}

/// Flags, sequence number and acknowledgement of a packet.
fn numbers(packet: &[u8]) -> (u8, u32, u32) {
    let at = if packet[0] >> 4 == 6 { 40 } else { 20 };
    let word = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
    (packet[at + 13], word(at + 4), word(at + 8))
}

impl World {
    fn telling(rst_on_expire: bool, is_v6: bool) -> Self {
        let world = Self::new(Protocol::Tcp, is_v6);
        let mut spec = ServiceSpec::new(world.service, "rr");
        spec.rst_on_expire = rst_on_expire;
        world.apply(Command::EditService(spec));
        world
    }

    /// Opens a connection whose client begins at 100 and whose server begins at 900; the ends at the server.
    fn open(&mut self, port: u16) -> Ends {
        let request = self.request(port);
        let (_, syn) = self.process(&segment(request, SYN, 100, 0, b""), Side::Client);
        let to = ends_of(&syn);
        self.process(&segment(to.reversed(), SYN | ACK, 900, 101, b""), Side::Server);
        self.process(&segment(request, ACK, 101, 901, b""), Side::Client);
        to
    }

    /// All packets that tell, sorted by destination.
    fn farewells(&mut self) -> Vec<(IpAddr, (u8, u32, u32))> {
        let mut told = Vec::new();
        let mut buf = PacketBuf::new();
        while let Some(verdict) = self.director.next_reset(&mut buf, self.now, &mut self.outbox) {
            if verdict == Verdict::Forward {
                told.push((ends_of(buf.bytes()).dst, numbers(buf.bytes())));
            }
            self.outbox.drain(|packet| told.push((ends_of(packet.bytes()).dst, numbers(packet.bytes()))));
        }
        told.sort_unstable();
        told
    }

    fn drain(&self, drained: bool) {
        let server = Endpoint::new(self.reals[1], 8080);
        self.apply(Command::SetDrained { service: self.service, server, drained });
    }
}

const RESET: u8 = TcpFlags::RST | TcpFlags::ACK;

#[test]
fn an_idle_connection_tells_both_ends_when_it_expires() {
    for is_v6 in [false, true] {
        let mut world = World::telling(true, is_v6);
        let to = world.open(4000);
        let request = world.request(4000);
        world.process(&segment(request, ACK, 101, 901, b"question"), Side::Client);
        world.process(&segment(to.reversed(), ACK, 901, 109, b"answer"), Side::Server);
        world.pass_time(899);
        assert!(world.farewells().is_empty());
        world.pass_time(3);
        let mut expected = vec![
            (world.client, (RESET, 901, 109)),
            (world.client, (RESET, 907, 109)),
            (to.dst, (RESET, 109, 901)),
        ];
        expected.sort_unstable();
        assert_eq!(world.farewells(), expected, "what the client has acknowledged, and what was sent to it");
        assert!(world.conns().is_empty());
    }
}

#[test]
fn nobody_is_told_of_what_was_closed_or_is_not_to_be_told() {
    let mut world = World::telling(true, false);
    let to = world.open(4000);
    world.process(&segment(world.request(4000), FIN, 101, 901, b""), Side::Client);
    world.process(&segment(to.reversed(), FIN, 901, 102, b""), Side::Server);
    world.process(&segment(world.request(4000), ACK, 102, 902, b""), Side::Client);
    world.pass_time(1000);
    assert!(world.conns().is_empty() && world.farewells().is_empty());
    let mut silent = World::telling(false, false);
    silent.open(4000);
    silent.pass_time(1000);
    assert!(silent.conns().is_empty() && silent.farewells().is_empty());
}

#[test]
fn a_removed_server_has_its_connections_told() {
    let mut world = World::telling(true, false);
    let to = world.open(4000);
    world.apply(Command::DeleteServer { service: world.service, addr: to.dst, port: 8080 });
    let mut expected = vec![(world.client, (RESET, 901, 101)), (to.dst, (RESET, 101, 901))];
    expected.sort_unstable();
    assert_eq!(world.farewells(), expected);
}

#[test]
fn a_drained_server_gets_no_new_connections_even_by_template() {
    let mut world = World::new(Protocol::Tcp, false);
    let mut spec = ServiceSpec::new(world.service, "rr");
    spec.persistence = Some(Persistence { timeout: 300, mask: u32::MAX });
    world.apply(Command::EditService(spec));
    assert_eq!(world.send(4000, SYN).unwrap().dst, world.reals[1]);
    assert_eq!(world.send(4001, SYN).unwrap().dst, world.reals[1], "by the template");
    world.drain(true);
    assert_eq!(world.send(4000, ACK).unwrap().dst, world.reals[1], "an old connection goes on");
    assert_eq!(world.send(4002, SYN).unwrap().dst, world.reals[0]);
    world.apply(Command::DeleteServer { service: world.service, addr: world.reals[1], port: 8080 });
    let server = ServerSpec::new(world.reals[1], 8080, Forwarding::Masq);
    world.apply(Command::AddServer { service: world.service, server });
    world.apply(Command::DeleteServer { service: world.service, addr: world.reals[0], port: 8080 });
    assert!(world.send(4003, SYN).is_none(), "the mark outlives the server");
    world.drain(false);
    assert_eq!(world.send(4004, SYN).unwrap().dst, world.reals[1]);
}

#[test]
fn at_the_deadline_known_ends_are_told_and_silent_ones_asked_before() {
    let mut world = World::new(Protocol::Tcp, false);
    let opened = [4000, 4001, 4002].map(|port| (port, world.open(port).dst));
    let at_drained = |(_, server): &&(u16, IpAddr)| *server == world.reals[1];
    let ours: Vec<u16> = opened.iter().filter(at_drained).map(|(port, _)| *port).collect();
    let [busy, silent] = ours[..] else { panic!("{opened:?}") };
    world.drain(true);
    world.process(&segment(world.request(busy), ACK, 101, 901, b"hello"), Side::Client);
    let server = Endpoint::new(world.reals[1], 8080);
    assert_eq!(
        world.director.ask_positions(&world.service, server),
        1,
        "all but the one that was heard since"
    );
    let questions = world.farewells();
    assert!(matches!(questions[..], [(to, (ACK, ..))] if to == world.client), "{questions:?}");
    world.process(&segment(world.request(silent), ACK, 101, 901, b""), Side::Client);
    let done = world.director.cut_off(&world.service, server, world.now);
    assert_eq!((done.ended, done.told), (2, 2));
    let told = world.farewells();
    assert!(
        told.contains(&(world.reals[1], (RESET, 106, 901)))
            && told.contains(&(world.client, (RESET, 901, 106)))
    );
    assert!(world.conns().iter().all(|conn| conn.real.addr == world.reals[0]));
}
