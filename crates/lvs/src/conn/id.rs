//! The place of a connection in the table, and which one in that place it is.

use std::num::NonZeroU32;

/// A place in the table, whoever is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(NonZeroU32);

impl Place {
    /// No connection's.
    const NOWHERE: Self = Self(NonZeroU32::MAX);

    pub(super) fn of_slot(slot: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(slot))
    }

    /// Returns its number, from 0.
    pub const fn number(self) -> u32 {
        self.0.get() - 1
    }
}

/// A connection of the table. Of one that has ended it finds nothing, whoever is in its place by then: each connection in a
/// place has another number than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId {
    place: Place,
    number: u32,
}

impl ConnId {
    /// No connection's.
    pub const NOWHERE: Self = Self { place: Place::NOWHERE, number: 0 };

    pub(super) const fn new(place: Place, number: u32) -> Self {
        Self { place, number }
    }

    /// As a number, for [`Self::of_bits`]; never 0.
    pub fn bits(self) -> u64 {
        u64::from(self.place.0.get()) << 32 | u64::from(self.number)
    }

    pub fn of_bits(bits: u64) -> Option<Self> {
        let place = Place(NonZeroU32::new((bits >> 32) as u32)?);
        Some(Self { place, number: bits as u32 })
    }

    /// A number that stays the same, to spread connections by.
    pub const fn spread(self) -> usize {
        self.slot() as usize
    }

    pub const fn place(self) -> Place {
        self.place
    }

    /// Tells which one in its place it is.
    pub(super) const fn number(self) -> u32 {
        self.number
    }

    pub(super) const fn slot(self) -> u32 {
        self.place.number()
    }
}
