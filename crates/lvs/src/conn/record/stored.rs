//! One connection as it lies in a store that outlives its director: the record of an export in a frame of its own, with the
//! moment at which it was written.
//!
//! The frame's sum tells a record that was torn, or is none. Called by the director's keeping, and by who reads a store.

use super::bytes::{Source, put_u64};
use super::decode::connection;
use super::encode::put_connection;
use super::frame::{first, put_framed};
use super::{ConnRecord, Damage};
use crate::conn::SyncedUntil;
use crate::time::Time;

/// Kind of such a record; none in an export has it.
const STORED: u8 = 64;

/// Bytes of the longest one that a director keeps; see `frame`.
pub const LONGEST_STORED: usize = 1024;

/// Appends a connection as it is at `now`. False: it is too long, and left out.
pub fn put_stored(out: &mut Vec<u8>, conn: &ConnRecord, now: Time) -> bool {
    let start = out.len();
    let is_put = put_framed(out, STORED, |out| {
        put_u64(out, now.0);
        put_connection(out, conn, now);
    });
    let fits = is_put && out.len() - start <= LONGEST_STORED;
    if !fits {
        out.truncate(start);
    }
    fits
}

/// Reads one from the beginning of `bytes`, with the time as its director had it.
///
/// # Errors
/// The bytes hold none, or one that was torn or says what cannot be.
pub fn read_stored(bytes: &[u8]) -> Result<ConnRecord, Damage> {
    let (frame, _) = first(bytes)?;
    if frame.kind != STORED {
        return Err(Damage::NoRecord);
    }
    let mut source = Source::new(frame.content, "a stored connection", Time::ZERO);
    let written_at = Time(source.u64()?);
    connection(&mut Source::new(source.remaining(), "a stored connection", written_at)).map(|(conn, _)| conn)
}

impl ConnRecord {
    /// The same for a director whose time began `by` milliseconds later.
    #[must_use]
    pub fn moved(mut self, by: i64) -> Self {
        let moved = |time: Time| Time(time.0.saturating_add_signed(by.saturating_neg()));
        self.expires_at = moved(self.expires_at);
        self.rare.synced_until =
            self.rare.synced_until.map(|synced| SyncedUntil { deadline: moved(synced.deadline), ..synced });
        self.rare.repeat_at = self.rare.repeat_at.map(moved);
        if let Some(account) = &mut self.rare.account {
            (account.start, account.last) = (moved(account.start), moved(account.last));
        }
        self
    }
}
