//! Walks over the table: every connection is shown, while the table goes on changing.

use super::chains::AT_ONCE;
use super::flows::{self, CloseReason, FlowRecord};
use super::{Chains, ConnFlags, ConnId, ConnTable, Connection};
use crate::time::Time;

/// Found in one part of the table.
#[derive(Clone, Debug)]
pub struct TablePart<T> {
    pub rows: Vec<T>,
    /// Begin of the next part; None at the end.
    pub next: Option<u32>,
}

impl ConnTable {
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
        let mut lengths = [0; 8];
        for start in (0..buckets).step_by(AT_ONCE as usize) {
            let mut chains = Chains::part(buckets, start, AT_ONCE);
            self.for_each(|_, conn| {
                if !conn.is_beside_services() && !conn.flags.has(ConnFlags::UNHASHED) {
                    chains.add(conn.key_in().hash(self.index.hasher()));
                    conn.key_out().into_iter().for_each(|key| chains.add(key.hash(self.index.hasher())));
                }
            });
            lengths.iter_mut().zip(chains.lengths()).for_each(|(sum, count)| *sum += count);
        }
        lengths
    }

    /// Returns records of what is still there, as if it ended now, from one part of the table.
    pub fn open_flows(&self, start: u32, end: u32, now: Time) -> TablePart<FlowRecord> {
        let mut rows = Vec::new();
        let next = self.for_each_between(start, end, |_, conn| {
            if flows::is_told(conn) {
                rows.push(FlowRecord::new(conn, Some(CloseReason::Stopped), now));
            }
        });
        TablePart { rows, next }
    }
}
