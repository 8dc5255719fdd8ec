//! Puts back what another program has taken of what the director made: interfaces, addresses, routes, proxy neighbours and rules; and
//! moves rules of others that have come to stand among ours.
//!
//! Never decides what is to be there: that is in the ledger. Called at every look at the host.

use std::collections::{BTreeMap, HashSet};

use super::super::change::{Action, Change, Rule, Step};
use super::super::error::HostError;
use super::super::journal::Lifetime;
use super::super::kernel::Kernel;
use super::Engine;
use super::missing::intruders;
use lvs::Time;
use lvs::service::Family;

/// A kernel that lists rules otherwise than they were just made is believed to have them after so many attempts.
const MOST_ATTEMPTS: u32 = 5;

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
        } else if let Some(times) = self.conflicts.things.note(now) {
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
        let is_wanted =
            |(lifetime, step): &&(Lifetime, Step)| *lifetime != Lifetime::Follows || wanted.contains(step);
        let lost = self.lost.iter().filter(is_wanted).map(|(_, step)| &step.apply);
        lost.filter(|change| !self.healings.unlisted.contains(change)).cloned().chain(rules).collect()
    }

    /// The order among rules of one preference counts: from the first one that is not in its place on, all are made
    /// anew. From the back to the front, since what stands behind keeps the host's own stack from answering.
    fn rule_repairs(&self, family: Family) -> Vec<Change> {
        let mut wanted: BTreeMap<u32, (Vec<&Rule>, Vec<&Rule>)> = BTreeMap::new();
        for (lifetime, step) in self.ledger.entries() {
            let Some(rule) = step.added_rule().filter(|rule| rule.family == family) else { continue };
            let (placed, loose) = wanted.entry(rule.pref).or_default();
            let is_loose = lifetime == Lifetime::Follows && matches!(rule.action, Action::Lookup(_));
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
