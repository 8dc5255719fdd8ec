//! `virtual_server_group`: addresses, ranges of them, and marks that one `virtual_server` stands for.

use std::net::{IpAddr, Ipv6Addr};

use super::numbers::{Notes, Strictness, address};
use super::parse::Statement;
use crate::ConfigError;
use lvs::service::Family;

#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) ranges: Vec<Range>,
    pub(super) marks: Vec<Mark>,
}

/// A firewall mark of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) number: u32,
    /// None: that of the virtual server.
    pub(super) family: Option<Family>,
}

impl Group {
    pub(super) fn has(&self, family: Family) -> bool {
        self.ranges.iter().any(|range| Family::of(&range.first) == family)
            || self.marks.iter().any(|mark| mark.family == Some(family))
    }
}

/// Addresses from the first on, up to the first whose last part is `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: IpAddr,
    last: IpAddr,
    pub(super) port: u16,
}

impl Range {
    /// As keepalived counts: the last part only of an IPv6 address.
    pub(super) fn addresses(self) -> impl Iterator<Item = IpAddr> {
        let mut next = Some(self.first);
        std::iter::from_fn(move || {
            let addr = next?;
            next = match (addr, self.last) {
                (IpAddr::V4(at), IpAddr::V4(last)) if at != last => {
                    Some(at.to_bits().wrapping_add(1)).map(|bits| IpAddr::V4(bits.into()))
                }
                (IpAddr::V6(at), IpAddr::V6(last)) if at.segments()[7] != last.segments()[7] => {
                    let mut parts = at.segments();
                    parts[7] = parts[7].wrapping_add(1);
                    Some(IpAddr::V6(Ipv6Addr::from(parts)))
                }
                _ => None,
            };
            Some(addr)
        })
    }
}

/// None: it is empty or contradicts itself, which has been noted.
///
/// # Errors
/// The group has no name, or a mark no number.
pub(super) fn group(statement: &Statement, notes: &mut Notes) -> Result<Option<Group>, ConfigError> {
    let name = statement.needed(1)?.to_owned();
    let mut group = Group { name, ranges: Vec::new(), marks: Vec::new() };
    for line in &statement.block {
        if line.keyword() == "fwmark" {
            group.marks.extend(mark(line, notes)?);
        } else {
            group.ranges.extend(range(line, notes));
        }
    }
    let place = || statement.place().clone();
    if group.ranges.is_empty() && group.marks.is_empty() {
        notes.mistake(place(), format!("the group `{}` is empty: ignored", group.name));
        return Ok(None);
    }
    let is_mixed = group.has(Family::V4) && group.has(Family::V6);
    if is_mixed && group.marks.iter().any(|mark| mark.family.is_none()) {
        let what = format!("the group `{}` mixes IPv4, IPv6 and marks without a family: ignored", group.name);
        notes.lost(place(), what);
        return Ok(None);
    }
    Ok(Some(group))
}

fn mark(line: &Statement, notes: &mut Notes) -> Result<Option<Mark>, ConfigError> {
    let number = notes.unsigned(line, 1, 0..=u32::MAX, Strictness::Lenient)?;
    let family = match line.word(2) {
        None => None,
        Some("inet") => Some(Family::V4),
        Some("inet6") => Some(Family::V6),
        Some(other) => {
            notes.mistake(
                line.place_of(2),
                format!("`{other}` is no family: ignored, expected inet or inet6"),
            );
            notes.lose();
            return Ok(None);
        }
    };
    if number.is_none() {
        notes.lose();
    }
    if number == Some(0) {
        notes.lost(line.place_of(1), "mark 0 is what unmarked packets carry: ignored");
    }
    Ok(number.filter(|number| *number != 0).map(|number| Mark { number, family }))
}

/// `ADDRESS[-LAST|/PREFIX] [PORT]`.
fn range(line: &Statement, notes: &mut Notes) -> Option<Range> {
    let word = line.keyword();
    let port = match line.word(1) {
        Some(word) if !word.chars().all(|letter| letter == '0') => {
            let port = notes.unsigned(line, 1, 1..=65_535, Strictness::Lenient).ok().flatten();
            let Some(port) = port.and_then(|port| u16::try_from(port).ok()) else {
                notes.lose();
                return None;
            };
            port
        }
        _ => 0,
    };
    let first = address(word);
    let last = first.and_then(|first| last(first, word));
    match first.zip(last) {
        Some((first, last)) => Some(Range { first, last, port }),
        None => {
            let what = format!(
                "`{word}` is no address, range or subnet: ignored, write 10.0.0.1, 10.0.0.1-9 or 10.0.0.0/24"
            );
            notes.lost(line.place().clone(), what);
            None
        }
    }
}

fn last(first: IpAddr, word: &str) -> Option<IpAddr> {
    if let Some((_, prefix)) = word.split_once('/') {
        let net = ipnet::IpNet::new(first, prefix.parse().ok().filter(|prefix| *prefix > 0)?).ok()?;
        return (net.network() == first).then(|| net.broadcast());
    }
    let Some((_, end)) = word.split_once('-') else { return Some(first) };
    match first {
        IpAddr::V4(addr) if end.contains('.') => {
            end.parse().ok().filter(|last| *last >= addr).map(IpAddr::V4)
        }
        IpAddr::V6(addr) if end.contains(':') => {
            end.parse().ok().filter(|last| *last >= addr).map(IpAddr::V6)
        }
        IpAddr::V4(addr) => {
            let [a, b, c, start] = addr.octets();
            end.parse().ok().filter(|last| *last > start).map(|last| IpAddr::from([a, b, c, last]))
        }
        IpAddr::V6(addr) => {
            let mut parts = addr.segments();
            let last = u16::from_str_radix(end, 16).ok().filter(|last| *last > parts[7])?;
            parts[7] = last;
            Some(IpAddr::from(parts))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(word: &str) -> Vec<String> {
        let first = address(word).unwrap();
        let range = last(first, word).map(|last| Range { first, last, port: 0 });
        range.map_or_else(Vec::new, |range| range.addresses().map(|addr| addr.to_string()).collect())
    }

    #[test]
    fn ranges_are_counted_in_all_forms() {
        assert_eq!(all("10.0.0.1"), ["10.0.0.1"]);
        assert_eq!(all("10.0.0.1-3"), ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
        assert_eq!(all("10.0.0.255-10.0.1.0"), ["10.0.0.255", "10.0.1.0"]);
        assert_eq!(all("10.0.0.8/31"), ["10.0.0.8", "10.0.0.9"]);
        assert_eq!(all("fe80::9-b"), ["fe80::9", "fe80::a", "fe80::b"]);
        assert_eq!(all("fe80::/126").len(), 4);
        for wrong in
            ["10.0.0.3-1", "10.0.0.3-3", "10.0.0.1-x", "10.0.0.1/24", "10.0.0.1-10.0.0.0", "10.0.0.1/33"]
        {
            assert!(all(wrong).is_empty(), "{wrong}");
        }
    }
}
