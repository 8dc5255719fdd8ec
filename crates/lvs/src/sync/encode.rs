//! Messages as they are written: a header and as many records as fit.

use std::net::IpAddr;

use super::record::{Record, Sequence};
use super::{
    HEADER_V0, HEADER_V1, OPTION, OPTION_ENGINE_DATA, OPTION_ENGINE_NAME, OPTION_SEQUENCES, RECORD_V0,
    RECORD_V4, RECORD_V6, SEQUENCES,
};

/// Of the protocol (`sync_version`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// IPv4 only, without timeouts, marks and engines.
    V0,
    V1,
}

/// A message that is being filled.
#[derive(Debug)]
pub(super) struct Message {
    version: Version,
    bytes: Vec<u8>,
    records: u8,
    limit: usize,
}

impl Message {
    /// With room for at least one record of `record` bytes.
    pub(super) fn new(version: Version, sync_id: u8, limit: usize, record: usize) -> Self {
        let header = match version {
            Version::V0 => HEADER_V0,
            Version::V1 => HEADER_V1,
        };
        let limit = limit.max(header + record);
        let mut bytes = Vec::with_capacity(limit.min(2048));
        match version {
            Version::V0 => bytes.extend([0, sync_id, 0, 0]),
            Version::V1 => bytes.extend([0, sync_id, 0, 0, 0, 1, 0, 0]),
        }
        Self { version, bytes, records: 0, limit }
    }

    /// Adds a record. False when it has to go into another message.
    pub(super) fn add(&mut self, version: Version, record: &Record) -> bool {
        let padding = match version {
            Version::V0 => 0,
            Version::V1 => self.bytes.len().next_multiple_of(4) - self.bytes.len(),
        };
        let fits = self.bytes.len() + padding + len_of(version, record) <= self.limit;
        if version != self.version || !fits || self.records == u8::MAX {
            return false;
        }
        self.bytes.resize(self.bytes.len() + padding, 0);
        match version {
            Version::V0 => write_v0(&mut self.bytes, record),
            Version::V1 => write_v1(&mut self.bytes, record),
        }
        self.records += 1;
        true
    }

    /// The message, with its size and number of records filled in.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let size = u16::try_from(self.bytes.len()).unwrap_or(u16::MAX);
        self.bytes[2..4].copy_from_slice(&size.to_be_bytes());
        let at = match self.version {
            Version::V0 => 0,
            Version::V1 => 4,
        };
        self.bytes[at] = self.records;
        self.bytes
    }
}

/// Length of a record without what pads it.
pub(super) fn len_of(version: Version, record: &Record) -> usize {
    let sequences = if record.sequences.is_some() { SEQUENCES } else { 0 };
    if version == Version::V0 {
        return RECORD_V0 + sequences;
    }
    let addrs = if record.client.addr.is_ipv6() { RECORD_V6 } else { RECORD_V4 };
    let option = |len| if len == 0 { 0 } else { OPTION + len };
    let engine = record.engine.as_ref().filter(|engine| !engine.data.is_empty());
    let engine = engine.map_or(0, |engine| option(engine.data.len()) + option(engine.name.len()));
    addrs + option(sequences) + engine
}

fn write_v0(out: &mut Vec<u8>, record: &Record) {
    out.extend([0, record.protocol]);
    for end in [record.client, record.virt, record.real] {
        out.extend(end.port.to_be_bytes());
    }
    write_addrs(out, record);
    out.extend((record.flags.0 as u16).to_be_bytes());
    out.extend(record.state.to_be_bytes());
    // Version 0 leaves these in the order of the machine that sends them.
    for sequence in record.sequences.iter().flatten() {
        out.extend(words(sequence).into_iter().flat_map(u32::to_ne_bytes));
    }
}

fn write_v1(out: &mut Vec<u8>, record: &Record) {
    let len = u16::try_from(len_of(Version::V1, record)).unwrap_or(0);
    out.extend([u8::from(record.client.addr.is_ipv6()), record.protocol]);
    out.extend(len.to_be_bytes());
    out.extend(record.flags.0.to_be_bytes());
    out.extend(record.state.to_be_bytes());
    for end in [record.client, record.virt, record.real] {
        out.extend(end.port.to_be_bytes());
    }
    out.extend(record.fwmark.to_be_bytes());
    out.extend(record.timeout.to_be_bytes());
    write_addrs(out, record);
    if let Some(sequences) = &record.sequences {
        out.extend([OPTION_SEQUENCES, SEQUENCES as u8]);
        for sequence in sequences {
            out.extend(words(sequence).into_iter().flat_map(u32::to_be_bytes));
        }
    }
    if let Some(engine) = record.engine.as_ref().filter(|engine| !engine.data.is_empty()) {
        let mut option = |kind, value: &[u8]| {
            if !value.is_empty() {
                out.extend([kind, value.len() as u8]);
                out.extend(value);
            }
        };
        option(OPTION_ENGINE_DATA, &engine.data);
        option(OPTION_ENGINE_NAME, engine.name.as_bytes());
    }
}

const fn words(sequence: &Sequence) -> [u32; 3] {
    [sequence.position, sequence.after, sequence.before]
}

fn write_addrs(out: &mut Vec<u8>, record: &Record) {
    for end in [record.client, record.virt, record.real] {
        match end.addr {
            IpAddr::V4(addr) => out.extend(addr.octets()),
            IpAddr::V6(addr) => out.extend(addr.octets()),
        }
    }
}
