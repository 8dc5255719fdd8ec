//! Takes the host over as a predecessor left it that ended without undoing its steps: they are taken as done, and the next look at
//! the host puts right what is not so.
//!
//! Never undoes what the new director would make alike: between two directors packets of clients are to meet silence, not
//! the host's own stack. Called at the start.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::change::{Change, Route, RouteKind, Rule, Step};
use super::super::context::Tables;
use super::super::error::HostError;
use super::super::journal::Lifetime;
use super::super::kernel::Kernel;
use super::super::layout::Layout;
use super::super::ledger::Ledger;
use super::super::options::{HostOptions, TunNames};
use super::super::stop::StopFlag;
use super::Engine;
use lvs::service::Family;

/// Undoes all but the devices that this director holds by now.
async fn undone(kernel: &impl Kernel, mut ledger: Ledger, tuns: &TunNames) -> Result<Ledger, HostError> {
    tracing::warn!("what another director left on this host does not fit this one: undone, and made anew");
    ledger.forget(|step| step.device().is_some_and(|device| device == tuns.vip || device == tuns.rs));
    HostError::from_all(ledger.undo(kernel, |_, _| true).await)?;
    ledger.begin_anew()?;
    Ok(ledger)
}

impl<K: Kernel> Engine<K> {
    /// Goes on with what the ledger says, if the rules in it are those that this director would make.
    pub(super) async fn inherit(&mut self) -> Result<(), HostError> {
        if self.ledger.len() == 0 {
            return Ok(());
        }
        self.ledger.follow_names(&self.kernel.view().await?)?;
        let Some((layouts, tables)) = found(&self.ledger, &self.tuns, &self.options) else {
            let none = Ledger::begin(None, StopFlag::default())?;
            let ledger = std::mem::replace(&mut self.ledger, none);
            self.ledger = undone(&self.kernel, ledger, &self.tuns).await?;
            return Ok(());
        };
        self.is_inherited = true;
        (self.layouts, self.tables) = (layouts, tables.unwrap_or(self.tables));
        self.originals = originals(&self.ledger);
        tracing::info!(changes = self.ledger.len(), "goes on with what another director left on this host");
        Ok(())
    }

    /// Devices may have been made anew since.
    pub(super) async fn set_up_again(&mut self, steps: Vec<Step>) -> Result<(), HostError> {
        let known: HashSet<&Step> = self.ledger.of_lifetime(Lifetime::Stays).collect();
        let (there, new): (Vec<Step>, Vec<Step>) = steps.into_iter().partition(|step| known.contains(step));
        let changes: Vec<Change> = there.into_iter().map(|step| step.apply).collect();
        let results = self.kernel.carry_out(&changes).await;
        HostError::from_all(results.into_iter().filter_map(Result::err).collect())?;
        self.ledger.make_all(&self.kernel, Lifetime::Stays, new).await
    }
}

type Layouts = BTreeMap<Family, Layout>;

/// Finds where the rules of each family stand, and in which tables the routes. None if this director would make other rules.
fn found(ledger: &Ledger, tuns: &TunNames, options: &HostOptions) -> Option<(Layouts, Option<Tables>)> {
    let tables = ledger.of_lifetime(Lifetime::Stays).find_map(|step| match &step.apply {
        Change::AddRoute(Route { table, kind: RouteKind::Via(dev), dst, .. })
            if *dev == tuns.rs && dst.prefix_len() == 0 =>
        {
            Some(Tables { vip: table.checked_sub(1)?, rs: *table })
        }
        _ => None,
    });
    let mut layouts = Layouts::new();
    for family in [Family::V4, Family::V6] {
        let is_rule = |step: &&Step| rule(step).is_some_and(|rule| rule.family == family);
        let steps: HashSet<&Step> = ledger.of_lifetime(Lifetime::Stays).filter(is_rule).collect();
        let Some(bypass) = steps.iter().filter_map(|step| step.added_rule()).map(|rule| rule.pref).min()
        else {
            continue;
        };
        let moved = steps.iter().find_map(|step| match &step.apply {
            Change::DeleteRule(rule) => Some(rule.clone()),
            _ => None,
        });
        let layout = Layout { family, bypass, moved };
        let wanted = layout.steps(tuns, tables?, options);
        if wanted.iter().collect::<HashSet<&Step>>() != steps {
            return None;
        }
        layouts.insert(family, layout);
    }
    Some((layouts, tables))
}

fn rule(step: &Step) -> Option<&Rule> {
    match &step.apply {
        Change::AddRule(rule) | Change::DeleteRule(rule) => Some(rule),
        _ => None,
    }
}

/// The values of settings before what follows the services changed them.
fn originals(ledger: &Ledger) -> HashMap<String, Option<String>> {
    let mut originals = HashMap::new();
    for step in ledger.of_lifetime(Lifetime::Follows) {
        if let Some(Change::Sysctl(before)) = &step.undo {
            originals.entry(before.key.clone()).or_insert_with(|| Some(before.value.clone()));
        }
    }
    originals
}
