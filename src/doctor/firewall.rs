//! Rules of the host's filters, its NAT and its own IPVS that are in a director's way. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::Finding;
use super::filter::{End, Hook, Packet, Place, Trace, Tracking, traces};
use super::marked;
use super::mends::{self, Effect, Trouble};
use super::site::Site;
use super::tracer::{Ask, Clients, Direction, HERE, TracedFlow, Tracer, clients, own_clients};
use lvs::service::{Family, Forwarding, ServiceKey};
use lvs_host::LinkRoute;

/// Services, ways or rules that are named in one finding.
const NAMED: usize = 4;

pub(super) fn examine(site: &Site, findings: &mut Vec<Finding>) {
    let before = findings.len();
    let input = input(site);
    // What the host asks by itself is dropped there too, and said once.
    let is_said = |found: &Found| input.is_some() && found.is_of_this_host(Hook::Input);
    findings
        .extend(in_the_way(site).iter().filter(|found| !is_said(found)).map(|found| finding(site, found)));
    findings.extend(input);
    findings.extend(unmarked(site));
    for program in &site.unread {
        let package = if *program == "nft" { "nftables" } else { "iptables" };
        let why = "a filter that drops forwarded packets, or rewrites addresses, would not be seen";
        let found = format!("{program} does not tell the host's rules");
        findings.push(Finding::warn("firewall", found, why).mend(format!("apt-get install {package}")));
    }
    if findings.len() == before {
        findings.push(Finding::ok("firewall", "no filter and no NAT is in the way"));
    }
    kernel_services(site, findings);
}

/// One rule in the way, and whom it meets.
#[derive(Debug, Default)]
struct Met {
    services: Vec<String>,
    flows: Vec<TracedFlow>,
    ways: BTreeSet<String>,
    unread: Vec<String>,
    /// Clients that are met for sure, that may be, and that are not.
    sure: BTreeSet<String>,
    perhaps: BTreeSet<String>,
    spared: BTreeSet<String>,
}

struct Found {
    effect: Effect,
    place: Option<Place>,
    met: Met,
}

impl Found {
    /// Whether it meets clients on this host only, in that hook.
    fn is_of_this_host(&self, hook: Hook) -> bool {
        let mut met = self.met.sure.iter().chain(&self.met.perhaps);
        self.place.as_ref().is_some_and(|place| place.hook == hook) && met.all(|named| named == HERE)
    }
}

/// Services by firewall mark whose mark no packet gets.
fn unmarked(site: &Site) -> Vec<Finding> {
    let marks = site.services.iter().filter_map(|service| match service.spec.key {
        ServiceKey::Mark { mark, family } => Some((service, mark, family)),
        ServiceKey::Address { .. } => None,
    });
    let is_known = |(_, mark, family): &(_, u32, Family)| {
        !site.unread.is_empty()
            || marked::is_unknown(&site.filters)
            || !marked::asks(site, *mark, *family).is_empty()
    };
    marks
        .filter(|service| !is_known(service))
        .map(|(service, mark, _)| {
            let found = format!("no rule gives packets the firewall mark of {}", service.spec.key);
            let why = "a service by mark gets what a rule has marked before it is routed";
            let add = format!(
                "iptables -t mangle -A PREROUTING -p tcp -d ADDRESS --dport PORT -j MARK --set-mark {mark:#x}"
            );
            Finding::warn("firewall", found, why).mend(add)
        })
        .collect()
}

/// All rules in the way of all services.
fn in_the_way(site: &Site) -> Vec<Found> {
    let mut all: BTreeMap<(Effect, Option<Place>), Met> = BTreeMap::new();
    let named = site.filters.sources();
    let example = site.services.is_empty().then(|| site.example()).flatten();
    for service in site.services.iter().chain(&example) {
        let prefix = site.tun_prefix();
        let (vip_tun, mark, asks) = match service.spec.key {
            ServiceKey::Mark { mark, family } => {
                (format!("{prefix}-m{mark:x}"), Some(mark), marked::asks(site, mark, family))
            }
            ServiceKey::Address { .. } => {
                (format!("{prefix}-vip"), None, Ask::of(&service.spec.key).into_iter().collect())
            }
        };
        let mut of_service: BTreeMap<(Effect, Option<Place>), Met> = BTreeMap::new();
        let mut clients: Vec<Clients> = Vec::new();
        for to in &asks {
            for client in self::clients(site, to.vip, &named).into_iter().chain(own_clients(site, to.vip)) {
                let (vip_tun, rs_tun) = (vip_tun.clone(), format!("{prefix}-rs"));
                let tracer = Tracer { site, rules: &site.filters, client: &client, vip_tun, rs_tun, mark };
                let flows = tracer.flows(service, to);
                if flows.first().is_none_or(|asked| asked.traces.is_empty()) {
                    continue;
                }
                for flow in flows {
                    note(&mut of_service, &client, flow);
                }
                if !clients.iter().any(|other| other.named == client.named) {
                    clients.push(client);
                }
            }
        }
        for (key, mut met) in of_service {
            let Met { sure, perhaps, .. } = &mut met;
            perhaps.retain(|named| !sure.contains(named));
            let is_met = |client: &Clients| sure.contains(&client.named) || perhaps.contains(&client.named);
            if !clients.iter().any(|client| !client.is_named_by_rule && is_met(client)) {
                // A rule that shuts out those whom it names is meant so.
                continue;
            }
            let spared = clients.iter().filter(|client| !is_met(client) && !client.is_here);
            met.spared = spared.map(|client| client.named.clone()).collect();
            met.services =
                vec![if example.is_some() { "a service".to_owned() } else { service.spec.key.to_string() }];
            all.entry(key).or_default().add(met);
        }
    }
    let wanted = |effect: Effect| example.is_none() || effect == Effect::Drops;
    let found = all.into_iter().map(|((effect, place), met)| Found { effect, place, met });
    found.filter(|found| wanted(found.effect)).collect()
}

impl Met {
    fn add(&mut self, other: Self) {
        for service in other.services {
            if !self.services.contains(&service) {
                self.services.push(service);
            }
        }
        self.flows.extend(other.flows);
        self.ways.extend(other.ways);
        self.unread.extend(other.unread);
        self.unread.dedup();
        self.sure.extend(other.sure);
        self.perhaps.extend(other.perhaps);
        self.spared.extend(other.spared);
    }
}

fn note(all: &mut BTreeMap<(Effect, Option<Place>), Met>, client: &Clients, flow: TracedFlow) {
    let mut seen: BTreeMap<(Effect, Option<Place>), (bool, Vec<String>)> = BTreeMap::new();
    let is_passed = |trace: &Trace| trace.end == End::Passed;
    let is_lost = flow.traces.iter().any(|trace| trace.end == End::Lost);
    let never_passes = !is_lost && !flow.traces.iter().any(is_passed);
    let always_hidden = flow.traces.iter().all(|trace| is_passed(trace) && trace.hidden.is_some());
    for trace in &flow.traces {
        let (effect, place) = match (&trace.end, &trace.hidden) {
            (End::Dropped(place), _) => (Effect::Drops, Some(place.clone())),
            (End::Redirected(place), _) => (Effect::Redirects, Some(place.clone())),
            (End::Lost, _) => (Effect::Lost, None),
            (End::Passed, Some(place)) => (Effect::Hides, Some(place.clone())),
            (End::Passed, _) => continue,
        };
        let is_sure = match effect {
            Effect::Drops | Effect::Redirects => never_passes,
            Effect::Hides => always_hidden,
            Effect::Lost => false,
        };
        let entry = seen.entry((effect, place)).or_insert((is_sure, Vec::new()));
        entry.1.extend(trace.unread.iter().cloned());
    }
    for (key, (is_sure, unread)) in seen {
        let met = all.entry(key).or_default();
        let clients = if is_sure { &mut met.sure } else { &mut met.perhaps };
        clients.insert(client.named.clone());
        met.ways.insert(way(&flow));
        if !met
            .flows
            .iter()
            .any(|other| other.direction == flow.direction && other.destination == flow.destination)
        {
            met.flows.push(flow.clone());
        }
        met.unread.extend(unread);
        met.unread.sort_unstable();
        met.unread.dedup();
    }
}

fn way(flow: &TracedFlow) -> String {
    let later = if flow.is_half_seen { ", all but the first of a connection" } else { "" };
    match flow.direction {
        Direction::Delivered => format!("out of {} to this host", flow.iif),
        _ if flow.iif.is_empty() => format!("from this host to {}", flow.oif),
        _ if flow.oif.is_empty() => format!("from {} to this host", flow.iif),
        _ => format!("from {} to {}{later}", flow.iif, flow.oif),
    }
}

fn finding(site: &Site, found: &Found) -> Finding {
    let Found { effect, place, met } = found;
    let Some(place) = place else {
        let found = format!(
            "there are too many ways through the host's rules to follow them for {}",
            some(&met.services)
        );
        let why = "a rule that drops packets, or rewrites addresses, would not be seen";
        return Finding::warn("firewall", found, why).mend("nft list ruleset");
    };
    let is_sure = met.perhaps.is_empty() && met.spared.is_empty();
    let does = match (effect, is_sure || !met.sure.is_empty()) {
        (Effect::Drops | Effect::Lost, true) => "drops",
        (Effect::Drops | Effect::Lost, false) => "may drop",
        (Effect::Redirects, true) => "rewrites the destination of",
        (Effect::Redirects, false) => "may rewrite the destination of",
        (Effect::Hides, true) => "rewrites the source of",
        (Effect::Hides, false) => "may rewrite the source of",
    };
    let mut text =
        format!("{} {does} packets of {} ({})", named(place), some(&met.services), some(&met.ways));
    if !met.spared.is_empty() {
        let whom: BTreeSet<&String> = met.sure.iter().chain(&met.perhaps).collect();
        text.push_str(&format!(": those of {}, not those of {}", some(whom), some(&met.spared)));
    }
    if !met.unread.is_empty() {
        text.push_str(&format!("; what `{}` is true of cannot be told from here", some(&met.unread)));
    }
    let is_invalid = met.flows.iter().all(|flow| flow.is_half_seen);
    let (check, why) = match effect {
        Effect::Drops | Effect::Lost if is_invalid => (
            "firewall",
            "the answers of direct routing and tunnels go past this host: connection tracking calls what follows the first packet invalid",
        ),
        Effect::Drops | Effect::Lost => (
            "firewall",
            "packets of clients and servers are forwarded by this host: from a link into a TUN, and out of a TUN again",
        ),
        Effect::Redirects => (
            "nat",
            "the packet has another destination before it is routed: the director, or its server, never sees it",
        ),
        Effect::Hides => ("nat", "servers see an address of this host in place of the client's"),
    };
    let is_fatal = match effect {
        Effect::Drops => true,
        Effect::Redirects => met.flows.iter().any(|flow| flow.direction == Direction::ToService),
        Effect::Hides | Effect::Lost => false,
    };
    let finding =
        if is_fatal && is_sure { Finding::fail(check, text, why) } else { Finding::warn(check, text, why) };
    let trouble = Trouble { place, effect: *effect, flows: &met.flows, is_half_seen: is_invalid };
    finding
        .about(format!("{} {} {}", place.family, place.table, place.chain))
        .mend_all(mends::of(site, &trouble))
}

/// A rule as its tool prints it, and how it is found.
fn named(place: &Place) -> String {
    match (place.rule.as_str(), place.handle) {
        ("", _) => format!("the policy of {}", place.chain),
        (rule, Some(handle)) => format!("`{rule}` (handle {handle} in {})", place.chain),
        (rule, None) => format!("`-A {} {rule}`", place.chain),
    }
}

/// The first few.
fn some<'a>(all: impl IntoIterator<Item = &'a String>) -> String {
    let all: Vec<&str> = all.into_iter().map(String::as_str).collect();
    let named = all[..all.len().min(NAMED)].join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Answers to checks come to this host itself.
fn input(site: &Site) -> Option<Finding> {
    let rs_tun = format!("{}-rs", site.tun_prefix());
    let mut dropped: BTreeMap<Place, Vec<IpAddr>> = BTreeMap::new();
    for real in site.reals(|forwarding| forwarding != Forwarding::Local) {
        let Some(LinkRoute::Out { dev, source: Some(source), .. }) = site.survey.ways.get(&real) else {
            continue;
        };
        let answer = |iif: &str| Packet {
            iif: iif.to_owned(),
            oif: String::new(),
            source: real,
            destination: *source,
            protocol: 6,
            source_port: Some((1, u16::MAX)),
            destination_port: Some((1024, u16::MAX)),
            tracking: Tracking::Established,
            is_reply: true,
            comes_straight: None,
            source_is_local: Some(false),
            destination_is_local: Some(true),
        };
        let dropped_by = |iif: &str| {
            let all = traces(&site.filters, &[Hook::Prerouting, Hook::Input], &answer(iif));
            all.into_iter().try_fold(None, |_, trace| match trace.end {
                End::Dropped(place) => Some(Some(place)),
                _ => None,
            })?
        };
        // By its link or by a TUN: a rule that lets either pass is meant for these.
        if let (Some(place), Some(_)) = (dropped_by(dev), dropped_by(&rs_tun)) {
            dropped.entry(place).or_default().push(real);
        }
    }
    let (place, reals) = dropped.into_iter().next()?;
    let reals: Vec<String> = reals.iter().map(ToString::to_string).collect();
    let found = format!("{} drops what {} answer this host", named(&place), some(&reals));
    let why = "answers to health checks come to this host itself";
    let mend = mends::answers(&place);
    Some(
        Finding::warn("firewall", found, why)
            .mend(mend)
            .about(format!("{} {} {}", place.family, place.table, place.chain)),
    )
}

fn kernel_services(site: &Site, findings: &mut Vec<Finding>) {
    for service in &site.kernel_services {
        let is_ours = |key: &ServiceKey| site.services.iter().any(|entry| entry.spec.key == *key);
        let found = format!("the kernel's own IPVS has the service {}", service.named);
        let command = format!("/usr/sbin/ipvsadm -D {} # the kernel's, not a link to tunvs", service.named);
        let finding = if service.key.as_ref().is_some_and(is_ours) {
            let why = "both direct the same packets: which of them gets one depends on the way it takes";
            Finding::fail("kernel-ipvs", found, why)
        } else {
            let why = "the kernel's module takes packets in its own hooks; a host should have one of the two";
            Finding::warn("kernel-ipvs", found, why)
        };
        findings.push(finding.about(&service.named).mend(command));
    }
    if site.kernel_services.is_empty() {
        findings.push(Finding::ok("kernel-ipvs", "the kernel's own IPVS has no services"));
    }
}
