//! The index of the connection table: from hashes of keys to slots. The only file that names `dashmap`.
//!
//! A `DashMap` of 32-bit hashes to slot numbers, used through its raw API: one entry per role of a connection, 9 bytes
//! each, and no key is stored twice. The records lie in [`Slots`](super::slots::Slots).

#[cfg(not(feature = "shuttle"))]
use dashmap::{DashMap, SharedValue};

use super::ConnKey;
use crate::keyed_hash::KeyedHash;

/// Shards of the index; a power of two, well above the number of queues.
#[cfg(not(feature = "shuttle"))]
const SHARDS: usize = 64;
#[cfg(feature = "shuttle")]
const SHARDS: usize = 1;

#[derive(Debug)]
pub(super) struct Index {
    map: Map,
    hasher: KeyedHash,
}

impl Index {
    /// An empty index; `secret` keeps its hashes from being foreseen.
    pub(super) fn new(secret: u128) -> Self {
        let hasher = KeyedHash::new(secret);
        Self { map: Map::new(hasher), hasher }
    }

    pub(super) const fn hasher(&self) -> &KeyedHash {
        &self.hasher
    }

    /// Tag of an engine's data in keys; never 0.
    pub(super) fn tag(&self, data: &[u8]) -> u64 {
        self.hasher.hash(data).max(1)
    }

    /// Shows the slots under the key's hash to `is_found`, until it says yes. The shard is locked meanwhile.
    pub(super) fn find(&self, key: &ConnKey, is_found: impl FnMut(u32) -> bool) {
        self.map.find(key.hash(&self.hasher), is_found);
    }

    pub(super) fn insert(&self, key: &ConnKey, slot: u32) {
        self.map.insert(key.hash(&self.hasher), slot);
    }

    pub(super) fn remove(&self, key: &ConnKey, slot: u32) {
        self.map.remove(key.hash(&self.hasher), slot);
    }
}

/// Hashes of keys and the slots that these are to lead to, by shards: keys of clients' packets and of templates, and of servers'
/// packets.
#[derive(Debug)]
pub(super) struct Queued(Vec<[Vec<(u32, u32)>; 2]>);

impl Default for Queued {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| <[Vec<_>; 2]>::default()).collect())
    }
}

impl Index {
    /// Notes a key for [`Self::insert_queued`]; of kind 0, or 1 for servers' packets.
    #[inline]
    pub(super) fn queue(&self, queued: &mut Queued, kind: usize, key: &ConnKey, slot: u32) {
        let hash = key.hash(&self.hasher);
        queued.0[self.map.shard_of(hash)][kind].push((hash, slot));
    }

    /// Inserts queued keys, those of one of `shares` shares of the shards. Where a slot has the same hash already, it is asked whether the
    /// new one, which comes first, is to be left out.
    pub(super) fn insert_queued(
        &self,
        queued: &[&Queued],
        (share, shares): (usize, usize),
        mut meets: [&mut dyn FnMut(u32, u32) -> bool; 2],
    ) {
        for number in (share..SHARDS).step_by(shares) {
            for (kind, meets) in meets.iter_mut().enumerate() {
                let entries = queued.iter().flat_map(|queued| &queued.0[number][kind]).copied();
                let count = queued.iter().map(|queued| queued.0[number][kind].len()).sum();
                self.map.insert_all(number, count, entries, meets);
            }
        }
    }
}

/// From hashes to slots.
#[cfg(not(feature = "shuttle"))]
#[derive(Debug)]
struct Map(DashMap<u32, u32, KeyedHash>);

#[cfg(not(feature = "shuttle"))]
impl Map {
    fn new(hasher: KeyedHash) -> Self {
        Self(DashMap::with_capacity_and_hasher_and_shard_amount(0, hasher, SHARDS))
    }

    fn find(&self, hash: u32, mut is_found: impl FnMut(u32) -> bool) {
        let shard = self.0.shards()[self.shard_of(hash)].read();
        shard.get(spread(hash), |(other, slot)| *other == hash && is_found(*slot.get()));
    }

    fn insert(&self, hash: u32, slot: u32) {
        let mut shard = self.0.shards()[self.shard_of(hash)].write();
        shard.insert(spread(hash), (hash, SharedValue::new(slot)), |(hash, _)| spread(*hash));
    }

    /// Inserts so many entries of one shard, but those that are not wanted where they meet another with the same hash.
    fn insert_all(
        &self,
        number: usize,
        count: usize,
        entries: impl Iterator<Item = (u32, u32)>,
        mut meets: impl FnMut(u32, u32) -> bool,
    ) {
        let mut shard = self.0.shards()[number].write();
        shard.reserve(count, |(hash, _)| spread(*hash));
        for (hash, slot) in entries {
            let is_left_out =
                |(other, at): &(u32, SharedValue<u32>)| *other == hash && meets(slot, *at.get());
            if shard.get(spread(hash), is_left_out).is_none() {
                shard.insert(spread(hash), (hash, SharedValue::new(slot)), |(hash, _)| spread(*hash));
            }
        }
    }

    fn remove(&self, hash: u32, slot: u32) {
        let mut shard = self.0.shards()[self.shard_of(hash)].write();
        shard.remove_entry(spread(hash), |(other, at)| *other == hash && *at.get() == slot);
    }

    fn shard_of(&self, hash: u32) -> usize {
        self.0.determine_shard(spread(hash) as usize)
    }
}

/// One shard, under a lock that the scheduler of the test knows.
#[cfg(feature = "shuttle")]
#[derive(Debug)]
struct Map(shuttle::sync::RwLock<Vec<(u32, u32)>>);

#[cfg(feature = "shuttle")]
impl Map {
    fn new(_: KeyedHash) -> Self {
        Self(shuttle::sync::RwLock::new(Vec::new()))
    }

    fn find(&self, hash: u32, mut is_found: impl FnMut(u32) -> bool) {
        let shard = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = shard.iter().any(|(other, slot)| *other == hash && is_found(*slot));
    }

    fn insert(&self, hash: u32, slot: u32) {
        self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner).push((hash, slot));
    }

    fn insert_all(
        &self,
        _: usize,
        _: usize,
        entries: impl Iterator<Item = (u32, u32)>,
        mut meets: impl FnMut(u32, u32) -> bool,
    ) {
        let mut shard = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (hash, slot) in entries {
            if !shard.iter().any(|(other, at)| *other == hash && meets(slot, *at)) {
                shard.push((hash, slot));
            }
        }
    }

    const fn shard_of(&self, _: u32) -> usize {
        0
    }

    fn remove(&self, hash: u32, slot: u32) {
        let mut shard = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(at) = shard.iter().position(|place| *place == (hash, slot)) {
            shard.swap_remove(at);
        }
    }
}

/// 64 bits for the raw table, which takes its shard, its bucket and its tag from different ends.
#[cfg(not(feature = "shuttle"))]
const fn spread(hash: u32) -> u64 {
    (hash as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
