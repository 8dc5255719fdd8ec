//! Storage of connections: slots in chunks that never move, each under a lock of its own.

use std::sync::OnceLock;

use parking_lot::{Mutex, MutexGuard};

use super::Connection;

const CHUNK: usize = 1024;

type Chunk = Box<[Mutex<Option<Connection>>]>;

#[derive(Debug)]
pub(super) struct Slots {
    chunks: Box<[OnceLock<Chunk>]>,
    free: Mutex<Free>,
}

#[derive(Debug, Default)]
struct Free {
    /// Slots that were given back.
    list: Vec<u32>,
    /// The first slot that was never used.
    fresh: u32,
}

impl Slots {
    /// Room for `limit` connections, of which memory is taken as they come.
    pub(super) fn new(limit: usize) -> Self {
        let chunks = (0..limit.div_ceil(CHUNK)).map(|_| OnceLock::new()).collect();
        Self { chunks, free: Mutex::default() }
    }

    /// How many there can be.
    pub(super) const fn limit(&self) -> usize {
        self.chunks.len() * CHUNK
    }

    /// A slot for the caller alone, until [`Self::free`]. None when all are in use.
    pub(super) fn claim(&self) -> Option<u32> {
        let mut free = self.free.lock();
        if let Some(id) = free.list.pop() {
            return Some(id);
        }
        let id = free.fresh;
        let chunk = self.chunks.get(id as usize / CHUNK)?;
        chunk.get_or_init(|| (0..CHUNK).map(|_| Mutex::new(None)).collect());
        free.fresh += 1;
        Some(id)
    }

    /// Gives an empty slot back.
    pub(super) fn free(&self, id: u32) {
        self.free.lock().list.push(id);
    }

    pub(super) fn lock(&self, id: u32) -> Option<MutexGuard<'_, Option<Connection>>> {
        let chunk = self.chunks.get(id as usize / CHUNK)?.get()?;
        Some(chunk[id as usize % CHUNK].lock())
    }

    /// One more than the highest slot ever used.
    pub(super) fn end(&self) -> u32 {
        self.free.lock().fresh
    }

    pub(super) fn in_use(&self) -> usize {
        let free = self.free.lock();
        free.fresh as usize - free.list.len()
    }
}
