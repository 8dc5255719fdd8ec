//! The kernel's hash functions as its schedulers use them, so that every flow goes where the kernel sends it.
//!
//! Owns no state. Called by the hashing schedulers. Same job as `linux/hash.h` and `lib/siphash.c`.

use std::net::IpAddr;

use crate::service::Family;

/// The upper `bits` bits of the golden-ratio product (`hash_32`).
pub(super) const fn hash_32(value: u32, bits: u32) -> u32 {
    value.wrapping_mul(0x61C8_8647) >> (32 - bits)
}

/// An address as one word, the way a service of `family` reads it: an IPv6 address is the XOR of its words; of
/// one behind an IPv4 service (a tunnel) only the first word counts.
pub(super) fn fold(addr: IpAddr, family: Family) -> u32 {
    match addr {
        IpAddr::V4(addr) => addr.to_bits(),
        IpAddr::V6(addr) => {
            let bits = addr.to_bits();
            let word = |at: u32| (bits >> (32 * at)) as u32;
            match family {
                Family::V4 => word(3),
                Family::V6 => word(0) ^ word(1) ^ word(2) ^ word(3),
            }
        }
    }
}

/// `hsiphash` of one 32-bit word on 64-bit kernels: SipHash-1-3 cut to 32 bits, with both key words the same.
pub(super) const fn hsiphash(value: u32, key: u64) -> u32 {
    let tail = (4 << 56) | value as u64;
    let mut v = [
        0x736f_6d65_7073_6575 ^ key,
        0x646f_7261_6e64_6f6d ^ key,
        0x6c79_6765_6e65_7261 ^ key,
        0x7465_6462_7974_6573 ^ key,
    ];
    v[3] ^= tail;
    v = round(v);
    v[0] ^= tail;
    v[2] ^= 0xff;
    v = round(round(round(v)));
    (v[0] ^ v[1] ^ v[2] ^ v[3]) as u32
}

const fn round([v0, v1, v2, v3]: [u64; 4]) -> [u64; 4] {
    let (v0, v2) = (v0.wrapping_add(v1), v2.wrapping_add(v3));
    let (v1, v3) = (v1.rotate_left(13) ^ v0, v3.rotate_left(16) ^ v2);
    let (v0, v2) = (v0.rotate_left(32).wrapping_add(v3), v2.wrapping_add(v1));
    let (v3, v1) = (v3.rotate_left(21) ^ v0, v1.rotate_left(17) ^ v2);
    [v0, v1, v2.rotate_left(32), v3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_fold_to_a_word() {
        let v6: IpAddr = "1:2:30:40:500:600:7000:8000".parse().unwrap();
        assert_eq!(fold("10.0.0.1".parse().unwrap(), Family::V4), 0x0a00_0001);
        assert_eq!(fold(v6, Family::V6), 0x0001_0002 ^ 0x0030_0040 ^ 0x0500_0600 ^ 0x7000_8000);
        assert_eq!(fold(v6, Family::V4), 0x0001_0002);
    }

    #[test]
    fn the_golden_ratio_spreads() {
        assert_eq!(hash_32(1, 8), 0x61);
        assert_eq!(hash_32(2, 8), 0xc3);
        assert_eq!(hash_32(u32::MAX, 10), 0x9e37_79b9_u32 >> 22);
    }
}
