//! Keeping up with the host: its links, addresses and routes change under the director, and some packets for the
//! director reach the host's own stack instead of a TUN.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use lvs::neighbour::Neighbours;
use lvs_device::OffQueue;
use lvs_host::{ClaimListener, ErrorListener, Heard, NeighbourWatch, SettingsWatch, Watch};
use lvs_wire::PacketBuf;

use super::execute::Executor;
use super::host_reconciler::{Cause, HostReconciler};
use super::live_tables::LiveTables;

/// Changes come in bursts: those so soon after the first one are looked at together.
const SETTLE: Duration = Duration::from_millis(50);

/// Proxy neighbours go without a message, and messages may be lost: the host is looked at so often at least.
const ANYWAY: Duration = Duration::from_secs(30);

/// Reads the host anew whenever it changes: at the first message, and at once when something of ours is gone, unless
/// somebody takes it again and again.
pub(super) async fn keep_up(host: Arc<HostReconciler>, watch: Arc<Mutex<Watch>>) {
    let mut watch = watch.lock().await;
    while tokio::time::timeout(ANYWAY, watch.changed()).await.unwrap_or(true) {
        watch.catch_up();
        host.follow(Cause::Host).await;
        if host.is_contested() {
            tokio::time::sleep(SETTLE).await;
        } else {
            let _ = tokio::time::timeout(SETTLE, watch.lost()).await;
        }
    }
}

/// Reads the host anew whenever somebody changes how it forwards.
pub(super) async fn keep_settings(host: Arc<HostReconciler>, watch: Arc<Mutex<SettingsWatch>>) {
    let mut watch = watch.lock().await;
    while watch.changed().await {
        host.follow(Cause::Host).await;
        if host.is_contested() {
            tokio::time::sleep(SETTLE).await;
        }
    }
}

/// Learns of the host's neighbours, for direct routing.
pub(super) async fn know_neighbours(neighbours: Arc<Neighbours>, watch: Arc<Mutex<NeighbourWatch>>) {
    let mut watch = watch.lock().await;
    loop {
        match watch.all().await {
            Ok(all) => neighbours.learn_all(&all),
            Err(error) => tracing::warn!(%error, "neighbours are left to the host"),
        }
        loop {
            match watch.next().await {
                Heard::Change(neighbour) => neighbours.learn(neighbour),
                Heard::Missed => break,
                Heard::End => {
                    neighbours.learn_all(&[]);
                    return;
                }
            }
        }
    }
}

/// Hears who else has a virtual address. However many speak, it is listened so often at most.
pub(super) async fn hear_claims(host: Arc<HostReconciler>, listener: Arc<Mutex<ClaimListener>>) {
    let listener = listener.lock().await;
    loop {
        match listener.heard(|addr| host.is_virtual(addr)).await {
            Ok(claims) => host.hear(claims),
            Err(error) => {
                tracing::warn!(%error, "other hosts with virtual addresses will go unnoticed");
                return;
            }
        }
        tokio::time::sleep(SETTLE).await;
    }
}

/// The listeners of both families, and what carries out decisions about what they hear.
pub(super) type Hearing = ([Option<ErrorListener>; 2], Executor<OffQueue>);

/// Hands ICMP errors, and answers of echo, to the director. What it passes was the host's, which has it already.
pub(super) async fn pass_errors(tables: Arc<LiveTables>, shared: Arc<Mutex<Hearing>>) {
    let mut shared = shared.lock().await;
    let (listeners, executor) = &mut *shared;
    let mut packet = PacketBuf::new();
    loop {
        let (family, heard) = tokio::select! {
            heard = next(listeners[0].as_ref()) => (0, heard),
            heard = next(listeners[1].as_ref()) => (1, heard),
        };
        match heard {
            Ok(error) => packet.fill(&error),
            Err(error) => {
                tracing::warn!(%error, "ICMP errors are not heard any more");
                listeners[family] = None;
                continue;
            }
        }
        let _going = tables.pause.read().await;
        let now = tables.clock.now();
        executor.execute(&mut packet, |packet, outbox| tables.director.process_heard(packet, now, outbox));
    }
}

/// The next message; never, without a listener.
async fn next(listener: Option<&ErrorListener>) -> io::Result<Vec<u8>> {
    match listener {
        Some(listener) => listener.next().await,
        None => std::future::pending().await,
    }
}
