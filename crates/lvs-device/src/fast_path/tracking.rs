//! Whether the host tracks connections of this network (conntrack).
//!
//! A module that is loaded tracks only where a rule asks for it, and rules come and go. But a packet that reaches the director
//! has passed them: if they track, there is one entry at least.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

/// Number of entries; there once the module is loaded.
const ENTRIES: &str = "/proc/sys/net/netfilter/nf_conntrack_count";

/// The kernel's number of tracked connections, kept open.
#[derive(Debug, Default)]
pub(super) struct Tracking {
    entries: OnceLock<File>,
}

impl Tracking {
    /// Whether there is any. Where the number cannot be read there may be.
    pub(super) fn is_on(&self) -> bool {
        let file = match self.entries.get() {
            Some(file) => file,
            None => match File::open(ENTRIES) {
                Ok(file) => self.entries.get_or_init(|| file),
                Err(_) => return false,
            },
        };
        let mut digits = [0; 2];
        // Zero is one digit, and the end of the line.
        !matches!(file.read_at(&mut digits, 0), Ok(2)) || digits != *b"0\n"
    }
}
