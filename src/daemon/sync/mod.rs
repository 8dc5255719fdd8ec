//! The sync daemons that run: sockets on the named interface, and what carries messages between them and the core.
//!
//! Owns which daemons run, and follows the tables in that. What messages mean is the core's.

pub(super) mod channel;
mod socket;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Notify, RwLock};
use tokio::task::{JoinHandle, JoinSet};

use super::clock::Clock;
use super::error::Ended;
use super::supervise::{Report, keep_running};
use channel::{Channel, Trust};
use lvs::director::{Command, CommandError, DaemonRole, DaemonSpec, Director, Query, Reply, Sysctl};
use lvs::sync::Outgoing;
use lvs_control::{Counter, status};

/// How often a master looks for records that have waited long enough.
const LOOK_EVERY: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(super) struct SyncDaemons {
    director: Arc<Director>,
    clock: Clock,
    /// Held while messages are taken in or made.
    pause: Arc<RwLock<()>>,
    /// Rung by packets whose connections fill a message.
    bell: Arc<Notify>,
    /// Told of daemons that cannot go on.
    ended: UnboundedSender<Ended>,
    running: Mutex<Vec<Running>>,
    trust: Trust,
    channel: Mutex<Option<OpenChannel>>,
    failures: Arc<Failures>,
    /// Failures, until somebody is told.
    troubles: Mutex<Vec<String>>,
}

/// Messages that could not be sent or received, for reasons of the host.
#[derive(Debug, Default)]
struct Failures {
    sending: AtomicU64,
    receiving: AtomicU64,
    /// From addresses that are not to be believed, or unsigned where there is a secret.
    unbelieved: AtomicU64,
}

/// The channel, and the daemons that it was opened for; dropping it closes it.
#[derive(Debug)]
struct OpenChannel {
    specs: Vec<DaemonSpec>,
    channel: Arc<Channel>,
    _tasks: JoinSet<()>,
}

/// A daemon at work; dropping it closes its sockets.
#[derive(Debug)]
struct Running {
    spec: DaemonSpec,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl SyncDaemons {
    pub(super) fn new(
        director: Arc<Director>,
        clock: Clock,
        bell: Arc<Notify>,
        pause: Arc<RwLock<()>>,
        ended: UnboundedSender<Ended>,
    ) -> Self {
        Self {
            director,
            clock,
            pause,
            bell,
            ended,
            running: Mutex::default(),
            trust: Trust::default(),
            channel: Mutex::default(),
            failures: Arc::default(),
            troubles: Mutex::default(),
        }
    }

    /// Says whom to believe.
    pub(super) fn trusting(self, trust: Trust) -> Self {
        Self { trust, ..self }
    }

    fn report(&self) -> Report {
        Report { clock: self.clock, ended: self.ended.clone() }
    }

    /// Held by whatever changes the director beside its queues.
    pub(super) const fn pause(&self) -> &Arc<RwLock<()>> {
        &self.pause
    }

    /// Starts and stops what the tables want; to be called inside a tokio runtime. A daemon that cannot be started is
    /// taken out of the tables again.
    pub(super) fn follow(&self) -> Vec<(DaemonRole, CommandError)> {
        let mut running = self.running.lock();
        let now = self.clock.now();
        let Ok(Reply::Daemons(wanted)) = self.director.query(&Query::Daemons, now) else { return Vec::new() };
        running.retain(|daemon| wanted.contains(&daemon.spec));
        let mut failed = Vec::new();
        for spec in wanted {
            if running.iter().any(|daemon| daemon.spec == spec) {
                continue;
            }
            match self.start(&spec) {
                Ok(tasks) => running.push(Running { spec, tasks }),
                Err(error) => {
                    let stop = Command::StopDaemon { role: spec.role, sync_id: spec.sync_id };
                    let _ = self.director.apply(&stop, now);
                    let interface = &spec.interface;
                    let why = format!("cannot use {interface} for the sync daemon: {error}");
                    failed.push((spec.role, CommandError::BadDaemon(why)));
                }
            }
        }
        self.follow_channel(&running);
        failed
    }

    /// Opens the channel to other directors with the first daemon, and closes it with the last.
    fn follow_channel(&self, running: &[Running]) {
        let mut open = self.channel.lock();
        let mut specs: Vec<DaemonSpec> = running.iter().map(|daemon| daemon.spec.clone()).collect();
        specs.sort_by_key(|spec| spec.role == DaemonRole::Backup);
        if open.as_ref().map_or(&[][..], |open| &open.specs) == specs {
            return;
        }
        *open = None;
        if specs.is_empty() || !self.trust.options.has_channel {
            return;
        }
        match Channel::start(Arc::clone(&self.director), self.report(), &specs, self.trust.clone()) {
            Ok((channel, tasks)) => *open = Some(OpenChannel { specs, channel, _tasks: tasks }),
            Err(error) => {
                tracing::warn!(%error, "no channel to other directors");
                self.troubles.lock().push(format!("no channel to other directors: {error}"));
            }
        }
    }

    /// Closes the channel to other directors, for a successor, which opens its own.
    pub(super) fn close_channel(&self) {
        *self.channel.lock() = None;
    }

    /// Sends what a master has not sent yet, when no packet is processed any more.
    pub(super) async fn send_pending(&self) {
        let masters = |daemon: &&Running| daemon.spec.role == DaemonRole::Master;
        let Some(spec) = self.running.lock().iter().find(masters).map(|daemon| daemon.spec.clone()) else {
            return;
        };
        let buffer = self.director.sysctls().value(Sysctl::SyncSockSize);
        match socket::open(&spec, self.director.sync_ports(), buffer) {
            Ok(sockets) => {
                send(self.director.take_last_sync_messages(), &sockets, &self.failures).await;
            }
            Err(error) => tracing::debug!(%error, "the last sync messages are not sent"),
        }
    }

    /// How it stands with synchronisation.
    pub(super) fn status(&self) -> status::Sync {
        let running = self.running.lock();
        let daemons = running.iter().map(|daemon| daemon.spec.clone()).collect();
        let channel = self.channel.lock().as_ref().map(|open| open.channel.status());
        status::Sync { daemons, channel }
    }

    /// Notes what no command is to blame for.
    pub(super) fn trouble(&self, error: &CommandError) {
        tracing::warn!(%error, "no sync daemon");
        self.troubles.lock().push(error.to_string());
    }

    pub(super) fn take_troubles(&self) -> Vec<String> {
        std::mem::take(&mut self.troubles.lock())
    }

    fn start(&self, spec: &DaemonSpec) -> io::Result<Vec<JoinHandle<()>>> {
        let buffer = self.director.sysctls().value(Sysctl::SyncSockSize);
        let sockets = socket::open(spec, self.director.sync_ports(), buffer)?;
        tracing::info!(
            role = ?spec.role,
            interface = spec.interface,
            sync_id = spec.sync_id,
            ports = sockets.len(),
            "sync daemon started"
        );
        let core =
            Core { director: Arc::clone(&self.director), clock: self.clock, pause: Arc::clone(&self.pause) };
        let report = || self.report();
        let failures = Arc::clone(&self.failures);
        Ok(match spec.role {
            DaemonRole::Master => {
                let (sockets, bell) = (Arc::new(sockets), Arc::clone(&self.bell));
                let telling = move || {
                    tell(core.clone(), Arc::clone(&sockets), Arc::clone(&bell), Arc::clone(&failures))
                };
                vec![keep_running("sync master", report(), telling)]
            }
            DaemonRole::Backup => {
                let longest = usize::from(spec.max_len);
                let hearing = |socket| {
                    let (core, trust, socket) = (core.clone(), self.trust.clone(), Arc::new(socket));
                    let failures = Arc::clone(&failures);
                    move || {
                        hear(core.clone(), trust.clone(), Arc::clone(&socket), longest, Arc::clone(&failures))
                    }
                };
                let hearing = sockets.into_iter().map(hearing);
                hearing.map(|hearing| keep_running("sync backup", report(), hearing)).collect()
            }
        })
    }

    /// Counts of messages, by name.
    pub(super) fn counted(&self) -> impl Iterator<Item = Counter> {
        let failures = [
            ("send_failed".to_owned(), self.failures.sending.load(Relaxed)),
            ("receive_failed".to_owned(), self.failures.receiving.load(Relaxed)),
            ("rejected_sender".to_owned(), self.failures.unbelieved.load(Relaxed)),
            ("lost_ends".to_owned(), self.director.lost_ends()),
        ];
        let all = self.director.sync_counters().into_iter().chain(failures);
        all.map(|(name, value)| Counter { name: format!("sync_{name}"), value })
    }
}

/// The director, its time, and what is held while it is told something or asked for something.
#[derive(Clone)]
struct Core {
    director: Arc<Director>,
    clock: Clock,
    pause: Arc<RwLock<()>>,
}

/// A master: sends what the core has to say.
async fn tell(
    Core { director, clock, pause }: Core,
    sockets: Arc<Vec<UdpSocket>>,
    bell: Arc<Notify>,
    failures: Arc<Failures>,
) {
    loop {
        // Either may be first; the messages are the same.
        let _ = tokio::time::timeout(LOOK_EVERY, bell.notified()).await;
        let _going = pause.read().await;
        send(director.take_sync_messages(clock.now()), &sockets, &failures).await;
    }
}

async fn send(messages: Vec<Outgoing>, sockets: &[UdpSocket], failures: &Failures) {
    for outgoing in messages {
        let Some(socket) = sockets.get(outgoing.port) else { continue };
        if let Err(error) = socket.send(&outgoing.message).await {
            failures.sending.fetch_add(1, Relaxed);
            tracing::debug!(%error, "sync message not sent");
        }
    }
}

/// A backup: hands what comes to the core.
async fn hear(
    Core { director, clock, pause }: Core,
    trust: Trust,
    socket: Arc<UdpSocket>,
    longest: usize,
    failures: Arc<Failures>,
) {
    let mut message = vec![0; longest];
    loop {
        match socket.recv_from(&mut message).await {
            Ok((_, from)) if !trust.believes_message_of(from.ip()) => {
                failures.unbelieved.fetch_add(1, Relaxed);
            }
            Ok((len, _)) => {
                let _going = pause.read().await;
                director.hear_sync_message(&message[..len], clock.now());
            }
            Err(error) => {
                failures.receiving.fetch_add(1, Relaxed);
                tracing::debug!(%error, "sync message not received");
                // The interface may be down for long.
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}
