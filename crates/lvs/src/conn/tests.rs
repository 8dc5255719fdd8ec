//! The table's protocol: who holds an id of a connection that has ended finds nobody, and nobody locks a slot twice.
//!
//! With `--features shuttle` the same threads run in thousands of orders, one after the other.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::*;
use crate::service::Endpoint;
use crate::time::Time;

const SYN_RECV: State = State::Tcp(TcpState::SynRecv);
const NOW: Time = Time::ZERO;

fn conn(state: State, port: u16) -> Connection {
    let end = |last, port| Endpoint::new(Ipv4Addr::new(10, 0, 0, last).into(), port);
    Connection::bypass(6, state, end(1, port), end(2, 80), NOW)
}

fn template(port: u16) -> Connection {
    conn(State::Template { assured: false }, port)
}

/// Does as a packet of a persistent client: finds the template or makes it, then makes its connection. Ends both then, as far as
/// others let it.
fn come_and_go(table: &ConnTable, port: u16) {
    let key = template(1).key_in();
    let known = table.lookup(&key, NOW).map(|entry| entry.id);
    let new = || table.insert(template(1)).ok().map(|entry| entry.id);
    // Others may have ended the new one before it is looked at.
    let Some(id) = known.or_else(new) else { return };
    let made = table.insert_under(conn(SYN_RECV, port), Some(id)).unwrap();
    if let Some(above) = table.above(&made) {
        assert!(above.is_template(), "under something else");
    }
    table.end(made, NOW);
    if let Some(entry) = table.get(id) {
        assert!(entry.is_template());
        table.end(entry, NOW);
    }
}

/// All that is left is what nobody stands under.
fn assert_settled(table: &ConnTable) {
    table.for_each(|_, conn| {
        assert!(conn.is_template());
        assert_eq!(conn.controlled, 0);
    });
}

#[cfg(feature = "shuttle")]
mod in_all_orders {
    use shuttle::thread;

    use super::*;

    /// Orders that are tried.
    const ORDERS: usize = 5000;

    fn threads_come_and_go() {
        let table = Arc::new(ConnTable::new(1024, 7));
        let threads: Vec<_> = (0..3)
            .map(|number| {
                let table = Arc::clone(&table);
                thread::spawn(move || (0..2).for_each(|turn| come_and_go(&table, 100 + number * 10 + turn)))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_settled(&table);
    }

    #[test]
    fn nobody_locks_a_slot_twice_or_waits_in_a_circle() {
        shuttle::check_random(threads_come_and_go, ORDERS);
        shuttle::check_pct(threads_come_and_go, ORDERS, 3);
    }

    /// Two threads, each of whose templates has ended, and whose slot the other one's connection has.
    #[test]
    fn ids_of_ended_templates_lead_nowhere() {
        let cross = || {
            let table = Arc::new(ConnTable::new(1024, 7));
            let threads: Vec<_> = (0..2)
                .map(|number| {
                    let table = Arc::clone(&table);
                    thread::spawn(move || {
                        let entry = table.insert(template(1 + number)).unwrap();
                        let id = entry.id;
                        table.end(entry, NOW);
                        let made = table.insert_under(conn(SYN_RECV, 100 + number), Some(id)).unwrap();
                        assert_eq!(made.stands_under(), None);
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(table.len(), 2);
        };
        shuttle::check_random(cross, ORDERS);
    }
}

#[cfg(not(feature = "shuttle"))]
#[allow(clippy::disallowed_methods, reason = "a test of threads")]
mod at_once {
    use std::collections::BTreeSet;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// Fails where the threads lock each other out.
    fn within_a_minute(work: impl FnOnce() + Send + 'static) {
        let (sender, done) = mpsc::channel();
        let thread = thread::spawn(move || {
            work();
            let _ = sender.send(());
        });
        match done.recv_timeout(Duration::from_secs(60)) {
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("somebody waits for good"),
            Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => thread.join().unwrap(),
        }
    }

    #[test]
    fn an_id_of_one_that_has_ended_does_not_find_the_next_in_its_place() {
        within_a_minute(|| {
            let table = ConnTable::new(1024, 7);
            let entry = table.insert(template(1)).unwrap();
            let old = entry.id;
            table.end(entry, NOW);
            let next = table.insert_under(conn(SYN_RECV, 100), Some(old)).unwrap();
            let id = next.id;
            assert_eq!((id.place(), next.stands_under()), (old.place(), None));
            drop(next);
            assert!(table.get(old).is_none());
            table.control(id, old);
            table.control(old, id);
            let next = table.get(id).unwrap();
            assert_eq!((next.stands_under(), next.controlled), (None, 0));
        });
    }

    #[test]
    fn a_template_does_not_end_before_what_stands_under_it() {
        let table = ConnTable::new(1024, 7);
        let above = table.insert(template(1)).unwrap().id;
        let under = table.insert_under(conn(SYN_RECV, 100), Some(above)).unwrap().id;
        table.end(table.get(above).unwrap(), NOW);
        assert_eq!(table.get(above).unwrap().controlled, 1);
        table.end(table.get(under).unwrap(), NOW);
        table.end(table.get(above).unwrap(), NOW);
        assert!(table.is_empty());
    }

    #[test]
    fn a_connection_without_a_place_lets_go_of_its_template() {
        let table = ConnTable::new(1024, 7);
        let above = table.insert(template(1)).unwrap().id;
        (1000..2023).for_each(|port| drop(table.insert(conn(SYN_RECV, port)).unwrap()));
        assert!(table.insert_under(conn(SYN_RECV, 100), Some(above)).is_err());
        assert_eq!(table.get(above).unwrap().controlled, 0);
    }

    #[test]
    fn connections_of_other_tables_are_told_apart_in_one_place() {
        let table = ConnTable::new(1024, 7);
        let mut ids = BTreeSet::new();
        for port in 0..1000 {
            let id = table.restore(conn(SYN_RECV, port), None).unwrap();
            assert!(ids.insert(id), "{id:?} twice");
            table.end(table.get(id).unwrap(), NOW);
        }
        assert_eq!(ids.iter().map(|id| id.place()).collect::<BTreeSet<_>>().len(), 1);
    }

    #[test]
    fn threads_that_come_and_go_lock_nobody_out() {
        within_a_minute(|| {
            let table = Arc::new(ConnTable::new(1024, 7));
            thread::scope(|scope| {
                for number in 0..4 {
                    let table = &table;
                    scope.spawn(move || (0..20_000).for_each(|_| come_and_go(table, 100 + number)));
                }
            });
            assert_settled(&table);
        });
    }
}
