//! Random numbers for the core, which draws none.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// The standard library seeds its hash maps from the system's random numbers.
pub(super) fn random_bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Key of the hashes of what arrives in packets.
pub(super) fn random_secret() -> u128 {
    u128::from(random_bits()) << 64 | u128::from(random_bits())
}
