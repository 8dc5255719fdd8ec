//! Signals of the operating system as messages.

use std::io;
use std::thread::{self, JoinHandle};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::{Handle, Signals};
use tokio::sync::mpsc;

use lvs_host::StopFlag;

/// What the operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Stop,
    Reload,
    /// Log files were moved away.
    Reopen,
}

/// Delivers wishes as long as it lives.
#[derive(Debug)]
pub(super) struct SignalWatch {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
    wishes: mpsc::UnboundedReceiver<Wish>,
}

impl SignalWatch {
    /// From here on the signals end nobody by themselves. A wish to stop raises the flag at once, whatever is under way.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn start(stop: StopFlag) -> io::Result<Self> {
        let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1])?;
        let handle = signals.handle();
        let (sender, wishes) = mpsc::unbounded_channel();
        let thread = thread::Builder::new().name("tunvs-signals".to_owned()).spawn(move || {
            for signal in &mut signals {
                let wish = match signal {
                    SIGHUP => Wish::Reload,
                    SIGUSR1 => Wish::Reopen,
                    _ => {
                        stop.raise();
                        Wish::Stop
                    }
                };
                if sender.send(wish).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { handle, thread: Some(thread), wishes })
    }

    /// The next wish. An end of the watch counts as a wish to stop.
    pub(super) async fn next(&mut self) -> Wish {
        self.wishes.recv().await.unwrap_or(Wish::Stop)
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
