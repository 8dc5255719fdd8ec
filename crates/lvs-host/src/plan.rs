//! The host as it has to be: pure, from the host as it is and what the services need to a list of steps.

use std::collections::BTreeSet;
use std::net::Ipv6Addr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::change::{Link, Route, RouteKind, Step};
use super::context::{PlanContext, TUN_MTU};
use super::layout::Layout;
use super::options::{HostOptions, TunNames};
use super::settings::{sysctls_v4, sysctls_v6};
use lvs::director::Captures;
use lvs::service::Family;

/// Destinations of packets that real servers send to the link itself.
const MULTICAST: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8);
const LINK_LOCAL: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10);

/// Sets up the TUN devices themselves.
pub(super) fn devices(options: &HostOptions, tuns: &TunNames) -> Vec<Step> {
    let up = |dev: &String| {
        let link = Link { dev: dev.clone(), mtu: TUN_MTU, tx_queue_len: options.tx_queue_len };
        Step::lasting_link(link)
    };
    [&tuns.vip, &tuns.rs].map(up).into()
}

/// Steps that stay for as long as a family is in use: sysctls, the table of real servers, the rules of the layout.
pub(super) fn base(
    context: &PlanContext<'_>,
    layout: &Layout,
    sysctl: impl Fn(&str) -> Option<String>,
) -> Vec<Step> {
    let family = layout.family;
    let mut steps = match family {
        Family::V4 => sysctls_v4(context, &sysctl),
        Family::V6 => sysctls_v6(context, &sysctl),
    };
    let to_rs = |dst, kind| Step::route(Route::new(context.tables.rs, dst, kind));
    steps.push(to_rs(any(family), RouteKind::Via(context.tuns.rs.clone())));
    if family == Family::V6 {
        steps.extend([MULTICAST, LINK_LOCAL].map(|net| to_rs(IpNet::V6(net), RouteKind::Throw)));
    }
    steps.extend(layout.steps(context.tuns, context.tables, context.options));
    steps
}

/// The families that services or subnets need.
pub(super) fn families(options: &HostOptions, captures: &Captures) -> BTreeSet<Family> {
    let nets = options.vip_nets.iter().chain(&options.rs_nets).chain(&options.laddr_nets);
    let nets = nets.chain(&options.masquerade_nets);
    let nets = nets.map(|net| Family::of(&net.addr()));
    let addresses = captures.virtuals.iter().chain(&captures.reals).map(Family::of);
    let marks = captures.marks.iter().map(|(_, family)| *family);
    nets.chain(addresses).chain(marks).chain(captures.tunnels.iter().copied()).collect()
}

/// Whether packets come in whose way back is a TUN.
pub(super) fn wants_loose(options: &HostOptions, captures: &Captures) -> bool {
    let nets = options.vip_nets.iter().chain(&options.rs_nets).chain(&options.masquerade_nets);
    let mut behind = nets.map(IpNet::addr).chain(captures.reals.iter().copied());
    captures.pinned_answers || behind.any(|addr| addr.is_ipv4())
}

pub(super) fn any(family: Family) -> IpNet {
    match family {
        Family::V4 => IpNet::V4(Ipv4Net::default()),
        Family::V6 => IpNet::V6(Ipv6Net::default()),
    }
}
