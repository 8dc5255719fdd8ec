//! How much memory there is for a process: that of the host, or less where a control group bounds it.
//!
//! Owns how that is read, through a function, so that it can be tried with files in memory. What follows from it is
//! decided by whoever asks: the daemon for its defences and defaults, the doctor.

mod groups;

pub use groups::Groups;

/// Bytes of a tracked IPv4 connection.
pub const CONN_BYTES: u64 = 123;

/// Bytes of a connection in the file that outlives a kill, which in `/run` is memory, too.
const KEPT_BYTES: u64 = 128;

/// Bytes in a page, as the settings of the kernel count them.
const PAGE: u64 = 4096;

/// Bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    pub total: u64,
    pub available: u64,
}

impl Memory {
    /// The memory of the host, as `/proc/meminfo` has it.
    pub fn of_host(meminfo: &str) -> Option<Self> {
        let of = |name: &str| {
            let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.saturating_mul(1024))
        };
        Some(Self { total: of("MemTotal")?, available: of("MemAvailable")? })
    }

    /// The smaller of both.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        Self { total: self.total.min(other.total), available: self.available.min(other.available) }
    }

    pub const fn available_pages(self) -> u64 {
        self.available / PAGE
    }

    pub const fn total_pages(self) -> u64 {
        self.total / PAGE
    }

    /// How many connections half of it takes.
    pub const fn conns(self) -> u64 {
        self.total / 2 / (CONN_BYTES + KEPT_BYTES)
    }
}

/// The memory of this process. None where the host does not say.
pub fn of_process(groups: &Groups) -> Option<Memory> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let host = Memory::of_host(&read("/proc/meminfo")?)?;
    Some(groups.memory(&read).map_or(host, |group| host.within(group)))
}

/// The groups of this process.
pub fn groups() -> Groups {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    Groups::of(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo"))
}

/// How many connections there may be where nobody says otherwise, `most` at most.
pub fn default_conns(most: usize) -> usize {
    let room = of_process(&groups()).and_then(|memory| usize::try_from(memory.conns()).ok());
    room.map_or(most, |room| room.clamp(LEAST_CONNS.min(most), most))
}

/// No table is smaller by default.
const LEAST_CONNS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_of_host_and_group_counts() {
        let meminfo = "MemTotal:       16384 kB\nMemFree:          100 kB\nMemAvailable:     8192 kB\n";
        let host = Memory::of_host(meminfo).unwrap();
        assert_eq!((host.total_pages(), host.available_pages()), (4096, 2048));
        assert_eq!(Memory::of_host("MemTotal: 1 kB\n"), None);
        let group = Memory { total: 1 << 20, available: 1 << 30 };
        assert_eq!(host.within(group), Memory { total: 1 << 20, available: 8192 << 10 });
        assert!(of_process(&groups()).is_some());
    }

    #[test]
    fn half_of_the_memory_is_for_connections() {
        let memory = Memory { total: 64 << 20, available: 0 };
        assert_eq!(memory.conns(), 133_682);
        assert_eq!(default_conns(100), 100);
    }
}
