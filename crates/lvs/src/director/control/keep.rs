//! Keeping connections where a successor finds them, and taking them over from there after a crash.
//!
//! A store has a place for each place of the table. What has changed is written to it off the path of packets, record by record;
//! each is whole or recognisably not. Services and servers are not in it: they are declared before. Counters are stored by the
//! [copy](super::copy); resting ports are not kept.

use std::time::Duration;

use super::import::{Import, ImportSummary};
use super::wanted_ports::{Claimed, WantedPort, port_of};
use crate::conn::Place;
use crate::conn::record::{ConnRecord, Damage, put_stored, read_stored};
use crate::director::Director;
use crate::time::Time;

/// So old may the deadline in a store be: an entry in the wheel comes round within this time.
const LAG: Duration = Duration::from_secs(66);

/// Store that outlives the director: one record, or none, in each place.
pub trait ConnStore {
    /// Puts a record into a place, instead of the one that is there.
    fn put(&mut self, place: u32, record: &[u8]);

    /// Empties a place.
    fn clear(&mut self, place: u32);
}

/// Time and counts of the director that filled a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreOrigin {
    /// Milliseconds by which time began later here than for that director.
    pub later: i64,
    /// Connections that it had ever added, wrapping around.
    pub added: u32,
}

impl Director {
    /// From now on changes of connections are noted for [`Self::store_changes`]; at first all count as changed.
    pub fn begin_keeping(&self) {
        self.conns.begin_keeping();
    }

    pub fn end_keeping(&self) {
        self.conns.end_keeping();
    }

    /// Connections that were ever added, wrapping around.
    pub fn connections_added(&self) -> u32 {
        self.conns.added()
    }

    /// Writes changed connections of the places from `start` on, about `most` of them. Where to go on; None at the end.
    pub fn store_changes(
        &self,
        start: u32,
        most: usize,
        now: Time,
        store: &mut impl ConnStore,
    ) -> Option<u32> {
        let mut bytes = Vec::new();
        self.conns.take_changed(start, most, |place, conn| {
            bytes.clear();
            let is_kept = conn.is_some_and(|conn| {
                let mut record = ConnRecord::of(conn, place, 0, Place::number);
                // What may come to stand under it names it so.
                let is_above = conn.is_template() || conn.is_ftp_control();
                record.label = is_above.then(|| place.number());
                record.rare.repeat_at = conn.is_repeated().then_some(now);
                put_stored(&mut bytes, &record, now)
            });
            if is_kept { store.put(place.number(), &bytes) } else { store.clear(place.number()) }
        })
    }

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

/// Part of a store that was taken in, but for what has to wait for the others.
#[derive(Debug)]
pub struct RestoredPart<'a, 'r> {
    import: Import<'a>,
    /// Connections with a local port of this director's.
    with_port: Vec<&'r [u8]>,
    wanted: Vec<WantedPort>,
}

impl<'a> Restore<'a> {
    /// Takes in connections whose records these are.
    pub fn part<'r>(&self, records: impl Iterator<Item = &'r [u8]>) -> RestoredPart<'a, 'r> {
        let mut part = RestoredPart {
            import: Import::new(self.director, self.now, self.now),
            with_port: Vec::new(),
            wanted: Vec::new(),
        };
        for (at, bytes) in records.enumerate() {
            match self.read(bytes) {
                Ok(record) => match port_of(&record) {
                    None => part.import.take_connection(record, &mut Claimed::default()),
                    Some(wanted) => {
                        part.wanted.push(wanted);
                        part.with_port.push(bytes);
                    }
                },
                Err(damage) => part.import.summary.note_damage(at, damage),
            }
        }
        part
    }

    /// Takes in what has waited: connections with a local port, after all of those were claimed, and which ones stand under which.
    pub fn finish(self, parts: Vec<RestoredPart<'a, '_>>) -> ImportSummary {
        let mut import = Import::new(self.director, self.now, self.now);
        let (mut with_port, mut wanted) = (Vec::new(), Vec::new());
        for part in parts {
            import.join(part.import);
            with_port.extend(part.with_port);
            wanted.extend(part.wanted);
        }
        let mut claimed = import.claim(wanted.into_iter());
        for record in with_port.into_iter().filter_map(|bytes| self.read(bytes).ok()) {
            import.take_connection(record, &mut claimed);
        }
        import.link();
        self.director.let_go(claimed);
        self.director.end_orphans(self.now);
        import.summary
    }

    /// The record as this director goes on with it.
    fn read(&self, bytes: &[u8]) -> Result<ConnRecord, Damage> {
        read_stored(bytes).map(|record| renewed(record, self.origin, self.now))
    }
}

fn renewed(record: ConnRecord, origin: StoreOrigin, now: Time) -> ConnRecord {
    let mut record = record.moved(origin.later);
    let timeout = Duration::from_secs(record.timeout.into());
    let later = record.expires_at.max(now) + LAG.min(timeout);
    record.expires_at = later.min(now + timeout);
    record.age = record.age.map(|age| origin.added.wrapping_add(age));
    record
}
