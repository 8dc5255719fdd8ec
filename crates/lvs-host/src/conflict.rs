//! How often another program changes what the director made on the host, and when that is to be said: each time at first, once a
//! minute when it goes on. Pure: the caller brings the time.

use std::time::Duration;

use lvs::Time;

/// Whoever changes something so long after the last time has not done it again and again.
const QUIET: Duration = Duration::from_secs(60);

/// From so many times on it is said once in [`QUIET`], not each time.
const CONTESTED: u32 = 3;

/// Between the director and whoever changes things of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Conflict {
    times: u32,
    last: Option<Time>,
    said: Option<Time>,
}

impl Conflict {
    /// Counts one more change. Returns the count where it is to be said.
    pub(super) fn note(&mut self, now: Time) -> Option<u32> {
        if self.last.is_none_or(|last| now.since(last) > QUIET) {
            (self.times, self.said) = (0, None);
        }
        self.times = self.times.saturating_add(1);
        self.last = Some(now);
        let is_said = self.times <= CONTESTED || self.said.is_none_or(|said| now.since(said) > QUIET);
        if is_said {
            self.said = Some(now);
        }
        is_said.then_some(self.times)
    }

    /// How often, while that goes on again and again.
    fn times(&self, now: Time) -> Option<u32> {
        let is_recent = self.last.is_some_and(|last| now.since(last) <= QUIET);
        (is_recent && self.times >= CONTESTED).then_some(self.times)
    }
}

/// All that another program may change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conflicts {
    /// Interfaces, addresses, routes, proxy neighbours, rules.
    pub(super) things: Conflict,
    pub(super) settings: Conflict,
}

impl Conflicts {
    /// How often something was changed in a row, while that goes on again and again.
    pub fn times(&self, now: Time) -> Option<u32> {
        self.things.times(now).max(self.settings.times(now))
    }

    /// The same, where it was said since `before`.
    pub fn news_since(&self, before: &Self, now: Time) -> Option<u32> {
        let is_said_since = |is: Conflict, was: Conflict| is.said != was.said && is.times(now).is_some();
        let is_news =
            is_said_since(self.things, before.things) || is_said_since(self.settings, before.settings);
        self.times(now).filter(|_| is_news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_three_times_and_then_once_a_minute() {
        let mut conflict = Conflict::default();
        let said: Vec<u64> =
            (0..150).filter(|second| conflict.note(Time::from_secs(*second)).is_some()).collect();
        assert_eq!(said, [0, 1, 2, 63, 124]);
        assert_eq!(conflict.times(Time::from_secs(149)), Some(150));
        assert_eq!(conflict.times(Time::from_secs(209)), Some(150));
        assert_eq!(conflict.times(Time::from_secs(210)), None);
        assert_eq!(conflict.note(Time::from_secs(210)), Some(1), "it begins anew");
    }

    #[test]
    fn news_are_what_was_said_once_it_is_a_contest() {
        let mut conflicts = Conflicts::default();
        let mut news = Vec::new();
        for second in 0..70 {
            let before = conflicts;
            let now = Time::from_secs(second);
            conflicts.settings.note(now);
            news.extend(conflicts.news_since(&before, now).map(|times| (second, times)));
            assert_eq!(conflicts.news_since(&conflicts, now), None);
        }
        assert_eq!(news, [(2, 3), (63, 64)]);
    }
}
