//! Processes: a second one with the same memory (fork(2)), signals of any number (kill(2)), their ends, and what they may do (capget(2)).

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use nix::unistd::{ForkResult, Pid};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Goes on twice: None in the new process, its number in the old one.
///
/// # Errors
/// Errors of `fork(2)`, and EBUSY where the process has more than one thread.
pub fn fork() -> io::Result<Option<Pid>> {
    one_thread()?;
    // SAFETY: there is one thread, so no other can hold a lock that the new process would wait for.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Child => Ok(None),
        ForkResult::Parent { child } => Ok(Some(child)),
    }
}

/// # Errors
/// EBUSY: this process has more than one thread.
pub(crate) fn one_thread() -> io::Result<()> {
    match std::fs::read_dir("/proc/self/task")?.count() {
        1 => Ok(()),
        _ => Err(io::Error::from_raw_os_error(libc::EBUSY)),
    }
}

/// Waits until a process has ended, and leaves it to be waited for.
///
/// # Errors
/// No such process, or no such call (before Linux 5.3).
pub async fn ended(process: Pid) -> io::Result<()> {
    let fd = descriptor(process)?;
    // SAFETY: the descriptor is closed by its drop alone, which comes when the runtime watches it no more.
    let watched = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?;
    watched.readable().await.map(drop)
}

/// Descriptor of a process that can be read from when it has ended.
fn descriptor(process: Pid) -> io::Result<OwnedFd> {
    // SAFETY: both are numbers, and the call makes a descriptor.
    unsafe { owned(libc::syscall(libc::SYS_pidfd_open, process.as_raw(), 0)) }
}

/// One more descriptor of what a process has under a number (pidfd_getfd(2)).
///
/// # Errors
/// No such process, nothing is there, or the process is not ours to look into.
pub fn copied_from(process: i32, number: u32) -> io::Result<OwnedFd> {
    let owner = descriptor(Pid::from_raw(process))?;
    let (at, number) = (libc::c_long::from(owner.as_raw_fd()), libc::c_ulong::from(number));
    // SAFETY: only numbers go in, the descriptor of the process lives until the call returns, and the call makes one.
    unsafe { owned(libc::syscall(libc::SYS_pidfd_getfd, at, number, 0)) }
}

/// The descriptor that a call has made.
///
/// # Safety
/// The number is the outcome of a call that makes a descriptor, which nobody else has.
unsafe fn owned(result: libc::c_long) -> io::Result<OwnedFd> {
    let fd = i32::try_from(result).ok().filter(|fd| *fd >= 0).ok_or_else(io::Error::last_os_error)?;
    // SAFETY: as the caller says.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Change of a process below this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Exited(i32),
    /// By that signal, of the real-time ones, too.
    Killed(i32),
    Stopped(i32),
    Other,
}

/// The next process below this one that changes. None: none has yet, where `flags` say not to wait.
///
/// # Errors
/// Errors of `waitpid(2)`: ECHILD where there are none.
pub fn next_change(flags: i32) -> io::Result<Option<(Pid, Change)>> {
    let mut status = 0;
    // SAFETY: the kernel writes one number, which lives until the call returns.
    let process = unsafe { libc::waitpid(-1, &raw mut status, flags) };
    if process < 0 {
        return Err(io::Error::last_os_error());
    }
    let change = if libc::WIFEXITED(status) {
        Change::Exited(libc::WEXITSTATUS(status))
    } else if libc::WIFSIGNALED(status) {
        Change::Killed(libc::WTERMSIG(status))
    } else if libc::WIFSTOPPED(status) {
        Change::Stopped(libc::WSTOPSIG(status))
    } else {
        Change::Other
    };
    Ok((process > 0).then_some((Pid::from_raw(process), change)))
}

/// Sends a signal, of the real-time ones, too.
///
/// # Errors
/// Errors of `kill(2)`.
pub fn signal(process: Pid, number: i32) -> io::Result<()> {
    // SAFETY: both are numbers.
    let status = unsafe { libc::kill(process.as_raw(), number) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The effective capabilities of a thread as bits (capget(2)). None: there is no such thread.
pub fn capabilities(thread: i32) -> Option<u64> {
    /// `_LINUX_CAPABILITY_VERSION_3`: two sets of 32.
    const VERSION_3: u32 = 0x2008_0522;
    let header = [VERSION_3, thread.cast_unsigned()];
    // Effective, permitted, inheritable; twice.
    let mut sets = [0u32; 6];
    // SAFETY: the kernel reads a header of two numbers and writes six, which live until the call returns; the version is one that
    // it knows, so that it does not write the header.
    let status = unsafe { libc::syscall(libc::SYS_capget, header.as_ptr(), sets.as_mut_ptr()) };
    (status == 0).then(|| u64::from(sets[3]) << 32 | u64::from(sets[0]))
}

/// Whether a thread is the first of its process, whose number it has then.
pub fn is_first_thread(thread: i32) -> bool {
    // SAFETY: three numbers; the signal 0 is none.
    let status = unsafe { libc::syscall(libc::SYS_tgkill, thread, thread, 0) };
    status == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

/// Whether a thread has under a number the very file that we have under another (kcmp(2)).
///
/// # Errors
/// EBADF: the thread has nothing there. EPERM, ENOSYS: it is not to be learned so, as in many containers.
pub fn has_file(thread: i32, number: u32, ours: &impl AsRawFd) -> io::Result<bool> {
    const FILE: libc::c_long = 0;
    let us = libc::c_long::from(nix::unistd::getpid().as_raw());
    let (number, ours) = (libc::c_ulong::from(number), libc::c_long::from(ours.as_raw_fd()));
    // SAFETY: only numbers go in.
    match unsafe { libc::syscall(libc::SYS_kcmp, thread, us, FILE, number, ours) } {
        -1 => Err(io::Error::last_os_error()),
        order => Ok(order == 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_thread_may_do_is_what_the_kernel_says() {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
        let thread: i32 = field("Pid:").parse().unwrap();
        assert_eq!(capabilities(thread), u64::from_str_radix(field("CapEff:"), 16).ok());
        assert_eq!(capabilities(i32::MAX), None);
        assert!(is_first_thread(std::process::id().cast_signed()));
        assert!(!is_first_thread(thread) && !is_first_thread(i32::MAX), "tests run in threads of their own");
    }
}
