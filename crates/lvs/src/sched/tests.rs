//! Tables of weights and the servers that the kernel picks for them (recorded: `tests/data/datapath/schedulers`).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::service::{Endpoint, Forwarding, Protocol, ServerSpec, ServiceKey};
use crate::time::Time;

const VIP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 183));
const KEY: ServiceKey = ServiceKey::Address { protocol: Protocol::Tcp, addr: VIP, port: 80 };

/// Servers .1, .2, ... added in this order, so the last is the head.
fn added(weights: &[i32]) -> Vec<Arc<RealServer>> {
    let mut servers: Vec<_> = (1u8..).zip(weights).map(|(host, weight)| server(host, *weight)).collect();
    servers.reverse();
    servers
}

fn server(host: u8, weight: i32) -> Arc<RealServer> {
    let spec =
        ServerSpec { weight, ..ServerSpec::new(Ipv4Addr::new(10, 0, 0, host).into(), 80, Forwarding::Masq) };
    Arc::new(RealServer::new(KEY, &spec))
}

fn flow(client: u8) -> Flow {
    Flow {
        client: Endpoint::new(Ipv4Addr::new(10, 1, 0, client).into(), 40_000),
        virt: Endpoint::new(VIP, 80),
        flags: SchedulerFlags::default(),
        now: Time::ZERO,
        draw: 0,
        expirations: Expirations::default(),
    }
}

/// The last byte of the address of each of `count` picks; 0 is none. Picked connections stay open.
fn picks(scheduler: &mut dyn Scheduler, servers: &[Arc<RealServer>], count: u8) -> Vec<u8> {
    (0..count)
        .map(|client| match scheduler.schedule(servers, &flow(client)) {
            Some(at) => {
                servers[at].bind(true);
                last_byte(&servers[at])
            }
            None => 0,
        })
        .collect()
}

fn last_byte(server: &RealServer) -> u8 {
    match server.addr() {
        IpAddr::V4(addr) => addr.octets()[3],
        IpAddr::V6(addr) => addr.octets()[15],
    }
}

/// As `ipvsadm -A -s NAME` and then `-a` for each weight.
fn built(name: &str, weights: &[i32]) -> (Box<dyn Scheduler>, Vec<Arc<RealServer>>) {
    let mut scheduler = new(name, &[]).unwrap();
    let mut servers = Vec::new();
    for server in added(weights).into_iter().rev() {
        servers.insert(0, server);
        scheduler.servers_changed(&servers, ServerChange::Added);
    }
    (scheduler, servers)
}

fn first_picks(name: &str, weights: &[i32], count: u8) -> Vec<u8> {
    let (mut scheduler, servers) = built(name, weights);
    picks(&mut *scheduler, &servers, count)
}

#[test]
fn recorded_sequences_come_out() {
    let table: &[(&str, &[i32], &[u8])] = &[
        ("rr", &[1, 1], &[2, 1, 2, 1]),
        ("rr", &[1, 1, 1], &[3, 2, 1, 3]),
        ("rr", &[1, 0, 1], &[3, 1, 3, 1]),
        ("rr", &[0, 0], &[0, 0]),
        ("wrr", &[1, 2], &[2, 1, 2, 2, 1, 2]),
        ("wrr", &[3, 2, 1], &[3, 2, 1, 1, 2, 1, 3, 2, 1, 1, 2, 1]),
        ("wrr", &[5, 1, 1], &[3, 2, 1, 1, 1, 1, 1, 3, 2, 1]),
        ("wrr", &[1, 2, 3, 4], &[4, 3, 2, 1, 4, 4, 3, 4, 3, 2]),
        ("wrr", &[4, 3, 2, 1], &[4, 3, 2, 1, 1, 2, 1, 3, 2, 1]),
        ("wrr", &[10, 20, 30], &[3, 2, 1, 3, 3, 2]),
        ("wrr", &[0, 0], &[0, 0]),
        ("lc", &[1, 1, 1], &[3, 2, 1, 3, 2, 1]),
        ("wlc", &[1, 2], &[2, 1, 2, 2, 1, 2]),
    ];
    for (name, weights, expected) in table {
        let picked = first_picks(name, weights, expected.len() as u8);
        assert_eq!(picked, *expected, "{name} {weights:?}");
    }
}

#[test]
fn rr_hands_the_position_of_a_removed_server_to_its_predecessor() {
    let (mut scheduler, mut servers) = built("rr", &[1, 1, 1]);
    assert_eq!(picks(&mut *scheduler, &servers, 2), [3, 2]);
    servers.remove(1);
    scheduler.servers_changed(&servers, ServerChange::Removed(1));
    assert_eq!(picks(&mut *scheduler, &servers, 2), [1, 3]);
}

#[test]
fn rr_goes_on_after_an_addition() {
    let (mut scheduler, mut servers) = built("rr", &[1, 1, 1]);
    assert_eq!(picks(&mut *scheduler, &servers, 1), [3]);
    servers.insert(0, server(4, 1));
    scheduler.servers_changed(&servers, ServerChange::Added);
    assert_eq!(picks(&mut *scheduler, &servers, 4), [2, 1, 4, 3]);
}

#[test]
fn an_unknown_name_is_no_scheduler() {
    assert!(new("nope", &[]).is_none());
    assert!(!is_known("none"));
}

#[test]
fn more_recorded_sequences_come_out() {
    let table: &[(&str, &[i32], &[u8])] = &[
        ("sed", &[3, 2, 1], &[1, 2, 1, 3, 2, 1]),
        ("nq", &[5, 1, 1], &[3, 2, 1, 1, 1, 1, 1]),
        ("fo", &[1, 3, 3], &[3, 3, 3]),
        ("fo", &[0, 0], &[0]),
        ("ovf", &[2, 1], &[1, 1, 1, 2, 2, 0]),
        ("lblc", &[1, 1], &[2, 2, 1, 1]),
        ("lblcr", &[2, 2], &[2, 2, 2, 1, 1, 1]),
        ("dh", &[1, 1, 1], &[2, 2]),
        ("twos", &[0, 0], &[0]),
    ];
    for (name, weights, expected) in table {
        let picked = first_picks(name, weights, expected.len() as u8);
        assert_eq!(picked, *expected, "{name} {weights:?}");
    }
}

/// `server` with a limit of one connection, which it has.
fn overload(server: &RealServer) {
    server.declare(&ServerSpec { upper_threshold: 1, ..server.spec() }, false);
    server.bind(true);
    assert!(server.is_overloaded());
}

#[test]
fn an_overloaded_server_gets_nothing() {
    for name in names() {
        let (mut scheduler, servers) = built(name, &[1, 1, 1]);
        servers.iter().for_each(|server| overload(server));
        assert_eq!(picks(&mut *scheduler, &servers, 3), [0, 0, 0], "{name}");
    }
}

#[test]
fn wrr_passes_over_an_overloaded_server_and_comes_back_to_it() {
    let (mut scheduler, servers) = built("wrr", &[2, 2, 2]);
    assert_eq!(picks(&mut *scheduler, &servers, 1), [3]);
    overload(&servers[1]);
    assert_eq!(picks(&mut *scheduler, &servers, 4), [1, 3, 1, 3]);
    servers[1].unbind(true);
    assert_eq!(picks(&mut *scheduler, &servers, 4), [2, 1, 3, 1]);
}

#[test]
fn wrr_bound_by_an_edit_begins_with_the_heaviest() {
    let servers = added(&[1, 3]);
    let mut scheduler = new("wrr", &servers).unwrap();
    assert_eq!(picks(&mut *scheduler, &servers, 4), [2, 2, 2, 1]);
}

#[test]
fn lblcr_gives_up_the_busiest_of_a_set_that_has_not_changed_for_a_day() {
    let (mut scheduler, servers) = built("lblcr", &[1, 1]);
    assert_eq!(picks(&mut *scheduler, &servers, 4), [2, 2, 1, 1]);
    let mut later = |hours: u64| {
        let at = scheduler.schedule(&servers, &Flow { now: Time::from_secs(hours * 3600), ..flow(1) });
        at.map(|at| last_byte(&servers[at]))
    };
    servers[0].bind(true);
    // Used every now and then, or the whole set would be forgotten.
    assert_eq!(later(12), Some(1));
    assert_eq!(later(25), Some(1));
    servers.iter().for_each(|server| (0..3).for_each(|_| server.unbind(true)));
    assert_eq!(later(26), Some(1));
}

#[test]
fn twos_takes_the_less_loaded_of_two_draws() {
    let (mut scheduler, servers) = built("twos", &[1, 1, 2]);
    let mut pick = |high: u64, low: u64| {
        let at = scheduler.schedule(&servers, &Flow { draw: high << 32 | low, ..flow(1) });
        last_byte(&servers[at.unwrap()])
    };
    // The list is 3 (weight 2), 2, 1: tickets 0 to 2 are the first's, 3 and 4 the others'.
    assert_eq!([pick(0, 0), pick(2, 2), pick(3, 3), pick(4, 4), pick(5, 5)], [3, 3, 2, 1, 3]);
    servers[1].bind(true);
    assert_eq!([pick(3, 4), pick(4, 3), pick(4, 0), pick(0, 4)], [1, 1, 1, 3]);
}

#[test]
fn hashing_survives_edits_without_losing_flows() {
    for name in ["sh", "mh"] {
        let (mut scheduler, mut servers) = built(name, &[1, 1, 1]);
        let before = picks(&mut *scheduler, &servers, 200);
        let removed = servers.remove(1);
        scheduler.servers_changed(&servers, ServerChange::Removed(1));
        let without = picks(&mut *scheduler, &servers, 200);
        assert!(!without.contains(&2) && !without.contains(&0), "{name}");
        servers.insert(1, removed);
        scheduler.servers_changed(&servers, ServerChange::Edited(1));
        assert_eq!(picks(&mut *scheduler, &servers, 200), before, "{name}");
        if name == "mh" {
            let moved = before.iter().zip(&without).filter(|(old, new)| **old != 2 && old != new).count();
            assert!(moved < 10, "{moved} flows moved for nothing");
        }
    }
}

#[test]
fn fallback_finds_a_usable_server_or_nobody() {
    for name in ["sh", "mh"] {
        let (mut scheduler, servers) = built(name, &[1, 1, 1]);
        let fallback = |client: u8| Flow { flags: SchedulerFlags::FLAG_1, ..flow(client) };
        servers[0].declare(&ServerSpec { weight: 0, ..servers[0].spec() }, false);
        scheduler.servers_changed(&servers, ServerChange::Edited(0));
        let plain = (0..100).filter(|client| scheduler.schedule(&servers, &flow(*client)).is_none()).count();
        assert!((10..60).contains(&plain), "{name} {plain}");
        assert!((0..100).all(|client| scheduler.schedule(&servers, &fallback(client)).is_some()), "{name}");
        for server in &servers {
            server.declare(&ServerSpec { weight: 0, ..server.spec() }, false);
        }
        scheduler.servers_changed(&servers, ServerChange::Edited(0));
        assert_eq!(scheduler.schedule(&servers, &fallback(1)), None, "{name}");
    }
}

#[test]
fn ports_spread_one_client_only_when_asked_to() {
    for name in ["sh", "mh"] {
        let (mut scheduler, servers) = built(name, &[1, 1, 1]);
        let mut spread = |flags| {
            let picks = (1000..1100).map(|port| {
                let client = Endpoint::new(flow(1).client.addr, port);
                scheduler.schedule(&servers, &Flow { client, flags, ..flow(1) })
            });
            picks.collect::<std::collections::BTreeSet<_>>().len()
        };
        assert_eq!(spread(SchedulerFlags::default()), 1, "{name}");
        assert_eq!(spread(SchedulerFlags::FLAG_2), 3, "{name}");
    }
}

/// The server that each of 10,000 clients gets: last bytes of addresses.
fn choices(scheduler: &mut dyn Scheduler, servers: &[Arc<RealServer>]) -> Vec<u8> {
    let flow = |client: u32| {
        let addr = Ipv4Addr::from_bits(0x0a01_0000 + client);
        Flow { client: Endpoint::new(addr.into(), 40_000), ..flow(0) }
    };
    let one = |client| scheduler.schedule(servers, &flow(client)).map_or(0, |at| last_byte(&servers[at]));
    (0..10_000).map(one).collect()
}

/// Directors that do not know of each other: what became of a list before does not matter, only how it is.
#[test]
fn hash_schedulers_choose_alike_where_the_list_is_alike() {
    for (name, weights) in ["mh", "sh", "dh"].into_iter().flat_map(|name| {
        [&[1, 1][..], &[1, 2, 3], &[7, 1, 1, 5, 2], &[100, 1, 50]].map(|weights| (name, weights))
    }) {
        let (mut fresh, servers) = built(name, weights);
        let expected = choices(&mut *fresh, &servers);
        let (mut other, mut servers) = built(name, weights);
        servers.insert(1, server(99, 4));
        other.servers_changed(&servers, ServerChange::Added);
        servers.remove(1);
        other.servers_changed(&servers, ServerChange::Removed(1));
        assert_eq!(choices(&mut *other, &servers), expected, "{name} {weights:?}");
    }
}

/// The kernel's tables are filled in the order of the list, so directors need the same. Of `mh` few clients notice.
#[test]
fn another_order_of_the_list_moves_clients() {
    let moved = |name: &str| {
        let (mut one, mut servers) = built(name, &[1, 2, 3, 4, 5]);
        let before = choices(&mut *one, &servers);
        servers.reverse();
        one.servers_changed(&servers, ServerChange::Added);
        choices(&mut *one, &servers).iter().zip(&before).filter(|(one, other)| one != other).count()
    };
    let [mh, sh] = ["mh", "sh"].map(moved);
    assert!((1..2000).contains(&mh), "{mh} of 10000");
    assert!(sh > 5000, "{sh} of 10000");
}

#[test]
fn lblc_forgets_an_address_after_its_expiration() {
    let (mut scheduler, servers) = built("lblc", &[1, 1]);
    let expirations = Expirations { lblc: Duration::from_secs(100), ..Expirations::default() };
    let mut at = |secs: u64| {
        let at = scheduler.schedule(&servers, &Flow { now: Time::from_secs(secs), expirations, ..flow(1) });
        at.map(|at| last_byte(&servers[at]))
    };
    assert_eq!(at(0), Some(2));
    servers[0].bind(true);
    assert_eq!(at(1000), Some(2));
    // The next look at all entries is half an hour after the last.
    assert_eq!(at(1000 + 3600), Some(1));
}
