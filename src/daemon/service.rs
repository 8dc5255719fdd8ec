//! The director as the control socket sees it: tables, and the host that follows them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Mutex, Notify, RwLock, mpsc, watch};

use super::access_files::Lists;
use super::changes::Before;
use super::clock::{Clock, unix_millis};
use super::conn_keeper::KeptState;
use super::counters::AllCounters;
use super::datapath::Path;
use super::discovery::Sources;
use super::drain::Drains;
use super::drain_file::DrainFile;
use super::error::Ended;
use super::execute::Executor;
use super::exporters::RunningExporters;
use super::fast_path::Fast;
use super::fleet::{Fleet, FleetOptions};
use super::following::{Cause, Following};
use super::reload::Configured;
use super::serving::Order;
use super::sync::SyncDaemons;
use super::sync::channel::Trust;
use super::upgrade::{Estate, Inherited};
use crate::health::tasks::Checks;
use crate::metrics;
use lvs::director::{Command, CommandError, Director, Side};
use lvs::neighbour::Neighbours;
use lvs::service::{Endpoint, Family, ServiceKey};
use lvs_config::{Declared, Source};
use lvs_control::capture::Taps;
use lvs_control::events::Events;
use lvs_control::status::{self, Queue};
use lvs_control::{Applied, Counter, OnError};
use lvs_device::{OffQueue, TunWriter, TunnelOffload};
use lvs_events::rfc3339;
use lvs_health::state::Health;
use lvs_host::{HostError, StopFlag};

#[derive(Debug)]
pub(super) struct DirectorService {
    pub(super) director: Arc<Director>,
    pub(super) clock: Clock,
    counters: Arc<AllCounters>,
    pub(super) sync: SyncDaemons,
    pub(super) events: Arc<Events>,
    pub(super) neighbours: Arc<Neighbours>,
    pub(super) taps: Arc<Taps>,
    pub(super) host: Arc<Following>,
    pub(super) config: Option<PathBuf>,
    pub(super) sandbox: status::Sandbox,
    pub(super) started: String,
    /// Held while tables are looked at and changed by what was seen.
    pub(super) table_lock: Mutex<()>,
    pub(super) configured: Configured,
    pub(super) health: parking_lot::Mutex<Health>,
    /// None before they are started and after their end.
    pub(super) checks: parking_lot::Mutex<Option<Checks>>,
    pub(super) sources: parking_lot::Mutex<Sources>,
    pub(super) drains: parking_lot::Mutex<Drains>,
    pub(super) fleet: Fleet,
    /// None where the marks of drained servers end with the process.
    drain_file: Option<DrainFile>,
    /// Lists of clients that services let in.
    pub(super) access: parking_lot::Mutex<Lists>,
    pub(super) exporters: RunningExporters,
    /// Held by whatever changes the director beside its queues, and by who hands it over, alone.
    pub(super) pause: Arc<RwLock<()>>,
    /// Another process has taken over.
    pub(super) moved: watch::Sender<bool>,
    /// Takes wishes for upgrades.
    pub(super) orders: Option<mpsc::UnboundedSender<Order>>,
    pub(super) estate: parking_lot::Mutex<Estate>,
    pub(super) kept: KeptState,
    pub(super) inherited: parking_lot::Mutex<Inherited>,
    pub(super) tunnels: Option<Arc<TunnelOffload>>,
    pub(super) fast: Arc<Fast>,
    /// Rung after every change of the tables by commands.
    pub(super) changed: Notify,
    /// The same, for who keeps them on disk; and after those by checks.
    pub(super) tables_changed: Notify,
    /// Told of tasks that cannot go on.
    pub(super) ended: mpsc::UnboundedSender<Ended>,
}

impl DirectorService {
    /// Of the director whose packets take this path.
    pub(super) fn new(path: &Path, stop: StopFlag) -> Self {
        let Path { director, clock, counters, neighbours, taps, sync_bell, ended, .. } = path.clone();
        let events = Arc::new(Events::new(unix_millis));
        let pause = Arc::new(RwLock::new(()));
        let host = (Arc::clone(&director), Arc::clone(&neighbours), Arc::clone(&events));
        Self {
            host: Arc::new(Following::new(host.0, host.1, host.2, clock, stop)),
            sync: SyncDaemons::new(
                Arc::clone(&director),
                clock,
                sync_bell,
                Arc::clone(&pause),
                ended.clone(),
            ),
            director,
            clock,
            counters,
            events,
            neighbours,
            taps,
            config: None,
            sandbox: status::Sandbox::default(),
            started: rfc3339(unix_millis()),
            table_lock: Mutex::new(()),
            configured: Configured::default(),
            health: parking_lot::Mutex::default(),
            checks: parking_lot::Mutex::default(),
            sources: parking_lot::Mutex::default(),
            drains: parking_lot::Mutex::default(),
            fleet: Fleet::new(FleetOptions::default(), clock.now(), true),
            drain_file: None,
            access: parking_lot::Mutex::default(),
            exporters: RunningExporters::default(),
            pause,
            moved: watch::Sender::new(false),
            orders: None,
            estate: parking_lot::Mutex::default(),
            kept: KeptState::default(),
            inherited: parking_lot::Mutex::default(),
            tunnels: path.tunnels.clone(),
            fast: Arc::clone(&path.fast),
            changed: Notify::new(),
            tables_changed: Notify::new(),
            ended,
        }
    }

    /// Says which file it was started with, and what that said.
    pub(super) fn configured(mut self, source: Option<Source>, declared: Declared) -> Self {
        self.config = source.as_ref().map(|source| source.path.clone());
        self.configured = Configured::new(source, declared);
        self
    }

    pub(super) fn with_exporters(self, exporters: RunningExporters) -> Self {
        Self { exporters, ..self }
    }

    /// Says which other directors to believe.
    pub(super) fn trusting(mut self, trust: Trust) -> Self {
        self.sync = self.sync.trusting(trust);
        self
    }

    /// Announces addresses by these options.
    pub(super) fn among_others(self, fleet: Fleet) -> Self {
        Self { fleet, ..self }
    }

    /// Tells of wishes for upgrades there.
    pub(super) fn with_orders(self, orders: mpsc::UnboundedSender<Order>) -> Self {
        Self { orders: Some(orders), ..self }
    }

    /// Goes on for a director that began then.
    pub(super) fn begun(self, started: &str) -> Self {
        Self { started: started.to_owned(), ..self }
    }

    /// Date of the start of the first director.
    pub(super) fn started(&self) -> &str {
        &self.started
    }

    /// Counts of each running queue, with those of the same name before.
    pub(super) fn queues(&self) -> Vec<Queue> {
        let inherited = self.inherited.lock();
        let mut queues = self.counters.queues();
        for queue in &mut queues {
            if let Some(before) = inherited.queues.iter().find(|before| before.name == queue.name) {
                queue.packets += before.packets;
                queue.drops += before.drops;
                queue.failures += before.failures;
            }
        }
        queues
    }

    /// Keeps the marks of drained servers there.
    pub(super) fn with_drain_file(self, file: DrainFile) -> Self {
        Self { drain_file: Some(file), ..self }
    }

    pub(super) fn sandboxed(self, sandbox: status::Sandbox) -> Self {
        Self { sandbox, ..self }
    }

    /// Carries out decisions about packets that come by no queue.
    pub(super) fn executor(&self, writer: TunWriter) -> Executor<OffQueue> {
        let device = writer.with_neighbours(Arc::clone(&self.neighbours));
        Executor::new(device, self.counters.beside_queues(), None)
            .tapped(Arc::clone(&self.taps), Side::Client)
    }

    /// Changes tables, then the host.
    pub(super) async fn change(&self, commands: &[Command], on_error: OnError) -> Applied {
        let _going = self.pause.read().await;
        let refused = self.host.refused(new_families(commands)).await;
        let results = {
            let _held = self.table_lock.lock().await;
            let mut results = self.change_workable(commands, on_error, &refused);
            self.follow_hand(commands, &mut results);
            results
        };
        Applied { results, warnings: self.follow_changed().await }
    }

    /// Changes tables but for services that would be dead on this host. The caller has the turn.
    fn change_workable(
        &self,
        mut commands: &[Command],
        on_error: OnError,
        refused: &BTreeMap<Family, HostError>,
    ) -> Vec<Result<(), CommandError>> {
        let dead = self.dead_families(refused);
        let mut results = Vec::with_capacity(commands.len());
        loop {
            let at = commands.iter().position(|command| self.refusal(command, &dead).is_some());
            let (before, rest) = commands.split_at(at.unwrap_or(commands.len()));
            results.extend(self.change_tables(before, on_error));
            let has_ended = on_error == OnError::Stop && results.last().is_some_and(Result::is_err);
            let Some((command, rest)) = rest.split_first().filter(|_| !has_ended) else { return results };
            results.push(self.refusal(command, &dead).map_or(Ok(()), Err));
            if on_error == OnError::Stop {
                return results;
            }
            commands = rest;
        }
    }

    /// The families whose services would be dead on this host, and why.
    pub(super) fn dead_families(&self, refused: &BTreeMap<Family, HostError>) -> BTreeMap<Family, String> {
        let why = |family: Family| {
            let unworkable = self.host.workable(family).err().map(|error| error.to_string());
            unworkable.or_else(|| refused.get(&family).map(ToString::to_string))
        };
        [Family::V4, Family::V6].into_iter().filter_map(|family| Some((family, why(family)?))).collect()
    }

    /// Why a command is not carried out: a service that it adds would be dead.
    pub(super) fn refusal(&self, command: &Command, dead: &BTreeMap<Family, String>) -> Option<CommandError> {
        if dead.is_empty() {
            return None;
        }
        let there: BTreeSet<ServiceKey> = match command {
            Command::Replace(_) => {
                metrics::Source::services(self).iter().map(|entry| entry.spec.key).collect()
            }
            _ => BTreeSet::new(),
        };
        let mut new = added(command).filter(|key| !there.contains(key));
        new.find_map(|key| dead.get(&key.family())).cloned().map(CommandError::HostCannot)
    }

    /// Changes tables, and tells who wants to know. The caller has the turn.
    pub(super) fn change_tables(
        &self,
        commands: &[Command],
        on_error: OnError,
    ) -> Vec<Result<(), CommandError>> {
        let before = Before::of(&self.director, commands, self.clock.now());
        let mut results = self.run_with_lists(commands, on_error);
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
            file.keep(&self.director.drained());
        }
        self.tables_changed.notify_one();
        results
    }

    /// Makes the host follow changed tables.
    pub(super) async fn follow_changed(&self) -> Vec<String> {
        let mut warnings = self.sync.take_troubles();
        warnings.extend(self.follow_tables().await);
        self.changed.notify_one();
        warnings
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

    /// Returns the counts of packets, and of messages between directors.
    pub(super) fn counted(&self) -> Vec<Counter> {
        let no_room = Counter { name: "toa_no_room".to_owned(), value: self.director.toa_no_room() };
        let held_back = Counter { name: "icmp_held_back".to_owned(), value: self.director.icmp_held_back() };
        let syn = self.director.syn_counts();
        let cookies = [
            ("syn_cookies_sent", syn.sent),
            ("syn_cookies_taken", syn.taken),
            ("syn_cookies_refused", syn.refused),
            ("syn_unanswered", syn.unanswered),
        ]
        .map(|(name, value)| Counter { name: name.to_owned(), value });
        let beside = [no_room, held_back].into_iter().chain(cookies);
        let own = self.counters.sum().into_iter().chain(beside).chain(self.sync.counted());
        let inherited = self.inherited.lock();
        let with_those_before = |counter: Counter| {
            let before = inherited.counters.get(&counter.name).copied().unwrap_or(0);
            Counter { value: counter.value.wrapping_add(before), ..counter }
        };
        own.map(with_those_before).collect()
    }

    /// Makes the host follow if the tables want something else captured than the last time. What could not be done,
    /// as sentences.
    pub(super) async fn follow_tables(&self) -> Vec<String> {
        self.judge_vips();
        self.host.follow(Cause::Tables).await
    }

    /// Looks at the host anew, which has changed by itself.
    pub(super) async fn follow_host(&self) {
        self.host.follow(Cause::Host).await;
    }
}

/// The services that will be there by the command, and may not have been.
fn added(command: &Command) -> impl Iterator<Item = &ServiceKey> {
    let (one, all) = match command {
        Command::AddService(spec) => (Some(&spec.key), None),
        Command::Replace(tables) => (None, Some(&tables.services)),
        _ => (None, None),
    };
    one.into_iter().chain(all.into_iter().flatten().map(|service| &service.spec.key))
}

pub(super) fn new_families(commands: &[Command]) -> BTreeSet<Family> {
    commands.iter().flat_map(added).map(ServiceKey::family).collect()
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
