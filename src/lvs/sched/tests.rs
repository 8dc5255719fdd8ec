//! Tables of weights and the servers that the kernel picks for them (recorded: `oracle/datapath/schedulers`).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::*;
use crate::lvs::service::{Forwarding, Protocol, ServerSpec, ServiceKey};

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
