//! What a tool needs of a director, and the director behind the control socket.

use std::path::PathBuf;

use crate::control::{Applied, Client, ClientError};
use crate::lvs::director::{Command, CommandError, Query, Reply};

/// A director that can be told and asked.
pub trait Backend {
    /// Does all commands, in order; one result each.
    ///
    /// # Errors
    /// The director cannot be asked.
    fn apply(&mut self, commands: Vec<Command>) -> Result<Applied, ClientError>;

    /// # Errors
    /// The director cannot be asked; its answer is the inner result.
    fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, ClientError>;
}

/// The director that listens at a path. Connects when it is first needed.
#[derive(Debug)]
pub struct Socket {
    path: PathBuf,
    client: Option<Client>,
}

impl Socket {
    pub const fn new(path: PathBuf) -> Self {
        Self { path, client: None }
    }

    fn client(&mut self) -> Result<&mut Client, ClientError> {
        let client = match self.client.take() {
            Some(client) => client,
            None => Client::connect(&self.path)?,
        };
        Ok(self.client.insert(client))
    }
}

impl Backend for Socket {
    fn apply(&mut self, commands: Vec<Command>) -> Result<Applied, ClientError> {
        self.client()?.apply(commands)
    }

    fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, ClientError> {
        self.client()?.query(query)
    }
}
