//! How a director begins: as the first, after one that was killed, or by taking over from one that runs.
//!
//! Owns the order in which edges are opened and joined to the core. Hands over to `serving` once packets come in.

use std::os::unix::net::UnixStream;
use std::sync::Arc;

use tokio::sync::mpsc;

use lvs::director::{Director, Settings, Side};
use lvs_config::Declared;
use lvs_control::socket::ControlSocket;
use lvs_control::{OnError, status};
use lvs_device::AnnounceTun;
use lvs_events::Event;
use lvs_host::{HostError, Inheritance, Plumbing, StopFlag};

use super::clock::Clock;
use super::conn_restore;
use super::datapath::{self, Programs};
use super::defaults;
use super::discovery::SourceFile;
use super::drain_file::{self, DrainFile};
use super::error::DaemonError;
use super::exporters::{self, RunningExporters};
use super::interface::Interface;
use super::journal::journal_path;
use super::kept_tables::KeptTables;
use super::left::{self, LeftState};
use super::marks::MarkTuns;
use super::options::Options;
use super::orders::Orders;
use super::random::{random_bits, random_secret};
use super::reload::LastRead;
use super::service::{DirectorService, Edges, Setup};
use super::serving::{Ending, Running, go_on};
use super::signals::SignalWatch;
use super::sync::channel::Trust;
use super::upgrade::{self, Successor};

/// Things that were done before the first thread.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) loaded: Programs,
    pub(super) sandbox: status::Sandbox,
}

/// Runs a director that nobody ran before, or one that was killed.
pub(super) async fn run_first(
    mut options: Options,
    started: Started,
    socket: ControlSocket,
) -> Result<Ending, DaemonError> {
    let stop = StopFlag::default();
    let signals = SignalWatch::start().map_err(DaemonError::start("the signal watch"))?;
    signals.stops(stop.clone());
    let trust = Trust::load(options.sync.clone())?;
    let clock = Clock::start();
    let director = new_director(&options.core);
    let given = options.exporters.clone();
    let (exporters, pages) = RunningExporters::new(Arc::clone(&director), clock, given, &started.sandbox);
    let prepared = exporters.prepare(&options.declared.exporters).await?;

    let mut left = LeftState::find(&options.socket)?;
    let devices = left.host.iter().flat_map(Inheritance::devices).map(str::to_owned).collect();

    let (report, ended) = mpsc::unbounded_channel();
    let path = datapath::Path::new(Arc::clone(&director), clock, report, started.loaded).joining(devices);
    let names = options.tun_names();
    let vip = Interface::open(&names.vip, options.device, &path)?;
    let server_path = datapath::Path { side: Side::Server, ..path.clone() };
    let rs = Interface::open(&names.rs, options.device, &server_path)?;
    let marks = MarkTuns::new(options.tun_prefix.clone(), options.device, path.clone());

    let (order, orders) = Orders::new();
    let edges = Edges { stop, exporters, trust, orders: order, sandbox: started.sandbox };
    let live = Arc::new(DirectorService::new(&path, setup(edges, &mut options)));
    director.expect_drained(drain_file::restore(&options.socket));
    live.handover.lock().interfaces = vec![vip, rs];
    begin_fast_path(&live)?;
    live.handover.lock().socket = Some(socket.hand_over().map_err(DaemonError::start("the control server"))?);
    if !attach_host(&live, &options, marks, None, left.host.take()).await? {
        return Ok(Ending::Stopped);
    }
    let monitoring = tokio::spawn(exporters::serve_pages(Arc::clone(&live), pages));
    live.exporters.commit(prepared).await;
    let begun = begin(&live, left, &options.declared).await;
    let event = Event::Started { version: env!("CARGO_PKG_VERSION").to_owned() };
    let running = Running { socket, signals, ended, orders, event, monitoring };
    go_on(live, begun, running, &options).await
}

/// Runs a director that takes over from the one that runs.
pub(super) async fn run_after(
    mut options: Options,
    started: Started,
    mut successor: Successor,
) -> Result<Ending, DaemonError> {
    let (told, now) = successor.greet()?;
    let stop = StopFlag::default();
    // Nothing heeds a signal before all is in place: from the first packet on a stop has as much to keep or to undo as later.
    let signals = SignalWatch::start().map_err(DaemonError::start("the signal watch"))?;
    let clock = Clock::from(now);
    let director = new_director(&options.core);
    let given = options.exporters.clone();
    let (exporters, pages) = RunningExporters::new(Arc::clone(&director), clock, given, &started.sandbox);
    let (report, ended) = mpsc::unbounded_channel();
    let path = datapath::Path::new(Arc::clone(&director), clock, report, started.loaded);
    let (order, orders) = Orders::new();
    let trust = Trust::load(options.sync.clone())?;
    let edges = Edges { stop, exporters, trust, orders: order, sandbox: started.sandbox };
    let setup =
        Setup { is_full: true, started: Some(told.started().to_owned()), ..setup(edges, &mut options) };
    let live = Arc::new(DirectorService::new(&path, setup));
    live.sources.declare(&options.declared);
    let taking = {
        let (live, path) = (Arc::clone(&live), path.clone());
        tokio::task::spawn_blocking(move || successor.take_over(&live, &path, told))
    };
    let failed = |error: tokio::task::JoinError| DaemonError::TakeOver(error.to_string());
    let arrived = taking.await.map_err(failed)??;

    let socket = ControlSocket::adopt(&options.socket, arrived.socket);
    let path = match arrived.program {
        Some(program) if path.tunnels.is_none() => path.with_tunnels(program),
        _ => path,
    };
    let marks = MarkTuns::new(options.tun_prefix.clone(), options.device, path).with(arrived.marks);
    if options.fast_path.is_wanted && !arrived.fast_path.fds.is_empty() {
        live.path.fast.adopt(arrived.fast_path);
    }
    settle_in(&live, arrived.interfaces, &socket, arrived.attendant)?;
    begin_fast_path(&live)?;
    let left = left::on_host(&options.socket)?;
    if !attach_host(&live, &options, marks, arrived.announce_tun, left).await? {
        return Ok(Ending::Stopped);
    }
    live.exporters.adopt(arrived.metrics).await.map_err(DaemonError::start("the metrics"))?;
    let monitoring = tokio::spawn(exporters::serve_pages(Arc::clone(&live), pages));
    match live.exporters.prepare(&options.declared.exporters).await {
        Ok(prepared) => live.exporters.commit(prepared).await,
        Err(error) => tracing::error!(%error, "metrics and flow log are as before"),
    }
    let begun = go_on_with(&live, arrived.kept, &options.declared).await;
    let event =
        Event::Upgraded { version: env!("CARGO_PKG_VERSION").to_owned(), connections: arrived.connections };
    let running = Running { socket, signals, ended, orders, event, monitoring };
    go_on(live, begun, running, &options).await
}

/// Has the host follow from now on, with what is left of another director. False: it is to stop.
async fn attach_host(
    live: &DirectorService,
    options: &Options,
    marks: MarkTuns,
    announce_tun: Option<AnnounceTun>,
    left: Option<Inheritance>,
) -> Result<bool, DaemonError> {
    let mut host_options = options.host_options(Some(journal_path(&options.socket)));
    host_options.fast_path = live.path.fast.is_loaded();
    host_options.ingress_programs = live.path.fast.filters().map_err(DaemonError::start("the fast path"))?;
    let stop = live.host.stop_flag();
    match Plumbing::start(host_options, options.tun_names(), left, stop, live.tables.clock.now()).await {
        Ok(plumbing) => live.host.attach(plumbing, marks, announce_tun).await,
        Err(HostError::Stopping) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    Ok(true)
}

/// Keeps what the next director will need.
fn settle_in(
    live: &DirectorService,
    interfaces: Vec<Interface>,
    socket: &ControlSocket,
    attendant: UnixStream,
) -> Result<(), DaemonError> {
    let mut handover = live.handover.lock();
    handover.interfaces = interfaces;
    handover.socket = Some(socket.hand_over().map_err(DaemonError::start("the control server"))?);
    handover.attendant = Some(attendant.try_clone().map_err(DaemonError::start("the attendant"))?);
    drop(handover);
    upgrade::end_with_attendant(attendant);
    Ok(())
}

/// A director with secrets of its own, and the limits and defaults of this host.
fn new_director(core: &Settings) -> Arc<Director> {
    let director = Arc::new(Director::new(Settings {
        seed: random_bits(),
        secret: random_secret(),
        icmp_limits: lvs_host::icmp_limits(),
        ..core.clone()
    }));
    defaults::apply(&director);
    director
}

/// Facts of a director that nobody ran before.
fn setup(edges: Edges, options: &mut Options) -> Setup {
    Setup {
        edges,
        configuration: LastRead { source: options.config.take(), declared: options.declared.clone() },
        fleet: options.fleet.clone(),
        is_full: false,
        drain_file: Some(DrainFile::beside(&options.socket)),
        source_file: Some(SourceFile::beside(&options.socket)),
        started: None,
    }
}

/// Begins the fast path when the TUNs are there.
fn begin_fast_path(live: &DirectorService) -> Result<(), DaemonError> {
    let handover = live.handover.lock();
    let name = |at: usize| handover.interfaces.get(at).map_or("", Interface::name);
    live.path.fast.begin([name(0), name(1)], live.tables.clock.now())
}

/// Follows the file of the configuration where that says something else than it did for the director before.
///
/// # Errors
/// The file says what this director refuses.
async fn go_on_with(
    live: &DirectorService,
    kept: KeptTables,
    declared: &Declared,
) -> Result<(), DaemonError> {
    if kept.is_declared(declared) {
        let _held = live.tables.lock.lock().await;
        live.tables.read_access_files();
        live.tables.change(&[], OnError::Stop);
        live.checks.settle_all();
        live.sources.settle(None);
    } else {
        live.declared.declare_after(Some(kept), declared).await?;
    }
    live.follow_up.after_change().await;
    Ok(())
}

/// Has packets come in once the tables are there; until then they wait in the queues.
async fn begin(live: &DirectorService, left: LeftState, declared: &Declared) -> Result<(), DaemonError> {
    live.sources.declare(declared);
    let numbers = left.history.map(|history| history.resume(&live.history));
    live.declared.declare_after(left.tables, declared).await?;
    if let Some(conns) = left.conns {
        conn_restore::restore(&conns, &live.tables.director, live.tables.clock);
    }
    if let Some(numbers) = numbers {
        numbers.resume(&live.tables);
        let _held = live.tables.lock.lock().await;
        live.checks.settle_all();
    }
    for interface in &mut live.handover.lock().interfaces {
        interface.keep()?;
        interface.serve()?;
    }
    live.follow_up.after_change().await;
    Ok(())
}
