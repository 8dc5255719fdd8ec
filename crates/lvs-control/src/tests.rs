//! The server over a real socket in a temporary directory.

mod listings;

use std::future::Future;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::protocol::{self, FrameError, HEADER_LEN, MAX_REQUEST, OnError, Request, Response};
use super::server::{Limits, serve_with};
use super::service::{Bare, Service};
use super::socket::{BindError, ControlSocket};
use super::stream::{self, Part, Parts, StreamRequest};
use super::{Client, ClientError, Refusal};
use crate::events::Events;
use ipvsadm::Applied;
use lvs::director::{Command, CommandError, Director, Explanation, Query, Question, Reply, Settings};
use lvs::service::{Forwarding, Protocol, ServerSpec, ServiceKey, ServiceSpec};
use lvs::time::Time;
use lvs_events::Event;

fn key(port: u16) -> ServiceKey {
    ServiceKey::Address { protocol: Protocol::Tcp, addr: "10.0.0.1".parse().unwrap(), port }
}

fn add_service(port: u16) -> Command {
    Command::AddService(ServiceSpec::new(key(port), "rr"))
}

fn add_server(port: u16, last: u8) -> Command {
    let addr = format!("10.1.0.{last}").parse().unwrap();
    Command::AddServer { service: key(port), server: ServerSpec::new(addr, 80, Forwarding::Masq) }
}

/// A server in a thread of its own; stopped and waited for when it is dropped.
struct Running {
    path: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    _dir: TempDir,
}

impl Running {
    fn start(limits: Limits) -> Self {
        Self::serve(limits, Bare::new(Arc::new(Director::new(Settings::default())), || Time::ZERO))
    }

    fn serve(limits: Limits, service: impl Service) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/control.sock");
        let (stop, stopped) = oneshot::channel();
        let socket = ControlSocket::bind(&path).unwrap();
        let thread = std::thread::spawn(move || {
            block_on(async move {
                let shutdown = async { drop(stopped.await) };
                serve_with(socket.listener().unwrap(), Arc::new(service), shutdown, limits).await;
            });
        });
        Self { path, stop: Some(stop), thread: Some(thread), _dir: dir }
    }

    fn client(&self) -> Client {
        Client::connect(&self.path).unwrap()
    }

    fn raw(&self) -> UnixStream {
        let stream = UnixStream::connect(&self.path).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    fn answers(&self) {
        assert!(matches!(self.client().query(Query::Info), Ok(Ok(Reply::Info(_)))));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
}

fn read_refusal(stream: &mut UnixStream) -> Refusal {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    match protocol::parse(&answer[HEADER_LEN..]).unwrap() {
        Response::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn commands_and_queries_reach_the_director() {
    let server = Running::start(Limits::default());
    let mut client = server.client();
    let batch = vec![add_service(80), add_server(80, 1), add_service(80), add_server(80, 2)];
    let applied = client.apply(batch).unwrap();
    let exists = Err(CommandError::ServiceExists(key(80)));
    assert_eq!(
        applied,
        Applied { results: vec![Ok(()), Ok(()), exists.clone(), Ok(())], warnings: Vec::new() }
    );
    let Ok(Reply::Services(services)) = client.query(Query::Service(key(80))).unwrap() else { panic!() };
    assert_eq!(services[0].servers.len(), 2);
    assert_eq!(client.query(Query::Service(key(81))).unwrap(), Err(CommandError::NoSuchService(key(81))));
    let stopped = client.apply_until_error(vec![add_service(80), add_service(443)]).unwrap();
    assert_eq!(stopped.results, [exists]);
    assert_eq!(client.counters().unwrap(), []);
}

#[test]
fn a_restore_of_many_services_is_one_request() {
    let server = Running::start(Limits::default());
    let mut client = server.client();
    let batch: Vec<Command> =
        (1..=5000).flat_map(|port| [add_service(port), add_server(port, 1), add_server(port, 2)]).collect();
    let applied = client.apply(batch).unwrap();
    assert!(applied.results.len() == 15_000 && applied.results.iter().all(Result::is_ok));
    let Ok(Reply::Services(services)) = client.query(Query::Services).unwrap() else { panic!() };
    assert_eq!(services.len(), 5000);
}

#[test]
fn garbage_is_refused_and_harms_nobody() {
    let server = Running::start(Limits::default());
    let mut web = server.raw();
    web.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(matches!(read_refusal(&mut web), Refusal::Malformed(_)));

    let mut body = server.raw();
    body.write_all(b"LVS\x01\x00\x00\x00\x04\xff\xfe{}").unwrap();
    assert!(matches!(read_refusal(&mut body), Refusal::Malformed(_)));

    let mut newer = server.raw();
    newer.write_all(b"LVS\x63\x00\x00\x00\x00").unwrap();
    assert_eq!(read_refusal(&mut newer), Refusal::Version(protocol::VERSION));

    let mut huge = server.raw();
    huge.write_all(b"LVS\x01\xff\xff\xff\xff").unwrap();
    assert_eq!(read_refusal(&mut huge), Refusal::TooLong { len: u32::MAX as usize, limit: MAX_REQUEST });
    server.answers();
}

#[test]
fn a_half_request_changes_nothing() {
    let server = Running::start(Limits::default());
    let request = Request::Apply { commands: vec![add_service(80)], on_error: OnError::Continue };
    let frame = protocol::frame(&request, MAX_REQUEST).unwrap();
    for len in [1, HEADER_LEN - 1, HEADER_LEN, frame.len() - 1] {
        let mut half = server.raw();
        half.write_all(&frame[..len]).unwrap();
    }
    let Ok(Reply::Services(services)) = server.client().query(Query::Services).unwrap() else { panic!() };
    assert_eq!(services, []);
}

#[test]
fn a_client_that_stalls_is_dropped() {
    let limits = Limits { stall: Duration::from_millis(50), ..Limits::default() };
    let server = Running::start(limits);
    let mut stalled = server.raw();
    stalled.write_all(b"LVS").unwrap();
    assert_eq!(stalled.read(&mut [0; 8]).unwrap(), 0);

    let batch: Vec<Command> = (1..=3000).map(add_service).collect();
    server.client().apply(batch).unwrap();
    let ask = protocol::frame(&Request::Query(Query::Services), MAX_REQUEST).unwrap();
    let mut deaf = server.raw();
    deaf.write_all(&ask).unwrap();
    server.answers();
    // The server gives up when the socket's buffer stays full, so that the answer is cut short.
    let mut hangup = [PollFd::new(deaf.as_fd(), PollFlags::empty())];
    assert_eq!(poll(&mut hangup, PollTimeout::from(10_000u16)), Ok(1));
    let mut answer = Vec::new();
    deaf.read_to_end(&mut answer).unwrap();
    let whole = u32::from_be_bytes(answer[4..8].try_into().unwrap()) as usize + HEADER_LEN;
    assert!(answer.len() < whole, "{} of {whole}", answer.len());
}

#[test]
fn one_connection_too_many_is_told_so() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let server = Running::start(limits);
    let mut first = server.client();
    assert!(first.query(Query::Info).is_ok());
    let refused = server.client().query(Query::Info);
    assert!(matches!(refused, Err(ClientError::Refused(Refusal::Busy))), "{refused:?}");
    assert!(first.query(Query::Info).is_ok());
}

#[test]
fn an_idle_connection_does_not_delay_the_end() {
    let server = Running::start(Limits { linger: Duration::from_secs(3600), ..Limits::default() });
    let mut idle = server.client();
    assert!(idle.query(Query::Info).is_ok());
    drop(server);
    assert!(matches!(idle.query(Query::Info), Err(ClientError::Lost { .. })));
}

#[test]
fn only_the_owner_may_connect() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tunvs/control.sock");
    let socket = ControlSocket::bind(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    drop(socket);
    assert!(!path.exists() && !dir.path().join("tunvs").exists(), "nothing is left behind");
}

#[test]
fn a_living_director_keeps_its_socket() {
    let server = Running::start(Limits::default());
    let refused = ControlSocket::bind(&server.path);
    assert!(matches!(refused, Err(BindError::Taken { .. })), "{refused:?}");
    server.answers();
}

#[test]
fn a_stale_socket_is_replaced_and_another_file_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let socket = ControlSocket::bind(&path).unwrap();
    let successor = {
        std::fs::remove_file(&path).unwrap();
        ControlSocket::bind(&path).unwrap()
    };
    drop(socket);
    assert!(path.exists(), "the file of a successor stays");
    drop(successor);

    std::fs::write(&path, "precious").unwrap();
    assert!(matches!(ControlSocket::bind(&path), Err(BindError::NotASocket { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_path_that_cannot_be_is_refused() {
    let long = PathBuf::from(format!("/tmp/{}", "x".repeat(200)));
    assert!(matches!(ControlSocket::bind(&long), Err(BindError::PathTooLong { .. })));
    let nowhere = PathBuf::from("/nonexistent/folder/control.sock");
    assert!(matches!(ControlSocket::bind(&nowhere), Err(BindError::Directory { .. })));
    let below_file = PathBuf::from("/proc/version/control.sock");
    assert!(matches!(ControlSocket::bind(&below_file), Err(BindError::Directory { .. })));
}

#[test]
fn without_a_director_the_client_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control.sock");
    let error = Client::connect(&path).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("no director answers at {}: start one with `tunvs run`", path.display())
    );
    drop(UnixListener::bind(&path).unwrap());
    assert!(matches!(Client::connect(&path), Err(ClientError::NoDirector { .. })));
}

/// A service with events to tell of.
struct Telling(Arc<Events>);

impl Service for Telling {
    async fn apply(&self, _: Vec<Command>, _: OnError) -> Applied {
        Applied::default()
    }

    fn query(&self, _: &Query) -> Result<Reply, CommandError> {
        Err(CommandError::NoDaemon)
    }

    fn explain(&self, question: &Question) -> Explanation {
        Director::new(Settings::default()).explain(question, Time::ZERO)
    }

    fn stream(&self, request: &StreamRequest) -> Parts {
        match request {
            StreamRequest::Events { past, follow } => stream::events(&self.0, *past, *follow),
            StreamRequest::Entries
            | StreamRequest::Connections(_)
            | StreamRequest::States(_)
            | StreamRequest::Capture(_) => futures::stream::StreamExt::boxed(futures::stream::empty()),
        }
    }
}

fn telling(limits: Limits) -> (Running, Arc<Events>) {
    let events = Arc::new(Events::new(|| 0));
    (Running::serve(limits, Telling(Arc::clone(&events))), events)
}

const FOLLOW: StreamRequest = StreamRequest::Events { past: 10, follow: true };

fn numbers(parts: impl Iterator<Item = Result<Part, ClientError>>) -> Vec<u64> {
    parts
        .map(|part| match part.unwrap() {
            Part::Event(record) => record.number,
            other => panic!("nobody asked for {other:?}"),
        })
        .collect()
}

#[test]
fn events_come_as_they_happen_until_the_director_stops() {
    let (server, events) = telling(Limits::default());
    events.publish(Event::ServiceAdded { service: key(80) });
    let mut parts = server.client().stream(FOLLOW).unwrap();
    assert_eq!(numbers(parts.by_ref().take(1)), [1]);
    assert_eq!(
        numbers(server.client().stream(StreamRequest::Events { past: 10, follow: false }).unwrap()),
        [1]
    );
    events.publish(Event::ServiceRemoved { service: key(80) });
    events.publish(Event::Stopping);
    assert_eq!(numbers(parts), [2, 3]);
}

#[test]
fn a_stopping_server_sends_what_is_left_and_ends() {
    let (server, events) = telling(Limits::default());
    let mut parts = server.client().stream(FOLLOW).unwrap();
    events.publish(Event::ServiceAdded { service: key(80) });
    assert_eq!(numbers(parts.by_ref().take(1)), [1]);
    for _ in 0..100 {
        events.publish(Event::ServiceAdded { service: key(80) });
    }
    drop(server);
    assert_eq!(numbers(parts).len(), 100);
}

#[test]
fn a_reader_that_does_not_read_holds_nobody_up_and_is_told_what_it_lost() {
    let limits = Limits { streams: 1, stall: Duration::from_millis(50), ..Limits::default() };
    let (server, events) = telling(limits);
    let mut parts = server.client().stream(FOLLOW).unwrap();
    events.publish(Event::ServiceAdded { service: key(80) });
    assert_eq!(numbers(parts.by_ref().take(1)), [1]);
    let many = 50_000;
    for _ in 0..many {
        events.publish(Event::ServiceAdded { service: key(80) });
    }
    let refused = server.client().stream(FOLLOW).unwrap().next();
    assert!(matches!(refused, Some(Err(ClientError::Refused(Refusal::Busy)))), "{refused:?}");
    events.publish(Event::Stopping);
    let (mut seen, mut lost) = (0, 0);
    for part in parts.by_ref() {
        let Part::Event(record) = part.unwrap() else { panic!() };
        match record.event {
            Event::Lost { events } => lost += events,
            _ => seen += 1,
        }
    }
    assert!(lost > 0, "nothing was lost");
    assert_eq!(seen + lost, many + 1);
}

#[test]
fn the_place_of_a_reader_that_hangs_up_is_free_at_once() {
    let (server, _events) = telling(Limits { streams: 1, ..Limits::default() });
    drop(server.client().stream(FOLLOW).unwrap());
    let deadline = Duration::from_secs(10);
    let (sender, free) = std::sync::mpsc::channel();
    let path = server.path.clone();
    std::thread::spawn(move || {
        let past = || {
            Client::connect(&path).unwrap().stream(StreamRequest::Events { past: 0, follow: false }).unwrap()
        };
        while past().next().is_some() {}
        let _ = sender.send(());
    });
    free.recv_timeout(deadline).unwrap();
}

/// `tunvs events | head -n 1`, when nothing happens any more.
#[test]
fn who_is_read_by_nobody_waits_for_nothing() {
    let (server, events) = telling(Limits::default());
    let (reader, writer) = std::io::pipe().unwrap();
    let mut parts = server.client().stream(FOLLOW).unwrap().while_read(writer).unwrap();
    events.publish(Event::ServiceAdded { service: key(80) });
    assert_eq!(numbers(parts.by_ref().take(1)), [1]);
    let (sender, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(numbers(parts)));
    drop(reader);
    assert_eq!(ended.recv_timeout(Duration::from_secs(10)), Ok(Vec::new()));
}

#[test]
fn messages_come_out_as_they_went_in() {
    let requests = [
        Request::Apply { commands: vec![add_service(1), Command::Zero(None)], on_error: OnError::Stop },
        Request::Query(Query::Service(key(80))),
        Request::Counters,
    ];
    for request in requests {
        let frame = protocol::frame(&request, MAX_REQUEST).unwrap();
        let header = frame[..HEADER_LEN].try_into().unwrap();
        assert_eq!(protocol::body_len(header, MAX_REQUEST).unwrap(), frame.len() - HEADER_LEN);
        assert_eq!(protocol::parse::<Request>(&frame[HEADER_LEN..]).unwrap(), request);
    }
    assert!(matches!(protocol::frame(&Request::Counters, 3), Err(FrameError::TooLong { .. })));
}
