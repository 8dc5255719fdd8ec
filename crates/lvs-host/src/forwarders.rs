//! Other forwarders of this host, as its firewall shows them: rules that masquerade, and rules that let packets of certain links be
//! forwarded, as Docker makes both. A director that stops asks whether some came after it.
//!
//! Read over nfnetlink, and from the kernel for `iptables-legacy`, so no program is needed. What cannot be read shows nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::legacy_nat;
use super::nf_tables::{
    IMMEDIATE_DATA, LIST_ELEMENT, TARGET_NAME, chain, cmp, data, expression, hook, message, meta, nat, rule,
    verdict,
};
use super::nfnetlink::{INET, Read, connect, dump};
use lvs::service::Family;

/// A rule that makes no sense on a host that does not forward.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Forwarder {
    /// Action of the rule, and its chain.
    pub what: String,
    /// The links that it names; a name may be the beginning of many.
    pub links: Vec<String>,
}

/// Rules that may forward packets of a family.
pub(super) fn listed(family: Family) -> Vec<Forwarder> {
    let unseen = |error: &io::Error| tracing::debug!(%error, "rules of others are not seen");
    let mut found = nftables(family).inspect_err(unseen).unwrap_or_default();
    let legacy = legacy_nat::masquerades(family).inspect_err(unseen).unwrap_or_default();
    let what = "a masquerade of iptables-legacy".to_owned();
    found.extend(std::iter::repeat_n(Forwarder { what, links: Vec::new() }, legacy));
    found
}

/// The same, counted: rules of the same kind in one chain are alike.
pub(super) fn counted(forwarders: &[Forwarder], is_ours: impl Fn(&str) -> bool) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for forwarder in forwarders.iter().filter(|forwarder| !forwarder.links.iter().any(|link| is_ours(link))) {
        *counts.entry(forwarder.what.clone()).or_default() += 1;
    }
    counts
}

fn nftables(family: Family) -> io::Result<Vec<Forwarder>> {
    let socket = connect()?;
    let (chains, rules) = (dump(&socket, message::GET_CHAIN)?, dump(&socket, message::GET_RULE)?);
    let concerns = |of: u8| of == INET || of == number_of(family);
    let rules: Vec<Rule<'_>> =
        rules.iter().filter(|(of, _)| concerns(*of)).filter_map(|(of, body)| Rule::of(*of, body)).collect();
    let hooked = chains.iter().filter(|(of, _)| concerns(*of)).filter_map(|(of, body)| hooked(*of, body));
    let forwarding = reachable(hooked.collect(), &rules);
    Ok(rules.iter().filter_map(|rule| rule.forwarder(&forwarding)).collect())
}

const fn number_of(family: Family) -> u8 {
    match family {
        Family::V4 => 2,
        Family::V6 => 10,
    }
}

/// The family, table and name of a chain.
type Chain<'a> = (u8, &'a str, &'a str);

/// A chain that forwarded packets go through.
fn hooked(family: u8, body: &[u8]) -> Option<Chain<'_>> {
    let read = Read(body);
    let number = read.nested(chain::HOOK)?.number(hook::NUMBER)?;
    (number == hook::FORWARD).then_some((family, read.text(chain::TABLE)?, read.text(chain::NAME)?))
}

/// With the chains that these lead to.
fn reachable<'a>(mut chains: BTreeSet<Chain<'a>>, rules: &[Rule<'a>]) -> BTreeSet<Chain<'a>> {
    loop {
        let leads = rules.iter().filter(|rule| chains.contains(&rule.chain)).filter_map(|rule| rule.leads_to);
        let further: BTreeSet<Chain<'a>> = leads.filter(|chain| !chains.contains(chain)).collect();
        if further.is_empty() {
            return chains;
        }
        chains.extend(further);
    }
}

#[derive(Debug)]
struct Rule<'a> {
    chain: Chain<'a>,
    leads_to: Option<Chain<'a>>,
    accepts: bool,
    masquerades: bool,
    links: Vec<String>,
}

impl<'a> Rule<'a> {
    fn of(family: u8, body: &'a [u8]) -> Option<Self> {
        let read = Read(body);
        let (table, chain) = (read.text(rule::TABLE)?, read.text(rule::CHAIN)?);
        let mut this = Self {
            chain: (family, table, chain),
            leads_to: None,
            accepts: false,
            masquerades: false,
            links: Vec::new(),
        };
        let mut asks_for_link = false;
        let expressions = read.nested(rule::EXPRESSIONS)?;
        for (_, element) in expressions.all().filter(|(kind, _)| *kind == LIST_ELEMENT) {
            let Some(name) = Read(element).text(expression::NAME) else { continue };
            let data = Read(element).nested(expression::DATA).unwrap_or(Read(&[]));
            match name {
                "cmp" if asks_for_link => this.links.extend(link(data)),
                "masq" => this.masquerades = true,
                "nat" => this.masquerades |= data.number(nat::TYPE) == Some(nat::SOURCE),
                "target" => {
                    this.masquerades |= matches!(data.text(TARGET_NAME), Some("MASQUERADE" | "SNAT"));
                }
                "immediate" => this.read_verdict(data),
                _ => {}
            }
            asks_for_link =
                name == "meta" && matches!(data.number(meta::KEY), Some(meta::IIFNAME | meta::OIFNAME));
        }
        Some(this)
    }

    fn read_verdict(&mut self, immediate: Read<'a>) {
        let read = immediate.nested(IMMEDIATE_DATA).and_then(|value| value.nested(data::VERDICT));
        let Some(read) = read else { return };
        self.accepts |= read.number(verdict::CODE) == Some(verdict::ACCEPT);
        self.leads_to = read.text(verdict::CHAIN).map(|chain| (self.chain.0, self.chain.1, chain));
    }

    fn forwarder(&self, forwarding: &BTreeSet<Chain<'_>>) -> Option<Forwarder> {
        let lets_pass = self.accepts && !self.links.is_empty() && forwarding.contains(&self.chain);
        let does = match (self.masquerades, lets_pass) {
            (true, _) => "a masquerade",
            (_, true) => "a rule for forwarding",
            _ => return None,
        };
        let (family, table, chain) = self.chain;
        let family = match family {
            INET => "inet",
            10 => "ip6",
            _ => "ip",
        };
        Some(Forwarder { what: format!("{does} in {family} {table} {chain}"), links: self.links.clone() })
    }
}

/// The link that a rule is for. Of those that it excepts nothing follows.
fn link(compared: Read<'_>) -> Option<String> {
    let value = compared.nested(cmp::DATA)?.get(data::VALUE)?;
    let name = value.split(|byte| *byte == 0).next()?;
    (compared.number(cmp::OPERATION) == Some(cmp::EQUAL)).then(|| String::from_utf8_lossy(name).into_owned())
}
