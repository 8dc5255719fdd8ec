//! Commands that take a rule of the host's firewall out of the way, in the words of whoever owns the rule, so that
//! they outlive its next reload. Pure.

use std::net::IpAddr;

use super::filter::{Hook, Place, Tool};
use super::site::Site;
use super::tracer::{Direction, TracedFlow};

/// A rule in the way.
pub(super) struct Trouble<'a> {
    pub(super) place: &'a Place,
    pub(super) effect: Effect,
    pub(super) flows: &'a [TracedFlow],
    pub(super) is_half_seen: bool,
}

/// Effect of a rule that a director does not want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    Drops,
    Redirects,
    Hides,
    /// More ways through the rules than were followed.
    Lost,
}

/// Program that writes the rules of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Firewalld,
    Ufw,
    Docker,
    Nobody,
}

pub(super) fn of(site: &Site, trouble: &Trouble<'_>) -> Vec<String> {
    let owner = owner(site, trouble.place);
    match (trouble.effect, owner) {
        (Effect::Redirects, _) => redirected(trouble, owner),
        (Effect::Hides, _) => hidden(trouble, owner),
        (Effect::Lost, _) => vec!["nft list ruleset".to_owned()],
        (Effect::Drops, Owner::Firewalld) => firewalld(site, trouble),
        (Effect::Drops, Owner::Ufw) if trouble.place.hook == Hook::Forward => {
            let prefix = site.tun_prefix();
            sides(trouble)
                .into_iter()
                .map(|side| format!("ufw route allow {} on {prefix}-+", side.ufw()))
                .collect()
        }
        (Effect::Drops, Owner::Docker) if trouble.place.base == "FORWARD" => {
            let prefix = site.tun_prefix();
            let insert = |side: Side| {
                format!("{} -I DOCKER-USER {} {prefix}-+ -j ACCEPT", iptables(trouble.place), side.iptables())
            };
            sides(trouble).into_iter().map(insert).collect()
        }
        (Effect::Drops, _) => accepted(site, trouble),
    }
}

/// Lets the host have answers.
pub(super) fn answers(place: &Place) -> String {
    match place.tool {
        Tool::Nft => format!(
            "nft insert rule {} {} {} ct state established accept",
            place.family, place.table, place.base
        ),
        _ => format!(
            "{} -t {} -I {} -m conntrack --ctstate ESTABLISHED -j ACCEPT",
            iptables(place),
            place.table,
            place.base
        ),
    }
}

fn owner(site: &Site, place: &Place) -> Owner {
    let has = |name: &str| {
        site.filters.chains.iter().any(|chain| {
            chain.tool == place.tool
                && chain.family == place.family
                && chain.table == place.table
                && chain.name == name
        })
    };
    if place.tool == Tool::Nft && place.table == "firewalld" {
        Owner::Firewalld
    } else if has("DOCKER-USER") || has("DOCKER") {
        Owner::Docker
    } else if has("ufw-before-forward") || has("ufw6-before-forward") {
        Owner::Ufw
    } else {
        Owner::Nobody
    }
}

/// Into a TUN, or out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Out,
    Into,
}

impl Side {
    const fn ufw(self) -> &'static str {
        match self {
            Self::Out => "in",
            Self::Into => "out",
        }
    }

    const fn iptables(self) -> &'static str {
        match self {
            Self::Out => "-i",
            Self::Into => "-o",
        }
    }

    const fn nft(self) -> &'static str {
        match self {
            Self::Out => "iifname",
            Self::Into => "oifname",
        }
    }
}

fn destinations(trouble: &Trouble<'_>) -> Vec<IpAddr> {
    let mut addrs: Vec<IpAddr> = trouble.flows.iter().map(|flow| flow.destination).collect();
    addrs.sort_unstable();
    addrs.dedup();
    addrs
}

fn sides(trouble: &Trouble<'_>) -> Vec<Side> {
    let side = |flow: &TracedFlow| match flow.direction {
        Direction::ToService | Direction::FromServer => Side::Into,
        Direction::ToServer | Direction::ToClient | Direction::Delivered => Side::Out,
    };
    let mut sides: Vec<Side> = trouble.flows.iter().map(side).collect();
    sides.sort_unstable();
    sides.dedup();
    sides
}

/// A zone of the director's devices that lets all pass, and a policy that lets all into it.
fn firewalld(site: &Site, trouble: &Trouble<'_>) -> Vec<String> {
    let prefix = site.tun_prefix();
    let reload = "firewall-cmd --reload".to_owned();
    if trouble.place.hook == Hook::Prerouting {
        let set = "sed -i 's/^IPv6_rpfilter=.*/IPv6_rpfilter=no/' /etc/firewalld/firewalld.conf";
        return vec![set.to_owned(), reload];
    }
    if trouble.is_half_seen {
        let untrack = |addr: IpAddr| {
            let family = if addr.is_ipv6() { "ipv6" } else { "ipv4" };
            format!(
                "firewall-cmd --permanent --direct --add-rule {family} raw PREROUTING 0 -d {addr} -j CT --notrack"
            )
        };
        let mut commands: Vec<String> = destinations(trouble).into_iter().map(untrack).collect();
        commands.push(reload);
        return commands;
    }
    let permanent = |rest: String| format!("firewall-cmd --permanent {rest}");
    vec![
        permanent(format!("--new-zone={prefix}")),
        permanent(format!("--zone={prefix} --set-target=ACCEPT")),
        permanent(format!("--zone={prefix} --add-interface={prefix}-+")),
        permanent(format!("--new-policy=to-{prefix}")),
        permanent(format!("--policy=to-{prefix} --add-ingress-zone=ANY")),
        permanent(format!("--policy=to-{prefix} --add-egress-zone={prefix}")),
        permanent(format!("--policy=to-{prefix} --set-target=ACCEPT")),
        reload,
    ]
}

/// In front of all other rules of the chain that packets come by.
fn accepted(site: &Site, trouble: &Trouble<'_>) -> Vec<String> {
    let place = trouble.place;
    let prefix = site.tun_prefix();
    let by_device = |side: Side| match place.tool {
        Tool::Nft => insert(place, &format!("{} '\"{prefix}-*\"'", side.nft())),
        _ => insert(place, &format!("{} {prefix}-+", side.iptables())),
    };
    let by_address = |flow: &TracedFlow| match place.tool {
        Tool::Nft => insert(place, &format!("{} daddr {}", ip(flow.destination), flow.destination)),
        _ => insert(place, &format!("-d {}", flow.destination)),
    };
    let mut commands: Vec<String> = match place.hook {
        Hook::Forward | Hook::Input | Hook::Output => sides(trouble).into_iter().map(by_device).collect(),
        Hook::Postrouting => trouble.flows.iter().map(by_address).collect(),
        // Where a packet will leave is not known yet.
        _ => {
            let mend = |flow: &TracedFlow| match flow.direction {
                Direction::ToServer | Direction::ToClient | Direction::Delivered => by_device(Side::Out),
                Direction::ToService => by_address(flow),
                Direction::FromServer => match place.tool {
                    Tool::Nft => insert(place, &format!("iifname \"{}\"", flow.iif)),
                    _ => insert(place, &format!("-i {}", flow.iif)),
                },
            };
            trouble.flows.iter().map(mend).collect()
        }
    };
    commands.sort_unstable();
    commands.dedup();
    commands
}

fn redirected(trouble: &Trouble<'_>, owner: Owner) -> Vec<String> {
    let place = trouble.place;
    let zone = place.chain.strip_prefix("nat_PRE_").and_then(|rest| rest.strip_suffix("_allow"));
    if let (Owner::Firewalld, Some(zone)) = (owner, zone) {
        return vec![
            format!(
                "firewall-cmd --permanent --zone={zone} --list-forward-ports --list-rich-rules # one of these"
            ),
            "firewall-cmd --reload".to_owned(),
        ];
    }
    let vips = destinations(trouble);
    // One that is for these addresses is the one to go; another is wanted for others.
    let is_theirs = vips.iter().all(|vip| place.rule.contains(&vip.to_string()));
    if is_theirs && place.chain == place.base {
        return match (place.tool, place.handle) {
            (Tool::Nft, Some(handle)) => {
                vec![format!(
                    "nft delete rule {} {} {} handle {handle}",
                    place.family, place.table, place.chain
                )]
            }
            _ => vec![format!("{} -t {} -D {} {}", iptables(place), place.table, place.chain, place.rule)],
        };
    }
    excepted(place, &vips)
}

fn hidden(trouble: &Trouble<'_>, owner: Owner) -> Vec<String> {
    let place = trouble.place;
    let zone = place.chain.strip_prefix("nat_POST_").and_then(|rest| rest.strip_suffix("_allow"));
    if let (Owner::Firewalld, Some(zone)) = (owner, zone) {
        return vec![
            format!("firewall-cmd --permanent --zone={zone} --remove-masquerade"),
            "firewall-cmd --reload".to_owned(),
        ];
    }
    excepted(place, &destinations(trouble))
}

fn excepted(place: &Place, addrs: &[IpAddr]) -> Vec<String> {
    let of = |addr: &IpAddr| match place.tool {
        Tool::Nft => insert(place, &format!("{} daddr {addr}", ip(*addr))),
        _ => insert(place, &format!("-d {addr}")),
    };
    addrs.iter().map(of).collect()
}

fn insert(place: &Place, condition: &str) -> String {
    match place.tool {
        Tool::Nft => {
            format!("nft insert rule {} {} {} {condition} accept", place.family, place.table, place.base)
        }
        _ => format!("{} -t {} -I {} {condition} -j ACCEPT", iptables(place), place.table, place.base),
    }
}

const fn ip(addr: IpAddr) -> &'static str {
    if addr.is_ipv6() { "ip6" } else { "ip" }
}

const fn iptables(place: &Place) -> &'static str {
    match place.tool {
        Tool::Legacy => "iptables-legacy",
        Tool::Legacy6 => "ip6tables-legacy",
        Tool::Ip6tables => "ip6tables",
        Tool::Iptables | Tool::Nft => "iptables",
    }
}
