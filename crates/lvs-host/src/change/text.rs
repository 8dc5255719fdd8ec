//! Steps as the commands of iproute2 and sysctl(8), for `--dry-run`, logs and errors.

use std::fmt::{Display, Formatter, Result};
use std::net::IpAddr;

use super::super::clsact::FILTER_PREF;
use super::{
    Action, Address, Change, Filter, KERNEL_PROTOCOL, Link, OUR_PROTOCOL, Proxy, Route, RouteKind, Rule,
    Setting, Step, TABLE_LOCAL, Untracked,
};
use lvs::service::Family;

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.apply.fmt(f)
    }
}

impl Display for Change {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let ip = if self.family() == Some(Family::V6) { "ip -6" } else { "ip" };
        match self {
            Self::AddRule(rule) => write!(f, "{ip} rule add {rule}"),
            Self::DeleteRule(rule) => write!(f, "{ip} rule del {rule}"),
            Self::MoveRule { rule, to } => {
                let moved = Rule { pref: *to, ..rule.clone() };
                write!(f, "{ip} rule add {moved} && {ip} rule del {rule}")
            }
            Self::AddRoute(route) => write!(f, "{ip} route add {route}"),
            Self::DeleteRoute(route) => write!(f, "{ip} route del {route}"),
            Self::AddAddress(address) => {
                let Address { net, dev } = address;
                write!(f, "{ip} addr add {net} dev {dev}")?;
                f.write_str(if address.is_link_scope() { " scope link" } else { "" })?;
                f.write_str(if net.addr().is_ipv6() { " nodad preferred_lft 0" } else { "" })?;
                f.write_str(" noprefixroute")
            }
            Self::DeleteAddress(Address { net, dev }) => write!(f, "{ip} addr del {net} dev {dev}"),
            Self::AddProxy(Proxy { addr, dev }) => write!(f, "{ip} neigh add proxy {addr} dev {dev}"),
            Self::DeleteProxy(Proxy { addr, dev }) => write!(f, "{ip} neigh del proxy {addr} dev {dev}"),
            Self::Link(Link { dev, mtu, tx_queue_len }) => {
                write!(
                    f,
                    "ip link set {dev} mtu {mtu} txqueuelen {tx_queue_len} multicast off addrgenmode none up"
                )
            }
            Self::DeleteLink(dev) => write!(f, "ip link del {dev}"),
            Self::AddClsact(dev) => write!(f, "tc qdisc add dev {dev} clsact"),
            Self::DeleteClsact(dev) => write!(f, "tc qdisc del dev {dev} clsact"),
            Self::AddFilter(Filter { dev, program }) => {
                write!(f, "tc filter add dev {dev} ingress pref {FILTER_PREF} bpf direct-action id {program}")
            }
            Self::DeleteFilter(Filter { dev, .. }) => {
                write!(f, "tc filter del dev {dev} ingress pref {FILTER_PREF}")
            }
            Self::Sysctl(Setting { key, value, .. }) => write!(f, "sysctl -w {}={value}", dotted(key)),
            Self::Untrack(service) => write!(f, "nft add element inet {service}"),
            Self::Track(service) => write!(f, "nft delete element inet {service}"),
            Self::Announce(Proxy { addr: IpAddr::V4(addr), dev }) => {
                write!(f, "arping -U -c 1 -I {dev} {addr}")
            }
            Self::Announce(Proxy { addr, dev }) => write!(f, "ndsend {addr} {dev}"),
        }
    }
}

impl Display for Untracked {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { table, addr, protocol, port } = self;
        let family = if addr.is_ipv6() { 6 } else { 4 };
        let name = protocol_name(*protocol).unwrap_or("all");
        match port {
            0 => write!(f, "{table} addresses{family} {{ {addr} . {name} }}"),
            _ => write!(f, "{table} services{family} {{ {addr} . {name} . {port} }}"),
        }
    }
}

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "pref {}", self.pref)?;
        if self.not {
            f.write_str(" not")?;
        }
        match self.from {
            Some(net) => write!(f, " from {net}")?,
            None => f.write_str(" from all")?,
        }
        if let Some(net) = self.to {
            write!(f, " to {net}")?;
        }
        if let Some(iif) = &self.iif {
            write!(f, " iif {iif}")?;
        }
        if let Some(mark) = self.mark {
            write!(f, " fwmark {mark:#x}")?;
        }
        if let Some(proto) = self.ipproto {
            match protocol_name(proto) {
                Some(name) => write!(f, " ipproto {name}")?,
                None => write!(f, " ipproto {proto}")?,
            }
        }
        match self.dport {
            Some((first, last)) if first == last => write!(f, " dport {first}")?,
            Some((first, last)) => write!(f, " dport {first}-{last}")?,
            None => {}
        }
        match self.action {
            Action::Lookup(TABLE_LOCAL) => f.write_str(" lookup local")?,
            Action::Lookup(table) => write!(f, " lookup {table}")?,
            Action::Goto(pref) => write!(f, " goto {pref}")?,
            Action::Nop => f.write_str(" nop")?,
            Action::Other(number) => write!(f, " action {number}")?,
        }
        match self.protocol {
            0 => Ok(()),
            KERNEL_PROTOCOL => f.write_str(" protocol kernel"),
            number => write!(f, " protocol {number}"),
        }
    }
}

impl Display for Route {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let dst = self.dst;
        match &self.kind {
            RouteKind::Via(dev) => write!(f, "{dst} dev {dev}")?,
            RouteKind::Local(dev) => write!(f, "local {dst} dev {dev}")?,
            RouteKind::Throw => write!(f, "throw {dst}")?,
        }
        match self.table {
            TABLE_LOCAL => f.write_str(" table local")?,
            table => write!(f, " table {table}")?,
        }
        if self.metric != 0 {
            write!(f, " metric {}", self.metric)?;
        }
        write!(f, " protocol {OUR_PROTOCOL}")
    }
}

/// The key as sysctl(8) prints it: dots, or slashes where an interface name contains a dot.
pub(crate) fn dotted(key: &str) -> String {
    if key.contains('.') { key.to_owned() } else { key.replace('/', ".") }
}

const fn protocol_name(number: u8) -> Option<&'static str> {
    Some(match number {
        1 => "icmp",
        6 => "tcp",
        17 => "udp",
        58 => "ipv6-icmp",
        132 => "sctp",
        _ => return None,
    })
}
