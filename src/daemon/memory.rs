//! How much memory the host has left, for the defences of the core.

use std::time::Duration;

/// How often to ask.
pub(super) const EVERY: Duration = Duration::from_secs(1);

const MEMINFO: &str = "/proc/meminfo";
const AVAILABLE: &str = "MemAvailable:";

/// Pages of 4096 bytes that are to be had. None where the host does not say.
pub(super) fn available_pages() -> Option<u64> {
    pages_in(&std::fs::read_to_string(MEMINFO).ok()?, AVAILABLE)
}

/// All pages of 4096 bytes that the host has.
pub(super) fn total_pages() -> Option<u64> {
    pages_in(&std::fs::read_to_string(MEMINFO).ok()?, "MemTotal:")
}

fn pages_in(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_available_memory_counts() {
        let meminfo = "MemTotal:       16384 kB\nMemFree:          100 kB\nMemAvailable:     8192 kB\n";
        assert_eq!(pages_in(meminfo, AVAILABLE), Some(2048));
        assert_eq!(pages_in("MemTotal: 1 kB\n", AVAILABLE), None);
        assert!(available_pages().is_some());
    }
}
