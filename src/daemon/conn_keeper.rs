//! Keeps the connections of a running director in a file, for [`conn_restore`](super::conn_restore).
//!
//! Owns the thread that writes. It is no part of the path of packets, and takes no more than a tenth of a processor.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;

use super::clock::Clock;
use super::conn_file::{ConnFile, Head};
use super::state_file::{self, with_ending};
use lvs::director::Director;
use lvs_control::status::Kept;

/// Between two looks at what has changed.
const PAUSE: Duration = Duration::from_millis(50);

/// The pause is so many times as long as the look before took.
const SHARE: u32 = 9;

/// Connections that are looked at in one go.
const PART: usize = 4096;

/// After so long a file that could not be written is tried again.
const RETRY: Duration = Duration::from_secs(60);

/// The file of connections beside a control socket.
pub(super) fn beside(socket: &Path) -> PathBuf {
    with_ending(socket, ".conns")
}

/// Removes the file: nobody goes on with what is in it.
pub(super) fn remove(path: &Path) {
    for path in [path, &with_ending(path, ".new")] {
        if let Err(error) = state_file::remove(path) {
            tracing::warn!(file = %path.display(), %error, "the connections on disk are not removed");
        }
    }
}

/// Whether another director has, or will have, the file: then only the content of the one that was opened before changes here.
#[derive(Clone, Debug, Default)]
pub(super) struct HandedOver(Arc<Mutex<bool>>);

impl HandedOver {
    pub(super) fn set(&self, is_handed_over: bool) {
        *self.0.lock() = is_handed_over;
    }
}

/// Whether the file is as it should be, for whoever asks.
#[derive(Clone, Debug, Default)]
pub(super) struct KeptState(Arc<Mutex<Kept>>);

impl KeptState {
    pub(super) fn get(&self) -> Kept {
        self.0.lock().clone()
    }

    fn on(&self, left_out: u64) {
        *self.0.lock() = Kept { on: true, why_off: None, left_out };
    }

    fn off(&self, error: &io::Error) {
        *self.0.lock() = Kept { on: false, why_off: Some(error.to_string()), left_out: 0 };
    }
}

/// The file that is written.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) path: PathBuf,
    /// Connections that it has room for.
    pub(super) places: usize,
    pub(super) handed_over: HandedOver,
}

/// The thread that writes; dropping it leaves the file.
#[derive(Debug)]
pub(super) struct ConnKeeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ConnKeeper {
    /// Has the connections of a director outlive a kill, beside its control socket. None where that cannot be.
    pub(super) fn start_for(
        director: Arc<Director>,
        clock: Clock,
        file: Target,
        state: &KeptState,
    ) -> Option<Self> {
        Self::start(director, clock, file, state.clone())
            .inspect_err(|error| {
                state.off(error);
                tracing::warn!(%error, "connections will not outlive this director if it is killed");
            })
            .ok()
    }

    fn start(
        director: Arc<Director>,
        clock: Clock,
        Target { path, places, handed_over }: Target,
        state: KeptState,
    ) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let places = u32::try_from(places).unwrap_or(u32::MAX).next_multiple_of(1024);
        let identity = lvs_host::identity()?;
        let head = Head { identity, started_at: clock.started_at(), places };
        let mut keeping = Keeping { path, director, clock, head, handed_over, state, is_failing: false };
        let thread = thread::Builder::new().name("tunvs-conns".to_owned()).spawn(move || {
            let is_over = |pause| stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout);
            loop {
                if let Err(error) = keeping.keep(&is_over) {
                    keeping.fail(&error, &is_over);
                    if !is_over(RETRY) {
                        continue;
                    }
                }
                return;
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for ConnKeeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[derive(Debug)]
struct Keeping {
    path: PathBuf,
    director: Arc<Director>,
    clock: Clock,
    head: Head,
    handed_over: HandedOver,
    state: KeptState,
    /// Whether it was said that the file cannot be written.
    is_failing: bool,
}

impl Keeping {
    /// Fills a new file, has it take the place of the old one, and keeps it up to date until it is over.
    fn keep(&mut self, is_over: &impl Fn(Duration) -> bool) -> io::Result<()> {
        let next = with_ending(&self.path, ".new");
        let create = || {
            // Another director may still have the one that is there open.
            state_file::remove(&next)?;
            ConnFile::create(&next, self.head.clone())
        };
        let Some(mut file) = self.while_ours(is_over, create)? else { return Ok(()) };
        self.director.begin_keeping();
        self.write(&mut file)?;
        if self.while_ours(is_over, || std::fs::rename(&next, &self.path))?.is_none() {
            return Ok(());
        }
        if std::mem::take(&mut self.is_failing) {
            tracing::info!(file = %self.path.display(), "connections outlive a kill again");
        }
        let mut left_out = 0;
        self.state.on(left_out);
        loop {
            let begun = self.clock.now();
            self.write(&mut file)?;
            if file.left_out() > left_out {
                left_out = file.left_out();
                self.state.on(left_out);
                tracing::debug!(left_out, "connections have no room in the file");
            }
            let took = self.clock.now().since(begun);
            if is_over(PAUSE.max(took * SHARE)) {
                return self.write(&mut file);
            }
        }
    }

    fn write(&self, file: &mut ConnFile) -> io::Result<()> {
        let mut start = Some(0);
        while let Some(from) = start {
            start = self.director.store_changes(from, PART, self.clock.now(), file);
        }
        file.commit(self.director.connections_added())
    }

    /// Changes names of files once no other director has them. None: it is over before.
    fn while_ours<T>(
        &self,
        is_over: &impl Fn(Duration) -> bool,
        change: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        loop {
            let is_handed_over = self.handed_over.0.lock();
            if !*is_handed_over {
                return change().map(Some);
            }
            drop(is_handed_over);
            if is_over(PAUSE) {
                return Ok(None);
            }
        }
    }

    /// Removes the file: one that is not up to date is none.
    fn fail(&mut self, error: &io::Error, is_over: &impl Fn(Duration) -> bool) {
        self.director.end_keeping();
        self.state.off(error);
        let _ = self.while_ours(is_over, || {
            remove(&self.path);
            Ok(())
        });
        if !std::mem::replace(&mut self.is_failing, true) {
            let file = self.path.display();
            tracing::warn!(%file, %error, "connections will not outlive this director if it is killed: tried again each minute");
        }
    }
}
