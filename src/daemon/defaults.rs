//! Settings whose defaults are the host's: how many messages may wait, and which processors there are.

use crate::memory;
use lvs::Time;
use lvs::director::{Command, Director};

/// Pages of memory for each message in the queue of a sync daemon (`sync_qlen_max`).
const PAGES_PER_MESSAGE: u64 = 32;

const ONLINE: &str = "/sys/devices/system/cpu/online";

/// Gives a director that nobody has set anything of the defaults of this host.
pub(super) fn apply(director: &Director) {
    let set = |name: &str, value: String| {
        let command = Command::SetSysctl { name: name.to_owned(), value };
        if let Err(error) = director.apply(&command, Time::ZERO) {
            tracing::debug!(%error, "no default of the host");
        }
    };
    if let Some(memory) = memory::of_process(&memory::groups()) {
        set("sync_qlen_max", (memory.total_pages() / PAGES_PER_MESSAGE).max(1).to_string());
    }
    if let Ok(online) = std::fs::read_to_string(ONLINE) {
        set("est_cpulist", online.trim().to_owned());
    }
}
