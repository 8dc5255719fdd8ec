//! The fast path while the director runs: the program at the entrance of the host's links, and connections that packets have
//! offered.
//!
//! Never decides which connections go by it; the core does. Where the kernel does not let us, all packets go by the TUNs, and
//! the status says why.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

use super::error::DaemonError;
use super::live_tables::LiveTables;
use super::lookout::Watched;
use lvs::Time;
use lvs::director::Director;
use lvs_control::capture::Taps;
use lvs_control::status;
use lvs_device::{FastPath, Hook};
use lvs_host::{IngressLink, IngressPrograms};

/// Whether plain packets go past the director.
#[derive(Clone, Copy, Debug)]
pub struct FastPathOptions {
    pub is_wanted: bool,
    /// How many connections at most.
    pub connections: u32,
    /// TCX where the kernel has it if none is given.
    pub hook: Option<Hook>,
}

/// How often it is looked whether captures have ended.
const LOOK: Duration = Duration::from_secs(1);

/// The fast path of this process, or why there is none.
#[derive(Debug)]
pub(super) struct FastPathControl {
    /// Rung when connections were offered.
    pub(super) bell: Notify,
    /// Queues that flows may wait for.
    pub(super) queues: Watched,
    path: Mutex<Result<Arc<FastPath>, String>>,
    links: Mutex<Links>,
    /// Nothing goes past the director while packets are captured.
    yields_to_captures: AtomicBool,
}

/// Links that have the program at their entrance, by index, with what holds it there unless the host's edge does; and why others
/// did not take it.
#[derive(Debug, Default)]
struct Links {
    attached: BTreeMap<u32, (String, Option<OwnedFd>)>,
    refused: BTreeMap<u32, String>,
}

/// Link that has a director's program at its entrance.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FastLink {
    index: u32,
    name: String,
}

/// The fast path of a director, for its successor.
#[derive(Debug, Default)]
pub(super) struct HandedFastPath {
    /// Programs and maps; none where there is no fast path.
    pub(super) fds: Vec<OwnedFd>,
    /// Links, each with what holds the program there.
    pub(super) links: Vec<(FastLink, OwnedFd)>,
}

impl FastPathControl {
    /// Loads the program. Before capabilities are given up: it needs CAP_BPF, which nothing later does.
    pub(super) fn load(options: FastPathOptions) -> Self {
        let path = if options.is_wanted {
            FastPath::load(options.connections, options.hook).map(Arc::new).map_err(|error| chain(&error))
        } else {
            Err("switched off".to_owned())
        };
        Self::with(path)
    }

    fn with(path: Result<Arc<FastPath>, String>) -> Self {
        Self {
            bell: Notify::new(),
            queues: Watched::default(),
            path: Mutex::new(path),
            links: Mutex::default(),
            yields_to_captures: AtomicBool::new(false),
        }
    }

    /// No fast path, for this reason.
    #[cfg(test)]
    pub(super) fn none(why: &str) -> Self {
        Self::with(Err(why.to_owned()))
    }

    /// Whether the kernel has taken the program.
    pub(super) fn is_loaded(&self) -> bool {
        self.path().is_some()
    }

    fn path(&self) -> Option<Arc<FastPath>> {
        self.path.lock().as_ref().ok().map(Arc::clone)
    }

    /// Goes on with that of the director before, which could load one. Where it is another, its links let go of it.
    pub(super) fn adopt(&self, HandedFastPath { fds, links }: HandedFastPath) {
        let adopted = FastPath::adopt(fds).map(Arc::new);
        if adopted.is_ok() {
            let links = links.into_iter().map(|(link, fd)| (link.index, (link.name, Some(fd))));
            self.links.lock().attached.extend(links);
        }
        *self.path.lock() =
            adopted.map_err(|error| format!("that of the director before is another: {error}"));
    }

    /// Gives other descriptors of the same, for [`Self::adopt`].
    ///
    /// # Errors
    /// The system refuses them.
    pub(super) fn hand_over(&self) -> std::io::Result<HandedFastPath> {
        let Some(path) = self.path() else { return Ok(HandedFastPath::default()) };
        let links = self.links.lock();
        let held = links.attached.iter().filter_map(|(index, (name, fd))| Some((index, name, fd.as_ref()?)));
        let links = held
            .map(|(index, name, fd)| Ok((FastLink { index: *index, name: name.clone() }, fd.try_clone()?)));
        Ok(HandedFastPath { fds: path.hand_over()?, links: links.collect::<std::io::Result<_>>()? })
    }

    /// Programs that the host's edge is to put at the entrance of links, where they are filters.
    ///
    /// # Errors
    /// The system refuses descriptors of them.
    pub(super) fn filters(&self) -> std::io::Result<Option<IngressPrograms>> {
        let path = self.path().filter(|path| path.hook() == Hook::Clsact);
        path.map(|path| path.filters().map(|filters| IngressPrograms(Arc::new(filters)))).transpose()
    }

    /// Has the program be at the entrance of these links, and of no others.
    fn follow(&self, ingress_links: &[IngressLink]) {
        let Some(path) = self.path() else { return };
        let mut links = self.links.lock();
        if path.hook() == Hook::Clsact {
            let filtered = ingress_links.iter().filter(|link| link.has_filter);
            links.attached = filtered.map(|link| (link.index, (link.name.clone(), None))).collect();
            return;
        }
        links.attached.retain(|index, (name, _)| {
            ingress_links.iter().any(|link| link.index == *index && link.name == *name)
        });
        let before = std::mem::take(&mut links.refused);
        for IngressLink { index, name, framing, .. } in ingress_links {
            if links.attached.contains_key(index) {
                continue;
            }
            match path.attach(*index, *framing) {
                Ok(link) => {
                    tracing::debug!(link = name, "the fast path begins here");
                    links.attached.insert(*index, (name.clone(), Some(link)));
                }
                // The director before is of a version that hands no links over, and has the program there until it ends.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    tracing::debug!(link = name, "the program of the director before is still here");
                }
                Err(error) => {
                    let why = format!("{name}: {error}");
                    if before.get(index) != Some(&why) {
                        tracing::info!(link = name, %error, "no fast path from here: the link is gone, or takes no program");
                    }
                    links.refused.insert(*index, why);
                }
            }
        }
    }

    fn has_links(&self) -> bool {
        !self.links.lock().attached.is_empty()
    }

    /// Stands back while somebody captures packets, and goes on afterwards.
    pub(super) fn yield_to(&self, taps: &Taps, director: &Director) {
        let captures = taps.is_on();
        if self.yields_to_captures.swap(captures, Relaxed) != captures {
            if captures {
                director.suspend_fast_path();
            } else {
                director.resume_fast_path();
            }
        }
    }

    /// Begins when the TUNs towards clients and towards servers are there.
    ///
    /// # Errors
    /// An interface is gone.
    pub(super) fn begin(&self, tuns: [&str; 2], now: Time) -> Result<(), DaemonError> {
        let Some(path) = self.path() else { return Ok(()) };
        let index = |name: &str| {
            let index = nix::net::if_::if_nametoindex(name).map_err(std::io::Error::from);
            index.map_err(DaemonError::start("the fast path"))
        };
        path.begin([index(tuns[0])?, index(tuns[1])?], now);
        Ok(())
    }

    pub(super) fn status(&self, director: &Director) -> status::FastPath {
        let now = director.fast_path_status();
        let links = self.links.lock();
        let why_off = match &*self.path.lock() {
            Err(why) => Some(why.clone()),
            Ok(_) if now.is_on => None,
            Ok(_) if self.yields_to_captures.load(Relaxed) => Some("packets are captured".to_owned()),
            Ok(_) => links.refused.values().next().cloned().or_else(|| Some("no link yet".to_owned())),
        };
        status::FastPath {
            on: now.is_on,
            why_off,
            links: links.attached.values().map(|(name, _)| name.clone()).collect(),
            connections: now.connections,
            packets: now.packets,
            bytes: now.bytes,
            installed: now.installed,
            full: now.full,
            refused: now.refused,
        }
    }
}

/// Keeps the program where packets enter, and takes connections in that packets have offered.
pub(super) async fn keep(
    fast: Arc<FastPathControl>,
    tables: Arc<LiveTables>,
    taps: Arc<Taps>,
    mut ingress_links: watch::Receiver<Vec<IngressLink>>,
) {
    let director = &tables.director;
    let Some(path) = fast.path() else {
        let why = fast.status(director).why_off.unwrap_or_default();
        return tracing::info!(why, "no fast path: every packet goes by the director");
    };
    let mut is_used = false;
    loop {
        path.renew();
        let now_there = ingress_links.borrow_and_update().clone();
        fast.follow(&now_there);
        if !is_used && fast.has_links() {
            director.use_fast_path(Arc::clone(&path) as Arc<dyn lvs::fast_path::FlowTable>);
            is_used = true;
            tracing::info!("the fast path is on");
        }
        fast.yield_to(&taps, director);
        if director.has_offers() {
            let _going = tables.pause.read().await;
            director.take_offers(tables.clock.now());
        }
        if director.take_come_late() {
            fast.queues.note_late();
        }
        tokio::select! {
            () = fast.bell.notified() => {}
            _ = tokio::time::timeout(LOOK, ingress_links.changed()) => {}
        }
    }
}

/// An error and what is behind it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
