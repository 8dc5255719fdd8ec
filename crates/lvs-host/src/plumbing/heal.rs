//! Puts back what another program has taken of what the director made: interfaces, addresses, routes, proxy neighbours and rules; and
//! moves rules of others that have come to stand among ours.
//!
//! Never decides what is to be there: that is in the ledger. Called at every look at the host.

use std::collections::{BTreeMap, HashSet};

use super::super::change::{Action, Change, Rule, Step};
use super::super::error::HostError;
use super::super::journal::Term;
use super::super::kernel::Kernel;
use super::super::layout::Layout;
use super::super::view::View;
use super::Engine;
use lvs::Time;
use lvs::service::Family;

/// A kernel that lists rules otherwise than they were just made is believed to have them after so many attempts.
const MOST_ATTEMPTS: u32 = 5;

/// Outcome of putting things back.
#[derive(Debug, Default)]
pub(super) struct Healings {
    /// In a row without effect.
    futile: u32,
    /// Changes that the kernel says are there, and never lists.
    unlisted: HashSet<Change>,
}

impl Healings {
    /// Forgets those that show again.
    pub(super) fn still_unlisted(&mut self, lost: &[(Term, Step)]) {
        if !self.unlisted.is_empty() {
            self.unlisted.retain(|change| lost.iter().any(|(_, step)| step.apply == *change));
        }
    }
}

impl<K: Kernel> Engine<K> {
    /// Puts back what is not there any more, as far as it is still `wanted`: links take things along. What could not
    /// be put back.
    pub(super) async fn heal(
        &mut self,
        wanted: &HashSet<&Step>,
        now: Time,
    ) -> Result<Vec<HostError>, HostError> {
        let repairs = self.repairs(wanted);
        if repairs.is_empty() {
            self.healings.futile = 0;
            return Ok(Vec::new());
        }
        if self.healings.futile >= MOST_ATTEMPTS {
            return Ok(Vec::new());
        }
        if self.is_inherited {
            tracing::info!(
                changes = repairs.len(),
                "put right what was not done when the other director ended"
            );
        } else if let Some(times) = self.contests.things.note(now) {
            let is_put_back = |change: &&Change| !matches!(change, Change::DeleteRule(_));
            let first = repairs.iter().find(is_put_back).or(repairs.first());
            let first = first.map(ToString::to_string).unwrap_or_default();
            let changes = repairs.len();
            tracing::warn!(
                changes,
                times,
                first,
                "another program changed what this director made: put right"
            );
        }
        let results = self.kernel.carry_out(&repairs).await;
        let mut errors = Vec::new();
        for (change, result) in repairs.into_iter().zip(results) {
            match result {
                Ok(()) => {}
                Err(error) if error.is_moot() => {
                    if !matches!(change, Change::AddRule(_) | Change::DeleteRule(_) | Change::MoveRule { .. })
                    {
                        self.healings.unlisted.insert(change);
                    }
                }
                Err(error) => errors.push(error),
            }
        }
        self.look().await?;
        self.healings.futile = if self.repairs(wanted).is_empty() { 0 } else { self.healings.futile + 1 };
        Ok(errors)
    }

    /// Changes that make the host be again as the ledger says.
    fn repairs(&self, wanted: &HashSet<&Step>) -> Vec<Change> {
        let rules = self.layouts.iter().flat_map(|(&family, layout)| {
            intruders(&self.view, layout).into_iter().chain(self.rule_repairs(family))
        });
        let is_wanted = |(term, step): &&(Term, Step)| *term != Term::Follows || wanted.contains(step);
        let lost = self.lost.iter().filter(is_wanted).map(|(_, step)| &step.apply);
        lost.filter(|change| !self.healings.unlisted.contains(change)).cloned().chain(rules).collect()
    }

    /// The order among rules of one preference counts: from the first one that is not in its place on, all are made
    /// anew. From the back to the front, since what stands behind keeps the host's own stack from answering.
    fn rule_repairs(&self, family: Family) -> Vec<Change> {
        let mut wanted: BTreeMap<u32, (Vec<&Rule>, Vec<&Rule>)> = BTreeMap::new();
        for (term, step) in self.ledger.entries() {
            let Some(rule) = step.added_rule().filter(|rule| rule.family == family) else { continue };
            let (placed, loose) = wanted.entry(rule.pref).or_default();
            let is_loose = term == Term::Follows && matches!(rule.action, Action::Lookup(_));
            if is_loose { loose } else { placed }.push(rule);
        }
        let mut there: BTreeMap<u32, Vec<&Rule>> = BTreeMap::new();
        for rule in self.view.rules_of(family).filter(|rule| rule.is_ours()) {
            there.entry(rule.pref).or_default().push(rule);
        }
        let mut changes = Vec::new();
        for (pref, (placed, loose)) in wanted.iter().rev() {
            let there = there.remove(pref).unwrap_or_default();
            let in_place: Vec<&&Rule> = there.iter().filter(|rule| placed.contains(rule)).collect();
            if in_place.iter().copied().eq(placed.iter()) {
                let missing = loose.iter().filter(|rule| !there.contains(rule));
                changes.extend(missing.map(|rule| Change::AddRule((*rule).clone())));
                let left = there.iter().filter(|rule| !placed.contains(rule) && !loose.contains(rule));
                changes.extend(left.map(|rule| Change::DeleteRule((*rule).clone())));
                continue;
            }
            let kept = there.iter().zip(placed).take_while(|(there, placed)| there == placed).count();
            changes.extend(there[kept..].iter().map(|rule| Change::DeleteRule((*rule).clone())));
            let made = placed[kept..].iter().chain(loose);
            changes.extend(made.map(|rule| Change::AddRule((*rule).clone())));
        }
        changes.extend(there.into_values().flatten().cloned().map(Change::DeleteRule));
        changes
    }
}

/// Steps of these that the host does not show.
pub(super) fn lost<'a>(steps: impl Iterator<Item = (Term, &'a Step)>, view: &View) -> Vec<(Term, Step)> {
    let routes: HashSet<_> = view.ours.iter().collect();
    let proxies: HashSet<_> = view.proxies.iter().collect();
    let addresses: HashSet<_> =
        view.addresses.iter().map(|interface| (interface.dev.as_str(), interface.net)).collect();
    let is_lost = |(_, step): &(Term, &Step)| match &step.apply {
        Change::AddRoute(route) => !routes.contains(route),
        Change::AddProxy(proxy) => !proxies.contains(proxy),
        Change::AddAddress(address) => !addresses.contains(&(address.dev.as_str(), address.net)),
        Change::Link(link) => view.link(&link.dev).is_some_and(|there| !there.up),
        Change::AddRule(_)
        | Change::DeleteRule(_)
        | Change::MoveRule { .. }
        | Change::DeleteRoute(_)
        | Change::DeleteAddress(_)
        | Change::DeleteProxy(_)
        | Change::DeleteLink(_)
        | Change::Sysctl(_)
        | Change::Untrack(_)
        | Change::Track(_)
        | Change::Announce(_) => false,
    };
    steps.filter(is_lost).map(|(term, step)| (term, step.clone())).collect()
}

/// Rules of others among ours go behind ours; a second `lookup local` would hide ours, and goes.
fn intruders(view: &View, layout: &Layout) -> Vec<Change> {
    let span = layout.bypass..layout.after();
    let is_among = |rule: &&Rule| !rule.is_ours() && span.contains(&rule.pref);
    let (local, others): (Vec<&Rule>, Vec<&Rule>) =
        view.rules_of(layout.family).filter(is_among).partition(|rule| rule.is_local_lookup());
    let second = local.into_iter().filter(|_| layout.moved.is_some()).cloned().map(Change::DeleteRule);
    second.chain(go_behind(view, &others, layout.after())).collect()
}

/// The same for the rules of a real server, which stand in front of its `lookup local`.
pub(in super::super) fn intruders_before(view: &View, family: Family, rules: &[&Rule]) -> Vec<Change> {
    let Some(local) = rules.iter().find(|rule| rule.is_local_lookup()) else { return Vec::new() };
    let Some(first) = rules.iter().map(|rule| rule.pref).min() else { return Vec::new() };
    let is_among =
        |rule: &&Rule| !rule.is_ours() && !rule.is_local_lookup() && (first..local.pref).contains(&rule.pref);
    let among: Vec<&Rule> = view.rules_of(family).filter(is_among).collect();
    go_behind(view, &among, local.pref + 1)
}

/// To where they would be without ours: a rule without a preference lands in front of the second one of the host, so
/// each stands before those that came earlier; never before `least`.
fn go_behind(view: &View, rules: &[&Rule], least: u32) -> Vec<Change> {
    let Some(family) = rules.first().map(|rule| rule.family) else { return Vec::new() };
    let next = view.rules_of(family).find(|rule| !rule.is_ours() && rule.pref >= least);
    let last = next.map_or(least, |next| next.pref.saturating_sub(1));
    let places = (0..).map(|steps| last.saturating_sub(steps).max(least));
    rules.iter().zip(places).map(|(&rule, to)| Change::MoveRule { rule: rule.clone(), to }).collect()
}

/// Rules that landed at the preference of `lookup local` while it was away stand in front of it when it comes back.
pub(in super::super) async fn put_local_first(kernel: &impl Kernel) -> Result<(), HostError> {
    let view = kernel.view().await?;
    let mut moves = Vec::new();
    for family in [Family::V4, Family::V6] {
        let Some(local) = view.rules_of(family).find(|rule| rule.is_local_lookup() && !rule.is_ours()) else {
            continue;
        };
        let before = view.rules_of(family).take_while(|rule| *rule != local);
        let late: Vec<&Rule> = before.filter(|rule| rule.pref == local.pref && !rule.is_ours()).collect();
        moves.extend(go_behind(&view, &late, local.pref + 1));
    }
    if moves.is_empty() {
        return Ok(());
    }
    let results = kernel.carry_out(&moves).await;
    HostError::from_all(results.into_iter().filter_map(Result::err).collect())
}
