//! The needs of services, as steps: rules, routes, addresses. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::change::{
    Action, Address, Filter, Link, Proxy, Route, RouteKind, Rule, Step, TABLE_LOCAL, Untracked,
};
use super::context::{PlanContext, TUN_MTU};
use super::cover::cover;
use super::ingress_links::{IngressLink, ingress_links};
use super::layout::{CAPTURED, IPSEC, Layout, icmp};
use super::plan::{any, wants_loose};
use super::settings::{LOOSE, STRICT, answer_for_others, device_sysctls_v4, rp_filter};
use super::view::Interface;
use lvs::director::{Captures, INNER_LADDRS, laddrs};
use lvs::route::is_link_local;
use lvs::service::Family;

/// Prefixes for real servers at most, per family, each with two rules; beyond that wider ones stand in.
const MAX_REALS: usize = 64;

/// Types of the ICMP errors about which services have to know.
const UNREACHABLE: u8 = 3;
const TIME_EXCEEDED: u8 = 11;
const PARAMETER_PROBLEM: u8 = 12;
const UNREACHABLE_V6: u8 = 1;
const PARAMETER_PROBLEM_V6: u8 = 4;

/// The metric of routes that matter only where the first is gone.
const SECOND: u32 = 4096;

/// Steps that follow the services: routes and addresses for virtual addresses, rules for real servers and marks.
/// `mark_tuns` names the device of each mark.
pub(super) fn follow(
    context: &PlanContext<'_>,
    layouts: &[&Layout],
    captures: &Captures,
    mark_tuns: &BTreeMap<u32, String>,
    original: impl Fn(&str) -> Option<String>,
) -> Vec<Step> {
    let mut following = Following::new(context, captures, original);
    following.loosen();
    following.virtuals();
    following.stand_ins();
    following.untracked();
    following.filters();
    for layout in layouts {
        following.own_errors(layout);
        following.ipsec(layout);
        following.reals(layout);
        following.answers(layout);
        following.marks(layout, mark_tuns);
    }
    following.steps
}

/// The steps of [`follow`] while they are put together.
struct Following<'a, F> {
    context: &'a PlanContext<'a>,
    captures: &'a Captures,
    /// Value of a setting before the director.
    original: F,
    /// The host's own addresses.
    own: BTreeSet<IpAddr>,
    /// The host's subnets. Thousands of addresses of ours may be on the TUN: they are sought out once.
    subnets: Vec<&'a Interface>,
    /// Interfaces that have been made to answer for others.
    answering: BTreeSet<String>,
    steps: Vec<Step>,
}

impl<'a, F: Fn(&str) -> Option<String>> Following<'a, F> {
    fn new(context: &'a PlanContext<'a>, captures: &'a Captures, original: F) -> Self {
        let own = context.view.own_addresses(&[&context.tuns.vip, &context.tuns.rs]);
        let subnets = context.view.subnets().collect();
        let (answering, steps) = (BTreeSet::new(), Vec::new());
        Self { context, captures, original, own, subnets, answering, steps }
    }

    /// The way back to a real server, or to a host in a virtual subnet, is a TUN: a strict filter on the interface on
    /// which something for it comes in would drop that. The same goes for answers from virtual addresses.
    fn loosen(&mut self) {
        if !wants_loose(self.context.options, self.captures) {
            return;
        }
        let value = |dev: &str| (self.original)(&rp_filter(dev)).and_then(|text| text.parse::<u8>().ok());
        let all = value("all").unwrap_or(0);
        for dev in self.context.others() {
            if let Some(own) = value(dev).filter(|own| all.max(*own) == STRICT) {
                self.steps.push(Step::sysctl(rp_filter(dev), LOOSE.to_string(), own.to_string()).optional());
            }
        }
    }

    fn virtuals(&mut self) {
        let PlanContext { options, tuns, tables, .. } = *self.context;
        // Without the first, the other side takes a client's packets just as well, and the host's own stack does not.
        let to_vip = |dst: IpNet| {
            let via = |tun: &String| Route::new(tables.vip, dst, RouteKind::Via(tun.clone()));
            [via(&tuns.vip), Route { metric: SECOND, ..via(&tuns.rs) }].map(Step::route)
        };
        let mut all_ours = Vec::new();
        for net in &options.vip_nets {
            self.steps.extend(to_vip(*net));
            // Where hosts live in the subnet, only the addresses of services are ours.
            let is_shared = self.subnets.iter().any(|interface| overlap(&interface.net, net));
            if options.claim_vips && !is_shared {
                self.steps.push(local(*net, &tuns.vip));
                all_ours.push(*net);
            }
        }
        let inside = self.broadcasts().filter(|addr| options.vip_nets.iter().any(|net| net.contains(addr)));
        let leave = |addr: IpAddr| Step::route(Route::new(tables.vip, addr.into(), RouteKind::Throw));
        let left: Vec<Step> = inside.map(leave).collect();
        self.steps.extend(left);
        for addr in &self.captures.virtuals {
            if !options.vip_nets.iter().any(|net| net.contains(addr)) {
                self.steps.extend(to_vip((*addr).into()));
            }
            let is_ours_already = self.own.contains(addr) || all_ours.iter().any(|net| net.contains(addr));
            if options.claim_vips && !is_ours_already {
                self.claim(*addr);
            }
        }
    }

    /// The fast path's program at the entrance of links, behind the filters of others.
    fn filters(&mut self) {
        let PlanContext { options, tuns, view, .. } = *self.context;
        let Some(programs) = &options.ingress_programs else { return };
        for IngressLink { name, framing, .. } in ingress_links(view, tuns.prefix()) {
            if !view.clsact.contains(&name) {
                self.steps.push(Step::clsact(&name));
            }
            let program = programs.of(framing).number;
            self.steps.push(Step::filter(Filter { dev: name, program }));
        }
    }

    /// Broadcast addresses: packets for all hosts of a link are for this one too.
    fn broadcasts(&self) -> impl Iterator<Item = IpAddr> + use<F> {
        let nets = self.context.view.addresses.iter().filter_map(|interface| match interface.net {
            IpNet::V4(net) if net.prefix_len() < 31 && !net.addr().is_loopback() => Some(net.broadcast()),
            IpNet::V4(_) | IpNet::V6(_) => None,
        });
        nets.map(IpAddr::V4).collect::<BTreeSet<IpAddr>>().into_iter()
    }

    /// Makes an address that is nobody's one of this host, and lets its neighbours know.
    fn claim(&mut self, addr: IpAddr) {
        // A local route makes an IPv4 address the host's own in every respect, is never chosen as a source address,
        // and costs a fraction of what an address does. IPv6 answers errors only from real addresses.
        let dev = &self.context.tuns.vip;
        self.steps.push(match addr {
            IpAddr::V4(_) => local(addr.into(), dev),
            IpAddr::V6(_) => Step::device_address(Address { net: addr.into(), dev: dev.clone() }),
        });
        self.make_known(addr);
    }

    /// Lets the neighbours of an address of this host know where it is.
    fn make_known(&mut self, addr: IpAddr) {
        let attached: BTreeMap<&String, IpNet> = self
            .subnets
            .iter()
            .filter(|interface| interface.net.contains(&addr))
            .map(|interface| (&interface.dev, interface.net))
            .collect();
        for (dev, subnet) in attached {
            match addr {
                IpAddr::V4(_) => self.steps.extend(own_on(dev, addr, subnet, &self.original)),
                IpAddr::V6(_) => {
                    if self.answering.insert(dev.clone()) {
                        self.steps.extend(answer_for_others(dev, &self.original));
                    }
                    let proxy = Proxy { addr, dev: dev.clone() };
                    if !self.context.foreign_proxies.contains(&proxy) {
                        self.steps.push(Step::proxy(proxy));
                    }
                }
            }
            self.steps.push(Step::announce(addr, dev));
        }
    }

    /// Addresses that stand for clients: whatever comes for them is an answer of a real server, or an error.
    fn stand_ins(&mut self) {
        let PlanContext { options, tuns, tables, .. } = *self.context;
        let reals = &self.captures.reals;
        let to_rs = |net: IpNet| {
            let kind = RouteKind::Via(tuns.rs.clone());
            [Step::route(Route::new(tables.vip, net, kind)), local(net, &tuns.rs)]
        };
        // Towards servers on this host.
        let is_here = |real: &&IpAddr| self.own.contains(*real) || real.is_loopback();
        let here: BTreeSet<Family> = reals.iter().filter(is_here).map(Family::of).collect();
        let inner = INNER_LADDRS.into_iter().filter(|inner| here.contains(&Family::of(inner)));
        self.steps.extend(inner.flat_map(|inner| to_rs(inner.into())));
        self.steps.extend(options.laddr_nets.iter().flat_map(|net| to_rs(net.trunc())));
        if reals.iter().any(|real| real.is_ipv4() && real.is_loopback()) {
            let key = |dev: &String| format!("net/ipv4/conf/{dev}/route_localnet");
            self.steps.extend([&tuns.vip, &tuns.rs].map(|dev| Step::device_sysctl(key(dev), "1")));
        }
        for addr in options.laddr_nets.iter().flat_map(laddrs) {
            self.make_known(addr);
        }
    }

    /// Connections of which the host sees one direction only.
    fn untracked(&mut self) {
        let vip = &self.context.tuns.vip;
        let table = vip.rsplit_once('-').map_or(vip.as_str(), |(prefix, _)| prefix);
        for &(addr, protocol, port) in &self.captures.half_seen {
            self.steps.push(Step::untracked(Untracked { table: table.to_owned(), addr, protocol, port }));
        }
    }

    /// Errors that the host makes itself about packets on their way into a TUN (a hop count that is used up, say): the
    /// services have to know of these packets, and the errors have to come from the virtual address. Where a rule
    /// looks for a port, an ICMP message has its type and its code.
    fn own_errors(&mut self, layout: &Layout) {
        let PlanContext { options, tables, .. } = *self.context;
        let family = layout.family;
        let nets = options.vip_nets.iter().map(IpNet::addr);
        if !self.captures.virtuals.iter().copied().chain(nets).any(|addr| Family::of(&addr) == family) {
            return;
        }
        let messages: &[(u8, u8)] = match family {
            Family::V4 => &[(UNREACHABLE, UNREACHABLE), (TIME_EXCEEDED, PARAMETER_PROBLEM)],
            Family::V6 => &[(UNREACHABLE_V6, PARAMETER_PROBLEM_V6)],
        };
        for &(first, last) in messages {
            let mut rule =
                own_traffic(icmp(family), Rule::new(family, layout.bypass, Action::Lookup(tables.rs)));
            rule.dport = Some((u16::from_be_bytes([first, 0]), u16::from_be_bytes([last, u8::MAX])));
            self.steps.push(Step::rule(rule).optional());
        }
    }

    /// IPsec to virtual addresses.
    fn ipsec(&mut self, layout: &Layout) {
        if !self.captures.key_exchanges.contains(&layout.family) {
            return;
        }
        let rule = Rule::new(layout.family, layout.virtuals(), Action::Lookup(self.context.tables.vip));
        self.steps.extend(IPSEC.map(|proto| Step::rule(Rule { ipproto: Some(proto), ..rule.clone() })));
    }

    /// Packets of real servers: to addresses of this host among the answers, all others behind `lookup local`.
    fn reals(&mut self, layout: &Layout) {
        let PlanContext { options, tables, .. } = *self.context;
        let family = layout.family;
        let from = |pref, net: IpNet| {
            let rule = Rule::new(family, pref, Action::Lookup(tables.rs));
            Rule { from: Some(net), ..rule }
        };
        let of_family = |nets: &[IpNet]| {
            let nets = nets.iter().filter(|net| Family::of(&net.addr()) == family);
            nets.map(IpNet::trunc).collect::<BTreeSet<IpNet>>()
        };
        let (serving, masqueraded) = (of_family(&options.rs_nets), of_family(&options.masquerade_nets));
        // Replies of a loopback address are known by where they go, since all else of it is none of ours.
        let is_single = |addr: &IpAddr| {
            Family::of(addr) == family && !addr.is_loopback() && !serving.iter().any(|net| net.contains(addr))
        };
        let remote = |addr: &IpAddr| is_single(addr) && !self.own.contains(addr);
        let mut rules = Vec::new();
        let takes_ipsec = self.captures.key_exchanges.contains(&family);
        let ipsec = if takes_ipsec { &IPSEC[..] } else { &[] };
        for proto in CAPTURED.iter().chain(ipsec).copied() {
            let asked = self.captures.answers.iter().filter(|(number, _)| *number == proto);
            let (answering, here): (BTreeSet<IpAddr>, BTreeSet<IpAddr>) =
                asked.map(|(_, addr)| *addr).filter(is_single).partition(remote);
            let nets = serving.iter().copied().chain(cover(&answering, MAX_REALS));
            rules.extend(nets.map(|net| Rule { ipproto: Some(proto), ..from(layout.answers(), net) }));
            rules.extend(here.iter().map(|addr| own_traffic(proto, from(layout.virtuals(), (*addr).into()))));
        }
        let passing: BTreeSet<IpAddr> = self.captures.reals.iter().copied().filter(remote).collect();
        let nets = serving.iter().copied().chain(masqueraded).chain(cover(&passing, MAX_REALS));
        rules.extend(nets.collect::<BTreeSet<IpNet>>().into_iter().map(|net| from(layout.reals(), net)));
        if family == Family::V4 {
            // Its errors are: ICMPv6 is left alone, since neighbour discovery is ICMPv6.
            let here = self.captures.reals.iter().filter(|addr| is_single(addr) && !remote(addr));
            rules.extend(here.map(|addr| own_traffic(icmp(family), from(layout.virtuals(), (*addr).into()))));
        }
        if !rules.is_empty() {
            rules.push(Rule::new(family, layout.local(), Action::Lookup(tables.rs)));
            if family == Family::V4 {
                let leave = |addr: IpAddr| Route::new(tables.rs, addr.into(), RouteKind::Throw);
                let left: Vec<Step> = self.broadcasts().map(leave).map(Step::route).collect();
                self.steps.extend(left);
            }
        }
        self.steps.extend(rules.into_iter().map(Step::rule));
    }

    /// Answers to masqueraded hosts come from everywhere to the host's own addresses. All but what the ports that are
    /// claimed for them show is none of ours.
    fn answers(&mut self, layout: &Layout) {
        let PlanContext { options, tables, view, tuns, .. } = *self.context;
        let family = layout.family;
        if !options.masquerade_nets.iter().any(|net| Family::of(&net.addr()) == family) {
            return;
        }
        let ways_out =
            view.routes_beside(&[&tuns.vip, &tuns.rs, &tuns.fleet]).filter(|route| !route.is_local);
        let sources: BTreeSet<IpAddr> = ways_out
            .filter_map(|route| route.source)
            .filter(|addr| Family::of(addr) == family && !is_link_local(*addr))
            .collect();
        for (addr, proto) in sources.iter().flat_map(|addr| CAPTURED.map(|proto| (*addr, proto))) {
            let rule = Rule::new(family, layout.answers(), Action::Lookup(tables.rs));
            self.steps.push(Step::rule(Rule { to: Some(addr.into()), ipproto: Some(proto), ..rule }));
        }
    }

    fn marks(&mut self, layout: &Layout, mark_tuns: &BTreeMap<u32, String>) {
        let family = layout.family;
        for (number, (mark, dev)) in (2..).zip(mark_tuns) {
            if !self.captures.marks.contains(&(*mark, family)) {
                continue;
            }
            let link =
                Link { dev: dev.clone(), mtu: TUN_MTU, tx_queue_len: self.context.options.tx_queue_len };
            self.steps.push(Step::lasting_link(link));
            if family == Family::V4 {
                self.steps.extend(device_sysctls_v4(dev, &self.original));
            }
            let table = self.context.tables.vip + number;
            self.steps.push(Step::route(Route::new(table, any(family), RouteKind::Via(dev.clone()))));
            let mut way_back = Rule::new(family, layout.bypass, Action::Goto(layout.local()));
            way_back.iif = Some(dev.clone());
            self.steps.push(Step::rule(way_back));
            for proto in taken(family) {
                let rule = Rule::new(family, layout.bypass, Action::Lookup(table));
                self.steps.push(Step::rule(Rule { mark: Some(*mark), ipproto: Some(proto), ..rule }));
            }
        }
    }
}

/// Protocols that are known by other marks than their destination. ICMPv6 is not: neighbour discovery is ICMPv6.
fn taken(family: Family) -> impl Iterator<Item = u8> {
    CAPTURED.into_iter().chain((family == Family::V4).then_some(icmp(family)))
}

/// Replies of a server on this very host are its own traffic, and so are errors that it makes.
fn own_traffic(proto: u8, from: Rule) -> Rule {
    Rule { iif: Some("lo".to_owned()), ipproto: Some(proto), ..from }
}

fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(&other.addr()) || other.contains(&one.addr())
}

/// An interface that answers ARP only for its own addresses has to have this one.
fn own_on(dev: &str, addr: IpAddr, subnet: IpNet, sysctl: &impl Fn(&str) -> Option<String>) -> Option<Step> {
    let of = |name: &str| sysctl(&format!("net/ipv4/conf/{name}/arp_ignore"));
    let prefix_len = match [of("all"), of(dev)].into_iter().flatten().max().as_deref() {
        // For an address on the interface.
        Some("1" | "3") => addr_len(addr),
        // And of the asker's subnet.
        Some("2") => subnet.prefix_len(),
        _ => return None,
    };
    let net = IpNet::new(addr, prefix_len).ok()?;
    Some(Step::address(Address { net, dev: dev.to_owned() }))
}

fn local(net: IpNet, dev: &str) -> Step {
    Step::route(Route::new(TABLE_LOCAL, net, RouteKind::Local(dev.to_owned())))
}

fn addr_len(addr: IpAddr) -> u8 {
    IpNet::from(addr).prefix_len()
}
