//! Keeping connections where a successor finds them after a crash; [restoring](super::restoring) takes them over from there.
//!
//! A store has a place for each place of the table. What has changed is written to it off the path of packets, record by record;
//! each is whole or recognisably not. Services and servers are not in it: they are declared before. Counters are stored by the
//! [copy](super::copy); resting ports are not kept.

use crate::conn::Place;
use crate::conn::record::{ConnRecord, put_stored};
use crate::director::Director;
use crate::time::Time;

/// Store that outlives the director: one record, or none, in each place.
pub trait ConnStore {
    /// Puts a record into a place, instead of the one that is there.
    fn put(&mut self, place: u32, record: &[u8]);

    /// Empties a place.
    fn clear(&mut self, place: u32);
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
}
