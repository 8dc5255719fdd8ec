//! Places of our rules among the host's policy rules, and the rules that are there for as long as a family is in use. Pure.
//!
//! Seven preferences, the lowest first:
//!
//! | preference | rules |
//! |---|---|
//! | `bypass` | `iif TUN goto local` for each TUN; `ipproto tcp fwmark N lookup …`, and so on; the host's own ICMP errors |
//! | `virtuals` | `ipproto tcp lookup VIP table`, and so on: a route per virtual address, so that thousands cost one look-up; real servers on this host |
//! | `answers` | `iif lo goto guard`; `ipproto tcp dport … goto guard` for ports that stand for no client; `ipproto tcp from RIP lookup RS table`, and `to OWN` where hosts are masqueraded: answers to addresses of this host |
//! | `guard` | what `virtuals` has, once more: where a rule is missing, nothing reaches the host's own stack |
//! | `local` | `lookup local`; what came out of a TUN goes on behind; `ipproto tcp goto reals`; errors of routers in between |
//! | `reals` | `from RIP lookup RS table`: what goes past this host's own addresses |
//! | `after` | `nop`; the host's own rules follow |
//!
//! The kernel's ARP look-ups have no protocol: none of ours but `lookup local` takes them. ICMP is taken only behind
//! `local`.
//!
//! Within a preference no rule may ask for less than an earlier one with the same action: the kernel takes away the first that has
//! all that is named (`rule_find`).

use super::change::{Action, Rule, Step};
use super::context::Tables;
use super::error::HostError;
use super::options::{HostOptions, TunNames};
use lvs::service::Family;

/// Preferences in front of `lookup local`.
const DEPTH: u32 = 4;

/// How far behind `lookup local` the host's own rules begin.
const BEHIND: u32 = 2;

/// The last port that a rule may name; a packet to 65535 takes the way through the director.
const LAST_PORT: u16 = 65_534;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) family: Family,
    pub(super) bypass: u32,
    /// The host's `lookup local`, where it has to go.
    pub(super) moved: Option<Rule>,
}

impl Layout {
    /// Finds room in front of `lookup local`, or makes it by moving that rule down.
    pub(super) fn choose<'a>(
        family: Family,
        rules: impl Iterator<Item = &'a Rule>,
    ) -> Result<Self, HostError> {
        let PrefGap { first, moved } = PrefGap::around_local(family, rules, DEPTH, BEHIND)?;
        Ok(Self { family, bypass: first, moved })
    }

    pub(super) const fn virtuals(&self) -> u32 {
        self.bypass + 1
    }

    pub(super) const fn answers(&self) -> u32 {
        self.bypass + 2
    }

    const fn guard(&self) -> u32 {
        self.bypass + 3
    }

    pub(super) const fn local(&self) -> u32 {
        self.bypass + DEPTH
    }

    pub(super) const fn reals(&self) -> u32 {
        self.local() + 1
    }

    pub(super) const fn after(&self) -> u32 {
        self.local() + BEHIND
    }

    /// The permanent rules, in the order in which they are put in: from the back to the front, so that at no moment a packet is led where
    /// nothing is yet. Where `lookup local` is moved, its removal at the end is what puts them all into effect.
    pub(super) fn steps(&self, tuns: &TunNames, tables: Tables, options: &HostOptions) -> Vec<Step> {
        let (local, after) = (self.local(), self.after());
        let mut rules = Vec::new();
        if self.moved.is_some() {
            rules.push(self.rule(local, Action::Lookup(super::change::TABLE_LOCAL)));
        }
        rules.push(self.rule(after, Action::Nop));
        rules.push(self.rule(self.reals(), Action::Nop));
        rules.extend(self.asked(options, tables.rs));
        rules.extend([&tuns.vip, &tuns.rs].map(|tun| self.by_device(local, tun, after)));
        rules.push(self.by_device(local, "lo", after));
        rules.extend(CAPTURED.map(|proto| self.of(proto, local, Action::Goto(self.reals()))));
        let mut others = self.of(icmp(self.family), local, Action::Goto(after));
        others.not = true;
        rules.push(others);
        // TCP last: whoever removes all rules from the front leaves its one until nothing is local any more.
        rules.extend(
            CAPTURED.iter().rev().map(|&proto| self.of(proto, self.guard(), Action::Lookup(tables.vip))),
        );
        rules.extend(self.sorted(options));
        rules.extend(CAPTURED.map(|proto| self.of(proto, self.virtuals(), Action::Lookup(tables.vip))));
        rules.extend([&tuns.vip, &tuns.rs].map(|tun| self.by_device(self.bypass, tun, local)));
        let mut steps: Vec<Step> = rules.into_iter().map(Step::rule).collect();
        steps.extend(self.moved.clone().map(Step::without_rule));
        steps
    }

    /// Answers to connections that an end of this host stands for come to ports that are claimed for them. Pieces show no
    /// port, and match no range of ports: they come in, and are put together here.
    fn sorted(&self, options: &HostOptions) -> Vec<Rule> {
        let (answers, guard) = (self.answers(), self.guard());
        let mut rules = vec![self.by_device(answers, "lo", guard)];
        let (first, last) = (*options.laddr_ports.start(), *options.laddr_ports.end());
        let beside = [(1, first.saturating_sub(1)), (last.saturating_add(1), LAST_PORT)];
        for proto in CAPTURED {
            for ports in beside.into_iter().filter(|(from, to)| from <= to) {
                let mut rule = self.of(proto, answers, Action::Goto(guard));
                rule.dport = Some(ports);
                rules.push(rule);
            }
        }
        rules
    }

    /// Nothing in an answer by UDP of a masqueraded host shows that it is one: what is asked has to be seen.
    fn asked(&self, options: &HostOptions, table: u32) -> impl Iterator<Item = Rule> {
        let nets = options.masquerade_nets.iter().filter(|net| Family::of(&net.addr()) == self.family);
        nets.map(move |net| {
            let mut rule = self.of(UDP, self.reals(), Action::Lookup(table));
            rule.to = Some(net.trunc());
            rule
        })
    }

    const fn rule(&self, pref: u32, action: Action) -> Rule {
        Rule::new(self.family, pref, action)
    }

    fn of(&self, proto: u8, pref: u32, action: Action) -> Rule {
        Rule { ipproto: Some(proto), ..self.rule(pref, action) }
    }

    fn by_device(&self, pref: u32, dev: &str, target: u32) -> Rule {
        Rule { iif: Some(dev.to_owned()), ..self.rule(pref, Action::Goto(target)) }
    }
}

/// Preferences around the host's `lookup local`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PrefGap {
    pub(super) first: u32,
    /// The host's `lookup local`, where it has to go as many preferences down as there are to be.
    pub(super) moved: Option<Rule>,
}

impl PrefGap {
    /// Finds `depth` preferences in front of it, or makes them by having `lookup local` moved. The host's next rule is
    /// `behind` preferences behind that rule at least.
    pub(super) fn around_local<'a>(
        family: Family,
        rules: impl Iterator<Item = &'a Rule>,
        depth: u32,
        behind: u32,
    ) -> Result<Self, HostError> {
        let rules: Vec<&Rule> = rules.collect();
        // Of another tunvs: this one has none yet.
        if rules.iter().any(|rule| rule.is_ours()) {
            return Err(HostError::RulesTaken { family });
        }
        let at = rules.iter().position(|rule| rule.is_local_lookup());
        let at = at.ok_or(HostError::NoLocalRule { family })?;
        let local = rules[at];
        let before = at.checked_sub(1).map_or(0, |index| rules[index].pref);
        let stays = before + depth <= local.pref;
        let first_free = if stays { local.pref + behind } else { local.pref + depth + behind };
        match rules.get(at + 1) {
            Some(next) if next.pref < first_free => {
                Err(HostError::NoRoom { family, pref: next.pref, rule: next.to_string(), first_free })
            }
            _ if stays => Ok(Self { first: local.pref - depth, moved: None }),
            _ => Ok(Self { first: local.pref, moved: Some(local.clone()) }),
        }
    }
}

/// Protocols that the director takes before the host's own stack can see them.
pub(super) const CAPTURED: [u8; 3] = [TCP, UDP, SCTP];

/// ESP and AH, which have no ports: taken where their keys are exchanged with a service.
pub(super) const IPSEC: [u8; 2] = [50, 51];

pub(super) const fn icmp(family: Family) -> u8 {
    match family {
        Family::V4 => 1,
        Family::V6 => 58,
    }
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const SCTP: u8 = 132;

#[cfg(test)]
mod tests {
    use super::super::change::{Change, KERNEL_PROTOCOL, TABLE_LOCAL, TABLE_MAIN};
    use super::*;

    #[test]
    fn lookup_local_moves_from_preference_0() {
        let rules = [host(0, TABLE_LOCAL), host(32766, TABLE_MAIN), host(32767, 253)];
        let layout = Layout::choose(Family::V4, rules.iter()).unwrap();
        assert_eq!((layout.bypass, layout.local(), layout.after()), (0, 4, 6));
        assert_eq!(layout.moved, Some(host(0, TABLE_LOCAL)));
        let steps = layout.steps(&TunNames::default(), TABLES, &HostOptions::default());
        assert_eq!(steps[0].to_string(), "ip rule add pref 4 from all lookup local protocol 151");
        assert_eq!(
            steps[steps.len() - 1].to_string(),
            "ip rule del pref 0 from all lookup local protocol kernel"
        );
    }

    #[test]
    fn lookup_local_stays_where_there_is_room_in_front() {
        let mut proxy = host(9, 2004);
        proxy.mark = Some(0x200);
        let rules = [proxy, host(100, TABLE_LOCAL), host(32766, TABLE_MAIN)];
        let layout = Layout::choose(Family::V4, rules.iter()).unwrap();
        assert_eq!((layout.bypass, layout.local(), layout.moved), (96, 100, None));
    }

    #[test]
    fn two_directors_never_stand_among_each_others_rules() {
        for local in [0, 100] {
            let mut rules = vec![host(local, TABLE_LOCAL), host(32766, TABLE_MAIN)];
            let layout = Layout::choose(Family::V4, rules.iter()).unwrap();
            for step in layout.steps(&TunNames::default(), TABLES, &HostOptions::default()) {
                rules.extend(step.added_rule().cloned());
                rules.retain(|rule| step.apply != Change::DeleteRule(rule.clone()));
            }
            rules.sort_by_key(|rule| rule.pref);
            let second = Layout::choose(Family::V4, rules.iter());
            assert!(matches!(second, Err(HostError::RulesTaken { .. })), "{local}: {second:?}");
        }
    }

    #[test]
    fn rules_of_the_host_keep_their_order_or_the_start_is_refused() {
        for (pref, has_room) in [(0, false), (1, false), (4, false), (5, false), (6, true)] {
            let rules = [host(0, TABLE_LOCAL), host(pref, 100), host(32766, TABLE_MAIN)];
            assert_eq!(Layout::choose(Family::V4, rules.iter()).is_ok(), has_room, "{pref}");
            let rules = [host(100, TABLE_LOCAL), host(100 + pref, 100), host(32766, TABLE_MAIN)];
            assert_eq!(Layout::choose(Family::V4, rules.iter()).is_ok(), pref >= 2, "{pref}");
        }
        let rules = [host(0, TABLE_LOCAL), host(3, 100), host(32766, TABLE_MAIN)];
        let error = Layout::choose(Family::V4, rules.iter()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the IPv4 policy rule `pref 3 from all lookup 100 protocol kernel` leaves no room between it and `lookup local`: \
             move it to preference 6 or above"
        );
        assert!(Layout::choose(Family::V4, [host(32766, TABLE_MAIN)].iter()).is_err());
    }

    #[test]
    fn only_claimed_ports_and_pieces_are_taken_from_the_host() {
        let rules = [host(0, TABLE_LOCAL), host(32766, TABLE_MAIN)];
        let layout = Layout::choose(Family::V4, rules.iter()).unwrap();
        let options = HostOptions { laddr_ports: 20_000..=29_999, ..HostOptions::default() };
        let steps = layout.steps(&TunNames::default(), TABLES, &options);
        let of = |pref: u32| {
            let all = steps.iter().filter_map(Step::added_rule).filter(|rule| rule.pref == pref);
            all.map(|rule| rule.to_string().replace(" protocol 151", "")).collect::<Vec<String>>()
        };
        assert_eq!(
            of(2)[..3],
            [
                "pref 2 from all iif lo goto 3",
                "pref 2 from all ipproto tcp dport 1-19999 goto 3",
                "pref 2 from all ipproto tcp dport 30000-65534 goto 3",
            ]
        );
        assert_eq!(of(2).len(), 7);
        assert_eq!(of(3).last().map(String::as_str), Some("pref 3 from all ipproto tcp lookup 7600"));
        let in_front = || steps.iter().filter_map(Step::added_rule).filter(|rule| rule.pref < layout.local());
        assert!(!in_front().any(|rule| rule.ipproto == Some(1)));
        assert!(in_front().all(|rule| matches!(rule.action, Action::Goto(_)) || rule.ipproto.is_some()));
    }

    const TABLES: Tables = Tables { vip: 7600, rs: 7601 };

    fn host(pref: u32, table: u32) -> Rule {
        Rule { protocol: KERNEL_PROTOCOL, ..Rule::new(Family::V4, pref, Action::Lookup(table)) }
    }
}
