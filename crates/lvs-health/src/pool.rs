//! One service under checks: quorum, sorry server, and the way from what is in the table to what should be.
//!
//! Pure. What somebody changed by hand is noticed by comparing the table with what was put there. It holds until the
//! checks of that server change their mind: a weight given by hand is the one that it comes back with, a server that
//! was removed by hand is not added again, one that was added by hand stays. Called by [`Health`](super::state::Health).

use std::collections::BTreeMap;

use super::action::Action;
use super::announcer::AnnounceCandidate;
use super::carried::ServiceState;
use super::check::Outcome;
use super::member::Member;
use super::passive::{Listener, Verdict};
use super::report::ServiceReport;
use super::spec::{Script, ServerHealth, ServiceHealth, ServicePolicy};
use super::transition::{step, turn};
use lvs::Time;
use lvs::director::{Command, HandshakeStats, ServiceEntry};
use lvs::sched::FULL_SHARE;
use lvs::service::{Endpoint, ServerSpec, ServiceKey};
use lvs_events::Event;

#[derive(Debug)]
pub(super) struct Pool {
    service: ServiceKey,
    policy: ServicePolicy,
    members: BTreeMap<Endpoint, Member>,
    /// Quorum is reached.
    up: bool,
    /// The sorry server as it is in the table.
    sorry: Option<ServerSpec>,
    /// The table has been looked at.
    settled: bool,
    /// Things that have happened since.
    happened: Vec<Action>,
    listener: Listener,
}

impl Pool {
    pub(super) fn new(health: &ServiceHealth, now: Time) -> Self {
        let mut pool = Self {
            service: health.service,
            policy: ServicePolicy::default(),
            members: BTreeMap::new(),
            up: false,
            sorry: None,
            settled: false,
            happened: Vec::new(),
            listener: Listener::default(),
        };
        pool.declare(health, now);
        pool
    }

    pub(super) fn declare(&mut self, health: &ServiceHealth, now: Time) {
        self.policy = health.policy.clone();
        for member in self.members.values_mut() {
            if !health.servers.iter().any(|server| server.server == member.endpoint()) {
                member.declare(&ServerHealth::new(member.endpoint()), false, now);
                turn(self.service, member, &mut self.happened, now);
            }
        }
        for server in &health.servers {
            match self.members.get_mut(&server.server) {
                Some(member) => {
                    member.declare(server, self.policy.alpha, now);
                    turn(self.service, member, &mut self.happened, now);
                }
                None => {
                    let member = Member::new(server, self.policy.alpha, now);
                    self.members.insert(server.server, member);
                }
            }
        }
    }

    /// State of the service, when all that follows from it is done.
    pub(super) fn state(&self, now: Time) -> ServiceState {
        ServiceState {
            service: self.service,
            up: self.up,
            settled: self.settled,
            sorry: self.sorry.clone(),
            servers: self.members.values().map(|member| member.state(now)).collect(),
            listens_in: self.listener.due_in(now),
            heard: self.listener.state(now),
        }
    }

    /// Goes on from there.
    pub(super) fn resume(&mut self, state: &ServiceState, now: Time) {
        (self.up, self.settled) = (state.up, state.settled);
        self.sorry.clone_from(&state.sorry);
        self.listener.resume(&state.heard, state.listens_in, now);
        for server in &state.servers {
            let new = || Member::new(&ServerHealth::new(server.server), false, now);
            self.members.entry(server.server).or_insert_with(new).resume(server, now);
        }
    }

    pub(super) fn member(&self, server: &Endpoint) -> Option<&Member> {
        self.members.get(server)
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// Takes the result of a round in. True when something may follow.
    pub(super) fn record(&mut self, server: &Endpoint, check: usize, outcome: &Outcome, now: Time) -> bool {
        let Some(member) = self.members.get_mut(server) else { return false };
        let weight = member.full_weight();
        member.record(check, outcome, now);
        turn(self.service, member, &mut self.happened, now) || member.full_weight() != weight
    }

    /// Whether the traffic is to be listened to now.
    pub(super) fn is_listening(&self, now: Time) -> bool {
        let hears =
            self.policy.passive.is_some() || self.members.values().any(|member| member.suspect.is_some());
        hears && self.listener.is_due(now)
    }

    /// Takes in what the director has counted. True when something may follow.
    pub(super) fn listen(&mut self, counted: &[(Endpoint, HandshakeStats)], now: Time) -> bool {
        let mut turned = false;
        let verdicts = match &self.policy.passive {
            Some(policy) => self.listener.listen(policy, counted, now),
            None => {
                self.listener = Listener::default();
                self.members.keys().map(|server| Verdict { server: *server, suspect: None }).collect()
            }
        };
        for Verdict { server, suspect } in verdicts {
            if let Some(member) = self.members.get_mut(&server) {
                member.suspect = suspect;
                turned |= turn(self.service, member, &mut self.happened, now);
            }
        }
        turned
    }

    /// Returns what the configuration's wish for a server comes to while checks say what they say.
    pub(super) fn admit(&mut self, spec: &ServerSpec, now: Time) -> Option<Command> {
        let endpoint = spec.endpoint();
        let sorry = self.serving().cloned();
        let member = self
            .members
            .entry(endpoint)
            .or_insert_with(|| Member::new(&ServerHealth::new(endpoint), false, now));
        member.spec = Some(spec.clone());
        member.held = false;
        let wanted = member.wanted(sorry.as_ref());
        let command = step(self.service, member.put.as_ref(), wanted.as_ref(), endpoint);
        member.put = wanted;
        command
    }

    /// Returns what the configuration's wish for all servers of the service comes to.
    pub(super) fn admit_all(&mut self, servers: &[ServerSpec], now: Time) -> Vec<ServerSpec> {
        for member in self.members.values_mut() {
            if !servers.iter().any(|spec| spec.endpoint() == member.endpoint()) {
                member.spec = None;
                member.put = None;
            }
        }
        for spec in servers {
            self.admit(spec, now);
        }
        let places = servers.iter().map(ServerSpec::endpoint);
        let put = places.filter_map(|place| self.members.get(&place)?.put.clone());
        put.chain(self.sorry.clone()).collect()
    }

    /// The server is not wanted any more. True when it was in the table.
    pub(super) fn dismiss(&mut self, server: &Endpoint) -> bool {
        let Some(member) = self.members.get_mut(server) else { return true };
        let was_taken_out = member.spec.take().is_some() && member.put.is_none();
        member.put = None;
        member.held = false;
        !was_taken_out
    }

    /// The service is gone, or will be made anew.
    pub(super) fn leave(&mut self) {
        for member in self.members.values_mut() {
            member.spec = None;
            member.put = None;
            member.held = false;
        }
        self.members.retain(|_, member| member.is_known());
        self.sorry = None;
        self.settled = false;
    }

    /// The sorry server, while it serves in the place of all others.
    fn serving(&self) -> Option<&ServerSpec> {
        let sorry = self.policy.sorry.as_ref().map(|sorry| &sorry.server);
        sorry.filter(|_| self.settled && !self.up)
    }

    /// Returns what is to be done, given what is in the table. None: the service is not there.
    pub(super) fn settle(&mut self, actual: Option<&ServiceEntry>, now: Time) -> Vec<Action> {
        match actual {
            Some(actual) => {
                self.adopt(actual, now);
                self.judge();
                self.arrange(now);
            }
            None => self.leave(),
        }
        std::mem::take(&mut self.happened)
    }

    /// Takes over what was changed by hand.
    fn adopt(&mut self, actual: &ServiceEntry, now: Time) {
        let sorry = self.sorry.as_ref().map(|sorry| sorry.endpoint());
        let mut seen = Vec::with_capacity(actual.servers.len());
        for entry in &actual.servers {
            let endpoint = entry.spec.endpoint();
            seen.push(endpoint);
            if sorry == Some(endpoint) && !self.members.contains_key(&endpoint) {
                continue;
            }
            let member = self
                .members
                .entry(endpoint)
                .or_insert_with(|| Member::new(&ServerHealth::new(endpoint), false, now));
            if member.drained && !entry.drained {
                member.grow(now);
            }
            member.drained = entry.drained;
            if member.put.as_ref() == Some(&entry.spec) {
                continue;
            }
            let mut spec = entry.spec.clone();
            let kept_weight = member.put.as_ref().is_some_and(|put| put.weight == spec.weight);
            match &member.spec {
                Some(declared) if kept_weight => spec.weight = declared.weight,
                _ => member.held = self.settled,
            }
            member.spec = Some(spec);
            member.put = Some(entry.spec.clone());
        }
        for member in self.members.values_mut() {
            if member.put.is_some() && !seen.contains(&member.endpoint()) {
                member.spec = None;
                member.put = None;
                member.held = false;
            }
        }
        self.members.retain(|_, member| member.is_known());
        if sorry.is_some_and(|sorry| !seen.contains(&sorry)) {
            self.sorry = None;
        }
    }

    /// Looks whether there is quorum.
    fn judge(&mut self) {
        let weight = self.weight_up();
        let (quorum, hysteresis) = (i64::from(self.policy.quorum.max(1)), i64::from(self.policy.hysteresis));
        if !self.settled {
            self.settled = true;
            self.up = weight >= quorum;
            return;
        }
        let up =
            if self.up { weight > 0 && weight >= quorum - hysteresis } else { weight >= quorum + hysteresis };
        if up == self.up {
            return;
        }
        self.up = up;
        if self.policy.sorry.is_some() {
            for member in self.members.values_mut() {
                member.held = false;
            }
        }
        let (service, reason) = (self.service, format!("weight {weight} is up, quorum is {quorum}"));
        let (event, script) = if up {
            (Event::ServiceUp { service, reason }, &self.policy.quorum_up)
        } else {
            (Event::ServiceDown { service, reason }, &self.policy.quorum_down)
        };
        self.happened.push(Action::Publish(event));
        self.happened.extend(script.clone().map(Action::Run));
    }

    fn weight_up(&self) -> i64 {
        self.members.values().map(Member::weight_up).sum()
    }

    /// Leads the table to what it should be: who comes, comes before others go.
    fn arrange(&mut self, now: Time) {
        let serving = self.serving().cloned();
        let (mut comes, mut shares, mut goes) = (Vec::new(), Vec::new(), Vec::new());
        let mut sort = |command: Command| match command {
            Command::DeleteServer { .. } => goes.push(command),
            _ => comes.push(command),
        };
        let sorry = self.policy.sorry.as_ref().and_then(|sorry| {
            let weight = if serving.is_some() { sorry.server.weight } else { 0 };
            (serving.is_some() || sorry.inhibit).then(|| ServerSpec { weight, ..sorry.server.clone() })
        });
        if let Some(spec) = self.sorry.as_ref().or(sorry.as_ref()) {
            let endpoint = spec.endpoint();
            if self.members.get(&endpoint).is_none_or(|member| member.spec.is_none()) {
                step(self.service, self.sorry.as_ref(), sorry.as_ref(), endpoint).map(&mut sort);
                self.sorry = sorry;
            } else {
                // It is a real server too, which follows below.
                self.sorry = None;
            }
        }
        for member in self.members.values_mut() {
            let wanted = member.wanted(serving.as_ref());
            step(self.service, member.put.as_ref(), wanted.as_ref(), member.endpoint()).map(&mut sort);
            member.put = wanted;
            if member.put.is_none() {
                member.put_share = FULL_SHARE;
            }
            let share = member.share(now);
            if member.put.is_some() && share != member.put_share {
                member.put_share = share;
                let (service, server) = (self.service, member.endpoint());
                shares.push(Command::SetShare { service, server, share });
            }
        }
        self.happened.extend(comes.into_iter().chain(shares).chain(goes).map(Action::Apply));
    }

    /// Whether [`Self::settle`] has something to do without any result.
    pub(super) fn is_due(&self, now: Time) -> bool {
        self.members.values().any(|member| member.is_due(now))
    }

    /// Scripts of what goes down with the director.
    pub(super) fn last_scripts(&self) -> Vec<Script> {
        if !self.policy.omega {
            return Vec::new();
        }
        let up = self.members.values().filter(|member| member.is_up() && member.put.is_some());
        let quorum = self.policy.quorum_down.clone().filter(|_| self.up);
        up.filter_map(|member| member.health.notify_down.clone()).chain(quorum).collect()
    }

    /// The service as it was declared: without what checks have changed.
    pub(super) fn undo(&self, entry: &mut ServiceEntry) -> Vec<ServerSpec> {
        if let Some(sorry) = &self.sorry {
            let is_sorry = |spec: &ServerSpec| spec.addr == sorry.addr && spec.port == sorry.port;
            entry.servers.retain(|server| !is_sorry(&server.spec));
        }
        for server in &mut entry.servers {
            let endpoint = server.spec.endpoint();
            let member =
                self.members.get(&endpoint).filter(|member| member.put.as_ref() == Some(&server.spec));
            if let Some(spec) = member.and_then(|member| member.spec.as_ref()) {
                server.spec.clone_from(spec);
            }
        }
        let taken_out = self.members.values().filter(|member| member.put.is_none());
        taken_out.filter_map(|member| member.spec.clone()).collect()
    }

    /// Whether its address may be announced. None: nobody wants it announced.
    pub(super) fn announce_candidate(&self, wants_all: bool) -> Option<AnnounceCandidate> {
        self.policy.announce.unwrap_or(wants_all).then(|| AnnounceCandidate {
            service: self.service,
            is_there: self.settled,
            is_fit: self.up || self.policy.announce_sorry && self.serving().is_some(),
            weight: self.weight_up(),
            quorum: self.policy.quorum,
            silent_checks: self.members.values().map(Member::silent_checks).sum(),
        })
    }

    pub(super) fn report(&self, now: Time) -> ServiceReport {
        ServiceReport {
            service: self.service,
            up: self.up,
            weight_up: self.weight_up(),
            quorum: self.policy.quorum,
            sorry: self.serving().is_some(),
            servers: self.members.values().map(|member| member.report(&self.service, now)).collect(),
        }
    }
}
