//! Clients that a service takes, by lists of prefixes: of all prefixes of both lists that cover a client, the longest decides.
//!
//! Made once from the lists, never changed. A lookup is a search of sorted bounds by their upper halves, in two steps so that
//! most of it stays in the processor's cache; where a half is not enough, whole bounds are searched. Knows nothing of files.

use std::net::IpAddr;

use ipnet::IpNet;

/// Bounds that one bound of the upper step stands for.
const STRIDE: usize = 64;

/// Lists of prefixes, ready to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessList {
    v4: Bounds<u32>,
    v6: Bounds<u128>,
    /// How many prefixes are allowed, and denied.
    counts: [usize; 2],
}

impl AccessList {
    /// Clients of `allowed` prefixes are taken and those of `denied` are not; a prefix in both is denied. All others are taken
    /// where there is no list of allowed ones (None).
    pub fn new(allowed: Option<&[IpNet]>, denied: &[IpNet]) -> Self {
        let others = allowed.is_none();
        let of = |nets: &[IpNet], is_allowed: bool| -> (Vec<Rule<u32>>, Vec<Rule<u128>>) {
            let (mut v4, mut v6) = (Vec::new(), Vec::new());
            for net in nets {
                match net {
                    IpNet::V4(net) => v4.push(Rule {
                        first: net.network().to_bits(),
                        last: net.broadcast().to_bits(),
                        is_allowed,
                    }),
                    IpNet::V6(net) => v6.push(Rule {
                        first: net.network().to_bits(),
                        last: net.broadcast().to_bits(),
                        is_allowed,
                    }),
                }
            }
            (v4, v6)
        };
        let (mut v4, mut v6) = of(allowed.unwrap_or_default(), true);
        let (denied_v4, denied_v6) = of(denied, false);
        v4.extend(denied_v4);
        v6.extend(denied_v6);
        let counts = [allowed.map_or(0, <[IpNet]>::len), denied.len()];
        Self { v4: Bounds::new(v4, others), v6: Bounds::new(v6, others), counts }
    }

    /// Whether a client is taken.
    pub fn allows(&self, client: IpAddr) -> bool {
        match client {
            IpAddr::V4(addr) => self.v4.at(addr.to_bits()),
            IpAddr::V6(addr) => self.v6.at(addr.to_bits()),
        }
    }

    /// How many prefixes are allowed, and how many are denied.
    pub const fn counts(&self) -> [usize; 2] {
        self.counts
    }
}

/// A prefix as the numbers that it covers.
#[derive(Clone, Copy, Debug)]
struct Rule<T> {
    first: T,
    last: T,
    is_allowed: bool,
}

/// An address of one family.
trait Number: Copy + Ord {
    /// The next one. None behind the last of all.
    fn next(self) -> Option<Self>;

    /// The upper half of an IPv6 address; all of an IPv4 address.
    fn high(self) -> u64;
}

impl Number for u32 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn high(self) -> u64 {
        self.into()
    }
}

impl Number for u128 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn high(self) -> u64 {
        (self >> 64) as u64
    }
}

/// Bounds at which the answer changes: from each on, it is the one beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bounds<T> {
    /// Each [`STRIDE`]th of the halves.
    upper: Box<[u64]>,
    /// Upper halves of the bounds.
    highs: Box<[u64]>,
    bounds: Box<[T]>,
    answers: Box<[bool]>,
    /// The answer before the first bound.
    others: bool,
}

impl<T: Number> Bounds<T> {
    fn new(mut rules: Vec<Rule<T>>, others: bool) -> Self {
        // Those that lie around come first; of the same prefix the denial comes last, and counts.
        rules.sort_unstable_by(|one, other| {
            (one.first, std::cmp::Reverse(one.last), std::cmp::Reverse(one.is_allowed)).cmp(&(
                other.first,
                std::cmp::Reverse(other.last),
                std::cmp::Reverse(other.is_allowed),
            ))
        });
        let mut found = Found { bounds: Vec::with_capacity(rules.len()), answers: Vec::new(), others };
        let mut around: Vec<Rule<T>> = Vec::new();
        for rule in rules {
            while let Some(inner) = around.pop_if(|inner| inner.last < rule.first) {
                found.end(inner, &around);
            }
            found.begin(rule.first, rule.is_allowed);
            around.push(rule);
        }
        while let Some(inner) = around.pop() {
            found.end(inner, &around);
        }
        let highs: Box<[u64]> = found.bounds.iter().map(|bound| bound.high()).collect();
        let upper = highs.iter().step_by(STRIDE).copied().collect();
        Self { upper, highs, bounds: found.bounds.into(), answers: found.answers.into(), others }
    }

    fn at(&self, addr: T) -> bool {
        let high = addr.high();
        let Some(block) = self.upper.partition_point(|half| *half <= high).checked_sub(1) else {
            return self.others;
        };
        let start = block * STRIDE;
        let end = (start + STRIDE).min(self.highs.len());
        let mut count = start + self.highs[start..end].partition_point(|half| *half <= high);
        if count > 0 && self.highs[count - 1] == high {
            count = self.bounds[..count].partition_point(|bound| *bound <= addr);
        }
        count.checked_sub(1).map_or(self.others, |at| self.answers[at])
    }
}

/// Bounds as they are found, from the lowest up.
struct Found<T> {
    bounds: Vec<T>,
    answers: Vec<bool>,
    others: bool,
}

impl<T: Number> Found<T> {
    fn begin(&mut self, at: T, answer: bool) {
        if self.bounds.last() == Some(&at) {
            self.bounds.pop();
            self.answers.pop();
        }
        if self.answers.last().copied().unwrap_or(self.others) != answer {
            self.bounds.push(at);
            self.answers.push(answer);
        }
    }

    /// Behind a prefix the one around it counts again.
    fn end(&mut self, inner: Rule<T>, around: &[Rule<T>]) {
        if let Some(next) = inner.last.next() {
            self.begin(next, around.last().map_or(self.others, |outer| outer.is_allowed));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nets(text: &str) -> Vec<IpNet> {
        text.split_whitespace().map(|net| net.parse().unwrap()).collect()
    }

    /// The same, the long way.
    fn allows(allowed: Option<&[IpNet]>, denied: &[IpNet], client: IpAddr) -> bool {
        let rules = allowed.unwrap_or_default().iter().map(|net| (net, true));
        let rules = rules.chain(denied.iter().map(|net| (net, false)));
        let covering = rules.filter(|(net, _)| net.contains(&client));
        let longest = covering.max_by_key(|(net, is_allowed)| (net.prefix_len(), !is_allowed));
        longest.map_or(allowed.is_none(), |(_, is_allowed)| is_allowed)
    }

    #[test]
    fn the_longest_prefix_decides() {
        let (allowed, denied) =
            (nets("10.0.0.0/8 10.1.2.0/24 fd00::/8"), nets("10.1.0.0/16 10.0.0.0/8 fd00::1/128 0.0.0.0/0"));
        let list = AccessList::new(Some(&allowed), &denied);
        for (client, expected) in [
            ("10.2.0.1", false),
            ("10.1.2.255", true),
            ("10.1.3.0", false),
            ("255.255.255.255", false),
            ("0.0.0.0", false),
            ("fd00::", true),
            ("fd00::1", false),
            ("fd00::2", true),
            ("fe80::1", false),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false),
        ] {
            assert_eq!(list.allows(client.parse().unwrap()), expected, "{client}");
        }
        assert_eq!(list.counts(), [3, 4]);
        let open = AccessList::new(None, &nets("255.255.255.255/32 ::/128"));
        for (client, expected) in
            [("1.2.3.4", true), ("255.255.255.255", false), ("::", false), ("::1", true)]
        {
            assert_eq!(open.allows(client.parse().unwrap()), expected, "{client}");
        }
        assert!(!AccessList::new(Some(&[]), &[]).allows([10, 0, 0, 1].into()), "an empty list allows nobody");
        assert!(AccessList::new(None, &[]).allows([10, 0, 0, 1].into()));
    }

    fn some_nets(most: usize) -> impl Strategy<Value = Vec<IpNet>> {
        let v4 = (0..64_u32, 24..=32_u8).prop_map(|(low, len)| {
            ipnet::Ipv4Net::new_assert((0x0a00_0000 + low * 4).into(), len).trunc().into()
        });
        let v6 = (0..64_u128, 120..=128_u8).prop_map(|(low, len)| {
            ipnet::Ipv6Net::new_assert((0xfd00 << 112 | (low * 4)).into(), len).trunc().into()
        });
        prop::collection::vec(prop_oneof![v4, v6], 0..most)
    }

    proptest! {
        #[test]
        fn it_says_what_a_walk_through_all_prefixes_says(
            allowed in prop::option::of(some_nets(200)), denied in some_nets(200),
        ) {
            let list = AccessList::new(allowed.as_deref(), &denied);
            for low in 0..300 {
                for client in [IpAddr::V4((0x0a00_0000 + low).into()), IpAddr::V6((0xfd00 << 112 | u128::from(low)).into())] {
                    prop_assert_eq!(list.allows(client), allows(allowed.as_deref(), &denied, client), "{}", client);
                }
            }
        }
    }
}
