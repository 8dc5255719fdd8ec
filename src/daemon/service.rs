//! The director as the control socket sees it: tables, and the host that follows them.

use std::sync::Arc;

use tokio::sync::Notify;

use super::clock::Clock;
use super::counters::{self, QueueCounters};
use crate::control::service::run;
use crate::control::{Applied, Counter, OnError, Service};
use crate::lvs::director::{Command, CommandError, Director, Query, Reply};
use crate::lvs::service::Endpoint;

#[derive(Debug)]
pub(super) struct Live {
    pub(super) director: Arc<Director>,
    pub(super) clock: Clock,
    counters: Vec<Arc<QueueCounters>>,
    /// Rung after every change of the tables by commands.
    pub(super) changed: Notify,
}

impl Live {
    pub(super) fn new(director: Arc<Director>, clock: Clock) -> Self {
        Self { director, clock, counters: Vec::new(), changed: Notify::new() }
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
        self.changed.notify_one();
        Applied { results, warnings: Vec::new() }
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
