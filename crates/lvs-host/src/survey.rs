//! The host as a doctor wants to see it: plain data, nothing changed. Same sources as `kernel`, for other eyes.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use futures::TryStreamExt;
use ipnet::IpNet;
use netlink_packet_route::route::{RouteAttribute, RouteFlags, RouteMessage, RouteType};

use super::change::Rule;
use super::error::HostError;
use super::kernel::{Kernel, Netlink};
use super::layout::Layout;
use super::messages;
use super::neighbours;
use super::ports;
use super::routes::{self, ListedRoute};
use super::view::Interface;
use lvs::neighbour::NeighbourState;
use lvs::service::Family;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    pub links: Vec<SurveyedLink>,
    pub addresses: Vec<SurveyedAddress>,
    /// Policy rules of a director are there.
    pub has_our_rules: bool,
    /// Policy rules of the host that leave a director no room.
    pub obstacles: Vec<Obstacle>,
    pub neighbours: Vec<SurveyedNeighbour>,
    /// Routes that refuse packets.
    pub refusing: Vec<RefusingRoute>,
    /// The way of the host's own packets to the addresses that were asked about.
    pub ways: BTreeMap<IpAddr, LinkRoute>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SurveyedLink {
    pub name: String,
    pub up: bool,
    pub loopback: bool,
    /// The link does ARP or neighbour discovery.
    pub ethernet: bool,
    pub mtu: u32,
    /// Bytes of the longest super-packet that is put together or sent here.
    pub longest: u32,
}

/// An address, its subnet, and the link that it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyedAddress {
    pub dev: String,
    pub net: IpNet,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyedNeighbour {
    pub dev: String,
    pub addr: IpAddr,
    pub state: NeighbourState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusingRoute {
    pub net: IpNet,
    /// As `ip route` calls it.
    pub kind: &'static str,
}

/// An obstacle, and the commands that take it out of the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    pub what: String,
    pub mend: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkRoute {
    /// Out of a link.
    Out { dev: String, gateway: Option<IpAddr>, source: Option<IpAddr>, mtu: u32 },
    /// To this host itself.
    Local,
    /// No route, as the kernel puts it.
    None(String),
}

/// Looks at the host, and asks for the ways to `addrs`.
///
/// # Errors
/// The host cannot be read.
pub async fn survey(addrs: &[IpAddr]) -> Result<Survey, HostError> {
    let kernel = Netlink::connect()?;
    let view = kernel.view().await?;
    let mut survey = Survey::default();
    let name_of = |index: u32| view.links.iter().find(|link| link.index == index).map(|link| &link.name);
    for link in &view.links {
        survey.links.push(SurveyedLink {
            name: link.name.clone(),
            up: link.up,
            loopback: link.loopback,
            ethernet: link.ether.is_some(),
            mtu: link.mtu,
            longest: link.longest,
        });
    }
    let address = |found: &Interface| SurveyedAddress { dev: found.dev.clone(), net: found.net };
    survey.addresses = view.addresses.iter().map(address).collect();
    survey.has_our_rules = view.rules.iter().any(Rule::is_ours);
    if !survey.has_our_rules {
        survey.obstacles = [Family::V4, Family::V6]
            .into_iter()
            .filter(|family| view.rules_of(*family).next().is_some())
            .filter_map(|family| Layout::choose(family, view.rules_of(family)).err().as_ref().map(obstacle))
            .collect();
    }
    for said in neighbours::listed(kernel.handle()).await? {
        if let (Some(dev), Some(state)) = (name_of(said.interface).cloned(), said.reach) {
            survey.neighbours.push(SurveyedNeighbour { dev, addr: said.addr, state });
        }
    }
    for family in [Family::V4, Family::V6] {
        let routes = routes::listed(kernel.handle(), family).await?;
        survey.refusing.extend(routes.iter().filter_map(|route| refusing(route, family)));
    }
    for addr in addrs {
        let name = |index: u32| name_of(index).cloned().unwrap_or_else(|| index.to_string());
        let mtu = |index: u32| view.links.iter().find(|link| link.index == index).map(|link| link.mtu);
        let way = match lookup(&kernel, *addr).await {
            Ok(message) => way(&message, Family::of(addr), name, mtu),
            Err(error) => LinkRoute::None(error.to_string()),
        };
        survey.ways.insert(*addr, way);
    }
    Ok(survey)
}

/// The command that keeps ports that stand for clients from the host's own connections, where one is needed.
pub fn port_reservation(
    ports: &RangeInclusive<u16>,
    sysctl: &impl Fn(&str) -> Option<String>,
) -> Option<String> {
    ports::reserve(ports, sysctl).map(|step| step.to_string())
}

fn obstacle(error: &HostError) -> Obstacle {
    let flag = |family: &Family| if *family == Family::V6 { "-6 " } else { "" };
    let mend = match error {
        HostError::NoRoom { family, pref, rule, first_free } => {
            let moved = rule.replacen(&format!("pref {pref} "), &format!("pref {first_free} "), 1);
            let ip = format!("ip {}rule", flag(family));
            vec![format!("{ip} add {moved}"), format!("{ip} del {rule}")]
        }
        HostError::NoLocalRule { family } => {
            vec![format!("ip {}rule add pref 0 lookup local", flag(family))]
        }
        _ => vec!["tunvs cleanup".to_owned()],
    };
    Obstacle { what: error.to_string(), mend }
}

fn refusing(route: &RouteMessage, family: Family) -> Option<RefusingRoute> {
    let kind = refusal(route.header.kind)?;
    if !messages::is_host_table(messages::table_of(route)) {
        return None;
    }
    let dst = ListedRoute::of(route, family)?.dst;
    let net = IpNet::new(dst, route.header.destination_prefix_length).ok()?;
    Some(RefusingRoute { net, kind })
}

/// Name that `ip route` has for a kind that refuses packets.
const fn refusal(kind: RouteType) -> Option<&'static str> {
    match kind {
        RouteType::BlackHole => Some("blackhole"),
        RouteType::Unreachable => Some("unreachable"),
        RouteType::Prohibit => Some("prohibit"),
        _ => None,
    }
}

async fn lookup(kernel: &Netlink, addr: IpAddr) -> Result<RouteMessage, io::Error> {
    let mut wanted = RouteMessage::default();
    wanted.header.address_family = routes::address_family(Family::of(&addr));
    wanted.header.destination_prefix_length = IpNet::from(addr).prefix_len();
    wanted.header.flags = RouteFlags::LookupTable;
    wanted.attributes.push(RouteAttribute::Destination(messages::route_address(addr)));
    let found = kernel.handle().route().get(wanted).execute().try_next().await;
    match found {
        Ok(Some(message)) => Ok(message),
        Ok(None) => Err(io::Error::from_raw_os_error(libc::ENETUNREACH)),
        Err(rtnetlink::Error::NetlinkError(message)) => Err(message.to_io()),
        Err(other) => Err(io::Error::other(other)),
    }
}

fn way(
    message: &RouteMessage,
    family: Family,
    name: impl Fn(u32) -> String,
    link_mtu: impl Fn(u32) -> Option<u32>,
) -> LinkRoute {
    if message.header.kind == RouteType::Local {
        return LinkRoute::Local;
    }
    if let Some(kind) = refusal(message.header.kind) {
        return LinkRoute::None(kind.to_owned());
    }
    let Some(ListedRoute { gateway, source, index, mtu, .. }) = ListedRoute::of(message, family) else {
        return LinkRoute::None("not by IP".to_owned());
    };
    let index = index.unwrap_or_default();
    let mtu = mtu.or_else(|| link_mtu(index)).unwrap_or_default();
    LinkRoute::Out { dev: name(index), gateway, source, mtu }
}

#[cfg(test)]
mod tests {
    use netlink_packet_route::route::RouteAddress;

    use super::super::change::{Action, KERNEL_PROTOCOL, TABLE_LOCAL};
    use super::*;

    #[test]
    fn a_rule_in_the_way_is_moved_by_the_commands() {
        let host = |pref, table| Rule {
            protocol: KERNEL_PROTOCOL,
            ..Rule::new(Family::V6, pref, Action::Lookup(table))
        };
        let rules = [host(0, TABLE_LOCAL), host(3, 100), host(32_766, 254)];
        let error = Layout::choose(Family::V6, rules.iter()).unwrap_err();
        let commands = [
            "ip -6 rule add pref 6 from all lookup 100 protocol kernel",
            "ip -6 rule del pref 3 from all lookup 100 protocol kernel",
        ];
        assert_eq!(obstacle(&error).mend, commands);
        let error = HostError::NoLocalRule { family: Family::V4 };
        assert_eq!(obstacle(&error).mend, ["ip rule add pref 0 lookup local"]);
    }

    #[test]
    fn a_way_is_what_the_kernel_answers() {
        let mut message = RouteMessage::default();
        message.header.kind = RouteType::Unicast;
        message.attributes =
            vec![RouteAttribute::Oif(3), RouteAttribute::Gateway(RouteAddress::Inet([10, 0, 0, 1].into()))];
        let out = way(&message, Family::V4, |index| format!("eth{index}"), |_| Some(1400));
        let gateway = Some([10, 0, 0, 1].into());
        assert_eq!(out, LinkRoute::Out { dev: "eth3".to_owned(), gateway, source: None, mtu: 1400 });
        message.header.kind = RouteType::Local;
        assert_eq!(way(&message, Family::V4, |_| String::new(), |_| None), LinkRoute::Local);
        message.header.kind = RouteType::Prohibit;
        assert_eq!(
            way(&message, Family::V4, |_| String::new(), |_| None),
            LinkRoute::None("prohibit".to_owned())
        );
        message.header.destination_prefix_length = 24;
        message.header.table = 254;
        message.attributes = vec![RouteAttribute::Destination(RouteAddress::Inet([10, 9, 0, 0].into()))];
        let refused = RefusingRoute { net: "10.9.0.0/24".parse().unwrap(), kind: "prohibit" };
        assert_eq!(refusing(&message, Family::V4), Some(refused));
    }
}
