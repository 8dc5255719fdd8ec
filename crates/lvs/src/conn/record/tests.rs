//! The form: what is refused, what is skipped, what is recognised as damaged.

use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::*;

use super::encode::put_connection;
use super::frame::{Frame, put_framed};
use super::*;
use crate::conn::{ConnFlags, SctpState, State, TcpState};
use crate::service::{
    Endpoint, Family, Forwarding, Method, Protocol, RealServer, ServerSpec, ServiceKey, Stats, Tunnel,
    TunnelChecksum, TunnelKind,
};
use crate::time::Time;

const NOW: Time = Time::from_secs(50);

fn plain() -> ConnRecord {
    let end = |last: u8, port| Endpoint::new(IpAddr::from([10, 0, 0, last]), port);
    ConnRecord {
        protocol: 17,
        method: Method::Masq,
        state: State::Udp,
        flags: ConnFlags::default(),
        synced_state: 0,
        in_packets: 3,
        expires_at: Time::from_secs(60),
        timeout: 300,
        ends: [end(1, 1000), end(2, 53), end(3, 5353)],
        server: None,
        local: None,
        label: None,
        controller: None,
        age: None,
        rare: Rare::default(),
    }
}

/// Connections of one family that have a server, and nothing rare.
fn plain_conns() -> impl Strategy<Value = ConnRecord> {
    let states = [
        (6, State::Tcp(TcpState::Established)),
        (6, State::Tcp(TcpState::SynRecv)),
        (17, State::Udp),
        (132, State::Sctp(SctpState::Established)),
        (1, State::Echo),
        (50, State::Stateless),
        (6, State::Template { assured: true }),
        (17, State::Template { assured: false }),
    ];
    let gue = Tunnel { kind: TunnelKind::Gue, port: 6080, checksum: TunnelChecksum::Remote };
    let forwardings = [Forwarding::Masq, Forwarding::Route, Forwarding::FullNat, Forwarding::Tunnel(gue)];
    let kind = (prop::sample::select(states.to_vec()), prop::sample::select(forwardings.to_vec()));
    let numbers = any::<(u8, u8, u32, u64, u32)>();
    let names = any::<(Option<u32>, Option<u32>, Option<u32>)>();
    let ends = any::<(bool, [u64; 4], [u16; 4], Option<u32>)>();
    (kind, numbers, names, ends).prop_map(|((state, forwarding), numbers, names, ends)| {
        let (is_v4, addrs, ports, mark) = ends;
        let end = |at: usize| {
            let addr = addrs[at];
            let addr = if is_v4 {
                (addr as u32).to_be_bytes().into()
            } else {
                u128::from(addr).to_be_bytes().into()
            };
            Endpoint::new(addr, ports[at])
        };
        let family = if is_v4 { Family::V4 } else { Family::V6 };
        let virt = end(1);
        let service = mark.map_or(
            ServiceKey::Address { protocol: Protocol::Tcp, addr: virt.addr, port: virt.port },
            |mark| ServiceKey::Mark { mark, family },
        );
        ConnRecord {
            protocol: state.0,
            method: forwarding.of_conn(),
            state: state.1,
            flags: ConnFlags(numbers.0),
            synced_state: numbers.1,
            in_packets: numbers.2,
            expires_at: Time(numbers.3),
            timeout: numbers.4,
            ends: [end(0), virt, end(2)],
            server: Some(ServerRef { service, end: end(3), forwarding }),
            label: names.0,
            controller: names.1,
            age: names.2,
            ..plain()
        }
    })
}

/// A header, a connection, counters and the end.
fn export() -> Vec<u8> {
    let mut out = Vec::new();
    begin(&mut out, NOW);
    for record in [Record::Connection(Box::new(plain())), Record::Totals(Stats::default()), Record::End(2)] {
        assert!(record.put(&mut out, NOW));
    }
    out
}

fn kinds(export: &[u8]) -> Vec<Result<u8, Damage>> {
    let (_, frames) = Header::read(export).unwrap();
    frames.map(|(_, frame)| frame.map(|frame| frame.kind)).collect()
}

#[test]
fn what_is_no_export_and_other_versions_are_refused() {
    let good = export();
    assert_eq!(Header::read(&good).unwrap().0, Header { taken_at: NOW });
    assert!(matches!(Header::read(b"[{]not it"), Err(UnreadableExport::Foreign(_))));
    assert!(matches!(Header::read(&good[..12]), Err(UnreadableExport::Short(12))));
    let mut later = good;
    later[8] = 2;
    let refused = Header::read(&later).unwrap_err();
    assert_eq!(refused, UnreadableExport::OtherVersion { found: 2, known: 1 });
    assert!(refused.to_string().contains("version 2"), "{refused}");
}

#[test]
fn a_later_versions_parts_and_records_are_skipped() {
    let mut out = Vec::new();
    put_framed(&mut out, 77, |out| out.extend(b"something new"));
    let unknown = Frame { kind: 77, content: b"something new" };
    assert!(matches!(Record::read(unknown, NOW), Ok(None)));
    let mut content = Vec::new();
    put_connection(&mut content, &plain(), NOW);
    content.extend([200, 3, 0, 1, 2, 3]);
    let read = Record::read(Frame { kind: 1, content: &content }, NOW).unwrap();
    let Some((Record::Connection(conn), 1)) = read else { panic!("{read:?}") };
    assert_eq!((conn.ends, conn.expires_at), (plain().ends, plain().expires_at));
}

#[test]
fn what_cannot_be_is_named() {
    let read = |change: fn(&mut ConnRecord)| {
        let (mut conn, mut content) = (plain(), Vec::new());
        change(&mut conn);
        put_connection(&mut content, &conn, NOW);
        Record::read(Frame { kind: 1, content: &content }, NOW).map(drop)
    };
    assert_eq!(read(|_| {}), Ok(()));
    assert!(read(|conn| conn.ends[2].addr = IpAddr::from([0u16; 8])).is_err(), "mixed families");
    assert!(read(|conn| conn.protocol = 6).is_err(), "a state of another protocol");
    assert!(read(|conn| conn.rare.ftp = Some(Box::default())).is_err(), "FTP by UDP");
    let torn = Record::read(Frame { kind: 1, content: &[17, 0] }, NOW).unwrap_err();
    assert_eq!(torn.to_string(), "it ends within a connection");
}

#[test]
fn one_damaged_length_costs_one_record() {
    let mut export = export();
    assert_eq!(kinds(&export), [Ok(1), Ok(5), Ok(255)]);
    export[18 + 7] ^= 0x40;
    let kinds = kinds(&export);
    assert!(matches!(kinds[..], [Err(_), Ok(5), Ok(255)]), "{kinds:?}");
}

proptest! {
    /// Whatever bit is flipped behind the header, it is seen, and the other records are read.
    #[test]
    fn a_flipped_bit_is_recognised(at in any::<usize>(), bit in 0u8..8) {
        let mut export = export();
        let at = 18 + at % (export.len() - 18);
        export[at] ^= 1 << bit;
        let kinds = kinds(&export);
        prop_assert_eq!(kinds.iter().filter(|kind| kind.is_err()).count(), 1);
        prop_assert_eq!(kinds.iter().filter(|kind| kind.is_ok()).count(), 2);
    }

    /// A plain record is plain to the short way too, and whatever byte of it is another one, that way leads to the same connection or to
    /// none.
    #[test]
    fn the_short_way_leads_to_the_same_connection(
        conn in plain_conns(),
        changed in proptest::option::of((any::<prop::sample::Index>(), any::<u8>())),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut content = NOW.0.to_le_bytes().to_vec();
        put_connection(&mut content, &conn, NOW);
        changed.into_iter().for_each(|(at, value)| *at.get_mut(&mut content) = value);
        cut.into_iter().for_each(|cut| content.truncate(cut.index(content.len())));
        let mut stored = Vec::new();
        put_framed(&mut stored, 64, |out| out.extend(&content));
        let Ok(found) = StoredConn::find(&stored) else {
            prop_assert!(content.len() < 8);
            return Ok(());
        };
        let Some((short, named)) = found.plain().and_then(|short| short.server_ref().map(|named| (short, named)))
        else {
            prop_assert!(changed.is_some() || cut.is_some());
            return Ok(());
        };
        let long = found.read().unwrap();
        prop_assert_eq!(Some(named), long.server);
        prop_assert_eq!([short.label, short.controller, short.age], [long.label, long.controller, long.age]);
        let spec = ServerSpec::new([10, 0, 0, 1].into(), 80, Forwarding::Masq);
        let service = ServiceKey::Mark { mark: 1, family: Family::V4 };
        let server = Arc::new(RealServer::new(service, &spec));
        let expires_at = short.expires_at;
        let made = [short.made(Arc::clone(&server), expires_at), long.made(Some(server), |_| 0)];
        prop_assert_eq!(format!("{:?}", made[0]), format!("{:?}", made[1]));
    }

    /// However long an export of nothing but marks is, it is given up in time.
    #[test]
    fn any_bytes_are_survived(noise in proptest::collection::vec(prop_oneof![Just(0xc5), Just(0x1e), any::<u8>()], 0..3000)) {
        let mut export = export();
        export.extend(noise);
        for (_, frame) in Header::read(&export).unwrap().1 {
            if let Ok(frame) = frame {
                let _ = Record::read(frame, NOW);
            }
        }
    }
}
