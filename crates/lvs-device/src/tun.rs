//! A TUN interface and its queues.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::IpAddr;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::direct::DirectSender;
use super::open::{self, DeviceError, Found, Opened, Options};
use super::tunnel_offload::{Attached, TunnelOffload};
use super::{Features, NeighbourWriter, PacketReader, PacketWriter, ReadError, WriteError};
use lvs::neighbour::Neighbours;
use lvs_sys::tun_driver::watch;
use lvs_wire::{Offload, PacketBuf, VNET_LEN};

const DUPLICATE: &str = "duplicating its descriptor";

/// So many super-packets may be refused before they are given up. Some stable kernels (6.1, 6.6.44, 6.10) refuse
/// those whose last segment is short, which would otherwise stall every transfer.
const REFUSALS: u32 = 16;

/// An interface that exists as long as this or one of its queues does, or longer if it is to.
#[derive(Debug)]
pub struct Tun {
    name: String,
    features: Features,
    /// One for each queue.
    fds: Vec<OwnedFd>,
    refusals: Arc<AtomicU32>,
    tunnels: Arc<OnceLock<Attached>>,
}

/// Descriptors of an interface for another process.
#[derive(Debug)]
pub struct HandedTun {
    /// One for each.
    pub queues: Vec<OwnedFd>,
    /// The program that takes tunnels whole, where there is one.
    pub tunnels: Option<OwnedFd>,
}

impl Tun {
    /// Makes a new interface, still down and without addresses.
    ///
    /// # Errors
    /// No driver or no permission, or the name is taken.
    pub fn open(name: &str, options: Options) -> Result<Self, DeviceError> {
        Ok(Self::of(name, open::open(name, options, Found::New)?))
    }

    /// Joins an interface that an earlier process of ours left, or makes it where that one is gone.
    ///
    /// # Errors
    /// No driver or no permission, or another process still has it.
    pub fn open_left(name: &str, options: Options) -> Result<Self, DeviceError> {
        Ok(Self::of(name, open::open(name, options, Found::Left)?))
    }

    fn of(name: &str, Opened { queues: fds, features }: Opened) -> Self {
        Self { name: name.to_owned(), features, fds, refusals: Arc::default(), tunnels: Arc::default() }
    }

    /// Has the interface outlive this process, until it is deleted.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn keep(&self) -> Result<(), DeviceError> {
        let kept = self.fds.first().map_or(Ok(()), |fd| open::keep(fd, true));
        kept.map_err(|source| self.failed("TUNSETPERSIST", source))
    }

    /// Has the kernel cut super-packets inside tunnels, from now on and for as long as a queue lives. The kernel takes its time for it,
    /// and answers no netlink meanwhile.
    ///
    /// # Errors
    /// The kernel cannot, or the interface is gone.
    pub fn take_tunnels_whole(&self, offload: &TunnelOffload) -> io::Result<()> {
        if self.tunnels.get().is_none() {
            let attached = offload.attach(if_nametoindex(self.name.as_str())?)?;
            let _ = self.tunnels.set(attached);
        }
        Ok(())
    }

    /// Whether it does, here or since another process had it.
    pub fn takes_tunnels_whole(&self) -> bool {
        self.tunnels.get().is_some()
    }

    /// Goes on with an interface of another process.
    pub fn adopt(name: &str, features: Features, HandedTun { queues: fds, tunnels }: HandedTun) -> Self {
        let tunnels = Arc::new(tunnels.map_or_else(OnceLock::new, |link| OnceLock::from(Attached { link })));
        Self { name: name.to_owned(), features, fds, refusals: Arc::default(), tunnels }
    }

    /// Other descriptors of the same, for [`Self::adopt`].
    ///
    /// # Errors
    /// The system refuses them.
    pub fn hand_over(&self) -> io::Result<HandedTun> {
        let queues = self.fds.iter().map(OwnedFd::try_clone).collect::<io::Result<_>>()?;
        let tunnels = self.tunnels.get().map(|attached| attached.link.try_clone()).transpose()?;
        Ok(HandedTun { queues, tunnels })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub const fn features(&self) -> Features {
        self.features
    }

    /// Lists the descriptors, one for each queue.
    pub fn descriptors(&self) -> &[OwnedFd] {
        &self.fds
    }

    /// Opens all queues, each to be served on its own.
    ///
    /// # Errors
    /// The system refuses more descriptors.
    pub fn queues(&self) -> Result<Vec<IdleQueue>, DeviceError> {
        (0..self.fds.len()).filter_map(|number| self.queue(number).transpose()).collect()
    }

    /// A queue by its number, if there is one: what waits in it is the caller's to read.
    ///
    /// # Errors
    /// The system refuses another descriptor.
    pub fn queue(&self, number: usize) -> Result<Option<IdleQueue>, DeviceError> {
        let Some(fd) = self.fds.get(number) else { return Ok(None) };
        let fd = fd.try_clone().map_err(|source| self.failed(DUPLICATE, source))?;
        let mut config = tun::Configuration::default();
        config.tun_name(&self.name).raw_fd(fd.into_raw_fd()).close_fd_on_drop(true);
        let device = tun::create(&config)
            .map_err(|error| self.failed("adopting its descriptor", io::Error::other(error)))?;
        let (refusals, tunnels) = (Arc::clone(&self.refusals), Arc::clone(&self.tunnels));
        Ok(Some(IdleQueue { device, features: self.features, refusals, tunnels }))
    }

    /// A way to write beside the queues.
    ///
    /// # Errors
    /// The system refuses another descriptor.
    pub fn writer(&self) -> Result<TunWriter, DeviceError> {
        let first = self.fds.first().map(OwnedFd::try_clone).transpose();
        let first = first.map_err(|source| self.failed(DUPLICATE, source))?;
        Ok(TunWriter { file: first.map(File::from) })
    }

    fn failed(&self, step: &'static str, source: io::Error) -> DeviceError {
        DeviceError::Setup { name: self.name.clone(), step, source }
    }
}

/// Writes packets that came in by another way than the interface's queues.
#[derive(Debug)]
pub struct TunWriter {
    file: Option<File>,
}

impl PacketWriter for TunWriter {
    fn write(&mut self, packet: &mut PacketBuf) -> Result<(), WriteError> {
        let header = packet.offload.emit();
        let bytes = packet.write_area(&header).ok_or(WriteError::NoHeadroom)?;
        let Some(file) = &mut self.file else { return Err(WriteError::LinkDown) };
        file.write_all(bytes).map_err(|error| WriteError::Refused(error.raw_os_error().unwrap_or(0)))
    }
}

impl TunWriter {
    /// A writer that also reaches neighbours.
    pub fn with_neighbours(self, neighbours: Arc<Neighbours>) -> OffQueue {
        OffQueue { writer: self, direct: DirectSender::open(neighbours) }
    }
}

/// Writes packets that came in by no queue, to the host or to a neighbour.
#[derive(Debug)]
pub struct OffQueue {
    writer: TunWriter,
    direct: DirectSender,
}

impl PacketWriter for OffQueue {
    fn write(&mut self, packet: &mut PacketBuf) -> Result<(), WriteError> {
        self.writer.write(packet)
    }
}

impl NeighbourWriter for OffQueue {
    fn write_to(&mut self, packet: &mut PacketBuf, neighbour: IpAddr) -> Result<(), WriteError> {
        self.direct.send(packet, neighbour)
    }
}

/// A queue that no runtime watches yet.
pub struct IdleQueue {
    device: tun::Device,
    features: Features,
    refusals: Arc<AtomicU32>,
    tunnels: Arc<OnceLock<Attached>>,
}

impl IdleQueue {
    /// Has the runtime that calls this watch the queue. Packets of direct routing go to `neighbours`.
    ///
    /// # Errors
    /// The runtime cannot watch more descriptors.
    pub fn register(self, neighbours: Arc<Neighbours>) -> io::Result<TunQueue> {
        let Self { device, features, refusals, tunnels } = self;
        let direct = DirectSender::open(neighbours);
        Ok(TunQueue { device: watch(device, EVENTS)?, features, refusals, direct, tunnels })
    }
}

impl fmt::Debug for IdleQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdleQueue").field("fd", &self.device.as_raw_fd()).finish_non_exhaustive()
    }
}

/// An error is what the driver reports when somebody deletes the interface.
///
/// Not for writing: the driver signals "writable" for every packet that leaves its buffers, each of which would
/// wake us, and a write never waits.
const EVENTS: Interest = Interest::READABLE.add(Interest::ERROR);

/// One queue of a TUN interface.
///
/// A super-packet that the host refuses is its writer's to cut; after [`REFUSALS`] of them the interface is told to send no more
/// of them, and from then on works packet by packet.
pub struct TunQueue {
    device: AsyncFd<tun::Device>,
    features: Features,
    refusals: Arc<AtomicU32>,
    direct: DirectSender,
    tunnels: Arc<OnceLock<Attached>>,
}

impl fmt::Debug for TunQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TunQueue").field("fd", &self.device.as_raw_fd()).finish_non_exhaustive()
    }
}

impl PacketReader for TunQueue {
    async fn readable(&mut self) -> io::Result<()> {
        let mut guard = self.device.ready_mut(EVENTS).await?;
        if guard.ready().is_error() {
            return Err(Errno::EBADFD.into());
        }
        guard.retain_ready();
        Ok(())
    }

    fn read(&mut self, packet: &mut PacketBuf) -> Result<bool, ReadError> {
        let area = packet.read_area(VNET_LEN);
        let len = loop {
            match self.device.try_io_mut(Interest::READABLE, |device| device.read(area)) {
                Ok(len) => break len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadError::Gone(error)),
            }
        };
        let header =
            area.first_chunk::<VNET_LEN>().filter(|_| len > VNET_LEN).ok_or(ReadError::Short(len))?;
        let offload = Offload::parse(header)?;
        packet.set_read(VNET_LEN, len, offload);
        Ok(true)
    }
}

impl NeighbourWriter for TunQueue {
    fn write_to(&mut self, packet: &mut PacketBuf, neighbour: IpAddr) -> Result<(), WriteError> {
        self.direct.send(packet, neighbour)
    }
}

impl PacketWriter for TunQueue {
    fn write(&mut self, packet: &mut PacketBuf) -> Result<(), WriteError> {
        let header = packet.offload.emit();
        let bytes = packet.write_area(&header).ok_or(WriteError::NoHeadroom)?;
        let error = loop {
            match self.device.get_mut().write(bytes) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break error,
            }
        };
        let errno = error.raw_os_error().unwrap_or(0);
        match Errno::from_raw(errno) {
            Errno::EIO => Err(WriteError::LinkDown),
            Errno::EINVAL if packet.offload.gso.is_some() => {
                self.count_refusal();
                Err(WriteError::SuperPacket)
            }
            _ => Err(WriteError::Refused(errno)),
        }
    }

    fn takes_super_packets(&self) -> bool {
        self.features.super_packets()
    }

    fn takes_tunnels_whole(&self) -> bool {
        self.tunnels.get().is_some()
    }
}

impl TunQueue {
    fn count_refusal(&self) {
        if self.refusals.fetch_add(1, Relaxed) + 1 != REFUSALS {
            return;
        }
        match open::switch_off(&self.device) {
            Ok(()) => tracing::warn!("the kernel refuses super-packets, so they are switched off"),
            Err(error) => tracing::warn!(%error, "the kernel refuses super-packets and to switch them off"),
        }
    }
}
