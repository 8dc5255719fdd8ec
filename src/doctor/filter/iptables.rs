//! `iptables-save` as a ruleset, of the old tables or over nf_tables. Pure (iptables(8), iptables-extensions(8)).

use std::sync::Arc;

use super::packet::element;
use super::{Action, Base, Chain, Element, Expression, Hook, Key, MarkChange, Match, Rule, Ruleset, Tool};

/// All tables of a text.
pub fn read(text: &str, tool: Tool) -> Ruleset {
    let is_v6 = matches!(tool, Tool::Ip6tables | Tool::Legacy6);
    let family = if is_v6 { "ip6" } else { "ip" };
    let mut chains: Vec<Chain> = Vec::new();
    let mut table = String::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('*') {
            name.trim().clone_into(&mut table);
        } else if let Some(rest) = line.strip_prefix(':') {
            let mut words = rest.split_whitespace();
            let (Some(name), Some(policy)) = (words.next(), words.next()) else { continue };
            let hook = Hook::named(&name.to_lowercase()).filter(|_| policy != "-");
            let base = hook.map(|hook| Base {
                hook,
                priority: priority(&table, hook),
                is_nat: table == "nat",
                drops_by_policy: policy == "DROP",
                devices: Vec::new(),
            });
            let (table, name) = (table.clone(), name.to_owned());
            chains.push(Chain { tool, family: family.to_owned(), table, name, base, rules: Vec::new() });
        } else if let Some(rest) = line.strip_prefix("-A ") {
            let Some((name, rest)) = rest.split_once(' ') else { continue };
            if let Some(chain) = chains.iter_mut().find(|chain| chain.table == table && chain.name == name) {
                chain.rules.push(rule(rest, is_v6));
            }
        }
    }
    Ruleset { chains }
}

/// Of `enum nf_ip_hook_priorities`.
fn priority(table: &str, hook: Hook) -> i64 {
    match (table, hook) {
        ("raw", _) => -300,
        ("mangle", _) => -150,
        ("nat", Hook::Prerouting | Hook::Output) => -100,
        ("nat", _) => 100,
        ("security", _) => 50,
        _ => 0,
    }
}

/// Action of a target, None within for what changes nothing here; None for one that is not known.
pub(super) fn target(name: &str) -> Option<Option<Action>> {
    Some(match name {
        "ACCEPT" => Some(Action::Accept),
        "DROP" | "REJECT" => Some(Action::Drop),
        "RETURN" => Some(Action::Return),
        "DNAT" | "REDIRECT" | "TPROXY" => Some(Action::Dnat(String::new())),
        "SNAT" | "MASQUERADE" => Some(Action::Snat),
        "NOTRACK" => Some(Action::Notrack),
        "MARK" => Some(Action::Mark(None)),
        "CONNMARK" => Some(Action::ConnMark),
        "QUEUE" | "NFQUEUE" => Some(Action::Queue),
        "LOG" | "NFLOG" | "ULOG" | "TCPMSS" | "CLASSIFY" | "DSCP" | "TOS" | "TTL" | "HL" | "CHECKSUM"
        | "TRACE" | "AUDIT" | "TEE" | "SET" | "CT" | "ECN" | "TCPOPTSTRIP" | "IDLETIMER" | "RATEEST"
        | "SECMARK" | "CONNSECMARK" | "LED" => None,
        _ => return None,
    })
}

/// Words, with quotes and backslashes as the tool writes them.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut is_quoted, mut is_word) = (String::new(), false, false);
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' if is_quoted => word.extend(chars.next()),
            '"' => (is_quoted, is_word) = (!is_quoted, true),
            ' ' if !is_quoted => {
                if std::mem::take(&mut is_word) {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => {
                word.push(char);
                is_word = true;
            }
        }
    }
    words.extend(is_word.then_some(word));
    words
}

fn rule(text: &str, is_v6: bool) -> Rule {
    let words = words(text);
    let mut read = Reader {
        words: words.iter().map(String::as_str).collect(),
        at: 0,
        is_v6,
        protocol: None,
        module: "",
    };
    let expressions = read.expressions();
    Rule { handle: None, text: text.to_owned(), expressions }
}

struct Reader<'a> {
    words: Vec<&'a str>,
    at: usize,
    is_v6: bool,
    protocol: Option<u8>,
    /// The extension whose options come.
    module: &'a str,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let word = self.words.get(self.at).copied();
        self.at += 1;
        word
    }

    /// Returns what belongs to an option: all up to the next one.
    fn values(&mut self) -> Vec<&'a str> {
        let from = self.at.min(self.words.len());
        let ends = |word: &&str| word.starts_with('-') && word.len() > 1 || *word == "!";
        let many = self.words[from..].iter().position(ends).unwrap_or(self.words.len() - from);
        self.at = from + many;
        self.words[from..self.at].to_vec()
    }

    fn expressions(&mut self) -> Vec<Expression> {
        let mut expressions = Vec::new();
        let mut is_negated = false;
        while let Some(word) = self.next() {
            match word {
                "!" => {
                    is_negated = true;
                    continue;
                }
                "-m" => {
                    self.module = self.next().unwrap_or_default();
                    expressions.extend(self.alone());
                }
                "--comment" => drop(self.next()),
                "-j" | "-g" => {
                    let name = self.next().unwrap_or_default();
                    expressions.extend(self.action(name, word == "-g"));
                    break;
                }
                _ => {
                    let values = self.values();
                    expressions.extend(self.option(word, &values, is_negated));
                }
            }
            is_negated = false;
        }
        expressions
    }

    /// Meaning of an extension without options.
    fn alone(&self) -> Option<Expression> {
        let tests = |key: Key, elements: Vec<(Element, Option<Action>)>| {
            Some(Expression::Match(Match {
                key,
                mask: None,
                is_negated: false,
                elements: Arc::new(elements),
            }))
        };
        match self.module {
            "socket" => tests(Key::Absent, Vec::new()),
            "rpfilter" if !self.words.contains(&"--invert") => {
                let is_loose = self.words.contains(&"--loose");
                tests(Key::ReversePath { is_loose }, vec![(Element::Numbers(1, 1), None)])
            }
            _ => None,
        }
    }

    fn action(&mut self, name: &'a str, is_goto: bool) -> Option<Expression> {
        let rest = self.words[self.at.min(self.words.len())..].to_vec();
        let after = |option: &str| {
            let place = rest.iter().position(|word| *word == option)?;
            rest.get(place + 1).copied()
        };
        let action = match name {
            "CT" if rest.contains(&"--notrack") => Some(Action::Notrack),
            "DNAT" => Some(Action::Dnat(after("--to-destination").unwrap_or_default().to_owned())),
            "REDIRECT" => {
                let ports = after("--to-ports").map(|ports| format!(":{ports}"));
                Some(Action::Dnat(ports.unwrap_or_default()))
            }
            "MARK" => Some(Action::Mark(after("--set-xmark").and_then(|text| {
                let Masked { value, mask } = masked(text)?;
                Some(MarkChange { keep: !mask & 0xffff_ffff, flip: value })
            }))),
            _ => match target(name) {
                Some(action) => action,
                None if name.chars().all(|c| c.is_ascii_uppercase()) && !rest.is_empty() => {
                    return Some(Expression::Unread(name.to_owned()));
                }
                None if is_goto => Some(Action::Goto(name.to_owned())),
                None => Some(Action::Jump(name.to_owned())),
            },
        };
        action.map(Expression::Do)
    }

    /// A condition; None for what is none.
    fn option(&mut self, option: &str, values: &[&str], is_negated: bool) -> Option<Expression> {
        let value = values.first().copied().unwrap_or_default();
        let tests = |key: Key, elements: Vec<Element>| {
            let elements = Arc::new(elements.into_iter().map(|element| (element, None)).collect());
            Some(Expression::Match(Match { key, mask: None, is_negated, elements }))
        };
        let named = |key: Key| {
            let words: Vec<Element> =
                value.split(',').map(|word| element(&key, &word.to_lowercase())).collect();
            tests(key, words)
        };
        let unread = || Some(Expression::Unread(format!("{option} {}", values.join(" "))));
        let (is_v6, protocol) = (self.is_v6, self.protocol);
        match option {
            "-s" | "-d" => {
                let key = if option == "-s" { Key::Source(is_v6) } else { Key::Destination(is_v6) };
                tests(
                    key,
                    value
                        .split(',')
                        .map(|net| super::condition::net(net).map_or(Element::Unread, Element::Net))
                        .collect(),
                )
            }
            "-i" => tests(Key::Iif, vec![Element::Word(value.replace('+', "*"))]),
            "-o" => tests(Key::Oif, vec![Element::Word(value.replace('+', "*"))]),
            "-p" => {
                self.protocol = super::protocol(value);
                named(Key::Protocol)
            }
            "--sport" | "--sports" | "--source-ports" => tests(Key::SourcePort(protocol), ports(value)),
            "--dport" | "--dports" | "--destination-ports" => {
                tests(Key::DestinationPort(protocol), ports(value))
            }
            "--ctstate" | "--state" => named(Key::State),
            "--ctstatus" => named(Key::Status),
            "--ctdir" => named(Key::Direction),
            "--pkt-type" => tests(Key::PacketType, vec![Element::Word(value.replace("unicast", "host"))]),
            "--src-type" => named(Key::SourceKind),
            "--dst-type" => named(Key::DestinationKind),
            "--mark" if self.module == "mark" => {
                let Some(Masked { value: mark, mask }) = masked(value) else { return unread() };
                let elements = Arc::new(vec![(Element::Numbers(mark, mark), None)]);
                Some(Expression::Match(Match { key: Key::Mark, mask: Some(mask), is_negated, elements }))
            }
            "--mark" => tests(Key::ConnMark, vec![Element::Unread]),
            "--tcp-flags" => flags(values, is_negated).or_else(unread),
            "--syn" => flags(&["SYN,RST,ACK,FIN", "SYN"], is_negated),
            "--src-range" | "--dst-range" => {
                let key = if option == "--src-range" { Key::Source(is_v6) } else { Key::Destination(is_v6) };
                let ends =
                    value.split_once('-').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
                tests(key, vec![ends.map_or(Element::Unread, |(from, to)| Element::Addrs(from, to))])
            }
            _ => self.rare_option(option, is_negated).unwrap_or_else(unread),
        }
    }

    /// Options that ask for rates, sockets, bridges and ways back. None: not known either.
    fn rare_option(&self, option: &str, is_negated: bool) -> Option<Option<Expression>> {
        let tests = |key: Key, element: Option<Element>| {
            let elements = Arc::new(element.into_iter().map(|element| (element, None)).collect());
            Some(Expression::Match(Match { key, mask: None, is_negated, elements }))
        };
        Some(match option {
            // Of rates and numbers that are not reached.
            "--limit" | "--hashlimit-upto" | "--connlimit-upto" => is_negated.then_some(Expression::Never),
            "--hashlimit-above" | "--connlimit-above" => (!is_negated).then_some(Expression::Never),
            "--limit-burst" | "--connlimit-mask" | "--connlimit-saddr" | "--connlimit-daddr" => None,
            _ if self.module == "hashlimit" => None,
            // The way back: any link will do, or it is that which the packet came by.
            "--loose" | "--validmark" | "--accept-local" => None,
            "--invert" if self.module == "rpfilter" => {
                let is_loose = self.words.contains(&"--loose");
                tests(Key::ReversePath { is_loose }, Some(Element::Numbers(0, 0)))
            }
            // Of bridged packets, and of sockets.
            "--physdev-is-bridged"
            | "--physdev-in"
            | "--physdev-out"
            | "--transparent"
            | "--nowildcard"
            | "--icmp-type"
            | "--icmpv6-type" => tests(Key::Absent, None),
            _ => return None,
        })
    }
}

/// `80`, `80:90`, `80,443,8000:9000`.
fn ports(text: &str) -> Vec<Element> {
    let number = |text: &str| text.parse::<u64>().ok();
    let one = |text: &str| {
        let (from, to) = text.split_once(':').unwrap_or((text, text));
        Some(Element::Numbers(number(from)?, number(to)?))
    };
    text.split(',').map(|part| one(part).unwrap_or(Element::Unread)).collect()
}

/// Value, and which bits of it count.
struct Masked {
    value: u64,
    mask: u64,
}

/// Reads `0x1/0xff`.
fn masked(text: &str) -> Option<Masked> {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    match text.split_once('/') {
        Some((value, mask)) => Some(Masked { value: number(value)?, mask: number(mask)? }),
        None => Some(Masked { value: number(text)?, mask: 0xffff_ffff }),
    }
}

fn flags(values: &[&str], is_negated: bool) -> Option<Expression> {
    let number = |names: &str| {
        let bit = |name: &str| match name {
            "FIN" => Some(1),
            "SYN" => Some(2),
            "RST" => Some(4),
            "PSH" => Some(8),
            "ACK" => Some(16),
            "URG" => Some(32),
            "NONE" => Some(0),
            "ALL" => Some(63),
            _ => None,
        };
        names.split(',').map(bit).try_fold(0_u64, |all, bit| Some(all | bit?))
    };
    let [mask, set] = values else { return None };
    let (mask, set) = (number(mask)?, number(set)?);
    let elements = Arc::new(vec![(Element::Numbers(set, set), None)]);
    Some(Expression::Match(Match { key: Key::TcpFlags, mask: Some(mask), is_negated, elements }))
}
