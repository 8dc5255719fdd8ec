//! Seccomp filters: of this process, and such whose calls are decided by another process (seccomp_unotify(2)).

use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use nix::sys::signal::SigSet;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

pub use libc::{seccomp_data as Data, sock_filter as Instruction};

/// A call that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub struct Notification {
    pub id: u64,
    /// The thread, as our process namespace numbers it; 0 where it does not.
    pub thread: i32,
    pub call: i32,
    pub args: [u64; 6],
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Value(i64),
    Error(i32),
    /// The kernel carries it out.
    Continue,
}

/// Starts a program with a filter, and with these signals blocked. Its notifications come by the descriptor.
///
/// # Errors
/// The program cannot be run, or the kernel refuses the filter.
pub fn spawn(
    command: &mut Command,
    filter: Vec<Instruction>,
    blocked: SigSet,
) -> Result<(Child, OwnedFd), SpawnError> {
    let (ours, theirs) = UnixStream::pair().map_err(SpawnError::Handover)?;
    // SAFETY: between fork and exec only system calls are made, on memory that was there before.
    unsafe {
        command.pre_exec(move || {
            blocked.thread_set_mask()?;
            let listener = install(&filter)?;
            let fds = [listener.as_raw_fd()];
            let cmsg = [ControlMessage::ScmRights(&fds)];
            sendmsg::<()>(theirs.as_raw_fd(), &[IoSlice::new(&[1])], &cmsg, MsgFlags::empty(), None)?;
            Ok(())
        });
    }
    let child = command.spawn();
    // What the closure holds ends with the command; a filter that was refused has sent nothing.
    match child {
        Ok(child) => Ok((child, take_over(&ours).map_err(SpawnError::Handover)?)),
        Err(source) => {
            let was_filtered = ours.set_nonblocking(true).is_ok() && take_over(&ours).is_ok();
            Err(if was_filtered { SpawnError::Program(source) } else { SpawnError::Filter(source) })
        }
    }
}

/// Why a program was not started.
#[derive(Debug)]
pub enum SpawnError {
    Program(io::Error),
    Filter(io::Error),
    Handover(io::Error),
}

fn take_over(from: &UnixStream) -> io::Result<OwnedFd> {
    let mut byte = [0];
    let mut iov = [io::IoSliceMut::new(&mut byte)];
    let mut space = nix::cmsg_space!([RawFd; 1]);
    let message = recvmsg::<()>(from.as_raw_fd(), &mut iov, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(fds) = control
            && let [fd] = fds[..]
        {
            // SAFETY: the kernel made it for us just now.
            return Ok(unsafe { OwnedFd::from_raw_fd(fd) });
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// Puts the filter onto this thread. Without `CAP_SYS_ADMIN` it may gain no privileges from now on.
fn install(filter: &[Instruction]) -> io::Result<OwnedFd> {
    const NEW_LISTENER: libc::c_ulong = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // Signals wait until a call is answered that somebody has begun to carry out (Linux 5.19).
    const KILLABLE: libc::c_ulong = NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    let mut flags = KILLABLE;
    loop {
        let error = match set_filter(filter, flags) {
            Ok(listener) => return Ok(listener),
            Err(error) => error,
        };
        match error.raw_os_error() {
            Some(libc::EACCES) if !nix::sys::prctl::get_no_new_privs()? => {
                nix::sys::prctl::set_no_new_privs()?;
            }
            Some(libc::EINVAL) if flags == KILLABLE => flags = NEW_LISTENER,
            _ => return Err(error),
        }
    }
}

fn set_filter(filter: &[Instruction], flags: libc::c_ulong) -> io::Result<OwnedFd> {
    let fd = seccomp(filter, flags)?;
    // SAFETY: a descriptor that was made just now and that nobody else has.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn seccomp(filter: &[Instruction], flags: libc::c_ulong) -> io::Result<i32> {
    let len = libc::c_ushort::try_from(filter.len()).map_err(io::Error::other)?;
    let program = libc::sock_fprog { len, filter: filter.as_ptr().cast_mut() };
    // SAFETY: the kernel reads as many instructions as are said, which live until the call returns.
    let result =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
    i32::try_from(result).ok().filter(|result| *result >= 0).ok_or_else(io::Error::last_os_error)
}

/// Threads that a filter is put onto; those that they start later have it, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    All,
    This,
}

/// Puts a filter onto threads for good. What it refuses is in the kernel's audit log, if there is one.
///
/// # Errors
/// The kernel knows no filters, or the thread may still gain privileges (`PR_SET_NO_NEW_PRIVS`).
pub fn restrict(filter: &[Instruction], threads: Threads) -> io::Result<()> {
    let threads = match threads {
        Threads::All => libc::SECCOMP_FILTER_FLAG_TSYNC,
        Threads::This => 0,
    };
    let put_on = match seccomp(filter, threads | libc::SECCOMP_FILTER_FLAG_LOG) {
        // Before Linux 4.14 nothing is logged.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => seccomp(filter, threads),
        other => other,
    }?;
    match put_on {
        0 => Ok(()),
        thread => Err(io::Error::other(format!("thread {thread} has a filter of its own"))),
    }
}

/// Has the other side woken on the processor that it waits on (Linux 6.6); elsewhere nothing happens.
pub fn wake_at_once(listener: &OwnedFd) {
    const SYNC_WAKE_UP: u64 = 1;
    // SAFETY: the kernel takes a number.
    let _ = unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP) };
}

/// The next call that waits.
///
/// # Errors
/// None waits any more (ENOENT), or none will (the program has ended).
pub fn receive(listener: &OwnedFd) -> io::Result<Notification> {
    // SAFETY: all zeros is a valid notification, and the kernel wants zeros.
    let mut raw: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes one notification, which lives until the call returns.
    check(unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut raw) })?;
    Ok(Notification { id: raw.id, thread: raw.pid.cast_signed(), call: raw.data.nr, args: raw.data.args })
}

/// Whether a call still waits.
pub fn waits(listener: &OwnedFd, id: u64) -> bool {
    // SAFETY: the kernel reads one number, which lives until the call returns.
    unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const id) == 0 }
}

/// Answers a call.
///
/// # Errors
/// The call waits no more (ENOENT).
pub fn answer(listener: &OwnedFd, id: u64, answer: Answer) -> io::Result<()> {
    let (val, error, flags) = match answer {
        Answer::Value(value) => (value, 0, 0),
        Answer::Error(errno) => (0, -errno, 0),
        Answer::Continue => (0, 0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
    };
    let mut response = libc::seccomp_notif_resp { id, val, error, flags };
    // SAFETY: the kernel reads one answer, which lives until the call returns.
    check(unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut response) })
        .map(drop)
}

/// Answers a call with a new descriptor for its process, in one step: under the number `at`, else the lowest that is free.
///
/// # Errors
/// The call waits no more (ENOENT), or the process can have no more descriptors.
pub fn answer_with_descriptor(
    listener: &OwnedFd,
    id: u64,
    source: &impl AsRawFd,
    at: Option<u32>,
    close_on_exec: bool,
) -> io::Result<i32> {
    let mut flags = libc::SECCOMP_ADDFD_FLAG_SEND as u32;
    if at.is_some() {
        flags |= libc::SECCOMP_ADDFD_FLAG_SETFD as u32;
    }
    let request = libc::seccomp_notif_addfd {
        id,
        flags,
        srcfd: source.as_raw_fd().cast_unsigned(),
        newfd: at.unwrap_or(0),
        newfd_flags: if close_on_exec { libc::O_CLOEXEC.cast_unsigned() } else { 0 },
    };
    // SAFETY: the kernel reads one request, which lives until the call returns.
    check(unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ADDFD, &raw const request) })
}

fn check(result: libc::c_int) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
