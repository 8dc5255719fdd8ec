//! The running director: the only place that joins the edges (device, host, configuration, control socket) to the
//! core, and the only one that reads the clock.
//!
//! Owns the order in which things start and stop, the threads and the timers. Never decides about packets or
//! services. Called by the command line.

mod clock;
mod counters;
mod datapath;
mod logging;
mod proc_dir;
mod reload;
mod service;
mod signals;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::{mpsc, oneshot};

use crate::cli::proc::tree::{ProcTree, TreeError};
use crate::config::Declared;
use crate::control::OnError;
use crate::control::server;
use crate::control::socket::{BindError, ControlSocket};
use crate::device::{self, DeviceError, Tun};
use crate::lvs::director::{CommandError, Director, Settings, Side};

use clock::Clock;
use datapath::{Ended, Path, Worker};
pub use logging::{LogError, LogFormat, start as start_logging};
use service::Live;
use signals::{SignalWatch, Wish};

/// Everything that is decided before the director starts.
#[derive(Clone, Debug)]
pub struct Options {
    pub socket: PathBuf,
    /// The file that a reload reads.
    pub config: Option<PathBuf>,
    pub declared: Declared,
    pub vip_nets: Vec<IpNet>,
    pub rs_nets: Vec<IpNet>,
    pub claim_vips: bool,
    pub tun_prefix: String,
    pub device: device::Options,
    pub core: Settings,
    pub proc_dir: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error(transparent)]
    Socket(#[from] BindError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error("cannot apply the configuration")]
    Declared(#[from] CommandError),
    #[error(transparent)]
    ProcDir(#[from] TreeError),
    #[error("cannot start {what}")]
    Start { what: &'static str, source: io::Error },
    #[error("the interface behind {thread} is gone")]
    DeviceGone { thread: String, source: io::Error },
    #[error("{thread} stopped on an internal error: please report what the log says above")]
    Panicked { thread: String },
}

impl DaemonError {
    fn start(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Start { what, source }
    }
}

/// How often expiry and estimators run at least.
const TICK: Duration = Duration::from_millis(250);

/// How often they run at most.
const SHORTEST_TICK: Duration = Duration::from_millis(10);

/// Runs the director until a signal ends it.
///
/// # Errors
/// It could not start, or lost a device. Whatever it changed on the host is undone in either case.
pub fn run(options: Options) -> Result<(), DaemonError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("tunvs-control")
        .enable_all()
        .build()
        .map_err(DaemonError::start("the runtime"))?;
    runtime.block_on(run_inside(options))
}

async fn run_inside(mut options: Options) -> Result<(), DaemonError> {
    let mut signals = SignalWatch::start().map_err(DaemonError::start("the signal watch"))?;
    let socket = ControlSocket::bind(&options.socket)?;
    let tree = options.proc_dir.as_deref().map(ProcTree::new).transpose()?;
    let clock = Clock::start();
    let director = Arc::new(Director::new(Settings { seed: random_seed(), ..options.core }));

    let (report, mut ended) = mpsc::unbounded_channel();
    let mut workers = Vec::new();
    for (suffix, side) in [("vip", Side::Client), ("rs", Side::Server)] {
        let tun = Tun::open(&format!("{}-{suffix}", options.tun_prefix), options.device)?;
        tracing::info!(device = tun.name(), offload = %tun.features(), queues = options.device.queues, "device up");
        let name = tun.name().to_owned();
        let path = Path { director: Arc::clone(&director), clock, side };
        for (number, queue) in tun.into_queues().into_iter().enumerate() {
            let worker = Worker::start(format!("{name}/{number}"), queue, path.clone(), report.clone())
                .map_err(DaemonError::start("a packet thread"))?;
            workers.push(worker);
        }
    }
    drop(report);

    let mut live = Live::new(Arc::clone(&director), clock);
    live.count(workers.iter().map(|worker| Arc::clone(worker.counters())));
    let live = Arc::new(live);
    let applied = live.change(&options.declared.commands(), OnError::Stop).await;
    applied.results.into_iter().collect::<Result<(), _>>()?;

    let (stop, stopped) = oneshot::channel::<()>();
    let listener = socket.listener().map_err(DaemonError::start("the control server"))?;
    let served = tokio::spawn(server::serve(listener, Arc::clone(&live), async { drop(stopped.await) }));
    let timers = tokio::spawn(keep_time(director, clock));
    let (stop_files, files_stopped) = oneshot::channel();
    let files = tree.map(|tree| tokio::spawn(proc_dir::keep(tree, Arc::clone(&live), files_stopped)));
    tracing::info!(socket = %socket.path().display(), "ready");
    notify(sd_notify::NotifyState::Ready);

    let outcome = loop {
        tokio::select! {
            wish = signals.next() => match wish {
                Wish::Stop => break Ok(()),
                Wish::Reload => reload::reload(&live, options.config.as_deref(), &mut options.declared).await,
            },
            Some(Ended { thread, error }) = ended.recv() => break Err(match error {
                Some(source) => DaemonError::DeviceGone { thread, source },
                None => DaemonError::Panicked { thread },
            }),
        }
    };

    notify(sd_notify::NotifyState::Stopping);
    drop((stop, stop_files));
    let _ = served.await;
    if let Some(files) = files {
        let _ = files.await;
    }
    timers.abort();
    drop(workers);
    tracing::info!("stopped");
    outcome
}

/// Runs what is due in the core.
async fn keep_time(director: Arc<Director>, clock: Clock) {
    loop {
        let now = clock.now();
        director.handle_timeout(now);
        let wait = director.poll_timeout().map_or(TICK, |due| due.since(now).clamp(SHORTEST_TICK, TICK));
        tokio::time::sleep(wait).await;
    }
}

fn notify(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "cannot tell the service supervisor");
    }
}

/// The standard library seeds its hash maps from the system's random numbers.
fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
