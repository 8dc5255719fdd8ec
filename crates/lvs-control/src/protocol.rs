//! The messages of the control socket and their framing.
//!
//! A frame is `"LVS"`, one byte of protocol version, the length of the body (`u32`, big endian) and the body in
//! JSON. A client sends one [`Request`] and reads one [`Response`], as often as it likes. Pure: no socket here.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::fleet::Vips;
use super::reload::{ReloadRefusal, ReloadRequest, Reloaded};
use super::status::Status;
use super::stream::{Part, StreamRequest};
use super::upgrade::{UpgradeRefusal, Upgraded};
use ipvsadm::Applied;
use lvs::director::{Command, CommandError, Explanation, Query, Question, Reply};
use lvs::service::{Endpoint, ServiceKey};
use lvs_health::report::ServiceReport;

/// Raised with every change that an older peer would misread.
pub const VERSION: u8 = 1;

/// Length of what stands in front of a body.
pub const HEADER_LEN: usize = 8;

/// The longest body of a request: some 200,000 commands.
pub const MAX_REQUEST: usize = 64 << 20;

/// The longest body of a response: some million servers.
pub const MAX_RESPONSE: usize = 1 << 30;

const MAGIC: &[u8; 3] = b"LVS";

/// A request of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Do these in order.
    Apply {
        commands: Vec<Command>,
        on_error: OnError,
    },
    Query(Query),
    /// Counts of packets, by verdict and drop reason.
    Counters,
    /// Everything at a glance.
    Status,
    /// How it stands with services under checks.
    Health,
    /// No new connections for a server; what is left at the deadline is cut off.
    Drain {
        service: ServiceKey,
        server: Endpoint,
        deadline: Option<Duration>,
    },
    /// Asks for the decision about a packet.
    Explain(Question),
    /// Read the configuration file again, or compare with it.
    Reload(ReloadRequest),
    /// Have this program take over, or the one that runs if it is none; absolute.
    Upgrade(Option<PathBuf>),
    /// Stop; leave host, tables and connections to the next director, or undo everything.
    Stop {
        for_restart: bool,
    },
    /// The virtual addresses that are announced, and why others are not.
    Vips,
    /// Announce nothing any more, and end when the traffic has gone elsewhere.
    Retire {
        deadline_ms: u64,
    },
    /// Answered in parts.
    Stream(StreamRequest),
}

/// Treatment of the rest of a batch after a refused command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    Continue,
    Stop,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    Applied(Applied),
    Reply(Result<Reply, CommandError>),
    Counters(Vec<Counter>),
    Status(Box<Status>),
    Health(Vec<ServiceReport>),
    Draining(Result<(), CommandError>),
    Explanation(Box<Explanation>),
    Reloaded(Result<Box<Reloaded>, ReloadRefusal>),
    Upgraded(Result<Upgraded, UpgradeRefusal>),
    /// The director has begun to stop, and ends when it has done so.
    Stopping,
    Vips(Box<Vips>),
    /// One of many answers to a request for a stream.
    Part(Part),
    /// No more parts follow.
    End,
    /// The request was not looked at.
    Refused(Refusal),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    pub name: String,
    pub value: u64,
}

/// Why a request was not looked at. The connection ends after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    #[error("the director speaks control protocol {0}, this program another: use the same release for both")]
    Version(u8),
    #[error("the director could not read the request: {0}")]
    Malformed(String),
    #[error("the request has {len} bytes, the director takes {limit}: split it")]
    TooLong { len: usize, limit: usize },
    #[error("another director has taken over meanwhile: ask it")]
    Moved,
    #[error("the director stops: the listing is not whole")]
    Stopping,
    #[error("the director has too many control connections: try again")]
    Busy,
    #[error("the answer is longer than {0} bytes")]
    AnswerTooLong(usize),
}

/// A frame that is not one of ours.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    #[error("not a tunvs control message")]
    NotOurs,
    #[error("control protocol version {0} where {VERSION} is spoken")]
    Version(u8),
    #[error("a message of {len} bytes where {limit} are allowed")]
    TooLong { len: usize, limit: usize },
    #[error("a message that makes no sense: {0}")]
    Body(#[from] serde_json::Error),
}

impl From<&FrameError> for Refusal {
    fn from(error: &FrameError) -> Self {
        match error {
            FrameError::Version(_) => Self::Version(VERSION),
            FrameError::TooLong { len, limit } => Self::TooLong { len: *len, limit: *limit },
            FrameError::NotOurs | FrameError::Body(_) => Self::Malformed(error.to_string()),
        }
    }
}

/// The whole frame of a message.
///
/// # Errors
/// The frame would be longer than `limit`.
pub fn frame<T: Serialize>(message: &T, limit: usize) -> Result<Vec<u8>, FrameError> {
    let mut frame = vec![0; HEADER_LEN];
    serde_json::to_writer(&mut frame, message)?;
    let len = frame.len() - HEADER_LEN;
    let (true, Ok(wire_len)) = (len <= limit, u32::try_from(len)) else {
        return Err(FrameError::TooLong { len, limit });
    };
    frame[..3].copy_from_slice(MAGIC);
    frame[3] = VERSION;
    frame[4..HEADER_LEN].copy_from_slice(&wire_len.to_be_bytes());
    Ok(frame)
}

/// Length of the body that follows this header.
///
/// # Errors
/// Not ours, another version, or longer than `limit`.
pub fn body_len(header: [u8; HEADER_LEN], limit: usize) -> Result<usize, FrameError> {
    let [a, b, c, version, len @ ..] = header;
    if [a, b, c] != *MAGIC {
        return Err(FrameError::NotOurs);
    }
    if version != VERSION {
        return Err(FrameError::Version(version));
    }
    let len = u32::from_be_bytes(len) as usize;
    if len > limit { Err(FrameError::TooLong { len, limit }) } else { Ok(len) }
}

/// The message in a body.
///
/// # Errors
/// The body makes no sense.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, FrameError> {
    Ok(serde_json::from_slice(body)?)
}
