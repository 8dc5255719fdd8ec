//! The director that hands over: looks at the new program, starts it, copies what it knows, pauses, and is done when the
//! successor forwards. Until then every failure ends with this director at work again, and the successor killed before.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::kill;
use nix::unistd::{Pid, dup2_stdin, fexecve};
use tokio::runtime::Handle;
use tokio::sync::OwnedRwLockWriteGuard;

use super::link::{Kind, Link, LinkError};
use super::look::{look_at, why};
use super::state::{Before, Counted, Hello, Last, wanted};
use super::{STATE, attendant};
use crate::daemon::host_reconciler::HostGuard;
use crate::daemon::interface::{Interface, InterfaceState};
use crate::daemon::service::DirectorService;
use crate::daemon::signals::SignalWatch;
use crate::starter::{self, Order, Program};
use lvs::director::Copy;
use lvs_control::{UpgradeRefusal, Upgraded};
use lvs_device::AnnounceTun;

/// Connections that are copied while packets wait, at the most that is striven for.
const FEW: usize = 512;

/// Rounds before the last one, however many connections change meanwhile.
const ROUNDS: usize = 8;

/// Hands over to that program, or to the one that runs.
pub(in crate::daemon) async fn hand_over(
    live: Arc<DirectorService>,
    binary: Option<PathBuf>,
) -> Result<Upgraded, UpgradeRefusal> {
    if live.fleet.is_retiring() {
        return Err(UpgradeRefusal::Stopping);
    }
    let binary = binary.or_else(own_binary).ok_or(UpgradeRefusal::Nothing)?;
    look_at(&binary).await?;
    tracing::info!(binary = %binary.display(), "upgrade begins");
    let done = tokio::task::spawn_blocking(move || start_and_hand_over(&live, &binary)).await;
    done.unwrap_or_else(|error| Err(UpgradeRefusal::Failed { why: error.to_string() }))
        .inspect_err(|error| tracing::error!(%error, "no upgrade"))
}

/// The file of this program, or what has taken its place since.
fn own_binary() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?;
    let text = path.to_str()?;
    Some(PathBuf::from(text.strip_suffix(" (deleted)").unwrap_or(text)))
}

/// Stops the queues for good.
pub(in crate::daemon) async fn rest(live: &DirectorService) {
    // What went past the director is counted.
    live.tables.director.suspend_fast_path();
    let mut host = live.host.hold().await;
    Interface::pause_all(live.handover.lock().interfaces.iter_mut().chain(host.mark_interfaces()));
    live.tables.sync.send_pending().await;
}

/// While packets wait. Dropping it without [`Paused::resume`] leaves all at rest.
struct Paused {
    all: OwnedRwLockWriteGuard<()>,
    host: HostGuard,
    since: Duration,
}

impl Paused {
    /// Stops the queues and everything else that changes tables.
    fn begin(live: &DirectorService) -> Self {
        let all = Handle::current().block_on(Arc::clone(&live.tables.pause).write_owned());
        let mut host = Handle::current().block_on(live.host.hold());
        live.tables.sync.close_channel();
        // Packets come in by the queues then, which go on until they are paused.
        live.tables.director.suspend_fast_path();
        let mut handover = live.handover.lock();
        handover.conn_file.set(true);
        let since = live.tables.clock.elapsed();
        Interface::pause_all(handover.interfaces.iter_mut().chain(host.mark_interfaces()));
        drop(handover);
        Handle::current().block_on(live.tables.sync.send_pending());
        Self { all, host, since }
    }

    fn resume(mut self, live: &DirectorService) {
        let mut handover = live.handover.lock();
        handover.conn_file.set(false);
        for interface in handover.interfaces.iter_mut().chain(self.host.mark_interfaces()) {
            if let Err(error) = interface.serve() {
                tracing::error!(device = interface.name(), %error, "packets are not read any more");
            }
        }
        live.tables.director.resume_fast_path();
        drop(self.all);
        for (_, error) in live.tables.sync.follow() {
            live.tables.sync.trouble(&error);
        }
    }

    /// The successor has everything: nothing here moves again.
    fn end(self) {
        self.host.let_go();
        std::mem::forget(self.all);
    }
}

/// The started program. It is killed if it does not come to forward.
struct Started {
    child: Program,
    has_taken_over: bool,
}

impl Drop for Started {
    fn drop(&mut self) {
        if !self.has_taken_over {
            self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn start_and_hand_over(live: &DirectorService, binary: &Path) -> Result<Upgraded, UpgradeRefusal> {
    let failed = |why: String| UpgradeRefusal::Failed { why };
    let (ours, theirs) = UnixStream::pair().map_err(|error| failed(error.to_string()))?;
    let order = Order::Successor(binary.as_os_str().to_owned());
    let child = starter::start(&order, Some(theirs.into())).map_err(|error| failed(why(error)))?;
    let mut started = Started { child, has_taken_over: false };
    let mut paused = None;
    let outcome = Link::new(ours).and_then(|mut link| {
        let hello: Hello = link.expect_json(Kind::Hello)?;
        copy(live, &mut link, &mut paused).map(|(counted, paused)| (hello, counted, paused))
    });
    let pid = started.child.pid().as_raw().cast_unsigned();
    match outcome {
        Ok((hello, counted, paused_for)) => {
            started.has_taken_over = true;
            if let Some(paused) = paused {
                paused.end();
            }
            let upgraded = Upgraded {
                binary: binary.to_owned(),
                version: hello.version,
                pid,
                connections: counted.connections,
                templates: counted.templates,
                left_out: counted.left_out,
                paused_us: u64::try_from(paused_for.as_micros()).unwrap_or(u64::MAX),
            };
            live.moved.send_replace(true);
            tracing::info!(pid, version = upgraded.version, paused_us = upgraded.paused_us, "upgraded");
            Ok(upgraded)
        }
        Err(error) => {
            let why = match (&error, live.host.is_stopping()) {
                (_, true) => "the director stops".to_owned(),
                (LinkError::Ended, _) => match started.child.wait() {
                    Ok(status) => format!("it ended before it had taken over ({status}); the log says why"),
                    Err(error) => error.to_string(),
                },
                _ => error.to_string(),
            };
            // Before anybody else reads the queues.
            drop(started);
            if let Some(paused) = paused {
                paused.resume(live);
            }
            Err(failed(why))
        }
    }
}

/// Copies everything. Returns what the successor has, and for how long packets waited.
fn copy(
    live: &DirectorService,
    link: &mut Link,
    paused: &mut Option<Paused>,
) -> Result<(Counted, Duration), LinkError> {
    let director = Arc::clone(&live.tables.director);
    let mut copy = director.begin_copy();
    let before = Before {
        state: STATE,
        now: live.tables.clock.now().0,
        started: live.started.clone(),
        routing: Handle::current().block_on(live.host.hold()).routing(),
        wanted: wanted(&live.tables, &live.declared),
    };
    link.send_json(Kind::Before, &before)?;
    for _ in 0..ROUNDS {
        send_round(live, link, &mut copy)?;
        link.send(Kind::Round, &[])?;
        link.expect(Kind::Round)?;
        copy.begin_round();
        if copy.touched() <= FEW {
            break;
        }
    }
    let at_rest = paused.insert(Paused::begin(live));
    if live.host.is_stopping() {
        return Err(LinkError::Refused("the director stops".to_owned()));
    }
    let (last, fds) = last(live, at_rest).map_err(LinkError::from)?;
    link.send_descriptors(&fds)?;
    link.send_json(Kind::Last, &last)?;
    copy.begin_last_round();
    send_round(live, link, &mut copy)?;
    // What was under way when all paused.
    while copy.touched() > 0 {
        copy.begin_round();
        send_round(live, link, &mut copy)?;
    }
    let mut rest = Vec::new();
    copy.put_rest(&mut rest, live.tables.clock.now());
    link.send(Kind::Part, &rest)?;
    link.send(Kind::Begin, &[])?;
    let mut counted: Counted = link.expect_json(Kind::Forwarding)?;
    counted.left_out += copy.left_out();
    Ok((counted, live.tables.clock.elapsed() - at_rest.since))
}

fn send_round(live: &DirectorService, link: &mut Link, copy: &mut Copy<'_>) -> Result<(), LinkError> {
    let mut part = Vec::new();
    while copy.put_part(&mut part, live.tables.clock.now()) {
        link.send(Kind::Part, &part)?;
    }
    Ok(())
}

/// The last message, and the descriptors.
fn last(live: &DirectorService, paused: &mut Paused) -> std::io::Result<(Last, Vec<OwnedFd>)> {
    let mut handover = live.handover.lock();
    let (mut fds, mut interfaces): (Vec<OwnedFd>, Vec<InterfaceState>) = (Vec::new(), Vec::new());
    for interface in
        handover.interfaces.iter().chain(paused.host.mark_interfaces().map(|interface| &*interface))
    {
        let (state, more) = interface.hand_over()?;
        interfaces.push(state);
        fds.extend(more);
    }
    let socket = handover.socket.as_ref().ok_or_else(|| std::io::Error::other("no control socket"))?;
    fds.push(socket.listener.try_clone()?);
    let made_directory = socket.made_directory;
    if handover.attendant.is_none() {
        let (attends, told) = UnixStream::pair()?;
        handover.attends = Some(attends);
        fds.push(told.into());
    } else if let Some(attendant) = &handover.attendant {
        fds.push(attendant.try_clone()?.into());
    }
    let program = live.path.tunnels.as_ref().map(|tunnels| tunnels.program()).transpose()?;
    let has_program = program.is_some();
    fds.extend(program);
    let metrics = Handle::current().block_on(live.exporters.hand_over())?;
    let metrics = metrics.map(|(addr, listener)| {
        fds.push(listener);
        addr
    });
    let announce_tun = paused.host.announce_tun().map(AnnounceTun::hand_over).transpose()?;
    let has_beacon = announce_tun.is_some();
    fds.extend(announce_tun);
    let fast_path = live.path.fast.hand_over()?;
    let has_fast_path = !fast_path.fds.is_empty();
    fds.extend(fast_path.fds);
    let (fast_links, held): (Vec<_>, Vec<_>) = fast_path.links.into_iter().unzip();
    fds.extend(held);
    let last = Last {
        wanted: wanted(&live.tables, &live.declared),
        kept: Handle::current().block_on(live.configuration.kept_tables()),
        history: live.history.current(),
        interfaces,
        made_directory,
        metrics,
        has_program,
        has_beacon,
        announced: live.fleet.status().announced,
        has_fast_path,
        fast_links,
    };
    Ok((last, fds))
}

/// Ends this process in favour of its successor: as the attendant, if it was started first. Returns the exit status if there
/// is none to come from another program.
pub(in crate::daemon) fn take_leave(
    live: &DirectorService,
    upgraded: &Upgraded,
    signals: SignalWatch,
) -> i32 {
    let pid = i32::try_from(upgraded.pid).unwrap_or_default();
    for action in signals.end() {
        let _ = kill(Pid::from_raw(pid), action.signal());
    }
    let mut handover = live.handover.lock();
    if let Some(mut attendant) = handover.attendant.take() {
        let _ = attendant.write_all(&pid.to_le_bytes());
        return 0;
    }
    let Some(attends) = handover.attends.take() else { return 1 };
    let _ = set_child_subreaper(true);
    if let Err(error) = dup2_stdin(&attends) {
        tracing::error!(%error, "the new process runs without this one to pass signals on to it");
        return 1;
    }
    let name = std::env::args_os().next().unwrap_or_else(|| "tunvs".into());
    // Signals stay blocked until the attendant listens.
    let error = if live.sandbox.no_new_privs {
        become_own(&[&name, "attend".as_ref(), pid.to_string().as_ref()])
    } else {
        Command::new(&upgraded.binary).arg0(name).arg("attend").arg(pid.to_string()).exec()
    };
    tracing::debug!(%error, "the attendant is this program");
    attendant::attend(pid).unwrap_or(1)
}

/// Begins anew as this program, by its descriptor: the sandbox runs nothing else.
fn become_own(args: &[&OsStr]) -> std::io::Error {
    let text = |text: &[u8]| CString::new(text).unwrap_or_default();
    let args: Vec<CString> = args.iter().map(|arg| text(arg.as_bytes())).collect();
    let env: Vec<CString> = std::env::vars_os()
        .map(|(name, value)| text(&[name.as_bytes(), b"=", value.as_bytes()].concat()))
        .collect();
    match File::open("/proc/self/exe").map(|own| fexecve(own, &args, &env)) {
        Ok(Ok(never)) => match never {},
        Ok(Err(error)) => error.into(),
        Err(error) => error,
    }
}
