//! The blocking client that the tools use.

mod fleet;

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::protocol::{
    self, Counter, FrameError, HEADER_LEN, MAX_REQUEST, MAX_RESPONSE, OnError, Refusal, Request, Response,
};
use super::reload::{ReloadRefusal, ReloadRequest, Reloaded};
use super::status::Status;
use super::stream::{Part, StreamRequest};
use super::upgrade::{UpgradeRefusal, Upgraded};
use ipvsadm::Applied;
use lvs::director::{Command, CommandError, Explanation, Query, Question, Reply};
use lvs::service::{Endpoint, ServiceKey};
use lvs_health::report::ServiceReport;

/// A director busy with a restore of all its services needs seconds, not minutes.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A director with millions of connections needs a minute to hand them over.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(600);

/// So often in a row a director may be taken over from before its client gives up.
const MOVES: usize = 10;

/// Bodies are read in steps of this size, so that a lying length costs nothing.
const STEP: usize = 1 << 20;

/// A connection to a running director.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    path: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("no director answers at {}: start one with `tunvs run`", path.display())]
    NoDirector { path: PathBuf },
    #[error("no permission for {}: become root", path.display())]
    Denied { path: PathBuf },
    #[error("cannot reach the director at {}", path.display())]
    Connect { path: PathBuf, source: io::Error },
    #[error("the director at {} did not answer within {} s", path.display(), TIMEOUT.as_secs())]
    Timeout { path: PathBuf },
    #[error("lost the director at {}", path.display())]
    Lost { path: PathBuf, source: io::Error },
    #[error("cannot understand what answers at {}", path.display())]
    Frame { path: PathBuf, source: FrameError },
    #[error(transparent)]
    Refused(Refusal),
    #[error("the request has {len} bytes, the director takes {limit}: split it")]
    RequestTooLong { len: usize, limit: usize },
    #[error("the director at {} answered another question", path.display())]
    Mismatch { path: PathBuf },
}

impl Client {
    /// # Errors
    /// Nobody listens there, or we may not.
    pub fn connect(path: &Path) -> Result<Self, ClientError> {
        let path = path.to_owned();
        let stream = match UnixStream::connect(&path) {
            Ok(stream) => stream,
            Err(source) => {
                return Err(match source.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                        ClientError::NoDirector { path }
                    }
                    io::ErrorKind::PermissionDenied => ClientError::Denied { path },
                    _ => ClientError::Connect { path, source },
                });
            }
        };
        let timeouts =
            stream.set_read_timeout(Some(TIMEOUT)).and_then(|()| stream.set_write_timeout(Some(TIMEOUT)));
        match timeouts {
            Ok(()) => Ok(Self { stream, path }),
            Err(source) => Err(ClientError::Connect { path, source }),
        }
    }

    /// Does all commands; one result each, whatever becomes of the others.
    ///
    /// # Errors
    /// The director could not be asked.
    pub fn apply(&mut self, commands: Vec<Command>) -> Result<Applied, ClientError> {
        self.apply_with(commands, OnError::Continue)
    }

    /// Does the commands up to the first that is refused, whose error is the last result.
    ///
    /// # Errors
    /// The director could not be asked.
    pub fn apply_until_error(&mut self, commands: Vec<Command>) -> Result<Applied, ClientError> {
        self.apply_with(commands, OnError::Stop)
    }

    fn apply_with(&mut self, commands: Vec<Command>, on_error: OnError) -> Result<Applied, ClientError> {
        match self.request(&Request::Apply { commands, on_error })? {
            Response::Applied(applied) => Ok(applied),
            _ => Err(self.mismatch()),
        }
    }

    /// # Errors
    /// The director could not be asked. Its own answer, good or bad, is the inner result.
    pub fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, ClientError> {
        match self.request(&Request::Query(query))? {
            Response::Reply(reply) => Ok(reply),
            _ => Err(self.mismatch()),
        }
    }

    /// # Errors
    /// The director could not be asked.
    pub fn counters(&mut self) -> Result<Vec<Counter>, ClientError> {
        match self.request(&Request::Counters)? {
            Response::Counters(counters) => Ok(counters),
            _ => Err(self.mismatch()),
        }
    }

    /// # Errors
    /// The director could not be asked.
    pub fn status(&mut self) -> Result<Status, ClientError> {
        match self.request(&Request::Status)? {
            Response::Status(status) => Ok(*status),
            _ => Err(self.mismatch()),
        }
    }

    /// # Errors
    /// The director could not be asked.
    pub fn explain(&mut self, question: Question) -> Result<Explanation, ClientError> {
        match self.request(&Request::Explain(question))? {
            Response::Explanation(explanation) => Ok(*explanation),
            _ => Err(self.mismatch()),
        }
    }

    /// # Errors
    /// The director could not be asked. Its own answer, good or bad, is the inner result.
    pub fn reload(&mut self, request: ReloadRequest) -> Result<Result<Reloaded, ReloadRefusal>, ClientError> {
        match self.request(&Request::Reload(request))? {
            Response::Reloaded(outcome) => Ok(outcome.map(|reloaded| *reloaded)),
            _ => Err(self.mismatch()),
        }
    }

    /// # Errors
    /// The director could not be asked.
    pub fn health(&mut self) -> Result<Vec<ServiceReport>, ClientError> {
        match self.request(&Request::Health)? {
            Response::Health(reports) => Ok(reports),
            _ => Err(self.mismatch()),
        }
    }

    /// Begins to drain a server; what is left at the deadline is cut off.
    ///
    /// # Errors
    /// The director could not be asked. Its own answer, good or bad, is the inner result.
    pub fn drain(
        &mut self,
        service: ServiceKey,
        server: Endpoint,
        deadline: Option<Duration>,
    ) -> Result<Result<(), CommandError>, ClientError> {
        match self.request(&Request::Drain { service, server, deadline })? {
            Response::Draining(result) => Ok(result),
            _ => Err(self.mismatch()),
        }
    }

    /// Asks for an answer in parts, and waits for each of them as long as it takes.
    ///
    /// # Errors
    /// The director could not be asked.
    pub fn stream(mut self, request: StreamRequest) -> Result<Parts, ClientError> {
        let last = match request {
            StreamRequest::Events { follow: true, .. } => self.status()?.events,
            _ => 0,
        };
        self.begin(&request)?;
        Ok(Parts { client: Some(self), output: None, request, last, has_told: false, has_moved: false })
    }

    fn begin(&mut self, request: &StreamRequest) -> Result<(), ClientError> {
        let frame = protocol::frame(&Request::Stream(request.clone()), MAX_REQUEST)
            .map_err(|source| self.garbled(source))?;
        self.stream
            .write_all(&frame)
            .and_then(|()| self.stream.set_read_timeout(None))
            .map_err(|source| self.lost(source))
    }

    /// Has another process take over, which may take long.
    ///
    /// # Errors
    /// The director could not be asked. Its own answer, good or bad, is the inner result.
    pub fn upgrade(
        &mut self,
        binary: Option<PathBuf>,
    ) -> Result<Result<Upgraded, UpgradeRefusal>, ClientError> {
        let _ = self.stream.set_read_timeout(Some(UPGRADE_TIMEOUT));
        match self.request(&Request::Upgrade(binary))? {
            Response::Upgraded(outcome) => Ok(outcome),
            _ => Err(self.mismatch()),
        }
    }

    /// Has the director stop. Its socket is gone when it has ended.
    ///
    /// # Errors
    /// The director could not be asked.
    pub fn stop(&mut self, for_restart: bool) -> Result<(), ClientError> {
        match self.request(&Request::Stop { for_restart })? {
            Response::Stopping => Ok(()),
            _ => Err(self.mismatch()),
        }
    }

    /// Sends one request and waits for its answer; from the director that has taken over, if one has meanwhile.
    ///
    /// # Errors
    /// The director could not be asked, or refused to look at it.
    pub fn request(&mut self, request: &Request) -> Result<Response, ClientError> {
        for _ in 0..MOVES {
            match self.ask(request) {
                Err(ClientError::Refused(Refusal::Moved)) => *self = Self::connect(&self.path)?,
                other => return other,
            }
        }
        self.ask(request)
    }

    fn ask(&mut self, request: &Request) -> Result<Response, ClientError> {
        let frame = match protocol::frame(request, MAX_REQUEST) {
            Ok(frame) => frame,
            Err(FrameError::TooLong { len, limit }) => {
                return Err(ClientError::RequestTooLong { len, limit });
            }
            Err(source) => return Err(self.garbled(source)),
        };
        // A director that refuses the connection says so and hangs up, possibly before it has read anything.
        let sent = self.stream.write_all(&frame);
        let response = match (self.read_response(), sent) {
            (Ok(response), _) => response,
            (Err(ClientError::Lost { .. }), Err(source)) => return Err(self.lost(source)),
            (Err(error), _) => return Err(error),
        };
        match response {
            Response::Refused(refusal) => Err(ClientError::Refused(refusal)),
            response => Ok(response),
        }
    }

    fn read_response(&mut self) -> Result<Response, ClientError> {
        let mut header = [0; HEADER_LEN];
        self.stream.read_exact(&mut header).map_err(|source| self.lost(source))?;
        let len = protocol::body_len(header, MAX_RESPONSE).map_err(|source| self.garbled(source))?;
        let mut body = Vec::new();
        while body.len() < len {
            let at = body.len();
            body.resize(len.min(at + STEP), 0);
            if let Err(source) = self.stream.read_exact(&mut body[at..]) {
                return Err(self.lost(source));
            }
        }
        protocol::parse(&body).map_err(|source| self.garbled(source))
    }

    fn lost(&self, source: io::Error) -> ClientError {
        let path = self.path.clone();
        match source.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ClientError::Timeout { path },
            _ => ClientError::Lost { path, source },
        }
    }

    fn garbled(&self, source: FrameError) -> ClientError {
        ClientError::Frame { path: self.path.clone(), source }
    }

    fn mismatch(&self) -> ClientError {
        ClientError::Mismatch { path: self.path.clone() }
    }
}

/// The parts of an answer, one after the other.
#[derive(Debug)]
pub struct Parts {
    /// None after the last.
    client: Option<Client>,
    output: Option<OwnedFd>,
    request: StreamRequest,
    /// Number of the last event that was there, or came.
    last: u64,
    has_told: bool,
    has_moved: bool,
}

impl Parts {
    /// To be told when the next part has come.
    pub fn as_socket(&self) -> Option<&UnixStream> {
        self.client.as_ref().map(|client| &client.stream)
    }

    /// Ends also when nobody reads `output` any more, as of `tunvs events | head -n 1`: a write would tell, but there may
    /// be nothing to write for long.
    ///
    /// # Errors
    /// No descriptors are left.
    pub fn while_read(mut self, output: impl AsFd) -> io::Result<Self> {
        self.output = Some(output.as_fd().try_clone_to_owned()?);
        Ok(self)
    }
}

impl Parts {
    /// Goes on with the director that has taken over. What is asked for once only is left to the caller.
    fn follow(&mut self, old: &Client) -> Result<(), ClientError> {
        let request = match &self.request {
            StreamRequest::Events { follow: true, .. } => {
                StreamRequest::Events { past: usize::MAX, follow: true }
            }
            StreamRequest::Capture(_) => self.request.clone(),
            _ if !self.has_told => self.request.clone(),
            _ => return Err(ClientError::Refused(Refusal::Moved)),
        };
        let mut client = Client::connect(&old.path)?;
        client.begin(&request)?;
        (self.client, self.has_moved) = (Some(client), true);
        Ok(())
    }

    /// Notes how far it has come. False: that was told before.
    fn is_new(&mut self, part: &Part) -> bool {
        let Part::Event(record) = part else { return true };
        let is_new = record.number > self.last || !self.has_moved;
        self.last = self.last.max(record.number);
        is_new
    }
}

impl Iterator for Parts {
    type Item = Result<Part, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut client = self.client.take()?;
        match self.output.as_ref().map(|output| comes_before_hangup(&client.stream, output)) {
            None | Some(Ok(true)) => {}
            Some(Ok(false)) => return None,
            Some(Err(source)) => return Some(Err(client.lost(source))),
        }
        match client.read_response() {
            Ok(Response::Part(part)) => {
                (self.client, self.has_told) = (Some(client), true);
                if self.is_new(&part) { Some(Ok(part)) } else { self.next() }
            }
            Ok(Response::Refused(Refusal::Moved)) => match self.follow(&client) {
                Ok(()) => self.next(),
                Err(error) => Some(Err(error)),
            },
            Ok(Response::End) => None,
            Ok(Response::Refused(refusal)) => Some(Err(ClientError::Refused(refusal))),
            Ok(_) => Some(Err(client.mismatch())),
            Err(error) => Some(Err(error)),
        }
    }
}

/// Waits until there is something to read. False: the reader of `output` is gone.
fn comes_before_hangup(stream: &UnixStream, output: &OwnedFd) -> io::Result<bool> {
    // That the other end is closed is told without being asked for.
    let mut ends =
        [PollFd::new(stream.as_fd(), PollFlags::POLLIN), PollFd::new(output.as_fd(), PollFlags::empty())];
    loop {
        match poll(&mut ends, PollTimeout::NONE) {
            Ok(_) => return Ok(!ends[1].any().unwrap_or(true)),
            Err(nix::Error::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
