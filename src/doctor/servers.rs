//! Real servers: the way there, the neighbour, the way back, what checks and probes say. Pure.

use std::net::IpAddr;

use super::Finding;
use super::probe::Probe;
use super::site::Site;
use lvs::director::{ServerEntry, ServiceEntry};
use lvs::neighbour::NeighbourState;
use lvs::route::is_link_local;
use lvs::service::Forwarding;
use lvs_host::{LinkRoute, RefusingRoute, SurveyedAddress};

/// Packets to a server that has answered none of them, so many that it is no chance.
const UNANSWERED: u64 = 3;

pub(super) fn examine(site: &Site, findings: &mut Vec<Finding>) {
    for service in &site.services {
        for server in &service.servers {
            let about = format!("{} {}", service.spec.key, server.spec.endpoint());
            let start = findings.len();
            if let Some(way) = site.survey.ways.get(&server.spec.addr) {
                route(site, service, server, way, findings);
            }
            back(site, server, findings);
            findings.extend(health(site, service, server));
            findings
                .extend(site.probes.get(&server.spec.endpoint()).map(|probe| probed(site, server, probe)));
            findings[start..].iter_mut().for_each(|finding| finding.about = Some(about.clone()));
        }
    }
}

fn ip(addr: IpAddr) -> &'static str {
    if addr.is_ipv6() { "ip -6" } else { "ip" }
}

fn route(
    site: &Site,
    service: &ServiceEntry,
    server: &ServerEntry,
    way: &LinkRoute,
    findings: &mut Vec<Finding>,
) {
    let addr = server.spec.addr;
    match way {
        LinkRoute::Local => findings.push(Finding::ok("route", format!("{addr} is an address of this host"))),
        LinkRoute::None(error) => findings.push(no_route(site, addr, error)),
        LinkRoute::Out { dev, .. } if site.tuns().contains(&dev.as_str()) => {
            let why = "its packets would come back to the director, and go round";
            findings.push(
                Finding::fail("route", format!("the way to {addr} leads into {dev}"), why)
                    .mend(format!("{} route show table all match {addr}", ip(addr))),
            );
        }
        LinkRoute::Out { dev, gateway: Some(gateway), .. } if server.spec.forwarding == Forwarding::Route => {
            let why = "direct routing leaves the destination as it is, so the server has to be a neighbour: the gateway would send the packet back";
            let option = service.spec.key.options();
            findings.push(
                Finding::fail("route", format!("{addr} is behind the gateway {gateway} on {dev}"), why)
                    .mend(format!("tunvs ipvsadm -e {option} -r {} -i", server.spec.endpoint())),
            );
        }
        LinkRoute::Out { dev, gateway, .. } => {
            let by = gateway.map(|gateway| format!(" by the gateway {gateway}")).unwrap_or_default();
            findings.push(Finding::ok("route", format!("{addr} is reached on {dev}{by}")));
            findings.extend(neighbour(site, dev, gateway.unwrap_or(addr)));
        }
    }
}

fn no_route(site: &Site, addr: IpAddr, error: &str) -> Finding {
    let finding =
        Finding::fail("route", format!("there is no way to {addr}: {error}"), "no packet reaches the server");
    let refusing = site.survey.refusing.iter().filter(|route| route.net.contains(&addr));
    if let Some(RefusingRoute { net, kind }) = refusing.max_by_key(|route| route.net.prefix_len()) {
        return finding.mend(format!("{} route del {kind} {net}", ip(addr)));
    }
    let mut own = site.survey.addresses.iter();
    match own.find(|own| own.net.contains(&addr) && own.net.addr() != addr) {
        Some(SurveyedAddress { dev, .. })
            if site.survey.links.iter().any(|link| link.name == *dev && !link.up) =>
        {
            finding.mend(format!("ip link set dev {dev} up"))
        }
        Some(SurveyedAddress { dev, net }) => {
            finding.mend(format!("{} route add {} dev {dev}", ip(addr), net.trunc()))
        }
        None => finding.mend(format!("{} route add {addr} via GATEWAY", ip(addr))),
    }
}

fn neighbour(site: &Site, dev: &str, hop: IpAddr) -> Option<Finding> {
    if !site.survey.links.iter().any(|link| link.name == dev && link.ethernet) {
        return None;
    }
    let known = site.survey.neighbours.iter().find(|known| known.dev == dev && known.addr == hop);
    Some(match known.map(|known| known.state) {
        Some(NeighbourState::Known(_)) => Finding::ok("neighbour", format!("{hop} answers on {dev}")),
        Some(NeighbourState::Stale(_)) => Finding::ok("neighbour", format!("{hop} has answered on {dev}")),
        Some(NeighbourState::Sought) => {
            Finding::ok("neighbour", format!("{hop} is being asked for on {dev}"))
        }
        None => Finding::ok("neighbour", format!("{hop} has not been asked for on {dev} yet")),
        Some(NeighbourState::Failed) => {
            let why = "the host has nowhere to send its packets: the server is off, on another link, or has another address";
            Finding::fail("neighbour", format!("{hop} does not answer on {dev}"), why)
                .mend_on(hop, "ip -br address")
                .mend(ask(dev, hop))
        }
    })
}

/// Has the host ask for a neighbour again. Bound to no link: the answer of a masqueraded server comes out of a TUN.
fn ask(dev: &str, hop: IpAddr) -> String {
    if is_link_local(hop) { format!("ping -c 3 {hop}%{dev}") } else { format!("ping -c 3 {hop}") }
}

/// Whether answers come back, by what the director has counted. It sees packets, not the server's routes: a hint.
fn back(site: &Site, server: &ServerEntry, findings: &mut Vec<Finding>) {
    let comes_back = server.spec.forwarding.is_rewritten();
    let Some(LinkRoute::Out { source, .. }) = site.survey.ways.get(&server.spec.addr) else { return };
    let stats = server.stats;
    if !comes_back || stats.in_packets == 0 {
        return;
    }
    if stats.out_packets > 0 {
        findings.push(Finding::ok("return", "its answers come back by the director"));
        return;
    }
    if stats.in_packets < UNANSWERED {
        return;
    }
    let addr = server.spec.addr;
    let found = format!("{} packets went to it, and none came back by the director", stats.in_packets);
    if server.spec.forwarding.hides_client() {
        let why =
            "a hint: nobody listens there, or the server has no way to the addresses that stand for clients";
        findings.push(Finding::warn("return", found, why).mend_on(addr, "ip route show"));
        return;
    }
    let why = "a hint: nobody listens there, or the server's answers go past the director, which must be its gateway towards clients";
    let gateway = source.map_or_else(|| "THIS-HOST".to_owned(), |source| source.to_string());
    let command = format!("{} route replace default via {gateway}", ip(addr));
    findings.push(Finding::warn("return", found, why).mend_on(addr, command));
}

fn health(site: &Site, service: &ServiceEntry, server: &ServerEntry) -> Option<Finding> {
    let report = site.health.iter().find(|report| report.service == service.spec.key)?;
    let report = report.servers.iter().find(|report| report.server == server.spec.endpoint())?;
    if report.up {
        return Some(Finding::ok("health", "its checks succeed"));
    }
    let last = report.checks.iter().find_map(|check| check.last_error.clone());
    let found = format!("its checks fail: {}", last.unwrap_or_else(|| "no error yet".to_owned()));
    Some(Finding::fail("health", found, "no new connection is given to it").mend("tunvs health --down"))
}

fn probed(site: &Site, server: &ServerEntry, probe: &Probe) -> Finding {
    let end = server.spec.endpoint();
    match probe {
        Probe::Answered => Finding::ok("probe", format!("{end} answered a probe from here")),
        Probe::Refused => {
            let found = format!("{end} refused a probe from here");
            Finding::fail("probe", found, "the server is there, and nobody listens at its port")
                .mend_on(end.addr, "ss -lnt")
        }
        Probe::Silent | Probe::Failed(_) => {
            let how = match probe {
                Probe::Failed(error) => format!(": {error}"),
                _ => " within 2 s".to_owned(),
            };
            let why = "the server is off, filters what comes from here, or has another link address than this host believes";
            let finding = Finding::fail("probe", format!("{end} did not answer a probe from here{how}"), why);
            match site.survey.ways.get(&end.addr) {
                Some(LinkRoute::Out { dev, gateway, .. }) => {
                    let hop = gateway.unwrap_or(end.addr);
                    finding.mend(format!("{} neigh del {hop} dev {dev}", ip(hop)))
                }
                _ => finding.mend("tunvs doctor"),
            }
        }
    }
}
