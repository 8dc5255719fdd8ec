//! Things of ours that a host does not show, and rules of others that stand among ours.

use std::collections::HashSet;

use super::super::change::{Change, Rule, Step};
use super::super::context::Tables;
use super::super::error::HostError;
use super::super::journal::Lifetime;
use super::super::kernel::Kernel;
use super::super::layout::Layout;
use super::super::view::View;
use lvs::service::Family;

/// Outcome of putting things back.
#[derive(Debug, Default)]
pub(super) struct Healings {
    /// In a row without effect.
    pub(super) futile: u32,
    /// Changes that the kernel says are there, and never lists.
    pub(super) unlisted: HashSet<Change>,
}

impl Healings {
    /// Forgets those that show again.
    pub(super) fn still_unlisted(&mut self, lost: &[(Lifetime, Step)]) {
        if !self.unlisted.is_empty() {
            self.unlisted.retain(|change| lost.iter().any(|(_, step)| step.apply == *change));
        }
    }
}

/// Steps of these that the host does not show.
pub(super) fn lost<'a>(
    steps: impl Iterator<Item = (Lifetime, &'a Step)>,
    view: &View,
) -> Vec<(Lifetime, Step)> {
    let routes: HashSet<_> = view.ours.iter().collect();
    let proxies: HashSet<_> = view.proxies.iter().collect();
    let addresses: HashSet<_> =
        view.addresses.iter().map(|interface| (interface.dev.as_str(), interface.net)).collect();
    let is_lost = |(_, step): &(Lifetime, &Step)| match &step.apply {
        Change::AddRoute(route) => !routes.contains(route),
        Change::AddProxy(proxy) => !proxies.contains(proxy),
        Change::AddAddress(address) => !addresses.contains(&(address.dev.as_str(), address.net)),
        Change::AddClsact(dev) => !view.clsact.contains(dev),
        Change::AddFilter(filter) => !view.filters.contains(filter),
        Change::Link(link) => view.link(&link.dev).is_some_and(|there| !there.up),
        Change::AddRule(_)
        | Change::DeleteRule(_)
        | Change::MoveRule { .. }
        | Change::DeleteRoute(_)
        | Change::DeleteAddress(_)
        | Change::DeleteProxy(_)
        | Change::DeleteLink(_)
        | Change::DeleteClsact(_)
        | Change::DeleteFilter(_)
        | Change::Sysctl(_)
        | Change::Untrack(_)
        | Change::Track(_)
        | Change::Announce(_) => false,
    };
    steps.filter(is_lost).map(|(lifetime, step)| (lifetime, step.clone())).collect()
}

/// Rules of others among ours go behind ours; a second `lookup local` would hide ours, and goes.
pub(super) fn intruders(view: &View, layout: &Layout) -> Vec<Change> {
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

/// Two tables in a row, and room behind them for those of marks.
pub(in super::super) fn free_tables(view: &View, base: u32) -> Result<Tables, HostError> {
    const TRIED: u32 = 1000;
    (base..base.saturating_add(TRIED))
        .find(|first| !view.tables.contains(first) && !view.tables.contains(&(first + 1)))
        .map(|vip| Tables { vip, rs: vip + 1 })
        .ok_or(HostError::NoTable { base })
}
