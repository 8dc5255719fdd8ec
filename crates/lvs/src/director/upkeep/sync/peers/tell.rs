//! Telling a peer: ends, changes, and all that there is when it has just come.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::conn::changes::{Changed, Listener, Teller};
use crate::conn::record::{ConnRecord, EndedRecord, Record};
use crate::conn::{ConnTable, Place};
use crate::director::Director;
use crate::time::Time;

/// Places of the table that are looked at for one part of all.
const PLACES: u32 = 512;

/// Changes that are taken at a time.
const STEP: usize = 64;

/// From this length on nothing more is put into a batch.
const BATCH: usize = 32 << 10;

/// How often connections in use are told of again at most and at least, for the sake of their deadlines there.
const REFRESH: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(30)];

/// One peer that is told.
#[derive(Debug)]
pub struct Telling {
    listener: Listener,
    peer: Teller,
    /// The place up to which all was told; None when it was.
    all: Option<u32>,
}

/// Connections that are in a batch already.
type Told = BTreeSet<Place>;

impl Telling {
    /// Whether the peer was told everything.
    pub const fn is_whole(&self) -> bool {
        self.all.is_none()
    }
}

impl Director {
    /// Begins to tell a peer everything. None: too many are told already.
    pub fn begin_telling(&self, peer: Teller) -> Option<Telling> {
        Some(Telling { listener: self.conns.listen()?, peer, all: Some(0) })
    }

    pub fn end_telling(&self, telling: &Telling) {
        self.conns.leave(telling.listener);
    }

    /// Appends what has changed, as much as fits a batch. How many records.
    pub fn tell_changes(&self, telling: &Telling, out: &mut Vec<u8>, now: Time) -> usize {
        let mut count = 0;
        while out.len() < BATCH {
            // Of this step alone: a connection that changes again before the next is told again.
            let mut told = Told::new();
            let Changed { ended, there } = self.conns.take_changes(telling.listener, STEP);
            if ended.is_empty() && there.is_empty() {
                break;
            }
            for key in ended {
                // Another may have its ends by now.
                if self.conns.peek(&key, now).is_none() {
                    let ended = EndedRecord { protocol: key.protocol, client: key.from, virt: key.to };
                    count += usize::from(Record::Ended(ended).put(out, now));
                }
            }
            for place in there {
                count += self.put_told(telling, place, &mut told, out, now);
            }
        }
        count
    }

    /// Appends the next part of all that there is. How many records.
    pub fn tell_all(&self, telling: &mut Telling, out: &mut Vec<u8>, now: Time) -> usize {
        let mut told = Told::new();
        let mut count = 0;
        while let Some(start) = telling.all.filter(|_| out.len() < BATCH) {
            let mut there = Vec::new();
            let end = start.saturating_add(PLACES);
            telling.all = self.conns.for_each_between(start, end, |id, conn| {
                there.extend(ConnTable::is_worth_telling(conn).then_some(id.place()));
            });
            for place in there {
                count += self.put_told(telling, place, &mut told, out, now);
            }
        }
        count
    }

    /// Changes that the peer was not told of.
    pub fn untold_changes(&self, telling: &Telling) -> u64 {
        let left = telling.all.map_or(0, |start| self.conns.len().saturating_sub(start as usize));
        u64::from(self.conns.changes_due(telling.listener)) + left as u64
    }

    /// Ends that peers were not told of, for want of room.
    pub fn lost_ends(&self) -> u64 {
        self.conns.lost_ends()
    }

    /// Notes connections in one part of the table that had packets since then, so that peers learn their deadlines. Where the
    /// next part begins; None at the end.
    pub fn note_active(&self, start: u32, since: Time) -> Option<u32> {
        self.conns.note_active(start, start.saturating_add(PLACES), since)
    }

    /// How long from one look at all connections to the next: so often that none can end at a peer that is alive here.
    pub fn refresh_interval(&self) -> Duration {
        let [shortest, longest] = REFRESH;
        (self.timeouts.shortest() / 4).clamp(shortest, longest)
    }

    /// Appends a connection, and before it those that it stands under.
    fn put_told(
        &self,
        telling: &Telling,
        place: Place,
        told: &mut Told,
        out: &mut Vec<u8>,
        now: Time,
    ) -> usize {
        let above = |place: &Place| self.conns.at(*place)?.stands_under();
        let places: Vec<Place> = std::iter::successors(Some(place), above).take(MOST_LEVELS).collect();
        let mut count = 0;
        for place in places.into_iter().rev() {
            if !told.insert(place) {
                continue;
            }
            let Some(conn) = self.conns.at(place).filter(|conn| ConnTable::is_worth_telling(conn)) else {
                continue;
            };
            let teller = self.conns.teller(conn.id, &conn);
            // It knows better what it told itself.
            if teller == Some(telling.peer) {
                continue;
            }
            let mut record = ConnRecord::of(&conn, place, self.conns.added(), Place::number);
            drop(conn);
            record.rare.synced_until = None;
            record.rare.account = None;
            let record = Box::new(record);
            let record = if teller.is_some() { Record::Hearsay(record) } else { Record::Connection(record) };
            count += usize::from(record.put(out, now));
        }
        count
    }
}

/// So many connections may stand one under the other.
const MOST_LEVELS: usize = 4;
