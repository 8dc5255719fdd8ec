//! Many connections of another table at once: locks are taken for a batch of them, and keys are led to them at the end by whole shards of
//! the index, which stay in a processor's cache meanwhile.
//!
//! The outcome is that of [`ConnTable::restore`] one by one. Never decides what is carried over; called by the director's restoring.

use std::sync::atomic::Ordering::Relaxed;

use super::index::Queued;
use super::mirror::keys;
use super::{ConnFlags, ConnId, ConnTable, Connection, Place};

/// Keys of connections that are in their slots already, and that nobody finds before [`ConnTable::lead`].
#[derive(Debug, Default)]
pub struct UnledKeys(Queued);

impl ConnTable {
    /// Puts connections of services into places, in their order, as long as there is room; returns which. Each comes with its age,
    /// as for [`ConnTable::restore`], and all are taken. Those without a place are dropped.
    pub fn place(&self, batch: &mut Vec<(Connection, Option<u32>)>, unled: &mut UnledKeys) -> Vec<ConnId> {
        let slots = self.slots.claim_many(batch.len(), self.most_in_use());
        batch.truncate(slots.len());
        let mut older = self.older_numbers(slots.len() as u32);
        let mut wheel = self.expiry.lock();
        for (slot, (conn, age)) in slots.iter().zip(&mut *batch) {
            conn.queued = wheel.push(*slot, conn.expires_at());
            conn.number = age.map_or_else(|| older.next().unwrap_or_default(), |age| self.number_of(age));
        }
        drop(wheel);
        let placed = slots.into_iter().zip(batch.drain(..)).map(|(slot, (conn, _))| {
            let id = ConnId::new(Place::of_slot(slot), conn.number);
            self.index.queue(&mut unled.0, keys(&conn), slot);
            self.fill(slot, conn);
            id
        });
        placed.collect()
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
