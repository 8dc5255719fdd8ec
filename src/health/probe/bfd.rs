//! Sessions of a BFD daemon on this host: FRR's `bfdd` by its vty socket, BIRD by its control socket, keepalived by the file
//! that it writes on SIGUSR1 (where its process may be asked for that). Each is asked once for all checks that ask at a time.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::ProbeError;
use lvs_health::spec::BfdSource;

/// FRR says some 700 bytes of each session.
const MAX_ANSWER: usize = 16 << 20;

/// Files in which keepalived notes the number of its BFD process, by version and `use_pid_dir`.
const PID_FILES: [&str; 3] = ["/run/keepalived_bfd.pid", "/run/bfd.pid", "/run/keepalived/bfd.pid"];

/// Age up to which a daemon's answer, or keepalived's file, needs not be asked for anew.
const FRESH: Duration = Duration::from_millis(250);

/// Between two looks at a file that is being written.
const PAUSE: Duration = Duration::from_millis(10);

/// How long keepalived may take to write its file.
const WRITING: Duration = Duration::from_secs(1);

/// A file of keepalived's that is older, and that nobody writes anew, says nothing any more.
const STALE: Duration = Duration::from_secs(10);

/// A session that a daemon knows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Session {
    peer: IpAddr,
    /// Not every daemon says it.
    local: Option<IpAddr>,
    state: String,
}

/// Asks `source`; Any is asked as all three.
pub(super) async fn probe(source: &BfdSource, peer: IpAddr, local: Option<IpAddr>) -> Result<(), ProbeError> {
    let all = [
        BfdSource::Frr(BfdSource::FRR.into()),
        BfdSource::Bird(BfdSource::BIRD.into()),
        BfdSource::Keepalived(BfdSource::KEEPALIVED.into()),
    ];
    let asked = if *source == BfdSource::Any { all.as_slice() } else { std::slice::from_ref(source) };
    let (mut found, mut answered, mut refused) = (None, false, None);
    for source in asked {
        match sessions(source).await {
            Ok(sessions) => {
                answered = true;
                let ours = |session: &&Session| {
                    session.peer == peer
                        && (local.is_none() || session.local.is_none() || session.local == local)
                };
                for session in sessions.iter().filter(ours) {
                    if session.state.eq_ignore_ascii_case("up") {
                        return Ok(());
                    }
                    found = Some(session.state.clone());
                }
            }
            Err(error) if is_absent(&error) && asked.len() > 1 => {}
            Err(error) => refused = Some((place(source).to_owned(), error)),
        }
    }
    match (found, answered, refused) {
        (Some(state), ..) => Err(ProbeError::unexpected(format!("session {}", state.to_lowercase()), "up")),
        (None, true, _) => Err(ProbeError::NoSession(peer)),
        (None, false, Some((path, source))) => Err(ProbeError::File { path: path.into(), source }),
        (None, false, None) => Err(ProbeError::NoBfd),
    }
}

fn place(source: &BfdSource) -> &str {
    match source {
        BfdSource::Any => "",
        BfdSource::Frr(path) | BfdSource::Bird(path) | BfdSource::Keepalived(path) => {
            path.to_str().unwrap_or_default()
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::ConnectionRefused
    )
}

type Said = Arc<Mutex<Option<(Instant, Arc<[Session]>)>>>;

/// By daemon, what it said last. FRR has room for five callers at a time, and answers one after the other.
static SAID: LazyLock<parking_lot::Mutex<HashMap<BfdSource, Said>>> = LazyLock::new(Default::default);

async fn sessions(source: &BfdSource) -> io::Result<Arc<[Session]>> {
    let said = Said::clone(SAID.lock().entry(source.clone()).or_default());
    let mut said = said.lock().await;
    if let Some((at, sessions)) = &*said
        && at.elapsed() < FRESH
    {
        return Ok(Arc::clone(sessions));
    }
    let sessions: Arc<[Session]> = ask(source).await?.into();
    *said = Some((Instant::now(), Arc::clone(&sessions)));
    Ok(sessions)
}

async fn ask(source: &BfdSource) -> io::Result<Vec<Session>> {
    match source {
        BfdSource::Any => Ok(Vec::new()),
        BfdSource::Frr(path) => of_frr(path).await,
        BfdSource::Bird(path) => of_bird(path).await,
        BfdSource::Keepalived(path) => Ok(of_keepalived(&written(path).await?)),
    }
}

/// As soon as the daemon has room for another caller.
async fn connect(path: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => tokio::time::sleep(PAUSE).await,
            outcome => return outcome,
        }
    }
}

/// `vtysh`'s protocol: a line that NUL ends; the answer ends with three of them and a status.
async fn of_frr(path: &Path) -> io::Result<Vec<Session>> {
    #[derive(Deserialize)]
    struct Peer {
        peer: String,
        local: Option<String>,
        status: String,
    }
    let mut stream = connect(path).await?;
    stream.write_all(b"enable\0").await?;
    read_until(&mut stream, frr_end).await?;
    stream.write_all(b"show bfd peers json\0").await?;
    let mut answer = read_until(&mut stream, frr_end).await?;
    answer.truncate(answer.len().saturating_sub(4));
    let peers: Vec<Peer> = serde_json::from_slice(&answer).map_err(io::Error::other)?;
    let session = |peer: Peer| {
        let local = peer.local.and_then(|local| local.parse().ok());
        Some(Session { peer: peer.peer.parse().ok()?, local, state: peer.status })
    };
    Ok(peers.into_iter().filter_map(session).collect())
}

fn frr_end(bytes: &[u8]) -> bool {
    matches!(bytes, [.., 0, 0, 0, _])
}

/// Each answer is lines with a code of four digits, and a blank behind that of the last.
async fn of_bird(path: &Path) -> io::Result<Vec<Session>> {
    let mut stream = connect(path).await?;
    read_until(&mut stream, bird_end).await?;
    stream.write_all(b"show bfd sessions\n").await?;
    let answer = read_until(&mut stream, bird_end).await?;
    Ok(bird_sessions(&String::from_utf8_lossy(&answer)))
}

fn bird_end(bytes: &[u8]) -> bool {
    let text = bytes.strip_suffix(b"\n").unwrap_or_default();
    let last = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    bytes.ends_with(b"\n") && last.len() >= 5 && last[..4].iter().all(u8::is_ascii_digit) && last[4] == b' '
}

fn bird_sessions(answer: &str) -> Vec<Session> {
    let session = |line: &str| {
        let line = line.strip_prefix("1020-").unwrap_or(line);
        let mut words = line.split_ascii_whitespace();
        let peer = words.next()?.parse().ok()?;
        Some(Session { peer, local: None, state: words.nth(1)?.to_owned() })
    };
    answer.lines().filter_map(session).collect()
}

async fn read_until(stream: &mut UnixStream, is_end: fn(&[u8]) -> bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while !is_end(&bytes) {
        if stream.read_buf(&mut bytes).await? == 0 || bytes.len() > MAX_ANSWER {
            return Err(io::Error::other("the answer has no end"));
        }
    }
    Ok(bytes)
}

/// keepalived's file, written anew if its process can be told so. It is emptied first and then filled block by block, so it
/// is read until it is whole.
async fn written(path: &Path) -> io::Result<String> {
    let written_at = || std::fs::metadata(path).and_then(|file| file.modified());
    let before = written_at();
    let age = before.as_ref().ok().and_then(|at| at.elapsed().ok());
    let mut is_told = false;
    if age.is_none_or(|age| age >= FRESH) {
        let process = PID_FILES.iter().find_map(|path| keepalived(Path::new(path)));
        is_told = process.is_some_and(|process| kill(process, Signal::SIGUSR1).is_ok());
        if !is_told && age.is_some_and(|age| age >= STALE) {
            return Err(io::Error::other(
                "an old file, and no keepalived that could be told to write it anew",
            ));
        }
    }
    let is_new = || match (&before, written_at()) {
        (Ok(before), Ok(at)) => !is_told || *before != at,
        (Err(_), Ok(_)) => true,
        (_, Err(_)) => !is_told,
    };
    let whole = async {
        loop {
            if is_new() {
                let text = std::fs::read_to_string(path)?;
                if is_whole(&text) {
                    return Ok(text);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "keepalived does not write it to its end");
    tokio::time::timeout(WRITING, whole).await.map_err(late)?
}

/// Whether the last line is the last of a session, or of the paragraph in front of them.
fn is_whole(text: &str) -> bool {
    let last = text.strip_suffix('\n').and_then(|text| text.lines().last()).unwrap_or_default().trim_start();
    ["last seen = ", "last_seen = ", "thread_in = "].iter().any(|end| last.starts_with(end))
}

/// The process whose number a file has, if it is keepalived's.
fn keepalived(file: &Path) -> Option<Pid> {
    let number: i32 = std::fs::read_to_string(file).ok()?.trim().parse().ok().filter(|number| *number > 1)?;
    let name = std::fs::read_to_string(format!("/proc/{number}/comm")).ok()?;
    name.starts_with("keepalived").then(|| Pid::from_raw(number))
}

fn of_keepalived(text: &str) -> Vec<Session> {
    let mut sessions: Vec<Session> = Vec::new();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(" = ") else { continue };
        match (key.trim(), sessions.last_mut()) {
            ("Neighbor IP", _) => {
                let session =
                    value.trim().parse().map(|peer| Session { peer, local: None, state: String::new() });
                sessions.extend(session);
            }
            ("Source IP", Some(session)) => session.local = value.trim().parse().ok(),
            ("local state", Some(session)) => value.trim().clone_into(&mut session.state),
            _ => {}
        }
    }
    sessions.retain(|session| !session.state.is_empty());
    sessions
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::*;

    fn addr(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Answer of FRR 8.4.4.
    const FRR: &str = include_str!("../../../tests/data/bfd/frr-8.4.4.json");

    /// As BIRD 2.0.12 answers.
    const BIRD: &str = "1020-b1:
 IP address                Interface  State      Since         Interval  Timeout
 10.0.0.2                  e0         Up         08:30:27.964    0.300    0.900
 fd00::2                   ---        Down       08:30:27.964    0.300    0.000
0000 
";

    /// File of keepalived 2.2.7.
    const KEEPALIVED: &str = include_str!("../../../tests/data/bfd/keepalived-2.2.7.data");

    /// Answers one caller: a greeting, then these in turn.
    fn daemon(path: &Path, greeting: &'static [u8], answers: Vec<Vec<u8>>) {
        let listener = UnixListener::bind(path).unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.write_all(greeting).await.unwrap();
                for answer in &answers {
                    let mut asked = [0; 64];
                    if stream.read(&mut asked).await.unwrap() == 0 {
                        break;
                    }
                    // In pieces, as a stream may bring it.
                    for piece in answer.chunks(100) {
                        stream.write_all(piece).await.unwrap();
                        stream.flush().await.unwrap();
                    }
                }
            }
        });
    }

    async fn said(source: &BfdSource, peer: &str, local: Option<&str>) -> String {
        match probe(source, addr(peer), local.map(addr)).await {
            Ok(()) => "up".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn frr_is_asked_by_its_socket() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bfdd.vty");
        let peers = [FRR.as_bytes(), &[0, 0, 0, 0]].concat();
        daemon(&path, b"", vec![vec![0, 0, 0, 0], peers]);
        let source = BfdSource::Frr(path);
        assert_eq!(said(&source, "192.168.56.183", None).await, "up");
        assert_eq!(said(&source, "192.168.56.183", Some("192.168.56.181")).await, "up");
        assert_eq!(said(&source, "fd00:56::183", Some("fd00:56::181")).await, "up");
        assert_eq!(said(&source, "192.168.56.199", None).await, "answered session down, expected up");
        assert_eq!(said(&source, "10.9.9.9", None).await, "answered session down, expected up");
        let other = said(&source, "fd00:56::183", Some("fd00:56::9")).await;
        assert_eq!(other, "no BFD session with fd00:56::183");
    }

    /// FRR's socket refuses more than a few callers at a time.
    #[tokio::test]
    async fn a_daemon_is_asked_once_for_all_who_ask_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bfdd.vty");
        let listener = tokio::net::UnixSocket::new_stream().unwrap();
        listener.bind(&path).unwrap();
        let listener = listener.listen(1).unwrap();
        // Others have taken all the room.
        let others = [UnixStream::connect(&path).await.unwrap(), UnixStream::connect(&path).await.unwrap()];
        let full = UnixStream::connect(&path).await.unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        let source = BfdSource::Frr(path);
        let asking: Vec<_> = (0..100)
            .map(|_| {
                let source = source.clone();
                tokio::spawn(async move { probe(&source, addr("192.168.56.183"), None).await })
            })
            .collect();
        for _ in 0..others.len() {
            drop(listener.accept().await.unwrap());
        }
        let (mut stream, _) = listener.accept().await.unwrap();
        for answer in ["", FRR] {
            assert_ne!(stream.read(&mut [0; 64]).await.unwrap(), 0);
            stream.write_all(&[answer.as_bytes(), &[0; 4]].concat()).await.unwrap();
        }
        for asking in asking {
            asking.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn bird_is_asked_by_its_socket() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bird.ctl");
        daemon(&path, b"0001 BIRD 2.0.12 ready.\n", vec![BIRD.into()]);
        let source = BfdSource::Bird(path);
        assert_eq!(said(&source, "10.0.0.2", None).await, "up");
        assert_eq!(said(&source, "fd00::2", None).await, "answered session down, expected up");
        assert_eq!(said(&source, "10.0.0.4", None).await, "no BFD session with 10.0.0.4");
    }

    #[tokio::test]
    async fn keepalived_is_read_from_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keepalived_bfd.data");
        std::fs::write(&path, KEEPALIVED).unwrap();
        let source = BfdSource::Keepalived(path);
        assert_eq!(said(&source, "192.168.56.183", Some("192.168.56.181")).await, "up");
        assert_eq!(said(&source, "192.168.56.199", None).await, "answered session down, expected up");
        assert_eq!(said(&source, "fd00:56::183", None).await, "answered session init, expected up");
        assert_eq!(said(&source, "10.0.0.4", None).await, "no BFD session with 10.0.0.4");
    }

    /// keepalived empties the file, and fills it in blocks.
    #[tokio::test]
    async fn a_file_that_is_being_written_is_read_to_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keepalived_bfd.data");
        std::fs::write(&path, "").unwrap();
        let source = BfdSource::Keepalived(path.clone());
        let writing = tokio::spawn(async move {
            for end in [4096, KEEPALIVED.len()] {
                tokio::time::sleep(3 * PAUSE).await;
                std::fs::write(&path, &KEEPALIVED[..end]).unwrap();
            }
        });
        assert_eq!(said(&source, "192.168.56.199", None).await, "answered session down, expected up");
        writing.await.unwrap();
    }

    #[tokio::test]
    async fn a_file_without_an_end_and_an_old_one_say_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keepalived_bfd.data");
        let source = BfdSource::Keepalived(path.clone());
        let unknown = || async {
            let error = probe(&source, addr("192.168.56.183"), None).await.unwrap_err();
            assert!(matches!(error, ProbeError::File { .. }), "{error}");
        };
        std::fs::write(&path, &KEEPALIVED[..4096]).unwrap();
        unknown().await;
        std::fs::write(&path, KEEPALIVED).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(file.metadata().unwrap().modified().unwrap() - 2 * STALE).unwrap();
        unknown().await;
    }

    #[tokio::test]
    async fn where_nobody_answers_nothing_is_known() {
        let nowhere = BfdSource::Frr("/nowhere/bfdd.vty".into());
        assert!(matches!(probe(&nowhere, addr("10.0.0.2"), None).await, Err(ProbeError::File { .. })));
    }
}
