//! The tasks that ask and read: one for each feed, which tells what it hears by a channel of bounded length.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::ask;
use super::files::{Files, Kind};
use super::names::Names;
use super::stream::Stream;
use lvs_discovery::found::{Content, Said, Trouble};
use lvs_discovery::spec::{Feed, Question};

/// How often it is looked whether files have changed.
const LOOK: Duration = Duration::from_millis(500);

/// Reports that wait to be looked at.
const REPORTS: usize = 64;

/// News of a feed.
#[derive(Debug)]
pub struct Report {
    pub feed: Feed,
    pub said: Said,
}

/// Running tasks. They end when this is dropped.
pub struct Watchers<N> {
    names: Arc<N>,
    runtime: Handle,
    running: HashMap<Feed, JoinHandle<()>>,
    reports: mpsc::Sender<Report>,
}

impl<N> fmt::Debug for Watchers<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchers").field("running", &self.running.len()).finish_non_exhaustive()
    }
}

impl<N> Drop for Watchers<N> {
    fn drop(&mut self) {
        self.running.values().for_each(JoinHandle::abort);
    }
}

impl<N: Names> Watchers<N> {
    /// Tasks that are to run there.
    pub fn new(names: N, runtime: Handle) -> (Self, mpsc::Receiver<Report>) {
        let (reports, reported) = mpsc::channel(REPORTS);
        (Self { names: Arc::new(names), runtime, running: HashMap::new(), reports }, reported)
    }

    /// Watches these feeds and no others. Those that stay go on undisturbed.
    pub fn follow<'a>(&mut self, wanted: impl Iterator<Item = &'a Feed>) {
        let mut old = std::mem::take(&mut self.running);
        for feed in wanted {
            let task = old.remove(feed).filter(|task| !task.is_finished());
            let task = task.unwrap_or_else(|| self.begin(feed.clone()));
            self.running.insert(feed.clone(), task);
        }
        old.into_values().for_each(|task| task.abort());
    }

    fn begin(&self, feed: Feed) -> JoinHandle<()> {
        let (names, reports) = (Arc::clone(&self.names), self.reports.clone());
        let tell = Tell { feed: feed.clone(), reports };
        self.runtime.spawn(async move {
            match feed {
                Feed::Dns(question) | Feed::Srv(question) => {
                    ask_again_and_again(&*names, &question, &tell).await
                }
                Feed::Files(path) => watch(&path, Kind::Targets, &tell).await,
                Feed::Kubernetes(path, _) => loop {
                    if Files::is_fifo(&path) {
                        read_stream(&path, &tell).await;
                    } else {
                        watch(&path, Kind::Objects, &tell).await;
                    }
                    if tell.reports.is_closed() {
                        return;
                    }
                },
            }
        })
    }
}

/// Channel by which a task tells what it hears.
struct Tell {
    feed: Feed,
    reports: mpsc::Sender<Report>,
}

impl Tell {
    /// False when nobody wants to know any more.
    async fn say(&self, said: Said) -> bool {
        self.reports.send(Report { feed: self.feed.clone(), said }).await.is_ok()
    }
}

async fn ask_again_and_again<N: Names>(names: &N, question: &Question, tell: &Tell) {
    let mut failures = 0;
    loop {
        let outcome = match tell.feed {
            Feed::Srv(_) => ask::services(names, question).await,
            Feed::Dns(_) | Feed::Files(_) | Feed::Kubernetes(..) => ask::addresses(names, question).await,
        };
        let (said, pause) = match outcome {
            Ok((found, ttl)) => {
                failures = 0;
                (Ok(Content::Servers(found)), question.pace.after(ttl))
            }
            Err(trouble @ Trouble::Empty(_)) => (Err(trouble), question.pace.after(Duration::ZERO)),
            Err(trouble @ Trouble::Failed(_)) => {
                failures += 1;
                (Err(trouble), question.pace.after_failures(failures))
            }
        };
        if !tell.say(said.into()).await {
            return;
        }
        tokio::time::sleep(pause).await;
    }
}

/// Looks at files until nobody wants to know any more, or the path is a FIFO by now.
async fn watch(path: &Path, kind: Kind, tell: &Tell) {
    let mut files = Files::new(path.to_owned(), kind);
    loop {
        // A file may hang.
        let looking = tokio::task::spawn_blocking(move || {
            let said = files.look();
            (files, said)
        });
        let Ok((back, said)) = looking.await else { return };
        files = back;
        if let Some(said) = said
            && !tell.say(said).await
        {
            return;
        }
        tokio::time::sleep(LOOK).await;
        if tell.reports.is_closed() || kind == Kind::Objects && Files::is_fifo(path) {
            return;
        }
    }
}

async fn read_stream(path: &Path, tell: &Tell) {
    if let Err(error) = follow_stream(path, tell).await {
        let why = format!("cannot read {}: {error}", path.display());
        tell.say(Err(Trouble::Failed(why)).into()).await;
        tokio::time::sleep(LOOK).await;
    }
}

/// Reads until nobody wants to know any more.
async fn follow_stream(path: &Path, tell: &Tell) -> io::Result<()> {
    let mut stream = Stream::open(path)?;
    loop {
        let said = stream.next(path).await?;
        if !tell.say(said).await {
            return Ok(());
        }
    }
}
