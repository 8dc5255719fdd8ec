//! `tunvs drain` and `tunvs undrain`: no new connections for a server, and the old ones watched until they are gone.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use super::args::{DrainArgs, UndrainArgs};
use super::ends::{EndError, endpoint};
use lvs::director::{Command, CommandError, Query, Reply, ServerEntry};
use lvs::service::{Endpoint, Family, Protocol, ServiceKey};
use lvs_control::{Client, ClientError, socket_path};

/// How often the director is asked how many connections are left.
const LOOK: Duration = Duration::from_millis(250);

#[derive(Debug, thiserror::Error)]
pub(super) enum DrainError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Refused(#[from] CommandError),
    #[error("{text:?}: {source}")]
    End { text: String, source: EndError },
    #[error("the server is not drained any more: somebody took the mark away, or removed it")]
    TakenAway,
    #[error("cannot write the answer")]
    Write(#[from] io::Error),
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a service is wanted: 10.0.0.1:80, udp:10.0.0.1:53, sctp:[fd00::1]:80, fwm:7 or fwm6:7")]
pub(super) struct ServiceNameError;

/// A service as it is typed: an address and a port, with the protocol in front if it is not TCP, or a mark.
pub(super) fn service(text: &str) -> Result<ServiceKey, ServiceNameError> {
    let (kind, rest) = match text.split_once(':') {
        Some((kind @ ("tcp" | "udp" | "sctp" | "fwm" | "fwm6"), rest)) => (kind, rest),
        _ => ("tcp", text),
    };
    let mark = |family| {
        let mark = rest.parse().ok().filter(|mark| *mark != 0).ok_or(ServiceNameError)?;
        Ok(ServiceKey::Mark { mark, family })
    };
    let protocol = match kind {
        "fwm" => return mark(Family::V4),
        "fwm6" => return mark(Family::V6),
        "udp" => Protocol::Udp,
        "sctp" => Protocol::Sctp,
        _ => Protocol::Tcp,
    };
    let Endpoint { addr, port } = endpoint(rest).map_err(|_| ServiceNameError)?;
    Ok(ServiceKey::Address { protocol, addr, port })
}

fn server(text: &str) -> Result<Endpoint, DrainError> {
    endpoint(text).map_err(|source| DrainError::End { text: text.to_owned(), source })
}

pub(super) fn drain(args: &DrainArgs, out: &mut dyn Write) -> Result<(), DrainError> {
    let server = server(&args.server)?;
    let mut client = Client::connect(&socket_path(args.socket.socket.as_deref()))?;
    let deadline = args.deadline.map(Duration::from_secs);
    client.drain(args.service, server, deadline)??;
    if args.no_wait {
        return Ok(());
    }
    let mut shown = None;
    loop {
        let entry = look(&mut client, args.service, server)?.ok_or(DrainError::TakenAway)?;
        let left = entry.active_conns + entry.inactive_conns;
        if left == 0 {
            writeln!(out, "{server} is drained")?;
            return Ok(());
        }
        if !entry.drained {
            return Err(DrainError::TakenAway);
        }
        if shown != Some(left) {
            let active = entry.active_conns;
            writeln!(out, "{server}: {left} connections left, {active} of them active")?;
            out.flush()?;
            shown = Some(left);
        }
        thread::sleep(LOOK);
    }
}

fn look(
    client: &mut Client,
    service: ServiceKey,
    server: Endpoint,
) -> Result<Option<ServerEntry>, DrainError> {
    let Reply::Services(services) = client.query(Query::Service(service))?? else { return Ok(None) };
    let mut servers = services.into_iter().flat_map(|service| service.servers);
    Ok(servers.find(|entry| entry.spec.endpoint() == server))
}

pub(super) fn undrain(args: &UndrainArgs) -> Result<(), DrainError> {
    let server = server(&args.server)?;
    let mut client = Client::connect(&socket_path(args.socket.socket.as_deref()))?;
    let command = Command::SetDrained { service: args.service, server, drained: false };
    Ok(client.apply(vec![command])?.results.into_iter().collect::<Result<(), _>>()?)
}

/// Seconds, with or without a unit: 90, 90s, 5m, 1h.
pub(super) fn seconds(text: &str) -> Result<u64, SecondsError> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) => (number, &text[number.len()..]),
        None => (text, "s"),
    };
    let scale = match unit {
        "m" => 60,
        "h" => 3600,
        _ => 1,
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(scale)).ok_or(SecondsError)
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a time is wanted: 90, 90s, 5m or 1h")]
pub(super) struct SecondsError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_and_times_are_read_as_they_are_usually_written() {
        let shown = |text| service(text).map(|key| key.to_string());
        assert_eq!(shown("10.0.0.1:80"), Ok("TCP 10.0.0.1:80".to_owned()));
        assert_eq!(shown("udp:[fd00::1]:53"), Ok("UDP [fd00::1]:53".to_owned()));
        assert_eq!(shown("fwm:7"), Ok("FWM 7".to_owned()));
        assert_eq!(shown("fwm6:7"), Ok("FWM 7 IPv6".to_owned()));
        for wrong in ["", "10.0.0.1", "icmp:10.0.0.1:1", "fwm:0", "fwm:x", "tcp:"] {
            assert_eq!(service(wrong), Err(ServiceNameError), "{wrong}");
        }
        assert_eq!(["90", "90s", "5m", "1h"].map(seconds), [Ok(90), Ok(90), Ok(300), Ok(3600)]);
        assert!(["", "s", "1d", "-1", "99999999999999999999"].iter().all(|text| seconds(text).is_err()));
    }
}
