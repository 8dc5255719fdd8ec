//! The director behind the control socket, as the tools see it.

use std::path::PathBuf;

use ipvsadm::{Applied, Backend, ConnParts, Source};
use lvs::director::{Command, CommandError, Query, Reply};
use lvs_control::{Client, ClientError, Part, StreamRequest};

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

impl Source for Socket {
    type Error = ClientError;

    fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, ClientError> {
        self.client()?.query(query)
    }

    fn connections(&mut self) -> Result<ConnParts<'_, ClientError>, ClientError> {
        let client = match self.client.take() {
            Some(client) => client,
            None => Client::connect(&self.path)?,
        };
        let parts = client.stream(StreamRequest::Entries)?;
        let entries = parts.filter_map(|part| match part {
            Ok(Part::Entries(entries)) => Some(Ok(entries)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        });
        Ok(Box::new(entries))
    }
}

impl Backend for Socket {
    fn apply(&mut self, commands: Vec<Command>) -> Result<Applied, ClientError> {
        self.client()?.apply(commands)
    }
}
