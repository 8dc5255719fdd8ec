//! The director as the kernel's interfaces need it, wherever that is.

use lvs::director::{Command, CommandError, Query, Reply};

/// The director cannot be reached: to programs the module is not loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no director answers")]
pub struct Gone;

/// A director that can be told and asked.
pub trait Tables {
    /// # Errors
    /// The director cannot be reached; its answer is the inner result.
    fn apply(&mut self, command: Command) -> Result<Result<(), CommandError>, Gone>;

    /// # Errors
    /// The director cannot be reached; its answer is the inner result.
    fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, Gone>;

    /// Whether anybody answers.
    ///
    /// # Errors
    /// The director cannot be reached.
    fn is_there(&mut self) -> Result<(), Gone> {
        self.query(Query::Info).map(drop)
    }
}
