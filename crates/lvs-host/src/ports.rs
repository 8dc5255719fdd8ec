//! Ports that stand for clients must not become those of the host's own connections: where they lie in the range that
//! the host takes its own from, they are reserved. Pure; called by the plan.

use std::ops::RangeInclusive;

use super::change::Step;

const RANGE: &str = "net/ipv4/ip_local_port_range";
const RESERVED: &str = "net/ipv4/ip_local_reserved_ports";

/// Both are of IPv6 too.
pub(super) fn reserve(ports: &RangeInclusive<u16>, sysctl: &impl Fn(&str) -> Option<String>) -> Option<Step> {
    let range = sysctl(RANGE)?;
    let mut ends = range.split_whitespace().filter_map(|end| end.parse::<u16>().ok());
    let (first, last) = (ends.next()?, ends.next()?);
    if last < *ports.start() || first > *ports.end() {
        return None;
    }
    let old = sysctl(RESERVED)?;
    let new = with(&old, ports);
    (new != old).then(|| Step::sysctl(RESERVED, new, old).optional())
}

/// The list with these ports too, as the kernel prints it: in order, neighbours joined.
fn with(list: &str, ports: &RangeInclusive<u16>) -> String {
    let mut ranges: Vec<(u16, u16)> = list
        .split(',')
        .filter_map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
        })
        .chain([(*ports.start(), *ports.end())])
        .collect();
    ranges.sort_unstable();
    let mut joined: Vec<(u16, u16)> = Vec::new();
    for (first, last) in ranges {
        match joined.last_mut() {
            Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
            _ => joined.push((first, last)),
        }
    }
    let text = |(first, last): &(u16, u16)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    joined.iter().map(text).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ports_of_the_hosts_own_range_are_reserved() {
        let host = |reserved: &'static str| {
            move |key: &str| Some(if key == RANGE { "32768\t60999" } else { reserved }.to_owned())
        };
        assert_eq!(reserve(&(16_384..=32_767), &host("")), None);
        let step = |ports, reserved| reserve(&ports, &host(reserved)).map(|step| step.to_string());
        let set = |value: &str| Some(format!("sysctl -w net.ipv4.ip_local_reserved_ports={value}"));
        assert_eq!(step(40_000..=41_000, ""), set("40000-41000"));
        assert_eq!(step(40_000..=41_000, "8080,39999,50000-50010"), set("8080,39999-41000,50000-50010"));
        assert_eq!(step(40_000..=41_000, "40000-45000"), None);
        assert_eq!(step(65_000..=65_535, ""), None);
    }
}
