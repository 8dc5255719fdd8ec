//! Signals of the operating system as messages.

use std::io;
use std::thread::{self, JoinHandle};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::{Handle, Signals};
use tokio::sync::mpsc;

use lvs_host::StopFlag;

/// Action that a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignalAction {
    Stop,
    Reload,
    /// Log files were moved away.
    Reopen,
    /// The program was replaced, perhaps.
    Upgrade,
}

/// Delivers actions as long as it lives.
#[derive(Debug)]
pub(super) struct SignalWatch {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
    actions: mpsc::UnboundedReceiver<SignalAction>,
}

impl SignalWatch {
    /// From here on the signals end nobody by themselves. A request to stop raises the flag at once, whatever is under way.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn start(stop: StopFlag) -> io::Result<Self> {
        let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2])?;
        let handle = signals.handle();
        let (sender, actions) = mpsc::unbounded_channel();
        let thread = thread::Builder::new().name("tunvs-signals".to_owned()).spawn(move || {
            for signal in &mut signals {
                let action = match signal {
                    SIGHUP => SignalAction::Reload,
                    SIGUSR1 => SignalAction::Reopen,
                    SIGUSR2 => SignalAction::Upgrade,
                    _ => {
                        stop.raise();
                        SignalAction::Stop
                    }
                };
                if sender.send(action).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { handle, thread: Some(thread), actions })
    }

    /// The next action. An end of the watch counts as a request to stop.
    pub(super) async fn next(&mut self) -> SignalAction {
        self.actions.recv().await.unwrap_or(SignalAction::Stop)
    }
}

impl Drop for SignalWatch {
    fn drop(&mut self) {
        self.handle.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
