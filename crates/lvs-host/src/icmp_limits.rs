//! Limits of the ICMP errors that leave the host, by its sysctls (ip-sysctl: `icmp_ratelimit` and its neighbours). The errors
//! of a director do not pass through the host's own limits, so it keeps to the same. Read once, at the start.

use std::str::FromStr;
use std::time::Duration;

use lvs::director::IcmpLimits;

use super::sysctl;

/// The limits of this host; Linux's own values for what cannot be read (`icmp_msgs_per_sec` in a container, say).
pub fn icmp_limits() -> IcmpLimits {
    let known = IcmpLimits::LINUX;
    let interval = |key, otherwise| number(key).map_or(otherwise, Duration::from_millis);
    let v6_types = sysctl::read("net/ipv6/icmp/ratemask").and_then(|text| bits_of_list(&text));
    IcmpLimits {
        interval: [
            interval("net/ipv4/icmp_ratelimit", known.interval[0]),
            interval("net/ipv6/icmp/ratelimit", known.interval[1]),
        ],
        types: [
            number("net/ipv4/icmp_ratemask").unwrap_or(known.types[0]),
            v6_types.unwrap_or(known.types[1]),
        ],
        per_second: number("net/ipv4/icmp_msgs_per_sec").unwrap_or(known.per_second),
        burst: number("net/ipv4/icmp_msgs_burst").unwrap_or(known.burst),
    }
}

fn number<T: FromStr>(key: &str) -> Option<T> {
    sysctl::read(key)?.trim().parse().ok()
}

/// Bits of a list as `0-1,3-127`, empty for none. Informational messages (from 128 on) are not of interest.
fn bits_of_list(text: &str) -> Option<u128> {
    let mut bits = 0;
    for range in text.trim().split(',').filter(|range| !range.is_empty()) {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u8, u8) = (first.parse().ok()?, last.parse().ok()?);
        for kind in (first..=last).filter(|kind| *kind < 128) {
            bits |= 1 << kind;
        }
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_the_kernel_writes_them() {
        assert_eq!(bits_of_list("0-1,3-127"), Some(IcmpLimits::LINUX.types[1]));
        assert_eq!(bits_of_list("1,3-4,200-255\n"), Some(0b11010));
        assert_eq!(bits_of_list(""), Some(0));
        assert_eq!(bits_of_list("1-x"), None);
        assert_eq!(bits_of_list("300"), None);
    }

    #[test]
    fn this_host_is_read() {
        let limits = icmp_limits();
        assert_eq!(limits.interval[0], Duration::from_millis(number("net/ipv4/icmp_ratelimit").unwrap()));
    }
}
