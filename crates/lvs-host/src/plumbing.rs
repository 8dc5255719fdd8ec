//! Applies plans to the host, keeps them in step with the services, and takes everything back.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use super::change::{Address, Change, Proxy, Step};
use super::conflict::Conflicts;
use super::context::{self, Tables};
use super::error::HostError;
use super::follow;
use super::journal::{Left, Lifetime};
use super::kernel::{Kernel, Netlink};
use super::layout::Layout;
use super::ledger::Ledger;
use super::needs;
use super::options::{HostOptions, TunNames};
use super::plan;
use super::settings;
use super::stop::StopFlag;
use super::view::View;
use lvs::Time;
use lvs::director::Captures;
use lvs::neighbour::HostRouting;
use lvs::service::Family;

mod announced;
mod cleanup;
mod dry_run;
mod heal;
mod ingress;
mod inherit;
mod missing;
mod renamed;
mod ways_out;

pub use cleanup::{CleanedUp, Inheritance, cleanup};
pub(super) use missing::{free_tables, intruders_before, put_local_first};

use missing::Healings;

/// The director's changes of this host.
#[derive(Debug)]
pub struct Plumbing {
    engine: Engine<Netlink>,
}

impl Plumbing {
    /// Sets up the TUN devices and the subnets of the options. Once `stop` is raised, nothing is made any more.
    ///
    /// Changes that a predecessor left are taken over: they stay as they are until the first [`Self::reconcile`].
    ///
    /// # Errors
    /// A step failed; those before it are undone.
    pub async fn start(
        options: HostOptions,
        tuns: TunNames,
        left: Option<Inheritance>,
        stop: StopFlag,
        now: Time,
    ) -> Result<Self, HostError> {
        let left = left.map(|inheritance| inheritance.left);
        let mut engine = Engine::new(
            Netlink::connect()?.with_programs(options.ingress_programs.clone()),
            options,
            tuns,
            left,
            stop,
        )
        .await?;
        match engine.start(now).await {
            Ok(()) => Ok(Self { engine }),
            Err(error) => Err(engine.ledger.give_up(&engine.kernel, error).await),
        }
    }

    /// Makes the host follow the services. `mark_tuns` names the device of each mark that has one.
    ///
    /// # Errors
    /// Some of it could not be done; the rest is, unless the director stops.
    pub async fn reconcile(
        &mut self,
        captures: &Captures,
        mark_tuns: &BTreeMap<u32, String>,
        now: Time,
    ) -> Result<(), HostError> {
        self.engine.reconcile(captures, mark_tuns, now).await
    }

    /// The routes of the host as they were at the last reconciliation, and what else decides where packets leave.
    pub fn routing(&self) -> HostRouting {
        self.engine.ways_out()
    }

    /// How often other programs changed what this director made.
    pub const fn conflicts(&self) -> Conflicts {
        self.engine.conflicts
    }

    /// Whether there is room for the rules of that family.
    ///
    /// # Errors
    /// No room is there, or the host cannot be read.
    pub async fn room_for(&self, family: Family) -> Result<(), HostError> {
        if self.engine.layouts.contains_key(&family) {
            return Ok(());
        }
        let view = self.engine.kernel.view().await?;
        Layout::choose(family, view.rules_of(family)).map(drop)
    }

    /// How many changes of the host will be taken back.
    pub const fn changes(&self) -> usize {
        self.engine.ledger.len()
    }

    /// Takes everything back, in reverse. What fails is reported, and the rest is done all the same.
    pub async fn undo(mut self) -> Vec<HostError> {
        self.engine.undo().await
    }
}

#[derive(Debug)]
struct Engine<K> {
    kernel: K,
    options: HostOptions,
    tuns: TunNames,
    tables: Tables,
    view: View,
    /// Proxy neighbours that the host had before.
    foreign_proxies: Vec<Proxy>,
    ledger: Ledger,
    layouts: BTreeMap<Family, Layout>,
    /// Steps of ours that were not there at the last look.
    lost: Vec<(Lifetime, Step)>,
    healings: Healings,
    conflicts: Conflicts,
    /// Values of sysctls before the first change.
    originals: HashMap<String, Option<String>>,
    /// The host is as a predecessor left it.
    is_inherited: bool,
    /// Virtual addresses for routing daemons; none where nothing is ever announced.
    announced: Option<BTreeSet<IpAddr>>,
}

impl<K: Kernel> Engine<K> {
    async fn new(
        kernel: K,
        options: HostOptions,
        tuns: TunNames,
        left: Option<Left>,
        stop: StopFlag,
    ) -> Result<Self, HostError> {
        let tables = Tables { vip: options.table_base, rs: options.table_base + 1 };
        let ledger = match left {
            Some(left) => Ledger::taken_over(left, stop)?,
            None => Ledger::begin(options.journal.as_deref(), stop)?,
        };
        let mut engine = Self {
            kernel,
            options,
            tuns,
            tables,
            foreign_proxies: Vec::new(),
            view: View::default(),
            ledger,
            layouts: BTreeMap::new(),
            lost: Vec::new(),
            healings: Healings::default(),
            conflicts: Conflicts::default(),
            originals: HashMap::new(),
            is_inherited: false,
            announced: None,
        };
        engine.inherit().await?;
        engine.look().await?;
        if engine.layouts.is_empty() {
            engine.tables = free_tables(&engine.view, engine.options.table_base)?;
        }
        let ours: HashSet<&Change> = engine.ledger.steps().map(|step| &step.apply).collect();
        let foreign =
            engine.view.proxies.iter().filter(|proxy| !ours.contains(&Change::AddProxy((*proxy).clone())));
        engine.foreign_proxies = foreign.cloned().collect();
        let own = engine.view.own_addresses(&[&engine.tuns.vip, &engine.tuns.rs]);
        for net in &engine.options.laddr_nets {
            if let Some(&addr) = own.iter().find(|addr| net.contains(*addr)) {
                return Err(HostError::LaddrInUse { net: *net, addr });
            }
        }
        Ok(engine)
    }

    async fn start(&mut self, now: Time) -> Result<(), HostError> {
        let steps = plan::devices(&self.options, &self.tuns);
        if self.is_inherited {
            return self.set_up_again(steps).await;
        }
        self.ledger.make_all(&self.kernel, Lifetime::Stays, steps).await?;
        self.reconcile(&Captures::default(), &BTreeMap::new(), now).await
    }

    async fn reconcile(
        &mut self,
        captures: &Captures,
        mark_tuns: &BTreeMap<u32, String>,
        now: Time,
    ) -> Result<(), HostError> {
        if self.ledger.is_stopping() {
            return Err(HostError::Stopping);
        }
        self.look().await?;
        let mut put_right = Vec::new();
        let mut errors = self.set_again(&mut put_right).await?;
        let changed = self.reread_originals();
        for family in plan::families(&self.options, captures) {
            if !self.layouts.contains_key(&family) {
                self.kernel.workable(family)?;
                let (layout, steps) = self.base(family)?;
                self.ledger.make_all(&self.kernel, Lifetime::Stays, steps).await?;
                self.layouts.insert(family, layout);
                self.look().await?;
            }
        }
        let wanted = self.follow(captures, mark_tuns);
        let kept: HashSet<&Step> = wanted.iter().collect();
        errors.extend(self.heal(&kept, now).await?);
        let gone = self.ledger.unwanted(&kept);
        let is_gone = |lifetime, step: &Step| lifetime == Lifetime::Follows && gone.contains(step);
        // A rule goes when its successors stand, so that a real server is never without one.
        let is_early = |lifetime, step: &Step| is_gone(lifetime, step) && step.added_rule().is_none();
        errors.extend(self.ledger.undo(&self.kernel, is_early).await);
        let new = self.ledger.missing(&wanted);
        let answers_change = |step: &&Step| step.set_value().is_some_and(|set| changed.contains(&set.key));
        put_right.extend(new.iter().filter(answers_change).map(ToString::to_string));
        self.tell_of_settings(&put_right, now);
        errors.extend(self.ledger.make(&self.kernel, Lifetime::Follows, new).await?);
        if self.ledger.is_stopping() {
            return Err(HostError::Stopping);
        }
        errors.extend(self.ledger.undo(&self.kernel, is_gone).await);
        self.is_inherited = false;
        let families = self.layouts.keys().copied();
        errors.extend(needs::blocked(&self.context(), families, captures, |key| self.kernel.sysctl(key)));
        HostError::from_all(errors)
    }

    /// Sets again what of the plan somebody has set otherwise. A filter that was set for all interfaces since is given to
    /// each of them, as at the start, so that the TUNs have none.
    async fn set_again(&mut self, put_right: &mut Vec<String>) -> Result<Vec<HostError>, HostError> {
        let mut seen = HashSet::new();
        let mut changes: Vec<Change> = Vec::new();
        for setting in self.ledger.steps().rev().filter_map(Step::set_value) {
            // A list may have grown since; what a director that was killed came to set is not known.
            let is_kept = self.is_inherited || setting.value.parse::<u32>().is_ok();
            let now = self.kernel.sysctl(&setting.key);
            let is_other = now.map_or(self.is_inherited, |now| now != setting.value);
            if seen.insert(&setting.key) && is_kept && is_other {
                changes.push(Change::Sysctl(setting.clone()));
            }
        }
        changes.reverse();
        put_right.extend(changes.iter().map(ToString::to_string));
        let results = self.kernel.carry_out(&changes).await;
        let mut errors: Vec<HostError> =
            results.into_iter().filter_map(Result::err).filter(|error| !error.is_moot()).collect();
        let all = self.kernel.sysctl(&settings::rp_filter("all"));
        if self.layouts.contains_key(&Family::V4) && all == Some(settings::STRICT.to_string()) {
            let steps = settings::filters(&self.context(), &|key| self.kernel.sysctl(key));
            for step in &steps {
                put_right.push(step.to_string());
                self.originals.retain(|key, _| step.set_value().is_none_or(|set| set.key != *key));
            }
            errors.extend(self.ledger.make(&self.kernel, Lifetime::Stays, steps).await?);
        }
        Ok(errors)
    }

    /// Forgets values of settings of the host that are not the director's now. Those that are other than they were.
    fn reread_originals(&mut self) -> HashSet<String> {
        let (kernel, mut changed) = (&self.kernel, HashSet::new());
        let ours: HashSet<&String> =
            self.ledger.steps().filter_map(Step::set_value).map(|setting| &setting.key).collect();
        self.originals.retain(|key, old| {
            if !ours.contains(key) && kernel.sysctl(key) != *old {
                changed.insert(key.clone());
            }
            ours.contains(key)
        });
        changed
    }

    fn tell_of_settings(&mut self, put_right: &[String], now: Time) {
        if let Some(first) = put_right.first()
            && !self.is_inherited
            && let Some(times) = self.conflicts.settings.note(now)
        {
            let settings = put_right.len();
            tracing::warn!(settings, times, first, "another program changed settings of the host: put right");
        }
    }

    /// Reads the host, as it is without the addresses that it has from us.
    async fn look(&mut self) -> Result<(), HostError> {
        let now = self.kernel.view().await?;
        let before = std::mem::replace(&mut self.view, now);
        self.ledger.know_links(&self.view);
        self.follow_names(&before)?;
        self.lost = missing::lost(self.ledger.entries(), &self.view);
        self.healings.still_unlisted(&self.lost);
        self.hide_own_clsact();
        let ours: HashSet<&Address> = self.ledger.steps().filter_map(Step::added_address).collect();
        if !ours.is_empty() {
            self.view.addresses.retain(|interface| {
                let address = Address { net: interface.net, dev: interface.dev.clone() };
                !ours.contains(&address)
            });
        }
        Ok(())
    }

    /// How a family will be laid out, and the permanent steps of that.
    fn base(&self, family: Family) -> Result<(Layout, Vec<Step>), HostError> {
        let rules = self.view.rules_of(family);
        let layout = Layout::choose(family, rules)?;
        let steps = plan::base(&self.context(), &layout, |key| self.kernel.sysctl(key));
        Ok((layout, steps))
    }

    fn context(&self) -> context::PlanContext<'_> {
        context::PlanContext {
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
        let mut steps = follow::follow(&self.context(), &layouts, captures, mark_tuns, original);
        steps.extend(self.announcements());
        self.originals = originals.into_inner();
        steps
    }

    async fn undo(&mut self) -> Vec<HostError> {
        let mut errors = self.ledger.end(&self.kernel).await;
        errors.extend(put_local_first(&self.kernel).await.err());
        errors
    }
}

#[cfg(test)]
mod tests;
