//! Times at which regular work is due.

use crate::time::Time;

/// When the regular work is next due.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::director) struct Upkeep {
    pub(in crate::director) estimate_at: Time,
    pub(in crate::director) empty_trash_at: Time,
    pub(in crate::director) defend_at: Time,
}
