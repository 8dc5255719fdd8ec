//! Local ports of connections whose source is rewritten: which are taken, and which comes next.
//!
//! Each pair of a local address and a peer's end has the whole range for itself, as the same local port can be used
//! towards different peers. Ports are given out in turn from a random start, then those that were given back, the
//! longest unused first. The next port is always found at once, however full the range; memory is four bytes for each
//! port that was ever in use at the same time. Never decides whether a port that rests may be taken away; called by
//! the director and, when a connection ends, by the table. Linux has this in `inet_hash_connect` and `nf_nat_core.c`.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use foldhash::SharedSeed;
use foldhash::fast::SeedableRandomState;
use parking_lot::Mutex;

use crate::lvs::service::Endpoint;

/// Between two uses of a port lie so many others, as long as there are any.
const SPARE: usize = 256;

/// Whose ports they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pair {
    pub protocol: u8,
    pub local: IpAddr,
    pub peer: Endpoint,
}

/// The ports of all pairs.
#[derive(Debug)]
pub struct Ports {
    pairs: Mutex<HashMap<Pair, Range, SeedableRandomState>>,
    hasher: SeedableRandomState,
}

impl Ports {
    /// None are taken; `seed` keeps the first one of each pair from being foreseen.
    pub fn new(seed: u64) -> Self {
        let hasher = SeedableRandomState::with_seed(seed, SharedSeed::global_fixed());
        Self { pairs: Mutex::new(HashMap::with_hasher(hasher.clone())), hasher }
    }

    /// Takes a free port of the pair. None when there is none.
    pub fn claim(&self, pair: &Pair, range: &RangeInclusive<u16>) -> Option<u16> {
        let mut pairs = self.pairs.lock();
        let new = || Range::new(range, self.hasher.hash_one(pair));
        pairs.entry(*pair).or_insert_with(new).claim()
    }

    /// A port whose connection is over and stays in the table: it may be taken away when there is no other.
    pub fn rest(&self, pair: &Pair, port: u16) {
        self.with(pair, |range| range.rest(port));
    }

    /// Its connection goes on.
    pub fn resume(&self, pair: &Pair, port: u16) {
        self.with(pair, |range| range.resume(port));
    }

    /// The port that has rested longest; it rests anew from now on.
    pub fn longest_resting(&self, pair: &Pair) -> Option<u16> {
        self.pairs.lock().get_mut(pair)?.turn_resting()
    }

    /// Its connection has ended.
    pub fn release(&self, pair: &Pair, port: u16) {
        self.with(pair, |range| range.release(port));
    }

    /// Forgets pairs that have had no connection since the last call.
    pub fn forget_idle(&self) {
        self.pairs.lock().retain(|_, range| {
            let is_idle = range.in_use == 0 && range.was_idle;
            range.was_idle = range.in_use == 0;
            !is_idle
        });
    }

    /// Ports in use, of all pairs.
    pub fn in_use(&self) -> usize {
        self.pairs.lock().values().map(|range| range.in_use).sum()
    }

    fn with(&self, pair: &Pair, change: impl FnOnce(&mut Range)) {
        if let Some(range) = self.pairs.lock().get_mut(pair) {
            change(range);
        }
    }
}

/// No neighbour in a list.
const NOBODY: u16 = u16::MAX;

/// Where a port is, and its neighbours there.
#[derive(Clone, Copy, Debug)]
struct Link {
    before: u16,
    behind: u16,
}

/// A port in use that does not rest is in no list: its link points to itself.
impl Link {
    const fn alone(place: u16) -> Self {
        Self { before: place, behind: place }
    }
}

/// Places in the order in which they came.
#[derive(Clone, Copy, Debug)]
struct List {
    first: u16,
    last: u16,
    len: usize,
}

impl List {
    const EMPTY: Self = Self { first: NOBODY, last: NOBODY, len: 0 };
}

/// The ports of one pair. A place is a port's distance from the first one that was given out.
#[derive(Debug)]
struct Range {
    first: u16,
    count: u32,
    start: u32,
    /// Of all ports that were ever used.
    links: Vec<Link>,
    free: List,
    resting: List,
    in_use: usize,
    was_idle: bool,
}

impl Range {
    fn new(range: &RangeInclusive<u16>, random: u64) -> Self {
        // A place must be smaller than `NOBODY`, so port 0 is never in a range.
        let first = (*range.start()).max(1);
        let count = u32::from((*range.end()).max(first)) - u32::from(first) + 1;
        let start = (random % u64::from(count)) as u32;
        Self {
            first,
            count,
            start,
            links: Vec::new(),
            free: List::EMPTY,
            resting: List::EMPTY,
            in_use: 0,
            was_idle: false,
        }
    }

    fn port(&self, place: u16) -> u16 {
        self.first + ((self.start + u32::from(place)) % self.count) as u16
    }

    /// None for a port that was never given out.
    fn place(&self, port: u16) -> Option<u16> {
        let offset = u32::from(port.checked_sub(self.first)?);
        let place = (offset + self.count - self.start) % self.count;
        (offset < self.count && (place as usize) < self.links.len()).then_some(place as u16)
    }

    fn claim(&mut self) -> Option<u16> {
        let has_fresh = self.links.len() < self.count as usize;
        let place = if has_fresh && self.free.len < SPARE {
            let place = self.links.len() as u16;
            self.links.push(Link::alone(place));
            place
        } else {
            let place = self.free.first;
            if place == NOBODY {
                return None;
            }
            self.unlink(place, false);
            place
        };
        self.in_use += 1;
        Some(self.port(place))
    }

    fn rest(&mut self, port: u16) {
        if let Some(place) = self.place(port)
            && self.is_alone(place)
        {
            self.push(place, true);
        }
    }

    fn resume(&mut self, port: u16) {
        if let Some(place) = self.place(port)
            && !self.is_alone(place)
        {
            self.unlink(place, true);
        }
    }

    fn turn_resting(&mut self) -> Option<u16> {
        let place = self.resting.first;
        if place == NOBODY {
            return None;
        }
        self.unlink(place, true);
        self.push(place, true);
        Some(self.port(place))
    }

    fn release(&mut self, port: u16) {
        let Some(place) = self.place(port) else { return };
        if !self.is_alone(place) {
            self.unlink(place, true);
        }
        self.push(place, false);
        self.in_use = self.in_use.saturating_sub(1);
    }

    fn is_alone(&self, place: u16) -> bool {
        self.links[usize::from(place)].before == place
    }

    const fn list(&mut self, resting: bool) -> &mut List {
        if resting { &mut self.resting } else { &mut self.free }
    }

    fn push(&mut self, place: u16, resting: bool) {
        let list = self.list(resting);
        let last = list.last;
        list.last = place;
        list.len += 1;
        if last == NOBODY {
            list.first = place;
        } else {
            self.links[usize::from(last)].behind = place;
        }
        self.links[usize::from(place)] = Link { before: last, behind: NOBODY };
    }

    fn unlink(&mut self, place: u16, resting: bool) {
        let Link { before, behind } = self.links[usize::from(place)];
        let list = self.list(resting);
        list.len -= 1;
        if before == NOBODY {
            list.first = behind;
        }
        if behind == NOBODY {
            list.last = before;
        }
        if before != NOBODY {
            self.links[usize::from(before)].behind = behind;
        }
        if behind != NOBODY {
            self.links[usize::from(behind)].before = before;
        }
        self.links[usize::from(place)] = Link::alone(place);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, VecDeque};
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn pair(last: u8, port: u16) -> Pair {
        let local = Ipv4Addr::new(10, 0, 0, 1).into();
        Pair { protocol: 6, local, peer: Endpoint::new(Ipv4Addr::new(10, 9, 0, last).into(), port) }
    }

    #[test]
    fn every_pair_has_the_whole_range() {
        let ports = Ports::new(7);
        let range = 1024..=u16::MAX;
        for pair in [pair(1, 80), pair(1, 81), pair(2, 80)] {
            let taken: BTreeSet<u16> = std::iter::from_fn(|| ports.claim(&pair, &range)).collect();
            assert_eq!((taken.len(), taken.first(), taken.last()), (64_512, Some(&1024), Some(&u16::MAX)));
            assert_eq!(ports.claim(&pair, &range), None);
        }
        assert_eq!(ports.in_use(), 3 * 64_512);
    }

    #[test]
    fn the_longest_unused_port_comes_first_and_nearly_full_costs_nothing() {
        let ports = Ports::new(1);
        let (pair, range) = (pair(1, 80), 16_384..=32_767);
        let mut taken: VecDeque<u16> = std::iter::from_fn(|| ports.claim(&pair, &range)).collect();
        assert_eq!(taken.len(), 16_384);
        // A million connections come and go while two ports are free.
        let mut free: VecDeque<u16> = taken.drain(..2).inspect(|port| ports.release(&pair, *port)).collect();
        for _ in 0..1_000_000 {
            let port = ports.claim(&pair, &range).unwrap();
            assert_eq!(Some(port), free.pop_front());
            taken.push_back(port);
            let gone = taken.pop_front().unwrap();
            ports.release(&pair, gone);
            free.push_back(gone);
        }
    }

    #[test]
    fn few_connections_at_a_time_use_few_ports() {
        let ports = Ports::new(1);
        let (pair, range) = (pair(1, 80), 1024..=u16::MAX);
        let mut seen = BTreeSet::new();
        for _ in 0..10_000 {
            let port = ports.claim(&pair, &range).unwrap();
            seen.insert(port);
            ports.release(&pair, port);
        }
        assert_eq!(seen.len(), SPARE, "so many lie between two uses of a port");
    }

    #[test]
    fn idle_pairs_are_forgotten() {
        let ports = Ports::new(1);
        let port = ports.claim(&pair(1, 80), &(1024..=2000)).unwrap();
        ports.forget_idle();
        ports.forget_idle();
        assert_eq!(ports.in_use(), 1);
        ports.release(&pair(1, 80), port);
        ports.forget_idle();
        assert_eq!(ports.pairs.lock().len(), 1);
        ports.forget_idle();
        assert!(ports.pairs.lock().is_empty());
    }

    #[derive(Clone, Debug)]
    enum Act {
        Claim,
        Rest(usize),
        Resume(usize),
        Take,
        Release(usize),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            3 => Just(Act::Claim),
            2 => any::<usize>().prop_map(Act::Rest),
            1 => any::<usize>().prop_map(Act::Resume),
            1 => Just(Act::Take),
            2 => any::<usize>().prop_map(Act::Release),
        ]
    }

    proptest! {
        /// No port is given out twice, none is lost, and the order is that of a plain model.
        #[test]
        fn ports_are_neither_doubled_nor_lost(
            acts in prop::collection::vec(act(), 0..400), first in 1u16..=u16::MAX, span in 0u16..40, seed: u64,
        ) {
            let range = first..=first.saturating_add(span);
            let count = usize::from(range.end() - range.start()) + 1;
            let ports = Ports::new(seed);
            let pair = pair(1, 80);
            let mut used: Vec<u16> = Vec::new();
            let mut resting: VecDeque<u16> = VecDeque::new();
            let mut free: VecDeque<u16> = VecDeque::new();
            for act in acts {
                match act {
                    Act::Claim => match ports.claim(&pair, &range) {
                        Some(port) => {
                            prop_assert!(range.contains(&port) && !used.contains(&port));
                            let is_fresh = !free.contains(&port);
                            prop_assert!(is_fresh || free.pop_front() == Some(port));
                            used.push(port);
                        }
                        None => prop_assert_eq!(used.len(), count),
                    },
                    Act::Rest(at) if !used.is_empty() => {
                        let port = used[at % used.len()];
                        ports.rest(&pair, port);
                        if !resting.contains(&port) {
                            resting.push_back(port);
                        }
                    }
                    Act::Resume(at) if !used.is_empty() => {
                        let port = used[at % used.len()];
                        ports.resume(&pair, port);
                        resting.retain(|other| *other != port);
                    }
                    Act::Take => {
                        let taken = ports.longest_resting(&pair);
                        prop_assert_eq!(taken, resting.pop_front());
                        resting.extend(taken);
                    }
                    Act::Release(at) if !used.is_empty() => {
                        let port = used.swap_remove(at % used.len());
                        ports.release(&pair, port);
                        resting.retain(|other| *other != port);
                        free.push_back(port);
                    }
                    Act::Rest(_) | Act::Resume(_) | Act::Release(_) => {}
                }
                prop_assert_eq!(ports.in_use(), used.len());
            }
        }
    }
}
