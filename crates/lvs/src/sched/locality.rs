//! Memory of lblc and lblcr of each virtual address, and when they forget it.
//!
//! Owns the cache's size and the times of its entries. Never looks at servers. The kernel checks it by a timer of
//! 60 s; here the checks that fell due are made up for at the next connection. Same job as the tables of
//! `ip_vs_lblc.c` and `ip_vs_lblcr.c`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Bound::{Excluded, Unbounded};
use std::time::Duration;

use crate::time::Time;

/// Entries from which unused ones are given up early.
const MAX_SIZE: usize = 1024 * 16;
/// Entries from which no new one is made; the server is chosen all the same.
const FULL_SIZE: usize = MAX_SIZE * 4;

const CHECK_INTERVAL: Duration = Duration::from_secs(60);
/// How long an entry is unused until a crowded cache gives it up.
const ENTRY_TIMEOUT: Duration = Duration::from_secs(6 * 60);
/// Every so many checks all entries are looked at.
const CHECKS_PER_FULL_CHECK: u32 = 30;

#[derive(Clone, Debug)]
pub(super) struct Cache<V> {
    entries: BTreeMap<IpAddr, Entry<V>>,
    next_check: Option<Time>,
    checks: u32,
    /// Place where the last early check stopped.
    rover: Option<IpAddr>,
}

#[derive(Clone, Debug)]
struct Entry<V> {
    value: V,
    last_use: Time,
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), next_check: None, checks: 1, rover: None }
    }
}

impl<V> Cache<V> {
    /// Returns what is remembered of this address; that counts as a use. First forgets what was not used for `expiration`.
    pub(super) fn touch(&mut self, addr: IpAddr, now: Time, expiration: Duration) -> Option<&mut V> {
        self.catch_up(now, expiration);
        let entry = self.entries.get_mut(&addr)?;
        entry.last_use = now;
        Some(&mut entry.value)
    }

    pub(super) fn insert(&mut self, addr: IpAddr, value: V, now: Time) {
        if self.entries.len() < FULL_SIZE || self.entries.contains_key(&addr) {
            self.entries.insert(addr, Entry { value, last_use: now });
        }
    }

    /// Addresses, what is remembered of them, and when it was used last.
    pub(super) fn entries(&self) -> impl Iterator<Item = (IpAddr, &V, Time)> {
        self.entries.iter().map(|(addr, entry)| (*addr, &entry.value, entry.last_use))
    }

    fn catch_up(&mut self, now: Time, expiration: Duration) {
        let mut due = self.next_check.unwrap_or(now + CHECK_INTERVAL);
        if self.entries.is_empty() && due <= now {
            due = now + CHECK_INTERVAL;
        }
        while due <= now {
            self.check(due, expiration);
            due = due + CHECK_INTERVAL;
        }
        self.next_check = Some(due);
    }

    fn check(&mut self, now: Time, expiration: Duration) {
        if self.checks.is_multiple_of(CHECKS_PER_FULL_CHECK) {
            self.entries.retain(|_, entry| now.since(entry.last_use) < expiration);
            self.checks = 1;
        } else if self.entries.len() <= MAX_SIZE {
            self.checks += 1;
        } else {
            self.thin_out(now);
        }
    }

    /// Gives up a bounded number of entries that were not used for a while, going on where it stopped last.
    fn thin_out(&mut self, now: Time) {
        let goal = ((self.entries.len() - MAX_SIZE) * 4 / 3).clamp(1, MAX_SIZE / 2);
        let start = self.rover.map_or(Unbounded, Excluded);
        let is_stale = |entry: &Entry<V>| now.since(entry.last_use) >= ENTRY_TIMEOUT;
        let behind = self.entries.range((start, Unbounded));
        let before = self.rover.map(|rover| self.entries.range(..=rover)).into_iter().flatten();
        let stale: Vec<IpAddr> = behind
            .chain(before)
            .filter(|(_, entry)| is_stale(entry))
            .map(|(addr, _)| *addr)
            .take(goal)
            .collect();
        for addr in &stale {
            self.entries.remove(addr);
        }
        self.rover = stale.last().copied().or(self.rover);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn addr(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn an_unused_entry_lasts_a_day_and_up_to_half_an_hour() {
        let mut cache = Cache::default();
        assert_eq!(cache.touch(addr(1), Time::ZERO, DAY), None);
        cache.insert(addr(1), "one", Time::ZERO);
        let day = Time::ZERO + DAY;
        assert!(cache.touch(addr(2), day - Duration::from_secs(61), DAY).is_none());
        assert_eq!(cache.entries.len(), 1);
        assert_eq!(cache.touch(addr(1), day + Duration::from_secs(31 * 60), DAY), None);
    }

    #[test]
    fn a_used_entry_stays() {
        let mut cache = Cache::default();
        cache.insert(addr(1), "one", Time::ZERO);
        for hours in 0..48 {
            assert!(cache.touch(addr(1), Time::from_secs(hours * 3600), DAY).is_some());
        }
    }

    #[test]
    fn a_crowded_cache_gives_up_what_was_unused_for_six_minutes() {
        let mut cache = Cache::default();
        let crowd = MAX_SIZE as u32 + 300;
        for number in 0..crowd {
            cache.touch(addr(number), Time::ZERO, DAY);
            cache.insert(addr(number), (), Time::ZERO);
        }
        cache.touch(addr(crowd), Time::from_secs(301), DAY);
        assert_eq!(cache.entries.len(), crowd as usize);
        cache.touch(addr(crowd), Time::from_secs(361), DAY);
        assert_eq!(cache.entries.len(), MAX_SIZE - 100);
    }

    #[test]
    fn a_full_cache_takes_no_more() {
        let mut cache = Cache::default();
        for number in 0..FULL_SIZE as u32 + 10 {
            cache.insert(addr(number), (), Time::ZERO);
        }
        assert_eq!(cache.entries.len(), FULL_SIZE);
        cache.insert(addr(1), (), Time::from_secs(1));
        assert_eq!(cache.entries.len(), FULL_SIZE);
    }
}
