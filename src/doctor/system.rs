//! Settings of the host below `/proc/sys`. Pure.
//!
//! A director sets what it needs when it starts and takes it back at its end: before the start only what cannot be set
//! is a trouble, while it runs what somebody has set back.

use std::net::IpAddr;

use super::Finding;
use super::site::Site;

/// Neighbours from which a table counts as nearly full.
const NEARLY: u64 = 80;

pub(super) fn examine(site: &Site, findings: &mut Vec<Finding>) {
    findings.extend(forwarding(site, "net/ipv4/ip_forward", "net.ipv4.ip_forward"));
    let has_v6 = site.vips().iter().any(IpAddr::is_ipv6);
    if has_v6 {
        let key = "net/ipv6/conf/all/forwarding";
        findings.extend(forwarding(site, key, "net.ipv6.conf.all.forwarding"));
    }
    links_forward(site, findings);
    reverse_path(site, findings);
    findings.extend(early_demux(site));
    findings.extend(ports(site));
    findings.extend(site.neighbour_tables.iter().map(neighbours));
}

/// A setting that is not as a director needs it. None of it is written here.
fn setting(site: &Site, check: &'static str, name: &str, is: &str, wanted: &str, why: &str) -> Finding {
    let found = format!("{name} is {is}");
    if site.can_set && has_set_nothing(site) {
        return Finding::ok(check, format!("{found}; the first service sets it to {wanted}"));
    }
    if site.is_running() && site.can_set {
        return Finding::fail(check, format!("{found}, set back while the director runs"), why)
            .mend(format!("sysctl -w {name}={wanted}"));
    }
    if site.can_set {
        return Finding::ok(check, format!("{found}; `tunvs run` sets it to {wanted}"));
    }
    Finding::fail(check, format!("{found}, and /proc/sys is read-only here"), why)
        .mend(format!("sysctl -w {name}={wanted}"))
}

/// A director without services has changed no setting of the host yet.
fn has_set_nothing(site: &Site) -> bool {
    site.is_running() && site.services.is_empty()
}

/// Links of clients and servers that do not forward although the host does.
fn links_forward(site: &Site, findings: &mut Vec<Finding>) {
    if site.sysctl("net/ipv4/ip_forward") != Some("1") {
        return;
    }
    let ends: Vec<IpAddr> = site.vips().into_iter().chain(site.reals(|_| true)).collect();
    for link in site.outer_links() {
        let name = &link.name;
        let mut nets = site.survey.addresses.iter().filter(|own| own.dev == *name).map(|own| own.net);
        let has_ends = nets.any(|net| ends.iter().any(|end| net.contains(end)));
        if has_ends && site.number(&format!("net/ipv4/conf/{name}/forwarding")) == Some(0) {
            let why = "what comes in by this link goes into no TUN and to no server";
            let found = format!("net.ipv4.conf.{name}.forwarding is 0");
            let mend = format!("sysctl -w net.ipv4.conf.{name}.forwarding=1");
            findings.push(Finding::fail("forwarding", found, why).about(name).mend(mend));
        }
    }
}

fn forwarding(site: &Site, key: &str, name: &str) -> Option<Finding> {
    let is = site.sysctl(key)?;
    Some(if is == "1" {
        Finding::ok("forwarding", format!("{name} is 1"))
    } else {
        let why = "the host does not pass packets on from link to link, nor into a TUN and out of it";
        setting(site, "forwarding", name, is, "1", why)
    })
    .map(|finding| finding.about(if key.contains("ipv6") { "IPv6" } else { "IPv4" }))
}

fn reverse_path(site: &Site, findings: &mut Vec<Finding>) {
    const STRICT: i64 = 1;
    let has_masq = !site.reals(|forwarding| forwarding.is_rewritten()).is_empty();
    let tuns = site.tuns();
    for tun in &tuns {
        let (all, own) = (
            site.number("net/ipv4/conf/all/rp_filter"),
            site.number(&format!("net/ipv4/conf/{tun}/rp_filter")),
        );
        if own.is_none() {
            continue;
        }
        let strict = all.max(own) == Some(STRICT);
        findings.push(if strict {
            let why =
                "the answers to what comes out of a TUN go another way: a strict filter drops all of it";
            let mut finding = Finding::fail("rp-filter", format!("the filter of {tun} is strict"), why);
            if all == Some(STRICT) {
                finding = finding.mend("sysctl -w net.ipv4.conf.all.rp_filter=0");
            }
            if own == Some(STRICT) {
                finding = finding.mend(format!("sysctl -w net.ipv4.conf.{tun}.rp_filter=0"));
            }
            finding.about(tun)
        } else {
            Finding::ok("rp-filter", format!("the filter of {tun} lets packets pass")).about(tun)
        });
    }
    for link in site.outer_links() {
        let name = &link.name;
        if site.greater(name, "rp_filter") != Some(STRICT) || !has_masq {
            continue;
        }
        let why = "the way back to a masqueraded server is a TUN: a strict filter drops its answers";
        let key = format!("net.ipv4.conf.{name}.rp_filter");
        findings.push(setting(site, "rp-filter", &key, "1", "2", why).about(name));
    }
}

fn early_demux(site: &Site) -> Option<Finding> {
    let is = site.sysctl("net/ipv4/ip_early_demux")?;
    if is == "0" || !site.is_running() || has_set_nothing(site) {
        return None;
    }
    let since =
        if site.can_set { "set back while the director runs" } else { "and /proc/sys is read-only here" };
    let name = "net.ipv4.ip_early_demux";
    let why = "packets for a socket of this host are not routed into a TUN any more, and lost: those to other ports of a virtual address";
    Some(
        Finding::warn("early-demux", format!("{name} is {is}, {since}"), why)
            .mend(format!("sysctl -w {name}=0")),
    )
}

fn ports(site: &Site) -> Option<Finding> {
    let ports = site.ports.as_ref()?;
    let has_full_nat = !site.reals(|forwarding| forwarding.hides_client()).is_empty();
    let sysctl = |key: &str| site.sysctl(key).map(str::to_owned);
    let range = format!("{}-{}", ports.start(), ports.end());
    let Some(command) = lvs_host::port_reservation(ports, &sysctl).filter(|_| site.uses_own_ports) else {
        return Some(Finding::ok("ports", format!("ports {range} of FULLNAT are none of the host's own")));
    };
    let own = site.sysctl("net/ipv4/ip_local_port_range").unwrap_or_default().replace('\t', "-");
    let found = format!("ports {range} of FULLNAT lie in net.ipv4.ip_local_port_range ({own}), not reserved");
    let why = "a connection of the host's own and one that stands for a client could get the same port";
    Some(if !site.is_running() && site.can_set {
        Finding::ok("ports", format!("{found}; `tunvs run` reserves them"))
    } else if has_full_nat {
        Finding::fail("ports", found, why).mend(command)
    } else {
        Finding::warn("ports", found, why).mend(command)
    })
}

fn neighbours(used: &super::texts::TableUse) -> Finding {
    let (family, name) = if used.is_v6 { ("IPv6", "ipv6") } else { ("IPv4", "ipv4") };
    let found = format!("{} of at most {} neighbours, {} times full", used.entries, used.most, used.fulls);
    let why = "a host that has no room for a neighbour does not reach it: packets to servers and clients on its links are lost";
    let more = used.most.max(1024) * 8;
    let mended = |finding: Finding| {
        finding
            .mend(format!("sysctl -w net.{name}.neigh.default.gc_thresh3={more}"))
            .mend(format!("sysctl -w net.{name}.neigh.default.gc_thresh2={}", more / 2))
    };
    let finding = if used.entries >= used.most {
        mended(Finding::fail("neighbour-table", found, why))
    } else if used.entries * 100 >= used.most * NEARLY {
        mended(Finding::warn("neighbour-table", found, why))
    } else {
        Finding::ok("neighbour-table", found)
    };
    finding.about(family)
}
