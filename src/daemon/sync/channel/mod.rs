//! The channel between directors of tunvs, beside the messages that kernels know: who is there, connections to them, and what
//! goes over these. [Why it is as it is](../../../../docs/decisions/0028-channel-between-directors.md).
//!
//! A director says every second, to the sync group at the port behind those of the kernel's messages and to each peer that was
//! named, that it is there. Of two that hear of each other, the one with the lower number connects.

mod frame;
mod peer_clock;
mod secret;
mod session;
mod sockets;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use parking_lot::Mutex;
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::super::supervise::{Report, again};
use lvs::director::{DaemonRole, DaemonSpec, Director};
use lvs::sync::peer::{Greeting, Hello};
use lvs_control::status;
pub use secret::SecretError;
use secret::{Key, TAG};
use session::{Own, Peer, SessionError};
use sockets::Sockets;

/// How often a director says that it is there.
const HELLO_EVERY: Duration = Duration::from_secs(1);

/// Answers to those who say that they are there, in that time.
const MOST_ANSWERS: usize = 32;

/// Connections that are being made, or have not shown yet that they may.
const MOST_UNKNOWN: usize = 16;

/// Time that a connection has to come about.
const CONNECT: Duration = Duration::from_secs(2);

/// Options of the channel, and of whom the sync daemons believe.
#[derive(Clone, Debug, Default)]
pub struct SyncOptions {
    /// False: the kernel's messages alone.
    pub has_channel: bool,
    /// Subnets of directors that are believed; none: all. Single addresses are told of this one even if no multicast gets there.
    pub peers: Vec<IpNet>,
    pub secret: Option<PathBuf>,
}

impl SyncOptions {
    fn allows(&self, addr: IpAddr) -> bool {
        self.peers.is_empty() || self.peers.iter().any(|net| net.contains(&addr.to_canonical()))
    }
}

/// The options with the secret that they name.
#[derive(Clone, Debug, Default)]
pub(in crate::daemon) struct Trust {
    pub(in crate::daemon) options: SyncOptions,
    pub(in crate::daemon) key: Option<Key>,
}

impl Trust {
    pub(in crate::daemon) fn load(options: SyncOptions) -> Result<Self, SecretError> {
        let key = options.secret.as_deref().map(Key::load).transpose()?;
        Ok(Self { options, key })
    }

    /// Whether the kernel's messages of that address are to be believed: they carry no sum.
    pub(in crate::daemon) fn believes_message_of(&self, addr: IpAddr) -> bool {
        self.key.is_none() && self.options.allows(addr)
    }
}

#[derive(Debug)]
pub(super) struct Channel {
    own: Own,
    trust: Trust,
    port: u16,
    /// Directors that are connected, by number.
    peers: Mutex<BTreeMap<u64, Arc<Peer>>>,
    /// Directors that are being connected to.
    trying: Mutex<BTreeSet<u64>>,
    unknown: Semaphore,
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

impl Channel {
    /// To be called inside a tokio runtime. `daemons`: those that run, of which the first says where.
    ///
    /// # Errors
    /// The port is taken, or the interface cannot be used for the group.
    pub(super) fn start(
        director: Arc<Director>,
        report: Report,
        daemons: &[DaemonSpec],
        trust: Trust,
    ) -> io::Result<(Arc<Self>, JoinSet<()>)> {
        let first = daemons.first().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?.resolved(1500);
        let port = first.port.wrapping_add(director.sync_ports() as u16);
        let sockets = sockets::open(&first, port)?;
        let has = |role| daemons.iter().any(|daemon| daemon.role == role);
        let greeting = Greeting {
            id: u64::from_le_bytes(secret::random()?),
            sync_id: first.sync_id as u8,
            is_master: has(DaemonRole::Master),
            is_backup: has(DaemonRole::Backup),
            has_secret: trust.key.is_some(),
            nonce: Default::default(),
            release: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let channel = Arc::new(Self {
            own: Own { director, clock: report.clock, greeting, key: trust.key.clone() },
            trust,
            port,
            peers: Mutex::default(),
            trying: Mutex::default(),
            unknown: Semaphore::new(MOST_UNKNOWN),
            refused: Mutex::default(),
        });
        tracing::info!(interface = first.interface, port, "channel to other directors opened");
        let mut tasks = JoinSet::new();
        let shared = Arc::clone(&channel);
        tasks.spawn(again("sync channel", report.clone(), move || Arc::clone(&shared).refresh()));
        let group = first.group;
        for sockets in sockets {
            let sockets = Arc::new(sockets);
            let group = group.filter(|group| group.is_ipv4() == sockets.is_v4);
            let of = || (Arc::clone(&channel), Arc::clone(&sockets));
            let (shared, by) = of();
            let hello = move || Arc::clone(&shared).announce(Arc::clone(&by), group);
            tasks.spawn(again("sync channel", report.clone(), hello));
            let (shared, by) = of();
            let look_out = move || Arc::clone(&shared).look_out(Arc::clone(&by));
            tasks.spawn(again("sync channel", report.clone(), look_out));
            let (shared, by) = of();
            let accept = move || Arc::clone(&shared).accept(Arc::clone(&by));
            tasks.spawn(again("sync channel", report.clone(), accept));
        }
        Ok((channel, tasks))
    }

    /// Says again and again that this director is there.
    async fn announce(self: Arc<Self>, sockets: Arc<Sockets>, group: Option<IpAddr>) {
        let named = self.trust.options.peers.iter().filter(|net| net.prefix_len() == net.max_prefix_len());
        let named = named.map(IpNet::addr).filter(|addr| addr.is_ipv4() == sockets.is_v4);
        let targets: Vec<SocketAddr> =
            group.into_iter().chain(named).map(|addr| sockets.target(addr, self.port)).collect();
        loop {
            for target in &targets {
                self.say_hello(&sockets.hello, *target, false).await;
            }
            tokio::time::sleep(HELLO_EVERY).await;
        }
    }

    async fn say_hello(&self, socket: &UdpSocket, to: SocketAddr, is_answer: bool) {
        let Greeting { id, sync_id, .. } = self.own.greeting;
        let mut message = Hello { id, sync_id, port: self.port, is_answer }.to_bytes().to_vec();
        if let Some(key) = &self.own.key {
            message.extend(key.tag(&[&message]));
        }
        if let Err(error) = socket.send_to(&message, to).await {
            tracing::debug!(%error, %to, "cannot say that this director is there");
        }
    }

    /// Hears of other directors.
    async fn look_out(self: Arc<Self>, sockets: Arc<Sockets>) {
        let mut message = [0; Hello::LEN + TAG + 1];
        let (mut answers, mut since) = (0, self.own.clock.now());
        let mut connecting = JoinSet::new();
        loop {
            let (len, from) = match sockets.hello.recv_from(&mut message).await {
                Ok(received) => received,
                Err(error) => {
                    tracing::debug!(%error, "cannot hear of other directors");
                    tokio::time::sleep(HELLO_EVERY).await;
                    continue;
                }
            };
            while connecting.try_join_next().is_some() {}
            let Some(hello) = self.read_hello(&message[..len], from.ip()) else { continue };
            if hello.id == self.own.greeting.id || self.peers.lock().contains_key(&hello.id) {
                continue;
            }
            let now = self.own.clock.now();
            if now.since(since) >= HELLO_EVERY {
                (answers, since) = (0, now);
            }
            if self.own.greeting.id < hello.id {
                let target = sockets.target(from.ip(), hello.port);
                if self.begins_to_try(hello.id) {
                    connecting.spawn(Arc::clone(&self).connect(hello.id, target, Arc::clone(&sockets)));
                }
            } else if !hello.is_answer && answers < MOST_ANSWERS {
                answers += 1;
                self.say_hello(&sockets.hello, from, true).await;
            }
        }
    }

    fn read_hello(&self, message: &[u8], from: IpAddr) -> Option<Hello> {
        let (hello, tag) = message.split_first_chunk::<{ Hello::LEN }>()?;
        let is_right = match &self.own.key {
            Some(key) => key.is_right(&[hello], tag),
            None => tag.is_empty(),
        };
        if !self.trust.options.allows(from) {
            self.refuse("address");
            return None;
        }
        if !is_right {
            self.refuse("secret");
            return None;
        }
        let own = self.own.greeting.sync_id;
        match Hello::read(hello) {
            Ok(hello) if own == 0 || hello.sync_id == 0 || own == hello.sync_id => Some(hello),
            Ok(_) => None,
            Err(_) => {
                self.refuse("version");
                None
            }
        }
    }

    /// False: it is tried already, or too much is.
    fn begins_to_try(&self, id: u64) -> bool {
        let mut trying = self.trying.lock();
        trying.len() < MOST_UNKNOWN && trying.insert(id)
    }

    async fn connect(self: Arc<Self>, id: u64, to: SocketAddr, sockets: Arc<Sockets>) {
        match timeout(CONNECT, sockets.connect(to)).await {
            Ok(Ok(stream)) => {
                let tried = Arc::clone(&self);
                let is_known = || {
                    tried.trying.lock().remove(&id);
                };
                self.talk(stream, to.ip(), is_known).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, %to, "cannot reach another director"),
            Err(_) => tracing::debug!(%to, "another director does not answer"),
        }
        self.trying.lock().remove(&id);
    }

    /// Takes connections of other directors.
    async fn accept(self: Arc<Self>, sockets: Arc<Sockets>) {
        let mut talks = JoinSet::new();
        loop {
            let accepted = sockets.listener.accept().await;
            while talks.try_join_next().is_some() {}
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::debug!(%error, "cannot take a connection of another director");
                    tokio::time::sleep(HELLO_EVERY).await;
                    continue;
                }
            };
            if !self.trust.options.allows(from.ip()) {
                self.refuse("address");
                continue;
            }
            let channel = Arc::clone(&self);
            talks.spawn(async move {
                if let Ok(seat) = channel.unknown.try_acquire() {
                    channel.talk(stream, from.ip(), || drop(seat)).await;
                } else {
                    channel.refuse("busy");
                }
            });
        }
    }

    /// Talks to another director until the connection breaks. `is_known`: it has shown by now who it is.
    async fn talk(&self, stream: TcpStream, addr: IpAddr, is_known: impl FnOnce()) {
        let mut own = self.own.clone();
        let outcome = match secret::random() {
            Ok(nonce) => {
                own.greeting.nonce = nonce;
                session::greet(&own, stream).await
            }
            Err(error) => Err(SessionError::Frame(error.into())),
        };
        is_known();
        let (greeting, lines) = match outcome {
            Ok(greeted) => greeted,
            Err(error) => {
                if self.refuse(reason(&error)) == 1 {
                    tracing::warn!(%addr, %error, "another director is refused; more of that are counted");
                }
                return;
            }
        };
        let id = greeting.id;
        let peer = Arc::new(Peer::new(greeting, addr, self.own.clock.now()));
        match self.peers.lock().entry(id) {
            Entry::Occupied(_) => return,
            Entry::Vacant(place) => drop(place.insert(Arc::clone(&peer))),
        }
        tracing::info!(peer = %addr, version = peer.greeting.release, "connected to another director");
        // Even if this task is given up.
        let _gone = Gone { channel: self, id };
        let error = session::run(&own, &peer, lines).await;
        tracing::info!(peer = %addr, %error, "no longer connected to another director");
    }

    /// Has peers learn the deadlines of connections that are in use.
    async fn refresh(self: Arc<Self>) {
        let director = &self.own.director;
        let mut since = self.own.clock.now();
        loop {
            tokio::time::sleep(director.refresh_interval()).await;
            let now = self.own.clock.now();
            let mut next = (!self.peers.lock().is_empty()).then_some(0);
            while let Some(start) = next {
                next = director.note_active(start, since);
                tokio::task::yield_now().await;
            }
            since = now;
        }
    }

    /// Counts one more; how many there are by now.
    fn refuse(&self, why: &'static str) -> u64 {
        let mut refused = self.refused.lock();
        let count = refused.entry(why).or_default();
        *count += 1;
        *count
    }

    /// How it stands with all that are connected.
    pub(super) fn status(&self) -> status::SyncChannel {
        let now = self.own.clock.now();
        status::SyncChannel {
            id: format!("{:016x}", self.own.greeting.id),
            port: self.port,
            has_secret: self.own.key.is_some(),
            allowed: self.trust.options.peers.clone(),
            refused: self.refused.lock().iter().map(|(why, count)| ((*why).to_owned(), *count)).collect(),
            peers: self.peers.lock().values().map(|peer| peer.status(now)).collect(),
        }
    }
}

/// Takes a peer off the list.
struct Gone<'a> {
    channel: &'a Channel,
    id: u64,
}

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.channel.peers.lock().remove(&self.id);
    }
}

const fn reason(error: &SessionError) -> &'static str {
    match error {
        SessionError::Frame(frame::FrameError::Sum) | SessionError::OneSecret => "secret",
        SessionError::Frame(frame::FrameError::Io(_) | frame::FrameError::Stalled) => "broken",
        SessionError::Frame(_) => "malformed",
        SessionError::Greeting(_) => "version",
        SessionError::OtherSyncId(_) => "sync_id",
        SessionError::Known => "known",
        SessionError::TooMany(_) => "busy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_kernels_are_believed_from_peers_and_not_beside_a_secret() {
        let [peer, other]: [IpAddr; 2] = ["192.168.56.182", "192.168.56.9"].map(|addr| addr.parse().unwrap());
        let mut trust = Trust::default();
        assert!(trust.believes_message_of(other));
        trust.options.peers = vec!["192.168.56.182/32".parse().unwrap()];
        assert!(trust.believes_message_of(peer) && !trust.believes_message_of(other));
        assert!(trust.believes_message_of("::ffff:192.168.56.182".parse().unwrap()));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "0123456789abcdef").unwrap();
        trust.options.secret = Some(file.path().to_owned());
        let trust = Trust::load(trust.options).unwrap();
        assert!(!trust.believes_message_of(peer));
    }
}
