//! `tunvs health`: how it stands with services, servers and checks.

use std::io::{self, Write};

use super::args::HealthArgs;
use super::units::duration;
use lvs_control::{Client, ClientError, socket_path};
use lvs_health::report::{CheckReport, ServerReport, ServiceReport};

#[derive(Debug, thiserror::Error)]
pub(super) enum HealthError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("cannot write the answer")]
    Write(#[from] io::Error),
}

pub(super) fn run(args: &HealthArgs, out: &mut dyn Write) -> Result<(), HealthError> {
    let mut reports = Client::connect(&socket_path(args.socket.socket.as_deref()))?.health()?;
    if args.down {
        for service in &mut reports {
            service.servers.retain(|server| !server.up || server.checks.iter().any(|check| !check.up));
        }
        reports.retain(|service| !service.up || !service.servers.is_empty());
    }
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &reports).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    if reports.is_empty() && !args.down {
        writeln!(out, "no service has checks")?;
    }
    for service in &reports {
        list(service, out)?;
    }
    Ok(())
}

fn list(service: &ServiceReport, out: &mut dyn Write) -> io::Result<()> {
    let state = if service.up { "up" } else { "DOWN" };
    let sorry = if service.sorry { ", the sorry server serves" } else { "" };
    let (weight, quorum) = (service.weight_up, service.quorum);
    writeln!(out, "{}  {state}, weight {weight} of quorum {quorum}{sorry}", service.service)?;
    for server in &service.servers {
        let state = if server.up { "up" } else { "DOWN" };
        let since = duration(server.since_secs);
        writeln!(out, "  {:<28} {state:<5} {since:<14} {}", server.server.to_string(), place(server))?;
        for check in &server.checks {
            writeln!(out, "    {}", line(check))?;
        }
    }
    Ok(())
}

fn place(server: &ServerReport) -> String {
    if server.drained {
        return "drained".to_owned();
    }
    match (server.weight, server.full_weight) {
        (None, None) => "removed by hand".to_owned(),
        (None, Some(_)) => "taken out".to_owned(),
        (Some(weight), Some(full)) if weight != full => {
            format!("weight {weight} of {full}{}", warming(server))
        }
        (Some(weight), _) => format!("weight {weight}{}", warming(server)),
    }
}

/// How far a slow start has come.
fn warming(server: &ServerReport) -> String {
    match server.share_percent {
        100.. => String::new(),
        share => format!(", warming up: {share} % of its share"),
    }
}

fn line(check: &CheckReport) -> String {
    let state = if check.up { "up" } else { "DOWN" };
    let mut text =
        format!("{:<7} {:<36} {state:<5} {}", check.kind, check.target, duration(check.since_secs));
    match check.took_ms {
        None if check.void.is_some() => {}
        Some(took) => text.push_str(&format!(", {} rounds, the last {took} ms", check.rounds)),
        None => text.push_str(", not tried yet"),
    }
    if let Some(why) = &check.void {
        text.push_str(&format!("; it cannot be made: {why}"));
        return text;
    }
    if let (Some(error), Some(ago)) = (&check.last_error, check.error_secs_ago) {
        text.push_str(&format!("; {} ago: {error}", duration(ago)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs::service::{Endpoint, Protocol, ServiceKey};

    fn report() -> ServiceReport {
        let check = CheckReport {
            kind: "http".to_owned(),
            target: "10.1.0.1:80/healthz".to_owned(),
            up: false,
            since_secs: 75,
            rounds: 9,
            against: 0,
            took_ms: Some(3),
            void: None,
            last_error: Some("answered status 500, expected 200-299".to_owned()),
            error_secs_ago: Some(1),
        };
        let server = ServerReport {
            server: Endpoint::new("10.1.0.1".parse().unwrap(), 80),
            up: false,
            since_secs: 75,
            weight: None,
            full_weight: Some(5),
            drained: false,
            share_percent: 100,
            checks: vec![check],
        };
        let addr = "10.0.0.1".parse().unwrap();
        ServiceReport {
            service: ServiceKey::Address { protocol: Protocol::Tcp, addr, port: 80 },
            up: false,
            weight_up: 0,
            quorum: 1,
            sorry: true,
            servers: vec![server],
        }
    }

    #[test]
    fn the_document_shows_this_shape() {
        crate::cli::document::assert_shape("health", &serde_json::to_string(&[report()]).unwrap());
    }

    #[test]
    fn a_slow_start_is_shown_while_it_lasts() {
        let said = |share_percent, drained| {
            let server = report().servers.remove(0);
            place(&ServerReport { weight: Some(5), share_percent, drained, ..server })
        };
        assert_eq!(said(37, false), "weight 5, warming up: 37 % of its share");
        assert_eq!((said(100, false), said(37, true)), ("weight 5".to_owned(), "drained".to_owned()));
    }

    #[test]
    fn a_listing_says_who_is_down_and_why() {
        let mut text = Vec::new();
        list(&report(), &mut text).unwrap();
        let expected = "\
TCP 10.0.0.1:80  DOWN, weight 0 of quorum 1, the sorry server serves
  10.1.0.1:80                  DOWN  1 min 15 s     taken out
    http    10.1.0.1:80/healthz                  DOWN  1 min 15 s, 9 rounds, the last 3 ms; 1 s ago: answered status 500, expected 200-299
";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}
