//! The order of listings: ipvsadm's comparison and the C library's merge sort.
//!
//! The comparison is a signed 32-bit difference, so that addresses more than half the number space apart come
//! out the other way round, and three of them can go round in a circle. Then only the same algorithm, from the
//! same initial order, gives the same list.

use std::net::IpAddr;

use lvs::director::{ServerEntry, ServiceEntry};
use lvs::service::{Family, Protocol, ServiceKey};

pub(super) fn services(entries: &mut Vec<ServiceEntry>) {
    merge_sort(entries, |a, b| compare_services(&a.spec.key, &b.spec.key));
}

pub(super) fn servers(entries: &mut Vec<ServerEntry>) {
    merge_sort(entries, |a, b| {
        first_difference([
            compare_addrs(&a.spec.addr, &b.spec.addr),
            i32::from(a.spec.port) - i32::from(b.spec.port),
        ])
    });
}

fn compare_services(a: &ServiceKey, b: &ServiceKey) -> i32 {
    let (a_addr, b_addr) = (addr(a), addr(b));
    let addrs = match (a_addr, b_addr) {
        (Some(a), Some(b)) => compare_addrs(&a, &b),
        _ => 0,
    };
    first_difference([
        wrapping_difference(mark(a), mark(b)),
        family_number(a.family()) - family_number(b.family()),
        protocol_number(a) - protocol_number(b),
        addrs,
        i32::from(a.port()) - i32::from(b.port()),
    ])
}

fn first_difference<const N: usize>(differences: [i32; N]) -> i32 {
    differences.into_iter().find(|difference| *difference != 0).unwrap_or(0)
}

/// Positive when `a` comes later. IPv4 is the first word of an address whose other words are 0. When `a` is IPv6,
/// the first words that differ count; when it is IPv4, only the first word does.
fn compare_addrs(a: &IpAddr, b: &IpAddr) -> i32 {
    let (words, others) = (words(a), words(b));
    let compared = if a.is_ipv6() { words.len() } else { 1 };
    words
        .into_iter()
        .zip(others)
        .take(compared)
        .map(|(a, b)| wrapping_difference(a, b))
        .find(|difference| *difference != 0)
        .unwrap_or(0)
}

fn words(addr: &IpAddr) -> [u32; 4] {
    match addr {
        IpAddr::V4(addr) => [u32::from(*addr), 0, 0, 0],
        IpAddr::V6(addr) => {
            let bits = u128::from(*addr);
            [96, 64, 32, 0].map(|shift| (bits >> shift) as u32)
        }
    }
}

const fn wrapping_difference(a: u32, b: u32) -> i32 {
    a.wrapping_sub(b).cast_signed()
}

const fn mark(key: &ServiceKey) -> u32 {
    match key {
        ServiceKey::Mark { mark, .. } => *mark,
        ServiceKey::Address { .. } => 0,
    }
}

const fn addr(key: &ServiceKey) -> Option<IpAddr> {
    match key {
        ServiceKey::Mark { .. } => None,
        ServiceKey::Address { addr, .. } => Some(*addr),
    }
}

fn protocol_number(key: &ServiceKey) -> i32 {
    match key {
        ServiceKey::Mark { .. } => 0,
        ServiceKey::Address { protocol, .. } => i32::from(Protocol::number(*protocol)),
    }
}

/// `AF_INET`, `AF_INET6`.
const fn family_number(family: Family) -> i32 {
    match family {
        Family::V4 => 2,
        Family::V6 => 10,
    }
}

/// Halves, the smaller one first, each sorted, then merged; of equals the one of the first half comes first.
fn merge_sort<T>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> i32) {
    let mut order: Vec<usize> = (0..items.len()).collect();
    let mut scratch = order.clone();
    sort_run(&mut order, &mut scratch, &|a, b| compare(&items[a], &items[b]));
    let mut slots: Vec<Option<T>> = std::mem::take(items).into_iter().map(Some).collect();
    items.extend(order.into_iter().filter_map(|at| slots[at].take()));
}

fn sort_run(run: &mut [usize], scratch: &mut [usize], compare: &dyn Fn(usize, usize) -> i32) {
    if run.len() <= 1 {
        return;
    }
    let half = run.len() / 2;
    sort_run(&mut run[..half], scratch, compare);
    sort_run(&mut run[half..], scratch, compare);
    let (mut left, mut right) = (0, half);
    for slot in scratch.iter_mut().take(run.len()) {
        let take_left = left < half && (right >= run.len() || compare(run[left], run[right]) <= 0);
        let from = if take_left { &mut left } else { &mut right };
        *slot = run[*from];
        *from += 1;
    }
    run.copy_from_slice(&scratch[..run.len()]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(addrs: &[&str]) -> Vec<String> {
        let mut addrs: Vec<IpAddr> = addrs.iter().map(|addr| addr.parse().unwrap()).collect();
        merge_sort(&mut addrs, compare_addrs);
        addrs.iter().map(IpAddr::to_string).collect()
    }

    #[test]
    fn far_apart_addresses_come_out_the_other_way_round() {
        assert_eq!(sorted(&["10.0.0.1", "192.168.0.1"]), ["192.168.0.1", "10.0.0.1"]);
        assert_eq!(sorted(&["192.168.0.1", "100.0.0.1"]), ["100.0.0.1", "192.168.0.1"]);
        assert_eq!(sorted(&["2001:db8::1", "fe80::1"]), ["fe80::1", "2001:db8::1"]);
    }

    #[test]
    fn ipv4_servers_stand_among_ipv6_ones() {
        assert_eq!(
            sorted(&["2001:db8::1", "3.106.88.44", "64:0:28a9::1"]),
            ["64:0:28a9::1", "3.106.88.44", "2001:db8::1"]
        );
    }

    #[test]
    fn a_circle_ends_where_the_c_library_ends() {
        let newest_first = ["192.168.23.2", "10.123.0.2", "172.16.23.1", "192.168.23.1", "10.123.0.1"];
        assert_eq!(
            sorted(&newest_first),
            ["172.16.23.1", "192.168.23.1", "192.168.23.2", "10.123.0.1", "10.123.0.2"]
        );
    }

    #[test]
    fn marks_from_the_upper_half_come_before_addresses() {
        let high = ServiceKey::Mark { mark: u32::MAX, family: Family::V4 };
        let addr =
            ServiceKey::Address { protocol: Protocol::Tcp, addr: "10.0.0.1".parse().unwrap(), port: 80 };
        assert!(compare_services(&high, &addr) < 0);
    }
}
