//! One connection to another director: greetings, then batches one way and the other, each acknowledged when it was taken in.
//!
//! A few batches are under way at most, so that a slow peer costs no memory and what it hears is never old.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::frame::{FrameError, Line, Message, STALL};
use super::peer_clock::PeerClock;
use super::secret::Key;
use crate::daemon::clock::Clock;
use lvs::Time;
use lvs::director::{Director, Heard, RecordRefusal, Telling};
use lvs::sync::peer::{Greeting, NoGreeting};
use lvs_control::status;

/// How often a director with nothing on its hands looks for changes.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Between two batches of all connections, so that packets come first.
const PAUSE: Duration = Duration::from_millis(2);

/// Something is said at least so often.
const IDLE: Duration = Duration::from_secs(1);

/// Batches that are under way at most.
const WINDOW: usize = 8;

#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Greeting(#[from] NoGreeting),
    #[error("one side has a secret and the other has none")]
    OneSecret,
    #[error("it is of sync id {0}")]
    OtherSyncId(u8),
    #[error("it is this director itself, or a connection to it is there already")]
    Known,
    #[error("{0} directors are told already")]
    TooMany(usize),
}

/// One that has been greeted.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) greeting: Greeting,
    pub(super) addr: IpAddr,
    since: Time,
    state: Mutex<State>,
    /// The last batch of the peer that was taken in.
    taken: AtomicU64,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Batches under way: number, records, when they were sent.
    under_way: VecDeque<(u64, u64, Time)>,
    /// Changes that no batch has yet.
    untold: u64,
    told: u64,
    heard: Heard,
    told_all_at: Option<Time>,
    heard_all_at: Option<Time>,
    /// The batch with which the peer was told everything.
    last_of_all: Option<u64>,
}

/// This side of a session.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) director: Arc<Director>,
    pub(super) clock: Clock,
    pub(super) greeting: Greeting,
    pub(super) key: Option<Key>,
}

/// Both lines of a connection on which both sides have shown that they know the secret.
#[derive(Debug)]
pub(super) struct Lines {
    to: Line<OwnedWriteHalf>,
    from: Line<OwnedReadHalf>,
}

/// Greets the other side.
pub(super) async fn greet(own: &Own, stream: TcpStream) -> Result<(Greeting, Lines), SessionError> {
    let _ = stream.set_nodelay(true);
    let (mut from, mut to) = stream.into_split();
    let mine = own.greeting.to_bytes();
    let mut theirs = [0; Greeting::LEN];
    let exchange = async {
        to.write_all(&mine).await?;
        from.read_exact(&mut theirs).await
    };
    timeout(STALL, exchange).await.map_err(|_| FrameError::Stalled)?.map_err(FrameError::from)?;
    let greeting = Greeting::read(&theirs)?;
    if greeting.has_secret != own.greeting.has_secret {
        return Err(SessionError::OneSecret);
    }
    if own.greeting.sync_id != 0 && greeting.sync_id != 0 && own.greeting.sync_id != greeting.sync_id {
        return Err(SessionError::OtherSyncId(greeting.sync_id));
    }
    if greeting.id == own.greeting.id {
        return Err(SessionError::Known);
    }
    let key =
        |speaker: &[u8], hearer: &[u8]| own.key.as_ref().and_then(|key| key.of_direction(speaker, hearer));
    let mut lines =
        Lines { to: Line::new(to, key(&mine, &theirs)), from: Line::new(from, key(&theirs, &mine)) };
    lines.to.send(&Message::Ready).await?;
    match lines.from.receive().await? {
        Message::Ready => Ok((greeting, lines)),
        _ => Err(FrameError::Kind(0).into()),
    }
}

/// Tells and hears until the connection breaks.
pub(super) async fn run(own: &Own, peer: &Peer, lines: Lines) -> SessionError {
    let hearing =
        HearingGuard { director: &own.director, teller: own.director.begin_hearing(peer.greeting.id) };
    let teller = hearing.teller;
    let Some(telling) = own.director.begin_telling(teller) else {
        return SessionError::TooMany(lvs::conn::changes::MOST_PEERS);
    };
    let mut told = TellingGuard { director: &own.director, telling };
    let error = tokio::select! {
        error = tell(own, peer, &mut told.telling, lines.to) => error,
        error = hear(own, peer, teller, lines.from) => error,
    };
    error.into()
}

/// A peer that is heard, until this is dropped: the task may be given up at any time.
struct HearingGuard<'a> {
    director: &'a Director,
    teller: u8,
}

impl Drop for HearingGuard<'_> {
    fn drop(&mut self) {
        self.director.end_hearing(self.teller);
    }
}

/// A peer that is told, likewise.
struct TellingGuard<'a> {
    director: &'a Director,
    telling: Telling,
}

impl Drop for TellingGuard<'_> {
    fn drop(&mut self) {
        self.director.end_telling(&self.telling);
    }
}

async fn tell(own: &Own, peer: &Peer, telling: &mut Telling, mut line: Line<OwnedWriteHalf>) -> FrameError {
    let (mut number, mut acknowledged, mut said_at) = (0, 0, own.clock.now());
    loop {
        let now = own.clock.now();
        let taken = peer.taken.load(Relaxed);
        let batch = peer.next_batch(own, telling, &mut number, now);
        let message = if taken != acknowledged {
            acknowledged = taken;
            Some(Message::Taken(taken))
        } else if batch.is_none() && now.since(said_at) >= IDLE {
            Some(Message::Idle)
        } else {
            None
        };
        let is_batch = batch.is_some();
        for message in message.into_iter().chain(batch) {
            if let Err(error) = line.send(&message).await {
                return error;
            }
            said_at = now;
        }
        let wait = if is_batch { PAUSE } else { LOOK_EVERY };
        let _ = timeout(wait, peer.news.notified()).await;
    }
}

async fn hear(own: &Own, peer: &Peer, teller: u8, mut line: Line<OwnedReadHalf>) -> FrameError {
    let mut clock = PeerClock::default();
    loop {
        match line.receive().await {
            Ok(Message::Batch { number, is_whole, sent_at, records }) => {
                let now = own.clock.now();
                let heard = own.director.hear_peer(teller, &records, clock.when(sent_at, now), now);
                peer.note_heard(&heard, is_whole, now);
                peer.taken.store(number, Relaxed);
                peer.news.notify_one();
            }
            Ok(Message::Taken(number)) => peer.note_taken(number, own.clock.now()),
            Ok(Message::Idle) => {}
            Ok(Message::Ready) => return FrameError::Kind(0),
            Err(error) => return error,
        }
    }
}

impl Peer {
    pub(super) fn new(greeting: Greeting, addr: IpAddr, now: Time) -> Self {
        Self {
            greeting,
            addr,
            since: now,
            state: Mutex::default(),
            taken: AtomicU64::new(0),
            news: Notify::new(),
        }
    }

    /// The next batch, if there is something to tell and room under way.
    fn next_batch(&self, own: &Own, telling: &mut Telling, number: &mut u64, now: Time) -> Option<Message> {
        let has_room = self.state.lock().under_way.len() < WINDOW;
        let mut records = Vec::new();
        let mut count = 0;
        let was_whole = telling.is_whole();
        if has_room {
            count = own.director.tell_changes(telling, &mut records, now);
            count += own.director.tell_all(telling, &mut records, now);
        }
        let mut state = self.state.lock();
        state.untold = own.director.untold_changes(telling);
        let becomes_whole = telling.is_whole() && !was_whole;
        if count == 0 && !becomes_whole {
            return None;
        }
        *number += 1;
        if becomes_whole {
            state.last_of_all = Some(*number);
        }
        state.under_way.push_back((*number, count as u64, now));
        Some(Message::Batch { number: *number, is_whole: telling.is_whole(), sent_at: now, records })
    }

    fn note_taken(&self, number: u64, now: Time) {
        let mut state = self.state.lock();
        while let Some((_, records, _)) =
            state.under_way.front().copied().filter(|(sent, ..)| *sent <= number)
        {
            state.under_way.pop_front();
            state.told += records;
        }
        if state.last_of_all.take_if(|last| *last <= number).is_some() {
            state.told_all_at = Some(now);
            tracing::info!(peer = %self.addr, records = state.told, "the other director was told all connections");
        }
        drop(state);
        self.news.notify_one();
    }

    fn note_heard(&self, heard: &Heard, is_whole: bool, now: Time) {
        let mut state = self.state.lock();
        state.heard.add(heard);
        if is_whole && state.heard_all_at.is_none() {
            state.heard_all_at = Some(now);
            let records = state.heard.taken;
            tracing::info!(peer = %self.addr, records, "all connections of the other director are known");
        }
    }

    /// How it stands with it.
    pub(super) fn status(&self, now: Time) -> status::SyncPeer {
        let state = self.state.lock();
        let under_way: u64 = state.under_way.iter().map(|(_, records, _)| records).sum();
        let lag = state.under_way.front().map_or(Duration::ZERO, |(_, _, sent_at)| now.since(*sent_at));
        let ago = |at: Option<Time>| at.map(|at| now.since(at).as_secs());
        let left = RecordRefusal::ALL
            .iter()
            .map(|reason| (reason.name().to_owned(), state.heard.left[*reason as usize]));
        status::SyncPeer {
            address: self.addr,
            id: format!("{:016x}", self.greeting.id),
            version: self.greeting.release.clone(),
            is_master: self.greeting.is_master,
            is_backup: self.greeting.is_backup,
            connected_secs: now.since(self.since).as_secs(),
            lag_ms: lag.as_millis() as u64,
            behind: under_way + state.untold,
            told: state.told,
            heard: state.heard.taken,
            heard_ends: state.heard.ended,
            left: left.filter(|(_, count)| *count > 0).collect(),
            full_told_secs_ago: ago(state.told_all_at),
            full_heard_secs_ago: ago(state.heard_all_at),
        }
    }
}
