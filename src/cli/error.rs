//! Reasons for which a command of `tunvs` fails.

use std::net::IpAddr;

use super::{
    capture, changes, check, connections, convert, drain, events, explain, fleet, generate, health, status,
    stop, sync, sysctl, tables, upgrade,
};
use crate::daemon::{DaemonError, LogError};
#[cfg(feature = "demo")]
use crate::demo::DemoError;
use lvs_config::ConfigError;

#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Changes(#[from] changes::ChangesError),
    #[error(transparent)]
    Convert(#[from] convert::ConvertError),
    #[error(transparent)]
    Check(#[from] check::CheckError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    #[cfg(feature = "demo")]
    #[error(transparent)]
    Demo(#[from] DemoError),
    #[error(transparent)]
    Sysctl(#[from] sysctl::SysctlError),
    #[error("cannot write the answer")]
    Write(#[source] std::io::Error),
    #[error(transparent)]
    Generate(#[from] generate::GenerateError),
    #[error(transparent)]
    Connections(#[from] connections::ConnectionsError),
    #[error(transparent)]
    RealServer(#[from] RealServerError),
    #[error(transparent)]
    Status(#[from] status::StatusError),
    #[error(transparent)]
    Sync(#[from] sync::SyncError),
    #[cfg(feature = "top")]
    #[error(transparent)]
    Top(#[from] super::top::TopError),
    #[error(transparent)]
    Health(#[from] health::HealthError),
    #[error(transparent)]
    Drain(#[from] drain::DrainError),
    #[error(transparent)]
    Fleet(#[from] fleet::FleetError),
    #[error(transparent)]
    Explain(#[from] explain::ExplainError),
    #[error(transparent)]
    Capture(#[from] capture::CaptureError),
    #[error(transparent)]
    Events(#[from] events::EventsError),
    #[error(transparent)]
    Tables(#[from] tables::TablesError),
    #[error(transparent)]
    Upgrade(#[from] upgrade::UpgradeError),
    #[error(transparent)]
    Stop(#[from] stop::StopError),
}

/// Reasons for which options do not go with each other.
#[derive(Debug, thiserror::Error)]
pub(super) enum RealServerError {
    #[error("{0} cannot be a virtual address on lo: give a unicast address that is not the loopback's")]
    BadVirtual(IpAddr),
    #[error("--port is GUE's: add --mode gue, or leave it out")]
    PortWithoutGue,
    #[error("--director says who may send through tunnels: add --mode ipip, gre or gue, or leave it out")]
    DirectorWithoutTunnel,
    #[error("{0} is a virtual address, and cannot be a director too")]
    DirectorIsVirtual(IpAddr),
}
