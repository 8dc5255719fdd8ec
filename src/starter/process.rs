//! The process that starts programs, and the commands of those: the only one of a director's that keeps the rights to do so. It ends with
//! the director.

use std::ffi::{CStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::sys::prctl::set_name;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{dup2_stdin, getppid};

use super::link::{Report, take};
use super::order::{Bounds, Order, PREDECESSOR, StartError};
use super::permit::Permit;
use super::script;
use lvs_sys::spawn::{start_beside, with_all_signals};

/// Name in process lists; no director's.
const NAME: &CStr = c"tunvs-programs";

/// Starts programs until the director, at the other end of standard input, has ended.
///
/// # Errors
/// The director says what cannot be understood.
pub fn run() -> io::Result<()> {
    // Begun by a link of /proc, whose name says nothing.
    let _ = set_name(NAME);
    let director = io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from)?;
    dup2_stdin(nothing()?)?;
    let Some((bounds, _)) = take::<Bounds>(&director)? else { return Ok(()) };
    let mut permit = Permit::new(&bounds);
    while let Some((order, fds)) = take::<Order>(&director)? {
        let mut fds = fds.into_iter();
        let Some(report) = fds.next().map(File::from) else { continue };
        if let Err(why) = carry_out(&order, fds.next(), &report, &bounds, &mut permit) {
            let _ = Report::Refused(why).write(&report);
        }
    }
    Ok(())
}

/// A file with nothing to read. A root that holds only the program has no /dev/null.
fn nothing() -> io::Result<OwnedFd> {
    File::open("/dev/null").map(OwnedFd::from).or_else(|_| Ok(io::pipe()?.0.into()))
}

fn carry_out(
    order: &Order,
    given: Option<OwnedFd>,
    report: &File,
    bounds: &Bounds,
    permit: &mut Permit,
) -> Result<(), String> {
    permit.admit(order)?;
    let director = getppid().as_raw().cast_unsigned();
    let mut command = command(order, given, &bounds.args, director).map_err(|error| error.to_string())?;
    let why_not = |error: io::Error| {
        let _ = Report::NotRun(error.raw_os_error().unwrap_or(libc::EINVAL)).write(report);
    };
    let program = start_beside(&mut command, why_not).map_err(|error| error.to_string())?;
    if Report::Started(program.as_raw()).write(report).is_err() {
        // Nobody waits for it.
        let _ = kill(program, Signal::SIGKILL);
    }
    Ok(())
}

/// The command of a program, for a director with that number; a successor's arguments are `args`.
pub(super) fn command(
    order: &Order,
    given: Option<OwnedFd>,
    args: &[OsString],
    director: u32,
) -> Result<Command, StartError> {
    let given = given.map_or_else(Stdio::null, Stdio::from);
    match order {
        Order::Script(script) => Ok(script::command(script)?),
        Order::Look(binary) => {
            let mut command = Command::new(binary);
            command.arg("state-formats").stdin(Stdio::null()).stdout(given);
            with_all_signals(&mut command);
            Ok(command)
        }
        Order::Successor(binary) => {
            let mut command = Command::new(binary);
            let (name, args) = args.split_first().map_or((binary, &[][..]), |(name, args)| (name, args));
            command.arg0(name).args(args).env(PREDECESSOR, director.to_string()).stdin(given);
            with_all_signals(&mut command);
            Ok(command)
        }
    }
}
