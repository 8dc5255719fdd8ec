//! An ICMP echo. By an unprivileged ICMP socket where the host allows it (`ping_group_range`), else by a raw one.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use socket2::{Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::ProbeError;
use super::connect::{open, wrong};
use lvs_health::spec::Target;
use lvs_wire::checksum;

static NEXT: AtomicU16 = AtomicU16::new(1);

const PAYLOAD: &[u8] = b"tunvs health check";

pub(super) async fn probe(to: IpAddr, target: &Target) -> Result<(), ProbeError> {
    let (is_raw, socket) = socket(to, target)?;
    let number = NEXT.fetch_add(1, Relaxed);
    socket.connect(&SocketAddr::new(to, 0).into()).map_err(ProbeError::Connect)?;
    socket.send(&request(to, number)).map_err(ProbeError::Connect)?;
    // What sends and receives datagrams serves for ICMP as it does for UDP.
    let socket = UdpSocket::from_std(socket.into()).map_err(wrong("a socket"))?;
    let mut answer = [0; 1500];
    loop {
        let len = socket.recv(&mut answer).await.map_err(ProbeError::Connect)?;
        if is_reply(to, is_raw, number, &answer[..len]) {
            return Ok(());
        }
    }
}

fn socket(to: IpAddr, target: &Target) -> Result<(bool, Socket), ProbeError> {
    let protocol = if to.is_ipv6() { Protocol::ICMPV6 } else { Protocol::ICMPV4 };
    let at = SocketAddr::new(to, 0);
    match open(at, Type::DGRAM, protocol, target) {
        Ok(socket) => Ok((false, socket)),
        Err(_) => open(at, Type::RAW, protocol, target).map(|socket| (true, socket)),
    }
}

/// An echo request; its number is identifier and sequence number both. The kernel sums ICMPv6 itself.
fn request(to: IpAddr, number: u16) -> Vec<u8> {
    let mut message = vec![if to.is_ipv6() { 128 } else { 8 }, 0, 0, 0];
    message.extend(number.to_be_bytes());
    message.extend(number.to_be_bytes());
    message.extend(PAYLOAD);
    if to.is_ipv4() {
        let sum = checksum::plain(&message);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    message
}

/// A datagram socket gets its own answers only, with an identifier that the kernel chose.
fn is_reply(to: IpAddr, is_raw: bool, number: u16, packet: &[u8]) -> bool {
    let message = match (to, is_raw) {
        (IpAddr::V4(_), true) => packet.first().map(|first| usize::from(first & 15) * 4),
        _ => Some(0),
    };
    let Some(message) = message.and_then(|at| packet.get(at..)) else { return false };
    let kind = if to.is_ipv6() { 129 } else { 0 };
    let number = number.to_be_bytes();
    message.len() >= 8
        && message[0] == kind
        && message[6..8] == number
        && (!is_raw || message[4..6] == number)
        && message.get(8..).is_some_and(|payload| payload == PAYLOAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs_wire::make;

    #[test]
    fn only_the_answer_to_this_request_counts() {
        let to: IpAddr = "10.0.0.1".parse().unwrap();
        let mut answer = request(to, 5);
        assert!(!is_reply(to, false, 5, &answer), "a request is no answer");
        answer[0] = 0;
        assert!(is_reply(to, false, 5, &answer) && !is_reply(to, false, 6, &answer));
        let packet = make::ip(to, to, 1, 64, &answer);
        assert!(is_reply(to, true, 5, &packet) && !is_reply(to, true, 5, &answer[..8]));
    }
}
