//! One connection as it lies in a store that outlives its director: the record of an export in a frame of its own, with the
//! moment at which it was written.
//!
//! The frame's sum tells a record that was torn, or is none. Called by the director's keeping, and by who reads a store.

use super::bytes::{Source, put_u64};
use super::decode::connection;
use super::encode::put_connection;
use super::frame::{first, put_framed};
use super::{ConnRecord, Damage, PlainRecord};
use crate::conn::SyncedUntil;
use crate::time::Time;

/// Kind of such a record; none in an export has it.
const STORED: u8 = 64;

const WHAT: &str = "a stored connection";

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

/// A stored connection whose sum is right.
#[derive(Clone, Copy, Debug)]
pub struct StoredConn<'a> {
    written_at: Time,
    content: &'a [u8],
}

impl<'a> StoredConn<'a> {
    /// Finds one at the beginning of `bytes`.
    ///
    /// # Errors
    /// The bytes hold none, or one that was torn.
    pub fn find(bytes: &'a [u8]) -> Result<Self, Damage> {
        let (frame, _) = first(bytes)?;
        if frame.kind != STORED {
            return Err(Damage::NoRecord);
        }
        let mut source = Source::new(frame.content, WHAT, Time::ZERO);
        Ok(Self { written_at: Time(source.u64()?), content: source.remaining() })
    }

    /// Reads it, with the time as its director had it.
    ///
    /// # Errors
    /// The record says what cannot be.
    pub fn read(self) -> Result<ConnRecord, Damage> {
        connection(&mut Source::new(self.content, WHAT, self.written_at)).map(|(conn, _)| conn)
    }

    /// The same without a detour, for most connections.
    #[inline]
    pub fn plain(self) -> Option<PlainRecord<'a>> {
        PlainRecord::read(self.content, self.written_at)
    }
}

/// A time of a director, for one whose time began `by` milliseconds later.
pub const fn moved(time: Time, by: i64) -> Time {
    Time(time.0.saturating_add_signed(by.saturating_neg()))
}

impl ConnRecord {
    /// The same for a director whose time began `by` milliseconds later.
    #[must_use]
    pub fn moved(mut self, by: i64) -> Self {
        let moved = |time| moved(time, by);
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
