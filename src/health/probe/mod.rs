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
use std::net::SocketAddr;
use std::time::Duration;

pub(super) use script::run as run_script;

use super::spec::{Check, CheckKind};
use crate::lvs::service::Endpoint;

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
pub(super) async fn probe(check: &Check, server: Endpoint) -> Result<Option<i32>, ProbeError> {
    let target = &check.target;
    let to = SocketAddr::new(
        target.connect_ip.unwrap_or(server.addr),
        target.connect_port.unwrap_or_else(|| check.kind.default_port(server.port)),
    );
    match &check.kind {
        CheckKind::Tcp => connect::tcp(to, target).await.map(drop)?,
        CheckKind::Http(http) => http::probe(http, to, target).await?,
        CheckKind::Dns(dns) => dns::probe(dns, to, target).await?,
        CheckKind::Udp(udp) => udp::probe(udp, to, target).await?,
        CheckKind::Ping => ping::probe(to.ip(), target).await?,
        CheckKind::Smtp(smtp) => smtp::probe(smtp, to, target).await?,
        CheckKind::Grpc(grpc) => grpc::probe(grpc, to, target).await?,
        CheckKind::Script(script) => return script::probe(script).await,
    }
    Ok(None)
}
