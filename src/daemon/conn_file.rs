//! The file with the connections of a running director, beside its control socket.
//!
//! Owns its form: a head, then a cell for each place of the table in three sizes, of which a place uses one; sparse, so that only cells in
//! use take memory. A cell holds one record with its own sum, so that a torn one is known as such. Never decides what is kept:
//! that is the core's. Written by `conn_keeper`, read by `conn_restore`.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{Whence, lseek};

use super::state_file;
use lvs::conn::record::LONGEST_STORED;
use lvs::director::ConnStore;
use lvs_wire::sctp::crc32c;

const MAGIC: [u8; 8] = *b"LVSconns";
const VERSION: u32 = 1;

const PAGE: usize = 4096;

/// Place of the numbers that change as the table does; behind them the cells.
const NUMBERS: u64 = PAGE as u64;
const CELLS: u64 = 2 * PAGE as u64;

/// Bytes of a cell: of IPv4, of IPv6 or with something rare, and of all else.
const SIZES: [usize; 3] = [128, 256, WIDE];
const WIDE: usize = LONGEST_STORED + 64;

/// One wide cell for so many places.
const WIDE_SHARE: u32 = 16;

/// In a wide cell, the place stands before the record.
const PLACE: usize = 4;

/// Bytes that are written at once.
const RUN: usize = 64 << 10;

/// Bytes that are read at once: what a processor has near itself.
const AT_ONCE: usize = 256 << 10;

#[derive(Debug, thiserror::Error)]
pub(super) enum ConnFileError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it is no file of connections")]
    Foreign,
    #[error("it has the version {0}, and this director reads {VERSION}")]
    OtherVersion(u32),
    #[error("it is of another boot, machine or network namespace")]
    Elsewhere,
}

/// Facts about the director that fills a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Boot and network namespace.
    pub(super) identity: String,
    /// When its time began, by the host's monotonic clock.
    pub(super) started_at: u64,
    /// Places that its table has.
    pub(super) places: u32,
}

impl Head {
    fn bytes(&self) -> Vec<u8> {
        let mut summed = VERSION.to_le_bytes().to_vec();
        summed.extend(self.started_at.to_le_bytes());
        summed.extend(self.places.to_le_bytes());
        summed.extend((self.identity.len() as u32).to_le_bytes());
        summed.extend(self.identity.as_bytes());
        let mut bytes = MAGIC.to_vec();
        bytes.extend(crc32c(&summed).to_le_bytes());
        bytes.extend(summed);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Self, ConnFileError> {
        let number = |at: usize| -> Result<u32, ConnFileError> {
            let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
            four.map(u32::from_le_bytes).ok_or(ConnFileError::Foreign)
        };
        if !bytes.starts_with(&MAGIC) {
            return Err(ConnFileError::Foreign);
        }
        let version = number(12)?;
        if version != VERSION {
            return Err(ConnFileError::OtherVersion(version));
        }
        let started_at = u64::from(number(16)?) | u64::from(number(20)?) << 32;
        let (places, len) = (number(24)?, number(28)? as usize);
        let text = bytes.get(32..32 + len).ok_or(ConnFileError::Foreign)?;
        if number(8)? != crc32c(&bytes[12..32 + len]) {
            return Err(ConnFileError::Foreign);
        }
        let identity = String::from_utf8(text.to_vec()).map_err(|_| ConnFileError::Foreign)?;
        Ok(Self { identity, started_at, places })
    }

    /// Begin of the cells of a size.
    fn region(&self, class: usize) -> u64 {
        let before = SIZES[..class].iter().map(|size| aligned(u64::from(self.places) * *size as u64));
        CELLS + before.sum::<u64>()
    }

    const fn wide_cells(&self) -> u32 {
        self.places / WIDE_SHARE + 1
    }

    fn len(&self) -> u64 {
        self.region(2) + aligned(u64::from(self.wide_cells()) * WIDE as u64)
    }
}

const fn aligned(len: u64) -> u64 {
    len.next_multiple_of(PAGE as u64)
}

/// A file that is filled.
#[derive(Debug)]
pub(super) struct ConnFile {
    file: File,
    head: Head,
    /// The size of the cell that each place uses, plus one; 0 for none.
    used: Vec<u8>,
    wide: HashMap<u32, u32>,
    free_wide: Vec<u32>,
    next_wide: u32,
    /// Cells in a row that wait to be written, and where.
    run: Vec<u8>,
    run_at: u64,
    failed: Option<io::Error>,
    /// Records that had no room.
    left_out: u64,
}

impl ConnFile {
    /// Makes an empty one.
    ///
    /// # Errors
    /// The system refuses, or there is one.
    pub(super) fn create(path: &Path, head: Head) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)?;
        file.set_len(head.len())?;
        file.write_all_at(&head.bytes(), 0)?;
        Ok(Self {
            file,
            head,
            used: Vec::new(),
            wide: HashMap::new(),
            free_wide: Vec::new(),
            next_wide: 0,
            run: Vec::with_capacity(RUN),
            run_at: 0,
            failed: None,
            left_out: 0,
        })
    }

    /// Writes all that waits, and how many connections were ever added.
    ///
    /// # Errors
    /// Something could not be written since the last time: the file is of no use.
    pub(super) fn commit(&mut self, added: u32) -> io::Result<()> {
        self.flush();
        let mut numbers = crc32c(&added.to_le_bytes()).to_le_bytes().to_vec();
        numbers.extend(added.to_le_bytes());
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.file.write_all_at(&numbers, NUMBERS),
        }
    }

    /// Records that had no room since it was made.
    pub(super) const fn left_out(&self) -> u64 {
        self.left_out
    }

    fn write(&mut self, class: usize, index: u32, cell: &[u8]) {
        let at = self.head.region(class) + u64::from(index) * SIZES[class] as u64;
        if at != self.run_at + self.run.len() as u64 || self.run.len() + SIZES[class] > RUN {
            self.flush();
            self.run_at = at;
        }
        let end = self.run.len() + SIZES[class];
        self.run.extend_from_slice(cell);
        self.run.resize(end, 0);
    }

    fn flush(&mut self) {
        if !self.run.is_empty() && self.failed.is_none() {
            self.failed = self.file.write_all_at(&self.run, self.run_at).err();
        }
        self.run.clear();
    }

    fn empty(&mut self, place: u32, class: usize) {
        let index = match class {
            2 => self.wide.remove(&place).inspect(|index| self.free_wide.push(*index)),
            _ => Some(place),
        };
        index.into_iter().for_each(|index| self.write(class, index, &[]));
    }

    /// The wide cell of a place. None: there are no more.
    fn wide_cell(&mut self, place: u32) -> Option<u32> {
        if let Some(index) = self.wide.get(&place) {
            return Some(*index);
        }
        let index = self.free_wide.pop().or_else(|| {
            let index = self.next_wide;
            (index < self.head.wide_cells()).then(|| {
                self.next_wide += 1;
                index
            })
        })?;
        self.wide.insert(place, index);
        Some(index)
    }
}

impl ConnStore for ConnFile {
    fn put(&mut self, place: u32, record: &[u8]) {
        let at = place as usize;
        if place >= self.head.places {
            self.left_out += 1;
            return;
        }
        if self.used.len() <= at {
            self.used.resize(at + 1, 0);
        }
        let needed = SIZES.iter().position(|size| record.len() <= *size).unwrap_or(2);
        // A place never goes back to a smaller cell: of two that are there after a kill, the larger is the newer.
        let before = usize::from(self.used[at]).checked_sub(1);
        let class = before.map_or(needed, |before| before.max(needed));
        match class {
            2 => {
                let Some(index) = self.wide_cell(place) else {
                    self.left_out += 1;
                    return self.clear(place);
                };
                let mut cell = place.to_le_bytes().to_vec();
                cell.extend(record);
                self.write(class, index, &cell);
            }
            _ => self.write(class, place, record),
        }
        self.used[at] = class as u8 + 1;
        if let Some(before) = before.filter(|before| *before < class) {
            self.empty(place, before);
        }
    }

    fn clear(&mut self, place: u32) {
        let Some(used) = self.used.get_mut(place as usize) else { return };
        if let Some(class) = usize::from(std::mem::take(used)).checked_sub(1) {
            self.empty(place, class);
        }
    }
}

/// A file that was left, and facts about the director that filled it.
#[derive(Debug)]
pub(super) struct LeftConns {
    pub(super) head: Head,
    /// Connections that it had ever added.
    pub(super) added: u32,
    file: File,
}

/// Cells of one size in a row, no more than are read at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    class: usize,
    first: u32,
    count: u32,
}

impl LeftConns {
    /// Opens the file that a director left. None where there is none.
    ///
    /// # Errors
    /// The file is not ours, not of this place, or of another version.
    pub(super) fn open(path: &Path, identity: &str) -> Result<Option<Self>, ConnFileError> {
        let Some(file) = state_file::open(path)? else { return Ok(None) };
        let mut first = vec![0; PAGE];
        let len = read_up_to(&file, &mut first, 0)?;
        let head = Head::read(&first[..len])?;
        if head.identity != identity {
            return Err(ConnFileError::Elsewhere);
        }
        let mut numbers = [0; 8];
        read_up_to(&file, &mut numbers, NUMBERS)?;
        let [sum, added] = [0, 4].map(|at| u32::from_le_bytes([0, 1, 2, 3].map(|byte| numbers[at + byte])));
        let added = if crc32c(&added.to_le_bytes()) == sum { added } else { 0 };
        Ok(Some(Self { head, added, file }))
    }

    /// Pieces with records, those of each size of cells by themselves. Of a place's cells the one in front is the newer.
    ///
    /// # Errors
    /// The system does not tell where the file has something.
    pub(super) fn pieces(&self) -> io::Result<[Vec<Piece>; 3]> {
        Ok([self.pieces_of(2)?, self.pieces_of(1)?, self.pieces_of(0)?])
    }

    fn pieces_of(&self, class: usize) -> io::Result<Vec<Piece>> {
        let size = SIZES[class] as u64;
        let cells = if class == 2 { self.head.wide_cells() } else { self.head.places };
        let region = self.head.region(class);
        let end = region + u64::from(cells) * size;
        let (mut next, mut pieces) = (region, Vec::new());
        while let Some((from, to)) = data(&self.file, next, end)? {
            // Whole cells; a page may end within one.
            let (from, to) = ((from - region) / size, (to - region).div_ceil(size));
            let most = AT_ONCE as u64 / size;
            let firsts = (from..to).step_by(most as usize);
            pieces.extend(firsts.map(|first| {
                let count = most.min(to - first) as u32;
                Piece { class, first: first as u32, count }
            }));
            next = region + to * size;
        }
        Ok(pieces)
    }

    /// Reads a piece: its records, sound or not, and their places. The buffer is the caller's, for one piece after the other.
    ///
    /// # Errors
    /// The piece cannot be read.
    pub(super) fn records<'a>(
        &self,
        Piece { class, first, count }: Piece,
        buffer: &'a mut Vec<u8>,
    ) -> io::Result<impl Iterator<Item = (u32, &'a [u8])>> {
        let size = SIZES[class];
        buffer.resize(count as usize * size, 0);
        let len = read_up_to(&self.file, buffer, self.head.region(class) + u64::from(first) * size as u64)?;
        buffer[len..].fill(0);
        let cells = (first..).zip(buffer.chunks_exact(size));
        let places = self.head.places;
        let is_one = move |(place, record): &(u32, &[u8])| *place < places && record[..2] != [0, 0];
        Ok(cells.map(move |(index, cell)| cell_record(class, index, cell)).filter(is_one))
    }
}

/// The place and the record of a cell.
fn cell_record(class: usize, index: u32, cell: &[u8]) -> (u32, &[u8]) {
    match cell.split_first_chunk::<PLACE>() {
        Some((place, record)) if class == 2 => (u32::from_le_bytes(*place), record),
        _ => (index, cell),
    }
}

/// The next part of a file from `start` on that is no hole, before `end`.
fn data(file: &File, start: u64, end: u64) -> io::Result<Option<(u64, u64)>> {
    let seek = |at: u64, whence| match lseek(file, at.cast_signed(), whence) {
        Ok(found) => Ok(Some(found.cast_unsigned())),
        Err(Errno::ENXIO) => Ok(None),
        Err(errno) => Err(io::Error::from(errno)),
    };
    if start >= end {
        return Ok(None);
    }
    let Some(from) = seek(start, Whence::SeekData)?.filter(|from| *from < end) else { return Ok(None) };
    let to = seek(from, Whence::SeekHole)?.unwrap_or(end);
    Ok(Some((from.max(start), to.min(end))))
}

/// Fills the buffer from there on, as far as the file goes.
fn read_up_to(file: &File, mut buffer: &mut [u8], mut at: u64) -> io::Result<usize> {
    let whole = buffer.len();
    while !buffer.is_empty() {
        match file.read_at(buffer, at) {
            Ok(0) => break,
            Ok(read) => {
                buffer = &mut buffer[read..];
                at += read as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(whole - buffer.len())
}

#[cfg(test)]
mod tests {
    use super::super::conn_restore::take_in;
    use super::*;
    use lvs::director::{Director, Settings, Side, StoreOrigin};
    use lvs::service::{Forwarding, Protocol, ServerSpec, ServiceKey, ServiceSpec};
    use lvs::{Command, Time};
    use lvs_wire::make::{self, Ends};
    use lvs_wire::{Outbox, PacketBuf, TcpFlags};

    const V4: &str = "10.0.0.1";
    const V6: &str = "fd00::1";

    fn director() -> Director {
        let director = Director::new(Settings::default());
        for (virt, real) in [(V4, "10.1.0.1"), (V6, "fd01::1")] {
            let addr = virt.parse().unwrap();
            let service = ServiceKey::Address { protocol: Protocol::Tcp, addr, port: 80 };
            let server = ServerSpec::new(real.parse().unwrap(), 80, Forwarding::Masq);
            for command in
                [Command::AddService(ServiceSpec::new(service, "rr")), Command::AddServer { service, server }]
            {
                director.apply(&command, Time::ZERO).unwrap();
            }
        }
        director
    }

    fn open(director: &Director, virt: &str, count: u16) {
        let client = if virt == V4 { "10.9.0.1" } else { "fd09::1" };
        let (mut buf, mut outbox) = (PacketBuf::new(), Outbox::default());
        // A segment from port 20 is taken for data of FTP, and makes no connection.
        for port in 1001..=1000 + count {
            let ends = Ends::new(client.parse().unwrap(), port, virt.parse().unwrap(), 80);
            buf.fill(&make::tcp(ends, TcpFlags::SYN, &[]));
            director.process(&mut buf, Side::Client, Time::ZERO, &mut outbox);
        }
    }

    fn head() -> Head {
        Head { identity: "here".to_owned(), started_at: 7, places: 4096 }
    }

    /// Writes all that has changed.
    fn write(director: &Director, file: &mut ConnFile) {
        let mut start = Some(0);
        while let Some(from) = start {
            start = director.store_changes(from, 100, Time::ZERO, file);
        }
        file.commit(director.connections_added()).unwrap();
    }

    fn restored(path: &Path) -> (u64, u64) {
        let left = LeftConns::open(path, "here").unwrap().unwrap();
        assert_eq!(left.head, head());
        let director = director();
        let summary = take_in(&left, director.begin_restore(StoreOrigin::default(), Time::ZERO));
        (summary.connections, summary.skipped.damaged)
    }

    /// A file with so many connections of each family.
    fn filled(path: &Path, count: u16) -> (Director, ConnFile) {
        let director = director();
        director.begin_keeping();
        open(&director, V4, count);
        open(&director, V6, count);
        let mut file = ConnFile::create(path, head()).unwrap();
        write(&director, &mut file);
        (director, file)
    }

    #[test]
    fn connections_are_found_again_and_those_that_ended_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conns");
        assert!(LeftConns::open(&path, "here").unwrap().is_none());
        let (director, mut file) = filled(&path, 500);
        assert_eq!(restored(&path), (1000, 0));
        while director.handle_timeout(Time::from_secs(100_000)) {}
        open(&director, V6, 3);
        write(&director, &mut file);
        assert_eq!(restored(&path), (3, 0), "in cells that others had");
    }

    #[test]
    fn a_place_that_needs_a_larger_cell_has_one_record() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conns");
        let director = director();
        open(&director, V4, 1);
        let mut record = Vec::new();
        struct First<'a>(&'a mut Vec<u8>);
        impl ConnStore for First<'_> {
            fn put(&mut self, _: u32, record: &[u8]) {
                self.0.extend(record);
            }
            fn clear(&mut self, _: u32) {}
        }
        director.begin_keeping();
        director.store_changes(0, 10, Time::ZERO, &mut First(&mut record));
        let mut file = ConnFile::create(&path, head()).unwrap();
        // What stands behind a record in its cell is not looked at.
        for len in [record.len(), 200, 1000, 100] {
            let mut longer = record.clone();
            longer.resize(len.max(record.len()), 1);
            file.put(5, &longer);
            file.commit(0).unwrap();
            assert_eq!(restored(&path), (1, 0), "{len}");
        }
        file.put(4096, &record);
        assert_eq!(file.left_out(), 1);
        file.clear(5);
        file.clear(77);
        file.commit(0).unwrap();
        assert_eq!(restored(&path), (0, 0));
    }

    #[test]
    fn what_is_wrong_costs_the_records_that_it_is_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conns");
        drop(filled(&path, 40));
        let bytes = std::fs::read(&path).unwrap();
        for at in (CELLS as usize..CELLS as usize + 40 * 128).step_by(61) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            std::fs::write(&path, &flipped).unwrap();
            let (connections, damaged) = restored(&path);
            assert!(connections + damaged <= 80 && connections >= 79, "{connections} and {damaged}");
        }
        for len in [CELLS as usize + 1000, CELLS as usize, PAGE + 3] {
            std::fs::write(&path, &bytes[..len]).unwrap();
            assert!(restored(&path).0 < 40);
        }
        for len in [0, 7, 20, 33] {
            std::fs::write(&path, &bytes[..len]).unwrap();
            assert!(matches!(LeftConns::open(&path, "here"), Err(ConnFileError::Foreign)), "{len}");
        }
    }

    #[test]
    fn a_file_of_elsewhere_or_of_another_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conns");
        drop(filled(&path, 1));
        assert!(matches!(LeftConns::open(&path, "there"), Err(ConnFileError::Elsewhere)));
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[12] = 2;
        std::fs::write(&path, &bytes).unwrap();
        let error = LeftConns::open(&path, "here").unwrap_err().to_string();
        assert_eq!(error, "it has the version 2, and this director reads 1");
    }
}
