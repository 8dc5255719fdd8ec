//! Changes of connections: which of them other directors are yet to be told of, and of which another one has told this one.
//!
//! Beside the records, so that they stay as they are: eight bytes a place for what was learnt, one for the peers to be told,
//! both only once there is a peer. A connection that changes again before it was told of is told once. With no peer a
//! change costs one look at a byte.
//!
//! Locked after everything else: by whoever holds a connection.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::AcqRel, Ordering::Relaxed};

use parking_lot::Mutex;

use super::{ConnFlags, ConnKey, Connection, SctpState, State, TcpState};
use crate::time::Time;

/// Peers that are told at once.
pub const MOST_PEERS: usize = 8;

/// Ends that wait to be told to one peer at most. A connection whose end is not told of ends there by its timeout.
const MOST_ENDED: usize = 1 << 16;

/// Places in one piece of the table.
const CHUNK: usize = 1024;

/// Bits of [`Chunk::learnt`] for a time; above them who told it.
const TIME_BITS: u32 = 56;

/// One of the peers that are told, by its place among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener(u8);

/// A director that told of connections: a number that the caller gives out, never 0.
pub type Teller = u8;

/// Whoever told of a connection by the kernel's messages.
pub const ANY_OF_GROUP: Teller = Teller::MAX;

/// Changes for one peer.
#[derive(Clone, Debug)]
pub struct Changed<T> {
    /// Keys of connections that have ended.
    pub ended: Vec<ConnKey>,
    /// Places of others.
    pub there: Vec<T>,
}

#[derive(Debug)]
pub(super) struct Changes {
    /// A bit for each peer that is told.
    listeners: AtomicU8,
    has_learnt: AtomicU8,
    chunks: Box<[OnceLock<Box<Chunk>>]>,
    due: [AtomicU32; MOST_PEERS],
    ended: Mutex<[Vec<ConnKey>; MOST_PEERS]>,
    lost_ends: AtomicU64,
}

#[derive(Debug)]
struct Chunk {
    /// The bits that are in `due`.
    any: AtomicU8,
    due: [AtomicU8; CHUNK],
    /// The one who told, and when its last packet was; 0: nobody.
    learnt: [AtomicU64; CHUNK],
}

impl Changes {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            listeners: AtomicU8::new(0),
            has_learnt: AtomicU8::new(0),
            chunks: (0..limit.div_ceil(CHUNK)).map(|_| OnceLock::new()).collect(),
            due: Default::default(),
            ended: Mutex::default(),
            lost_ends: AtomicU64::new(0),
        }
    }

    /// From now on changes are noted for one more peer. None: there are too many.
    pub(super) fn listen(&self) -> Option<Listener> {
        let free = |listeners: u8| (listeners != u8::MAX).then(|| listeners | (listeners + 1));
        let before = self.listeners.fetch_update(Relaxed, Relaxed, free).ok()?;
        Some(Listener(before.trailing_ones() as u8))
    }

    /// Forgets a peer, and what it was to be told.
    pub(super) fn leave(&self, listener: Listener) {
        self.listeners.fetch_and(!listener.bit(), Relaxed);
        self.ended.lock()[listener.place()] = Vec::new();
        for chunk in self.chunks.iter().filter_map(OnceLock::get) {
            if chunk.any.fetch_and(!listener.bit(), AcqRel) & listener.bit() != 0 {
                for due in &chunk.due {
                    due.fetch_and(!listener.bit(), Relaxed);
                }
            }
        }
        self.due[listener.place()].store(0, Relaxed);
    }

    /// A connection has changed, and all peers are to be told.
    pub(super) fn note(&self, slot: u32) {
        let listeners = self.listeners.load(Relaxed);
        if listeners == 0 {
            return;
        }
        let Some((chunk, at)) = self.place(slot) else { return };
        let new = listeners & !chunk.due[at].fetch_or(listeners, Relaxed);
        chunk.any.fetch_or(listeners, AcqRel);
        for place in (0..MOST_PEERS).filter(|place| new & 1 << place != 0) {
            self.due[place].fetch_add(1, Relaxed);
        }
    }

    /// A connection begins here; `is_told`: peers are told of it at once.
    pub(super) fn begin(&self, slot: u32, is_told: bool) {
        if self.has_learnt.load(Relaxed) != 0
            && let Some((chunk, at)) = self.existing(slot)
        {
            chunk.learnt[at].store(0, Relaxed);
        }
        if is_told {
            self.note(slot);
        }
    }

    /// A connection has ended before its time.
    pub(super) fn end(&self, conn: &Connection, now: Time) {
        let listeners = self.listeners.load(Relaxed);
        if listeners == 0 || conn.is_template() || conn.expires_at() <= now || !is_worth_telling(conn) {
            return;
        }
        let mut ended = self.ended.lock();
        for (place, ended) in ended.iter_mut().enumerate().filter(|(place, _)| listeners & 1 << place != 0) {
            if ended.len() < MOST_ENDED {
                ended.push(conn.key_in());
                self.due[place].fetch_add(1, Relaxed);
            } else {
                self.lost_ends.fetch_add(1, Relaxed);
            }
        }
    }

    /// Another director has told of it; `at`: of its last packet.
    pub(super) fn learn(&self, slot: u32, teller: Teller, at: Time) {
        self.has_learnt.store(1, Relaxed);
        if let Some((chunk, place)) = self.place(slot) {
            chunk.learnt[place].store(u64::from(teller) << TIME_BITS | at.0, Relaxed);
        }
    }

    /// Tells who told of it, where no packet has come here since. `at`: of its last packet.
    pub(super) fn teller(&self, slot: u32, at: Time) -> Option<Teller> {
        if self.has_learnt.load(Relaxed) == 0 {
            return None;
        }
        let (chunk, place) = self.existing(slot)?;
        let learnt = chunk.learnt[place].load(Relaxed);
        let is_same = learnt & ((1 << TIME_BITS) - 1) == at.0;
        is_same.then_some((learnt >> TIME_BITS) as Teller).filter(|teller| *teller != 0)
    }

    /// Takes out of it for one peer, `most` at most: ends, then places of connections.
    pub(super) fn take(&self, listener: Listener, most: usize) -> Changed<u32> {
        let (place, bit) = (listener.place(), listener.bit());
        let ended = {
            let mut ended = self.ended.lock();
            let ended = &mut ended[place];
            ended.drain(..ended.len().min(most)).collect::<Vec<_>>()
        };
        let room = most - ended.len();
        let mut slots = Vec::new();
        for (number, chunk) in self.chunks.iter().enumerate() {
            let Some(chunk) = chunk.get() else { continue };
            if slots.len() >= room {
                break;
            }
            if chunk.any.load(Relaxed) & bit != 0 {
                chunk.take(bit, number, room, &mut slots);
            }
        }
        self.due[place].fetch_sub((ended.len() + slots.len()) as u32, Relaxed);
        Changed { ended, there: slots }
    }

    /// How much a peer is to be told.
    pub(super) fn due(&self, listener: Listener) -> u32 {
        self.due[listener.place()].load(Relaxed)
    }

    pub(super) fn lost_ends(&self) -> u64 {
        self.lost_ends.load(Relaxed)
    }

    fn existing(&self, slot: u32) -> Option<(&Chunk, usize)> {
        let chunk = self.chunks.get(slot as usize / CHUNK)?.get()?;
        Some((chunk, slot as usize % CHUNK))
    }

    fn place(&self, slot: u32) -> Option<(&Chunk, usize)> {
        let chunk = self.chunks.get(slot as usize / CHUNK)?.get_or_init(Chunk::empty);
        Some((chunk, slot as usize % CHUNK))
    }
}

impl Listener {
    const fn bit(self) -> u8 {
        1 << self.0
    }

    const fn place(self) -> usize {
        self.0 as usize
    }
}

impl Chunk {
    fn empty() -> Box<Self> {
        Box::new(Self {
            any: AtomicU8::new(0),
            due: [const { AtomicU8::new(0) }; CHUNK],
            learnt: [const { AtomicU64::new(0) }; CHUNK],
        })
    }

    fn take(&self, bit: u8, number: usize, room: usize, slots: &mut Vec<u32>) {
        // What is noted meanwhile sets it again.
        self.any.fetch_and(!bit, AcqRel);
        for (at, due) in self.due.iter().enumerate() {
            if due.load(Relaxed) & bit == 0 {
                continue;
            }
            if slots.len() >= room {
                self.any.fetch_or(bit, AcqRel);
                return;
            }
            due.fetch_and(!bit, Relaxed);
            slots.push((number * CHUNK + at) as u32);
        }
    }
}

/// Whether other directors need it: not what belongs to this host alone, nor what a client has only begun.
pub(super) fn is_worth_telling(conn: &Connection) -> bool {
    if conn.is_beside_services()
        || conn.flags.has(ConnFlags::ONE_PACKET)
        || conn.flags.has(ConnFlags::UNHASHED)
    {
        return false;
    }
    match conn.state {
        State::Tcp(state) => !matches!(
            state,
            TcpState::None | TcpState::SynSent | TcpState::SynRecv | TcpState::Listen | TcpState::SynAck
        ),
        State::Sctp(state) => matches!(
            state,
            SctpState::Established
                | SctpState::ShutdownSent
                | SctpState::ShutdownReceived
                | SctpState::ShutdownAckSent
                | SctpState::Closed
        ),
        // One question and its answer are over before they are told.
        State::Udp => conn.in_packets > 1 || conn.flags.has(ConnFlags::FROM_SYNC),
        State::Stateless | State::Template { .. } => true,
        State::Echo => false,
    }
}
