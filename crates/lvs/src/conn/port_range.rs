//! The local ports towards one peer: which are taken, which rest, and which comes next.
//!
//! Places are links of two lists, of free ports and of those that rest, so that each change is made at once, however
//! full the range.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::LastSegment;
use crate::time::Time;

/// Between two uses of a port lie so many others, as long as there are any.
pub(super) const SPARE: usize = 256;

/// Memory of a peer of the last connection that a port had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    pub until: Time,
    /// End of that stream, if it is known that the peer takes a newer one.
    pub last_segment: Option<LastSegment>,
}

/// A port that rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resting {
    /// The port's connection is over, and still in the table.
    Held(u16),
    /// The port's connection has ended.
    Left(u16, Rest),
}

/// A port that a connection had in another table, or that rests there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdoptedPort {
    pub port: u16,
    pub usage: AdoptedUse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdoptedUse {
    /// By a connection that goes on.
    Open,
    /// By one that is over.
    Held,
    Left(Rest),
}

/// No neighbour in a list.
const NOBODY: u16 = u16::MAX;

/// Place of a port, and its neighbours there.
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
pub(super) struct Range {
    first: u16,
    count: u32,
    start: u32,
    /// Of all ports that were ever used.
    links: Vec<Link>,
    free: List,
    resting: List,
    /// Places of those resting ports that have no connection any more.
    pub(super) left: BTreeMap<u16, Rest>,
    pub(super) in_use: usize,
    pub(super) was_idle: bool,
}

impl Range {
    pub(super) fn new(range: &RangeInclusive<u16>, random: u64) -> Self {
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
            left: BTreeMap::new(),
            in_use: 0,
            was_idle: false,
        }
    }

    /// A range of no ports in use, whose first places are those of `ports`.
    pub(super) fn around(range: &RangeInclusive<u16>, ports: &[AdoptedPort]) -> Self {
        let mut new = Self::new(range, 0);
        let offset = |port: &AdoptedPort| port.port.checked_sub(new.first).map(u32::from);
        let mut offsets: Vec<u32> = ports.iter().filter_map(offset).filter(|at| *at < new.count).collect();
        offsets.sort_unstable();
        // Behind the widest gap, so that as few places as can be lie between them.
        let before = offsets.iter().cycle().skip(offsets.len().saturating_sub(1));
        let gaps =
            offsets.iter().zip(before).map(|(at, before)| ((at + new.count - before) % new.count, *at));
        new.start = gaps.max_by_key(|(gap, _)| *gap).map_or(0, |(_, at)| at);
        new
    }

    /// Places of ports that rest.
    pub(super) fn resting_places(&self) -> BTreeSet<u16> {
        let mut places = BTreeSet::new();
        let mut place = self.resting.first;
        while place != NOBODY {
            places.insert(place);
            place = self.links[usize::from(place)].behind;
        }
        places
    }

    pub(super) fn left_in_turn(&self) -> Vec<(u16, Rest)> {
        let mut left = Vec::with_capacity(self.left.len());
        let mut place = self.resting.first;
        while place != NOBODY {
            left.extend(self.left.get(&place).map(|rest| (self.port(place), *rest)));
            place = self.links[usize::from(place)].behind;
        }
        left
    }

    pub(super) fn adopt(
        &mut self,
        adopted: &AdoptedPort,
        resting: &mut BTreeSet<u16>,
        gaps: &mut usize,
    ) -> bool {
        // A port outside the range is nobody's to give out.
        let Some(offset) = adopted.port.checked_sub(self.first).map(u32::from).filter(|at| *at < self.count)
        else {
            return !matches!(adopted.usage, AdoptedUse::Left(_));
        };
        let place = ((offset + self.count - self.start) % self.count) as u16;
        if usize::from(place) < self.links.len() {
            if self.is_alone(place) || resting.contains(&place) {
                return false;
            }
            self.unlink(place, false);
        } else {
            let gap = usize::from(place) - self.links.len();
            let Some(left) = gaps.checked_sub(gap) else { return false };
            *gaps = left;
            for free in self.links.len() as u16..place {
                self.links.push(Link::alone(free));
                self.push(free, false);
            }
            self.links.push(Link::alone(place));
        }
        self.in_use += 1;
        match adopted.usage {
            AdoptedUse::Open => return true,
            AdoptedUse::Held => self.rest(adopted.port),
            AdoptedUse::Left(rest) => self.release(adopted.port, Some(rest)),
        }
        resting.insert(place);
        true
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

    pub(super) fn claim(&mut self, now: Time) -> Option<u16> {
        self.end_rests(now);
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

    pub(super) fn rest(&mut self, port: u16) {
        if let Some(place) = self.place(port)
            && self.is_alone(place)
        {
            self.push(place, true);
        }
    }

    pub(super) fn resume(&mut self, port: u16) {
        if let Some(place) = self.place(port)
            && !self.is_alone(place)
        {
            self.unlink(place, true);
        }
    }

    /// Frees ports that have rested long enough, as far as they are the first in the list.
    fn end_rests(&mut self, now: Time) {
        loop {
            let place = self.resting.first;
            if self.left.get(&place).is_none_or(|rest| rest.until > now) {
                return;
            }
            self.left.remove(&place);
            self.unlink(place, true);
            self.push(place, false);
        }
    }

    pub(super) fn turn_resting(&mut self) -> Option<Resting> {
        let place = self.resting.first;
        if place == NOBODY {
            return None;
        }
        self.unlink(place, true);
        self.push(place, true);
        let port = self.port(place);
        Some(self.left.get(&place).map_or(Resting::Held(port), |rest| Resting::Left(port, *rest)))
    }

    pub(super) fn take_left(&mut self, port: u16) -> bool {
        let Some(place) = self.place(port).filter(|place| self.left.remove(place).is_some()) else {
            return false;
        };
        self.unlink(place, true);
        self.in_use += 1;
        true
    }

    pub(super) fn release(&mut self, port: u16, rest: Option<Rest>) {
        let Some(place) = self.place(port) else { return };
        if !self.is_alone(place) {
            self.unlink(place, true);
        }
        self.push(place, rest.is_some());
        if let Some(rest) = rest {
            self.left.insert(place, rest);
        }
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
