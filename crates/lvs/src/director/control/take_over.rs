//! Taking over from a director that goes on meanwhile, by the parts of its [copy](super::copy): what is newer takes the place
//! of what was told before. Services and servers are declared before, and brought up to date before the rest.
//!
//! As in an [import](super::import), a connection whose server is not in the tables gets one that was removed, and what is
//! damaged or has no room is left out and counted.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::import::{Import, ImportSummary, Told};
use super::wanted_ports::{WantedPort, port_of};
use crate::conn::record::{
    ConnRecord, Damage, Header, LocalityRecord, RatesRecord, Record, UnreadableExport,
};
use crate::conn::{AdoptedUse, ConnId, Connection, LocalPort};
use crate::director::{Director, Tables};
use crate::sched::Remembered;
use crate::service::{CommandError, Endpoint, RealServer, ServerSpec, ServiceKey};
use crate::time::Time;

/// A take-over under way.
#[derive(Debug)]
pub struct TakeOver<'a> {
    import: Import<'a>,
    /// Connections here, by their places there.
    places: Vec<Option<Mirrored>>,
    /// The place there of each connection here.
    origins: Vec<u32>,
    /// Places whose connection stands under one that was not told of yet.
    waiting: Vec<u32>,
    servers: HashMap<(ServiceKey, Endpoint), Arc<RealServer>, FixedState>,
}

/// A connection of the other director, here.
#[derive(Clone, Copy, Debug)]
struct Mirrored {
    id: ConnId,
    /// Number that tells which one in that place it is.
    number: u32,
    is_template: bool,
    /// The place of the one that it stands under there.
    wanted_above: Option<u32>,
    /// The one that it stands under here.
    above: Option<Origin>,
}

/// Identity of a connection of the other director: its place there, and the number that tells which one in that place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin {
    place: u32,
    number: u32,
}

/// A connection that is new here.
struct Fresh {
    origin: Origin,
    conn: Connection,
    port: Option<WantedPort>,
    told: Told,
}

impl Director {
    /// Begins a take-over, by a director that has processed no packet yet.
    pub fn begin_take_over(&self) -> TakeOver<'_> {
        TakeOver {
            import: Import::new(self, Time::ZERO, Time::ZERO).without_limit(),
            places: Vec::new(),
            origins: Vec::new(),
            waiting: Vec::new(),
            servers: HashMap::default(),
        }
    }

    /// Takes over what [`Self::store_counters`] has put down. Called when the tables are there and have their connections.
    ///
    /// # Errors
    /// The bytes are no export, or one of another version; nothing has changed then.
    pub fn restore_counters(&self, stored: &[u8], now: Time) -> Result<ImportSummary, UnreadableExport> {
        let mut taking = self.begin_take_over();
        taking.take(stored, now)?;
        Ok(taking.finish())
    }
}

impl TakeOver<'_> {
    /// Declares the tables of the other director as they are by now, with the servers of each service from the oldest to the
    /// newest. Before the first part, and before the last round.
    ///
    /// # Errors
    /// Something is wrong with them; nothing has changed then.
    pub fn declare(&mut self, tables: &Tables) -> Result<(), CommandError> {
        let director = self.import.director;
        director.replace(tables)?;
        let mut services = director.services.write();
        for service in &tables.services {
            let order: Vec<Endpoint> = service.servers.iter().rev().map(ServerSpec::endpoint).collect();
            services.arrange(&service.spec.key, &order);
        }
        drop(services);
        director.note_services();
        self.servers.clear();
        Ok(())
    }

    /// Takes the next part in.
    ///
    /// # Errors
    /// The part is no export, or one of another version.
    pub fn take(&mut self, part: &[u8], now: Time) -> Result<(), UnreadableExport> {
        let (header, frames) = Header::read(part)?;
        (self.import.now, self.import.summary.taken_at) = (now, header.taken_at);
        let mut conns = Vec::new();
        let mut others = 0;
        for (at, frame) in frames {
            let summary = &mut self.import.summary;
            match frame.and_then(|frame| Record::read(frame, now)) {
                Err(damage) => summary.note_damage(at, damage),
                Ok(None) => summary.skipped.unknown += 1,
                Ok(Some((Record::Connection(conn), unknown))) => {
                    summary.unknown_parts += u64::from(unknown);
                    conns.push(*conn);
                }
                Ok(Some((Record::Gone(place), _))) => self.vacate(place),
                Ok(Some((Record::End(count), _))) => summary.is_whole = count == others,
                Ok(Some((record, _))) => {
                    others += 1;
                    self.take_other(record);
                }
            }
        }
        self.take_connections(conns);
        Ok(())
    }

    /// Tells what came of it, when all parts are taken in.
    pub fn finish(mut self) -> ImportSummary {
        for place in std::mem::take(&mut self.waiting) {
            self.put_under(place);
        }
        self.waiting.sort_unstable();
        self.waiting.dedup();
        self.import.summary.orphans = self.waiting.len() as u64;
        self.import.summary
    }

    fn take_other(&mut self, record: Record) {
        let import = &mut self.import;
        match record {
            Record::Added(count) => import.director.conns.resume_numbers(count),
            Record::Port(port) => import.take_port(&port),
            Record::Server(server) => import.take_server(&server),
            Record::Service(service) => import.take_service(&service),
            Record::Totals(stats) => import.take_totals(stats),
            Record::Path(path) => import.take_path(&path),
            Record::Rates(rates) => self.take_rates(&rates),
            Record::Locality(entry) => self.take_locality(&entry),
            Record::Piece(piece) => import.director.fragments.restore(*piece),
            Record::Connection(_)
            | Record::Gone(_)
            | Record::End(_)
            | Record::Ended(_)
            | Record::Hearsay(_) => {}
        }
    }

    fn take_rates(&self, RatesRecord { service, server, numbers }: &RatesRecord) {
        let mut services = self.import.director.services.write();
        match (service, server) {
            (Some(service), Some(server)) => {
                let server = services.get(service).and_then(|found| found.server(server.addr, server.port));
                server.into_iter().for_each(|server| server.resume_rates(*numbers));
            }
            (service, _) => services.resume_rates(service.as_ref(), *numbers),
        }
    }

    /// Servers that are gone are forgotten.
    fn take_locality(&self, entry: &LocalityRecord) {
        let services = self.import.director.services.read();
        let Some(service) = services.get(&entry.service) else { return };
        let found = entry.servers.iter().filter_map(|server| service.server(server.addr, server.port));
        let servers: Vec<_> = found.cloned().collect();
        if !servers.is_empty() {
            let (addr, last_use, changed) = (entry.addr, entry.last_use, entry.changed);
            service.remember(Remembered { addr, servers, last_use, changed });
        }
    }

    fn take_connections(&mut self, conns: Vec<ConnRecord>) {
        let mut fresh = Vec::with_capacity(conns.len());
        let mut places = Vec::with_capacity(conns.len());
        for mut record in conns {
            let Some(origin) = origin_of(&record) else {
                self.import.summary.note_damage(0, Damage::Torn("a place"));
                continue;
            };
            places.push((origin.place, record.controller.take()));
            match self.mirrored(origin.place).filter(|there| there.number == origin.number) {
                Some(there) => self.update(there.id, record),
                None => {
                    self.vacate(origin.place);
                    fresh.push((origin, record));
                }
            }
        }
        self.take_fresh(fresh);
        for (place, above) in places {
            if let Some(Some(there)) = self.places.get_mut(place as usize) {
                there.wanted_above = above;
                self.put_under(place);
            }
        }
    }

    fn take_fresh(&mut self, records: Vec<(Origin, ConnRecord)>) {
        let mut made = Vec::with_capacity(records.len());
        for (origin, record) in records {
            let port = port_of(&record);
            let told = Told::of(&record);
            let server = self.server_of(&record);
            let conn = record.restored(server, |data| self.import.director.conns.tag(data));
            // Whatever has its ends here is over there, and that is yet to be told.
            for rival in self.import.director.conns.rivals(&conn).into_iter().flatten() {
                self.evict(rival);
            }
            made.push(Fresh { origin, conn, port, told });
        }
        let mut claimed = self.import.claim(made.iter().filter_map(|fresh| fresh.port));
        for Fresh { origin: Origin { place, number }, mut conn, port, told } in made {
            let held = port.map(|wanted| wanted.local);
            if held.is_some_and(|held| !claimed.remove(&held)) {
                self.import.summary.skipped.port_taken += 1;
                conn.unbind();
                continue;
            }
            match self.import.director.conns.mirror(conn, number) {
                Ok(id) => {
                    let is_template = told.is_template;
                    let mirrored = Mirrored { id, number, is_template, wanted_above: None, above: None };
                    self.put_in(place, mirrored);
                    self.import.tell(id, told);
                }
                Err(_) => {
                    self.import.summary.skipped.full += 1;
                    self.free_port(held);
                }
            }
        }
        self.import.director.let_go(claimed);
    }

    fn update(&mut self, id: ConnId, record: ConnRecord) {
        let (wanted, told) = (port_of(&record), Told::of(&record));
        let server = self.server_of(&record);
        let director = self.import.director;
        let conn = record.restored(server, |data| director.conns.tag(data));
        director.conns.update_mirrored(id, conn);
        if let Some(WantedPort { local: LocalPort { pair, port }, usage, .. }) = wanted {
            match usage {
                AdoptedUse::Held => director.conns.ports().rest(&pair, port),
                AdoptedUse::Open | AdoptedUse::Left(_) => director.conns.ports().resume(&pair, port),
            }
        }
        self.import.tell(id, told);
    }

    fn server_of(&mut self, record: &ConnRecord) -> Option<Arc<RealServer>> {
        let server = record.server.as_ref().filter(|_| !record.rare.pinned);
        let key = server.map(|server| (server.service, server.end));
        if let Some(known) = key.and_then(|key| self.servers.get(&key)) {
            return Some(Arc::clone(known));
        }
        let found = self.import.server_of(record)?;
        if let Some(key) = key {
            self.servers.insert(key, Arc::clone(&found));
        }
        Some(found)
    }

    fn mirrored(&self, place: u32) -> Option<Mirrored> {
        *self.places.get(place as usize)?
    }

    fn put_in(&mut self, place: u32, mirrored: Mirrored) {
        if self.places.len() <= place as usize {
            self.places.resize(place as usize + 1, None);
        }
        self.places[place as usize] = Some(mirrored);
        let here = mirrored.id.place().number() as usize;
        if self.origins.len() <= here {
            self.origins.resize(here + 1, u32::MAX);
        }
        self.origins[here] = place;
        *self.counted(mirrored.is_template) += 1;
    }

    const fn counted(&mut self, is_template: bool) -> &mut u64 {
        let summary = &mut self.import.summary;
        if is_template { &mut summary.templates } else { &mut summary.connections }
    }

    /// Takes out what was told of that place.
    fn vacate(&mut self, place: u32) {
        let Some(there) = self.mirrored(place) else { return };
        self.take_from_under(&there);
        self.places[place as usize] = None;
        *self.counted(there.is_template) -= 1;
        let held = self.import.director.conns.drop_mirrored(there.id);
        self.free_port(held);
    }

    fn evict(&mut self, id: ConnId) {
        let place = self.origins.get(id.place().number() as usize).copied();
        if let Some(place) = place.filter(|place| self.mirrored(*place).is_some_and(|there| there.id == id)) {
            self.vacate(place);
        }
    }

    fn free_port(&self, held: Option<LocalPort>) {
        let ports = self.import.director.conns.ports();
        held.into_iter().for_each(|port| ports.release_unrested(port));
    }

    /// Puts the connection of a place under that of another one, or under none.
    fn put_under(&mut self, place: u32) {
        let Some(mut there) = self.mirrored(place) else { return };
        let found = there.wanted_above.and_then(|above| Some((above, self.mirrored(above)?)));
        if there.wanted_above.is_some() && found.is_none() {
            self.waiting.push(place);
        }
        let above = found.map(|(place, found)| Origin { place, number: found.number });
        if above == there.above {
            return;
        }
        self.take_from_under(&there);
        let conns = &self.import.director.conns;
        if let Some((_, found)) = found {
            conns.control(there.id, found.id);
        }
        there.above = above;
        self.places[place as usize] = Some(there);
    }

    fn take_from_under(&self, there: &Mirrored) {
        let conns = &self.import.director.conns;
        let is_there = there.above.is_some_and(|above| {
            self.mirrored(above.place).is_some_and(|found| found.number == above.number)
        });
        if let Some(mut entry) = conns.get(there.id) {
            conns.release(&mut entry, is_there);
        }
    }
}

fn origin_of(record: &ConnRecord) -> Option<Origin> {
    const MOST_PLACES: u32 = 1 << 28;
    let place = record.label.filter(|place| *place < MOST_PLACES)?;
    Some(Origin { place, number: 0u32.wrapping_sub(record.age?) })
}
