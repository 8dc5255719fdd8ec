//! When a service is defended against SYNs of nobody: always, never, or while more come than it would usually have.
//!
//! SYNs that belong to no connection are counted by the second. The defence goes on in the second in which they are as many as
//! its limit, and off when for five seconds they were not half as many.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// SYNs a second of one service from which on an automatic defence is on, where nothing else is said.
pub const DEFAULT_SYN_RATE: u32 = 10_000;

const SECOND: u64 = 1000;

/// An automatic defence stays on for so long after a second with half of its limit.
const LINGERS: Duration = Duration::from_secs(5);

/// Answers of a defence that is off again may still be under way, or be waited for: a cookie is good for two periods of 65.5 s.
const MAY_RETURN: Duration = Duration::from_secs(131);

/// Whether a service answers SYNs by cookies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SynDefence {
    /// While too many come.
    Auto,
    On,
    #[default]
    Off,
}

impl SynDefence {
    pub const ALL: [Self; 3] = [Self::Auto, Self::On, Self::Off];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => "on",
            Self::Off => "off",
        }
    }

    pub const fn may_be_on(self) -> bool {
        !matches!(self, Self::Off)
    }
}

/// SYNs of one service.
#[derive(Debug, Default)]
pub struct SynGauge {
    /// The second that is counted.
    second: AtomicU64,
    count: AtomicU32,
    /// Until when the defence is on, in milliseconds; 0 where it never was.
    until: AtomicU64,
}

impl SynGauge {
    /// Counts a SYN. True: it is to be answered by a cookie. `rate`: limit of an automatic defence.
    pub fn note_syn(&self, mode: SynDefence, rate: u32, now: Time) -> bool {
        match mode {
            SynDefence::Off => return false,
            SynDefence::On => return true,
            SynDefence::Auto => {}
        }
        let second = now.0 / SECOND;
        // Several queues may count at once: one or two SYNs more or less do not matter.
        if self.second.swap(second, Relaxed) != second {
            self.count.store(0, Relaxed);
        }
        let count = self.count.fetch_add(1, Relaxed).saturating_add(1);
        let is_on = self.is_on(now);
        if count >= rate.max(1) || is_on && count >= rate / 2 {
            self.until.fetch_max((now + LINGERS).0, Relaxed);
            return true;
        }
        is_on
    }

    /// Whether a client may have a cookie.
    pub fn may_have_baked(&self, mode: SynDefence, now: Time) -> bool {
        match mode {
            SynDefence::Off => false,
            SynDefence::On => true,
            SynDefence::Auto => {
                let until = self.until.load(Relaxed);
                until != 0 && now < Time(until) + MAY_RETURN
            }
        }
    }

    /// Whether an automatic defence is on.
    pub fn is_on(&self, now: Time) -> bool {
        now.0 < self.until.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTO: SynDefence = SynDefence::Auto;
    const RATE: u32 = 100;

    /// How many of so many SYNs, spread over the second that begins then, are answered by cookies.
    fn answered(gauge: &SynGauge, begun: u64, count: u64) -> usize {
        (0..count).filter(|number| gauge.note_syn(AUTO, RATE, Time(begun + number * SECOND / count))).count()
    }

    #[test]
    fn it_goes_on_at_its_limit_and_off_at_half_of_it_later() {
        let gauge = SynGauge::default();
        assert_eq!(answered(&gauge, 1000, 99), 0);
        assert!(!gauge.may_have_baked(AUTO, Time(1999)));
        assert_eq!(answered(&gauge, 2000, 150), 51);
        assert_eq!(answered(&gauge, 3000, 60), 60, "less than the limit, more than half of it");
        assert_eq!(answered(&gauge, 4000, 10), 10);
        assert_eq!(answered(&gauge, 8000, 10), 10, "five seconds are not over");
        assert_eq!(answered(&gauge, 9000, 60), 0, "they are: half of the limit does not begin it");
        assert!(gauge.may_have_baked(AUTO, Time(100_000)) && !gauge.may_have_baked(AUTO, Time(140_000)));
        assert_eq!(answered(&gauge, 200_000, 100), 1);
    }

    #[test]
    fn always_and_never_do_not_count() {
        let gauge = SynGauge::default();
        for _ in 0..1000 {
            assert!(gauge.note_syn(SynDefence::On, 1, Time(5)));
            assert!(!gauge.note_syn(SynDefence::Off, 1, Time(5)));
        }
        assert!(gauge.may_have_baked(SynDefence::On, Time(5)));
        assert!(!gauge.may_have_baked(SynDefence::Off, Time(5)) && !gauge.is_on(Time(5)));
    }
}
