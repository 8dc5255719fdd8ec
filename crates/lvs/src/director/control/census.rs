//! Looking at the tables without changing or holding them up: how much there is, and connections part by part.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use ipnet::IpNet;

use crate::conn::{Connection, FlowLogging, FlowRecord, TablePart, TakenFlows};
use crate::director::control::apply::conn_entry;
use crate::director::{ConnEntry, Director};
use crate::service::{Endpoint, Protocol, Rates, Stats};
use crate::time::Time;

/// How much there is of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census {
    pub services: u64,
    pub servers: ServerCensus,
    pub connections: ConnCensus,
    /// Of all services together.
    pub stats: Stats,
    pub rates: Rates,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerCensus {
    pub total: u64,
    /// Of weight 0.
    pub quiesced: u64,
    pub overloaded: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnCensus {
    /// Connections and templates.
    pub tracked: u64,
    /// How many there can be.
    pub limit: u64,
    /// As listings count them, of servers that are in the tables.
    pub active: u64,
    pub inactive: u64,
    pub persistent: u64,
    /// Opened outwards by masqueraded hosts.
    #[serde(default)]
    pub masqueraded: u64,
    /// Of these, how many there were ever.
    #[serde(default)]
    pub masqueraded_total: u64,
}

/// Filter of connections; what is None does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnFilter {
    pub client: Option<EndFilter>,
    pub virt: Option<EndFilter>,
    pub real: Option<EndFilter>,
    pub protocol: Option<Protocol>,
    /// The kernel's name of the state.
    pub state: Option<String>,
}

/// Addresses of a network, or all, with a port, or any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndFilter {
    pub net: Option<IpNet>,
    pub port: Option<u16>,
}

impl EndFilter {
    pub fn takes(&self, end: Endpoint) -> bool {
        self.port.is_none_or(|port| port == end.port) && self.net.is_none_or(|net| net.contains(&end.addr))
    }
}

impl ConnFilter {
    fn takes(&self, conn: &Connection) -> bool {
        let fits = |filter: Option<EndFilter>, end: fn(&Connection) -> Endpoint| {
            filter.is_none_or(|filter| filter.takes(end(conn)))
        };
        self.protocol.is_none_or(|protocol| protocol.number() == conn.protocol())
            && self.state.as_ref().is_none_or(|state| state == conn.state.name())
            && fits(self.client, Connection::client)
            && fits(self.virt, Connection::virt)
            && fits(self.real, Connection::real)
    }
}

/// A connection with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnDetail {
    pub entry: ConnEntry,
    pub method: String,
    pub in_packets: u32,
    pub is_template: bool,
}

/// How many connections are in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateCount {
    /// IP protocol number; 0 for the templates of marks.
    pub protocol: u8,
    /// The kernel's name of the state.
    pub state: String,
    pub templates: bool,
    pub connections: u64,
}

/// Places of the table that are looked at in one turn, where only numbers come out.
const TURN: u32 = 4096;

/// The same where connections do: a listing is as much at once in memory, however long it is.
const LISTED: u32 = 256;

impl Director {
    pub fn census(&self) -> Census {
        self.count_flows();
        let services = self.services.read();
        let mut census = Census {
            connections: ConnCensus {
                tracked: self.conns.len() as u64,
                limit: self.settings.max_conns as u64,
                masqueraded: self.conns.masqueraded() as u64,
                masqueraded_total: self.masquerade.opened(),
                ..ConnCensus::default()
            },
            stats: services.total_stats(),
            rates: services.total_rates(),
            ..Census::default()
        };
        for service in services.iter() {
            census.services += 1;
            for server in service.servers() {
                census.servers.total += 1;
                census.servers.quiesced += u64::from(server.is_quiesced());
                census.servers.overloaded += u64::from(server.is_overloaded());
                census.connections.active += u64::from(server.active_conns());
                census.connections.inactive += u64::from(server.inactive_conns());
                census.connections.persistent += u64::from(server.persistent_conns());
            }
        }
        census
    }

    /// The connections in one part of the table that the filter takes. Locks one connection at a time; the table goes on
    /// changing between two calls.
    pub fn connections_from(&self, start: u32, filter: &ConnFilter, now: Time) -> TablePart<ConnDetail> {
        if start == 0 {
            self.merge_flows(now);
        }
        let mut rows = Vec::new();
        let next = self.conns.for_each_between(start, start.saturating_add(LISTED), |_, conn| {
            if filter.takes(conn) {
                rows.push(detail(conn, now));
            }
        });
        TablePart { rows, next }
    }

    /// The connections in one part of the table that the kernel would list. As [`Self::connections_from`].
    pub fn entries_from(&self, start: u32, now: Time) -> TablePart<ConnEntry> {
        if start == 0 {
            self.merge_flows(now);
        }
        let mut rows = Vec::new();
        let next = self.conns.for_each_between(start, start.saturating_add(LISTED), |_, conn| {
            // Connections without a service are none of IPVS.
            if !conn.is_beside_services() {
                rows.push(conn_entry(conn, now));
            }
        });
        TablePart { rows, next }
    }

    /// All connections that the kernel would list, part by part.
    pub fn entries(&self, now: Time) -> impl Iterator<Item = Vec<ConnEntry>> {
        let mut start = Some(0);
        std::iter::from_fn(move || {
            let part = self.entries_from(start?, now);
            start = part.next;
            Some(part.rows)
        })
    }

    /// How many connections of one part of the table the filter takes, by state.
    pub fn states_from(&self, start: u32, filter: &ConnFilter) -> TablePart<StateCount> {
        let mut counts: BTreeMap<(u8, &'static str, bool), u64> = BTreeMap::new();
        let next = self.conns.for_each_between(start, start.saturating_add(TURN), |_, conn| {
            if filter.takes(conn) {
                *counts.entry((conn.protocol(), conn.state.name(), conn.is_template())).or_default() += 1;
            }
        });
        let counted = |((protocol, state, templates), connections)| StateCount {
            protocol,
            state: String::from(state),
            templates,
            connections,
        };
        TablePart { rows: counts.into_iter().map(counted).collect(), next }
    }

    /// Sets what is logged of connections from now on; nothing with None.
    pub fn log_flows(&self, logging: Option<FlowLogging>) {
        self.conns.log_flows(logging);
    }

    /// Connections that have begun and ended since the last time.
    pub fn take_flows(&self) -> TakenFlows {
        self.conns.take_flows()
    }

    /// The connections in one part of the table as if they ended now.
    pub fn open_flows(&self, start: u32, now: Time) -> TablePart<FlowRecord> {
        if start == 0 {
            self.merge_flows(now);
        }
        self.conns.open_flows(start, start.saturating_add(TURN), now)
    }
}

pub(in crate::director) fn detail(conn: &Connection, now: Time) -> ConnDetail {
    ConnDetail {
        entry: conn_entry(conn, now),
        method: conn.forwarding_name().to_owned(),
        in_packets: conn.in_packets,
        is_template: conn.is_template(),
    }
}
