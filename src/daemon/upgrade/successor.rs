//! The director that takes over: it is told everything by the one that runs, reads the queues, and says so.
//!
//! Changes nothing on the host and removes nothing before it forwards: if it fails until then, the other one goes on.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use nix::unistd::{dup2_stdin, getppid};

use super::READS;
use super::link::{Kind, Link, LinkError};
use super::state::{Before, Counted, Hello, Last, TablesState};
use crate::daemon::datapath::Path;
use crate::daemon::error::DaemonError;
use crate::daemon::fast_path::HandedFastPath;
use crate::daemon::interface::Interface;
use crate::daemon::kept_tables::KeptTables;
use crate::daemon::live_tables::LiveTables;
use crate::daemon::routing_state::Routing;
use crate::daemon::service::DirectorService;
use crate::starter::PREDECESSOR;
use lvs::Time;
use lvs::director::{Command, Side, TakeOver};
use lvs::neighbour::HostRouting;
use lvs::route::{Route, RouteTable};
use lvs_control::socket::HandedSocket;
use lvs_device::{AnnounceTun, FAST_PATH_DESCRIPTORS, TunnelOffload};

/// Whether this process was started to take over from its parent.
pub(in crate::daemon) fn takes_over() -> bool {
    let parent = std::env::var(PREDECESSOR).ok().and_then(|pid| pid.parse().ok());
    parent.is_some_and(|parent: i32| parent == getppid().as_raw())
}

/// Tells the parent why there will be no successor, if it waits for one.
pub fn refuse(why: &str) {
    if takes_over()
        && let Ok(mut successor) = Successor::begin()
    {
        let _ = successor.link.send(Kind::Refusal, why.as_bytes());
    }
}

/// A director that has not taken over yet.
#[derive(Debug)]
pub(in crate::daemon) struct Successor {
    link: Link,
}

/// A director's belongings when its successor has them.
#[derive(Debug)]
pub(in crate::daemon) struct Arrived {
    /// Towards clients, towards servers.
    pub(in crate::daemon) interfaces: Vec<Interface>,
    pub(in crate::daemon) marks: BTreeMap<u32, Interface>,
    pub(in crate::daemon) program: Option<TunnelOffload>,
    pub(in crate::daemon) socket: HandedSocket,
    pub(in crate::daemon) attendant: UnixStream,
    pub(in crate::daemon) metrics: Option<(SocketAddr, OwnedFd)>,
    pub(in crate::daemon) announce_tun: Option<AnnounceTun>,
    pub(in crate::daemon) kept: KeptTables,
    pub(in crate::daemon) connections: u64,
    pub(in crate::daemon) fast_path: HandedFastPath,
}

impl Successor {
    /// Takes the link, which is standard input, and leaves none there.
    pub(in crate::daemon) fn begin() -> Result<Self, DaemonError> {
        let failed = DaemonError::start("the take-over");
        let taken = io::stdin().as_fd().try_clone_to_owned().and_then(|stdin| {
            dup2_stdin(std::fs::File::open("/dev/null")?)?;
            Ok(UnixStream::from(stdin))
        });
        Ok(Self { link: Link::new(taken.map_err(failed)?).map_err(DaemonError::take_over)? })
    }

    /// Says that it has started. What the other one knew then, and its time.
    pub(in crate::daemon) fn greet(&mut self) -> Result<(FirstMessage, Time), DaemonError> {
        let hello = Hello { version: env!("CARGO_PKG_VERSION").to_owned(), reads: READS.to_vec() };
        self.link.send_json(Kind::Hello, &hello).map_err(DaemonError::take_over)?;
        let before: Before = self.link.expect_json(Kind::Before).map_err(DaemonError::take_over)?;
        let now = Time(before.now);
        Ok((FirstMessage(before), now))
    }

    /// Takes everything over, and begins to read the queues.
    ///
    /// # Errors
    /// Something went wrong before that; the other director goes on.
    pub(in crate::daemon) fn take_over(
        mut self,
        live: &DirectorService,
        path: &Path,
        told: FirstMessage,
    ) -> Result<Arrived, DaemonError> {
        self.take(live, path, told.0).inspect_err(|error| {
            let _ = self.link.send(Kind::Refusal, error.to_string().as_bytes());
        })
    }

    fn take(&mut self, live: &DirectorService, path: &Path, before: Before) -> Result<Arrived, DaemonError> {
        let director = Arc::clone(&live.tables.director);
        let mut taking = director.begin_take_over();
        follow(&live.tables, &mut taking, &before.wanted)?;
        set_routing(live, before.routing);
        let mut arrived = None;
        loop {
            let (kind, body) = self.link.receive().map_err(DaemonError::take_over)?;
            match kind {
                Kind::Part => taking.take(&body, live.tables.clock.now()).map_err(DaemonError::Unreadable)?,
                Kind::Round => self.link.send(Kind::Round, &[]).map_err(DaemonError::take_over)?,
                Kind::Last => {
                    let last: Last = serde_json::from_slice(&body)
                        .map_err(|error| DaemonError::take_over(LinkError::from(error)))?;
                    follow(&live.tables, &mut taking, &last.wanted)?;
                    arrived = Some(self.receive_rest(live, path, last)?);
                }
                Kind::Begin => break,
                other => return Err(DaemonError::take_over(LinkError::Unexpected(other as u8))),
            }
        }
        let mut arrived =
            arrived.ok_or_else(|| DaemonError::take_over(LinkError::Unexpected(Kind::Begin as u8)))?;
        let summary = taking.finish();
        for interface in arrived.interfaces.iter_mut().chain(arrived.marks.values_mut()) {
            interface.serve()?;
        }
        let skipped = &summary.skipped;
        let counted = Counted {
            connections: summary.connections,
            templates: summary.templates,
            left_out: skipped.damaged + skipped.full + skipped.port_taken,
        };
        self.link.send_json(Kind::Forwarding, &counted).map_err(DaemonError::take_over)?;
        tracing::info!(?summary, "taken over");
        arrived.connections = summary.connections;
        Ok(arrived)
    }

    /// All that is no connection.
    fn receive_rest(
        &mut self,
        live: &DirectorService,
        path: &Path,
        last: Last,
    ) -> Result<Arrived, DaemonError> {
        let mut fds = self.link.take_descriptors();
        let (mut interfaces, mut marks) = (Vec::new(), BTreeMap::new());
        for state in &last.interfaces {
            let side = Side::from(state.side);
            let path = Path { side, ..path.clone() };
            let interface = Interface::adopt(state, &mut fds, &path)?;
            match side {
                Side::Mark(mark) => drop(marks.insert(mark, interface)),
                Side::Client | Side::Server => interfaces.push(interface),
            }
        }
        let mut next = || fds.next().ok_or_else(|| DaemonError::take_over(LinkError::Ended));
        let listener = next()?;
        let attendant = UnixStream::from(next()?);
        let program = last.has_program.then(&mut next).transpose()?;
        let metrics = last.metrics.map(|addr| Ok::<_, DaemonError>((addr, next()?))).transpose()?;
        let announce_tun = last.has_beacon.then(&mut next).transpose()?.map(AnnounceTun::adopt);
        let descriptors = if last.has_fast_path { FAST_PATH_DESCRIPTORS } else { 0 };
        let fast_path = HandedFastPath {
            fds: fds.by_ref().take(descriptors).collect(),
            links: last.fast_links.into_iter().zip(fds).collect(),
        };
        live.history.resume(last.history);
        live.fleet.resume(&last.announced);
        Ok(Arrived {
            interfaces,
            marks,
            program: program.map(TunnelOffload::adopt),
            socket: HandedSocket { listener, made_directory: last.made_directory },
            attendant,
            metrics,
            announce_tun,
            fast_path,
            kept: last.kept,
            connections: 0,
        })
    }
}

/// Ends this process as soon as its attendant is gone, which nobody but a kill can do: whoever started it takes it for killed.
pub(in crate::daemon) fn end_with_attendant(mut attendant: UnixStream) {
    let wait = move || {
        let mut byte = [0];
        while matches!(attendant.read(&mut byte), Err(error) if error.kind() == io::ErrorKind::Interrupted) {}
        tracing::error!("the process that was started first was killed: so is this one");
        std::process::exit(1);
    };
    if let Err(error) = std::thread::Builder::new().name("tunvs-attended".to_owned()).spawn(wait) {
        tracing::warn!(%error, "the end of the process that was started first will go unnoticed");
    }
}

/// First message of the other director.
#[derive(Debug)]
pub(in crate::daemon) struct FirstMessage(Before);

impl FirstMessage {
    /// Date of the start of the first director.
    pub(in crate::daemon) fn started(&self) -> &str {
        &self.0.started
    }
}

/// Makes tables and settings be as the other director has them.
fn follow(tables: &LiveTables, taking: &mut TakeOver<'_>, wanted: &TablesState) -> Result<(), DaemonError> {
    let now = tables.clock.now();
    let marks = tables.director.drained();
    tables.director.expect_drained(wanted.drained.iter().copied());
    taking.declare(&wanted.tables)?;
    let gone = marks.iter().filter(|mark| !wanted.drained.contains(mark)).map(|mark| (mark, false));
    for (&(service, server), drained) in gone.chain(wanted.drained.iter().map(|mark| (mark, true))) {
        // One that is not there has its mark already.
        let _ = tables.director.apply(&Command::SetDrained { service, server, drained }, now);
    }
    let settings = wanted
        .sysctls
        .iter()
        .map(|(name, value)| Command::SetSysctl { name: name.clone(), value: value.clone() });
    for command in settings.chain(wanted.shares.iter().cloned()) {
        if let Err(error) = tables.director.apply(&command, now) {
            tracing::debug!(%error, ?command, "a setting is not taken over");
        }
    }
    Ok(())
}

/// The ways out of the host, until they are read here.
fn set_routing(live: &DirectorService, routing: Routing) {
    let Routing { routes, claimed, links, has_policy } = routing;
    let routes: Vec<Route> = routes.into_iter().map(Route::from).collect();
    let routes = Arc::new(RouteTable::new(routes).with_claimed(claimed.into_iter()));
    live.tables.director.set_routes(Arc::clone(&routes));
    live.path.neighbours.set_routing(HostRouting { routes, links: links.into_iter().collect(), has_policy });
}
