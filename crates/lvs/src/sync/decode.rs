//! Messages as they are read. Nothing in them is trusted: lengths are proven, what is wrong is named and counted.

use std::net::IpAddr;

use strum::{IntoStaticStr, VariantArray};

use super::record::{Flags, Record, Sequence};
use super::{
    HEADER_V0, HEADER_V1, LONGEST_ENGINE_DATA, LONGEST_ENGINE_NAME, OPTION, OPTION_ENGINE_DATA,
    OPTION_ENGINE_NAME, OPTION_SEQUENCES, OPTION_SKIPPABLE, RECORD_V0, RECORD_V4, RECORD_V6, SEQUENCES,
    Version,
};
use crate::conn::Engine;
use crate::service::Endpoint;

/// Why a message, or a record in one, was left. Each has a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
#[repr(u8)]
pub enum Rejected {
    /// Shorter than a header.
    Short,
    /// Another length than it says.
    BadSize,
    /// For backups of another id.
    OtherSyncId,
    /// The message ends inside a record.
    Truncated,
    /// A record of a version, type or length that cannot be.
    BadRecord,
    /// An option that is too long, too short or there twice.
    BadOption,
    /// An option that must not be skipped and is not known.
    UnknownOption,
    UnknownProtocol,
    BadState,
    UnknownEngine,
    /// A connection of no server that is known here, and the table is half full.
    NoServer,
    /// The table has no room for another connection.
    TableFull,
}

impl Rejected {
    pub const ALL: &[Self] = Self::VARIANTS;

    /// As counters and logs name it.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// A message whose header is right, read record by record. Ends at the first record that makes the rest doubtful.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    left: u8,
    version: Version,
}

impl<'a> Reader<'a> {
    /// `sync_id`: of this backup; 0 takes the messages of all.
    ///
    /// # Errors
    /// Why the message is left as a whole.
    pub fn new(message: &'a [u8], sync_id: u8) -> Result<Self, Rejected> {
        let header = message.first_chunk::<HEADER_V0>().ok_or(Rejected::Short)?;
        if message.len() != usize::from(u16::from_be_bytes([header[2], header[3]])) {
            return Err(Rejected::BadSize);
        }
        if sync_id != 0 && header[1] != sync_id {
            return Err(Rejected::OtherSyncId);
        }
        Ok(match message.first_chunk::<HEADER_V1>() {
            Some([0, _, _, _, left, 1, 0, 0]) => {
                Self { rest: &message[HEADER_V1..], left: *left, version: Version::V1 }
            }
            _ => Self { rest: &message[HEADER_V0..], left: header[0], version: Version::V0 },
        })
    }

    fn next_v0(&mut self) -> Result<Record, Rejected> {
        let (bytes, rest) = self.rest.split_first_chunk::<RECORD_V0>().ok_or(Rejected::Truncated)?;
        self.rest = rest;
        let [client, virt, real] = ends(&bytes[2..8], &bytes[8..20]);
        let flags = Flags(u32::from(be16(bytes, 20)) & !Flags::HASHED.0 | Flags::FROM_SYNC.0);
        let sequences = if flags.has_sequences() {
            let (sequences, rest) = self.rest.split_first_chunk::<SEQUENCES>().ok_or(Rejected::Truncated)?;
            self.rest = rest;
            Some(read_sequences(sequences, u32::from_ne_bytes))
        } else {
            None
        };
        Ok(Record {
            protocol: bytes[1],
            flags,
            state: be16(bytes, 22),
            client,
            virt,
            real,
            fwmark: 0,
            timeout: 0,
            sequences,
            engine: None,
        })
    }

    /// The next record; the inner error is one that concerns it alone.
    fn next_v1(&mut self) -> Result<Result<Record, Rejected>, Rejected> {
        let head = self.rest.first_chunk::<RECORD_V4>().ok_or(Rejected::Truncated)?;
        let size = be16(head, 2);
        let (version, size) = (size >> 12, usize::from(size & 0x0fff));
        let bytes = self.rest.get(..size).ok_or(Rejected::Truncated)?;
        if version != 0 {
            return Err(Rejected::BadRecord);
        }
        self.rest = self.rest.get(size.next_multiple_of(4)..).unwrap_or_default();
        let (is_v6, len) = match head[0] {
            kind if kind & 1 != 0 => (true, RECORD_V6),
            0 => (false, RECORD_V4),
            _ => return Err(Rejected::BadRecord),
        };
        if bytes.len() < len {
            return Err(Rejected::BadRecord);
        }
        let options = match Options::read(&bytes[len..]) {
            Err(Rejected::UnknownOption) => return Ok(Err(Rejected::UnknownOption)),
            options => options?,
        };
        let engine = match (options.engine_data, options.engine_name) {
            (None, _) => None,
            (Some(_), None) => return Ok(Err(Rejected::UnknownEngine)),
            (Some(data), Some(name)) => {
                let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
                Some(Engine { name: String::from_utf8_lossy(name).into_owned(), data: data.into() })
            }
        };
        let [client, virt, real] = ends(&bytes[10..16], &bytes[24..if is_v6 { 72 } else { 36 }]);
        Ok(Ok(Record {
            protocol: bytes[1],
            flags: Flags(be32(bytes, 4) & Flags::TAKEN | Flags::FROM_SYNC.0),
            state: be16(bytes, 8),
            client,
            virt,
            real,
            fwmark: be32(bytes, 16),
            timeout: be32(bytes, 20),
            sequences: options.sequences,
            engine,
        }))
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Record, Rejected>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let next = match self.version {
            Version::V0 => self.next_v0().map(Ok),
            Version::V1 => self.next_v1(),
        };
        Some(next.unwrap_or_else(|error| {
            self.left = 0;
            Err(error)
        }))
    }
}

#[derive(Default)]
struct Options<'a> {
    sequences: Option<[Sequence; 2]>,
    engine_data: Option<&'a [u8]>,
    engine_name: Option<&'a [u8]>,
}

impl<'a> Options<'a> {
    fn read(mut bytes: &'a [u8]) -> Result<Self, Rejected> {
        let mut found = Self::default();
        while !bytes.is_empty() {
            let ([kind, len], rest) = bytes.split_first_chunk::<OPTION>().ok_or(Rejected::BadOption)?;
            let value = rest.get(..usize::from(*len)).filter(|value| !value.is_empty());
            let value = value.ok_or(Rejected::BadOption)?;
            bytes = &rest[value.len()..];
            let once = |is_new: bool| if is_new { Ok(()) } else { Err(Rejected::BadOption) };
            match kind & !OPTION_SKIPPABLE {
                OPTION_SEQUENCES => {
                    let value = <&[u8; SEQUENCES]>::try_from(value).map_err(|_| Rejected::BadOption)?;
                    once(found.sequences.replace(read_sequences(value, u32::from_be_bytes)).is_none())?;
                }
                OPTION_ENGINE_DATA if value.len() <= LONGEST_ENGINE_DATA => {
                    once(found.engine_data.replace(value).is_none())?;
                }
                OPTION_ENGINE_NAME if value.len() <= LONGEST_ENGINE_NAME => {
                    once(found.engine_name.replace(value).is_none())?;
                }
                OPTION_ENGINE_DATA | OPTION_ENGINE_NAME => return Err(Rejected::BadOption),
                _ if kind & OPTION_SKIPPABLE != 0 => {}
                _ => return Err(Rejected::UnknownOption),
            }
        }
        Ok(found)
    }
}

fn read_sequences(bytes: &[u8; SEQUENCES], word: impl Fn([u8; 4]) -> u32) -> [Sequence; 2] {
    [0, 12].map(|start| {
        let at = |at: usize| {
            word([bytes[start + at], bytes[start + at + 1], bytes[start + at + 2], bytes[start + at + 3]])
        };
        Sequence { position: at(0), after: at(4), before: at(8) }
    })
}

/// Client, virtual and real end, from their ports and their addresses, which are of one family.
fn ends(ports: &[u8], addrs: &[u8]) -> [Endpoint; 3] {
    let addr = |number: usize| {
        let len = addrs.len() / 3;
        let bytes = &addrs[number * len..(number + 1) * len];
        match (<[u8; 4]>::try_from(bytes), <[u8; 16]>::try_from(bytes)) {
            (Ok(v4), _) => IpAddr::from(v4),
            (_, Ok(v6)) => IpAddr::from(v6),
            _ => IpAddr::from([0; 4]),
        }
    };
    [0, 1, 2].map(|number| Endpoint::new(addr(number), be16(ports, number * 2)))
}

fn be16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
