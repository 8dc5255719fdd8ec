//! Programs: run without a shell in a process group of their own, which is ended whole at the deadline, as keepalived does it:
//! SIGTERM, and SIGKILL two seconds later.

use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::ProbeError;
use crate::starter::{self, Order, Program};
use lvs_health::check::WeightChange;
use lvs_health::spec::{Script, ScriptCheck, USUAL_TIMEOUT};

/// From SIGTERM to SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// Runs a check; ended with its children when the future is dropped.
pub(super) async fn probe(check: &ScriptCheck, limit: Duration) -> Result<Option<WeightChange>, ProbeError> {
    let status = start(&check.script)?.end(limit).await?;
    match (status.code(), check.dynamic) {
        (Some(0), _) => Ok(None),
        (Some(code @ 2..=255), true) => Ok(Some(WeightChange::Set(code - 2))),
        (Some(code), _) => Err(ProbeError::unexpected(format!("exit status {code}"), 0)),
        (None, _) => Err(ProbeError::unexpected("a signal", "exit status 0")),
    }
}

/// Runs a notifying script to its end or deadline.
///
/// # Errors
/// The script cannot be run, fails, or does not end in time.
pub(in crate::health) async fn run(script: &Script) -> Result<(), ProbeError> {
    let status = start(script)?.end(script.timeout.unwrap_or(USUAL_TIMEOUT)).await?;
    if status.success() { Ok(()) } else { Err(ProbeError::unexpected(status, "exit status 0")) }
}

/// A running program, which is ended when this is dropped.
struct Running {
    /// None: it has ended by itself. What it has left running goes on.
    child: Option<(Program, Group)>,
    program: String,
}

/// The process group of a program. Killed when this is dropped.
struct Group(Option<Pid>);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            let _ = killpg(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

impl Running {
    /// Waits for its end, and asks for it at the deadline. What it says on its way out counts, as with keepalived.
    async fn end(mut self, limit: Duration) -> Result<ExitStatus, ProbeError> {
        let Some((child, group)) = &mut self.child else { return Err(ProbeError::Timeout(limit)) };
        let status = match timeout(limit, child.end()).await {
            Ok(status) => {
                group.0 = None;
                status
            }
            Err(_) => {
                group.signal(Signal::SIGTERM);
                match timeout(GRACE, child.end()).await {
                    Ok(Ok(status)) if status.code().is_none() => return Err(ProbeError::Timeout(limit)),
                    Ok(status) => status,
                    Err(_) => return Err(ProbeError::Timeout(limit)),
                }
            }
        };
        self.child = None;
        status.map_err(|source| ProbeError::Spawn { program: std::mem::take(&mut self.program), source })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some((mut child, group)) = self.child.take() else { return };
        group.signal(Signal::SIGTERM);
        // Where nobody can wait for it, it is killed at once.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                let _ = timeout(GRACE, child.end()).await;
                drop(group);
                let _ = child.end().await;
            });
        }
    }
}

fn start(script: &Script) -> Result<Running, ProbeError> {
    let child = starter::start(&Order::Script(script.clone()), None)?;
    let group = Group(Some(child.pid()));
    let program = script.command.first().cloned().unwrap_or_default();
    Ok(Running { child: Some((child, group)), program })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn check(text: &str, dynamic: bool) -> ScriptCheck {
        let command = ["/bin/sh", "-c", text].map(str::to_owned).to_vec();
        ScriptCheck { script: Script::new(command), dynamic }
    }

    fn is_running(pid: i32) -> bool {
        // A zombie waits for whoever reaps orphans here.
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
    }

    async fn number_in(path: &Path) -> i32 {
        let mut text = String::new();
        while !text.ends_with('\n') {
            tokio::time::sleep(Duration::from_millis(10)).await;
            text = std::fs::read_to_string(path).unwrap_or_default();
        }
        text.trim().parse().unwrap()
    }

    async fn ends(pid: i32) {
        let gone = async {
            while is_running(pid) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, gone).await.unwrap();
    }

    #[tokio::test]
    async fn the_exit_status_counts() {
        assert!(matches!(probe(&check("exit 0", false), LONG).await, Ok(None)));
        assert!(probe(&check("exit 3", false), LONG).await.is_err());
        assert!(matches!(probe(&check("exit 12", true), LONG).await, Ok(Some(WeightChange::Set(10)))));
        assert!(probe(&check("exit 1", true), LONG).await.is_err());
        assert!(probe(&check("kill -9 $$", true), LONG).await.is_err());
        let nothing = ScriptCheck { script: Script::new(vec!["/nonexistent".to_owned()]), dynamic: false };
        assert!(matches!(probe(&nothing, LONG).await, Err(ProbeError::Start(_))));
    }

    #[tokio::test]
    async fn what_does_not_end_is_ended_with_its_children() {
        let dir = tempfile::tempdir().unwrap();
        let pid = dir.path().join("pid");
        let mut script = check(&format!("sleep 1000 & echo $! > {}; wait", pid.display()), false).script;
        script.timeout = Some(Duration::from_millis(500));
        assert!(matches!(run(&script).await, Err(ProbeError::Timeout(_))));
        ends(number_in(&pid).await).await;
    }

    #[tokio::test]
    async fn a_script_may_tidy_up_and_is_killed_if_it_does_not_end() {
        let short = Duration::from_millis(300);
        let tidy = probe(&check("trap 'exit 7' TERM; sleep 1000 & wait", true), short).await;
        assert!(matches!(tidy, Ok(Some(WeightChange::Set(5)))), "{tidy:?}");
        let stubborn = check("trap '' TERM; while :; do sleep 1; done", false);
        assert!(timeout(GRACE, probe(&stubborn, short)).await.is_err(), "it has its time to tidy up");
        let killed = timeout(LONG, probe(&stubborn, short)).await.unwrap();
        assert!(matches!(killed, Err(ProbeError::Timeout(_))), "{killed:?}");
    }

    #[tokio::test]
    async fn a_check_that_is_given_up_ends_its_program() {
        let dir = tempfile::tempdir().unwrap();
        let pid = dir.path().join("pid");
        let script = check(&format!("echo $$ > {}; exec sleep 1000", pid.display()), false);
        let given_up = tokio::spawn(async move { probe(&script, LONG).await.map(drop) });
        let number = number_in(&pid).await;
        given_up.abort();
        ends(number).await;
    }

    #[tokio::test]
    async fn what_a_script_leaves_running_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let pid = dir.path().join("pid");
        let script = check(&format!("sleep 60 & echo $! > {}", pid.display()), false).script;
        run(&script).await.unwrap();
        let number = number_in(&pid).await;
        assert!(is_running(number));
        nix::sys::signal::kill(Pid::from_raw(number), Signal::SIGKILL).unwrap();
    }
}
