//! `nft -j list ruleset` as a ruleset; the texts of its rules from `nft -a list ruleset`. Pure (libnftables-json(5)).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::nft_values::{action, elements, key, number, word};
use super::{
    Action, Base, Chain, Element, Elements, Expression, Hook, Key, MarkChange, Match, Rule, Ruleset, Tool,
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

/// A table in the text.
pub struct Table {
    pub family: String,
    pub name: String,
    /// By a process.
    pub is_owned: bool,
}

impl Table {
    pub fn is(&self, family: &str, name: &str) -> bool {
        self.family == family && self.name == name
    }
}

/// All tables of `nft list ruleset`.
pub fn tables(listed: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for line in listed.lines() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("table"), Some(family), Some(name)) if line.starts_with("table ") => {
                tables.push(Table { family: family.to_owned(), name: name.to_owned(), is_owned: false });
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

/// Families of tables in which iptables keeps its rules: it alone prints all of them.
pub fn families_of_iptables(ruleset: &Ruleset) -> BTreeSet<String> {
    const BUILT_IN: [&str; 5] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
    let is_its = |chain: &&Chain| {
        chain.base.is_some()
            && ["ip", "ip6"].contains(&chain.family.as_str())
            && BUILT_IN.contains(&chain.name.as_str())
    };
    ruleset.chains.iter().filter(is_its).map(|chain| chain.family.clone()).collect()
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

fn mangle(value: &Value) -> Option<Expression> {
    match key(&value["key"]) {
        Key::Mark => Some(Expression::Do(Action::Mark(marked(&value["value"])))),
        Key::ConnMark => Some(Expression::Do(Action::ConnMark)),
        _ => None,
    }
}

/// The change that sets a mark to this.
fn marked(value: &Value) -> Option<MarkChange> {
    const ALL: u64 = 0xffff_ffff;
    if let Some(number) = value.as_u64() {
        return Some(MarkChange { keep: 0, flip: number });
    }
    let (operation, sides) = value.as_object()?.iter().next()?;
    let (left, right) = (sides.get(0)?, sides.get(1)?.as_u64()?);
    let so_far = if key(left) == Key::Mark { MarkChange { keep: ALL, flip: 0 } } else { marked(left)? };
    let MarkChange { keep, flip } = so_far;
    Some(match operation.as_str() {
        "|" => MarkChange { keep: keep & !right, flip: (flip & !right) | right },
        "&" => MarkChange { keep: keep & right, flip: flip & right },
        "^" => MarkChange { keep, flip: flip ^ right },
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
