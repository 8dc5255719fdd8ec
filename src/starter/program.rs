//! A program that was started: its end, and its being killed. Nobody else waits for it.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// How often it is looked where a process has no descriptor (before Linux 5.3).
const LOOK: Duration = Duration::from_millis(20);

/// Flag of a core in a wait status.
const CORE: i32 = 0x80;

/// A child of this process.
#[derive(Debug)]
pub struct Program {
    pid: Pid,
    ended: Option<ExitStatus>,
}

impl Program {
    pub(super) const fn of(pid: Pid) -> Self {
        Self { pid, ended: None }
    }

    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// Kills it, unless it has been waited for.
    pub fn kill(&self) {
        if self.ended.is_none() {
            let _ = kill(self.pid, Signal::SIGKILL);
        }
    }

    /// Waits for its end, and holds up the thread.
    ///
    /// # Errors
    /// Somebody else has waited for it.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.look(None)? {
                return Ok(status);
            }
        }
    }

    /// Waits for its end. Nothing is lost when this is dropped.
    ///
    /// # Errors
    /// Somebody else has waited for it.
    pub async fn end(&mut self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.look(Some(WaitPidFlag::WNOHANG))? {
                return Ok(status);
            }
            if lvs_sys::process::ended(self.pid).await.is_err() {
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    fn look(&mut self, flags: Option<WaitPidFlag>) -> io::Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = match waitpid(self.pid, flags) {
                Ok(WaitStatus::Exited(_, code)) => Some(ExitStatus::from_raw(code << 8)),
                Ok(WaitStatus::Signaled(_, signal, core)) => {
                    Some(ExitStatus::from_raw(signal as i32 | if core { CORE } else { 0 }))
                }
                Ok(_) | Err(Errno::EINTR) => None,
                Err(error) => return Err(error.into()),
            };
        }
        Ok(self.ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[expect(clippy::zombie_processes, reason = "it is waited for by its number")]
    fn shell(text: &str) -> Program {
        let child = Command::new("/bin/sh").args(["-c", text]).spawn().unwrap();
        Program::of(Pid::from_raw(child.id().cast_signed()))
    }

    #[tokio::test]
    async fn a_program_is_waited_for_once_and_its_end_known_ever_after() {
        let mut program = shell("sleep 0.1; exit 3");
        assert!(tokio::time::timeout(Duration::from_millis(1), program.end()).await.is_err());
        assert_eq!(program.end().await.unwrap().code(), Some(3));
        assert_eq!(program.wait().unwrap().code(), Some(3));
        let mut killed = shell("exec sleep 1000");
        killed.kill();
        assert_eq!(killed.wait().unwrap().signal(), Some(9));
        assert_eq!(format!("{}", killed.end().await.unwrap()), "signal: 9 (SIGKILL)");
    }
}
