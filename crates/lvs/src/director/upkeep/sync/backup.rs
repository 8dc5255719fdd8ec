//! The backup's side: each record makes a connection, or changes the one that is there.
//!
//! A message is believed in what it says of connections, and in little else: no virtual address is captured for its sake, and
//! of servers that are not declared the answers of a few. A connection beside them waits for its end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::app::sequence::Correction;
use crate::conn::changes::ANY_OF_GROUP;
use crate::conn::{ConnFlags, ConnKey, Connection, Entry, Role, State};
use crate::director::{Captures, Director, Time};
use crate::service::{Endpoint, Method, Protocol, RealServer};
use crate::sync::{Flags, Reader, Record, Rejected};

/// A template's timeout where the message does not say it.
const TEMPLATE_TIMEOUT: Duration = Duration::from_secs(3 * 60);

/// Connection that a record is about.
enum Found<'a> {
    Nothing,
    /// The record's connection, with what the record says of its state.
    Known(Entry<'a>),
    /// A connection that the record does not concern any more.
    Replaced,
}

/// Servers whose answers are captured for the sake of other directors' messages.
const MOST_UNDECLARED: usize = 64;

impl Director {
    /// Takes over what a message says of connections. What is wrong in it is counted and left.
    pub fn hear_sync_message(&self, message: &[u8], now: Time) {
        let counters = &self.sync.counters;
        counters.heard_messages.fetch_add(1, Relaxed);
        let records = match Reader::new(message, self.sync.backup_id.load(Relaxed)) {
            Ok(records) => records,
            Err(reason) => return counters.reject(reason),
        };
        for record in records {
            match record.and_then(|record| self.take_over(&record, now)) {
                Ok(()) => {
                    counters.heard_records.fetch_add(1, Relaxed);
                }
                Err(reason) => counters.reject(reason),
            }
        }
    }

    fn take_over(&self, record: &Record, now: Time) -> Result<(), Rejected> {
        let state = record.state().ok_or(match Protocol::from_number(record.protocol) {
            None if !record.is_template() => Rejected::UnknownProtocol,
            _ => Rejected::BadState,
        })?;
        if record.engine.as_ref().is_some_and(|engine| engine.name != "sip") {
            return Err(Rejected::UnknownEngine);
        }
        let mut entry = match self.renew(record, state, now) {
            Found::Known(entry) => entry,
            // A connection for one packet ends with its message.
            Found::Nothing if record.flags.has(Flags::ONE_PACKET) => return Ok(()),
            Found::Nothing => {
                let conn = self.learn(record, state, now);
                if conn.server().is_none() && self.conns.is_half_full() {
                    return Err(Rejected::NoServer);
                }
                let entry = self.conns.insert(conn).map_err(|_| Rejected::TableFull)?;
                self.conns.learn(&entry, ANY_OF_GROUP);
                entry
            }
            Found::Replaced => return Ok(()),
        };
        // Asked before the timeout changes, by which it is told when the last packet was.
        let is_hearsay = self.conns.teller(entry.id, &entry).is_some();
        if let Some([_, server]) = record.sequences {
            let (position, before, after) = (server.position, server.before, server.after);
            entry.continue_from(Correction { position, before, after });
        }
        entry.in_packets = self.sync_policy().threshold;
        entry.synced_state = record.state as u8;
        let usual = || self.timeouts.of(state).unwrap_or(TEMPLATE_TIMEOUT);
        let timeout = record.timeout().unwrap_or_else(usual);
        entry.set_timeout(timeout);
        self.conns.touch(&mut entry, now);
        // Peers are not to take it for what was seen here: messages wait for others to fill a datagram, and are old when they come.
        if is_hearsay {
            self.conns.learn(&entry, ANY_OF_GROUP);
        }
        Ok(())
    }

    /// Changes the connection of a record, if it is there.
    fn renew(&self, record: &Record, state: State, now: Time) -> Found<'_> {
        let key = self.record_key(record);
        let is_inactive = record.flags.has(Flags::INACTIVE);
        let Some(mut entry) = self.conns.lookup(&key, now) else { return Found::Nothing };
        // Who tells of it on the channel of its own says more, and earlier.
        if self.conns.teller(entry.id, &entry).is_some_and(|teller| self.is_telling(teller)) {
            return Found::Replaced;
        }
        if !entry.is_template() && entry.real() != record.real {
            // The end of a connection whose place another has taken already.
            if is_inactive {
                return Found::Replaced;
            }
            self.conns.end(entry, now);
            return Found::Nothing;
        }
        entry.update(state, is_inactive);
        self.conns.note_changed(&entry);
        if entry.server().is_some() {
            return Found::Known(entry);
        }
        // The services are looked at without a connection locked.
        let method = entry.method;
        drop(entry);
        let server = self.server_of(record, method);
        let Some(entry) = self.conns.lookup(&key, now) else { return Found::Nothing };
        match server.filter(|_| entry.server().is_none()) {
            Some(server) => self.conns.bind(entry, server).map_or(Found::Nothing, Found::Known),
            None => Found::Known(entry),
        }
    }

    /// A new connection by a record.
    fn learn(&self, record: &Record, state: State, now: Time) -> Connection {
        let method = record.flags.method();
        let is_inactive = record.flags.has(Flags::INACTIVE) && !record.is_template();
        let ends = [record.client, record.virt, record.real];
        let mut conn = Connection::learnt(record.protocol, state, ends, method, now);
        conn.flags.set(ConnFlags::INACTIVE, is_inactive);
        conn.flags.set(ConnFlags::NO_OUTPUT, record.flags.has(Flags::NO_OUTPUT));
        conn.flags.set(ConnFlags::NO_CLIENT_PORT, record.flags.has(Flags::NO_CLIENT_PORT));
        if record.fwmark != 0 {
            conn.set_fwmark(record.fwmark);
        }
        if let Some(engine) = record.engine.as_ref().filter(|_| record.is_template()) {
            conn.set_engine(engine.clone(), self.conns.tag(&engine.data));
        }
        match self.server_of(record, method) {
            Some(server) => conn.bind(server),
            None => self.sync.has_undeclared.store(true, Relaxed),
        }
        self.watch_ftp(&mut conn);
        conn
    }

    fn server_of(&self, record: &Record, method: Method) -> Option<Arc<RealServer>> {
        let mark = (record.fwmark != 0).then_some(record.fwmark);
        let services = self.services.read();
        let is_masqueraded = method.is_rewritten();
        let found = services.find_server(mark, record.protocol, record.virt, record.real, is_masqueraded);
        found.cloned()
    }

    fn record_key(&self, record: &Record) -> ConnKey {
        let role = if record.is_template() { Role::Template } else { Role::In };
        let key = ConnKey::new(role, record.protocol, record.client, record.virt);
        self.template_key(key, record.engine.as_ref().filter(|_| record.is_template()))
    }

    /// Whether answers of servers that are not declared are to be looked for anew: some have come, or some were captured.
    pub(in crate::director) fn follows_undeclared(&self) -> bool {
        self.sync.has_undeclared.swap(false, Relaxed) || self.sync.captures_undeclared.load(Relaxed)
    }

    /// Adds the masqueraded servers that connections to declared services name and that are not declared, a few at most:
    /// whoever sends messages chooses them. No lock on the services is held, since records are locked one by one.
    pub(in crate::director) fn capture_undeclared(
        &self,
        declared: &BTreeSet<(u8, Endpoint)>,
        captures: &mut Captures,
    ) {
        let mut found = BTreeSet::new();
        self.conns.for_each(|_, conn| {
            let is_undeclared = conn.flags.has(ConnFlags::FROM_SYNC) && conn.server().is_none();
            let is_seen = is_undeclared && !conn.is_template() && conn.method.is_rewritten();
            if is_seen && found.len() < MOST_UNDECLARED && declared.contains(&(conn.protocol(), conn.virt()))
            {
                found.insert((conn.protocol(), conn.real().addr));
            }
        });
        self.sync.captures_undeclared.store(!found.is_empty(), Relaxed);
        captures.reals.extend(found.iter().map(|(_, addr)| *addr));
        captures.answers.extend(found);
    }
}
