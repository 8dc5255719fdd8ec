//! The sockets of the channel, one set for each IP version, bound to the interface of the sync daemons.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::num::NonZeroU32;

use nix::net::if_::if_nametoindex;
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};

use super::super::socket::{is_link_local, send_multicast};
use lvs::director::DaemonSpec;

/// Connections that wait to be taken.
const BACKLOG: i32 = 16;

#[derive(Debug)]
pub(super) struct Sockets {
    pub(super) is_v4: bool,
    pub(super) hello: UdpSocket,
    pub(super) listener: TcpListener,
    interface: String,
    index: u32,
}

/// Opens those of both IP versions, or of the one that the host has.
///
/// # Errors
/// The interface cannot be used for the group of the daemon.
pub(super) fn open(spec: &DaemonSpec, port: u16) -> io::Result<Vec<Sockets>> {
    let index = NonZeroU32::new(if_nametoindex(spec.interface.as_str())?)
        .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    let spec = spec.resolved(1500);
    let mut opened = Vec::new();
    for unspecified in [IpAddr::from(Ipv4Addr::UNSPECIFIED), IpAddr::from(Ipv6Addr::UNSPECIFIED)] {
        let group = spec.group.filter(|group| group.is_ipv4() == unspecified.is_ipv4());
        match open_one(&spec, index, SocketAddr::new(unspecified, port), group) {
            Ok(sockets) => opened.push(sockets),
            Err(error) if group.is_some() => return Err(error),
            Err(error) => tracing::debug!(%error, "no channel to other directors by this IP version"),
        }
    }
    Ok(opened)
}

fn open_one(
    spec: &DaemonSpec,
    index: NonZeroU32,
    at: SocketAddr,
    group: Option<IpAddr>,
) -> io::Result<Sockets> {
    let socket = |kind, protocol| {
        let socket = Socket::new(Domain::for_address(at), kind, Some(protocol))?;
        socket.set_nonblocking(true)?;
        socket.set_reuse_address(true)?;
        socket.bind_device(Some(spec.interface.as_bytes()))?;
        if at.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        Ok::<Socket, io::Error>(socket)
    };
    let hello = socket(Type::DGRAM, Protocol::UDP)?;
    hello.bind(&at.into())?;
    match group {
        Some(IpAddr::V4(group)) => {
            hello.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(index.get()))?;
            send_multicast(&hello, true, index, spec.ttl)?;
        }
        Some(IpAddr::V6(group)) => {
            hello.join_multicast_v6(&group, index.get())?;
            send_multicast(&hello, false, index, spec.ttl)?;
        }
        None => {}
    }
    let listener = socket(Type::STREAM, Protocol::TCP)?;
    listener.bind(&at.into())?;
    listener.listen(BACKLOG)?;
    Ok(Sockets {
        is_v4: at.is_ipv4(),
        hello: UdpSocket::from_std(hello.into())?,
        listener: TcpListener::from_std(listener.into())?,
        interface: spec.interface.clone(),
        index: index.get(),
    })
}

impl Sockets {
    /// An address as a target, on this interface where it means nothing without one.
    pub(super) fn target(&self, addr: IpAddr, port: u16) -> SocketAddr {
        match addr {
            IpAddr::V6(addr) if is_link_local(&addr) || addr.is_unicast_link_local() => {
                SocketAddrV6::new(addr, port, 0, self.index).into()
            }
            addr => SocketAddr::new(addr, port),
        }
    }

    /// A connection by the interface.
    pub(super) async fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let socket = if to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.bind_device(Some(self.interface.as_bytes()))?;
        socket.connect(to).await
    }
}
