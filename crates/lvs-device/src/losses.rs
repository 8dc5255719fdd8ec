//! Packets that found no room in the queues of an interface.

use std::fs;

/// How many there were so far; None where the host's statistics cannot be read.
pub fn lost(interface: &str) -> Option<u64> {
    fs::read_to_string(format!("/sys/class/net/{interface}/statistics/tx_dropped")).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_interface_that_is_there() {
        assert!(lost("lo").is_some());
        assert_eq!(lost("no-such-device"), None);
    }
}
