//! Asking a server once: one file for each kind of check.
//!
//! Every probe is bounded: its time by the caller, what it reads by [`MAX_ANSWER`]. Never decides whether a server is
//! up; called by the check's task.

mod bfd;
mod connect;
mod dns;
mod file;
mod grpc;
mod http;
mod ping;
mod script;
mod smtp;
mod tls;
mod udp;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;

pub(super) use script::run as run_script;

use super::pin::{DirectorHandle, ProbeRoute};
use lvs_config::programs::Unfit;
use lvs_health::check::WeightChange;
use lvs_health::spec::{Check, CheckKind};
use lvs_health::state::CheckId;

/// Bytes of an answer that are read at most; the rest is left.
pub(super) const MAX_ANSWER: usize = 256 << 10;

/// Why a server did not pass.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProbeError {
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
    #[error("cannot run it: {0}")]
    Unfit(#[from] Unfit),
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
    pub(super) fn unexpected(got: impl ToString, expected: impl ToString) -> Self {
        Self::Unexpected { got: got.to_string(), expected: expected.to_string() }
    }
}

impl ProbeError {
    /// Subject of the failure. A check that itself fails, on this host, says nothing of the server.
    pub(super) const fn concerns(&self) -> Concerns {
        match self {
            Self::Unfit(_) | Self::Spawn { .. } => Concerns::Program,
            Self::File { .. } | Self::NoNumber { .. } | Self::NoBfd | Self::BfdTimeout(_) | Self::GivenUp => {
                Concerns::ThisHost
            }
            _ => Concerns::Server,
        }
    }
}

/// Subject of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Concerns {
    Server,
    /// Something on this host that a check needs and that may come.
    ThisHost,
    /// A program that cannot be run.
    Program,
}

/// Asks once, for as long as the check's timeout says.
///
/// # Errors
/// The server did not answer as it should, or the check could not be made.
pub(super) async fn probe(
    check: &Check,
    id: &CheckId,
    handle: &DirectorHandle,
) -> Result<Option<WeightChange>, ProbeError> {
    let limit = check.schedule.timeout;
    match &check.kind {
        CheckKind::Script(script) => script::probe(script, limit).await,
        kind => match timeout(limit, ask(check, id, handle)).await {
            Ok(answer) => answer,
            // Nothing came back, nor did a word that nobody is there.
            Err(_) if matches!(kind, CheckKind::Udp(udp) if !udp.require_reply) => Ok(None),
            Err(_) if matches!(kind, CheckKind::Bfd(_)) => Err(ProbeError::BfdTimeout(limit)),
            Err(_) => Err(ProbeError::Timeout(limit)),
        },
    }
}

async fn ask(
    check: &Check,
    id: &CheckId,
    handle: &DirectorHandle,
) -> Result<Option<WeightChange>, ProbeError> {
    let at = check.goes_to(&id.service, id.server);
    let to = SocketAddr::new(at.addr, at.port);
    let route = &ProbeRoute::new(check, id, handle);
    match &check.kind {
        CheckKind::Tcp => connect::tcp(to, route).await.map(drop)?,
        CheckKind::Http(http) => http::probe(http, to, route).await?,
        CheckKind::Dns(dns) => dns::probe(dns, to, route).await?,
        CheckKind::Udp(udp) => udp::probe(udp, to, route).await?,
        CheckKind::Ping => ping::probe(to.ip(), route.target).await?,
        CheckKind::Smtp(smtp) => smtp::probe(smtp, to, route).await?,
        CheckKind::Grpc(grpc) => grpc::probe(grpc, to, route).await?,
        CheckKind::Bfd(source) => bfd::probe(source, to.ip(), route.target.bind_ip).await?,
        CheckKind::File(file) => return file::probe(file).await,
        CheckKind::Script(script) => return script::probe(script, check.schedule.timeout).await,
    }
    Ok(None)
}
