//! `tunvs status`: everything at a glance.

use std::io::{self, Write};

use serde::Serialize;

use super::args::StatusArgs;
use super::units::{bytes, duration, number};
use lvs_control::flow_log::Tally;
use lvs_control::status::{FastPath, Fleet, Kept, Rival, SourceReport};
use lvs_control::{Client, ClientError, Status, socket_path};

#[derive(Debug, thiserror::Error)]
pub(super) enum StatusError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("cannot write the status")]
    Write(#[from] io::Error),
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    #[serde(flatten)]
    status: &'a Status,
}

pub(super) fn run(args: &StatusArgs, out: &mut dyn Write) -> Result<(), StatusError> {
    let status = Client::connect(&socket_path(args.socket.socket.as_deref()))?.status()?;
    let written = if args.json { json(&status, out) } else { text(&status, out) };
    Ok(written?)
}

fn json(status: &Status, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document { version: 1, status })?;
    writeln!(out)
}

fn text(status: &Status, out: &mut dyn Write) -> io::Result<()> {
    let (director, census) = (&status.director, &status.census);
    let (servers, conns) = (census.servers, census.connections);
    writeln!(
        out,
        "tunvs {}, up {} (since {}), pid {}",
        director.version,
        duration(director.uptime),
        director.started,
        director.pid
    )?;
    if let Some(config) = &director.config {
        writeln!(out, "configuration  {}", config.display())?;
    }
    writeln!(
        out,
        "services       {} with {} servers ({} of weight 0, {} overloaded)",
        census.services, servers.total, servers.quiesced, servers.overloaded
    )?;
    writeln!(
        out,
        "connections    {} of at most {} ({} active, {} inactive, {} persistent)",
        conns.tracked, conns.limit, conns.active, conns.inactive, conns.persistent
    )?;
    if conns.masqueraded_total > 0 {
        writeln!(
            out,
            "masqueraded    {} connections outwards, {} in all",
            conns.masqueraded,
            number(conns.masqueraded_total)
        )?;
    }
    traffic(status, out)?;
    let state = if status.host.follows { "follows the tables" } else { "DOES NOT FOLLOW THE TABLES" };
    writeln!(out, "host           {state}, {} changes to be undone", status.host.changes)?;
    for trouble in &status.host.troubles {
        writeln!(out, "               {trouble}")?;
    }
    for Rival { address, dev, link } in &status.host.rivals {
        writeln!(out, "               {link} on {dev} ANSWERS FOR {address}, too")?;
    }
    writeln!(out, "fast path      {}", fast_path(status))?;
    writeln!(out, "kept           {}", kept(&status.kept))?;
    sandbox(status, out)?;
    writeln!(out, "events         {}", status.events)?;
    let Tally { written, lost } = status.flow_log;
    let missing: Vec<String> = lost
        .named()
        .iter()
        .filter(|(_, flows)| *flows > 0)
        .map(|(why, flows)| format!(", {flows} lost ({why})"))
        .collect();
    if written > 0 || !missing.is_empty() {
        writeln!(out, "flow log       {written} lines{}", missing.concat())?;
    }
    Ok(())
}

fn sandbox(status: &Status, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "sandbox        {}", status.sandbox.in_force().as_deref().unwrap_or("off"))?;
    status.sandbox.missing.iter().try_for_each(|why| writeln!(out, "               {why}"))
}

fn fast_path(status: &Status) -> String {
    let FastPath { why_off, links, connections, packets, full, .. } = &status.fast_path;
    match why_off {
        Some(why) => format!("off: {why}"),
        None => format!(
            "{connections} connections, {} packets in all, from {}{}",
            number(*packets),
            links.join(", "),
            if *full > 0 { format!(", full {full} times") } else { String::new() }
        ),
    }
}

fn kept(kept: &Kept) -> String {
    match &kept.why_off {
        None if kept.on && kept.left_out == 0 => "connections outlive a kill".to_owned(),
        None if kept.on => format!("connections outlive a kill, except {} that had no room", kept.left_out),
        None => "connections are not kept".to_owned(),
        Some(why) => format!("connections DO NOT OUTLIVE A KILL: {why}"),
    }
}

fn traffic(status: &Status, out: &mut dyn Write) -> io::Result<()> {
    let (rates, stats) = (status.census.rates, status.census.stats);
    writeln!(
        out,
        "a second       {} connections, {} packets in, {} out, {} in, {} out",
        number(rates.cps),
        number(rates.in_pps),
        number(rates.out_pps),
        bytes(rates.in_bps),
        bytes(rates.out_bps)
    )?;
    writeln!(
        out,
        "in all         {} connections, {} packets in, {} out, {} in, {} out",
        number(stats.conns),
        number(stats.in_packets),
        number(stats.out_packets),
        bytes(stats.in_bytes),
        bytes(stats.out_bytes)
    )?;
    writeln!(out, "packets        {}", listed(status.packets.iter()))?;
    writeln!(out, "drops          {}", listed(status.drops.iter()))?;
    fleet(&status.fleet, out)?;
    sources(&status.sources, out)?;
    for queue in &status.queues {
        writeln!(
            out,
            "queue          {}: {} packets, {} drops, {} failures",
            queue.name, queue.packets, queue.drops, queue.failures
        )?;
    }
    Ok(())
}

/// Announcements, where there are to be any.
fn fleet(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    let (announced, withheld) = (fleet.announced.len(), fleet.withheld.len());
    if announced + withheld == 0 {
        return Ok(());
    }
    let retires = if fleet.retiring { ", the director RETIRES" } else { "" };
    writeln!(out, "announced      {announced} addresses, {withheld} withheld{retires}")
}

/// Sources of real servers, where there are any.
fn sources(sources: &[SourceReport], out: &mut dyn Write) -> io::Result<()> {
    for SourceReport { service, source, servers, draining, heard_secs_ago, trouble, left_out } in sources {
        let heard = match heard_secs_ago {
            Some(secs) => format!("heard {secs} s ago"),
            None => "not heard since the start".to_owned(),
        };
        let drains = if *draining > 0 { format!(", {draining} draining") } else { String::new() };
        let left_out: String = left_out.iter().map(|why| format!(", left out: {why}")).collect();
        let trouble = trouble.as_ref().map(|why| format!(", TROUBLE: {why}")).unwrap_or_default();
        writeln!(
            out,
            "source         {service}: {source}: {servers} servers{drains}, {heard}{left_out}{trouble}"
        )?;
    }
    Ok(())
}

/// Lists counters that are not zero.
fn listed<'a>(counters: impl Iterator<Item = (&'a String, &'a u64)>) -> String {
    let counted: Vec<String> =
        counters.filter(|(_, value)| **value > 0).map(|(name, value)| format!("{name} {value}")).collect();
    if counted.is_empty() { "none".to_owned() } else { counted.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::document;
    use lvs_control::status::{Host, Process, Queue, Sandbox};

    #[test]
    fn the_document_shows_this_shape() {
        let status = Status {
            director: Process { config: Some("/etc/tunvs.toml".into()), ..Process::default() },
            packets: ["forward", "pass", "write_link_down"].map(|name| (name.to_owned(), 1)).into(),
            drops: [("no_server".to_owned(), 1), ("truncated".to_owned(), 0)].into(),
            queues: vec![Queue::default()],
            fleet: Fleet {
                announced: vec![[192, 0, 2, 1].into()],
                withheld: vec![[192, 0, 2, 2].into()],
                retiring: true,
            },
            kept: Kept { why_off: Some("no space left on device".to_owned()), ..Kept::default() },
            fast_path: FastPath {
                why_off: Some("switched off".to_owned()),
                links: vec![String::new()],
                ..FastPath::default()
            },
            sandbox: Sandbox { missing: vec![String::new()], ..Sandbox::default() },
            host: Host {
                troubles: vec![String::new()],
                rivals: vec![Rival {
                    address: [192, 0, 2, 1].into(),
                    dev: "eth1".to_owned(),
                    link: "02:00:00:00:00:07".to_owned(),
                }],
                ..Host::default()
            },
            sources: vec![SourceReport {
                service: lvs::service::ServiceKey::Address {
                    protocol: lvs::service::Protocol::Tcp,
                    addr: [192, 0, 2, 1].into(),
                    port: 80,
                },
                source: "dns web.example".to_owned(),
                servers: 2,
                draining: 1,
                heard_secs_ago: Some(3),
                trouble: Some("no answer".to_owned()),
                left_out: vec!["1 addresses of the loopback".to_owned()],
            }],
            ..Status::default()
        };
        let mut printed = Vec::new();
        json(&status, &mut printed).unwrap();
        document::assert_shape("status", std::str::from_utf8(&printed).unwrap());
        let mut printed = Vec::new();
        text(&status, &mut printed).unwrap();
        let printed = String::from_utf8(printed).unwrap();
        assert!(
            printed.contains("DOES NOT FOLLOW")
                && printed.contains("02:00:00:00:00:07 on eth1 ANSWERS FOR 192.0.2.1, too\n")
                && printed.contains("DO NOT OUTLIVE A KILL: no space")
                && printed.contains("drops          no_server 1\n"),
            "{printed}"
        );
    }
}
