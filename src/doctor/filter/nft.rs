//! `nft -j list ruleset` as a ruleset; the texts of its rules from `nft -a list ruleset`. Pure (libnftables-json(5)).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use serde_json::Value;

use super::packet::element;
use super::{
    Action, Base, Chain, Element, Elements, Expression, Hook, Key, Match, Rule, Ruleset, Tool, protocol,
};

/// Longest text of a rule that is kept, in characters.
const LONGEST: usize = 160;

/// Family, table, and the name of a set, or the number of a rule.
type Named<T> = BTreeMap<(String, String, T), Elements>;

/// The chains that IP packets meet. `listed` is the text with handles, which names the rules.
pub fn read(json: &str, listed: &str) -> Ruleset {
    let Ok(document) = serde_json::from_str::<Value>(json) else { return Ruleset::default() };
    let items = document["nftables"].as_array().map(Vec::as_slice).unwrap_or_default();
    let texts = texts(listed);
    let mut sets: Named<String> = BTreeMap::new();
    for set in items.iter().flat_map(|item| [&item["set"], &item["map"]]).filter(|set| set.is_object()) {
        let key = (word(&set["family"]), word(&set["table"]), word(&set["name"]));
        sets.insert(key, elements(&Key::Absent, &set["elem"], &|_| None));
    }
    let mut chains: Vec<Chain> = items.iter().filter_map(|item| chain(&item["chain"])).collect();
    for rule in items.iter().map(|item| &item["rule"]).filter(|rule| rule.is_object()) {
        let (family, table) = (word(&rule["family"]), word(&rule["table"]));
        let its = |chain: &&mut Chain| {
            chain.family == family && chain.table == table && rule["chain"] == chain.name.as_str()
        };
        let Some(chain) = chains.iter_mut().find(its) else { continue };
        let handle = rule["handle"].as_u64();
        let named = |name: &str| sets.get(&(family.clone(), table.clone(), name.to_owned())).cloned();
        let text = handle.and_then(|handle| texts.get(&(family.clone(), table.clone(), handle)));
        let parts = rule["expr"].as_array().map(Vec::as_slice).unwrap_or_default();
        let text = text.cloned().unwrap_or_else(|| shortened(&rule["expr"].to_string()));
        let expressions = parts.iter().flat_map(|part| expressions(part, &named)).collect();
        chain.rules.push(Rule { handle, text, expressions });
    }
    Ruleset { chains }
}

/// A table in the text: family and name, and whether a process owns it.
pub struct Table {
    pub name: (String, String),
    pub is_owned: bool,
}

/// All tables of `nft list ruleset`.
pub fn tables(listed: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for line in listed.lines() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("table"), Some(family), Some(name)) if line.starts_with("table ") => {
                tables.push(Table { name: (family.to_owned(), name.to_owned()), is_owned: false });
            }
            // `table inet tunvs { # progname tunvs`, then `flags owner`.
            (Some("flags"), ..) if line.contains("owner") => {
                tables.iter_mut().last().into_iter().for_each(|table| table.is_owned = true);
            }
            _ => {}
        }
    }
    tables
}

/// Whether all of it is there.
pub fn is_whole(json: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok()
}

/// Tables in which iptables keeps its rules: it alone prints all of them.
pub fn tables_of_iptables(ruleset: &Ruleset) -> Vec<(String, String)> {
    const BUILT_IN: [&str; 5] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
    let is_its = |chain: &&Chain| {
        chain.base.is_some()
            && ["ip", "ip6"].contains(&chain.family.as_str())
            && BUILT_IN.contains(&chain.name.as_str())
    };
    let mut tables: Vec<(String, String)> = ruleset
        .chains
        .iter()
        .filter(is_its)
        .map(|chain| (chain.family.clone(), chain.table.clone()))
        .collect();
    tables.dedup();
    tables
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Rules by their tables and handles, each on one line.
fn texts(listed: &str) -> BTreeMap<(String, String, u64), String> {
    let mut texts = BTreeMap::new();
    let (mut family, mut table, mut rule) = (String::new(), String::new(), String::new());
    for line in listed.lines() {
        let line = line.trim();
        let handle =
            line.rsplit_once(" # handle ").and_then(|(text, number)| Some((text, number.parse().ok()?)));
        if let Some(rest) = line.strip_prefix("table ") {
            let mut words = rest.split_whitespace();
            (family, table) =
                (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
            rule.clear();
            continue;
        }
        match handle {
            Some((text, handle)) => {
                rule.push_str(text);
                // A chain or a set begins, or a rule of one line or several ends.
                if !text.ends_with('{') {
                    let text = rule.split_whitespace().collect::<Vec<_>>().join(" ");
                    texts.insert((family.clone(), table.clone(), handle), shortened(&text));
                }
                rule.clear();
            }
            None if line == "}" || line.is_empty() || line.starts_with("type ") => rule.clear(),
            None => {
                rule.push_str(line);
                rule.push(' ');
            }
        }
    }
    texts
}

fn chain(value: &Value) -> Option<Chain> {
    let family = word(&value["family"]);
    if !["ip", "ip6", "inet", "netdev"].contains(&family.as_str()) {
        return None;
    }
    let base = value["hook"].as_str().and_then(Hook::named).map(|hook| Base {
        hook,
        priority: value["prio"].as_i64().unwrap_or_default(),
        is_nat: value["type"] == "nat",
        drops_by_policy: value["policy"] == "drop",
        devices: match &value["dev"] {
            Value::String(dev) => vec![dev.clone()],
            Value::Array(devs) => devs.iter().map(word).collect(),
            _ => Vec::new(),
        },
    });
    let (table, name) = (word(&value["table"]), word(&value["name"]));
    Some(Chain { tool: Tool::Nft, family, table, name, base, rules: Vec::new() })
}

/// Rewriting by a map is done only for what the map has.
fn expressions(part: &Value, named: &impl Fn(&str) -> Option<Elements>) -> Vec<Expression> {
    let to = [&part["dnat"]["addr"]["map"], &part["snat"]["addr"]["map"], &part["dnat"]["port"]["map"]];
    let map = to.into_iter().find(|map| map.is_object()).map(|map| {
        let key = key(&map["key"]);
        let elements = elements(&key, &map["data"], named);
        Expression::Match(Match { key, mask: None, is_negated: false, elements })
    });
    map.into_iter().chain(expression(part, named)).collect()
}

/// None for what changes nothing that matters here.
fn expression(part: &Value, named: &impl Fn(&str) -> Option<Elements>) -> Option<Expression> {
    let (name, value) = part.as_object()?.iter().next()?;
    let over = |limit: &Value| (limit["inv"] == true).then_some(Expression::Never);
    match name.as_str() {
        "match" => Some(condition(value, named)),
        "vmap" => {
            let key = key(&value["key"]);
            let elements = elements(&key, &value["data"], named);
            Some(Expression::Select(key, elements))
        }
        "counter" | "log" | "comment" | "last" | "flow" | "ct helper" | "ct timeout" | "ct expectation"
        | "dup" | "secmark" | "tunnel" | "map" => None,
        "limit" | "quota" | "ct count" => over(value),
        "set" | "meter" => {
            let parts =
                value["stmt"].as_array().map(Vec::as_slice).unwrap_or(std::slice::from_ref(&value["stmt"]));
            parts.iter().filter_map(Value::as_object).flatten().find_map(|(_, limit)| over(limit))
        }
        "mangle" => mangle(value),
        "xt" => xt(value),
        _ => Some(action(part).map_or_else(|| Expression::Unread(name.clone()), Expression::Do)),
    }
}

fn action(part: &Value) -> Option<Action> {
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

fn mangle(value: &Value) -> Option<Expression> {
    match key(&value["key"]) {
        Key::Mark => Some(Expression::Do(Action::Mark(marked(&value["value"])))),
        Key::ConnMark => Some(Expression::Do(Action::ConnMark)),
        _ => None,
    }
}

/// What is kept of a mark, and what is flipped then.
fn marked(value: &Value) -> Option<(u64, u64)> {
    const ALL: u64 = 0xffff_ffff;
    if let Some(number) = value.as_u64() {
        return Some((0, number));
    }
    let (operation, sides) = value.as_object()?.iter().next()?;
    let (left, right) = (sides.get(0)?, sides.get(1)?.as_u64()?);
    let (keep, flip) = if key(left) == Key::Mark { (ALL, 0) } else { marked(left)? };
    Some(match operation.as_str() {
        "|" => (keep & !right, (flip & !right) | right),
        "&" => (keep & right, flip & right),
        "^" => (keep, flip ^ right),
        _ => return None,
    })
}

/// An extension of iptables, of which nothing is printed but the name.
fn xt(value: &Value) -> Option<Expression> {
    let name = value["name"].as_str().unwrap_or_default();
    if value["type"] == "match" {
        return (name != "comment").then(|| Expression::Unread(name.to_owned()));
    }
    super::iptables::target(name)
        .map_or_else(|| Some(Expression::Unread(name.to_owned())), |action| action.map(Expression::Do))
}

fn condition(value: &Value, named: &impl Fn(&str) -> Option<Elements>) -> Expression {
    let (mut left, mut mask) = (&value["left"], None);
    if let Some([inner, bits]) = left["&"].as_array().map(Vec::as_slice) {
        (left, mask) = (inner, number(bits));
        if mask.is_none() {
            return Expression::Unread(value.to_string());
        }
    }
    let key = key(left);
    let op = value["op"].as_str().unwrap_or("==");
    let right = &value["right"];
    let mut elements = match (&key, number(right)) {
        (Key::TcpFlags, Some(flags)) => {
            // One of these, where no mask says which are looked at.
            if mask.is_none() && op == "in" {
                mask = Some(flags);
                Arc::new(vec![(Element::Numbers(1, flags), None)])
            } else {
                Arc::new(vec![(Element::Numbers(flags, flags), None)])
            }
        }
        _ => elements(&key, right, named),
    };
    let bounds = match (op, right.as_u64()) {
        ("<", Some(most)) if most > 0 => Some((0, most - 1)),
        ("<=", Some(most)) => Some((0, most)),
        (">", Some(least)) => Some((least + 1, u64::MAX)),
        (">=", Some(least)) => Some((least, u64::MAX)),
        ("==" | "!=" | "in", _) => None,
        _ => return Expression::Unread(value.to_string()),
    };
    if let Some((from, to)) = bounds {
        elements = Arc::new(vec![(Element::Numbers(from, to), None)]);
    }
    Expression::Match(Match { key, mask, is_negated: op == "!=", elements })
}

/// A number, or flags of TCP, also as a list.
fn number(value: &Value) -> Option<u64> {
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

fn key(value: &Value) -> Key {
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

fn meta(name: &str) -> Key {
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

fn payload(of: &str, field: &str) -> Key {
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

fn fib(of: &Value) -> Key {
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

/// What is compared with, or chosen by.
fn elements(key: &Key, value: &Value, named: &impl Fn(&str) -> Option<Elements>) -> Elements {
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
fn entry(key: &Key, value: &Value) -> (Element, Option<Action>) {
    match value.as_array().map(Vec::as_slice) {
        Some([of, to]) if to.is_object() || of.is_object() && !to.is_string() => (one(key, of), action(to)),
        Some([of, _]) => (one(key, of), None),
        _ => (one(key, value), None),
    }
}

fn one(key: &Key, value: &Value) -> Element {
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

fn typed(key: &Key, of: &Element) -> Element {
    match (key, of) {
        (_, Element::Word(text)) => element(key, text),
        (Key::Concat(keys), Element::Concat(parts)) => {
            Element::Concat(keys.iter().zip(parts).map(|(key, part)| typed(key, part)).collect())
        }
        _ => of.clone(),
    }
}

fn prefix(of: &Value) -> Option<IpNet> {
    IpNet::new(of["addr"].as_str()?.parse().ok()?, u8::try_from(of["len"].as_u64()?).ok()?).ok()
}

fn range(of: &Value) -> Option<Element> {
    let (from, to) = (of.get(0)?, of.get(1)?);
    if let (Some(from), Some(to)) = (from.as_u64(), to.as_u64()) {
        return Some(Element::Numbers(from, to));
    }
    Some(Element::Addrs(from.as_str()?.parse::<IpAddr>().ok()?, to.as_str()?.parse().ok()?))
}
