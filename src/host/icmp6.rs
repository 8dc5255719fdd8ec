//! ICMPv6 errors that reach the host itself, and answers to echo requests that it sent for others.
//!
//! Neighbour discovery is ICMPv6 too, so no rule may lead ICMPv6 to a virtual address into a TUN. Errors about
//! packets of connections are delivered to the host instead, and a raw socket gets a copy of each.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::AsRawFd;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn6, recvmsg, setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::error::HostError;

const ICMPV6: u8 = 58;
const HEADER: usize = 40;

/// Long enough for every error; they are at most 1280 bytes (RFC 4443 2.4c).
const MAX_ERROR: usize = 2048;

/// An answer is as long as what was asked.
const MAX_ANSWER: usize = 65_535;

/// The first four message types are errors that routers and hosts send.
const ERRORS: std::ops::RangeInclusive<u8> = 1..=4;

const ECHO_REPLY: u8 = 129;

#[derive(Debug)]
pub struct ErrorListener {
    socket: UdpSocket,
    hears_echo: bool,
}

impl ErrorListener {
    /// Begins to listen, to answers of echo too if hosts are masqueraded; to be called inside a tokio runtime.
    ///
    /// # Errors
    /// There is no IPv6, or no permission for a raw socket.
    pub fn start(hears_echo: bool) -> Result<Self, HostError> {
        let failed = |source| HostError::Netlink { doing: "listen for ICMPv6 errors", source };
        let open = || {
            let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::from(i32::from(ICMPV6))))?;
            socket.set_nonblocking(true)?;
            setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
            setsockopt(&socket, sockopt::Ipv6RecvHopLimit, &true)?;
            // A raw socket is polled like any datagram socket; nothing of UDP is used.
            UdpSocket::from_std(socket.into())
        };
        Ok(Self { socket: open().map_err(failed)?, hears_echo })
    }

    /// The next message, as the packet that it came in.
    ///
    /// # Errors
    /// The socket is broken.
    pub async fn next(&self) -> io::Result<Vec<u8>> {
        loop {
            let received =
                self.socket.async_io(Interest::READABLE, || receive(&self.socket, self.hears_echo)).await?;
            if let Some(packet) = received {
                return Ok(packet);
            }
        }
    }
}

/// One message with its header made again; None when it is neither an error nor an answer.
fn receive(socket: &UdpSocket, hears_echo: bool) -> io::Result<Option<Vec<u8>>> {
    let mut packet = vec![0; HEADER + if hears_echo { MAX_ANSWER } else { MAX_ERROR }];
    let mut space = nix::cmsg_space!(libc::in6_pktinfo, libc::c_int);
    let (len, src, dst, hops) = {
        let mut parts = [IoSliceMut::new(&mut packet[HEADER..])];
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
    let is_heard = |kind: u8| ERRORS.contains(&kind) || hears_echo && kind == ECHO_REPLY;
    if len == 0 || !is_heard(packet[HEADER]) {
        return Ok(None);
    }
    packet.truncate(HEADER + len);
    let header = crate::lvs::wire::make::ip(
        IpAddr::V6(src),
        IpAddr::V6(dst),
        ICMPV6,
        hops.saturating_sub(1),
        &packet[HEADER..],
    );
    Ok(Some(header))
}
