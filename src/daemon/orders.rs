//! Orders to the director from parts of itself: carried out by its main loop, one after the other.

use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot};

use lvs_control::{UpgradeRefusal, Upgraded};

/// Order to the director that runs.
#[derive(Debug)]
pub(super) enum Order {
    Upgrade { binary: Option<PathBuf>, answer: oneshot::Sender<Result<Upgraded, UpgradeRefusal>> },
    Stop { for_restart: bool },
}

/// Gives orders; nobody takes them any more where the director stops already.
#[derive(Clone, Debug, Default)]
pub(super) struct Orders(Option<mpsc::UnboundedSender<Order>>);

impl Orders {
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Order>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(Some(sender)), receiver)
    }

    pub(super) fn stop(&self, for_restart: bool) {
        let _ = self.0.as_ref().map(|orders| orders.send(Order::Stop { for_restart }));
    }

    /// Has another program take over. Returns when it has, or when it cannot.
    pub(super) async fn upgrade(&self, binary: Option<PathBuf>) -> Result<Upgraded, UpgradeRefusal> {
        let orders = self.0.as_ref().ok_or(UpgradeRefusal::Nothing)?;
        let (answer, answered) = oneshot::channel();
        orders.send(Order::Upgrade { binary, answer }).map_err(|_| UpgradeRefusal::Stopping)?;
        answered.await.unwrap_or(Err(UpgradeRefusal::Stopping))
    }
}
