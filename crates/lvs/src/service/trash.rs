//! Servers that were removed, kept while they have connections or may yet come back.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::stats::Meter;
use super::{Endpoint, RealServer, ServiceKey};
use crate::time::Time;

/// How long a removed server without connections can still be revived (`IP_VS_DEST_TRASH_PERIOD`).
const TRASH_PERIOD: Duration = Duration::from_secs(120);

/// By the service that they were made for: a server comes back only under the same key.
#[derive(Debug, Default)]
pub(super) struct Trash {
    servers: HashMap<(ServiceKey, Endpoint), Trashed, foldhash::fast::FixedState>,
}

#[derive(Debug)]
struct Trashed {
    server: Arc<RealServer>,
    idle_since: Option<Time>,
}

impl Trash {
    pub(super) fn put(&mut self, server: Arc<RealServer>) {
        let place = (*server.service(), server.endpoint());
        self.servers.insert(place, Trashed { server, idle_since: None });
    }

    pub(super) fn get(&self, service: &ServiceKey, endpoint: Endpoint) -> Option<&Arc<RealServer>> {
        self.servers.get(&(*service, endpoint)).map(|trashed| &trashed.server)
    }

    pub(super) fn take(&mut self, service: &ServiceKey, endpoint: Endpoint) -> Option<Arc<RealServer>> {
        self.servers.remove(&(*service, endpoint)).map(|trashed| trashed.server)
    }

    /// Zeroes the counters of servers whose service is gone: under a later one of the same key they begin to count anew.
    pub(super) fn zero(&self, service: &ServiceKey) {
        let of_it = self.servers.iter().filter(|((key, _), _)| key == service);
        of_it.for_each(|(_, trashed)| trashed.server.with_meter(Meter::zero_at));
    }

    /// Returns the servers that still have connections.
    pub(super) fn in_use(&self) -> impl Iterator<Item = &Arc<RealServer>> {
        self.servers.values().map(|trashed| &trashed.server).filter(|server| Arc::strong_count(server) > 1)
    }

    /// Forgets servers that have had no connection for [`TRASH_PERIOD`].
    pub(super) fn empty(&mut self, now: Time) {
        self.servers.retain(|_, trashed| {
            if Arc::strong_count(&trashed.server) > 1 {
                trashed.idle_since = None;
                return true;
            }
            now.since(*trashed.idle_since.get_or_insert(now)) < TRASH_PERIOD
        });
    }
}
