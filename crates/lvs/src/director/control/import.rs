//! Taking over the tables of another director, or of one that ran here before, from its [export](super::export).
//!
//! Services and servers are declared before, as always. A connection is bound to its server of the tables. If the server
//! is not in them, it gets one that was removed, as it would have had in the director that it comes from: its packets go
//! on or end as `expire_nodest_conn` says, and the server has its connections again when it is declared. Local ports are
//! claimed before the connections that have them; a connection whose port is another's, or whose ends another has, is
//! left out. So is what is damaged. All of it is counted.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use foldhash::fast::FixedState;

use super::wanted_ports::{Claimed, WantedPort, left_port, port_of};
use crate::conn::record::{
    ConnRecord, Damage, Frames, Header, PathRecord, PlainRecord, PortRecord, Record, ServerRecord, ServerRef,
    ServiceRecord, UnreadableExport,
};
use crate::conn::{AdoptedPort, AdoptedUse, ConnId, LocalPort, PortPoolKey, RestoreError, State};
use crate::director::Director;
use crate::service::{RealServer, ServerSpec, ServiceKey, Stats};
use crate::time::Time;

/// Free ports that are noted between those of connections at most, four bytes each.
const MOST_GAPS: usize = 1 << 24;

/// So many connections may stand one under the other: FTP data, its control connection, a template.
const MOST_LEVELS: usize = 4;

/// Outcome of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportSummary {
    /// Time of the director that made it.
    pub taken_at: Time,
    pub connections: u64,
    pub templates: u64,
    /// Local ports that rest without a connection.
    pub ports: u64,
    pub servers: u64,
    pub services: u64,
    pub paths: u64,
    pub skipped: Skipped,
    /// Connections that are no longer under the one that they were under.
    pub orphans: u64,
    /// Parts of connections that a later version has added.
    pub unknown_parts: u64,
    /// The first damage.
    pub damage: Option<DamageAt>,
    /// The end of the export is there and says the number of records that were found.
    pub is_whole: bool,
}

/// Damage, and where in the export it is: after how many bytes, or in a store which record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DamageAt {
    pub at: usize,
    pub damage: Damage,
}

/// Counts of records that were left out, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Records that are torn or say what cannot be.
    pub damaged: u64,
    /// Records of kinds that a later version has added.
    pub unknown: u64,
    /// Connections for which there is no room.
    pub full: u64,
    /// Connections whose ends another has here.
    pub known: u64,
    /// Connections whose local port another has here, and resting ports.
    pub port_taken: u64,
    /// Counters of services and servers that are not here.
    pub no_service: u64,
}

impl ImportSummary {
    pub(super) fn note_damage(&mut self, at: usize, damage: Damage) {
        self.skipped.damaged += 1;
        self.damage.get_or_insert(DamageAt { at, damage });
    }
}

impl Director {
    /// Takes over what an export holds. Whatever is wrong in it is counted and left out.
    ///
    /// # Errors
    /// The bytes are no export, or one of another version; nothing has changed then.
    pub fn import(&self, export: &[u8], now: Time) -> Result<ImportSummary, UnreadableExport> {
        let (header, frames) = Header::read(export)?;
        let mut import = Import::new(self, header.taken_at, now);
        let mut claimed = import.claim_ports(frames.clone());
        import.take_records(frames, &mut claimed);
        import.link();
        self.let_go(claimed);
        Ok(import.summary)
    }
}

/// An import under way.
#[derive(Debug)]
pub(super) struct Import<'a> {
    pub(super) director: &'a Director,
    pub(super) now: Time,
    pub(super) summary: ImportSummary,
    /// Free ports that may yet be noted.
    gaps: usize,
    pub(super) labels: BTreeMap<u32, ConnId>,
    pub(super) controlled: Vec<(ConnId, u32)>,
    /// Traffic that the servers of each service have taken over.
    of_servers: BTreeMap<ServiceKey, Stats>,
    of_services: Stats,
}

/// Facts that the record of a connection tells beside the connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) is_template: bool,
    label: Option<u32>,
    controller: Option<u32>,
    tells_ends: bool,
    repeat_at: Option<Time>,
}

impl Told {
    pub(super) fn of(record: &ConnRecord) -> Self {
        Self {
            is_template: record.is_template(),
            label: record.label,
            controller: record.controller,
            tells_ends: record.rare.positions.is_some(),
            repeat_at: record.rare.repeat_at,
        }
    }

    pub(super) const fn of_plain(record: &PlainRecord<'_>) -> Self {
        Self {
            is_template: matches!(record.state, State::Template { .. }),
            label: record.label,
            controller: record.controller,
            tells_ends: false,
            repeat_at: None,
        }
    }
}

impl<'a> Import<'a> {
    /// `taken_at`: what time it was for the other director.
    pub(super) fn new(director: &'a Director, taken_at: Time, now: Time) -> Self {
        Self {
            director,
            now,
            summary: ImportSummary { taken_at, ..ImportSummary::default() },
            gaps: MOST_GAPS,
            labels: BTreeMap::new(),
            controlled: Vec::new(),
            of_servers: BTreeMap::new(),
            of_services: Stats::default(),
        }
    }

    /// From a director that is known to be right.
    pub(super) fn without_limit(self) -> Self {
        Self { gaps: usize::MAX, ..self }
    }

    /// Claims the local ports of all connections, and those that rest, in the order in which they rested.
    fn claim_ports(&mut self, frames: Frames<'_>) -> Claimed {
        let now = self.now;
        let records = frames.filter_map(|(_, frame)| Record::read(frame.ok()?, now).ok()?);
        self.claim(records.filter_map(|(record, _)| match record {
            Record::Connection(conn) => port_of(&conn),
            Record::Port(port) => Some(left_port(&port)),
            _ => None,
        }))
    }

    /// Claims these ports. Those that connections have are returned, if they could be claimed.
    pub(super) fn claim(&mut self, ports: impl Iterator<Item = WantedPort>) -> Claimed {
        let mut wanted: HashMap<PortPoolKey, Vec<WantedPort>, FixedState> = HashMap::default();
        for port in ports {
            wanted.entry(port.local.pair).or_default().push(port);
        }
        let mut claimed = Claimed::default();
        for (pair, mut ports) in wanted {
            ports.sort_by_key(|port| port.rests_until);
            let ports: Vec<AdoptedPort> = ports.iter().map(WantedPort::adopted).collect();
            let range = self.director.port_range_of(&pair);
            let taken = self.director.conns.ports().adopt(&pair, &range, &ports, &mut self.gaps);
            for (port, is_taken) in ports.iter().zip(taken) {
                match (port.usage, is_taken) {
                    (AdoptedUse::Left(_), true) => self.summary.ports += 1,
                    (AdoptedUse::Left(_), false) => self.summary.skipped.port_taken += 1,
                    (AdoptedUse::Open | AdoptedUse::Held, true) => {
                        claimed.insert(LocalPort { pair, port: port.port });
                    }
                    // Its connection finds nothing claimed for it.
                    (AdoptedUse::Open | AdoptedUse::Held, false) => {}
                }
            }
        }
        claimed
    }

    fn take_records(&mut self, frames: Frames<'_>, claimed: &mut Claimed) {
        let mut found = 0;
        for (at, frame) in frames {
            let record = match frame.and_then(|frame| Record::read(frame, self.now)) {
                Ok(record) => record,
                Err(damage) => {
                    self.summary.note_damage(at, damage);
                    continue;
                }
            };
            match record {
                None => self.summary.skipped.unknown += 1,
                Some((Record::Connection(conn), unknown)) => {
                    self.summary.unknown_parts += u64::from(unknown);
                    self.take_connection(*conn, claimed);
                }
                Some((Record::Port(_) | Record::Ended(_) | Record::Hearsay(_), _)) => {}
                Some((Record::Server(server), _)) => self.take_server(&server),
                Some((Record::Service(service), _)) => self.take_service(&service),
                Some((Record::Totals(stats), _)) => self.take_totals(stats),
                Some((Record::Path(path), _)) => self.take_path(&path),
                // Of the copy of a director that goes on.
                Some((
                    Record::Gone(_)
                    | Record::Added(_)
                    | Record::Rates(_)
                    | Record::Locality(_)
                    | Record::Piece(_),
                    _,
                )) => {}
                Some((Record::End(count), _)) => self.summary.is_whole = count == found,
            }
            found += 1;
        }
    }

    pub(super) fn take_connection(&mut self, record: ConnRecord, claimed: &mut Claimed) {
        let director = self.director;
        let claim = port_of(&record).map(|wanted| wanted.local);
        if claim.is_some_and(|claim| !claimed.remove(&claim)) {
            self.summary.skipped.port_taken += 1;
            return;
        }
        let (age, told) = (record.age, Told::of(&record));
        let server = self.server_of(&record);
        let conn = record.restored(server, |data| director.conns.tag(data));
        let id = match director.conns.restore(conn, age) {
            Ok(id) => id,
            Err(reason) => {
                let skipped = &mut self.summary.skipped;
                match reason {
                    RestoreError::Full => skipped.full += 1,
                    RestoreError::Known => skipped.known += 1,
                }
                claim.into_iter().for_each(|port| director.conns.ports().release_unrested(port));
                return;
            }
        };
        self.took(id, told);
    }

    /// Notes a connection that is in the table by now.
    pub(super) fn took(&mut self, id: ConnId, told: Told) {
        match told.is_template {
            true => self.summary.templates += 1,
            false => self.summary.connections += 1,
        }
        told.label.into_iter().for_each(|label| {
            self.labels.insert(label, id);
        });
        self.controlled.extend(told.controller.map(|label| (id, label)));
        self.tell(id, told);
    }

    /// Tells the director what else it is to know.
    pub(super) fn tell(&self, id: ConnId, told: Told) {
        if told.tells_ends {
            self.director.tells_ends.store(true, Relaxed);
        }
        if let Some(at) = told.repeat_at {
            self.director.repeats.lock().push(Reverse((at, id)));
        }
    }

    pub(super) fn take_port(&mut self, port: &PortRecord) {
        self.claim(std::iter::once(left_port(port)));
    }

    pub(super) fn take_totals(&self, stats: Stats) {
        self.director.services.write().take_over_totals(stats, self.of_services);
    }

    pub(super) fn take_path(&mut self, path: &PathRecord) {
        self.director.routes.learn_until(path.addr, path.mtu, path.until);
        self.summary.paths += 1;
    }

    /// A check's connection has a server of its own, all others one of the tables.
    pub(super) fn server_of(&self, record: &ConnRecord) -> Option<Arc<RealServer>> {
        let server = record.server.as_ref()?;
        if record.rare.pinned {
            let spec = ServerSpec::new(server.end.addr, server.end.port, server.forwarding);
            return Some(Arc::new(RealServer::new(server.service, &spec)));
        }
        Some(self.server_named(server))
    }

    pub(super) fn server_named(&self, ServerRef { service, end, forwarding }: &ServerRef) -> Arc<RealServer> {
        let found = self.director.services.read().server_or_leaving(service, *end).cloned();
        found.unwrap_or_else(|| self.director.services.write().server_or_removed(service, *end, *forwarding))
    }

    pub(super) fn take_server(&mut self, record: &ServerRecord) {
        let services = self.director.services.read();
        let Some(server) = services.server_or_leaving(&record.service, record.end) else {
            self.summary.skipped.no_service += 1;
            return;
        };
        server.take_over(
            record.stats,
            [record.answered, record.refused, record.overloads],
            record.is_overloaded,
        );
        self.summary.servers += 1;
        if server.is_available() {
            let sum = self.of_servers.entry(record.service).or_default();
            *sum = sum.plus(record.stats);
        }
    }

    pub(super) fn take_service(&mut self, record: &ServiceRecord) {
        let of_servers = self.of_servers.remove(&record.service).unwrap_or_default();
        let mut services = self.director.services.write();
        if !services.take_over_service(&record.service, record.stats, of_servers) {
            self.summary.skipped.no_service += 1;
            return;
        }
        if let (Some(cursor), Some(service)) = (record.cursor, services.get(&record.service)) {
            service.resume(cursor);
        }
        self.of_services = self.of_services.plus(record.stats);
        self.summary.services += 1;
    }

    /// Puts connections under those that they were under, and none under itself.
    pub(super) fn link(&mut self) {
        let conns = &self.director.conns;
        for (id, label) in std::mem::take(&mut self.controlled) {
            let Some(above) = self.labels.get(&label).copied() else {
                self.summary.orphans += 1;
                continue;
            };
            let next = |id: &ConnId| Some(conns.above(&*conns.get(*id)?)?.id);
            let mut levels = std::iter::successors(Some(above), next);
            let is_above = |above| above == id;
            if levels.by_ref().take(MOST_LEVELS).any(is_above) || levels.next().is_some() {
                self.summary.orphans += 1;
                continue;
            }
            conns.control(id, above);
        }
    }
}
