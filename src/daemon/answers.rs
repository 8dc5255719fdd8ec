//! Answers of the director to the control socket and to those who read its metrics.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::service::DirectorService;
use super::serving::Order;
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

impl Service for DirectorService {
    async fn apply(&self, commands: Vec<Command>, on_error: OnError) -> Applied {
        self.change(&commands, on_error).await
    }

    async fn reload(&self, request: ReloadRequest) -> Result<Reloaded, ReloadRefusal> {
        Self::reload(self, request).await
    }

    async fn drain(
        &self,
        service: ServiceKey,
        server: Endpoint,
        deadline: Option<Duration>,
    ) -> Result<(), CommandError> {
        Self::drain(self, service, server, deadline).await
    }

    async fn upgrade(&self, binary: Option<PathBuf>) -> Result<Upgraded, UpgradeRefusal> {
        let orders = self.orders.as_ref().ok_or(UpgradeRefusal::Nothing)?;
        let (answer, answered) = oneshot::channel();
        orders.send(Order::Upgrade { binary, answer }).map_err(|_| UpgradeRefusal::Stopping)?;
        answered.await.unwrap_or(Err(UpgradeRefusal::Stopping))
    }

    fn stop(&self, for_restart: bool) {
        // Nobody takes orders any more where it stops already.
        let _ = self.orders.as_ref().map(|orders| orders.send(Order::Stop { for_restart }));
    }

    fn vips(&self) -> Vips {
        self.vip_reports()
    }

    async fn retire(&self, deadline_ms: u64) -> Vips {
        self.begin_to_retire(Duration::from_millis(deadline_ms)).await
    }

    async fn moved(&self) {
        // The sender lives as long as this.
        let _ = self.moved.subscribe().wait_for(|moved| *moved).await;
    }

    fn health(&self) -> Vec<ServiceReport> {
        self.health.lock().report(self.clock.now())
    }

    fn query(&self, query: &Query) -> Result<Reply, CommandError> {
        self.director.query(query, self.clock.now())
    }

    fn counters(&self) -> Vec<Counter> {
        self.counted()
    }

    fn status(&self) -> Status {
        let (drops, packets): (Vec<_>, Vec<_>) =
            self.counted().into_iter().partition(|counter| counter.name.starts_with("drop_"));
        let reason = |name: String| name.strip_prefix("drop_").map_or_else(|| name.clone(), str::to_owned);
        Status {
            director: status::Process {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                pid: std::process::id(),
                started: self.started.clone(),
                uptime: self.clock.now().since(Time::ZERO).as_secs(),
                config: self.config.clone(),
            },
            census: self.director.census(),
            packets: packets.into_iter().map(|counter| (counter.name, counter.value)).collect(),
            drops: drops.into_iter().map(|counter| (reason(counter.name), counter.value)).collect(),
            queues: self.queues(),
            host: self.host.state(),
            events: self.events.published(),
            flow_log: self.exporters.tally(),
            sync: self.sync.status(),
            fleet: self.fleet.status(),
            fast_path: self.fast_path_status(),
            kept: self.kept.get(),
            sandbox: self.sandbox.clone(),
            sources: self.source_reports(),
        }
    }

    fn explain(&self, question: &Question) -> Explanation {
        self.director.explain(question, self.clock.now())
    }

    fn stream(&self, request: &StreamRequest) -> Parts {
        match request {
            StreamRequest::Events { past, follow } => stream::events(&self.events, *past, *follow),
            StreamRequest::Entries => {
                let clock = self.clock;
                stream::entries(Arc::clone(&self.director), move || clock.now())
            }
            StreamRequest::Connections(filter) => {
                let clock = self.clock;
                stream::connections(Arc::clone(&self.director), filter.clone(), move || clock.now())
            }
            StreamRequest::States(filter) => stream::states(Arc::clone(&self.director), filter.clone()),
            StreamRequest::Capture(request) => {
                let parts = stream::packets(&self.taps, request);
                self.fast.yield_to(&self.taps, &self.director);
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
        match self.director.query(&Query::Services, self.clock.now()) {
            Ok(Reply::Services(services)) => services,
            _ => Vec::new(),
        }
    }

    fn now(&self) -> Time {
        self.clock.now()
    }
}
