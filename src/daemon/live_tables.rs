//! The tables of the running director: the one way to change them, with everybody told who wants to know.
//!
//! Owns the order: who looks at tables and changes them by what was seen holds [`LiveTables::lock`]. Never decides what is to
//! change. Called by commands, reloads, checks and sources.

use std::sync::Arc;

use tokio::sync::{Mutex, Notify, RwLock};

use super::access_files::AccessLists;
use super::changes::Before;
use super::clock::Clock;
use super::drain_file::{self, DrainFile};
use super::sync::SyncDaemons;
use lvs::director::{Command, CommandError, Director, Query, Reply, ServiceEntry};
use lvs::service::{Endpoint, ServiceKey};
use lvs_control::OnError;
use lvs_control::events::Events;

#[derive(Debug)]
pub(super) struct LiveTables {
    pub(super) director: Arc<Director>,
    pub(super) clock: Clock,
    pub(super) events: Arc<Events>,
    pub(super) sync: Arc<SyncDaemons>,
    /// Held while tables are looked at and changed by what was seen.
    pub(super) lock: Mutex<()>,
    /// Held by whatever changes the director beside its queues, and by who hands it over, alone.
    pub(super) pause: Arc<RwLock<()>>,
    /// Rung after every change by commands.
    pub(super) changed: Notify,
    /// Rung after every change, also by checks, for who keeps the tables on disk.
    pub(super) to_keep: Notify,
    access: AccessLists,
    /// None where the marks of drained servers end with the process.
    drain_file: Option<DrainFile>,
}

impl LiveTables {
    pub(super) fn new(
        director: Arc<Director>,
        clock: Clock,
        events: Arc<Events>,
        sync: Arc<SyncDaemons>,
        drain_file: Option<DrainFile>,
    ) -> Self {
        let access = AccessLists::new(Arc::clone(&director), clock);
        let pause = Arc::clone(sync.pause());
        let (lock, changed, to_keep) = (Mutex::new(()), Notify::new(), Notify::new());
        Self { director, clock, events, sync, lock, pause, changed, to_keep, access, drain_file }
    }

    /// Changes tables, and tells who wants to know. The caller has the lock.
    pub(super) fn change(&self, commands: &[Command], on_error: OnError) -> Vec<Result<(), CommandError>> {
        let before = Before::of(&self.director, commands, self.clock.now());
        let mut results = self.access.run(commands, on_error);
        self.follow_daemons(commands, &mut results);
        for event in before.events(&self.director, commands, &results, self.clock.now()) {
            self.events.publish(event);
        }
        for (command, result) in commands.iter().zip(&results) {
            if result.is_ok() {
                announce(command);
            }
        }
        if let Some(file) = self.drain_file.as_ref().filter(|_| changes_drains(commands, &results)) {
            drain_file::keep(file, self.director.drained());
        }
        self.to_keep.notify_one();
        results
    }

    /// Starts and stops sync daemons. One that cannot be started fails the command that wanted it.
    fn follow_daemons(&self, commands: &[Command], results: &mut [Result<(), CommandError>]) {
        for (role, error) in self.sync.follow() {
            let wants =
                |command: &Command| matches!(command, Command::StartDaemon(spec) if spec.role == role);
            match commands.iter().zip(results.iter_mut()).rev().find(|(command, _)| wants(command)) {
                Some((_, result)) => *result = Err(error),
                None => self.sync.trouble(&error),
            }
        }
    }

    /// Reads the files of prefixes again, as a director has to that took the services over.
    pub(super) fn read_access_files(&self) {
        self.access.read_again(self.services());
    }

    pub(super) fn services(&self) -> Vec<ServiceEntry> {
        match self.director.query(&Query::Services, self.clock.now()) {
            Ok(Reply::Services(services)) => services,
            _ => Vec::new(),
        }
    }

    pub(super) fn service(&self, key: &ServiceKey) -> Option<ServiceEntry> {
        match self.director.query(&Query::Service(*key), self.clock.now()) {
            Ok(Reply::Services(services)) => services.into_iter().next(),
            _ => None,
        }
    }
}

fn changes_drains(commands: &[Command], results: &[Result<(), CommandError>]) -> bool {
    let is_mark = |command: &Command| matches!(command, Command::SetDrained { .. });
    commands.iter().zip(results).any(|(command, result)| is_mark(command) && result.is_ok())
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
            real = %server.endpoint(),
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
