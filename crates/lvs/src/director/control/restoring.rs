//! Taking over the connections of a store after a crash, by several threads: each takes in parts of the store, then all lead keys to what
//! is there by then, each to a share.
//!
//! Whatever is wrong is counted and left out, as in an [import](super::import). Called before the first packet.

use std::collections::BTreeMap;
use std::time::Duration;

use super::import::{Import, ImportSummary, Told};
use super::restored_servers::RestoredServers;
use super::wanted_ports::{Claimed, WantedPort, port_of};
use crate::conn::record::{ConnRecord, Damage, PlainRecord, StoredConn, moved};
use crate::conn::{Aged, BATCH, ConnFlags, ConnId, LocalPort, Place, UnledKeys};
use crate::director::Director;
use crate::time::Time;

/// So old may the deadline in a store be: an entry in the wheel comes round within this time.
const LAG: Duration = Duration::from_secs(66);

/// Time and counts of the director that filled a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreOrigin {
    /// Milliseconds by which time began later here than for that director.
    pub later: i64,
    /// Connections that it had ever added, wrapping around.
    pub added: u32,
}

impl Director {
    /// Begins to take over the connections of a store. Once, before the first packet.
    ///
    /// A deadline may have moved since it was written, so each connection has that much longer.
    pub fn begin_restore(&self, origin: StoreOrigin, now: Time) -> Restore<'_> {
        self.conns.resume_numbers(origin.added);
        Restore { director: self, origin, now }
    }
}

/// Take-over of the connections of a store. Its parts may be taken in by several threads at once.
#[derive(Clone, Copy, Debug)]
pub struct Restore<'a> {
    director: &'a Director,
    origin: StoreOrigin,
    now: Time,
}

impl<'a> Restore<'a> {
    /// A part in which nothing was taken in yet.
    pub fn part(self) -> RestoredPart<'a> {
        RestoredPart {
            restore: self,
            import: Import::new(self.director, self.now, self.now),
            servers: RestoredServers::default(),
            batch: Vec::with_capacity(BATCH),
            facts: Vec::with_capacity(BATCH),
            unled: UnledKeys::default(),
            damaged: Vec::new(),
            wanted: Vec::new(),
            with_port: Vec::new(),
            others: Vec::new(),
        }
    }

    /// Puts parts together, when all of the store is in them: connections with a local port of this director's are taken in after
    /// all of those were claimed.
    pub fn join(self, mut parts: Vec<RestoredPart<'a>>) -> Restored<'a> {
        let mut import = Import::new(self.director, self.now, self.now);
        let wanted = parts.iter_mut().flat_map(|part| std::mem::take(&mut part.wanted));
        let mut claimed = import.claim(wanted);
        let mut unled = Vec::with_capacity(parts.len());
        for mut part in parts {
            part.take_those_with_port(&mut claimed);
            import.join(part.import);
            unled.push(part.unled);
        }
        Restored { restore: self, import, unled, claimed }
    }

    /// All that is to be done with the parts of a store, by one thread.
    pub fn finish(self, parts: Vec<RestoredPart<'a>>) -> ImportSummary {
        let restored = self.join(parts);
        let twins = restored.lead(0, 1);
        restored.finish(twins)
    }

    /// The record as this director goes on with it.
    fn renewed(&self, record: ConnRecord) -> ConnRecord {
        let mut record = record.moved(self.origin.later);
        record.expires_at = self.deadline(record.expires_at, record.timeout);
        record.age = record.age.map(|age| self.age(age));
        record
    }

    fn deadline(&self, expires_at: Time, timeout: u32) -> Time {
        let timeout = Duration::from_secs(timeout.into());
        let later = expires_at.max(self.now) + LAG.min(timeout);
        later.min(self.now + timeout)
    }

    const fn age(&self, age: u32) -> u32 {
        self.origin.added.wrapping_add(age)
    }
}

/// Part of a store that is taken in, but for what has to wait for the others.
#[derive(Debug)]
pub struct RestoredPart<'a> {
    restore: Restore<'a>,
    import: Import<'a>,
    servers: RestoredServers,
    /// Connections of services that are about to be given places.
    batch: Vec<Aged>,
    /// Facts about each of these.
    facts: Vec<Facts>,
    unled: UnledKeys,
    damaged: Vec<u32>,
    wanted: Vec<WantedPort>,
    /// Connections with a local port of this director's: of services, and others.
    with_port: Vec<Coming>,
    others: Vec<ConnRecord>,
}

/// A connection of a service that has no place yet.
#[derive(Debug)]
struct Coming {
    aged: Aged,
    facts: Facts,
}

/// Facts about a connection of a service that are not its own.
#[derive(Clone, Copy, Debug)]
struct Facts {
    told: Told,
    /// Number of its server.
    server: usize,
    is_inactive: bool,
}

impl RestoredPart<'_> {
    /// Takes in connections whose records these are, with the places that they had.
    pub fn take<'r>(&mut self, records: impl Iterator<Item = (u32, &'r [u8])>) {
        for (place, bytes) in records {
            if let Err(damage) = StoredConn::find(bytes).and_then(|stored| self.take_one(stored)) {
                self.damaged.push(place);
                self.import.summary.note_damage(place as usize, damage);
            }
            if self.batch.len() == BATCH {
                self.place();
            }
        }
        self.place();
        self.servers.count();
    }

    /// Places whose records were damaged.
    pub fn damaged(&self) -> &[u32] {
        &self.damaged
    }

    fn take_one(&mut self, stored: StoredConn<'_>) -> Result<(), Damage> {
        if let Some(plain) = stored.plain()
            && let Some(server) = self.servers.of_plain(&plain, &self.import)
        {
            self.take_plain(plain, server);
        } else {
            self.take_record(self.restore.renewed(stored.read()?));
        }
        Ok(())
    }

    fn take_plain(&mut self, plain: PlainRecord<'_>, server: usize) {
        let Restore { origin, .. } = self.restore;
        let is_inactive = plain.flags.has(ConnFlags::INACTIVE);
        self.facts.push(Facts { told: Told::of_plain(&plain), server, is_inactive });
        let age = plain.age.map(|age| self.restore.age(age));
        let deadline = self.restore.deadline(moved(plain.expires_at, origin.later), plain.timeout);
        self.batch.push(Aged { conn: plain.made(self.servers.reference(server), deadline), age });
    }

    fn take_record(&mut self, record: ConnRecord) {
        let wanted = port_of(&record);
        let has_port = wanted.is_some();
        self.wanted.extend(wanted);
        let Some(server) = self.servers.of(&record, &self.import) else {
            match has_port {
                true => self.others.push(record),
                false => self.import.take_connection(record, &mut Claimed::default()),
            }
            return;
        };
        let is_inactive = record.flags.has(ConnFlags::INACTIVE);
        let facts = Facts { told: Told::of(&record), server, is_inactive };
        let age = record.age;
        let conn =
            record.made(Some(self.servers.reference(server)), |data| self.restore.director.conns.tag(data));
        let coming = Coming { aged: Aged { conn, age }, facts };
        if has_port {
            self.with_port.push(coming);
        } else {
            self.add(coming);
        }
    }

    fn add(&mut self, Coming { aged, facts }: Coming) {
        self.batch.push(aged);
        self.facts.push(facts);
    }

    /// Gives the connections of the batch places. Returns how many of them there were none for.
    fn place(&mut self) -> usize {
        let ids = self.restore.director.conns.place(&mut self.batch, &mut self.unled);
        let left_out = self.facts.len() - ids.len();
        self.import.summary.skipped.full += left_out as u64;
        for (id, Facts { told, server, is_inactive }) in ids.into_iter().zip(self.facts.drain(..)) {
            self.servers.note(server, told.is_template, is_inactive);
            self.import.took(id, told);
        }
        left_out
    }

    /// Takes in those whose local port was claimed.
    fn take_those_with_port(&mut self, claimed: &mut Claimed) {
        let with_port = std::mem::take(&mut self.with_port);
        let mut claims: Vec<LocalPort> = Vec::with_capacity(BATCH);
        for coming in with_port {
            let Some(claim) = coming.aged.conn.local_port().filter(|claim| claimed.remove(claim)) else {
                self.import.summary.skipped.port_taken += 1;
                continue;
            };
            self.add(coming);
            claims.push(claim);
            if claims.len() == BATCH {
                self.place_with_ports(&mut claims);
            }
        }
        self.place_with_ports(&mut claims);
        self.servers.count();
        for record in std::mem::take(&mut self.others) {
            self.import.take_connection(record, claimed);
        }
    }

    fn place_with_ports(&mut self, claims: &mut Vec<LocalPort>) {
        let placed = claims.len() - self.place();
        let ports = self.restore.director.conns.ports();
        claims.drain(..).skip(placed).for_each(|port| ports.release_unrested(port));
    }
}

/// A store that is taken in, where nobody finds its connections yet.
#[derive(Debug)]
pub struct Restored<'a> {
    restore: Restore<'a>,
    import: Import<'a>,
    unled: Vec<UnledKeys>,
    claimed: Claimed,
}

impl Restored<'_> {
    /// Leads keys to connections: one of `shares` shares. Returns those that another one has the ends of, for [`Self::finish`].
    pub fn lead(&self, share: usize, shares: usize) -> Vec<Place> {
        let unled: Vec<&UnledKeys> = self.unled.iter().collect();
        self.restore.director.conns.lead(&unled, share, shares)
    }

    /// Does what is left when all keys lead somewhere: whoever has another one's ends goes, and others are put under those that they were
    /// under.
    pub fn finish(mut self, twins: Vec<Place>) -> ImportSummary {
        let Restore { director, now, .. } = self.restore;
        let conns = &director.conns;
        let mut others: BTreeMap<ConnId, ConnId> = BTreeMap::new();
        for place in twins {
            let Some(entry) = conns.at(place) else { continue };
            let (id, key, is_template) = (entry.id, entry.key_in(), entry.is_template());
            drop(entry);
            let summary = &mut self.import.summary;
            summary.skipped.known += 1;
            *(if is_template { &mut summary.templates } else { &mut summary.connections }) -= 1;
            conns.drop_mirrored(id).into_iter().for_each(|port| conns.ports().release_unrested(port));
            others.extend(conns.peek(&key, now).map(|other| (id, other.id)));
        }
        // What stood under one of two stands under the other.
        self.import.labels.values_mut().for_each(|id| *id = others.get(id).copied().unwrap_or(*id));
        self.import.link();
        director.let_go(self.claimed);
        director.end_orphans(now);
        self.import.summary
    }
}

impl Import<'_> {
    /// Takes in what another import of the same director has come to.
    fn join(&mut self, other: Self) {
        let (ours, theirs) = (&mut self.summary, other.summary);
        ours.connections += theirs.connections;
        ours.templates += theirs.templates;
        ours.skipped.damaged += theirs.skipped.damaged;
        ours.skipped.full += theirs.skipped.full;
        ours.skipped.known += theirs.skipped.known;
        ours.skipped.port_taken += theirs.skipped.port_taken;
        ours.damage = ours.damage.or(theirs.damage);
        self.labels.extend(other.labels);
        self.controlled.extend(other.controlled);
    }
}
