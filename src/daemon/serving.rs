//! A director at work, until a signal or an accident ends it, or another process has taken over.
//!
//! Owns the tasks that run beside the queues, and the undoing at the end.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::sandbox;
use ipvsadm::proc::tree::ProcTree;
use lvs_control::socket::ControlSocket;
use lvs_control::{ReloadRequest, UpgradeRefusal, Upgraded, server};
use lvs_events::Event;

use super::conn_keeper::{self, ConnKeeper};
use super::error::{DaemonError, Ended};
use super::history_file::{self, HistoryFile};
use super::interface::Interface;
use super::journal::all_undone;
use super::left;
use super::notify::notify;
use super::options::Options;
use super::orders::Order;
use super::service::DirectorService;
use super::signals::{SignalAction, SignalWatch};
use super::table_file::{self, TableFile};
use super::{checks, discovery, proc_dir, tasks, upgrade};

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

/// How a director ends that nothing went wrong with.
pub(super) enum Ending {
    /// All is undone.
    Stopped,
    /// Another process has taken over; nothing is undone.
    Moved { live: Arc<DirectorService>, upgraded: Upgraded, signals: SignalWatch },
}

/// How serving ends that nothing went wrong with.
enum End {
    Stopped,
    /// Another director follows, which finds everything as it is.
    ForRestart,
    Moved(Upgraded),
}

/// Runs until the end, and undoes everything then, unless another process has taken over or is to.
pub(super) async fn go_on(
    live: Arc<DirectorService>,
    begun: Result<(), DaemonError>,
    mut running: Running,
    options: &Options,
) -> Result<Ending, DaemonError> {
    let ended = match begun {
        Ok(()) if live.host.is_stopping() => Ok(end_by_signal(&mut running.signals).await),
        Ok(()) => work(&live, &mut running, options).await,
        Err(error) => Err(error),
    };
    let is_left = is_left(&ended);
    live.exporters.stop(!is_left && !matches!(ended, Ok(End::Moved(_)))).await;
    running.monitoring.abort();
    let outcome = match ended {
        Ok(End::Moved(upgraded)) => {
            // The file is the successor's by now.
            std::mem::forget(running.socket);
            return Ok(Ending::Moved { live, upgraded, signals: running.signals });
        }
        Ok(End::Stopped | End::ForRestart) => Ok(Ending::Stopped),
        Err(error) => Err(error),
    };
    let outcome = if is_left {
        live.host.leave().await;
        tracing::warn!("this host is left to the next director, or to `tunvs cleanup`");
        outcome
    } else {
        let undone = all_undone(&live.host.end().await);
        left::remove(&options.socket);
        outcome.and_then(|ending| undone.map(|()| ending))
    };
    live.handover.lock().interfaces.clear();
    tracing::info!("stopped");
    outcome
}

/// Whether host, tables and connections stay for the next director: this one was told that it follows, or ends by itself and is
/// started again.
const fn is_left(ended: &Result<End, DaemonError>) -> bool {
    matches!(ended, Ok(End::ForRestart) | Err(DaemonError::Panicked { .. } | DaemonError::DeviceGone { .. }))
}

/// Serves, and keeps on disk meanwhile what the next director would need.
async fn work(
    live: &Arc<DirectorService>,
    running: &mut Running,
    options: &Options,
) -> Result<End, DaemonError> {
    running.signals.stops(live.host.stop_flag());
    let [writer, rs_writer] = live.handover.lock().writers()?;
    let host_reconciler = tasks::follow_host(live, writer, rs_writer);
    let (tables, history) = (TableFile::beside(&options.socket), HistoryFile::beside(&options.socket));
    let (is_over, over) = watch::channel(());
    let keeping = [
        tokio::spawn(table_file::keep(Arc::clone(&live.configuration), tables.clone(), over.clone())),
        tokio::spawn(history_file::keep(Arc::clone(&live.history), history.clone(), over)),
    ];
    let file = conn_keeper::Target {
        path: conn_keeper::beside(&options.socket),
        places: options.core.max_conns,
        handed_over: live.handover.lock().conn_file.clone(),
    };
    let director = Arc::clone(&live.tables.director);
    let keeper = ConnKeeper::start_for(director, live.tables.clock, file, &live.kept);
    let ended = serve(live, running, options).await;
    host_reconciler.iter().for_each(JoinHandle::abort);
    if matches!(ended, Ok(End::Moved(_))) {
        keeping.iter().for_each(JoinHandle::abort);
    } else {
        drop(is_over);
        for task in keeping {
            let _ = task.await;
        }
    }
    if is_left(&ended) {
        upgrade::rest(live).await;
        for (what, written) in [
            ("tables", table_file::write(&tables, &live.configuration).await),
            ("history", history.write(&live.history.left())),
        ] {
            if let Err(error) = written {
                tracing::warn!(%error, "the next director will find the {what} as they were a moment ago");
            }
        }
    }
    drop(keeper);
    ended
}

/// Serves until a signal, an order or an accident, or until another process has taken over.
async fn serve(
    live: &Arc<DirectorService>,
    running: &mut Running,
    options: &Options,
) -> Result<End, DaemonError> {
    let (stop, stopped) = oneshot::channel::<()>();
    let listener = running.socket.listener().map_err(DaemonError::start("the control server"))?;
    let served = tokio::spawn(server::serve(listener, Arc::clone(live), async { drop(stopped.await) }));
    let tree = options.proc_dir.as_deref().map(|dir| ProcTree::new(dir, options.proc_sctp)).transpose()?;
    let tasks = tasks::kept(live, options.drop_alarm);
    let checks = checks::start(&live.checks).map_err(DaemonError::start("the health checks"))?;
    let sources = discovery::start(&live.sources);
    let (stop_files, files_stopped) = oneshot::channel();
    let files = tree.map(|tree| tokio::spawn(proc_dir::keep(tree, Arc::clone(&live.tables), files_stopped)));
    sandbox::tell(&live.sandbox);
    tracing::info!(socket = %running.socket.path().display(), "ready");
    live.tables.events.publish(running.event.clone());
    notify(sd_notify::NotifyState::Ready);
    for take in live.handover.lock().interfaces.iter().map(Interface::take_tunnels_whole) {
        tokio::task::spawn_blocking(take);
    }

    let ended = run_loop(live, running).await;
    let is_succeeded = matches!(ended, Ok(End::Moved(_))) || is_left(&ended);
    if !matches!(ended, Ok(End::Moved(_))) {
        live.host.stop();
        live.fleet.track(false);
        for error in live.host.withdraw().await {
            tracing::warn!(%error, "an announcement may still be there");
        }
        live.tables.events.publish(Event::Stopping);
        notify(sd_notify::NotifyState::Stopping);
    }
    live.path.taps.close();
    drop(stop);
    let _ = served.await;
    match files {
        // They are the successor's.
        Some(files) if is_succeeded => files.abort(),
        Some(files) => {
            drop(stop_files);
            let _ = files.await;
        }
        None => {}
    }
    if is_succeeded {
        live.checks.abort();
    } else {
        live.checks.end().await;
    }
    checks.abort();
    sources.abort();
    live.sources.end();
    tasks.iter().for_each(JoinHandle::abort);
    ended
}

/// Waits for what ends a director; reloads and upgrades are done meanwhile.
async fn run_loop(live: &Arc<DirectorService>, running: &mut Running) -> Result<End, DaemonError> {
    let mut handing: Option<Handing> = None;
    loop {
        tokio::select! {
            action = running.signals.next() => match action {
                stop @ (SignalAction::Stop | SignalAction::StopForRestart) => {
                    return Ok(end_after(handing, stop, &mut running.signals).await);
                }
                // What became of it is in the log.
                SignalAction::Reload => {
                    drop(live.configuration.reload(ReloadRequest::Follow { dry_run: false }).await);
                    live.exporters.reopen().await;
                }
                SignalAction::Reopen => live.exporters.reopen().await,
                SignalAction::Upgrade if handing.is_none() => handing = Some(hand_over(live, None, None)),
                SignalAction::Upgrade => tracing::warn!("an upgrade is under way"),
            },
            Some(order) = running.orders.recv() => match order {
                Order::Stop { for_restart } => {
                    live.host.stop();
                    let stop = if for_restart { SignalAction::StopForRestart } else { SignalAction::Stop };
                    return Ok(end_after(handing, stop, &mut running.signals).await);
                }
                Order::Upgrade { binary, answer } if handing.is_none() => {
                    handing = Some(hand_over(live, binary, Some(answer)));
                }
                Order::Upgrade { answer, .. } => drop(answer.send(Err(UpgradeRefusal::UnderWay))),
            },
            done = async { match &mut handing { Some(handing) => handing.await, None => std::future::pending().await } } => {
                handing = None;
                if let Some(upgraded) = done {
                    return Ok(End::Moved(upgraded));
                }
            }
            Some(ended) = running.ended.recv() => return Err(ended.into()),
        }
    }
}

/// Stops, unless an upgrade is under way that cannot be called back any more: then the other process is to stop.
async fn end_after(handing: Option<Handing>, stop: SignalAction, signals: &mut SignalWatch) -> End {
    let moved = match handing {
        Some(handing) => handing.await,
        None => None,
    };
    match moved {
        Some(upgraded) => {
            signals.give_back(stop);
            End::Moved(upgraded)
        }
        None => End::of(stop),
    }
}

impl End {
    fn of(stop: SignalAction) -> Self {
        if stop == SignalAction::StopForRestart { Self::ForRestart } else { Self::Stopped }
    }
}

/// Waits for the signal that asks to stop.
async fn end_by_signal(signals: &mut SignalWatch) -> End {
    loop {
        if let stop @ (SignalAction::Stop | SignalAction::StopForRestart) = signals.next().await {
            return End::of(stop);
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
