//! Devices that packets come in by and go out by.
//!
//! Owns the TUN devices and their in-memory twin. Never looks into a packet: bytes and offload description go to
//! the core as they are. Addresses, routes and link settings of a device belong to `lvs-host`. The only
//! place that names the `tun` crate and `/dev/net/tun`. Called by the daemon.
#![forbid(unsafe_code)]

mod announce_tun;
mod assembler;
mod direct;
mod fast_path;
mod gue_port;
mod link;
mod losses;
mod memory;
mod offload;
mod open;
mod raw;
#[cfg(test)]
mod tests;
mod tun;
mod tunnel_offload;

use std::future::Future;
use std::io;
use std::net::IpAddr;

pub use announce_tun::AnnounceTun;
pub use fast_path::{DESCRIPTORS as FAST_PATH_DESCRIPTORS, FastPath, FastPathError, Hook, MemoryFlows, Ways};
pub use gue_port::{Arrived, GuePorts, IdlePorts, PortError};
pub use losses::lost;
pub use memory::{MemoryDevice, MemoryWire, memory_device};
pub use offload::Features;
pub use open::{DeviceError, Driver, MAX_NAME, Options, check, driver};
pub use tun::{HandedTun, IdleQueue, OffQueue, Tun, TunQueue, TunWriter};
pub use tunnel_offload::TunnelOffload;

use lvs_wire::{BadOffload, PacketBuf};

/// The incoming half of a device queue.
pub trait PacketReader: Send {
    /// Waits until [`read`](Self::read) is worth a try.
    ///
    /// # Errors
    /// The device is gone.
    fn readable(&mut self) -> impl Future<Output = io::Result<()>> + Send;

    /// Reads one packet (or super-packet) if one waits; false when none does.
    ///
    /// # Errors
    /// The packet cannot be understood, or the device is gone.
    fn read(&mut self, packet: &mut PacketBuf) -> Result<bool, ReadError>;
}

/// The outgoing half of a device queue.
pub trait PacketWriter: Send {
    /// Hands a packet to the host. Never waits.
    ///
    /// # Errors
    /// The host did not take it; the packet is lost.
    fn write(&mut self, packet: &mut PacketBuf) -> Result<(), WriteError>;

    /// Super-packets of TCP may be written.
    fn takes_super_packets(&self) -> bool {
        false
    }

    /// Super-packets inside tunnels may be written.
    fn takes_tunnels_whole(&self) -> bool {
        false
    }
}

/// The way out for direct routing.
pub trait NeighbourWriter: Send {
    /// Sends a packet as it is to the link address of a neighbour that its header does not name. Never waits.
    ///
    /// # Errors
    /// The host did not take it; the packet is lost.
    fn write_to(&mut self, packet: &mut PacketBuf, neighbour: IpAddr) -> Result<(), WriteError>;
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Skip it.
    #[error("a packet of {0} bytes is shorter than its virtio network header")]
    Short(usize),
    /// Skip it.
    #[error(transparent)]
    Offload(#[from] BadOffload),
    /// The device is of no more use.
    #[error("cannot read from the device")]
    Gone(#[source] io::Error),
}

/// Why a packet was not taken. Each is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    #[error("no room for the virtio network header")]
    NoHeadroom,
    #[error("the link is down")]
    LinkDown,
    #[error("the send buffer is full")]
    Full,
    /// Some kernels refuse sound super-packets; see [`TunQueue`].
    #[error("the host refuses the super-packet")]
    SuperPacket,
    #[error("the host refuses the packet: errno {0}")]
    Refused(i32),
}
