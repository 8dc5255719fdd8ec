//! Whether a condition of a rule is true of a packet: yes, no, or not to be told. Pure.

use std::net::IpAddr;

use ipnet::IpNet;

use super::packet::{Packet, Tracking, Value};
use super::{Action, Element, Elements, Key, Match};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tristate {
    No,
    Yes,
    Maybe,
}

impl Tristate {
    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Maybe,
        }
    }

    const fn negated(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Yes => Self::No,
            Self::Maybe => Self::Maybe,
        }
    }
}

pub(super) fn holds(matched: &Match, packet: &Packet, now: Tracking, mark: Option<u64>) -> Tristate {
    let value = match (packet.value(&matched.key, now, mark), matched.mask) {
        (Value::Number(from, to), Some(mask)) if from == to => Value::Number(from & mask, from & mask),
        (Value::Number(..), Some(_)) => Value::Unknown,
        (value, _) => value,
    };
    if is_absent(&value) {
        return Tristate::No;
    }
    let mut found = Tristate::No;
    for (element, _) in matched.elements.iter() {
        match is(element, &value) {
            Tristate::Yes => {
                found = Tristate::Yes;
                break;
            }
            Tristate::Maybe => found = Tristate::Maybe,
            Tristate::No => {}
        }
    }
    if matched.is_negated { found.negated() } else { found }
}

/// Actions that a map may have for a packet.
pub(super) struct Selected<'a> {
    pub(super) may: Vec<&'a Action>,
    /// The map may as well have no entry.
    pub(super) none: bool,
}

/// Selects what a map may say for a packet.
pub(super) fn selected<'a>(
    key: &Key,
    elements: &'a Elements,
    packet: &Packet,
    now: Tracking,
    mark: Option<u64>,
) -> Selected<'a> {
    let value = packet.value(key, now, mark);
    if is_absent(&value) {
        return Selected { may: Vec::new(), none: true };
    }
    let mut may = Vec::new();
    let entries = elements.iter().filter_map(|(element, action)| Some((element, action.as_ref()?)));
    let (rest, entries): (Vec<_>, Vec<_>) = entries.partition(|(element, _)| **element == Element::Any);
    for (element, action) in entries.into_iter().chain(rest) {
        match is(element, &value) {
            Tristate::Yes => {
                may.push(action);
                return Selected { may, none: false };
            }
            Tristate::Maybe => may.push(action),
            Tristate::No => {}
        }
    }
    let all_drawn = matches!(key, Key::Random(of) if may.len() as u64 == *of);
    Selected { may, none: !all_drawn }
}

fn is_absent(value: &Value) -> bool {
    match value {
        Value::Absent => true,
        Value::Concat(parts) => parts.iter().any(is_absent),
        _ => false,
    }
}

fn is(element: &Element, value: &Value) -> Tristate {
    let sure = |is_so| if is_so { Tristate::Yes } else { Tristate::No };
    match (element, value) {
        (Element::Any, _) => Tristate::Yes,
        (Element::Concat(elements), Value::Concat(values)) if elements.len() == values.len() => {
            let parts = elements.iter().zip(values).map(|(element, value)| is(element, value));
            parts.fold(Tristate::Yes, Tristate::and)
        }
        (Element::Word(word), Value::Words(words)) => sure(words.iter().any(|one| fits(word, one))),
        (Element::Net(net), Value::Addr(addr)) => sure(net.contains(addr)),
        (Element::Addrs(from, to), Value::Addr(addr)) => sure((from..=to).contains(&addr)),
        (Element::Numbers(from, to), Value::Number(least, most)) => {
            if from <= least && most <= to {
                Tristate::Yes
            } else if most < from || to < least {
                Tristate::No
            } else {
                Tristate::Maybe
            }
        }
        _ => Tristate::Maybe,
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}

/// An address or a net, as both tools print it.
pub(super) fn net(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
