//! Memory of maps that is shared with the kernel: read and written without a system call.

use std::io;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, AtomicU64};

use super::bpf::Map;

/// Values of an array. Whoever has the map reads and writes them, a word or a double at a time.
#[derive(Debug)]
pub struct SharedArray {
    area: Area,
}

impl SharedArray {
    /// # Errors
    /// The map is no array, or was made by a version that did not share it.
    pub fn open(map: &Map) -> io::Result<Self> {
        let (shape, writes) = (map.shape(), libc::PROT_READ | libc::PROT_WRITE);
        let len = shape.value.next_multiple_of(8) * shape.entries;
        Ok(Self { area: Area::map(map, writes, 0, len as usize)? })
    }

    /// # Panics
    /// No word begins there.
    pub fn word(&self, at: usize) -> &AtomicU32 {
        self.area.word(at)
    }

    /// # Panics
    /// No double begins there.
    pub fn double(&self, at: usize) -> &AtomicU64 {
        self.area.double(at)
    }
}

/// Memory of a map.
#[derive(Debug)]
pub(crate) struct Area {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: memory that any thread may look at; what is written there is written atomically.
unsafe impl Send for Area {}
// SAFETY: as above.
unsafe impl Sync for Area {}

impl Area {
    pub(crate) fn map(map: &Map, protection: libc::c_int, offset: usize, len: usize) -> io::Result<Self> {
        let fd = map.number();
        let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
        // SAFETY: new memory of the kernel's choice of place.
        let start = unsafe { libc::mmap(ptr::null_mut(), len, protection, libc::MAP_SHARED, fd, offset) };
        match NonNull::new(start.cast::<u8>()) {
            Some(start) if start.as_ptr().cast() != libc::MAP_FAILED => Ok(Self { start, len }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    pub(crate) fn word(&self, at: usize) -> &AtomicU32 {
        assert!(at.is_multiple_of(4) && at + 4 <= self.len, "inside, and aligned");
        // SAFETY: inside of memory that lives as long as this, and aligned.
        unsafe { self.start.add(at).cast().as_ref() }
    }

    pub(crate) fn double(&self, at: usize) -> &AtomicU64 {
        assert!(at.is_multiple_of(8) && at + 8 <= self.len, "inside, and aligned");
        // SAFETY: as above.
        unsafe { self.start.add(at).cast().as_ref() }
    }

    pub(crate) fn bytes<const LEN: usize>(&self, at: usize) -> [u8; LEN] {
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
