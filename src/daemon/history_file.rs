//! History of a director on disk, beside the control socket: counters, events, states of checks, drains. For the director that
//! comes after one which was killed, or which stopped for a restart.
//!
//! Owns the form of the file, and when it is written: once a second, away from packets and commands, and a last time at a stop
//! for a restart. A director that was killed has lost what it counted since.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::service::DirectorService;
use super::state_file::{self, with_ending};
use super::upgrade::DrainState;
use lvs_control::Counter;
use lvs_control::flow_log::Tally;
use lvs_control::status::Queue;
use lvs_events::Record;
use lvs_health::carried::ServiceState;

/// Between two writings at the least.
const PAUSE: Duration = Duration::from_secs(1);

/// The pause is so many times as long as the writing took.
const SHARE: u32 = 20;

const VERSION: u32 = 1;

/// Facts that are neither tables nor connections.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct History {
    pub(super) health: Vec<ServiceState>,
    pub(super) drains: Vec<DrainState>,
    pub(super) published: u64,
    pub(super) events: Vec<Record>,
    pub(super) counters: Vec<Counter>,
    pub(super) queues: Vec<Queue>,
    pub(super) flow_log: Tally,
}

/// A history with the numbers of services and servers, as the core puts them down.
#[derive(Debug)]
pub(super) struct LeftHistory {
    history: History,
    numbers: Vec<u8>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    version: u32,
    #[serde(flatten)]
    history: History,
}

#[derive(Clone, Debug)]
pub(super) struct HistoryFile {
    path: PathBuf,
}

impl HistoryFile {
    pub(super) fn beside(socket: &Path) -> Self {
        Self { path: with_ending(socket, ".history") }
    }

    /// Returns the history of an earlier director. A file that cannot be read is moved aside and told of in the log.
    pub(super) fn restore(&self) -> Option<LeftHistory> {
        let error = match self.read() {
            Ok(found) => return found,
            Err(error) => error,
        };
        let kept = state_file::move_aside(&self.path).unwrap_or_default();
        let (file, kept) = (self.path.display(), kept.display());
        tracing::warn!(%file, %error, %kept, "cannot read the history of the director before: counters begin at 0, and checks anew");
        None
    }

    fn read(&self) -> io::Result<Option<LeftHistory>> {
        let Some(bytes) = state_file::read(&self.path)? else { return Ok(None) };
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or_else(|| io::Error::other("it ends within its first line"))?;
        let Head { history, .. } = state_file::parse(&bytes[..end], VERSION)?;
        Ok(Some(LeftHistory { history, numbers: bytes[end + 1..].to_vec() }))
    }

    /// Removes it: the director stops, and the next one begins anew.
    pub(super) fn end(&self) {
        if let Err(error) = state_file::remove(&self.path) {
            tracing::warn!(file = %self.path.display(), %error, "the history on disk is not removed");
        }
    }

    /// Writes the history as it is now: a line of JSON, then the numbers of the core.
    pub(super) fn write(&self, live: &DirectorService) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(&Head { version: VERSION, history: live.history() })?;
        bytes.push(b'\n');
        let mut numbers = Vec::new();
        live.director.store_counters(&mut numbers, live.clock.now());
        bytes.extend(numbers);
        state_file::replace_for_this_boot(&self.path, &bytes)
    }
}

/// Writes the history again and again, until the sender of `over` is gone.
pub(super) async fn keep(live: Arc<DirectorService>, file: HistoryFile, mut over: watch::Receiver<()>) {
    let mut is_failing = false;
    loop {
        let begun = live.clock.now();
        let writing = {
            let (live, file) = (Arc::clone(&live), file.clone());
            tokio::task::spawn_blocking(move || file.write(&live)).await
        };
        match writing.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(()) => is_failing = false,
            Err(error) if !std::mem::replace(&mut is_failing, true) => {
                let file = file.path.display();
                tracing::warn!(%file, %error, "counters and states of checks will not outlive this director if it is killed");
            }
            Err(_) => {}
        }
        let took = live.clock.now().since(begun);
        tokio::select! {
            () = tokio::time::sleep(took.saturating_mul(SHARE).max(PAUSE)) => {}
            _ = over.changed() => return,
        }
    }
}

impl DirectorService {
    pub(super) fn history(&self) -> History {
        let now = self.clock.now();
        let (published, events) = self.events.kept();
        History {
            health: self.health.lock().states(now),
            drains: self.drain_states(now),
            published,
            events,
            counters: self.counted(),
            queues: self.queues(),
            flow_log: self.exporters.tally(),
        }
    }

    pub(super) fn resume_history(&self, history: History) {
        self.events.resume((history.published, history.events));
        self.resume_counters(history.counters, history.queues);
        self.resume_drains(&history.drains);
        self.exporters.resume(history.flow_log);
        self.health.lock().resume(&history.health, self.clock.now());
    }
}

impl LeftHistory {
    /// Has the director go on from it, before its tables are declared. Returns the numbers, which follow when they are there.
    pub(super) fn resume(self, live: &DirectorService) -> Numbers {
        live.resume_history(self.history);
        Numbers(self.numbers)
    }
}

/// Numbers of services and servers.
#[derive(Debug)]
pub(super) struct Numbers(Vec<u8>);

impl Numbers {
    pub(super) fn resume(&self, live: &DirectorService) {
        match live.director.restore_counters(&self.0, live.clock.now()) {
            Ok(summary) if summary.skipped.damaged == 0 => {}
            Ok(summary) => {
                let damaged = summary.skipped.damaged;
                tracing::warn!(damaged, "counters of services and servers are damaged: these begin at 0");
            }
            Err(error) => tracing::warn!(%error, "counters of services and servers begin at 0"),
        }
    }
}
