//! The tables as bytes for a successor: part by part, each in bounded work and with no lock held from one to the next.
//!
//! Changes between the parts are in the export as they were when its part was written; for a picture of one moment no
//! packets are processed meanwhile. What an export holds, and what it does not, is said at [`record`](crate::conn::record).

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};

use foldhash::fast::FixedState;

use crate::conn::record::{ConnRecord, PortRecord, Record, ServerRecord, ServiceRecord, begin};
use crate::conn::{ConnId, Place, PortPoolKey};
use crate::director::Director;
use crate::service::{RealServer, ServiceKey};
use crate::time::Time;

/// Places of the table that one part looks at.
const PLACES: u32 = 1024;

/// Pairs of the local ports that one part looks at.
const PAIRS: usize = 64;

/// An export under way.
#[derive(Debug)]
pub struct Export<'a> {
    director: &'a Director,
    now: Time,
    stage: Stage,
    /// Labels of connections that others stand under.
    labels: HashMap<Place, u32, FixedState>,
    /// When headers of PROXY are sent again.
    repeats: HashMap<ConnId, Time, FixedState>,
    written: u64,
    /// Records that were too long. Nothing that a director keeps is.
    left_out: u64,
}

#[derive(Debug)]
enum Stage {
    Begin,
    Connections(u32),
    Ports(VecDeque<PortPoolKey>),
    Services,
    Over,
}

impl Director {
    /// Begins an export of connections, templates, resting ports, counters, schedulers' positions and narrow ways.
    pub fn export(&self, now: Time) -> Export<'_> {
        self.merge_flows(now);
        Export {
            director: self,
            now,
            stage: Stage::Begin,
            labels: HashMap::default(),
            repeats: HashMap::default(),
            written: 0,
            left_out: 0,
        }
    }

    /// The whole export.
    pub fn export_all(&self, now: Time) -> Vec<u8> {
        let mut out = Vec::new();
        let mut export = self.export(now);
        while export.put_part(&mut out) {}
        out
    }
}

impl Export<'_> {
    /// Appends the next part. False: that was the last.
    pub fn put_part(&mut self, out: &mut Vec<u8>) -> bool {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Begin => {
                begin(out, self.now);
                let repeats = self.director.repeats.lock();
                self.repeats.extend(repeats.iter().map(|Reverse((at, id))| (*id, *at)));
                drop(repeats);
                Stage::Connections(0)
            }
            Stage::Connections(start) => self.put_connections(out, start),
            Stage::Ports(pairs) => self.put_ports(out, pairs),
            Stage::Services => {
                self.put_services(out);
                self.put_paths(out);
                self.put(out, &Record::End(self.written));
                Stage::Over
            }
            Stage::Over => Stage::Over,
        };
        !matches!(self.stage, Stage::Over)
    }

    /// Records that are in no part.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    fn put(&mut self, out: &mut Vec<u8>, record: &Record) {
        if record.put(out, self.now) {
            self.written += 1;
        } else {
            self.left_out += 1;
        }
    }

    fn put_connections(&mut self, out: &mut Vec<u8>, start: u32) -> Stage {
        let conns = &self.director.conns;
        let (added, labels, repeats) = (conns.added(), &mut self.labels, &self.repeats);
        let (now, mut counts) = (self.now, [0, 0]);
        let next = conns.for_each_between(start, start.saturating_add(PLACES), |id, conn| {
            let label = |place| {
                let next = labels.len() as u32;
                *labels.entry(place).or_insert(next)
            };
            let mut record = ConnRecord::of(conn, id.place(), added, label);
            record.rare.repeat_at = repeats.get(&id).copied().filter(|_| conn.is_repeated());
            let record = Record::Connection(Box::new(record));
            counts[usize::from(!record.put(out, now))] += 1;
        });
        self.written += counts[0];
        self.left_out += counts[1];
        next.map_or_else(|| Stage::Ports(conns.ports().pairs().into()), Stage::Connections)
    }

    fn put_ports(&mut self, out: &mut Vec<u8>, mut pairs: VecDeque<PortPoolKey>) -> Stage {
        for pair in pairs.drain(..pairs.len().min(PAIRS)) {
            for (port, rest) in self.director.conns.ports().left(&pair) {
                self.put(out, &Record::Port(PortRecord { pair, port, rest }));
            }
        }
        if pairs.is_empty() { Stage::Services } else { Stage::Ports(pairs) }
    }

    fn put_services(&mut self, out: &mut Vec<u8>) {
        let mut records = Vec::new();
        let tables = self.director.services.read();
        let mut services: Vec<_> = tables.iter().collect();
        services.sort_unstable_by_key(|service| service.spec().key);
        let mut leaving: Vec<_> = tables.leaving().collect();
        leaving.sort_unstable_by_key(|server| (*server.service(), server.endpoint()));
        let servers = services.iter().flat_map(|service| service.servers()).chain(leaving);
        records.extend(servers.map(|server| Record::Server(server_record(server))));
        records.extend(services.iter().map(|service| {
            Record::Service(ServiceRecord {
                service: service.spec().key,
                stats: service.stats(),
                cursor: service.cursor(),
            })
        }));
        records.push(Record::Totals(tables.total_stats()));
        drop(tables);
        for record in &records {
            self.put(out, record);
        }
    }

    fn put_paths(&mut self, out: &mut Vec<u8>) {
        for path in self.director.routes.learned() {
            self.put(out, &Record::Path(path));
        }
    }
}

pub(super) fn server_record(server: &RealServer) -> ServerRecord {
    let service: ServiceKey = *server.service();
    let [answered, refused, overloads] = server.tallies();
    ServerRecord {
        service,
        end: server.endpoint(),
        stats: server.stats(),
        answered,
        refused,
        overloads,
        is_overloaded: server.is_overloaded(),
    }
}
