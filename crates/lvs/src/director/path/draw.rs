//! Random bits for decisions, from the director's seed (splitmix64).

use std::sync::atomic::Ordering::Relaxed;

use crate::director::Director;

impl Director {
    /// Random bits for one decision.
    pub(in crate::director) fn draw(&self) -> u64 {
        mixed(self.draws.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed))
    }
}

pub(in crate::director) const fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
