//! The programs of the walk, all of them this very binary: the director as a child, and `ipvsadm`.
//!
//! Owns the scratch folder with the control socket and the director's log, and the director's process. Never
//! leaves either behind. Called by the demo's `run` and by the walk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::DemoError;
use super::netns::Namespace;
use super::wait::wait_for;

/// Seconds that the director may take to start, and to stop.
const PATIENCE: u64 = 5;

#[derive(Debug)]
pub(super) struct Programs {
    binary: PathBuf,
    scratch: PathBuf,
}

impl Programs {
    pub(super) fn new() -> Result<Self, DemoError> {
        let binary = std::env::current_exe().map_err(DemoError::io("find the running program"))?;
        let scratch = std::env::temp_dir().join(format!("tunvs-demo-{}", std::process::id()));
        fs::create_dir(&scratch)
            .map_err(|source| DemoError::Scratch { path: scratch.display().to_string(), source })?;
        Ok(Self { binary, scratch })
    }

    pub(super) fn binary(&self) -> &Path {
        &self.binary
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.scratch.join("control.sock")
    }

    /// Returns what the director has written so far.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Runs `ipvsadm` with these arguments on `host`.
    pub(super) fn ipvsadm(&self, host: &Namespace, arguments: &[&str]) -> io::Result<Output> {
        let mut command = Command::new(&self.binary);
        command.arg("ipvsadm").args(arguments).env("TUNVS_SOCKET", self.socket()).stdin(Stdio::null());
        host.run(|| command.output())
    }

    fn log_file(&self) -> PathBuf {
        self.scratch.join("director.log")
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        // Nobody is left to tell about a folder in /tmp that cannot be removed.
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

#[derive(Debug)]
pub(super) struct Director {
    child: Child,
}

impl Director {
    /// Starts `tunvs run` on `host` and waits until it answers.
    pub(super) fn start(programs: &Programs, host: &Namespace) -> Result<Self, DemoError> {
        let log = File::create(programs.log_file()).map_err(DemoError::io("make the director's log"))?;
        let mut command = Command::new(&programs.binary);
        command.arg("run").arg("--socket").arg(programs.socket()).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(log).env_remove("NOTIFY_SOCKET");
        let child = host.run(|| command.spawn()).map_err(DemoError::io("start the director"))?;
        let mut director = Self { child };
        let started = wait_for(Duration::from_secs(PATIENCE), || {
            let answers =
                || programs.ipvsadm(host, &["-L", "-n"]).is_ok_and(|output| output.status.success());
            let ended = director.child.try_wait().is_ok_and(|status| status.is_some());
            if ended { Some(false) } else { answers().then_some(true) }
        });
        match started {
            Some(true) => Ok(director),
            Some(false) | None => Err(DemoError::NotReady(PATIENCE, programs.log())),
        }
    }

    /// Sends SIGTERM and returns the exit code; None when a signal ended it or it would not end.
    pub(super) fn stop(mut self) -> Result<Option<i32>, DemoError> {
        let mut stop = || {
            kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM)?;
            let ended = wait_for(Duration::from_secs(PATIENCE), || self.child.try_wait().transpose());
            Ok(ended.transpose()?.and_then(|status| status.code()))
        };
        stop().map_err(DemoError::io("stop the director"))
    }
}

impl Drop for Director {
    fn drop(&mut self) {
        // After `stop` there is nothing to kill, and that is the only way in which this can fail.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
