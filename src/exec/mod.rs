//! `tunvs exec`: runs a program for which this host has IPVS, that of a director.
//!
//! A seccomp filter has the kernel tell a supervisor of the few calls that concern IPVS ([`filter`]); it answers them
//! ([`supervisor`]), and everything else runs untouched. What programs and the director say to each other is `lvs-netlink`'s.
//! No security boundary: a program that wants to get around it can.

mod census;
mod children;
mod clock;
mod descriptors;
mod director;
mod emulated;
mod exchange;
mod files;
mod filter;
mod front;
mod listen;
mod names;
mod options;
mod paths;
mod places;
mod receive;
mod sockets;
mod supervisor;
mod target;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, SigmaskHow};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout};

use lvs_sys::process;
use lvs_sys::seccomp::{self, SpawnError};

use children::Children;
use descriptors::Descriptors;
use supervisor::Supervisor;

/// Descriptors that a supervisor wants where it may: three for each emulated socket.
const DESCRIPTORS: u64 = 16_384;

/// Why a program was not started.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    #[error("cannot run {}", program.display())]
    Program { program: PathBuf, source: io::Error },
    #[error(
        "this process is supervised already, and the kernel allows one supervisor: leave the inner `tunvs exec` out"
    )]
    Supervised,
    #[error("this kernel cannot tell of system calls: Linux 5.14 with seccomp filters is needed")]
    Kernel(#[source] io::Error),
    #[error(
        "/proc is not mounted here, and what a program has open stands nowhere else: mount it \
         (mount -t proc proc /proc)"
    )]
    NoProc,
    #[error("cannot supervise the program")]
    Supervise(#[from] io::Error),
}

impl ExecError {
    /// The exit status, as of `env` and its like.
    fn status(&self) -> i32 {
        match self {
            Self::Program { source, .. } if source.kind() == io::ErrorKind::NotFound => 127,
            Self::Program { .. } => 126,
            Self::Supervised | Self::Kernel(_) | Self::NoProc | Self::Supervise(_) => front::OURS,
        }
    }
}

/// Runs a program and gives its exit status. `report` says what went wrong before it ran.
pub fn run(socket: &Path, words: &[OsString], report: &dyn Fn(&ExecError)) -> i32 {
    let failed = |error: ExecError| {
        report(&error);
        error.status()
    };
    if !Path::new("/proc/self/fd").exists() {
        return failed(ExecError::NoProc);
    }
    let blocked = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK).map_err(io::Error::from);
    let prepared = blocked.and_then(|blocked| Ok((blocked, UnixStream::pair()?)));
    let (blocked, (ours, theirs)) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return failed(error.into()),
    };
    match process::fork() {
        Ok(Some(_)) => {
            drop(theirs);
            front::stand(ours)
        }
        Ok(None) => {
            drop(ours);
            let kept = theirs.try_clone();
            let outcome =
                kept.map_err(ExecError::from).and_then(|front| supervise(socket, words, blocked, front));
            let Err(error) = outcome else { return 0 };
            let status = failed(error);
            children::end(theirs, status);
            status
        }
        Err(error) => failed(error.into()),
    }
}

/// Starts the program and answers its calls.
fn supervise(socket: &Path, words: &[OsString], blocked: SigSet, front: UnixStream) -> Result<(), ExecError> {
    let Some((program, args)) = words.split_first() else { return Ok(()) };
    set_child_subreaper(true).map_err(io::Error::from)?;
    let (limit, most) = getrlimit(Resource::RLIMIT_NOFILE).map_err(io::Error::from)?;
    let descriptors = Descriptors::within(limit);
    let null = null()?;
    let mut command = Command::new(program);
    command.args(args);
    let spawned = seccomp::spawn(&mut command, filter::filter(&descriptors), blocked);
    let (child, listener) = spawned.map_err(|error| {
        let program = PathBuf::from(program);
        match error {
            SpawnError::Program(source) => ExecError::Program { program, source },
            SpawnError::Filter(source) => match source.raw_os_error() {
                Some(libc::EBUSY) => ExecError::Supervised,
                _ => ExecError::Kernel(source),
            },
            SpawnError::Handover(source) => ExecError::Supervise(source),
        }
    })?;
    // Emulated sockets of the program take descriptors here. The limit of the program stays.
    let most = most.max(DESCRIPTORS);
    if setrlimit(Resource::RLIMIT_NOFILE, most, most).is_err() {
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).map_err(io::Error::from)?;
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
    let children = Children::new(Pid::from_raw(child.id().cast_signed()), front)?;
    leave_terminal(&null)?;
    Supervisor::new(listener, descriptors, socket, children)?.run()?;
    Ok(())
}

/// A descriptor that nothing is read from. A small root may have no `/dev/null`.
fn null() -> io::Result<OwnedFd> {
    match File::options().read(true).write(true).open("/dev/null") {
        Ok(null) => Ok(null.into()),
        Err(_) => Ok(memfd_create("null", MFdFlags::MFD_CLOEXEC)?),
    }
}

/// Whoever reads what the program writes must not wait for the supervisor to end.
fn leave_terminal(null: &OwnedFd) -> io::Result<()> {
    dup2_stdin(null)?;
    dup2_stdout(null)?;
    dup2_stderr(null)?;
    Ok(())
}
