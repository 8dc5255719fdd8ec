//! Everything that is decided before the director starts: the command line and the file of the start, joined.

use std::path::PathBuf;

use ipnet::IpNet;

use lvs::director::Settings;
use lvs_config::{Declared, Exporters, Source};
use lvs_host::{HostOptions, TunNames};

use super::fast_path::FastPathOptions;
use super::fleet::FleetOptions;
use super::sync::channel::SyncOptions;
use crate::sandbox::Kept;

/// Everything that is decided before the director starts.
#[derive(Clone, Debug)]
pub struct Options {
    pub socket: PathBuf,
    /// The file that a reload reads.
    pub config: Option<Source>,
    pub declared: Declared,
    pub vip_nets: Vec<IpNet>,
    pub rs_nets: Vec<IpNet>,
    pub claim_vips: bool,
    pub tun_prefix: String,
    pub device: lvs_device::Options,
    pub fast_path: FastPathOptions,
    pub core: Settings,
    /// Rights are given up for good after the start.
    pub sandbox: bool,
    pub proc_dir: Option<PathBuf>,
    /// SCTP services are in its files.
    pub proc_sctp: bool,
    /// Dropped packets a second, of one reason, that are worth an event.
    pub drop_alarm: u64,
    /// Options of the command line, which come before what a file says.
    pub exporters: Exporters,
    /// Announcements to routers.
    pub fleet: FleetOptions,
    /// The other directors that are believed, and how they are talked to.
    pub sync: SyncOptions,
}

impl Options {
    /// Returns the options that concern the host.
    pub fn host_options(&self, journal: Option<PathBuf>) -> HostOptions {
        HostOptions {
            vip_nets: self.vip_nets.clone(),
            rs_nets: self.rs_nets.clone(),
            laddr_nets: self.core.laddr_nets.clone(),
            laddr_ports: self.core.laddr_ports.clone(),
            masquerade_nets: self.core.masquerade_nets.clone(),
            claim_vips: self.claim_vips,
            announce_table: self.fleet.table,
            journal,
            fast_path: self.fast_path.is_wanted,
            ..HostOptions::default()
        }
    }

    /// Files that are written after the start.
    pub(super) fn kept(&self) -> Kept {
        let flow_log = self.exporters.flow_log.clone().or_else(|| self.declared.exporters.flow_log.clone());
        Kept { socket: self.socket.clone(), flow_log, proc_dir: self.proc_dir.clone() }
    }

    pub fn tun_names(&self) -> TunNames {
        let named = |what: &str| format!("{}-{what}", self.tun_prefix);
        TunNames { vip: named("vip"), rs: named("rs"), fleet: named("fleet") }
    }
}
