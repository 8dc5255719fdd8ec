//! A connection of the table that is locked, and why one has no place there.

use super::locks::Filled;
use super::{ConnId, Connection};

/// The table has no room for another connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection table is full")]
pub struct TableFull;

/// Why a connection from elsewhere has no place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    #[error("the connection table is full")]
    Full,
    #[error("the table has a connection of the same ends")]
    Known,
}

/// A connection, locked.
#[derive(Debug)]
pub struct Entry<'a> {
    pub id: ConnId,
    pub(super) conn: Filled<'a, Connection>,
}

impl std::ops::Deref for Entry<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.conn
    }
}

impl std::ops::DerefMut for Entry<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.conn
    }
}
