//! The thread of a queue, which goes on after a panic with the queue that it had.
//!
//! Packets wait in the queue meanwhile, and other queues go on. Never knows what is done with packets. Called for each
//! queue of an interface, and at the end of tunnels on a real server.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use super::error::{DaemonError, Ended};
use super::supervise::{Panics, Report};

/// Rings when the thread is to look at its queue; when nobody can ring it any more the thread is to end.
pub(super) type Bell = mpsc::Receiver<()>;

/// A running queue; dropping it stops it and waits for its thread.
#[derive(Debug)]
pub(super) struct Worker {
    ringer: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts a thread that serves what `open` opens inside its runtime, and opens it again after a panic, of which
    /// `on_panic` is told.
    ///
    /// # Errors
    /// The system refuses a thread or a descriptor.
    pub(super) fn start<D, S>(
        thread: String,
        open: impl FnMut() -> io::Result<D> + Send + 'static,
        report: Report,
        on_panic: impl Fn() + Send + 'static,
        serve: S,
    ) -> Result<Self, DaemonError>
    where
        D: Send + 'static,
        S: AsyncFnMut(D, &mut Bell) -> io::Result<()> + Send + 'static,
    {
        let failed = || DaemonError::start("a packet thread");
        let (ringer, bell) = mpsc::channel(1);
        let mut serving = Serving { open, serve, bell };
        let first = serving.begin().map_err(failed())?;
        let spawned = thread::Builder::new().name(thread.clone()).spawn(move || {
            let mut panics = Panics::default();
            let may_go_on = || {
                on_panic();
                panics.may_go_on(report.clock.now())
            };
            if let Err(error) = serving.serve(first, may_go_on) {
                let _ = report.ended.send(Ended { thread, error });
            }
        });
        Ok(Self { ringer: Some(ringer), thread: Some(spawned.map_err(failed())?) })
    }

    /// Gives what rings its bell, while it is not to end.
    pub(super) fn ringer(&self) -> Option<mpsc::WeakSender<()>> {
        self.ringer.as_ref().map(mpsc::Sender::downgrade)
    }

    /// Tells the thread to end, without waiting for it.
    pub(super) fn stop(&mut self) {
        drop(self.ringer.take());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Serving<O, S> {
    open: O,
    serve: S,
    bell: Bell,
}

impl<D, O, S> Serving<O, S>
where
    O: FnMut() -> io::Result<D>,
    S: AsyncFnMut(D, &mut Bell) -> io::Result<()>,
{
    fn begin(&mut self) -> io::Result<(Runtime, D)> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let device = {
            let _inside = runtime.enter();
            (self.open)()?
        };
        Ok((runtime, device))
    }

    /// Serves until it is stopped. The error is None where it panicked too often.
    fn serve(
        &mut self,
        mut begun: (Runtime, D),
        mut may_go_on: impl FnMut() -> bool,
    ) -> Result<(), Option<io::Error>> {
        loop {
            let (runtime, device) = begun;
            let (serve, bell) = (&mut self.serve, &mut self.bell);
            match catch_unwind(AssertUnwindSafe(|| runtime.block_on(serve(device, bell)))) {
                Ok(outcome) => return outcome.map_err(Some),
                Err(_) if may_go_on() => {}
                Err(_) => return Err(None),
            }
            drop(runtime);
            tracing::error!("the queue is served again");
            begun = self.begin().map_err(Some)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use std::time::Duration;

    use super::*;
    use crate::daemon::clock::Clock;

    type Reported = (Report, mpsc::UnboundedReceiver<Ended>);

    /// Serves numbers that come by a channel, and panics at 13; hands them on.
    fn worker(
        name: &str,
        report: &Reported,
        panics: &Arc<AtomicU32>,
    ) -> (Worker, std::sync::mpsc::Sender<u32>, std::sync::mpsc::Receiver<u32>) {
        let (sender, receiver) = std::sync::mpsc::channel::<u32>();
        let (out, outcome) = std::sync::mpsc::channel();
        let queue = Arc::new(parking_lot::Mutex::new(receiver));
        let open = move || Ok(Arc::clone(&queue));
        let panics = Arc::clone(panics);
        let on_panic = move || {
            panics.fetch_add(1, Relaxed);
        };
        let serve = async move |queue: Arc<parking_lot::Mutex<std::sync::mpsc::Receiver<u32>>>,
                                bell: &mut Bell| {
            loop {
                if bell.try_recv() == Err(mpsc::error::TryRecvError::Disconnected) {
                    return Ok(());
                }
                let Ok(number) = queue.lock().recv_timeout(Duration::from_millis(5)) else { continue };
                assert_ne!(number, 13, "on purpose");
                if number == 99 {
                    return Err(io::Error::other("gone"));
                }
                let _ = out.send(number);
            }
        };
        let worker = Worker::start(name.to_owned(), open, report.0.clone(), on_panic, serve);
        (worker.unwrap(), sender, outcome)
    }

    #[test]
    fn a_queue_that_panics_goes_on_with_what_waits_in_it_and_others_do_not_notice() {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut report = (Report { clock: Clock::start(), ended: sender }, receiver);
        let panics = Arc::new(AtomicU32::new(0));
        let (_one, sender, outcome) = worker("one", &report, &panics);
        let (_other, quiet, heard) = worker("other", &report, &panics);
        [1, 13, 2, 13, 13, 3].into_iter().for_each(|number| sender.send(number).unwrap());
        quiet.send(7).unwrap();
        assert_eq!([1, 2, 3], [(); 3].map(|()| outcome.recv_timeout(Duration::from_secs(60)).unwrap()));
        assert_eq!(heard.recv_timeout(Duration::from_secs(60)), Ok(7));
        assert_eq!(panics.load(Relaxed), 3);
        assert!(report.1.try_recv().is_err(), "nobody is told that it ended");
    }

    #[test]
    fn one_that_panics_too_often_or_is_gone_says_so() {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut report = (Report { clock: Clock::start(), ended: sender }, receiver);
        let panics = Arc::new(AtomicU32::new(0));
        let (_ill, sender, _outcome) = worker("ill", &report, &panics);
        (0..200).for_each(|_| sender.send(13).unwrap());
        let ended = report.1.blocking_recv().unwrap();
        assert!(ended.thread == "ill" && ended.error.is_none());
        let (_gone, sender, _outcome) = worker("gone", &report, &panics);
        sender.send(99).unwrap();
        let ended = report.1.blocking_recv().unwrap();
        assert_eq!((ended.thread.as_str(), ended.error.unwrap().to_string().as_str()), ("gone", "gone"));
    }
}
