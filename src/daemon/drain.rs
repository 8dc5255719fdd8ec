//! Draining servers: watches their connections end, and cuts off what is left at a deadline.
//!
//! Owns the deadlines. The mark itself is the core's, and stays until `tunvs undrain`. Called by the control socket.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::service::DirectorService;
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
pub(super) type Drains = BTreeMap<(ServiceKey, Endpoint), Drain>;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drain {
    pub(super) deadline: Option<Time>,
    pub(super) asked: bool,
    pub(super) reset: u64,
}

impl DirectorService {
    /// Begins to drain a server, or gives a drain that has begun another deadline.
    pub(super) async fn drain(
        &self,
        service: ServiceKey,
        server: Endpoint,
        deadline: Option<Duration>,
    ) -> Result<(), CommandError> {
        let command = Command::SetDrained { service, server, drained: true };
        let applied = self.change(&[command], OnError::Stop).await;
        applied.results.into_iter().collect::<Result<(), _>>()?;
        self.note_drain(service, server, deadline);
        Ok(())
    }

    /// Does the same where the caller has the turn.
    pub(super) fn drain_now(&self, service: ServiceKey, server: Endpoint, deadline: Option<Duration>) {
        let command = Command::SetDrained { service, server, drained: true };
        match self.configure_tables(&[command], OnError::Stop).into_iter().find_map(Result::err) {
            None => self.note_drain(service, server, deadline),
            Some(error) => tracing::warn!(%service, real = %server, %error, "not drained"),
        }
    }

    fn note_drain(&self, service: ServiceKey, server: Endpoint, deadline: Option<Duration>) {
        let deadline = deadline.map(|wait| self.clock.now() + wait);
        let drain = Drain { deadline, ..Drain::default() };
        self.drains.lock().insert((service, server), drain);
        let connections = self.server(&service, server).map_or(0, |entry| left(&entry));
        tracing::info!(%service, real = %server, connections, "draining");
        self.events.publish(Event::ServerDraining { service, server, connections });
    }

    fn server(&self, service: &ServiceKey, server: Endpoint) -> Option<ServerEntry> {
        let servers = self.entry(service)?.servers;
        servers.into_iter().find(|entry| entry.spec.endpoint() == server)
    }

    fn look_at_drains(&self) {
        let now = self.clock.now();
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
                    self.events.publish(Event::ServerDrained { service, server, reset });
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
            let asked = self.director.ask_positions(service, server);
            tracing::debug!(%service, real = %server, asked, "silent ends are asked where they are");
        }
        if now >= deadline {
            drain.reset += self.director.cut_off(service, server, now).ended;
        }
    }
}

/// Connections that the server still has.
const fn left(entry: &ServerEntry) -> u64 {
    entry.active_conns as u64 + entry.inactive_conns as u64
}

/// Looks after drains until the director ends.
pub(super) async fn keep(live: Arc<DirectorService>) {
    loop {
        tokio::time::sleep(TICK).await;
        let _going = live.pause.read().await;
        if !live.drains.lock().is_empty() {
            live.look_at_drains();
        }
    }
}
