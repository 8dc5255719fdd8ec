//! The connection table: connections come in, are found, and end.
//!
//! Locks are taken in the order shard of the index, slot, slot of the controller, wheel or local ports; a shard is never
//! locked while a slot is held.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;

use super::changes::Changes;
use super::expiry::{Tick, Wheel};
use super::flows::{CloseReason, FlowLogging, Flows, TakenFlows};
use super::index::Index;
use super::locks::{Guard, filled};
use super::slots::Slots;
use super::{
    Clients, ConnFlags, ConnId, ConnKey, Connection, EXTENSION, Entry, HeldPort, Place, Ports, Positions,
    Role, TableFull,
};
use crate::service::Endpoint;
use crate::time::Time;

#[derive(Debug)]
pub struct ConnTable {
    pub(super) index: Index,
    pub(super) slots: Slots,
    pub(super) expiry: Mutex<Wheel>,
    ports: Ports,
    /// Connections that were ever added, wrapping around.
    pub(super) added: AtomicU32,
    /// Connections of other tables that were added, wrapping around.
    pub(super) restored: AtomicU32,
    /// How many connections and templates of services there may be (`conn_max`).
    pub(super) most: AtomicUsize,
    /// Connections beside services: masqueraded, let in, or of checks.
    pub(super) beside: AtomicUsize,
    /// Of these, those that were opened outwards.
    masqueraded: AtomicUsize,
    /// Connections whose client port is not known yet.
    pub(super) awaiting: AtomicUsize,
    /// Connections that have ended and whose ends are to be told.
    pending_resets: Mutex<Vec<Connection>>,
    flows: Flows,
    /// Clients whose connections are counted.
    pub clients: Clients,
    pub(super) changes: Changes,
    /// The end of a connection was put off until the fast path is asked.
    pub(super) has_put_off: AtomicBool,
}

impl ConnTable {
    /// An empty table with room for `limit` connections; `secret` keeps its hashes from being foreseen.
    pub fn new(limit: usize, secret: u128) -> Self {
        Self {
            index: Index::new(secret),
            slots: Slots::new(limit),
            expiry: Mutex::default(),
            ports: Ports::new(secret),
            added: AtomicU32::new(0),
            restored: AtomicU32::new(0),
            most: AtomicUsize::new(usize::MAX),
            beside: AtomicUsize::new(0),
            masqueraded: AtomicUsize::new(0),
            awaiting: AtomicUsize::new(0),
            pending_resets: Mutex::default(),
            flows: Flows::default(),
            clients: Clients::new(secret),
            changes: Changes::new(limit),
            has_put_off: AtomicBool::new(false),
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

    /// Whether no more than a quarter of the room is left.
    pub fn is_crowded(&self) -> bool {
        self.of_services() >= self.most.load(Relaxed).min(self.slots.limit()) / 4 * 3
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
        self.index.tag(data)
    }

    /// The connection that a packet belongs to. One whose time is up is gone.
    pub fn lookup(&self, key: &ConnKey, now: Time) -> Option<Entry<'_>> {
        self.lookup_exact(key, now).or_else(|| self.lookup_awaiting(key, now))
    }

    /// As [`Self::lookup`], for who only wants to look: one whose time is up stays where it is.
    pub fn peek(&self, key: &ConnKey, now: Time) -> Option<Entry<'_>> {
        self.find(key).filter(|entry| self.is_alive(entry, now))
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
        if self.is_alive(&entry, now) {
            return Some(entry);
        }
        self.end(entry, now);
        self.find(key).filter(|entry| self.is_alive(entry, now))
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

    pub(super) fn find_any(&self, key: &ConnKey) -> Option<Entry<'_>> {
        let mut found = None;
        self.index.find(key, |slot| {
            found = self.entry(slot).filter(|entry| key.matches(entry));
            found.is_some()
        });
        found
    }

    /// Of several connections that a server's packet can belong to, the newest (the kernel's list begins with it).
    fn find_newest(&self, key: &ConnKey) -> Option<Entry<'_>> {
        let mut newest: Option<(u32, u32)> = None;
        self.index.find(key, |slot| {
            if let Some(entry) = self.entry(slot).filter(|entry| key.matches(entry)) {
                let is_newer = |(_, number)| entry.number.wrapping_sub(number) < u32::MAX / 2;
                if newest.is_none_or(is_newer) {
                    newest = Some((slot, entry.number));
                }
            }
            false
        });
        self.entry(newest?.0).filter(|entry| key.matches(entry))
    }

    pub(super) fn entry(&self, slot: u32) -> Option<Entry<'_>> {
        Self::entry_of(slot, self.slots.lock(slot)?)
    }

    /// As [`Self::entry`], for who changes nothing.
    pub(super) fn seen(&self, slot: u32) -> Option<Entry<'_>> {
        Self::entry_of(slot, self.slots.look(slot)?)
    }

    fn entry_of(slot: u32, guard: Guard<'_, Option<Connection>>) -> Option<Entry<'_>> {
        let conn = filled(guard)?;
        let id = ConnId::new(Place::of_slot(slot), conn.number);
        let entry = Entry { id, conn };
        (!entry.flags.has(ConnFlags::ENDING)).then_some(entry)
    }

    /// The connection of this id, as long as it is there.
    pub fn get(&self, id: ConnId) -> Option<Entry<'_>> {
        self.entry(id.slot()).filter(|entry| entry.number == id.number())
    }

    /// The connection that is in that place by now.
    pub fn at(&self, place: Place) -> Option<Entry<'_>> {
        self.entry(place.number())
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
            conn.controller.take().into_iter().for_each(|above| self.let_go(above));
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
        let id = ConnId::new(Place::of_slot(slot), conn.number);
        self.put(slot, conn, [Some(key_in), key_out]);
        // Whoever found it by its key may have ended it already.
        self.get(id).ok_or(TableFull)
    }

    /// Puts a connection into a slot that was claimed for it.
    pub(super) fn put(&self, slot: u32, mut conn: Connection, keys: [Option<ConnKey>; 2]) {
        conn.queued = self.expiry.lock().push(slot, conn.expires_at());
        self.note_filled(slot, &conn);
        self.slots.fill(slot, conn);
        keys.iter().flatten().for_each(|key| self.index.insert(key, slot));
    }

    /// A connection is about to come into that slot.
    pub(super) fn note_filled(&self, slot: u32, conn: &Connection) {
        self.count_kinds(conn, true);
        self.changes.begin(slot, conn.is_template());
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
        // The ends of a connection of another director are that director's to tell.
        let is_ours = self.changes.teller(entry.id.slot(), entry.touched_at()).is_none();
        let mut conn = self.remove(entry)?;
        if let Some(tag) = conn.client_tag() {
            self.clients.release(tag);
        }
        self.flows.end(&conn, close_reason, now);
        let held = conn.held_port(now);
        self.changes.end(&conn, now);
        if is_ours && conn.tells_on_expiry() && conn.is_open() {
            conn.uncount();
            self.pending_resets.lock().push(conn);
        } else {
            conn.unbind();
        }
        held
    }

    /// Takes a connection out of its slot and all that leads there, and from under its controller.
    pub(super) fn remove(&self, mut entry: Entry<'_>) -> Option<Connection> {
        entry.flags.set(ConnFlags::ENDING, true);
        let (slot, key_in, key_out) = (entry.id.slot(), entry.key_in(), entry.key_out());
        drop(entry);
        self.index.remove(&key_in, slot);
        if let Some(key_out) = key_out {
            self.index.remove(&key_out, slot);
        }
        let mut conn = self.slots.lock(slot).and_then(|mut place| {
            self.slots.note_changed(slot);
            self.slots.note_withdrawn(slot);
            place.take()
        })?;
        self.slots.free(slot);
        self.count_kinds(&conn, false);
        conn.controller.take().into_iter().for_each(|above| self.let_go(above));
        Some(conn)
    }

    /// Counts one connection more, or one less, of the kinds that it is of.
    pub(super) fn count_kinds(&self, conn: &Connection, is_more: bool) {
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
    pub fn pop_pending_reset(&self) -> Option<Connection> {
        self.pending_resets.lock().pop()
    }

    /// Sets what is logged of connections from now on; nothing with None.
    pub fn log_flows(&self, logging: Option<FlowLogging>) {
        self.flows.log(logging);
    }

    /// Takes the records of what has begun and ended since the last time.
    pub fn take_flows(&self) -> TakenFlows {
        self.flows.take()
    }

    /// The local ports that connections have.
    pub const fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Starts the timer of a connection's present timeout again, as every packet does (`ip_vs_conn_put`).
    pub fn touch(&self, entry: &mut Entry<'_>, now: Time) {
        entry.touch(now);
        if Tick::at_or_after(entry.expires_at()) < entry.queued {
            entry.queued = self.expiry.lock().push(entry.id.slot(), entry.expires_at());
        }
    }
}

/// Counts one more, or one less.
fn count(kind: &AtomicUsize, is_more: bool) {
    if is_more {
        kind.fetch_add(1, Relaxed)
    } else {
        kind.fetch_sub(1, Relaxed)
    };
}
