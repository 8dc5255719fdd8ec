//! One look at a director: what it was asked and what it said. Asks by the control socket; what becomes of the
//! snapshot is decided elsewhere.

use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;

use lvs::Time;
use lvs::director::{ConnDetail, ConnFilter, EndFilter, Query, Reply, ServiceEntry, StateCount};
use lvs::service::{Endpoint, Protocol, ServiceKey};
use lvs_control::{Client, ClientError, Part, Status, StreamRequest};
use lvs_health::report::{ServerReport, ServiceReport};

/// Connections that are fetched for a list at most.
pub(super) const MOST: usize = 500;

/// Filter of the connections that are looked at; what is None does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scope {
    pub service: Option<ServiceKey>,
    pub server: Option<Endpoint>,
    /// IP protocol number and the kernel's name.
    pub state: Option<(u8, String)>,
}

impl Scope {
    pub(super) fn filter(&self) -> ConnFilter {
        let one = |addr: IpAddr, port: u16| EndFilter {
            net: Some(IpNet::from(addr)),
            // A service of all ports, and a server that keeps them.
            port: (port != 0).then_some(port),
        };
        let (protocol, virt) = match self.service {
            Some(ServiceKey::Address { protocol, addr, port }) => (Some(protocol), Some(one(addr, port))),
            Some(ServiceKey::Mark { .. }) | None => (None, None),
        };
        ConnFilter {
            client: None,
            virt,
            real: self.server.map(|server| one(server.addr, server.port)),
            protocol: protocol
                .or_else(|| self.state.as_ref().and_then(|(number, _)| Protocol::from_number(*number))),
            state: self.state.as_ref().map(|(_, state)| state.clone()),
        }
    }
}

/// Data that a view needs beside services and servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Extra {
    #[default]
    Nothing,
    States(Scope),
    Connections(Scope),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    /// By the clock of whoever looks.
    pub at: Time,
    pub status: Status,
    pub services: Vec<ServiceEntry>,
    pub health: Vec<ServiceReport>,
    /// Subject of `states` or `connections`.
    pub extra: Extra,
    pub states: Vec<StateCount>,
    pub connections: Vec<ConnDetail>,
    /// More are there than were fetched.
    pub is_cut: bool,
}

impl Snapshot {
    pub(super) fn service(&self, key: &ServiceKey) -> Option<&ServiceEntry> {
        self.services.iter().find(|entry| entry.spec.key == *key)
    }

    pub(super) fn health_of(&self, key: &ServiceKey) -> Option<&ServiceReport> {
        self.health.iter().find(|report| report.service == *key)
    }

    pub(super) fn server_health(&self, key: &ServiceKey, server: Endpoint) -> Option<&ServerReport> {
        self.health_of(key)?.servers.iter().find(|report| report.server == server)
    }
}

/// Looks once. The client is used again.
pub(super) fn look(
    client: &mut Client,
    path: &Path,
    extra: &Extra,
    at: Time,
) -> Result<Snapshot, ClientError> {
    let mut snapshot = Snapshot { at, status: client.status()?, extra: extra.clone(), ..Snapshot::default() };
    if let Ok(Reply::Services(services)) = client.query(Query::Services)? {
        snapshot.services = services;
    }
    snapshot.health = client.health()?;
    match extra {
        Extra::Nothing => {}
        Extra::States(scope) => {
            for part in Client::connect(path)?.stream(StreamRequest::States(scope.filter()))? {
                if let Part::States(counts) = part? {
                    counts.into_iter().for_each(|count| add(&mut snapshot.states, count));
                }
            }
        }
        Extra::Connections(scope) => {
            for part in Client::connect(path)?.stream(StreamRequest::Connections(scope.filter()))? {
                if let Part::Connections(found) = part? {
                    snapshot.connections.extend(found);
                }
                if snapshot.connections.len() > MOST {
                    snapshot.connections.truncate(MOST);
                    snapshot.is_cut = true;
                    break;
                }
            }
        }
    }
    Ok(snapshot)
}

fn add(counts: &mut Vec<StateCount>, more: StateCount) {
    let is_same = |count: &&mut StateCount| {
        count.protocol == more.protocol && count.state == more.state && count.templates == more.templates
    };
    match counts.iter_mut().find(is_same) {
        Some(count) => count.connections += more.connections,
        None => counts.push(more),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_asks_for_the_connections_that_it_means() {
        let key = ServiceKey::Address { protocol: Protocol::Udp, addr: [10, 0, 0, 1].into(), port: 0 };
        let server = Endpoint::new([10, 1, 0, 1].into(), 53);
        let filter = Scope { service: Some(key), server: Some(server), state: None }.filter();
        assert_eq!(filter.protocol, Some(Protocol::Udp));
        assert_eq!(filter.virt.map(|end| end.port), Some(None));
        assert!(filter.real.unwrap().takes(server) && filter.state.is_none());
        let state = Some((6, "SYN_RECV".to_owned()));
        let filter = Scope { state, ..Scope::default() }.filter();
        assert_eq!((filter.protocol, filter.state.as_deref()), (Some(Protocol::Tcp), Some("SYN_RECV")));
    }

    #[test]
    fn counts_of_parts_are_added_up() {
        let count = |state: &str, connections| StateCount {
            protocol: 6,
            state: state.to_owned(),
            templates: false,
            connections,
        };
        let mut counts = Vec::new();
        [count("CLOSE", 1), count("ESTABLISHED", 2), count("CLOSE", 5)]
            .into_iter()
            .for_each(|more| add(&mut counts, more));
        assert_eq!(counts, [count("CLOSE", 6), count("ESTABLISHED", 2)]);
    }
}
