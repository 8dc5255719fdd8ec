//! Filters and NAT of the host: `nft -j list ruleset` and `iptables-legacy-save` as the same data. Pure.
//!
//! Only as much of a rule is understood as a doctor needs: who is let through, who is dropped, whose addresses are
//! rewritten. What is not understood counts as a condition.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

/// By what program a chain is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Nft,
    /// Of the old tables, IPv4 or IPv6.
    Legacy,
    Legacy6,
}

/// A chain that packets meet by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    pub tool: Tool,
    pub family: String,
    pub table: String,
    pub name: String,
    /// `forward`, `input`, `prerouting`, `postrouting`, `output`.
    pub hook: String,
    pub is_nat: bool,
    pub drops_by_policy: bool,
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// How nft calls it.
    pub handle: u64,
    /// As iptables prints it.
    pub text: String,
    pub iif: Option<String>,
    pub oif: Option<String>,
    pub daddr: Vec<IpNet>,
    pub dport: Option<u16>,
    /// It has conditions beside those.
    pub is_narrower: bool,
    /// Answers within known connections only.
    pub is_established: bool,
    pub verdict: Verdict,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    Accept,
    /// Or refused with an error.
    Drop,
    Jump,
    /// The destination is rewritten.
    Dnat,
    /// The source is rewritten.
    Snat,
    #[default]
    Other,
}

impl Rule {
    pub fn is_unconditional(&self) -> bool {
        self.iif.is_none()
            && self.oif.is_none()
            && self.daddr.is_empty()
            && self.dport.is_none()
            && !self.is_narrower
            && !self.is_established
    }

    /// It lets all pass that comes out of (or goes into) such a device.
    pub fn accepts_device(&self, device: &str, incoming: bool) -> bool {
        let (wanted, other) = if incoming { (&self.iif, &self.oif) } else { (&self.oif, &self.iif) };
        let fits = wanted.as_deref().is_some_and(|name| match name.strip_suffix(['*', '+']) {
            Some(prefix) => device.starts_with(prefix),
            None => device == name,
        });
        let alone = other.is_none() && self.daddr.is_empty() && self.dport.is_none();
        self.verdict == Verdict::Accept && fits && alone && !self.is_narrower && !self.is_established
    }

    pub fn rewrites(&self, addr: IpAddr) -> bool {
        self.verdict == Verdict::Dnat && self.daddr.iter().any(|net| net.contains(&addr))
    }
}

/// The chains of `nft -j list ruleset`.
pub fn of_nft(text: &str) -> Vec<Chain> {
    let Ok(document) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let items = document["nftables"].as_array().map(Vec::as_slice).unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut chains: Vec<Chain> = items
        .iter()
        .map(|item| &item["chain"])
        .filter(|chain| {
            chain["hook"].is_string() && ["ip", "ip6", "inet"].contains(&word(&chain["family"]).as_str())
        })
        .map(|chain| Chain {
            tool: Tool::Nft,
            family: word(&chain["family"]),
            table: word(&chain["table"]),
            name: word(&chain["name"]),
            hook: word(&chain["hook"]),
            is_nat: chain["type"] == "nat",
            drops_by_policy: chain["policy"] == "drop",
            rules: Vec::new(),
        })
        .collect();
    for rule in items.iter().map(|item| &item["rule"]).filter(|rule| rule.is_object()) {
        let is_its = |chain: &&mut Chain| {
            rule["family"] == chain.family.as_str()
                && rule["table"] == chain.table.as_str()
                && rule["chain"] == chain.name.as_str()
        };
        if let Some(chain) = chains.iter_mut().find(is_its) {
            chain.rules.push(rule_of_nft(rule));
        }
    }
    chains
}

fn rule_of_nft(rule: &Value) -> Rule {
    let mut read = Rule { handle: rule["handle"].as_u64().unwrap_or_default(), ..Rule::default() };
    for part in rule["expr"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let Some((name, value)) = part.as_object().and_then(|part| part.iter().next()) else { continue };
        match name.as_str() {
            "accept" => read.verdict = Verdict::Accept,
            "drop" | "reject" => read.verdict = Verdict::Drop,
            "jump" | "goto" | "queue" | "vmap" => read.verdict = Verdict::Jump,
            "dnat" | "redirect" | "tproxy" => read.verdict = Verdict::Dnat,
            "snat" | "masquerade" => read.verdict = Verdict::Snat,
            "counter" | "log" | "comment" => {}
            "xt" => xt(value, &mut read),
            "match" => condition(value, &mut read),
            _ => read.is_narrower = true,
        }
    }
    read
}

/// An extension of iptables that nft does not speak.
fn xt(value: &Value, rule: &mut Rule) {
    match value["name"].as_str().unwrap_or_default() {
        "MASQUERADE" | "SNAT" => rule.verdict = Verdict::Snat,
        "DNAT" | "REDIRECT" => rule.verdict = Verdict::Dnat,
        "REJECT" => rule.verdict = Verdict::Drop,
        "comment" => {}
        "conntrack" | "state" => rule.is_established = true,
        _ => rule.is_narrower = true,
    }
}

fn condition(value: &Value, rule: &mut Rule) {
    let (left, right) = (&value["left"], &value["right"]);
    let is_plain = value["op"] == "==" || value["op"] == "in";
    let key = left["meta"]["key"].as_str().or_else(|| left["payload"]["field"].as_str());
    let text = right.as_str().map(str::to_owned);
    match (key, is_plain) {
        (Some("iifname" | "iif"), true) if text.is_some() => rule.iif = text,
        (Some("oifname" | "oif"), true) if text.is_some() => rule.oif = text,
        (Some("daddr"), true) => match nets(right) {
            Some(nets) => rule.daddr = nets,
            None => rule.is_narrower = true,
        },
        (Some("dport"), true) if right.is_u64() => {
            rule.dport = right.as_u64().and_then(|port| u16::try_from(port).ok());
        }
        // What a port or a protocol of IP implies.
        (Some("l4proto" | "nfproto"), true) if rule.verdict == Verdict::Other => {
            rule.is_narrower |= left["meta"]["key"] == "l4proto";
        }
        (Some("protocol"), true) => {}
        _ if left["ct"]["key"] == "state" => rule.is_established = true,
        _ => rule.is_narrower = true,
    }
}

/// An address, a prefix, or a set of them.
fn nets(value: &Value) -> Option<Vec<IpNet>> {
    if let Some(text) = value.as_str() {
        return Some(vec![text.parse::<IpAddr>().ok()?.into()]);
    }
    if let Some(prefix) = value["prefix"].as_object() {
        let addr: IpAddr = prefix["addr"].as_str()?.parse().ok()?;
        return Some(vec![IpNet::new(addr, u8::try_from(prefix["len"].as_u64()?).ok()?).ok()?]);
    }
    let parts = value["set"].as_array()?.iter().map(nets).collect::<Option<Vec<_>>>()?;
    Some(parts.into_iter().flatten().collect())
}

/// The built-in chains of `iptables-legacy-save`, or `ip6tables-legacy-save`.
pub fn of_legacy(text: &str, is_v6: bool) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    let mut table = String::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('*') {
            name.clone_into(&mut table);
        } else if let Some(rest) = line.strip_prefix(':') {
            let mut words = rest.split_whitespace();
            let (Some(name), Some(policy)) = (words.next(), words.next()) else { continue };
            if policy == "-" {
                continue;
            }
            chains.push(Chain {
                tool: if is_v6 { Tool::Legacy6 } else { Tool::Legacy },
                family: if is_v6 { "ip6" } else { "ip" }.to_owned(),
                table: table.clone(),
                name: name.to_owned(),
                hook: name.to_lowercase(),
                is_nat: table == "nat",
                drops_by_policy: policy == "DROP",
                rules: Vec::new(),
            });
        } else if let Some(rest) = line.strip_prefix("-A ") {
            let Some((name, rest)) = rest.split_once(' ') else { continue };
            if let Some(chain) = chains.iter_mut().find(|chain| chain.table == table && chain.name == name) {
                chain.rules.push(rule_of_legacy(rest));
            }
        }
    }
    chains
}

fn rule_of_legacy(text: &str) -> Rule {
    let mut rule = Rule { text: text.to_owned(), ..Rule::default() };
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "-i" => rule.iif = words.next().map(str::to_owned),
            "-o" => rule.oif = words.next().map(str::to_owned),
            "-d" => rule.daddr.extend(words.next().and_then(|net| net.parse::<IpNet>().ok())),
            "--dport" => rule.dport = words.next().and_then(|port| port.parse().ok()),
            "-p" => rule.is_narrower |= words.next().is_some_and(|protocol| protocol == "icmp"),
            "-m" => match words.next() {
                Some("conntrack" | "state") => rule.is_established = true,
                Some("tcp" | "udp" | "comment") => {}
                _ => rule.is_narrower = true,
            },
            "--ctstate" | "--state" | "--comment" => drop(words.next()),
            "-j" | "-g" => {
                rule.verdict = match words.next() {
                    Some("ACCEPT") => Verdict::Accept,
                    Some("DROP" | "REJECT") => Verdict::Drop,
                    Some("DNAT" | "REDIRECT" | "TPROXY") => Verdict::Dnat,
                    Some("SNAT" | "MASQUERADE") => Verdict::Snat,
                    Some("LOG" | "MARK" | "RETURN" | "TCPMSS") | None => Verdict::Other,
                    Some(_) => Verdict::Jump,
                };
                break;
            }
            _ => rule.is_narrower = true,
        }
    }
    rule
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by nft 1.1.3 for an `inet` filter and an `ip` NAT table.
    const NFT: &str = r#"{"nftables": [{"metainfo": {"version": "1.1.3", "release_name": "Commodore Bullmoose #4", "json_schema_version": 1}},
{"table": {"family": "inet", "name": "filter", "handle": 1}},
{"chain": {"family": "inet", "table": "filter", "name": "forward", "handle": 1, "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}},
{"chain": {"family": "inet", "table": "filter", "name": "extra", "handle": 2}},
{"rule": {"family": "inet", "table": "filter", "chain": "forward", "handle": 3, "expr": [{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}, {"accept": null}]}},
{"rule": {"family": "inet", "table": "filter", "chain": "forward", "handle": 4, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "tunvs-*"}}, {"counter": {"packets": 0, "bytes": 0}}, {"accept": null}]}},
{"rule": {"family": "inet", "table": "filter", "chain": "forward", "handle": 5, "expr": [{"jump": {"target": "extra"}}]}},
{"table": {"family": "ip", "name": "nat", "handle": 2}},
{"chain": {"family": "ip", "table": "nat", "name": "prerouting", "handle": 1, "type": "nat", "hook": "prerouting", "prio": -100, "policy": "accept"}},
{"chain": {"family": "ip", "table": "nat", "name": "postrouting", "handle": 2, "type": "nat", "hook": "postrouting", "prio": 100, "policy": "accept"}},
{"rule": {"family": "ip", "table": "nat", "chain": "prerouting", "handle": 3, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "daddr"}}, "right": "192.168.1.183"}}, {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 80}}, {"dnat": {"addr": "192.168.56.200", "port": 8080}}]}},
{"rule": {"family": "ip", "table": "nat", "chain": "prerouting", "handle": 5, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "daddr"}}, "right": {"set": [{"prefix": {"addr": "10.0.0.0", "len": 8}}, "192.168.9.9"]}}}, {"dnat": {"addr": "192.168.56.200"}}]}},
{"rule": {"family": "ip", "table": "nat", "chain": "postrouting", "handle": 4, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "oifname"}}, "right": "eth2"}}, {"masquerade": null}]}}]}"#;

    #[test]
    fn rules_of_nft_are_understood() {
        let chains = of_nft(NFT);
        let names: Vec<&str> = chains.iter().map(|chain| chain.name.as_str()).collect();
        assert_eq!(names, ["forward", "prerouting", "postrouting"], "those that packets meet");
        let [forward, prerouting, postrouting] = &chains[..] else { panic!("{chains:?}") };
        assert!(forward.drops_by_policy && !forward.is_nat && prerouting.is_nat);
        assert!(forward.rules[0].is_established && forward.rules[0].verdict == Verdict::Accept);
        assert!(forward.rules[1].accepts_device("tunvs-rs", true));
        assert!(!forward.rules[1].accepts_device("tunvs-rs", false));
        assert!(!forward.rules[1].accepts_device("eth0", true));
        assert_eq!((forward.rules[2].verdict, forward.rules[2].is_unconditional()), (Verdict::Jump, true));
        let vip = "192.168.1.183".parse().unwrap();
        assert!(prerouting.rules[0].rewrites(vip) && !prerouting.rules[1].rewrites(vip));
        assert_eq!((prerouting.rules[0].handle, prerouting.rules[0].dport), (3, Some(80)));
        assert!(prerouting.rules[1].rewrites("10.1.2.3".parse().unwrap()));
        assert_eq!(
            (postrouting.rules[0].verdict, postrouting.rules[0].oif.as_deref()),
            (Verdict::Snat, Some("eth2"))
        );
        for broken in ["", "{}", "[]", r#"{"nftables": 7}"#, r#"{"nftables": [{"rule": {"expr": [1, {}]}}]}"#]
        {
            assert!(of_nft(broken).is_empty(), "{broken}");
        }
    }

    #[test]
    fn rules_of_the_old_tables_are_the_same() {
        let text = "# Generated by iptables-save v1.8.11\n*nat\n:PREROUTING ACCEPT [0:0]\n\
                    -A PREROUTING -d 192.168.1.183/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.56.200:8080\n\
                    COMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:DOCKER - [0:0]\n\
                    -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A FORWARD -i tunvs-+ -j ACCEPT\n\
                    -A FORWARD -j DOCKER\n-A DOCKER -j RETURN\nCOMMIT\n";
        let chains = of_legacy(text, false);
        assert_eq!(chains.len(), 3);
        assert!(chains[0].rules[0].rewrites("192.168.1.183".parse().unwrap()) && chains[0].is_nat);
        let forward = &chains[2];
        assert!(forward.drops_by_policy && forward.rules[0].is_established);
        assert!(forward.rules[1].accepts_device("tunvs-vip", true));
        assert_eq!(forward.rules[2].verdict, Verdict::Jump);
    }
}
