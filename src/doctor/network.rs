//! Links, addresses and policy rules. Pure.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Finding;
use super::site::Site;
use lvs::neighbour::NeighbourState;
use lvs_control::status::Rival;
use lvs_host::{LinkRoute, SurveyedAddress};
use pnet_base::MacAddr;

/// No super-packet is too long for a TUN.
const TUN_MTU: u32 = 65_535;

pub(super) fn examine(site: &Site, findings: &mut Vec<Finding>) {
    policy(site, findings);
    tuns(site, findings);
    for link in site.outer_links() {
        offload(site, &link.name, findings);
    }
    mtus(site, findings);
    duplicates(site, findings);
    quiet_addresses(site, findings);
}

fn policy(site: &Site, findings: &mut Vec<Finding>) {
    if let Some(status) = &site.status {
        if status.host.follows {
            findings.push(Finding::ok("host", "rules, routes and addresses are as the tables want them"));
        }
        for trouble in &status.host.troubles {
            let why =
                "the director could not do on the host what its tables want: their packets do not reach it";
            findings.push(Finding::fail("host", trouble.as_str(), why).mend("tunvs reload"));
        }
        if status.host.contested > 0 {
            let found = format!(
                "another program changes the director's rules, routes or settings, {} times in a row",
                status.host.contested
            );
            let why = "they are put back each time, but packets wait or are lost in between: have it leave rules, routes and settings of others alone";
            findings.push(Finding::fail("host", found, why).mend(
                "printf '[Network]\\nManageForeignRoutes=no\\nManageForeignRoutingPolicyRules=no\\n' >/etc/systemd/networkd.conf.d/tunvs.conf # where it is systemd-networkd; then restart it",
            ));
        }
        return;
    }
    if site.survey.has_our_rules {
        let found = "policy rules of a director are here, but no director answers";
        let why = "a director that was killed leaves them to the next one: they lead packets into a device that nobody reads until it is started";
        findings.push(Finding::fail("policy-rules", found, why).mend("tunvs cleanup"));
        return;
    }
    for obstacle in &site.survey.obstacles {
        let why = "a virtual address may be this host's own, so the director's rules stand in front of `lookup local`";
        findings.push(
            Finding::fail("policy-rules", obstacle.what.as_str(), why)
                .mend_all(obstacle.mend.iter().cloned()),
        );
    }
    if site.survey.obstacles.is_empty() {
        findings.push(Finding::ok("policy-rules", "there is room for the director's rules"));
    }
}

fn tuns(site: &Site, findings: &mut Vec<Finding>) {
    for tun in site.tuns() {
        let Some(link) = site.survey.links.iter().find(|link| link.name == tun) else {
            let why = "its packets do not reach the director";
            let found = format!("{tun} is not in this network namespace");
            findings.push(Finding::fail("mtu", found, why).about(tun).mend("tunvs status"));
            continue;
        };
        findings.push(if !link.up {
            Finding::fail("mtu", format!("{tun} is down"), "nothing goes into it or comes out of it")
                .mend(format!("ip link set dev {tun} up"))
                .about(tun)
        } else if link.mtu < TUN_MTU {
            let why = "what is longer is cut, or answered with an error, on its way into the director";
            Finding::warn("mtu", format!("the MTU of {tun} is {}, not {TUN_MTU}", link.mtu), why)
                .mend(format!("ip link set dev {tun} mtu {TUN_MTU}"))
                .about(tun)
        } else {
            Finding::ok("mtu", format!("the MTU of {tun} is {}", link.mtu)).about(tun)
        });
    }
}

fn offload(site: &Site, link: &str, findings: &mut Vec<Finding>) {
    let Some(offload) = site.offload.get(link) else { return };
    let set = |feature: &str, on: &str| format!("ethtool -K {link} {feature} {on}");
    findings.push(match (offload.gro, offload.lro) {
        (_, Some(true)) => Finding::fail(
            "offload",
            format!("LRO is on at {link}"),
            "packets that the card put together cannot be taken apart as they were: forwarded streams break",
        )
        .mend(set("lro", "off")),
        (Some(false), _) if offload.is_pair => {
            Finding::ok("offload", format!("{link} is one end of a pair: super-packets come whole"))
        }
        (Some(false), _) => Finding::warn(
            "offload",
            format!("GRO is off at {link}"),
            "every packet goes through the director by itself: many times the work for the same bytes",
        )
        .mend(set("gro", "on")),
        (Some(true), _) => Finding::ok("offload", format!("GRO is on at {link}")),
        (None, _) => return,
    });
    if let Some(last) = findings.last_mut() {
        last.about = Some(link.to_owned());
    }
}

/// Compares MTUs: servers behind a link that takes less than others, and tunnels that add headers.
fn mtus(site: &Site, findings: &mut Vec<Finding>) {
    let widest = site.outer_links().map(|link| link.mtu).max().unwrap_or_default();
    let mut narrow: Vec<(&str, u32)> = Vec::new();
    let mut tunnelled: Vec<(&str, u32)> = Vec::new();
    let servers = site.services.iter().flat_map(|service| &service.servers);
    for server in servers {
        let Some(LinkRoute::Out { dev, mtu, .. }) = site.survey.ways.get(&server.spec.addr) else { continue };
        if *mtu < widest && !narrow.contains(&(dev, *mtu)) {
            narrow.push((dev, *mtu));
        }
        let is_tunnel = server.spec.forwarding.is_tunnel();
        if is_tunnel && *mtu <= widest && !tunnelled.contains(&(dev, *mtu)) {
            tunnelled.push((dev, *mtu));
        }
    }
    for (dev, mtu) in narrow {
        let why = "longer packets of clients are answered with errors, which some networks lose";
        findings.push(
            Finding::warn(
                "mtu",
                format!("{mtu} bytes fit on the way by {dev}, {widest} on other links"),
                why,
            )
            .mend(format!("ip link set dev {dev} mtu {widest}"))
            .about(dev),
        );
    }
    for (dev, mtu) in tunnelled {
        // TCP is told by the MSS option of its SYNs, whatever the links.
        findings.push(
            Finding::ok(
                "mtu",
                format!("tunnels by {dev}: {mtu} bytes less their headers; TCP is told so, longer datagrams are answered"),
            )
            .about(dev),
        );
    }
}

/// Other hosts that answer for a virtual address: those that the director heard, and those that this host knows as neighbours.
fn duplicates(site: &Site, findings: &mut Vec<Finding>) {
    let mut others: BTreeSet<(IpAddr, &str, String)> = BTreeSet::new();
    for Rival { address, dev, link } in site.status.iter().flat_map(|status| &status.host.rivals) {
        others.insert((*address, dev, link.clone()));
    }
    for vip in site.vips() {
        for neighbour in &site.survey.neighbours {
            if let NeighbourState::Known(link) | NeighbourState::Stale(link) = neighbour.state
                && neighbour.addr == vip
            {
                others.insert((vip, &neighbour.dev, MacAddr::from(link).to_string()));
            }
        }
    }
    for (vip, dev, link) in others {
        let found = format!("{link} on {dev} answers for {vip}");
        let why = "clients of that link reach that host and not this director: a real server that is not quiet, or another director";
        findings.push(
            Finding::warn("virtual-address", found, why)
                .about(vip)
                .mend("sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 # on that host, a real server")
                .mend("tunvs run --no-claim-vips # on that host, a director")
                .mend(format!("ip neigh flush to {vip} dev {dev}")),
        );
    }
}

/// On a real server of direct routing or tunnels: its virtual addresses are its own, and nobody must hear of them.
fn quiet_addresses(site: &Site, findings: &mut Vec<Finding>) {
    for &vip in &site.real_server_vips {
        let holders = || site.survey.addresses.iter().filter(move |own| own.net.addr() == vip);
        let is_loopback = |dev: &str| {
            site.survey.links.iter().any(|link| link.name == dev && (link.loopback || !link.ethernet))
        };
        let net = ipnet::IpNet::from(vip);
        if !holders().any(|own| is_loopback(&own.dev)) {
            let why =
                "packets for the virtual address come to this server, which takes them only if it is its own";
            findings.push(
                Finding::fail("virtual-address", format!("{vip} is not on lo"), why)
                    .about(vip)
                    .mend(format!("ip addr add {net} dev lo")),
            );
        }
        for SurveyedAddress { dev, net } in holders().filter(|own| !is_loopback(&own.dev)) {
            let why =
                "this server answers its neighbours for the virtual address and takes the director's clients";
            findings.push(
                Finding::fail("virtual-address", format!("{vip} is on {dev}"), why)
                    .about(vip)
                    .mend(format!("ip addr del {net} dev {dev}")),
            );
        }
        if holders().all(|own| is_loopback(&own.dev)) && holders().next().is_some() {
            findings.push(Finding::ok("virtual-address", format!("{vip} is on lo")).about(vip));
        }
    }
    if site.real_server_vips.iter().any(IpAddr::is_ipv4) {
        for link in site.outer_links() {
            findings.push(quiet_arp(site, &link.name));
        }
    }
}

fn quiet_arp(site: &Site, link: &str) -> Finding {
    let ignore = site.greater(link, "arp_ignore").unwrap_or_default();
    let announce = site.greater(link, "arp_announce").unwrap_or_default();
    // 3 lets addresses of lo be answered for.
    let is_silent = [1, 2, 8].contains(&ignore);
    if is_silent && announce == 2 {
        return Finding::ok(
            "arp",
            format!("{link} neither answers for addresses of lo nor asks in their name"),
        )
        .about(link);
    }
    let why = "neighbours learn the virtual address from this server, and send it what is the director's";
    let found = format!("arp_ignore of {link} is {ignore}, arp_announce {announce}");
    let mut finding = Finding::fail("arp", found, why).about(link);
    if !is_silent {
        finding = finding.mend("sysctl -w net.ipv4.conf.all.arp_ignore=1");
        if ignore == 3 {
            finding = finding.mend(format!("sysctl -w net.ipv4.conf.{link}.arp_ignore=1"));
        }
    }
    if announce != 2 {
        finding = finding.mend("sysctl -w net.ipv4.conf.all.arp_announce=2");
    }
    finding
}
