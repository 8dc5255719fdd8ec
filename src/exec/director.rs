//! The director at the control socket, asked by a few threads so that one slow answer holds up nobody else.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::clock::now;
use ipvsadm::ConnParts;
use lvs::director::{Command, CommandError, Query, Reply, ServiceEntry};
use lvs::service::ServiceKey;
use lvs_control::{Client, ClientError, Part, StreamRequest};
use lvs_netlink::{Gone, Tables};

/// The director ends connections that are idle for a minute.
const IDLE: Duration = Duration::from_secs(30);

/// So long a director that has answered is taken for there.
const RECENTLY: Duration = Duration::from_secs(1);

/// So long a dump of services answers for their servers, too.
const SNAPSHOT_LIFETIME: Duration = Duration::from_secs(1);

/// A connection to the director, made when it is needed.
#[derive(Debug)]
pub(super) struct Director {
    path: PathBuf,
    client: Option<(Client, Instant)>,
    is_there: bool,
    /// The last question could not be sent at all.
    is_unheard: bool,
}

impl Director {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, client: None, is_there: false, is_unheard: false }
    }

    fn with<T>(&mut self, ask: impl FnOnce(&mut Client) -> Result<T, ClientError>) -> Result<T, Gone> {
        (self.is_there, self.is_unheard) = (false, false);
        let mut client = match self.client.take().filter(|(_, used)| used.elapsed() < IDLE) {
            Some((client, _)) => client,
            None => Client::connect(&self.path).map_err(|_| Gone)?,
        };
        let answer = ask(&mut client).map_err(|error| {
            self.is_unheard = is_unsent(&error);
            Gone
        })?;
        self.client = Some((client, now()));
        self.is_there = true;
        Ok(answer)
    }

    /// Whether it answered when it was asked last.
    pub(super) const fn has_answered(&self) -> bool {
        self.is_there
    }

    /// A connection that the director had before it was started anew tells nothing of the new one.
    fn again<T>(&mut self, mut ask: impl FnMut(&mut Client) -> Result<T, ClientError>) -> Result<T, Gone> {
        let was_connected = self.client.is_some();
        match self.with(&mut ask) {
            Err(Gone) if was_connected => self.with(&mut ask),
            answer => answer,
        }
    }
}

/// Whether nobody was there any more to hear the question.
fn is_unsent(error: &ClientError) -> bool {
    matches!(error, ClientError::Lost { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe)
}

impl Tables for Director {
    fn apply(&mut self, command: Command) -> Result<Result<(), CommandError>, Gone> {
        // Asked first, so that a command is never sent to a director that is gone; not again for each of many commands.
        if self.client.as_ref().is_none_or(|(_, used)| used.elapsed() >= RECENTLY) {
            self.query(Query::Info)?.map_err(|_| Gone)?;
        }
        let send = |client: &mut Client| client.apply(vec![command.clone()]);
        let applied = match self.with(send) {
            // It was started anew meanwhile.
            Err(Gone) if self.is_unheard => self.with(send),
            applied => applied,
        }?;
        applied.results.into_iter().next().ok_or(Gone)
    }

    fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, Gone> {
        self.again(|client| client.query(query.clone()))
    }
}

impl ipvsadm::Source for Director {
    type Error = Gone;

    fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, Gone> {
        Tables::query(self, query)
    }

    fn connections(&mut self) -> Result<ConnParts<'_, Gone>, Gone> {
        self.is_there()?;
        let (client, _) = self.client.take().ok_or(Gone)?;
        let parts = client.stream(StreamRequest::Entries).map_err(|_| Gone)?;
        let entries = parts.filter_map(|part| match part {
            Ok(Part::Entries(entries)) => Some(Ok(entries)),
            Ok(_) => None,
            Err(_) => Some(Err(Gone)),
        });
        Ok(Box::new(entries))
    }
}

/// A dump of services, for those who ask for the servers of each next.
#[derive(Debug)]
pub(super) struct ServiceSnapshot {
    services: HashMap<ServiceKey, ServiceEntry>,
    taken: Instant,
}

impl ServiceSnapshot {
    fn of(entries: &[ServiceEntry]) -> Self {
        let services = entries.iter().map(|entry| (entry.spec.key, entry.clone())).collect();
        Self { services, taken: now() }
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.taken.elapsed() < SNAPSHOT_LIFETIME
    }

    /// Each service once: who asks again wants to know anew.
    fn take(&mut self, key: &ServiceKey) -> Option<ServiceEntry> {
        if self.is_fresh() { self.services.remove(key) } else { None }
    }
}

/// The director, with what a dump has told.
pub(super) struct CachedTables<'a> {
    /// None: what is not in the snapshot is not known.
    pub(super) director: Option<&'a mut Director>,
    pub(super) snapshot: &'a mut Option<ServiceSnapshot>,
}

impl Tables for CachedTables<'_> {
    fn apply(&mut self, command: Command) -> Result<Result<(), CommandError>, Gone> {
        let director = self.director.as_mut().ok_or(Gone)?;
        *self.snapshot = None;
        director.apply(command)
    }

    fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, Gone> {
        if let Query::Service(key) = &query
            && let Some(entry) = self.snapshot.as_mut().and_then(|snapshot| snapshot.take(key))
        {
            return Ok(Ok(Reply::Services(vec![entry])));
        }
        let Some(director) = self.director.as_mut() else { return Err(Gone) };
        let is_dump = query == Query::Services;
        let reply = director.query(query)?;
        if let (true, Ok(Reply::Services(entries))) = (is_dump, &reply) {
            *self.snapshot = Some(ServiceSnapshot::of(entries));
        }
        Ok(reply)
    }
}

type Job = Box<dyn FnOnce(&mut Director) + Send>;

/// Threads that ask the director. Jobs of one of them are done in order.
#[derive(Debug)]
pub(super) struct Threads {
    jobs: Sender<Job>,
}

impl Threads {
    pub(super) fn start(count: usize, path: &std::path::Path) -> Self {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..count {
            let queue: Arc<Mutex<Receiver<Job>>> = Arc::clone(&queue);
            let mut director = Director::new(path.to_owned());
            thread::spawn(move || {
                loop {
                    let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    match job {
                        Ok(job) => job(&mut director),
                        Err(_) => return,
                    }
                }
            });
        }
        Self { jobs }
    }

    pub(super) fn submit(&self, job: impl FnOnce(&mut Director) + Send + 'static) {
        let _ = self.jobs.send(Box::new(job));
    }
}
