//! Stores taken over by several threads: whatever the parts and shares, as one connection after the other.

use super::*;

use crate::director::{ConnStore, StoreOrigin};

#[derive(Default)]
struct Store(BTreeMap<u32, Vec<u8>>);

impl ConnStore for Store {
    fn put(&mut self, place: u32, record: &[u8]) {
        self.0.insert(place, record.to_vec());
    }

    fn clear(&mut self, place: u32) {
        self.0.remove(&place);
    }
}

fn stored(this: &Carried) -> Store {
    let mut store = Store::default();
    this.director.begin_keeping();
    this.director.store_changes(0, usize::MAX, this.now, &mut store);
    store
}

/// Takes a store over in two parts and three shares.
fn restore(this: &Carried, store: &Store, added: u32) -> ImportSummary {
    let restore = this.director.begin_restore(StoreOrigin { later: 0, added }, this.now);
    let mut parts = vec![restore.part(), restore.part()];
    let half = store.0.len() / 2;
    let records = || store.0.iter().map(|(place, record)| (*place, record.as_slice()));
    parts[0].take(records().take(half));
    parts[1].take(records().skip(half));
    let restored = restore.join(parts);
    let twins = (0..3).flat_map(|share| restored.lead(share, 3)).collect();
    restored.finish(twins)
}

fn active(this: &Carried) -> u32 {
    let listed = services(&this.director, this.now);
    let servers = listed.values().flat_map(|service| &service.servers);
    servers.map(|server| server.active_conns + server.inactive_conns).sum()
}

#[test]
fn there_is_no_more_room_than_there_is_for_several_threads() {
    let mut first = Carried::new(1);
    for port in 0..2000 {
        first.say(0, 4000 + port, SYN, b"");
        first.say(6, 4000 + port, 0, b"x");
    }
    let store = stored(&first);
    let second = Carried::new(2);
    second.director.conns.limit(3333);
    let summary = restore(&second, &store, 4000);
    assert_eq!((summary.connections, summary.skipped.full), (3333, 667));
    assert_eq!((second.director.conn_count(), active(&second)), (3333, 3333));
    let mut with_port = 0;
    second.director.conns.for_each(|_, conn| with_port += usize::from(conn.local().is_some()));
    assert_eq!(second.director.conns.ports().in_use(), with_port);
}

/// A director that is killed between writing a connection to its new place and clearing the old one leaves it twice.
#[test]
fn of_a_connection_that_is_there_twice_one_is_taken() {
    let mut first = Carried::new(1);
    for service in [0, 2, 6] {
        first.say(service, 4000, SYN, b"x");
    }
    // A template and what stands under it.
    first.open(1, 4000);
    let mut store = stored(&first);
    for (place, record) in store.0.clone() {
        store.0.insert(place + 100, record);
    }
    let second = Carried::new(2);
    let summary = restore(&second, &store, 10);
    assert_eq!((summary.connections, summary.templates, summary.orphans), (4, 1, 0));
    assert_eq!((summary.skipped.known, summary.skipped.port_taken), (3, 2));
    assert_eq!((second.director.conn_count(), active(&second)), (5, 4));
    assert_eq!(second.director.conns.ports().in_use(), 2);
    let ends = |this: &Carried| -> Vec<_> {
        this.conns().iter().map(|conn| (conn.protocol, conn.client, conn.virt, conn.real)).collect()
    };
    assert_eq!(ends(&second), ends(&first));
    for service in [0, 1, 6] {
        let goes_on = |this: &mut Carried| this.say(service, 4000, ACK, b"y");
        let mut second = Carried { director: Arc::clone(&second.director), ..Carried::new(3) };
        assert_eq!(goes_on(&mut second).len(), goes_on(&mut first).len());
        assert_eq!(second.director.conn_count(), 5);
    }
}

/// Two connections whose servers' packets look alike: these belong to the newer one, as before.
#[test]
fn packets_of_a_server_that_two_connections_share_are_the_newers() {
    let mut first = Carried::new(1);
    let (spec, forwarding) = &declared()[0];
    let second_service =
        ServiceKey::Address { protocol: Protocol::Tcp, addr: [192, 168, 1, 184].into(), port: 80 };
    first.apply(Command::AddService(ServiceSpec::new(second_service, "rr")));
    let server = servers(&spec.key, *forwarding)[1].clone();
    first.apply(Command::AddServer { service: second_service, server: server.clone() });
    first.apply(Command::DeleteServer {
        service: spec.key,
        addr: servers(&spec.key, *forwarding)[0].addr,
        port: 80,
    });
    first.say(0, 4000, SYN, b"");
    let newer = client_packet(&second_service, (0, 4000), (SYN, b""));
    assert_eq!(first.process(&newer, Side::Client).0, Verdict::Forward);
    let store = stored(&first);
    let (mut second, _) = first.successor(&Carried::new(5).director.export_all(first.now));
    let summary = restore(&second, &store, 2);
    assert_eq!((summary.connections, summary.skipped), (2, Skipped::default()));
    let answer = make::tcp(Ends::new(server.addr, 80, [192, 168, 1, 10].into(), 4000), SYN | ACK, b"");
    let (verdict, out) = second.process(&answer, Side::Server);
    assert_eq!(verdict, Verdict::Forward);
    assert_eq!(Headers::parse(&out[0]).unwrap().src, IpAddr::from([192, 168, 1, 184]));
}
