//! The servers of connections that come from a store: found once each, and counted at the end of each part, as many threads count there.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::import::Import;
use crate::conn::record::{ConnRecord, PlainRecord, ServerRef};
use crate::service::{Endpoint, RealServer, ServiceKey};

/// So many references to a server are taken at once: their count, which all threads change, then changes hands less often.
const SPARE: usize = 64;

/// Servers by number.
#[derive(Debug, Default)]
pub(super) struct RestoredServers {
    numbers: HashMap<(ServiceKey, Endpoint), usize, FixedState>,
    /// The same by the bytes that name them in plain records.
    by_name: HashMap<Box<[u8]>, usize, FixedState>,
    all: Vec<Server>,
}

#[derive(Debug)]
struct Server {
    server: Arc<RealServer>,
    spare: Vec<Arc<RealServer>>,
    active: i32,
    inactive: i32,
    templates: i32,
}

impl RestoredServers {
    /// The number of the connection's server. None where it belongs to no service.
    pub(super) fn of(&mut self, record: &ConnRecord, import: &Import<'_>) -> Option<usize> {
        let named = record.server.as_ref().filter(|_| !record.rare.pinned)?;
        Some(self.number_of(named, import))
    }

    /// As [`Self::of`]. None where the record names no server.
    pub(super) fn of_plain(&mut self, record: &PlainRecord<'_>, import: &Import<'_>) -> Option<usize> {
        if let Some(number) = self.by_name.get(record.server) {
            return Some(*number);
        }
        let number = self.number_of(&record.server_ref()?, import);
        self.by_name.insert(record.server.into(), number);
        Some(number)
    }

    fn number_of(&mut self, named: &ServerRef, import: &Import<'_>) -> usize {
        let next = self.all.len();
        let number = *self.numbers.entry((named.service, named.end)).or_insert(next);
        if number == next {
            let server = import.server_named(named);
            self.all.push(Server { server, spare: Vec::new(), active: 0, inactive: 0, templates: 0 });
        }
        number
    }

    pub(super) fn reference(&mut self, number: usize) -> Arc<RealServer> {
        let Server { server, spare, .. } = &mut self.all[number];
        if spare.is_empty() {
            spare.extend((0..SPARE).map(|_| Arc::clone(server)));
        }
        spare.pop().unwrap_or_else(|| Arc::clone(server))
    }

    /// A connection has a place.
    pub(super) fn note(&mut self, number: usize, is_template: bool, is_inactive: bool) {
        let server = &mut self.all[number];
        let count = match (is_template, is_inactive) {
            (true, _) => &mut server.templates,
            (false, true) => &mut server.inactive,
            (false, false) => &mut server.active,
        };
        *count += 1;
    }

    /// Counts at the servers what was noted.
    pub(super) fn count(&mut self) {
        for Server { server, active, inactive, templates, .. } in &mut self.all {
            let [active, inactive, templates] = [active, inactive, templates].map(std::mem::take);
            server.bind_many(active, inactive, templates);
        }
    }
}
