//! Limits of the ICMP errors that leave: token buckets for the host and for each receiver, as the kernel's for its own
//! (`icmp_global_allow`, `inet_peer_xrlim_allow`, `icmpv6_mask_allow`; icmp(7), ip-sysctl). Errors that tell a path's MTU
//! are never held back, or connections would hang.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;

use crate::keyed_hash::KeyedHash;
use crate::time::Time;
use lvs_wire::{IcmpError, IcmpHead};

/// Errors that a receiver may get at once (`XRLIM_BURST_FACTOR`).
const TARGET_BURST: u64 = 6;

/// Receivers that are remembered; two that fall on one place take turns, and the host's bucket holds both.
const TARGETS: usize = 1024;

/// Limits as the host's sysctls give them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpLimits {
    /// Time between two errors to one receiver, zero for no limit (`net.ipv4.icmp_ratelimit`, `net.ipv6.icmp.ratelimit`).
    pub interval: [Duration; 2],
    /// Types that are limited, a bit for each (`net.ipv4.icmp_ratemask`, `net.ipv6.icmp.ratemask`).
    pub types: [u128; 2],
    /// Errors of the host in a second, and at once (`net.ipv4.icmp_msgs_per_sec`, `icmp_msgs_burst`).
    pub per_second: u32,
    pub burst: u32,
}

impl IcmpLimits {
    /// No error is held back.
    pub const NONE: Self =
        Self { interval: [Duration::ZERO; 2], types: [0; 2], per_second: u32::MAX, burst: u32::MAX };

    /// Linux's values: unreachable, source quench, time exceeded and parameter problem of IPv4, all but too big of IPv6.
    pub const LINUX: Self = Self {
        interval: [Duration::from_secs(1); 2],
        types: [0x1818, !(1 << 2)],
        per_second: 1000,
        burst: 50,
    };
}

/// The buckets.
#[derive(Debug)]
pub(in crate::director) struct IcmpLimiter {
    limits: IcmpLimits,
    host: Mutex<Bucket>,
    targets: Box<[Mutex<Target>]>,
    hasher: KeyedHash,
    held_back: AtomicU64,
}

/// Tokens that have been saved up, and until when.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    saved: u64,
    at: Time,
}

/// Tokens that are saved each millisecond, that an error costs, and that can be saved up.
#[derive(Clone, Copy, Debug)]
struct Tariff {
    income: u64,
    price: u64,
    most: u64,
}

impl Bucket {
    /// Takes `price`, where `income` is saved each millisecond, up to `most`.
    fn take(&mut self, Tariff { income, price, most }: Tariff, now: Time) -> bool {
        let elapsed = now.0.saturating_sub(self.at.0);
        self.saved = elapsed.saturating_mul(income).saturating_add(self.saved).min(most);
        self.at = self.at.max(now);
        let has_enough = self.saved >= price;
        if has_enough {
            self.saved -= price;
        }
        has_enough
    }
}

#[derive(Clone, Copy, Debug)]
struct Target {
    addr: Option<IpAddr>,
    bucket: Bucket,
}

impl IcmpLimiter {
    pub(in crate::director) fn new(limits: IcmpLimits, secret: u128) -> Self {
        let full = Bucket { saved: u64::MAX, at: Time::ZERO };
        let target = Target { addr: None, bucket: full };
        Self {
            limits,
            host: Mutex::new(full),
            targets: (0..TARGETS).map(|_| Mutex::new(target)).collect(),
            hasher: KeyedHash::new(secret),
            held_back: AtomicU64::new(0),
        }
    }

    /// Takes a token for an error to `receiver`. False: there is none, and the error is counted as held back.
    pub(in crate::director) fn allows(&self, receiver: IpAddr, error: IcmpError, now: Time) -> bool {
        let allowed =
            !self.is_limited(receiver, error) || (self.allows_host(now) && self.allows_target(receiver, now));
        if !allowed {
            self.held_back.fetch_add(1, Relaxed);
        }
        allowed
    }

    /// Errors that were not sent.
    pub(in crate::director) fn held_back(&self) -> u64 {
        self.held_back.load(Relaxed)
    }

    fn is_limited(&self, receiver: IpAddr, error: IcmpError) -> bool {
        let IcmpHead { kind, code, .. } = error.head(receiver.is_ipv6());
        let tells_mtu = receiver.is_ipv4() && (kind, code) == (3, 4);
        !tells_mtu && 1_u128.checked_shl(kind.into()).is_some_and(|bit| self.types(receiver) & bit != 0)
    }

    const fn types(&self, receiver: IpAddr) -> u128 {
        self.limits.types[receiver.is_ipv6() as usize]
    }

    fn allows_host(&self, now: Time) -> bool {
        let (per_second, burst) = (u64::from(self.limits.per_second), u64::from(self.limits.burst));
        self.host.lock().take(Tariff { income: per_second, price: 1000, most: burst * 1000 }, now)
    }

    fn allows_target(&self, receiver: IpAddr, now: Time) -> bool {
        let interval = self.limits.interval[usize::from(receiver.is_ipv6())];
        let Ok(interval @ 1..) = u64::try_from(interval.as_millis()) else { return true };
        let hash = match receiver {
            IpAddr::V4(addr) => self.hasher.hash(&addr.octets()),
            IpAddr::V6(addr) => self.hasher.hash(&addr.octets()),
        };
        let mut target = self.targets[hash as usize % TARGETS].lock();
        if target.addr != Some(receiver) {
            *target = Target { addr: Some(receiver), bucket: Bucket { saved: u64::MAX, at: now } };
        }
        let tariff = Tariff { income: 1, price: interval, most: interval.saturating_mul(TARGET_BURST) };
        target.bucket.take(tariff, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNREACHABLE: IcmpError = IcmpError::PortUnreachable;

    fn sent(limiter: &IcmpLimiter, to: &str, tries: usize, now: Time) -> usize {
        (0..tries).filter(|_| limiter.allows(to.parse().unwrap(), UNREACHABLE, now)).count()
    }

    #[test]
    fn a_receiver_gets_six_at_once_and_then_one_a_second() {
        for to in ["192.168.1.10", "fd00:1::10"] {
            let limiter = IcmpLimiter::new(IcmpLimits::LINUX, 7);
            assert_eq!(sent(&limiter, to, 40, Time(1000)), 6);
            assert_eq!(sent(&limiter, to, 10, Time(1999)), 0);
            assert_eq!(sent(&limiter, to, 10, Time(2000)), 1);
            assert_eq!(sent(&limiter, to, 40, Time(60_000)), 6);
            assert_eq!(limiter.held_back(), 87);
        }
    }

    #[test]
    fn many_receivers_share_the_bucket_of_the_host() {
        let limiter = IcmpLimiter::new(IcmpLimits::LINUX, 7);
        let spoofed = |n| IpAddr::from(std::net::Ipv4Addr::from(0x0a00_0000_u32 + n));
        let flood = |at| (0..20_000).filter(|n| limiter.allows(spoofed(*n), UNREACHABLE, Time(at))).count();
        assert_eq!(flood(1000), 50);
        assert_eq!(flood(1040), 40);
        assert_eq!(flood(60_000), 50);
    }

    #[test]
    fn what_tells_an_mtu_is_never_held_back() {
        let limiter = IcmpLimiter::new(IcmpLimits::LINUX, 7);
        for to in ["192.168.1.10", "fd00:1::10"] {
            let told = |_: &usize| limiter.allows(to.parse().unwrap(), IcmpError::TooBig(1280), Time(0));
            assert_eq!((0..1000).filter(told).count(), 1000);
        }
    }

    #[test]
    fn zero_is_no_limit_for_one_receiver_and_none_at_all_for_the_host() {
        let mut limits = IcmpLimits { interval: [Duration::ZERO; 2], ..IcmpLimits::LINUX };
        assert_eq!(sent(&IcmpLimiter::new(limits, 7), "192.168.1.10", 100, Time(0)), 50);
        limits.burst = 0;
        assert_eq!(sent(&IcmpLimiter::new(limits, 7), "192.168.1.10", 100, Time(0)), 0);
        assert_eq!(sent(&IcmpLimiter::new(IcmpLimits::NONE, 7), "192.168.1.10", 100, Time(0)), 100);
    }
}
