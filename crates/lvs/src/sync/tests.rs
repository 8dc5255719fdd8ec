use std::time::Duration;

use super::*;
use crate::conn::{Connection, Engine, State, TcpState};
use crate::service::{Endpoint, Method};
use crate::time::Time;

fn end(addr: &str, port: u16) -> Endpoint {
    Endpoint::new(addr.parse().unwrap(), port)
}

fn record(is_v6: bool) -> Record {
    let [client, virt, real] = if is_v6 {
        [end("fd00:1::11", 3000), end("fd00:1::183", 80), end("fd00:56::183", 8080)]
    } else {
        [end("192.168.1.11", 3000), end("192.168.1.183", 80), end("192.168.56.183", 8080)]
    };
    Record {
        protocol: 6,
        flags: Flags(0x120),
        state: 5,
        client,
        virt,
        real,
        fwmark: 7,
        timeout: 120,
        sequences: None,
        engine: None,
    }
}

fn with_options(is_v6: bool) -> Record {
    let sequences =
        [Sequence { position: 1, after: 2, before: 3 }, Sequence { position: 4, after: 5, before: 6 }];
    Record {
        flags: Flags(0x1220),
        sequences: Some(sequences),
        engine: Some(Engine { name: "sip".to_owned(), data: (*b"odd-length").into() }),
        ..record(is_v6)
    }
}

fn messages(records: &[Record], version: Version, max_len: usize) -> Vec<Vec<u8>> {
    let mut master = Master::new(7, max_len, 1);
    for record in records {
        assert!(master.add(0, record, version, usize::MAX, Time::ZERO));
    }
    master.take(Time::from_secs(2)).into_iter().map(|outgoing| outgoing.message).collect()
}

fn read(message: &[u8]) -> Vec<Result<Record, Rejected>> {
    Reader::new(message, 7).unwrap().collect()
}

#[test]
fn what_is_written_is_read_again() {
    let records = [record(false), with_options(true), with_options(false), record(true), record(false)];
    for max_len in [1, 100, 200, 300, 1472] {
        let messages = messages(&records, Version::V1, max_len);
        let heard: Vec<_> = messages.iter().flat_map(|message| read(message)).map(Result::unwrap).collect();
        assert_eq!(heard, records, "{max_len}");
        assert!(max_len < 300 || messages.iter().all(|message| message.len() <= max_len));
    }
}

#[test]
fn the_old_version_leaves_out_what_it_has_no_place_for() {
    let mut sent = [record(false), Record { engine: None, ..with_options(false) }];
    let [message] = &messages(&sent, Version::V0, 1472)[..] else { panic!("one message") };
    assert_eq!(message.len(), 4 + 24 + 24 + 24);
    for record in &mut sent {
        (record.fwmark, record.timeout) = (0, 0);
    }
    let heard: Vec<_> = read(message).into_iter().map(Result::unwrap).collect();
    assert_eq!(heard, sent);
}

#[test]
fn versions_do_not_share_a_message() {
    let mut master = Master::new(7, 1472, 1);
    for version in [Version::V1, Version::V0, Version::V0, Version::V1] {
        assert!(master.add(0, &record(false), version, usize::MAX, Time::ZERO));
    }
    assert!(master.has_full());
    let lens: Vec<_> = master.take(Time::ZERO).iter().map(|outgoing| outgoing.message.len()).collect();
    assert_eq!(lens, [44, 52]);
    assert!(master.take(Time(1999)).is_empty());
    assert_eq!(master.take(Time::from_secs(2)).len(), 1);
}

#[test]
fn a_queue_that_is_full_loses_messages_and_says_so() {
    let mut master = Master::new(7, 1, 2);
    let kept: Vec<bool> = (0..4).map(|_| master.add(5, &record(false), Version::V1, 2, Time::ZERO)).collect();
    assert_eq!(kept, [true, true, true, false]);
    let sent = master.take(Time::ZERO);
    assert!(sent.iter().all(|outgoing| outgoing.port == 1));
    assert_eq!(sent.len(), 2);
}

#[test]
fn a_message_holds_no_more_records_than_can_be_counted() {
    let records = vec![record(false); 300];
    let messages = messages(&records, Version::V1, 65_000);
    assert_eq!(messages.iter().map(|message| usize::from(message[4])).collect::<Vec<_>>(), [255, 45]);
}

#[test]
fn what_is_wrong_is_named() {
    let good = messages(&[record(false)], Version::V1, 1472).remove(0);
    let heading = |message: &[u8]| Reader::new(message, 7).err();
    assert_eq!(heading(&good[..3]), Some(Rejected::Short));
    assert_eq!(heading(&good[..20]), Some(Rejected::BadSize));
    assert_eq!(Reader::new(&good, 8).err(), Some(Rejected::OtherSyncId));
    assert!(Reader::new(&good, 0).is_ok());

    let changed = |at: usize, byte: u8| {
        let mut message = good.clone();
        message[at] = byte;
        read(&message)
    };
    assert_eq!(changed(4, 2), [Ok(record(false)), Err(Rejected::Truncated)]);
    assert_eq!(changed(8, 2), [Err(Rejected::BadRecord)]);
    assert_eq!(changed(8, 1), [Err(Rejected::BadRecord)]);
    assert_eq!(changed(10, 0x10), [Err(Rejected::BadRecord)]);
    assert_eq!(changed(11, 35), [Err(Rejected::BadRecord)]);
    assert_eq!(changed(11, 37), [Err(Rejected::Truncated)]);
    // Another version: an old message of no records.
    assert_eq!(changed(5, 2), []);
}

#[test]
fn options_are_proven() {
    let with = |options: &[u8]| {
        let mut message = messages(&[record(false)], Version::V1, 1472).remove(0);
        message.extend(options);
        let (size, len) = (message.len() as u16, 36 + options.len() as u16);
        message[2..4].copy_from_slice(&size.to_be_bytes());
        message[10..12].copy_from_slice(&len.to_be_bytes());
        read(&message).remove(0)
    };
    assert_eq!(with(&[0x49, 2, 0, 0]), Ok(record(false)));
    for (options, reason) in [
        (&[9, 2, 0, 0][..], Rejected::UnknownOption),
        (&[0x49][..], Rejected::BadOption),
        (&[0x49, 0], Rejected::BadOption),
        (&[0x49, 3, 0, 0], Rejected::BadOption),
        (&[1, 2, 0, 0], Rejected::BadOption),
        (&[3, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Rejected::BadOption),
        (&[3, 1, b'a', 3, 1, b'a'], Rejected::BadOption),
        (&[2, 1, b'a'], Rejected::UnknownEngine),
    ] {
        assert_eq!(with(options), Err(reason), "{options:?}");
    }
}

#[test]
fn states_are_known_by_their_numbers() {
    let of =
        |protocol, state, flags| Record { protocol, state, flags: Flags(flags), ..record(false) }.state();
    assert_eq!(of(6, 1, 0), Some(State::Tcp(TcpState::Established)));
    assert_eq!(of(6, 11, 0), None);
    assert_eq!(of(17, 0, 0), Some(State::Udp));
    assert_eq!(of(17, 1, 0), None);
    assert_eq!(of(200, 0, 0), None);
    assert_eq!(of(0, 1, 0x1000), Some(State::Template { assured: true }));
    assert_eq!(of(0, 2, 0x1000), None);
}

const POLICY: Policy = Policy {
    version: Version::V1,
    threshold: 3,
    period: 50,
    refresh: Duration::ZERO,
    retries: 0,
    templates_only: false,
};

fn conn(state: State) -> Connection {
    let ends = [end("192.168.1.11", 3000), end("192.168.1.183", 80), end("192.168.56.183", 80)];
    let mut conn = Connection::learnt(6, state, ends, Method::Masq, Time::ZERO);
    conn.set_timeout(Duration::from_secs(900));
    conn
}

#[test]
fn a_state_that_ends_a_connection_is_told_at_once_and_once() {
    let mut conn = conn(State::Tcp(TcpState::SynRecv));
    let mut wants = |state, packets| {
        conn.state = State::Tcp(state);
        POLICY.wants(&mut conn, packets, false, Time::ZERO)
    };
    assert!(!wants(TcpState::SynRecv, 3));
    assert!(!wants(TcpState::Established, 2));
    assert!(wants(TcpState::Established, 3));
    assert!(!wants(TcpState::Established, 4));
    assert!(wants(TcpState::FinWait, 5));
    assert!(!wants(TcpState::FinWait, 6));
    assert!(wants(TcpState::FinWait, 53));
    assert!(!wants(TcpState::LastAck, 53));
    assert!(wants(TcpState::Close, 55));
}

#[test]
fn a_timer_that_hardly_changed_is_told_again_as_often_as_set() {
    let policy = Policy { threshold: 0, period: 0, refresh: Duration::from_secs(80), retries: 2, ..POLICY };
    let mut conn = conn(State::Tcp(TcpState::Established));
    let told: Vec<u64> = (0..200)
        .filter(|secs| policy.wants(&mut conn, *secs as u32, false, Time::from_secs(*secs)))
        .collect();
    // A retry is an eighth of the period after what was told last; then only the whole period counts.
    assert_eq!(told, [0, 10, 20, 100, 110, 120]);
}

#[test]
fn of_persistent_services_templates_may_be_enough() {
    let policy = Policy { templates_only: true, ..POLICY };
    let mut established = conn(State::Tcp(TcpState::Established));
    assert!(!policy.wants(&mut established, 3, true, Time::ZERO));
    assert!(policy.wants(&mut established, 3, false, Time::ZERO));
    let mut template = conn(State::Template { assured: true });
    assert!(policy.wants(&mut template, 17, false, Time::ZERO));
    let once = Policy { period: 0, threshold: 2, ..POLICY };
    assert!(!once.wants(&mut template, 1, false, Time::ZERO));
    assert!(once.wants(&mut template, 2, false, Time::ZERO));
}

#[test]
fn of_many_packets_at_once_the_last_turn_counts() {
    let policy = |threshold, period| Policy { threshold, period, ..POLICY };
    for (threshold, period, before, after, expected) in [
        (3, 10, 1, 12, 3),
        (3, 10, 3, 12, 12),
        (3, 10, 3, 13, 13),
        (3, 10, 0, 99, 93),
        (0, 10, 5, 14, 10),
        (3, 0, 1, 12, 3),
        (3, 0, 5, 12, 12),
        (3, 10, u32::MAX, 4, 3),
    ] {
        assert_eq!(policy(threshold, period).last_turn(before, after), expected, "{before} to {after}");
    }
}
