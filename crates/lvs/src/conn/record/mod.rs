//! The tables of a director as bytes that outlive it: connections, templates, the local ports that rest, counters,
//! positions of schedulers. Filled and read by the director; what is declared (services, servers, settings) is not in it.
//!
//! Everything of a connection is carried but its place in the table, which is another one there, the tag of an engine's
//! data, which is made of the data by the new table's seed, and the tick of its entry in the wheel, which follows from its
//! deadline. Where its packets are not the matter, something is left out: flow records and RSTs that wait to be taken
//! (the daemon does, before it ends), messages for other directors, and identifications of IP packets (any other number does). Free local ports come in another order.
//!
//! A header, then records, each with its length and its sum; see `frame`. Times are relative to the `now` of both calls.

mod bytes;
mod connection;
mod decode;
mod encode;
mod frame;
mod plain;
mod restore;
mod stored;
mod tables;

pub use connection::{ConnRecord, Rare, ServerRef};
pub use frame::{Frames, Header, begin};
pub use plain::PlainRecord;
pub use stored::{LONGEST_STORED, StoredConn, moved, put_stored};
pub use tables::{
    EndedRecord, LocalityRecord, PathRecord, PieceRecord, PortRecord, RatesRecord, Record, ServerRecord,
    ServiceRecord,
};

/// Why an export cannot be read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableExport {
    #[error("this is no export of a director's tables: it begins with {0:02x?}")]
    Foreign([u8; 8]),
    #[error(
        "the export has version {found} and this director reads {known}: use the director that made it, or start without"
    )]
    OtherVersion { found: u16, known: u16 },
    #[error("the export ends within its header, after {0} bytes")]
    Short(usize),
}

/// Fault of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("it ends within {0}")]
    Torn(&'static str),
    #[error("its sum is {found:08x} and should be {expected:08x}")]
    Sum { found: u32, expected: u32 },
    #[error("{value} is no value of {what}")]
    BadValue { what: &'static str, value: u64 },
    #[error("there are bytes behind {0}")]
    Longer(&'static str),
    #[error("no record begins there")]
    NoRecord,
}

#[cfg(test)]
mod tests;
