//! The clock of a peer as seen by ours, so that what it tells is put in order with what was seen here: a batch may be under way for
//! long where one of both is busy.

use std::time::Duration;

use lvs::Time;

/// The clocks of two hosts drift apart by no more than a millisecond or two in that time.
const WINDOW: Duration = Duration::from_secs(30);

/// Lead of our clock over the peer's, in milliseconds, by the messages that were under way for the shortest time.
#[derive(Debug, Default)]
pub(super) struct PeerClock {
    /// In this window and in the one before it.
    least: [Option<i64>; 2],
    begun: Time,
}

impl PeerClock {
    /// When a message was sent that says `sent_at` by the peer's clock and has come now; not later than now.
    pub(super) fn when(&mut self, sent_at: Time, now: Time) -> Time {
        let ahead = now.0.wrapping_sub(sent_at.0).cast_signed();
        if now.since(self.begun) >= WINDOW {
            self.least = [None, self.least[0]];
            self.begun = now;
        }
        self.least[0] = Some(self.least[0].map_or(ahead, |least| least.min(ahead)));
        let least = self.least.iter().flatten().copied().fold(ahead, i64::min);
        Time(sent_at.0.saturating_add_signed(least)).min(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_was_under_way_for_long_was_sent_long_ago() {
        let mut clock = PeerClock::default();
        let mut when = |sent_at, now| clock.when(Time(sent_at), Time(now)).0;
        assert_eq!(when(5000, 100), 100, "nothing is known yet");
        assert_eq!(when(5010, 150), 110);
        assert_eq!(when(5100, 199), 199, "one that came sooner");
        assert_eq!(when(5200, 400), 299);
        // The peer's clock is slower by a ten-thousandth.
        let late = |now: u64| 5000 + (now - 100) - now / 10_000;
        for now in (1_000..1_000_000).step_by(1_000) {
            assert!(when(late(now), now) + 6 >= now, "at {now}");
        }
    }

    #[test]
    fn a_peer_cannot_say_that_it_was_in_the_future() {
        let mut clock = PeerClock::default();
        for sent_at in [0, u64::MAX, u64::MAX / 2, 1] {
            assert!(clock.when(Time(sent_at), Time(77)) <= Time(77));
        }
    }
}
