//! The process that was started first, once another one has taken over: it passes signals on and ends as the director ends, so
//! that a supervisor, a container and a shell see one process from the start to the stop.
//!
//! Knows nothing but the director's process. Each director that takes over is told to it by the one before.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::sys::prctl::set_name;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use signal_hook::consts::SIGCHLD;
use signal_hook::iterator::Signals;

use crate::daemon::signals::{self, HEARD};

/// Number that a shell adds to that of a signal that ended a process.
const BY_SIGNAL: i32 = 128;

/// Attends to the director of that process until it ends; standard input is where the next one is told.
///
/// # Errors
/// The system refuses to watch signals.
pub fn attend(director: i32) -> io::Result<i32> {
    // Begun by a descriptor, whose number older kernels take for the name.
    let _ = set_name(c"tunvs");
    let news = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    news.set_nonblocking(true)?;
    let mut signals = Signals::new(HEARD.map(|signal| signal as i32).into_iter().chain([SIGCHLD]))?;
    // Those that came while this program took the place of a director have waited.
    signals::unblock()?;
    let mut director = Pid::from_raw(director);
    // It may have ended before the signals were watched.
    if let Some(ended) = reap(&mut director, &news) {
        return Ok(ended);
    }
    for signal in signals.forever() {
        if signal != SIGCHLD {
            hear(&mut director, &news);
            if let Ok(signal) = Signal::try_from(signal) {
                let _ = kill(director, signal);
            }
        }
        if let Some(ended) = reap(&mut director, &news) {
            return Ok(ended);
        }
    }
    Ok(1)
}

/// Learns of a director that has taken over from the last one.
fn hear(director: &mut Pid, mut news: &UnixStream) {
    let mut pid = [0; 4];
    while news.read_exact(&mut pid).is_ok() {
        *director = Pid::from_raw(i32::from_le_bytes(pid));
    }
}

/// Looks which children have ended. The exit status, when the director is among them.
fn reap(director: &mut Pid, news: &UnixStream) -> Option<i32> {
    loop {
        let (pid, code) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => (pid, code),
            Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, BY_SIGNAL + signal as i32),
            Err(Errno::EINTR) => continue,
            Ok(WaitStatus::StillAlive) | Err(_) => return None,
            Ok(_) => continue,
        };
        hear(director, news);
        if pid == *director {
            return Some(code);
        }
    }
}
