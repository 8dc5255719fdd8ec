//! A few prefixes that cover many addresses. A policy rule per real server is exact, yet every rule costs every packet of the host; beyond a limit
//! wider prefixes take their place. What they cover in excess passes through the director unchanged.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// At most `limit` prefixes that contain all of `addresses`, which are of one family. Exact while they fit.
///
/// Sorted addresses are cut where neighbours have the least in common, so each group shares the longest prefix it can.
pub(super) fn cover(addresses: &BTreeSet<IpAddr>, limit: usize) -> BTreeSet<IpNet> {
    let sorted: Vec<IpAddr> = addresses.iter().copied().collect();
    if sorted.len() <= limit {
        return sorted.into_iter().map(IpNet::from).collect();
    }
    let mut cuts: Vec<(u8, usize)> =
        sorted.windows(2).enumerate().map(|(index, pair)| (common(pair[0], pair[1]), index + 1)).collect();
    cuts.sort_unstable();
    cuts.truncate(limit.saturating_sub(1));
    let mut bounds: Vec<usize> = cuts.into_iter().map(|(_, at)| at).collect();
    bounds.push(sorted.len());
    bounds.sort_unstable();
    let mut start = 0;
    let mut prefixes = BTreeSet::new();
    for end in bounds {
        prefixes.insert(prefix(sorted[start], common(sorted[start], sorted[end - 1])));
        start = end;
    }
    let inner: Vec<IpNet> = prefixes
        .iter()
        .filter(|net| prefixes.iter().any(|other| other != *net && other.contains(*net)))
        .copied()
        .collect();
    for net in inner {
        prefixes.remove(&net);
    }
    prefixes
}

/// How many leading bits two addresses share.
fn common(one: IpAddr, other: IpAddr) -> u8 {
    let bits = match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        _ => 0,
    };
    bits as u8
}

fn prefix(addr: IpAddr, len: u8) -> IpNet {
    let net = match addr {
        IpAddr::V4(addr) => Ipv4Net::new(addr, len).map(IpNet::V4),
        IpAddr::V6(addr) => Ipv6Net::new(addr, len).map(IpNet::V6),
    };
    net.unwrap_or(IpNet::from(addr)).trunc()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn few_addresses_stay_exact() {
        let addresses = ["10.0.0.1", "10.0.0.9"].map(|addr| addr.parse().unwrap()).into();
        let covered: Vec<String> = cover(&addresses, 2).iter().map(IpNet::to_string).collect();
        assert_eq!(covered, ["10.0.0.1/32", "10.0.0.9/32"]);
    }

    #[test]
    fn two_racks_become_two_prefixes() {
        let addresses =
            (0..20u8).flat_map(|n| [IpAddr::from([10, 1, 0, n]), IpAddr::from([10, 2, 0, n])]).collect();
        let covered: Vec<String> = cover(&addresses, 2).iter().map(IpNet::to_string).collect();
        assert_eq!(covered, ["10.1.0.0/27", "10.2.0.0/27"]);
    }

    proptest! {
        #[test]
        fn all_addresses_are_covered_within_the_limit(
            addresses in prop::collection::btree_set(any::<u32>().prop_map(|bits| IpAddr::V4(bits.into())), 0..200),
            limit in 1usize..70,
        ) {
            let nets = cover(&addresses, limit);
            prop_assert!(nets.len() <= limit);
            for addr in &addresses {
                prop_assert!(nets.iter().any(|net| net.contains(addr)));
            }
        }
    }
}
