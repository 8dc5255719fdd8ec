//! Sending a packet as it is to a neighbour that its header does not name: direct routing.
//!
//! A raw socket on which the caller writes the IP header routes by the address given to `sendto`, and resolves the
//! link address of that neighbour (`FLOWI_FLAG_KNOWN_NH`, which the kernel's IPVS uses in the same way). So the host
//! does neighbour discovery, holds packets meanwhile, and reports a neighbour that does not answer. Super-packets
//! are cut here: such a socket takes none.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use nix::errno::Errno;
use nix::sys::socket::{getsockopt, sockopt};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::WriteError;
use crate::lvs::wire::{Headers, PacketBuf, complete, cut, segments};

/// `IPPROTO_RAW`: the header is the caller's.
const RAW: i32 = 255;

/// Room for what waits for a neighbour or a slow link.
const SEND_BUFFER: usize = 4 << 20;

/// The sockets of both families, opened when the director starts. Without CAP_NET_RAW there are none, and every
/// packet for direct routing is refused.
#[derive(Debug)]
pub(super) struct DirectSender {
    v4: Option<Socket>,
    v6: Option<Socket>,
    piece: PacketBuf,
}

impl DirectSender {
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

    /// Sends `packet` to `neighbour`.
    pub(super) fn send(&mut self, packet: &mut PacketBuf, neighbour: IpAddr) -> Result<(), WriteError> {
        let socket = if neighbour.is_ipv4() { &self.v4 } else { &self.v6 };
        let Some(socket) = socket else { return Err(WriteError::Refused(Errno::EPERM as i32)) };
        if packet.offload.gso.is_none() {
            complete(packet);
            return send_whole(socket, packet.bytes(), neighbour);
        }
        let headers = Headers::parse(packet.bytes()).map_err(|_| WriteError::SuperPacket)?;
        let Some(pieces) = segments(packet, &headers) else { return Err(WriteError::SuperPacket) };
        for segment in pieces {
            segment.write(packet, &mut self.piece);
            complete(&mut self.piece);
            send_whole(socket, self.piece.bytes(), neighbour)?;
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

/// Sends a packet, in fragments where the link is too narrow: what may not be cut was answered before it came here.
fn send_whole(socket: &Socket, packet: &[u8], neighbour: IpAddr) -> Result<(), WriteError> {
    let to = SockAddr::from(SocketAddr::new(neighbour, 0));
    match send_once(socket, packet, &to) {
        Err(error) if error.raw_os_error() == Some(Errno::EMSGSIZE as i32) => {
            let mtu = path_mtu(neighbour).map_err(|error| refused(&error))?;
            let pieces = cut(packet, mtu, 0);
            if pieces.len() < 2 {
                return Err(refused(&error));
            }
            pieces.iter().try_for_each(|piece| send_once(socket, piece, &to)).map_err(|error| refused(&error))
        }
        other => other.map_err(|error| refused(&error)),
    }
}

/// What the host knows of the way: asked with a socket that is connected and sends nothing.
fn path_mtu(neighbour: IpAddr) -> io::Result<usize> {
    const DISCARD: u16 = 9;
    let any: SocketAddr = match neighbour {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect((neighbour, DISCARD))?;
    let mtu = getsockopt(&socket, sockopt::IpMtu)?;
    usize::try_from(mtu).map_err(io::Error::other)
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
