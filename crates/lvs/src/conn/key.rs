//! The key that a packet is looked up by, in each of its roles.

use std::net::IpAddr;

use crate::keyed_hash::KeyedHash;
use crate::service::Endpoint;

/// Role of a packet towards a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// From the client to the virtual service.
    In,
    /// From the real server to the client, or to the local end that stands for it.
    Out,
    /// A new connection's template: the client's network, port 0, and the virtual service or mark.
    Template,
}

/// Protocol and ends of a packet, and its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnKey {
    pub role: Role,
    pub protocol: u8,
    pub from: Endpoint,
    pub to: Endpoint,
    /// Stands for the data of a persistence engine; 0 where there are none.
    pub tag: u64,
}

impl ConnKey {
    pub const fn new(role: Role, protocol: u8, from: Endpoint, to: Endpoint) -> Self {
        Self { role, protocol, from, to, tag: 0 }
    }

    #[must_use]
    pub const fn tagged(self, tag: u64) -> Self {
        Self { tag, ..self }
    }

    /// 32 bits that are mixed well enough to choose a shard and a bucket by.
    #[inline]
    pub(super) fn hash(&self, hasher: &KeyedHash) -> u32 {
        let hash = match (self.from.addr, self.to.addr) {
            (IpAddr::V4(from), IpAddr::V4(to)) if self.tag == 0 => {
                let addrs = [from, to].map(|addr| u128::from(u32::from_le_bytes(addr.octets())));
                let all = u128::from(self.small()) | addrs[0] << 48 | addrs[1] << 80;
                hasher.hash(&all.to_le_bytes()[..14])
            }
            (from, to) => self.hash_wide(from, to, hasher),
        };
        (hash >> 32) as u32 ^ hash as u32
    }

    /// Ports, protocol and role: six bytes.
    const fn small(&self) -> u64 {
        let ports = self.from.port as u64 | (self.to.port as u64) << 16;
        ports | (self.protocol as u64) << 32 | (self.role as u64) << 40
    }

    fn hash_wide(&self, from: IpAddr, to: IpAddr, hasher: &KeyedHash) -> u64 {
        let mut bytes = [0; 46];
        bytes[..8].copy_from_slice(&self.small().to_le_bytes());
        let len = match (from, to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => put(&mut bytes, 6, [&from.octets(), &to.octets()]),
            (from, to) => put(&mut bytes, 6, [&wide(from), &wide(to)]),
        };
        let len = if self.tag == 0 { len } else { put(&mut bytes, len, [&self.tag.to_le_bytes(), &[]]) };
        hasher.hash(&bytes[..len])
    }
}

const fn wide(addr: IpAddr) -> [u8; 16] {
    match addr {
        IpAddr::V4(addr) => addr.to_ipv6_mapped().octets(),
        IpAddr::V6(addr) => addr.octets(),
    }
}

/// Puts two fields from `at` on, and returns where they end.
fn put(bytes: &mut [u8; 46], at: usize, [first, second]: [&[u8]; 2]) -> usize {
    let middle = at + first.len();
    let end = middle + second.len();
    bytes[at..middle].copy_from_slice(first);
    bytes[middle..end].copy_from_slice(second);
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Protocol;

    const BUCKETS: usize = 1024;
    const KEYS: u32 = 1 << 16;

    /// The number that tells keys of a pattern apart, as the client's end.
    type Pattern = (&'static str, fn(u32) -> Endpoint);

    fn v6(high: u64, low: u64, port: u16) -> Endpoint {
        Endpoint::new(std::net::Ipv6Addr::from(u128::from(high) << 64 | u128::from(low)).into(), port)
    }

    const PATTERNS: [Pattern; 8] = [
        ("IPv4 addresses in a row", |n| {
            Endpoint::new(std::net::Ipv4Addr::from(0x0a00_0000 + n).into(), 4096)
        }),
        ("IPv4, one address, all ports", |n| Endpoint::new([10, 0, 0, 1].into(), n as u16)),
        ("IPv6, first half fixed", |n| v6(0x2001_0db8_0000_0001, u64::from(n), 4096)),
        ("IPv6, second half fixed", |n| v6(0x2001_0db8_0000_0000 | u64::from(n), 1, 4096)),
        ("IPv6, both halves alike", |n| v6(u64::from(n), u64::from(n), 4096)),
        ("IPv6, halves that add up to the same", |n| v6(u64::from(n), u64::MAX - u64::from(n), 4096)),
        ("IPv6, steps of 2^48", |n| v6(0x2001_0db8_0000_0001, u64::from(n) << 48, 4096)),
        ("IPv6, address and port together", |n| v6(0x2001_0db8_0000_0001, u64::from(n), n as u16)),
    ];

    #[test]
    fn keys_of_regular_patterns_spread_as_evenly_as_random_ones() {
        for secret in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_0011_2233_4455_6677] {
            let hasher = KeyedHash::new(secret);
            for (name, client) in PATTERNS {
                let to = match client(0).addr {
                    IpAddr::V4(_) => Endpoint::new([192, 168, 1, 183].into(), 80),
                    IpAddr::V6(_) => v6(0xfd00_0001_0000_0000, 0x183, 80),
                };
                let key = |n| ConnKey::new(Role::In, Protocol::Tcp.number(), client(n), to);
                let mut hashes: Vec<u32> = (0..KEYS).map(|n| key(n).hash(&hasher)).collect();
                let mut buckets = [0_i64; BUCKETS];
                hashes.iter().for_each(|hash| buckets[*hash as usize % BUCKETS] += 1);
                let expected = i64::from(KEYS) / BUCKETS as i64;
                // Chi-squared has the mean 1023 and the deviation 45.
                let chi = buckets.iter().map(|count| (count - expected).pow(2)).sum::<i64>() / expected;
                assert!((750..1300).contains(&chi), "{name}, secret {secret:x}: chi-squared {chi}");
                hashes.sort_unstable();
                // Of 65,536 random hashes of 32 bits, one half of a pair is alike on average.
                let alike = hashes.windows(2).filter(|pair| pair[0] == pair[1]).count();
                assert!(alike <= 6, "{name}, secret {secret:x}: {alike} hashes are alike");
            }
        }
    }
}
