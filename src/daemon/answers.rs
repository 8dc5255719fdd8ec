//! Answers of the director to the control socket and to those who read its metrics.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::service::DirectorService;
use crate::metrics;
use lvs::Time;
use lvs::director::{Command, CommandError, Explanation, Query, Question, Reply, ServiceEntry};
use lvs::service::{Endpoint, ServiceKey};
use lvs_control::stream::{self, Parts};
use lvs_control::{
    Applied, Counter, OnError, ReloadRefusal, ReloadRequest, Reloaded, Service, Status, StreamRequest,
    UpgradeRefusal, Upgraded, Vips, status,
};
use lvs_health::report::ServiceReport;

/// The director's name for those who watch several.
pub(super) fn host_name() -> String {
    let host = nix::sys::utsname::uname();
    host.map(|host| host.nodename().to_string_lossy().into_owned()).unwrap_or_default()
}

impl Service for DirectorService {
    async fn apply(&self, commands: Vec<Command>, on_error: OnError) -> Applied {
        self.commands.run(&commands, on_error).await
    }

    async fn reload(&self, request: ReloadRequest) -> Result<Reloaded, ReloadRefusal> {
        self.configuration.reload(request).await
    }

    async fn drain(
        &self,
        service: ServiceKey,
        server: Endpoint,
        deadline: Option<Duration>,
    ) -> Result<(), CommandError> {
        self.drains.drain(service, server, deadline).await
    }

    async fn upgrade(&self, binary: Option<PathBuf>) -> Result<Upgraded, UpgradeRefusal> {
        self.orders.upgrade(binary).await
    }

    fn stop(&self, for_restart: bool) {
        self.orders.stop(for_restart);
    }

    fn vips(&self) -> Vips {
        self.fleet.report()
    }

    async fn retire(&self, deadline_ms: u64) -> Vips {
        self.fleet.retire(Duration::from_millis(deadline_ms));
        for trouble in self.follow_up.host().await {
            tracing::warn!(trouble, "an announcement may still be there");
        }
        self.fleet.report()
    }

    async fn moved(&self) {
        // The sender lives as long as this.
        let _ = self.moved.subscribe().wait_for(|moved| *moved).await;
    }

    fn health(&self) -> Vec<ServiceReport> {
        self.health.lock().report(self.tables.clock.now())
    }

    fn query(&self, query: &Query) -> Result<Reply, CommandError> {
        self.tables.director.query(query, self.tables.clock.now())
    }

    fn counters(&self) -> Vec<Counter> {
        self.totals.counters()
    }

    fn status(&self) -> Status {
        let (drops, packets): (Vec<_>, Vec<_>) =
            self.totals.counters().into_iter().partition(|counter| counter.name.starts_with("drop_"));
        let reason = |name: String| name.strip_prefix("drop_").map_or_else(|| name.clone(), str::to_owned);
        Status {
            director: status::Process {
                name: host_name(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                pid: std::process::id(),
                started: self.started.clone(),
                uptime: self.tables.clock.now().since(Time::ZERO).as_secs(),
                config: self.configuration.file().map(Path::to_owned),
            },
            census: self.tables.director.census(),
            packets: packets.into_iter().map(|counter| (counter.name, counter.value)).collect(),
            drops: drops.into_iter().map(|counter| (reason(counter.name), counter.value)).collect(),
            queues: self.totals.queues(),
            host: self.host.state(),
            events: self.tables.events.published(),
            flow_log: self.exporters.tally(),
            sync: self.tables.sync.status(),
            fleet: self.fleet.status(),
            fast_path: self.path.fast.status(&self.tables.director),
            kept: self.kept.get(),
            sandbox: self.sandbox.clone(),
            sources: self.sources.report(),
        }
    }

    fn explain(&self, question: &Question) -> Explanation {
        self.tables.director.explain(question, self.tables.clock.now())
    }

    fn stream(&self, request: &StreamRequest) -> Parts {
        match request {
            StreamRequest::Events { past, follow } => stream::events(&self.tables.events, *past, *follow),
            StreamRequest::Entries => {
                let clock = self.tables.clock;
                stream::entries(Arc::clone(&self.tables.director), move || clock.now())
            }
            StreamRequest::Connections(filter) => {
                let clock = self.tables.clock;
                stream::connections(Arc::clone(&self.tables.director), filter.clone(), move || clock.now())
            }
            StreamRequest::States(filter) => {
                stream::states(Arc::clone(&self.tables.director), filter.clone())
            }
            StreamRequest::Capture(request) => {
                let parts = stream::packets(&self.path.taps, request);
                self.path.fast.yield_to(&self.path.taps, &self.tables.director);
                parts
            }
        }
    }
}

impl metrics::Source for DirectorService {
    fn status(&self) -> Status {
        Service::status(self)
    }

    fn services(&self) -> Vec<ServiceEntry> {
        self.tables.services()
    }

    fn now(&self) -> Time {
        self.tables.clock.now()
    }
}
