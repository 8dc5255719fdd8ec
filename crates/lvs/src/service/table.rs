//! All virtual services, and the trash of removed servers that still have connections.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use super::stats::Meter;
use super::trash::Trash;
use super::validate::{check, check_method, is_unicast};
use super::{
    CommandError, Endpoint, Family, Forwarding, Protocol, Rates, RealServer, ServerSpec, ServiceKey,
    ServiceSpec, Stats, VirtualService,
};
use crate::time::Time;

const FTP_PORT: u16 = 21;
const FTP_DATA_PORT: u16 = 20;
const FIRST_UNPRIVILEGED_PORT: u16 = 1024;

#[derive(Debug, Default)]
pub struct ServiceTable {
    services: HashMap<ServiceKey, VirtualService, foldhash::fast::FixedState>,
    trash: Trash,
    /// Marks of drained servers; they outlive the servers, so that one that comes back is still drained.
    drained: BTreeSet<(ServiceKey, Endpoint)>,
    /// Services whose servers come as sources say, whether they are there yet or not.
    found: BTreeSet<ServiceKey>,
    retired: Stats,
    meter: Meter,
}

impl ServiceTable {
    /// The service that takes a packet (`ip_vs_service_find`): by mark, by exact port, the FTP service for
    /// its data connections, the service of all ports.
    pub fn find(
        &self,
        mark: Option<u32>,
        protocol: Protocol,
        addr: IpAddr,
        port: u16,
    ) -> Option<&VirtualService> {
        if let Some(mark) = mark {
            let key = ServiceKey::Mark { mark, family: Family::of(&addr) };
            if let Some(service) = self.services.get(&key) {
                return Some(service);
            }
        }
        let at = |port| self.services.get(&ServiceKey::Address { protocol, addr, port });
        let is_ftp_data =
            protocol == Protocol::Tcp && (port == FTP_DATA_PORT || port >= FIRST_UNPRIVILEGED_PORT);
        at(port).or_else(|| if is_ftp_data { at(FTP_PORT) } else { None }).or_else(|| at(0))
    }

    /// The server that another director means by its address, of the service that takes such packets
    /// (`ip_vs_find_dest`). `protocol` is 0 where there is only a mark.
    pub fn find_server(
        &self,
        mark: Option<u32>,
        protocol: u8,
        virt: Endpoint,
        real: Endpoint,
        is_masqueraded: bool,
    ) -> Option<&Arc<RealServer>> {
        let service = match Protocol::from_number(protocol) {
            Some(protocol) => self.find(mark, protocol, virt.addr, virt.port)?,
            None => self.services.get(&ServiceKey::Mark { mark: mark?, family: Family::of(&virt.addr) })?,
        };
        let port = if mark.is_some() && !is_masqueraded { 0 } else { real.port };
        service.server(real.addr, port).or_else(|| service.server(real.addr, port ^ real.port))
    }

    pub fn get(&self, key: &ServiceKey) -> Option<&VirtualService> {
        self.services.get(key)
    }

    pub fn iter(&self) -> impl Iterator<Item = &VirtualService> {
        self.services.values()
    }

    /// Whether a masqueraded server of some service answers from there (`ip_vs_has_real_service`).
    pub fn has_server(&self, protocol: Protocol, from: Endpoint) -> bool {
        self.services.values().any(|service| {
            let is_protocol = match service.spec().key {
                ServiceKey::Address { protocol: own, .. } => own == protocol,
                ServiceKey::Mark { .. } => true,
            };
            is_protocol
                && service
                    .server(from.addr, from.port)
                    .is_some_and(|server| server.forwarding() == Forwarding::Masq)
        })
    }

    /// Servers that were removed while they had connections.
    pub fn leaving(&self) -> impl Iterator<Item = &Arc<RealServer>> {
        self.trash.in_use()
    }

    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    /// Whether any server is of another family than its service.
    pub fn has_mixed_families(&self) -> bool {
        self.services.iter().any(|(key, service)| {
            service.servers().iter().any(|server| Family::of(&server.addr()) != key.family())
        })
    }

    /// # Errors
    /// The service exists, or its declaration is wrong.
    pub fn add_service(&mut self, spec: ServiceSpec) -> Result<(), CommandError> {
        if self.services.contains_key(&spec.key) {
            return Err(CommandError::ServiceExists(spec.key));
        }
        let key = spec.key;
        let mut service = VirtualService::new(spec)?;
        service.set_found(self.found.contains(&key));
        self.services.insert(key, service);
        Ok(())
    }

    /// Notes the services whose servers come as sources say: their hash schedulers go by addresses, as on other directors.
    pub fn set_found(&mut self, keys: impl IntoIterator<Item = ServiceKey>) {
        self.found = keys.into_iter().collect();
        for (key, service) in &mut self.services {
            service.set_found(self.found.contains(key));
        }
    }

    /// # Errors
    /// No such service, or its new declaration is wrong.
    pub fn edit_service(&mut self, spec: ServiceSpec) -> Result<(), CommandError> {
        let service = self.service_mut(&spec.key)?;
        for server in service.servers() {
            check_method(&spec, server.endpoint(), server.forwarding())?;
        }
        service.edit(spec)
    }

    /// As [`Self::edit_service`], for one whose servers are going to be others.
    pub(super) fn edit_between(&mut self, spec: ServiceSpec) -> Result<(), CommandError> {
        self.service_mut(&spec.key)?.edit(spec)
    }

    /// # Errors
    /// No such service.
    pub fn delete_service(&mut self, key: &ServiceKey) -> Result<(), CommandError> {
        let service = self.services.remove(key).ok_or(CommandError::NoSuchService(*key))?;
        self.retired = self.retired.plus(service.raw_stats());
        for server in service.into_servers() {
            self.trash.put(server);
        }
        self.trash.zero(key);
        Ok(())
    }

    pub fn flush(&mut self) {
        let keys: Vec<ServiceKey> = self.services.keys().copied().collect();
        for key in keys {
            let _ = self.delete_service(&key);
        }
    }

    /// `sync_daemon_runs`: servers of another family are refused then.
    ///
    /// # Errors
    /// No such service, the server exists, or its declaration is wrong.
    pub fn add_server(
        &mut self,
        key: &ServiceKey,
        spec: &ServerSpec,
        sync_daemon_runs: bool,
    ) -> Result<(), CommandError> {
        let service = self.services.get_mut(key).ok_or(CommandError::NoSuchService(*key))?;
        check(service.spec(), spec, sync_daemon_runs)?;
        if service.server(spec.addr, spec.port).is_some() {
            return Err(CommandError::ServerExists { service: *key, server: spec.endpoint() });
        }
        let server = if let Some(server) = self.trash.take(key, spec.endpoint()) {
            server.declare(spec, true);
            server
        } else {
            if !is_unicast(spec.addr) {
                return Err(CommandError::NotUnicast(spec.addr));
            }
            Arc::new(RealServer::new(*key, spec))
        };
        server.set_drained(self.drained.contains(&(*key, spec.endpoint())));
        service.insert(server);
        Ok(())
    }

    /// # Errors
    /// No such service or server, or the declaration is wrong.
    pub fn edit_server(
        &mut self,
        key: &ServiceKey,
        spec: &ServerSpec,
        sync_daemon_runs: bool,
    ) -> Result<(), CommandError> {
        let service = self.service_mut(key)?;
        check(service.spec(), spec, sync_daemon_runs)?;
        if service.edit_server(spec) {
            Ok(())
        } else {
            Err(CommandError::NoSuchServer { service: *key, server: spec.endpoint() })
        }
    }

    /// # Errors
    /// No such service or server.
    pub fn delete_server(&mut self, key: &ServiceKey, addr: IpAddr, port: u16) -> Result<(), CommandError> {
        let server = self
            .service_mut(key)?
            .remove(addr, port)
            .ok_or(CommandError::NoSuchServer { service: *key, server: Endpoint::new(addr, port) })?;
        self.trash.put(server);
        Ok(())
    }

    /// Marks a server as drained, or takes the mark away, even of one that is not there at the moment.
    ///
    /// # Errors
    /// No such service or server.
    pub fn set_drained(
        &mut self,
        key: &ServiceKey,
        server: Endpoint,
        drained: bool,
    ) -> Result<(), CommandError> {
        let mark = (*key, server);
        let was_marked = if drained { self.drained.contains(&mark) } else { self.drained.remove(&mark) };
        let is_there = match self.service_mut(key) {
            Ok(service) => service.set_drained(server, drained),
            Err(_) if was_marked => false,
            Err(error) => return Err(error),
        };
        if !is_there && !was_marked {
            return Err(CommandError::NoSuchServer { service: *key, server });
        }
        if drained {
            self.drained.insert(mark);
        }
        Ok(())
    }

    /// The marks of drained servers, of which some may not be there.
    pub fn drained(&self) -> impl Iterator<Item = &(ServiceKey, Endpoint)> {
        self.drained.iter()
    }

    /// Marks servers as drained that are yet to come.
    pub fn expect_drained(&mut self, marks: impl IntoIterator<Item = (ServiceKey, Endpoint)>) {
        self.drained.extend(marks);
    }

    /// Gives a server a share of what is fair for it, in thousandths.
    ///
    /// # Errors
    /// No such service or server.
    pub fn set_share(&mut self, key: &ServiceKey, server: Endpoint, share: u32) -> Result<(), CommandError> {
        let is_there = self.service_mut(key)?.set_share(server, share);
        if is_there { Ok(()) } else { Err(CommandError::NoSuchServer { service: *key, server }) }
    }

    /// # Errors
    /// No such service.
    pub fn zero(&mut self, key: Option<&ServiceKey>) -> Result<(), CommandError> {
        if let Some(key) = key {
            self.service_mut(key)?.zero();
            return Ok(());
        }
        for service in self.services.values_mut() {
            service.zero();
        }
        let total = self.raw_stats();
        self.meter.zero_at(total);
        Ok(())
    }

    /// The server of that service at that end, of those in use or removed; else a removed one, made anew, for connections
    /// that had it elsewhere.
    pub fn server_or_removed(
        &mut self,
        key: &ServiceKey,
        end: Endpoint,
        forwarding: Forwarding,
    ) -> Arc<RealServer> {
        if let Some(server) = self.server_or_leaving(key, end) {
            return Arc::clone(server);
        }
        let server = Arc::new(RealServer::new(*key, &ServerSpec::new(end.addr, end.port, forwarding)));
        server.retire();
        self.trash.put(Arc::clone(&server));
        server
    }

    /// The server of that service at that end, in use or removed.
    pub fn server_or_leaving(&self, key: &ServiceKey, end: Endpoint) -> Option<&Arc<RealServer>> {
        let in_use = self.services.get(key).and_then(|service| service.server(end.addr, end.port));
        in_use.or_else(|| self.trash.get(key, end))
    }

    /// Puts the servers of a service in that order, newest first. Before any packet is scheduled.
    pub fn arrange(&mut self, key: &ServiceKey, order: &[Endpoint]) {
        self.services.get_mut(key).into_iter().for_each(|service| service.arrange(order));
    }

    /// Takes over what a service has carried elsewhere. False: there is no such service.
    /// `of_servers`: how much of it its servers here have taken over already.
    pub fn take_over_service(&mut self, key: &ServiceKey, stats: Stats, of_servers: Stats) -> bool {
        let service = self.services.get_mut(key);
        let is_there = service.is_some();
        service.into_iter().for_each(|service| service.take_over(stats, of_servers));
        is_there
    }

    /// As [`Self::take_over_service`], for all of them together.
    pub fn take_over_totals(&mut self, stats: Stats, of_services: Stats) {
        self.retired = self.retired.plus(stats).minus(of_services);
        let total = self.raw_stats();
        self.meter.restart_rates(total);
    }

    /// How fast all of them count together, as numbers of the estimator.
    pub const fn rate_numbers(&self) -> [u64; 5] {
        self.meter.rate_numbers()
    }

    /// Goes on from such numbers, for one service or for all together.
    pub fn resume_rates(&mut self, key: Option<&ServiceKey>, numbers: [u64; 5]) {
        match key {
            None => self.meter.estimator().resume(numbers),
            Some(key) => {
                self.services.get_mut(key).into_iter().for_each(|service| service.resume_rates(numbers));
            }
        }
    }

    /// Ends a 2-second interval of all rate estimators.
    pub fn tick(&mut self) {
        for service in self.services.values_mut() {
            service.tick();
        }
        let total = self.raw_stats();
        self.meter.tick(total);
    }

    /// Forgets removed servers that have long had no connection.
    pub fn empty_trash(&mut self, now: Time) {
        self.trash.empty(now);
    }

    /// Counters of all services together.
    pub fn total_stats(&self) -> Stats {
        self.meter.since_zero(self.raw_stats())
    }

    pub fn total_rates(&self) -> Rates {
        self.meter.rates()
    }

    fn raw_stats(&self) -> Stats {
        self.services.values().fold(self.retired, |sum, service| sum.plus(service.raw_stats()))
    }

    fn service_mut(&mut self, key: &ServiceKey) -> Result<&mut VirtualService, CommandError> {
        self.services.get_mut(key).ok_or(CommandError::NoSuchService(*key))
    }
}
