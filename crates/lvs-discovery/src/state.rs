//! All sources, what they said, and what follows: the pure half of discovery.
//!
//! Time, answers and the tables are arguments. Called by the daemon, which holds the turn of the tables meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use crate::found::{Content, Said, Trouble};
use crate::kept::{Kept, VERSION};
use crate::pool::{Pool, SourceState};
pub use crate::pool::{Present, ServerDrain, Steps};
use crate::report::SourceReport;
use crate::spec::{Feed, ServiceDiscovery};
use lvs::Time;
use lvs::director::ServiceEntry;
use lvs::service::{DeclaredService, Endpoint, ServerSpec, ServiceKey};
use lvs_events::Event;
use lvs_health::spec::ServiceHealth;

/// Sources of all services.
#[derive(Debug, Default)]
pub struct Discovery {
    pools: BTreeMap<ServiceKey, Pool>,
    feeds: BTreeMap<Feed, FeedState>,
}

#[derive(Debug)]
struct FeedState {
    content: Option<Content>,
    /// When it last said something that counts.
    heard_at: Option<Time>,
    /// When it was last heard of, or first wanted.
    alive_at: Time,
    /// Since when a name is said to have no address.
    empty_since: Option<Time>,
}

/// Consequences of a report of a feed.
#[derive(Debug, Default)]
pub struct Taken {
    pub touched: Vec<ServiceKey>,
    pub events: Vec<Event>,
}

impl Discovery {
    /// Takes over what is declared. `services`: those of the configuration, whose servers are nobody else's.
    pub fn declare(&mut self, wanted: &[ServiceDiscovery], services: &[DeclaredService], now: Time) {
        let fixed = |key: &ServiceKey| -> BTreeSet<Endpoint> {
            let its = services.iter().filter(|service| service.spec.key == *key);
            its.flat_map(|service| &service.servers).map(ServerSpec::endpoint).collect()
        };
        for (key, pool) in &mut self.pools {
            if !wanted.iter().any(|service| service.service == *key) {
                pool.declare(&[], fixed(key));
            }
        }
        for service in wanted {
            let key = service.service;
            let pool = self.pools.entry(key).or_insert_with(|| Pool::new(key));
            pool.declare(&service.sources, fixed(&key));
        }
        self.pools.retain(|_, pool| !pool.is_over());
        let feeds: BTreeSet<Feed> = self.sources().map(|(_, state)| state.source.feed.clone()).collect();
        self.feeds.retain(|feed, _| feeds.contains(feed));
        for feed in feeds {
            self.feeds.entry(feed).or_insert(FeedState {
                content: None,
                heard_at: None,
                alive_at: now,
                empty_since: None,
            });
        }
        self.tell_new_sources();
    }

    /// A new source of a feed that has spoken already knows it at once.
    fn tell_new_sources(&mut self) {
        for pool in self.pools.values_mut() {
            for at in 0..pool.sources.len() {
                let state = &pool.sources[at];
                let feed = self.feeds.get(&state.source.feed).filter(|_| state.said.is_none());
                if let Some(content) = feed.and_then(|feed| feed.content.as_ref()) {
                    let outcome = pool.take(at, content, &BTreeSet::new());
                    pool.sources[at].trouble = outcome.err().map(|error| error.to_string());
                }
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.pools.is_empty()
    }

    /// All that is to be asked and read.
    pub fn feeds(&self) -> impl Iterator<Item = &Feed> {
        self.feeds.keys()
    }

    pub fn services(&self) -> Vec<ServiceKey> {
        self.pools.keys().copied().collect()
    }

    /// The services of which a server is about to leave.
    pub fn leaving(&self) -> Vec<ServiceKey> {
        self.pools.iter().filter(|(_, pool)| pool.is_leaving()).map(|(key, _)| *key).collect()
    }

    fn sources(&self) -> impl Iterator<Item = (ServiceKey, &SourceState)> {
        self.pools.iter().flat_map(|(key, pool)| pool.sources.iter().map(move |state| (*key, state)))
    }

    /// Takes in what a feed says. `vips`: virtual addresses of the tables.
    pub fn take(&mut self, feed: &Feed, said: Said, vips: &BTreeSet<IpAddr>, now: Time) -> Taken {
        let Some(state) = self.feeds.get_mut(feed) else { return Taken::default() };
        state.alive_at = now;
        let (content, trouble) = match said {
            Said { content: None, trouble: Some(Trouble::Empty(why)) } => {
                let since = *state.empty_since.get_or_insert(now);
                let hold = match feed {
                    Feed::Dns(question) | Feed::Srv(question) => question.pace.hold,
                    Feed::Files(_) | Feed::Kubernetes(..) => Duration::ZERO,
                };
                let is_sure = now.since(since) >= hold;
                (is_sure.then(|| Content::Servers(Vec::new())), (!is_sure).then_some(why))
            }
            Said { content, trouble } => {
                if content.is_some() {
                    state.empty_since = None;
                }
                (content, trouble.map(|trouble| trouble.to_string()))
            }
        };
        if let Some(content) = &content {
            state.heard_at = Some(now);
            state.content = Some(content.clone());
        }
        self.spread(feed, content.as_ref(), trouble.as_deref(), vips)
    }

    /// Tells all sources of a feed.
    fn spread(
        &mut self,
        feed: &Feed,
        content: Option<&Content>,
        trouble: Option<&str>,
        vips: &BTreeSet<IpAddr>,
    ) -> Taken {
        let mut taken = Taken::default();
        for (key, pool) in &mut self.pools {
            for at in 0..pool.sources.len() {
                if pool.sources[at].source.feed != *feed {
                    continue;
                }
                let refused = content.and_then(|content| pool.take(at, content, vips).err());
                let why = trouble.map(str::to_owned).or_else(|| refused.map(|error| error.to_string()));
                taken.events.extend(noted(*key, &mut pool.sources[at], why));
                if taken.touched.last() != Some(key) {
                    taken.touched.push(*key);
                }
            }
        }
        taken
    }

    /// Forgets servers that were removed long ago. True when there were some.
    pub fn forget_gone(&mut self, now: Time) -> bool {
        self.pools.values_mut().fold(false, |forgot, pool| forgot | pool.forget_gone(now))
    }

    /// Looks whether a feed has been silent for too long.
    pub fn look_at_silence(&mut self, now: Time) -> Vec<Event> {
        let mut events = Vec::new();
        for (feed, state) in &self.feeds {
            let Feed::Kubernetes(_, Some(stale)) = feed else { continue };
            if now.since(state.alive_at) < *stale {
                continue;
            }
            for (key, pool) in &mut self.pools {
                for source in pool.sources.iter_mut().filter(|one| one.source.feed == *feed) {
                    if source.trouble.is_none() {
                        let why = format!("nothing has come for {} s", stale.as_secs());
                        events.extend(noted(*key, source, Some(why)));
                    }
                }
            }
        }
        events
    }

    /// Returns what is to be done for a service, given how it was declared to be in the table. None: it is not there.
    pub fn settle(
        &mut self,
        service: &ServiceKey,
        present: Option<&BTreeMap<Endpoint, Present>>,
        now: Time,
    ) -> Steps {
        let Some(pool) = self.pools.get_mut(service) else { return Steps::default() };
        let Some(present) = present else {
            pool.leave();
            return Steps::default();
        };
        let steps = pool.settle(present, now);
        if pool.is_over() {
            self.pools.remove(service);
        }
        steps
    }

    /// Health as it is declared, with the servers of sources.
    pub fn healths(&self, declared: &[ServiceHealth]) -> Vec<ServiceHealth> {
        let mut all = declared.to_vec();
        for health in &mut all {
            if let Some(pool) = self.pools.get(&health.service) {
                health.servers.extend(pool.healths());
            }
        }
        all
    }

    /// Adds the servers of sources to services as they are declared.
    pub fn complete(&self, services: &mut [DeclaredService]) {
        for service in services {
            let Some(pool) = self.pools.get(&service.spec.key) else { continue };
            let known: BTreeSet<Endpoint> = service.servers.iter().map(ServerSpec::endpoint).collect();
            service.servers.extend(pool.specs().filter(|spec| !known.contains(&spec.endpoint())).cloned());
        }
    }

    pub fn resume(&mut self, kept: &Kept) {
        for service in &kept.services {
            let key = service.service;
            self.pools.entry(key).or_insert_with(|| Pool::new(key)).resume(service);
        }
    }

    pub fn kept(&self) -> Kept {
        let services = self.pools.values().map(Pool::kept);
        Kept { version: VERSION, services: services.filter(|service| !service.servers.is_empty()).collect() }
    }

    pub fn report(&self, now: Time) -> Vec<SourceReport> {
        let report = |(service, state): (ServiceKey, &SourceState)| {
            let heard_at = self.feeds.get(&state.source.feed).and_then(|feed| feed.heard_at);
            let counts = self.pools.get(&service).map(|pool| pool.counts(&state.source)).unwrap_or_default();
            SourceReport {
                service,
                source: state.source.to_string(),
                servers: counts.serving,
                draining: counts.draining,
                heard_secs_ago: heard_at.map(|at| now.since(at).as_secs()),
                trouble: state.trouble.clone(),
                left_out: state.said.as_ref().map(|said| said.left_out.clone()).unwrap_or_default(),
            }
        };
        self.sources().map(report).collect()
    }
}

/// Servers of a service as they are in the table, with those that checks have taken out.
pub fn present(entry: &ServiceEntry, taken_out: &[ServerSpec]) -> BTreeMap<Endpoint, Present> {
    let there = entry.servers.iter().map(|server| {
        let connections = u64::from(server.active_conns) + u64::from(server.inactive_conns);
        (server.spec.endpoint(), Present { drained: server.drained, connections })
    });
    let out = taken_out.iter().map(|spec| (spec.endpoint(), Present { drained: false, connections: 0 }));
    out.chain(there).collect()
}

/// The longest reason that is told: what a source says may be of any length.
const LONGEST_REASON: usize = 500;

/// Notes why a source says nothing. Some: that has changed.
fn noted(service: ServiceKey, state: &mut SourceState, trouble: Option<String>) -> Option<Event> {
    let source = state.source.to_string();
    // Reasons quote what others wrote, and are printed on terminals.
    let shown = |char: char| if char.is_control() { '\u{fffd}' } else { char };
    let trouble = trouble.map(|why| why.chars().take(LONGEST_REASON).map(shown).collect::<String>());
    let event = match (&state.trouble, &trouble) {
        (None, Some(reason)) => Event::DiscoveryFailed { service, source, reason: reason.clone() },
        (Some(_), None) => Event::DiscoveryRecovered { service, source },
        (Some(old), Some(new)) if old != new => {
            Event::DiscoveryFailed { service, source, reason: new.clone() }
        }
        _ => {
            state.trouble = trouble;
            return None;
        }
    };
    state.trouble = trouble;
    Some(event)
}

#[cfg(test)]
mod tests;
