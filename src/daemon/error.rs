//! Why a director, or a real server, ends.

use std::io;

use super::exporters::ExporterError;
use super::sync::channel::SecretError;
use ipvsadm::proc::tree::TreeError;
use lvs::director::{CommandError, UnreadableExport};
use lvs_control::socket::BindError;
use lvs_device::{DeviceError, PortError};
use lvs_host::HostError;

#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error(transparent)]
    Socket(#[from] BindError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error("cannot apply the configuration")]
    Declared(#[from] CommandError),
    #[error(transparent)]
    ProcDir(#[from] TreeError),
    #[error("cannot give up capabilities")]
    Privileges(#[from] caps::errors::CapsError),
    #[error(transparent)]
    Exporters(#[from] ExporterError),
    #[error(transparent)]
    SyncSecret(#[from] SecretError),
    #[error("cannot start {what}")]
    Start { what: &'static str, source: io::Error },
    #[error("cannot take over from the director that runs: {0}")]
    TakeOver(String),
    #[error("cannot take over the connections")]
    Unreadable(#[source] UnreadableExport),
    #[error("{steps} changes of the host could not be undone, see the log: `tunvs cleanup` tries again")]
    NotUndone { steps: usize },
    #[error("the interface behind {thread} is gone")]
    DeviceGone { thread: String, source: io::Error },
    #[error("{thread} stopped on an internal error: please report what the log says above")]
    Panicked { thread: String },
}

/// A queue or task that ended by itself.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) thread: String,
    /// None: it panicked.
    pub(super) error: Option<io::Error>,
}

impl From<Ended> for DaemonError {
    fn from(Ended { thread, error }: Ended) -> Self {
        match error {
            Some(source) => Self::DeviceGone { thread, source },
            None => Self::Panicked { thread },
        }
    }
}

impl DaemonError {
    pub(super) fn take_over(error: impl std::error::Error) -> Self {
        Self::TakeOver(error.to_string())
    }

    pub(super) fn start(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Start { what, source }
    }
}
