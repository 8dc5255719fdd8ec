//! The director as a tool needs it, wherever that is.

use std::convert::Infallible;
use std::error::Error;

use lvs::Time;
use lvs::director::{Command, CommandError, ConnEntry, Director, Query, Reply};
use serde::{Deserialize, Serialize};

/// A director that can be asked.
pub trait Source {
    /// Why the director could not be reached.
    type Error: Error + 'static;

    /// # Errors
    /// The director cannot be reached; its answer is the inner result.
    fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, Self::Error>;

    /// The connections that the kernel would list, part by part: there may be millions.
    ///
    /// # Errors
    /// The director cannot be reached.
    fn connections(&mut self) -> Result<ConnParts<'_, Self::Error>, Self::Error>;
}

/// A director that can be told, too.
pub trait Backend: Source {
    /// Does all commands, in order; one result each.
    ///
    /// # Errors
    /// The director cannot be reached.
    fn apply(&mut self, commands: Vec<Command>) -> Result<Applied, Self::Error>;
}

/// Connections in parts, up to the first error.
pub type ConnParts<'a, E> = Box<dyn Iterator<Item = Result<Vec<ConnEntry>, E>> + 'a>;

/// One connection after the other.
pub(crate) fn one_by_one<E>(
    parts: impl Iterator<Item = Result<Vec<ConnEntry>, E>>,
) -> impl Iterator<Item = Result<ConnEntry, E>> {
    parts.flat_map(|part| {
        let (entries, error) = match part {
            Ok(entries) => (entries, None),
            Err(error) => (Vec::new(), Some(Err(error))),
        };
        entries.into_iter().map(Ok).chain(error)
    })
}

/// A director of this process, at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    pub director: &'a Director,
    pub now: Time,
}

impl Source for Moment<'_> {
    type Error = Infallible;

    fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, Infallible> {
        Ok(self.director.query(&query, self.now))
    }

    fn connections(&mut self) -> Result<ConnParts<'_, Infallible>, Infallible> {
        Ok(Box::new(self.director.entries(self.now).map(Ok)))
    }
}

/// Outcome of a batch of commands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// One per command that was tried.
    pub results: Vec<Result<(), CommandError>>,
    /// Things that the host could not do for the tables as they are now; each a sentence for the operator.
    pub warnings: Vec<String>,
}
