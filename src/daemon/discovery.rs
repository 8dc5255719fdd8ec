//! Sources of real servers and the tables: reports come in, commands go out.
//!
//! Owns the order: who looks at tables and changes them by what was seen holds the lock; checks of a server are declared before it
//! comes. Owns the file of what was known, for the next director. Never decides what follows from a report; that is
//! [`Discovery`]'s. Called by the daemon and on reload.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::checks::HealthChecks;
use super::drain::Drains;
use super::follow_up::FollowUp;
use super::live_tables::LiveTables;
use super::state_file::{self, Contents, StateFile};
use crate::discovery::HostNames;
use crate::discovery::tasks::{Report, Watchers};
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

/// Sources of real servers, and the tables that follow them.
#[derive(Debug)]
pub(super) struct Sources {
    tables: Arc<LiveTables>,
    checks: Arc<HealthChecks>,
    drains: Arc<Drains>,
    follow_up: Arc<FollowUp>,
    known: Mutex<Known>,
}

/// Sources, who asks them, and what they said.
#[derive(Debug, Default)]
struct Known {
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
pub(super) type SourceFile = StateFile<Kept>;

impl Contents for Kept {
    const ENDING: &'static str = ".discovered";
    const UNREADABLE: &'static str = "cannot read which servers were found before: they are found anew";
    const UNWRITTEN: &'static str = "the servers that were found will not outlive this director";
    const NOT_REMOVED: &'static str = "the servers that were found are still on disk";
    const IS_FOR_GOOD: bool = false;

    fn parse(bytes: &[u8]) -> io::Result<Self> {
        state_file::parse(bytes, VERSION)
    }

    fn bytes(&self) -> io::Result<Option<Vec<u8>>> {
        if self.services.is_empty() { Ok(None) } else { Ok(Some(serde_json::to_vec(self)?)) }
    }
}

impl Known {
    /// Goes on with what an earlier director knew.
    fn resume(&mut self, file: SourceFile) {
        self.kept = file.restore().unwrap_or_default();
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
            Err(error) => file.warn_unwritten(&error),
        }
    }
}

impl Sources {
    /// With a file, keeps the servers of sources there, and begins with those that are.
    pub(super) fn new(
        tables: Arc<LiveTables>,
        checks: Arc<HealthChecks>,
        drains: Arc<Drains>,
        follow_up: Arc<FollowUp>,
        file: Option<SourceFile>,
    ) -> Self {
        let mut known = Known::default();
        if let Some(file) = file {
            known.resume(file);
        }
        Self { tables, checks, drains, follow_up, known: Mutex::new(known) }
    }

    /// Takes over what is declared of checks and of sources. The caller has the lock.
    pub(super) fn declare(&self, declared: &Declared) {
        self.tables.director.set_found(declared.discovery.iter().map(|service| service.service));
        {
            let mut known = self.known.lock();
            let Known { state, health, watchers, .. } = &mut *known;
            state.declare(&declared.discovery, &declared.services, self.tables.clock.now());
            health.clone_from(&declared.health);
            if let Some(watchers) = watchers {
                watchers.follow(state.feeds());
            }
        }
        self.check_all();
    }

    fn check_all(&self) {
        let healths = {
            let known = self.known.lock();
            known.state.healths(&known.health)
        };
        self.checks.declare(&healths);
    }

    /// Tables as they are declared, with the servers of sources.
    pub(super) fn complete(&self, mut tables: Tables) -> Tables {
        self.known.lock().state.complete(&mut tables.services);
        tables
    }

    /// Leads the tables to what sources say of these services, or of all. True when something has changed. The caller has the
    /// lock.
    pub(super) fn settle(&self, services: Option<Vec<ServiceKey>>) -> bool {
        let services = services.unwrap_or_else(|| self.known.lock().state.services());
        let mut is_changed = false;
        for key in &services {
            let there = self.tables.service(key).map(|mut entry| {
                let taken_out = self.checks.undo(&mut entry);
                present(&entry, &taken_out)
            });
            let steps = self.known.lock().state.settle(key, there.as_ref(), self.tables.clock.now());
            if !steps.is_empty() {
                is_changed = true;
                self.take_steps(*key, steps);
            }
        }
        if !services.is_empty() {
            self.known.lock().keep();
        }
        is_changed
    }

    fn take_steps(&self, service: ServiceKey, steps: Steps) {
        let Steps { goes, comes, drains } = steps;
        self.apply_all(service, &goes);
        self.check_all();
        self.apply_all(service, &comes);
        for drain in drains {
            self.drains.drain_now(service, drain.server, drain.timeout);
        }
    }

    fn apply_all(&self, service: ServiceKey, commands: &[Command]) {
        if commands.is_empty() {
            return;
        }
        for error in self.checks.configure(commands, OnError::Continue).into_iter().filter_map(Result::err) {
            tracing::warn!(%service, %error, "a change that follows from a source was refused");
        }
    }

    /// Takes reports in. True when tables have changed.
    async fn take_reports(&self, reports: Vec<Report>) -> bool {
        let (leaving, is_idle) = {
            let known = self.known.lock();
            (known.state.leaving(), known.state.is_empty())
        };
        if is_idle && reports.is_empty() {
            return false;
        }
        let silent = {
            let mut known = self.known.lock();
            if known.state.forget_gone(self.tables.clock.now()) {
                known.keep();
            }
            known.state.look_at_silence(self.tables.clock.now())
        };
        self.tell_all(silent);
        if reports.is_empty() && leaving.is_empty() {
            return false;
        }
        let _held = self.tables.lock.lock().await;
        let mut touched: BTreeSet<ServiceKey> = leaving.into_iter().collect();
        let vips = self.virtual_addresses();
        for Report { feed, said } in reports {
            let taken = self.known.lock().state.take(&feed, said, &vips, self.tables.clock.now());
            touched.extend(taken.touched);
            self.tell_all(taken.events);
        }
        self.tell_left_out();
        self.settle(Some(touched.into_iter().collect()))
    }

    fn virtual_addresses(&self) -> BTreeSet<IpAddr> {
        let entries = self.tables.services();
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
            self.tables.events.publish(event);
        }
    }

    /// Says in the log which servers of sources cannot be taken, when that changes.
    fn tell_left_out(&self) {
        let reports = self.report();
        let mut known = self.known.lock();
        for report in &reports {
            let is_it = |old: &&SourceReport| old.service == report.service && old.source == report.source;
            let before = known.told.iter().find(is_it).map(|old| &old.left_out);
            let is_new = before.map_or(!report.left_out.is_empty(), |before| *before != report.left_out);
            if is_new && !report.left_out.is_empty() {
                let (service, source) = (report.service, &report.source);
                tracing::warn!(%service, source, left_out = report.left_out.join(", "), "not all servers of a source are taken");
            }
        }
        known.told = reports;
    }

    /// Asks nobody any more.
    pub(super) fn end(&self) {
        self.known.lock().watchers = None;
    }

    pub(super) fn report(&self) -> Vec<SourceReport> {
        self.known.lock().state.report(self.tables.clock.now())
    }
}

/// Begins to ask the sources that are declared, and follows what they say.
pub(super) fn start(sources: &Arc<Sources>) -> JoinHandle<()> {
    let (mut watchers, reported) = Watchers::new(HostNames, tokio::runtime::Handle::current());
    {
        let mut known = sources.known.lock();
        watchers.follow(known.state.feeds());
        known.watchers = Some(watchers);
    }
    tokio::spawn(follow(Arc::clone(sources), reported))
}

async fn follow(sources: Arc<Sources>, mut reported: mpsc::Receiver<Report>) {
    loop {
        let mut reports = Vec::with_capacity(BATCH);
        if let Ok(0) = tokio::time::timeout(TICK, reported.recv_many(&mut reports, BATCH)).await {
            return;
        }
        let _going = sources.tables.pause.read().await;
        if sources.take_reports(reports).await {
            sources.follow_up.after_change().await;
        }
    }
}
