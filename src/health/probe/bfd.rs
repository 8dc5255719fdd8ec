//! Sessions of a BFD daemon on this host: FRR's `bfdd` by its vty socket, BIRD by its control socket, keepalived by the file
//! that it writes on SIGUSR1 (where its process may be asked for that).

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::{MAX_ANSWER, ProbeError};
use lvs_health::spec::BfdSource;

/// Where keepalived notes the number of its BFD process, by version and `use_pid_dir`.
const PID_FILES: [&str; 3] = ["/run/keepalived_bfd.pid", "/run/bfd.pid", "/run/keepalived/bfd.pid"];

/// A file of keepalived's that is no older needs not be written anew.
const FRESH: Duration = Duration::from_millis(250);

/// Between two looks at a file that is being written.
const PAUSE: Duration = Duration::from_millis(10);

/// How long keepalived may take to write its file.
const WRITING: Duration = Duration::from_secs(1);

/// A session that a daemon knows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Session {
    peer: IpAddr,
    /// Not every daemon says it.
    local: Option<IpAddr>,
    state: String,
}

/// Whom to ask; Any is asked as all three.
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

async fn sessions(source: &BfdSource) -> io::Result<Vec<Session>> {
    match source {
        BfdSource::Any => Ok(Vec::new()),
        BfdSource::Frr(path) => of_frr(path).await,
        BfdSource::Bird(path) => of_bird(path).await,
        BfdSource::Keepalived(path) => Ok(of_keepalived(&written(path).await?)),
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
    let mut stream = UnixStream::connect(path).await?;
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
    let mut stream = UnixStream::connect(path).await?;
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

/// keepalived's file, written anew if its process can be told so.
async fn written(path: &Path) -> io::Result<String> {
    let written_at = || std::fs::metadata(path).and_then(|file| file.modified());
    let before = written_at();
    let is_fresh = before.as_ref().is_ok_and(|at| at.elapsed().is_ok_and(|age| age < FRESH));
    if !is_fresh
        && let Some(process) = PID_FILES.iter().find_map(|path| keepalived(Path::new(path)))
        && kill(process, Signal::SIGUSR1).is_ok()
    {
        let written = async {
            while !matches!((&before, written_at()), (old, Ok(at)) if !old.as_ref().is_ok_and(|old| *old == at))
            {
                tokio::time::sleep(PAUSE).await;
            }
            tokio::time::sleep(PAUSE).await;
        };
        tokio::time::timeout(WRITING, written).await?;
    }
    std::fs::read_to_string(path)
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

    /// As FRR 8.4 answers.
    const FRR: &str = r#"[
  {"multihop":false,"peer":"10.0.0.2","vrf":"default","id":4240552011,"status":"up","uptime":3},
  {"multihop":true,"peer":"10.0.0.3","local":"10.0.0.1","vrf":"default","id":5,"status":"down","downtime":2}
]
"#;

    /// As BIRD 2.0.12 answers.
    const BIRD: &str = "1020-b1:
 IP address                Interface  State      Since         Interval  Timeout
 10.0.0.2                  e0         Up         08:30:27.964    0.300    0.900
 fd00::2                   ---        Down       08:30:27.964    0.300    0.000
0000 
";

    /// As keepalived 2.2.7 writes.
    const KEEPALIVED: &str = "------< BFD Topology >------
 BFD Instance = rs1
   Neighbor IP = 10.0.0.2
   Source IP = 10.0.0.1
   passive = false
   local state = Up
   remote state = Up
 BFD Instance = rs2
   Neighbor IP = 10.0.0.3
   local state = Down
   remote state = Up
";

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
        assert_eq!(said(&source, "10.0.0.2", None).await, "up");
        assert_eq!(said(&source, "10.0.0.2", Some("10.0.0.1")).await, "up");
        assert_eq!(said(&source, "10.0.0.3", None).await, "answered session down, expected up");
        assert_eq!(said(&source, "10.0.0.3", Some("10.0.0.9")).await, "no BFD session with 10.0.0.3");
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
        assert_eq!(said(&source, "10.0.0.2", Some("10.0.0.1")).await, "up");
        assert_eq!(said(&source, "10.0.0.3", None).await, "answered session down, expected up");
        assert_eq!(said(&source, "10.0.0.4", None).await, "no BFD session with 10.0.0.4");
    }

    #[tokio::test]
    async fn where_nobody_answers_nothing_is_known() {
        let nowhere = BfdSource::Frr("/nowhere/bfdd.vty".into());
        assert!(matches!(probe(&nowhere, addr("10.0.0.2"), None).await, Err(ProbeError::File { .. })));
    }
}
