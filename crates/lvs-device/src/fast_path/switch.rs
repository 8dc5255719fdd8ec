//! The value that says which flows hold, until when, and which packets have gone on: shared with the program, and written without
//! a system call.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering::{Relaxed, Release};

use super::layout::{GONE, HOLDING, LAYOUT, LAYOUT_AT, LEASE, SWITCH};
use lvs::fast_path::{Moment, Towards};
use lvs_sys::bpf::{Map, MapKind, MapShape};
use lvs_sys::bpf_memory::SharedArray;

#[derive(Debug)]
pub(super) struct Switch {
    pub(super) map: Map,
    value: SharedArray,
}

impl Switch {
    /// # Errors
    /// No CAP_BPF, or no memory.
    pub(super) fn create() -> io::Result<Self> {
        let shape = MapShape { kind: MapKind::Array, key: 4, value: SWITCH as u32, entries: 1 };
        let map = Map::create("tunvs_switch", shape)?;
        let value = SharedArray::open(&map)?;
        value.word(LAYOUT_AT).store(LAYOUT, Relaxed);
        Ok(Self { map, value })
    }

    /// Goes on with that of another process.
    ///
    /// # Errors
    /// Another map, or one whose program understands the maps otherwise.
    pub(super) fn adopt(fd: OwnedFd) -> io::Result<Self> {
        let other = || io::Error::new(io::ErrorKind::InvalidInput, "its program is of another version");
        let map = Map::adopt(fd, MapKind::Array)?;
        if map.shape().value as usize != SWITCH {
            return Err(other());
        }
        let value = SharedArray::open(&map)?;
        let is_same = value.word(LAYOUT_AT).load(Relaxed) == LAYOUT;
        is_same.then_some(Self { map, value }).ok_or_else(other)
    }

    /// Has the flows of that generation hold, and no others.
    pub(super) fn hold(&self, generation: u32) {
        self.value.word(HOLDING).store(generation, Release);
    }

    /// Has flows hold until then, in nanoseconds of the monotonic clock.
    pub(super) fn hold_until(&self, nanos: u64) {
        self.value.double(LEASE).store(nanos, Release);
    }

    pub(super) fn holds_until(&self) -> u64 {
        self.value.double(LEASE).load(Relaxed)
    }

    /// All packets in a direction that were in a queue before that moment have gone on.
    pub(super) fn note_gone(&self, towards: Towards, before: Moment) {
        self.value.double(GONE[towards as usize]).fetch_max(before.0, Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// None where the tests may make no maps; as root they have to.
    fn map_of(value: u32) -> Option<Map> {
        let shape = MapShape { kind: MapKind::Array, key: 4, value, entries: 1 };
        match Map::create("tunvs_test", shape) {
            Err(_) if !nix::unistd::geteuid().is_root() => None,
            made => Some(made.unwrap()),
        }
    }

    #[test]
    fn that_of_another_version_is_not_adopted() {
        let Some(earlier) = map_of(16) else { return };
        let refused = Switch::adopt(earlier.descriptor().unwrap()).unwrap_err();
        assert_eq!(refused.to_string(), "its program is of another version");
        // One that makes something else of maps of the same sizes.
        let other = map_of(SWITCH as u32).unwrap();
        for version in [0, LAYOUT + 1] {
            SharedArray::open(&other).unwrap().word(LAYOUT_AT).store(version, Relaxed);
            assert!(Switch::adopt(other.descriptor().unwrap()).is_err());
        }
        let own = Switch::create().unwrap();
        own.hold_until(7);
        assert_eq!(Switch::adopt(own.map.descriptor().unwrap()).unwrap().holds_until(), 7);
    }
}
