//! A director that retires: it announces nothing any more, and is over when its traffic has gone elsewhere.
//!
//! Pure: counts of packets and the time come in. Called by [`fleet`](super::fleet).

use std::time::Duration;

use lvs::Time;
use lvs_control::Retiring;

/// How often packets are counted.
const EVERY: Duration = Duration::from_secs(1);

/// Looks in a row at which hardly anything came.
const QUIET_LOOKS: u32 = 2;

/// The share of the traffic before that counts as nothing: whoever scans addresses never ends.
const NOTHING: u64 = 100;

/// The rate of packets of clients, second by second.
#[derive(Debug, Default)]
pub(super) struct Rate {
    last: Option<(Time, u64)>,
    per_second: u64,
}

impl Rate {
    /// Takes a count in. True when a second is full.
    fn count(&mut self, packets: u64, now: Time) -> bool {
        let Some((at, before)) = self.last else {
            self.last = Some((now, packets));
            return false;
        };
        let passed = now.since(at);
        if passed < EVERY {
            return false;
        }
        let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX).max(1);
        self.per_second = packets.saturating_sub(before).saturating_mul(1000) / millis;
        self.last = Some((now, packets));
        true
    }
}

#[derive(Debug)]
struct Retirement {
    since: Time,
    deadline: Time,
    addresses: u64,
    before: u64,
    quiet: u32,
}

/// Traffic of the director, and its retirement once somebody asked for it.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    rate: Rate,
    retirement: Option<Retirement>,
}

impl Traffic {
    /// Begins to retire, or gives a retirement that has begun another deadline.
    pub(super) fn retire(&mut self, addresses: u64, deadline: Duration, now: Time) {
        let deadline = now + deadline;
        match &mut self.retirement {
            Some(retirement) => retirement.deadline = deadline,
            none => {
                let before = self.rate.per_second;
                *none = Some(Retirement { since: now, deadline, addresses, before, quiet: 0 });
            }
        }
    }

    /// Takes the number of packets of clients so far. Why the retirement is over, if it is.
    pub(super) fn look(&mut self, packets: u64, now: Time) -> Option<&'static str> {
        let is_full = self.rate.count(packets, now);
        let rate = self.rate.per_second;
        let retirement = self.retirement.as_mut()?;
        if now >= retirement.deadline {
            return Some("the deadline has passed");
        }
        // The second in which it began still has what came before.
        if is_full && now.since(retirement.since) >= EVERY {
            let is_quiet = rate <= retirement.before / NOTHING;
            retirement.quiet = if is_quiet { retirement.quiet + 1 } else { 0 };
        }
        (retirement.quiet >= QUIET_LOOKS).then_some("no traffic is left")
    }

    pub(super) fn report(&self, now: Time) -> Option<Retiring> {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.retirement.as_ref().map(|retirement| Retiring {
            since_ms: millis(now.since(retirement.since)),
            addresses: retirement.addresses,
            packets_per_second: self.rate.per_second,
            packets_per_second_before: retirement.before,
            deadline_in_ms: millis(retirement.deadline.since(now)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_over_when_hardly_anything_comes_or_at_the_deadline() {
        let mut traffic = Traffic::default();
        let at = |second: u64| Time(second * 1000);
        assert_eq!((traffic.look(0, at(0)), traffic.look(5000, at(1))), (None, None));
        traffic.retire(3, Duration::from_secs(60), at(1));
        assert_eq!(traffic.look(8000, at(2)), None);
        let report = traffic.report(at(2)).unwrap();
        assert_eq!((report.packets_per_second, report.packets_per_second_before), (3000, 5000));
        assert_eq!((report.addresses, report.since_ms, report.deadline_in_ms), (3, 1000, 59_000));
        // One in a hundred is nothing; more is not.
        assert_eq!(traffic.look(8040, at(3)), None);
        assert_eq!(traffic.look(8200, at(4)), None);
        assert_eq!(traffic.look(8240, at(5)), None);
        assert_eq!(traffic.look(8280, at(6)), Some("no traffic is left"));
        let mut busy = Traffic::default();
        busy.retire(1, Duration::from_secs(2), at(0));
        assert_eq!((busy.look(0, at(0)), busy.look(9, at(1))), (None, None));
        assert_eq!(busy.look(99, at(2)), Some("the deadline has passed"));
    }

    #[test]
    fn who_has_no_traffic_waits_for_none() {
        let mut traffic = Traffic::default();
        traffic.look(0, Time(0));
        traffic.retire(1, Duration::from_secs(60), Time(500));
        let over = (1..10).find(|second| traffic.look(0, Time(second * 1000)).is_some());
        assert_eq!(over, Some(3));
    }
}
