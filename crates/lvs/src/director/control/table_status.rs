//! Sizes of tables, and how full they are, as data.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableStatus {
    pub connections: HashStatus,
    pub services: HashStatus,
}

/// One of the kernel's hash tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashStatus {
    /// How many there are of what the table is for.
    pub entries: u64,
    /// A power of two, or 0 where there is no table yet.
    pub buckets: u32,
    /// The logarithm of how many entries a bucket is for.
    pub load_factor: i64,
    /// How many buckets have no entry, one, and so on up to seven or more.
    pub lengths: [u32; 8],
}
