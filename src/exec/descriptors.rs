//! The numbers that emulated descriptors have in a program: high ones, which it does not have itself as a rule.

use std::ops::Range;

/// Ends below what `select` can take.
const SELECTABLE: u32 = 1024;
/// As many may be selected.
const FEW: u32 = 64;
/// As many more there may be, where the limit allows.
const MANY: u32 = 1024;
/// No table of descriptors grows larger for our sake.
const HIGHEST: u32 = 1 << 16;

/// Two ranges of numbers, the first preferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Descriptors([Range<u32>; 2]);

impl Descriptors {
    /// Ranges for a program that may have so many descriptors.
    pub(super) fn within(limit: u64) -> Self {
        let limit = u32::try_from(limit).unwrap_or(HIGHEST).min(HIGHEST);
        let end = limit.min(SELECTABLE);
        let few = end.saturating_sub(FEW.min(end / 2))..end;
        let many = if limit > SELECTABLE {
            limit.saturating_sub(MANY).max(SELECTABLE)..limit
        } else {
            few.start / 2..few.start
        };
        Self([few, many])
    }

    pub(super) const fn ranges(&self) -> &[Range<u32>; 2] {
        &self.0
    }

    pub(super) fn all(&self) -> impl Iterator<Item = u32> {
        self.0.iter().cloned().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_stay_below_the_limit_and_the_first_suit_select() {
        let of = |limit| Descriptors::within(limit).0;
        assert_eq!(of(1024), [960..1024, 480..960]);
        assert_eq!(of(1 << 20), [960..1024, 64_512..65_536]);
        assert_eq!(of(1500), [960..1024, 1024..1500]);
        assert_eq!(of(256), [192..256, 96..192]);
        assert_eq!(of(64), [32..64, 16..32]);
        assert_eq!(of(0), [0..0, 0..0]);
    }
}
