//! Hearing a peer: a connection is made, or the one that is there is renewed or left, by who knows it better.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use foldhash::fast::FixedState;
use strum::{IntoStaticStr, VariantArray};

use crate::conn::changes::Teller;
use crate::conn::record::{ConnRecord, EndedRecord, Frames, Record};
use crate::conn::{
    AdoptedPort, ConnFlags, ConnId, ConnKey, Entry, HeldPort, LocalPort, PortPoolKey, RestoreError, Role,
    State,
};
use crate::director::Director;
use crate::director::control::wanted_ports::{Claimed, port_of};
use crate::service::{Method, RealServer};
use crate::time::Time;

/// The outcome of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Connections that were made or renewed.
    pub taken: u64,
    pub ended: u64,
    /// Records that were left, by reason.
    pub left: [u64; RecordRefusal::ALL.len()],
}

/// Reasons to leave a record. Each has a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
#[repr(u8)]
pub enum RecordRefusal {
    /// Torn, or it says what cannot be.
    Damaged,
    /// Of a kind that a later version has added, or that is not told.
    Unknown,
    /// A later packet of it was seen here, or this director knows it itself.
    Older,
    /// The server is not declared here, or is reached otherwise.
    NoServer,
    /// The local port is another's here.
    PortTaken,
    /// The table has no room for another connection.
    Full,
}

impl RecordRefusal {
    pub const ALL: &[Self] = Self::VARIANTS;

    /// As counters name it.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// A connection that a peer tells.
struct Told {
    record: Box<ConnRecord>,
    /// The peer knows it of another itself.
    is_hearsay: bool,
}

impl Director {
    /// Takes over what a peer told at `told_at`. What is wrong in it is counted and left.
    pub fn hear_peer(&self, teller: Teller, batch: &[u8], told_at: Time, now: Time) -> Heard {
        let (told, mut heard) = self.read_told(teller, batch, told_at, now);
        let mut claimed = self.claim_told_ports(&told, now);
        // Labels hold within a batch.
        let (mut labels, mut controlled) = (BTreeMap::new(), Vec::new());
        for Told { record, is_hearsay } in told {
            let (label, controller) = (record.label, record.controller);
            match self.hear_connection(teller, is_hearsay, *record, &mut claimed, now) {
                Ok(id) => {
                    heard.taken += 1;
                    labels.extend(label.map(|label| (label, id)));
                    controlled.extend(controller.map(|above| (id, above)));
                }
                Err(reason) => heard.leave(reason),
            }
        }
        self.let_go(claimed);
        for (id, above) in controlled {
            if let Some(above) = labels.get(&above).copied().filter(|above| *above != id) {
                self.stand_under(id, above);
            }
        }
        heard
    }

    /// The connections of a batch. Ends are done at once.
    fn read_told(&self, teller: Teller, batch: &[u8], told_at: Time, now: Time) -> (Vec<Told>, Heard) {
        let (mut told, mut heard) = (Vec::new(), Heard::default());
        for (_, frame) in Frames::of(batch) {
            match frame.and_then(|frame| Record::read(frame, told_at)) {
                Ok(Some((Record::Connection(record), _))) => told.push(Told { record, is_hearsay: false }),
                Ok(Some((Record::Hearsay(record), _))) => told.push(Told { record, is_hearsay: true }),
                Ok(Some((Record::Ended(ended), _))) => {
                    heard.ended += u64::from(self.hear_end(teller, &ended, now));
                }
                Ok(_) => heard.leave(RecordRefusal::Unknown),
                Err(_) => heard.leave(RecordRefusal::Damaged),
            }
        }
        (told, heard)
    }

    /// Puts a connection under a template or a control connection, which stands under nothing that is deeper.
    fn stand_under(&self, id: ConnId, above: ConnId) {
        if self.conns.get(above).is_some_and(|above| above.stands_under() != Some(id.place())) {
            self.conns.control(id, above);
        }
    }

    fn hear_end(&self, teller: Teller, ended: &EndedRecord, now: Time) -> bool {
        let key = ConnKey::new(Role::In, ended.protocol, ended.client, ended.virt);
        let Some(entry) = self.conns.peek(&key, now) else { return false };
        let is_of_teller = self.conns.teller(entry.id, &entry) == Some(teller);
        if is_of_teller {
            self.conns.end(entry, now);
        }
        is_of_teller
    }

    fn hear_connection(
        &self,
        teller: Teller,
        is_hearsay: bool,
        mut record: ConnRecord,
        claimed: &mut Claimed,
        now: Time,
    ) -> Result<ConnId, RecordRefusal> {
        let is_ours_alone = record.rare.pinned || record.state == State::Echo;
        if is_ours_alone || record.flags.has(ConnFlags::ONE_PACKET) || record.flags.has(ConnFlags::UNHASHED) {
            return Err(RecordRefusal::Unknown);
        }
        if record.expires_at <= now {
            return Err(RecordRefusal::Older);
        }
        record.expires_at = record.expires_at.min(now + Duration::from_secs(record.timeout.into()));
        record.flags.set(ConnFlags::FROM_SYNC, true);
        let server = self.server_for(&record);
        let is_unbound = server.is_none() && record.method != Method::Bypass;
        if is_unbound && (record.local.is_some() || self.conns.is_half_full())
            || server.as_ref().is_some_and(|server| server.forwarding().of_conn() != record.method)
        {
            return Err(RecordRefusal::NoServer);
        }
        match self.renewable(teller, &record, is_hearsay, now)? {
            Some(entry) => Ok(self.renew_told(teller, record, server, entry)),
            None => self.make_told(teller, record, server, claimed),
        }
    }

    fn server_for(&self, record: &ConnRecord) -> Option<Arc<RealServer>> {
        let named = record.server.as_ref()?;
        self.services.read().server_or_leaving(&named.service, named.end).cloned()
    }

    /// The connection that the record renews. One of the same ends that it replaces has ended.
    fn renewable(
        &self,
        teller: Teller,
        record: &ConnRecord,
        is_hearsay: bool,
        now: Time,
    ) -> Result<Option<Entry<'_>>, RecordRefusal> {
        let Some(entry) = self.conns.peek(&self.key_of(record), now) else { return Ok(None) };
        let known_of = self.conns.teller(entry.id, &entry);
        let is_better = match known_of {
            Some(other) if other == teller => true,
            Some(_) => !is_hearsay || record.touched_at() >= entry.touched_at(),
            None => {
                let ends_it = record.state.is_over() && !entry.state.is_over();
                let delay = if ends_it { DELAY } else { Duration::ZERO };
                !is_hearsay && record.touched_at() > entry.touched_at() + delay
            }
        };
        if !is_better {
            return Err(RecordRefusal::Older);
        }
        let local = record.local.map(|(local, _)| local.end);
        let is_same =
            entry.real() == record.ends[2] && entry.local() == local && entry.method == record.method;
        if is_same {
            return Ok(Some(entry));
        }
        self.conns.end(entry, now);
        Ok(None)
    }

    fn key_of(&self, record: &ConnRecord) -> ConnKey {
        let role = if record.is_template() { Role::Template } else { Role::In };
        let key = ConnKey::new(role, record.protocol, record.ends[0], record.ends[1]);
        match &record.rare.engine {
            Some(engine) => key.tagged(self.conns.tag(&engine.data)),
            None => key,
        }
    }

    fn renew_told(
        &self,
        teller: Teller,
        record: ConnRecord,
        server: Option<Arc<RealServer>>,
        mut entry: Entry<'_>,
    ) -> ConnId {
        let (id, deadline) = (entry.id, record.expires_at);
        record.renew(&mut entry);
        self.conns.set_deadline(&mut entry, deadline);
        self.conns.learn(&entry, teller);
        if let Some(server) = server.filter(|_| entry.server().is_none()) {
            self.conns.bind(entry, server);
        }
        id
    }

    fn make_told(
        &self,
        teller: Teller,
        record: ConnRecord,
        server: Option<Arc<RealServer>>,
        claimed: &mut Claimed,
    ) -> Result<ConnId, RecordRefusal> {
        let claim = port_of(&record).map(|wanted| wanted.local);
        if claim.is_some_and(|claim| !claimed.remove(&claim)) {
            return Err(RecordRefusal::PortTaken);
        }
        let (age, tells_ends) = (record.age, record.rare.positions.is_some());
        let conn = record.restored(server, |data| self.conns.tag(data));
        let id = self.conns.restore(conn, age).map_err(|reason| {
            claim.into_iter().for_each(|port| self.conns.ports().release_unrested(port));
            match reason {
                RestoreError::Full => RecordRefusal::Full,
                RestoreError::Known => RecordRefusal::Older,
            }
        })?;
        if let Some(entry) = self.conns.get(id) {
            self.conns.learn(&entry, teller);
        }
        if tells_ends {
            self.tells_ends.store(true, Relaxed);
        }
        Ok(id)
    }

    /// Claims the local ports of connections that are new here; from one that only another director knew, too.
    fn claim_told_ports(&self, told: &[Told], now: Time) -> Claimed {
        let mut claimed = Claimed::default();
        let mut wanted: HashMap<PortPoolKey, Vec<AdoptedPort>, FixedState> = HashMap::default();
        for Told { record, .. } in told {
            let (Some(port), Some((local, _))) = (port_of(record), record.local) else {
                continue;
            };
            let key_in = self.key_of(record);
            let holder = ConnKey::new(Role::Out, record.protocol, record.ends[2], local.end);
            if let Some(entry) = self.conns.lookup(&holder, now) {
                if entry.key_in() == key_in || self.conns.teller(entry.id, &entry).is_none() {
                    continue;
                }
                let held = self.conns.end_keeping_port(entry, None, now);
                claimed.extend(held.map(|HeldPort { pair, port, .. }| LocalPort { pair, port }));
            } else if self.conns.ports().take_left(&port.local.pair, port.local.port) {
                // Its director has found that the server takes it again.
                claimed.insert(port.local);
            } else {
                wanted.entry(port.local.pair).or_default().push(port.adopted());
            }
        }
        for (pair, ports) in wanted {
            let range = self.port_range_of(&pair);
            let taken = self.conns.ports().adopt(&pair, &range, &ports, &mut { MOST_GAPS });
            let taken = ports.iter().zip(taken).filter(|(_, is_taken)| *is_taken);
            claimed.extend(taken.map(|(port, _)| LocalPort { pair, port: port.port }));
        }
        claimed
    }
}

/// Packets of one client may wait that long in a busy director before it sees them: which of two directors has seen the later one
/// is not known for sooner, and a connection that goes on is not given up for one that is over.
const DELAY: Duration = Duration::from_secs(1);

/// Free ports between those of connections that are noted for one of them at most.
const MOST_GAPS: usize = 1 << 16;

impl Heard {
    /// Adds the outcome of another batch.
    pub fn add(&mut self, other: &Self) {
        self.taken += other.taken;
        self.ended += other.ended;
        self.left.iter_mut().zip(other.left).for_each(|(sum, left)| *sum += left);
    }

    const fn leave(&mut self, reason: RecordRefusal) {
        self.left[reason as usize] += 1;
    }
}
