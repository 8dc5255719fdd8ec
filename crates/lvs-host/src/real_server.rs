//! Applies the plan of a real server to its host, follows the host's own addresses, and takes everything back.

use super::change::{Rule, Step};
use super::error::HostError;
use super::journal::Lifetime;
use super::kernel::{Kernel, Netlink};
use super::ledger::Ledger;
use super::options::RealServerOptions;
use super::plumbing::{free_tables, intruders_before, put_local_first};
use super::real_plan::{self, Site};
use super::stop::StopFlag;
use super::view::View;
use lvs::service::Family;

/// Rules are made anew so often at most: a kernel that lists them otherwise than they were made is believed to have
/// them.
const MOST_HEALINGS: u32 = 20;

/// Changes of the host of a real server.
#[derive(Debug)]
pub struct RealPlumbing {
    host: RealHost<Netlink>,
}

impl RealPlumbing {
    /// Prepares the host, whose TUN device exists. Once `stop` is raised, nothing is made any more.
    ///
    /// # Errors
    /// A step failed; those before it are undone.
    pub async fn start(options: RealServerOptions, stop: StopFlag) -> Result<Self, HostError> {
        let mut host = RealHost::new(Netlink::connect()?, options, stop).await?;
        match host.start().await {
            Ok(()) => Ok(Self { host }),
            Err(error) => Err(host.ledger.give_up(&host.kernel, error).await),
        }
    }

    /// Looks at the host anew.
    ///
    /// # Errors
    /// Some of what follows could not be done; the rest is.
    pub async fn reconcile(&mut self) -> Result<(), HostError> {
        self.host.reconcile().await
    }

    /// Takes everything back, in reverse. What fails is reported, and the rest is done all the same.
    pub async fn undo(mut self) -> Vec<HostError> {
        self.host.undo().await
    }

    /// The steps that starting would take.
    ///
    /// # Errors
    /// The host cannot be read, or cannot be prepared.
    pub async fn dry_run(options: RealServerOptions) -> Result<Vec<Step>, HostError> {
        let options = RealServerOptions { journal: None, ..options };
        let host = RealHost::new(Netlink::connect()?, options, StopFlag::default()).await?;
        let site = host.site();
        let mut steps = real_plan::base(&site, &|key| host.kernel.sysctl(key))?;
        steps.extend(real_plan::follow(&site));
        for family in site.families() {
            steps.extend(real_plan::rules(&site, family)?);
        }
        Ok(steps)
    }
}

#[derive(Debug)]
struct RealHost<K> {
    kernel: K,
    options: RealServerOptions,
    table: u32,
    view: View,
    ledger: Ledger,
    /// How often rules were made anew.
    healings: u32,
}

impl<K: Kernel> RealHost<K> {
    async fn new(kernel: K, options: RealServerOptions, stop: StopFlag) -> Result<Self, HostError> {
        let view = kernel.view().await?;
        let table = free_tables(&view, options.table_base)?.vip;
        let mut ledger = Ledger::begin(options.journal.as_deref(), stop)?;
        ledger.know_links(&view);
        Ok(Self { kernel, options, table, view, ledger, healings: 0 })
    }

    const fn site(&self) -> Site<'_> {
        Site { options: &self.options, table: self.table, view: &self.view }
    }

    async fn start(&mut self) -> Result<(), HostError> {
        let steps = real_plan::base(&self.site(), &|key| self.kernel.sysctl(key))?;
        self.ledger.make_all(&self.kernel, Lifetime::Stays, steps).await?;
        self.reconcile().await
    }

    async fn reconcile(&mut self) -> Result<(), HostError> {
        if self.ledger.is_stopping() {
            return Err(HostError::Stopping);
        }
        self.view = self.kernel.view().await?;
        self.ledger.know_links(&self.view);
        let wanted = real_plan::follow(&self.site());
        let is_gone = |lifetime, step: &Step| lifetime == Lifetime::Follows && !wanted.contains(step);
        let mut errors = self.ledger.undo(&self.kernel, is_gone).await;
        let present: Vec<&Step> = self.ledger.of_lifetime(Lifetime::Follows).collect();
        let new = wanted.iter().filter(|step| !present.contains(step)).cloned().collect();
        errors.extend(self.ledger.make(&self.kernel, Lifetime::Follows, new).await?);
        for family in self.site().families() {
            let ours: Vec<&Rule> =
                self.ledger.of_lifetime(Lifetime::Rules(family)).filter_map(Step::added_rule).collect();
            let moves = intruders_before(&self.view, family, &ours);
            let results = self.kernel.carry_out(&moves).await;
            errors.extend(results.into_iter().filter_map(Result::err).filter(|error| !error.is_moot()));
            errors.extend(self.lead(family).await.err());
        }
        HostError::from_all(errors)
    }

    /// Puts the rules of a family in; anew where another program removed some of them.
    async fn lead(&mut self, family: Family) -> Result<(), HostError> {
        let lifetime = Lifetime::Rules(family);
        if self.ledger.of_lifetime(lifetime).next().is_some() {
            let is_listed = |step: &Step| step.added_rule().is_none_or(|rule| self.view.rules.contains(rule));
            if self.ledger.of_lifetime(lifetime).all(is_listed) || self.healings >= MOST_HEALINGS {
                return Ok(());
            }
            self.healings += 1;
            tracing::warn!(?family, "another program changed the rules of this real server: made anew");
            let errors = self.ledger.undo(&self.kernel, |of, _| of == lifetime).await;
            HostError::from_all(errors)?;
            self.view = self.kernel.view().await?;
        }
        let steps = real_plan::rules(&self.site(), family)?;
        self.ledger.make_all(&self.kernel, lifetime, steps).await
    }

    async fn undo(&mut self) -> Vec<HostError> {
        let mut errors = self.ledger.end(&self.kernel).await;
        errors.extend(put_local_first(&self.kernel).await.err());
        errors
    }
}
