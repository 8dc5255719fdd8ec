//! ICMP and ICMPv6 errors that reach the host itself, and answers to echo requests that it sent for others.
//!
//! No rule leads ICMP to an address of the host into a TUN: what the host asked by echo comes back to it, and neighbour
//! discovery is ICMPv6. Errors about packets of connections are delivered to the host as well, and a raw socket gets a
//! copy of each.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::AsRawFd;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn6, recvmsg, setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::error::HostError;
use lvs::service::Family;
use lvs_sys::socket_option;

const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const V6_HEADER: usize = 40;

/// Long enough for every error: at most 576 bytes (RFC 1812 4.3.2.3) or 1280 (RFC 4443 2.4c).
const MAX_ERROR: usize = 2048;

/// An answer is as long as what was asked.
const MAX_ANSWER: usize = 65_535;

#[derive(Debug)]
pub struct ErrorListener {
    socket: UdpSocket,
    family: Family,
    hears_echo: bool,
}

impl ErrorListener {
    /// Begins to listen, to answers of echo too if hosts are masqueraded; to be called inside a tokio runtime.
    ///
    /// # Errors
    /// No such family is there, or no permission for a raw socket.
    pub fn start(family: Family, hears_echo: bool) -> Result<Self, HostError> {
        let failed = |source| HostError::Netlink { doing: "listen for ICMP errors", source };
        let open = || {
            let (domain, number) = match family {
                Family::V4 => (Domain::IPV4, ICMP),
                Family::V6 => (Domain::IPV6, ICMPV6),
            };
            let socket = Socket::new(domain, Type::RAW, Some(Protocol::from(i32::from(number))))?;
            socket.set_nonblocking(true)?;
            match family {
                Family::V4 => let_pass(&socket, hears_echo)?,
                Family::V6 => {
                    setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
                    setsockopt(&socket, sockopt::Ipv6RecvHopLimit, &true)?;
                }
            }
            // A raw socket is polled like any datagram socket; nothing of UDP is used.
            UdpSocket::from_std(socket.into())
        };
        Ok(Self { socket: open().map_err(failed)?, family, hears_echo })
    }

    /// The next message as the packet that it came in, one hop less, as by way of a TUN.
    ///
    /// # Errors
    /// The socket is broken.
    pub async fn next(&self) -> io::Result<Vec<u8>> {
        let receive = || match self.family {
            Family::V4 => receive_v4(&self.socket, self.hears_echo),
            Family::V6 => receive_v6(&self.socket, self.hears_echo),
        };
        loop {
            if let Some(packet) = self.socket.async_io(Interest::READABLE, receive).await? {
                return Ok(packet);
            }
        }
    }
}

/// Errors, and answers of echo, by their types.
const fn is_heard(family: Family, kind: u8, hears_echo: bool) -> bool {
    match (family, kind) {
        (Family::V4, 3 | 4 | 11 | 12) | (Family::V6, 1..=4) => true,
        (Family::V4, 0) | (Family::V6, 129) => hears_echo,
        (Family::V4 | Family::V6, _) => false,
    }
}

/// Has the kernel keep back what is not heard: a flood of echo requests is none of ours (`raw(7)`, `ICMP_FILTER`).
fn let_pass(socket: &Socket, hears_echo: bool) -> io::Result<()> {
    const SOL_RAW: libc::c_int = 255;
    const ICMP_FILTER: libc::c_int = 1;
    let heard = (0..32u8).filter(|kind| is_heard(Family::V4, *kind, hears_echo));
    let kept_back: u32 = !heard.fold(0, |bits, kind| bits | 1 << kind);
    socket_option::set_bytes(socket, SOL_RAW, ICMP_FILTER, &kept_back.to_ne_bytes())
}

/// One packet; a raw socket of IPv4 gives it with its header.
fn receive_v4(socket: &UdpSocket, hears_echo: bool) -> io::Result<Option<Vec<u8>>> {
    let mut packet = vec![0; if hears_echo { MAX_ANSWER } else { MAX_ERROR }];
    let len = {
        let mut parts = [IoSliceMut::new(&mut packet)];
        recvmsg::<()>(socket.as_raw_fd(), &mut parts, None, MsgFlags::empty())?.bytes
    };
    packet.truncate(len);
    Ok(take_hop(&mut packet).map(|()| packet))
}

/// One hop less, as `ip_decrease_ttl` does it. None for what is no packet.
fn take_hop(packet: &mut [u8]) -> Option<()> {
    const LEAST_HEADER: usize = 20;
    if packet.len() < LEAST_HEADER {
        return None;
    }
    if let Some(less) = packet[8].checked_sub(1) {
        packet[8] = less;
        let sum = u32::from(u16::from_be_bytes([packet[10], packet[11]])) + 0x100;
        let sum = (sum + u32::from(sum >= 0xffff)) as u16;
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    Some(())
}

/// One message with its header made again; None when it is neither an error nor an answer.
fn receive_v6(socket: &UdpSocket, hears_echo: bool) -> io::Result<Option<Vec<u8>>> {
    let mut packet = vec![0; V6_HEADER + if hears_echo { MAX_ANSWER } else { MAX_ERROR }];
    let mut space = nix::cmsg_space!(libc::in6_pktinfo, libc::c_int);
    let (len, src, dst, hops) = {
        let mut parts = [IoSliceMut::new(&mut packet[V6_HEADER..])];
        let received =
            recvmsg::<SockaddrIn6>(socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::empty())?;
        let (mut dst, mut hops) = (None, 64);
        for message in received.cmsgs()? {
            match message {
                ControlMessageOwned::Ipv6PacketInfo(info) => {
                    dst = Some(Ipv6Addr::from(info.ipi6_addr.s6_addr))
                }
                ControlMessageOwned::Ipv6HopLimit(limit) => hops = u8::try_from(limit).unwrap_or(64),
                _ => {}
            }
        }
        (received.bytes, received.address.map(|from| from.ip()), dst, hops)
    };
    let (Some(src), Some(dst)) = (src, dst) else { return Ok(None) };
    if len == 0 || !is_heard(Family::V6, packet[V6_HEADER], hears_echo) {
        return Ok(None);
    }
    packet.truncate(V6_HEADER + len);
    let header = lvs_wire::make::ip(
        IpAddr::V6(src),
        IpAddr::V6(dst),
        ICMPV6,
        hops.saturating_sub(1),
        &packet[V6_HEADER..],
    );
    Ok(Some(header))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs_wire::Headers;

    #[test]
    fn a_hop_is_taken_and_the_header_stays_valid() {
        let ends = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        for hops in [1, 2, 64, 255] {
            let mut packet = lvs_wire::make::ip(ends[0], ends[1], ICMP, hops, &[3, 4, 0, 0, 0, 0, 5, 0]);
            assert_eq!(take_hop(&mut packet), Some(()));
            assert_eq!(Headers::parse(&packet).map(|headers| headers.ttl), Ok(hops - 1));
            assert_eq!(lvs_wire::checksum::plain(&packet[..20]), 0, "{hops}");
        }
        assert_eq!(take_hop(&mut [0x45; 19]), None);
    }
}
