//! Keeping up with the host: its links, addresses and routes change under the director, and some packets for the
//! director reach the host's own stack instead of a TUN.

use std::sync::Arc;
use std::time::Duration;

use crate::device::{PacketWriter, TunWriter};
use crate::host::{ErrorListener, Heard, NeighbourWatch, Watch};
use crate::lvs::director::{Side, Verdict};
use crate::lvs::neighbour::Neighbours;
use crate::lvs::wire::{Outbox, PacketBuf};

use super::service::Live;

/// Changes come in bursts; this long after the first one they are looked at together.
const SETTLE: Duration = Duration::from_millis(50);

/// Reads the host anew whenever it changes.
pub(super) async fn keep_up(live: Arc<Live>, mut watch: Watch) {
    while watch.changed().await {
        tokio::time::sleep(SETTLE).await;
        watch.catch_up();
        live.follow_host().await;
    }
}

/// Learns of the host's neighbours, for direct routing.
pub(super) async fn know_neighbours(neighbours: Arc<Neighbours>, mut watch: NeighbourWatch) {
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

/// Hands ICMPv6 errors, and answers of echo, to the director. One that belongs to no connection was the host's, which
/// has it already.
pub(super) async fn pass_errors(live: Arc<Live>, listener: ErrorListener, mut writer: TunWriter) {
    let (mut packet, mut outbox) = (PacketBuf::new(), Outbox::default());
    loop {
        match listener.next().await {
            Ok(error) => packet.fill(&error),
            Err(error) => {
                tracing::warn!(%error, "ICMPv6 errors are not heard any more");
                return;
            }
        }
        let verdict = live.director.process(&mut packet, Side::Client, live.clock.now(), &mut outbox);
        let mut write = |packet: &mut PacketBuf| {
            if let Err(error) = writer.write(packet) {
                tracing::trace!(%error, "unwritten packet");
            }
        };
        if verdict == Verdict::Forward {
            write(&mut packet);
            outbox.drain(write);
        } else {
            outbox.drain(|_| {});
        }
    }
}
