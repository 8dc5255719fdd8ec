//! What the operator declared, kept the plain way: which commands succeed, and what is in the tables after them.

use std::collections::BTreeMap;

use lvs::Command;
use lvs::director::ServiceEntry;
use lvs::service::{Endpoint, Family, Forwarding, ServerSpec, ServiceKey, ServiceSpec};

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) services: BTreeMap<ServiceKey, Service>,
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) spec: ServiceSpec,
    pub(crate) servers: BTreeMap<Endpoint, ServerSpec>,
}

impl Model {
    /// IPVS is on only for families that have a service.
    pub(crate) fn has_family(&self, family: Family) -> bool {
        self.services.keys().any(|key| key.family() == family)
    }

    /// Does the command, and says whether it succeeds.
    pub(crate) fn apply(&mut self, command: &Command) -> bool {
        match command {
            Command::AddService(spec) => {
                if self.services.contains_key(&spec.key) {
                    return false;
                }
                self.services.insert(spec.key, Service { spec: spec.clone(), servers: BTreeMap::new() });
                true
            }
            Command::EditService(spec) => {
                let is_full_nat = |server: &ServerSpec| server.forwarding == Forwarding::FullNat;
                let service = self.services.get(&spec.key);
                if spec.one_packet && service.is_some_and(|service| service.servers.values().any(is_full_nat))
                {
                    return false;
                }
                self.services.get_mut(&spec.key).map(|service| service.spec = spec.clone()).is_some()
            }
            Command::DeleteService(key) => self.services.remove(key).is_some(),
            Command::AddServer { service, server } => match self.services.get_mut(service) {
                Some(service) if service.spec.one_packet && server.forwarding == Forwarding::FullNat => false,
                Some(service) if !service.servers.contains_key(&server.endpoint()) => {
                    service.servers.insert(server.endpoint(), server.clone());
                    true
                }
                _ => false,
            },
            Command::EditServer { service, server } => {
                let servers = self.services.get_mut(service).map(|service| &mut service.servers);
                match servers.and_then(|servers| servers.get_mut(&server.endpoint())) {
                    Some(kept) => {
                        *kept = server.clone();
                        true
                    }
                    None => false,
                }
            }
            Command::DeleteServer { service, addr, port } => {
                let service = self.services.get_mut(service);
                service.is_some_and(|service| service.servers.remove(&Endpoint::new(*addr, *port)).is_some())
            }
            Command::Flush => {
                self.services.clear();
                true
            }
            _ => true,
        }
    }

    /// What differs between the model and the director's tables.
    pub(crate) fn difference(&self, entries: &[ServiceEntry]) -> Option<String> {
        if entries.len() != self.services.len() {
            return Some(format!("{} services, not {}", entries.len(), self.services.len()));
        }
        entries.iter().find_map(|entry| {
            let Some(service) = self.services.get(&entry.spec.key) else {
                return Some(format!("{} should not be there", entry.spec.key));
            };
            let servers: BTreeMap<Endpoint, ServerSpec> =
                entry.servers.iter().map(|server| (server.spec.endpoint(), server.spec.clone())).collect();
            (service.spec != entry.spec || service.servers != servers)
                .then(|| format!("{} is {entry:?}, not {service:?}", entry.spec.key))
        })
    }
}

impl Service {
    /// The server at this end of a connection. Servers of port 0 take the packet's port.
    pub(crate) fn server(&self, real: Endpoint) -> Option<&ServerSpec> {
        self.servers.get(&real).or_else(|| self.servers.get(&Endpoint::new(real.addr, 0)))
    }

    /// Some server is reached by an end of the director, of which there may be too few.
    pub(crate) fn has_full_nat(&self) -> bool {
        self.servers.values().any(|server| server.forwarding == Forwarding::FullNat)
    }

    pub(crate) fn has(&self, real: Endpoint) -> bool {
        self.server(real).is_some()
    }

    /// Every new connection finds a server: somebody has a weight, nobody a limit, and the scheduler is none of
    /// those that give a client to one server only.
    pub(crate) fn takes_everyone(&self) -> bool {
        let hashes = matches!(self.spec.scheduler.as_str(), "sh" | "dh" | "mh" | "ovf");
        let is_free = |server: &ServerSpec| server.upper_threshold == 0;
        !hashes && self.servers.values().any(|server| server.weight > 0) && self.servers.values().all(is_free)
    }

    pub(crate) fn takes_nobody(&self) -> bool {
        self.servers.values().all(|server| server.weight == 0)
    }
}
