//! The tables as bytes for a successor that is to take over at one moment, while packets go on being processed until then:
//! all connections first, then those that were touched since, in rounds that get shorter, and what is beside connections
//! at the end.
//!
//! Each part is an export of its own with the records of [`record`](crate::conn::record). Read by the
//! [take-over](super::take_over).

use std::cmp::Reverse;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::export::server_record;
use crate::conn::Place;
use crate::conn::record::{
    ConnRecord, LocalityRecord, PortRecord, RatesRecord, Record, ServiceRecord, begin,
};
use crate::director::Director;
use crate::sched::Remembered;
use crate::time::Time;

/// Connections in one part, or some more.
const PART: usize = 1024;

/// A copy under way; dropping it ends it.
#[derive(Debug)]
pub struct Copy<'a> {
    director: &'a Director,
    /// How many connections were added when it began.
    added: u32,
    /// Place at which this round goes on.
    at: Option<u32>,
    is_first_round: bool,
    /// When headers of PROXY are sent again, in the last round.
    repeats: HashMap<Place, Time, FixedState>,
    left_out: u64,
}

impl Director {
    /// Begins a copy; one at a time.
    pub fn begin_copy(&self) -> Copy<'_> {
        self.conns.begin_copy();
        let added = self.conns.added();
        Copy {
            director: self,
            added,
            at: Some(0),
            is_first_round: true,
            repeats: HashMap::default(),
            left_out: 0,
        }
    }
}

impl Drop for Copy<'_> {
    fn drop(&mut self) {
        self.director.conns.end_copy();
    }
}

impl Copy<'_> {
    /// Connections that another round would carry.
    pub fn touched(&self) -> usize {
        self.director.conns.touched()
    }

    /// Records that are in no part.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Begins another round: what was touched since.
    pub const fn begin_round(&mut self) {
        self.at = Some(0);
        self.is_first_round = false;
    }

    /// Begins the last round: from here on no packet is processed and no table changed.
    pub fn begin_last_round(&mut self) {
        self.begin_round();
        let repeats = self.director.repeats.lock();
        self.repeats.extend(repeats.iter().map(|Reverse((at, id))| (id.place(), *at)));
        drop(repeats);
        self.repeats.keys().for_each(|place| self.director.conns.touch_place(*place));
    }

    /// Puts the next part of a round in the place of what is in `out`. False: there is none.
    pub fn put_part(&mut self, out: &mut Vec<u8>, now: Time) -> bool {
        out.clear();
        let Some(start) = self.at else { return false };
        begin(out, now);
        let (added, is_first_round, repeats) = (self.added, self.is_first_round, &self.repeats);
        let mut left_out = 0;
        self.at = self.director.conns.take_touched(start, PART, |place, conn| {
            let record = match conn {
                Some(conn) => {
                    let mut record = ConnRecord::placed(conn, place, added);
                    // What waits there may be of an earlier connection in that place.
                    record.rare.repeat_at = repeats.get(&place).copied().filter(|_| conn.is_repeated());
                    Record::Connection(Box::new(record))
                }
                // Nothing was told of it.
                None if is_first_round => return,
                None => Record::Gone(place.number()),
            };
            left_out += u64::from(!record.put(out, now));
        });
        self.left_out += left_out;
        true
    }

    /// Puts what is beside connections in the place of what is in `out`, behind the last round.
    pub fn put_rest(&mut self, out: &mut Vec<u8>, now: Time) {
        out.clear();
        begin(out, now);
        let director = self.director;
        let mut records = vec![Record::Added(director.conns.added().wrapping_sub(self.added))];
        for pair in director.conns.ports().pairs() {
            let left = director.conns.ports().left(&pair);
            records
                .extend(left.into_iter().map(|(port, rest)| Record::Port(PortRecord { pair, port, rest })));
        }
        records.extend(director.counted());
        let pieces = director.fragments.pieces().into_iter();
        records.extend(pieces.map(|piece| Record::Piece(Box::new(piece))));
        self.left_out += put_all(&records, out, now);
    }
}

impl Director {
    /// Puts counters, rates, what schedulers remember and path MTUs in the place of what is in `out`, for
    /// [`Self::restore_counters`].
    pub fn store_counters(&self, out: &mut Vec<u8>, now: Time) {
        out.clear();
        begin(out, now);
        put_all(&self.counted(), out, now);
    }

    /// Records of services and servers, their rates, what schedulers remember, and path MTUs.
    fn counted(&self) -> Vec<Record> {
        let mut records = Vec::new();
        let tables = self.services.read();
        let servers = || tables.iter().flat_map(|service| service.servers());
        records.extend(servers().chain(tables.leaving()).map(|server| Record::Server(server_record(server))));
        records.extend(tables.iter().map(|service| {
            Record::Service(ServiceRecord {
                service: service.spec().key,
                stats: service.stats(),
                cursor: service.cursor(),
            })
        }));
        records.push(Record::Totals(tables.total_stats()));
        let rates = |service, server, numbers| Record::Rates(RatesRecord { service, server, numbers });
        records
            .extend(servers().map(|server| {
                rates(Some(*server.service()), Some(server.endpoint()), server.rate_numbers())
            }));
        records.extend(
            tables.iter().map(|service| rates(Some(service.spec().key), None, service.rate_numbers())),
        );
        records.push(rates(None, None, tables.rate_numbers()));
        for service in tables.iter() {
            let key = service.spec().key;
            records.extend(service.remembered().into_iter().map(|remembered| {
                let Remembered { addr, servers, last_use, changed } = remembered;
                let servers = servers.iter().map(|server| server.endpoint()).collect();
                Record::Locality(LocalityRecord { service: key, addr, servers, last_use, changed })
            }));
        }
        drop(tables);
        records.extend(self.routes.learned().into_iter().map(Record::Path));
        records
    }
}

/// Puts the records and an end behind them. Returns how many had no room.
fn put_all(records: &[Record], out: &mut Vec<u8>, now: Time) -> u64 {
    let written = records.iter().filter(|record| record.put(out, now)).count() as u64;
    Record::End(written).put(out, now);
    records.len() as u64 - written
}
