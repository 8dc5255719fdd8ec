//! Links whose super-packets are longer than a TUN takes (BIG TCP). Pure.

use super::Finding;
use super::site::Site;

/// `GSO_LEGACY_MAX_SIZE`: what every device takes.
const USUAL: u32 = 65_536;

const OPTIONS: [&str; 4] = ["gso_max_size", "gro_max_size", "gso_ipv4_max_size", "gro_ipv4_max_size"];

pub(super) fn examine(site: &Site, findings: &mut Vec<Finding>) {
    for link in site.outer_links().filter(|link| link.longest > USUAL) {
        let sizes: String = OPTIONS.iter().map(|option| format!(" {option} {USUAL}")).collect();
        let found = format!("super-packets of up to {} bytes at {}", link.longest, link.name);
        let why = "a TUN takes 64 KB: the kernel cuts what is longer to single segments on their way into the director, \
                   which costs more than longer packets save";
        findings.push(
            Finding::warn("offload", found, why)
                .about(link.name.as_str())
                .mend(format!("ip link set dev {}{sizes}", link.name)),
        );
    }
}
