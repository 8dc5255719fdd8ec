//! The frame around records: a header with a version, and for each record a mark, its kind, its length and its sum.
//!
//! The sum (CRC-32C, as SCTP has it) is over kind, length and content. Where it is wrong, reading goes on at the next mark
//! whose sum is right, so that one flipped bit costs one record. The last record says how many there were.

use lvs_wire::sctp::crc32c;

use super::bytes::{put_u16, put_u32, put_u64};
use super::{Damage, UnreadableExport};
use crate::time::Time;

const MAGIC: [u8; 8] = *b"LVSstate";
const VERSION: u16 = 1;
const HEADER: usize = MAGIC.len() + 2 + 8;

/// In front of each record.
const MARK: [u8; 2] = [0xc5, 0x1e];
/// Mark, sum, kind, length.
const HEAD: usize = SUMMED + 1 + 2;
/// Start of the part that the sum is over.
const SUMMED: usize = 2 + 4;
/// The longest content. What comes nearest, a header's segment of PROXY with the data of an engine, has a fifth of it.
const LONGEST: usize = 4096;
/// So often the bytes of an export may be summed in vain, in search of the next record.
const PATIENCE: usize = 8;

/// The header of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Time of the director that made it.
    pub taken_at: Time,
}

impl Header {
    /// # Errors
    /// The bytes are no export, or one of another version.
    pub fn read(export: &[u8]) -> Result<(Self, Frames<'_>), UnreadableExport> {
        let short = || UnreadableExport::Short(export.len());
        let (magic, rest) = export.split_first_chunk::<8>().ok_or_else(short)?;
        if *magic != MAGIC {
            return Err(UnreadableExport::Foreign(*magic));
        }
        let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
        let found = u16::from_le_bytes(*version);
        if found != VERSION {
            return Err(UnreadableExport::OtherVersion { found, known: VERSION });
        }
        let (taken_at, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        let taken_at = Time(u64::from_le_bytes(*taken_at));
        Ok((Self { taken_at }, Frames { rest, at: HEADER, patience: rest.len().saturating_mul(PATIENCE) }))
    }
}

/// Begins an export.
pub fn begin(out: &mut Vec<u8>, now: Time) {
    out.extend(MAGIC);
    put_u16(out, VERSION);
    put_u64(out, now.0);
}

/// Writes one record, whose content `put` appends. One that is too long is left out: false.
pub(super) fn put_framed(out: &mut Vec<u8>, kind: u8, put: impl FnOnce(&mut Vec<u8>)) -> bool {
    let start = out.len();
    out.extend(MARK);
    put_u32(out, 0);
    out.push(kind);
    put_u16(out, 0);
    put(out);
    let len = out.len() - start - HEAD;
    if len > LONGEST {
        out.truncate(start);
        return false;
    }
    out[start + SUMMED + 1..start + HEAD].copy_from_slice(&(len as u16).to_le_bytes());
    let sum = crc32c(&out[start + SUMMED..]);
    out[start + MARK.len()..start + SUMMED].copy_from_slice(&sum.to_le_bytes());
    true
}

/// The records of an export, one by one: where each begins, and its kind and content or what is wrong with it.
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    rest: &'a [u8],
    at: usize,
    /// Bytes that may yet be summed in vain.
    patience: usize,
}

/// A record as it lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub kind: u8,
    pub content: &'a [u8],
}

impl<'a> Frames<'a> {
    /// Records without a header.
    pub const fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, at: 0, patience: bytes.len().saturating_mul(PATIENCE) }
    }
}

impl Frames<'_> {
    /// How far the next record is that is right, behind one that is not.
    fn next_right(&mut self) -> Option<usize> {
        for at in 1..self.rest.len() {
            match first(&self.rest[at..]) {
                Ok(_) => return Some(at),
                Err(Damage::Sum { .. }) => {
                    let summed = usize::from(u16::from_le_bytes([self.rest[at + 7], self.rest[at + 8]]));
                    self.patience = self.patience.checked_sub(summed)?;
                }
                Err(_) => {}
            }
        }
        None
    }

    fn skip(&mut self, len: usize) {
        self.rest = self.rest.get(len..).unwrap_or_default();
        self.at += len;
    }
}

/// The record at the start of these bytes, and its length with its head.
pub(super) fn first(bytes: &[u8]) -> Result<(Frame<'_>, usize), Damage> {
    let (head, rest) = bytes.split_first_chunk::<HEAD>().ok_or(Damage::Torn("the head of a record"))?;
    let [mark_0, mark_1, sum @ .., kind, len_0, len_1] = *head;
    if [mark_0, mark_1] != MARK {
        return Err(Damage::NoRecord);
    }
    let len = usize::from(u16::from_le_bytes([len_0, len_1]));
    if len > LONGEST {
        return Err(Damage::BadValue { what: "the length of a record", value: len as u64 });
    }
    let content = rest.get(..len).ok_or(Damage::Torn("a record"))?;
    let (found, expected) = (u32::from_le_bytes(sum), crc32c(&bytes[SUMMED..HEAD + len]));
    if found != expected {
        return Err(Damage::Sum { found, expected });
    }
    Ok((Frame { kind, content }, HEAD + len))
}

impl<'a> Iterator for Frames<'a> {
    type Item = (usize, Result<Frame<'a>, Damage>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let at = self.at;
        let damage = match first(self.rest) {
            Ok((frame, len)) => {
                self.skip(len);
                return Some((at, Ok(frame)));
            }
            Err(damage) => damage,
        };
        // Only a mark whose sum is right is where the next record begins.
        let next = self.next_right();
        self.skip(next.unwrap_or(self.rest.len()));
        Some((at, Err(damage)))
    }
}
