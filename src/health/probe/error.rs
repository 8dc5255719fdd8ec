//! Reasons for which a server, or a check, fails, and the bound of what a probe reads.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::starter::StartError;

/// Bytes of an answer that are read at most; the rest is left.
pub(in crate::health) const MAX_ANSWER: usize = 256 << 10;

/// Why a server did not pass.
#[derive(Debug, thiserror::Error)]
pub(in crate::health) enum ProbeError {
    #[error("cannot connect: {0}")]
    Connect(#[source] io::Error),
    #[error("cannot use {what}: {source}")]
    Socket { what: &'static str, source: io::Error },
    #[error("connection lost: {0}")]
    Lost(#[source] io::Error),
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    #[error("TLS: {0}")]
    Tls(String),
    #[error("answered {got}, expected {expected}")]
    Unexpected { got: String, expected: String },
    #[error("the answer makes no sense: {0}")]
    Garbled(&'static str),
    #[error("bad regular expression: {0}")]
    Regex(#[from] pcre2::Error),
    #[error("cannot run {program}: {source}")]
    Spawn { program: String, source: io::Error },
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("cannot read {}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}: {text:?} is no number of 32 bits", path.display())]
    NoNumber { path: PathBuf, text: String },
    #[error("no BFD session with {0}")]
    NoSession(IpAddr),
    #[error("no BFD daemon answers: neither FRR nor BIRD nor keepalived is at its usual place")]
    NoBfd,
    #[error("the BFD daemon does not answer within {} ms", .0.as_millis())]
    BfdTimeout(Duration),
    #[error("given up")]
    GivenUp,
    #[error("cannot ask {0} by way of the server: no address of this host leads there, give bind_address")]
    NoSource(IpAddr),
    #[error("cannot ask by way of the server: {0}")]
    NotPinned(&'static str),
    #[error("gRPC: {0}")]
    Grpc(String),
}

impl ProbeError {
    pub(in crate::health) fn unexpected(got: impl ToString, expected: impl ToString) -> Self {
        Self::Unexpected { got: got.to_string(), expected: expected.to_string() }
    }
}

impl ProbeError {
    /// Subject of the failure. A check that itself fails, on this host, says nothing of the server.
    pub(in crate::health) const fn concerns(&self) -> Concerns {
        match self {
            Self::Start(StartError::NotStarted(_)) => Concerns::ThisHost,
            Self::Start(_) | Self::Spawn { .. } => Concerns::Program,
            Self::File { .. } | Self::NoNumber { .. } | Self::NoBfd | Self::BfdTimeout(_) | Self::GivenUp => {
                Concerns::ThisHost
            }
            _ => Concerns::Server,
        }
    }
}

/// Subject of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::health) enum Concerns {
    Server,
    /// Something on this host that a check needs and that may come.
    ThisHost,
    /// A program that cannot be run.
    Program,
}
