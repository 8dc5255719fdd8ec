//! Tasks beside the queues: the timers of the core, and what keeps up with the host.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::execute::Executor;
use super::service::DirectorService;
use super::{alarms, drain, fast_path, fleet, host_events, supervise};
use crate::memory;
use lvs::service::Family;
use lvs_device::{OffQueue, TunWriter};
use lvs_host::{ErrorListener, NeighbourWatch, SettingsWatch, Watch};
use lvs_wire::{Outbox, PacketBuf};

/// How often expiry and estimators run at least.
const TICK: Duration = Duration::from_millis(250);

/// How often they run at most.
const SHORTEST_TICK: Duration = Duration::from_millis(10);

/// How often it is asked how much memory is left.
const ASK_MEMORY: Duration = Duration::from_secs(1);

/// How often it is looked whether something has to be sent again.
const REPEAT: Duration = Duration::from_millis(100);

/// Packets of that kind at once.
const FAREWELLS: usize = 10_000;

/// How often the host is made to follow what changes without a command.
const SETTLE: Duration = Duration::from_secs(10);

/// How often it is looked whether another director told of servers that are not declared here.
const LOOK: Duration = Duration::from_millis(200);

/// Tasks that keep up with the host: its own changes, and ICMP errors that it gets in the director's place.
pub(super) fn follow_host(
    live: &Arc<DirectorService>,
    writer: TunWriter,
    rs_writer: TunWriter,
) -> Vec<JoinHandle<()>> {
    let mut tasks = vec![follow("repeats", live, live.executor(rs_writer), repeat)];
    match Watch::start() {
        Ok(watch) => tasks.push(follow("host", live, watch, host_events::keep_up)),
        Err(error) => tracing::warn!(%error, "changes of the host will go unnoticed"),
    }
    match SettingsWatch::start() {
        Ok(watch) => tasks.push(follow("settings", live, watch, host_events::keep_settings)),
        Err(error) => tracing::warn!(%error, "changes of settings will go unnoticed"),
    }
    match NeighbourWatch::start() {
        Ok(watch) => tasks.push(follow("neighbours", live, watch, host_events::know_neighbours)),
        Err(error) => tracing::warn!(%error, "neighbours are left to the host"),
    }
    let masquerades = live.director.masqueraded_families();
    let listener = |family| {
        let started = ErrorListener::start(family, masquerades[usize::from(family == Family::V6)]);
        started.inspect_err(|error| tracing::debug!(%error, ?family, "no ICMP errors")).ok()
    };
    let listeners = [Family::V4, Family::V6].map(listener);
    tasks.push(follow("ICMP errors", live, (listeners, live.executor(writer)), host_events::pass_errors));
    tasks
}

/// A task that goes on with what it hears by after a panic.
fn follow<W, F>(
    name: &'static str,
    live: &Arc<DirectorService>,
    watch: W,
    task: fn(Arc<DirectorService>, Arc<Mutex<W>>) -> F,
) -> JoinHandle<()>
where
    W: Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (live, watch) = (Arc::clone(live), Arc::new(Mutex::new(watch)));
    let report = (live.clock, live.ended.clone());
    supervise::keep_running(name, report, move || task(Arc::clone(&live), Arc::clone(&watch)))
}

/// Tasks of a running director that go on after a panic.
pub(super) fn kept(live: &Arc<DirectorService>, drop_alarm: u64) -> [JoinHandle<()>; 6] {
    let kept = |name, task: fn(Arc<DirectorService>, u64) -> BoxFuture<'static, ()>| {
        let (live, report) = (Arc::clone(live), (live.clock, live.ended.clone()));
        supervise::keep_running(name, report, move || task(Arc::clone(&live), drop_alarm))
    };
    [
        kept("timers", |live, _| Box::pin(keep_time(live))),
        kept("settling", |live, _| Box::pin(settle(live))),
        kept("alarms", |live, drop_alarm| Box::pin(alarms::watch(live, drop_alarm))),
        kept("announcements", |live, _| Box::pin(fleet::keep(live))),
        kept("drains", |live, _| Box::pin(drain::keep(live))),
        kept("fast path", |live, _| Box::pin(fast_path::keep(live))),
    ]
}

/// Runs what is due in the core.
pub(super) async fn keep_time(live: Arc<DirectorService>) {
    let (director, clock) = (&live.director, live.clock);
    let groups = memory::groups();
    let mut ask_memory_at = clock.now();
    loop {
        let going = live.pause.read().await;
        let now = clock.now();
        if now >= ask_memory_at {
            memory::of_process(&groups).inspect(|memory| director.set_free_memory(memory.available_pages()));
            ask_memory_at = now + ASK_MEMORY;
        }
        director.handle_timeout(now);
        drop(going);
        let wait = director.poll_timeout().map_or(TICK, |due| due.since(now).clamp(SHORTEST_TICK, TICK));
        tokio::time::sleep(wait).await;
    }
}

/// Sends again what a server has to acknowledge, and tells ends of connections that these are over.
async fn repeat(live: Arc<DirectorService>, executor: Arc<Mutex<Executor<OffQueue>>>) {
    let mut executor = executor.lock().await;
    let mut packet = PacketBuf::new();
    loop {
        tokio::time::sleep(REPEAT).await;
        let _going = live.pause.read().await;
        let now = live.clock.now();
        executor.send_out(|outbox| live.director.repeat(now, outbox));
        for _ in 0..FAREWELLS {
            let decide =
                |packet: &mut PacketBuf, outbox: &mut Outbox| live.director.farewell(packet, now, outbox);
            if executor.execute(&mut packet, decide).is_none() {
                break;
            }
        }
    }
}

/// Lets go of removed servers whose last connections have ended, and lets the answers of servers in that others told of.
pub(super) async fn settle(live: Arc<DirectorService>) {
    loop {
        let mut waited = Duration::ZERO;
        // However many messages come, the host follows no more often than this looks.
        loop {
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
            if waited >= SETTLE || live.director.has_undeclared_servers() {
                break;
            }
        }
        let _going = live.pause.read().await;
        live.follow_tables().await;
    }
}
