//! Peers: what directors of tunvs tell each other beside the messages that kernels know: all connections when they meet, then what
//! changes, with all that a connection has. The bytes are records as in an [export](crate::director::Export); the channel that
//! carries them is the daemon's.
//!
//! Every director tells and hears, whatever its role. A connection is first-hand where its packets pass; what a director only
//! knows from others, on the channel or by the kernel's messages, is hearsay, and counts only where nothing else is known.

mod hear;
mod tell;

use crate::conn::changes::{ANY_OF_GROUP, Teller};
use crate::director::Director;
use crate::director::upkeep::sync::tellers::KnownTeller;

pub use hear::{Heard, RecordRefusal};
pub use tell::Telling;

/// Directors that have a number of their own.
const MOST_TELLERS: usize = ANY_OF_GROUP as usize - 1;

impl Director {
    /// The number of a director that begins to tell. `id`: another one with each start.
    pub fn begin_hearing(&self, id: u64) -> Teller {
        let mut tellers = self.sync.tellers.lock();
        let known = &mut tellers.known;
        if let Some(at) = known.iter().position(|other| other.id == id) {
            known[at].is_telling = true;
            return at as Teller + 1;
        }
        // What one told that was not heard for longest is as if nobody had told it.
        let unused = || known.iter().position(|other| !other.is_telling);
        let at = if known.len() < MOST_TELLERS { None } else { unused() };
        match at {
            Some(at) => {
                known[at] = KnownTeller { id, is_telling: true };
                self.conns.forget_teller(at as Teller + 1);
                at as Teller + 1
            }
            None => {
                known.push(KnownTeller { id, is_telling: true });
                known.len().min(MOST_TELLERS) as Teller
            }
        }
    }

    /// Notes that this director tells no more.
    pub fn end_hearing(&self, teller: Teller) {
        if let Some(known) = self.sync.tellers.lock().known.get_mut(usize::from(teller).wrapping_sub(1)) {
            known.is_telling = false;
        }
    }

    pub(in crate::director) fn is_telling(&self, teller: Teller) -> bool {
        let tellers = self.sync.tellers.lock();
        tellers.known.get(usize::from(teller).wrapping_sub(1)).is_some_and(|known| known.is_telling)
    }
}
