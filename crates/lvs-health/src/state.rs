//! Findings of checks and what follows from them: the pure half of health checks.
//!
//! Time, results and the tables are arguments; out come [`Action`]s. Same job as the state of keepalived's
//! `check_daemon` and `ipwrapper`. Called by the daemon.

use std::collections::BTreeMap;

pub use super::action::Action;
use super::announcer::AnnounceCandidate;
use super::carried::ServiceState;
use super::check::Outcome;
use super::pool::Pool;
use super::report::ServiceReport;
use super::spec::{Check, Script, ServiceHealth};
use lvs::Time;
use lvs::director::{Command, HandshakeStats, ServiceEntry, Tables};
use lvs::service::{Endpoint, ServerSpec, ServiceKey};

/// One check of one server of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CheckId {
    pub service: ServiceKey,
    pub server: Endpoint,
    /// Place among the checks of the server.
    pub number: usize,
}

/// All services under checks.
#[derive(Debug, Default)]
pub struct Health {
    pools: BTreeMap<ServiceKey, Pool>,
}

impl Health {
    /// Takes over what is declared. Checks that stay the same keep their state. What is under checks no more is as
    /// declared again after the next [`Self::settle`].
    pub fn declare(&mut self, wanted: &[ServiceHealth], now: Time) {
        for (key, pool) in &mut self.pools {
            if !wanted.iter().any(|health| health.service == *key) {
                pool.declare(&ServiceHealth::nothing(*key), now);
            }
        }
        for health in wanted {
            match self.pools.get_mut(&health.service) {
                Some(pool) => pool.declare(health, now),
                None => {
                    self.pools.insert(health.service, Pool::new(health, now));
                }
            }
        }
    }

    /// State of all services, for a director that takes over.
    pub fn states(&self, now: Time) -> Vec<ServiceState> {
        self.pools.values().map(|pool| pool.state(now)).collect()
    }

    /// Goes on from another director's state, where the same is declared.
    pub fn resume(&mut self, states: &[ServiceState], now: Time) {
        for state in states {
            let new = || Pool::new(&ServiceHealth::nothing(state.service), now);
            self.pools.entry(state.service).or_insert_with(new).resume(state, now);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.pools.is_empty()
    }

    pub fn services(&self) -> impl Iterator<Item = &ServiceKey> {
        self.pools.keys()
    }

    /// All checks that are to run.
    pub fn checks(&self) -> impl Iterator<Item = (CheckId, &Check)> {
        self.pools.iter().flat_map(|(&service, pool)| {
            pool.members().flat_map(move |member| {
                let server = member.endpoint();
                let numbered = member.health.checks.iter().enumerate();
                numbered.map(move |(number, check)| (CheckId { service, server, number }, check))
            })
        })
    }

    /// Whether a check is up; None when there is no such check.
    pub fn is_up(&self, id: &CheckId) -> Option<bool> {
        self.pools.get(&id.service)?.member(&id.server)?.is_check_up(id.number)
    }

    /// Takes the result of a round in. True when the service is to be settled.
    pub fn record(&mut self, id: &CheckId, outcome: &Outcome, now: Time) -> bool {
        self.pools.get_mut(&id.service).is_some_and(|pool| pool.record(&id.server, id.number, outcome, now))
    }

    /// The services whose traffic is to be listened to now.
    pub fn listening(&self, now: Time) -> Vec<ServiceKey> {
        self.pools.iter().filter(|(_, pool)| pool.is_listening(now)).map(|(key, _)| *key).collect()
    }

    /// Takes in what the director has counted of a service. True when it is to be settled.
    pub fn listen(
        &mut self,
        service: &ServiceKey,
        counted: &[(Endpoint, HandshakeStats)],
        now: Time,
    ) -> bool {
        self.pools.get_mut(service).is_some_and(|pool| pool.listen(counted, now))
    }

    /// Returns what a command of the configuration comes to while checks say what they say. None: nothing is to be done.
    pub fn admit(&mut self, command: &Command, now: Time) -> Option<Command> {
        match command {
            Command::AddServer { service, server } | Command::EditServer { service, server } => {
                match self.pools.get_mut(service) {
                    Some(pool) => pool.admit(server, now),
                    None => Some(command.clone()),
                }
            }
            Command::DeleteServer { service, addr, port } => {
                let is_there =
                    self.pools.get_mut(service).is_none_or(|pool| pool.dismiss(&Endpoint::new(*addr, *port)));
                is_there.then(|| command.clone())
            }
            Command::DeleteService(service) => {
                if let Some(pool) = self.pools.get_mut(service) {
                    pool.leave();
                }
                Some(command.clone())
            }
            Command::Flush => {
                self.pools.values_mut().for_each(Pool::leave);
                Some(command.clone())
            }
            _ => Some(command.clone()),
        }
    }

    /// As [`Self::admit`], for all tables at once.
    #[must_use]
    pub fn admit_tables(&mut self, mut tables: Tables, now: Time) -> Tables {
        for (key, pool) in &mut self.pools {
            match tables.services.iter_mut().find(|service| service.spec.key == *key) {
                Some(service) => service.servers = pool.admit_all(&service.servers, now),
                None => pool.leave(),
            }
        }
        tables
    }

    /// Somebody removes by hand a server that checks have taken out already. True when that is so.
    pub fn dismiss(&mut self, service: &ServiceKey, server: &Endpoint) -> bool {
        self.pools.get_mut(service).is_some_and(|pool| !pool.dismiss(server))
    }

    /// Returns what is to be done for a service, given how it is in the table now.
    pub fn settle(&mut self, service: &ServiceKey, actual: Option<&ServiceEntry>, now: Time) -> Vec<Action> {
        self.pools.get_mut(service).map(|pool| pool.settle(actual, now)).unwrap_or_default()
    }

    /// The services that are to be settled now without any result.
    pub fn due(&self, now: Time) -> impl Iterator<Item = ServiceKey> {
        self.pools.iter().filter(move |(_, pool)| pool.is_due(now)).map(|(key, _)| *key)
    }

    /// Scripts of what goes down with the director.
    pub fn last_scripts(&self) -> Vec<Script> {
        self.pools.values().flat_map(Pool::last_scripts).collect()
    }

    /// Makes a service of the table be as it was declared; returns the servers that checks have taken out.
    pub fn undo(&self, entry: &mut ServiceEntry) -> Vec<ServerSpec> {
        self.pools.get(&entry.spec.key).map(|pool| pool.undo(entry)).unwrap_or_default()
    }

    /// The services under checks whose addresses are to be announced; `wants_all`: also those that say nothing of it.
    pub fn announce_candidates(&self, wants_all: bool) -> Vec<AnnounceCandidate> {
        self.pools.values().filter_map(|pool| pool.announce_candidate(wants_all)).collect()
    }

    /// Whether a service is known here.
    pub fn knows(&self, service: &ServiceKey) -> bool {
        self.pools.contains_key(service)
    }

    pub fn report(&self, now: Time) -> Vec<ServiceReport> {
        self.pools.values().map(|pool| pool.report(now)).collect()
    }
}

#[cfg(test)]
mod tests;
