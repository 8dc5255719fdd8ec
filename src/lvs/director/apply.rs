//! Commands and queries: changing and reading the tables.

use std::sync::Arc;

use super::{
    Command, CommandError, DaemonSpec, Director, Info, Query, Reply, ServerEntry, ServiceEntry,
    TimeoutSettings,
};
use crate::lvs::service::{RealServer, ServiceTable, VirtualService};
use crate::lvs::time::Time;

/// The kernel keeps timeouts in ticks in a signed integer; what does not fit is refused.
const MAX_TIMEOUT: u32 = i32::MAX as u32 / 1000;

impl Director {
    /// Changes the tables.
    ///
    /// # Errors
    /// The change was refused and nothing has changed.
    pub fn apply(&self, command: &Command, now: Time) -> Result<(), CommandError> {
        let _ = now;
        match command {
            Command::AddService(spec) => self.services.write().add_service(spec.clone()),
            Command::EditService(spec) => self.services.write().edit_service(spec.clone()),
            Command::DeleteService(key) => self.services.write().delete_service(key),
            Command::AddServer { service, server } => {
                let syncs = self.sync_daemon_runs();
                self.services.write().add_server(service, server, syncs)
            }
            Command::EditServer { service, server } => {
                let syncs = self.sync_daemon_runs();
                self.services.write().edit_server(service, server, syncs)
            }
            Command::DeleteServer { service, addr, port } => {
                self.services.write().delete_server(service, *addr, *port)
            }
            Command::Flush => {
                self.services.write().flush();
                Ok(())
            }
            Command::Zero(key) => self.services.write().zero(key.as_ref()),
            Command::SetTimeouts(wanted) => self.set_timeouts(wanted),
            Command::StartDaemon(spec) => self.start_daemon(spec),
            Command::StopDaemon { role, .. } => {
                let mut daemons = self.daemons.lock();
                let at = daemons.iter().position(|daemon| daemon.role == *role);
                daemons.remove(at.ok_or(CommandError::NoDaemon)?);
                Ok(())
            }
        }
    }

    /// Answers a question about the tables.
    ///
    /// # Errors
    /// The service asked about does not exist.
    pub fn query(&self, query: &Query, now: Time) -> Result<Reply, CommandError> {
        let _ = now;
        Ok(match query {
            Query::Info => Reply::Info(Info { conn_table_size: self.settings.conn_table_size }),
            Query::Services => Reply::Services(self.services.read().iter().map(service_entry).collect()),
            Query::Service(key) => {
                let services = self.services.read();
                let service = services.get(key).ok_or(CommandError::NoSuchService(*key))?;
                Reply::Services(vec![service_entry(service)])
            }
            Query::Connections => Reply::Connections(Vec::new()),
            Query::Timeouts => Reply::Timeouts(*self.timeouts.read()),
            Query::Daemons => Reply::Daemons(self.daemons.lock().clone()),
            Query::Totals => totals(&self.services.read()),
        })
    }

    fn sync_daemon_runs(&self) -> bool {
        !self.daemons.lock().is_empty()
    }

    fn set_timeouts(&self, wanted: &TimeoutSettings) -> Result<(), CommandError> {
        if [wanted.tcp, wanted.tcp_fin, wanted.udp].iter().any(|secs| *secs > MAX_TIMEOUT) {
            return Err(CommandError::BadTimeout);
        }
        let timeouts = &mut *self.timeouts.write();
        for (kept, wanted) in [
            (&mut timeouts.tcp, wanted.tcp),
            (&mut timeouts.tcp_fin, wanted.tcp_fin),
            (&mut timeouts.udp, wanted.udp),
        ] {
            if wanted != 0 {
                *kept = wanted;
            }
        }
        Ok(())
    }

    fn start_daemon(&self, spec: &DaemonSpec) -> Result<(), CommandError> {
        let mut daemons = self.daemons.lock();
        if daemons.iter().any(|daemon| daemon.role == spec.role) {
            return Err(CommandError::DaemonRunning);
        }
        daemons.push(spec.clone());
        Ok(())
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
