//! When a connection ends, and by how much a packet puts that off: both in eight bytes of its record.

use std::time::Duration;

use crate::time::Time;

/// Bits of the deadline in milliseconds, for 34 years; above them the timeout in seconds, up to 194 days.
const DEADLINE_BITS: u32 = 40;
const DEADLINE: u64 = (1 << DEADLINE_BITS) - 1;
const MOST_SECS: u64 = u64::MAX >> DEADLINE_BITS;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timer(u64);

impl Timer {
    pub(super) fn starting(timeout: Duration, now: Time) -> Self {
        let mut timer = Self(0);
        timer.set_timeout(timeout);
        timer.restart(now);
        timer
    }

    pub(super) const fn expires_at(self) -> Time {
        Time(self.0 & DEADLINE)
    }

    pub(super) const fn timeout(self) -> Duration {
        Duration::from_secs(self.0 >> DEADLINE_BITS)
    }

    /// Whole seconds; the deadline stays.
    pub(super) fn set_timeout(&mut self, timeout: Duration) {
        self.0 = timeout.as_secs().min(MOST_SECS) << DEADLINE_BITS | self.0 & DEADLINE;
    }

    pub(super) fn set_deadline(&mut self, deadline: Time) {
        self.0 = self.0 & !DEADLINE | deadline.0.min(DEADLINE);
    }

    /// Puts the deadline a timeout behind `now`.
    pub(super) fn restart(&mut self, now: Time) {
        self.0 = self.0 & !DEADLINE | (now + self.timeout()).0.min(DEADLINE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadline_and_timeout_do_not_touch_each_other() {
        let mut timer = Timer::starting(Duration::from_secs(3), Time(17));
        assert_eq!((timer.expires_at(), timer.timeout()), (Time(3017), Duration::from_secs(3)));
        timer.set_timeout(Duration::from_secs(86_400 * 31));
        assert_eq!(timer.expires_at(), Time(3017));
        timer.restart(Time(20));
        assert_eq!(timer.expires_at(), Time(20) + Duration::from_secs(86_400 * 31));
        assert_eq!(timer.timeout(), Duration::from_secs(86_400 * 31));
    }

    #[test]
    fn what_is_too_long_is_as_long_as_can_be() {
        let mut timer = Timer::starting(Duration::MAX, Time::ZERO);
        assert_eq!(timer.timeout(), Duration::from_secs(MOST_SECS));
        timer.restart(Time(u64::MAX));
        assert_eq!((timer.expires_at(), timer.timeout()), (Time(DEADLINE), Duration::from_secs(MOST_SECS)));
    }
}
