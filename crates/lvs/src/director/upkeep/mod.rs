//! Work that comes with time: expiry, rates, defences against want of memory, words of parting, messages for other directors.

pub(in crate::director) mod defence;
pub(in crate::director) mod defence_state;
pub(in crate::director) mod due;
pub(in crate::director) mod reset_queue;
pub(in crate::director) mod resets;
pub(in crate::director) mod sync;
pub(in crate::director) mod timers;
