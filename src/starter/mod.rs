//! How programs are started: by this process, or by a small one that is started before the director gives up its rights.
//!
//! Owns which programs that one starts (`permit`), how it is asked (`link`), and what it does (`process`). A program is the child of the
//! director in either case. Called by the health checks and by an upgrade; begun by the daemon.

mod link;
mod order;
mod permit;
mod process;
mod program;
mod script;

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use nix::unistd::Pid;

pub use order::{Bounds, Order, PREDECESSOR, StartError};
pub use process::run as run_process;
pub use program::Program;

/// The process that starts programs.
#[derive(Debug)]
struct Starter {
    socket: UnixStream,
    may_change_user: bool,
}

static STARTER: OnceLock<Starter> = OnceLock::new();

/// Starts the process that starts programs from now on. Before the first thread, and before rights are given up.
///
/// # Errors
/// The process cannot be started.
pub fn begin(bounds: &Bounds, may_change_user: bool) -> io::Result<()> {
    let (ours, theirs) = link::pair()?;
    // The director's own file, also where another one has taken its place since.
    let mut command = Command::new("/proc/self/exe");
    command.arg0("tunvs").arg("start-programs").stdin(Stdio::from(theirs)).spawn()?;
    link::put(&ours, bounds, &[])?;
    let _ = STARTER.set(Starter { socket: ours, may_change_user });
    Ok(())
}

/// Whether another process starts programs, and may do so as other users.
pub fn may_change_user() -> Option<bool> {
    STARTER.get().map(|starter| starter.may_change_user)
}

/// Starts a program; `given` is its standard output or input.
///
/// # Errors
/// The program cannot be run.
pub fn start(order: &Order, given: Option<OwnedFd>) -> Result<Program, StartError> {
    match STARTER.get() {
        Some(starter) => link::send(&starter.socket, order, given),
        None => {
            let args: Vec<OsString> = std::env::args_os().collect();
            let mut command = process::command(order, given, &args, std::process::id())?;
            let started = command.spawn().map_err(|source| order.failed(source))?;
            Ok(Program::of(Pid::from_raw(started.id().cast_signed())))
        }
    }
}
