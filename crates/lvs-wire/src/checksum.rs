//! Internet checksums: whole sums for packets that we make, increments for packets that we change
//! (RFC 1071, RFC 1624 equation 3).

use std::net::IpAddr;

/// The one's-complement sum of `bytes` (a last odd byte is padded), folded into 16 bits, not complemented.
pub fn sum(bytes: &[u8]) -> u32 {
    // A 32-bit word counts as its two halves do, as 2^16 is 1 in this arithmetic.
    let mut words = bytes.chunks_exact(4);
    let mut total: u64 =
        words.by_ref().map(|word| u64::from(u32::from_be_bytes([word[0], word[1], word[2], word[3]]))).sum();
    let mut tail = [0; 4];
    tail[..words.remainder().len()].copy_from_slice(words.remainder());
    total += u64::from(u32::from_be_bytes(tail));
    while total >> 16 != 0 {
        total = (total & 0xffff) + (total >> 16);
    }
    total as u32
}

/// Folds a sum into 16 bits, not complemented.
pub const fn fold(sum: u32) -> u16 {
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    sum as u16
}

/// The sum of the pseudo-header of a transport packet of `len` bytes.
pub fn pseudo_header(src: IpAddr, dst: IpAddr, protocol: u8, len: usize) -> u32 {
    let len = len as u32;
    addr_sum(src) + addr_sum(dst) + u32::from(protocol) + (len >> 16) + (len & 0xffff)
}

/// The checksum field of a transport packet whose field is zero.
pub fn transport(src: IpAddr, dst: IpAddr, protocol: u8, segment: &[u8]) -> u16 {
    !fold(u32::from(fold(pseudo_header(src, dst, protocol, segment.len()))) + u32::from(fold(sum(segment))))
}

/// The checksum of an IPv4 header or an ICMP message whose field is zero.
pub fn plain(bytes: &[u8]) -> u16 {
    !fold(sum(bytes))
}

fn addr_sum(addr: IpAddr) -> u32 {
    match addr {
        IpAddr::V4(addr) => halves(u32::from(addr)),
        IpAddr::V6(addr) => addr.segments().iter().map(|word| u32::from(*word)).sum(),
    }
}

const fn halves(word: u32) -> u32 {
    (word >> 16) + (word & 0xffff)
}

/// How a sum changes when words of what it covers change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delta(u32);

impl Delta {
    #[must_use]
    pub const fn word(self, old: u16, new: u16) -> Self {
        Self(self.0 + !old as u32 + new as u32)
    }

    #[must_use]
    pub fn addr(self, old: IpAddr, new: IpAddr) -> Self {
        match (old, new) {
            (IpAddr::V4(old), IpAddr::V4(new)) => {
                Self(self.0 + halves(!u32::from(old)) + halves(u32::from(new)))
            }
            (old, new) => Self(self.0 + inverted(old) + addr_sum(new)),
        }
    }

    /// A complete checksum after the change: C' = ~(~C + ~m + m').
    pub const fn apply(self, checksum: u16) -> u16 {
        !fold(!checksum as u32 + fold(self.0) as u32)
    }

    /// A partial checksum (the folded, not complemented sum of the pseudo-header) after the change.
    pub const fn apply_partial(self, sum: u16) -> u16 {
        fold(sum as u32 + fold(self.0) as u32)
    }
}

fn inverted(addr: IpAddr) -> u32 {
    match addr {
        IpAddr::V4(addr) => halves(!u32::from(addr)),
        IpAddr::V6(addr) => addr.segments().iter().map(|word| u32::from(!*word)).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_that_of_rfc_1071() {
        assert_eq!(fold(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7])), 0xddf2);
        assert_eq!(fold(sum(&[0x01])), 0x0100);
    }

    #[test]
    fn an_increment_is_as_good_as_a_new_sum() {
        let mut state = 1u32;
        let mut bytes = [0u8; 40];
        for _ in 0..2000 {
            for byte in &mut bytes {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (state >> 24) as u8;
            }
            let before = plain(&bytes);
            let old = u16::from_be_bytes([bytes[6], bytes[7]]);
            let new = (state & 0xffff) as u16;
            bytes[6..8].copy_from_slice(&new.to_be_bytes());
            assert_eq!(Delta::default().word(old, new).apply(before), plain(&bytes));
        }
    }

    #[test]
    fn addresses_of_both_families_change_alike() {
        for (old, new) in [("10.0.0.1", "192.168.56.184"), ("2001:db8::1", "2001:db8:56::184")] {
            let (old, new): (IpAddr, IpAddr) = (old.parse().unwrap(), new.parse().unwrap());
            let other = if old.is_ipv4() { "10.9.8.7" } else { "fd00::7" }.parse().unwrap();
            let segment = [1, 2, 3, 4, 5];
            let before = transport(other, old, 6, &segment);
            let after = transport(other, new, 6, &segment);
            assert_eq!(Delta::default().addr(old, new).apply(before), after);
            let partial = |dst| fold(pseudo_header(other, dst, 6, 5));
            assert_eq!(Delta::default().addr(old, new).apply_partial(partial(old)), partial(new));
        }
    }
}
