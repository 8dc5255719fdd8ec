//! Rules of a firewall, as data.

use std::fmt::{Display, Formatter, Result};
use std::sync::Arc;

use ipnet::IpNet;

/// By what program a chain is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    Nft,
    /// Over nf_tables, for IPv4 or IPv6.
    Iptables,
    Ip6tables,
    /// Of the old tables, for IPv4 or IPv6.
    Legacy,
    Legacy6,
}

#[derive(Clone, Debug, Default)]
pub struct Ruleset {
    pub chains: Vec<Chain>,
}

#[derive(Clone, Debug)]
pub struct Chain {
    pub tool: Tool,
    /// As nft calls it: `ip`, `ip6`, `inet`, `netdev`.
    pub family: String,
    pub table: String,
    pub name: String,
    /// None for one that packets meet only by jumps.
    pub base: Option<Base>,
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    pub hook: Hook,
    pub priority: i64,
    pub is_nat: bool,
    pub drops_by_policy: bool,
    /// Of `ingress`: the links that it is for.
    pub devices: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hook {
    Ingress,
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
}

#[derive(Clone, Debug, Default)]
pub struct Rule {
    pub handle: Option<u64>,
    /// As its tool prints it.
    pub text: String,
    pub expressions: Vec<Expression>,
}

#[derive(Clone, Debug)]
pub enum Expression {
    Match(Match),
    /// A condition that is not understood, as it is written.
    Unread(String),
    /// A limit that is not reached.
    Never,
    /// A verdict by what the key is (`vmap`).
    Select(Key, Elements),
    Do(Action),
}

#[derive(Clone, Debug)]
pub struct Match {
    pub key: Key,
    pub mask: Option<u64>,
    pub is_negated: bool,
    pub elements: Elements,
}

/// Elements of a set or a map; named ones are shared.
pub type Elements = Arc<Vec<(Element, Option<Action>)>>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Accept,
    /// Dropped, or refused with an error.
    Drop,
    Return,
    Jump(String),
    Goto(String),
    /// The destination is rewritten, to what is written there.
    Dnat(String),
    /// The source is rewritten.
    Snat,
    Notrack,
    /// None: to a value that is not known.
    Mark(Option<MarkChange>),
    ConnMark,
    /// A program decides.
    Queue,
}

/// Change of the firewall mark: `mark & keep ^ flip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkChange {
    pub keep: u64,
    pub flip: u64,
}

/// Property of a packet that is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Iif,
    Oif,
    /// An address of IPv4 (false) or IPv6 (true).
    Source(bool),
    Destination(bool),
    /// A port of that protocol; None: of any.
    SourcePort(Option<u8>),
    DestinationPort(Option<u8>),
    Protocol,
    Family,
    EtherType,
    PacketType,
    State,
    Status,
    Direction,
    ConnMark,
    Mark,
    TcpFlags,
    /// `fib saddr . iif oif`: whether the way back to the source leads there; loose: to any link.
    ReversePath {
        is_loose: bool,
    },
    SourceKind,
    DestinationKind,
    /// Drawn anew for each packet, of so many.
    Random(u64),
    /// Properties that these packets do not have: a local socket, a type of ICMP.
    Absent,
    Concat(Vec<Self>),
    Unread,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    Any,
    /// A name; with `*` at its end, all that begin so.
    Word(String),
    Net(IpNet),
    /// Both ends included.
    Addrs(std::net::IpAddr, std::net::IpAddr),
    Numbers(u64, u64),
    Concat(Vec<Self>),
    Unread,
}

impl Hook {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ingress" => Self::Ingress,
            "prerouting" => Self::Prerouting,
            "input" => Self::Input,
            "forward" => Self::Forward,
            "output" => Self::Output,
            "postrouting" => Self::Postrouting,
            _ => return None,
        })
    }
}

impl Chain {
    /// Whether packets of the family come by it.
    pub(super) fn is_for(&self, is_v6: bool) -> bool {
        match self.family.as_str() {
            "ip" => !is_v6,
            "ip6" => is_v6,
            _ => true,
        }
    }

    fn is_beside(&self, other: &Self) -> bool {
        self.tool == other.tool && self.family == other.family && self.table == other.table
    }
}

impl Ruleset {
    /// The chain of this name in the table of the other.
    pub(in crate::doctor) fn beside(&self, chain: &Chain, name: &str) -> Option<&Chain> {
        self.chains.iter().find(|other| other.name == name && other.is_beside(chain))
    }

    /// Nets that rules tell sources by.
    pub fn sources(&self) -> Vec<IpNet> {
        let rules = self.chains.iter().flat_map(|chain| &chain.rules);
        let mut nets = Vec::new();
        for expression in rules.flat_map(|rule| &rule.expressions) {
            let (key, elements) = match expression {
                Expression::Match(matched) => (&matched.key, &matched.elements),
                Expression::Select(key, elements) => (key, elements),
                _ => continue,
            };
            add_nets(key, elements, &mut nets);
        }
        nets.sort_unstable();
        nets.dedup();
        nets
    }
}

impl Display for Chain {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} {} {}", self.family, self.table, self.name)
    }
}

/// Numbers of IP protocols by the names that the tools print.
pub(super) fn protocol(name: &str) -> Option<u8> {
    Some(match name {
        "icmp" => 1,
        "igmp" => 2,
        "ipip" | "ipencap" | "ipv4" => 4,
        "tcp" => 6,
        "udp" => 17,
        "dccp" => 33,
        "ipv6" => 41,
        "gre" => 47,
        "esp" => 50,
        "ah" => 51,
        "icmpv6" | "ipv6-icmp" => 58,
        "ospf" => 89,
        "vrrp" => 112,
        "comp" => 108,
        "sctp" => 132,
        "udplite" => 136,
        _ => return name.parse().ok(),
    })
}

/// Adds the nets that sources are compared with.
fn add_nets(key: &Key, elements: &Elements, nets: &mut Vec<IpNet>) {
    let net = |element: &Element| match element {
        Element::Net(net) => Some(*net),
        Element::Addrs(from, _) => Some(IpNet::from(*from)),
        _ => None,
    };
    match key {
        Key::Source(_) => nets.extend(elements.iter().filter_map(|(element, _)| net(element))),
        Key::Concat(keys) => {
            let places = keys.iter().enumerate().filter(|(_, key)| matches!(key, Key::Source(_)));
            for (place, _) in places {
                let part = |element: &Element| match element {
                    Element::Concat(parts) => parts.get(place).and_then(net),
                    _ => None,
                };
                nets.extend(elements.iter().filter_map(|(element, _)| part(element)));
            }
        }
        _ => {}
    }
}
