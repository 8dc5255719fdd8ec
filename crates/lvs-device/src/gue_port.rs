//! UDP ports at which GUE datagrams arrive that the host had to put together: a rule that selects by port does not
//! see the pieces. The sockets also keep other programs off the ports.

use std::future::poll_fn;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::task::Poll;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use socket2::{Domain, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use lvs_sys::socket_option;
use lvs_wire::PacketBuf;

/// Ports that no runtime watches yet.
#[derive(Debug)]
pub struct IdlePorts {
    sockets: Vec<Socket>,
}

#[derive(Debug)]
pub struct GuePorts {
    sockets: Vec<UdpSocket>,
}

#[derive(Debug, thiserror::Error)]
pub enum PortError {
    #[error("UDP port {port} is in use on this host: give GUE another one with --port")]
    Taken { port: u16 },
    #[error("cannot open UDP port {port}")]
    Open { port: u16, source: io::Error },
}

/// A datagram's sender, and the congestion mark of its outer header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    pub from: IpAddr,
    pub ecn: u8,
}

impl IdlePorts {
    /// Opens them for both families, as far as the host has them.
    ///
    /// # Errors
    /// Another program has one of the ports.
    pub fn open(ports: &[u16]) -> Result<Self, PortError> {
        let mut sockets = Vec::new();
        for &port in ports {
            for any in [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)] {
                match open(SocketAddr::new(any, port)) {
                    Ok(socket) => sockets.push(socket),
                    Err(error) if any.is_ipv6() && lacks_family(&error) => {}
                    Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                        return Err(PortError::Taken { port });
                    }
                    Err(source) => return Err(PortError::Open { port, source }),
                }
            }
        }
        Ok(Self { sockets })
    }

    /// Has the runtime that calls this watch them.
    ///
    /// # Errors
    /// The runtime cannot watch more descriptors.
    pub fn register(self) -> io::Result<GuePorts> {
        let sockets = self.sockets.into_iter().map(|socket| UdpSocket::from_std(socket.into()));
        Ok(GuePorts { sockets: sockets.collect::<io::Result<_>>()? })
    }
}

impl GuePorts {
    /// Waits until [`read`](Self::read) is worth a try; for ever if there are no ports.
    ///
    /// # Errors
    /// The runtime ends.
    pub async fn readable(&self) -> io::Result<()> {
        poll_fn(|context| {
            let mut polled = self.sockets.iter().map(|socket| socket.poll_recv_ready(context));
            polled.find(Poll::is_ready).unwrap_or(Poll::Pending)
        })
        .await
    }

    /// Reads the payload of one datagram if one waits.
    pub fn read(&self, packet: &mut PacketBuf) -> Option<Arrived> {
        self.sockets
            .iter()
            .find_map(|socket| socket.try_io(Interest::READABLE, || receive(socket.as_raw_fd(), packet)).ok())
    }
}

fn open(at: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(at), Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
        setsockopt(&socket, sockopt::Ipv6RecvTClass, &true)?;
        take_without_checksum(&socket)?;
    } else {
        setsockopt(&socket, sockopt::IpRecvTos, &true)?;
    }
    socket.bind(&at.into())?;
    Ok(socket)
}

/// Tunnels may leave the checksum of UDP out over IPv6 too (RFC 6935).
fn take_without_checksum(socket: &Socket) -> io::Result<()> {
    const UDP_NO_CHECK6_RX: libc::c_int = 102;
    socket_option::set(socket, libc::IPPROTO_UDP, UDP_NO_CHECK6_RX, 1)
}

fn lacks_family(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error().map(Errno::from_raw),
        Some(Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL | Errno::EPROTONOSUPPORT)
    )
}

fn receive(fd: i32, packet: &mut PacketBuf) -> io::Result<Arrived> {
    let mut control = nix::cmsg_space!([i32; 2]);
    let mut areas = [IoSliceMut::new(packet.read_area(0))];
    let message = recvmsg::<SockaddrStorage>(fd, &mut areas, Some(&mut control), MsgFlags::empty())?;
    let ecn = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::Ipv4Tos(tos) => Some(tos & 3),
        ControlMessageOwned::Ipv6TClass(class) => u8::try_from(class & 3).ok(),
        _ => None,
    });
    let (len, from) = (message.bytes, message.address.as_ref().and_then(sender));
    packet.set_read(0, len, Default::default());
    let from = from.ok_or_else(|| io::Error::other("a datagram without a sender"))?;
    Ok(Arrived { from, ecn: ecn.unwrap_or(0) })
}

fn sender(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
}
