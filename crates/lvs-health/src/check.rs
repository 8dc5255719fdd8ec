//! The state of one check: what its rounds have shown, and whether that makes it up or down.
//!
//! Pure: time and results are arguments. Called by the server's [`Member`](super::member::Member).

use std::time::Duration;

use super::carried::{CheckRecord, ago, millis};
use super::report::CheckReport;
use super::spec::{Check, Schedule};
pub use super::weight::WeightChange;
use lvs::Time;

/// The result of a round of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As expected.
    Good {
        took: Duration,
        weight: Option<WeightChange>,
    },
    Bad {
        took: Duration,
        why: String,
    },
    /// The check cannot be made: its server is up by it, as if it were not declared.
    Void {
        why: String,
    },
    /// Something that the check needs is missing for now: all stays as it is.
    Unknown {
        why: String,
    },
}

#[derive(Debug)]
pub(super) struct CheckState {
    pub(super) check: Check,
    pub(super) up: bool,
    /// The change of the weight that the last good round asked for.
    pub(super) weight: Option<WeightChange>,
    /// Why the check itself cannot be made.
    void: Option<String>,
    since: Time,
    rounds: u64,
    against: u32,
    took: Option<Duration>,
    last_error: Option<(Time, String)>,
}

impl CheckState {
    pub(super) const fn new(check: Check, up: bool, now: Time) -> Self {
        Self {
            check,
            up,
            weight: None,
            void: None,
            since: now,
            rounds: 0,
            against: 0,
            took: None,
            last_error: None,
        }
    }

    /// Takes a round in. True when it has come up or gone down by it.
    pub(super) fn record(&mut self, outcome: &Outcome, now: Time) -> bool {
        let Schedule { rise, fall, .. } = self.check.schedule;
        self.void = match outcome {
            Outcome::Void { why } | Outcome::Unknown { why } => Some(why.clone()),
            Outcome::Good { .. } | Outcome::Bad { .. } => None,
        };
        let (good, took) = match outcome {
            Outcome::Good { took, weight } => {
                self.weight = *weight;
                (true, *took)
            }
            Outcome::Bad { took, why } => {
                self.last_error = Some((now, why.clone()));
                (false, *took)
            }
            Outcome::Void { .. } => {
                self.weight = None;
                let was_down = !self.up;
                self.turn(true, now);
                return was_down;
            }
            Outcome::Unknown { .. } => return false,
        };
        self.rounds += 1;
        self.took = Some(took);
        if good == self.up {
            self.against = 0;
            return false;
        }
        self.against += 1;
        let needed = if good { rise } else { fall };
        if self.against < needed.max(1) {
            return false;
        }
        self.turn(good, now);
        true
    }

    const fn turn(&mut self, up: bool, now: Time) {
        if self.up != up {
            self.since = now;
        }
        self.up = up;
        self.against = 0;
    }

    /// Nothing is known of its server yet.
    pub(super) const fn is_silent(&self) -> bool {
        self.rounds == 0 && self.void.is_none()
    }

    pub(super) fn last_error(&self) -> Option<&str> {
        self.last_error.as_ref().map(|(_, why)| why.as_str())
    }

    pub(super) fn state(&self, now: Time) -> CheckRecord {
        CheckRecord {
            kind: self.check.kind.name().to_owned(),
            up: self.up,
            weight: self.weight,
            void: self.void.clone(),
            since: millis(now, self.since),
            rounds: self.rounds,
            against: self.against,
            took: self.took,
            last_error: self.last_error.as_ref().map(|(at, why)| (millis(now, *at), why.clone())),
        }
    }

    /// Goes on from there, if it is the state of such a check.
    pub(super) fn resume(&mut self, state: &CheckRecord, now: Time) {
        if state.kind != self.check.kind.name() {
            return;
        }
        self.up = state.up;
        self.weight = state.weight;
        self.void.clone_from(&state.void);
        self.since = ago(now, state.since);
        (self.rounds, self.against, self.took) = (state.rounds, state.against, state.took);
        self.last_error = state.last_error.as_ref().map(|(at, why)| (ago(now, *at), why.clone()));
    }

    pub(super) fn report(&self, target: String, now: Time) -> CheckReport {
        CheckReport {
            kind: self.check.kind.name().to_owned(),
            target,
            up: self.up,
            since_secs: now.since(self.since).as_secs(),
            rounds: self.rounds,
            against: self.against,
            took_ms: self.took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            void: self.void.clone(),
            last_error: self.last_error().map(str::to_owned),
            error_secs_ago: self.last_error.as_ref().map(|(at, _)| now.since(*at).as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spec::CheckKind;

    pub(crate) fn good() -> Outcome {
        Outcome::Good { took: Duration::ZERO, weight: None }
    }

    pub(crate) fn bad() -> Outcome {
        Outcome::Bad { took: Duration::ZERO, why: "refused".to_owned() }
    }

    fn state(rise: u32, fall: u32) -> CheckState {
        let mut check = Check::new(CheckKind::Tcp);
        check.schedule.rise = rise;
        check.schedule.fall = fall;
        CheckState::new(check, true, Time::ZERO)
    }

    #[test]
    fn only_results_in_a_row_make_a_change() {
        let mut state = state(2, 3);
        let rounds = [bad(), bad(), good(), bad(), bad(), bad(), good(), bad(), good(), good()];
        let ups: Vec<bool> = rounds
            .iter()
            .map(|outcome| {
                state.record(outcome, Time::ZERO);
                state.up
            })
            .collect();
        assert_eq!(ups, [true, true, true, true, true, false, false, false, false, true]);
        let report = state.report("10.0.0.1:80".to_owned(), Time::from_secs(5));
        assert_eq!((report.rounds, report.since_secs), (10, 5));
        assert_eq!(report.last_error.as_deref(), Some("refused"));
    }

    #[test]
    fn a_check_that_cannot_be_made_holds_nobody_down() {
        let mut state = state(2, 1);
        state.record(&bad(), Time::ZERO);
        let why = || "there is no user `x`".to_owned();
        assert!(!state.record(&Outcome::Unknown { why: why() }, Time::ZERO) && !state.up, "all stays");
        assert!(state.record(&Outcome::Void { why: why() }, Time::from_secs(3)) && state.up);
        let report = state.report("x".to_owned(), Time::from_secs(5));
        assert_eq!((report.rounds, report.since_secs, report.void), (1, 2, Some(why())));
        assert!(state.record(&bad(), Time::ZERO) && state.report("x".to_owned(), Time::ZERO).void.is_none());
    }

    proptest! {
        /// The state changes exactly when the last `rise` or `fall` results all speak against it.
        #[test]
        fn a_change_needs_a_whole_run(
            rise in 1..5u32, fall in 1..5u32, results in prop::collection::vec(any::<bool>(), 0..60),
        ) {
            let mut state = state(rise, fall);
            let (mut up, mut run) = (true, 0);
            for result in results {
                run = if result == up { 0 } else { run + 1 };
                let changes = run == if result { rise } else { fall } && result != up;
                if changes {
                    up = result;
                    run = 0;
                }
                let outcome = if result { good() } else { bad() };
                prop_assert_eq!(state.record(&outcome, Time::ZERO), changes);
                prop_assert_eq!(state.up, up);
            }
        }
    }
}
