//! History of a director on disk, beside the control socket: counters, events, states of checks, drains. For the director that
//! comes after one which was killed, or which stopped for a restart.
//!
//! Owns the form of the file, and when it is written: once a second, away from packets and commands, and a last time at a stop
//! for a restart. A director that was killed has lost what it counted since.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::drain::{DrainState, Drains};
use super::exporters::RunningExporters;
use super::live_tables::LiveTables;
use super::state_file::{self, Contents, StateFile};
use super::totals::Totals;
use lvs_control::Counter;
use lvs_control::events::KeptEvents;
use lvs_control::flow_log::Tally;
use lvs_control::status::Queue;
use lvs_events::Record;
use lvs_health::carried::ServiceState;
use lvs_health::state::Health;

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
struct Head<H> {
    version: u32,
    #[serde(flatten)]
    history: H,
}

pub(super) type HistoryFile = StateFile<LeftHistory>;

impl Contents for LeftHistory {
    const ENDING: &'static str = ".history";
    const UNREADABLE: &'static str =
        "cannot read the history of the director before: counters begin at 0, and checks anew";
    const UNWRITTEN: &'static str =
        "counters and states of checks will not outlive this director if it is killed";
    const NOT_REMOVED: &'static str = "the history on disk is not removed";
    const IS_FOR_GOOD: bool = false;

    fn parse(bytes: &[u8]) -> io::Result<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or_else(|| io::Error::other("it ends within its first line"))?;
        let Head::<History> { history, .. } = state_file::parse(&bytes[..end], VERSION)?;
        Ok(Self { history, numbers: bytes[end + 1..].to_vec() })
    }

    /// A line of JSON, then the numbers of the core.
    fn bytes(&self) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = serde_json::to_vec(&Head { version: VERSION, history: &self.history })?;
        bytes.push(b'\n');
        bytes.extend(&self.numbers);
        Ok(Some(bytes))
    }
}

/// Writes the history again and again, until the sender of `over` is gone.
pub(super) async fn keep(history: Arc<HistorySource>, file: HistoryFile, mut over: watch::Receiver<()>) {
    let mut is_failing = false;
    loop {
        let begun = history.tables.clock.now();
        let writing = {
            let (history, file) = (Arc::clone(&history), file.clone());
            tokio::task::spawn_blocking(move || file.write(&history.left())).await
        };
        match writing.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(()) => is_failing = false,
            Err(error) if !std::mem::replace(&mut is_failing, true) => {
                file.warn_unwritten(&error);
            }
            Err(_) => {}
        }
        let took = history.tables.clock.now().since(begun);
        tokio::select! {
            () = tokio::time::sleep(took.saturating_mul(SHARE).max(PAUSE)) => {}
            _ = over.changed() => return,
        }
    }
}

/// Parts of a director that its history is of.
#[derive(Debug)]
pub(super) struct HistorySource {
    pub(super) tables: Arc<LiveTables>,
    pub(super) health: Arc<Mutex<Health>>,
    pub(super) drains: Arc<Drains>,
    pub(super) totals: Arc<Totals>,
    pub(super) exporters: Arc<RunningExporters>,
}

impl HistorySource {
    /// History as it is now, with the numbers of the core.
    pub(super) fn left(&self) -> LeftHistory {
        let mut numbers = Vec::new();
        let history = self.current();
        self.tables.director.store_counters(&mut numbers, self.tables.clock.now());
        LeftHistory { history, numbers }
    }

    pub(super) fn current(&self) -> History {
        let now = self.tables.clock.now();
        let KeptEvents { published, records } = self.tables.events.kept();
        History {
            health: self.health.lock().states(now),
            drains: self.drains.states(now),
            published,
            events: records,
            counters: self.totals.counters(),
            queues: self.totals.queues(),
            flow_log: self.exporters.tally(),
        }
    }

    pub(super) fn resume(&self, history: History) {
        self.tables.events.resume(KeptEvents { published: history.published, records: history.events });
        self.totals.resume(history.counters, history.queues);
        self.drains.resume(&history.drains);
        self.exporters.resume(history.flow_log);
        self.health.lock().resume(&history.health, self.tables.clock.now());
    }
}

impl LeftHistory {
    /// Has the director go on from it, before its tables are declared. Returns the numbers, which follow when they are there.
    pub(super) fn resume(self, history: &HistorySource) -> Numbers {
        history.resume(self.history);
        Numbers(self.numbers)
    }
}

/// Numbers of services and servers.
#[derive(Debug)]
pub(super) struct Numbers(Vec<u8>);

impl Numbers {
    pub(super) fn resume(&self, tables: &LiveTables) {
        match tables.director.restore_counters(&self.0, tables.clock.now()) {
            Ok(summary) if summary.skipped.damaged == 0 => {}
            Ok(summary) => {
                let damaged = summary.skipped.damaged;
                tracing::warn!(damaged, "counters of services and servers are damaged: these begin at 0");
            }
            Err(error) => tracing::warn!(%error, "counters of services and servers begin at 0"),
        }
    }
}
