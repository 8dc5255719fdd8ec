//! Messages between a director and its successor, and the descriptors that go along. Blocking, with a limit of time for
//! each step.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use lvs_sys::descriptors::{self, Received};

/// Time without progress after which the other end counts as hung.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest message: tables with a million servers.
const LONGEST: usize = 1 << 30;

/// Bytes of kind and length in front of a message.
const HEAD: usize = 5;

/// Kinds of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// From the successor: it has started.
    Hello = 1,
    /// From the successor: it gives up, and why.
    Refusal = 2,
    /// Tables and settings, before the connections.
    Before = 3,
    /// Connections and what is beside them.
    Part = 4,
    /// All of this round was sent; the successor answers the same when it has it.
    Round = 5,
    /// Descriptors, of which more may follow.
    Descriptors = 6,
    /// No packet is processed any more. What has changed of tables and settings, and all else.
    Last = 7,
    /// All was sent: the successor is to begin.
    Begin = 8,
    /// From the successor: it forwards.
    Forwarding = 9,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Hello,
        Self::Refusal,
        Self::Before,
        Self::Part,
        Self::Round,
        Self::Descriptors,
        Self::Last,
        Self::Begin,
        Self::Forwarding,
    ];
}

#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("it did not answer within {} s", PATIENCE.as_secs())]
    Hung,
    #[error("it ended")]
    Ended,
    #[error("cannot talk to it")]
    Io(#[source] io::Error),
    #[error("it says what cannot be understood")]
    Garbled(#[from] serde_json::Error),
    #[error("it says something of the kind {0} that was not expected")]
    Unexpected(u8),
    #[error("{0}")]
    Refused(String),
}

impl From<io::Error> for LinkError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Hung,
            io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                Self::Ended
            }
            _ => Self::Io(error),
        }
    }
}

/// One end.
#[derive(Debug)]
pub(super) struct Link {
    socket: UnixStream,
    /// Descriptors that came with messages.
    fds: Vec<OwnedFd>,
}

impl Link {
    pub(super) fn new(socket: UnixStream) -> Result<Self, LinkError> {
        socket.set_nonblocking(false)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { socket, fds: Vec::new() })
    }

    pub(super) fn send(&mut self, kind: Kind, body: &[u8]) -> Result<(), LinkError> {
        let mut head = [kind as u8, 0, 0, 0, 0];
        head[1..].copy_from_slice(&(body.len() as u32).to_le_bytes());
        self.socket.write_all(&head)?;
        Ok(self.socket.write_all(body)?)
    }

    pub(super) fn send_json(&mut self, kind: Kind, body: &impl Serialize) -> Result<(), LinkError> {
        self.send(kind, &serde_json::to_vec(body)?)
    }

    pub(super) fn send_descriptors(&mut self, fds: &[OwnedFd]) -> Result<(), LinkError> {
        for fds in fds.chunks(descriptors::MOST) {
            let head = [Kind::Descriptors as u8, 0, 0, 0, 0];
            let sent = descriptors::send(&self.socket, &head, fds)?;
            self.socket.write_all(&head[sent..])?;
        }
        Ok(())
    }

    /// The next message; of descriptors only what they came for.
    pub(super) fn receive(&mut self) -> Result<(Kind, Vec<u8>), LinkError> {
        loop {
            let mut head = [0; HEAD];
            let mut got = 0;
            while got < HEAD {
                let Received { len, fds } = self.receive_head(&mut head[got..])?;
                self.fds.extend(fds);
                got += len;
            }
            let [kind, len @ ..] = head;
            let len = u32::from_le_bytes(len) as usize;
            let Some(kind) = Kind::ALL.into_iter().find(|known| *known as u8 == kind) else {
                return Err(LinkError::Unexpected(kind));
            };
            if len > LONGEST {
                return Err(LinkError::Unexpected(kind as u8));
            }
            let mut body = Vec::new();
            let read = (&self.socket).take(len as u64).read_to_end(&mut body)?;
            if read < len {
                return Err(LinkError::Ended);
            }
            match kind {
                Kind::Descriptors => {}
                Kind::Refusal => return Err(LinkError::Refused(String::from_utf8_lossy(&body).into_owned())),
                kind => return Ok((kind, body)),
            }
        }
    }

    fn receive_head(&self, head: &mut [u8]) -> Result<Received, LinkError> {
        loop {
            match descriptors::receive(&self.socket, head) {
                Ok(Received { len: 0, .. }) => return Err(LinkError::Ended),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return Ok(other?),
            }
        }
    }

    /// The next message, which has to be of that kind.
    pub(super) fn expect(&mut self, wanted: Kind) -> Result<Vec<u8>, LinkError> {
        match self.receive()? {
            (kind, body) if kind == wanted => Ok(body),
            (kind, _) => Err(LinkError::Unexpected(kind as u8)),
        }
    }

    pub(super) fn expect_json<T: DeserializeOwned>(&mut self, wanted: Kind) -> Result<T, LinkError> {
        Ok(serde_json::from_slice(&self.expect(wanted)?)?)
    }

    /// Descriptors that have come so far.
    pub(super) fn take_descriptors(&mut self) -> std::vec::IntoIter<OwnedFd> {
        std::mem::take(&mut self.fds).into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> [Link; 2] {
        let (one, other) = UnixStream::pair().unwrap();
        [one, other].map(|socket| Link::new(socket).unwrap())
    }

    #[test]
    fn messages_and_descriptors_arrive_in_order() {
        let [mut one, mut other] = pair();
        let pipes: Vec<OwnedFd> = (0..200).map(|_| OwnedFd::from(io::pipe().unwrap().1)).collect();
        let sending = std::thread::spawn(move || {
            one.send_json(Kind::Before, &7).unwrap();
            one.send_descriptors(&pipes).unwrap();
            one.send(Kind::Part, &[1; 100_000]).unwrap();
        });
        assert_eq!(other.expect_json::<u8>(Kind::Before).unwrap(), 7);
        assert_eq!(other.expect(Kind::Part).unwrap().len(), 100_000);
        assert_eq!(other.take_descriptors().count(), 200);
        sending.join().unwrap();
        assert!(matches!(other.receive(), Err(LinkError::Ended)));
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        let [mut one, mut other] = pair();
        one.send(Kind::Refusal, b"no room").unwrap();
        assert_eq!(other.receive().unwrap_err().to_string(), "no room");
        one.send(Kind::Part, b"").unwrap();
        assert!(matches!(other.expect(Kind::Hello), Err(LinkError::Unexpected(4))));
        one.socket.write_all(&[99, 0, 0, 0, 0]).unwrap();
        assert!(matches!(other.receive(), Err(LinkError::Unexpected(99))));
        one.socket.write_all(&[4, 255, 255, 255, 255]).unwrap();
        assert!(matches!(other.receive(), Err(LinkError::Unexpected(4))));
        one.socket.write_all(&[4, 9, 0, 0, 0, 1]).unwrap();
        drop(one);
        assert!(matches!(other.receive(), Err(LinkError::Ended)));
    }
}
