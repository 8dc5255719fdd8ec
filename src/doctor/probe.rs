//! A connection to a real server from here, where the operator asks for it. The only thing of a doctor that sends.

use std::io;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use lvs::service::{Endpoint, Protocol};

/// Outcome of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    Answered,
    /// Somebody said no: the way there and back is good.
    Refused,
    Silent,
    Failed(String),
}

const PATIENCE: Duration = Duration::from_secs(2);

/// TCP is connected and closed; for others the server only has to be found by the host.
pub fn probe(protocol: Protocol, server: Endpoint) -> Probe {
    let peer = SocketAddr::new(server.addr, server.port);
    let outcome = match protocol {
        Protocol::Tcp => TcpStream::connect_timeout(&peer, PATIENCE).map(drop),
        Protocol::Udp | Protocol::Sctp => datagram(peer),
    };
    match outcome {
        Ok(()) => Probe::Answered,
        Err(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => Probe::Refused,
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Probe::Silent,
            _ => Probe::Failed(error.to_string()),
        },
    }
}

/// Sent to the port `discard`: a server that lives says that it is closed, or nothing.
fn datagram(peer: SocketAddr) -> io::Result<()> {
    let any = if peer.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect(SocketAddr::new(peer.ip(), 9))?;
    socket.send(&[])?;
    socket.recv(&mut [0; 16]).map(drop)
}
