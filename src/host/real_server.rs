//! Applies the plan of a real server to its host, follows the host's own addresses, and takes everything back.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use super::change::Step;
use super::error::HostError;
use super::journal::Journal;
use super::kernel::{Kernel, Netlink};
use super::plumbing::{end_journal, free_tables, take, take_back};
use super::real_plan::{self, Site};
use super::view::View;
use crate::lvs::service::Family;

/// What the daemon tells the host edge once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RealServerOptions {
    pub vips: Vec<IpAddr>,
    /// Whose families encapsulated packets may come by; those of all own addresses if there are none.
    pub directors: Vec<IpAddr>,
    pub ipip: bool,
    pub gre: bool,
    pub gue_ports: Vec<u16>,
    /// The device that packets come out of.
    pub tun: String,
    /// The first routing table tried.
    pub table_base: u32,
    pub tx_queue_len: u32,
    pub journal: Option<PathBuf>,
}

impl RealServerOptions {
    /// Whether packets come inside others; with direct routing alone they do not.
    pub fn has_tunnels(&self) -> bool {
        self.ipip || self.gre || !self.gue_ports.is_empty()
    }
}

/// Rules are made anew so often at most: a kernel that lists them otherwise than they were made is believed to have
/// them.
const MOST_HEALINGS: u32 = 20;

/// What was changed on the host of a real server.
#[derive(Debug)]
pub struct RealPlumbing {
    host: RealHost<Netlink>,
}

impl RealPlumbing {
    /// Prepares the host, whose TUN device exists.
    ///
    /// # Errors
    /// A step failed; those before it are undone.
    pub async fn start(options: RealServerOptions) -> Result<Self, HostError> {
        let mut host = RealHost::new(Netlink::connect()?, options).await?;
        match host.start().await {
            Ok(()) => Ok(Self { host }),
            Err(error) => {
                for error in host.undo().await {
                    tracing::warn!(%error, "not undone");
                }
                Err(error)
            }
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
        let host = RealHost::new(Netlink::connect()?, RealServerOptions { journal: None, ..options }).await?;
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
    journal: Option<Journal>,
    /// Steps that stay until the end.
    base: Vec<Step>,
    /// Steps that follow the host's addresses.
    following: Vec<Step>,
    rules: BTreeMap<Family, Vec<Step>>,
    /// How often rules were made anew.
    healings: u32,
}

impl<K: Kernel> RealHost<K> {
    async fn new(kernel: K, options: RealServerOptions) -> Result<Self, HostError> {
        let view = kernel.view().await?;
        let table = free_tables(&view, options.table_base)?.vip;
        let journal = options.journal.as_deref().map(Journal::begin).transpose()?;
        let (base, following, rules) = (Vec::new(), Vec::new(), BTreeMap::new());
        Ok(Self { kernel, options, table, view, journal, base, following, rules, healings: 0 })
    }

    const fn site(&self) -> Site<'_> {
        Site { options: &self.options, table: self.table, view: &self.view }
    }

    async fn start(&mut self) -> Result<(), HostError> {
        let steps = real_plan::base(&self.site(), &|key| self.kernel.sysctl(key))?;
        let taken = self.take(steps).await?;
        self.base.extend(taken);
        self.reconcile().await
    }

    async fn reconcile(&mut self) -> Result<(), HostError> {
        self.view = self.kernel.view().await?;
        let wanted = real_plan::follow(&self.site());
        let (kept, gone): (Vec<Step>, Vec<Step>) =
            std::mem::take(&mut self.following).into_iter().partition(|step| wanted.contains(step));
        let mut errors = take_back(&self.kernel, &gone).await;
        self.following = kept;
        let new: Vec<Step> = wanted.into_iter().filter(|step| !self.following.contains(step)).collect();
        let taken = self.take(new).await?;
        self.following.extend(taken);
        for family in self.site().families() {
            errors.extend(self.lead(family).await.err());
        }
        HostError::from_all(errors)
    }

    /// Puts the rules of a family in; anew where another program removed some of them.
    async fn lead(&mut self, family: Family) -> Result<(), HostError> {
        if let Some(rules) = self.rules.get(&family) {
            let listed = |step: &Step| step.added_rule().is_none_or(|rule| self.view.rules.contains(rule));
            if rules.iter().all(listed) || self.healings >= MOST_HEALINGS {
                return Ok(());
            }
            self.healings += 1;
            tracing::warn!(?family, "another program changed the rules of this real server: made anew");
            let rules = self.rules.remove(&family).unwrap_or_default();
            let errors = take_back(&self.kernel, &rules).await;
            HostError::from_all(errors)?;
            self.view = self.kernel.view().await?;
        }
        let steps = real_plan::rules(&self.site(), family)?;
        let taken = self.take(steps).await?;
        self.rules.insert(family, taken);
        Ok(())
    }

    async fn take(&mut self, steps: Vec<Step>) -> Result<Vec<Step>, HostError> {
        if let Some(journal) = &mut self.journal {
            journal.note(&steps)?;
        }
        take(&self.kernel, steps).await
    }

    async fn undo(&mut self) -> Vec<HostError> {
        let mut errors = Vec::new();
        for steps in std::mem::take(&mut self.rules).values() {
            errors.extend(take_back(&self.kernel, steps).await);
        }
        errors.extend(take_back(&self.kernel, &std::mem::take(&mut self.following)).await);
        errors.extend(take_back(&self.kernel, &std::mem::take(&mut self.base)).await);
        end_journal(&mut self.journal, &mut errors);
        errors
    }
}
