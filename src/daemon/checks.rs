//! Health checks and the tables: findings come in, commands go out.
//!
//! Owns the order: who looks at tables and changes them by what was seen holds the lock. Never decides what follows
//! from a finding; that is [`Health`]'s. Called by the daemon and on reload.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::follow_up::FollowUp;
use super::live_tables::LiveTables;
use crate::health::tasks::{Checks, Finding};
use lvs::director::{Command, CommandError, ServiceEntry};
use lvs::service::{Endpoint, ServerSpec, ServiceKey};
use lvs_control::OnError;
use lvs_events::Event;
use lvs_health::spec::{Script, ServiceHealth};
use lvs_health::state::{Action, Health};

/// How often it is looked whether a share is to grow.
const TICK: Duration = Duration::from_millis(100);

/// Findings that are looked at together.
const BATCH: usize = 256;

/// Time that the last scripts have when the director ends.
const LAST_SCRIPTS_TIMEOUT: Duration = Duration::from_secs(5);

/// Checks of servers that run, and what is known by them.
#[derive(Debug)]
pub(super) struct HealthChecks {
    tables: Arc<LiveTables>,
    health: Arc<Mutex<Health>>,
    /// None before they are started and after their end.
    running: Mutex<Option<Checks>>,
    follow_up: Arc<FollowUp>,
}

impl HealthChecks {
    pub(super) fn new(tables: Arc<LiveTables>, health: Arc<Mutex<Health>>, follow_up: Arc<FollowUp>) -> Self {
        Self { tables, health, running: Mutex::default(), follow_up }
    }

    /// Takes over what is declared of checks. The caller has the lock.
    pub(super) fn declare(&self, wanted: &[ServiceHealth]) {
        self.tables.director.expect_pinned_answers(has_pinned_flows(wanted));
        let mut health = self.health.lock();
        health.declare(wanted, self.tables.clock.now());
        if let Some(checks) = &mut *self.running.lock() {
            checks.follow(health.checks().map(|(id, check)| (id, check, health.is_up(&id).unwrap_or(true))));
        }
    }

    /// Makes a service of the table be as it was declared; returns the servers that checks have taken out.
    pub(super) fn undo(&self, entry: &mut ServiceEntry) -> Vec<ServerSpec> {
        self.health.lock().undo(entry)
    }

    /// Applies the configuration's commands as far as checks let them. The caller has the lock.
    pub(super) fn configure(&self, commands: &[Command], on_error: OnError) -> Vec<Result<(), CommandError>> {
        let now = self.tables.clock.now();
        let admitted: Vec<Command> = {
            let mut health = self.health.lock();
            commands
                .iter()
                .filter_map(|command| match command {
                    Command::Replace(tables) => {
                        Some(Command::Replace(health.admit_tables(tables.clone(), now)))
                    }
                    command => health.admit(command, now),
                })
                .collect()
        };
        let results = self.tables.change(&admitted, on_error);
        self.settle_all();
        results
    }

    /// Somebody has changed tables by hand; what checks had done already is no mistake. The caller has the lock.
    pub(super) fn follow_hand(&self, commands: &[Command], results: &mut [Result<(), CommandError>]) {
        if self.health.lock().is_empty() {
            return;
        }
        let mut touched = BTreeSet::new();
        for (command, result) in commands.iter().zip(results) {
            match command {
                Command::DeleteServer { service, addr, port } => {
                    let server = Endpoint::new(*addr, *port);
                    if matches!(result, Err(CommandError::NoSuchServer { .. }))
                        && self.health.lock().dismiss(service, &server)
                    {
                        *result = Ok(());
                    }
                    touched.insert(*service);
                }
                Command::AddServer { service, .. }
                | Command::EditServer { service, .. }
                | Command::SetDrained { service, .. }
                | Command::DeleteService(service) => {
                    touched.insert(*service);
                }
                Command::AddService(spec) => {
                    touched.insert(spec.key);
                }
                Command::Flush | Command::Replace(_) => {
                    self.settle_all();
                    return;
                }
                _ => {}
            }
        }
        self.settle(touched);
    }

    pub(super) fn settle_all(&self) {
        let keys: Vec<ServiceKey> = self.health.lock().services().copied().collect();
        self.settle(keys);
    }

    /// Does what is to be done for these services. The caller has the lock.
    fn settle(&self, services: impl IntoIterator<Item = ServiceKey>) {
        for key in services {
            let entry = self.tables.service(&key);
            let actions = self.health.lock().settle(&key, entry.as_ref(), self.tables.clock.now());
            for action in actions {
                self.act(action);
            }
        }
    }

    fn act(&self, action: Action) {
        match action {
            Action::Apply(command) => {
                for error in self.tables.change(&[command], OnError::Stop).into_iter().filter_map(Result::err)
                {
                    tracing::warn!(%error, "a change that follows from a check was refused");
                }
            }
            Action::Publish(event) => {
                match &event {
                    Event::ServerDown { service, server, reason } => {
                        tracing::warn!(%service, real = %server, reason, "real server down");
                    }
                    Event::ServerUp { service, server, .. } => {
                        tracing::info!(%service, real = %server, "real server up");
                    }
                    Event::ServiceDown { service, reason } => {
                        tracing::warn!(%service, reason, "quorum lost");
                    }
                    Event::ServiceUp { service, reason } => tracing::info!(%service, reason, "quorum gained"),
                    _ => {}
                }
                self.tables.events.publish(event);
            }
            Action::Run(script) => {
                if let Some(checks) = &*self.running.lock() {
                    checks.run(script);
                }
            }
        }
    }

    /// Takes findings in. True when tables may have changed.
    async fn take_in(&self, findings: &[Finding]) -> bool {
        if self.health.lock().is_empty() {
            return false;
        }
        let _held = self.tables.lock.lock().await;
        let now = self.tables.clock.now();
        let mut touched = BTreeSet::new();
        {
            let (mut health, checks) = (self.health.lock(), self.running.lock());
            let Some(checks) = &*checks else { return false };
            for finding in findings {
                let concerned = checks.concerned(finding);
                for id in concerned {
                    if health.record(id, &finding.outcome, now) {
                        touched.insert(id.service);
                    }
                }
                let mut states = concerned.iter().filter_map(|id| health.is_up(id)).peekable();
                if states.peek().is_some() {
                    checks.note(finding, states.any(|up| up));
                }
            }
            touched.extend(health.due(now));
        }
        let listening = self.health.lock().listening(now);
        for key in listening {
            let counted = self.tables.director.handshakes(&key);
            if self.health.lock().listen(&key, &counted, now) {
                touched.insert(key);
            }
        }
        let is_touched = !touched.is_empty();
        self.settle(touched);
        is_touched
    }

    /// Runs the last scripts, and ends all checks.
    pub(super) async fn end(&self) {
        let scripts: Vec<Script> = self.health.lock().last_scripts();
        let running: Vec<_> = match &*self.running.lock() {
            Some(checks) => scripts.into_iter().map(|script| checks.run(script)).collect(),
            None => Vec::new(),
        };
        let all = async {
            for script in running {
                let _ = script.await;
            }
        };
        if tokio::time::timeout(LAST_SCRIPTS_TIMEOUT, all).await.is_err() {
            tracing::warn!("scripts were still running at the end");
        }
        self.abort();
    }

    /// Ends all checks at once: the next director goes on with them.
    pub(super) fn abort(&self) {
        *self.running.lock() = None;
    }
}

/// Whether any check goes by way of its server.
fn has_pinned_flows(declared: &[ServiceHealth]) -> bool {
    let mut servers = declared.iter().flat_map(|service| &service.servers);
    servers.any(|server| server.checks.iter().any(|check| check.target.via_server.is_some()))
}

/// Starts the checks that are declared, and follows what they find.
///
/// # Errors
/// The system refuses a thread.
pub(super) fn start(checks: &Arc<HealthChecks>) -> std::io::Result<tokio::task::JoinHandle<()>> {
    let clock = checks.tables.clock;
    let (mut running, found) = Checks::start(move || clock.now(), Arc::clone(&checks.tables.director))?;
    {
        let health = checks.health.lock();
        running.follow(health.checks().map(|(id, check)| (id, check, health.is_up(&id).unwrap_or(true))));
        *checks.running.lock() = Some(running);
    }
    Ok(tokio::spawn(follow(Arc::clone(checks), found)))
}

async fn follow(checks: Arc<HealthChecks>, mut found: mpsc::Receiver<Finding>) {
    let mut findings = Vec::with_capacity(BATCH);
    loop {
        findings.clear();
        if let Ok(0) = tokio::time::timeout(TICK, found.recv_many(&mut findings, BATCH)).await {
            return;
        }
        let _going = checks.tables.pause.read().await;
        if checks.take_in(&findings).await {
            checks.follow_up.after_change().await;
        }
    }
}
