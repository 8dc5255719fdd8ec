//! Draining servers: watches their connections end, and cuts off what is left at a deadline.
//!
//! Owns the deadlines. The mark itself is the core's, and stays until `tunvs undrain`. Called by the control socket.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::checks::HealthChecks;
use super::commands::Commands;
use super::live_tables::LiveTables;
use lvs::Time;
use lvs::director::{Command, CommandError, ServerEntry};
use lvs::service::{Endpoint, ServiceKey};
use lvs_control::OnError;
use lvs_events::Event;

/// How often it is looked how many connections are left.
const TICK: Duration = Duration::from_millis(200);

/// So long before the deadline the ends of silent connections are asked where they are.
const ASK_BEFORE: Duration = Duration::from_millis(1500);

/// Drains that are not over.
#[derive(Debug)]
pub(super) struct Drains {
    tables: Arc<LiveTables>,
    checks: Arc<HealthChecks>,
    commands: Arc<Commands>,
    drains: Mutex<BTreeMap<(ServiceKey, Endpoint), Drain>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Drain {
    deadline: Option<Time>,
    asked: bool,
    reset: u64,
}

/// A drain that is not over.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DrainState {
    pub(super) service: ServiceKey,
    pub(super) server: Endpoint,
    /// Milliseconds to the deadline.
    pub(super) left: Option<u64>,
    pub(super) asked: bool,
    pub(super) reset: u64,
}

impl Drains {
    pub(super) fn new(tables: Arc<LiveTables>, checks: Arc<HealthChecks>, commands: Arc<Commands>) -> Self {
        Self { tables, checks, commands, drains: Mutex::default() }
    }

    /// Begins to drain a server, or gives a drain that has begun another deadline.
    pub(super) async fn drain(
        &self,
        service: ServiceKey,
        server: Endpoint,
        deadline: Option<Duration>,
    ) -> Result<(), CommandError> {
        let command = Command::SetDrained { service, server, drained: true };
        let applied = self.commands.run(&[command], OnError::Stop).await;
        applied.results.into_iter().collect::<Result<(), _>>()?;
        self.note_drain(service, server, deadline);
        Ok(())
    }

    /// Does the same where the caller has the lock.
    pub(super) fn drain_now(&self, service: ServiceKey, server: Endpoint, deadline: Option<Duration>) {
        let command = Command::SetDrained { service, server, drained: true };
        match self.checks.configure(&[command], OnError::Stop).into_iter().find_map(Result::err) {
            None => self.note_drain(service, server, deadline),
            Some(error) => tracing::warn!(%service, real = %server, %error, "not drained"),
        }
    }

    fn note_drain(&self, service: ServiceKey, server: Endpoint, deadline: Option<Duration>) {
        let deadline = deadline.map(|wait| self.tables.clock.now() + wait);
        let drain = Drain { deadline, ..Drain::default() };
        self.drains.lock().insert((service, server), drain);
        let connections = self.server(&service, server).map_or(0, |entry| left(&entry));
        tracing::info!(%service, real = %server, connections, "draining");
        self.tables.events.publish(Event::ServerDraining { service, server, connections });
    }

    fn server(&self, service: &ServiceKey, server: Endpoint) -> Option<ServerEntry> {
        let servers = self.tables.service(service)?.servers;
        servers.into_iter().find(|entry| entry.spec.endpoint() == server)
    }

    fn look(&self) {
        let now = self.tables.clock.now();
        let drains: Vec<_> = self.drains.lock().iter().map(|(place, drain)| (*place, *drain)).collect();
        for ((service, server), mut drain) in drains {
            let entry = self.server(&service, server);
            let is_over = match &entry {
                // Somebody took the mark away.
                Some(entry) if !entry.drained => true,
                Some(entry) if left(entry) > 0 => {
                    self.press(&service, server, &mut drain, now);
                    false
                }
                Some(_) | None => {
                    let reset = drain.reset;
                    tracing::info!(%service, real = %server, reset, "drained");
                    self.tables.events.publish(Event::ServerDrained { service, server, reset });
                    true
                }
            };
            let mut drains = self.drains.lock();
            if is_over {
                drains.remove(&(service, server));
            } else if let Some(place) = drains.get_mut(&(service, server)) {
                // The deadline may have been changed meanwhile.
                (place.asked, place.reset) = (drain.asked, drain.reset);
            }
        }
    }

    fn press(&self, service: &ServiceKey, server: Endpoint, drain: &mut Drain, now: Time) {
        let Some(deadline) = drain.deadline else { return };
        if !drain.asked && now + ASK_BEFORE >= deadline {
            drain.asked = true;
            let asked = self.tables.director.ask_positions(service, server);
            tracing::debug!(%service, real = %server, asked, "silent ends are asked where they are");
        }
        if now >= deadline {
            drain.reset += self.tables.director.cut_off(service, server, now).ended;
        }
    }
}

impl Drains {
    /// Drains that are not over, for the next director.
    pub(super) fn states(&self, now: Time) -> Vec<DrainState> {
        let drains = self.drains.lock();
        let state = |(&(service, server), drain): (_, &Drain)| {
            let left = drain.deadline.map(|deadline| deadline.since(now).as_millis() as u64);
            DrainState { service, server, left, asked: drain.asked, reset: drain.reset }
        };
        drains.iter().map(state).collect()
    }

    /// Goes on with the drains of the director before.
    pub(super) fn resume(&self, states: &[DrainState]) {
        let now = self.tables.clock.now();
        let drain = |state: &DrainState| {
            let deadline = state.left.map(|left| now + Duration::from_millis(left));
            let drain = Drain { deadline, asked: state.asked, reset: state.reset };
            ((state.service, state.server), drain)
        };
        self.drains.lock().extend(states.iter().map(drain));
    }
}

/// Connections that the server still has.
const fn left(entry: &ServerEntry) -> u64 {
    entry.active_conns as u64 + entry.inactive_conns as u64
}

/// Looks after drains until the director ends.
pub(super) async fn keep(drains: Arc<Drains>) {
    loop {
        tokio::time::sleep(TICK).await;
        let _going = drains.tables.pause.read().await;
        if !drains.drains.lock().is_empty() {
            drains.look();
        }
    }
}
