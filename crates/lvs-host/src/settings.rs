//! Settings of the kernel (sysctl) that packets need, as steps: forwarding, filters, early demux, proxy neighbours.

use super::change::Step;
use super::context::PlanContext;
use super::ports::reserve;

/// `rp_filter`: a packet must come from where its answer would go.
pub(super) const STRICT: u8 = 1;

/// `rp_filter`: there is a way back at all.
pub(super) const LOOSE: u8 = 2;

/// Neighbour discovery by proxy, on a link that is a router's, without the pause that is meant for several hosts that answer.
pub(super) fn answer_for_others(dev: &str, original: &impl Fn(&str) -> Option<String>) -> Vec<Step> {
    let keys = [
        (format!("net/ipv6/conf/{dev}/forwarding"), "1"),
        (format!("net/ipv6/conf/{dev}/proxy_ndp"), "1"),
        (format!("net/ipv6/neigh/{dev}/proxy_delay"), "0"),
    ];
    let set = |(key, value): (String, &str)| {
        let old = original(&key)?;
        Some(if old == value { Step::held_sysctl(key, value) } else { Step::sysctl(key, value, old) })
    };
    let mut steps: Vec<Step> = keys.into_iter().filter_map(set).collect();
    if let Some(delay) = steps.pop() {
        steps.push(delay.optional());
    }
    steps
}

pub(super) fn sysctls_v4(context: &PlanContext<'_>, sysctl: &impl Fn(&str) -> Option<String>) -> Vec<Step> {
    let others: Vec<&str> = context.others().collect();
    let mut steps = forwarding_v4(&others, sysctl);
    steps.extend(own_filters(&others, sysctl));
    steps.extend(no_early_demux(sysctl));
    steps.extend(reserve(&context.options.laddr_ports, sysctl));
    if context.options.fast_path {
        steps.extend(liberal_tracking(sysctl));
    }
    for dev in [&context.tuns.vip, &context.tuns.rs] {
        steps.extend(device_sysctls_v4(dev, sysctl));
    }
    steps
}

/// Steps that take the place of a filter that somebody has set for all interfaces, as at the start.
pub(super) fn filters(context: &PlanContext<'_>, sysctl: &impl Fn(&str) -> Option<String>) -> Vec<Step> {
    own_filters(&context.others().collect::<Vec<&str>>(), sysctl)
}

/// The host forwards. `others` are its interfaces but the TUNs, and what new ones begin with.
pub(super) fn forwarding_v4(others: &[&str], sysctl: &impl Fn(&str) -> Option<String>) -> Vec<Step> {
    let conf = |dev: &str, name: &str| format!("net/ipv4/conf/{dev}/{name}");
    let Some(old) = sysctl("net/ipv4/ip_forward").filter(|old| old != "1") else { return Vec::new() };
    let links = others;
    // Switching back makes a host of every interface, and lets it be redirected.
    let others = others.iter().filter_map(|dev| kept(conf(dev, "forwarding"), "0", sysctl));
    let redirects = kept(conf("all", "accept_redirects"), "1", sysctl);
    let forward = Step::sysctl("net/ipv4/ip_forward", "1", old).shared(links);
    others.chain(redirects).chain([forward]).collect()
}

/// Each interface has the filter that it had, and a TUN can have none: the greater of `all` and the device's own
/// counts, so the others keep what `all` gave them.
pub(super) fn own_filters(others: &[&str], sysctl: &impl Fn(&str) -> Option<String>) -> Vec<Step> {
    let mut steps = Vec::new();
    let number = |key: &str| sysctl(key).and_then(|text| text.parse::<u8>().ok());
    let all = number(&rp_filter("all")).unwrap_or(0);
    for dev in others {
        let key = rp_filter(dev);
        let Some(own) = number(&key) else { continue };
        let wanted = own.max(all);
        if wanted != own {
            steps.push(Step::sysctl(key, wanted.to_string(), own.to_string()));
        }
    }
    if all != 0 {
        let step = Step::sysctl(rp_filter("all"), "0", all.to_string());
        steps.push(optional_if(all != STRICT, step));
    }
    steps
}

pub(super) fn rp_filter(dev: &str) -> String {
    format!("net/ipv4/conf/{dev}/rp_filter")
}

/// A setting that another one changes when it goes back, unless it is `then` anyway.
fn kept(key: String, then: &str, sysctl: &impl Fn(&str) -> Option<String>) -> Option<Step> {
    sysctl(&key).filter(|old| old != then).map(|old| Step::sysctl(key, old.clone(), old))
}

fn optional_if(condition: bool, step: Step) -> Step {
    if condition { step.optional() } else { step }
}

/// A packet that the host has matched to a socket before routing it cannot be routed into a TUN any more: it would
/// be dropped. That concerns the host's own connections with real servers, and other ports of a virtual address.
fn no_early_demux(sysctl: &impl Fn(&str) -> Option<String>) -> Option<Step> {
    let key = "net/ipv4/ip_early_demux";
    sysctl(key).filter(|old| old != "0").map(|old| Step::sysctl(key, "0", old).optional())
}

/// A packet of a connection goes past the director, the next one does not: tracking that counts on sequence numbers it has seen
/// would take it for none of the connection.
pub(super) fn liberal_tracking(sysctl: &impl Fn(&str) -> Option<String>) -> Option<Step> {
    let key = "net/netfilter/nf_conntrack_tcp_be_liberal";
    sysctl(key).filter(|old| old != "1").map(|old| Step::sysctl(key, "1", old).optional())
}

/// Settings of a TUN that let packets from everywhere, the host's own addresses included, come out of it. Where
/// `/proc/sys` is read-only, only a strict filter is in the way of most traffic.
pub(super) fn device_sysctls_v4(dev: &str, sysctl: &impl Fn(&str) -> Option<String>) -> [Step; 3] {
    let key = |name: &str| format!("net/ipv4/conf/{dev}/{name}");
    let is_strict = sysctl(&key("rp_filter")).is_none_or(|value| value == STRICT.to_string());
    [
        optional_if(!is_strict, Step::device_sysctl(key("rp_filter"), "0")),
        Step::device_sysctl(key("accept_local"), "1").optional(),
        Step::device_sysctl(key("send_redirects"), "0").optional(),
    ]
}

pub(super) fn sysctls_v6(context: &PlanContext<'_>, sysctl: &impl Fn(&str) -> Option<String>) -> Vec<Step> {
    let others: Vec<&str> = context.others().collect();
    let mut steps = forwarding_v6(&others, sysctl);
    steps.extend(no_early_demux(sysctl));
    steps.extend(reserve(&context.options.laddr_ports, sysctl));
    if context.options.fast_path {
        steps.extend(liberal_tracking(sysctl));
    }
    for dev in [&context.tuns.vip, &context.tuns.rs] {
        steps.extend(device_sysctls_v6(dev));
    }
    steps
}

/// The host forwards.
pub(super) fn forwarding_v6(others: &[&str], sysctl: &impl Fn(&str) -> Option<String>) -> Vec<Step> {
    let conf = |dev: &str, name: &str| format!("net/ipv6/conf/{dev}/{name}");
    let Some(old) = sysctl("net/ipv6/conf/all/forwarding").filter(|old| old != "1") else {
        return Vec::new();
    };
    // A host that begins to forward forgets the default routes that routers told it of, unless it is told not to.
    let hears_routers = others.iter().filter_map(|dev| {
        let key = conf(dev, "accept_ra");
        sysctl(&key).filter(|old| old == "1").map(|old| Step::sysctl(key, "2", old))
    });
    let forwarding = others.iter().filter_map(|dev| kept(conf(dev, "forwarding"), "0", sysctl));
    let forward = Step::sysctl("net/ipv6/conf/all/forwarding", "1", old).shared(others);
    hears_routers.chain(forwarding).chain([forward]).collect()
}

pub(super) fn device_sysctls_v6(dev: &str) -> [Step; 2] {
    let key = |name: &str| format!("net/ipv6/conf/{dev}/{name}");
    [Step::device_sysctl(key("disable_ipv6"), "0"), Step::device_sysctl(key("accept_ra"), "0").optional()]
}
