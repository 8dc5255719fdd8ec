//! `--proc-dir`: files like the kernel's `/proc/net/ip_vs*`, kept true.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::live_tables::LiveTables;
use ipvsadm::Moment;
use ipvsadm::proc::tree::ProcTree;

/// How old the counters in the files may get. Changes by commands are written at once.
const REFRESH: Duration = Duration::from_secs(1);

/// Writing takes at most one part in this many of the time, however long the tables are.
const SHARE: u32 = 4;

/// Writes the files until `stopped` is done, then removes them.
pub(super) async fn keep(mut tree: ProcTree, tables: Arc<LiveTables>, mut stopped: oneshot::Receiver<()>) {
    let mut troubled = false;
    loop {
        let started = tables.clock.now();
        let teller = Arc::clone(&tables);
        let written = tokio::task::spawn_blocking(move || {
            let outcome = tree.update(Moment { director: &teller.director, now: teller.clock.now() });
            (tree, outcome)
        });
        let Ok((back, outcome)) = written.await else {
            tracing::error!("the files of --proc-dir are given up: please report what the log says above");
            return;
        };
        tree = back;
        if let (Err(error), false) = (&outcome, troubled) {
            tracing::warn!(%error, reason = error.source().map(ToString::to_string), "cannot write --proc-dir");
        }
        troubled = outcome.is_err();
        let pause = tables.clock.now().since(started) * SHARE;
        tokio::select! {
            _ = &mut stopped => break,
            () = async {
                tokio::time::sleep(pause).await;
                let _ = tokio::time::timeout(REFRESH.saturating_sub(pause), tables.changed.notified()).await;
            } => {}
        }
    }
    tree.remove();
}
