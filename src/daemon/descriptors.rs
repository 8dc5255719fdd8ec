//! Room for descriptors. The kernel's table of them grows by doubling, and where several threads share it, whoever opens the next file
//! waits until all processors have let go of the old one: some 10 ms, and a start comes across it just before it is ready.

use nix::fcntl::{FcntlArg, fcntl};

/// As many as a director with hundreds of clients and checks has open.
const ROOM: i32 = 512;

/// Has the table grow while nobody waits for it. Called before the first thread starts.
pub(super) fn make_room() {
    // A limit below that leaves the table as it is, which then is reached before the table is full.
    if let Ok(last) = fcntl(std::io::stderr(), FcntlArg::F_DUPFD_CLOEXEC(ROOM - 1)) {
        let _ = nix::unistd::close(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_room() {
        make_room();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("FDSize:")).unwrap();
        assert!(size.trim().parse::<i32>().unwrap() >= ROOM, "{size}");
    }
}
