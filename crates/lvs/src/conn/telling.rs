//! The table as directors tell each other of it: what has changed, and who has told of what.

use super::changes::{Changed, Listener, Teller, is_worth_telling};
use super::expiry::Tick;
use super::{ConnId, ConnTable, Connection, Entry, Place};
use crate::time::Time;

impl ConnTable {
    /// From now on changes are noted for one more peer. None: there are too many.
    pub fn listen(&self) -> Option<Listener> {
        self.changes.listen()
    }

    /// Notes nothing for that peer any more.
    pub fn leave(&self, listener: Listener) {
        self.changes.leave(listener);
    }

    /// Peers are to be told of that connection again.
    pub fn note_change(&self, entry: &Entry<'_>) {
        self.changes.note(entry.id.slot());
    }

    /// Another director has told of it just now.
    pub fn learn(&self, entry: &Entry<'_>, teller: Teller) {
        self.changes.learn(entry.id.slot(), teller, entry.touched_at());
    }

    /// Tells who told of it, where no packet of it has come here since.
    pub fn teller(&self, id: ConnId, conn: &Connection) -> Option<Teller> {
        self.changes.teller(id.slot(), conn.touched_at())
    }

    /// Takes out what one peer is to be told of, about `most`.
    pub fn take_changes(&self, listener: Listener, most: usize) -> Changed<Place> {
        let Changed { ended, there } = self.changes.take(listener, most);
        Changed { ended, there: there.into_iter().map(Place::of_slot).collect() }
    }

    /// How much a peer is to be told.
    pub fn changes_due(&self, listener: Listener) -> u32 {
        self.changes.due(listener)
    }

    /// Ends that peers were not told of, for want of room.
    pub fn lost_ends(&self) -> u64 {
        self.changes.lost_ends()
    }

    /// Whether peers are to know of it.
    pub fn is_worth_telling(conn: &Connection) -> bool {
        is_worth_telling(conn)
    }

    /// Notes connections in the places from `start` to before `end` that had packets since then. Where to go on; None at the end.
    pub fn note_active(&self, start: u32, end: u32, since: Time) -> Option<u32> {
        self.for_each_between(start, end, |id, conn| {
            let is_active = conn.touched_at() > since && is_worth_telling(conn);
            if is_active && self.teller(id, conn).is_none() {
                self.changes.note(id.slot());
            }
        })
    }

    /// Takes all connections that this one told of for connections of this director.
    pub fn forget_teller(&self, teller: Teller) {
        self.for_each(|id, conn| {
            if self.teller(id, conn) == Some(teller) {
                self.changes.begin(id.slot(), false);
            }
        });
    }

    /// Sets the deadline of a connection to what another director says.
    pub fn set_deadline(&self, entry: &mut Entry<'_>, deadline: Time) {
        entry.timer.set_deadline(deadline);
        if Tick::at_or_after(deadline) < entry.queued {
            entry.queued = self.expiry.lock().push(entry.id.slot(), deadline);
        }
    }
}
