//! Tasks beside the queues: the timers of the core, and what keeps up with the host.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::execute::Executor;
use super::fleet::Fleet;
use super::follow_up::FollowUp;
use super::live_tables::LiveTables;
use super::orders::Orders;
use super::service::DirectorService;
use super::supervise::Report;
use super::totals::Totals;
use super::{alarms, drain, fast_path, host_events, supervise};
use crate::memory;
use lvs::service::Family;
use lvs_device::{OffQueue, TunWriter};
use lvs_host::{ClaimListener, ErrorListener, NeighbourWatch, SettingsWatch, Watch};
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
const RESETS_AT_ONCE: usize = 10_000;

/// How often the host is made to follow what changes without a command.
const SETTLE: Duration = Duration::from_secs(10);

/// How often it is judged anew what is announced: no command and no check tells of all that counts.
const JUDGE: Duration = Duration::from_millis(200);

/// How often it is looked whether another director told of servers that are not declared here.
const LOOK: Duration = Duration::from_millis(200);

/// Tasks that keep up with the host: its own changes, and ICMP errors that it gets in the director's place.
pub(super) fn follow_host(
    live: &Arc<DirectorService>,
    writer: TunWriter,
    rs_writer: TunWriter,
) -> Vec<JoinHandle<()>> {
    let (tables, host) = (&live.tables, &live.host);
    let follow = Follow(live.report());
    let mut tasks = vec![follow.start("repeats", tables, live.executor(rs_writer), repeat)];
    match Watch::start() {
        Ok(watch) => tasks.push(follow.start("host", host, watch, host_events::keep_up)),
        Err(error) => tracing::warn!(%error, "changes of the host will go unnoticed"),
    }
    match SettingsWatch::start() {
        Ok(watch) => tasks.push(follow.start("settings", host, watch, host_events::keep_settings)),
        Err(error) => tracing::warn!(%error, "changes of settings will go unnoticed"),
    }
    match NeighbourWatch::start() {
        Ok(watch) => {
            tasks.push(follow.start("neighbours", &live.path.neighbours, watch, host_events::know_neighbours))
        }
        Err(error) => tracing::warn!(%error, "neighbours are left to the host"),
    }
    match ClaimListener::start() {
        Ok(listener) => tasks.push(follow.start("claims", host, listener, host_events::hear_claims)),
        Err(error) => tracing::debug!(%error, "other hosts with virtual addresses will go unnoticed"),
    }
    let masquerades = tables.director.masqueraded_families();
    let listener = |family| {
        let started = ErrorListener::start(family, masquerades[usize::from(family == Family::V6)]);
        started.inspect_err(|error| tracing::debug!(%error, ?family, "no ICMP errors")).ok()
    };
    let listeners = [Family::V4, Family::V6].map(listener);
    let hearing = (listeners, live.executor(writer));
    tasks.push(follow.start("ICMP errors", tables, hearing, host_events::pass_errors));
    tasks
}

/// Starts tasks that go on with what they hear by after a panic.
struct Follow(Report);

impl Follow {
    fn start<P, W, F>(
        &self,
        name: &'static str,
        part: &Arc<P>,
        watch: W,
        task: fn(Arc<P>, Arc<Mutex<W>>) -> F,
    ) -> JoinHandle<()>
    where
        P: Send + Sync + 'static,
        W: Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let (part, watch) = (Arc::clone(part), Arc::new(Mutex::new(watch)));
        supervise::keep_running(name, self.0.clone(), move || task(Arc::clone(&part), Arc::clone(&watch)))
    }
}

/// Tasks of a running director that go on after a panic.
pub(super) fn kept(live: &Arc<DirectorService>, drop_alarm: u64) -> [JoinHandle<()>; 7] {
    let kept = |name, task: fn(&DirectorService, u64) -> BoxFuture<'static, ()>| {
        let (live, report) = (Arc::clone(live), live.report());
        supervise::keep_running(name, report, move || task(&live, drop_alarm))
    };
    [
        kept("timers", |live, _| Box::pin(keep_time(Arc::clone(&live.tables)))),
        kept("settling", |live, _| Box::pin(settle(live.tables.clone(), live.follow_up.clone()))),
        kept("alarms", |live, drop_alarm| {
            Box::pin(alarms::watch(live.tables.clone(), live.totals.clone(), drop_alarm))
        }),
        kept("announcements", |live, _| {
            let (tables, fleet) = (live.tables.clone(), live.fleet.clone());
            let follow_up = live.follow_up.clone();
            Box::pin(announce(tables, fleet, follow_up, live.totals.clone(), live.orders.clone()))
        }),
        kept("drains", |live, _| Box::pin(drain::keep(live.drains.clone()))),
        kept("fast path", |live, _| {
            let (fast, tables, taps) = (live.path.fast.clone(), live.tables.clone(), live.path.taps.clone());
            Box::pin(fast_path::keep(fast, tables, taps, live.host.ingress_links()))
        }),
        kept("flows that wait", |live, _| {
            let (fast, tables) = (live.path.fast.clone(), live.tables.clone());
            Box::pin(async move { fast.queues.look(&tables.director).await })
        }),
    ]
}

/// Judges anew what is announced, and whether a director that retires is done.
async fn announce(
    tables: Arc<LiveTables>,
    fleet: Arc<Fleet>,
    follow_up: Arc<FollowUp>,
    totals: Arc<Totals>,
    orders: Orders,
) {
    loop {
        tokio::time::sleep(JUDGE).await;
        let _going = tables.pause.read().await;
        if fleet.judge() {
            follow_up.host().await;
        }
        let is_of_clients = |name: &str| !name.contains("-rs/");
        let queues = totals.queues();
        let packets = queues.iter().filter(|queue| is_of_clients(&queue.name)).map(|queue| queue.packets);
        if let Some(why) = fleet.look_at_traffic(packets.sum()) {
            tracing::info!(why, "retired");
            orders.stop(false);
        }
    }
}

/// Runs what is due in the core.
async fn keep_time(tables: Arc<LiveTables>) {
    let (director, clock) = (&tables.director, tables.clock);
    let groups = memory::groups();
    let mut ask_memory_at = clock.now();
    loop {
        let going = tables.pause.read().await;
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
async fn repeat(tables: Arc<LiveTables>, executor: Arc<Mutex<Executor<OffQueue>>>) {
    let mut executor = executor.lock().await;
    let mut packet = PacketBuf::new();
    loop {
        tokio::time::sleep(REPEAT).await;
        let _going = tables.pause.read().await;
        let now = tables.clock.now();
        executor.send_out(|outbox| tables.director.repeat(now, outbox));
        for _ in 0..RESETS_AT_ONCE {
            let decide =
                |packet: &mut PacketBuf, outbox: &mut Outbox| tables.director.next_reset(packet, now, outbox);
            if executor.execute(&mut packet, decide).is_none() {
                break;
            }
        }
    }
}

/// Lets go of removed servers whose last connections have ended, and lets the answers of servers in that others told of.
async fn settle(tables: Arc<LiveTables>, follow_up: Arc<FollowUp>) {
    loop {
        let mut waited = Duration::ZERO;
        // However many messages come, the host follows no more often than this looks.
        loop {
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
            if waited >= SETTLE || tables.director.has_undeclared_servers() {
                break;
            }
        }
        let _going = tables.pause.read().await;
        follow_up.host().await;
    }
}
