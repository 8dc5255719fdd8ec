//! The running director: the only place that joins the edges (device, host, configuration, control socket) to the
//! core, and the only one that reads the clock.
//!
//! Owns the order in which things start and stop, the threads and the timers. Never decides about packets or
//! services. Called by the command line.

mod alarms;
mod changes;
mod checks;
mod clock;
mod counters;
mod datapath;
mod defaults;
mod drain;
mod drain_file;
mod error;
mod execute;
mod exporters;
mod following;
mod host_events;
mod logging;
mod marks;
mod memory;
mod privileges;
mod proc_dir;
mod real_server;
mod reload;
mod service;
mod signals;
mod state_file;
mod sync;
mod table_file;
mod tasks;
mod upgrade;

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::IpNet;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use ipvsadm::proc::tree::ProcTree;
use lvs::director::{Director, Settings, Side};
use lvs_config::{Declared, Exporters, Source};
use lvs_control::socket::ControlSocket;
use lvs_control::{ReloadRequest, UpgradeRefusal, Upgraded, server};
use lvs_device::TunnelOffload;
use lvs_events::Event;
use lvs_health::spec::programs;
use lvs_host::{self, CleanedUp, HostError, HostOptions, Inheritance, Plumbing, Step, StopFlag, TunNames};

pub(crate) use clock::Clock;
use datapath::Interface;
use drain_file::DrainFile;
pub use error::DaemonError;
use error::Ended;
use exporters::RunningExporters;
pub use logging::{LogError, LogFormat, start as start_logging};
use marks::MarkTuns;
pub use real_server::{Options as RealServerOptions, dry_run as real_server_dry_run, run as run_real_server};
pub use reload::tell;
use service::DirectorService;
use signals::{SignalAction, SignalWatch};
use sync::channel::Trust;
pub use sync::channel::{SecretError, SyncOptions};
use table_file::{KeptTables, TableFile};
use upgrade::{Order, Successor};
pub use upgrade::{attend, formats, refuse_predecessor};

/// Everything that is decided before the director starts.
#[derive(Clone, Debug)]
pub struct Options {
    pub socket: PathBuf,
    /// The file that a reload reads.
    pub config: Option<Source>,
    pub declared: Declared,
    pub vip_nets: Vec<IpNet>,
    pub rs_nets: Vec<IpNet>,
    pub claim_vips: bool,
    pub tun_prefix: String,
    pub device: lvs_device::Options,
    pub core: Settings,
    pub proc_dir: Option<PathBuf>,
    /// SCTP services are in its files.
    pub proc_sctp: bool,
    /// Dropped packets a second, of one reason, that are worth an event.
    pub drop_alarm: u64,
    /// Options of the command line, which come before what a file says.
    pub exporters: Exporters,
    /// The other directors that are believed, and how they are talked to.
    pub sync: SyncOptions,
}

impl Options {
    /// Returns the options that concern the host.
    pub fn host_options(&self, journal: Option<PathBuf>) -> HostOptions {
        HostOptions {
            vip_nets: self.vip_nets.clone(),
            rs_nets: self.rs_nets.clone(),
            laddr_nets: self.core.laddr_nets.clone(),
            laddr_ports: self.core.laddr_ports.clone(),
            masquerade_nets: self.core.masquerade_nets.clone(),
            claim_vips: self.claim_vips,
            journal,
            ..HostOptions::default()
        }
    }

    pub fn tun_names(&self) -> TunNames {
        TunNames { vip: format!("{}-vip", self.tun_prefix), rs: format!("{}-rs", self.tun_prefix) }
    }
}

/// Returns what running with these options would do to the host, as steps that print as commands.
///
/// # Errors
/// The host cannot be read, the configuration is wrong, or the host has no room for the rules.
pub fn dry_run(options: Options) -> Result<Vec<Step>, DaemonError> {
    let director = Director::new(options.core.clone());
    for command in options.declared.commands() {
        director.apply(&command, Clock::start().now())?;
    }
    let runtime = control_runtime()?;
    let captures = director.captures();
    let mark_tuns = marks::names(&options.tun_prefix, &captures);
    let plan = Plumbing::dry_run(options.host_options(None), options.tun_names(), &captures, &mark_tuns);
    Ok(runtime.block_on(plan)?)
}

/// Undoes what a killed director left behind.
///
/// # Errors
/// The journal's director lives, or something could not be undone.
pub fn cleanup(socket: &Path) -> Result<CleanedUp, DaemonError> {
    let cleaned_up = control_runtime()?.block_on(lvs_host::cleanup(&journal_path(socket)))?;
    TableFile::beside(socket).end();
    Ok(cleaned_up)
}

fn control_runtime() -> Result<tokio::runtime::Runtime, DaemonError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("tunvs-control")
        .enable_all()
        .build()
        .map_err(DaemonError::start("the runtime"))
}

/// Runs the director until a signal ends it, or another process has taken over: then until that ends. The exit status.
///
/// # Errors
/// The director could not start, or lost a device. Whatever it changed on the host is undone in either case.
pub fn run(options: Options) -> Result<i32, DaemonError> {
    let successor = if upgrade::takes_over() { Some(Successor::begin()?) } else { None };
    let tunnels = tunnel_offload(options.device);
    let runs_programs = programs(&options.declared.health).next().is_some();
    privileges::join_bfd_groups(&options.declared.health);
    privileges::shed(&privileges::DIRECTOR, if runs_programs { &privileges::PROGRAMS } else { &[] })?;
    let runtime = control_runtime()?;
    let ending = match successor {
        None => runtime.block_on(run_first(options, tunnels))?,
        Some(successor) => runtime.block_on(run_after(options, tunnels, successor))?,
    };
    match ending {
        Ending::Stopped => Ok(0),
        Ending::Moved { live, upgraded } => {
            runtime.shutdown_background();
            Ok(upgrade::take_leave(&live, &upgraded))
        }
    }
}

/// How a director ends that nothing went wrong with.
enum Ending {
    /// All is undone.
    Stopped,
    /// Another process has taken over; nothing is undone.
    Moved { live: Arc<DirectorService>, upgraded: Upgraded },
}

/// Before capabilities are given up: it needs CAP_BPF, which nothing later does.
fn tunnel_offload(device: lvs_device::Options) -> Option<TunnelOffload> {
    if !(device.offload && device.tunnel_offload) {
        return None;
    }
    let loaded = TunnelOffload::load();
    loaded.inspect_err(|error| tracing::debug!(%error, "tunnels are cut packet by packet")).ok()
}

/// Runs a director that nobody ran before, or one that was killed.
async fn run_first(mut options: Options, tunnels: Option<TunnelOffload>) -> Result<Ending, DaemonError> {
    let stop = StopFlag::default();
    let signals = SignalWatch::start(stop.clone()).map_err(DaemonError::start("the signal watch"))?;
    lvs_host::any_workable()?;
    let socket = ControlSocket::bind(&options.socket)?;
    let trust = Trust::load(options.sync.clone())?;
    let (exporters, pages) = RunningExporters::new(options.exporters.clone());
    let prepared = exporters.prepare(&options.declared.exporters).await?;
    let clock = Clock::start();
    let director = new_director(&options.core);

    let journal = journal_path(&options.socket);
    let left = left_on_host(&journal)?;
    let table_file = TableFile::beside(&options.socket);
    // Without the host that belongs to them, the tables of another director mean nothing here.
    let before = left.as_ref().and_then(|_| table_file.restore());
    let devices = left.iter().flat_map(Inheritance::devices).map(str::to_owned).collect();

    let (report, ended) = mpsc::unbounded_channel();
    let path = datapath::Path::new(Arc::clone(&director), clock, report, tunnels).joining(devices);
    let names = options.tun_names();
    let vip = Interface::open(&names.vip, options.device, &path)?;
    let server_path = datapath::Path { side: Side::Server, ..path.clone() };
    let rs = Interface::open(&names.rs, options.device, &server_path)?;
    let marks = MarkTuns::new(options.tun_prefix.clone(), options.device, path.clone());

    let (order, orders) = mpsc::unbounded_channel();
    let live = Arc::new(director_service(&path, &stop, (exporters, trust), order, &mut options));
    director.expect_drained(DrainFile::beside(&options.socket).restore());
    live.estate.lock().interfaces = vec![vip, rs];
    live.estate.lock().socket = Some(socket.hand_over().map_err(DaemonError::start("the control server"))?);
    if !attach_host(&live, &options, marks, left).await? {
        return Ok(Ending::Stopped);
    }
    let monitoring = tokio::spawn(exporters::serve_pages(Arc::clone(&live), pages));
    live.exporters.commit(prepared, &live).await;
    let begun = begin(&live, (before, &options.declared)).await;
    let event = Event::Started { version: env!("CARGO_PKG_VERSION").to_owned() };
    let running = Running { socket, signals, ended, orders, event, monitoring };
    go_on(live, begun, running, &options).await
}

/// Runs a director that takes over from the one that runs.
async fn run_after(
    mut options: Options,
    tunnels: Option<TunnelOffload>,
    mut successor: Successor,
) -> Result<Ending, DaemonError> {
    let (told, now) = successor.greet()?;
    let stop = StopFlag::default();
    let signals = SignalWatch::start(stop.clone()).map_err(DaemonError::start("the signal watch"))?;
    let (exporters, pages) = RunningExporters::new(options.exporters.clone());
    let clock = Clock::from(now);
    let director = new_director(&options.core);
    let (report, ended) = mpsc::unbounded_channel();
    let path = datapath::Path::new(Arc::clone(&director), clock, report, tunnels);
    let (order, orders) = mpsc::unbounded_channel();
    let trust = Trust::load(options.sync.clone())?;
    let live = director_service(&path, &stop, (exporters, trust), order, &mut options);
    let live = live.begun(told.started());
    let live = Arc::new(live);
    live.declare_checks(&options.declared.health);
    let taking = {
        let (live, path) = (Arc::clone(&live), path.clone());
        tokio::task::spawn_blocking(move || successor.take_over(&live, &path, told))
    };
    let failed = |error: tokio::task::JoinError| DaemonError::TakeOver(error.to_string());
    let arrived = taking.await.map_err(failed)??;

    let socket = ControlSocket::adopt(&options.socket, arrived.socket.0, arrived.socket.1);
    let path = match arrived.program {
        Some(program) if path.tunnels.is_none() => path.with_tunnels(program),
        _ => path,
    };
    let marks = MarkTuns::new(options.tun_prefix.clone(), options.device, path).with(arrived.marks);
    settle_in(&live, arrived.interfaces, &socket, arrived.attendant)?;
    if !attach_host(&live, &options, marks, None).await? {
        return Ok(Ending::Stopped);
    }
    live.exporters.adopt(arrived.metrics).await.map_err(DaemonError::start("the metrics"))?;
    let monitoring = tokio::spawn(exporters::serve_pages(Arc::clone(&live), pages));
    match live.exporters.prepare(&options.declared.exporters).await {
        Ok(prepared) => live.exporters.commit(prepared, &live).await,
        Err(error) => tracing::error!(%error, "metrics and flow log are as before"),
    }
    let begun = live.go_on_with(arrived.kept, &options.declared).await;
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
    left: Option<Inheritance>,
) -> Result<bool, DaemonError> {
    let journal = journal_path(&options.socket);
    let left = match left {
        Some(left) => Some(left),
        None => left_on_host(&journal)?,
    };
    let (host_options, stop) = (options.host_options(Some(journal)), live.host.stop_flag());
    match Plumbing::start(host_options, options.tun_names(), left, stop, live.clock.now()).await {
        Ok(plumbing) => live.host.attach(plumbing, marks).await,
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
    let mut estate = live.estate.lock();
    estate.interfaces = interfaces;
    estate.socket = Some(socket.hand_over().map_err(DaemonError::start("the control server"))?);
    estate.attendant = Some(attendant.try_clone().map_err(DaemonError::start("the attendant"))?);
    drop(estate);
    upgrade::end_with_attendant(attendant);
    Ok(())
}

/// Parts of a director while it runs.
struct Running {
    socket: ControlSocket,
    signals: SignalWatch,
    ended: mpsc::UnboundedReceiver<Ended>,
    orders: mpsc::UnboundedReceiver<Order>,
    /// The event of its start.
    event: Event,
    monitoring: JoinHandle<()>,
}

/// Runs until the end, and undoes everything then, unless another process has taken over.
async fn go_on(
    live: Arc<DirectorService>,
    begun: Result<(), DaemonError>,
    mut running: Running,
    options: &Options,
) -> Result<Ending, DaemonError> {
    let table_file = TableFile::beside(&options.socket);
    let mut outcome = match begun {
        Ok(()) if live.host.is_stopping() => Ok(None),
        Ok(()) => {
            let [writer, rs_writer] = live.writers()?;
            let following = tasks::follow_host(&live, writer, rs_writer);
            let keeping = tokio::spawn(table_file::keep(Arc::clone(&live), table_file.clone()));
            let outcome = serve(&live, &mut running, options).await;
            following.iter().for_each(JoinHandle::abort);
            keeping.abort();
            outcome
        }
        Err(error) => Err(error),
    };
    let moved = outcome.as_mut().ok().and_then(Option::take);
    live.exporters.stop(moved.is_none()).await;
    running.monitoring.abort();
    if let Some(upgraded) = moved {
        // The file is the successor's by now.
        std::mem::forget(running.socket);
        return Ok(Ending::Moved { live, upgraded });
    }
    let outcome = outcome.map(|_| Ending::Stopped);
    let undone = all_undone(&live.host.end().await);
    table_file.end();
    live.estate.lock().interfaces.clear();
    tracing::info!("stopped");
    let ending = outcome?;
    undone.map(|()| ending)
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

/// The service of the control socket.
fn director_service(
    path: &datapath::Path,
    stop: &StopFlag,
    (exporters, trust): (RunningExporters, Trust),
    orders: mpsc::UnboundedSender<Order>,
    options: &mut Options,
) -> DirectorService {
    DirectorService::new(path, stop.clone())
        .configured(options.config.take(), options.declared.clone())
        .with_exporters(exporters)
        .trusting(trust)
        .with_drain_file(DrainFile::beside(&options.socket))
        .with_orders(orders)
}

/// Has packets come in once the tables are there; until then they wait in the queues.
async fn begin(
    live: &DirectorService,
    (before, declared): (Option<KeptTables>, &Declared),
) -> Result<(), DaemonError> {
    live.declare_after(before, declared).await?;
    for interface in &mut live.estate.lock().interfaces {
        interface.keep()?;
        interface.serve()?;
    }
    live.follow_changed().await;
    Ok(())
}

/// Serves until a signal or an accident, or until another process has taken over, which is returned.
async fn serve(
    live: &Arc<DirectorService>,
    running: &mut Running,
    options: &Options,
) -> Result<Option<Upgraded>, DaemonError> {
    let (stop, stopped) = oneshot::channel::<()>();
    let listener = running.socket.listener().map_err(DaemonError::start("the control server"))?;
    let served = tokio::spawn(server::serve(listener, Arc::clone(live), async { drop(stopped.await) }));
    let tree = options.proc_dir.as_deref().map(|dir| ProcTree::new(dir, options.proc_sctp)).transpose()?;
    let mut others = vec![
        tokio::spawn(tasks::keep_time(Arc::clone(live))),
        tokio::spawn(tasks::settle(Arc::clone(live))),
        tokio::spawn(alarms::watch(Arc::clone(live), options.drop_alarm)),
        checks::start(live).map_err(DaemonError::start("the health checks"))?,
        tokio::spawn(drain::keep(Arc::clone(live))),
    ];
    let (stop_files, files_stopped) = oneshot::channel();
    let files = tree.map(|tree| tokio::spawn(proc_dir::keep(tree, Arc::clone(live), files_stopped)));
    tracing::info!(socket = %running.socket.path().display(), "ready");
    live.events.publish(running.event.clone());
    notify(sd_notify::NotifyState::Ready);

    let outcome = run_loop(live, running).await;
    if !matches!(outcome, Ok(Some(_))) {
        live.host.stop();
        live.events.publish(Event::Stopping);
        notify(sd_notify::NotifyState::Stopping);
        drop(stop_files);
    } else if let Some(files) = &files {
        // They are the successor's.
        files.abort();
    }
    live.taps.close();
    drop(stop);
    let _ = served.await;
    if let (Some(files), Ok(None) | Err(_)) = (files, &outcome) {
        let _ = files.await;
    }
    if matches!(outcome, Ok(Some(_))) {
        *live.checks.lock() = None;
    } else {
        live.end_checks().await;
    }
    others.drain(..).for_each(|task| task.abort());
    outcome
}

/// Waits for what ends a director; reloads and upgrades are done meanwhile.
async fn run_loop(
    live: &Arc<DirectorService>,
    running: &mut Running,
) -> Result<Option<Upgraded>, DaemonError> {
    let mut handing: Option<Handing> = None;
    loop {
        tokio::select! {
            action = running.signals.next() => match action {
                SignalAction::Stop => {
                    // An upgrade that is past its end cannot be called back.
                    let last = match handing.take() {
                        Some(handing) => handing.await,
                        None => None,
                    };
                    return Ok(last);
                }
                // What became of it is in the log.
                SignalAction::Reload => {
                    drop(live.reload(ReloadRequest::Follow { dry_run: false }).await);
                    live.exporters.reopen().await;
                }
                SignalAction::Reopen => live.exporters.reopen().await,
                SignalAction::Upgrade if handing.is_none() => handing = Some(hand_over(live, None, None)),
                SignalAction::Upgrade => tracing::warn!("an upgrade is under way"),
            },
            Some((binary, answer)) = running.orders.recv() => match handing {
                None => handing = Some(hand_over(live, binary, Some(answer))),
                Some(_) => drop(answer.send(Err(UpgradeRefusal::UnderWay))),
            },
            done = async { match &mut handing { Some(handing) => handing.await, None => std::future::pending().await } } => {
                handing = None;
                if let Some(upgraded) = done {
                    return Ok(Some(upgraded));
                }
            }
            Some(ended) = running.ended.recv() => return Err(ended.into()),
        }
    }
}

/// An upgrade under way, and what it came to if it succeeded.
type Handing = std::pin::Pin<Box<dyn Future<Output = Option<Upgraded>> + Send>>;

fn hand_over(
    live: &Arc<DirectorService>,
    binary: Option<PathBuf>,
    answer: Option<oneshot::Sender<Result<Upgraded, UpgradeRefusal>>>,
) -> Handing {
    let task = tokio::spawn(upgrade::hand_over(Arc::clone(live), binary));
    Box::pin(async move {
        let done = task.await.unwrap_or_else(|error| Err(UpgradeRefusal::Failed { why: error.to_string() }));
        let upgraded = done.as_ref().ok().cloned();
        answer.into_iter().for_each(|answer| drop(answer.send(done.clone())));
        upgraded
    })
}

/// Finds the changes of this host by a director that was killed.
fn left_on_host(journal: &Path) -> Result<Option<Inheritance>, DaemonError> {
    match Inheritance::find(journal) {
        // A container that starts again has a new network namespace and may have kept the file of the old one.
        Err(error @ HostError::JournalElsewhere(_)) => {
            tracing::warn!(%error, "begun anew");
            Ok(None)
        }
        found => Ok(found?),
    }
}

/// Undoes what was left by one that was killed.
async fn clean_up_before_start(journal: &Path, of: &str) -> Result<(), DaemonError> {
    match lvs_host::cleanup(journal).await {
        Ok(CleanedUp::Nothing) => {}
        Ok(CleanedUp::AllBut(_)) => tracing::warn!("undid what {of} that was killed had left on this host"),
        // A container that starts again has a new network namespace and may have kept the file of the old one.
        Err(error @ HostError::JournalElsewhere(_)) => tracing::warn!(%error, "begun anew"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn all_undone(failures: &[HostError]) -> Result<(), DaemonError> {
    for error in failures {
        tracing::error!(%error, "not undone");
    }
    if failures.is_empty() { Ok(()) } else { Err(DaemonError::NotUndone { steps: failures.len() }) }
}

/// File in which the steps on the host are noted: beside the control socket.
pub fn journal_path(socket: &Path) -> PathBuf {
    let mut name = socket.as_os_str().to_owned();
    name.push(".journal");
    name.into()
}

fn notify(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "cannot tell the service supervisor");
    }
}

/// The standard library seeds its hash maps from the system's random numbers.
fn random_bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Key of the hashes of what arrives in packets.
fn random_secret() -> u128 {
    u128::from(random_bits()) << 64 | u128::from(random_bits())
}
