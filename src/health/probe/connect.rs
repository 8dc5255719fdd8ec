//! Sockets as a check's target asks for them: source, interface, mark.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::{TcpSocket, TcpStream, UdpSocket};

use super::ProbeError;
use super::route::ProbeRoute;
use lvs::service;
use lvs_health::spec::Target;

/// Opens a connection. It is closed with RST rather than FIN when it is dropped unread: thousands of checks must not
/// fill the host with sockets in TIME_WAIT.
pub(super) async fn tcp(to: SocketAddr, route: &ProbeRoute<'_>) -> Result<TcpStream, ProbeError> {
    let socket = pinned(to, Type::STREAM, service::Protocol::Tcp, route)?;
    socket.set_linger(Some(std::time::Duration::ZERO)).map_err(wrong("SO_LINGER"))?;
    let socket = TcpSocket::from_std_stream(socket.into());
    socket.connect(to).await.map_err(ProbeError::Connect)
}

/// A datagram socket that hears that address only.
pub(super) async fn udp(to: SocketAddr, route: &ProbeRoute<'_>) -> Result<UdpSocket, ProbeError> {
    let socket = pinned(to, Type::DGRAM, service::Protocol::Udp, route)?;
    hear_all_errors(to, &socket).map_err(wrong("IP_RECVERR"))?;
    let socket = UdpSocket::from_std(socket.into()).map_err(wrong("the socket"))?;
    socket.connect(to).await.map_err(ProbeError::Connect)?;
    Ok(socket)
}

/// Waits for a datagram, or for word that there will be none: an ICMP error is no data, and does not wake who waits for data alone.
pub(super) async fn receive(socket: &UdpSocket, buf: &mut [u8]) -> io::Result<usize> {
    let heard = Interest::READABLE | Interest::ERROR;
    socket.async_io(heard, || socket.take_error()?.map_or_else(|| socket.try_recv(buf), Err)).await
}

/// Without it a host that ARP does not find would be no error.
fn hear_all_errors(to: SocketAddr, socket: &Socket) -> io::Result<()> {
    match to {
        SocketAddr::V4(_) => setsockopt(socket, Ipv4RecvErr, &true)?,
        SocketAddr::V6(_) => setsockopt(socket, Ipv6RecvErr, &true)?,
    }
    Ok(())
}

/// A socket whose flow goes where the route leads, which has to be known before its first packet.
fn pinned(
    to: SocketAddr,
    kind: Type,
    protocol: service::Protocol,
    route: &ProbeRoute<'_>,
) -> Result<Socket, ProbeError> {
    let number = Protocol::from(i32::from(protocol.number()));
    let Some(forwarding) = route.target.via_server else { return open(to, kind, number, route.target) };
    let target = Target { bind_ip: Some(route.source(to)?), ..route.target.clone() };
    let socket = open(to, kind, number, &target)?;
    let from = socket.local_addr().map_err(wrong("the socket"))?.as_socket();
    route.pin(protocol, forwarding, from.ok_or(ProbeError::NotPinned("no address"))?, to)?;
    Ok(socket)
}

pub(super) fn open(
    to: SocketAddr,
    kind: Type,
    protocol: Protocol,
    target: &Target,
) -> Result<Socket, ProbeError> {
    let domain = if to.is_ipv6() { Domain::IPV6 } else { Domain::IPV4 };
    let socket = Socket::new(domain, kind, Some(protocol)).map_err(wrong("a socket"))?;
    socket.set_nonblocking(true).map_err(wrong("a socket"))?;
    if let Some(mark) = target.fwmark {
        socket.set_mark(mark).map_err(wrong("fwmark"))?;
    }
    if let Some(interface) = &target.bind_interface {
        socket.bind_device(Some(interface.as_bytes())).map_err(wrong("bind_interface"))?;
    }
    if target.bind_ip.is_some() || target.bind_port.is_some() {
        let any = match to {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let from = SocketAddr::new(target.bind_ip.unwrap_or(any), target.bind_port.unwrap_or(0));
        socket.set_reuse_address(true).map_err(wrong("SO_REUSEADDR"))?;
        socket.bind(&from.into()).map_err(wrong("bind_ip or bind_port"))?;
    }
    Ok(socket)
}

pub(super) fn wrong(what: &'static str) -> impl FnOnce(io::Error) -> ProbeError {
    move |source| ProbeError::Socket { what, source }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_refusal_that_comes_later_ends_the_wait() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(server.local_addr().unwrap()).await.unwrap();
        let mut buf = [0; 8];
        let waited = async {
            let refused = receive(&socket, &mut buf).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        };
        let refusing = async {
            // The other one waits by now.
            tokio::task::yield_now().await;
            drop(server);
            socket.send(b"x").await.unwrap();
        };
        tokio::time::timeout(Duration::from_secs(10), async { tokio::join!(waited, refusing) })
            .await
            .unwrap();
    }
}
