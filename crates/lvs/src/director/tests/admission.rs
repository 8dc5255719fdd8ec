//! Clients that a service lets in: by its lists, and by limits of each.

use super::*;
use crate::service::{AccessList, ClientLimit, SynDefence};

fn world(change: impl FnOnce(&mut ServiceSpec)) -> World {
    let world = World::new(Protocol::Tcp, false);
    let mut spec = ServiceSpec::new(world.service, "rr");
    change(&mut spec);
    world.apply(Command::EditService(spec));
    world
}

impl World {
    fn verdict(&mut self, client: &str, port: u16, flags: u8) -> Verdict {
        let ends = Ends::new(client.parse().unwrap(), port, self.virt, 80);
        let verdict = self.process(&make::tcp(ends, flags, &[]), Side::Client).0;
        self.outbox.drain(|_| {});
        verdict
    }
}

const DENIED: Verdict = Verdict::Drop(DropReason::Denied);
const OVER: Verdict = Verdict::Drop(DropReason::ClientLimit);

#[test]
fn lists_decide_about_new_connections_and_those_that_are_there_go_on() {
    let mut world = world(|_| {});
    assert_eq!(world.verdict("192.168.1.10", 4000, SYN), Verdict::Forward);
    let denied = ["192.168.0.0/16".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
    let allowed = ["10.1.0.0/16".parse().unwrap()];
    let list = std::sync::Arc::new(AccessList::new(Some(&allowed), &denied));
    world.director.set_access([(world.service, list)]);
    assert_eq!(world.verdict("192.168.1.10", 4000, ACK), Verdict::Forward, "it was there before");
    assert_eq!(world.verdict("192.168.1.10", 4001, SYN), DENIED);
    assert_eq!(world.verdict("10.1.2.3", 4001, SYN), Verdict::Forward);
    assert_eq!(world.verdict("10.2.2.3", 4001, SYN), DENIED);
    assert_eq!(world.verdict("172.16.0.1", 4001, SYN), DENIED, "it is in no list");
    let (from, to) = (Endpoint::new("10.2.2.3".parse().unwrap(), 1), Endpoint::new(world.virt, 80));
    let question = Question { protocol: Protocol::Tcp, from, to, mark: None };
    let explanation = world.director.explain(&question, world.now);
    assert_eq!(explanation.outcome, Outcome::Dropped);
    assert!(explanation.reasons.iter().any(|reason| reason.contains("do not let 10.2.2.3 in")));
    world.director.set_access([]);
    assert_eq!(world.verdict("192.168.1.10", 4001, SYN), Verdict::Forward);
}

#[test]
fn a_defended_service_bakes_no_cookie_for_those_who_are_not_let_in() {
    let mut world = world(|spec| spec.syn_defence = Some(SynDefence::On));
    let list = std::sync::Arc::new(AccessList::new(None, &["10.0.0.0/8".parse().unwrap()]));
    world.director.set_access([(world.service, list)]);
    assert_eq!(world.verdict("10.0.0.1", 4000, SYN), DENIED);
    assert_eq!(world.verdict("192.168.1.10", 4000, SYN), Verdict::Reply);
}

#[test]
fn a_client_opens_connections_at_its_rate() {
    let mut world = world(|spec| {
        spec.client_limit = ClientLimit::new([Some(2), Some(3), None], Some(24), crate::service::Family::V4);
    });
    let verdicts = |world: &mut World, client: &str, first: u16| -> Vec<Verdict> {
        (first..first + 5).map(|port| world.verdict(client, port, SYN)).collect()
    };
    let forward = Verdict::Forward;
    assert_eq!(verdicts(&mut world, "192.168.1.10", 4000), [forward, forward, forward, OVER, OVER]);
    assert_eq!(world.verdict("192.168.1.77", 4000, SYN), OVER, "its neighbour counts with it");
    assert_eq!(world.verdict("192.168.2.10", 4000, SYN), forward);
    assert_eq!(world.verdict("192.168.1.10", 4000, ACK), forward, "what is there goes on");
    world.now = world.now + Duration::from_secs(1);
    assert_eq!(verdicts(&mut world, "192.168.1.10", 5000), [forward, forward, OVER, OVER, OVER]);
}

#[test]
fn a_client_has_so_many_connections_and_again_when_they_end() {
    let mut world = world(|spec| {
        spec.client_limit = ClientLimit::new([None, None, Some(2)], None, crate::service::Family::V4);
    });
    let forward = Verdict::Forward;
    assert_eq!(world.verdict("192.168.1.10", 4000, SYN), forward);
    let server = world.send(4001, SYN).unwrap();
    world.answer(server, SYN | ACK);
    assert_eq!(world.verdict("192.168.1.10", 4001, ACK), forward);
    assert_eq!(world.verdict("192.168.1.10", 4002, SYN), OVER);
    assert_eq!(world.verdict("192.168.1.11", 4002, SYN), forward, "another client");
    assert_eq!(world.verdict("192.168.1.10", 4001, TcpFlags::RST), forward);
    assert_eq!(world.verdict("192.168.1.10", 4003, SYN), forward, "one is closed");
    assert_eq!(world.verdict("192.168.1.10", 4004, SYN), OVER);
    world.pass_time(70);
    assert_eq!(world.director.conn_count(), 0);
    for port in [5000, 5001] {
        assert_eq!(world.verdict("192.168.1.10", port, SYN), forward);
    }
    assert_eq!(world.verdict("192.168.1.10", 5002, SYN), OVER);
}

#[test]
fn a_limit_that_limits_nothing_is_none() {
    use crate::service::Family;
    let limit = |numbers, prefix, family| ClientLimit::new(numbers, prefix, family);
    assert_eq!(limit([None; 3], None, Family::V4), None);
    assert_eq!(limit([Some(0), Some(9), Some(0)], None, Family::V4), None);
    assert_eq!(limit([Some(1), None, None], Some(33), Family::V4), None);
    let usual = limit([Some(5), None, None], None, Family::V6).unwrap();
    assert_eq!((usual.burst, usual.conns, usual.prefix), (5, 0, 64));
}
