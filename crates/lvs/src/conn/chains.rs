//! How keys would spread over a hash table of the kernel's size, as `ip_vs_status_show` counts it.

/// A table whose buckets only know how long their chains are.
#[derive(Debug)]
pub struct Chains {
    buckets: Vec<u8>,
    /// The first of these buckets among all.
    start: u32,
    mask: u32,
}

/// Buckets that are counted at once: a byte of memory each, however large the table.
pub(super) const AT_ONCE: u32 = 8 << 20;

/// The longest that is told apart; all longer ones count as this.
const LONGEST: u8 = 7;

impl Chains {
    /// `buckets`: a power of two, or 0.
    pub fn new(buckets: u32) -> Self {
        Self::part(buckets, 0, buckets)
    }

    /// The buckets from `start` on, `most` of them or up to the end.
    pub fn part(buckets: u32, start: u32, most: u32) -> Self {
        let count = buckets.saturating_sub(start).min(most);
        Self { buckets: vec![0; count as usize], start, mask: buckets.saturating_sub(1) }
    }

    pub fn add(&mut self, hash: u32) {
        let at = (hash & self.mask).wrapping_sub(self.start);
        if let Some(bucket) = self.buckets.get_mut(at as usize) {
            *bucket = (*bucket + 1).min(LONGEST);
        }
    }

    /// How many buckets have none, one, and so on up to seven or more.
    pub fn lengths(&self) -> [u32; LONGEST as usize + 1] {
        let mut lengths = [0; LONGEST as usize + 1];
        for bucket in &self.buckets {
            lengths[usize::from(*bucket)] += 1;
        }
        lengths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_is_counted_once_by_its_length() {
        let mut chains = Chains::new(16);
        (0..9).for_each(|_| chains.add(0x35));
        chains.add(0x11);
        assert_eq!(chains.lengths(), [14, 1, 0, 0, 0, 0, 0, 1]);
        let mut none = Chains::new(0);
        none.add(7);
        assert_eq!(none.lengths(), [0; 8]);
    }

    #[test]
    fn parts_of_a_table_are_together_the_table() {
        let hashes = (0..1000u32).map(|number| number.wrapping_mul(0x9e37_79b9));
        let mut whole = Chains::new(256);
        hashes.clone().for_each(|hash| whole.add(hash));
        let mut sum = [0; 8];
        for start in (0..256).step_by(100) {
            let mut part = Chains::part(256, start, 100);
            hashes.clone().for_each(|hash| part.add(hash));
            sum.iter_mut().zip(part.lengths()).for_each(|(sum, count)| *sum += count);
        }
        assert_eq!(sum, whole.lengths());
    }
}
