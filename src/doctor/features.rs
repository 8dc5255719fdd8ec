//! Features of the kernel that make a director faster or able to do more: which are used here, which would be with more
//! capabilities, which this kernel lacks. Pure.

use super::Finding;
use super::site::{Site, Socket, Tun};
use super::texts;

const NET_RAW: u64 = 1 << 13;
const SYS_ADMIN: u64 = 1 << 21;
const BPF: u64 = 1 << 39;

/// A need that stands between a director and a feature.
enum Wants {
    Nothing,
    Kernel(&'static str),
    Capability(&'static str),
}

/// One finding, which is no trouble.
pub(super) fn examine(site: &Site, findings: &mut Vec<Finding>) {
    let Some(version) = texts::version(&site.release) else { return };
    let held = site.capabilities.unwrap_or_default();
    let kernel = |is_there: bool, since| if is_there { Wants::Nothing } else { Wants::Kernel(since) };
    let mut features = Vec::new();
    // Of a device that nobody can open nothing is known.
    if let Tun::There { vnet_hdr, multi_queue } = site.tun {
        features.extend([
            ("super-packets of TCP", kernel(vnet_hdr, "IFF_VNET_HDR")),
            ("super-packets of UDP", kernel(version >= (6, 2), "6.2")),
            ("several queues", kernel(multi_queue, "IFF_MULTI_QUEUE")),
        ]);
    }
    // By filters of clsact, or by links of TCX.
    let programs = |is_there, since| if is_there { programs(site, held) } else { Wants::Kernel(since) };
    features.extend([
        ("the fast path", programs(version >= (5, 14), "5.14")),
        ("super-packets whole into tunnels", programs(version >= (6, 6), "6.6")),
        ("frames for direct routing", frames(site.packet_socket, held)),
        ("`tunvs exec`", kernel(version >= (5, 14), "5.14")),
    ]);
    let of = |wanted: fn(&Wants) -> Option<&'static str>| {
        let named = features.iter().filter_map(|(name, wants)| Some((*name, wanted(wants)?)));
        let listed =
            named.map(|(name, by)| if by.is_empty() { name.to_owned() } else { format!("{name} ({by})") });
        listed.collect::<Vec<_>>().join(", ")
    };
    let mut found = format!("used: {}", of(|wants| matches!(wants, Wants::Nothing).then_some("")));
    let more = [
        (
            "with more capabilities at the start",
            of(|wants| if let Wants::Capability(name) = wants { Some(*name) } else { None }),
        ),
        (
            "with another kernel",
            of(|wants| if let Wants::Kernel(since) = wants { Some(*since) } else { None }),
        ),
    ];
    for (how, features) in more.iter().filter(|(_, features)| !features.is_empty()) {
        found.push_str(&format!("; {how}: {features}"));
    }
    findings.push(Finding::ok("kernel-features", found));
}

/// Programs of BPF, where the kernel has what they are put at.
const fn programs(site: &Site, held: u64) -> Wants {
    if site.in_user_namespace {
        Wants::Capability("CAP_BPF outside a user namespace")
    } else if held & (BPF | SYS_ADMIN) == 0 {
        Wants::Capability("CAP_BPF")
    } else {
        Wants::Nothing
    }
}

const fn frames(socket: Socket, held: u64) -> Wants {
    match socket {
        Socket::Works => Wants::Nothing,
        Socket::Denied if held & NET_RAW == 0 => Wants::Capability("CAP_NET_RAW"),
        Socket::Denied | Socket::Missing => Wants::Kernel("AF_PACKET"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(release: &str, held: u64, packet_socket: Socket) -> String {
        let tun = Tun::There { vnet_hdr: true, multi_queue: true };
        let capabilities = Some(held);
        let site = Site { release: release.to_owned(), tun, packet_socket, capabilities, ..Site::default() };
        let mut findings = Vec::new();
        examine(&site, &mut findings);
        findings.remove(0).found
    }

    #[test]
    fn programs_are_not_for_user_namespaces() {
        let release = "6.18.44".to_owned();
        let site = Site { release, capabilities: Some(!0), in_user_namespace: true, ..Site::default() };
        let mut findings = Vec::new();
        examine(&site, &mut findings);
        let found = findings.remove(0).found;
        let wanted = "the fast path (CAP_BPF outside a user namespace)";
        assert!(found.contains(wanted) && !found.contains("several queues"), "{found}");
    }

    #[test]
    fn what_is_used_and_what_would_be_is_said() {
        assert_eq!(
            found("6.18.44", BPF | NET_RAW, Socket::Works),
            "used: super-packets of TCP, super-packets of UDP, several queues, the fast path, super-packets whole into tunnels, \
             frames for direct routing, `tunvs exec`"
        );
        assert_eq!(
            found("6.12.1", 0, Socket::Denied),
            "used: super-packets of TCP, super-packets of UDP, several queues, `tunvs exec`; with more capabilities at the \
             start: the fast path (CAP_BPF), super-packets whole into tunnels (CAP_BPF), frames for direct routing (CAP_NET_RAW)"
        );
        let old = found("5.10.0-30-amd64", SYS_ADMIN, Socket::Works);
        assert!(
            old.contains(
                "with another kernel: super-packets of UDP (6.2), the fast path (5.14), super-packets whole into tunnels (6.6)"
            ),
            "{old}"
        );
    }
}
