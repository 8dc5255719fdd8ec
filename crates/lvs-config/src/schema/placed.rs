//! A value, and where in the file it stands, for complaints about it.

use std::fmt::Display;
use std::ops::{Deref, Range};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml::Spanned;

use crate::error::Mistake;

#[derive(Clone, Debug, Default)]
pub(crate) struct Placed<T> {
    value: T,
    at: Range<usize>,
}

impl<T> Placed<T> {
    pub(crate) fn into_inner(self) -> T {
        self.value
    }

    pub(crate) fn at(&self) -> Range<usize> {
        self.at.clone()
    }

    pub(super) fn wrong(&self, what: impl Display) -> Mistake {
        Mistake::new(self.at(), what)
    }
}

/// A value that no file has said.
impl<T> From<T> for Placed<T> {
    fn from(value: T) -> Self {
        Self { value, at: 0..0 }
    }
}

impl<T> Deref for Placed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::deserialize(deserializer)?;
        Ok(Self { at: spanned.span(), value: spanned.into_inner() })
    }
}

impl<T: Serialize> Serialize for Placed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// Whether a value need not be written.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A value where it is not the usual one.
pub(super) fn unusual<T: PartialEq>(value: T, usual: T) -> Option<T> {
    (value != usual).then_some(value)
}
