//! Applies plans to the host, keeps them in step with the services, and takes everything back.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::change::{Action, Address, Change, Proxy, Route, RouteKind, Rule, Step, TABLE_LOCAL};
use super::error::HostError;
use super::journal::Journal;
use super::kernel::{Kernel, Netlink};
use super::layout::Layout;
use super::messages;
use super::options::{HostOptions, TunNames};
use super::plan::{self, Tables};
use super::view::View;
use crate::lvs::director::Captures;
use crate::lvs::neighbour::Ground;
use crate::lvs::route::RouteTable;
use crate::lvs::service::Family;

/// What the director has changed on this host.
#[derive(Debug)]
pub struct Plumbing {
    engine: Engine<Netlink>,
}

impl Plumbing {
    /// Sets up the TUN devices and the subnets of the options.
    ///
    /// # Errors
    /// A step failed; those before it are undone.
    pub async fn start(options: HostOptions, tuns: TunNames) -> Result<Self, HostError> {
        let mut engine = Engine::new(Netlink::connect()?, options, tuns).await?;
        if let Err(error) = engine.start().await {
            engine.undo().await;
            return Err(error);
        }
        Ok(Self { engine })
    }

    /// Makes the host follow the services. `mark_tuns` names the device of each mark that has one.
    ///
    /// # Errors
    /// Some of it could not be done; the rest is.
    pub async fn reconcile(
        &mut self,
        captures: &Captures,
        mark_tuns: &BTreeMap<u32, String>,
    ) -> Result<(), HostError> {
        self.engine.reconcile(captures, mark_tuns).await
    }

    /// The routes of the host as they were at the last reconciliation, and what else decides where packets leave.
    pub fn ground(&self) -> Ground {
        self.engine.ways_out()
    }

    /// How many changes of the host will be taken back.
    pub const fn changes(&self) -> usize {
        self.engine.base.len() + self.engine.following.len()
    }

    /// Takes everything back, in reverse. What fails is reported, and the rest is done all the same.
    pub async fn undo(mut self) -> Vec<HostError> {
        self.engine.undo().await
    }

    /// The steps that starting with these options and captures would take.
    ///
    /// # Errors
    /// The host cannot be read, or has no room for the rules.
    pub async fn dry_run(
        options: HostOptions,
        tuns: TunNames,
        captures: &Captures,
        mark_tuns: &BTreeMap<u32, String>,
    ) -> Result<Vec<Step>, HostError> {
        let options = HostOptions { journal: None, ..options };
        let mut engine = Engine::new(Netlink::connect()?, options, tuns).await?;
        let mut steps = plan::devices(&engine.options, &engine.tuns);
        for family in plan::families(&engine.options, captures) {
            steps.extend(engine.base(family)?);
        }
        steps.extend(engine.follow(captures, mark_tuns));
        Ok(steps)
    }
}

/// Undoes what a director left behind that could not do it itself. True when there was something.
///
/// # Errors
/// Its director lives, or something could not be undone; the journal stays then.
pub async fn cleanup(journal: &Path) -> Result<bool, HostError> {
    let Some((journal, steps)) = Journal::left_behind(journal)? else { return Ok(false) };
    let kernel = Netlink::connect()?;
    HostError::from_all(take_back(&kernel, &steps).await)?;
    journal.end()?;
    Ok(true)
}

/// Rules are made anew so often in a row at most.
const MOST_HEALINGS: u32 = 5;

#[derive(Debug)]
struct Engine<K> {
    kernel: K,
    options: HostOptions,
    tuns: TunNames,
    tables: Tables,
    view: View,
    /// Proxy neighbours that the host had before.
    foreign_proxies: Vec<Proxy>,
    journal: Option<Journal>,
    layouts: BTreeMap<Family, Layout>,
    /// Steps that stay until the end, in the order in which they were made.
    base: Vec<Step>,
    /// Steps that follow the services.
    following: Vec<Step>,
    /// How often in a row the rules were made anew.
    healings: u32,
    /// Values of sysctls before the first change.
    originals: HashMap<String, Option<String>>,
}

impl<K: Kernel> Engine<K> {
    async fn new(kernel: K, options: HostOptions, tuns: TunNames) -> Result<Self, HostError> {
        let view = kernel.view().await?;
        let tables = free_tables(&view, options.table_base)?;
        let own = view.own_addresses(&[&tuns.vip, &tuns.rs]);
        for net in &options.laddr_nets {
            if let Some(&addr) = own.iter().find(|addr| net.contains(*addr)) {
                return Err(HostError::LaddrInUse { net: *net, addr });
            }
        }
        let journal = options.journal.as_deref().map(Journal::begin).transpose()?;
        Ok(Self {
            kernel,
            options,
            tuns,
            tables,
            foreign_proxies: view.proxies.clone(),
            view,
            journal,
            layouts: BTreeMap::new(),
            base: Vec::new(),
            following: Vec::new(),
            healings: 0,
            originals: HashMap::new(),
        })
    }

    async fn start(&mut self) -> Result<(), HostError> {
        let steps = plan::devices(&self.options, &self.tuns);
        self.take_base(steps).await?;
        self.reconcile(&Captures::default(), &BTreeMap::new()).await
    }

    async fn reconcile(
        &mut self,
        captures: &Captures,
        mark_tuns: &BTreeMap<u32, String>,
    ) -> Result<(), HostError> {
        self.look().await?;
        let mut errors = self.heal().await?;
        for family in plan::families(&self.options, captures) {
            if !self.layouts.contains_key(&family) {
                let steps = self.base(family)?;
                if let Err(error) = self.take_base(steps).await {
                    self.layouts.remove(&family);
                    return Err(error);
                }
            }
        }
        let wanted = self.follow(captures, mark_tuns);
        let kept: HashSet<&Step> = wanted.iter().collect();
        let (kept, gone): (Vec<Step>, Vec<Step>) =
            std::mem::take(&mut self.following).into_iter().partition(|step| kept.contains(step));
        // A rule goes when its successors stand, so that a real server is never without one.
        let (late, early): (Vec<Step>, Vec<Step>) =
            gone.into_iter().partition(|step| step.added_rule().is_some());
        errors.extend(take_back(&self.kernel, &early).await);
        let present: HashSet<&Step> = kept.iter().collect();
        let new: Vec<Step> = wanted.iter().filter(|step| !present.contains(step)).cloned().collect();
        self.following = kept;
        self.note(&new)?;
        let changes: Vec<Change> = new.iter().map(|step| step.apply.clone()).collect();
        let results = self.kernel.carry_out(&changes).await;
        for (step, result) in new.into_iter().zip(results) {
            match result {
                Ok(()) => self.following.push(step),
                Err(error) if step.optional => tracing::warn!(%error, "step left out"),
                Err(error) => errors.push(error),
            }
        }
        errors.extend(take_back(&self.kernel, &late).await);
        HostError::from_all(errors)
    }

    /// Reads the host, as it is without the addresses that it has from us.
    async fn look(&mut self) -> Result<(), HostError> {
        self.view = self.kernel.view().await?;
        let ours: HashSet<&Address> = self.following.iter().filter_map(Step::added_address).collect();
        if !ours.is_empty() {
            self.view.addresses.retain(|interface| {
                let address = Address { net: interface.net, dev: interface.dev.clone() };
                !ours.contains(&address)
            });
        }
        Ok(())
    }

    /// Puts rules back that another program has removed (a network daemon that starts may remove all that are not its
    /// own). The order among rules of one preference counts, so all of the family are made anew.
    ///
    /// A kernel that lists them otherwise than they were just made is believed to have them after [`MOST_HEALINGS`].
    async fn heal(&mut self) -> Result<Vec<HostError>, HostError> {
        let mut errors = Vec::new();
        let mut is_healthy = true;
        for (&family, layout) in &self.layouts {
            let there: HashSet<&Rule> = self.view.rules_of(family).collect();
            let is_back = |rule: &Rule| hides_ours(layout, rule);
            if self.is_whole(family, layout) {
                continue;
            }
            is_healthy = false;
            if self.healings >= MOST_HEALINGS {
                continue;
            }
            tracing::warn!(?family, "another program changed the rules of this director: made anew");
            // `lookup local` stays if it is there, and is the first to come if not.
            let left =
                there.into_iter().filter(|rule| is_back(rule) || rule.is_ours() && !rule.is_local_lookup());
            let left: Vec<Change> = left.cloned().map(Change::DeleteRule).collect();
            let made = self.rule_steps(family).map(|step| step.apply.clone());
            let changes: Vec<Change> = left.into_iter().chain(made).collect();
            let results = self.kernel.carry_out(&changes).await;
            errors.extend(results.into_iter().filter_map(Result::err).filter(|error| !error.is_moot()));
        }
        if !is_healthy && self.healings < MOST_HEALINGS {
            self.look().await?;
            is_healthy = self.layouts.iter().all(|(&family, layout)| self.is_whole(family, layout));
        }
        self.healings = if is_healthy { 0 } else { self.healings.saturating_add(1) };
        Ok(errors)
    }

    fn rule_steps(&self, family: Family) -> impl Iterator<Item = &Step> {
        let all = self.base.iter().chain(&self.following);
        all.filter(move |step| step.apply.family() == Some(family) && step.is_about_a_rule())
    }

    /// Whether all rules of ours are listed, and none hides them.
    fn is_whole(&self, family: Family, layout: &Layout) -> bool {
        let there: HashSet<&Rule> = self.view.rules_of(family).collect();
        let ours = self.rule_steps(family).filter_map(Step::added_rule);
        ours.into_iter().all(|rule| there.contains(rule))
            && !there.iter().any(|rule| hides_ours(layout, rule))
    }

    fn note(&mut self, steps: &[Step]) -> Result<(), HostError> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        if journal.is_mostly_past(self.base.len() + self.following.len()) {
            journal.begin_anew(self.base.iter().chain(&self.following))?;
        }
        journal.note(steps)
    }

    /// The permanent steps of a family, which is laid out from now on.
    fn base(&mut self, family: Family) -> Result<Vec<Step>, HostError> {
        let rules = self.view.rules_of(family);
        let layout = Layout::choose(family, rules, &self.options.masquerade_nets)?;
        let steps = plan::base(&self.ground(), &layout, |key| self.kernel.sysctl(key));
        self.layouts.insert(family, layout);
        Ok(steps)
    }

    fn ground(&self) -> plan::Ground<'_> {
        plan::Ground {
            options: &self.options,
            tuns: &self.tuns,
            tables: self.tables,
            view: &self.view,
            foreign_proxies: &self.foreign_proxies,
        }
    }

    fn follow(&mut self, captures: &Captures, mark_tuns: &BTreeMap<u32, String>) -> Vec<Step> {
        let originals = std::cell::RefCell::new(std::mem::take(&mut self.originals));
        let original = |key: &str| {
            let mut originals = originals.borrow_mut();
            originals.entry(key.to_owned()).or_insert_with(|| self.kernel.sysctl(key)).clone()
        };
        let layouts: Vec<&Layout> = self.layouts.values().collect();
        let steps = plan::follow(&self.ground(), &layouts, captures, mark_tuns, original);
        self.originals = originals.into_inner();
        steps
    }

    async fn take_base(&mut self, steps: Vec<Step>) -> Result<(), HostError> {
        self.note(&steps)?;
        let taken = take(&self.kernel, steps).await?;
        self.base.extend(taken);
        Ok(())
    }

    async fn undo(&mut self) -> Vec<HostError> {
        let mut errors = take_back(&self.kernel, &std::mem::take(&mut self.following)).await;
        errors.extend(take_back(&self.kernel, &std::mem::take(&mut self.base)).await);
        end_journal(&mut self.journal, &mut errors);
        errors
    }

    fn ways_out(&self) -> Ground {
        let has_policy = |family| self.view.rules_of(family).any(is_policy);
        let links = self.view.links.iter().filter(|link| link.up);
        Ground {
            routes: Arc::new(self.routes()),
            links: links.filter_map(|link| Some((link.index, link.ether?))).collect(),
            has_policy: [has_policy(Family::V4), has_policy(Family::V6)],
        }
    }

    fn routes(&self) -> RouteTable {
        let tuns = [self.tuns.vip.as_str(), &self.tuns.rs];
        let routes = self.view.routes_beside(&tuns).copied();
        let claimed = self.following.iter().filter_map(|step| match &step.apply {
            Change::AddRoute(Route { table: TABLE_LOCAL, dst, kind: RouteKind::Local(_) }) => Some(*dst),
            Change::AddAddress(address) if tuns.contains(&address.dev.as_str()) => {
                Some(address.net.addr().into())
            }
            _ => None,
        });
        RouteTable::new(routes.collect()).with_claimed(claimed)
    }
}

/// Whether it leaves a choice of table that depends on more than the destination.
fn is_policy(rule: &Rule) -> bool {
    let is_usual = rule.is_unconditional()
        && matches!(rule.action, Action::Lookup(table) if messages::is_host_table(table));
    !rule.is_ours() && !is_usual
}

/// Whoever brings the rule that was moved back hides all of ours.
fn hides_ours(layout: &Layout, rule: &Rule) -> bool {
    layout.moved.is_some() && rule.is_local_lookup() && rule.pref <= layout.bypass
}

/// Takes steps one by one; at the first failure those of this call are taken back. What was taken.
pub(super) async fn take(kernel: &impl Kernel, steps: Vec<Step>) -> Result<Vec<Step>, HostError> {
    let mut taken = Vec::with_capacity(steps.len());
    for step in steps {
        let result = kernel.carry_out(std::slice::from_ref(&step.apply)).await.pop().unwrap_or(Ok(()));
        match result {
            Ok(()) => taken.push(step),
            Err(error) if step.optional => tracing::warn!(%error, "step left out"),
            Err(error) => {
                for error in take_back(kernel, &taken).await {
                    tracing::warn!(%error, "not undone");
                }
                return Err(error);
            }
        }
    }
    Ok(taken)
}

/// The journal stays for the next start if something was not undone.
pub(super) fn end_journal(journal: &mut Option<Journal>, errors: &mut Vec<HostError>) {
    if let Some(journal) = journal.take()
        && errors.is_empty()
        && let Err(error) = journal.end()
    {
        errors.push(error);
    }
}

/// Undoes steps in reverse; what is gone already is no error.
pub(super) async fn take_back(kernel: &impl Kernel, steps: &[Step]) -> Vec<HostError> {
    let undone: Vec<Change> = steps
        .iter()
        .rev()
        .filter(|step| !step.ephemeral || is_route(step))
        .filter_map(|step| step.undo.clone())
        .collect();
    let results = kernel.carry_out(&undone).await;
    results.into_iter().filter_map(Result::err).filter(|error| !error.is_moot()).collect()
}

/// Routes go with their device, but may have to go before it.
const fn is_route(step: &Step) -> bool {
    matches!(step.apply, Change::AddRoute(_))
}

/// Two tables in a row, and room behind them for those of marks.
pub(super) fn free_tables(view: &View, base: u32) -> Result<Tables, HostError> {
    const TRIED: u32 = 1000;
    (base..base.saturating_add(TRIED))
        .find(|first| !view.tables.contains(first) && !view.tables.contains(&(first + 1)))
        .map(|vip| Tables { vip, rs: vip + 1 })
        .ok_or(HostError::NoTable { base })
}

#[cfg(test)]
mod tests;
