//! Numbers for monitoring over HTTP: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever supervises.
//!
//! Owns what is answered, and bounds around hyper: GET and nothing else, one request a connection, small heads, deadlines
//! for everything, a bounded number of clients, and one page for all who ask within a second. Asks a [`Source`] for the
//! numbers, called by the daemon. Packets are never held up by it.

mod text;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Notify, Semaphore};
use tokio::task::JoinSet;

pub use text::render;

use lvs::Time;
use lvs::director::ServiceEntry;
use lvs_control::Status;

/// Source of the numbers.
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

/// No head of that length has more.
const MOST_HEADERS: usize = LONGEST_HEAD / 4;

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
/// The address is taken, not ours, or not allowed.
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
                            site.serve(stream).await;
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
    page: Mutex<Option<(Time, Bytes)>>,
}

impl<S: Source> Site<S> {
    async fn serve(&self, mut stream: TcpStream) {
        let has_answer = Notify::new();
        let service = service_fn(|request| async {
            let answer = self.answer(request).await;
            has_answer.notify_one();
            Ok::<_, Infallible>(answer)
        });
        let conversation = async {
            // What is no request has its answer from hyper itself.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(self.limits.request)
                .max_buf_size(LONGEST_HEAD)
                .max_headers(MOST_HEADERS)
                .half_close(true)
                .keep_alive(false)
                .auto_date_header(false)
                .title_case_headers(true)
                .serve_connection(TokioIo::new(&mut stream), service)
                .await;
            has_answer.notify_one();
            // A socket that is closed over unread bytes loses what was sent.
            let mut sink = [0; 1024];
            while matches!(stream.read(&mut sink).await, Ok(len) if len > 0) {}
        };
        let patience = async {
            has_answer.notified().await;
            tokio::time::sleep(self.limits.answer).await;
        };
        tokio::select! {
            () = conversation => {}
            () = patience => {}
        }
    }

    async fn answer<B>(&self, request: Request<B>) -> Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        }
        match request.uri().path() {
            "/metrics" => match self.metrics().await {
                Some(page) => response(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", page),
                None => text(StatusCode::INTERNAL_SERVER_ERROR, "the numbers could not be gathered\n"),
            },
            "/healthz" => text(StatusCode::OK, "ok\n"),
            "/readyz" => {
                let host = self.source.status().host;
                if host.follows {
                    text(StatusCode::OK, "ready\n")
                } else {
                    let troubles: String =
                        host.troubles.iter().map(|trouble| format!("{trouble}\n")).collect();
                    let words = format!("the host does not do what the services need\n{troubles}");
                    text(StatusCode::SERVICE_UNAVAILABLE, words)
                }
            }
            "/" => text(StatusCode::OK, "tunvs: /metrics /healthz /readyz\n"),
            _ => text(StatusCode::NOT_FOUND, "there are /metrics, /healthz and /readyz\n"),
        }
    }

    /// The page, made anew when it is older than a second, by one client for all.
    async fn metrics(&self) -> Option<Bytes> {
        let mut page = self.page.lock().await;
        let now = self.source.now();
        if let Some((_, text)) = page.as_ref().filter(|(made, _)| now.since(*made) < FRESH) {
            return Some(text.clone());
        }
        let (source, series) = (Arc::clone(&self.source), self.limits.series);
        let text =
            tokio::task::spawn_blocking(move || render(&source.status(), source.services(), series)).await;
        let text = Bytes::from(text.ok()?);
        *page = Some((now, text.clone()));
        Some(text)
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    response(status, "text/plain; charset=utf-8", body.into())
}

fn response(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let len = body.len();
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(len));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

    use tokio::io::AsyncWriteExt;
    use tokio::time::timeout;

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
                host: Host { follows: self.follows.load(Relaxed), changes: 0, troubles, ..Host::default() },
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
    async fn an_answer_is_the_same_to_the_byte() {
        let (addr, _twin) = start(8).await;
        let head = "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\
                    Cache-Control: no-store\r\nConnection: close\r\n\r\n";
        assert_eq!(get(addr, "/healthz").await, format!("HTTP/1.1 200 OK\r\n{head}ok\n"));
        let head_only = say(addr, "HEAD /healthz HTTP/1.1\r\nConnection: keep-alive\r\n\r\n").await;
        assert_eq!(head_only, format!("HTTP/1.1 200 OK\r\n{head}"));
        let many = "a:\r\n".repeat(1000);
        assert!(say(addr, &format!("GET /healthz HTTP/1.1\r\n{many}\r\n")).await.ends_with("ok\n"));
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\n\r\n").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("ok\n"), "who has nothing more to say is answered: {answer}");
        let posted = format!("POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n{}", "x".repeat(99_999));
        assert!(say(addr, &posted).await.ends_with("only GET and HEAD\n"));
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
