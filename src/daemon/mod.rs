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

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::IpNet;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use ipvsadm::proc::tree::ProcTree;
use lvs::director::{Director, Settings, Side};
use lvs_config::{Declared, Exporters, Source};
use lvs_control::socket::ControlSocket;
use lvs_control::{ReloadRequest, server};
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

/// Runs the director until a signal ends it.
///
/// # Errors
/// The director could not start, or lost a device. Whatever it changed on the host is undone in either case.
pub fn run(options: Options) -> Result<(), DaemonError> {
    let tunnels = tunnel_offload(options.device);
    let runs_programs = programs(&options.declared.health).next().is_some();
    privileges::join_bfd_groups(&options.declared.health);
    privileges::shed(&privileges::DIRECTOR, if runs_programs { &privileges::PROGRAMS } else { &[] })?;
    control_runtime()?.block_on(run_inside(options, tunnels))
}

/// Before capabilities are given up: it needs CAP_BPF, which nothing later does.
fn tunnel_offload(device: lvs_device::Options) -> Option<TunnelOffload> {
    if !(device.offload && device.tunnel_offload) {
        return None;
    }
    let loaded = TunnelOffload::load();
    loaded.inspect_err(|error| tracing::debug!(%error, "tunnels are cut packet by packet")).ok()
}

async fn run_inside(mut options: Options, tunnels: Option<TunnelOffload>) -> Result<(), DaemonError> {
    let stop = StopFlag::default();
    let mut signals = SignalWatch::start(stop.clone()).map_err(DaemonError::start("the signal watch"))?;
    lvs_host::any_workable()?;
    let socket = ControlSocket::bind(&options.socket)?;
    let tree = options.proc_dir.as_deref().map(|dir| ProcTree::new(dir, options.proc_sctp)).transpose()?;
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

    let (report, mut ended) = mpsc::unbounded_channel();
    let path = datapath::Path::new(Arc::clone(&director), clock, report, tunnels).joining(devices);
    let names = options.tun_names();
    let mut vip = Interface::open(&names.vip, options.device, &path)?;
    let server_path = datapath::Path { side: Side::Server, ..path.clone() };
    let mut rs = Interface::open(&names.rs, options.device, &server_path)?;
    let (writer, rs_writer) = (vip.writer()?, rs.writer()?);
    let marks = MarkTuns::new(options.tun_prefix.clone(), options.device, path.clone());

    let live = director_service(&path, &stop, (exporters, trust), &mut options);
    let host_options = options.host_options(Some(journal));
    match Plumbing::start(host_options, names, left, stop.clone(), clock.now()).await {
        Ok(plumbing) => live.host.attach(plumbing, marks).await,
        Err(HostError::Stopping) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let monitoring = tokio::spawn(exporters::serve_pages(Arc::clone(&live), pages));
    live.exporters.commit(prepared, &live).await;
    let mut outcome = match begin(&live, [&mut vip, &mut rs], (before, &options.declared)).await {
        Ok(()) if stop.is_raised() => Ok(()),
        Ok(()) => {
            let following = tasks::follow_host(&live, writer, rs_writer);
            let keeping = tokio::spawn(table_file::keep(Arc::clone(&live), table_file.clone()));
            let outcome = serve(&live, &socket, tree, &mut signals, &mut ended, &mut options).await;
            following.iter().for_each(JoinHandle::abort);
            keeping.abort();
            outcome
        }
        Err(error) => Err(error),
    };
    live.exporters.stop().await;
    monitoring.abort();
    outcome = outcome.and(all_undone(&live.host.end().await));
    table_file.end();
    drop((vip, rs));
    tracing::info!("stopped");
    outcome
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

/// The service of the control socket, with the marks of drained servers that an earlier director left.
fn director_service(
    path: &datapath::Path,
    stop: &StopFlag,
    (exporters, trust): (RunningExporters, Trust),
    options: &mut Options,
) -> Arc<DirectorService> {
    let drain_file = DrainFile::beside(&options.socket);
    path.director.expect_drained(drain_file.restore());
    let live = DirectorService::new(path, stop.clone())
        .configured(options.config.take(), options.declared.clone())
        .with_exporters(exporters)
        .trusting(trust)
        .with_drain_file(drain_file);
    Arc::new(live)
}

/// Has packets come in once the tables are there; until then they wait in the queues.
async fn begin(
    live: &DirectorService,
    interfaces: [&mut Interface; 2],
    (before, declared): (Option<KeptTables>, &Declared),
) -> Result<(), DaemonError> {
    live.declare_after(before, declared).await?;
    for interface in interfaces {
        interface.keep()?;
        interface.serve()?;
    }
    live.follow_changed().await;
    Ok(())
}

/// Serves until a signal or an accident.
async fn serve(
    live: &Arc<DirectorService>,
    socket: &ControlSocket,
    tree: Option<ProcTree>,
    signals: &mut SignalWatch,
    ended: &mut mpsc::UnboundedReceiver<Ended>,
    options: &mut Options,
) -> Result<(), DaemonError> {
    let (stop, stopped) = oneshot::channel::<()>();
    let listener = socket.listener().map_err(DaemonError::start("the control server"))?;
    let served = tokio::spawn(server::serve(listener, Arc::clone(live), async { drop(stopped.await) }));
    let timers = tokio::spawn(tasks::keep_time(Arc::clone(&live.director), live.clock));
    let settling = tokio::spawn(tasks::settle(Arc::clone(live)));
    let alarms = tokio::spawn(alarms::watch(Arc::clone(live), options.drop_alarm));
    let checks = checks::start(live).map_err(DaemonError::start("the health checks"))?;
    let drains = tokio::spawn(drain::keep(Arc::clone(live)));
    let (stop_files, files_stopped) = oneshot::channel();
    let files = tree.map(|tree| tokio::spawn(proc_dir::keep(tree, Arc::clone(live), files_stopped)));
    tracing::info!(socket = %socket.path().display(), "ready");
    live.events.publish(Event::Started { version: env!("CARGO_PKG_VERSION").to_owned() });
    notify(sd_notify::NotifyState::Ready);

    let outcome = loop {
        tokio::select! {
            action = signals.next() => match action {
                SignalAction::Stop => break Ok(()),
                // What became of it is in the log.
                SignalAction::Reload => {
                    drop(live.reload(ReloadRequest::Follow { dry_run: false }).await);
                    live.exporters.reopen().await;
                }
                SignalAction::Reopen => live.exporters.reopen().await,
            },
            Some(ended) = ended.recv() => break Err(ended.into()),
        }
    };

    live.host.stop();
    live.events.publish(Event::Stopping);
    live.taps.close();
    notify(sd_notify::NotifyState::Stopping);
    drop((stop, stop_files));
    let _ = served.await;
    if let Some(files) = files {
        let _ = files.await;
    }
    live.end_checks().await;
    checks.abort();
    drains.abort();
    timers.abort();
    settling.abort();
    alarms.abort();
    outcome
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
