//! Takes over the connections that a director before has left in a file.
//!
//! Owns the threads that do: as many as there are processors, for as long as nothing else is done. Called at a start.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use super::clock::Clock;
use super::conn_file::{ConnFileError, LeftConns, Piece};
use lvs::director::{DamageAt, Director, ImportSummary, Restore, RestoredPart, StoreOrigin};

/// The connections of a director that was killed. What cannot be read is told of in the log.
pub(super) fn left(path: &Path) -> Option<LeftConns> {
    let found = lvs_host::identity()
        .map_err(ConnFileError::from)
        .and_then(|identity| LeftConns::open(path, &identity));
    let file = path.display();
    found.unwrap_or_else(|error| {
        tracing::warn!(%file, %error, "the connections of the director before are not taken over");
        None
    })
}

/// Takes them over. To be called when the tables are there, and before the first packet.
pub(super) fn restore(left: &LeftConns, director: &Director, clock: Clock) {
    let later = clock.started_at().cast_signed().saturating_sub(left.head.started_at.cast_signed());
    let origin = StoreOrigin { later, added: left.added };
    let begun = clock.now();
    let summary = take_in(left, director.begin_restore(origin, begun));
    let took = clock.now().since(begun).as_millis();
    let skipped = summary.skipped;
    tracing::info!(
        connections = summary.connections,
        templates = summary.templates,
        took_ms = took,
        "took over the connections of the director before"
    );
    if let Some(DamageAt { at: place, damage }) = summary.damage {
        tracing::warn!(records = skipped.damaged, first = place, %damage, "records of connections are damaged: left out");
    }
    if skipped.full + skipped.known + skipped.port_taken > 0 {
        let (full, known, port_taken) = (skipped.full, skipped.known, skipped.port_taken);
        tracing::warn!(
            full,
            known,
            port_taken,
            "connections are not taken over: no room, known already, or their local port is taken"
        );
    }
}

/// Takes all records in.
pub(super) fn take_in(left: &LeftConns, restore: Restore<'_>) -> ImportSummary {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let mut parts: Vec<RestoredPart<'_>> = (0..threads).map(|_| restore.part()).collect();
    let pieces = left.pieces().unwrap_or_else(|error| {
        tracing::warn!(%error, "connections of the director before are not taken over");
        Default::default()
    });
    let mut newer = Places::default();
    for (number, pieces) in pieces.iter().enumerate() {
        let is_last = number + 1 == pieces.len();
        let next = AtomicUsize::new(0);
        let take = |part: &mut RestoredPart<'_>| {
            let share = std::iter::from_fn(|| pieces.get(next.fetch_add(1, Relaxed)));
            take_share(left, share, part, &newer, is_last)
        };
        let found = in_threads(parts.iter_mut(), take);
        found.into_iter().flatten().for_each(|place| newer.add(place));
    }
    let restored = restore.join(parts);
    let twins = in_threads(0..threads, |share| restored.lead(share, threads));
    restored.finish(twins.concat())
}

/// Takes in pieces of cells of one size, but places that a newer cell has. The places that are sound, unless nobody asks for them.
fn take_share<'a>(
    left: &LeftConns,
    share: impl Iterator<Item = &'a Piece>,
    part: &mut RestoredPart<'_>,
    newer: &Places,
    is_last: bool,
) -> Vec<u32> {
    let (mut buffer, mut found) = (Vec::new(), Vec::new());
    let before = part.damaged().len();
    for piece in share {
        match left.records(*piece, &mut buffer) {
            Ok(records) => {
                let records = records.filter(|(place, _)| !newer.has(*place));
                part.take(records.inspect(|(place, _)| {
                    if !is_last {
                        found.push(*place);
                    }
                }));
            }
            Err(error) => tracing::warn!(%error, ?piece, "connections of the director before are left out"),
        }
    }
    let damaged: BTreeSet<u32> = part.damaged()[before..].iter().copied().collect();
    found.retain(|place| !damaged.contains(place));
    found
}

/// Does something with each of these, at once.
fn in_threads<T: Send, R: Send>(each: impl Iterator<Item = T>, act: impl Fn(T) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let act = &act;
        let threads: Vec<_> = each.map(|one| scope.spawn(move || act(one))).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    })
}

/// A set of places.
#[derive(Debug, Default)]
struct Places(Vec<u64>);

impl Places {
    fn has(&self, place: u32) -> bool {
        self.0.get(place as usize / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }

    fn add(&mut self, place: u32) {
        let word = place as usize / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (place % 64);
    }
}
