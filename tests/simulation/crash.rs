//! A director that is killed at any moment, and comes back with the connections that its store has.

use std::collections::BTreeMap;

use lvs::director::{
    ConnEntry, ConnStore, Query, Reply, ServiceEntry, Settings, StoreOrigin, Sysctl, Tables,
};
use lvs::service::{Endpoint, ServiceKey};
use lvs::{Command, Director, Time};

use super::draw::is_marked;
use super::world::{Broken, World, fast_path, routes};

/// Store in memory, and what was there when it was last filled.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    records: BTreeMap<u32, Vec<u8>>,
    added: u32,
    kept: Vec<Kept>,
}

/// All that has to be the same afterwards.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kept(u8, String, Endpoint, Endpoint, Endpoint, Option<Endpoint>);

impl Kept {
    fn of(conn: &ConnEntry) -> Self {
        Self(conn.protocol, conn.state.clone(), conn.client, conn.virt, conn.real, conn.local)
    }
}

impl ConnStore for MemoryStore {
    fn put(&mut self, place: u32, record: &[u8]) {
        self.records.insert(place, record.to_vec());
    }

    fn clear(&mut self, place: u32) {
        self.records.remove(&place);
    }
}

impl World {
    /// Writes what has changed, in parts as the daemon does.
    pub(crate) fn keep(&mut self) {
        // A listing hears what the fast path has to tell; what it hears is to be stored.
        self.store.kept = self.listed();
        let mut start = Some(0);
        while let Some(from) = start {
            start = self.director.store_changes(from, 16, self.now, &mut self.store);
        }
        self.store.added = self.director.connections_added();
    }

    fn listed(&self) -> Vec<Kept> {
        let mut kept: Vec<Kept> = self.conns().iter().map(Kept::of).collect();
        kept.sort();
        kept
    }

    /// Connections since the store was filled are lost; all others are as they were then.
    pub(crate) fn crash(&mut self) -> Result<(), Broken> {
        if self.rng.chance(70) {
            self.keep();
        }
        if self.listed() != self.store.kept {
            // A connection that is lost may have had it; its local port is anybody's then.
            self.last_forwarded = None;
        }
        let next = self.successor();
        let died_at = self.now;
        self.now = Time(self.rng.below(5000) as u64);
        let later = (died_at.0 + self.rng.below(3000) as u64) as i64 - self.now.0 as i64;
        let origin = StoreOrigin { later, added: self.store.added };
        let restore = next.begin_restore(origin, self.now);
        let half = self.rng.below(self.store.records.len() + 1);
        let records = || self.store.records.iter().map(|(place, record)| (*place, record.as_slice()));
        let mut parts = vec![restore.part(), restore.part()];
        parts[0].take(records().skip(half));
        parts[1].take(records().take(half));
        let restored = restore.join(parts);
        let shares = 1 + self.rng.below(3);
        let twins: Vec<_> = (0..shares).flat_map(|share| restored.lead(share, shares)).collect();
        let summary = restored.finish(twins);
        self.fast = fast_path(&self.settings, &next);
        self.director = next;
        let (is, mut was) = (self.listed(), std::mem::take(&mut self.store.kept));
        if self.director.sysctls().is_on(Sysctl::ExpireNodestConn) {
            was.retain(|kept| is.contains(kept) || self.has_server(kept));
        }
        if is != was {
            let missing: Vec<&Kept> = was.iter().filter(|kept| !is.contains(kept)).collect();
            let new: Vec<&Kept> = is.iter().filter(|kept| !was.contains(kept)).collect();
            return Err(format!("after a crash {missing:#?} are missing, {new:#?} are new; {summary:?}"));
        }
        self.store = MemoryStore::default();
        self.director.begin_keeping();
        Ok(())
    }

    /// Whether the tables have the server of a connection.
    fn has_server(&self, &Kept(protocol, _, _, virt, real, _): &Kept) -> bool {
        self.services().iter().any(|entry| {
            let key = entry.spec.key;
            let has = |port: u16| {
                entry.servers.iter().any(|server| (server.spec.addr, server.spec.port) == (real.addr, port))
            };
            match key {
                ServiceKey::Mark { .. } => {
                    (protocol == 0 || is_marked(virt.addr)) && (has(real.port) || has(0))
                }
                ServiceKey::Address { protocol: of, addr, port } => {
                    (of.number(), addr, port) == (protocol, virt.addr, virt.port) && has(real.port)
                }
            }
        })
    }

    /// Another director with the same tables and settings.
    fn successor(&mut self) -> Director {
        let next = Director::new(Settings { seed: self.rng.bits(), ..self.settings.clone() });
        for sysctl in Sysctl::ALL.iter().copied() {
            next.set_sysctl(sysctl, self.director.sysctls().value(sysctl)).unwrap();
        }
        next.set_routes(routes());
        let services = self.services().into_iter().map(ServiceEntry::into_declared);
        let timeouts = match self.director.query(&Query::Timeouts, self.now) {
            Ok(Reply::Timeouts(timeouts)) => Some(timeouts),
            other => panic!("{other:?}"),
        };
        let tables = Tables { services: services.collect(), timeouts, daemons: None };
        next.apply(&Command::Replace(tables), Time::ZERO).unwrap();
        next
    }
}
