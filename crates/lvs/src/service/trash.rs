//! Servers that were removed, kept while they have connections or may yet come back.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;

use super::stats::Meter;
use super::{Endpoint, RealServer, ServiceKey};
use crate::time::Time;

/// How long a removed server without connections can still be revived (`IP_VS_DEST_TRASH_PERIOD`).
const TRASH_PERIOD: Duration = Duration::from_secs(120);

/// By the service that they were made for: a server comes back only under the same key.
#[derive(Debug, Default)]
pub(super) struct Trash {
    services: HashMap<ServiceKey, HashMap<Endpoint, Trashed, FixedState>, FixedState>,
}

#[derive(Debug)]
struct Trashed {
    server: Arc<RealServer>,
    idle_since: Option<Time>,
}

impl Trash {
    pub(super) fn put(&mut self, server: Arc<RealServer>) {
        let servers = self.services.entry(*server.service()).or_default();
        servers.insert(server.endpoint(), Trashed { server, idle_since: None });
    }

    pub(super) fn get(&self, service: &ServiceKey, endpoint: Endpoint) -> Option<&Arc<RealServer>> {
        self.services.get(service)?.get(&endpoint).map(|trashed| &trashed.server)
    }

    pub(super) fn take(&mut self, service: &ServiceKey, endpoint: Endpoint) -> Option<Arc<RealServer>> {
        self.services.get_mut(service)?.remove(&endpoint).map(|trashed| trashed.server)
    }

    /// Zeroes the counters of servers whose service is gone: under a later one of the same key they begin to count anew.
    pub(super) fn zero(&self, service: &ServiceKey) {
        let servers = self.services.get(service).into_iter().flat_map(HashMap::values);
        servers.for_each(|trashed| trashed.server.with_meter(Meter::zero_at));
    }

    /// Returns the servers that still have connections.
    pub(super) fn in_use(&self) -> impl Iterator<Item = &Arc<RealServer>> {
        let all = self.services.values().flat_map(HashMap::values).map(|trashed| &trashed.server);
        all.filter(|server| Arc::strong_count(server) > 1)
    }

    /// Forgets servers that have had no connection for [`TRASH_PERIOD`].
    pub(super) fn empty(&mut self, now: Time) {
        self.services.retain(|_, servers| {
            servers.retain(|_, trashed| {
                if Arc::strong_count(&trashed.server) > 1 {
                    trashed.idle_since = None;
                    return true;
                }
                now.since(*trashed.idle_since.get_or_insert(now)) < TRASH_PERIOD
            });
            !servers.is_empty()
        });
    }
}
