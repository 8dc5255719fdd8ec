//! Records that programs write: a ring in memory that is shared with the kernel (`BPF_MAP_TYPE_RINGBUF`), read without a
//! system call.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use super::bpf::Map;
use super::bpf_memory::Area;

/// `BPF_RINGBUF_BUSY_BIT` and `BPF_RINGBUF_DISCARD_BIT`, in the header's length.
const BUSY: u32 = 1 << 31;
const DISCARDED: u32 = 1 << 30;

/// Header of a record; records begin at multiples of that.
const HEADER: u64 = 8;

/// The reader's end of a ring. Records are of one length.
#[derive(Debug)]
pub struct Ring {
    /// Page of the place up to which was read, then those of the place up to which was written, and the records, twice.
    read: Area,
    written: Area,
    page: usize,
    size: u64,
    reading: Mutex<()>,
}

impl Ring {
    /// # Errors
    /// The map is no ring, or the system has no memory.
    pub fn open(map: &Map) -> io::Result<Self> {
        // SAFETY: asks for a number.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) })
            .map_err(|_| io::Error::last_os_error())?;
        let size = map.shape().entries as usize;
        let read = Area::map(map, libc::PROT_READ | libc::PROT_WRITE, 0, page)?;
        let written = Area::map(map, libc::PROT_READ, page, page + 2 * size)?;
        Ok(Self { read, written, page, size: size as u64, reading: Mutex::new(()) })
    }

    /// Whether something was written that was not read.
    pub fn has_records(&self) -> bool {
        self.read.double(0).load(Ordering::Relaxed) != self.written.double(0).load(Ordering::Relaxed)
    }

    /// Shows all records of `LEN` bytes that are complete, in their order. Who comes meanwhile waits.
    pub fn take<const LEN: usize>(&self, mut see: impl FnMut([u8; LEN])) {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut place = self.read.double(0).load(Ordering::Relaxed);
        while place != self.written.double(0).load(Ordering::Acquire) {
            let header = self.page + (place % self.size) as usize;
            let length = self.written.word(header).load(Ordering::Acquire);
            if length & BUSY != 0 {
                return;
            }
            let len = length & !DISCARDED;
            let record = (length & DISCARDED == 0 && len as usize == LEN)
                .then(|| self.written.bytes(header + HEADER as usize));
            place += (u64::from(len) + HEADER).next_multiple_of(HEADER);
            if let Some(record) = record {
                see(record);
            }
            self.read.double(0).store(place, Ordering::Release);
        }
    }
}
