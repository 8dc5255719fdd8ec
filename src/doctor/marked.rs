//! Packets that the host's rules give a firewall mark, so that services by mark can be followed. Pure.
//!
//! A rule that sets the mark names destinations, or a rule that leads to it does. What they name is tried: a packet that
//! has the mark when it is routed is one of the service.

use ipnet::IpNet;

use super::filter::{Action, Element, Elements, Expression, Hook, Key, Rule, Ruleset};
use super::site::Site;
use super::tracer::Ask;
use lvs::service::{Family, Protocol};

/// Destinations of one service that are tried at most.
const MOST: usize = 16;

/// As deep as the kernel lets jumps go.
const DEEPEST: usize = 16;

const ALL: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];

/// Packets that a rule takes; nothing is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wanted {
    destinations: Vec<IpNet>,
    protocols: Vec<Protocol>,
    ports: Vec<(u16, u16)>,
}

/// Packets that rules before routing name and may give the mark.
pub(super) fn asks(site: &Site, mark: u32, family: Family) -> Vec<Ask> {
    let mut asks: Vec<Ask> = Vec::new();
    for wanted in marking(&site.filters, mark) {
        let of_family = wanted.destinations.iter().filter(|net| Family::of(&net.addr()) == family);
        let mut vips: Vec<_> = of_family.filter_map(|net| net.hosts().next()).collect();
        if wanted.destinations.is_empty() {
            let outer: Vec<&str> = site.outer_links().map(|link| link.name.as_str()).collect();
            let own = site.survey.addresses.iter().filter(|own| outer.contains(&own.dev.as_str()));
            vips.extend(own.map(|own| own.net.addr()).filter(|addr| Family::of(addr) == family));
        }
        let protocols = if wanted.protocols.is_empty() { &ALL[..2] } else { &wanted.protocols[..] };
        let ports = if wanted.ports.is_empty() { &[(1, u16::MAX)][..] } else { &wanted.ports[..] };
        for &vip in &vips {
            for &protocol in protocols {
                let all = ports.iter().map(|&port| Ask { protocol, vip, port: Some(port) });
                asks.extend(all.filter(|ask| !asks.contains(ask)).collect::<Vec<_>>());
            }
        }
    }
    asks.truncate(MOST);
    asks
}

/// Some rule sets a mark that cannot be told.
pub(super) fn is_unknown(rules: &Ruleset) -> bool {
    let all = rules.chains.iter().flat_map(|chain| &chain.rules).flat_map(|rule| &rule.expressions);
    let mut actions = all.filter_map(|expression| match expression {
        Expression::Do(action) => Some(action),
        _ => None,
    });
    actions.any(|action| *action == Action::Mark(None))
}

/// Returns what the rules that set the mark name, with the rules that lead there.
fn marking(rules: &Ruleset, mark: u32) -> Vec<Wanted> {
    let mut found = Vec::new();
    let is_before_routing = |hook: Hook| matches!(hook, Hook::Ingress | Hook::Prerouting | Hook::Output);
    let bases = rules
        .chains
        .iter()
        .filter(|chain| chain.base.as_ref().is_some_and(|base| is_before_routing(base.hook)));
    for base in bases {
        let mut open = vec![(base, Wanted::default(), 0)];
        while let Some((chain, so_far, depth)) = open.pop() {
            for rule in &chain.rules {
                let wanted = narrowed(&so_far, rule);
                if sets(rule, mark) && !found.contains(&wanted) {
                    found.push(wanted.clone());
                }
                if depth < DEEPEST && found.len() < MOST {
                    let further = targets(rule).filter_map(|name| rules.beside(chain, name));
                    open.extend(further.map(|chain| (chain, wanted.clone(), depth + 1)));
                }
            }
        }
    }
    found
}

fn sets(rule: &Rule, mark: u32) -> bool {
    let sets =
        |action: &Action| matches!(action, Action::Mark(Some(change)) if change.flip == u64::from(mark));
    rule.expressions.iter().any(|expression| match expression {
        Expression::Do(action) => sets(action),
        Expression::Select(_, elements) => {
            elements.iter().any(|(_, action)| action.as_ref().is_some_and(sets))
        }
        _ => false,
    })
}

/// The chains that a rule leads to.
fn targets(rule: &Rule) -> impl Iterator<Item = &str> {
    let actions = rule.expressions.iter().flat_map(|expression| {
        let (one, all) = match expression {
            Expression::Do(action) => (Some(action), None),
            Expression::Select(_, elements) => (None, Some(elements)),
            _ => (None, None),
        };
        one.into_iter()
            .chain(all.into_iter().flat_map(|all| all.iter().filter_map(|(_, action)| action.as_ref())))
    });
    actions.filter_map(|action| match action {
        Action::Jump(name) | Action::Goto(name) => Some(name.as_str()),
        _ => None,
    })
}

/// With what the rule says of destinations.
fn narrowed(so_far: &Wanted, rule: &Rule) -> Wanted {
    let mut wanted = so_far.clone();
    for expression in &rule.expressions {
        match expression {
            Expression::Match(matched) if !matched.is_negated => {
                name(&matched.key, &matched.elements, &mut wanted)
            }
            Expression::Select(key, elements) => name(key, elements, &mut wanted),
            _ => {}
        }
    }
    wanted
}

fn name(key: &Key, elements: &Elements, wanted: &mut Wanted) {
    for (element, _) in elements.iter() {
        match (key, element) {
            (Key::Concat(keys), Element::Concat(parts)) => {
                keys.iter().zip(parts).for_each(|(key, part)| name_one(key, part, wanted));
            }
            _ => name_one(key, element, wanted),
        }
    }
}

fn name_one(key: &Key, element: &Element, wanted: &mut Wanted) {
    match (key, element) {
        (Key::Destination(_), Element::Net(net)) => wanted.destinations.push(*net),
        (Key::Destination(_), Element::Addrs(from, _)) => wanted.destinations.push(IpNet::from(*from)),
        (Key::Protocol, Element::Numbers(number, _)) => {
            wanted
                .protocols
                .extend(ALL.into_iter().filter(|protocol| u64::from(protocol.number()) == *number));
        }
        (Key::DestinationPort(of), Element::Numbers(from, to)) => {
            let number = |number: u64| u16::try_from(number).unwrap_or(u16::MAX);
            wanted.ports.push((number(*from), number(*to)));
            let of = ALL.into_iter().filter(|protocol| Some(protocol.number()) == *of);
            wanted
                .protocols
                .extend(of.filter(|protocol| !wanted.protocols.contains(protocol)).collect::<Vec<_>>());
        }
        _ => {}
    }
}
