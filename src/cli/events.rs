//! `tunvs events`: what happens, one JSON line each, or as text.

use std::io::{self, Write};

use super::args::{EventFormat, EventsArgs};
use lvs_control::{Client, ClientError, Part, StreamRequest, socket_path};
use lvs_events::{Event, Record};

#[derive(Debug, thiserror::Error)]
pub(super) enum EventsError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("cannot write the events")]
    Write(#[from] io::Error),
}

/// Prints events until the director stops, or as many as were asked for.
pub(super) fn run(args: &EventsArgs, out: &mut dyn Write) -> Result<(), EventsError> {
    let client = Client::connect(&socket_path(args.socket.socket.as_deref()))?;
    let past = if args.no_follow && args.last.is_none() { usize::MAX } else { args.last.unwrap_or(0) };
    let request = StreamRequest::Events { past, follow: !args.no_follow };
    let mut left = args.count;
    for part in client.stream(request)?.while_read(io::stdout())? {
        let Part::Event(record) = part? else { continue };
        let is_wanted = args.only.is_empty() || args.only.iter().any(|name| name == record.event.name());
        if !is_wanted && !matches!(record.event, Event::Lost { .. }) {
            continue;
        }
        match print(args.format, &record, out) {
            // Whoever read this has seen enough: `tunvs events | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            other => other?,
        }
        left = left.map(|left| left.saturating_sub(1));
        if left == Some(0) {
            break;
        }
    }
    Ok(())
}

fn print(format: EventFormat, record: &Record, out: &mut dyn Write) -> io::Result<()> {
    match format {
        EventFormat::Json => serde_json::to_writer(&mut *out, record)?,
        EventFormat::Text => write!(out, "{}  {}", record.time, sentence(&record.event))?,
    }
    writeln!(out)?;
    out.flush()
}

/// An event as a person reads it.
pub(super) fn sentence(event: &Event) -> String {
    match event {
        Event::Started { version } => format!("director {version} started"),
        Event::Upgraded { version, connections } => {
            format!("director {version} has taken over, with {connections} connections")
        }
        Event::Stopping => "director stops".to_owned(),
        Event::ServiceAdded { service } => format!("{service} added"),
        Event::ServiceEdited { service } => format!("{service} edited"),
        Event::ServiceRemoved { service } => format!("{service} removed"),
        Event::ServiceUp { service, reason } => format!("{service} up: {reason}"),
        Event::ServiceDown { service, reason } => format!("{service} DOWN: {reason}"),
        Event::ServerAdded { service, server, weight } => {
            format!("{service} -> {server} added, weight {weight}")
        }
        Event::ServerEdited { service, server, weight } => {
            format!("{service} -> {server} edited, weight {weight}")
        }
        Event::ServerRemoved { service, server } => format!("{service} -> {server} removed"),
        Event::ServerUp { service, server, reason } => format!("{service} -> {server} up: {reason}"),
        Event::ServerDown { service, server, reason } => format!("{service} -> {server} DOWN: {reason}"),
        Event::ServerDraining { service, server, connections } => {
            format!("{service} -> {server} draining, {connections} connections left")
        }
        Event::ServerDrained { service, server, reset } => {
            format!("{service} -> {server} drained, {reset} connections reset")
        }
        Event::ServerOverloaded { service, server, times } => {
            let often = if *times > 1 { format!(", {times} times") } else { String::new() };
            format!("{service} -> {server} overloaded{often}")
        }
        Event::ServerReturned { service, server } => format!("{service} -> {server} takes connections again"),
        Event::Reloaded { file, changes, refused } => {
            format!("{file} reloaded: {changes} changes, {refused} refused")
        }
        Event::ReloadFailed { file, reason } => format!("{file} not reloaded: {reason}"),
        Event::DropsBegan { reason, packets, per_second } => {
            format!("drops for {reason}: {packets} packets, {per_second} a second")
        }
        Event::DropsGoOn { reason, packets, per_second } => {
            format!("drops for {reason} go on: {packets} packets, {per_second} a second")
        }
        Event::DropsEnded { reason, packets } => format!("drops for {reason} ended: {packets} packets"),
        Event::HostTrouble { reason } => format!("the host does not follow: {reason}"),
        Event::HostContested { times } => {
            format!("another program changes what the director made on the host, {times} times in a row")
        }
        Event::DiscoveryFailed { service, source, reason } => {
            format!("{service}: {source} FAILS, its servers stay: {reason}")
        }
        Event::DiscoveryRecovered { service, source } => format!("{service}: {source} speaks again"),
        Event::VipAnnounced { address } => format!("{address} announced"),
        Event::VipWithdrawn { address, reason } => format!("{address} WITHDRAWN: {reason}"),
        Event::Retiring { addresses } => format!("director retires, {addresses} announcements withdrawn"),
        Event::Lost { events } => format!("{events} events were lost here: this reader was too slow"),
    }
}
