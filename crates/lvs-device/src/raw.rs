//! Packets that the host sends to a neighbour that their header does not name, and whose link address it finds out.
//!
//! A raw socket on which the caller writes the IP header routes by the address given to `sendto`, and resolves the
//! link address of that neighbour (`FLOWI_FLAG_KNOWN_NH`, which the kernel's IPVS uses in the same way). So the host
//! does neighbour discovery, holds packets meanwhile, and reports a neighbour that does not answer. Super-packets
//! are cut here: such a socket takes none.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use nix::errno::Errno;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::WriteError;
use lvs_wire::{Headers, PacketBuf, complete, cut, segments};

/// Room for what waits for a neighbour or a slow link.
pub(super) const SEND_BUFFER: usize = 4 << 20;

/// `IPPROTO_RAW`: the header is the caller's.
const RAW: i32 = 255;

/// Of IPv6 packets that are cut here.
static FRAGMENT_ID: AtomicU32 = AtomicU32::new(1);

/// The sockets of both families, opened when the director starts. Without CAP_NET_RAW there are none, and every
/// packet for direct routing is refused.
#[derive(Debug)]
pub(super) struct RawSender {
    v4: Option<Socket>,
    v6: Option<Socket>,
    piece: PacketBuf,
}

impl RawSender {
    pub(super) fn open() -> Self {
        let open = |domain| match open(domain) {
            Ok(socket) => Some(socket),
            Err(error) => {
                tracing::debug!(%error, ?domain, "no raw socket, so no direct routing");
                None
            }
        };
        Self { v4: open(Domain::IPV4), v6: open(Domain::IPV6), piece: PacketBuf::new() }
    }

    /// Sends `packet` to `neighbour`, in fragments where it is longer than `mtu` says that the way takes.
    pub(super) fn send(
        &mut self,
        packet: &mut PacketBuf,
        neighbour: IpAddr,
        mtu: impl Fn() -> Option<u32>,
    ) -> Result<(), WriteError> {
        let socket = if neighbour.is_ipv4() { &self.v4 } else { &self.v6 };
        let Some(socket) = socket else { return Err(WriteError::Refused(Errno::EPERM as i32)) };
        if packet.offload.gso.is_none() {
            complete(packet);
            return send_whole(socket, packet.bytes(), neighbour, &mtu);
        }
        let headers = Headers::parse(packet.bytes()).map_err(|_| WriteError::SuperPacket)?;
        let Some(pieces) = segments(packet, &headers) else { return Err(WriteError::SuperPacket) };
        for segment in pieces {
            segment.write(packet, &mut self.piece);
            complete(&mut self.piece);
            send_whole(socket, self.piece.bytes(), neighbour, &mtu)?;
        }
        Ok(())
    }
}

fn open(domain: Domain) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::RAW, Some(Protocol::from(RAW)))?;
    socket.set_nonblocking(true)?;
    // A smaller buffer than asked for only means earlier drops.
    let _ = socket.set_send_buffer_size(SEND_BUFFER);
    Ok(socket)
}

/// Sends a packet in one piece; one that may not be cut was answered before it came here.
fn send_whole(
    socket: &Socket,
    packet: &[u8],
    neighbour: IpAddr,
    mtu: impl Fn() -> Option<u32>,
) -> Result<(), WriteError> {
    let to = SockAddr::from(SocketAddr::new(neighbour, 0));
    match send_once(socket, packet, &to) {
        Err(error) if error.raw_os_error() == Some(Errno::EMSGSIZE as i32) => {
            let mtu = mtu().and_then(|mtu| usize::try_from(mtu).ok()).ok_or_else(|| refused(&error))?;
            let pieces = cut(packet, mtu, FRAGMENT_ID.fetch_add(1, Relaxed));
            if pieces.len() < 2 {
                return Err(refused(&error));
            }
            pieces.iter().try_for_each(|piece| send_once(socket, piece, &to)).map_err(|error| refused(&error))
        }
        other => other.map_err(|error| refused(&error)),
    }
}

fn send_once(socket: &Socket, packet: &[u8], to: &SockAddr) -> io::Result<()> {
    loop {
        match socket.send_to(packet, to) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn refused(error: &io::Error) -> WriteError {
    WriteError::Refused(error.raw_os_error().unwrap_or(0))
}
