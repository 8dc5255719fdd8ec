//! Changes of weights that checks ask for. Made by probes, carried out by the server's [`Member`](super::member::Member).

use serde::{Deserialize, Serialize};

/// A change of its server's weight that a check asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WeightChange {
    Set(i32),
    /// To the declared one.
    Add(i64),
}

impl WeightChange {
    pub(super) fn change(self, declared: i32) -> i64 {
        match self {
            Self::Set(weight) => i64::from(weight) - i64::from(declared),
            Self::Add(change) => change,
        }
    }
}
