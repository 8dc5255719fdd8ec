//! The processes below the supervisor: how the program ends, and orphans, which are reaped here as by init.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;

use lvs_sys::process::{Change, next_change};

/// Event of the program, for the process in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProcessEvent {
    Started(i32),
    /// Stopped by that signal.
    Stopped(i32),
    Exited(i32),
    Killed(i32),
}

impl ProcessEvent {
    pub(super) fn bytes(self) -> [u8; 8] {
        let (kind, value) = match self {
            Self::Started(process) => (0u32, process),
            Self::Stopped(signal) => (1, signal),
            Self::Exited(status) => (2, status),
            Self::Killed(signal) => (3, signal),
        };
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&kind.to_ne_bytes());
        bytes[4..].copy_from_slice(&value.to_ne_bytes());
        bytes
    }

    pub(super) fn parse(bytes: [u8; 8]) -> Option<Self> {
        let [a, b, c, d, e, f, g, h] = bytes;
        let value = i32::from_ne_bytes([e, f, g, h]);
        Some(match u32::from_ne_bytes([a, b, c, d]) {
            0 => Self::Started(value),
            1 => Self::Stopped(value),
            2 => Self::Exited(value),
            3 => Self::Killed(value),
            _ => return None,
        })
    }
}

#[derive(Debug)]
pub(super) struct Children {
    program: Pid,
    front: UnixStream,
    signals: SignalFd,
}

impl Children {
    /// SIGCHLD has to be blocked.
    ///
    /// # Errors
    /// No descriptors are left.
    pub(super) fn new(program: Pid, front: UnixStream) -> io::Result<Self> {
        let mut mask = SigSet::empty();
        mask.add(Signal::SIGCHLD);
        let signals = SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        let mut children = Self { program, front, signals };
        children.tell(ProcessEvent::Started(program.as_raw()));
        Ok(children)
    }

    /// Looks who has ended.
    pub(super) fn reap(&mut self) {
        while let Ok(Some(_)) = self.signals.read_signal() {}
        self.wait(libc::WNOHANG | libc::WUNTRACED);
    }

    /// Waits for the last, which is about to end.
    pub(super) fn reap_all(&mut self) {
        self.wait(0);
    }

    fn wait(&mut self, flags: i32) {
        loop {
            match next_change(flags) {
                Ok(Some((process, change))) if process == self.program => match change {
                    Change::Exited(status) => self.tell(ProcessEvent::Exited(status)),
                    Change::Killed(signal) => self.tell(ProcessEvent::Killed(signal)),
                    Change::Stopped(signal) => self.tell(ProcessEvent::Stopped(signal)),
                    Change::Other => {}
                },
                Ok(Some(_)) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Nobody may be in front any more.
    fn tell(&mut self, news: ProcessEvent) {
        let _ = self.front.write_all(&news.bytes());
    }
}

/// Tells of a program that was not started.
pub(super) fn end(mut front: UnixStream, status: i32) {
    let _ = front.write_all(&ProcessEvent::Exited(status).bytes());
}

impl AsFd for Children {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.signals.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_come_as_they_went() {
        for news in [
            ProcessEvent::Started(7),
            ProcessEvent::Stopped(20),
            ProcessEvent::Exited(255),
            ProcessEvent::Killed(9),
        ] {
            assert_eq!(ProcessEvent::parse(news.bytes()), Some(news));
        }
        assert_eq!(ProcessEvent::parse([9; 8]), None);
    }
}
