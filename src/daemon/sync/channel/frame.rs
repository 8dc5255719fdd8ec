//! Messages on a connection between directors: a length, a kind, a body, and with a secret a sum that counts along, so that
//! none can be made up, left out, repeated or moved to another connection.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::secret::{Key, TAG};
use lvs::Time;

/// The longest body; a batch of connections is far shorter.
const LONGEST: usize = 1 << 20;

/// The longest body before the other side has shown that it knows the secret.
const LONGEST_AT_FIRST: usize = 16;

/// Time without progress after which the other side is given up.
pub(super) const STALL: Duration = Duration::from_secs(5);

/// Length and kind.
const HEAD: usize = 4 + 1;

/// Number, flags and time of a batch.
const BATCH_HEAD: usize = 8 + 1 + 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// Follows the greeting, and shows that the secret is known.
    Ready,
    /// Records, by number; `is_whole`: all connections were told by now. `sent_at`, by the sender's clock, is what their times count from.
    Batch { number: u64, is_whole: bool, sent_at: Time, records: Vec<u8> },
    /// All batches up to this one were taken in.
    Taken(u64),
    /// Nothing to say.
    Idle,
}

/// Reasons to give a connection up.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("nothing came, or could be sent, for {} s", STALL.as_secs())]
    Stalled,
    #[error("a message of {0} bytes")]
    TooLong(usize),
    #[error("a message of kind {0} that cannot be")]
    Kind(u8),
    #[error("a message whose sum is wrong: the secrets differ, or somebody made it up")]
    Sum,
}

/// One direction of a connection.
#[derive(Debug)]
pub(super) struct Line<S> {
    stream: S,
    /// None without a secret.
    key: Option<Key>,
    count: u64,
}

impl<S> Line<S> {
    pub(super) const fn new(stream: S, key: Option<Key>) -> Self {
        Self { stream, key, count: 0 }
    }
}

impl<S: AsyncWrite + Unpin> Line<S> {
    pub(super) async fn send(&mut self, message: &Message) -> Result<(), FrameError> {
        let mut bytes = vec![0; HEAD];
        let kind = match message {
            Message::Ready => 0,
            Message::Batch { number, is_whole, sent_at, records } => {
                bytes.extend(number.to_le_bytes());
                bytes.push((*is_whole).into());
                bytes.extend(sent_at.0.to_le_bytes());
                bytes.extend(records);
                1
            }
            Message::Taken(number) => {
                bytes.extend(number.to_le_bytes());
                2
            }
            Message::Idle => 3,
        };
        let len = bytes.len() - HEAD;
        bytes[..4].copy_from_slice(&(len as u32).to_le_bytes());
        bytes[4] = kind;
        if let Some(key) = &self.key {
            let tag = key.tag(&[&self.count.to_le_bytes(), &bytes]);
            bytes.extend(tag);
        }
        self.count += 1;
        timeout(STALL, self.stream.write_all(&bytes)).await.map_err(|_| FrameError::Stalled)??;
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> Line<S> {
    pub(super) async fn receive(&mut self) -> Result<Message, FrameError> {
        let mut head = [0; HEAD];
        self.fill(&mut head).await?;
        let len = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let longest = if self.count == 0 { LONGEST_AT_FIRST } else { LONGEST };
        if len > longest {
            return Err(FrameError::TooLong(len));
        }
        let mut body = vec![0; len];
        self.fill(&mut body).await?;
        if let Some(key) = self.key.clone() {
            let mut tag = [0; TAG];
            self.fill(&mut tag).await?;
            if !key.is_right(&[&self.count.to_le_bytes(), &head, &body], &tag) {
                return Err(FrameError::Sum);
            }
        }
        self.count += 1;
        read(head[4], body)
    }

    async fn fill(&mut self, bytes: &mut [u8]) -> Result<(), FrameError> {
        timeout(STALL, self.stream.read_exact(bytes)).await.map_err(|_| FrameError::Stalled)??;
        Ok(())
    }
}

fn read(kind: u8, mut body: Vec<u8>) -> Result<Message, FrameError> {
    let number = body.first_chunk().map(|number| u64::from_le_bytes(*number));
    match (kind, number, body.len()) {
        (0, _, 0) => Ok(Message::Ready),
        (1, Some(number), BATCH_HEAD..) => {
            let is_whole = body[8] & 1 != 0;
            let sent_at = body[9..].first_chunk().map_or(Time::ZERO, |time| Time(u64::from_le_bytes(*time)));
            body.drain(..BATCH_HEAD);
            Ok(Message::Batch { number, is_whole, sent_at, records: body })
        }
        (2, Some(number), 8) => Ok(Message::Taken(number)),
        (3, _, 0) => Ok(Message::Idle),
        _ => Err(FrameError::Kind(kind)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Option<Key> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(&path, "0123456789abcdef").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode).unwrap();
        Some(Key::load(&path).unwrap())
    }

    async fn bytes_of(key: Option<Key>, messages: &[Message]) -> Vec<u8> {
        let mut line = Line::new(Vec::new(), key);
        for message in messages {
            line.send(message).await.unwrap();
        }
        line.stream
    }

    #[tokio::test]
    async fn messages_come_as_they_were_sent() {
        let (sent_at, records) = (Time(70_000), b"records".to_vec());
        let batch = Message::Batch { number: 7, is_whole: true, sent_at, records };
        let messages = [Message::Ready, batch, Message::Taken(7), Message::Idle];
        for key in [None, key()] {
            let bytes = bytes_of(key.clone(), &messages).await;
            let mut line = Line::new(&bytes[..], key);
            for message in &messages {
                assert_eq!(line.receive().await.unwrap(), *message);
            }
            assert!(matches!(line.receive().await, Err(FrameError::Io(_))));
        }
    }

    #[tokio::test]
    async fn made_up_repeated_and_changed_messages_are_refused() {
        let bytes = bytes_of(key(), &[Message::Ready, Message::Taken(1)]).await;
        let ready = HEAD + TAG;
        let mut repeated = bytes[..ready].to_vec();
        repeated.extend(&bytes[..ready]);
        let mut changed = bytes.clone();
        changed[ready + HEAD] ^= 1;
        let unsigned =
            bytes_of(None, &[Message::Ready, Message::Taken(1), Message::Idle, Message::Idle]).await;
        for (bytes, right) in [(repeated, 1), (changed, 1), (unsigned, 0)] {
            let mut line = Line::new(&bytes[..], key());
            for _ in 0..right {
                line.receive().await.unwrap();
            }
            assert!(line.receive().await.is_err());
        }
    }

    #[tokio::test]
    async fn lengths_are_bounded_before_memory_is_taken() {
        let mut bytes = bytes_of(None, &[Message::Ready]).await;
        bytes.extend([0xff, 0xff, 0xff, 0x7f, 1]);
        let mut line = Line::new(&bytes[..], None);
        line.receive().await.unwrap();
        assert!(matches!(line.receive().await, Err(FrameError::TooLong(0x7fff_ffff))));
        let batch = Message::Batch { number: 1, is_whole: false, sent_at: Time(1), records: vec![0; 100] };
        let first = bytes_of(None, &[batch]).await;
        assert!(matches!(Line::new(&first[..], None).receive().await, Err(FrameError::TooLong(117))));
        for (kind, body) in [(0, 1), (1, 16), (2, 9), (3, 1), (9, 0)] {
            assert!(matches!(read(kind, vec![0; body]), Err(FrameError::Kind(_))), "{kind}");
        }
    }
}
