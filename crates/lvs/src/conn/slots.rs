//! Storage of connections: slots in chunks that never move, each under a lock of its own.
//!
//! While somebody copies the table, each slot that is locked by others is noted as touched, so that what has changed since
//! it was copied is found again. The notes are made and taken under the slot's lock. So are those of slots that have changed since
//! they were stored, which only changes make that have to be stored at once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

use super::Connection;
use super::locks::{self, Lock};

pub(super) const CHUNK: usize = 1024;

/// Notes in one word.
const WORD: usize = 64;

type Guard<'a> = locks::Guard<'a, Option<Connection>>;

/// A bit for each slot of a chunk.
type Notes = [AtomicU64; CHUNK / WORD];

#[derive(Debug)]
struct Chunk {
    slots: Box<[Lock<Option<Connection>>]>,
    notes: Box<ChunkNotes>,
}

/// Thousands of chunks have a place before there is the first connection.
const _: () = assert!(size_of::<OnceLock<Chunk>>() <= 32);

#[derive(Debug)]
struct ChunkNotes {
    touched: Notes,
    changed: Notes,
    offered: Notes,
}

impl Chunk {
    fn new() -> Self {
        Self::of((0..CHUNK).map(|_| None))
    }

    fn of(conns: impl Iterator<Item = Option<Connection>>) -> Self {
        let notes = || [const { AtomicU64::new(0) }; CHUNK / WORD];
        let notes = ChunkNotes { touched: notes(), changed: notes(), offered: notes() };
        Self { slots: conns.map(Lock::new).collect(), notes: Box::new(notes) }
    }
}

/// The word with the note of a slot, and its bit there.
const fn note(notes: &Notes, at: usize) -> (&AtomicU64, u64) {
    (&notes[at / WORD], 1 << (at % WORD))
}

#[derive(Debug)]
pub(super) struct Slots {
    chunks: Box<[OnceLock<Chunk>]>,
    free: Mutex<Free>,
    /// Whether touched slots are noted.
    notes: AtomicBool,
    /// Whether changed slots are.
    keeps: AtomicBool,
}

#[derive(Debug, Default)]
struct Free {
    /// Slots that were given back.
    list: Vec<u32>,
    /// The first slot that was never used.
    fresh: u32,
}

impl Free {
    const fn in_use(&self) -> usize {
        self.fresh as usize - self.list.len()
    }
}

impl Slots {
    /// Room for `limit` connections, of which memory is taken as they come.
    pub(super) fn new(limit: usize) -> Self {
        let chunks = (0..limit.div_ceil(CHUNK)).map(|_| OnceLock::new()).collect();
        let (notes, keeps) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { chunks, free: Mutex::default(), notes, keeps }
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
        chunk.get_or_init(Chunk::new);
        free.fresh += 1;
        Some(id)
    }

    /// So many slots, for the caller alone; fewer where all together would be more than `most`, or more than there can be.
    pub(super) fn claim_many(&self, wanted: usize, most: usize) -> Vec<u32> {
        let mut free = self.free.lock();
        let count = wanted.min(most.saturating_sub(free.in_use()));
        let given_back = free.list.len().saturating_sub(count);
        let mut claimed = free.list.split_off(given_back);
        while claimed.len() < count
            && let Some(chunk) = self.chunks.get(free.fresh as usize / CHUNK)
        {
            chunk.get_or_init(Chunk::new);
            claimed.push(free.fresh);
            free.fresh += 1;
        }
        claimed
    }

    /// Puts a connection into a slot that was claimed.
    pub(super) fn fill(&self, slot: u32, conn: Connection) {
        if let Some(mut place) = self.lock(slot) {
            *place = Some(conn);
            self.note_changed(slot);
        }
    }

    /// The slots of a chunk that was never used, for the caller alone: the first of them. None: there is none, slots were given back,
    /// or all together would be more than `most`.
    pub(super) fn claim_chunk(&self, most: usize) -> Option<u32> {
        let mut free = self.free.lock();
        let first = free.fresh;
        let is_there = (first as usize).is_multiple_of(CHUNK) && (first as usize) < self.limit();
        if !is_there || !free.list.is_empty() || free.in_use() + CHUNK > most {
            return None;
        }
        free.fresh += CHUNK as u32;
        Some(first)
    }

    /// Puts connections into a chunk that was claimed, one into each slot.
    pub(super) fn fill_chunk(&self, first: u32, conns: impl ExactSizeIterator<Item = Connection>) {
        debug_assert_eq!(conns.len(), CHUNK);
        let chunk = Chunk::of(conns.map(Some));
        for (is_noted, notes) in [(&self.notes, &chunk.notes.touched), (&self.keeps, &chunk.notes.changed)] {
            let noted = if is_noted.load(Relaxed) { u64::MAX } else { 0 };
            notes.iter().for_each(|word| word.store(noted, Relaxed));
        }
        if let Some(place) = self.chunks.get(first as usize / CHUNK) {
            drop(place.set(chunk));
        }
    }

    /// Gives an empty slot back.
    pub(super) fn free(&self, id: u32) {
        self.free.lock().list.push(id);
    }

    pub(super) fn lock(&self, id: u32) -> Option<Guard<'_>> {
        let chunk = self.chunk(id)?;
        let at = id as usize % CHUNK;
        let guard = chunk.slots[at].lock();
        // Whoever began to copy before has let go of this lock since, so that this is seen here.
        if self.notes.load(Relaxed) {
            let (word, bit) = note(&chunk.notes.touched, at);
            word.fetch_or(bit, Relaxed);
        }
        Some(guard)
    }

    /// As [`Self::lock`], for who changes nothing.
    pub(super) fn look(&self, id: u32) -> Option<Guard<'_>> {
        Some(self.chunk(id)?.slots[id as usize % CHUNK].lock())
    }

    fn chunk(&self, id: u32) -> Option<&Chunk> {
        self.chunks.get(id as usize / CHUNK)?.get()
    }

    /// From now on touched slots are noted. All that are there count as touched.
    pub(super) fn begin_notes(&self) {
        self.notes.store(true, Relaxed);
        for chunk in self.chunks.iter().map_while(OnceLock::get) {
            chunk.notes.touched.iter().for_each(|word| word.store(u64::MAX, Relaxed));
        }
    }

    pub(super) fn end_notes(&self) {
        self.notes.store(false, Relaxed);
    }

    /// How many are noted as touched.
    pub(super) fn touched(&self) -> usize {
        let words = self.chunks.iter().map_while(OnceLock::get).flat_map(|chunk| &chunk.notes.touched);
        words.map(|word| word.load(Relaxed).count_ones() as usize).sum()
    }

    /// From now on changed slots are noted. All that are there count as changed.
    pub(super) fn begin_keeping(&self) {
        self.keeps.store(true, Relaxed);
        for chunk in self.chunks.iter().map_while(OnceLock::get) {
            chunk.notes.changed.iter().for_each(|word| word.store(u64::MAX, Relaxed));
        }
    }

    pub(super) fn end_keeping(&self) {
        self.keeps.store(false, Relaxed);
    }

    /// Notes that a slot has changed. The caller has it locked.
    pub(super) fn note_changed(&self, id: u32) {
        if self.keeps.load(Relaxed)
            && let Some(chunk) = self.chunk(id)
        {
            let (word, bit) = note(&chunk.notes.changed, id as usize % CHUNK);
            if word.load(Relaxed) & bit == 0 {
                word.fetch_or(bit, Relaxed);
            }
        }
    }

    /// Notes that the fast path has, or is offered, the connection of a slot. False: that was noted already. The caller has it
    /// locked.
    pub(super) fn note_offered(&self, id: u32) -> bool {
        self.chunk(id).is_some_and(|chunk| {
            let (word, bit) = note(&chunk.notes.offered, id as usize % CHUNK);
            word.load(Relaxed) & bit == 0 && word.fetch_or(bit, Relaxed) & bit == 0
        })
    }

    /// Takes that note away.
    pub(super) fn note_withdrawn(&self, id: u32) {
        if self.is_offered(id)
            && let Some(chunk) = self.chunk(id)
        {
            let (word, bit) = note(&chunk.notes.offered, id as usize % CHUNK);
            word.fetch_and(!bit, Relaxed);
        }
    }

    pub(super) fn is_offered(&self, id: u32) -> bool {
        self.chunk(id).is_some_and(|chunk| {
            let (word, bit) = note(&chunk.notes.offered, id as usize % CHUNK);
            word.load(Relaxed) & bit != 0
        })
    }

    /// Shows touched slots from `start` on to `see`, and takes their notes away; those of no more words than needed for
    /// `most` of them. Where to go on; None at the end.
    pub(super) fn take_touched(
        &self,
        start: u32,
        most: usize,
        see: impl FnMut(u32, &Option<Connection>),
    ) -> Option<u32> {
        self.take(|chunk| &chunk.notes.touched, start, most, see)
    }

    /// As [`Self::take_touched`], of changed slots.
    pub(super) fn take_changed(
        &self,
        start: u32,
        most: usize,
        see: impl FnMut(u32, &Option<Connection>),
    ) -> Option<u32> {
        self.take(|chunk| &chunk.notes.changed, start, most, see)
    }

    fn take(
        &self,
        notes: impl Fn(&Chunk) -> &Notes,
        start: u32,
        most: usize,
        mut see: impl FnMut(u32, &Option<Connection>),
    ) -> Option<u32> {
        let (mut at, mut seen) = (start as usize / WORD * WORD, 0);
        while let Some(chunk) = self.chunks.get(at / CHUNK).and_then(OnceLock::get) {
            if seen >= most {
                return u32::try_from(at).ok();
            }
            let word = &notes(chunk)[at % CHUNK / WORD];
            let mut bits = word.load(Relaxed);
            while bits != 0 {
                let bit = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let slot = chunk.slots[at % CHUNK + bit].lock();
                word.fetch_and(!(1 << bit), Relaxed);
                see((at + bit) as u32, &slot);
                seen += 1;
            }
            at += WORD;
        }
        None
    }

    /// One more than the highest slot ever used.
    pub(super) fn end(&self) -> u32 {
        self.free.lock().fresh
    }

    pub(super) fn in_use(&self) -> usize {
        self.free.lock().in_use()
    }
}
