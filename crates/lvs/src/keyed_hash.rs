//! Hashing of what arrives in packets, by SipHash-1-3 under a secret: who does not know it cannot choose addresses, ports
//! or identifications whose hashes are alike, and so cannot make one bucket of a table as long as the table.
//!
//! Used for connections, local ports and fragments. Tables whose keys come from the administrator need none of it.

use std::hash::BuildHasher;

use siphasher::sip::SipHasher13;

/// Builds hashers of one secret.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyedHash {
    key: [u64; 2],
}

impl KeyedHash {
    pub(crate) const fn new(secret: u128) -> Self {
        Self { key: [secret as u64, (secret >> 64) as u64] }
    }

    /// Hash of a whole key at once, which is faster than field by field.
    pub(crate) fn hash(&self, key: &[u8]) -> u64 {
        SipHasher13::new_with_keys(self.key[0], self.key[1]).hash(key)
    }
}

impl BuildHasher for KeyedHash {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.key[0], self.key[1])
    }
}
