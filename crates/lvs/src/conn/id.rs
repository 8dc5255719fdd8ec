//! The place of a connection in the table.

/// A connection's place in the table, valid while the connection is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(std::num::NonZeroU32);

impl ConnId {
    /// No connection's.
    pub const NOWHERE: Self = Self(std::num::NonZeroU32::MAX);

    pub(super) fn from_slot(slot: u32) -> Self {
        Self(std::num::NonZeroU32::MIN.saturating_add(slot))
    }

    /// A number that stays the same, to spread connections by.
    pub const fn spread(self) -> usize {
        self.slot() as usize
    }

    /// The number of its place.
    pub const fn place(self) -> u32 {
        self.slot()
    }

    pub(super) const fn slot(self) -> u32 {
        self.0.get() - 1
    }
}
