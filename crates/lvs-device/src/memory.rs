//! A device in memory, for tests of what stands above a device.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio::sync::mpsc;

use super::{NeighbourWriter, PacketReader, PacketWriter, ReadError, WriteError};
use lvs_wire::PacketBuf;

/// The side that a datapath drives.
#[derive(Debug)]
pub struct MemoryDevice {
    incoming: mpsc::UnboundedReceiver<PacketBuf>,
    outgoing: mpsc::UnboundedSender<PacketBuf>,
    next: Option<PacketBuf>,
    link_down: Arc<AtomicBool>,
    refuses_super_packets: Arc<AtomicBool>,
}

/// The side of the test: the network at the other end. When it is dropped the device is gone.
#[derive(Debug)]
pub struct MemoryWire {
    to_device: mpsc::UnboundedSender<PacketBuf>,
    from_device: mpsc::UnboundedReceiver<PacketBuf>,
    link_down: Arc<AtomicBool>,
    refuses_super_packets: Arc<AtomicBool>,
}

pub fn memory_device() -> (MemoryDevice, MemoryWire) {
    let (to_device, incoming) = mpsc::unbounded_channel();
    let (outgoing, from_device) = mpsc::unbounded_channel();
    let (link_down, refuses_super_packets) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let device = MemoryDevice {
        incoming,
        outgoing,
        next: None,
        link_down: Arc::clone(&link_down),
        refuses_super_packets: Arc::clone(&refuses_super_packets),
    };
    (device, MemoryWire { to_device, from_device, link_down, refuses_super_packets })
}

impl MemoryWire {
    /// Sends a packet to the device. False when the device is gone.
    pub fn send(&self, packet: PacketBuf) -> bool {
        self.to_device.send(packet).is_ok()
    }

    /// The next packet that the device wrote; none when it is gone.
    pub async fn receive(&mut self) -> Option<PacketBuf> {
        self.from_device.recv().await
    }

    /// Has the device refuse what is written to it.
    pub fn set_link_down(&self, down: bool) {
        self.link_down.store(down, Relaxed);
    }

    /// Has the device take packets only, as some kernels do.
    pub fn refuse_super_packets(&self) {
        self.refuses_super_packets.store(true, Relaxed);
    }
}

fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::BrokenPipe)
}

impl PacketReader for MemoryDevice {
    async fn readable(&mut self) -> io::Result<()> {
        if self.next.is_none() {
            self.next = Some(self.incoming.recv().await.ok_or_else(gone)?);
        }
        Ok(())
    }

    fn read(&mut self, packet: &mut PacketBuf) -> Result<bool, ReadError> {
        let Some(next) = self.next.take().or_else(|| self.incoming.try_recv().ok()) else { return Ok(false) };
        *packet = next;
        Ok(true)
    }
}

impl PacketWriter for MemoryDevice {
    fn write(&mut self, packet: &mut PacketBuf) -> Result<(), WriteError> {
        if self.link_down.load(Relaxed) {
            return Err(WriteError::LinkDown);
        }
        if packet.offload.gso.is_some() && self.refuses_super_packets.load(Relaxed) {
            return Err(WriteError::SuperPacket);
        }
        // Nobody at the other end is no matter of the device.
        let _ = self.outgoing.send(packet.clone());
        Ok(())
    }

    fn takes_super_packets(&self) -> bool {
        true
    }
}

impl NeighbourWriter for MemoryDevice {
    fn write_to(&mut self, packet: &mut PacketBuf, _neighbour: IpAddr) -> Result<(), WriteError> {
        self.write(packet)
    }
}
