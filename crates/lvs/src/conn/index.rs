//! The index of the connection table: from hashes of keys to slots. The only file that names `dashmap`.
//!
//! A `DashMap` of 32-bit hashes to slot numbers, used through its raw API: one entry per role of a connection, 9 bytes
//! each, and no key is stored twice. The records lie in [`Slots`](super::slots::Slots).

use dashmap::{DashMap, SharedValue};

use super::ConnKey;
use crate::keyed_hash::KeyedHash;

/// Shards of the index; a power of two, well above the number of queues.
const SHARDS: usize = 64;

#[derive(Debug)]
pub(super) struct Index {
    map: DashMap<u32, u32, KeyedHash>,
    hasher: KeyedHash,
}

impl Index {
    /// An empty index; `secret` keeps its hashes from being foreseen.
    pub(super) fn new(secret: u128) -> Self {
        let hasher = KeyedHash::new(secret);
        let map = DashMap::with_capacity_and_hasher_and_shard_amount(0, hasher, SHARDS);
        Self { map, hasher }
    }

    pub(super) const fn hasher(&self) -> &KeyedHash {
        &self.hasher
    }

    /// Tag of an engine's data in keys; never 0.
    pub(super) fn tag(&self, data: &[u8]) -> u64 {
        self.hasher.hash(data).max(1)
    }

    /// Shows the slots under the key's hash to `is_found`, until it says yes. The shard is locked meanwhile.
    pub(super) fn find(&self, key: &ConnKey, mut is_found: impl FnMut(u32) -> bool) {
        let hash = key.hash(&self.hasher);
        let shard = self.map.shards()[self.shard_of(hash)].read();
        shard.get(spread(hash), |(other, slot)| *other == hash && is_found(*slot.get()));
    }

    pub(super) fn insert(&self, key: &ConnKey, slot: u32) {
        let hash = key.hash(&self.hasher);
        let mut shard = self.map.shards()[self.shard_of(hash)].write();
        shard.insert(spread(hash), (hash, SharedValue::new(slot)), |(hash, _)| spread(*hash));
    }

    pub(super) fn remove(&self, key: &ConnKey, slot: u32) {
        let hash = key.hash(&self.hasher);
        let mut shard = self.map.shards()[self.shard_of(hash)].write();
        shard.remove_entry(spread(hash), |(other, at)| *other == hash && *at.get() == slot);
    }

    fn shard_of(&self, hash: u32) -> usize {
        self.map.determine_shard(spread(hash) as usize)
    }
}

/// 64 bits for the raw table, which takes its shard, its bucket and its tag from different ends.
const fn spread(hash: u32) -> u64 {
    (hash as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
