//! The contents of a configuration, as plain data: the director's own options, and services with their health.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::note::Note;
use crate::schema::DirectorOptions;
use lvs::director::{DaemonSpec, Tables, TimeoutSettings};
use lvs::service::{DeclaredService, ServiceKey};
use lvs_discovery::spec::{ServiceDiscovery, Source};
use lvs_health::spec::ServiceHealth;

/// The contents of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    pub director: DirectorOptions,
    pub declared: Declared,
    /// Notes of what was read, but not as it stands there.
    pub notes: Vec<Note>,
}

/// The part that a reload applies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    pub timeouts: Option<TimeoutSettings>,
    /// Settings of `net.ipv4.vs` and their values.
    pub sysctls: BTreeMap<String, String>,
    pub services: Vec<DeclaredService>,
    pub daemons: Vec<DaemonSpec>,
    /// Checks, and what follows from them; services without any are not in it.
    pub health: Vec<ServiceHealth>,
    /// Sources of other servers; services without any source are not in it.
    pub discovery: Vec<ServiceDiscovery>,
    pub exporters: Exporters,
}

/// Numbers and lines that the director tells of itself, and where; None where nobody says anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exporters {
    /// Address at which numbers are served over HTTP.
    pub metrics: Option<SocketAddr>,
    /// Series of services and servers at most.
    pub metrics_series: Option<usize>,
    /// `-` is standard output.
    pub flow_log: Option<PathBuf>,
    /// A line for each connection that begins, too.
    pub flow_begins: Option<bool>,
    /// Lines a second at most.
    pub flow_rate: Option<u32>,
}

impl Exporters {
    /// This, and the other where this says nothing.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            metrics: self.metrics.or(other.metrics),
            metrics_series: self.metrics_series.or(other.metrics_series),
            flow_log: self.flow_log.or_else(|| other.flow_log.clone()),
            flow_begins: self.flow_begins.or(other.flow_begins),
            flow_rate: self.flow_rate.or(other.flow_rate),
        }
    }
}

impl Declared {
    /// The sources of a service.
    pub fn sources(&self, key: &ServiceKey) -> &[Source] {
        self.discovery.iter().find(|service| service.service == *key).map_or(&[], |service| &service.sources)
    }

    /// Checks with those of servers that are yet to be found, which stand nowhere yet.
    pub fn health_of_all(&self) -> Vec<ServiceHealth> {
        let mut all = self.health.clone();
        for health in &mut all {
            let of_sources = self.sources(&health.service).iter().map(|source| source.health.clone());
            health.servers.extend(of_sources);
        }
        all
    }

    /// All that commands can declare of it.
    pub fn tables(&self) -> Tables {
        Tables {
            services: self.services.clone(),
            timeouts: self.timeouts,
            daemons: Some(self.daemons.clone()),
        }
    }
}
