//! Records that programs write: a ring in memory that is shared with the kernel (`BPF_MAP_TYPE_RINGBUF`), read without a
//! system call.

use std::io;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::bpf::Map;

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
        self.read.place().load(Ordering::Relaxed) != self.written.place().load(Ordering::Relaxed)
    }

    /// Shows all records of `LEN` bytes that are complete, in their order. Who comes meanwhile waits.
    pub fn take<const LEN: usize>(&self, mut see: impl FnMut([u8; LEN])) {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut place = self.read.place().load(Ordering::Relaxed);
        while place != self.written.place().load(Ordering::Acquire) {
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
            self.read.place().store(place, Ordering::Release);
        }
    }
}

/// Shared memory.
#[derive(Debug)]
struct Area {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: memory that any thread may look at; what is written there is written atomically.
unsafe impl Send for Area {}
// SAFETY: as above.
unsafe impl Sync for Area {}

impl Area {
    fn map(map: &Map, protection: libc::c_int, offset: usize, len: usize) -> io::Result<Self> {
        let fd = map.number();
        let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
        // SAFETY: new memory of the kernel's choice of place.
        let start = unsafe { libc::mmap(ptr::null_mut(), len, protection, libc::MAP_SHARED, fd, offset) };
        match NonNull::new(start.cast::<u8>()) {
            Some(start) if start.as_ptr().cast() != libc::MAP_FAILED => Ok(Self { start, len }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// The number at the beginning.
    fn place(&self) -> &AtomicU64 {
        // SAFETY: a page begins there, which lives as long as this.
        unsafe { self.start.cast().as_ref() }
    }

    fn word(&self, at: usize) -> &AtomicU32 {
        assert!(at.is_multiple_of(4) && at + 4 <= self.len, "inside, and aligned");
        // SAFETY: inside of memory that lives as long as this, and aligned.
        unsafe { self.start.add(at).cast().as_ref() }
    }

    fn bytes<const LEN: usize>(&self, at: usize) -> [u8; LEN] {
        assert!(at + LEN <= self.len, "inside");
        // SAFETY: inside of memory that lives as long as this; the kernel writes a record that is complete no more before
        // it is told that it was read.
        unsafe { self.start.add(at).cast::<[u8; LEN]>().read_unaligned() }
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        // SAFETY: what was mapped, and nobody has any more.
        let _ = unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}
