//! The journal of a director or of a real server: where it is, and what is undone by it.

use std::path::{Path, PathBuf};

use super::error::DaemonError;
use super::state_file;
use lvs_host::{CleanedUp, HostError};

/// File in which the steps on the host are noted: beside the control socket.
pub fn journal_path(socket: &Path) -> PathBuf {
    state_file::with_ending(socket, ".journal")
}

/// Undoes what was left by one that was killed.
pub(super) async fn clean_up_before_start(journal: &Path, of: &str) -> Result<(), DaemonError> {
    match lvs_host::cleanup(journal).await {
        Ok(CleanedUp::Nothing) => {}
        Ok(CleanedUp::AllBut(_)) => tracing::warn!("undid what {of} that was killed had left on this host"),
        // A container that starts again has a new network namespace and may have kept the file of the old one.
        Err(error @ HostError::JournalElsewhere(_)) => tracing::warn!(%error, "the journal is begun anew"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Says in the log what was not undone.
///
/// # Errors
/// A step was not undone.
pub(super) fn all_undone(failures: &[HostError]) -> Result<(), DaemonError> {
    for error in failures {
        tracing::error!(%error, "not undone");
    }
    if failures.is_empty() { Ok(()) } else { Err(DaemonError::NotUndone { steps: failures.len() }) }
}
