//! Asking a server once: one file for each kind of check.
//!
//! Every probe is bounded: its time by the caller, what it reads by [`MAX_ANSWER`]. Never decides whether a server is
//! up; called by the check's task.

mod connect;
mod dns;
mod grpc;
mod http;
mod ping;
mod script;
mod smtp;
mod tls;
mod udp;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

pub(super) use script::run as run_script;

use super::lead::{Leader, Way};
use super::spec::{Check, CheckKind};
use super::state::CheckId;

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
    Regex(#[from] regex::Error),
    #[error("cannot run {program}: {source}")]
    Spawn { program: String, source: io::Error },
    #[error("no user or group called {0:?}")]
    NoSuchUser(String),
    #[error("nothing to run")]
    NoCommand,
    #[error("cannot ask {0} by way of the server: no address of this host leads there, give bind_address")]
    NoSource(IpAddr),
    #[error("cannot ask by way of the server: {0}")]
    NotLed(&'static str),
    #[error("gRPC: {0}")]
    Grpc(String),
}

impl ProbeError {
    pub(super) fn unexpected(got: impl ToString, expected: impl ToString) -> Self {
        Self::Unexpected { got: got.to_string(), expected: expected.to_string() }
    }
}

/// Asks once. Some weight when a script wants one.
///
/// # Errors
/// The server did not answer as it should. The time is the caller's to bound.
pub(super) async fn probe(check: &Check, id: &CheckId, leader: &Leader) -> Result<Option<i32>, ProbeError> {
    let at = check.goes_to(&id.service, id.server);
    let to = SocketAddr::new(at.addr, at.port);
    let way = &Way::new(check, id, leader);
    match &check.kind {
        CheckKind::Tcp => connect::tcp(to, way).await.map(drop)?,
        CheckKind::Http(http) => http::probe(http, to, way).await?,
        CheckKind::Dns(dns) => dns::probe(dns, to, way).await?,
        CheckKind::Udp(udp) => udp::probe(udp, to, way).await?,
        CheckKind::Ping => ping::probe(to.ip(), way.target).await?,
        CheckKind::Smtp(smtp) => smtp::probe(smtp, to, way).await?,
        CheckKind::Grpc(grpc) => grpc::probe(grpc, to, way).await?,
        CheckKind::Script(script) => return script::probe(script).await,
    }
    Ok(None)
}
