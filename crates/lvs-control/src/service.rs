//! The side that answers requests, as the server sees it.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};

use super::fleet::Vips;
use super::interface;
use super::protocol::{Counter, OnError};
use super::reload::{ReloadRefusal, ReloadRequest, Reloaded};
use super::status::Status;
use super::stream::{Parts, StreamRequest, connections, entries, states};
use super::upgrade::{UpgradeRefusal, Upgraded};
use ipvsadm::Applied;
use lvs::Time;
use lvs::director::{Command, CommandError, Director, Explanation, Query, Question, Reply};
use lvs::service::{Endpoint, ServiceKey};
use lvs_health::report::ServiceReport;

/// Answers the requests of all connections, concurrently.
pub trait Service: Send + Sync + 'static {
    /// Changes the tables, and whatever on the host follows from them, before it answers. Runs to its end even
    /// when the client is gone.
    fn apply(&self, commands: Vec<Command>, on_error: OnError) -> impl Future<Output = Applied> + Send;

    /// # Errors
    /// The subject of the query does not exist.
    fn query(&self, query: &Query) -> Result<Reply, CommandError>;

    fn counters(&self) -> Vec<Counter> {
        Vec::new()
    }

    /// Everything at a glance.
    fn status(&self) -> Status {
        Status::default()
    }

    /// Explains the decision about a packet.
    fn explain(&self, question: &Question) -> Explanation;

    /// Reads the configuration file again, or compares with what was read. Runs to its end even when the client is
    /// gone.
    fn reload(&self, request: ReloadRequest) -> impl Future<Output = Result<Reloaded, ReloadRefusal>> + Send {
        let _ = request;
        std::future::ready(Err(ReloadRefusal::NoFile))
    }

    /// Begins to drain a server.
    ///
    /// # Errors
    /// No such server exists.
    fn drain(
        &self,
        service: ServiceKey,
        server: Endpoint,
        deadline: Option<Duration>,
    ) -> impl Future<Output = Result<(), CommandError>> + Send {
        let _ = deadline;
        async move { Err(CommandError::NoSuchServer { service, server }) }
    }

    /// How it stands with services under checks.
    fn health(&self) -> Vec<ServiceReport> {
        Vec::new()
    }

    /// Has another process take over. Runs to its end even when the client is gone.
    fn upgrade(
        &self,
        binary: Option<PathBuf>,
    ) -> impl Future<Output = Result<Upgraded, UpgradeRefusal>> + Send {
        let _ = binary;
        std::future::ready(Err(UpgradeRefusal::Nothing))
    }

    /// Begins to stop the director; with `for_restart` the next one is to find everything as it is.
    fn stop(&self, for_restart: bool) {
        let _ = for_restart;
    }

    /// The virtual addresses that are announced, and why others are not.
    fn vips(&self) -> Vips {
        Vips::default()
    }

    /// Withdraws all announcements; the director ends when its traffic has gone, or after this many milliseconds.
    fn retire(&self, deadline_ms: u64) -> impl Future<Output = Vips> + Send {
        let _ = deadline_ms;
        std::future::ready(Vips::default())
    }

    /// Done when another process has taken over, which is to be asked from then on.
    fn moved(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }

    /// An answer in parts. Holds no lock between two of them: the client may be slow.
    fn stream(&self, request: &StreamRequest) -> Parts {
        let _ = request;
        stream::empty().boxed()
    }
}

/// A director without devices and host: tables only.
pub struct Bare<Now> {
    director: Arc<Director>,
    now: Arc<Now>,
}

impl<Now: Fn() -> Time + Send + Sync + 'static> Bare<Now> {
    pub fn new(director: Arc<Director>, now: Now) -> Self {
        Self { director, now: Arc::new(now) }
    }
}

impl<Now> fmt::Debug for Bare<Now> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bare").field("director", &self.director).finish_non_exhaustive()
    }
}

impl<Now: Fn() -> Time + Send + Sync + 'static> Service for Bare<Now> {
    async fn apply(&self, commands: Vec<Command>, on_error: OnError) -> Applied {
        Applied { results: run(&self.director, &commands, on_error, (self.now)()), warnings: Vec::new() }
    }

    fn query(&self, query: &Query) -> Result<Reply, CommandError> {
        self.director.query(query, (self.now)())
    }

    fn explain(&self, question: &Question) -> Explanation {
        self.director.explain(question, (self.now)())
    }

    fn stream(&self, request: &StreamRequest) -> Parts {
        let (director, now) = (Arc::clone(&self.director), Arc::clone(&self.now));
        match request {
            StreamRequest::Entries => entries(director, move || now()),
            StreamRequest::Connections(filter) => connections(director, filter.clone(), move || now()),
            StreamRequest::States(filter) => states(director, filter.clone()),
            StreamRequest::Events { .. } | StreamRequest::Capture(_) => stream::empty().boxed(),
        }
    }
}

/// Runs a batch on the tables.
pub fn run(
    director: &Director,
    commands: &[Command],
    on_error: OnError,
    now: Time,
) -> Vec<Result<(), CommandError>> {
    let mut results = Vec::with_capacity(commands.len());
    for command in commands {
        let result = interface::resolve(director, command).and_then(|command| director.apply(&command, now));
        tracing::debug!(?command, ?result, "command");
        let stop = result.is_err() && on_error == OnError::Stop;
        results.push(result);
        if stop {
            break;
        }
    }
    results
}
