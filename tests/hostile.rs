//! Packets made to confuse or to exhaust the director: each is counted for a reason, memory stays bounded, and what
//! belongs to others goes on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::net::IpAddr;
use std::time::Duration;

use lvs::Time;
use lvs::director::{Command, ConnEntry, Director, DropReason, Settings, Side, Verdict};
use lvs::service::{Forwarding, Persistence, Protocol, ServerSpec, ServiceKey, ServiceSpec};
use lvs_wire::make::{self, Ends};
use lvs_wire::{Outbox, PacketBuf, TcpFlags, checksum};

const SYN: u8 = TcpFlags::SYN;
const ACK: u8 = TcpFlags::ACK;
const FIN: u8 = TcpFlags::FIN | ACK;
const RST: u8 = TcpFlags::RST;

const CLIENT: &str = "192.168.1.10";
const STRANGER: &str = "198.51.100.7";
const VIRT: &str = "192.168.1.183";
const REAL: &str = "192.168.56.183";

/// Connections that the director may track here.
const ROOM: usize = 2048;

/// A director with a web service, a SIP service, and one honest connection that everything else must leave alone.
struct Siege {
    director: Director,
    outbox: Outbox,
    now: Time,
}

impl Siege {
    fn new() -> Self {
        let director = Director::new(Settings { max_conns: ROOM, ..Settings::default() });
        let mut siege = Self { director, outbox: Outbox::default(), now: Time::ZERO };
        for (protocol, port, engine) in [(Protocol::Tcp, 80, None), (Protocol::Udp, 5060, Some("sip"))] {
            let service = ServiceKey::Address { protocol, addr: addr(VIRT), port };
            let mut spec = ServiceSpec::new(service, "rr");
            spec.engine = engine.map(str::to_owned);
            spec.persistence = engine.map(|_| Persistence { timeout: 60, mask: u32::MAX });
            siege.apply(&Command::AddService(spec));
            let server = ServerSpec::new(addr(REAL), port, Forwarding::Masq);
            siege.apply(&Command::AddServer { service, server });
        }
        siege.tcp(CLIENT, 4000, SYN);
        siege.reply(4000, SYN | ACK);
        siege.tcp(CLIENT, 4000, ACK);
        siege
    }

    fn apply(&self, command: &Command) {
        self.director.apply(command, self.now).unwrap();
    }

    fn send(&mut self, packet: &[u8], side: Side) -> Verdict {
        let mut buf = PacketBuf::from_packet(packet);
        let verdict = self.director.process(&mut buf, side, self.now, &mut self.outbox);
        self.outbox.drain(|_| ());
        verdict
    }

    fn tcp(&mut self, from: &str, port: u16, flags: u8) -> Verdict {
        self.send(&make::tcp(Ends::new(addr(from), port, addr(VIRT), 80), flags, &[]), Side::Client)
    }

    fn reply(&mut self, port: u16, flags: u8) -> Verdict {
        let ends = Ends::new(addr(REAL), 80, addr(CLIENT), port);
        self.send(&make::tcp(ends, flags, &[]), Side::Server)
    }

    fn pass_time(&mut self, secs: u64) {
        for _ in 0..secs {
            self.now = self.now + Duration::from_secs(1);
            while self.director.handle_timeout(self.now) {}
        }
    }

    fn conns(&self) -> Vec<ConnEntry> {
        self.director.entries(self.now).flatten().collect()
    }

    /// The honest connection is as it was, and works both ways.
    fn assert_unharmed(&mut self) {
        assert_eq!(self.tcp(CLIENT, 4000, ACK), Verdict::Forward);
        assert_eq!(self.reply(4000, ACK), Verdict::Forward);
        let conns = self.conns();
        let honest = conns.iter().find(|conn| conn.client.addr == addr(CLIENT) && conn.client.port == 4000);
        assert_eq!(honest.unwrap().state, "ESTABLISHED");
        assert!(self.director.conn_count() <= ROOM);
    }
}

fn addr(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// An IPv4 fragment: offset in bytes, whether more follow, and the payload.
fn fragment(id: u16, offset: u16, more: bool, payload: &[u8]) -> Vec<u8> {
    let mut packet = make::ip(addr(STRANGER), addr(VIRT), 17, 64, payload);
    packet[4..6].copy_from_slice(&id.to_be_bytes());
    packet[6..8].copy_from_slice(&((offset / 8) | (u16::from(more) << 13)).to_be_bytes());
    packet[10..12].fill(0);
    let sum = checksum::plain(&packet[..20]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet
}

#[test]
fn overlapping_and_endless_fragments() {
    let mut siege = Siege::new();
    assert_eq!(siege.send(&fragment(1, 0, true, &[0; 64]), Side::Client), Verdict::Hold);
    let overlap = siege.send(&fragment(1, 32, true, &[1; 64]), Side::Client);
    assert_eq!(overlap, Verdict::Drop(DropReason::BadFragment));
    let odd = siege.send(&fragment(2, 0, true, &[0; 13]), Side::Client);
    assert_eq!(odd, Verdict::Drop(DropReason::BadFragment));
    let beyond = siege.send(&fragment(3, 65_528, false, &[0; 64]), Side::Client);
    assert_eq!(beyond, Verdict::Drop(DropReason::BadFragment));
    for id in 0..20_000 {
        siege.send(&fragment(id, 8, true, &[0; 1400]), Side::Client);
    }
    siege.assert_unharmed();
    let whole = make::udp(Ends::new(addr(CLIENT), 5, addr(VIRT), 5060), b"x\r\nCall-ID: a\r\n");
    let pieces = lvs_wire::cut(&whole, 28, 77);
    let (last, first) = pieces.split_last().unwrap();
    for piece in first {
        assert_eq!(siege.send(piece, Side::Client), Verdict::Hold, "there is room for honest ones");
    }
    assert_eq!(siege.send(last, Side::Client), Verdict::Forward);
}

#[test]
fn a_syn_flood() {
    let mut siege = Siege::new();
    let mut full = 0;
    for at in 0..ROOM as u32 + 500 {
        let from = format!("203.0.{}.{}", at >> 8, at & 255);
        match siege.tcp(&from, 1024 + at as u16, SYN) {
            Verdict::Forward => {}
            Verdict::Drop(DropReason::TableFull) => full += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(full, 501, "each that has no room is counted");
    siege.assert_unharmed();
    siege.pass_time(61);
    assert_eq!(siege.director.conn_count(), 1, "half-open ones are gone after a minute");
    assert_eq!(siege.tcp(STRANGER, 1, SYN), Verdict::Forward);
    siege.assert_unharmed();
}

#[test]
fn resets_and_fins_about_nothing() {
    let mut siege = Siege::new();
    for port in 0..5000 {
        for flags in [RST, RST | ACK, FIN, TcpFlags::FIN, ACK, 0, !SYN, TcpFlags::PSH] {
            assert_eq!(siege.tcp(STRANGER, port, flags), Verdict::Pass, "the host answers");
        }
        assert_eq!(siege.reply(10_000 + port, RST), Verdict::Pass);
        assert_eq!(siege.reply(10_000 + port, FIN), Verdict::Pass);
    }
    assert_eq!(siege.director.conn_count(), 1);
    siege.assert_unharmed();
}

#[test]
fn replies_without_connections() {
    let mut siege = Siege::new();
    for port in 5000..9000 {
        assert_eq!(siege.reply(port, SYN | ACK), Verdict::Pass);
        let other_port = Ends::new(addr(REAL), 81, addr(CLIENT), 4000);
        assert_eq!(siege.send(&make::tcp(other_port, ACK, &[]), Side::Server), Verdict::Pass);
    }
    assert_eq!(siege.director.conn_count(), 1);
    siege.assert_unharmed();
}

#[test]
fn sources_that_belong_to_others() {
    let mut siege = Siege::new();
    // From the clients' side, as if a server spoke: nothing but the connection's own ports would match.
    for port in 1..2000 {
        let ends = Ends::new(addr(REAL), 80, addr(STRANGER), port);
        assert_eq!(siege.send(&make::tcp(ends, RST, &[]), Side::Client), Verdict::Pass);
    }
    // From the virtual address to itself, and from a server to the virtual address.
    for source in [VIRT, REAL] {
        let ends = Ends::new(addr(source), 80, addr(VIRT), 80);
        siege.send(&make::tcp(ends, SYN, &[]), Side::Client);
        siege.send(&make::tcp(ends, SYN, &[]), Side::Server);
        siege.send(&make::tcp(ends, RST, &[]), Side::Client);
    }
    siege.assert_unharmed();
    assert!(siege.director.conn_count() <= 5);
}

#[test]
fn port_zero() {
    let mut siege = Siege::new();
    for _ in 0..3000 {
        siege.tcp(STRANGER, 0, SYN);
        siege.tcp(STRANGER, 0, RST);
        let to_zero = Ends::new(addr(STRANGER), 9, addr(VIRT), 0);
        assert_eq!(siege.send(&make::tcp(to_zero, SYN, &[]), Side::Client), Verdict::Pass);
        assert_eq!(siege.send(&make::udp(to_zero, &[]), Side::Client), Verdict::Pass);
    }
    siege.assert_unharmed();
}

#[test]
fn icmp_errors_about_nothing() {
    let mut siege = Siege::new();
    let quotes = [
        make::tcp(Ends::new(addr(VIRT), 80, addr(STRANGER), 9), ACK, &[]),
        make::udp(Ends::new(addr(REAL), 53, addr(CLIENT), 9), &[]),
        make::tcp(Ends::new(addr(CLIENT), 4000, addr(VIRT), 81), ACK, &[]),
    ];
    for quote in &quotes {
        for len in 0..quote.len() {
            for side in [Side::Client, Side::Server] {
                let error = make::icmp(addr(STRANGER), addr(VIRT), (3, 3), 0, &quote[..len]);
                assert_eq!(siege.send(&error, side), Verdict::Pass);
            }
        }
    }
    let about = make::tcp(Ends::new(addr(VIRT), 80, addr(CLIENT), 4000), ACK, &[]);
    let mut error = make::icmp(addr(STRANGER), addr(VIRT), (3, 3), 0, &about);
    let last = error.len() - 1;
    error[last] ^= 1;
    assert_eq!(siege.send(&error, Side::Client), Verdict::Drop(DropReason::BadChecksum));
    // One about an error: nobody answers that.
    let inner = make::icmp(addr(VIRT), addr(STRANGER), (3, 3), 0, &about);
    let nested = make::icmp(addr(STRANGER), addr(VIRT), (3, 3), 0, &inner);
    assert_eq!(siege.send(&nested, Side::Client), Verdict::Pass);
    siege.assert_unharmed();
    assert_eq!(siege.director.conn_count(), 1);
}

#[test]
fn sip_without_a_call() {
    let mut siege = Siege::new();
    let long = format!("INVITE x\r\nCall-ID: {}\r\n", "y".repeat(4000));
    for text in ["", "INVITE", "INVITE x\r\n\r\n", "x\r\nCall-ID", "x\r\nCall-ID:", "x\r\ni: @\r\n", &long] {
        for port in 1024..1500 {
            let ends = Ends::new(addr(STRANGER), port, addr(VIRT), 5060);
            let verdict = siege.send(&make::udp(ends, text.as_bytes()), Side::Client);
            assert_eq!(verdict, Verdict::Drop(DropReason::NoCallId), "{text:.20}");
        }
    }
    assert_eq!(siege.director.conn_count(), 1);
    siege.assert_unharmed();
}

#[test]
fn ftp_that_announces_without_end() {
    let mut siege = Siege::new();
    let service = ServiceKey::Address { protocol: Protocol::Tcp, addr: addr(VIRT), port: 21 };
    siege.apply(&Command::AddService(ServiceSpec::new(service, "rr")));
    let server = ServerSpec::new(addr(REAL), 21, Forwarding::Masq);
    siege.apply(&Command::AddServer { service, server });
    let ends = Ends::new(addr(STRANGER), 4000, addr(VIRT), 21);
    siege.send(&make::tcp(ends, SYN, &[]), Side::Client);
    siege.send(&make::tcp(ends, ACK, &[]), Side::Client);
    let mut full = 0;
    for port in 0..ROOM as u16 + 100 {
        let line = format!("PORT 198,51,100,7,{},{}\r\n", 4 + (port >> 8), port & 255);
        match siege.send(&make::tcp(ends, ACK, line.as_bytes()), Side::Client) {
            Verdict::Forward => {}
            Verdict::Drop(DropReason::TableFull) => full += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(full, 102);
    siege.assert_unharmed();
    siege.pass_time(125);
    assert!(siege.director.conn_count() <= 2, "what nobody came for is gone");
}
