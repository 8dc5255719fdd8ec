//! How keys would spread over a hash table of the kernel's size, as `ip_vs_status_show` counts it.

/// A table whose buckets only know how long their chains are.
#[derive(Debug)]
pub struct Chains {
    buckets: Vec<u8>,
}

/// The longest that is told apart; all longer ones count as this.
const LONGEST: u8 = 7;

impl Chains {
    /// `buckets`: a power of two, or 0.
    pub fn new(buckets: u32) -> Self {
        Self { buckets: vec![0; buckets as usize] }
    }

    pub fn add(&mut self, hash: u32) {
        let at = hash as usize & self.buckets.len().saturating_sub(1);
        if let Some(bucket) = self.buckets.get_mut(at) {
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
}
