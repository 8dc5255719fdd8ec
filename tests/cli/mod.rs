//! A director without host and devices behind a control socket, and the classic tools first in the path of a shell.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lvs::director::{Director, Kernel, Settings};
use lvs::time::Time;
use lvs_control::socket::ControlSocket;
use lvs_control::{Bare, SOCKET_VARIABLE, server};
use nix::unistd::{Pid, gettid};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A fresh director, with tools that reach it.
pub(crate) struct Fixture {
    dir: TempDir,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
    server_id: Pid,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::like(Kernel::default())
    }

    /// As the IPVS of that kernel.
    pub(crate) fn like(kernel: Kernel) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bin = dir.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        for name in ["ipvsadm", "ipvsadm-save", "ipvsadm-restore", "tunvs"] {
            symlink(env!("CARGO_BIN_EXE_tunvs"), bin.join(name)).unwrap();
        }
        let director = Arc::new(Director::new(Settings { kernel, ..Settings::default() }));
        let service = Arc::new(Bare::new(director, || Time::ZERO));
        let socket = ControlSocket::bind(&dir.path().join("control.sock")).unwrap();
        let (stop, stopped) = oneshot::channel();
        let (id, server_id) = mpsc::channel();
        let server = thread::spawn(move || {
            id.send(gettid()).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let stopped = async {
                    let _ = stopped.await;
                };
                server::serve(socket.listener().unwrap(), service, stopped).await;
            });
        });
        Self { dir, stop: Some(stop), server: Some(server), server_id: server_id.recv().unwrap() }
    }

    /// Time that the director's thread has had of a processor.
    pub(crate) fn server_time(&self) -> Duration {
        let path = format!("/proc/self/task/{}/schedstat", self.server_id);
        let text = std::fs::read_to_string(path).unwrap();
        Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("control.sock")
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A program of ours, set up to reach the director.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.dir.path().join("bin").join(name));
        self.prepare(&mut command);
        command
    }

    /// Runs a line in a shell; standard error goes where standard output goes.
    pub(crate) fn shell(&self, line: &str) -> Output {
        let mut command = Command::new("bash");
        command.args(["-c", &format!("exec 2>&1\n{line}")]);
        self.prepare(&mut command);
        command.output().unwrap()
    }

    fn prepare(&self, command: &mut Command) {
        let path = std::env::var("PATH").unwrap();
        command
            .env("PATH", format!("{}:{path}", self.dir.path().join("bin").display()))
            .env(SOCKET_VARIABLE, self.socket())
            .stdin(Stdio::null());
    }

    /// What a recording says of a line: the line, what it wrote, how it ended.
    pub(crate) fn transcribe(&self, line: &str, run: &str) -> String {
        let output = self.shell(run);
        let text = String::from_utf8_lossy(&output.stdout);
        let text = text.trim_end_matches('\n');
        let mut entry = format!("$ {line}\n");
        if !text.is_empty() {
            entry.push_str(text);
            entry.push('\n');
        }
        entry.push_str(&format!("[exit {}]\n", output.status.code().unwrap_or(-1)));
        entry
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

/// The first lines at which two texts part, with what came before.
pub(crate) fn difference(expected: &str, actual: &str) -> Option<String> {
    let (expected, actual): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let longest = expected.len().max(actual.len());
    let at = (0..longest).find(|at| expected.get(*at) != actual.get(*at))?;
    let command = (0..=at.min(expected.len().saturating_sub(1)))
        .rev()
        .find_map(|at| expected.get(at).filter(|line| line.starts_with("$ ")));
    Some(format!(
        "line {}, in {}\n  expected {:?}\n  got      {:?}",
        at + 1,
        command.unwrap_or(&""),
        expected.get(at),
        actual.get(at)
    ))
}

/// Runs a check of each item on a few threads, and panics with all complaints.
pub(crate) fn check_all<T: Sync>(items: &[T], check: impl Fn(&T) -> Option<String> + Sync) {
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let complaints: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|first| {
                let check = &check;
                scope.spawn(move || {
                    items.iter().skip(first).step_by(threads).filter_map(check).collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(complaints.is_empty(), "{} differ:\n{}", complaints.len(), complaints.join("\n"));
}
