//! Changes that the host edge can make, one value each: a rule, a route, a sysctl. A [`Step`] is a change with the change that takes it
//! back. Both are plain data: printed as the command an administrator would type, kept in the journal, compared. Nothing here does I/O;
//! `plan` makes these values and `kernel` carries them out.

mod parts;
pub(super) mod renamed;
pub(super) mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use lvs::service::Family;

/// The number that rules and routes of ours carry (`FRA_PROTOCOL`, `rtm_protocol`), so that they are recognised.
pub(super) const OUR_PROTOCOL: u8 = 151;
/// Protocol number of the kernel's own rules.
pub(super) const KERNEL_PROTOCOL: u8 = 2;
pub(super) const TABLE_MAIN: u32 = 254;
pub(super) const TABLE_LOCAL: u32 = 255;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Change {
    AddRule(Rule),
    DeleteRule(Rule),
    /// A rule of another program goes to that preference, with all that it says.
    MoveRule {
        rule: Rule,
        to: u32,
    },
    AddRoute(Route),
    DeleteRoute(Route),
    AddAddress(Address),
    DeleteAddress(Address),
    AddProxy(Proxy),
    DeleteProxy(Proxy),
    Link(Link),
    /// Takes a TUN away that nobody holds any more.
    DeleteLink(String),
    Sysctl(Setting),
    /// Tells the neighbours on an interface that an address lives here: gratuitous ARP or an unsolicited advertisement.
    Announce(Proxy),
    /// Gives an interface the queueing discipline whose filters see packets as they enter.
    AddClsact(String),
    DeleteClsact(String),
    AddFilter(Filter),
    DeleteFilter(Filter),
    /// Keeps packets to a service from connection tracking.
    Untrack(Untracked),
    Track(Untracked),
}

/// A change and how it is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Step {
    pub apply: Change,
    pub undo: Option<Change>,
    /// The director works without it for most traffic: a failure is reported and not fatal.
    pub optional: bool,
    /// Vanishes with its TUN device.
    pub ephemeral: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rule {
    pub family: Family,
    pub pref: u32,
    pub not: bool,
    pub from: Option<IpNet>,
    pub to: Option<IpNet>,
    pub iif: Option<String>,
    pub mark: Option<u32>,
    pub ipproto: Option<u8>,
    /// Destination ports, both ends included.
    pub dport: Option<(u16, u16)>,
    pub action: Action,
    pub protocol: u8,
    /// Selects by something that this type does not name.
    pub narrower: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    Lookup(u32),
    Goto(u32),
    Nop,
    /// Blackhole and the like: seen on the host, never made by us.
    Other(u8),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Route {
    pub table: u32,
    pub dst: IpNet,
    pub kind: RouteKind,
    /// 0 is what the kernel gives a route without one.
    #[serde(default)]
    pub metric: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RouteKind {
    /// Sends to a device.
    Via(String),
    /// Delivers to this host, as though it were an address of the device.
    Local(String),
    /// Ends the look-up in this table.
    Throw,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    pub net: IpNet,
    pub dev: String,
}

/// An address on an interface: a proxy neighbour entry, or an announcement.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Proxy {
    pub addr: IpAddr,
    pub dev: String,
}

/// Settings of a TUN device; the device is set up in the same request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    pub dev: String,
    pub mtu: u32,
    pub tx_queue_len: u32,
}

/// The fast path's program at the entrance of an interface.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Filter {
    pub dev: String,
    /// Number of the program.
    pub program: u32,
}

/// A service of which the host sees one direction only, in a table of nftables.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Untracked {
    pub table: String,
    pub addr: IpAddr,
    pub protocol: u8,
    /// 0: every port.
    pub port: u16,
}

/// A sysctl, its key in slash form (`net/ipv4/ip_forward`), so that interface names may contain dots.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Setting {
    pub key: String,
    pub value: String,
    /// Written only while it still has this value: whoever changed it since then meant it.
    pub only_if: Option<String>,
    /// Others may have come to rely on it: written only while the host has no other links than these in use.
    #[serde(default)]
    pub only_with: Option<BTreeSet<String>>,
    /// Written only while the firewall has no more of these rules for forwarding.
    #[serde(default)]
    pub only_under: BTreeMap<String, u32>,
}

impl Setting {
    fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        let (key, value) = (key.into(), value.into());
        Self { key, value, only_if: None, only_with: None, only_under: BTreeMap::new() }
    }

    /// Family of the packets that a setting of forwarding is about.
    pub(super) fn family(&self) -> Family {
        if self.key.starts_with("net/ipv6/") { Family::V6 } else { Family::V4 }
    }
}

impl Change {
    pub fn family(&self) -> Option<Family> {
        match self {
            Self::AddRule(rule) | Self::DeleteRule(rule) | Self::MoveRule { rule, .. } => Some(rule.family),
            Self::AddRoute(route) | Self::DeleteRoute(route) => Some(Family::of(&route.dst.addr())),
            Self::AddAddress(address) | Self::DeleteAddress(address) => Some(Family::of(&address.net.addr())),
            Self::AddProxy(proxy) | Self::DeleteProxy(proxy) | Self::Announce(proxy) => {
                Some(Family::of(&proxy.addr))
            }
            Self::Link(_) | Self::DeleteLink(_) | Self::Sysctl(_) | Self::Untrack(_) | Self::Track(_) => None,
            Self::AddClsact(_) | Self::DeleteClsact(_) | Self::AddFilter(_) | Self::DeleteFilter(_) => None,
        }
    }
}

impl Step {
    pub fn rule(rule: Rule) -> Self {
        Self::new(Change::AddRule(rule.clone()), Some(Change::DeleteRule(rule)))
    }

    /// Takes a rule of the host away; it comes back at the end.
    pub fn without_rule(rule: Rule) -> Self {
        Self::new(Change::DeleteRule(rule.clone()), Some(Change::AddRule(rule)))
    }

    pub fn route(route: Route) -> Self {
        let ephemeral = route.kind != RouteKind::Throw;
        let step = Self::new(Change::AddRoute(route.clone()), Some(Change::DeleteRoute(route)));
        Self { ephemeral, ..step }
    }

    /// A route that is taken away by itself, so that whoever watches routes is told.
    pub fn withdrawn(route: Route) -> Self {
        Self { ephemeral: false, ..Self::route(route) }
    }

    pub fn address(address: Address) -> Self {
        Self::new(Change::AddAddress(address.clone()), Some(Change::DeleteAddress(address)))
    }

    /// An address of a TUN device, which takes it along when it goes.
    pub fn device_address(address: Address) -> Self {
        Self::address(address).ephemeral()
    }

    pub fn proxy(proxy: Proxy) -> Self {
        Self::new(Change::AddProxy(proxy.clone()), Some(Change::DeleteProxy(proxy)))
    }

    /// Sets up a TUN that goes with its process.
    pub fn link(link: Link) -> Self {
        Self::new(Change::Link(link), None).ephemeral()
    }

    /// Sets up a TUN that outlives a process which is killed.
    pub fn lasting_link(link: Link) -> Self {
        let undo = Change::DeleteLink(link.dev.clone());
        Self::new(Change::Link(link), Some(undo))
    }

    pub fn announce(addr: IpAddr, dev: &str) -> Self {
        let step = Self::new(Change::Announce(Proxy { addr, dev: dev.to_owned() }), None);
        step.optional().ephemeral()
    }

    /// A queueing discipline that nobody has made yet.
    pub fn clsact(dev: &str) -> Self {
        let [add, delete] = [Change::AddClsact, Change::DeleteClsact].map(|change| change(dev.to_owned()));
        Self::new(add, Some(delete)).optional()
    }

    pub fn filter(filter: Filter) -> Self {
        Self::new(Change::AddFilter(filter.clone()), Some(Change::DeleteFilter(filter))).optional()
    }

    /// The table vanishes with the process, so a killed director leaves nothing of it behind.
    pub fn untracked(service: Untracked) -> Self {
        Self::new(Change::Untrack(service.clone()), Some(Change::Track(service))).optional()
    }

    /// Sets a sysctl that has the value `old`, which comes back at the end. With `value` equal to `old` it is a sysctl that another one
    /// changes as a side effect.
    pub fn sysctl(key: impl Into<String>, value: impl Into<String>, old: impl Into<String>) -> Self {
        let (key, value, old) = (key.into(), value.into(), old.into());
        let only_if = (value != old).then(|| value.clone());
        let undo = Setting { only_if, ..Setting::new(key.clone(), old) };
        let setting = Setting::new(key, value);
        Self::new(Change::Sysctl(setting), Some(Change::Sysctl(undo)))
    }

    /// Sets a sysctl of a TUN device, which takes it along when it goes.
    pub fn device_sysctl(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self::held_sysctl(key, value).ephemeral()
    }

    /// Keeps a sysctl at the value that it has: nothing is to be undone.
    pub fn held_sysctl(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(Change::Sysctl(Setting::new(key, value)), None)
    }

    /// A sysctl that others may come to rely on while it is set: it goes back at the end only if no link is in use that
    /// is none of these.
    pub fn shared(mut self, links: &[&str]) -> Self {
        if let Some(Change::Sysctl(undo)) = &mut self.undo {
            undo.only_with = Some(links.iter().map(|&link| link.to_owned()).collect());
        }
        self
    }

    /// Whether its effect ends with the process, or is over at once.
    pub(super) const fn is_of_process(&self) -> bool {
        matches!(self.apply, Change::Untrack(_) | Change::Announce(_))
    }

    pub fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    fn ephemeral(self) -> Self {
        Self { ephemeral: true, ..self }
    }

    const fn new(apply: Change, undo: Option<Change>) -> Self {
        Self { apply, undo, optional: false, ephemeral: false }
    }
}

impl Route {
    pub const fn new(table: u32, dst: IpNet, kind: RouteKind) -> Self {
        Self { table, dst, kind, metric: 0 }
    }
}

impl Address {
    /// One that shares its subnet with another address must be of the same scope.
    pub(super) fn is_link_scope(&self) -> bool {
        self.net.addr().is_ipv4() && self.net.prefix_len() == self.net.max_prefix_len()
    }
}

impl Rule {
    /// A rule of ours without selectors.
    pub const fn new(family: Family, pref: u32, action: Action) -> Self {
        Self {
            family,
            pref,
            not: false,
            from: None,
            to: None,
            iif: None,
            mark: None,
            ipproto: None,
            dport: None,
            action,
            protocol: OUR_PROTOCOL,
            narrower: false,
        }
    }

    /// Whether it takes every packet.
    pub const fn is_unconditional(&self) -> bool {
        !self.not
            && !self.narrower
            && self.from.is_none()
            && self.to.is_none()
            && self.iif.is_none()
            && self.mark.is_none()
            && self.ipproto.is_none()
            && self.dport.is_none()
    }

    pub fn is_local_lookup(&self) -> bool {
        self.is_unconditional() && self.action == Action::Lookup(TABLE_LOCAL)
    }

    pub const fn is_ours(&self) -> bool {
        self.protocol == OUR_PROTOCOL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_print_as_the_commands_of_iproute2() {
        let mut rule = Rule::new(Family::V4, 4, Action::Lookup(7601));
        rule.from = "192.168.56.183/32".parse().ok();
        assert_eq!(
            Step::rule(rule).to_string(),
            "ip rule add pref 4 from 192.168.56.183/32 lookup 7601 protocol 151"
        );
        let mut rule = Rule::new(Family::V6, 5, Action::Goto(6));
        (rule.not, rule.ipproto) = (true, Some(58));
        assert_eq!(
            Step::rule(rule).to_string(),
            "ip -6 rule add pref 5 not from all ipproto ipv6-icmp goto 6 protocol 151"
        );
        let route = Route {
            table: 7600,
            dst: "10.0.0.1/32".parse().unwrap(),
            kind: RouteKind::Via("tunvs-vip".to_owned()),
            metric: 0,
        };
        assert_eq!(
            Step::route(route).to_string(),
            "ip route add 10.0.0.1/32 dev tunvs-vip table 7600 protocol 151"
        );
        let addr = "10.0.0.1".parse().unwrap();
        let service = Untracked { table: "tunvs".to_owned(), addr, protocol: 6, port: 80 };
        assert_eq!(
            Step::untracked(service).to_string(),
            "nft add element inet tunvs services4 { 10.0.0.1 . tcp . 80 }"
        );
        assert_eq!(
            Step::sysctl("net/ipv4/conf/eth0.10/rp_filter", "0", "1").to_string(),
            "sysctl -w net/ipv4/conf/eth0.10/rp_filter=0"
        );
    }

    #[test]
    fn a_sysctl_goes_back_only_while_it_is_ours() {
        let step = Step::sysctl("net/ipv4/ip_forward", "1", "0");
        let undo = Setting { only_if: Some("1".to_owned()), ..Setting::new("net/ipv4/ip_forward", "0") };
        assert_eq!(step.undo, Some(Change::Sysctl(undo)));
        let kept = Step::sysctl("net/ipv4/conf/eth0/forwarding", "1", "1");
        assert!(matches!(kept.undo, Some(Change::Sysctl(Setting { only_if: None, .. }))));
    }
}
