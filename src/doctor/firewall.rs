//! Rules of the host's filters, its NAT and its own IPVS that are in a director's way. Pure.

use std::net::IpAddr;

use super::Finding;
use super::ruleset::{Chain, Rule, Tool, Verdict};
use super::site::Site;
use crate::host::Way;
use crate::lvs::service::{Forwarding, ServiceKey};

pub(super) fn examine(site: &Site, findings: &mut Vec<Finding>) {
    let before = findings.len();
    for chain in &site.chains {
        match chain.hook.as_str() {
            "forward" if !chain.is_nat => findings.extend(forward(site, chain)),
            "input" if !chain.is_nat => findings.extend(input(site, chain)),
            "prerouting" | "output" => rewritten(site, chain, findings),
            "postrouting" if chain.is_nat => findings.extend(hidden(site, chain)),
            _ => {}
        }
    }
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

/// What becomes of packets that go into a TUN, or come out of it, in the end.
fn is_dropped(chain: &Chain, device: &str, incoming: bool) -> Option<bool> {
    let mut may_pass = false;
    for rule in &chain.rules {
        match rule.verdict {
            Verdict::Accept if rule.is_unconditional() || rule.accepts_device(device, incoming) => {
                return None;
            }
            Verdict::Drop if rule.is_unconditional() => return Some(may_pass),
            Verdict::Accept if rule.accepts_device(device, !incoming) => {}
            Verdict::Accept => may_pass |= !rule.is_established,
            Verdict::Jump => may_pass = true,
            _ => {}
        }
    }
    chain.drops_by_policy.then_some(may_pass)
}

fn forward(site: &Site, chain: &Chain) -> Option<Finding> {
    let prefix = site.tun_prefix();
    let device = format!("{prefix}-vip");
    let ways = [is_dropped(chain, &device, true), is_dropped(chain, &device, false)];
    if ways == [None, None] {
        return None;
    }
    let has_exceptions = ways.iter().flatten().all(|may_pass| *may_pass);
    let found = format!("{} drops what no rule lets through", named(chain));
    let why = "packets pass this chain on their way into a TUN and again on their way out";
    let finding = if has_exceptions {
        Finding::warn(
            "firewall",
            format!("{found}; some of its rules may let packets of the director through"),
            why,
        )
    } else {
        Finding::fail("firewall", found, why)
    };
    let (into, out) = (ways[1].is_some(), ways[0].is_some());
    let finding = if out { finding.mend(accept(chain, &prefix, true)) } else { finding };
    let finding = if into { finding.mend(accept(chain, &prefix, false)) } else { finding };
    Some(finding.about(named(chain)))
}

/// Answers to checks, and to servers of this host, come out of a TUN.
fn input(site: &Site, chain: &Chain) -> Option<Finding> {
    let prefix = site.tun_prefix();
    is_dropped(chain, &format!("{prefix}-rs"), true)?;
    let answers = chain.rules.iter().any(|rule| rule.is_established && rule.verdict == Verdict::Accept);
    let is_local = site.reals(|_| true).into_iter().any(|real| site.is_own(real));
    if answers && !is_local {
        return None;
    }
    let found = format!("{} drops what no rule lets through", named(chain));
    let why = "answers to health checks, and packets for servers on this host, come out of a TUN";
    Some(Finding::warn("firewall", found, why).mend(accept(chain, &prefix, true)).about(named(chain)))
}

/// Destinations that are rewritten before the director sees them.
fn rewritten(site: &Site, chain: &Chain, findings: &mut Vec<Finding>) {
    for vip in site.vips() {
        for rule in chain.rules.iter().filter(|rule| rule.rewrites(vip)) {
            let found = format!("a rule in {} rewrites packets to {vip}", named(chain));
            let why = "the packet has another destination before it is routed: the director never sees it";
            findings.push(Finding::fail("nat", found, why).about(vip).mend(delete(chain, rule)));
        }
    }
}

/// Sources that are rewritten on the way to masqueraded servers.
fn hidden(site: &Site, chain: &Chain) -> Option<Finding> {
    let of_family = |addr: &IpAddr| match chain.family.as_str() {
        "ip" => addr.is_ipv4(),
        "ip6" => addr.is_ipv6(),
        _ => true,
    };
    let reals = site.reals(|forwarding| forwarding == Forwarding::Masq);
    let goes_out = |rule: &Rule, real: &IpAddr| match (rule.oif.as_deref(), site.survey.ways.get(real)) {
        (None, _) => true,
        (Some(name), Some(Way::Out { dev, .. })) => name == dev,
        _ => false,
    };
    let rules = || {
        chain.rules.iter().take_while(|rule| !(rule.verdict == Verdict::Accept && rule.is_unconditional()))
    };
    let excepted = |real: &IpAddr| {
        rules().take_while(|rule| rule.verdict != Verdict::Snat).any(|rule| {
            matches!(rule.verdict, Verdict::Accept | Verdict::Other)
                && rule.daddr.iter().any(|net| net.contains(real))
        })
    };
    let met: Vec<IpAddr> = reals
        .into_iter()
        .filter(of_family)
        .filter(|real| !excepted(real))
        .filter(|real| {
            rules().any(|rule| {
                let there = rule.daddr.is_empty() || rule.daddr.iter().any(|net| net.contains(real));
                rule.verdict == Verdict::Snat && there && goes_out(rule, real)
            })
        })
        .collect();
    if met.is_empty() {
        return None;
    }
    let names: Vec<String> = met.iter().map(ToString::to_string).collect();
    let found = format!("{} may rewrite the source of packets to {}", named(chain), names.join(", "));
    let why = "servers see an address of this host in place of the client's";
    let commands = met.iter().map(|real| match chain.tool {
        Tool::Nft if !is_iptables(chain) => {
            let family = if real.is_ipv4() { "ip" } else { "ip6" };
            format!(
                "nft insert rule {} {} {} {family} daddr {real} accept",
                chain.family, chain.table, chain.name
            )
        }
        _ => format!("{} -t nat -I {} -d {real} -j ACCEPT", iptables(chain), chain.name),
    });
    Some(Finding::warn("nat", found, why).about(named(chain)).mend_all(commands))
}

fn named(chain: &Chain) -> String {
    format!("{} {} {}", chain.family, chain.table, chain.name)
}

/// Made by iptables on top of nft, and understood by it only as it writes rules itself.
fn is_iptables(chain: &Chain) -> bool {
    chain.tool == Tool::Nft && chain.family != "inet" && chain.name == chain.hook.to_uppercase()
}

fn iptables(chain: &Chain) -> &'static str {
    match (chain.tool, chain.family.as_str()) {
        (Tool::Legacy, _) => "iptables-legacy",
        (Tool::Legacy6, _) => "ip6tables-legacy",
        (Tool::Nft, "ip6") => "ip6tables",
        (Tool::Nft, _) => "iptables",
    }
}

/// Lets all pass that comes out of, or goes into, the director's devices.
fn accept(chain: &Chain, prefix: &str, incoming: bool) -> String {
    if chain.tool == Tool::Nft && !is_iptables(chain) {
        let key = if incoming { "iifname" } else { "oifname" };
        let Chain { family, table, name, .. } = chain;
        return format!("nft insert rule {family} {table} {name} {key} '\"{prefix}-*\"' accept");
    }
    let option = if incoming { "-i" } else { "-o" };
    format!("{} -t {} -I {} {option} {prefix}-+ -j ACCEPT", iptables(chain), chain.table, chain.name)
}

fn delete(chain: &Chain, rule: &Rule) -> String {
    match chain.tool {
        Tool::Nft => {
            let Chain { family, table, name, .. } = chain;
            format!("nft delete rule {family} {table} {name} handle {}", rule.handle)
        }
        Tool::Legacy | Tool::Legacy6 => {
            format!("{} -t {} -D {} {}", iptables(chain), chain.table, chain.name, rule.text)
        }
    }
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
