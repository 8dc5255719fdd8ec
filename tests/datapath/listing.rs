//! What ipvsadm prints of the tables, without headings and with white space squeezed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use tunvs::lvs::director::{ConnEntry, Query, Reply, ServiceEntry};
use tunvs::lvs::service::{Endpoint, Family, Persistence, Protocol, ServiceKey, Stats};
use tunvs::lvs::{Director, Time};

pub(crate) fn services(director: &Director, now: Time) -> Vec<String> {
    rows(director, now, service_flags, |server| {
        let method = server.spec.forwarding.name();
        format!("{method} {} {} {}", server.spec.weight, server.active_conns, server.inactive_conns)
    })
}

pub(crate) fn stats(director: &Director, now: Time) -> Vec<String> {
    rows(director, now, |service| numbers(&service.stats), |server| numbers(&server.stats))
}

/// `active+inactive` of each server, by its name.
pub(crate) fn counts(director: &Director, now: Time) -> BTreeMap<String, String> {
    let servers = entries(director, now).into_iter().flat_map(|service| service.servers);
    let count = |server: tunvs::lvs::director::ServerEntry| {
        let name = Endpoint::new(server.spec.addr, server.spec.port).to_string();
        (name, format!("{}+{}", server.active_conns, server.inactive_conns))
    };
    servers.map(count).collect()
}

/// Connections: protocol, seconds left (rounded to 5), state, source, virtual, destination.
pub(crate) fn conns(director: &Director, now: Time) -> Vec<String> {
    let Reply::Connections(conns) = director.query(&Query::Connections, now).unwrap() else {
        panic!("not connections")
    };
    let mut lines: Vec<(Vec<String>, String)> = conns.iter().map(conn).collect();
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

fn conn(conn: &ConnEntry) -> (Vec<String>, String) {
    let protocol = match conn.protocol {
        0 => "IP",
        number => Protocol::from_number(number).map_or("?", Protocol::name),
    };
    let secs = (conn.expires_in_ms / 1000 + 2) / 5 * 5;
    let ends = [conn.client, conn.virt, conn.real].map(|end| end.to_string());
    let line = format!("{protocol} {secs} {} {}", conn.state, ends.join(" "));
    (ends.to_vec(), line)
}

fn entries(director: &Director, now: Time) -> Vec<ServiceEntry> {
    let Reply::Services(mut services) = director.query(&Query::Services, now).unwrap() else {
        panic!("not services")
    };
    services.sort_by_key(|service| order(&service.spec.key));
    for service in &mut services {
        service.servers.sort_by_key(|server| (server.spec.addr, server.spec.port));
    }
    services
}

fn order(key: &ServiceKey) -> (u32, u8, u8, Option<IpAddr>, u16) {
    let family = |family| if family == Family::V4 { 4 } else { 6 };
    match *key {
        ServiceKey::Address { protocol, addr, port } => {
            (0, family(Family::of(&addr)), protocol.number(), Some(addr), port)
        }
        ServiceKey::Mark { mark, family: of } => (mark, family(of), 0, None, 0),
    }
}

fn rows(
    director: &Director,
    now: Time,
    of_service: impl Fn(&ServiceEntry) -> String,
    of_server: impl Fn(&tunvs::lvs::director::ServerEntry) -> String,
) -> Vec<String> {
    let mut lines = Vec::new();
    for service in entries(director, now) {
        lines.push(format!("{} {}", service.spec.key, of_service(&service)));
        for server in &service.servers {
            let name = Endpoint::new(server.spec.addr, server.spec.port);
            lines.push(format!("-> {name} {}", of_server(server)));
        }
    }
    lines
}

fn service_flags(service: &ServiceEntry) -> String {
    let spec = &service.spec;
    let mut text = spec.scheduler.clone();
    let names = match spec.scheduler.as_str() {
        "sh" => ["sh-fallback", "sh-port", "flag-3"],
        "mh" => ["mh-fallback", "mh-port", "flag-3"],
        _ => ["flag-1", "flag-2", "flag-3"],
    };
    let set: Vec<&str> =
        (0..3).filter(|bit| spec.scheduler_flags.0 & (1 << bit) != 0).map(|bit| names[bit]).collect();
    if !set.is_empty() {
        text += &format!(" ({})", set.join(","));
    }
    if let Some(Persistence { timeout, mask }) = spec.persistence {
        text += &format!(" persistent {timeout}");
        if mask != Persistence::host_mask(spec.key.family()) {
            match spec.key.family() {
                Family::V4 => text += &format!(" mask {}", std::net::Ipv4Addr::from_bits(mask)),
                Family::V6 => text += &format!(" mask {mask}"),
            }
        }
    }
    if spec.one_packet {
        text += " ops";
    }
    text
}

fn numbers(stats: &Stats) -> String {
    let Stats { conns, in_packets, out_packets, in_bytes, out_bytes } = stats;
    format!("{conns} {in_packets} {out_packets} {in_bytes} {out_bytes}")
}
