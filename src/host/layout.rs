//! Where among the host's policy rules ours stand, and the rules that are there for as long as a family is in use. Pure.
//!
//! Seven preferences, or eight where hosts are masqueraded, the lowest first:
//!
//! | preference | rules |
//! |---|---|
//! | `bypass` | `iif TUN goto local` for each TUN; `ipproto tcp goto marks`, and so on for what the director understands |
//! | `skip` | `goto local`: all else, above all the kernel's ARP look-ups, which have no protocol |
//! | `marks` | `nop` (the target exists whatever comes and goes); `fwmark N lookup …` |
//! | `virtuals` | `lookup VIP table`: a route per virtual address, so that thousands cost one look-up; `from RIP` for real servers on this host |
//! | `reals` | `iif lo goto local`; `from RIP lookup RS table` |
//! | `answers` | to masqueraded hosts: `dport … goto local` for ports that are not claimed for them; `to OWN lookup RS table` |
//! | `local` | `lookup local`; then ICMP errors of routers in between: `not ipproto icmp goto after`, `lookup RS table` |
//! | `after` | `nop`; the host's own rules follow |
//!
//! ICMPv6 is captured only behind `local`, because neighbour discovery is ICMPv6.

use ipnet::IpNet;

use super::change::{Action, Rule, Step};
use super::error::HostError;
use super::options::TunNames;
use crate::lvs::service::Family;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) family: Family,
    pub(super) bypass: u32,
    /// Hosts are masqueraded, so there is the preference `answers`.
    pub(super) masquerades: bool,
    /// The host's `lookup local`, where it has to go.
    pub(super) moved: Option<Rule>,
}

impl Layout {
    /// Finds room in front of `lookup local`, or makes it by moving that rule down.
    pub(super) fn choose<'a>(
        family: Family,
        rules: impl Iterator<Item = &'a Rule>,
        masquerade_nets: &[IpNet],
    ) -> Result<Self, HostError> {
        let masquerades = masquerade_nets.iter().any(|net| Family::of(&net.addr()) == family);
        let Room { first, moved } = Room::before_local(family, rules, Self::depth(masquerades))?;
        Ok(Self { family, bypass: first, masquerades, moved })
    }

    pub(super) const fn skip(&self) -> u32 {
        self.bypass + 1
    }

    pub(super) const fn marks(&self) -> u32 {
        self.bypass + 2
    }

    pub(super) const fn virtuals(&self) -> u32 {
        self.bypass + 3
    }

    pub(super) const fn reals(&self) -> u32 {
        self.bypass + 4
    }

    /// Where it is there at all.
    pub(super) const fn answers(&self) -> u32 {
        self.bypass + 5
    }

    pub(super) const fn local(&self) -> u32 {
        self.bypass + Self::depth(self.masquerades)
    }

    pub(super) const fn after(&self) -> u32 {
        self.local() + 1
    }

    /// The permanent rules, in the order in which they are put in: from the back to the front, so that at no moment a packet is led where
    /// nothing is yet. Where `lookup local` is moved, its removal at the end is what puts them all into effect.
    pub(super) fn steps(&self, tuns: &TunNames, vip_table: u32) -> Vec<Step> {
        let (family, local, after) = (self.family, self.local(), self.after());
        let rule = |pref, action| Rule::new(family, pref, action);
        let from_device = |pref, dev: &str, target| {
            let mut rule = rule(pref, Action::Goto(target));
            rule.iif = Some(dev.to_owned());
            rule
        };
        let mut rules = Vec::new();
        if self.moved.is_some() {
            rules.push(rule(local, Action::Lookup(super::change::TABLE_LOCAL)));
        }
        rules.push(rule(after, Action::Nop));
        rules.extend([&tuns.vip, &tuns.rs].map(|tun| from_device(local, tun, after)));
        rules.push(from_device(local, "lo", after));
        let mut others = rule(local, Action::Goto(after));
        (others.not, others.ipproto) = (true, Some(icmp(family)));
        rules.push(others);
        rules.push(from_device(self.reals(), "lo", local));
        rules.push(rule(self.virtuals(), Action::Lookup(vip_table)));
        rules.push(rule(self.marks(), Action::Nop));
        rules.push(rule(self.skip(), Action::Goto(local)));
        rules.extend([&tuns.vip, &tuns.rs].map(|tun| from_device(self.bypass, tun, local)));
        rules.extend(captured(family).iter().map(|&proto| {
            let mut rule = rule(self.bypass, Action::Goto(self.marks()));
            rule.ipproto = Some(proto);
            rule
        }));
        let mut steps: Vec<Step> = rules.into_iter().map(Step::rule).collect();
        steps.extend(self.moved.clone().map(Step::without_rule));
        steps
    }

    /// How many preferences stand in front of `lookup local`.
    const fn depth(masquerades: bool) -> u32 {
        if masquerades { 6 } else { 5 }
    }
}

/// Preferences in front of the host's `lookup local`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) first: u32,
    /// The host's `lookup local`, where it has to go as many preferences down as there are to be.
    pub(super) moved: Option<Rule>,
}

impl Room {
    /// Finds `depth` preferences, or makes them by having `lookup local` moved.
    pub(super) fn before_local<'a>(
        family: Family,
        rules: impl Iterator<Item = &'a Rule>,
        depth: u32,
    ) -> Result<Self, HostError> {
        let (ours, rules): (Vec<&Rule>, Vec<&Rule>) = rules.partition(|rule| rule.is_ours());
        let Some(at) = rules.iter().position(|rule| rule.is_local_lookup()) else {
            return Err(match ours.iter().any(|rule| rule.is_local_lookup()) {
                true => HostError::RulesTaken { family },
                false => HostError::NoLocalRule { family },
            });
        };
        let local = rules[at];
        let before = at.checked_sub(1).map_or(0, |index| rules[index].pref);
        if before + depth <= local.pref {
            return Ok(Self { first: local.pref - depth, moved: None });
        }
        match rules.get(at + 1) {
            Some(next) if next.pref <= local.pref + depth => Err(HostError::NoRoom {
                family,
                pref: next.pref,
                rule: next.to_string(),
                first_free: local.pref + depth + 1,
            }),
            _ => Ok(Self { first: local.pref, moved: Some(local.clone()) }),
        }
    }
}

/// What the director takes before the host's own stack can see it.
const fn captured(family: Family) -> &'static [u8] {
    match family {
        Family::V4 => &[TCP, UDP, SCTP, ICMP],
        Family::V6 => &[TCP, UDP, SCTP],
    }
}

const fn icmp(family: Family) -> u8 {
    match family {
        Family::V4 => ICMP,
        Family::V6 => ICMPV6,
    }
}

const ICMP: u8 = 1;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
const ICMPV6: u8 = 58;
pub(super) const SCTP: u8 = 132;

#[cfg(test)]
mod tests {
    use super::super::change::{KERNEL_PROTOCOL, TABLE_LOCAL, TABLE_MAIN};
    use super::*;

    #[test]
    fn lookup_local_moves_from_preference_0() {
        let rules = [host(0, TABLE_LOCAL), host(32766, TABLE_MAIN), host(32767, 253)];
        let layout = Layout::choose(Family::V4, rules.iter(), &[]).unwrap();
        assert_eq!((layout.bypass, layout.local(), layout.after()), (0, 5, 6));
        assert_eq!(layout.moved, Some(host(0, TABLE_LOCAL)));
        let steps = layout.steps(&TunNames::default(), 7600);
        assert_eq!(steps[0].to_string(), "ip rule add pref 5 from all lookup local protocol 151");
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
        let layout = Layout::choose(Family::V4, rules.iter(), &[]).unwrap();
        assert_eq!((layout.bypass, layout.local(), layout.moved), (95, 100, None));
    }

    #[test]
    fn rules_of_the_host_keep_their_order_or_the_start_is_refused() {
        let rules = [host(0, TABLE_LOCAL), host(6, 100), host(32766, TABLE_MAIN)];
        assert!(Layout::choose(Family::V4, rules.iter(), &[]).is_ok());
        let rules = [host(0, TABLE_LOCAL), host(3, 100), host(32766, TABLE_MAIN)];
        let error = Layout::choose(Family::V4, rules.iter(), &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the IPv4 policy rule `pref 3 from all lookup 100 protocol kernel` leaves no room between it and `lookup local`: \
             move it to preference 6 or above"
        );
        assert!(Layout::choose(Family::V4, [host(32766, TABLE_MAIN)].iter(), &[]).is_err());
    }

    fn host(pref: u32, table: u32) -> Rule {
        Rule { protocol: KERNEL_PROTOCOL, ..Rule::new(Family::V4, pref, Action::Lookup(table)) }
    }
}
