//! Signals of the operating system as messages.
//!
//! Signals are blocked in every thread but the one that watches, so that none is lost when another program takes this process's place: it waits
//! until that one unblocks them.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use nix::sys::signal::{SigSet, Signal};
use parking_lot::Mutex;
use signal_hook::iterator::{Handle, Signals};
use tokio::sync::mpsc;

use lvs_host::StopFlag;

/// Signals that a director, and who attends to one, listens to.
pub(super) const HEARD: [Signal; 6] =
    [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGUSR2];

/// Action that a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignalAction {
    Stop,
    /// Another director follows soon, which is to go on with everything.
    StopForRestart,
    Reload,
    /// Log files were moved away.
    Reopen,
    /// The program was replaced, perhaps.
    Upgrade,
}

impl SignalAction {
    const fn of(signal: Signal) -> Self {
        match signal {
            Signal::SIGQUIT => Self::StopForRestart,
            Signal::SIGHUP => Self::Reload,
            Signal::SIGUSR1 => Self::Reopen,
            Signal::SIGUSR2 => Self::Upgrade,
            _ => Self::Stop,
        }
    }

    /// Signal that asks for it.
    pub(super) const fn signal(self) -> Signal {
        match self {
            Self::Stop => Signal::SIGTERM,
            Self::StopForRestart => Signal::SIGQUIT,
            Self::Reload => Signal::SIGHUP,
            Self::Reopen => Signal::SIGUSR1,
            Self::Upgrade => Signal::SIGUSR2,
        }
    }
}

/// Has signals wait, in this thread and those that it starts.
///
/// # Errors
/// The system refuses.
pub(super) fn block() -> io::Result<()> {
    Ok(SigSet::from_iter(HEARD).thread_block()?)
}

/// Has them come to this thread.
///
/// # Errors
/// The system refuses.
pub(super) fn unblock() -> io::Result<()> {
    Ok(SigSet::from_iter(HEARD).thread_unblock()?)
}

/// Flag that a request to stop raises at once, whatever is under way.
#[derive(Debug, Default)]
struct StopRequest {
    is_made: bool,
    raises: Option<StopFlag>,
}

impl StopRequest {
    fn make(&mut self) {
        self.is_made = true;
        self.raises.iter().for_each(StopFlag::raise);
    }

    fn raises(&mut self, flag: StopFlag) {
        if self.is_made {
            flag.raise();
        }
        self.raises = Some(flag);
    }
}

/// Delivers actions as long as it lives.
#[derive(Debug)]
pub(super) struct SignalWatch {
    handle: Handle,
    stop: Arc<Mutex<StopRequest>>,
    thread: Option<JoinHandle<()>>,
    actions: mpsc::UnboundedReceiver<SignalAction>,
    /// One that was taken and not done.
    returned: Option<SignalAction>,
}

impl SignalWatch {
    /// From here on the signals end nobody by themselves.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn start() -> io::Result<Self> {
        let mut signals = Signals::new(HEARD.map(|signal| signal as i32))?;
        let handle = signals.handle();
        let stop = Arc::new(Mutex::new(StopRequest::default()));
        let request = Arc::clone(&stop);
        let (sender, actions) = mpsc::unbounded_channel();
        let thread = thread::Builder::new().name("tunvs-signals".to_owned()).spawn(move || {
            if let Err(error) = unblock() {
                tracing::error!(%error, "signals are not heard");
            }
            let told = |number| {
                let Ok(signal) = Signal::try_from(number) else { return true };
                let action = SignalAction::of(signal);
                if matches!(action, SignalAction::Stop | SignalAction::StopForRestart) {
                    request.lock().make();
                }
                sender.send(action).is_ok()
            };
            if !signals.forever().all(told) {
                return;
            }
            // A watch that is ended reads no more, also of what had come before.
            if let Err(error) = block() {
                tracing::error!(%error, "a signal may be lost");
            }
            signals.pending().all(told);
        })?;
        Ok(Self { handle, stop, thread: Some(thread), actions, returned: None })
    }

    /// Has a request to stop raise the flag at once, whatever is under way; also one that was made before.
    pub(super) fn stops(&self, flag: StopFlag) {
        self.stop.lock().raises(flag);
    }

    /// The next action. An end of the watch counts as a request to stop.
    pub(super) async fn next(&mut self) -> SignalAction {
        self.actions.recv().await.unwrap_or(SignalAction::Stop)
    }

    /// Gives back an action that another process is to do.
    pub(super) fn give_back(&mut self, action: SignalAction) {
        self.returned = Some(action);
    }

    /// Ends the watch. Returns what was not done; later signals wait for the program that unblocks them.
    pub(super) fn end(mut self) -> Vec<SignalAction> {
        self.close();
        let mut left: Vec<SignalAction> = self.returned.into_iter().collect();
        while let Ok(action) = self.actions.try_recv() {
            left.push(action);
        }
        left
    }

    fn close(&mut self) {
        self.handle.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for SignalWatch {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_to_stop_raises_the_flag_whichever_comes_first() {
        let (early, late) = (StopFlag::default(), StopFlag::default());
        let mut request = StopRequest::default();
        request.raises(early.clone());
        assert!(!early.is_raised());
        request.make();
        assert!(early.is_raised());
        request.raises(late.clone());
        assert!(late.is_raised());
    }
}
