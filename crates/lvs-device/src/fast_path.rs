//! The fast path in the kernel: a BPF program at the entrance of the host's links (TCX) that gives plain packets of
//! established connections their new ends, and hands them to the host's routing as if they had come out of the director's
//! TUN. And its twin in memory.
//!
//! Owns the maps and the programs. Which connections are in the maps the core decides, by [`FlowTable`]. By TCX the program goes
//! with the process: a link of BPF ends with its descriptor. As a filter of clsact it stays, and passes nothing by once nobody
//! renews its lease.

mod layout;
mod memory;
mod program;
mod switch;
mod tracking;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use parking_lot::Mutex;

use layout::{StepRecord, Version, key_bytes, key_of, step_of, used, value_bytes};
use lvs::fast_path::{Flow, FlowKey, FlowRefused, FlowStep, FlowTable, FlowUse, Moment, Towards};
use lvs::time::Time;
use lvs_sys::bpf::{Elements, Map, MapKind, MapShape, Updated};
use lvs_sys::bpf_program::{self, LoadedProgram};
use lvs_sys::bpf_ring::Ring;
use lvs_wire::Framing;
use program::Maps;
use switch::Switch;
use tracking::Tracking;

pub use memory::MemoryFlows;

/// Elements that are read at once.
const BATCH: u32 = 4096;

/// Descriptors of programs and maps.
pub const DESCRIPTORS: usize = 6;

/// Bytes of records about packets that may wait. A record takes 32; packets that find no room go by the director.
const STEPS: u32 = 1 << 16;

/// How long a filter goes on without its director.
const LEASE: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
pub enum FastPathError {
    #[error("no CAP_BPF and CAP_NET_ADMIN, or a kernel without BPF")]
    Denied(#[source] io::Error),
    #[error("the kernel refuses the program")]
    Program(#[source] io::Error),
}

/// Place at the entrance of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Linux 6.6. The program goes with its director.
    Tcx,
    /// A filter of the queueing discipline clsact, which somebody has to take away.
    Clsact,
}

/// Indexes of the interfaces that packets seem to come by: those towards servers, and those towards clients.
pub type Ways = [u32; 2];

/// Programs and maps that the kernel lets us load.
#[derive(Debug)]
pub struct FastPath {
    maps: [Map; 2],
    switch: Switch,
    steps_map: Map,
    steps: Ring,
    /// In the order of [`Framing::ALL`].
    programs: [OwnedFd; 2],
    hook: Hook,
    generation: AtomicU32,
    /// Nanoseconds of the monotonic clock after which no flow waits; 0: none does.
    waits_until: AtomicU64,
    ways: [AtomicU32; 2],
    /// Nanoseconds of the monotonic clock at which the director's time began.
    origin: AtomicU64,
    /// How many are in each map.
    installed: [AtomicUsize; 2],
    /// Room for what is read.
    reading: Mutex<[Elements; 2]>,
    tracking: Tracking,
}

impl FastPath {
    /// Has the kernel check the programs. `entries`: connections that there can be at most. `hook`: TCX where the kernel has
    /// it if none is given.
    ///
    /// # Errors
    /// No CAP_BPF, or a kernel that refuses.
    pub fn load(entries: u32, hook: Option<Hook>) -> Result<Self, FastPathError> {
        // A direction each, as NAT of one family is common.
        let flows = |name, version: Version| {
            let (key, value) = (version.key_len() as u32, version.value_len() as u32);
            Map::create(
                name,
                MapShape { kind: MapKind::Hash, key, value, entries: entries.saturating_mul(2) },
            )
        };
        let create = || -> io::Result<_> {
            let maps = [flows("tunvs_flows4", Version::V4)?, flows("tunvs_flows6", Version::V6)?];
            let shape = MapShape { kind: MapKind::Ring, key: 0, value: 0, entries: STEPS };
            Ok((maps, Switch::create()?, Map::create("tunvs_steps", shape)?))
        };
        let (maps, switch, steps_map) = create().map_err(FastPathError::Denied)?;
        let numbers = Maps {
            flows: [maps[0].number(), maps[1].number()],
            generation: switch.map.number(),
            steps: steps_map.number(),
        };
        let load = |framing: Framing, hook| {
            let l3 = framing.header_len() as i32;
            let instructions = program::instructions(l3, numbers, hook == Hook::Clsact);
            bpf_program::load("tunvs_fast_path", &instructions)
        };
        let finish = || -> io::Result<Self> {
            let mut ether = load(Framing::Ethernet, hook.unwrap_or(Hook::Tcx))?;
            let hook = match hook {
                Some(hook) => hook,
                None if bpf_program::has_tcx(&ether) => Hook::Tcx,
                None => {
                    ether = load(Framing::Ethernet, Hook::Clsact)?;
                    Hook::Clsact
                }
            };
            let programs = [ether, load(Framing::Bare, hook)?];
            // Says the hook to whoever adopts it, too.
            switch.hold_until(lease(hook));
            Self::with(programs, hook, maps, switch, steps_map)
        };
        finish().map_err(FastPathError::Program)
    }

    /// Goes on with programs and maps of another process, by descriptors of [`Self::hand_over`].
    ///
    /// # Errors
    /// Descriptors of other programs or maps.
    pub fn adopt(fds: Vec<OwnedFd>) -> io::Result<Self> {
        let wrong = || io::Error::from(io::ErrorKind::InvalidInput);
        let [ether, bare, v4, v6, generation, steps] =
            <[OwnedFd; DESCRIPTORS]>::try_from(fds).map_err(|_| wrong())?;
        let maps = [Map::adopt(v4, MapKind::Hash)?, Map::adopt(v6, MapKind::Hash)?];
        let switch = Switch::adopt(generation)?;
        let steps = Map::adopt(steps, MapKind::Ring)?;
        let has_layout = |(version, map): (Version, &Map)| {
            let MapShape { key, value, .. } = map.shape();
            (key as usize, value as usize) == (version.key_len(), version.value_len())
        };
        if !Version::ALL.into_iter().zip(&maps).all(has_layout) {
            return Err(wrong());
        }
        let hook = if switch.holds_until() == u64::MAX { Hook::Tcx } else { Hook::Clsact };
        Self::with([ether, bare], hook, maps, switch, steps)
    }

    /// Other descriptors of the same, for [`Self::adopt`]; as many as [`DESCRIPTORS`].
    ///
    /// # Errors
    /// The system refuses them.
    pub fn hand_over(&self) -> io::Result<Vec<OwnedFd>> {
        let maps = self.maps.iter().chain([&self.switch.map, &self.steps_map]).map(Map::descriptor);
        self.programs.iter().map(OwnedFd::try_clone).chain(maps).collect()
    }

    fn with(
        programs: [OwnedFd; 2],
        hook: Hook,
        maps: [Map; 2],
        switch: Switch,
        steps_map: Map,
    ) -> io::Result<Self> {
        let room = [&maps[0], &maps[1]].map(|map| map.room(BATCH.min(map.shape().entries)));
        Ok(Self {
            maps,
            switch,
            steps: Ring::open(&steps_map)?,
            steps_map,
            programs,
            hook,
            generation: AtomicU32::new(0),
            waits_until: AtomicU64::new(0),
            ways: Default::default(),
            origin: AtomicU64::new(0),
            installed: Default::default(),
            tracking: Tracking::default(),
            reading: Mutex::new(room),
        })
    }

    /// Says which interfaces packets seem to come by, and what time it is for the director.
    pub fn begin(&self, ways: Ways, now: Time) {
        for (way, index) in self.ways.iter().zip(ways) {
            way.store(index, Relaxed);
        }
        self.origin.store(monotonic_nanos().saturating_sub(now.0 * 1_000_000), Relaxed);
    }

    pub const fn hook(&self) -> Hook {
        self.hook
    }

    /// The programs for [`Hook::Clsact`], in the order of [`Framing::ALL`].
    ///
    /// # Errors
    /// The system refuses descriptors.
    pub fn filters(&self) -> io::Result<[LoadedProgram; 2]> {
        let [ether, bare] = &self.programs;
        Ok([LoadedProgram::of(ether)?, LoadedProgram::of(bare)?])
    }

    /// Has flows hold for some seconds more, where the program stays without its director. To be called once a second.
    pub fn renew(&self) {
        self.switch.hold_until(lease(self.hook));
    }

    /// Puts the program at the entrance of a link by TCX, for as long as the result lives.
    ///
    /// # Errors
    /// A kernel without TCX, or the link is gone.
    pub fn attach(&self, link: u32, framing: Framing) -> io::Result<OwnedFd> {
        bpf_program::attach(&self.programs[framing as usize], link)
    }

    /// The director's time at a moment of the monotonic clock.
    fn time_of(&self, nanos: u64) -> Time {
        Time(nanos.saturating_sub(self.origin.load(Relaxed)) / 1_000_000)
    }

    fn flow_use(&self, version: Version, value: &[u8]) -> Option<FlowUse> {
        let used = used(version, value)?;
        Some(FlowUse {
            packets: used.packets,
            bytes: used.bytes,
            seen_at: (used.seen != 0).then(|| self.time_of(used.seen)),
            closed: used.closed,
        })
    }

    fn read_all(&self, takes: bool, see: &mut dyn FnMut(FlowKey, FlowUse)) -> io::Result<()> {
        let mut reading = self.reading.lock();
        for ((version, map), elements) in Version::ALL.into_iter().zip(&self.maps).zip(&mut *reading) {
            let installed = &self.installed[version as usize];
            if installed.load(Relaxed) == 0 {
                continue;
            }
            if takes {
                installed.store(0, Relaxed);
            }
            let MapShape { key, value, .. } = map.shape();
            elements.place = None;
            loop {
                let count = map.read_some(elements, takes)?;
                let keys = elements.keys.chunks_exact(key as usize);
                let values = elements.values.chunks_exact(value as usize);
                for (key, value) in keys.zip(values).take(count as usize) {
                    if let (Some(key), Some(used)) = (key_of(version, key), self.flow_use(version, value)) {
                        see(key, used);
                    }
                }
                if elements.place.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl FlowTable for FastPath {
    fn switch(&self, generation: u32) {
        self.generation.store(generation, Relaxed);
        // Whoever begins to use it does so here, and has renewed nothing yet.
        self.renew();
        self.switch.hold(generation);
    }

    fn room(&self) -> usize {
        self.maps[0].shape().entries as usize / 2
    }

    fn is_host_tracking(&self) -> bool {
        self.tracking.is_on()
    }

    fn install(&self, keys: &[FlowKey; 2], flows: &[Flow; 2]) -> Result<(), FlowRefused> {
        let version = Version::of(keys[0].from.addr);
        let (map, generation) = (&self.maps[version as usize], self.generation.load(Relaxed));
        let waits = flows.iter().filter_map(|flow| flow.waits).max();
        let now = Moment(waits.map_or(0, |_| monotonic_nanos()));
        let value = |flow: &Flow| {
            let way = self.ways[usize::from(flow.towards == Towards::Client)].load(Relaxed);
            value_bytes(flow, way, generation, now)
        };
        let (keys, values) = (keys.each_ref().map(key_bytes), flows.each_ref().map(value));
        let done = map.update_many(&keys.concat(), &values.concat());
        let Updated { count, error } = done.unwrap_or_else(|error| Updated { count: 0, error: Some(error) });
        let Some(error) = error else {
            self.installed[version as usize].fetch_add(2, Relaxed);
            if let Some(most) = waits {
                self.waits_until.fetch_max(now.after(most).0, Relaxed);
            }
            return Ok(());
        };
        if count > 0 {
            let _ = map.take(&keys[0], &mut vec![0; version.value_len()]);
        }
        Err(match error.raw_os_error() {
            Some(libc::E2BIG) => FlowRefused::Full,
            number => FlowRefused::Kernel(number.unwrap_or(0)),
        })
    }

    fn waits_at(&self) -> Option<Moment> {
        let until = self.waits_until.load(Relaxed);
        if until == 0 {
            return None;
        }
        let now = monotonic_nanos();
        if now > until {
            // Unless another one waits since.
            let _ = self.waits_until.compare_exchange(until, 0, Relaxed, Relaxed);
            return None;
        }
        Some(Moment(now))
    }

    fn note_gone(&self, towards: Towards, before: Moment) {
        self.switch.note_gone(towards, before);
    }

    fn remove(&self, key: &FlowKey) -> Option<FlowUse> {
        let version = Version::of(key.from.addr);
        let mut value = vec![0; version.value_len()];
        self.maps[version as usize].take(&key_bytes(key), &mut value).ok()?;
        let one_less = |installed: usize| Some(installed.saturating_sub(1));
        let _ = self.installed[version as usize].fetch_update(Relaxed, Relaxed, one_less);
        self.flow_use(version, &value)
    }

    fn read(&self, see: &mut dyn FnMut(FlowKey, FlowUse)) {
        if let Err(error) = self.read_all(false, see) {
            tracing::warn!(%error, "what the fast path has counted cannot be read");
        }
    }

    fn drain(&self, see: &mut dyn FnMut(FlowKey, FlowUse)) {
        if let Err(error) = self.read_all(true, see) {
            tracing::warn!(%error, "what the fast path has counted cannot be read");
        }
    }

    fn has_steps(&self) -> bool {
        self.steps.has_records()
    }

    fn take_steps(&self, see: &mut dyn FnMut(FlowStep)) {
        self.steps.take(|record| {
            let StepRecord { conn, nanos, flags, towards } = step_of(record);
            see(FlowStep { conn, towards, flags, seen_at: self.time_of(nanos) });
        });
    }
}

/// Until when flows hold if nobody renews that.
fn lease(hook: Hook) -> u64 {
    match hook {
        Hook::Tcx => u64::MAX,
        Hook::Clsact => monotonic_nanos() + LEASE.as_nanos() as u64,
    }
}

fn monotonic_nanos() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
