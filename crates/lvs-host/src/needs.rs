//! Settings of the host without which no packet passes: those that cannot be set here, as in a container, and those that
//! somebody has set otherwise since. Pure, from the values that are read by the caller.

use std::collections::BTreeSet;

use super::context::PlanContext;
use super::error::{HostError, WrongSetting};
use super::plan::wants_loose;
use super::settings::{STRICT, rp_filter};
use super::sysctl;
use lvs::director::Captures;
use lvs::service::Family;

const FORWARD_V4: &str = "net/ipv4/ip_forward";
pub(super) const FORWARD_V6: &str = "net/ipv6/conf/all/forwarding";
const EARLY_DEMUX: &str = "net/ipv4/ip_early_demux";

/// Tells why packets of a family can never pass here.
///
/// # Errors
/// A setting is wrong and cannot be written.
pub fn workable(family: Family) -> Result<(), HostError> {
    let lacking = lacking(family, sysctl::read, sysctl::is_read_only);
    if lacking.is_empty() { Ok(()) } else { Err(HostError::CannotForward(lacking)) }
}

/// Tells why no packet at all can ever pass here.
///
/// # Errors
/// None can, of neither family, or nobody knows without /proc.
pub fn any_workable() -> Result<(), HostError> {
    if !std::path::Path::new("/proc/thread-self").exists() {
        return Err(HostError::NoProc);
    }
    workable(Family::V4).or_else(|error| workable(Family::V6).map_err(|_| error))
}

/// Settings of this family that are wrong and cannot be written.
fn lacking(
    family: Family,
    value: impl Fn(&str) -> Option<String>,
    is_read_only: impl Fn(&str) -> bool,
) -> Vec<WrongSetting> {
    let key = match family {
        Family::V4 => FORWARD_V4,
        Family::V6 => FORWARD_V6,
    };
    let wrong = |key: &str, wanted: &'static str, is_wrong: fn(&str) -> bool| {
        let is = value(key).unwrap_or_else(|| "not there".to_owned());
        (is_wrong(&is) && is_read_only(key)).then(|| WrongSetting { key: key.to_owned(), is, wanted })
    };
    let mut all: Vec<WrongSetting> = wrong(key, "1", |is| is != "1").into_iter().collect();
    if family == Family::V4 {
        // What a TUN will begin with.
        for dev in ["all", "default"] {
            all.extend(wrong(&rp_filter(dev), "0", |is| is == "1"));
        }
        if !all.is_empty() {
            all.extend(wrong(EARLY_DEMUX, "0", |is| is == "1"));
        }
    }
    all
}

/// Settings that stand between links and TUNs although the plan is carried out: forwarding that somebody switched off on the way of
/// clients and servers, a strict filter on a TUN, or on a link where the way back is a TUN.
pub(super) fn blocked(
    context: &PlanContext<'_>,
    families: impl Iterator<Item = Family>,
    captures: &Captures,
    value: impl Fn(&str) -> Option<String>,
) -> Vec<HostError> {
    let mut errors = Vec::new();
    let mut blocked = |key: String, is: Option<String>, wanted: &'static str| {
        let is = is.unwrap_or_else(|| "not there".to_owned());
        errors.push(HostError::Blocked(WrongSetting { key, is, wanted }));
    };
    let is_off = |key: &str| value(key).as_deref() == Some("0");
    for family in families {
        let key = match family {
            Family::V4 => FORWARD_V4,
            Family::V6 => FORWARD_V6,
        };
        if is_off(key) {
            blocked(key.to_owned(), value(key), "1");
            continue;
        }
        if family == Family::V6 {
            continue;
        }
        let tuns = [context.tuns.vip.as_str(), &context.tuns.rs];
        for dev in ways_in(context, captures).into_iter().chain(tuns) {
            let key = format!("net/ipv4/conf/{dev}/forwarding");
            if is_off(&key) {
                blocked(key, Some("0".to_owned()), "1");
            }
        }
        let number = |key: &str| value(key).and_then(|text| text.parse::<u8>().ok()).unwrap_or(0);
        let links = ways_in(context, captures).into_iter().filter(|_| wants_loose(context.options, captures));
        for (dev, wanted) in tuns.map(|tun| (tun, "0")).into_iter().chain(links.map(|link| (link, "2"))) {
            let strictest = ["all", dev].map(rp_filter).into_iter().max_by_key(|key| number(key));
            if let Some(key) = strictest.filter(|key| number(key) == STRICT) {
                blocked(key.clone(), value(&key), wanted);
            }
        }
    }
    errors
}

/// Links by which IPv4 packets of clients and of servers come: those in whose subnets the virtual addresses and servers
/// lie, and that of the default route for clients of addresses that are routed here.
fn ways_in<'a>(context: &PlanContext<'a>, captures: &Captures) -> BTreeSet<&'a str> {
    let view = context.view;
    let mut links = BTreeSet::new();
    let mut is_routed = false;
    for addr in captures.virtuals.iter().chain(&captures.reals).filter(|addr| addr.is_ipv4()) {
        let on = view.subnets().filter(|interface| interface.net.contains(addr));
        let on: Vec<&str> = on.map(|interface| interface.dev.as_str()).collect();
        is_routed |= on.is_empty() && captures.virtuals.contains(addr);
        links.extend(on);
    }
    if is_routed {
        let tuns = [context.tuns.vip.as_str(), &context.tuns.rs];
        let ways = view.routes_beside(&tuns).filter(|route| route.net.prefix_len() == 0);
        let ways = ways.filter(|route| !route.is_local && route.net.addr().is_ipv4());
        let indexes: BTreeSet<u32> = ways.map(|route| route.interface).collect();
        let names = view.links.iter().filter(|link| indexes.contains(&link.index));
        links.extend(names.map(|link| link.name.as_str()));
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(family: Family, settings: &[(&str, &str)]) -> String {
        let value =
            |key: &str| settings.iter().find(|(name, _)| *name == key).map(|(_, is)| (*is).to_owned());
        let lacking = lacking(family, value, |_| true);
        if lacking.is_empty() { String::new() } else { HostError::CannotForward(lacking).to_string() }
    }

    #[test]
    fn a_container_is_told_all_that_it_has_to_be_started_with() {
        let said = container(
            Family::V4,
            &[(FORWARD_V4, "0"), (EARLY_DEMUX, "1"), ("net/ipv4/conf/all/rp_filter", "0")],
        );
        assert!(said.contains("--sysctl net.ipv4.ip_forward=1 --sysctl net.ipv4.ip_early_demux=0"), "{said}");
        assert!(said.contains("--tmpfs /run/tunvs"), "{said}");
        assert!(!said.contains("rp_filter"), "{said}");
        assert_eq!(container(Family::V4, &[(FORWARD_V4, "1"), (EARLY_DEMUX, "1")]), "");
        let strict = container(Family::V4, &[(FORWARD_V4, "1"), ("net/ipv4/conf/all/rp_filter", "1")]);
        assert!(strict.contains("--sysctl net.ipv4.conf.all.rp_filter=0"), "{strict}");
        let v6 = container(Family::V6, &[(FORWARD_V4, "1"), (FORWARD_V6, "0")]);
        assert!(v6.contains("--sysctl net.ipv6.conf.all.forwarding=1"), "{v6}");
    }
}
