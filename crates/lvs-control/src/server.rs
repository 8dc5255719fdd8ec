//! Answers clients: one task each, with limits, so that a bad one harms only itself.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{error::Elapsed, timeout};

use super::protocol::{self, FrameError, HEADER_LEN, MAX_REQUEST, MAX_RESPONSE, Refusal, Request, Response};
use super::service::Service;
use super::stream::StreamRequest;

/// Bounds on what clients may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub connections: usize,
    /// Time between two requests of a client.
    pub idle: Duration,
    /// Time without progress in the middle of a request or an answer.
    pub stall: Duration,
    /// Requests of more than [`LARGE`] bytes that are in memory at once.
    pub large_requests: usize,
    /// Answers in parts that are under way at once. A client may take its time over one.
    pub streams: usize,
    /// Parts of listings that are in memory at once, but for those whose readers do not take them; others wait.
    pub listings: usize,
    /// Time that a reader has for a part before somebody else has its turn.
    pub turn: Duration,
    /// Time after which a listing ends that nobody reads.
    pub unread: Duration,
    /// Time that requests under way have when the server stops.
    pub linger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 128,
            idle: Duration::from_secs(60),
            stall: Duration::from_secs(10),
            large_requests: 4,
            streams: 32,
            listings: 4,
            turn: Duration::from_secs(1),
            unread: Duration::from_secs(300),
            linger: Duration::from_secs(5),
        }
    }
}

/// From here on a request counts as large.
pub const LARGE: usize = 1 << 20;

/// Reads and writes go in steps of this size, each of which must make progress in time.
const STEP: usize = 256 << 10;

const SINK: usize = 16 << 10;

/// When the process is out of descriptors, waiting is all that helps.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers until `shutdown` is done, then lets requests under way finish.
pub async fn serve<S: Service>(listener: UnixListener, service: Arc<S>, shutdown: impl Future<Output = ()>) {
    serve_with(listener, service, shutdown, Limits::default()).await;
}

/// As [`serve`], with other limits.
pub async fn serve_with<S: Service>(
    listener: UnixListener,
    service: Arc<S>,
    shutdown: impl Future<Output = ()>,
    limits: Limits,
) {
    let (stop, stopping) = watch::channel(false);
    let seats = Arc::new(Semaphore::new(limits.connections));
    let large = Arc::new(Semaphore::new(limits.large_requests));
    let streams = Arc::new(Semaphore::new(limits.streams));
    let listings = Arc::new(Semaphore::new(limits.listings));
    let mut tasks = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = tasks.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let seat = Arc::clone(&seats).try_acquire_owned().ok();
                    let connection = Connection {
                        stream,
                        service: Arc::clone(&service),
                        large: Arc::clone(&large),
                        streams: Arc::clone(&streams),
                        listings: Arc::clone(&listings),
                        stopping: stopping.clone(),
                        limits,
                    };
                    tasks.spawn(connection.run(seat));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a control connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let _ = stop.send(true);
    let all_done = async { while tasks.join_next().await.is_some() {} };
    if timeout(limits.linger, all_done).await.is_err() {
        tracing::warn!("control requests were still under way at the end");
    }
}

/// Answer to a request.
enum Answer {
    Whole(Response),
    InParts(StreamRequest),
}

struct Connection<S> {
    stream: UnixStream,
    service: Arc<S>,
    large: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    listings: Arc<Semaphore>,
    stopping: watch::Receiver<bool>,
    limits: Limits,
}

#[derive(Debug, thiserror::Error)]
enum ConnectionError {
    #[error("client gone")]
    Io(#[from] io::Error),
    #[error("client hung up")]
    HungUp,
    #[error("client stalls")]
    Stalled(#[from] Elapsed),
    #[error(transparent)]
    Frame(#[from] FrameError),
}

impl<S: Service> Connection<S> {
    /// `seat`: none when all are taken.
    async fn run(mut self, seat: Option<OwnedSemaphorePermit>) {
        if seat.is_none() {
            self.refuse(Refusal::Busy).await;
            return;
        }
        let Err(error) = self.answer_all().await else { return };
        tracing::debug!(%error, "control connection ended");
        if let ConnectionError::Frame(error) = &error {
            self.refuse(Refusal::from(error)).await;
        }
    }

    /// Says why, then swallows what the client still sends: a socket closed over unread bytes loses the answer.
    async fn refuse(&mut self, refusal: Refusal) {
        let limit = self.limits.stall;
        let farewell = async {
            self.send(&Response::Refused(refusal)).await?;
            self.stream.shutdown().await?;
            let mut sink = vec![0; SINK];
            while self.stream.read(&mut sink).await? > 0 {}
            Ok::<(), ConnectionError>(())
        };
        let _ = timeout(limit, farewell).await;
    }

    async fn answer_all(&mut self) -> Result<(), ConnectionError> {
        loop {
            let mut header = [0; HEADER_LEN];
            let first = tokio::select! {
                first = timeout(self.limits.idle, self.stream.read(&mut header[..1])) => Some(first),
                () = async { drop(self.stopping.wait_for(|stop| *stop).await) } => None,
            };
            let Some(first) = first else { return self.say_moved().await };
            let Ok(first) = first else { return Ok(()) };
            if first? == 0 {
                return Ok(());
            }
            self.read_exact(&mut header[1..]).await?;
            let len = protocol::body_len(header, MAX_REQUEST)?;
            let answer = {
                let large =
                    if len > LARGE { Some(Arc::clone(&self.large).acquire_owned().await) } else { None };
                let body = self.read_body(len).await?;
                let request = protocol::parse(&body)?;
                drop(body);
                let answer = self.answer_or_move(request).await;
                drop(large);
                answer
            };
            match answer {
                Answer::Whole(response) => self.send(&response).await?,
                Answer::InParts(request) => self.send_parts(&request).await?,
            }
        }
    }

    /// Whoever has not had an answer when another process takes over has not been heard: it is asked instead.
    async fn answer_or_move(&self, request: Request) -> Answer {
        if matches!(request, Request::Upgrade(_)) {
            return self.answer(request).await;
        }
        tokio::select! {
            biased;
            answer = self.answer(request) => answer,
            () = self.service.moved() => Answer::Whole(Response::Refused(Refusal::Moved)),
        }
    }

    /// Tells a client that has nothing under way whom to ask from now on.
    async fn say_moved(&mut self) -> Result<(), ConnectionError> {
        if self.has_moved() { self.send(&Response::Refused(Refusal::Moved)).await } else { Ok(()) }
    }

    fn has_moved(&self) -> bool {
        self.service.moved().now_or_never().is_some()
    }

    async fn answer(&self, request: Request) -> Answer {
        Answer::Whole(match request {
            Request::Apply { commands, on_error } => {
                Response::Applied(self.service.apply(commands, on_error).await)
            }
            Request::Query(query) => Response::Reply(self.service.query(&query)),
            Request::Counters => Response::Counters(self.service.counters()),
            Request::Health => Response::Health(self.service.health()),
            Request::Drain { service, server, deadline } => {
                Response::Draining(self.service.drain(service, server, deadline).await)
            }
            Request::Status => Response::Status(Box::new(self.service.status())),
            Request::Explain(question) => Response::Explanation(Box::new(self.service.explain(&question))),
            Request::Reload(request) => Response::Reloaded(self.service.reload(request).await.map(Box::new)),
            Request::Upgrade(binary) => Response::Upgraded(self.service.upgrade(binary).await),
            Request::Stop { for_restart } => {
                self.service.stop(for_restart);
                Response::Stopping
            }
            Request::Vips => Response::Vips(Box::new(self.service.vips())),
            Request::Retire { deadline_ms } => {
                Response::Vips(Box::new(self.service.retire(deadline_ms).await))
            }
            Request::Stream(request) => return Answer::InParts(request),
        })
    }

    /// Sends parts as they come. Whoever follows what happens has any time; listings take turns, part by part.
    async fn send_parts(&mut self, request: &StreamRequest) -> Result<(), ConnectionError> {
        let listings = request.is_listing().then(|| Arc::clone(&self.listings));
        let place = Arc::clone(&self.streams).try_acquire_owned().ok();
        if listings.is_none() && place.is_none() {
            return self.send(&Response::Refused(Refusal::Busy)).await;
        }
        let _place = place.filter(|_| listings.is_none());
        let mut parts = self.service.stream(request);
        let mut is_stopping = false;
        let mut sink = [0; 1];
        loop {
            let next = async {
                let turn = match &listings {
                    Some(listings) => Arc::clone(listings).acquire_owned().await.ok(),
                    None => None,
                };
                (Some(parts.next().await), turn)
            };
            let (part, turn) = tokio::select! {
                biased;
                _ = self.stopping.wait_for(|stop| *stop), if !is_stopping => {
                    is_stopping = true;
                    continue;
                }
                // Nothing is to be said meanwhile: the client has hung up, or talks out of turn.
                heard = self.stream.read(&mut sink) => {
                    heard?;
                    return Err(ConnectionError::HungUp);
                }
                next = next => next,
                () = std::future::ready(()), if is_stopping => (None, None),
            };
            let end = match part {
                Some(Some(part)) => {
                    let frame = protocol::frame(&Response::Part(part), MAX_RESPONSE)?;
                    self.send_part(&frame, turn).await?;
                    continue;
                }
                Some(None) if listings.is_some() => Response::End,
                _ if self.has_moved() => Response::Refused(Refusal::Moved),
                None if listings.is_some() => Response::Refused(Refusal::Stopping),
                Some(None) | None => Response::End,
            };
            return self.send(&end).await;
        }
    }

    /// Sends a part. A reader that does not take it loses its turn, and in the end the connection.
    async fn send_part(
        &mut self,
        frame: &[u8],
        turn: Option<OwnedSemaphorePermit>,
    ) -> Result<(), ConnectionError> {
        let Limits { turn: has_turn, unread, stall, .. } = self.limits;
        let written = async {
            let mut write = pin!(self.stream.write_all(frame));
            let Some(turn) = turn else { return Ok(write.await?) };
            if let Ok(written) = timeout(has_turn, &mut write).await {
                return Ok(written?);
            }
            drop(turn);
            Ok(timeout(unread, write).await??)
        };
        tokio::select! {
            written = written => written,
            () = stalled_at_stop(&mut self.stopping, stall) => Err(ConnectionError::HungUp),
        }
    }

    /// Memory grows with what arrives, not with what was announced.
    async fn read_body(&mut self, len: usize) -> Result<Vec<u8>, ConnectionError> {
        let mut body = Vec::new();
        while body.len() < len {
            let at = body.len();
            body.resize(len.min(at + STEP), 0);
            self.read_exact(&mut body[at..]).await?;
        }
        Ok(body)
    }

    async fn read_exact(&mut self, buf: &mut [u8]) -> Result<(), ConnectionError> {
        timeout(self.limits.stall, self.stream.read_exact(buf)).await??;
        Ok(())
    }

    async fn send(&mut self, response: &Response) -> Result<(), ConnectionError> {
        let frame = match protocol::frame(response, MAX_RESPONSE) {
            Err(FrameError::TooLong { limit, .. }) => {
                protocol::frame(&Response::Refused(Refusal::AnswerTooLong(limit)), MAX_RESPONSE)?
            }
            other => other?,
        };
        for step in frame.chunks(STEP) {
            timeout(self.limits.stall, self.stream.write_all(step)).await??;
        }
        Ok(())
    }
}

/// Done when the server has been stopping for that long.
async fn stalled_at_stop(stopping: &mut watch::Receiver<bool>, stall: Duration) {
    if stopping.wait_for(|stop| *stop).await.is_ok() {
        tokio::time::sleep(stall).await;
    }
}
