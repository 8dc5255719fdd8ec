//! The supervisor's clock.

use std::time::Instant;

#[allow(clippy::disallowed_methods, reason = "it is the one place of the supervisor that reads the clock")]
pub(super) fn now() -> Instant {
    Instant::now()
}
