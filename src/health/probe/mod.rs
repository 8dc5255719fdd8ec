//! Asking a server once: one file for each kind of check.
//!
//! Every probe is bounded: its time by the caller, what it reads by [`MAX_ANSWER`](error::MAX_ANSWER). Never decides whether a server is
//! up; called by the check's task.

mod bfd;
mod connect;
mod dns;
mod error;
mod file;
mod grpc;
mod http;
mod ping;
mod route;
mod script;
mod smtp;
mod tls;
mod udp;

use std::net::SocketAddr;

use tokio::time::timeout;

pub(super) use error::{Concerns, ProbeError};
pub(super) use route::DirectorHandle;
pub(super) use script::run as run_script;

use lvs_health::check::WeightChange;
use lvs_health::spec::{Check, CheckKind};
use lvs_health::state::CheckId;
use route::ProbeRoute;

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
