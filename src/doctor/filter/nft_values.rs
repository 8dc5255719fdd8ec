//! Values in what `nft -j` prints: what is compared, and what with.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use serde_json::Value;

use super::packet::element;
use super::{Action, Element, Elements, Key, protocol};

pub(super) fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn action(part: &Value) -> Option<Action> {
    let (name, value) = part.as_object()?.iter().next()?;
    Some(match name.as_str() {
        "accept" => Action::Accept,
        "drop" | "reject" => Action::Drop,
        "return" | "continue" => Action::Return,
        "jump" => Action::Jump(word(&value["target"])),
        "goto" => Action::Goto(word(&value["target"])),
        "dnat" | "redirect" | "tproxy" => Action::Dnat(target(value)),
        "fwd" => Action::Dnat(word(&value["dev"])),
        "snat" | "masquerade" => Action::Snat,
        "notrack" => Action::Notrack,
        "queue" => Action::Queue,
        _ => return None,
    })
}

/// `192.168.56.200:8080`, as far as it is written there.
fn target(value: &Value) -> String {
    let addr = value["addr"].as_str().unwrap_or_default();
    match value["port"].as_u64() {
        Some(port) => format!("{addr}:{port}"),
        None => addr.to_owned(),
    }
}

/// A number, or flags of TCP, also as a list.
pub(super) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => Some(match text.as_str() {
            "fin" => 1,
            "syn" => 2,
            "rst" => 4,
            "psh" => 8,
            "ack" => 16,
            "urg" => 32,
            "ecn" => 64,
            "cwr" => 128,
            _ => return None,
        }),
        Value::Array(parts) => parts.iter().map(number).try_fold(0, |all, part| Some(all | part?)),
        Value::Object(parts) => number(parts.get("|")?),
        _ => None,
    }
}

pub(super) fn key(value: &Value) -> Key {
    let Some((name, of)) = value.as_object().and_then(|value| value.iter().next()) else {
        return Key::Unread;
    };
    match name.as_str() {
        "meta" => meta(of["key"].as_str().unwrap_or_default()),
        "payload" => {
            payload(of["protocol"].as_str().unwrap_or_default(), of["field"].as_str().unwrap_or_default())
        }
        "ct" => match of["key"].as_str().unwrap_or_default() {
            "state" => Key::State,
            "status" => Key::Status,
            "direction" => Key::Direction,
            "mark" => Key::ConnMark,
            _ => Key::Unread,
        },
        "fib" => fib(of),
        "concat" => {
            Key::Concat(of.as_array().map(|parts| parts.iter().map(key).collect()).unwrap_or_default())
        }
        "numgen" => of["mod"].as_u64().map_or(Key::Unread, Key::Random),
        "socket" => Key::Absent,
        _ => Key::Unread,
    }
}

pub(super) fn meta(name: &str) -> Key {
    match name {
        "iifname" | "iif" => Key::Iif,
        "oifname" | "oif" => Key::Oif,
        "nfproto" => Key::Family,
        "protocol" => Key::EtherType,
        "l4proto" => Key::Protocol,
        "mark" => Key::Mark,
        "pkttype" => Key::PacketType,
        "skuid" | "skgid" | "ibrname" | "obrname" => Key::Absent,
        _ => Key::Unread,
    }
}

pub(super) fn payload(of: &str, field: &str) -> Key {
    match (of, field) {
        ("ip", "saddr") => Key::Source(false),
        ("ip6", "saddr") => Key::Source(true),
        ("ip", "daddr") => Key::Destination(false),
        ("ip6", "daddr") => Key::Destination(true),
        ("ip", "protocol") | ("ip6", "nexthdr") => Key::Protocol,
        ("tcp", "flags") => Key::TcpFlags,
        ("th", "sport") => Key::SourcePort(None),
        ("th", "dport") => Key::DestinationPort(None),
        ("tcp" | "udp" | "sctp" | "udplite" | "dccp", "sport") => Key::SourcePort(protocol(of)),
        ("tcp" | "udp" | "sctp" | "udplite" | "dccp", "dport") => Key::DestinationPort(protocol(of)),
        ("icmp" | "icmpv6" | "igmp" | "arp" | "esp" | "ah", _) => Key::Absent,
        _ => Key::Unread,
    }
}

pub(super) fn fib(of: &Value) -> Key {
    let has = |flag: &str| match &of["flags"] {
        Value::Array(flags) => flags.iter().any(|one| one == flag),
        one => one == flag,
    };
    match of["result"].as_str() {
        Some("type") if has("saddr") => Key::SourceKind,
        Some("type") => Key::DestinationKind,
        Some("oif" | "oifname" | "check") if has("saddr") => Key::ReversePath { is_loose: !has("iif") },
        _ => Key::Unread,
    }
}

/// Elements that are compared with, or chosen by.
pub(super) fn elements(key: &Key, value: &Value, named: &impl Fn(&str) -> Option<Elements>) -> Elements {
    if let Some(name) = value.as_str().and_then(|text| text.strip_prefix('@')) {
        // Elements of named sets do not know what they are compared with: names of protocols are words in them.
        let found = named(name).unwrap_or_else(|| Arc::new(vec![(Element::Unread, None)]));
        return Arc::new(found.iter().map(|(one, action)| (typed(key, one), action.clone())).collect());
    }
    let values = match value {
        Value::Array(parts) => parts.as_slice(),
        Value::Object(object) if object.contains_key("set") => {
            object["set"].as_array().map_or(std::slice::from_ref(&object["set"]), Vec::as_slice)
        }
        Value::Null => &[],
        one => std::slice::from_ref(one),
    };
    Arc::new(values.iter().map(|value| entry(key, value)).collect())
}

/// An element of a set, or one of a map with what it stands for.
pub(super) fn entry(key: &Key, value: &Value) -> (Element, Option<Action>) {
    match value.as_array().map(Vec::as_slice) {
        Some([of, to]) if to.is_object() || of.is_object() && !to.is_string() => (one(key, of), action(to)),
        Some([of, _]) => (one(key, of), None),
        _ => (one(key, value), None),
    }
}

pub(super) fn one(key: &Key, value: &Value) -> Element {
    match value {
        Value::String(text) if text == "*" => Element::Any,
        Value::String(text) => match super::condition::net(text) {
            Some(net) => Element::Net(net),
            None => element(key, text),
        },
        Value::Number(number) => {
            number.as_u64().map_or(Element::Unread, |number| Element::Numbers(number, number))
        }
        Value::Bool(is) => Element::Numbers((*is).into(), (*is).into()),
        Value::Object(object) => match object.iter().next() {
            Some((name, of)) if name == "elem" => one(key, &of["val"]),
            Some((name, of)) if name == "prefix" => prefix(of).map_or(Element::Unread, Element::Net),
            Some((name, of)) if name == "range" => range(of).unwrap_or(Element::Unread),
            Some((name, of)) if name == "concat" => {
                let parts = of.as_array().map(Vec::as_slice).unwrap_or_default();
                let keys = if let Key::Concat(keys) = key { keys.as_slice() } else { &[] };
                let key = |place: usize| keys.get(place).unwrap_or(&Key::Absent);
                Element::Concat(parts.iter().enumerate().map(|(place, part)| one(key(place), part)).collect())
            }
            _ => Element::Unread,
        },
        _ => Element::Unread,
    }
}

pub(super) fn typed(key: &Key, of: &Element) -> Element {
    match (key, of) {
        (_, Element::Word(text)) => element(key, text),
        (Key::Concat(keys), Element::Concat(parts)) => {
            Element::Concat(keys.iter().zip(parts).map(|(key, part)| typed(key, part)).collect())
        }
        _ => of.clone(),
    }
}

pub(super) fn prefix(of: &Value) -> Option<IpNet> {
    IpNet::new(of["addr"].as_str()?.parse().ok()?, u8::try_from(of["len"].as_u64()?).ok()?).ok()
}

pub(super) fn range(of: &Value) -> Option<Element> {
    let (from, to) = (of.get(0)?, of.get(1)?);
    if let (Some(from), Some(to)) = (from.as_u64(), to.as_u64()) {
        return Some(Element::Numbers(from, to));
    }
    Some(Element::Addrs(from.as_str()?.parse::<IpAddr>().ok()?, to.as_str()?.parse().ok()?))
}
