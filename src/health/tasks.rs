//! The tasks that run checks: one for each thing that is asked, on a thread of their own, so that packets never wait for them.
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

use super::probe::{Concerns, DirectorHandle, ProbeError, probe, run_script};
use crate::starter::StartError;
use lvs::Time;
use lvs::director::Director;
use lvs_config::programs;
use lvs_health::check::{Outcome, WeightChange};
use lvs_health::probe_key::ProbeKey;
use lvs_health::spec::{Check, CheckKind, Schedule, Script};
use lvs_health::state::CheckId;

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
    /// Only findings of what is asked at present count.
    asked: Arc<ProbeKey>,
    pub outcome: Outcome,
}

/// Running checks. Ends with all its tasks when it is dropped.
pub struct Checks {
    runtime: Handle,
    running: HashMap<Arc<ProbeKey>, Running>,
    common: Common,
    _stop: oneshot::Sender<()>,
}

struct Running {
    /// The checks that ask this.
    ids: Vec<CheckId>,
    /// Whether it is up at present, for any of them.
    up: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

/// Parts that all tasks share.
#[derive(Clone)]
struct Common {
    handle: DirectorHandle,
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
            handle: DirectorHandle { director, clock: Arc::new(clock) },
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
            let asked = ProbeKey::new(&id, check);
            if let Some(running) = self.running.get_mut(&asked) {
                running.ids.push(id);
                running.up.fetch_or(up, Relaxed);
                continue;
            }
            let (asked, running) = match old.remove_entry(&asked) {
                Some((asked, running)) => {
                    running.up.store(up, Relaxed);
                    (asked, Running { ids: vec![id], ..running })
                }
                None => self.begin(id, asked, up),
            };
            self.running.insert(asked, running);
        }
        old.into_values().for_each(|running| running.task.abort());
    }

    fn begin(&self, id: CheckId, asked: ProbeKey, up: bool) -> (Arc<ProbeKey>, Running) {
        let (asked, up) = (Arc::new(asked), Arc::new(AtomicBool::new(up)));
        let job = Job { id, asked: Arc::clone(&asked), up: Arc::clone(&up), common: self.common.clone() };
        (asked, Running { ids: vec![id], up, task: self.runtime.spawn(job.run()) })
    }

    /// Says that what was asked has come up or gone down: what is down is not tried again within a round.
    pub fn note(&self, finding: &Finding, up: bool) {
        if let Some(running) = self.running.get(&finding.asked) {
            running.up.store(up, Relaxed);
        }
    }

    /// The checks that this is a finding of, where they still run as they were.
    pub fn concerned(&self, finding: &Finding) -> &[CheckId] {
        let running = self.running.get_key_value(&finding.asked);
        let same = running.filter(|(asked, _)| Arc::ptr_eq(asked, &finding.asked));
        same.map_or(&[], |(_, running)| &running.ids)
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

/// Parts of one task.
struct Job {
    /// The first of the checks that ask this.
    id: CheckId,
    asked: Arc<ProbeKey>,
    up: Arc<AtomicBool>,
    common: Common,
}

impl Job {
    async fn run(self) {
        let Schedule { interval, jitter, warmup, .. } = self.asked.check.schedule;
        let mut told = None;
        // A server is not to wait for a check that cannot be made.
        if let CheckKind::Script(check) = &self.asked.check.kind
            && let Err(unfit) = programs::look(&check.script)
            && !self.tell(failed(&StartError::from(unfit).into(), Duration::ZERO), &mut told).await
        {
            return;
        }
        tokio::time::sleep(warmup.unwrap_or(interval).mul_f64(chance())).await;
        loop {
            let began = (self.common.handle.clock)();
            let outcome = self.round().await;
            if !self.tell(outcome, &mut told).await {
                return;
            }
            let spread = f64::from(jitter.min(100)) / 100.0;
            let pause = interval.mul_f64(1.0 + spread * (2.0 * chance() - 1.0));
            let spent = (self.common.handle.clock)().since(began);
            tokio::time::sleep(pause.saturating_sub(spent).max(SHORTEST)).await;
        }
    }

    /// Sends what was found; false when nobody wants it any more. `told`: why the check was last said to be void.
    async fn tell(&self, outcome: Outcome, told: &mut Option<String>) -> bool {
        let void = match &outcome {
            Outcome::Void { why } | Outcome::Unknown { why } => Some(why.clone()),
            Outcome::Good { .. } | Outcome::Bad { .. } => None,
        };
        if let Some(why) = void.as_deref().filter(|why| told.as_deref() != Some(why)) {
            let CheckId { service, server, .. } = &self.id;
            tracing::warn!(
                %service, real = %server, check = self.asked.check.kind.name(), why,
                "a check cannot be made, and says nothing of its server"
            );
        }
        *told = void;
        self.common.findings.send(Finding { asked: Arc::clone(&self.asked), outcome }).await.is_ok()
    }

    async fn round(&self) -> Outcome {
        let Schedule { retry, delay_before_retry, .. } = self.asked.check.schedule;
        let mut retries = if self.up.load(Relaxed) { retry } else { 0 };
        loop {
            let began = (self.common.handle.clock)();
            let result = self.attempt().await;
            let took = (self.common.handle.clock)().since(began);
            let error = match result {
                Ok(weight) => return Outcome::Good { took, weight },
                Err(error) => error,
            };
            if error.concerns() != Concerns::Server {
                return failed(&error, took);
            }
            if self.asked.check.log_all_failures {
                tracing::info!(
                    service = %self.id.service, real = %self.id.server, check = self.asked.check.kind.name(), %error,
                    "check failed"
                );
            }
            if retries == 0 {
                return failed(&error, took);
            }
            retries -= 1;
            tokio::time::sleep(delay_before_retry).await;
        }
    }

    async fn attempt(&self) -> Result<Option<WeightChange>, ProbeError> {
        let _place = match self.asked.check.kind {
            CheckKind::Script(_) => self.common.programs.acquire().await,
            _ => self.common.attempts.acquire().await,
        };
        probe(&self.asked.check, &self.id, &self.common.handle).await
    }
}

fn failed(error: &ProbeError, took: Duration) -> Outcome {
    let why = error.to_string();
    match error.concerns() {
        Concerns::Server => Outcome::Bad { took, why },
        Concerns::ThisHost => Outcome::Unknown { why },
        Concerns::Program => Outcome::Void { why },
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
    use lvs::service::{Endpoint, Protocol, ServiceKey};

    fn id(number: usize, port: u16) -> CheckId {
        let addr = "127.0.0.1".parse().unwrap();
        let service = ServiceKey::Address { protocol: Protocol::Tcp, addr, port: 80 };
        CheckId { service, server: Endpoint::new(addr, port), number }
    }

    fn director() -> Arc<Director> {
        Arc::new(Director::new(lvs::director::Settings::default()))
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
        let different: Vec<Check> = (0..1000)
            .map(|rise| {
                let mut check = check();
                check.schedule.rise = rise;
                check
            })
            .collect();
        let wanted = different.iter().enumerate().map(|(number, check)| (id(number, port), check, true));
        checks.follow(wanted);
        let mut seen = std::collections::HashSet::new();
        let all = async {
            while seen.len() < 1000 {
                let finding = found.recv().await.unwrap();
                let [id] = checks.concerned(&finding) else { panic!("a finding of one check") };
                seen.insert(id.number);
            }
        };
        tokio::time::timeout(Duration::from_secs(60), all).await.unwrap();
        checks.follow(std::iter::once((id(0, port), &different[0], true)));
        assert_eq!(checks.running.len(), 1);
        drop(checks);
        let rest = async { while found.recv().await.is_some() {} };
        tokio::time::timeout(Duration::from_secs(10), rest).await.unwrap();
    }

    #[tokio::test]
    async fn what_several_services_ask_is_asked_once_and_found_by_all() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mut checks, mut found) = Checks::start(|| Time::ZERO, director()).unwrap();
        let check = check();
        checks.follow((0..3).map(|number| (id(number, port), &check, number == 2)));
        assert_eq!(checks.running.len(), 1);
        let finding = tokio::time::timeout(Duration::from_secs(20), found.recv()).await.unwrap().unwrap();
        assert_eq!(checks.concerned(&finding), [0, 1, 2].map(|number| id(number, port)));
        // One of them goes: the others are asked on as before.
        checks.follow((1..3).map(|number| (id(number, port), &check, true)));
        assert_eq!(checks.concerned(&finding), [1, 2].map(|number| id(number, port)));
        // A finding of what is asked no more says nothing.
        checks.follow(std::iter::empty());
        checks.follow(std::iter::once((id(0, port), &check, true)));
        assert!(checks.concerned(&finding).is_empty());
    }

    #[tokio::test]
    async fn a_server_that_never_answers_fails_in_time() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let (mut checks, mut found) = Checks::start(|| Time::ZERO, director()).unwrap();
        let mut check = check();
        check.kind = CheckKind::Http(lvs_health::spec::HttpCheck::default());
        checks.follow(std::iter::once((id(0, port), &check, false)));
        let finding = tokio::time::timeout(Duration::from_secs(20), found.recv()).await.unwrap().unwrap();
        assert!(matches!(finding.outcome, Outcome::Bad { why, .. } if why == "no answer within 500 ms"));
    }
}
