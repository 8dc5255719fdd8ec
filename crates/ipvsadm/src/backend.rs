//! The director as a tool needs it, wherever that is.

use std::error::Error;

use lvs::director::{Command, CommandError, Query, Reply};
use serde::{Deserialize, Serialize};

/// A director that can be told and asked.
pub trait Backend {
    /// Why the director could not be reached.
    type Error: Error + 'static;

    /// Does all commands, in order; one result each.
    ///
    /// # Errors
    /// The director cannot be reached.
    fn apply(&mut self, commands: Vec<Command>) -> Result<Applied, Self::Error>;

    /// # Errors
    /// The director cannot be reached; its answer is the inner result.
    fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, Self::Error>;
}

/// Outcome of a batch of commands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// One per command that was tried.
    pub results: Vec<Result<(), CommandError>>,
    /// Things that the host could not do for the tables as they are now; each a sentence for the operator.
    pub warnings: Vec<String>,
}
