//! The director as the control socket sees it: tables, and the host that follows them.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::{Mutex, Notify};

use super::DaemonError;
use super::clock::Clock;
use super::counters::{self, QueueCounters};
use super::marks::MarkTuns;
use crate::config::Declared;
use crate::control::service::run;
use crate::control::{Applied, Counter, OnError, Service};
use crate::host::Plumbing;
use crate::lvs::director::{Command, CommandError, Director, Query, Reply};
use crate::lvs::service::Endpoint;

/// What follows the tables outside of the core.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) plumbing: Plumbing,
    marks: MarkTuns,
}

#[derive(Debug)]
pub(super) struct Live {
    pub(super) director: Arc<Director>,
    pub(super) clock: Clock,
    counters: Vec<Arc<QueueCounters>>,
    /// The host that follows the tables; none where nothing of it is to be changed.
    host: Mutex<Option<Host>>,
    /// Rung after every change of the tables by commands.
    pub(super) changed: Notify,
}

impl Live {
    pub(super) fn new(director: Arc<Director>, clock: Clock) -> Self {
        Self { director, clock, counters: Vec::new(), host: Mutex::new(None), changed: Notify::new() }
    }

    /// Adds the counters of these queues to what is reported.
    pub(super) fn count(&mut self, queues: impl IntoIterator<Item = Arc<QueueCounters>>) {
        self.counters.extend(queues);
    }

    /// Changes tables, then the host.
    pub(super) async fn change(&self, commands: &[Command], on_error: OnError) -> Applied {
        let results = run(&self.director, commands, on_error, self.clock.now());
        for (command, result) in commands.iter().zip(&results) {
            if result.is_ok() {
                announce(command);
            }
        }
        let warnings = self.follow().await;
        self.changed.notify_one();
        Applied { results, warnings }
    }

    /// Makes the tables be as the configuration declares them.
    pub(super) async fn follow_declared(&self, declared: &Declared) -> Result<(), DaemonError> {
        let applied = self.change(&declared.commands(), OnError::Stop).await;
        Ok(applied.results.into_iter().collect::<Result<(), _>>()?)
    }

    /// Gives the host whose plumbing follows the tables from now on.
    pub(super) async fn attach(&self, plumbing: Plumbing, marks: MarkTuns) {
        *self.host.lock().await = Some(Host { plumbing, marks });
    }

    /// Takes the host back, for its undoing.
    pub(super) async fn detach(&self) -> Option<Host> {
        self.host.lock().await.take()
    }

    /// Makes the host follow the tables, and the director know the host's routes. What could not be done, as
    /// sentences.
    pub(super) async fn follow(&self) -> Vec<String> {
        let mut host = self.host.lock().await;
        let Some(Host { plumbing, marks }) = host.as_mut() else { return Vec::new() };
        let captures = self.director.captures();
        let wanted: BTreeSet<u32> = captures.marks.iter().map(|(mark, _)| *mark).collect();
        let mut warnings = Vec::new();
        if let Err(error) = marks.open(&wanted, &self.director, self.clock) {
            tracing::warn!(%error, "a mark is not served");
            warnings.push(error.to_string());
        }
        if let Err(error) = plumbing.reconcile(&captures, &marks.names()).await {
            tracing::warn!(%error, "the host does not follow");
            warnings.push(error.to_string());
        }
        marks.close_others(&wanted);
        self.director.set_routes(plumbing.routes());
        warnings
    }
}

impl Service for Live {
    async fn apply(&self, commands: Vec<Command>, on_error: OnError) -> Applied {
        self.change(&commands, on_error).await
    }

    fn query(&self, query: &Query) -> Result<Reply, CommandError> {
        self.director.query(query, self.clock.now())
    }

    fn counters(&self) -> Vec<Counter> {
        counters::sum(self.counters.iter().map(AsRef::as_ref))
    }
}

/// One line for what an operator wants to find in the log; the rest is at debug level.
fn announce(command: &Command) {
    match command {
        Command::AddService(spec) => {
            tracing::info!(service = %spec.key, scheduler = spec.scheduler, "service added");
        }
        Command::DeleteService(key) => tracing::info!(service = %key, "service removed"),
        Command::AddServer { service, server } => tracing::info!(
            service = %service,
            real = %Endpoint::new(server.addr, server.port),
            forward = server.forwarding.name(),
            weight = server.weight,
            "real server added"
        ),
        Command::DeleteServer { service, addr, port } => {
            tracing::info!(service = %service, real = %Endpoint::new(*addr, *port), "real server removed");
        }
        Command::Flush => tracing::info!("all services removed"),
        _ => {}
    }
}
