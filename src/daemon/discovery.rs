//! Sources of real servers and the tables: reports come in, commands go out.
//!
//! Owns the order: who looks at tables and changes them by what was seen holds the turn; checks of a server are declared before it
//! comes. Owns the file of what was known, for the next director. Never decides what follows from a report; that is
//! [`Discovery`]'s. Called by the daemon and on reload.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::DaemonError;
use super::service::{DirectorService, new_families};
use super::state_file::{self, with_ending};
use crate::discovery::HostNames;
use crate::discovery::tasks::{Report, Watchers};
use crate::metrics;
use lvs::director::{Command, Tables};
use lvs::service::ServiceKey;
use lvs_config::Declared;
use lvs_control::OnError;
use lvs_discovery::kept::{Kept, VERSION};
use lvs_discovery::report::SourceReport;
use lvs_discovery::state::{Discovery, Steps, present};
use lvs_events::Event;
use lvs_health::spec::ServiceHealth;

/// How often it is looked whether a server that leaves has lost its connections.
const TICK: Duration = Duration::from_millis(200);

/// Reports that are looked at together.
const BATCH: usize = 16;

/// Sources, and who asks them.
#[derive(Debug, Default)]
pub(super) struct Sources {
    state: Discovery,
    /// Health as it is declared, without the servers of sources.
    health: Vec<ServiceHealth>,
    /// None before they are started and after their end.
    watchers: Option<Watchers<HostNames>>,
    file: Option<SourceFile>,
    /// Contents of the file.
    kept: Kept,
    told: Vec<SourceReport>,
}

/// Servers of sources on disk, beside the control socket.
#[derive(Debug)]
pub(super) struct SourceFile {
    path: PathBuf,
}

impl SourceFile {
    pub(super) fn beside(socket: &Path) -> Self {
        Self { path: with_ending(socket, ".discovered") }
    }

    fn restore(&self) -> Kept {
        let file = self.path.display();
        match self.read() {
            Ok(kept) => kept,
            Err(error) => {
                let kept = state_file::move_aside(&self.path).unwrap_or_default();
                let kept = kept.display();
                tracing::warn!(%file, %error, %kept, "cannot read which servers were found before: they are found anew");
                Kept::default()
            }
        }
    }

    fn read(&self) -> io::Result<Kept> {
        let text = state_file::read(&self.path)?;
        text.map_or_else(|| Ok(Kept::default()), |text| state_file::parse(&text, VERSION))
    }

    fn write(&self, kept: &Kept) -> io::Result<()> {
        if kept.services.is_empty() {
            return state_file::remove(&self.path);
        }
        state_file::replace_for_this_boot(&self.path, &serde_json::to_vec(kept)?)
    }
}

impl Sources {
    /// Goes on with what an earlier director knew.
    pub(super) fn resume(&mut self, file: SourceFile) {
        self.kept = file.restore();
        self.state.resume(&self.kept);
        self.file = Some(file);
    }

    fn keep(&mut self) {
        let Some(file) = &self.file else { return };
        let kept = self.state.kept();
        if kept.services == self.kept.services {
            return;
        }
        match file.write(&kept) {
            Ok(()) => self.kept = kept,
            Err(error) => {
                let file = file.path.display();
                tracing::warn!(%file, %error, "the servers that were found will not outlive this director");
            }
        }
    }
}

impl DirectorService {
    /// Keeps the servers of sources there, and begins with those that are.
    pub(super) fn with_source_file(self, file: SourceFile) -> Self {
        self.sources.lock().resume(file);
        self
    }

    /// Takes over what is declared of checks and of sources. The caller has the turn.
    pub(super) fn declare_checks(&self, declared: &Declared) {
        self.director.set_found(declared.discovery.iter().map(|service| service.service));
        {
            let mut sources = self.sources.lock();
            let Sources { state, health, watchers, .. } = &mut *sources;
            state.declare(&declared.discovery, &declared.services, self.clock.now());
            health.clone_from(&declared.health);
            if let Some(watchers) = watchers {
                watchers.follow(state.feeds());
            }
        }
        self.check_all();
    }

    /// Makes the tables be as the configuration declares them; the host is to follow.
    pub(super) async fn declare(&self, declared: &Declared) -> Result<(), DaemonError> {
        let commands = declared.commands();
        let families = new_families(&commands);
        let refused = self.host.refused(families.clone()).await;
        if let Some((_, why)) = refused.into_iter().next() {
            return Err(why.into());
        }
        let results = {
            let _held = self.table_lock.lock().await;
            self.declare_checks(declared);
            let results = self.configure_tables(&commands, OnError::Stop);
            self.settle_sources(None);
            results
        };
        families.into_iter().try_for_each(|family| self.host.workable(family))?;
        Ok(results.into_iter().collect::<Result<(), _>>()?)
    }

    fn check_all(&self) {
        let healths = {
            let sources = self.sources.lock();
            sources.state.healths(&sources.health)
        };
        self.check(&healths);
    }

    /// Tables as they are declared, with the servers of sources.
    pub(super) fn with_sources(&self, mut tables: Tables) -> Tables {
        self.sources.lock().state.complete(&mut tables.services);
        tables
    }

    /// Leads the tables to what sources say of these services, or of all. True when something has changed. The caller has the
    /// turn.
    pub(super) fn settle_sources(&self, services: Option<Vec<ServiceKey>>) -> bool {
        let services = services.unwrap_or_else(|| self.sources.lock().state.services());
        let mut is_changed = false;
        for key in &services {
            let there = self.entry(key).map(|mut entry| {
                let taken_out = self.health.lock().undo(&mut entry);
                present(&entry, &taken_out)
            });
            let steps = self.sources.lock().state.settle(key, there.as_ref(), self.clock.now());
            if !steps.is_empty() {
                is_changed = true;
                self.take_steps(*key, steps);
            }
        }
        if !services.is_empty() {
            self.sources.lock().keep();
        }
        is_changed
    }

    fn take_steps(&self, service: ServiceKey, steps: Steps) {
        let Steps { goes, comes, drains } = steps;
        self.apply_all(service, &goes);
        self.check_all();
        self.apply_all(service, &comes);
        for (server, deadline) in drains {
            self.drain_now(service, server, deadline);
        }
    }

    fn apply_all(&self, service: ServiceKey, commands: &[Command]) {
        if commands.is_empty() {
            return;
        }
        for error in self.configure_tables(commands, OnError::Continue).into_iter().filter_map(Result::err) {
            tracing::warn!(%service, %error, "a change that follows from a source was refused");
        }
    }

    /// Takes reports in. True when tables have changed.
    async fn take_reports(&self, reports: Vec<Report>) -> bool {
        let (leaving, is_idle) = {
            let sources = self.sources.lock();
            (sources.state.leaving(), sources.state.is_empty())
        };
        if is_idle && reports.is_empty() {
            return false;
        }
        let silent = {
            let mut sources = self.sources.lock();
            if sources.state.forget_gone(self.clock.now()) {
                sources.keep();
            }
            sources.state.look_at_silence(self.clock.now())
        };
        self.tell_all(silent);
        if reports.is_empty() && leaving.is_empty() {
            return false;
        }
        let _held = self.table_lock.lock().await;
        let mut touched: BTreeSet<ServiceKey> = leaving.into_iter().collect();
        let vips = self.virtual_addresses();
        for Report { feed, said } in reports {
            let taken = self.sources.lock().state.take(&feed, said, &vips, self.clock.now());
            touched.extend(taken.touched);
            self.tell_all(taken.events);
        }
        self.tell_left_out();
        self.settle_sources(Some(touched.into_iter().collect()))
    }

    fn virtual_addresses(&self) -> BTreeSet<IpAddr> {
        let entries = metrics::Source::services(self);
        let addr = |key: ServiceKey| match key {
            ServiceKey::Address { addr, .. } => Some(addr),
            ServiceKey::Mark { .. } => None,
        };
        entries.into_iter().filter_map(|entry| addr(entry.spec.key)).collect()
    }

    fn tell_all(&self, events: Vec<Event>) {
        for event in events {
            match &event {
                Event::DiscoveryFailed { service, source, reason } => {
                    tracing::warn!(%service, source, reason, "a source says nothing: its last servers stay");
                }
                Event::DiscoveryRecovered { service, source } => {
                    tracing::info!(%service, source, "a source speaks again");
                }
                _ => {}
            }
            self.events.publish(event);
        }
    }

    /// Says in the log which servers of sources cannot be taken, when that changes.
    fn tell_left_out(&self) {
        let reports = self.source_reports();
        let mut sources = self.sources.lock();
        for report in &reports {
            let is_it = |old: &&SourceReport| old.service == report.service && old.source == report.source;
            let before = sources.told.iter().find(is_it).map(|old| &old.left_out);
            let is_new = before.map_or(!report.left_out.is_empty(), |before| *before != report.left_out);
            if is_new && !report.left_out.is_empty() {
                let (service, source) = (report.service, &report.source);
                tracing::warn!(%service, source, left_out = report.left_out.join(", "), "not all servers of a source are taken");
            }
        }
        sources.told = reports;
    }

    /// Asks nobody any more.
    pub(super) fn end_sources(&self) {
        self.sources.lock().watchers = None;
    }

    pub(super) fn source_reports(&self) -> Vec<SourceReport> {
        self.sources.lock().state.report(self.clock.now())
    }
}

/// Begins to ask the sources that are declared, and follows what they say.
pub(super) fn start(live: &Arc<DirectorService>) -> JoinHandle<()> {
    let (mut watchers, reported) = Watchers::new(HostNames, tokio::runtime::Handle::current());
    {
        let mut sources = live.sources.lock();
        watchers.follow(sources.state.feeds());
        sources.watchers = Some(watchers);
    }
    tokio::spawn(follow(Arc::clone(live), reported))
}

async fn follow(live: Arc<DirectorService>, mut reported: mpsc::Receiver<Report>) {
    loop {
        let mut reports = Vec::with_capacity(BATCH);
        if let Ok(0) = tokio::time::timeout(TICK, reported.recv_many(&mut reports, BATCH)).await {
            return;
        }
        let _going = live.pause.read().await;
        if live.take_reports(reports).await {
            live.follow_changed().await;
        }
    }
}
