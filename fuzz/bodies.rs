//! What the fuzz targets do with their input; `tests/fuzz_corpus.rs` replays the committed corpus through the same.
//!
//! Owns the input format and the invariants that hold for any input. Called by the targets and that test.

use std::io;
use std::path::Path;
use std::time::Duration;

use lvs::Time;
use lvs::director::{
    Command, ConnEntry, ConnStore, DaemonRole, DaemonSpec, Director, Query, RecordRefusal, Reply, Settings,
    Side, StoreOrigin, Verdict,
};
use lvs::service::{
    ClientAddrMode, Forwarding, Persistence, Protocol, ProxyVersion, SchedulerFlags, ServerSpec, ServiceKey,
    ServiceSpec,
};
use lvs::sync::Reader;
use lvs::sync::peer::{Greeting, Hello};
use lvs_config::keepalived::{self, surroundings::Surroundings};
use lvs_control::protocol::{self, Request, Response};
use lvs_wire::make::{self, Ends};
use lvs_wire::{Offload, Outbox, PacketBuf, TcpFlags, VNET_LEN};

/// In front of each packet: side (two bits of the first byte), seconds that pass before it, virtio header, length.
const PREFIX: usize = 2 + VNET_LEN + 2;

/// A row of packets through one director. A length beyond the input takes what is there.
pub(crate) fn process(mut data: &[u8]) {
    let director = director();
    let mut now = Time::ZERO;
    let mut outbox = Outbox::default();
    let mut packet = PacketBuf::new();
    while let Some((prefix, rest)) = data.split_first_chunk::<PREFIX>() {
        let side = match prefix[0] & 3 {
            0 | 3 => Side::Client,
            1 => Side::Server,
            _ => Side::Mark(7),
        };
        now = now + Duration::from_secs(prefix[1].into());
        let mut header = [0; VNET_LEN];
        header.copy_from_slice(&prefix[2..2 + VNET_LEN]);
        let len = usize::from(u16::from_be_bytes([prefix[12], prefix[13]])).min(rest.len());
        let (bytes, next) = rest.split_at(len);
        data = next;

        director.handle_timeout(now);
        packet.fill(bytes);
        packet.offload = Offload::parse(&header).unwrap_or_default();
        let verdict = director.process(&mut packet, side, now, &mut outbox);
        if verdict == Verdict::Pass && !may_be_fragment(bytes) {
            assert_passed(bytes, packet.bytes());
        }
        outbox.drain(|reply| assert!(reply.len() >= 20, "a reply is at least an IP header"));
    }
}

/// The last fragment of a passed packet stands for all of them: they are put together and cut again.
fn may_be_fragment(packet: &[u8]) -> bool {
    match packet[0] >> 4 {
        4 => packet[6] & 0x3f != 0 || packet[7] != 0,
        _ => !matches!(packet[6], 6 | 17 | 58),
    }
}

/// A packet that is passed keeps all but what one hop more or less changes: its TTL, and with it IPv4's checksum.
fn assert_passed(before: &[u8], after: &[u8]) {
    let of_hop: &[usize] = if before[0] >> 4 == 4 { &[8, 10, 11] } else { &[7] };
    assert_eq!(before.len(), after.len());
    for (at, (before, after)) in before.iter().zip(after).enumerate() {
        assert!(
            before == after || of_hop.contains(&at),
            "byte {at} of a passed packet was {before} and is {after}"
        );
    }
}

/// A frame of the control protocol: read as a request and as a response, a request is carried out as well.
pub(crate) fn control(data: &[u8]) {
    let Some((header, body)) = data.split_first_chunk::<{ protocol::HEADER_LEN }>() else { return };
    // The body is looked at whatever the header says, so that a fuzzer need not get the length right.
    let _ = protocol::body_len(*header, protocol::MAX_REQUEST);
    if let Ok(request) = protocol::parse::<Request>(body) {
        carry_out(&request);
        let frame =
            protocol::frame(&request, protocol::MAX_REQUEST).expect("a request that was read can be sent");
        let again: Request = protocol::parse(&frame[protocol::HEADER_LEN..]).expect("and be read again");
        assert_eq!(again, request);
    }
    let _ = protocol::parse::<Response>(body);
}

fn carry_out(request: &Request) {
    let director = director();
    match request {
        Request::Apply { commands, .. } => {
            for command in commands {
                let _ = director.apply(command, Time::ZERO);
            }
            director.captures();
        }
        Request::Query(query) => {
            let _ = director.query(query, Time::ZERO);
        }
        _ => {}
    }
}

/// A keepalived.conf, and behind a byte 0xff what it includes as `more`. Whatever is read can be declared.
pub(crate) fn keepalived(data: &[u8]) {
    let files = Halves(data.split(|byte| *byte == 0xff).map(<[u8]>::to_vec).collect());
    match keepalived::read(Path::new("/k.conf"), &files, Some("id")) {
        Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
        Ok((declared, notes)) => {
            assert!(notes.iter().all(|note| note.place.line > 0 && note.place.column > 0));
            let director = Director::new(Settings { seed: 1, max_conns: 2048, ..Settings::default() });
            for command in declared.commands() {
                apply(&director, command);
            }
        }
    }
}

/// The first is the file itself, the second any other.
struct Halves(Vec<Vec<u8>>);

impl Surroundings for Halves {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let half = if path == Path::new("/k.conf") { 0 } else { 1 };
        self.0.get(half).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn names(&self, _: &Path) -> Vec<String> {
        vec!["k.conf".to_owned(), "more".to_owned()]
    }

    fn exists(&self, path: &Path) -> bool {
        path == Path::new("/k.conf") || path == Path::new("/more")
    }

    fn host_name(&self) -> Option<String> {
        None
    }

    fn variable(&self, name: &str) -> Option<String> {
        Some(name.to_owned())
    }

    fn random(&self) -> u64 {
        7
    }
}

/// A row of messages for a backup that is a master too; in front of each its length, two bytes. What it took over is then
/// told on, and must be understood.
pub(crate) fn sync(mut data: &[u8]) {
    let director = director();
    for role in [DaemonRole::Backup, DaemonRole::Master] {
        let interface = "eth0".to_owned();
        let spec = DaemonSpec { role, interface, sync_id: 0, max_len: 0, group: None, port: 0, ttl: 0 };
        apply(&director, Command::StartDaemon(spec));
    }
    let mut now = Time::ZERO;
    while let Some((len, rest)) = data.split_first_chunk::<2>() {
        let (message, next) = rest.split_at(usize::from(u16::from_be_bytes(*len)).min(rest.len()));
        data = next;
        now = now + Duration::from_secs(1);
        director.hear_sync_message(message, now);
        director.handle_timeout(now);
        director.captures();
    }
    director.entries(now).for_each(drop);
    for outgoing in director.take_sync_messages(now + Duration::from_secs(3)) {
        let records =
            Reader::new(&outgoing.message, 0).expect("a message that was written has a right header");
        assert!(records.into_iter().all(|record| record.is_ok()), "and records that are right");
    }
}

/// Any bytes as another director's export: as they are, and with the sums of records put right. What was taken over is
/// used, and can be exported and taken over again.
pub(crate) fn import(data: &[u8]) {
    for export in [data.to_vec(), summed(data)] {
        let now = Time::from_secs(1000);
        let first = director();
        if first.import(&export, now).is_err() {
            assert_eq!(first.conn_count(), 0, "what cannot be read changes nothing");
            continue;
        }
        let again = first.export_all(now);
        let second = director();
        let summary = second.import(&again, now).expect("a director reads what a director has written");
        assert!(summary.is_whole && summary.damage.is_none(), "{summary:?}");
        assert_eq!(first.conn_count(), second.conn_count(), "{summary:?}");
        go_on(&first, now);
    }
}

/// Any bytes on the channel between directors: a batch as it is and with the sums of records put right, told on to a third; and
/// greetings. No address is captured for their sake.
pub(crate) fn peers(data: &[u8]) {
    if let Some(hello) = data.first_chunk() {
        let _ = Hello::read(hello);
    }
    if let Some(greeting) = data.first_chunk() {
        let _ = Greeting::read(greeting);
    }
    let with_header = [&[0; 18], data].concat();
    for batch in [data.to_vec(), summed(&with_header)[18..].to_vec()] {
        let now = Time::from_secs(1000);
        let (second, third) = (director(), director());
        let captured = second.captures();
        let heard = second.hear_peer(second.begin_hearing(1), &batch, now, now);
        assert!(second.conn_count() as u64 <= heard.taken, "{heard:?}");
        assert_eq!(second.captures(), captured);
        let mut telling = second.begin_telling(2).expect("nobody else is told");
        while !telling.is_whole() {
            let mut told = Vec::new();
            second.tell_all(&mut telling, &mut told, now);
            let again = third.hear_peer(third.begin_hearing(2), &told, now, now);
            assert_eq!(again.left[RecordRefusal::Damaged as usize], 0, "{again:?}");
        }
        go_on(&second, now);
    }
}

/// Any bytes as the records of a director that was killed: behind its time and count, each with its length, as they are and
/// with their sums put right. What was taken over is used, and can be stored and taken over again.
pub(crate) fn restore(data: &[u8]) {
    let Some((later, rest)) = data.split_first_chunk::<8>() else { return };
    let Some((added, mut rest)) = rest.split_first_chunk::<4>() else { return };
    let origin = StoreOrigin { later: i64::from_le_bytes(*later), added: u32::from_le_bytes(*added) };
    let mut records = Vec::new();
    while let Some((len, next)) = rest.split_first_chunk::<2>() {
        let (record, next) = next.split_at(usize::from(u16::from_le_bytes(*len)).min(next.len()));
        records.push(record.to_vec());
        rest = next;
    }
    let right: Vec<Vec<u8>> = records.iter().map(|record| stored(record)).collect();
    for records in [records, right] {
        let now = Time::from_secs(1000);
        let first = director();
        first.begin_keeping();
        let restore = first.begin_restore(origin, now);
        let mut part = restore.part();
        part.take((0..).zip(records.iter().map(Vec::as_slice)));
        restore.finish(vec![part]);
        let mut store = Store::default();
        first.store_changes(0, usize::MAX, now, &mut store);
        let second = director();
        let origin = StoreOrigin { later: 0, added: first.connections_added() };
        let restore = second.begin_restore(origin, now);
        let mut part = restore.part();
        part.take(store.0.iter().map(|(place, record)| (*place, record.as_slice())));
        let summary = restore.finish(vec![part]);
        assert!(summary.damage.is_none(), "{summary:?}");
        assert_eq!(first.conn_count(), second.conn_count(), "{summary:?}");
        go_on(&first, now);
    }
}

#[derive(Default)]
struct Store(std::collections::BTreeMap<u32, Vec<u8>>);

impl ConnStore for Store {
    fn put(&mut self, place: u32, record: &[u8]) {
        self.0.insert(place, record.to_vec());
    }

    fn clear(&mut self, place: u32) {
        self.0.remove(&place);
    }
}

/// Mark, sum, kind and length before the content of a stored record.
fn stored(record: &[u8]) -> Vec<u8> {
    const HEAD: usize = 9;
    let mut record = record.to_vec();
    if record.len() >= HEAD {
        let len = (record.len() - HEAD) as u16;
        record[6] = 64;
        record[7..HEAD].copy_from_slice(&len.to_le_bytes());
        let sum = lvs_wire::sctp::crc32c(&record[6..]);
        record[..2].copy_from_slice(&[0xc5, 0x1e]);
        record[2..6].copy_from_slice(&sum.to_le_bytes());
    }
    record
}

/// Mark, sum, kind and length before each record, behind the header.
fn summed(export: &[u8]) -> Vec<u8> {
    const HEADER: usize = 18;
    const HEAD: usize = 9;
    let mut export = export.to_vec();
    let mut at = HEADER;
    while let Some(head) = export.get(at..at + HEAD) {
        let end = (at + HEAD + usize::from(u16::from_le_bytes([head[7], head[8]]))).min(export.len());
        let len = (end - at - HEAD) as u16;
        export[at + 7..at + HEAD].copy_from_slice(&len.to_le_bytes());
        let sum = lvs_wire::sctp::crc32c(&export[at + 6..end]);
        export[at..at + 2].copy_from_slice(&[0xc5, 0x1e]);
        export[at + 2..at + 6].copy_from_slice(&sum.to_le_bytes());
        at = end;
    }
    export
}

/// Packets of both ends of what connections there are, and all of their time.
fn go_on(director: &Director, mut now: Time) {
    let conns: Vec<ConnEntry> = director.entries(now).flatten().take(32).collect();
    let mut outbox = Outbox::default();
    let mut packet = PacketBuf::new();
    for conn in &conns {
        let back = conn.local.unwrap_or(conn.client);
        for (from, to, side) in [(conn.client, conn.virt, Side::Client), (conn.real, back, Side::Server)] {
            if from.addr.is_ipv4() != to.addr.is_ipv4() {
                continue;
            }
            let ends = Ends::new(from.addr, from.port, to.addr, to.port);
            for flags in [TcpFlags::ACK, TcpFlags::FIN | TcpFlags::ACK] {
                packet.fill(&match conn.protocol {
                    17 => make::udp(ends, b"x"),
                    _ => make::tcp(ends, flags, b"x"),
                });
                packet.offload = Offload::default();
                director.process(&mut packet, side, now, &mut outbox);
            }
        }
    }
    for _ in 0..20 {
        director.handle_timeout(now);
        director.repeat(now, &mut outbox);
        now = now + Duration::from_secs(60);
    }
    director.captures();
}

/// TCP, UDP and a mark, IPv4 and IPv6, persistent or not, with mapped ports; services whose servers are told of the
/// client, by FULLNAT; a service without servers.
fn director() -> Director {
    let laddr_nets = vec!["10.3.0.0/30".parse().expect("the fuzz director's own subnet is right")];
    // A small table is made and dropped in little time, and can be full.
    let director = Director::new(Settings { seed: 1, laddr_nets, max_conns: 2048, ..Settings::default() });
    let address = |protocol, addr: &str, port| ServiceKey::Address { protocol, addr: parse(addr), port };
    let v4 = ["192.168.56.183", "192.168.56.184"];
    let v6 = ["fd00:56::183", "fd00:56::184"];
    let mark = ServiceKey::Mark { mark: 7, family: lvs::service::Family::V4 };
    for (key, scheduler, persistent, servers, port) in [
        (address(Protocol::Tcp, "192.168.1.183", 80), "rr", false, &v4, 80),
        (address(Protocol::Tcp, "192.168.1.184", 8099), "wrr", true, &v4, 80),
        (address(Protocol::Udp, "192.168.1.183", 53), "wlc", false, &v4, 5353),
        (address(Protocol::Tcp, "fd00:1::183", 80), "lc", false, &v6, 80),
        (address(Protocol::Udp, "fd00:1::183", 53), "rr", true, &v6, 5353),
        (mark, "rr", false, &v4, 0),
    ] {
        let mut spec = ServiceSpec::new(key, scheduler);
        spec.scheduler_flags = SchedulerFlags::default();
        spec.persistence =
            persistent.then(|| Persistence { timeout: 300, mask: Persistence::host_mask(key.family()) });
        apply(&director, Command::AddService(spec));
        for server in servers {
            let server = ServerSpec::new(parse(server), port, Forwarding::Masq);
            apply(&director, Command::AddServer { service: key, server });
        }
    }
    for (port, client_addr_mode) in [
        (81, ClientAddrMode::Proxy(ProxyVersion::V1)),
        (82, ClientAddrMode::Proxy(ProxyVersion::V2)),
        (83, ClientAddrMode::Toa),
    ] {
        let key = address(Protocol::Tcp, "192.168.1.183", port);
        let mut spec = ServiceSpec::new(key, "rr");
        spec.client_addr_mode = Some(client_addr_mode);
        apply(&director, Command::AddService(spec));
        let server = ServerSpec::new(parse(v4[0]), port, Forwarding::FullNat);
        apply(&director, Command::AddServer { service: key, server });
    }
    apply(
        &director,
        Command::AddService(ServiceSpec::new(address(Protocol::Tcp, "192.168.1.183", 90), "rr")),
    );
    apply(&director, Command::AddService(ServiceSpec::new(address(Protocol::Udp, "fd00:1::183", 90), "rr")));
    director
}

fn apply(director: &Director, command: Command) {
    director.apply(&command, Time::ZERO).expect("the fuzz director's own commands are right");
}

fn parse(addr: &str) -> std::net::IpAddr {
    addr.parse().expect("the fuzz director's own addresses are right")
}

/// The tables that netlink messages change, in memory.
struct InMemory(Director);

impl lvs_netlink::Tables for InMemory {
    fn apply(
        &mut self,
        command: Command,
    ) -> Result<Result<(), lvs::director::CommandError>, lvs_netlink::Gone> {
        Ok(self.0.apply(&command, Time::ZERO))
    }

    fn query(
        &mut self,
        query: Query,
    ) -> Result<Result<Reply, lvs::director::CommandError>, lvs_netlink::Gone> {
        Ok(self.0.query(&query, Time::ZERO))
    }
}

/// A row of datagrams or options: one byte says what it is, the next two how long. Answers are messages of lengths that do
/// not lie, to the socket that asked.
pub(crate) fn netlink(mut data: &[u8]) {
    const PORT: u32 = 77;
    const PREFIX: usize = 3;
    let mut tables = InMemory(director());
    while let Some((prefix, rest)) = data.split_first_chunk::<PREFIX>() {
        let [kind, high, low] = *prefix;
        let len = usize::from(u16::from_be_bytes([high, low]));
        let (bytes, next) = rest.split_at(len.min(rest.len()));
        data = next;
        if kind & 0x80 != 0 {
            let name = 1152 + u32::from(kind & 0x1f);
            let _ = lvs_netlink::options::set(name, bytes, &mut tables);
            let asked = &bytes[..bytes.len().min(lvs_netlink::options::LONGEST)];
            if let Ok(value) = lvs_netlink::options::get(name, asked, len, &mut tables) {
                assert!(value.bytes.len() <= len, "{} bytes into a room of {len}", value.bytes.len());
            }
            continue;
        }
        let dialogue = lvs_netlink::Dialogue {
            family: 32,
            port: PORT,
            is_admin: kind & 1 == 0,
            ext_ack: kind & 2 != 0,
            cap_ack: kind & 4 != 0,
            room: 0,
            is_dumping: kind & 8 != 0,
        };
        for message in lvs_netlink::Messages(bytes).filter(|message| dialogue.is_ours(message)) {
            for datagram in dialogue.answer(&message, &mut tables) {
                let answers: usize = lvs_netlink::Messages(&datagram)
                    .map(|answer| answer.bytes.len().next_multiple_of(4))
                    .sum();
                assert_eq!(answers, datagram.len().next_multiple_of(4), "a length lies");
                assert!(lvs_netlink::Messages(&datagram).all(|answer| answer.header.port == PORT));
            }
        }
        let mut lists = vec![1];
        let mut told = lvs_netlink::with_family(bytes, &dialogue, &mut lists, true);
        lvs_netlink::readdress(&mut told, PORT, 1);
        assert!(lvs_netlink::Messages(&told).all(|message| message.header.port != PORT));
    }
}
