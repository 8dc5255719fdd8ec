//! The tasks that run checks: one each, on a thread of their own, so that packets never wait for them.
//!
//! Rounds are spread by chance, attempts are limited in number and time. What they find goes through a channel of
//! bounded length; what follows from it is not decided here. Made and fed by the daemon.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::check::Outcome;
use super::lead::Leader;
use super::probe::{ProbeError, probe, run_script};
use super::spec::{Check, CheckKind, Schedule, Script};
use super::state::CheckId;
use crate::lvs::Time;
use crate::lvs::director::Director;

/// Attempts that are under way at once.
const ATTEMPTS: usize = 512;

/// Programs that run at once.
const PROGRAMS: usize = 32;

/// Findings that wait to be looked at.
const FINDINGS: usize = 1024;

/// The shortest pause between two rounds.
const SHORTEST: Duration = Duration::from_millis(10);

/// The result of a round.
#[derive(Clone, Debug)]
pub struct Finding {
    pub id: CheckId,
    /// Only findings of the check as it is declared count.
    pub check: Arc<Check>,
    pub outcome: Outcome,
}

/// Running checks. Ends with all its tasks when it is dropped.
pub struct Checks {
    runtime: Handle,
    running: HashMap<CheckId, Running>,
    common: Common,
    _stop: oneshot::Sender<()>,
}

struct Running {
    check: Arc<Check>,
    /// Whether it is up at present.
    up: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

/// What all tasks share.
#[derive(Clone)]
struct Common {
    leader: Leader,
    attempts: Arc<Semaphore>,
    programs: Arc<Semaphore>,
    findings: mpsc::Sender<Finding>,
}

impl fmt::Debug for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checks").field("running", &self.running.len()).finish_non_exhaustive()
    }
}

impl Checks {
    /// Starts the thread that checks run on; `director` leads those that go by way of a server.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn start(
        clock: impl Fn() -> Time + Send + Sync + 'static,
        director: Arc<Director>,
    ) -> io::Result<(Self, mpsc::Receiver<Finding>)> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::Builder::new().name("tunvs-health".to_owned()).spawn(move || {
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        })?;
        let (findings, found) = mpsc::channel(FINDINGS);
        let common = Common {
            leader: Leader { director, clock: Arc::new(clock) },
            attempts: Arc::new(Semaphore::new(ATTEMPTS)),
            programs: Arc::new(Semaphore::new(PROGRAMS)),
            findings,
        };
        Ok((Self { runtime: handle, running: HashMap::new(), common, _stop: stop }, found))
    }

    /// Runs these checks and no others. Those that stay the same go on undisturbed.
    pub fn follow<'a>(&mut self, wanted: impl Iterator<Item = (CheckId, &'a Check, bool)>) {
        let mut old = std::mem::take(&mut self.running);
        for (id, check, up) in wanted {
            let running = match old.remove(&id) {
                Some(running) if *running.check == *check => running,
                other => {
                    if let Some(running) = other {
                        running.task.abort();
                    }
                    self.begin(id, check, up)
                }
            };
            running.up.store(up, Relaxed);
            self.running.insert(id, running);
        }
        old.into_values().for_each(|running| running.task.abort());
    }

    fn begin(&self, id: CheckId, check: &Check, up: bool) -> Running {
        let (check, up) = (Arc::new(check.clone()), Arc::new(AtomicBool::new(up)));
        let job = Job { id, check: Arc::clone(&check), up: Arc::clone(&up), common: self.common.clone() };
        Running { check, up, task: self.runtime.spawn(job.run()) }
    }

    /// Says that a check has come up or gone down: one that is down is not tried again within a round.
    pub fn note(&self, id: &CheckId, up: bool) {
        if let Some(running) = self.running.get(id) {
            running.up.store(up, Relaxed);
        }
    }

    /// Whether this is a finding of a check that still runs as it was.
    pub fn is_current(&self, finding: &Finding) -> bool {
        self.running.get(&finding.id).is_some_and(|running| Arc::ptr_eq(&running.check, &finding.check))
    }

    /// Runs a notifying script. The task is done when it has ended.
    pub fn run(&self, script: Script) -> JoinHandle<()> {
        let programs = Arc::clone(&self.common.programs);
        self.runtime.spawn(async move {
            let _place = programs.acquire().await;
            match run_script(&script).await {
                Ok(()) => tracing::debug!(command = ?script.command, "script done"),
                Err(error) => tracing::warn!(command = ?script.command, %error, "script failed"),
            }
        })
    }
}

/// What one task needs.
struct Job {
    id: CheckId,
    check: Arc<Check>,
    up: Arc<AtomicBool>,
    common: Common,
}

impl Job {
    async fn run(self) {
        let Schedule { interval, jitter, warmup, .. } = self.check.schedule;
        tokio::time::sleep(warmup.unwrap_or(interval).mul_f64(chance())).await;
        loop {
            let began = (self.common.leader.clock)();
            let outcome = self.round().await;
            let finding = Finding { id: self.id, check: Arc::clone(&self.check), outcome };
            if self.common.findings.send(finding).await.is_err() {
                return;
            }
            let spread = f64::from(jitter.min(100)) / 100.0;
            let pause = interval.mul_f64(1.0 + spread * (2.0 * chance() - 1.0));
            let spent = (self.common.leader.clock)().since(began);
            tokio::time::sleep(pause.saturating_sub(spent).max(SHORTEST)).await;
        }
    }

    async fn round(&self) -> Outcome {
        let Schedule { retry, delay_before_retry, .. } = self.check.schedule;
        let mut retries = if self.up.load(Relaxed) { retry } else { 0 };
        loop {
            let began = (self.common.leader.clock)();
            let result = self.attempt().await;
            let took = (self.common.leader.clock)().since(began);
            let error = match result {
                Ok(weight) => return Outcome::Good { took, weight },
                Err(error) => error,
            };
            if self.check.log_all_failures {
                tracing::info!(
                    service = %self.id.service, real = %self.id.server, check = self.check.kind.name(), %error,
                    "check failed"
                );
            }
            if retries == 0 {
                return Outcome::Bad { took, why: error.to_string() };
            }
            retries -= 1;
            tokio::time::sleep(delay_before_retry).await;
        }
    }

    async fn attempt(&self) -> Result<Option<i32>, ProbeError> {
        let _place = match self.check.kind {
            CheckKind::Script(_) => self.common.programs.acquire().await,
            _ => self.common.attempts.acquire().await,
        };
        let limit = self.check.schedule.timeout;
        let asked = probe(&self.check, &self.id, &self.common.leader);
        tokio::time::timeout(limit, asked).await.unwrap_or(Err(ProbeError::Timeout(limit)))
    }
}

/// A number from 0 to 1 by chance: each new state of the standard library's hashing has its own keys.
fn chance() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or(0);
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lvs::service::{Endpoint, Protocol, ServiceKey};

    fn id(number: usize, port: u16) -> CheckId {
        let addr = "127.0.0.1".parse().unwrap();
        let service = ServiceKey::Address { protocol: Protocol::Tcp, addr, port: 80 };
        CheckId { service, server: Endpoint::new(addr, port), number }
    }

    fn director() -> Arc<Director> {
        Arc::new(Director::new(crate::lvs::director::Settings::default()))
    }

    fn check() -> Check {
        let mut check = Check::new(CheckKind::Tcp);
        check.schedule.interval = Duration::from_millis(50);
        check.schedule.timeout = Duration::from_millis(500);
        check
    }

    #[tokio::test]
    async fn a_thousand_checks_run_and_stop() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mut checks, mut found) = Checks::start(|| Time::ZERO, director()).unwrap();
        let check = check();
        checks.follow((0..1000).map(|number| (id(number, port), &check, true)));
        let mut seen = std::collections::HashSet::new();
        let all = async {
            while seen.len() < 1000 {
                let finding = found.recv().await.unwrap();
                assert!(checks.is_current(&finding));
                seen.insert(finding.id.number);
            }
        };
        tokio::time::timeout(Duration::from_secs(60), all).await.unwrap();
        checks.follow(std::iter::once((id(0, port), &check, true)));
        assert_eq!(checks.running.len(), 1);
        drop(checks);
        let rest = async { while found.recv().await.is_some() {} };
        tokio::time::timeout(Duration::from_secs(10), rest).await.unwrap();
    }

    #[tokio::test]
    async fn a_server_that_never_answers_fails_in_time() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let (mut checks, mut found) = Checks::start(|| Time::ZERO, director()).unwrap();
        let mut check = check();
        check.kind = CheckKind::Http(crate::health::spec::HttpCheck::default());
        checks.follow(std::iter::once((id(0, port), &check, false)));
        let finding = tokio::time::timeout(Duration::from_secs(20), found.recv()).await.unwrap().unwrap();
        assert!(matches!(finding.outcome, Outcome::Bad { why, .. } if why == "no answer within 500 ms"));
    }
}
