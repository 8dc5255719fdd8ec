use super::*;
use crate::director::{Command, ConnEntry, Query, Reply, ServerEntry, Settings, Side, Verdict};
use crate::service::{Forwarding, Persistence, Protocol, ServerSpec, ServiceKey, ServiceSpec};
use lvs_wire::make::{self, Ends};
use lvs_wire::{Outbox, PacketBuf};

const VIRT: &str = "192.168.1.183";

fn daemon(role: DaemonRole) -> Command {
    let (interface, group) = ("eth2".to_owned(), None);
    Command::StartDaemon(DaemonSpec { role, interface, sync_id: 7, max_len: 0, group, port: 0, ttl: 0 })
}

fn key() -> ServiceKey {
    ServiceKey::Address { protocol: Protocol::Udp, addr: VIRT.parse().unwrap(), port: 5060 }
}

fn apply(director: &Director, command: &Command) {
    director.apply(command, Time::ZERO).unwrap();
}

fn add_server(director: &Director, last: u8) {
    let server = ServerSpec::new([192, 168, 56, last].into(), 5060, Forwarding::Masq);
    apply(director, &Command::AddServer { service: key(), server });
}

fn director(role: DaemonRole, servers: &[u8], has_engine: bool) -> Director {
    let director = Director::new(Settings::default());
    let mut spec = ServiceSpec::new(key(), "rr");
    spec.persistence = has_engine.then_some(Persistence { timeout: 60, mask: u32::MAX });
    spec.engine = has_engine.then(|| "sip".to_owned());
    apply(&director, &Command::AddService(spec));
    for last in servers {
        add_server(&director, *last);
    }
    apply(&director, &daemon(role));
    director
}

/// Returns where a message of that client ends up.
fn send(director: &Director, port: u16, now: Time) -> Option<String> {
    let ends = Ends::new("192.168.1.11".parse().unwrap(), port, VIRT.parse().unwrap(), 5060);
    let text = b"INVITE sip:x SIP/2.0\r\nCall-ID: call@here\r\n\r\n";
    let mut buf = PacketBuf::from_packet(&make::udp(ends, text));
    let verdict = director.process(&mut buf, Side::Client, now, &mut Outbox::default());
    let headers = lvs_wire::Headers::parse(buf.bytes()).unwrap();
    (verdict == Verdict::Forward).then(|| headers.dst.to_string())
}

fn conns(director: &Director) -> Vec<ConnEntry> {
    director.entries(Time::ZERO).flatten().collect()
}

fn servers(director: &Director) -> Vec<ServerEntry> {
    match director.query(&Query::Services, Time::ZERO).unwrap() {
        Reply::Services(mut services) => services.remove(0).servers,
        other => panic!("{other:?}"),
    }
}

fn count(director: &Director, name: &str) -> u64 {
    director.sync_counters().into_iter().find(|(other, _)| other == name).unwrap().1
}

/// Lets one director hear what the other says.
fn tell(master: &Director, backup: &Director) {
    for outgoing in master.take_sync_messages(Time::from_secs(10)) {
        backup.hear_sync_message(&outgoing.message, Time::from_secs(10));
    }
}

#[test]
fn a_call_goes_on_at_the_backup() {
    let master = director(DaemonRole::Master, &[183, 184], true);
    let backup = director(DaemonRole::Backup, &[184, 183], true);
    let server = send(&master, 4000, Time::ZERO);
    tell(&master, &backup);
    let heard = conns(&backup);
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(heard[0].engine.as_ref().unwrap().data, b"call@here");
    assert!(heard[0].from_sync);
    assert_eq!(send(&backup, 4001, Time::from_secs(11)), server);
    assert_eq!(count(&backup, "rejected_unknown_engine"), 0);
}

#[test]
fn a_connection_finds_its_server_when_that_comes() {
    let master = director(DaemonRole::Master, &[183], false);
    let backup = director(DaemonRole::Backup, &[], false);
    apply(&master, &Command::SetSysctl { name: "sync_threshold".to_owned(), value: "0 1".to_owned() });
    let server = send(&master, 4000, Time::ZERO);
    tell(&master, &backup);
    assert_eq!(conns(&backup).len(), 1);
    // Unknown servers get their packets all the same; they count nowhere.
    assert_eq!(send(&backup, 4000, Time::from_secs(10)), server);
    add_server(&backup, 183);
    assert_eq!(servers(&backup)[0].inactive_conns, 0);
    send(&master, 4000, Time::from_secs(1));
    tell(&master, &backup);
    assert_eq!((servers(&backup)[0].active_conns, servers(&backup)[0].inactive_conns), (0, 1));
    while backup.handle_timeout(Time::from_secs(1000)) {}
    assert_eq!(servers(&backup)[0].inactive_conns, 0);
    assert!(conns(&backup).is_empty());
}

#[test]
fn backup_only_leaves_clients_to_others() {
    let backup = director(DaemonRole::Backup, &[183], false);
    assert!(send(&backup, 4000, Time::ZERO).is_some());
    apply(&backup, &Command::SetSysctl { name: "backup_only".to_owned(), value: "1".to_owned() });
    assert!(send(&backup, 4000, Time::ZERO).is_none());
    apply(&backup, &Command::StopDaemon { role: DaemonRole::Backup, sync_id: 0 });
    assert!(send(&backup, 4000, Time::ZERO).is_some());
}

#[test]
fn a_daemon_that_stopped_says_nothing_more() {
    let master = director(DaemonRole::Master, &[183], false);
    apply(&master, &Command::SetSysctl { name: "sync_threshold".to_owned(), value: "0 1".to_owned() });
    send(&master, 4000, Time::ZERO);
    apply(&master, &Command::StopDaemon { role: DaemonRole::Master, sync_id: 0 });
    assert!(master.take_sync_messages(Time::from_secs(10)).is_empty());
    send(&master, 4000, Time::ZERO);
    apply(&master, &daemon(DaemonRole::Master));
    assert!(master.take_sync_messages(Time::from_secs(10)).is_empty());
}

#[test]
fn messages_that_lie_are_counted() {
    let backup = director(DaemonRole::Backup, &[183], false);
    for (message, counter) in [
        (&[0][..], "rejected_short"),
        (&[0, 7, 0, 99], "rejected_bad_size"),
        (&[0, 8, 0, 4], "rejected_other_sync_id"),
        (&[1, 7, 0, 4], "rejected_truncated"),
        (&[0, 7, 0, 8, 1, 1, 0, 0], "rejected_truncated"),
    ] {
        let before = count(&backup, counter);
        backup.hear_sync_message(message, Time::ZERO);
        assert_eq!(count(&backup, counter), before + 1, "{counter}");
    }
    assert!(conns(&backup).is_empty());
}

/// A message of version 1 with one connection of TCP, by masquerading.
fn forged(virt: [u8; 4], real: [u8; 4]) -> Vec<u8> {
    let mut message = vec![0, 7, 0, 8 + 36, 1, 1, 0, 0];
    message.extend([0, 6, 0, 36, 0, 0, 0, 0, 0, 1]);
    message.extend([0x10, 0x00, 0, 80, 0, 80, 0, 0, 0, 0, 0, 0, 3, 132]);
    message.extend([[10, 9, 9, 9], virt, real].concat());
    message
}

#[test]
fn forged_messages_claim_and_route_no_address() {
    let backup = director(DaemonRole::Backup, &[183], false);
    let before = backup.captures();
    for number in 0..=u8::MAX {
        backup.hear_sync_message(&forged([192, 168, 1, number], [192, 168, 56, number]), Time::ZERO);
    }
    assert_eq!(count(&backup, "heard_records"), 256);
    assert_eq!(backup.captures(), before);
}

#[test]
fn forged_connections_leave_half_of_the_table() {
    let backup = director(DaemonRole::Backup, &[183], false);
    apply(&backup, &Command::SetSysctl { name: "conn_max".to_owned(), value: "100".to_owned() });
    for number in 0..=u8::MAX {
        backup.hear_sync_message(&forged([192, 168, 7, number], [192, 168, 8, number]), Time::ZERO);
    }
    assert_eq!(conns(&backup).len(), 50);
    assert_eq!(count(&backup, "rejected_no_server"), 256 - 50);
    assert!(send(&backup, 4000, Time::ZERO).is_some());
}
