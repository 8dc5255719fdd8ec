//! The one clock. Everything else is told the time.

use std::time::{Duration, Instant, SystemTime};

use lvs::Time;
use nix::time::{ClockId, clock_gettime};

/// Counts from the moment it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    #[allow(clippy::disallowed_methods, reason = "this is the place that the rule leaves for it")]
    pub(crate) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// Goes on from the time of another director. Before the start of the machine there is none.
    #[allow(clippy::disallowed_methods, reason = "this is the place that the rule leaves for it")]
    pub(crate) fn from(now: Time) -> Self {
        let origin = Instant::now().checked_sub(Duration::from_millis(now.0));
        origin.map_or_else(Self::start, |origin| Self { origin })
    }

    /// Time since the origin, to the nanosecond.
    pub(super) fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }

    /// When its time began, by the host's monotonic clock.
    pub(super) fn started_at(&self) -> u64 {
        monotonic_millis().saturating_sub(self.now().0)
    }

    pub(crate) fn now(&self) -> Time {
        Time(u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// Milliseconds of the host's monotonic clock, which all processes since the boot have in common.
fn monotonic_millis() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// The time of day for what people read: milliseconds since 1970.
pub(super) fn unix_millis() -> u64 {
    unix_nanos() / 1_000_000
}

/// The same, in nanoseconds.
#[allow(clippy::disallowed_methods, reason = "this is the place that the rule leaves for it")]
pub(super) fn unix_nanos() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
