//! How fast clients of limited services open connections, and how many they have: a token bucket and a count for each
//! client, or for each prefix of clients, of each service.
//!
//! The table has a fixed size and is made with the first client that is limited. A client finds its place by a hash under
//! a secret, among eight; where all are taken, the one that has no connections and was silent longest gives way, and
//! begins anew when it comes back.

use std::net::IpAddr;
use std::sync::OnceLock;

use parking_lot::Mutex;

use crate::keyed_hash::KeyedHash;
use crate::service::{ClientLimit, Protocol, ServiceKey};
use crate::time::Time;

const SETS: usize = 1 << 13;
const WAYS: usize = 8;

/// Parts of a token.
const WHOLE: u64 = 1000;

/// Clients of limited services.
#[derive(Debug)]
pub struct Clients {
    hash: KeyedHash,
    sets: OnceLock<Box<[Mutex<Set>]>>,
}

type Set = [Client; WAYS];

#[derive(Clone, Copy, Debug, Default)]
struct Client {
    /// 0: nobody.
    tag: u64,
    /// In thousandths; all there are before a rate has counted any.
    tokens: u64,
    conns: u32,
    at: Time,
}

impl Clients {
    pub(super) const fn new(secret: u128) -> Self {
        Self { hash: KeyedHash::new(secret), sets: OnceLock::new() }
    }

    /// Counts a new connection of a client, if its limit allows one more. The number that stands for it, for [`Self::release`].
    pub fn admit(&self, service: &ServiceKey, client: IpAddr, limit: &ClientLimit, now: Time) -> Option<u64> {
        let tag = self.tag(service, client, limit.prefix);
        let mut set = self.set(tag).lock();
        let full = u64::from(limit.burst.max(1)) * WHOLE;
        let known = set.iter().position(|known| known.tag == tag);
        let at = known.unwrap_or_else(|| {
            let idle = |at: &usize| (set[*at].tag != 0, set[*at].conns > 0, set[*at].at);
            let at = (0..WAYS).min_by_key(idle).unwrap_or(0);
            set[at] = Client { tag, tokens: u64::MAX, conns: 0, at: now };
            at
        });
        let it = &mut set[at];
        let silent = now.since(std::mem::replace(&mut it.at, now)).as_millis() as u64;
        if limit.rate != 0 {
            let grown = u64::from(limit.rate).saturating_mul(silent);
            it.tokens = it.tokens.saturating_add(grown).min(full);
        }
        let has_token = limit.rate == 0 || it.tokens >= WHOLE;
        if !has_token || limit.conns != 0 && it.conns >= limit.conns {
            return None;
        }
        if limit.rate != 0 {
            it.tokens -= WHOLE;
        }
        if limit.conns != 0 {
            it.conns = it.conns.saturating_add(1);
        }
        Some(tag)
    }

    /// A connection that was counted is over.
    pub fn release(&self, tag: u64) {
        let mut set = self.set(tag).lock();
        if let Some(it) = set.iter_mut().find(|known| known.tag == tag) {
            it.conns = it.conns.saturating_sub(1);
        }
    }

    fn set(&self, tag: u64) -> &Mutex<Set> {
        let sets = self.sets.get_or_init(|| (0..SETS).map(|_| Mutex::default()).collect());
        &sets[(tag >> 32) as usize % SETS]
    }

    fn tag(&self, service: &ServiceKey, client: IpAddr, prefix: u8) -> u64 {
        let mut bytes = [0; 40];
        let to = match *service {
            ServiceKey::Address { protocol, addr, port } => {
                bytes[0] = Protocol::number(protocol);
                bytes[1..3].copy_from_slice(&port.to_be_bytes());
                wide(addr)
            }
            ServiceKey::Mark { mark, .. } => u128::from(mark),
        };
        bytes[3] = prefix;
        bytes[4..20].copy_from_slice(&to.to_be_bytes());
        bytes[20..36].copy_from_slice(&masked(client, prefix).to_be_bytes());
        self.hash.hash(&bytes).max(1)
    }
}

fn wide(addr: IpAddr) -> u128 {
    match addr {
        IpAddr::V4(addr) => addr.to_ipv6_mapped().to_bits(),
        IpAddr::V6(addr) => addr.to_bits(),
    }
}

/// The prefix of an address, as a number.
fn masked(addr: IpAddr, prefix: u8) -> u128 {
    let taken = if addr.is_ipv4() { 32 - prefix.min(32) } else { 128 - prefix.min(128) };
    let mask = u128::MAX.checked_shl(taken.into()).unwrap_or(0);
    wide(addr) & mask
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SERVICE: ServiceKey = ServiceKey::Address {
        protocol: Protocol::Tcp,
        addr: IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        port: 80,
    };

    fn addr(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// How many of so many connections are let in then.
    fn let_in(clients: &Clients, limit: &ClientLimit, client: &str, tries: u32, now: u64) -> usize {
        (0..tries).filter(|_| clients.admit(&SERVICE, addr(client), limit, Time(now)).is_some()).count()
    }

    #[test]
    fn a_bucket_has_its_burst_and_grows_at_its_rate() {
        let clients = Clients::new(7);
        let limit = ClientLimit { rate: 10, burst: 20, conns: 0, prefix: 32 };
        assert_eq!(let_in(&clients, &limit, "10.0.0.1", 100, 5000), 20);
        assert_eq!(let_in(&clients, &limit, "10.0.0.1", 100, 5099), 0);
        assert_eq!(let_in(&clients, &limit, "10.0.0.1", 100, 5100), 1);
        assert_eq!(let_in(&clients, &limit, "10.0.0.1", 100, 5600), 5);
        assert_eq!(let_in(&clients, &limit, "10.0.0.2", 100, 5600), 20, "another client has another");
        assert_eq!(let_in(&clients, &limit, "10.0.0.1", 100, 1_000_000), 20, "and it never overflows");
        let other = ServiceKey::Mark { mark: 80, family: crate::service::Family::V4 };
        assert!(clients.admit(&other, addr("10.0.0.1"), &limit, Time(1_000_000)).is_some());
    }

    #[test]
    fn clients_of_a_prefix_share_their_bucket() {
        for (prefix, one, other, stranger) in
            [(24, "10.0.0.1", "10.0.0.200", "10.0.1.1"), (64, "fd00::1", "fd00::ffff", "fd00:0:0:1::1")]
        {
            let clients = Clients::new(7);
            let limit = ClientLimit { rate: 1, burst: 3, conns: 0, prefix };
            assert_eq!(let_in(&clients, &limit, one, 2, 0), 2);
            assert_eq!(let_in(&clients, &limit, other, 9, 0), 1);
            assert_eq!(let_in(&clients, &limit, stranger, 9, 0), 3);
        }
        assert_eq!(masked(addr("10.1.2.3"), 0), addr_bits("0.0.0.0"));
        assert_eq!(masked(addr("fd00::1"), 128), addr_bits("fd00::1"));
    }

    fn addr_bits(text: &str) -> u128 {
        wide(addr(text))
    }

    #[test]
    fn a_rate_that_comes_later_begins_with_its_burst() {
        let clients = Clients::new(7);
        let number = ClientLimit { rate: 0, burst: 0, conns: 100, prefix: 32 };
        assert_eq!(let_in(&clients, &number, "10.0.0.1", 9, 0), 9);
        let rate = ClientLimit { rate: 1, burst: 5, conns: 0, prefix: 32 };
        assert_eq!(let_in(&clients, &rate, "10.0.0.1", 9, 0), 5);
    }

    #[test]
    fn so_many_at_the_same_time_and_again_when_one_is_over() {
        let clients = Clients::new(7);
        let limit = ClientLimit { rate: 0, burst: 0, conns: 3, prefix: 32 };
        let admit = || clients.admit(&SERVICE, addr("10.0.0.1"), &limit, Time(0));
        let tags: Vec<u64> = (0..3).filter_map(|_| admit()).collect();
        assert_eq!((tags.len(), admit()), (3, None));
        clients.release(tags[0]);
        assert!(admit().is_some() && admit().is_none());
    }

    #[test]
    fn a_flood_of_clients_takes_no_more_room_and_who_has_connections_stays() {
        let clients = Clients::new(7);
        let limit = ClientLimit { rate: 1, burst: 1, conns: 1, prefix: 32 };
        let held = clients.admit(&SERVICE, addr("10.0.0.1"), &limit, Time(0)).unwrap();
        for number in 0..300_000_u32 {
            let client = IpAddr::from((0x0b00_0000 + number).to_be_bytes());
            if let Some(tag) = clients.admit(&SERVICE, client, &limit, Time(1)) {
                clients.release(tag);
            }
        }
        let later = Time(0) + Duration::from_secs(10);
        assert!(clients.admit(&SERVICE, addr("10.0.0.1"), &limit, later).is_none(), "it has its one");
        clients.release(held);
        assert!(clients.admit(&SERVICE, addr("10.0.0.1"), &limit, later).is_some());
    }
}
