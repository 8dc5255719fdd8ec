//! Threads and tasks that go on after a panic: begun again with what they work on, until they panic too often.
//!
//! Owns how often is too often. The others go on meanwhile; what panicked has lost the packet, or the look, that it panicked
//! on. Called by the queues and by whoever starts a task that has to be there.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

use super::clock::Clock;
use super::error::Ended;
use lvs::Time;

/// So many panics of one thread or task within [`WITHIN`] end the director.
const MOST: usize = 100;
const WITHIN: Duration = Duration::from_secs(60);

/// A task begins again after so long; a queue at once.
const PAUSE: Duration = Duration::from_millis(10);

/// When something panicked lately.
#[derive(Debug, Default)]
pub(super) struct Panics(VecDeque<Time>);

impl Panics {
    /// Notes one more. False: there were too many.
    pub(super) fn may_go_on(&mut self, now: Time) -> bool {
        self.0.retain(|at| now.since(*at) < WITHIN);
        self.0.push_back(now);
        self.0.len() < MOST
    }
}

/// Has panics in the log as all else is.
pub(super) fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let message =
            text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        tracing::error!(thread = thread.name(), place, message, "internal error: please report it");
    }));
}

/// Clock that says what is too often, and those who are told then.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) clock: Clock,
    pub(super) ended: UnboundedSender<Ended>,
}

/// Runs what `task` makes, and again after a panic. One that panics too often ends the director.
pub(super) fn keep_running<F>(
    name: &'static str,
    report: Report,
    task: impl Fn() -> F + Send + 'static,
) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(again(name, report, task))
}

/// As [`keep_running`], where the caller runs it.
pub(super) async fn again<F>(name: &'static str, report: Report, task: impl Fn() -> F + Send)
where
    F: Future<Output = ()> + Send,
{
    let mut panics = Panics::default();
    while AssertUnwindSafe(task()).catch_unwind().await.is_err() {
        if !panics.may_go_on(report.clock.now()) {
            let _ = report.ended.send(Ended { thread: name.to_owned(), error: None });
            return;
        }
        tracing::error!(task = name, "begun again");
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;

    #[test]
    fn panics_of_long_ago_do_not_count() {
        let mut panics = Panics::default();
        assert!((0..1000).all(|at| panics.may_go_on(Time::from_secs(at))));
        let now = Time::from_secs(2000);
        assert!((0..MOST - 1).all(|_| panics.may_go_on(now)));
        assert!(!panics.may_go_on(now));
    }

    #[tokio::test]
    async fn a_task_that_panics_is_begun_again_and_at_last_ends_the_director() {
        let (sender, mut ended) = tokio::sync::mpsc::unbounded_channel();
        let report = Report { clock: Clock::start(), ended: sender };
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        let well = keep_running("well", report.clone(), move || {
            let run = counted.fetch_add(1, Relaxed);
            async move { assert!(run > 2, "on purpose") }
        });
        well.await.unwrap();
        assert_eq!(runs.load(Relaxed), 4);
        let ill = keep_running("ill", report, || async { panic!("on purpose") });
        ill.await.unwrap();
        assert_eq!(ended.recv().await.unwrap().thread, "ill");
    }
}
