//! Waiting for what another process does.

use std::time::{Duration, Instant};

/// Asks again and again until there is an answer, for `patience` at the most.
#[allow(clippy::disallowed_methods, reason = "the demo waits for real processes in real time")]
pub(super) fn wait_for<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
