//! The views: a snapshot as a table. Pure.

use super::grid::{Cell, Column, Grid, Row, RowId, Sort, Tone};
use super::rates::{History, Measure};
use super::snapshot::{Extra, Scope, Snapshot};
use crate::cli::units::{bytes, number};
use ipvsadm::protocol_name;
use lvs::director::{ServerEntry, ServiceEntry};
use lvs::service::{Endpoint, Rates, ServiceKey};
use lvs_health::report::{ServerReport, ServiceReport};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum View {
    Services,
    /// Of one service, or of all.
    Servers(Option<ServiceKey>),
    States(Scope),
    Connections(Scope),
}

impl View {
    /// Views of the keys 1 to 4.
    pub(super) fn all() -> [Self; 4] {
        [
            Self::Services,
            Self::Servers(None),
            Self::States(Scope::default()),
            Self::Connections(Scope::default()),
        ]
    }

    pub(super) fn title(&self) -> String {
        match self {
            Self::Services => "services".to_owned(),
            Self::Servers(None) => "servers".to_owned(),
            Self::Servers(Some(key)) => key.to_string(),
            Self::States(scope) => named("states", scope),
            Self::Connections(scope) => named("connections", scope),
        }
    }

    pub(super) fn extra(&self) -> Extra {
        match self {
            Self::Services | Self::Servers(_) => Extra::Nothing,
            Self::States(scope) => Extra::States(scope.clone()),
            Self::Connections(scope) => Extra::Connections(scope.clone()),
        }
    }

    /// Order in which what is most wanted comes first.
    pub(super) const fn sort(&self) -> Sort {
        match self {
            Self::Services => Sort { column: 6, descending: true },
            Self::Servers(None) => Sort { column: 7, descending: true },
            Self::Servers(Some(_)) => Sort { column: 6, descending: true },
            Self::States(_) => Sort { column: 2, descending: true },
            Self::Connections(_) => Sort { column: 2, descending: false },
        }
    }

    /// The service whose trend stands above the table.
    pub(super) const fn service(&self) -> Option<&ServiceKey> {
        match self {
            Self::Services => None,
            Self::Servers(service) => service.as_ref(),
            Self::States(scope) | Self::Connections(scope) => scope.service.as_ref(),
        }
    }

    pub(super) fn grid(&self, snapshot: &Snapshot, history: &History, measure: Measure) -> Grid {
        match self {
            Self::Services => services(snapshot, history, measure),
            Self::Servers(only) => servers(snapshot, only.as_ref()),
            Self::States(_) => states(snapshot),
            Self::Connections(_) => connections(snapshot),
        }
    }
}

fn named(what: &str, scope: &Scope) -> String {
    match (&scope.server, &scope.service, &scope.state) {
        (Some(server), _, _) => format!("{what} of {server}"),
        (None, Some(service), _) => format!("{what} of {service}"),
        (None, None, Some((_, state))) => format!("{what} in {state}"),
        (None, None, None) => what.to_owned(),
    }
}

fn services(snapshot: &Snapshot, history: &History, measure: Measure) -> Grid {
    let columns = vec![
        Column::text("Service", 0),
        Column::text("Sched", 7),
        Column::number("Servers", 5),
        Column::text("State", 3),
        Column::number("Active", 1),
        Column::number("Inactive", 6),
        Column::number("Conns/s", 0),
        Column::number("PktIn/s", 8),
        Column::number("PktOut/s", 9),
        Column::number("In/s", 4),
        Column::number("Out/s", 2),
        Column::trend("Trend", 10),
    ];
    let row = |entry: &ServiceEntry| {
        let key = entry.spec.key;
        let report = snapshot.health_of(&key);
        let (active, inactive) = connections_of(entry);
        let usable = entry.servers.iter().filter(|server| {
            let end = server.spec.endpoint();
            server.weight() > 0 && snapshot.server_health(&key, end).is_none_or(|report| report.up)
        });
        let (usable, all) = (usable.count(), entry.servers.len());
        let (state, tone) = service_state(report, usable);
        let mut cells = vec![
            Cell::text(key.to_string()),
            Cell::text(&entry.spec.scheduler),
            Cell::number(usable as u64, format!("{usable}/{all}")),
            Cell::text(state),
            Cell::count(active),
            Cell::count(inactive),
        ];
        cells.extend(rates(&entry.rates));
        cells.push(Cell::Trend(history.of(Some(&key), measure)));
        Row { id: RowId::Service(key), cells, tone }
    };
    Grid { columns, rows: snapshot.services.iter().map(row).collect(), empty: "no services" }
}

fn connections_of(entry: &ServiceEntry) -> (u64, u64) {
    let sum = |of: fn(&ServerEntry) -> u32| entry.servers.iter().map(|server| u64::from(of(server))).sum();
    (sum(|server| server.active_conns), sum(|server| server.inactive_conns))
}

fn service_state(report: Option<&ServiceReport>, usable: usize) -> (String, Tone) {
    match report {
        Some(report) if report.sorry => ("sorry".to_owned(), Tone::Bad),
        Some(report) if !report.up => ("DOWN".to_owned(), Tone::Bad),
        _ if usable == 0 => ("no server".to_owned(), Tone::Warn),
        Some(report) if report.servers.iter().any(|server| !server.up) => ("up".to_owned(), Tone::Warn),
        Some(_) => ("up".to_owned(), Tone::Plain),
        None => ("-".to_owned(), Tone::Plain),
    }
}

fn rates(rates: &Rates) -> [Cell; 5] {
    [
        Cell::number(rates.cps, number(rates.cps)),
        Cell::number(rates.in_pps, number(rates.in_pps)),
        Cell::number(rates.out_pps, number(rates.out_pps)),
        Cell::number(rates.in_bps, bytes(rates.in_bps)),
        Cell::number(rates.out_bps, bytes(rates.out_bps)),
    ]
}

fn servers(snapshot: &Snapshot, only: Option<&ServiceKey>) -> Grid {
    let mut columns = vec![
        Column::text("Server", 0),
        Column::text("Forward", 8),
        Column::number("Weight", 5),
        Column::text("State", 2),
        Column::number("Active", 1),
        Column::number("Inactive", 6),
        Column::number("Conns/s", 0),
        Column::number("PktIn/s", 9),
        Column::number("PktOut/s", 10),
        Column::number("In/s", 4),
        Column::number("Out/s", 3),
    ];
    if only.is_none() {
        columns.insert(1, Column::text("Service", 7));
    }
    let mut rows = Vec::new();
    for entry in snapshot.services.iter().filter(|entry| only.is_none_or(|only| *only == entry.spec.key)) {
        let key = entry.spec.key;
        let mut add = |server: Endpoint, mut cells: Vec<Cell>, tone| {
            cells.insert(0, Cell::text(server.to_string()));
            if only.is_none() {
                cells.insert(1, Cell::text(key.to_string()));
            }
            rows.push(Row { id: RowId::Server(key, server), cells, tone });
        };
        for server in &entry.servers {
            let end = server.spec.endpoint();
            let (state, tone) = server_state(Some(server), snapshot.server_health(&key, end));
            let weight = server.weight();
            let mut cells = vec![
                Cell::text(server.spec.forwarding.name()),
                Cell::Number(weight.into(), weight.to_string()),
                Cell::text(state),
                Cell::count(server.active_conns),
                Cell::count(server.inactive_conns),
            ];
            cells.extend(rates(&server.rates));
            add(end, cells, tone);
        }
        // Servers that checks have taken out of the table are still the operator's.
        for report in snapshot.health_of(&key).into_iter().flat_map(|report| &report.servers) {
            let is_listed = |server: &ServerEntry| server.spec.endpoint() == report.server;
            if !entry.servers.iter().any(is_listed) {
                let (state, tone) = server_state(None, Some(report));
                let mut cells = vec![
                    Cell::text("-"),
                    Cell::Number(-1, "-".to_owned()),
                    Cell::text(state),
                    Cell::count(0_u64),
                    Cell::count(0_u64),
                ];
                cells.extend(rates(&Rates::default()));
                add(report.server, cells, tone);
            }
        }
    }
    Grid { columns, rows, empty: "no servers" }
}

/// Health, mark and load in a few words.
pub(super) fn server_state(entry: Option<&ServerEntry>, report: Option<&ServerReport>) -> (String, Tone) {
    let warming = report.filter(|report| report.share_percent < 100);
    let warming = warming.map(|report| format!("warming {} %", report.share_percent));
    let mut words = Vec::new();
    let mut tone = Tone::Plain;
    match report {
        Some(report) if !report.up => {
            words.push("DOWN");
            tone = Tone::Bad;
        }
        Some(_) => words.push("up"),
        None => {}
    }
    let mut note = |word, its: Tone| {
        words.push(word);
        if tone == Tone::Plain {
            tone = its;
        }
    };
    match entry {
        None => note("taken out", Tone::Bad),
        Some(entry) => {
            let conns = u64::from(entry.active_conns) + u64::from(entry.inactive_conns);
            let upper = entry.spec.upper_threshold;
            if entry.drained {
                note("drained", Tone::Warn);
            } else if entry.weight() == 0 {
                note("quiesced", Tone::Dim);
            } else if let Some(warming) = &warming {
                note(warming, Tone::Warn);
            }
            if upper > 0 && conns >= u64::from(upper) {
                note("full", Tone::Warn);
            }
        }
    }
    (if words.is_empty() { "-".to_owned() } else { words.join(" ") }, tone)
}

fn states(snapshot: &Snapshot) -> Grid {
    let columns = vec![
        Column::text("State", 0),
        Column::text("Proto", 1),
        Column::number("Connections", 0),
        Column::number("Share", 2),
        Column::text("", 3),
    ];
    let total: u64 = snapshot.states.iter().map(|count| count.connections).sum();
    let rows = snapshot.states.iter().map(|count| {
        let name = if count.templates { format!("{} (template)", count.state) } else { count.state.clone() };
        let share = count.connections * 100 / total.max(1);
        let cells = vec![
            Cell::text(name),
            Cell::text(protocol_name(count.protocol)),
            Cell::count(count.connections),
            Cell::number(share, format!("{share} %")),
            Cell::text("#".repeat(usize::try_from(share / 5).unwrap_or_default())),
        ];
        let id =
            RowId::State { protocol: count.protocol, name: count.state.clone(), templates: count.templates };
        Row { id, cells, tone: Tone::Plain }
    });
    Grid { columns, rows: rows.collect(), empty: "no connections" }
}

fn connections(snapshot: &Snapshot) -> Grid {
    let columns = vec![
        Column::text("Proto", 5),
        Column::text("State", 1),
        Column::text("Client", 0),
        Column::text("Virtual", 3),
        Column::text("Server", 2),
        Column::text("Forward", 7),
        Column::number("Expires", 4),
        Column::number("Packets", 6),
    ];
    let rows = snapshot.connections.iter().map(|detail| {
        let entry = &detail.entry;
        let seconds = entry.expires_in_ms / 1000;
        let cells = vec![
            Cell::text(protocol_name(entry.protocol)),
            Cell::text(&entry.state),
            Cell::text(entry.client.to_string()),
            Cell::text(entry.virt.to_string()),
            Cell::text(entry.real.to_string()),
            Cell::text(&detail.method),
            Cell::number(seconds, format!("{:02}:{:02}", seconds / 60, seconds % 60)),
            Cell::count(detail.in_packets),
        ];
        let id = RowId::Connection { protocol: entry.protocol, client: entry.client, virt: entry.virt };
        Row { id, cells, tone: if detail.is_template { Tone::Dim } else { Tone::Plain } }
    });
    Grid { columns, rows: rows.collect(), empty: "no connections" }
}
