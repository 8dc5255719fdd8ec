//! The running director: its parts, each with what it needs of the others.
//!
//! Owns the order in which they are made. Never does their work.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{RwLock, watch};

use super::checks::HealthChecks;
use super::clock::unix_millis;
use super::commands::Commands;
use super::conn_keeper::KeptState;
use super::datapath::Path;
use super::declared_tables::DeclaredTables;
use super::discovery::{SourceFile, Sources};
use super::drain::Drains;
use super::drain_file::DrainFile;
use super::execute::Executor;
use super::exporters::RunningExporters;
use super::fleet::{Fleet, FleetOptions};
use super::follow_up::FollowUp;
use super::history_file::HistorySource;
use super::host_reconciler::HostReconciler;
use super::live_tables::LiveTables;
use super::orders::Orders;
use super::reload::{Configuration, LastRead, Reloads};
use super::supervise::Report;
use super::sync::SyncDaemons;
use super::sync::channel::Trust;
use super::totals::Totals;
use super::upgrade::Handover;
use lvs::director::Side;
use lvs_control::events::Events;
use lvs_control::status;
use lvs_device::{OffQueue, TunWriter};
use lvs_events::rfc3339;
use lvs_health::state::Health;
use lvs_host::StopFlag;

#[derive(Debug)]
pub(super) struct DirectorService {
    pub(super) tables: Arc<LiveTables>,
    pub(super) host: Arc<HostReconciler>,
    pub(super) health: Arc<Mutex<Health>>,
    pub(super) fleet: Arc<Fleet>,
    pub(super) follow_up: Arc<FollowUp>,
    pub(super) checks: Arc<HealthChecks>,
    pub(super) commands: Arc<Commands>,
    pub(super) drains: Arc<Drains>,
    pub(super) sources: Arc<Sources>,
    pub(super) declared: Arc<DeclaredTables>,
    pub(super) configuration: Arc<Configuration>,
    pub(super) totals: Arc<Totals>,
    pub(super) exporters: Arc<RunningExporters>,
    pub(super) history: Arc<HistorySource>,
    /// Parts that the queues have too.
    pub(super) path: Path,
    pub(super) sandbox: status::Sandbox,
    /// Date of the start of the first director.
    pub(super) started: String,
    /// Another process has taken over.
    pub(super) moved: watch::Sender<bool>,
    pub(super) orders: Orders,
    pub(super) handover: Mutex<Handover>,
    pub(super) kept: KeptState,
}

/// Parts that all others stand on.
struct Base {
    tables: Arc<LiveTables>,
    host: Arc<HostReconciler>,
    totals: Arc<Totals>,
}

impl Base {
    fn new(path: &Path, stop: StopFlag, trust: Trust, drain_file: Option<DrainFile>) -> Self {
        let Path { director, clock, counters, neighbours, sync_bell, ended, .. } = path.clone();
        let events = Arc::new(Events::new(unix_millis));
        let pause = Arc::new(RwLock::new(()));
        let sync = SyncDaemons::new(Arc::clone(&director), clock, sync_bell, pause, ended);
        let sync = Arc::new(sync.trusting(trust));
        let host = HostReconciler::new(Arc::clone(&director), neighbours, Arc::clone(&events), clock, stop);
        let totals = Totals::new(Arc::clone(&director), counters, Arc::clone(&sync));
        let tables = LiveTables::new(director, clock, events, sync, drain_file);
        Self { tables: Arc::new(tables), host: Arc::new(host), totals: Arc::new(totals) }
    }
}

/// Parts that are there before the director.
#[derive(Debug)]
pub(super) struct Edges {
    pub(super) stop: StopFlag,
    pub(super) exporters: RunningExporters,
    /// Other directors to believe.
    pub(super) trust: Trust,
    pub(super) orders: Orders,
    pub(super) sandbox: status::Sandbox,
}

/// Facts of a start that the parts of a director are made with.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) edges: Edges,
    /// The file that it was started with, and what that said.
    pub(super) configuration: LastRead,
    pub(super) fleet: FleetOptions,
    /// The connections of another director are here.
    pub(super) is_full: bool,
    pub(super) drain_file: Option<DrainFile>,
    pub(super) source_file: Option<SourceFile>,
    /// Date of the start of the director that it goes on for.
    pub(super) started: Option<String>,
}

impl DirectorService {
    /// Of the director whose packets take this path.
    pub(super) fn new(path: &Path, setup: Setup) -> Self {
        let Setup { edges, configuration, fleet, is_full, drain_file, source_file, started } = setup;
        let Edges { stop, exporters, trust, orders, sandbox } = edges;
        let Base { tables, host, totals } = Base::new(path, stop, trust, drain_file);
        let health = Arc::new(Mutex::new(Health::default()));
        let fleet = Arc::new(Fleet::new(tables.clone(), health.clone(), host.clone(), fleet, is_full));
        let follow_up = Arc::new(FollowUp::new(tables.clone(), fleet.clone(), host.clone()));
        let checks = Arc::new(HealthChecks::new(tables.clone(), health.clone(), follow_up.clone()));
        let commands = Commands::new(tables.clone(), host.clone(), checks.clone(), follow_up.clone());
        let commands = Arc::new(commands);
        let drains = Arc::new(Drains::new(tables.clone(), checks.clone(), commands.clone()));
        let (below, above) = (drains.clone(), follow_up.clone());
        let sources = Arc::new(Sources::new(tables.clone(), checks.clone(), below, above, source_file));
        let declared = DeclaredTables::new(tables.clone(), checks.clone(), sources.clone(), host.clone());
        let (declared, exporters) = (Arc::new(declared), Arc::new(exporters));
        let reloads = Reloads {
            tables: tables.clone(),
            host: host.clone(),
            sources: sources.clone(),
            declared: declared.clone(),
            exporters: exporters.clone(),
            follow_up: follow_up.clone(),
        };
        let history = Arc::new(HistorySource {
            tables: tables.clone(),
            health: health.clone(),
            drains: drains.clone(),
            totals: totals.clone(),
            exporters: exporters.clone(),
        });
        Self {
            tables,
            host,
            health,
            fleet,
            follow_up,
            checks,
            commands,
            drains,
            sources,
            declared,
            configuration: Arc::new(Configuration::new(reloads, configuration)),
            totals,
            exporters,
            history,
            path: path.clone(),
            sandbox,
            started: started.unwrap_or_else(|| rfc3339(unix_millis())),
            moved: watch::Sender::new(false),
            orders,
            handover: Mutex::default(),
            kept: KeptState::default(),
        }
    }

    /// Clock and receiver of what cannot go on, for tasks.
    pub(super) fn report(&self) -> Report {
        Report { clock: self.tables.clock, ended: self.path.ended.clone() }
    }

    /// Carries out decisions about packets that come by no queue.
    pub(super) fn executor(&self, writer: TunWriter) -> Executor<OffQueue> {
        let device = writer.with_neighbours(Arc::clone(&self.path.neighbours));
        Executor::new(device, self.totals.beside_queues(), None)
            .tapped(Arc::clone(&self.path.taps), Side::Client)
    }
}

#[cfg(test)]
impl DirectorService {
    /// A director without a host, with that configuration.
    pub(super) fn of_test(source: Option<lvs_config::Source>, declared: lvs_config::Declared) -> Self {
        let path = Path::of_nothing();
        let sandbox = status::Sandbox::default();
        let director = Arc::clone(&path.director);
        let exporters =
            RunningExporters::new(director, path.clock, lvs_config::Exporters::default(), &sandbox).0;
        let edges = Edges {
            stop: StopFlag::default(),
            exporters,
            trust: Trust::default(),
            orders: Orders::default(),
            sandbox,
        };
        let setup = Setup {
            edges,
            configuration: LastRead { source, declared },
            fleet: FleetOptions::default(),
            is_full: true,
            drain_file: None,
            source_file: None,
            started: None,
        };
        Self::new(&path, setup)
    }
}
