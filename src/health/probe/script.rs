//! Programs: run without a shell in a process group of their own, which is killed whole at the deadline.

use std::process::{ExitStatus, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Group, Pid, User};
use tokio::process::{Child, Command};

use super::ProbeError;
use crate::health::spec::{Script, ScriptCheck, USUAL_TIMEOUT};

/// Where programs are looked for; nothing else of the director's environment is handed on.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs a check; ended with its children when the future is dropped.
pub(super) async fn probe(check: &ScriptCheck) -> Result<Option<i32>, ProbeError> {
    let status = start(&check.script)?.wait().await?;
    match (status.code(), check.dynamic) {
        (Some(0), _) => Ok(None),
        (Some(code @ 2..=255), true) => Ok(Some(code - 2)),
        (Some(code), _) => Err(ProbeError::unexpected(format!("exit status {code}"), 0)),
        (None, _) => Err(ProbeError::unexpected("a signal", "exit status 0")),
    }
}

/// Runs a notifying script to its end or deadline.
///
/// # Errors
/// It cannot be run, fails, or does not end in time.
pub(in crate::health) async fn run(script: &Script) -> Result<(), ProbeError> {
    let limit = script.timeout.unwrap_or(USUAL_TIMEOUT);
    let mut running = start(script)?;
    let status =
        tokio::time::timeout(limit, running.wait()).await.map_err(|_| ProbeError::Timeout(limit))??;
    if status.success() { Ok(()) } else { Err(ProbeError::unexpected(status, "exit status 0")) }
}

/// A running program. Dropping it kills its process group.
struct Running {
    child: Child,
    group: Option<Pid>,
    program: String,
}

impl Running {
    async fn wait(&mut self) -> Result<ExitStatus, ProbeError> {
        let status = self.child.wait().await;
        status.map_err(|source| ProbeError::Spawn { program: self.program.clone(), source })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its children may outlive it; they are in its group.
        if let Some(group) = self.group {
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

fn start(script: &Script) -> Result<Running, ProbeError> {
    let [program, arguments @ ..] = script.command.as_slice() else { return Err(ProbeError::NoCommand) };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    if let Some(name) = &script.user {
        let user =
            User::from_name(name).ok().flatten().ok_or_else(|| ProbeError::NoSuchUser(name.clone()))?;
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    if let Some(name) = &script.group {
        let group =
            Group::from_name(name).ok().flatten().ok_or_else(|| ProbeError::NoSuchUser(name.clone()))?;
        command.gid(group.gid.as_raw());
    }
    let child = command.spawn().map_err(|source| ProbeError::Spawn { program: program.clone(), source })?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    Ok(Running { child, group, program: program.clone() })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check(text: &str, dynamic: bool) -> ScriptCheck {
        let command = ["/bin/sh", "-c", text].map(str::to_owned).to_vec();
        ScriptCheck { script: Script::new(command), dynamic }
    }

    #[tokio::test]
    async fn the_exit_status_counts() {
        assert!(matches!(probe(&check("exit 0", false)).await, Ok(None)));
        assert!(probe(&check("exit 3", false)).await.is_err());
        assert!(matches!(probe(&check("exit 12", true)).await, Ok(Some(10))));
        assert!(probe(&check("exit 1", true)).await.is_err());
        assert!(probe(&check("kill -9 $$", true)).await.is_err());
        let nothing = ScriptCheck { script: Script::new(vec!["/nonexistent".to_owned()]), dynamic: false };
        assert!(matches!(probe(&nothing).await, Err(ProbeError::Spawn { .. })));
    }

    #[tokio::test]
    async fn what_does_not_end_is_killed_with_its_children() {
        let dir = tempfile::tempdir().unwrap();
        let pid = dir.path().join("pid");
        let mut script = check(&format!("sleep 1000 & echo $! > {}; wait", pid.display()), false).script;
        script.timeout = Some(Duration::from_millis(500));
        assert!(matches!(run(&script).await, Err(ProbeError::Timeout(_))));
        let child: i32 = std::fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
        let deadline = tokio::time::timeout(Duration::from_secs(10), async {
            // A zombie waits for whoever reaps orphans here.
            while std::fs::read_to_string(format!("/proc/{child}/stat"))
                .is_ok_and(|stat| !stat.contains(") Z "))
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        deadline.await.unwrap();
    }
}
