//! A thread that looks at the director again and again, as often as is wanted, and reconnects when it is gone.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use super::input::Input;
use super::model::Wanted;
use super::snapshot::{Snapshot, look};
use crate::daemon::Clock;
use lvs_control::{Client, ClientError};

/// A look that took long is followed by a pause this many times as long, so that a large table is not looked
/// through all the time.
const REST: u32 = 4;

/// Asks a director; a connection is kept as long as it lasts.
#[derive(Debug)]
pub(super) struct Asker {
    path: PathBuf,
    client: Option<Client>,
    clock: Clock,
}

impl Asker {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, client: None, clock: Clock::start() }
    }

    pub(super) fn ask(&mut self, extra: &super::snapshot::Extra) -> Result<Snapshot, ClientError> {
        let mut client = match self.client.take() {
            Some(client) => client,
            None => Client::connect(&self.path)?,
        };
        let snapshot = look(&mut client, &self.path, extra, self.clock.now())?;
        self.client = Some(client);
        Ok(snapshot)
    }
}

/// Starts the thread. It ends when nobody wants anything any more.
pub(super) fn start(
    mut asker: Asker,
    mut wanted: Wanted,
    scopes: Receiver<Wanted>,
    inputs: Sender<Input>,
) -> std::io::Result<()> {
    let run = move || {
        let mut is_new = true;
        loop {
            let started = asker.clock.now();
            if is_new || !wanted.is_paused {
                let seen = match asker.ask(&wanted.extra) {
                    Ok(snapshot) => Input::Snapshot(Box::new(snapshot)),
                    Err(error) => Input::Lost(error.to_string()),
                };
                if inputs.send(seen).is_err() {
                    return;
                }
            }
            let took = asker.clock.now().since(started);
            let rest = wanted.interval.saturating_sub(took).max(took.saturating_mul(REST));
            match newest(&scopes, rest) {
                Ok(Some(scope)) => {
                    is_new = scope.extra != wanted.extra;
                    wanted = scope;
                }
                Ok(None) => is_new = false,
                Err(Gone) => return,
            }
        }
    };
    thread::Builder::new().name("look".to_owned()).spawn(run).map(drop)
}

struct Gone;

/// The last of the scopes that came, or None when none came in that time.
fn newest(scopes: &Receiver<Wanted>, rest: Duration) -> Result<Option<Wanted>, Gone> {
    let mut newest = match scopes.recv_timeout(rest) {
        Ok(scope) => scope,
        Err(RecvTimeoutError::Timeout) => return Ok(None),
        Err(RecvTimeoutError::Disconnected) => return Err(Gone),
    };
    while let Ok(scope) = scopes.try_recv() {
        newest = scope;
    }
    Ok(Some(newest))
}
