//! One server of a service under checks: whether it is up, and what of it belongs in the table.
//!
//! Pure. Called by the [`Pool`](super::pool::Pool).

use super::carried::{ServerState, ago, millis};
use super::check::{CheckState, Outcome};
use super::report::ServerReport;
use super::spec::{Check, OnFailure, ServerHealth};
use lvs::Time;
use lvs::sched::FULL_SHARE;
use lvs::service::{Endpoint, ServerSpec, ServiceKey};

/// Steps in which the share of a slow start grows.
const SLOW_STEPS: u32 = 100;

#[derive(Debug)]
pub(super) struct Member {
    pub(super) health: ServerHealth,
    /// As declared, by a file or by hand. None: it is not wanted in the table.
    pub(super) spec: Option<ServerSpec>,
    /// As it is in the table, as far as we know.
    pub(super) put: Option<ServerSpec>,
    /// Changed by hand: left alone until the checks change their mind.
    pub(super) held: bool,
    pub(super) drained: bool,
    checks: Vec<CheckState>,
    up: bool,
    since: Time,
    /// When it began to take connections again; its share grows from there.
    grows_from: Option<Time>,
    /// The share that it was given.
    pub(super) put_share: u32,
    /// Why the traffic says that it does not work.
    pub(super) suspect: Option<String>,
}

impl Member {
    pub(super) fn new(health: &ServerHealth, alpha: bool, now: Time) -> Self {
        let mut member = Self {
            health: ServerHealth::new(health.server),
            spec: None,
            put: None,
            held: false,
            drained: false,
            checks: Vec::new(),
            up: true,
            since: now,
            grows_from: None,
            put_share: FULL_SHARE,
            suspect: None,
        };
        member.declare(health, alpha, now);
        member.up = member.judge();
        member
    }

    /// Takes over another declaration. Checks that stay the same keep their state; a new one begins well, unless
    /// `alpha` says otherwise.
    pub(super) fn declare(&mut self, health: &ServerHealth, alpha: bool, now: Time) {
        let mut old = std::mem::take(&mut self.checks);
        for check in &health.checks {
            let same = old.iter().position(|state| state.check == *check);
            self.checks.push(match same {
                Some(at) => old.swap_remove(at),
                None => CheckState::new(check.clone(), !(alpha || check.alpha), now),
            });
        }
        self.health = health.clone();
    }

    pub(super) fn state(&self, now: Time) -> ServerState {
        ServerState {
            server: self.endpoint(),
            spec: self.spec.clone(),
            put: self.put.clone(),
            held: self.held,
            drained: self.drained,
            up: self.up,
            since: millis(now, self.since),
            grows_since: self.grows_from.map(|from| millis(now, from)),
            put_share: self.put_share,
            suspect: self.suspect.clone(),
            checks: self.checks.iter().map(|check| check.state(now)).collect(),
        }
    }

    pub(super) fn resume(&mut self, state: &ServerState, now: Time) {
        self.spec.clone_from(&state.spec);
        self.put.clone_from(&state.put);
        (self.held, self.drained, self.up) = (state.held, state.drained, state.up);
        self.since = ago(now, state.since);
        self.grows_from = state.grows_since.map(|since| ago(now, since));
        self.put_share = state.put_share;
        self.suspect.clone_from(&state.suspect);
        for (check, state) in self.checks.iter_mut().zip(&state.checks) {
            check.resume(state, now);
        }
    }

    pub(super) const fn endpoint(&self) -> Endpoint {
        self.health.server
    }

    pub(super) const fn is_up(&self) -> bool {
        self.up
    }

    /// Somebody looks after it, or it is in the table.
    pub(super) const fn is_known(&self) -> bool {
        !self.checks.is_empty() || self.spec.is_some() || self.suspect.is_some()
    }

    pub(super) fn record(&mut self, check: usize, outcome: &Outcome, now: Time) {
        if let Some(check) = self.checks.get_mut(check) {
            check.record(outcome, now);
        }
    }

    pub(super) fn is_check_up(&self, check: usize) -> Option<bool> {
        self.checks.get(check).map(|check| check.up)
    }

    /// How many of its checks have not spoken yet.
    pub(super) fn silent_checks(&self) -> usize {
        self.checks.iter().filter(|check| check.is_silent()).count()
    }

    fn judge(&self) -> bool {
        self.suspect.is_none() && self.checks.iter().all(|check| check.up)
    }

    /// Looks whether it has come up or gone down: Some with the reason if it has.
    pub(super) fn turn(&mut self, now: Time) -> Option<String> {
        let up = self.judge();
        if up == self.up {
            return None;
        }
        self.up = up;
        self.since = now;
        self.held = false;
        if up {
            self.grow(now);
            return Some("all checks pass".to_owned());
        }
        let failed = self.checks.iter().find(|check| !check.up);
        let said = failed.map(|check| {
            let why = check.last_error().unwrap_or("not tried yet");
            format!("{} check: {why}", check.check.kind.name())
        });
        said.or_else(|| self.suspect.clone())
    }

    /// Begins a slow start.
    pub(super) fn grow(&mut self, now: Time) {
        self.grows_from = (!self.health.slow_start.is_zero()).then_some(now);
    }

    /// The weight that it has when it is well: as declared, with what its checks want of it, as keepalived sums it up.
    pub(super) fn full_weight(&self) -> i32 {
        let declared = self.spec.as_ref().map_or(0, |spec| spec.weight);
        let changes = self.checks.iter().filter_map(|check| check.weight);
        let change = changes.fold(0_i64, |sum, weight| sum.saturating_add(weight.change(declared)));
        if change == 0 {
            return declared;
        }
        let weight = i64::from(declared).saturating_add(change).max(0);
        i32::try_from(weight).unwrap_or(i32::MAX)
    }

    /// The weight that counts for the quorum.
    pub(super) fn weight_up(&self) -> i64 {
        let counts = self.up && self.spec.is_some() && !self.drained;
        if counts { i64::from(self.full_weight().max(0)) } else { 0 }
    }

    /// Returns what is to be in the table. `sorry`: the server that serves in the place of all others; it may be this one.
    pub(super) fn wanted(&self, sorry: Option<&ServerSpec>) -> Option<ServerSpec> {
        if self.held {
            return self.put.clone();
        }
        let spec = self.spec.clone()?;
        if let Some(sorry) = sorry.filter(|sorry| sorry.endpoint() == self.endpoint()) {
            return Some(sorry.clone());
        }
        if self.up && sorry.is_none() {
            return Some(ServerSpec { weight: self.full_weight(), ..spec });
        }
        match self.health.on_failure {
            // It has connections that are to end by themselves.
            OnFailure::Remove if self.drained && self.up => Some(ServerSpec { weight: 0, ..spec }),
            OnFailure::Remove => None,
            OnFailure::Quiesce => Some(ServerSpec { weight: 0, ..spec }),
        }
    }

    /// Thousandths of the new connections that are fair for it: what it gets of a slow start.
    pub(super) fn share(&self, now: Time) -> u32 {
        let Some(from) = self.grows_from.filter(|_| self.up) else { return FULL_SHARE };
        let span = self.health.slow_start.as_millis().max(1);
        let done = now.since(from).as_millis() * u128::from(SLOW_STEPS) / span;
        match u32::try_from(done) {
            Ok(done) if done < SLOW_STEPS => (done.max(1)) * FULL_SHARE / SLOW_STEPS,
            _ => FULL_SHARE,
        }
    }

    /// Whether its share is to grow.
    pub(super) fn is_due(&self, now: Time) -> bool {
        self.put.is_some() && self.share(now) != self.put_share
    }

    pub(super) fn report(&self, service: &ServiceKey, now: Time) -> ServerReport {
        let target = |check: &CheckState| target(&check.check, service, self.health.server);
        ServerReport {
            server: self.health.server,
            up: self.up,
            since_secs: now.since(self.since).as_secs(),
            weight: self.put.as_ref().map(|put| if self.drained { 0 } else { put.weight }),
            full_weight: self.spec.as_ref().map(|_| self.full_weight()),
            drained: self.drained,
            share_percent: self.put_share * 100 / FULL_SHARE,
            checks: self.checks.iter().map(|check| check.report(target(check), now)).collect(),
        }
    }
}

/// Names the target of a check, for people.
fn target(check: &Check, service: &ServiceKey, server: Endpoint) -> String {
    let at = check.goes_to(service, server);
    let asked = check.kind.asked(at);
    if check.target.via_server.is_some() { format!("{asked} via {}", server.addr) } else { asked }
}
