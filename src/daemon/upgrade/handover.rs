//! Descriptors of a director that its successor will get, where they are kept until then.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;

use crate::daemon::conn_keeper::HandedOver;
use crate::daemon::error::DaemonError;
use crate::daemon::interface::Interface;
use lvs_control::socket::HandedSocket;
use lvs_device::TunWriter;

/// Things that a director has for its successor beside its tables.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Handover {
    pub(in crate::daemon) interfaces: Vec<Interface>,
    /// The control socket.
    pub(in crate::daemon) socket: Option<HandedSocket>,
    /// Whether the file of connections is still written here.
    pub(in crate::daemon) conn_file: HandedOver,
    /// How the attendant is told of the next director; none where this process was started first.
    pub(in crate::daemon) attendant: Option<UnixStream>,
    /// The other end of that, where this process will be the attendant.
    pub(super) attends: Option<UnixStream>,
}

impl Handover {
    /// Writes into the interfaces beside their queues, towards clients and towards servers.
    ///
    /// # Errors
    /// The system refuses a descriptor.
    pub(in crate::daemon) fn writers(&self) -> Result<[TunWriter; 2], DaemonError> {
        match self.interfaces.as_slice() {
            [vip, rs, ..] => Ok([vip.writer()?, rs.writer()?]),
            _ => Err(DaemonError::start("the interfaces")(ErrorKind::NotFound.into())),
        }
    }
}
