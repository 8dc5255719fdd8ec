//! Steps that were made and are not undone yet: in memory in the order in which they were made, and in the journal.
//!
//! A step is in here from before its request is sent until its undoing is known to have worked, so that whoever stops
//! in the midst, for whatever reason, leaves nothing behind. Never decides what is to be made.

mod renamed;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use super::change::text::dotted;
use super::change::{Change, Setting, Step};
use super::error::HostError;
use super::forwarders;
use super::journal::{Entry, Journal, Left, Lifetime};
use super::kernel::Kernel;
use super::stop::StopFlag;
use super::view::View;
use lvs::service::Family;

/// Prefix of a director's TUNs where their names are not known.
const TUNS: &str = "tunvs-";

/// Steps that are under way at once. Whoever stops waits for those.
const BATCH: usize = 256;

#[derive(Debug)]
pub(super) struct Ledger {
    journal: Option<Journal>,
    stop: StopFlag,
    made: Vec<Entry>,
    /// Steps that are being undone.
    going: Vec<Entry>,
    /// Devices of ours, also those whose step failed or was let go of by an [`Self::end`] that begins again.
    devices: HashSet<String>,
    /// Settings that were not set back, and why, as sentences.
    left_on: Vec<String>,
}

impl Ledger {
    /// An empty one, with a journal at that path.
    ///
    /// # Errors
    /// Another director holds the journal, or it cannot be written.
    pub(super) fn begin(journal: Option<&Path>, stop: StopFlag) -> Result<Self, HostError> {
        let journal = journal.map(Journal::begin).transpose()?;
        Ok(Self::new(journal, stop, Vec::new()))
    }

    /// Ledger of a director that could not undo its steps itself.
    pub(super) fn left_behind(left: Left, stop: StopFlag) -> Self {
        let mut ledger = Self::new(Some(left.journal), stop, left.entries);
        ledger.devices = ledger.steps().filter_map(Step::device).map(str::to_owned).collect();
        ledger
    }

    /// The same, for one that goes on with it.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub(super) fn taken_over(left: Left, stop: StopFlag) -> Result<Self, HostError> {
        let mut ledger = Self::left_behind(left, stop);
        ledger.begin_anew()?;
        Ok(ledger)
    }

    /// Begins the journal again with what is in here.
    ///
    /// # Errors
    /// The new journal cannot be written; the old one stays.
    pub(super) fn begin_anew(&mut self) -> Result<(), HostError> {
        let live = self.made.iter().chain(&self.going).map(|entry| (entry.lifetime, &entry.step));
        self.journal.as_mut().map_or(Ok(()), |journal| journal.begin_anew(live))
    }

    /// Forgets steps, as though they had never been made.
    pub(super) fn forget(&mut self, is_meant: impl Fn(&Step) -> bool) {
        self.made.retain(|entry| !is_meant(&entry.step));
    }

    fn new(journal: Option<Journal>, stop: StopFlag, made: Vec<Entry>) -> Self {
        Self { journal, stop, made, going: Vec::new(), devices: HashSet::new(), left_on: Vec::new() }
    }

    /// All steps, in the order in which they were made.
    pub(super) fn steps(&self) -> impl DoubleEndedIterator<Item = &Step> {
        self.made.iter().map(|entry| &entry.step)
    }

    pub(super) fn of_lifetime(&self, lifetime: Lifetime) -> impl Iterator<Item = &Step> {
        self.made.iter().filter(move |entry| entry.lifetime == lifetime).map(|entry| &entry.step)
    }

    /// Steps that follow the services and are not wanted any more: of thousands mostly none, so that they are sought once.
    pub(super) fn unwanted(&self, wanted: &HashSet<&Step>) -> HashSet<Step> {
        self.of_lifetime(Lifetime::Follows).filter(|step| !wanted.contains(step)).cloned().collect()
    }

    /// Steps that are wanted and not made.
    pub(super) fn missing(&self, wanted: &[Step]) -> Vec<Step> {
        let present: HashSet<&Step> = self.of_lifetime(Lifetime::Follows).collect();
        wanted.iter().filter(|step| !present.contains(step)).cloned().collect()
    }

    /// All steps with how long they are meant to stay.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Lifetime, &Step)> {
        self.made.iter().map(|entry| (entry.lifetime, &entry.step))
    }

    pub(super) const fn len(&self) -> usize {
        self.made.len()
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stop.is_raised()
    }

    /// Makes steps, as far as they can be made and until the flag is raised.
    ///
    /// # Errors
    /// The steps cannot be noted, so they were not made. Errors of single steps are returned beside.
    pub(super) async fn make(
        &mut self,
        kernel: &impl Kernel,
        lifetime: Lifetime,
        steps: Vec<Step>,
    ) -> Result<Vec<HostError>, HostError> {
        let mut errors = Vec::new();
        let mut steps = steps.into_iter();
        while !self.is_stopping() {
            let batch: Vec<Step> = steps.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            self.note(lifetime, &batch)?;
            let changes: Vec<Change> = batch.iter().map(|step| step.apply.clone()).collect();
            let before = self.made.len();
            self.made.extend(batch.into_iter().map(|step| Entry { lifetime, step }));
            let results = kernel.carry_out(&changes).await;
            let mut not_made = Vec::new();
            let batch = self.made.split_off(before);
            for (entry, result) in batch.into_iter().zip(results) {
                match result {
                    Ok(()) => {
                        self.made.push(entry);
                        continue;
                    }
                    Err(error) if entry.step.optional => tracing::warn!(%error, "a host change is left out"),
                    Err(error) => errors.push(error),
                }
                not_made.push(entry);
            }
            self.note_undone(&not_made);
        }
        Ok(errors)
    }

    /// Makes steps one by one; at the first failure those of this call are undone.
    ///
    /// # Errors
    /// A step that is not optional failed, or they cannot be noted.
    pub(super) async fn make_all(
        &mut self,
        kernel: &impl Kernel,
        lifetime: Lifetime,
        mut steps: Vec<Step>,
    ) -> Result<(), HostError> {
        self.know(&steps);
        for setting in steps.iter_mut().filter_map(Step::shared_undo) {
            setting.only_under = self.forwarders(kernel, setting.family());
        }
        self.note(lifetime, &steps)?;
        let before = self.made.len();
        for step in steps {
            let change = step.apply.clone();
            self.made.push(Entry { lifetime, step });
            let result = kernel.carry_out(std::slice::from_ref(&change)).await.pop().unwrap_or(Ok(()));
            let Err(error) = result else { continue };
            let failed: Vec<Entry> = self.made.pop().into_iter().collect();
            self.note_undone(&failed);
            if failed.iter().any(|entry| entry.step.optional) {
                tracing::warn!(%error, "a host change is left out");
                continue;
            }
            self.going.extend(self.made.drain(before..));
            for error in self.undo_going(kernel, false).await {
                tracing::warn!(%error, "not undone");
            }
            return Err(error);
        }
        Ok(())
    }

    /// Undoes the steps that are meant, the last first, until the flag is raised; what is gone already is no error. What
    /// cannot be undone stays in here.
    pub(super) async fn undo(
        &mut self,
        kernel: &impl Kernel,
        is_meant: impl Fn(Lifetime, &Step) -> bool,
    ) -> Vec<HostError> {
        if self.going.is_empty() && !self.entries().any(|(lifetime, step)| is_meant(lifetime, step)) {
            return Vec::new();
        }
        let all = std::mem::take(&mut self.made).into_iter();
        let (going, staying): (Vec<Entry>, _) = all.partition(|entry| is_meant(entry.lifetime, &entry.step));
        self.made = staying;
        self.going.extend(going);
        self.undo_going(kernel, false).await
    }

    async fn undo_going(&mut self, kernel: &impl Kernel, is_end: bool) -> Vec<HostError> {
        let mut errors = Vec::new();
        while !self.going.is_empty() && (is_end || !self.is_stopping()) {
            let from = self.going.len().saturating_sub(BATCH);
            let batch = self.going[from..].iter().rev();
            let changes: Vec<Change> = batch.filter_map(|entry| entry.step.undo.clone()).collect();
            let results = kernel.carry_out(&changes).await;
            let batch = self.going.split_off(from).into_iter().rev();
            let (asked, mut undone): (Vec<Entry>, Vec<Entry>) =
                batch.partition(|entry| entry.step.undo.is_some());
            for (entry, result) in asked.into_iter().zip(results) {
                match result {
                    Err(error) if !error.is_moot() => {
                        errors.push(error);
                        self.made.push(entry);
                    }
                    Ok(()) | Err(_) => undone.push(entry),
                }
            }
            if !is_end {
                self.note_undone(&undone);
            }
        }
        errors
    }

    /// Undoes everything but what goes with its device, which takes thousands of addresses along faster than they are
    /// deleted, and looks whether it is undone; only then the journal goes.
    pub(super) async fn end(&mut self, kernel: &impl Kernel) -> Vec<HostError> {
        self.going.append(&mut self.made);
        if let Err(error) = self.leave_on(kernel).await {
            return vec![error];
        }
        self.going.retain(|entry| !entry.step.ephemeral);
        let undone: Vec<Change> =
            self.going.iter().rev().filter_map(|entry| entry.step.undo.clone()).collect();
        let mut errors = self.undo_going(kernel, true).await;
        if errors.is_empty() {
            errors = verify(kernel, &undone).await;
        }
        if errors.is_empty()
            && let Some(journal) = self.journal.take()
        {
            errors.extend(journal.end().err());
        }
        errors
    }

    /// Leaves settings as they are that something else has come to rely on.
    async fn leave_on(&mut self, kernel: &impl Kernel) -> Result<(), HostError> {
        if !self.going.iter().any(|entry| shared(&entry.step).is_some()) {
            return Ok(());
        }
        let view = kernel.view().await?;
        let mut hears_routers = false;
        for entry in std::mem::take(&mut self.going) {
            let Some((setting, links)) = shared(&entry.step) else {
                self.going.push(entry);
                continue;
            };
            let family = setting.family();
            let is_new = |name: &&str| !links.contains(*name) && !self.devices.contains(*name);
            let is_more = |(what, count): &(String, u32)| {
                setting.only_under.get(what).is_none_or(|before| count > before)
            };
            let rule = || self.forwarders(kernel, family).into_iter().find(is_more).map(|(what, _)| what);
            let link = view.in_use(family).find(is_new).map(str::to_owned);
            let Some(user) = link.or_else(rule) else {
                self.going.push(entry);
                continue;
            };
            if kernel.sysctl(&setting.key) == setting.only_if {
                hears_routers |= family == Family::V6;
                let (key, is) = (dotted(&setting.key), setting.only_if.as_deref().unwrap_or_default());
                self.left_on
                    .push(format!("{key} stays {is}: {user} came after the director and may rely on it"));
            }
        }
        if hears_routers {
            // A host that forwards hears routers by the value 2 only.
            let is_about_routers =
                |step: &Step| matches!(&step.apply, Change::Sysctl(set) if set.key.ends_with("/accept_ra"));
            self.going.retain(|entry| !is_about_routers(&entry.step));
        }
        for left in &self.left_on {
            tracing::warn!("{left}");
        }
        Ok(())
    }

    /// Settings that were not set back, and why, as sentences.
    pub(super) fn left_on(&self) -> &[String] {
        &self.left_on
    }

    /// Undoes everything because of an error: that, and what could not be undone.
    pub(super) async fn give_up(&mut self, kernel: &impl Kernel, error: HostError) -> HostError {
        let mut errors = self.end(kernel).await;
        if errors.is_empty() {
            return error;
        }
        errors.insert(0, error);
        HostError::Several(errors)
    }

    /// How many rules of each kind have something forwarded that is none of the director's.
    fn forwarders(&self, kernel: &impl Kernel, family: Family) -> BTreeMap<String, u32> {
        let is_ours =
            |link: &str| link.starts_with(TUNS) || self.devices.iter().any(|device| device.starts_with(link));
        forwarders::counted(&kernel.forwarders(family), is_ours)
    }

    fn know(&mut self, steps: &[Step]) {
        self.devices.extend(steps.iter().filter_map(Step::device).map(str::to_owned));
    }

    fn note(&mut self, lifetime: Lifetime, steps: &[Step]) -> Result<(), HostError> {
        self.know(steps);
        if self.journal.as_ref().is_some_and(|journal| journal.is_mostly_past(self.made.len())) {
            self.begin_anew()?;
        }
        let steps = steps.iter().map(|step| (lifetime, step));
        self.journal.as_mut().map_or(Ok(()), |journal| journal.note(steps))
    }

    /// Notes undone steps. A step that cannot be noted is undone once more by whoever reads the journal, which is no harm.
    fn note_undone(&mut self, entries: &[Entry]) {
        let steps = entries.iter().map(|entry| (entry.lifetime, &entry.step));
        let noted = self.journal.as_mut().map_or(Ok(()), |journal| journal.note_undone(steps));
        if let Err(error) = noted {
            tracing::debug!(%error, "not noted as undone");
        }
    }
}

/// How a setting is undone that others may rely on, and the links that were there before.
fn shared(step: &Step) -> Option<(&Setting, &BTreeSet<String>)> {
    match &step.undo {
        Some(Change::Sysctl(setting)) => Some((setting, setting.only_with.as_ref()?)),
        _ => None,
    }
}

/// Looks whether the host is as these changes should have made it, and makes those again that it does not show.
async fn verify(kernel: &impl Kernel, changes: &[Change]) -> Vec<HostError> {
    let missing = match missing(kernel, changes).await {
        Ok(missing) if missing.is_empty() => return Vec::new(),
        Ok(missing) => missing,
        Err(error) => return vec![error],
    };
    kernel.carry_out(&missing).await;
    match self::missing(kernel, &missing).await {
        Ok(missing) => missing.iter().map(|undo| HostError::StillThere { undo: undo.to_string() }).collect(),
        Err(error) => vec![error],
    }
}

async fn missing(kernel: &impl Kernel, changes: &[Change]) -> Result<Vec<Change>, HostError> {
    let view = kernel.view().await?;
    Ok(changes.iter().filter(|change| !shows(&view, kernel, change)).cloned().collect())
}

fn shows(view: &View, kernel: &impl Kernel, change: &Change) -> bool {
    match change {
        Change::DeleteRule(rule) => !view.rules.contains(rule),
        Change::AddRule(rule) => {
            view.rules_of(rule.family).any(|other| (other.pref, other.action) == (rule.pref, rule.action))
        }
        Change::DeleteAddress(address) => {
            !view.addresses.iter().any(|other| other.net == address.net && other.dev == address.dev)
        }
        Change::DeleteProxy(proxy) => !view.proxies.contains(proxy),
        Change::DeleteLink(dev) => view.link(dev).is_none(),
        Change::Sysctl(Setting { key, value, only_if, .. }) => kernel
            .sysctl(key)
            .is_none_or(|now| now == *value || only_if.as_ref().is_some_and(|only_if| now != *only_if)),
        // Nobody else asks our tables, and nothing asks them once the rules are gone.
        Change::DeleteRoute(_) | Change::AddRoute(_) => true,
        // Never the undoing of anything.
        Change::MoveRule { .. }
        | Change::AddAddress(_)
        | Change::AddProxy(_)
        | Change::Link(_)
        | Change::AddClsact(_)
        | Change::AddFilter(_)
        | Change::Announce(_) => true,
        // Others may have filters beside ours; a table of nftables goes with this process.
        Change::DeleteClsact(_) | Change::DeleteFilter(_) | Change::Track(_) | Change::Untrack(_) => true,
    }
}
