//! Numbers for monitoring over HTTP: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever supervises.
//!
//! Owns a server of a few lines that knows GET and nothing else: one request a connection, small heads, deadlines for
//! everything, a bounded number of clients, and one page for all who ask within a second. Asks a [`Source`] for the
//! numbers, called by the daemon. Packets are never held up by it.

mod text;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use text::render;

use lvs::Time;
use lvs::director::ServiceEntry;
use lvs_control::Status;

/// Where the numbers come from.
pub trait Source: Send + Sync + 'static {
    fn status(&self) -> Status;
    fn services(&self) -> Vec<ServiceEntry>;
    fn now(&self) -> Time;
}

/// Bounds on what clients may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Clients at once; one more is turned away.
    pub clients: usize,
    /// Time for the whole request.
    pub request: Duration,
    /// Time for the whole answer.
    pub answer: Duration,
    /// Series of services and servers.
    pub series: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            clients: 256,
            request: Duration::from_secs(5),
            answer: Duration::from_secs(10),
            series: lvs_config::defaults::METRICS_SERIES,
        }
    }
}

/// The longest head of a request.
const LONGEST_HEAD: usize = 8192;

/// How old a page may be that is given out.
const FRESH: Duration = Duration::from_secs(1);

/// When the process is out of descriptors, waiting is all that helps.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, thiserror::Error)]
#[error("cannot serve metrics at {addr}: choose another address with --metrics")]
pub struct BindError {
    addr: SocketAddr,
    source: io::Error,
}

/// Takes the address. Inside a tokio runtime.
///
/// # Errors
/// It is taken, not ours, or not allowed.
pub async fn bind(addr: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(addr).await.map_err(|source| BindError { addr, source })
}

/// Answers until it is dropped, and whoever waits for an answer with it.
pub async fn serve(listener: &TcpListener, source: Arc<impl Source>, limits: Limits) {
    let seats = Arc::new(Semaphore::new(limits.clients));
    let site = Arc::new(Site { source, limits, page: Mutex::default() });
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = tasks.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Nobody waits for a seat: whoever is turned away comes again.
                    if let Ok(seat) = Arc::clone(&seats).try_acquire_owned() {
                        let site = Arc::clone(&site);
                        tasks.spawn(async move {
                            site.answer(stream).await;
                            drop(seat);
                        });
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a client of the metrics");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

struct Site<S> {
    source: Arc<S>,
    limits: Limits,
    page: Mutex<Option<(Time, Arc<String>)>>,
}

/// A status line, the type of the body, and the body.
struct Answer {
    status: &'static str,
    kind: &'static str,
    body: Arc<String>,
}

impl Answer {
    fn text(status: &'static str, body: impl Into<String>) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", body: Arc::new(body.into()) }
    }
}

impl<S: Source> Site<S> {
    async fn answer(&self, mut stream: TcpStream) {
        let Ok(Ok(head)) = timeout(self.limits.request, read_head(&mut stream)).await else { return };
        let (answer, with_body) = match head.as_deref().map(parse) {
            Some(Some((method @ ("GET" | "HEAD"), path))) => (self.page(path).await, method == "GET"),
            Some(Some(_)) => (Answer::text("405 Method Not Allowed", "only GET and HEAD\n"), true),
            Some(None) => (Answer::text("400 Bad Request", "this is not HTTP\n"), true),
            None => (Answer::text("431 Request Header Fields Too Large", "the request is too long\n"), true),
        };
        let farewell = async {
            let head = format!(
                "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
                answer.status,
                answer.kind,
                answer.body.len()
            );
            stream.write_all(head.as_bytes()).await?;
            if with_body {
                stream.write_all(answer.body.as_bytes()).await?;
            }
            stream.shutdown().await?;
            // A socket that is closed over unread bytes loses what was sent.
            let mut sink = [0; 1024];
            while stream.read(&mut sink).await? > 0 {}
            io::Result::Ok(())
        };
        let _ = timeout(self.limits.answer, farewell).await;
    }

    async fn page(&self, path: &str) -> Answer {
        match path.split('?').next().unwrap_or(path) {
            "/metrics" => match self.metrics().await {
                Some(body) => {
                    Answer { status: "200 OK", kind: "text/plain; version=0.0.4; charset=utf-8", body }
                }
                None => Answer::text("500 Internal Server Error", "the numbers could not be gathered\n"),
            },
            "/healthz" => Answer::text("200 OK", "ok\n"),
            "/readyz" => {
                let host = self.source.status().host;
                if host.follows {
                    Answer::text("200 OK", "ready\n")
                } else {
                    let troubles: String =
                        host.troubles.iter().map(|trouble| format!("{trouble}\n")).collect();
                    let text = format!("the host does not do what the services need\n{troubles}");
                    Answer::text("503 Service Unavailable", text)
                }
            }
            "/" => Answer::text("200 OK", "tunvs: /metrics /healthz /readyz\n"),
            _ => Answer::text("404 Not Found", "there are /metrics, /healthz and /readyz\n"),
        }
    }

    /// The page, made anew when it is older than a second, by one client for all.
    async fn metrics(&self) -> Option<Arc<String>> {
        let mut page = self.page.lock().await;
        let now = self.source.now();
        if let Some((_, text)) = page.as_ref().filter(|(made, _)| now.since(*made) < FRESH) {
            return Some(Arc::clone(text));
        }
        let (source, series) = (Arc::clone(&self.source), self.limits.series);
        let text =
            tokio::task::spawn_blocking(move || render(&source.status(), source.services(), series)).await;
        let text = Arc::new(text.ok()?);
        *page = Some((now, Arc::clone(&text)));
        Some(text)
    }
}

/// Everything up to the empty line. None: too long.
async fn read_head(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    let mut step = [0; 1024];
    loop {
        let len = stream.read(&mut step).await?;
        if len == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&step[..len]);
        let is_whole =
            head.windows(4).any(|end| end == b"\r\n\r\n") || head.windows(2).any(|end| end == b"\n\n");
        if is_whole {
            return Ok(Some(head));
        }
        if head.len() > LONGEST_HEAD {
            return Ok(None);
        }
    }
}

/// Method and path of a request.
fn parse(head: &[u8]) -> Option<(&str, &str)> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\n').next()?).ok()?;
    let mut words = line.trim_end().split(' ');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some(method), Some(path), Some(version), None) if version.starts_with("HTTP/1.") => {
            Some((method, path))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

    use super::*;
    use lvs_control::status::Host;

    #[derive(Default)]
    struct Twin {
        follows: AtomicBool,
        asked: AtomicU64,
        now: AtomicU64,
    }

    impl Source for Twin {
        fn status(&self) -> Status {
            let troubles = vec!["no route".to_owned()];
            Status {
                host: Host { follows: self.follows.load(Relaxed), changes: 0, troubles, contested: 0 },
                ..Status::default()
            }
        }

        fn services(&self) -> Vec<ServiceEntry> {
            self.asked.fetch_add(1, Relaxed);
            Vec::new()
        }

        fn now(&self) -> Time {
            Time(self.now.load(Relaxed))
        }
    }

    const SHORT: Duration = Duration::from_millis(200);

    async fn start(clients: usize) -> (SocketAddr, Arc<Twin>) {
        let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let twin = Arc::new(Twin::default());
        let limits = Limits { clients, request: SHORT, answer: SHORT, series: 100 };
        let source = Arc::clone(&twin);
        tokio::spawn(async move { serve(&listener, source, limits).await });
        (addr, twin)
    }

    async fn say(addr: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    async fn get(addr: SocketAddr, path: &str) -> String {
        say(addr, &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await
    }

    #[tokio::test]
    async fn pages_are_served_and_nothing_else() {
        let (addr, twin) = start(8).await;
        let page = get(addr, "/metrics?x=1").await;
        assert!(page.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"), "{page}");
        let (head, body) = page.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("Content-Length: {}\r\n", body.len()))
                && body.contains("tunvs_services 0\n")
        );
        assert!(get(addr, "/healthz").await.ends_with("ok\n"));
        let unready = get(addr, "/readyz").await;
        assert!(unready.starts_with("HTTP/1.1 503") && unready.ends_with("no route\n"), "{unready}");
        twin.follows.store(true, Relaxed);
        assert!(get(addr, "/readyz").await.starts_with("HTTP/1.1 200"));
        assert!(get(addr, "/nothing").await.starts_with("HTTP/1.1 404"));
        assert!(say(addr, "POST /metrics HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 405"));
        assert!(say(addr, "\u{1}\u{2}\u{3}\n\n").await.starts_with("HTTP/1.1 400"));
        assert!(say(addr, &"x".repeat(LONGEST_HEAD + 2000)).await.starts_with("HTTP/1.1 431"));
        let head = say(addr, "HEAD /metrics HTTP/1.0\n\n").await;
        assert!(head.ends_with("\r\n\r\n") && head.contains("Content-Length"), "{head}");
    }

    #[tokio::test]
    async fn many_who_ask_at_once_cost_one_page() {
        let (addr, twin) = start(64).await;
        let pages = futures::future::join_all((0..50).map(|_| get(addr, "/metrics"))).await;
        assert!(pages.iter().all(|page| page.starts_with("HTTP/1.1 200")));
        assert_eq!(twin.asked.load(Relaxed), 1);
        twin.now.store(1000, Relaxed);
        get(addr, "/metrics").await;
        assert_eq!(twin.asked.load(Relaxed), 2);
    }

    #[tokio::test]
    async fn who_says_nothing_or_never_reads_loses_the_seat() {
        let (addr, _twin) = start(4).await;
        let mut silent = Vec::new();
        for request in ["", "GET /met", "GET /metrics HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nX: "] {
            let mut stream = TcpStream::connect(addr).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            silent.push(stream);
        }
        let deadline = Duration::from_secs(20);
        let served = async { while !get(addr, "/healthz").await.ends_with("ok\n") {} };
        timeout(deadline, served).await.unwrap();
        for mut stream in silent.drain(..2) {
            assert_eq!(timeout(deadline, stream.read(&mut [0; 16])).await.unwrap().unwrap(), 0);
        }
    }

    #[tokio::test]
    async fn a_taken_address_is_an_error_that_names_it() {
        let (addr, _twin) = start(1).await;
        let error = bind(addr).await.unwrap_err();
        assert!(error.to_string().contains(&addr.to_string()), "{error}");
    }
}
