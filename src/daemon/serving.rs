//! A director at work, until a signal or an accident ends it, or another process has taken over.
//!
//! Owns the tasks that run beside the queues, and the undoing at the end.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use ipvsadm::proc::tree::ProcTree;
use lvs_control::socket::ControlSocket;
use lvs_control::{ReloadRequest, UpgradeRefusal, Upgraded, server};
use lvs_events::Event;

use super::conn_keeper::ConnKeeper;
use super::error::Ended;
use super::left;
use super::service::DirectorService;
use super::signals::{SignalAction, SignalWatch};
use super::table_file::{self, TableFile};
use super::upgrade::{self, Order};
use super::{DaemonError, Ending, Options, all_undone, checks, notify, proc_dir, tasks};

/// Parts of a director while it runs.
pub(super) struct Running {
    pub(super) socket: ControlSocket,
    pub(super) signals: SignalWatch,
    pub(super) ended: mpsc::UnboundedReceiver<Ended>,
    pub(super) orders: mpsc::UnboundedReceiver<Order>,
    /// The event of its start.
    pub(super) event: Event,
    pub(super) monitoring: JoinHandle<()>,
}

/// Runs until the end, and undoes everything then, unless another process has taken over.
pub(super) async fn go_on(
    live: Arc<DirectorService>,
    begun: Result<(), DaemonError>,
    mut running: Running,
    options: &Options,
) -> Result<Ending, DaemonError> {
    let mut outcome = match begun {
        Ok(()) if live.host.is_stopping() => Ok(None),
        Ok(()) => {
            let [writer, rs_writer] = live.writers()?;
            let following = tasks::follow_host(&live, writer, rs_writer);
            let table_file = TableFile::beside(&options.socket);
            let keeping = tokio::spawn(table_file::keep(Arc::clone(&live), table_file));
            let keeper = ConnKeeper::start_for(&live, options);
            let outcome = serve(&live, &mut running, options).await;
            following.iter().for_each(JoinHandle::abort);
            keeping.abort();
            drop(keeper);
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
    let outcome = end(&live, outcome.map(|_| Ending::Stopped), &options.socket).await;
    tracing::info!("stopped");
    outcome
}

/// Undoes everything; one that ends by itself is started again, and leaves host, tables and connections to its successor.
async fn end(
    live: &DirectorService,
    mut outcome: Result<Ending, DaemonError>,
    socket: &Path,
) -> Result<Ending, DaemonError> {
    if matches!(outcome, Err(DaemonError::Panicked { .. } | DaemonError::DeviceGone { .. })) {
        live.host.leave().await;
        tracing::error!("this host is left to the next director, or to `tunvs cleanup`");
    } else {
        let undone = all_undone(&live.host.end().await);
        outcome = outcome.and_then(|ending| undone.map(|()| ending));
        left::remove(socket);
    }
    live.estate.lock().interfaces.clear();
    outcome
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
    let tasks = tasks::kept(live, options.drop_alarm);
    let checks = checks::start(live).map_err(DaemonError::start("the health checks"))?;
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
    checks.abort();
    tasks.iter().for_each(JoinHandle::abort);
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
