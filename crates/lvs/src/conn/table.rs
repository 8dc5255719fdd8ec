//! The connection table. The only file that names `dashmap`.
//!
//! The index is a `DashMap` of 32-bit hashes to slot numbers, used through its raw API: one entry per role of a
//! connection, 9 bytes each, and no key is stored twice. The records lie in [`Slots`].
//!
//! Locks are taken in the order shard, slot, slot of the controller, wheel or local ports; a shard is never locked while
//! a slot is held.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};

use dashmap::{DashMap, SharedValue};
use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};

use super::expiry::{Tick, Wheel};
use super::flows::{self, CloseReason, FlowLogging, FlowRecord, Flows, LostFlows};
use super::slots::Slots;
use super::{Chains, ConnFlags, ConnKey, Connection, EXTENSION, HeldPort, Ports, Positions, Role};
use crate::keyed_hash::KeyedHash;
use crate::service::{Endpoint, RealServer};
use crate::time::Time;

mod mirror;

use mirror::count;

/// Shards of the index; a power of two, well above the number of queues.
const SHARDS: usize = 64;

/// A connection's place in the table, valid while the connection is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(std::num::NonZeroU32);

impl ConnId {
    /// No connection's.
    pub const NOWHERE: Self = Self(std::num::NonZeroU32::MAX);

    fn from_slot(slot: u32) -> Self {
        Self(std::num::NonZeroU32::MIN.saturating_add(slot))
    }

    /// A number that stays the same, to spread connections by.
    pub const fn spread(self) -> usize {
        self.slot() as usize
    }

    /// The number of its place.
    pub const fn place(self) -> u32 {
        self.slot()
    }

    const fn slot(self) -> u32 {
        self.0.get() - 1
    }
}

/// The table has no room for another connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection table is full")]
pub struct TableFull;

/// Why a connection from elsewhere has no place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRestored {
    #[error("the connection table is full")]
    Full,
    #[error("the table has a connection of the same ends")]
    Known,
}

/// A connection, locked.
#[derive(Debug)]
pub struct Entry<'a> {
    pub id: ConnId,
    conn: MappedMutexGuard<'a, Connection>,
}

impl std::ops::Deref for Entry<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.conn
    }
}

impl std::ops::DerefMut for Entry<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.conn
    }
}

#[derive(Debug)]
pub struct ConnTable {
    index: DashMap<u32, u32, KeyedHash>,
    hasher: KeyedHash,
    slots: Slots,
    expiry: Mutex<Wheel>,
    ports: Ports,
    /// Connections that were ever added, wrapping around.
    added: AtomicU32,
    /// How many connections and templates of services there may be (`conn_max`).
    most: AtomicUsize,
    /// Connections beside services: masqueraded, let in, or of checks.
    beside: AtomicUsize,
    /// Of these, those that were opened outwards.
    masqueraded: AtomicUsize,
    /// Connections whose client port is not known yet.
    awaiting: AtomicUsize,
    /// Connections that have ended and whose ends are to be told.
    untold: Mutex<Vec<Connection>>,
    flows: Flows,
}

impl ConnTable {
    /// An empty table with room for `limit` connections; `secret` keeps its hashes from being foreseen.
    pub fn new(limit: usize, secret: u128) -> Self {
        let hasher = KeyedHash::new(secret);
        Self {
            index: DashMap::with_capacity_and_hasher_and_shard_amount(0, hasher, SHARDS),
            hasher,
            slots: Slots::new(limit),
            expiry: Mutex::default(),
            ports: Ports::new(secret),
            added: AtomicU32::new(0),
            most: AtomicUsize::new(usize::MAX),
            beside: AtomicUsize::new(0),
            masqueraded: AtomicUsize::new(0),
            awaiting: AtomicUsize::new(0),
            untold: Mutex::default(),
            flows: Flows::default(),
        }
    }

    /// Connections and templates together.
    pub fn len(&self) -> usize {
        self.slots.in_use()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Connections and templates of services.
    pub fn of_services(&self) -> usize {
        self.len().saturating_sub(self.beside.load(Relaxed))
    }

    /// Whether there is no room for another connection of a service.
    pub fn is_full(&self) -> bool {
        self.of_services() >= self.most.load(Relaxed)
    }

    /// Whether half of the room for connections of services is taken.
    pub fn is_half_full(&self) -> bool {
        self.of_services() >= self.most.load(Relaxed).min(self.slots.limit()) / 2
    }

    /// From now on no connection of a service comes in while there are so many. Those that are there stay.
    pub fn limit(&self, most: usize) {
        self.most.store(most, Relaxed);
    }

    /// Connections that were opened outwards.
    pub fn masqueraded(&self) -> usize {
        self.masqueraded.load(Relaxed)
    }

    /// Tag of an engine's data in keys; never 0.
    pub fn tag(&self, data: &[u8]) -> u64 {
        self.hasher.hash(data).max(1)
    }

    /// The connection that a packet belongs to. One whose time is up is gone.
    pub fn lookup(&self, key: &ConnKey, now: Time) -> Option<Entry<'_>> {
        self.lookup_exact(key, now).or_else(|| self.lookup_awaiting(key, now))
    }

    /// As [`Self::lookup`], for who only wants to look: one whose time is up stays where it is.
    pub fn peek(&self, key: &ConnKey, now: Time) -> Option<Entry<'_>> {
        self.find(key).filter(|entry| entry.expires_at() > now)
    }

    /// One that waits for a client of that address, whatever its port.
    fn lookup_awaiting(&self, key: &ConnKey, now: Time) -> Option<Entry<'_>> {
        if key.role != Role::In || self.awaiting.load(Relaxed) == 0 {
            return None;
        }
        let from = Endpoint::new(key.from.addr, 0);
        let found = self.lookup_exact(&ConnKey { from, ..*key }, now)?;
        found.flags.has(ConnFlags::NO_CLIENT_PORT).then_some(found)
    }

    fn lookup_exact(&self, key: &ConnKey, now: Time) -> Option<Entry<'_>> {
        let entry = self.find(key)?;
        if entry.expires_at() > now {
            return Some(entry);
        }
        self.end(entry, now);
        self.find(key).filter(|entry| entry.expires_at() > now)
    }

    fn find(&self, key: &ConnKey) -> Option<Entry<'_>> {
        let found = self.find_any(key)?;
        let is_ambiguous = key.role == Role::Out && found.flags.has(ConnFlags::SHARES_ENDS);
        if !is_ambiguous {
            return Some(found);
        }
        drop(found);
        self.find_newest(key)
    }

    fn find_any(&self, key: &ConnKey) -> Option<Entry<'_>> {
        let hash = key.hash(&self.hasher);
        let mut found = None;
        let shard = self.index.shards()[self.shard_of(hash)].read();
        shard.get(spread(hash), |(other, slot)| {
            *other == hash && {
                found = self.entry(*slot.get()).filter(|entry| key.matches(entry));
                found.is_some()
            }
        });
        drop(shard);
        found
    }

    /// Of several connections that a server's packet can belong to, the newest (the kernel's list begins with it).
    fn find_newest(&self, key: &ConnKey) -> Option<Entry<'_>> {
        let hash = key.hash(&self.hasher);
        let mut newest: Option<(u32, u32)> = None;
        let shard = self.index.shards()[self.shard_of(hash)].read();
        shard.get(spread(hash), |(other, slot)| {
            let candidate = if *other == hash { self.entry(*slot.get()) } else { None };
            if let Some(entry) = candidate.filter(|entry| key.matches(entry)) {
                let is_newer = |(_, number)| entry.number.wrapping_sub(number) < u32::MAX / 2;
                if newest.is_none_or(is_newer) {
                    newest = Some((*slot.get(), entry.number));
                }
            }
            false
        });
        drop(shard);
        self.entry(newest?.0).filter(|entry| key.matches(entry))
    }

    fn entry(&self, slot: u32) -> Option<Entry<'_>> {
        Self::entry_of(slot, self.slots.lock(slot)?)
    }

    /// As [`Self::entry`], for who changes nothing.
    fn seen(&self, slot: u32) -> Option<Entry<'_>> {
        Self::entry_of(slot, self.slots.look(slot)?)
    }

    fn entry_of(slot: u32, guard: MutexGuard<'_, Option<Connection>>) -> Option<Entry<'_>> {
        let conn = MutexGuard::try_map(guard, Option::as_mut).ok()?;
        let entry = Entry { id: ConnId::from_slot(slot), conn };
        (!entry.flags.has(ConnFlags::ENDING)).then_some(entry)
    }

    /// The connection in that place.
    pub fn get(&self, id: ConnId) -> Option<Entry<'_>> {
        self.entry(id.slot())
    }

    /// Adds a connection and returns it locked.
    ///
    /// # Errors
    /// The table is full; the connection is no longer counted at its server.
    pub fn insert(&self, mut conn: Connection) -> Result<Entry<'_>, TableFull> {
        let is_beside = conn.is_beside_services();
        let slot = if is_beside || !self.is_full() { self.slots.claim() } else { None };
        let Some(slot) = slot else {
            let now = conn.expires_at() - conn.timeout();
            conn.held_port(now).into_iter().for_each(|held| self.ports.release(held));
            conn.unbind();
            return Err(TableFull);
        };
        let (key_in, key_out) = (conn.key_in(), conn.key_out());
        conn.number = self.added.fetch_add(1, Relaxed);
        if let Some(mut other) = key_out.and_then(|key_out| self.find_any(&key_out)) {
            other.flags.set(ConnFlags::SHARES_ENDS, true);
            conn.flags.set(ConnFlags::SHARES_ENDS, true);
        }
        self.flows.begin(&mut conn);
        self.put(slot, conn, [Some(key_in), key_out]);
        self.entry(slot).ok_or(TableFull)
    }

    /// Puts a connection into a slot that was claimed for it.
    fn put(&self, slot: u32, mut conn: Connection, keys: [Option<ConnKey>; 2]) {
        conn.queued = self.expiry.lock().push(slot, conn.expires_at());
        self.count_kinds(&conn, true);
        if let Some(mut place) = self.slots.lock(slot) {
            *place = Some(conn);
        }
        keys.iter().flatten().for_each(|key| self.index_insert(key, slot));
    }

    /// Ends a connection: no key leads to it, and it counts no more at its server and under its template. One that
    /// still controls others goes on for a minute instead (`ip_vs_conn_expire`).
    pub fn end(&self, entry: Entry<'_>, now: Time) {
        self.end_as(entry, None, now);
    }

    /// As [`Self::end`], for a reason that its state does not tell.
    pub fn end_as(&self, entry: Entry<'_>, close_reason: Option<CloseReason>, now: Time) {
        if let Some(held) = self.take_out(entry, close_reason, now) {
            self.ports.release(held);
        }
    }

    /// As [`Self::end_as`], and its local port stays taken for the caller.
    pub fn end_keeping_port(
        &self,
        entry: Entry<'_>,
        close_reason: Option<CloseReason>,
        now: Time,
    ) -> Option<HeldPort> {
        let held = self.take_out(entry, close_reason, now)?;
        self.ports.resume(&held.pair, held.port);
        Some(held)
    }

    fn take_out(
        &self,
        mut entry: Entry<'_>,
        close_reason: Option<CloseReason>,
        now: Time,
    ) -> Option<HeldPort> {
        if entry.controlled > 0 {
            entry.set_timeout(EXTENSION);
            entry.touch(now);
            return None;
        }
        let mut conn = self.remove(entry)?;
        self.flows.end(&conn, close_reason, now);
        let held = conn.held_port(now);
        if conn.tells_on_expiry() && conn.is_open() {
            conn.uncount();
            self.untold.lock().push(conn);
        } else {
            conn.unbind();
        }
        held
    }

    /// Takes a connection out of its slot and all that leads there, and from under its controller.
    fn remove(&self, mut entry: Entry<'_>) -> Option<Connection> {
        entry.flags.set(ConnFlags::ENDING, true);
        let (slot, key_in, key_out) = (entry.id.slot(), entry.key_in(), entry.key_out());
        drop(entry);
        self.index_remove(&key_in, slot);
        if let Some(key_out) = key_out {
            self.index_remove(&key_out, slot);
        }
        let mut conn = self.slots.lock(slot).and_then(|mut place| place.take())?;
        self.slots.free(slot);
        self.count_kinds(&conn, false);
        if let Some(mut controller) = conn.controller.take().and_then(|id| self.get(id)) {
            controller.controlled = controller.controlled.saturating_sub(1);
        }
        Some(conn)
    }

    /// Counts one connection more, or one less, of the kinds that it is of.
    fn count_kinds(&self, conn: &Connection, is_more: bool) {
        if conn.flags.has(ConnFlags::NO_CLIENT_PORT) {
            count(&self.awaiting, is_more);
        }
        if conn.is_beside_services() {
            count(&self.beside, is_more);
        }
        if conn.is_masqueraded() {
            count(&self.masqueraded, is_more);
        }
    }

    /// Ends a TCP connection and has both ends told, if it is known where they are. True when they will be.
    pub fn cut_off(&self, mut entry: Entry<'_>, now: Time) -> bool {
        let told = entry.is_open() && entry.positions().is_some_and(Positions::is_known);
        if told {
            entry.watch_positions(true);
        }
        self.end_as(entry, Some(CloseReason::Drained), now);
        told
    }

    /// A connection that has ended and whose ends are to be told. It counts nowhere any more.
    pub fn pop_untold(&self) -> Option<Connection> {
        self.untold.lock().pop()
    }

    /// Sets what is logged of connections from now on; nothing with None.
    pub fn log_flows(&self, logging: Option<FlowLogging>) {
        self.flows.log(logging);
    }

    /// Takes the records of what has begun and ended since the last time.
    pub fn take_flows(&self) -> (Vec<FlowRecord>, LostFlows) {
        self.flows.take()
    }

    /// Returns records of what is still there, as if it ended now, from one part of the table. Where the next begins.
    pub fn open_flows(&self, start: u32, end: u32, now: Time) -> (Vec<FlowRecord>, Option<u32>) {
        let mut open = Vec::new();
        let next = self.for_each_between(start, end, |_, conn| {
            if flows::is_told(conn) {
                open.push(FlowRecord::new(conn, Some(CloseReason::Stopped), now));
            }
        });
        (open, next)
    }

    /// The local ports that connections have.
    pub const fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Makes way for a newer connection of the same key, and stays for those under it.
    pub fn unhash(&self, mut entry: Entry<'_>) {
        let (slot, keys) = (entry.id.slot(), [Some(entry.key_in()), entry.key_out()]);
        entry.flags.set(ConnFlags::UNHASHED, true);
        drop(entry);
        for key in keys.iter().flatten() {
            self.index_remove(key, slot);
        }
    }

    /// Takes a template out of use whose server is gone; it stays listed until its time is up, with its virtual port if
    /// that is kept.
    pub fn spoil(&self, mut entry: Entry<'_>, keeps_port: bool) {
        let (slot, key) = (entry.id.slot(), entry.key_in());
        entry.spoil(keeps_port);
        drop(entry);
        self.index_remove(&key, slot);
    }

    /// Fills in the port of the client that was waited for (`ip_vs_conn_fill_cport`). None when the connection has
    /// ended meanwhile.
    pub fn fill_client_port(&self, entry: Entry<'_>, port: u16) -> Option<Entry<'_>> {
        let (id, number, old) = (entry.id, entry.number, [Some(entry.key_in()), entry.key_out()]);
        drop(entry);
        let client = Endpoint::new(old[0]?.from.addr, port);
        let new_in = old[0].map(|key| ConnKey { from: client, ..key });
        // A local end stays the same whoever the client is.
        let is_direct = |key: &ConnKey| key.to == Endpoint::new(client.addr, 0);
        let new = [new_in, old[1].filter(is_direct).map(|key| ConnKey { to: client, ..key })];
        let old = [old[0], old[1].filter(is_direct)];
        for key in new.iter().flatten() {
            self.index_insert(key, id.slot());
        }
        let filled = self.get(id).filter(|entry| entry.number == number).is_some_and(|mut entry| {
            let is_first = entry.flags.has(ConnFlags::NO_CLIENT_PORT);
            if is_first {
                entry.client_port = port;
                entry.flags.set(ConnFlags::NO_CLIENT_PORT, false);
                self.awaiting.fetch_sub(1, Relaxed);
            }
            is_first
        });
        for key in if filled { old } else { new }.iter().flatten() {
            self.index_remove(key, id.slot());
        }
        self.get(id).filter(|entry| entry.number == number)
    }

    /// Gives a connection without a server one, and so that server's forwarding method. None when the connection has
    /// ended meanwhile.
    pub fn bind<'a>(&'a self, mut entry: Entry<'a>, server: Arc<RealServer>) -> Option<Entry<'a>> {
        let (id, number, old) = (entry.id, entry.number, entry.key_out());
        entry.bind(server);
        let new = entry.key_out();
        if old == new {
            return Some(entry);
        }
        drop(entry);
        if let Some(old) = old {
            self.index_remove(&old, id.slot());
        }
        if let Some(new) = new {
            self.index_insert(&new, id.slot());
        }
        let bound = self.get(id).filter(|entry| entry.number == number);
        if let (None, Some(new)) = (&bound, new) {
            self.index_remove(&new, id.slot());
        }
        bound
    }

    /// Notes that `id` stands under `controller`.
    pub fn control(&self, entry: &mut Entry<'_>, controller: ConnId) {
        if let Some(mut template) = self.get(controller) {
            template.controlled += 1;
            entry.controller = Some(controller);
        }
    }

    /// Starts the timer of a connection's present timeout again, as every packet does (`ip_vs_conn_put`).
    pub fn touch(&self, entry: &mut Entry<'_>, now: Time) {
        entry.touch(now);
        if Tick::at_or_after(entry.expires_at()) < entry.queued {
            entry.queued = self.expiry.lock().push(entry.id.slot(), entry.expires_at());
        }
    }

    /// Ends what is due, looking at no more than `budget` connections; shows to `extended` what goes on for what it
    /// controls. True when there may be more.
    pub fn expire_due(&self, now: Time, budget: usize, mut extended: impl FnMut(&mut Entry<'_>)) -> bool {
        for _ in 0..budget {
            let Some((slot, tick)) = self.expiry.lock().pop(now) else { return false };
            let Some(mut entry) = self.entry(slot).filter(|entry| entry.queued == tick) else { continue };
            if entry.expires_at() > now || entry.controlled > 0 {
                if entry.expires_at() <= now {
                    entry.set_timeout(EXTENSION);
                    entry.touch(now);
                    extended(&mut entry);
                }
                entry.queued = self.expiry.lock().push(slot, entry.expires_at());
            } else {
                self.end(entry, now);
            }
        }
        true
    }

    /// When [`Self::expire_due`] may next have something to do.
    pub fn next_deadline(&self) -> Option<Time> {
        self.expiry.lock().next_deadline()
    }

    /// Shows every connection to `see`, in no particular order. The table goes on changing meanwhile.
    pub fn for_each(&self, mut see: impl FnMut(ConnId, &Connection)) {
        self.for_each_part(0, 1, &mut see);
    }

    /// Shows every connection in one of `parts` parts of the table.
    pub fn for_each_part(&self, part: u32, parts: u32, mut see: impl FnMut(ConnId, &Connection)) {
        for slot in (part..self.slots.end()).step_by(parts as usize) {
            if let Some(entry) = self.seen(slot) {
                see(entry.id, &entry);
            }
        }
    }

    /// Shows the connections in the places from `start` to before `end` to `see`. Where to go on; None at the end.
    pub fn for_each_between(
        &self,
        start: u32,
        end: u32,
        mut see: impl FnMut(ConnId, &Connection),
    ) -> Option<u32> {
        let last = self.slots.end();
        for slot in start..end.min(last) {
            if let Some(entry) = self.seen(slot) {
                see(entry.id, &entry);
            }
        }
        (end < last).then_some(end)
    }

    /// How long the chains of a table of `buckets` (a power of two) would be, by the keys of all connections of services:
    /// how many buckets have none, one, and so on up to seven or more.
    pub fn chains(&self, buckets: u32) -> [u32; 8] {
        let mut chains = Chains::new(buckets);
        self.for_each(|_, conn| {
            if !conn.is_beside_services() && !conn.flags.has(ConnFlags::UNHASHED) {
                chains.add(conn.key_in().hash(&self.hasher));
                conn.key_out().into_iter().for_each(|key| chains.add(key.hash(&self.hasher)));
            }
        });
        chains.lengths()
    }

    fn shard_of(&self, hash: u32) -> usize {
        self.index.determine_shard(spread(hash) as usize)
    }

    fn index_insert(&self, key: &ConnKey, slot: u32) {
        let hash = key.hash(&self.hasher);
        let mut shard = self.index.shards()[self.shard_of(hash)].write();
        shard.insert(spread(hash), (hash, SharedValue::new(slot)), |(hash, _)| spread(*hash));
    }

    fn index_remove(&self, key: &ConnKey, slot: u32) {
        let hash = key.hash(&self.hasher);
        let mut shard = self.index.shards()[self.shard_of(hash)].write();
        shard.remove_entry(spread(hash), |(other, at)| *other == hash && *at.get() == slot);
    }
}

/// 64 bits for the raw table, which takes its shard, its bucket and its tag from different ends.
const fn spread(hash: u32) -> u64 {
    (hash as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
