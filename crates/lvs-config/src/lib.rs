//! The configuration file: the director's own options, and services that are there from the start.
//!
//! Owns the languages that it may be written in (TOML, [`keepalived`], the lines of `ipvsadm -S`), their errors (with
//! line and column) and the way from them to [`Command`]s. Never touches the director or the host: what a file means is
//! tried out on tables of its own. Called by the command line, which reads, checks and converts, and by the daemon,
//! which reads again on SIGHUP.
#![forbid(unsafe_code)]

mod check_read;
mod check_schema;
pub mod defaults;
mod difference;
mod error;
mod format;
mod health_read;
pub mod keepalived;
mod nets;
pub mod note;
mod ports;
pub mod programs;
mod queues;
mod read;
mod schema;
#[cfg(test)]
mod tests;
mod unfit;
mod write;
mod write_checks;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use ipnet::IpNet;

pub use error::ConfigError;
pub use format::{Format, Source};
pub use nets::{BadNet, masquerade_net};
pub use ports::{BadPortRange, port_range};
pub use queues::{BadQueues, Queues};
pub use schema::LogFormat;

use lvs::director::{Command, DaemonSpec, Kernel, Tables, TimeoutSettings};
pub use lvs::service::DeclaredService;
use lvs::service::ServerSpec;
use lvs_health::spec::ServiceHealth;

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    pub director: DirectorOptions,
    pub declared: Declared,
    /// What was read, but not as it stands there.
    pub notes: Vec<note::Note>,
}

/// Options of the director; None where the file is silent. They hold until the director ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectorOptions {
    pub socket: Option<PathBuf>,
    pub vip_nets: Vec<IpNet>,
    pub rs_nets: Vec<IpNet>,
    pub laddr_nets: Vec<IpNet>,
    pub masquerade_nets: Vec<IpNet>,
    pub laddr_ports: Option<RangeInclusive<u16>>,
    pub hairpin: Option<bool>,
    pub mss_clamp: Option<bool>,
    pub claim_vips: Option<bool>,
    pub tun_prefix: Option<String>,
    pub queues: Option<Queues>,
    pub offload: Option<bool>,
    pub tunnel_offload: Option<bool>,
    pub conn_table_size: Option<u32>,
    pub max_conns: Option<usize>,
    pub ftp_ports: Option<[u16; 8]>,
    pub proc_dir: Option<PathBuf>,
    /// SCTP services are in the files of `proc_dir`.
    pub proc_sctp: Option<bool>,
    pub kernel: Option<Kernel>,
    pub drop_alarm: Option<u64>,
    pub log: Option<String>,
    pub log_format: Option<LogFormat>,
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
    pub watching: Watching,
}

/// What the director tells of itself, and where; None where nobody says anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watching {
    /// Where numbers are served over HTTP.
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

impl Watching {
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

impl Config {
    /// Reads TOML. `path` is for error messages only.
    ///
    /// # Errors
    /// Something in it is wrong.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        read::read(text).map_err(|mistake| mistake.locate(text, path))
    }
}

impl Declared {
    /// The commands that make an empty director be as declared.
    pub fn commands(&self) -> Vec<Command> {
        let mut commands: Vec<Command> = self.timeouts.map(Command::SetTimeouts).into_iter().collect();
        commands.extend(self.sysctl_changes(&Self::default()));
        for service in &self.services {
            let key = service.spec.key;
            commands.push(Command::AddService(service.spec.clone()));
            let add = |server: &ServerSpec| Command::AddServer { service: key, server: server.clone() };
            commands.extend(service.servers.iter().map(add));
        }
        commands.extend(self.daemons.iter().cloned().map(Command::StartDaemon));
        commands
    }

    /// The tables after a reload: what differs between `base`, declared before, and this follows this; what does not
    /// stays as it is in `present`. What is left out of the result stays, too.
    pub fn merged(&self, base: &Self, present: &[DeclaredService]) -> Tables {
        difference::merged(base, self, present)
    }

    /// The settings that such a reload changes.
    pub fn sysctl_changes(&self, base: &Self) -> Vec<Command> {
        difference::sysctls(base, self)
    }

    /// As TOML, with notes as comments. `origin` is for the first comment.
    pub fn to_toml(&self, notes: &[note::Note], origin: &str) -> String {
        write::written(self, notes, origin)
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
