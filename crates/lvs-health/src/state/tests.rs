//! Checks and somebody who changes things by hand; commands are carried out on a real director.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::check::WeightChange;
use crate::spec::{CheckKind, OnFailure, ServerHealth, SorryServer};
use lvs::director::{Director, Query, Reply, Settings};
use lvs::service::{Forwarding, Protocol, ServiceSpec};

fn service() -> ServiceKey {
    ServiceKey::Address { protocol: Protocol::Tcp, addr: "10.0.0.1".parse().unwrap(), port: 80 }
}

fn end(last: u8) -> Endpoint {
    Endpoint::new(std::net::Ipv4Addr::new(10, 1, 0, last).into(), 80)
}

fn spec(last: u8, weight: i32) -> ServerSpec {
    ServerSpec { weight, ..ServerSpec::new(end(last).addr, 80, Forwarding::Masq) }
}

/// Servers 1 to 3, one check each that a single result turns.
fn declared() -> ServiceHealth {
    let mut health = ServiceHealth::nothing(service());
    for last in 1..=3 {
        let mut server = ServerHealth::new(end(last));
        let mut check = Check::new(CheckKind::Tcp);
        (check.schedule.rise, check.schedule.fall) = (1, 1);
        server.checks.push(check);
        health.servers.push(server);
    }
    health
}

struct World {
    director: Director,
    health: Health,
    now: Time,
    events: Vec<String>,
    shares: Vec<u32>,
}

impl World {
    fn new(health: &ServiceHealth) -> Self {
        let mut world = Self {
            director: Director::new(Settings::default()),
            health: Health::default(),
            now: Time::ZERO,
            events: Vec::new(),
            shares: Vec::new(),
        };
        world.health.declare(std::slice::from_ref(health), world.now);
        world.configure(&[Command::AddService(ServiceSpec::new(service(), "wrr"))]);
        for last in 1..=3 {
            world.configure(&[Command::AddServer { service: service(), server: spec(last, 10) }]);
        }
        world.settle();
        world
    }

    fn configure(&mut self, commands: &[Command]) {
        for command in commands {
            if let Some(command) = self.health.admit(command, self.now) {
                self.director.apply(&command, self.now).unwrap();
            }
        }
    }

    fn by_hand(&mut self, command: &Command) {
        self.director.apply(command, self.now).unwrap();
        self.settle();
    }

    fn settle(&mut self) {
        let reply = self.director.query(&Query::Service(service()), self.now);
        let entry = match &reply {
            Ok(Reply::Services(services)) => services.first(),
            _ => None,
        };
        for action in self.health.settle(&service(), entry, self.now) {
            match action {
                Action::Apply(command) => {
                    if let Command::SetShare { share, .. } = command {
                        self.shares.push(share);
                    }
                    self.director.apply(&command, self.now).unwrap();
                }
                Action::Publish(event) => self.events.push(event.name().to_owned()),
                Action::Run(script) => self.events.push(script.command.join(" ")),
            }
        }
    }

    fn result(&mut self, last: u8, good: bool) {
        let outcome = if good {
            Outcome::Good { took: Duration::ZERO, weight: None }
        } else {
            Outcome::Bad { took: Duration::ZERO, why: "refused".to_owned() }
        };
        let id = CheckId { service: service(), server: end(last), number: 0 };
        self.health.record(&id, &outcome, self.now);
        self.settle();
    }

    /// Last bytes of the servers in the table, and weights, in order.
    fn table(&self) -> Vec<(u8, i32)> {
        let Ok(Reply::Services(services)) = self.director.query(&Query::Service(service()), self.now) else {
            return Vec::new();
        };
        let last = |spec: &ServerSpec| match spec.addr {
            std::net::IpAddr::V4(addr) => addr.octets()[3],
            std::net::IpAddr::V6(_) => 0,
        };
        let mut table: Vec<_> =
            services[0].servers.iter().map(|server| (last(&server.spec), server.weight())).collect();
        table.sort_unstable();
        table
    }
}

fn edit(last: u8, weight: i32) -> Command {
    Command::EditServer { service: service(), server: spec(last, weight) }
}

fn delete(last: u8) -> Command {
    Command::DeleteServer { service: service(), addr: end(last).addr, port: 80 }
}

#[test]
fn a_server_that_is_down_leaves_and_comes_back() {
    let mut world = World::new(&declared());
    assert_eq!(world.table(), [(1, 10), (2, 10), (3, 10)]);
    world.result(1, false);
    world.result(1, false);
    assert_eq!(world.table(), [(2, 10), (3, 10)]);
    world.result(1, true);
    assert_eq!(world.table(), [(1, 10), (2, 10), (3, 10)]);
    assert_eq!(world.events, ["server_down", "server_up"]);
}

#[test]
fn one_that_is_to_be_quiesced_stays_with_weight_0() {
    let mut health = declared();
    health.servers[0].on_failure = OnFailure::Quiesce;
    health.servers[0].notify_down = Some(Script::new(vec!["down".to_owned()]));
    let mut world = World::new(&health);
    world.result(1, false);
    assert_eq!(world.table(), [(1, 0), (2, 10), (3, 10)]);
    assert_eq!(world.events, ["server_down", "down"]);
    world.configure(&[edit(1, 7)]);
    assert_eq!(world.table()[0], (1, 0), "the configuration does not bring a server back that is down");
    world.result(1, true);
    assert_eq!(world.table()[0], (1, 7));
}

#[test]
fn what_is_changed_by_hand_holds_until_checks_change_their_mind() {
    let mut world = World::new(&declared());
    world.by_hand(&edit(1, 3));
    world.result(1, true);
    assert_eq!(world.table()[0], (1, 3));
    world.result(1, false);
    world.result(1, true);
    assert_eq!(world.table()[0], (1, 3), "comes back with the weight given by hand");

    world.result(2, false);
    world.by_hand(&Command::AddServer { service: service(), server: spec(2, 5) });
    world.result(2, false);
    assert_eq!(world.table()[1], (2, 5), "added by hand though it is down");
    world.result(2, true);
    world.result(2, false);
    assert_eq!(world.table(), [(1, 3), (3, 10)]);

    world.by_hand(&delete(3));
    world.result(3, false);
    world.result(3, true);
    assert_eq!(world.table(), [(1, 3)], "removed by hand stays removed");
    assert!(world.health.dismiss(&service(), &end(2)), "checks had taken it out");
    world.result(2, true);
    assert_eq!(world.table(), [(1, 3)]);
    assert!(!world.health.dismiss(&service(), &end(1)));
}

#[test]
fn a_weight_of_0_by_hand_stays() {
    let mut world = World::new(&declared());
    world.by_hand(&edit(1, 0));
    world.result(1, false);
    world.result(1, true);
    assert_eq!(world.table()[0], (1, 0));
}

#[test]
fn quorum_goes_and_comes_with_hysteresis() {
    let mut health = declared();
    (health.policy.quorum, health.policy.hysteresis) = (20, 5);
    health.policy.quorum_down = Some(Script::new(vec!["lost".to_owned()]));
    health.policy.quorum_up = Some(Script::new(vec!["gained".to_owned()]));
    health.policy.sorry = Some(SorryServer { server: spec(9, 1), inhibit: false });
    let mut world = World::new(&health);
    world.result(1, false);
    assert_eq!(world.table(), [(2, 10), (3, 10)], "20 is above 20 - 5");
    world.result(2, false);
    assert_eq!(world.table(), [(9, 1)], "the sorry server alone");
    world.result(2, true);
    assert_eq!(world.table(), [(9, 1)], "20 is below 20 + 5");
    world.result(1, true);
    assert_eq!(world.table(), [(1, 10), (2, 10), (3, 10)]);
    let quorum: Vec<_> = world.events.iter().filter(|name| !name.starts_with("server_")).collect();
    assert_eq!(quorum, ["service_down", "lost", "service_up", "gained"]);
}

#[test]
fn a_sorry_server_that_is_the_only_real_server_serves_when_it_is_down() {
    let mut health = declared();
    health.servers.truncate(1);
    let sorry = ServerSpec { forwarding: Forwarding::Route, ..spec(1, 1) };
    health.policy.sorry = Some(SorryServer { server: sorry.clone(), inhibit: false });
    let mut world = World::new(&health);
    for last in 2..=3 {
        world.configure(&[Command::DeleteServer { service: service(), addr: end(last).addr, port: 80 }]);
    }
    world.settle();
    assert_eq!(world.table(), [(1, 10)]);
    world.result(1, false);
    assert_eq!(world.table(), [(1, 1)], "as the sorry server");
    assert!(world.health.report(world.now)[0].sorry);
    let Ok(Reply::Services(mut services)) = world.director.query(&Query::Service(service()), world.now)
    else {
        panic!("no service")
    };
    assert_eq!(services[0].servers[0].spec, sorry);
    world.health.undo(&mut services[0]);
    assert_eq!(services[0].servers[0].spec, spec(1, 10), "what is saved is what was declared");
    // The same file again, and a command for the same server, change nothing of that.
    world.configure(&[Command::EditServer { service: service(), server: spec(1, 10) }]);
    world.settle();
    assert_eq!(world.table(), [(1, 1)]);
    world.result(1, true);
    assert_eq!(world.table(), [(1, 10)]);
    assert!(!world.health.report(world.now)[0].sorry);
}

#[test]
fn checks_add_to_the_declared_weight() {
    let mut health = declared();
    let second = health.servers[0].checks[0].clone();
    health.servers[0].checks.push(second);
    let mut world = World::new(&health);
    let weights = |world: &mut World, changes: [Option<WeightChange>; 2]| {
        for (number, weight) in changes.into_iter().enumerate() {
            let id = CheckId { service: service(), server: end(1), number };
            world.health.record(&id, &Outcome::Good { took: Duration::ZERO, weight }, world.now);
        }
        world.settle();
        world.table()[0].1
    };
    assert_eq!(weights(&mut world, [Some(WeightChange::Set(25)), None]), 25);
    assert_eq!(weights(&mut world, [Some(WeightChange::Set(25)), Some(WeightChange::Add(-4))]), 21);
    assert_eq!(weights(&mut world, [None, Some(WeightChange::Add(-40))]), 0);
    assert_eq!(
        weights(&mut world, [Some(WeightChange::Add(i64::MAX)), Some(WeightChange::Add(9))]),
        i32::MAX
    );
    assert_eq!(weights(&mut world, [None, None]), 10);
}

#[test]
fn with_alpha_servers_come_in_with_their_first_good_round() {
    let mut health = declared();
    health.policy.alpha = true;
    health.policy.sorry = Some(SorryServer { server: spec(9, 1), inhibit: true });
    let mut world = World::new(&health);
    assert_eq!(world.table(), [(9, 1)]);
    world.result(2, true);
    assert_eq!(world.table(), [(2, 10), (9, 0)]);
}

#[test]
fn a_slow_start_grows_to_the_full_weight() {
    let mut health = declared();
    health.servers[0].slow_start = Duration::from_secs(10);
    let mut world = World::new(&health);
    assert_eq!(world.table()[0], (1, 10));
    world.result(1, false);
    world.result(1, true);
    let mut shares = vec![world.shares.last().copied().unwrap_or_default()];
    for tick in 1..=110 {
        world.now = Time(tick * 100);
        assert_eq!(world.health.due(world.now).count(), usize::from((2..=100).contains(&tick)), "{tick}");
        world.settle();
        shares.push(world.shares.last().copied().unwrap_or_default());
        let reported = world.health.report(world.now)[0].servers[0].share_percent;
        assert_eq!(reported, shares[shares.len() - 1] / 10, "{tick}");
        assert_eq!(world.table()[0], (1, 10), "the weight is as it was declared");
    }
    assert_eq!((shares[0], shares[1], shares[30], shares[99], shares[100]), (10, 10, 300, 990, 1000));
    assert_eq!(world.shares.len(), 100);
}

#[test]
fn a_drained_server_stays_and_begins_slowly_again() {
    let mut health = declared();
    health.servers[0].slow_start = Duration::from_secs(10);
    let mut world = World::new(&health);
    let drain = |drained| Command::SetDrained { service: service(), server: end(1), drained };
    world.by_hand(&drain(true));
    assert_eq!(world.table()[0], (1, 0));
    world.result(1, true);
    world.configure(&[edit(1, 10)]);
    assert_eq!(world.table()[0], (1, 0), "the mark survives results and reloads");
    assert!(world.shares.is_empty());
    world.by_hand(&drain(false));
    assert_eq!((world.table()[0], world.shares.as_slice()), ((1, 10), &[10][..]));
}

#[test]
fn without_checks_all_is_as_declared_again() {
    let mut health = declared();
    health.policy.sorry = Some(SorryServer { server: spec(9, 1), inhibit: false });
    let mut world = World::new(&health);
    for last in 1..=3 {
        world.result(last, false);
    }
    assert_eq!(world.table(), [(9, 1)]);
    let mut entry = match world.director.query(&Query::Service(service()), world.now) {
        Ok(Reply::Services(services)) => services[0].clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(world.health.undo(&mut entry), [spec(1, 10), spec(2, 10), spec(3, 10)]);
    assert!(entry.servers.is_empty());
    world.health.declare(&[], world.now);
    world.settle();
    assert_eq!(world.table(), [(1, 10), (2, 10), (3, 10)]);
}

#[test]
fn a_service_that_is_gone_is_left_alone() {
    let mut world = World::new(&declared());
    world.by_hand(&Command::DeleteService(service()));
    world.result(1, false);
    world.result(1, true);
    assert!(world.table().is_empty());
    world.by_hand(&Command::AddService(ServiceSpec::new(service(), "rr")));
    world.by_hand(&Command::AddServer { service: service(), server: spec(1, 4) });
    world.result(1, false);
    assert!(world.table().is_empty(), "checks go on with what is there");
    world.result(1, true);
    assert_eq!(world.table(), [(1, 4)]);
}

proptest! {
    /// Whatever checks say and in whichever order: who is up is in the table with its weight, unless the sorry server
    /// serves; who is down is not; and the sorry server serves exactly without quorum.
    #[test]
    fn the_table_follows_the_checks(
        results in prop::collection::vec((1..4_u8, any::<bool>()), 0..40), quorum in 0..31_u32, sorry in any::<bool>(),
    ) {
        let mut health = declared();
        health.policy.quorum = quorum;
        health.policy.sorry = sorry.then(|| SorryServer { server: spec(9, 1), inhibit: false });
        let mut world = World::new(&health);
        let mut up = [true; 3];
        for (last, good) in results {
            world.result(last, good);
            up[usize::from(last) - 1] = good;
            let alive: Vec<(u8, i32)> = (1..=3).filter(|last| up[usize::from(*last) - 1]).map(|last| (last, 10)).collect();
            let has_quorum = !alive.is_empty() && 10 * alive.len() >= quorum as usize;
            let expected = if sorry && !has_quorum { vec![(9, 1)] } else { alive };
            prop_assert_eq!(world.table(), expected);
        }
    }
}

proptest! {
    /// Whenever another director takes the state over, all goes on as it would have, and nothing happens by it.
    #[test]
    fn a_successor_goes_on_with_the_state(
        results in prop::collection::vec((1..4_u8, any::<bool>(), 0..3000_u64), 1..40), at in 0..40_usize,
        quorum in 0..31_u32, sorry in any::<bool>(), slow in any::<bool>(),
    ) {
        let mut health = declared();
        health.policy.quorum = quorum;
        health.policy.sorry = sorry.then(|| SorryServer { server: spec(9, 1), inhibit: false });
        for server in &mut health.servers {
            server.slow_start = Duration::from_secs(if slow { 4 } else { 0 });
            server.checks[0].schedule.fall = 2;
        }
        let (mut world, mut twin) = (World::new(&health), World::new(&health));
        for (number, (last, good, millis)) in results.into_iter().enumerate() {
            if number == at {
                let states = serde_json::to_string(&world.health.states(world.now)).unwrap();
                let (told, mut successor) = (world.events.len(), Health::default());
                successor.declare(std::slice::from_ref(&health), world.now);
                successor.resume(&serde_json::from_str::<Vec<_>>(&states).unwrap(), world.now);
                world.health = successor;
                world.settle();
                prop_assert_eq!(world.events.len(), told);
                prop_assert_eq!(serde_json::to_string(&world.health.states(world.now)).unwrap(), states);
            }
            for world in [&mut world, &mut twin] {
                world.now = world.now + Duration::from_millis(millis);
                world.result(last, good);
            }
            prop_assert_eq!(world.table(), twin.table());
            prop_assert_eq!(&world.events, &twin.events);
            prop_assert_eq!(&world.shares, &twin.shares);
            prop_assert_eq!(world.health.report(world.now), twin.health.report(twin.now));
        }
    }
}
