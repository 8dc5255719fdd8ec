//! Commands and queries: changing and reading the tables.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::conn::{CloseReason, ConnFlags, Connection};
use crate::director::{
    Command, CommandError, ConnEntry, DaemonSpec, Director, EngineData, HandshakeStats, Info, Overload,
    Query, Reply, ServerEntry, ServiceEntry, Sysctl, Tables, TimeoutSettings,
};
use crate::sched::FULL_SHARE;
use crate::service::{
    AccessList, Endpoint, Family, Protocol, RealServer, ServerSpec, ServiceKey, ServiceTable, VirtualService,
    reconcile,
};
use crate::time::Time;

/// The kernel keeps timeouts in ticks (250 a second) in a signed integer; what does not fit is refused.
const MAX_TIMEOUT: u32 = i32::MAX as u32 / 250;

impl Director {
    /// Changes the tables.
    ///
    /// # Errors
    /// The change was refused and nothing has changed.
    pub fn apply(&self, command: &Command, now: Time) -> Result<(), CommandError> {
        let _held = self.take_flows_back_for(command, now);
        let done = self.change(command, now);
        match command {
            Command::AddService(spec) => self.note_added(&spec.key),
            Command::EditService(_) | Command::DeleteService(_) | Command::Flush | Command::Replace(_) => {
                self.note_services()
            }
            _ => {}
        }
        done
    }

    /// The marks of drained servers, of which some may not be there.
    pub fn drained(&self) -> Vec<(ServiceKey, Endpoint)> {
        self.services.read().drained().copied().collect()
    }

    /// Commands that give servers which begin slowly the shares that they have now.
    pub fn share_commands(&self) -> Vec<Command> {
        let services = self.services.read();
        let of = |service: &VirtualService| {
            let key = service.spec().key;
            let ends = service.servers().iter().map(|server| server.endpoint());
            let shares = ends.map(|server| (server, service.share(server)));
            let ramping = shares.filter(|(_, share)| *share != FULL_SHARE);
            ramping
                .map(|(server, share)| Command::SetShare { service: key, server, share })
                .collect::<Vec<_>>()
        };
        services.iter().flat_map(of).collect()
    }

    /// Takes over marks of an earlier director, before there are services.
    pub fn expect_drained(&self, marks: impl IntoIterator<Item = (ServiceKey, Endpoint)>) {
        self.services.write().expect_drained(marks);
    }

    /// Replaces the lists of clients that services let in. Connections that are there go on.
    pub fn set_access(&self, lists: impl IntoIterator<Item = (ServiceKey, Arc<AccessList>)>) {
        self.access.replace(lists);
    }

    /// The services whose servers come as sources say, to each director in an order of its own.
    pub fn set_found(&self, services: impl IntoIterator<Item = ServiceKey>) {
        self.services.write().set_found(services);
    }

    /// Notes what packets have to know of the services as a whole.
    pub(super) fn note_services(&self) {
        let mut families = self.masquerade.families();
        let (mut has_engines, mut tells_ends, mut has_services) = (false, false, false);
        let mut has_syn_defence = false;
        for service in self.services.read().iter() {
            let spec = service.spec();
            families[usize::from(spec.key.family() == Family::V6)] = true;
            has_engines |= spec.engine.is_some();
            tells_ends |= spec.rst_on_expire;
            has_syn_defence |= self.is_defended(service);
            has_services = true;
        }
        for (is_on, has_service) in self.directing.iter().zip(families) {
            is_on.store(has_service, Relaxed);
        }
        self.has_engines.store(has_engines, Relaxed);
        self.has_syn_defence.store(has_syn_defence, Relaxed);
        self.tells_ends.fetch_or(tells_ends, Relaxed);
        self.had_services.fetch_or(has_services, Relaxed);
    }

    /// The same for one service more: thousands come one by one.
    fn note_added(&self, key: &ServiceKey) {
        let services = self.services.read();
        let Some(service) = services.get(key) else { return };
        let spec = service.spec();
        self.directing[usize::from(key.family() == Family::V6)].store(true, Relaxed);
        self.has_engines.fetch_or(spec.engine.is_some(), Relaxed);
        self.has_syn_defence.fetch_or(self.is_defended(service), Relaxed);
        self.tells_ends.fetch_or(spec.rst_on_expire, Relaxed);
        self.had_services.store(true, Relaxed);
    }

    fn change(&self, command: &Command, now: Time) -> Result<(), CommandError> {
        match command {
            Command::AddService(spec) => self.services.write().add_service(spec.clone()),
            Command::EditService(spec) => self.services.write().edit_service(spec.clone()),
            Command::DeleteService(key) => {
                self.services.write().delete_service(key)?;
                self.end_orphans(now);
                Ok(())
            }
            Command::AddServer { service, server } => {
                self.check_ftp(service, std::slice::from_ref(server))?;
                let syncs = self.sync_daemon_runs();
                self.services.write().add_server(service, server, syncs)
            }
            Command::EditServer { service, server } => {
                self.check_ftp(service, std::slice::from_ref(server))?;
                let syncs = self.sync_daemon_runs();
                self.services.write().edit_server(service, server, syncs)
            }
            Command::DeleteServer { service, addr, port } => {
                self.services.write().delete_server(service, *addr, *port)?;
                self.end_orphans(now);
                Ok(())
            }
            Command::SetDrained { service, server, drained } => {
                self.services.write().set_drained(service, *server, *drained)
            }
            Command::SetShare { service, server, share } => {
                self.services.write().set_share(service, *server, *share)
            }
            Command::Flush => {
                self.services.write().flush();
                self.end_orphans(now);
                Ok(())
            }
            Command::Zero(key) => self.services.write().zero(key.as_ref()),
            Command::SetTimeouts(wanted) => self.set_timeouts(wanted),
            Command::StartDaemon(spec) => self.start_daemon(spec),
            Command::SetSysctl { name, value } => {
                self.sysctls.write(name, value)?;
                self.update_defence();
                let most = self.sysctls.value(Sysctl::ConnMax);
                self.conns.limit(usize::try_from(most).unwrap_or(0));
                Ok(())
            }
            Command::StopDaemon { role, .. } => {
                let mut daemons = self.daemons.lock();
                let at = daemons.iter().position(|daemon| daemon.role == *role);
                daemons.remove(at.ok_or(CommandError::NoDaemon)?);
                self.follow_daemons(&daemons);
                Ok(())
            }
            Command::Replace(tables) => {
                self.replace(tables)?;
                self.end_orphans(now);
                Ok(())
            }
        }
    }

    /// Answers a question about the tables.
    ///
    /// # Errors
    /// The service asked about does not exist.
    pub fn query(&self, query: &Query, now: Time) -> Result<Reply, CommandError> {
        self.merge_flows(now);
        Ok(match query {
            Query::Info => Reply::Info(Info { conn_table_size: self.table_size() }),
            Query::Services => {
                let services = self.services.read();
                let (marks, addresses): (Vec<_>, Vec<_>) =
                    services.iter().partition(|service| service.spec().key.is_mark());
                Reply::Services(addresses.into_iter().chain(marks).map(service_entry).collect())
            }
            Query::Service(key) => {
                let services = self.services.read();
                let service = services.get(key).ok_or(CommandError::NoSuchService(*key))?;
                Reply::Services(vec![service_entry(service)])
            }
            Query::Timeouts => {
                let [tcp, tcp_fin, udp] = self.timeouts.settable();
                Reply::Timeouts(TimeoutSettings { tcp, tcp_fin, udp })
            }
            Query::Daemons => Reply::Daemons(self.daemons.lock().clone()),
            Query::Sysctls(name) => Reply::Sysctls(self.sysctls.read(name.as_deref())?),
            Query::Status => Reply::Status(self.table_status()),
            Query::Totals => totals(&self.services.read()),
        })
    }

    /// How servers that have an upper threshold, or reached one once, stand to it.
    pub fn overloads(&self) -> Vec<Overload> {
        let services = self.services.read();
        let of = |service: &VirtualService| -> Vec<Overload> {
            let key = service.spec().key;
            let is_limited =
                |server: &&Arc<RealServer>| server.upper_threshold() != 0 || server.overloads() != 0;
            let limited = service.servers().iter().filter(is_limited);
            limited
                .map(|server| Overload {
                    service: key,
                    server: server.endpoint(),
                    times: server.overloads(),
                    is_overloaded: server.is_overloaded(),
                })
                .collect()
        };
        services.iter().flat_map(of).collect()
    }

    /// How the servers of a service take new TCP connections; only of those whose answers come by here.
    pub fn handshakes(&self, service: &ServiceKey) -> Vec<(Endpoint, HandshakeStats)> {
        self.follow_steps();
        let services = self.services.read();
        let servers = services.get(service).map(VirtualService::servers).unwrap_or_default();
        let comes_by = |server: &&Arc<RealServer>| server.forwarding().is_rewritten();
        servers.iter().filter(comes_by).map(|server| (server.endpoint(), server.handshakes())).collect()
    }

    /// Whether any server is of another family than its service; no sync daemon may run then.
    pub fn has_mixed_families(&self) -> bool {
        self.services.read().has_mixed_families()
    }

    fn sync_daemon_runs(&self) -> bool {
        !self.daemons.lock().is_empty()
    }

    /// Control connections of FTP name addresses, which FULLNAT would have to change in both directions.
    fn check_ftp(&self, key: &ServiceKey, servers: &[ServerSpec]) -> Result<(), CommandError> {
        let ServiceKey::Address { protocol: Protocol::Tcp, port, .. } = *key else { return Ok(()) };
        let hides_clients = servers.iter().any(|server| server.forwarding.hides_client());
        if hides_clients && port != 0 && self.settings.ftp_ports.contains(&port) {
            return Err(CommandError::FullNatFtp(port));
        }
        Ok(())
    }

    fn set_timeouts(&self, wanted: &TimeoutSettings) -> Result<(), CommandError> {
        check_timeouts(wanted)?;
        self.timeouts.set(wanted.tcp, wanted.tcp_fin, wanted.udp);
        Ok(())
    }

    pub(super) fn replace(&self, tables: &Tables) -> Result<(), CommandError> {
        let twice = |daemons: &[DaemonSpec]| matches!(daemons, [one, other] if one.role == other.role);
        if tables.daemons.as_ref().is_some_and(|daemons| daemons.len() > 2 || twice(daemons)) {
            return Err(CommandError::DaemonRunning);
        }
        let mut services = self.services.write();
        let mut daemons = self.daemons.lock();
        let syncs = !tables.daemons.as_ref().unwrap_or(&daemons).is_empty();
        if let Some(timeouts) = &tables.timeouts {
            check_timeouts(timeouts)?;
        }
        for service in &tables.services {
            self.check_ftp(&service.spec.key, &service.servers)?;
        }
        reconcile(&mut services, &tables.services, syncs)?;
        if let Some(timeouts) = &tables.timeouts {
            self.timeouts.set(timeouts.tcp, timeouts.tcp_fin, timeouts.udp);
        }
        if let Some(wanted) = &tables.daemons {
            daemons.clone_from(wanted);
            self.follow_daemons(&daemons);
        }
        Ok(())
    }

    /// Connections of servers that were removed end at once with `expire_nodest_conn`, and where both ends are told.
    pub(super) fn end_orphans(&self, now: Time) {
        let all = self.sysctls.is_on(Sysctl::ExpireNodestConn);
        if !all && !self.tells_ends.load(Relaxed) {
            return;
        }
        let is_orphan = |conn: &Connection| {
            let is_gone = conn.server().is_some_and(|server| !server.is_available());
            is_gone && (all || conn.tells_on_expiry())
        };
        let mut orphans = Vec::new();
        self.conns.for_each(|id, conn| {
            if is_orphan(conn) {
                orphans.push(id);
            }
        });
        // Each turn ends what nothing stands under any more: data connections of FTP, what controls them, its template.
        for _ in 0..3 {
            for entry in orphans.iter().filter_map(|id| self.conns.get(*id)) {
                if is_orphan(&entry) && entry.controlled == 0 {
                    self.conns.end_as(entry, Some(CloseReason::Flushed), now);
                }
            }
        }
    }

    fn start_daemon(&self, spec: &DaemonSpec) -> Result<(), CommandError> {
        if self.has_mixed_families() {
            return Err(CommandError::MixedFamily);
        }
        let mut daemons = self.daemons.lock();
        if daemons.iter().any(|daemon| daemon.role == spec.role) {
            return Err(CommandError::DaemonRunning);
        }
        daemons.push(spec.clone());
        self.follow_daemons(&daemons);
        Ok(())
    }
}

fn check_timeouts(wanted: &TimeoutSettings) -> Result<(), CommandError> {
    let is_too_long = [wanted.tcp, wanted.tcp_fin, wanted.udp].iter().any(|secs| *secs > MAX_TIMEOUT);
    if is_too_long { Err(CommandError::BadTimeout) } else { Ok(()) }
}

pub(in crate::director) fn conn_entry(conn: &Connection, now: Time) -> ConnEntry {
    ConnEntry {
        protocol: conn.protocol(),
        state: conn.state.name().to_owned(),
        expires_in_ms: u64::try_from(conn.expires_at().since(now).as_millis()).unwrap_or(u64::MAX),
        client: conn.client(),
        virt: conn.virt(),
        real: conn.real(),
        local: conn.local(),
        from_sync: conn.flags.has(ConnFlags::FROM_SYNC),
        engine: conn
            .engine()
            .map(|engine| EngineData { name: engine.name.clone(), data: engine.data.to_vec() }),
    }
}

fn service_entry(service: &VirtualService) -> ServiceEntry {
    ServiceEntry {
        spec: service.spec().clone(),
        stats: service.stats(),
        rates: service.rates(),
        servers: service.servers().iter().map(server_entry).collect(),
    }
}

fn server_entry(server: &Arc<RealServer>) -> ServerEntry {
    ServerEntry {
        spec: server.spec(),
        drained: server.is_drained(),
        active_conns: server.active_conns(),
        inactive_conns: server.inactive_conns(),
        persistent_conns: server.persistent_conns(),
        stats: server.stats(),
        rates: VirtualService::server_rates(server),
    }
}

fn totals(services: &ServiceTable) -> Reply {
    Reply::Totals { stats: services.total_stats(), rates: services.total_rates() }
}
