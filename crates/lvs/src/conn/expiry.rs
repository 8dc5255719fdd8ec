//! When to look at which connection again: a wheel of coarse ticks, one entry a connection.
//!
//! A packet only moves the deadline inside its connection. When the entry's tick comes, the connection is looked at:
//! it is due, or its entry is put where the deadline is by then. So a packet costs nothing here, and no connection
//! has a timer or a task.

use crate::time::Time;

/// Milliseconds in a tick.
const TICK: u64 = 250;

/// The wheel goes round in 64 seconds. A later deadline is looked at once a turn, which costs little, and an entry
/// that was overtaken by an earlier deadline is thrown away within that time.
const SLOTS: u64 = 256;

/// The tick at which a connection's entry lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tick(u32);

impl Tick {
    /// The first tick that is not before `deadline`.
    pub(super) const fn at_or_after(deadline: Time) -> Self {
        Self(deadline.0.div_ceil(TICK) as u32)
    }
}

#[derive(Debug)]
pub(super) struct Wheel {
    slots: Vec<Vec<u32>>,
    /// The first tick that was not handed out whole.
    next: u64,
    queued: usize,
}

impl Wheel {
    pub(super) fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| Vec::new()).collect(), next: 0, queued: 0 }
    }

    /// Puts an entry at the first tick that is not before `deadline`; one that is too far comes round earlier.
    pub(super) fn push(&mut self, id: u32, deadline: Time) -> Tick {
        let wanted = u64::from(Tick::at_or_after(deadline).0);
        let tick = wanted.clamp(self.next, self.next + SLOTS - 1);
        self.slots[(tick % SLOTS) as usize].push(id);
        self.queued += 1;
        Tick(tick as u32)
    }

    /// The next entry whose tick has come, and that tick.
    pub(super) fn pop(&mut self, now: Time) -> Option<(u32, Tick)> {
        let last = now.0 / TICK;
        if self.queued == 0 {
            self.next = self.next.max(last);
            return None;
        }
        while self.next <= last {
            let slot = &mut self.slots[(self.next % SLOTS) as usize];
            if let Some(id) = slot.pop() {
                self.queued -= 1;
                return Some((id, Tick(self.next as u32)));
            }
            // A burst's memory is given back when its tick has passed.
            if slot.capacity() > 1024 {
                *slot = Vec::new();
            }
            self.next += 1;
        }
        None
    }

    /// When [`Self::pop`] may next have something. Exact to a tick; not before the next non-empty one.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        if self.queued == 0 {
            return None;
        }
        (self.next..self.next + SLOTS)
            .find(|tick| !self.slots[(tick % SLOTS) as usize].is_empty())
            .map(|tick| Time(tick * TICK))
    }
}

impl Default for Wheel {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(wheel: &mut Wheel, now: Time) -> Vec<u32> {
        let mut ids: Vec<u32> = std::iter::from_fn(|| wheel.pop(now).map(|(id, _)| id)).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn entries_come_at_their_tick_and_not_before() {
        let mut wheel = Wheel::new();
        wheel.push(1, Time::from_secs(3));
        wheel.push(2, Time::from_secs(60));
        wheel.push(3, Time::from_secs(3) + std::time::Duration::from_millis(1));
        assert_eq!(wheel.next_deadline(), Some(Time::from_secs(3)));
        assert!(due(&mut wheel, Time(2999)).is_empty());
        assert_eq!(due(&mut wheel, Time(3000)), [1]);
        assert_eq!(due(&mut wheel, Time(3250)), [3]);
        assert_eq!(due(&mut wheel, Time::from_secs(60)), [2]);
        assert_eq!(wheel.next_deadline(), None);
    }

    #[test]
    fn a_deadline_beyond_the_wheel_comes_round_early() {
        let mut wheel = Wheel::new();
        wheel.push(1, Time::from_secs(100_000));
        let early = wheel.next_deadline().unwrap();
        assert!(early > Time::from_secs(60) && early <= Time::from_secs(64));
        assert_eq!(due(&mut wheel, early), [1]);
    }

    #[test]
    fn time_may_jump() {
        let mut wheel = Wheel::new();
        assert!(due(&mut wheel, Time::from_secs(1_000_000)).is_empty());
        wheel.push(1, Time::from_secs(1_000_010));
        wheel.push(2, Time::from_secs(5));
        assert_eq!(due(&mut wheel, Time::from_secs(1_000_000)), [2]);
        assert_eq!(due(&mut wheel, Time::from_secs(2_000_000)), [1]);
    }
}
