//! The host of a real server as it has to be: pure, from the host as it is and what was asked for to a list of steps.
//!
//! Virtual addresses are on `lo`, and no interface answers ARP for them (IPv6 answers for an address on its own
//! interface only). Encapsulated packets to the server's own addresses are led into the TUN by rules in front of
//! `lookup local` and a table with a route per own address.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use super::change::{Action, Address, Link, Route, RouteKind, Rule, Step, TABLE_LOCAL};
use super::context::TUN_MTU;
use super::error::HostError;
use super::layout::PrefGap;
use super::options::RealServerOptions;
use super::settings::{self, STRICT};
use super::view::View;
use lvs::service::Family;
use lvs_wire::protocol;

const LOOPBACK: &str = "lo";

/// Preferences that the rules take in front of `lookup local`.
const DEPTH: u32 = 1;

/// How far behind `lookup local` the host's own rules begin.
const BEHIND: u32 = 1;

/// `arp_ignore`: answer for addresses of the interface only; 2 and 8 answer for less.
const OWN_ONLY: &str = "1";
const SILENT: [&str; 3] = [OWN_ONLY, "2", "8"];

/// `arp_announce`: never from an address of another interface.
const BEST_LOCAL: &str = "2";

/// Inputs of every plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site<'a> {
    pub(super) options: &'a RealServerOptions,
    pub(super) table: u32,
    pub(super) view: &'a View,
}

impl<'a> Site<'a> {
    fn tun(&self) -> &'a str {
        &self.options.tun
    }

    /// The host's interfaces but the TUN, and what new ones begin with.
    fn others(&self) -> Vec<&'a str> {
        let names = self.view.links.iter().map(|link| link.name.as_str());
        names.filter(|name| *name != self.options.tun).chain(["default"]).collect()
    }

    /// The addresses that encapsulated packets may come to.
    fn own_addresses(&self) -> BTreeSet<IpAddr> {
        let mut own = self.view.own_addresses(&[self.tun()]);
        own.retain(|addr| !addr.is_loopback() && !is_link_local(*addr) && !self.options.vips.contains(addr));
        own
    }

    /// The families that encapsulated packets may come by: those of the directors, or of the host's own addresses.
    pub(super) fn families(&self) -> BTreeSet<Family> {
        if !self.options.has_tunnels() {
            return BTreeSet::new();
        }
        match self.options.directors.as_slice() {
            [] => self.own_addresses().iter().map(Family::of).collect(),
            directors => directors.iter().map(Family::of).collect(),
        }
    }
}

/// Steps that stay: the device, sysctls, virtual addresses.
pub(super) fn base(
    site: &Site<'_>,
    sysctl: &impl Fn(&str) -> Option<String>,
) -> Result<Vec<Step>, HostError> {
    let mut steps = Vec::new();
    if site.options.has_tunnels() {
        device(site, sysctl, &mut steps);
    }
    if site.options.vips.iter().any(IpAddr::is_ipv4) {
        steps.extend(quiet_arp(site, sysctl));
    }
    for vip in &site.options.vips {
        steps.extend(virtual_address(site, *vip, sysctl)?);
    }
    Ok(steps)
}

/// The TUN, and what lets packets in and out of it.
fn device(site: &Site<'_>, sysctl: &impl Fn(&str) -> Option<String>, steps: &mut Vec<Step>) {
    let dev = site.tun();
    let link = Link { dev: dev.to_owned(), mtu: TUN_MTU, tx_queue_len: site.options.tx_queue_len };
    steps.push(Step::link(link));
    let others = site.others();
    for family in site.families() {
        steps.extend(match family {
            Family::V4 => settings::forwarding_v4(&others, sysctl),
            Family::V6 => settings::forwarding_v6(&others, sysctl),
        });
    }
    if site.options.vips.iter().any(IpAddr::is_ipv4) {
        // Clients' packets come out of the TUN, but answers do not go that way.
        steps.extend(settings::own_filters(&others, sysctl));
        let key = settings::rp_filter(dev);
        let is_strict = sysctl(&key).is_none_or(|value| value == STRICT.to_string());
        let step = Step::device_sysctl(key, "0");
        steps.push(if is_strict { step } else { step.optional() });
    }
    let needs_v6 = site.options.vips.iter().any(IpAddr::is_ipv6) || site.families().contains(&Family::V6);
    if needs_v6 {
        steps.extend(settings::device_sysctls_v6(dev));
    }
}

/// The greater of `all` and the device's own counts, and 3 lets addresses of `lo` be answered for.
fn quiet_arp(site: &Site<'_>, sysctl: &impl Fn(&str) -> Option<String>) -> Vec<Step> {
    let mut steps = Vec::new();
    let ignore = |dev: &str| format!("net/ipv4/conf/{dev}/arp_ignore");
    let others = site.others();
    for dev in ["all"].into_iter().chain(others) {
        let Some(old) = sysctl(&ignore(dev)) else { continue };
        if !SILENT.contains(&old.as_str()) && (dev == "all" || old != "0") {
            steps.push(Step::sysctl(ignore(dev), OWN_ONLY, old));
        }
    }
    let announce = "net/ipv4/conf/all/arp_announce";
    let old = sysctl(announce).filter(|old| old != BEST_LOCAL);
    steps.extend(old.map(|old| Step::sysctl(announce, BEST_LOCAL, old)));
    steps
}

/// Puts the address on `lo`, unless it is already where nobody asks for it.
fn virtual_address(
    site: &Site<'_>,
    vip: IpAddr,
    sysctl: &impl Fn(&str) -> Option<String>,
) -> Result<Option<Step>, HostError> {
    if vip.is_ipv6() && sysctl("net/ipv6/conf/lo/disable_ipv6").is_none_or(|value| value != "0") {
        let needed_for = format!("the virtual address {vip} on {LOOPBACK}");
        return Err(HostError::NoFamily { family: Family::V6, needed_for });
    }
    let mut holders = site.view.addresses.iter().filter(|interface| interface.net.addr() == vip).peekable();
    if holders.peek().is_none() {
        return Ok(Some(Step::address(Address { net: vip.into(), dev: LOOPBACK.to_owned() })));
    }
    match holders.find(|holder| site.view.link(&holder.dev).is_some_and(|link| link.ether.is_some())) {
        Some(holder) => Err(HostError::VirtualAnswered { addr: vip, dev: holder.dev.clone() }),
        None => Ok(None),
    }
}

/// The rules of a family, in the order in which they are put in: where `lookup local` is moved, its removal at the
/// end is what puts them into effect.
pub(super) fn rules(site: &Site<'_>, family: Family) -> Result<Vec<Step>, HostError> {
    let PrefGap { first, moved } = PrefGap::around_local(family, site.view.rules_of(family), DEPTH, BEHIND)?;
    let mut rules = Vec::new();
    if moved.is_some() {
        rules.push(Rule::new(family, first + DEPTH, Action::Lookup(TABLE_LOCAL)));
    }
    let captured = |number: u8, port: Option<u16>| {
        let mut rule = Rule::new(family, first, Action::Lookup(site.table));
        rule.ipproto = Some(number);
        rule.dport = port.map(|port| (port, port));
        rule
    };
    if site.options.ipip {
        rules.extend([protocol::IPIP, protocol::IPV6].map(|number| captured(number, None)));
    }
    if site.options.gre {
        rules.push(captured(protocol::GRE, None));
    }
    rules.extend(site.options.gue_ports.iter().map(|port| captured(protocol::UDP, Some(*port))));
    let rules = rules.into_iter().map(Step::rule);
    Ok(rules.chain(moved.map(Step::without_rule)).collect())
}

/// Steps that follow the host: a way into the TUN for each of its own addresses.
pub(super) fn follow(site: &Site<'_>) -> Vec<Step> {
    let families = site.families();
    let own = site.own_addresses().into_iter().filter(|addr| families.contains(&Family::of(addr)));
    let into_tun =
        |addr: IpAddr| Route::new(site.table, IpNet::from(addr), RouteKind::Via(site.tun().to_owned()));
    own.map(|addr| Step::route(into_tun(addr))).collect()
}

const fn is_link_local(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(_) => false,
        IpAddr::V6(addr) => Ipv6Addr::is_unicast_link_local(&addr),
    }
}
