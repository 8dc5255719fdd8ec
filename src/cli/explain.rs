//! `tunvs explain`: what a packet would meet, and why.

use std::io::{self, Write};

use serde::Serialize;

use super::args::ExplainArgs;
use super::connections::Shape as Conn;
use lvs::director::{Candidate, Explanation, Outcome, Question};
use lvs_control::{Client, ClientError, socket_path};
use lvs_events::json::{End, Selector};

#[derive(Debug, thiserror::Error)]
pub(super) enum ExplainError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("cannot write the explanation")]
    Write(#[from] io::Error),
    #[error("{from} and {to} are of different families: give two IPv4 or two IPv6 addresses")]
    Families { from: std::net::IpAddr, to: std::net::IpAddr },
}

pub(super) fn run(args: &ExplainArgs, out: &mut dyn Write) -> Result<(), ExplainError> {
    let (from, to) = (args.from, args.to);
    if from.addr.is_ipv4() != to.addr.is_ipv4() {
        return Err(ExplainError::Families { from: from.addr, to: to.addr });
    }
    let question = Question { protocol: args.proto.into(), from, to, mark: args.mark };
    let explanation = Client::connect(&socket_path(args.socket.socket.as_deref()))?.explain(question)?;
    let written = if args.json { json(explanation, out) } else { text(&explanation, out) };
    Ok(written?)
}

#[derive(Serialize)]
struct Document {
    version: u32,
    outcome: Outcome,
    server: Option<End>,
    forwarding: Option<String>,
    connection: Option<Conn>,
    service: Option<Selector>,
    scheduler: Option<String>,
    template: Option<Conn>,
    candidates: Vec<CandidateShape>,
    reasons: Vec<String>,
}

#[derive(Serialize)]
struct CandidateShape {
    server: End,
    weight: i32,
    active_conns: u32,
    inactive_conns: u32,
    chosen: bool,
    why: String,
}

impl From<Candidate> for CandidateShape {
    fn from(candidate: Candidate) -> Self {
        let Candidate { server, weight, active_conns, inactive_conns, chosen, why } = candidate;
        Self { server: server.into(), weight, active_conns, inactive_conns, chosen, why }
    }
}

fn json(explanation: Explanation, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        version: 1,
        outcome: explanation.outcome,
        server: explanation.server.map(End::from),
        forwarding: explanation.forwarding.map(|name| name.to_lowercase()),
        connection: explanation.connection.map(Conn::from),
        service: explanation.service.as_ref().map(Selector::from),
        scheduler: explanation.scheduler,
        template: explanation.template.map(Conn::from),
        candidates: explanation.candidates.into_iter().map(CandidateShape::from).collect(),
        reasons: explanation.reasons,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn text(explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    match (explanation.outcome, explanation.server) {
        (Outcome::Forwarded, Some(server)) => {
            let forwarding = explanation.forwarding.as_deref().unwrap_or("?");
            writeln!(out, "forwarded to {server} ({forwarding})")?;
        }
        (Outcome::Forwarded, None) => writeln!(out, "forwarded")?,
        (Outcome::Passed, _) => writeln!(out, "passed to the host's own stack")?,
        (Outcome::Refused, _) => writeln!(out, "refused with an ICMP error")?,
        (Outcome::Dropped, _) => writeln!(out, "dropped")?,
    }
    for reason in &explanation.reasons {
        writeln!(out, "  {reason}")?;
    }
    if !explanation.candidates.is_empty() {
        writeln!(out, "servers")?;
    }
    for candidate in &explanation.candidates {
        writeln!(
            out,
            "  {}  weight {}, {} active, {} inactive: {}",
            candidate.server,
            candidate.weight,
            candidate.active_conns,
            candidate.inactive_conns,
            candidate.why
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::document;
    use lvs::service::{Endpoint, Protocol, ServiceKey};

    #[test]
    fn the_document_shows_this_shape() {
        let server = Endpoint::new([10, 1, 0, 1].into(), 80);
        let service = ServiceKey::Address { protocol: Protocol::Tcp, addr: [10, 0, 0, 1].into(), port: 80 };
        let why = String::new();
        let candidate =
            Candidate { server, weight: 1, active_conns: 0, inactive_conns: 0, chosen: true, why };
        let explanation = Explanation {
            outcome: Outcome::Forwarded,
            server: Some(server),
            forwarding: Some("Masq".to_owned()),
            connection: None,
            service: Some(service),
            scheduler: Some("rr".to_owned()),
            template: None,
            candidates: vec![candidate],
            reasons: vec![String::new()],
        };
        let mut printed = Vec::new();
        json(explanation, &mut printed).unwrap();
        document::assert_shape("explain", std::str::from_utf8(&printed).unwrap());
    }
}
