//! What the host has to be like: pure, from the host as it is and what the services need to a list of steps.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::change::{Action, Address, Link, Proxy, Route, RouteKind, Rule, Step, TABLE_LOCAL};
use super::cover::cover;
use super::layout::Layout;
use super::options::{HostOptions, TunNames};
use super::view::{Interface, View};
use crate::lvs::director::Captures;
use crate::lvs::service::Family;

/// No super-packet is too long for a TUN; what is too long for a link the director finds out itself.
const TUN_MTU: u32 = 65_535;

/// Rules for real servers at most, per family; beyond that wider prefixes stand in.
const MAX_REAL_RULES: usize = 64;

/// The routing tables of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tables {
    pub(super) vip: u32,
    pub(super) rs: u32,
}

/// Devices and tables: what every plan needs to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'a> {
    pub(super) options: &'a HostOptions,
    pub(super) tuns: &'a TunNames,
    pub(super) tables: Tables,
    pub(super) view: &'a View,
}

/// Sets up the TUN devices themselves.
pub(super) fn devices(options: &HostOptions, tuns: &TunNames) -> Vec<Step> {
    let up = |dev: &String| {
        let link = Link { dev: dev.clone(), mtu: TUN_MTU, tx_queue_len: options.tx_queue_len };
        Step::link(link)
    };
    [&tuns.vip, &tuns.rs].map(up).into()
}

/// What stays for as long as a family is in use: sysctls, the table of real servers, the rules of the layout.
pub(super) fn base(
    ground: &Ground<'_>,
    layout: &Layout,
    sysctl: impl Fn(&str) -> Option<String>,
) -> Vec<Step> {
    let family = layout.family;
    let mut steps = match family {
        Family::V4 => sysctls_v4(ground, &sysctl),
        Family::V6 => sysctls_v6(ground, &sysctl),
    };
    let kind = RouteKind::Via(ground.tuns.rs.clone());
    steps.push(Step::route(Route { table: ground.tables.rs, dst: any(family), kind }));
    steps.extend(layout.steps(ground.tuns, ground.tables.vip));
    steps
}

/// What follows the services: routes and addresses for virtual addresses, rules for real servers and marks.
/// `mark_tuns` names the device of each mark.
pub(super) fn follow(
    ground: &Ground<'_>,
    layouts: &[&Layout],
    captures: &Captures,
    mark_tuns: &BTreeMap<u32, String>,
    original: impl Fn(&str) -> Option<String>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    virtuals(ground, captures, &original, &mut steps);
    for layout in layouts {
        reals(ground, layout, captures, &mut steps);
        marks(ground, layout, captures, mark_tuns, &mut steps);
    }
    steps
}

/// The families that services or subnets need.
pub(super) fn families(options: &HostOptions, captures: &Captures) -> BTreeSet<Family> {
    let nets = options.vip_nets.iter().chain(&options.rs_nets).map(|net| Family::of(&net.addr()));
    let addresses = captures.virtuals.iter().chain(&captures.reals).map(Family::of);
    let marks = captures.marks.iter().map(|(_, family)| *family);
    nets.chain(addresses).chain(marks).collect()
}

fn virtuals(
    ground: &Ground<'_>,
    captures: &Captures,
    original: &impl Fn(&str) -> Option<String>,
    steps: &mut Vec<Step>,
) {
    let Ground { options, tuns, tables, view } = *ground;
    let to_vip = |dst: IpNet| Route { table: tables.vip, dst, kind: RouteKind::Via(tuns.vip.clone()) };
    let own = view.own_addresses(&[&tuns.vip, &tuns.rs]);
    // Thousands of addresses of ours may be on the TUN: the host's subnets are sought out once.
    let subnets: Vec<&Interface> = view.subnets().collect();
    let mut all_ours = Vec::new();
    for net in &options.vip_nets {
        steps.push(Step::route(to_vip(*net)));
        // Where hosts live in the subnet, only the addresses of services are ours.
        let is_shared = subnets
            .iter()
            .any(|interface| net.contains(&interface.net.addr()) || interface.net.contains(&net.addr()));
        if !is_shared {
            let kind = RouteKind::Local(tuns.vip.clone());
            steps.push(Step::route(Route { table: TABLE_LOCAL, dst: *net, kind }));
            all_ours.push(*net);
        }
    }
    for addr in &captures.virtuals {
        if !options.vip_nets.iter().any(|net| net.contains(addr)) {
            steps.push(Step::route(to_vip((*addr).into())));
        }
        let is_ours_already = own.contains(addr) || all_ours.iter().any(|net| net.contains(addr));
        if options.claim_vips && !is_ours_already {
            claim(ground, &subnets, *addr, original, steps);
        }
    }
}

/// Makes an address that is nobody's one of this host, and lets its neighbours know.
fn claim(
    ground: &Ground<'_>,
    subnets: &[&Interface],
    addr: IpAddr,
    original: &impl Fn(&str) -> Option<String>,
    steps: &mut Vec<Step>,
) {
    let dev = ground.tuns.vip.clone();
    // A local route makes an IPv4 address the host's own in every respect, is never chosen as a source address, and
    // costs a fraction of what an address does. IPv6 answers errors only from real addresses.
    steps.push(match addr {
        IpAddr::V4(_) => {
            Step::route(Route { table: TABLE_LOCAL, dst: addr.into(), kind: RouteKind::Local(dev) })
        }
        IpAddr::V6(_) => Step::address(Address { net: addr.into(), dev }),
    });
    let attached = subnets.iter().filter(|interface| interface.net.contains(&addr));
    let attached: BTreeSet<&String> = attached.map(|interface| &interface.dev).collect();
    for dev in attached {
        if addr.is_ipv6() {
            let key = format!("net/ipv6/conf/{dev}/proxy_ndp");
            if let Some(old) = original(&key) {
                steps.push(Step::sysctl(key, "1", old));
            }
            steps.push(Step::proxy(Proxy { addr, dev: dev.clone() }));
        }
        steps.push(Step::announce(addr, dev));
    }
}

fn reals(ground: &Ground<'_>, layout: &Layout, captures: &Captures, steps: &mut Vec<Step>) {
    let Ground { options, tuns, tables, view } = *ground;
    let family = layout.family;
    let own = view.own_addresses(&[&tuns.vip, &tuns.rs]);
    let from = |pref, net: IpNet| {
        let mut rule = Rule::new(family, pref, Action::Lookup(tables.rs));
        rule.from = Some(net);
        rule
    };
    let nets = options.rs_nets.iter().filter(|net| Family::of(&net.addr()) == family);
    let single = captures
        .reals
        .iter()
        .filter(|addr| Family::of(addr) == family && !options.rs_nets.iter().any(|net| net.contains(*addr)));
    let (local, remote): (BTreeSet<IpAddr>, BTreeSet<IpAddr>) = single.partition(|addr| own.contains(addr));
    let mut rules: Vec<Rule> = nets.map(|net| from(layout.reals(), *net)).collect();
    rules.extend(cover(&remote, MAX_REAL_RULES).into_iter().map(|net| from(layout.reals(), net)));
    // Replies of a server on this very host are its own traffic.
    rules.extend(local.into_iter().map(|addr| {
        let mut rule = from(layout.virtuals(), addr.into());
        rule.iif = Some("lo".to_owned());
        rule
    }));
    if !rules.is_empty() {
        rules.push(Rule::new(family, layout.local(), Action::Lookup(tables.rs)));
    }
    steps.extend(rules.into_iter().map(Step::rule));
}

fn marks(
    ground: &Ground<'_>,
    layout: &Layout,
    captures: &Captures,
    mark_tuns: &BTreeMap<u32, String>,
    steps: &mut Vec<Step>,
) {
    let family = layout.family;
    for (number, (mark, dev)) in (2..).zip(mark_tuns) {
        if !captures.marks.contains(&(*mark, family)) {
            continue;
        }
        let link = Link { dev: dev.clone(), mtu: TUN_MTU, tx_queue_len: ground.options.tx_queue_len };
        steps.push(Step::link(link));
        if family == Family::V4 {
            steps.extend(device_sysctls_v4(dev));
        }
        let table = ground.tables.vip + number;
        steps.push(Step::route(Route { table, dst: any(family), kind: RouteKind::Via(dev.clone()) }));
        let mut way_back = Rule::new(family, layout.marks(), Action::Goto(layout.local()));
        way_back.iif = Some(dev.clone());
        steps.push(Step::rule(way_back));
        let mut rule = Rule::new(family, layout.marks(), Action::Lookup(table));
        rule.mark = Some(*mark);
        steps.push(Step::rule(rule));
    }
}

fn sysctls_v4(ground: &Ground<'_>, sysctl: &impl Fn(&str) -> Option<String>) -> Vec<Step> {
    let mut steps = Vec::new();
    let conf = |dev: &str, name: &str| format!("net/ipv4/conf/{dev}/{name}");
    let ours = [&ground.tuns.vip, &ground.tuns.rs];
    let others = || {
        let links = ground.view.links.iter().map(|link| link.name.as_str());
        links.filter(|name| !ours.iter().any(|tun| tun == name)).chain(["default"])
    };
    if let Some(old) = sysctl("net/ipv4/ip_forward").filter(|old| old != "1") {
        steps.extend(others().filter_map(|dev| {
            let key = conf(dev, "forwarding");
            sysctl(&key).map(|old| Step::sysctl(key, old.clone(), old))
        }));
        steps.push(Step::sysctl("net/ipv4/ip_forward", "1", old));
    }
    // The greater of `all` and the device's own counts: the others keep what `all` gave them.
    let all = sysctl("net/ipv4/conf/all/rp_filter").and_then(|text| text.parse::<u8>().ok()).unwrap_or(0);
    if all != 0 {
        for dev in others() {
            let key = conf(dev, "rp_filter");
            let old = sysctl(&key).and_then(|text| text.parse::<u8>().ok());
            if let Some(old) = old.filter(|old| *old < all) {
                steps.push(Step::sysctl(key, all.to_string(), old.to_string()));
            }
        }
        steps.push(Step::sysctl("net/ipv4/conf/all/rp_filter", "0", all.to_string()));
    }
    steps.extend(no_early_demux(sysctl));
    for dev in ours {
        steps.extend(device_sysctls_v4(dev));
    }
    steps
}

/// A packet that the host has matched to a socket before routing it cannot be routed into a TUN any more: it would
/// be dropped. That concerns the host's own connections with real servers, and other ports of a virtual address.
fn no_early_demux(sysctl: &impl Fn(&str) -> Option<String>) -> Option<Step> {
    let key = "net/ipv4/ip_early_demux";
    sysctl(key).filter(|old| old != "0").map(|old| Step::sysctl(key, "0", old))
}

/// What a TUN needs so that packets from everywhere, the host's own addresses included, may come out of it.
fn device_sysctls_v4(dev: &str) -> [Step; 3] {
    [("rp_filter", "0"), ("accept_local", "1"), ("send_redirects", "0")]
        .map(|(name, value)| Step::device_sysctl(format!("net/ipv4/conf/{dev}/{name}"), value))
}

fn sysctls_v6(ground: &Ground<'_>, sysctl: &impl Fn(&str) -> Option<String>) -> Vec<Step> {
    let mut steps = Vec::new();
    let conf = |dev: &str, name: &str| format!("net/ipv6/conf/{dev}/{name}");
    let ours = [&ground.tuns.vip, &ground.tuns.rs];
    let others = || {
        let links = ground.view.links.iter().map(|link| link.name.as_str());
        links.filter(|name| !ours.iter().any(|tun| tun == name)).chain(["default"])
    };
    if let Some(old) = sysctl("net/ipv6/conf/all/forwarding").filter(|old| old != "1") {
        // A host that begins to forward forgets the default routes that routers told it of, unless it is told not to.
        steps.extend(others().filter_map(|dev| {
            let key = conf(dev, "accept_ra");
            sysctl(&key).filter(|old| old == "1").map(|old| Step::sysctl(key, "2", old))
        }));
        steps.extend(others().filter_map(|dev| {
            let key = conf(dev, "forwarding");
            sysctl(&key).map(|old| Step::sysctl(key, old.clone(), old))
        }));
        steps.push(Step::sysctl("net/ipv6/conf/all/forwarding", "1", old));
    }
    steps.extend(no_early_demux(sysctl));
    for dev in ours {
        for (name, value) in [("disable_ipv6", "0"), ("accept_ra", "0")] {
            steps.push(Step::device_sysctl(conf(dev, name), value));
        }
    }
    steps
}

fn any(family: Family) -> IpNet {
    match family {
        Family::V4 => IpNet::V4(ipnet::Ipv4Net::default()),
        Family::V6 => IpNet::V6(ipnet::Ipv6Net::default()),
    }
}
