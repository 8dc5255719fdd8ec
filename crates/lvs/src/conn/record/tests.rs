//! The form: what is refused, what is skipped, what is recognised as damaged.

use std::net::IpAddr;

use proptest::prelude::*;

use super::encode::put_connection;
use super::frame::{Frame, put_framed};
use super::*;
use crate::conn::{ConnFlags, State};
use crate::service::{Endpoint, Method, Stats};
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
