//! The exporters of a running director: the pages of metrics and the flow log, as options and file want them.
//!
//! Owns the socket of the pages, and the thread that writes the flow log: a file that hangs holds up that thread and
//! nothing else. A reload opens what is new first, and then lets go of what was. Called at the start, on reload, by
//! signals.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::clock::{Clock, unix_millis};
use crate::flow_log::line::{self, Moment};
use crate::flow_log::{OpenError, Sink, Target};
use crate::metrics::{self, BindError, Limits};
use lvs::director::{Director, FlowLogging, LostFlows, TablePart, TakenFlows};
use lvs_config::{Exporters, defaults};
use lvs_control::flow_log::{Losses, Tally};
use lvs_control::status;

/// How often records are written.
const FLOW_TICK: Duration = Duration::from_millis(100);

/// So long the last lines may take to be written.
const FLOW_FLUSH_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
pub enum ExporterError {
    #[error(transparent)]
    Metrics(#[from] BindError),
    #[error(transparent)]
    FlowLog(#[from] OpenError),
    #[error(
        "{0}: the director writes where its file said at the start, and `tunvs upgrade` starts it with this one"
    )]
    Confined(OpenError),
}

/// Pages on another socket or within other limits; without a listener there are none.
type Pages = (Option<Arc<TcpListener>>, Limits);

#[derive(Debug)]
pub(super) struct RunningExporters {
    director: Arc<Director>,
    clock: Clock,
    /// Options of the command line.
    given: Exporters,
    pages: mpsc::UnboundedSender<Pages>,
    /// As it is now.
    current: tokio::sync::Mutex<Current>,
    tally: Arc<Mutex<Tally>>,
    /// Files elsewhere cannot be written any more.
    is_confined: bool,
}

#[derive(Debug, Default)]
struct Current {
    exporters: Exporters,
    listener: Option<Arc<TcpListener>>,
    flows: Option<Writer>,
}

/// Parts of a change that are opened already, while it is not made yet.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    exporters: Exporters,
    listener: Option<Arc<TcpListener>>,
    /// The address is free only when the current one is let go.
    binds_late: bool,
    sink: Option<Sink>,
}

impl RunningExporters {
    /// Makes the exporters, and the channel by which [`serve_pages`] hears of changes.
    pub(super) fn new(
        director: Arc<Director>,
        clock: Clock,
        given: Exporters,
        sandbox: &status::Sandbox,
    ) -> (Self, mpsc::UnboundedReceiver<Pages>) {
        let (pages, changes) = mpsc::unbounded_channel();
        let exporters = Self {
            director,
            clock,
            given,
            pages,
            current: tokio::sync::Mutex::default(),
            tally: Arc::default(),
            is_confined: sandbox.landlock.is_some(),
        };
        (exporters, changes)
    }

    /// The listener of the pages, if there is one, for a successor.
    pub(super) async fn hand_over(&self) -> io::Result<Option<(SocketAddr, OwnedFd)>> {
        let current = self.current.lock().await;
        let (Some(addr), Some(listener)) = (current.exporters.metrics, &current.listener) else {
            return Ok(None);
        };
        Ok(Some((addr, listener.as_fd().try_clone_to_owned()?)))
    }

    /// Goes on with the listener of the director before, before anything else is wanted here.
    pub(super) async fn adopt(&self, metrics: Option<(SocketAddr, OwnedFd)>) -> io::Result<()> {
        let Some((addr, listener)) = metrics else { return Ok(()) };
        let listener = TcpListener::from_std(std::net::TcpListener::from(listener))?;
        let mut current = self.current.lock().await;
        current.listener = Some(Arc::new(listener));
        current.exporters.metrics = Some(addr);
        let _ = self.pages.send((current.listener.clone(), Limits::default()));
        Ok(())
    }

    /// Goes on counting lines of the flow log.
    pub(super) fn resume(&self, tally: Tally) {
        *self.tally.lock() = tally;
    }

    /// Opens what the file wants and is not there yet.
    ///
    /// # Errors
    /// An address or a file cannot be had; nothing has changed.
    pub(super) async fn prepare(&self, file: &Exporters) -> Result<Prepared, ExporterError> {
        let exporters = self.given.clone().or(file);
        let current = self.current.lock().await;
        let mut prepared = Prepared::default();
        if exporters.metrics != current.exporters.metrics
            && let Some(addr) = exporters.metrics
        {
            match metrics::bind(addr).await {
                Ok(listener) => prepared.listener = Some(Arc::new(listener)),
                // From 127.0.0.1 to 0.0.0.0: the old socket is in the way.
                Err(_) if current.exporters.metrics.is_some_and(|old| old.port() == addr.port()) => {
                    prepared.binds_late = true;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if exporters.flow_log != current.exporters.flow_log
            && let Some(path) = exporters.flow_log.clone()
        {
            prepared.sink = Some(Sink::open(Target::of(path)).map_err(|error| {
                if self.is_confined && error.is_denied() {
                    ExporterError::Confined(error)
                } else {
                    ExporterError::FlowLog(error)
                }
            })?);
        }
        prepared.exporters = exporters;
        Ok(prepared)
    }

    /// Returns the differences from now, each a line.
    pub(super) async fn changes(&self, file: &Exporters) -> Vec<String> {
        let wanted = self.given.clone().or(file);
        let current = self.current.lock().await;
        let mut lines = Vec::new();
        if pages_of(&wanted) != pages_of(&current.exporters) {
            lines.push(format!("metrics: {}", named(&wanted.metrics)));
        }
        if flows_of(&wanted) != flows_of(&current.exporters) {
            let path = wanted.flow_log.as_ref().map(|path| path.display());
            lines.push(format!("flow log: {}", named(&path)));
        }
        lines
    }

    /// Goes over to what was prepared.
    pub(super) async fn commit(&self, prepared: Prepared) {
        let Prepared { exporters, mut listener, binds_late, sink } = prepared;
        let mut current = self.current.lock().await;
        if let (true, Some(addr)) = (binds_late, exporters.metrics) {
            current.listener = None;
            let _ = self.pages.send((None, Limits::default()));
            listener = bind_when_free(addr).await.map(Arc::new);
        }
        if exporters.metrics != current.exporters.metrics {
            current.listener = listener;
        }
        if pages_of(&exporters) != pages_of(&current.exporters) {
            let series = exporters.metrics_series.unwrap_or(defaults::METRICS_SERIES);
            let limits = Limits { series, ..Limits::default() };
            let _ = self.pages.send((current.listener.clone(), limits));
        }
        if exporters.flow_log != current.exporters.flow_log {
            if let Some(writer) = current.flows.take() {
                writer.end(false).await;
            }
            if let Some(sink) = sink {
                let sink = sink.counting_from(self.tally());
                current.flows = Writer::start(sink, &self.director, self.clock, &self.tally);
            }
        }
        let logging = FlowLogging {
            begins: exporters.flow_begins.unwrap_or(false),
            rate: exporters.flow_rate.unwrap_or(defaults::FLOW_RATE),
        };
        if flows_of(&exporters) != flows_of(&current.exporters) {
            self.director.log_flows(current.flows.is_some().then_some(logging));
        }
        current.exporters = exporters;
    }

    /// The flow log's file was moved away.
    pub(super) async fn reopen(&self) {
        if let Some(writer) = &self.current.lock().await.flows {
            let _ = writer.commands.send(WriterCommand::Reopen);
        }
    }

    /// Writes the last lines; with `open_ones`, of connections that end with the director too.
    pub(super) async fn stop(&self, open_ones: bool) {
        if let Some(writer) = self.current.lock().await.flows.take() {
            writer.end(open_ones).await;
        }
    }

    pub(super) fn tally(&self) -> Tally {
        *self.tally.lock()
    }
}

/// Settings of the pages.
const fn pages_of(exporters: &Exporters) -> (Option<SocketAddr>, Option<usize>) {
    (exporters.metrics, exporters.metrics_series)
}

/// Settings of the flow log.
fn flows_of(exporters: &Exporters) -> (Option<&Path>, Option<bool>, Option<u32>) {
    (exporters.flow_log.as_deref(), exporters.flow_begins, exporters.flow_rate)
}

/// Waits a little for an address that is being let go.
async fn bind_when_free(addr: SocketAddr) -> Option<TcpListener> {
    let mut attempts = 100;
    loop {
        match metrics::bind(addr).await {
            Ok(listener) => return Some(listener),
            Err(error) if attempts == 0 => {
                tracing::error!(%error, "there are no metrics until the next reload");
                return None;
            }
            Err(_) => attempts -= 1,
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn named(what: &Option<impl std::fmt::Display>) -> String {
    what.as_ref().map_or_else(|| "none".to_owned(), |what| what.to_string())
}

/// Serves metrics wherever they are wanted, until the director ends.
pub(super) async fn serve_pages<S: metrics::Source>(
    source: Arc<S>,
    mut changes: mpsc::UnboundedReceiver<Pages>,
) {
    let mut pages: Pages = (None, Limits::default());
    loop {
        let next = match &pages {
            (Some(listener), limits) => tokio::select! {
                next = changes.recv() => next,
                () = metrics::serve(listener, Arc::clone(&source), *limits) => return,
            },
            (None, _) => changes.recv().await,
        };
        let Some(next) = next else { return };
        pages = next;
    }
}

enum WriterCommand {
    Reopen,
    /// Write what waits, and what is still open if so wished.
    End {
        open_ones: bool,
    },
}

/// The thread that writes the flow log.
#[derive(Debug)]
struct Writer {
    commands: Sender<WriterCommand>,
    ended: oneshot::Receiver<()>,
    path: PathBuf,
}

impl Writer {
    fn start(sink: Sink, director: &Arc<Director>, clock: Clock, tally: &Arc<Mutex<Tally>>) -> Option<Self> {
        let (commands, wishes) = channel();
        let (done, ended) = oneshot::channel();
        let path = match sink.target() {
            Target::File(path) => path.clone(),
            Target::Output => PathBuf::from("-"),
        };
        let writer = FlowLogWriter { sink, director: Arc::clone(director), clock, tally: Arc::clone(tally) };
        let thread = thread::Builder::new().name("tunvs-flows".to_owned()).spawn(move || {
            writer.write_until_end(&wishes);
            drop(done);
        });
        match thread {
            Ok(_) => Some(Self { commands, ended, path }),
            Err(error) => {
                tracing::error!(%error, "no thread for the flow log");
                None
            }
        }
    }

    /// A file that hangs is left to hang.
    async fn end(self, open_ones: bool) {
        let _ = self.commands.send(WriterCommand::End { open_ones });
        if tokio::time::timeout(FLOW_FLUSH_TIMEOUT, self.ended).await.is_err() {
            tracing::warn!(path = %self.path.display(), "the last lines of the flow log could not be written in time");
        }
    }
}

struct FlowLogWriter {
    sink: Sink,
    director: Arc<Director>,
    clock: Clock,
    tally: Arc<Mutex<Tally>>,
}

impl FlowLogWriter {
    fn write_until_end(mut self, wishes: &Receiver<WriterCommand>) {
        loop {
            match wishes.recv_timeout(FLOW_TICK) {
                Ok(WriterCommand::Reopen) => match self.sink.reopen() {
                    Ok(()) => tracing::info!("the flow log is opened anew"),
                    Err(error) => tracing::warn!(%error, "the flow log goes on in the old file"),
                },
                Ok(WriterCommand::End { open_ones }) => return self.write_last(open_ones),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.write_waiting();
        }
    }

    fn moment(&self) -> Moment {
        Moment { time: self.clock.now(), unix_millis: unix_millis() }
    }

    fn write_waiting(&mut self) {
        let TakenFlows { records, lost: LostFlows { rate, queue } } = self.director.take_flows();
        let moment = self.moment();
        let lines: Vec<_> = records.iter().map(|record| line::of(record, &moment)).collect();
        self.sink.write(&lines, Losses { rate, queue, write: 0 }, &moment);
        *self.tally.lock() = self.sink.tally();
    }

    fn write_last(&mut self, open_ones: bool) {
        self.director.log_flows(None);
        self.write_waiting();
        let deadline = self.clock.now() + FLOW_FLUSH_TIMEOUT / 2;
        let mut start = open_ones.then_some(0);
        while let Some(from) = start {
            let moment = self.moment();
            let TablePart { rows: records, next } = self.director.open_flows(from, moment.time);
            let is_late = moment.time >= deadline;
            let lines: Vec<_> = if is_late {
                Vec::new()
            } else {
                records.iter().map(|record| line::of(record, &moment)).collect()
            };
            let queue = if is_late { records.len() as u64 } else { 0 };
            self.sink.write(&lines, Losses { queue, ..Losses::default() }, &moment);
            start = next;
        }
        *self.tally.lock() = self.sink.tally();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs::Time;
    use lvs::director::{ServiceEntry, Settings};

    /// A director that tells nothing of itself.
    struct Silent;

    impl metrics::Source for Silent {
        fn status(&self) -> status::Status {
            status::Status::default()
        }

        fn services(&self) -> Vec<ServiceEntry> {
            Vec::new()
        }

        fn now(&self) -> Time {
            Time::ZERO
        }
    }

    fn exporters(given: Exporters) -> (RunningExporters, mpsc::UnboundedReceiver<Pages>) {
        let director = Arc::new(Director::new(Settings::default()));
        RunningExporters::new(director, Clock::start(), given, &status::Sandbox::default())
    }

    async fn turn(exporters: &RunningExporters, file: &Exporters) -> Result<Vec<String>, ExporterError> {
        let prepared = exporters.prepare(file).await?;
        let changes = exporters.changes(file).await;
        exporters.commit(prepared).await;
        Ok(changes)
    }

    #[tokio::test]
    async fn pages_follow_the_file_and_a_wrong_address_changes_nothing() {
        let (running, pages) = exporters(Exporters::default());
        let served = tokio::spawn(serve_pages(Arc::new(Silent), pages));
        let free = |()| std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let at = |addr: SocketAddr| Exporters { metrics: Some(addr), ..Exporters::default() };
        let answers = async |addr: SocketAddr| {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut stream = tokio::net::TcpStream::connect(addr).await?;
            stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").await?;
            let mut text = String::new();
            stream.read_to_string(&mut text).await?;
            io::Result::Ok(text.ends_with("ok\n"))
        };
        let (one, two) = (free(()), free(()));
        assert_eq!(turn(&running, &at(one)).await.unwrap(), [format!("metrics: {one}")]);
        assert!(answers(one).await.unwrap());
        assert_eq!(turn(&running, &at(one)).await.unwrap(), Vec::<String>::new());
        turn(&running, &at(two)).await.unwrap();
        assert!(answers(two).await.unwrap());
        let deadline = tokio::time::sleep(Duration::from_secs(20));
        tokio::pin!(deadline);
        while answers(one).await.is_ok() {
            assert!(!deadline.is_elapsed(), "the old address still answers");
            tokio::task::yield_now().await;
        }
        assert!(turn(&running, &at("192.0.2.1:1".parse().unwrap())).await.is_err());
        let everywhere = SocketAddr::from(([0; 4], two.port()));
        turn(&running, &at(everywhere)).await.unwrap();
        assert!(answers(two).await.unwrap());
        assert_eq!(turn(&running, &Exporters::default()).await.unwrap(), ["metrics: none"]);
        served.abort();
    }

    #[tokio::test]
    async fn the_flow_log_follows_the_file_and_the_command_line_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let to = |name: &str| Exporters { flow_log: Some(folder.path().join(name)), ..Exporters::default() };
        let (running, _pages) = exporters(Exporters { flow_rate: Some(5), ..Exporters::default() });
        let path = folder.path().join("one");
        assert_eq!(turn(&running, &to("one")).await.unwrap(), [format!("flow log: {}", path.display())]);
        assert!(path.exists());
        assert!(turn(&running, &to("no/such/folder")).await.is_err());
        assert!(running.current.lock().await.flows.is_some());
        std::fs::rename(&path, folder.path().join("old")).unwrap();
        running.reopen().await;
        turn(&running, &to("two")).await.unwrap();
        assert!(
            path.exists() && folder.path().join("two").exists(),
            "commands are carried out in their order"
        );
        assert_eq!(running.current.lock().await.exporters.flow_rate, Some(5));
        assert_eq!(turn(&running, &Exporters::default()).await.unwrap(), ["flow log: none"]);
        running.stop(true).await;
    }
}
