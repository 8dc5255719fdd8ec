//! Frames to a neighbour whose link address is known: a packet socket that takes super-packets whole.
//!
//! With `PACKET_VNET_HDR` a frame carries the same offload description as a packet of a TUN, so that a super-packet
//! leaves as one, by one system call and with no copy here. The socket is bound to no protocol and so hears nothing.

use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, SockAddr, Socket, Type};

use super::raw::SEND_BUFFER;
use lvs::neighbour::Hop;
use lvs_sys::link_address::link_address;
use lvs_sys::socket_option;
use lvs_wire::{Checksum, Headers, PacketBuf, VNET_LEN, header_len, longest_segment};

const ETHER_LEN: usize = 14;
const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;

#[derive(Debug)]
pub(super) struct LinkSender {
    socket: Socket,
}

/// How frames to a next hop are addressed.
#[derive(Clone, Debug)]
pub(super) struct FrameTo {
    pub(super) hop: Hop,
    v4: SockAddr,
    v6: SockAddr,
}

impl FrameTo {
    pub(super) fn new(hop: Hop) -> io::Result<Self> {
        let to = |ethertype| link_address(hop.interface, ethertype, hop.to);
        Ok(Self { hop, v4: to(ETHERTYPE_IPV4)?, v6: to(ETHERTYPE_IPV6)? })
    }

    /// Whether the packet, or each of its segments, fits the link.
    pub(super) fn fits(&self, packet: &PacketBuf) -> bool {
        let mtu = usize::try_from(self.hop.mtu).unwrap_or(usize::MAX);
        packet.len() <= mtu
            || packet.offload.gso.is_some()
                && Headers::parse(packet.bytes())
                    .is_ok_and(|headers| longest_segment(packet, &headers) <= mtu)
    }
}

impl LinkSender {
    /// # Errors
    /// No CAP_NET_RAW, or a kernel without packet sockets.
    pub(super) fn open() -> io::Result<Self> {
        let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
        socket.set_nonblocking(true)?;
        // Frames begin with a virtio network header.
        socket_option::set(&socket, libc::SOL_PACKET, libc::PACKET_VNET_HDR, 1)?;
        // A smaller buffer than asked for only means earlier drops.
        let _ = setsockopt(&socket.as_fd(), sockopt::SndBufForce, &SEND_BUFFER)
            .or_else(|_| setsockopt(&socket.as_fd(), sockopt::SndBuf, &SEND_BUFFER));
        Ok(Self { socket })
    }

    /// Sends a packet that fits the link.
    pub(super) fn send(&self, packet: &mut PacketBuf, to: &FrameTo) -> Result<(), Errno> {
        let is_v6 = packet.bytes().first().is_some_and(|first| first >> 4 == 6);
        let (addr, ethertype) = if is_v6 { (&to.v6, ETHERTYPE_IPV6) } else { (&to.v4, ETHERTYPE_IPV4) };
        let mut prefix = [0; VNET_LEN + ETHER_LEN];
        prefix[..VNET_LEN].copy_from_slice(&behind_ethernet(packet));
        let ether = &mut prefix[VNET_LEN..];
        ether[..6].copy_from_slice(&to.hop.to);
        ether[6..12].copy_from_slice(&to.hop.from);
        ether[12..].copy_from_slice(&ethertype.to_be_bytes());
        let frame = packet.write_area(&prefix).ok_or(Errno::EMSGSIZE)?;
        loop {
            match self.socket.send_to(frame, addr) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Errno::from_raw(error.raw_os_error().unwrap_or(0))),
            }
        }
    }
}

/// The offload description of a packet with an Ethernet header in front. The kernel takes it in its own byte order.
fn behind_ethernet(packet: &PacketBuf) -> [u8; VNET_LEN] {
    let mut offload = packet.offload;
    if let Checksum::Partial { start, .. } = &mut offload.checksum {
        *start += ETHER_LEN as u16;
    }
    // How much of the packet the kernel lays out in one piece.
    let headers = packet.offload.gso.and_then(|_| Headers::parse(packet.bytes()).ok());
    offload.header_len = headers.map_or(0, |headers| (header_len(packet, &headers) + ETHER_LEN) as u16);
    let mut header = offload.emit();
    if cfg!(target_endian = "big") {
        header[2..].chunks_exact_mut(2).for_each(<[u8]>::reverse);
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs_wire::make::{self, Ends};
    use lvs_wire::{Gso, GsoKind, Offload, TcpFlags};

    fn packet(len: usize) -> PacketBuf {
        let ends = Ends::new("10.0.0.1".parse().unwrap(), 1, "10.0.0.2".parse().unwrap(), 80);
        PacketBuf::from_packet(&make::tcp(ends, TcpFlags::ACK, &vec![0; len]))
    }

    #[test]
    fn the_description_is_moved_behind_the_ethernet_header() {
        let mut buf = packet(5000);
        buf.offload = Offload {
            checksum: Checksum::Partial { start: 20, offset: 16 },
            gso: Some(Gso { kind: GsoKind::TcpV4, size: 1448, ecn: false }),
            header_len: 9999,
        };
        let expected = if cfg!(target_endian = "big") {
            [1, 1, 0, 54, 5, 168, 0, 34, 0, 16]
        } else {
            [1, 1, 54, 0, 168, 5, 34, 0, 16, 0]
        };
        assert_eq!(behind_ethernet(&buf), expected);
        assert_eq!(behind_ethernet(&packet(10)), [0; VNET_LEN]);
    }

    #[test]
    fn what_fits_is_measured_by_segments() {
        let hop = Hop { interface: 1, mtu: 1500, from: [2; 6], to: [4; 6], is_stale: false };
        let to = FrameTo::new(hop).unwrap();
        let mut buf = packet(5000);
        assert!(!to.fits(&buf));
        for (size, fits) in [(1448, true), (1460, true), (1461, false), (8948, false)] {
            buf.offload.gso = Some(Gso { kind: GsoKind::TcpV4, size, ecn: false });
            assert_eq!(to.fits(&buf), fits, "{size}");
        }
        assert!(to.fits(&packet(1460)));
        assert!(!to.fits(&packet(1461)));
    }
}
