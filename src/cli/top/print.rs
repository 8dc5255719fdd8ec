//! Snapshots as text and as JSON, for scripts and logs.

use std::io::{self, Write};

use serde::Serialize;

use super::grid::{Cell, Fitted, Grid};
use super::model::Model;
use super::snapshot::Snapshot;
use super::views::View;
use ipvsadm::protocol_name;
use lvs::director::{ConnCensus, ConnDetail, ServerCensus, ServerEntry, ServiceEntry};
use lvs::service::{Endpoint, Rates, ServiceKey, Stats};
use lvs_control::status::Process;
use lvs_events::json;

/// One view of a snapshot, with a line about the director in front.
pub(super) fn text(model: &Model, out: &mut dyn Write) -> io::Result<()> {
    let Some(snapshot) = &model.snapshot else { return Ok(()) };
    let (director, census) = (&snapshot.status.director, &snapshot.status.census);
    let (rates, conns) = (census.rates, census.connections);
    writeln!(
        out,
        "tunvs {} pid {} up {} s: {} services, {} servers, {} connections ({} active), \
         {} conns/s, {} packets/s in, {} out, {} bytes/s in, {} out",
        director.version,
        director.pid,
        director.uptime,
        census.services,
        census.servers.total,
        conns.tracked,
        conns.active,
        rates.cps,
        rates.in_pps,
        rates.out_pps,
        rates.in_bps,
        rates.out_bps
    )?;
    table(&model.grid(), out)
}

fn table(grid: &Grid, out: &mut dyn Write) -> io::Result<()> {
    if grid.rows.is_empty() {
        return writeln!(out, "{}", grid.empty);
    }
    // What cannot be said in text is left out.
    let column = |fitted: &Fitted| &grid.columns[fitted.column];
    let mut fitted = grid.fit(usize::MAX / 2);
    fitted.retain(|fitted| !column(fitted).grows && !column(fitted).title.is_empty());
    let mut line = |cells: &mut dyn Iterator<Item = (&str, usize, bool)>| {
        let mut text = String::new();
        for (shown, width, right) in cells {
            text.push_str(&if right { format!("{shown:>width$}  ") } else { format!("{shown:<width$}  ") });
        }
        writeln!(out, "{}", text.trim_end())
    };
    line(&mut fitted.iter().map(|fitted| (column(fitted).title, fitted.width, column(fitted).right)))?;
    for row in &grid.rows {
        let shown = |at: usize| row.cells.get(at).map(Cell::shown).unwrap_or_default();
        line(&mut fitted.iter().map(|fitted| (shown(fitted.column), fitted.width, column(fitted).right)))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    director: &'a Process,
    servers: ServerCensus,
    connections: ConnCensus,
    stats: Stats,
    rates: Rates,
    services: Vec<Service<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    states: Option<Vec<State<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listed: Option<Vec<crate::cli::connections::Shape>>,
}

#[derive(Serialize)]
struct Service<'a> {
    #[serde(with = "json::service")]
    service: ServiceKey,
    scheduler: &'a str,
    /// None: nothing is checked.
    up: Option<bool>,
    sorry: bool,
    stats: Stats,
    rates: Rates,
    servers: Vec<Server>,
}

#[derive(Serialize)]
struct Server {
    #[serde(with = "json::end")]
    server: Endpoint,
    forwarding: String,
    weight: i32,
    up: Option<bool>,
    drained: bool,
    active_conns: u32,
    inactive_conns: u32,
    persistent_conns: u32,
    stats: Stats,
    rates: Rates,
}

#[derive(Serialize)]
struct State<'a> {
    protocol: String,
    state: &'a str,
    template: bool,
    connections: u64,
}

/// All that was seen; in one line where many follow each other.
pub(super) fn json(model: &Model, one_line: bool, out: &mut dyn Write) -> io::Result<()> {
    let Some(snapshot) = &model.snapshot else { return Ok(()) };
    let view = &model.level().view;
    let census = &snapshot.status.census;
    let document = Document {
        version: 1,
        director: &snapshot.status.director,
        servers: census.servers,
        connections: census.connections,
        stats: census.stats,
        rates: census.rates,
        services: snapshot.services.iter().map(|entry| service(snapshot, entry)).collect(),
        states: matches!(view, View::States(_)).then(|| states(snapshot)),
        listed: matches!(view, View::Connections(_)).then(|| listed(&snapshot.connections)),
    };
    if one_line {
        serde_json::to_writer(&mut *out, &document)?;
    } else {
        serde_json::to_writer_pretty(&mut *out, &document)?;
    }
    writeln!(out)
}

fn service<'a>(snapshot: &Snapshot, entry: &'a ServiceEntry) -> Service<'a> {
    let key = entry.spec.key;
    let report = snapshot.health_of(&key);
    let server = |server: &ServerEntry| {
        let end = server.spec.endpoint();
        Server {
            server: end,
            forwarding: server.spec.forwarding.name().to_lowercase(),
            weight: server.weight(),
            up: snapshot.server_health(&key, end).map(|report| report.up),
            drained: server.drained,
            active_conns: server.active_conns,
            inactive_conns: server.inactive_conns,
            persistent_conns: server.persistent_conns,
            stats: server.stats,
            rates: server.rates,
        }
    };
    Service {
        service: key,
        scheduler: &entry.spec.scheduler,
        up: report.map(|report| report.up),
        sorry: report.is_some_and(|report| report.sorry),
        stats: entry.stats,
        rates: entry.rates,
        servers: entry.servers.iter().map(server).collect(),
    }
}

fn states(snapshot: &Snapshot) -> Vec<State<'_>> {
    let states = snapshot.states.iter().map(|count| State {
        protocol: protocol_name(count.protocol).to_lowercase(),
        state: &count.state,
        template: count.templates,
        connections: count.connections,
    });
    states.collect()
}

fn listed(connections: &[ConnDetail]) -> Vec<crate::cli::connections::Shape> {
    connections.iter().cloned().map(Into::into).collect()
}
