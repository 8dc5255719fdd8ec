//! State that a director left which was killed, or stopped for a restart: what it changed on the host, its tables, its
//! connections, its history.
//!
//! Without the host that belongs to them, tables and connections mean nothing: they are of this boot and network namespace only
//! if the journal is. Called at the start, and by the clean-up.

use std::path::Path;

use super::conn_file::LeftConns;
use super::conn_keeper;
use super::conn_restore;
use super::error::DaemonError;
use super::history_file::{HistoryFile, LeftHistory};
use super::journal::journal_path;
use super::kept_tables::KeptTables;
use super::table_file::TableFile;
use lvs_host::{HostError, Inheritance};

#[derive(Debug, Default)]
pub(super) struct LeftState {
    pub(super) host: Option<Inheritance>,
    pub(super) tables: Option<KeptTables>,
    pub(super) conns: Option<LeftConns>,
    pub(super) history: Option<LeftHistory>,
}

impl LeftState {
    /// Looks for it beside a control socket.
    ///
    /// # Errors
    /// The journal's director lives, or the journal cannot be read.
    pub(super) fn find(socket: &Path) -> Result<Self, DaemonError> {
        let host = on_host(socket)?;
        if host.is_none() {
            return Ok(Self::default());
        }
        let (tables, conns) =
            (TableFile::beside(socket).restore(), conn_restore::left(&conn_keeper::beside(socket)));
        Ok(Self { host, tables, conns, history: HistoryFile::beside(socket).restore() })
    }
}

/// Finds the changes of this host by a director that was killed, or that hands over.
///
/// # Errors
/// The journal's director lives, or the journal cannot be read.
pub(super) fn on_host(socket: &Path) -> Result<Option<Inheritance>, DaemonError> {
    match Inheritance::find(&journal_path(socket)) {
        // A container that starts again has a new network namespace and may have kept the file of the old one.
        Err(error @ HostError::JournalElsewhere(_)) => {
            tracing::warn!(%error, "the journal is begun anew");
            Ok(None)
        }
        found => Ok(found?),
    }
}

/// Removes what is no part of the host.
pub(super) fn remove(socket: &Path) {
    TableFile::beside(socket).end();
    HistoryFile::beside(socket).end();
    conn_keeper::remove(&conn_keeper::beside(socket));
}
