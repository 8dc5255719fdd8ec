//! `tunvs real-server`: a host prepared to be a real server of direct routing and tunnels, until a signal ends it.
//!
//! Joins the host edge, a TUN, GUE's ports and the pure [`TunnelEnd`]. Has a control socket for its counters, and no
//! tables behind it.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::clock::{Clock, unix_millis};
use super::counters::{AllCounters, QueueCounters};
use super::datapath::BATCH;
use super::error::{DaemonError, Ended};
use super::execute::Executor;
use super::journal::{all_undone, clean_up_before_start, journal_path};
use super::notify::notify;
use super::random::random_secret;
use super::signals::{SignalAction, SignalWatch};
use super::supervise::Report;
use super::worker::{Bell, Worker};
use super::{control_runtime, privileges};
use crate::sandbox::{self, Kept, Sandbox};
use lvs::director::{
    Command, CommandError, Director, Explanation, Query, Question, Reply, Settings, Verdict,
};
use lvs::tunnel_end::{Invitation, TunnelEnd};
use lvs_control::socket::ControlSocket;
use lvs_control::{Applied, Counter, OnError, Service, Status, server, status};
use lvs_device::{GuePorts, IdlePorts, PacketReader, ReadError, Tun, TunQueue};
use lvs_events::rfc3339;
use lvs_host::{HostError, HostOptions, RealPlumbing, Step, StopFlag, Watch};
use lvs_wire::{Coalescer, PacketBuf};

/// Everything that is decided before it starts.
#[derive(Clone, Debug)]
pub struct Options {
    pub socket: PathBuf,
    pub vips: Vec<IpAddr>,
    pub directors: Vec<IpAddr>,
    pub ipip: bool,
    pub gre: bool,
    pub gue_ports: Vec<u16>,
    pub tun: String,
    pub device: lvs_device::Options,
    /// Rights are given up for good after the start.
    pub sandbox: bool,
}

impl Options {
    fn host(&self, journal: Option<PathBuf>) -> lvs_host::RealServerOptions {
        let HostOptions { table_base, tx_queue_len, .. } = HostOptions::default();
        lvs_host::RealServerOptions {
            vips: self.vips.clone(),
            directors: self.directors.clone(),
            ipip: self.ipip,
            gre: self.gre,
            gue_ports: self.gue_ports.clone(),
            tun: self.tun.clone(),
            table_base,
            tx_queue_len,
            journal,
        }
    }

    /// Options of the device that packets come out of.
    fn end_device(&self) -> lvs_device::Options {
        lvs_device::Options { queues: 1, ..self.device }
    }

    fn invitation(&self) -> Invitation {
        Invitation {
            virtuals: self.vips.iter().copied().collect(),
            directors: self.directors.iter().copied().collect(),
            ipip: self.ipip,
            gre: self.gre,
            gue_ports: self.gue_ports.iter().copied().collect(),
        }
    }
}

/// Changes of the host come in bursts; this long after the first one they are looked at together.
const SETTLE: Duration = Duration::from_millis(50);

/// Returns what running with these options would do to the host, as steps that print as commands.
///
/// # Errors
/// The host cannot be read, or cannot be prepared, or no interface can be called so.
pub fn dry_run(options: &Options) -> Result<Vec<Step>, DaemonError> {
    let host = options.host(None);
    if host.has_tunnels() {
        lvs_device::check(&options.tun, options.end_device())?;
    }
    Ok(control_runtime()?.block_on(RealPlumbing::dry_run(host))?)
}

/// Prepares the host, and undoes it when a signal comes.
///
/// # Errors
/// The real server could not start, or lost its device. Whatever it changed on the host is undone in either case.
pub fn run(options: Options) -> Result<(), DaemonError> {
    let socket = ControlSocket::bind(&options.socket)?;
    let ports = IdlePorts::open(&options.gue_ports)?;
    privileges::shed(&privileges::REAL_SERVER, &[])?;
    // It runs no programs, and is not taken over from.
    let sandbox = match options.sandbox {
        true => sandbox::enter(&Kept { socket: options.socket.clone(), ..Kept::default() }),
        false => Sandbox::off(),
    };
    control_runtime()?.block_on(run_inside(options, socket, ports, sandbox.status))
}

async fn run_inside(
    options: Options,
    socket: ControlSocket,
    ports: IdlePorts,
    sandbox: status::Sandbox,
) -> Result<(), DaemonError> {
    let stop = StopFlag::default();
    let told = sandbox.clone();
    let mut signals = SignalWatch::start().map_err(DaemonError::start("the signal watch"))?;
    signals.stops(stop.clone());
    let journal = journal_path(&options.socket);
    clean_up_before_start(&journal, "a real server").await?;
    let clock = Clock::start();
    let counters = Arc::new(AllCounters::default());
    let (report, mut ended) = mpsc::unbounded_channel();
    let host_options = options.host(Some(journal));
    let worker = if host_options.has_tunnels() {
        Some(start_end(&options, ports, &counters, Report { clock, ended: report })?)
    } else {
        None
    };
    let mut plumbing = match RealPlumbing::start(host_options, stop).await {
        Ok(plumbing) => plumbing,
        Err(HostError::Stopping) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let served = socket.listener().map_err(DaemonError::start("the control server")).map(|listener| {
        let service = Arc::new(RealServer { counters, clock, started: rfc3339(unix_millis()), sandbox });
        tokio::spawn(server::serve(listener, service, async { drop(stopped.await) }))
    });
    let mut outcome = match &served {
        Ok(_) => {
            sandbox::tell(&told);
            tracing::info!(socket = %socket.path().display(), "ready");
            notify(sd_notify::NotifyState::Ready);
            follow(&mut plumbing, &mut signals, &mut ended).await
        }
        Err(_) => Ok(()),
    };
    notify(sd_notify::NotifyState::Stopping);
    drop(stop);
    outcome = match served {
        Ok(served) => {
            let _ = served.await;
            outcome
        }
        Err(error) => Err(error),
    };
    outcome = outcome.and(all_undone(&plumbing.undo().await));
    drop(worker);
    tracing::info!("stopped");
    outcome
}

/// Keeps up with the host until a signal or an accident.
async fn follow(
    plumbing: &mut RealPlumbing,
    signals: &mut SignalWatch,
    ended: &mut mpsc::UnboundedReceiver<Ended>,
) -> Result<(), DaemonError> {
    let mut watch =
        Watch::start().inspect_err(|error| tracing::warn!(%error, "changes of the host go unnoticed")).ok();
    loop {
        let changed = async {
            match &mut watch {
                Some(watch) => watch.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            action = signals.next() => match action {
                SignalAction::Reopen | SignalAction::Upgrade => {}
                SignalAction::Stop | SignalAction::StopForRestart => return Ok(()),
                SignalAction::Reload => tracing::warn!("a real server has nothing to read again"),
            },
            Some(ended) = ended.recv() => return Err(ended.into()),
            is_alive = changed => {
                if !is_alive {
                    watch = None;
                    continue;
                }
                tokio::time::sleep(SETTLE).await;
                watch.iter_mut().for_each(Watch::catch_up);
                if let Err(error) = plumbing.reconcile().await
                    && !matches!(error, HostError::Stopping)
                {
                    tracing::warn!(%error, "the host does not follow");
                }
            }
        }
    }
}

/// Makes the TUN and starts the thread at the end of the tunnels.
fn start_end(
    options: &Options,
    ports: IdlePorts,
    counters: &AllCounters,
    report: Report,
) -> Result<Vec<Worker>, DaemonError> {
    let tun = Tun::open(&options.tun, options.end_device())?;
    let offload = tun.features();
    let coalescer = options.device.offload.then(Coalescer::default);
    let mut parts = Some((TunnelEnd::new(options.invitation(), random_secret()), ports, coalescer));
    let mut queue = tun.queue(0)?;
    // What waits for its fragments is in the end of the tunnels: after a panic all is begun anew, by the supervisor.
    let open = move || {
        let queue = queue.take().ok_or_else(|| io::Error::other("the end of the tunnels is begun once"))?;
        queue.register(Arc::default())
    };
    let counters = counters.queue(&options.tun);
    let counted = Arc::clone(&counters);
    let clock = report.clock;
    let serve = async move |device: TunQueue, bell: &mut Bell| {
        let Some((end, ports, coalescer)) = parts.take() else { return Ok(()) };
        let ports = IdlePorts::register(ports)?;
        let executor = Executor::new(device, Arc::clone(&counters), coalescer);
        let mut path = EndPath { end, clock, counters: Arc::clone(&counters), executor };
        path.serve(Some(&ports), bell).await
    };
    let on_panic = move || counted.panicked();
    let worker = Worker::start(options.tun.clone(), open, report, on_panic, serve)?;
    tracing::info!(device = options.tun, %offload, "device up");
    Ok(vec![worker])
}

/// Packets at the end of a tunnel.
struct EndPath {
    end: TunnelEnd,
    clock: Clock,
    counters: Arc<QueueCounters>,
    executor: Executor<TunQueue>,
}

impl EndPath {
    async fn serve(&mut self, ports: Option<&GuePorts>, bell: &mut Bell) -> io::Result<()> {
        let mut packet = PacketBuf::new();
        let datagram_waits = async |ports: Option<&GuePorts>| match ports {
            Some(ports) => ports.readable().await,
            None => std::future::pending().await,
        };
        loop {
            tokio::select! {
                biased;
                _ = bell.recv() => return Ok(()),
                ready = self.executor.device().readable() => {
                    ready?;
                    self.packets(&mut packet)?;
                }
                ready = datagram_waits(ports) => {
                    ready?;
                    self.datagrams(ports, &mut packet);
                }
            }
            self.executor.flush();
        }
    }

    fn packets(&mut self, packet: &mut PacketBuf) -> io::Result<()> {
        let now = self.clock.now();
        for _ in 0..BATCH {
            match self.executor.device().read(packet) {
                Ok(true) => {}
                Ok(false) => break,
                Err(ReadError::Gone(error)) => return Err(error),
                Err(error) => {
                    self.counters.unreadable(&error);
                    continue;
                }
            }
            self.executor.execute(packet, |packet, outbox| match self.end.process(packet, now, outbox) {
                // For nobody: counted, but not handed back.
                Verdict::Pass => {
                    self.counters.verdict(Verdict::Pass);
                    None
                }
                verdict => Some(verdict),
            });
            self.end.refused().for_each(|reason| self.executor.count(Verdict::Drop(reason)));
        }
        Ok(())
    }

    fn datagrams(&mut self, ports: Option<&GuePorts>, packet: &mut PacketBuf) {
        for _ in 0..BATCH {
            let Some(arrived) = ports.and_then(|ports| ports.read(packet)) else { break };
            self.executor.execute(packet, |packet, _| {
                Some(self.end.process_datagram(packet, arrived.from, arrived.ecn))
            });
        }
    }
}

/// Service that the control socket of a real server answers with.
#[derive(Debug)]
struct RealServer {
    counters: Arc<AllCounters>,
    clock: Clock,
    started: String,
    sandbox: status::Sandbox,
}

impl Service for RealServer {
    async fn apply(&self, commands: Vec<Command>, on_error: OnError) -> Applied {
        let tried = if on_error == OnError::Stop { commands.len().min(1) } else { commands.len() };
        Applied { results: vec![Err(CommandError::NoDirector); tried], warnings: Vec::new() }
    }

    fn query(&self, _query: &Query) -> Result<Reply, CommandError> {
        Err(CommandError::NoDirector)
    }

    /// As a director without services would.
    fn explain(&self, question: &Question) -> Explanation {
        Director::new(Settings::default()).explain(question, self.clock.now())
    }

    fn counters(&self) -> Vec<Counter> {
        self.counters.sum()
    }

    fn status(&self) -> Status {
        Status {
            director: status::Process {
                name: super::answers::host_name(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                pid: std::process::id(),
                started: self.started.clone(),
                uptime: self.clock.now().0 / 1000,
                config: None,
            },
            queues: self.counters.queues(),
            sandbox: self.sandbox.clone(),
            ..Status::default()
        }
    }
}
