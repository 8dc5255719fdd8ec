//! The process that was started: passes signals on to the program and ends as it does. The supervisor goes on behind it while
//! there is anybody to supervise.

use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;

use lvs_sys::process;

use super::children::ProcessEvent;

/// Added by a shell to the number of a signal that ended a program.
const KILLED: i32 = 128;

/// Exit status where we fail and not the program, as of `env` and its like.
pub(super) const OURS: i32 = 125;

/// The code of a signal that the kernel sent by itself, as to all processes at a terminal.
const BY_KERNEL: i32 = 0x80;

/// Passes signals on until the program ends, and gives its exit status. All signals are blocked.
pub(super) fn stand(mut news: UnixStream) -> i32 {
    let Ok(signals) = SignalFd::with_flags(&SigSet::all(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
    else {
        return OURS;
    };
    let mut program = None;
    loop {
        let mut ends =
            [PollFd::new(signals.as_fd(), PollFlags::POLLIN), PollFd::new(news.as_fd(), PollFlags::POLLIN)];
        match poll(&mut ends, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return OURS,
        }
        let has_news = ends[1].any().unwrap_or(false);
        while let Ok(Some(signal)) = signals.read_signal() {
            pass_on(signal.ssi_signo as i32, signal.ssi_code, program);
        }
        if !has_news {
            continue;
        }
        let mut bytes = [0; 8];
        let heard = news.read_exact(&mut bytes).ok().and_then(|()| ProcessEvent::parse(bytes));
        match heard {
            Some(ProcessEvent::Started(process)) => program = Some(Pid::from_raw(process)),
            Some(ProcessEvent::Stopped(_)) => {
                let _ = raise(Signal::SIGSTOP);
            }
            Some(ProcessEvent::Exited(status)) => return status,
            Some(ProcessEvent::Killed(signal)) => return end_as(signal),
            // The supervisor is gone, and nothing can be had of the program any more.
            None => {
                if let Some(program) = program {
                    let _ = process::signal(program, libc::SIGKILL);
                }
                return OURS;
            }
        }
    }
}

fn pass_on(number: i32, code: i32, program: Option<Pid>) {
    match (number, program) {
        (libc::SIGCHLD, _) => while matches!(process::next_change(libc::WNOHANG), Ok(Some(_))) {},
        (_, Some(program)) if code != BY_KERNEL => {
            let _ = process::signal(program, number);
        }
        _ => {}
    }
}

/// Ends as the program did, by its signal, or where that cannot be by a status that says so.
fn end_as(number: i32) -> i32 {
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    if let Ok(signal) = Signal::try_from(number) {
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None);
        let _ = raise(signal);
    }
    KILLED + number
}
