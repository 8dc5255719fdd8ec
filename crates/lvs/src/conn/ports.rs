//! Local ports of connections whose source is rewritten: which are taken, and which comes next.
//!
//! Each pair of a local address and a peer's end has the whole range for itself, as the same local port can be used
//! towards different peers. Ports are given out in turn from a random start, then those that were given back, the
//! longest unused first. The next port is always found at once, however full the range; memory is four bytes for each
//! port that was ever in use at the same time, and more for those that rest. Never decides whether a port that rests
//! may be taken away; called by the director and, when a connection ends, by the table. Linux has this in
//! `inet_hash_connect` and `nf_nat_core.c`.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use parking_lot::Mutex;

use super::port_range::{AdoptedPort, Range, Rest, Resting};
use crate::keyed_hash::KeyedHash;
use crate::service::Endpoint;
use crate::time::Time;

/// Owner of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortPoolKey {
    pub protocol: u8,
    pub local: IpAddr,
    pub peer: Endpoint,
}

/// A port of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LocalPort {
    pub pair: PortPoolKey,
    pub port: u16,
}

/// A port that is taken and has no connection: it is for whoever holds this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldPort {
    pub pair: PortPoolKey,
    pub port: u16,
    /// None: it need not rest.
    pub rest: Option<Rest>,
}

/// The ports of all pairs.
#[derive(Debug)]
pub struct Ports {
    pairs: Mutex<HashMap<PortPoolKey, Range, KeyedHash>>,
    hasher: KeyedHash,
}

impl Ports {
    /// None are taken; `secret` keeps the first one of each pair from being foreseen.
    pub fn new(secret: u128) -> Self {
        let hasher = KeyedHash::new(secret);
        Self { pairs: Mutex::new(HashMap::with_hasher(hasher)), hasher }
    }

    /// Takes a free port of the pair. None when there is none.
    pub fn claim(&self, pair: &PortPoolKey, range: &RangeInclusive<u16>, now: Time) -> Option<u16> {
        let mut pairs = self.pairs.lock();
        let new = || Range::new(range, self.hasher.hash_one(pair));
        pairs.entry(*pair).or_insert_with(new).claim(now)
    }

    /// A port whose connection is over and stays in the table: it may be taken away when there is no other.
    pub fn rest(&self, pair: &PortPoolKey, port: u16) {
        self.with(pair, |range| range.rest(port));
    }

    /// Takes a port back whose connection goes on.
    pub fn resume(&self, pair: &PortPoolKey, port: u16) {
        self.with(pair, |range| range.resume(port));
    }

    /// The port that has rested longest; the next call shows another one, if there is any.
    pub fn next_resting(&self, pair: &PortPoolKey) -> Option<Resting> {
        self.pairs.lock().get_mut(pair)?.turn_resting()
    }

    /// Takes a port that rests without a connection. False when it does no more.
    pub fn take_left(&self, pair: &PortPoolKey, port: u16) -> bool {
        self.pairs.lock().get_mut(pair).is_some_and(|range| range.take_left(port))
    }

    /// Nobody has it any more; it rests first, if it has to.
    pub fn release(&self, HeldPort { pair, port, rest }: HeldPort) {
        self.with(&pair, |range| range.release(port, rest));
    }

    /// As [`Self::release`], for one that need not rest.
    pub fn release_unrested(&self, LocalPort { pair, port }: LocalPort) {
        self.release(HeldPort { pair, port, rest: None });
    }

    /// The pairs that have ports, in an order that stays the same.
    pub fn pairs(&self) -> Vec<PortPoolKey> {
        let mut pairs: Vec<PortPoolKey> = self.pairs.lock().keys().copied().collect();
        pairs.sort_unstable_by_key(|pair| (pair.protocol, pair.local, pair.peer));
        pairs
    }

    /// Ports of a pair that rest without a connection, in the order in which they will be taken.
    pub fn left(&self, pair: &PortPoolKey) -> Vec<(u16, Rest)> {
        self.pairs.lock().get(pair).map_or_else(Vec::new, Range::left_in_turn)
    }

    /// Takes ports that connections had elsewhere, in the order in which those that rest are to be taken; `gaps`: how many
    /// ports between them may be noted as free. Says of each whether it is taken: none is that is in use here, and none of
    /// a pair whose ports lie too far apart.
    pub fn adopt(
        &self,
        pair: &PortPoolKey,
        range: &RangeInclusive<u16>,
        ports: &[AdoptedPort],
        gaps: &mut usize,
    ) -> Vec<bool> {
        let mut pairs = self.pairs.lock();
        let range = pairs.entry(*pair).or_insert_with(|| Range::around(range, ports));
        let mut resting = range.resting_places();
        ports.iter().map(|port| range.adopt(port, &mut resting, gaps)).collect()
    }

    /// Forgets pairs that have had no connection since the last call, and no port that rests.
    pub fn forget_idle(&self, now: Time) {
        self.pairs.lock().retain(|_, range| {
            let is_unused = range.in_use == 0 && range.left.values().all(|rest| rest.until <= now);
            let is_idle = is_unused && range.was_idle;
            range.was_idle = is_unused;
            !is_idle
        });
    }

    /// Ports in use, of all pairs.
    pub fn in_use(&self) -> usize {
        self.pairs.lock().values().map(|range| range.in_use).sum()
    }

    fn with(&self, pair: &PortPoolKey, change: impl FnOnce(&mut Range)) {
        if let Some(range) = self.pairs.lock().get_mut(pair) {
            change(range);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, VecDeque};
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::port_range::SPARE;
    use super::*;

    fn pair(last: u8, port: u16) -> PortPoolKey {
        let local = Ipv4Addr::new(10, 0, 0, 1).into();
        PortPoolKey { protocol: 6, local, peer: Endpoint::new(Ipv4Addr::new(10, 9, 0, last).into(), port) }
    }

    const NOW: Time = Time::from_secs(1000);

    #[test]
    fn every_pair_has_the_whole_range() {
        let ports = Ports::new(7);
        let range = 1024..=u16::MAX;
        for pair in [pair(1, 80), pair(1, 81), pair(2, 80)] {
            let taken: BTreeSet<u16> = std::iter::from_fn(|| ports.claim(&pair, &range, NOW)).collect();
            assert_eq!((taken.len(), taken.first(), taken.last()), (64_512, Some(&1024), Some(&u16::MAX)));
            assert_eq!(ports.claim(&pair, &range, NOW), None);
        }
        assert_eq!(ports.in_use(), 3 * 64_512);
    }

    #[test]
    fn the_longest_unused_port_comes_first_and_nearly_full_costs_nothing() {
        let ports = Ports::new(1);
        let (pair, range) = (pair(1, 80), 16_384..=32_767);
        let mut taken: VecDeque<u16> = std::iter::from_fn(|| ports.claim(&pair, &range, NOW)).collect();
        assert_eq!(taken.len(), 16_384);
        // A million connections come and go while two ports are free.
        let mut free: VecDeque<u16> = taken
            .drain(..2)
            .inspect(|port| ports.release_unrested(LocalPort { pair, port: *port }))
            .collect();
        for _ in 0..1_000_000 {
            let port = ports.claim(&pair, &range, NOW).unwrap();
            assert_eq!(Some(port), free.pop_front());
            taken.push_back(port);
            let gone = taken.pop_front().unwrap();
            ports.release_unrested(LocalPort { pair, port: gone });
            free.push_back(gone);
        }
    }

    #[test]
    fn few_connections_at_a_time_use_few_ports() {
        let ports = Ports::new(1);
        let (pair, range) = (pair(1, 80), 1024..=u16::MAX);
        let mut seen = BTreeSet::new();
        for _ in 0..10_000 {
            let port = ports.claim(&pair, &range, NOW).unwrap();
            seen.insert(port);
            ports.release_unrested(LocalPort { pair, port });
        }
        assert_eq!(seen.len(), SPARE, "so many lie between two uses of a port");
    }

    #[test]
    fn idle_pairs_are_forgotten() {
        let ports = Ports::new(1);
        let port = ports.claim(&pair(1, 80), &(1024..=2000), NOW).unwrap();
        ports.forget_idle(NOW);
        ports.forget_idle(NOW);
        assert_eq!(ports.in_use(), 1);
        ports.release_unrested(LocalPort { pair: pair(1, 80), port });
        ports.forget_idle(NOW);
        assert_eq!(ports.pairs.lock().len(), 1);
        ports.forget_idle(NOW);
        assert!(ports.pairs.lock().is_empty());
    }

    #[test]
    fn a_port_rests_for_its_time_and_comes_back_then() {
        let ports = Ports::new(1);
        let (pair, range) = (pair(1, 80), 2000..=2000);
        let port = ports.claim(&pair, &range, NOW).unwrap();
        let rest = Rest { until: NOW + Duration::from_secs(60), last_segment: None };
        ports.release(HeldPort { pair, port, rest: Some(rest) });
        assert_eq!(
            (ports.claim(&pair, &range, rest.until - Duration::from_millis(1)), ports.in_use()),
            (None, 0)
        );
        assert_eq!(ports.next_resting(&pair), Some(Resting::Left(port, rest)));
        for _ in 0..3 {
            ports.forget_idle(NOW);
        }
        assert!(
            ports.take_left(&pair, port) && !ports.take_left(&pair, port),
            "taken once, remembered while it rests"
        );
        assert_eq!((ports.next_resting(&pair), ports.in_use()), (None, 1));
        ports.release(HeldPort { pair, port, rest: Some(rest) });
        assert_eq!(ports.claim(&pair, &range, rest.until), Some(port));
    }

    #[derive(Clone, Debug)]
    enum Act {
        Claim,
        Rest(usize),
        Resume(usize),
        Turn,
        TakeLeft(usize),
        Release(usize),
        /// Let the port rest for so many seconds.
        Leave(usize, u64),
        Pass(u64),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            4 => Just(Act::Claim),
            2 => any::<usize>().prop_map(Act::Rest),
            1 => any::<usize>().prop_map(Act::Resume),
            1 => Just(Act::Turn),
            1 => any::<usize>().prop_map(Act::TakeLeft),
            2 => any::<usize>().prop_map(Act::Release),
            2 => (any::<usize>(), 0..5u64).prop_map(|(at, secs)| Act::Leave(at, secs)),
            1 => (0..3u64).prop_map(Act::Pass),
        ]
    }

    proptest! {
        /// No port is given out twice or while it rests, none is lost, and the order is that of a plain model.
        #[test]
        fn ports_are_neither_doubled_nor_lost(
            acts in prop::collection::vec(act(), 0..400), first in 1u16..=u16::MAX, span in 0u16..40, secret: u128,
        ) {
            let range = first..=first.saturating_add(span);
            let count = usize::from(range.end() - range.start()) + 1;
            let ports = Ports::new(secret);
            let pair = pair(1, 80);
            let mut now = NOW;
            let mut used: Vec<u16> = Vec::new();
            let mut resting: VecDeque<Resting> = VecDeque::new();
            let mut free: VecDeque<u16> = VecDeque::new();
            for act in acts {
                match act {
                    Act::Claim => {
                        while let Some(Resting::Left(port, rest)) = resting.front().copied()
                            && rest.until <= now
                        {
                            resting.pop_front();
                            free.push_back(port);
                        }
                        let left = resting.iter().filter(|resting| matches!(resting, Resting::Left(..)));
                        let left = left.count();
                        match ports.claim(&pair, &range, now) {
                            Some(port) => {
                                prop_assert!(range.contains(&port) && !used.contains(&port));
                                prop_assert!(resting.iter().all(|resting| number(*resting) != port));
                                let is_fresh = !free.contains(&port);
                                prop_assert!(is_fresh || free.pop_front() == Some(port));
                                used.push(port);
                            }
                            None => prop_assert_eq!(used.len() + left, count),
                        }
                    }
                    Act::Rest(at) if !used.is_empty() => {
                        let port = used[at % used.len()];
                        ports.rest(&pair, port);
                        if !resting.contains(&Resting::Held(port)) {
                            resting.push_back(Resting::Held(port));
                        }
                    }
                    Act::Resume(at) if !used.is_empty() => {
                        let port = used[at % used.len()];
                        ports.resume(&pair, port);
                        resting.retain(|other| *other != Resting::Held(port));
                    }
                    Act::Turn => {
                        let first = ports.next_resting(&pair);
                        prop_assert_eq!(first, resting.pop_front());
                        resting.extend(first);
                    }
                    Act::TakeLeft(at) if !resting.is_empty() => {
                        let at = at % resting.len();
                        let is_left = matches!(resting[at], Resting::Left(..));
                        let port = number(resting[at]);
                        prop_assert_eq!(ports.take_left(&pair, port), is_left);
                        if is_left {
                            resting.remove(at);
                            used.push(port);
                        }
                    }
                    Act::Release(at) | Act::Leave(at, _) if !used.is_empty() => {
                        let port = used.swap_remove(at % used.len());
                        resting.retain(|other| *other != Resting::Held(port));
                        let rest = match act {
                            Act::Leave(_, secs) => {
                                Some(Rest { until: now + Duration::from_secs(secs), last_segment: None })
                            }
                            _ => None,
                        };
                        ports.release(HeldPort { pair, port, rest });
                        match rest {
                            Some(rest) => resting.push_back(Resting::Left(port, rest)),
                            None => free.push_back(port),
                        }
                    }
                    Act::Pass(secs) => now = now + Duration::from_secs(secs),
                    Act::Rest(_) | Act::Resume(_) | Act::TakeLeft(_) | Act::Release(_) | Act::Leave(..) => {}
                }
                prop_assert_eq!(ports.in_use(), used.len());
            }
        }
    }

    const fn number(resting: Resting) -> u16 {
        match resting {
            Resting::Held(port) | Resting::Left(port, _) => port,
        }
    }
}
