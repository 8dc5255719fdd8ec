//! Many connections of another table at once: locks are taken for a batch of them, and keys are led to them at the end by whole shards of
//! the index, which stay in a processor's cache meanwhile.
//!
//! The outcome is that of [`ConnTable::restore`] one by one. Never decides what is carried over; called by the director's restoring.

use std::sync::atomic::Ordering::Relaxed;

use super::index::Queued;
use super::mirror::keys;
use super::slots::CHUNK;
use super::{ConnFlags, ConnId, ConnTable, Connection, Place};

/// So many at once are placed with the least effort.
pub const BATCH: usize = CHUNK;

/// Keys of connections that are in their slots already, and that nobody finds before [`ConnTable::lead`].
#[derive(Debug, Default)]
pub struct UnledKeys(Queued);

/// A connection, and how many the table that it comes from has taken in since, where that is known.
#[derive(Debug)]
pub struct Aged {
    pub conn: Connection,
    pub age: Option<u32>,
}

impl ConnTable {
    /// Puts connections of services into places, in their order, as long as there is room; returns which. All are
    /// taken; those without a place are dropped.
    pub fn place(&self, batch: &mut Vec<Aged>, unled: &mut UnledKeys) -> Vec<ConnId> {
        let most = self.most_in_use();
        let chunk = if batch.len() == BATCH { self.slots.claim_chunk(most) } else { None };
        let slots = match chunk {
            Some(first) => (first..first + BATCH as u32).collect(),
            None => self.slots.claim_many(batch.len(), most),
        };
        batch.truncate(slots.len());
        let ids = self.number(&slots, batch, unled);
        let placed = slots.into_iter().zip(batch.drain(..)).map(|(slot, Aged { conn, .. })| {
            self.note_filled(slot, &conn);
            (slot, conn)
        });
        match chunk {
            Some(first) => self.slots.fill_chunk(first, placed.map(|(_, conn)| conn)),
            None => placed.for_each(|(slot, conn)| self.slots.fill(slot, conn)),
        }
        ids
    }

    /// Numbers connections that are about to come into these slots, gives them entries in the wheel, and notes their keys.
    fn number(&self, slots: &[u32], batch: &mut [Aged], unled: &mut UnledKeys) -> Vec<ConnId> {
        let mut older = self.older_numbers(slots.len() as u32);
        let mut wheel = self.expiry.lock();
        for (slot, Aged { conn, .. }) in slots.iter().zip(&mut *batch) {
            conn.queued = wheel.push(*slot, conn.expires_at());
        }
        drop(wheel);
        let numbered = slots.iter().zip(batch).map(|(slot, Aged { conn, age })| {
            conn.number = age.map_or_else(|| older.next().unwrap_or_default(), |age| self.number_of(age));
            if !conn.flags.has(ConnFlags::UNHASHED) {
                self.index.queue(&mut unled.0, 0, &conn.key_in(), *slot);
                conn.key_out().iter().for_each(|key| self.index.queue(&mut unled.0, 1, key, *slot));
            }
            ConnId::new(Place::of_slot(*slot), conn.number)
        });
        numbered.collect()
    }

    /// Leads keys to connections that were placed, in one of `shares` shares of the index. Returns the places of those that are to be
    /// [taken out again](ConnTable::drop_mirrored), since another connection has their ends.
    pub fn lead(&self, unled: &[&UnledKeys], share: usize, shares: usize) -> Vec<Place> {
        let mut twins = Vec::new();
        let queued: Vec<&Queued> = unled.iter().map(|unled| &unled.0).collect();
        let is_same = |slot, other, role: usize| {
            let key = self.seen(slot).and_then(|conn| keys(&conn)[role]);
            key.is_some_and(|key| self.seen(other).is_some_and(|conn| key.matches(&conn)))
        };
        let mut is_twin = |slot, other| {
            let is_twin = is_same(slot, other, 0);
            if is_twin {
                twins.push(Place::of_slot(slot));
            }
            is_twin
        };
        let mut shares_ends = |slot, other| {
            if is_same(slot, other, 1) {
                for slot in [slot, other] {
                    self.entry(slot)
                        .into_iter()
                        .for_each(|mut conn| conn.flags.set(ConnFlags::SHARES_ENDS, true));
                }
            }
            // Both are found.
            false
        };
        self.index.insert_queued(&queued, (share, shares), [&mut is_twin, &mut shares_ends]);
        twins
    }

    /// As many connections as there may be, those beside services included.
    fn most_in_use(&self) -> usize {
        self.most.load(Relaxed).saturating_add(self.beside.load(Relaxed))
    }
}
