//! Connections of another table: as it left them, or mirrored while it goes on, so that what has changed there is shown
//! again, and done here.
//!
//! Never decides what is carried from one to the other; called by the director's copy and take-over.

use std::sync::atomic::Ordering::Relaxed;

use super::expiry::Tick;
use super::{ConnFlags, ConnId, ConnKey, ConnTable, Connection, Entry, LocalPort, Place, RestoreError};

impl ConnTable {
    /// How many connections were ever added, wrapping around.
    pub fn added(&self) -> u32 {
        self.added.load(Relaxed)
    }

    /// Adds a connection that was in another table, as it is; nobody is told that it begins. `age`: how many that table
    /// has taken in since, where that is known.
    ///
    /// # Errors
    /// The table has no place for it; it is no longer counted at its server.
    pub fn restore(&self, mut conn: Connection, age: Option<u32>) -> Result<ConnId, RestoreError> {
        let keys = keys(&conn);
        if keys[0].is_some_and(|key| self.find_any(&key).is_some()) {
            conn.unbind();
            return Err(RestoreError::Known);
        }
        let has_room = conn.is_beside_services() || !self.is_full();
        let Some(slot) = has_room.then(|| self.slots.claim()).flatten() else {
            conn.unbind();
            return Err(RestoreError::Full);
        };
        let older = || self.older_numbers(1).next().unwrap_or_default();
        conn.number = age.map_or_else(older, |age| self.number_of(age));
        let id = ConnId::new(Place::of_slot(slot), conn.number);
        if let Some(mut other) = keys[1].and_then(|key_out| self.find_any(&key_out)) {
            other.flags.set(ConnFlags::SHARES_ENDS, true);
            conn.flags.set(ConnFlags::SHARES_ENDS, true);
        }
        self.put(slot, conn, keys);
        Ok(id)
    }

    /// Numbers that none of the last sixteen million connections has or had: all that are here, and all that come, are newer.
    pub(super) fn older_numbers(&self, count: u32) -> impl Iterator<Item = u32> {
        const LOW: u32 = (1 << 24) - 1;
        const AGE: u32 = 1 << 30;
        let first = self.restored.fetch_add(count, Relaxed);
        let high = (self.added() & !LOW).wrapping_sub(AGE);
        (0..count).map(move |number| high | first.wrapping_add(number) & LOW)
    }

    /// The number of a connection after which another table has taken in so many.
    pub(super) fn number_of(&self, age: u32) -> u32 {
        self.added().wrapping_sub(age.max(1))
    }

    /// From now on it is noted which connections are touched; all count as touched at first.
    pub fn begin_copy(&self) {
        self.slots.begin_notes();
    }

    pub fn end_copy(&self) {
        self.slots.end_notes();
    }

    /// How many connections, and places where one was, are touched since they were last shown.
    pub fn touched(&self) -> usize {
        self.slots.touched()
    }

    /// Shows some touched places from `start` on to `see`, with the connection that is there. Where to go on; None at the
    /// end.
    pub fn take_touched(
        &self,
        start: u32,
        most: usize,
        mut see: impl FnMut(Place, Option<&Connection>),
    ) -> Option<u32> {
        self.slots.take_touched(start, most, |slot, conn| {
            let is_there = |conn: &&Connection| !conn.flags.has(ConnFlags::ENDING);
            see(Place::of_slot(slot), conn.as_ref().filter(is_there));
        })
    }

    /// Has the connection in that place shown again.
    pub fn touch_place(&self, place: Place) {
        drop(self.slots.lock(place.number()));
    }

    /// Adds a connection that is in another table, which goes on for now; `number` tells which one in that place it is.
    ///
    /// # Errors
    /// The table has no place for it; it is no longer counted at its server.
    pub fn mirror(&self, mut conn: Connection, number: u32) -> Result<ConnId, RestoreError> {
        let keys = keys(&conn);
        let Some(slot) = self.slots.claim() else {
            conn.unbind();
            return Err(RestoreError::Full);
        };
        conn.number = number;
        self.put(slot, conn, keys);
        Ok(ConnId::new(Place::of_slot(slot), number))
    }

    /// Makes a mirrored connection be as it is in the other table by now. What it stands under, and what under it, stays.
    pub fn update_mirrored(&self, id: ConnId, mut conn: Connection) {
        let Some(mut entry) = self.get(id) else { return conn.unbind() };
        let (old, new) = (keys(&entry), keys(&conn));
        self.count_kinds(&conn, true);
        self.count_kinds(&entry, false);
        (conn.number, conn.queued) = (entry.number, entry.queued);
        (conn.controlled, conn.controller) = (entry.controlled, entry.controller);
        std::mem::replace(&mut *entry, conn).unbind();
        if Tick::at_or_after(entry.expires_at()) < entry.queued {
            entry.queued = self.expiry.lock().push(id.slot(), entry.expires_at());
        }
        drop(entry);
        for (old, new) in old.iter().zip(&new).filter(|(old, new)| old != new) {
            old.iter().for_each(|key| self.index.remove(key, id.slot()));
            new.iter().for_each(|key| self.index.insert(key, id.slot()));
        }
    }

    /// Takes a mirrored connection out again. Nobody is told; the local port that it had is for the caller.
    pub fn drop_mirrored(&self, id: ConnId) -> Option<LocalPort> {
        let mut conn = self.remove(self.get(id)?)?;
        conn.unbind();
        conn.local_port()
    }

    /// Takes a connection from under the one that it stands under; `is_there`: that is still the same.
    pub fn release(&self, entry: &mut Entry<'_>, is_there: bool) {
        if let Some(above) = entry.controller.take().filter(|_| is_there) {
            self.let_go(above);
        }
    }

    /// The connections here that have the client's end of this one, and its local end.
    pub fn rivals(&self, conn: &Connection) -> [Option<ConnId>; 2] {
        let [key_in, key_out] = keys(conn);
        let by_local = key_out.filter(|_| conn.local().is_some());
        [key_in, by_local].map(|key| key.and_then(|key| self.find_any(&key)).map(|entry| entry.id))
    }

    /// Goes on counting connections where another table was.
    pub fn resume_numbers(&self, added: u32) {
        self.added.store(added, Relaxed);
    }
}

/// Keys that lead to a connection.
pub(super) fn keys(conn: &Connection) -> [Option<ConnKey>; 2] {
    if conn.flags.has(ConnFlags::UNHASHED) { [None, None] } else { [Some(conn.key_in()), conn.key_out()] }
}
