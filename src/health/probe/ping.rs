//! An ICMP echo. By an unprivileged ICMP socket where the host allows it (`ping_group_range`), else by a raw one.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use pnet_packet::Packet;
use pnet_packet::icmp::echo_reply::EchoReplyPacket;
use pnet_packet::icmp::echo_request::MutableEchoRequestPacket;
use pnet_packet::icmp::{self, IcmpType, IcmpTypes, MutableIcmpPacket};
use pnet_packet::icmpv6::Icmpv6Types;
use pnet_packet::ipv4::Ipv4Packet;
use socket2::{Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::ProbeError;
use super::connect::{open, receive, wrong};
use lvs_health::spec::Target;

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
        let len = receive(&socket, &mut answer).await.map_err(ProbeError::Connect)?;
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

/// An echo request; its number is identifier and sequence number both. ICMP and ICMPv6 differ in the type, and in the
/// sum, which for ICMPv6 is the kernel's work.
fn request(to: IpAddr, number: u16) -> Vec<u8> {
    let mut message = vec![0; MutableEchoRequestPacket::minimum_packet_size() + PAYLOAD.len()];
    if let Some(mut echo) = MutableEchoRequestPacket::new(&mut message) {
        let kind = if to.is_ipv6() { Icmpv6Types::EchoRequest.0 } else { IcmpTypes::EchoRequest.0 };
        echo.set_icmp_type(IcmpType(kind));
        echo.set_identifier(number);
        echo.set_sequence_number(number);
        echo.set_payload(PAYLOAD);
    }
    if let Some(mut icmp) = MutableIcmpPacket::new(&mut message).filter(|_| to.is_ipv4()) {
        icmp.set_checksum(icmp::checksum(&icmp.to_immutable()));
    }
    message
}

/// A datagram socket gets its own answers only, with an identifier that the kernel chose.
fn is_reply(to: IpAddr, is_raw: bool, number: u16, packet: &[u8]) -> bool {
    let kind = if to.is_ipv6() { Icmpv6Types::EchoReply.0 } else { IcmpTypes::EchoReply.0 };
    let is_ours = |message: &[u8]| {
        EchoReplyPacket::new(message).is_some_and(|reply| {
            reply.get_icmp_type().0 == kind
                && reply.get_sequence_number() == number
                && (!is_raw || reply.get_identifier() == number)
                && reply.payload() == PAYLOAD
        })
    };
    if is_raw && to.is_ipv4() {
        Ipv4Packet::new(packet).is_some_and(|ip| is_ours(ip.payload()))
    } else {
        is_ours(packet)
    }
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
    #[test]
    fn requests_and_answers_are_the_bytes_of_the_standards() {
        let head = |to: &str| request(to.parse().unwrap(), 0x0102)[..8].to_vec();
        assert_eq!(head("10.0.0.1"), [8, 0, 0x75, 0x81, 1, 2, 1, 2]);
        assert_eq!(head("fd00::1"), [128, 0, 0, 0, 1, 2, 1, 2]);
        let to: IpAddr = "fd00::1".parse().unwrap();
        let mut answer = request(to, 5);
        answer[0] = 129;
        assert!(is_reply(to, true, 5, &answer) && !is_reply(to, true, 6, &answer));
        let v4: IpAddr = "10.0.0.1".parse().unwrap();
        answer[0] = 0;
        let whole = make::ip(v4, v4, 1, 64, &answer);
        for len in 0..whole.len() {
            assert!(!is_reply(v4, true, 5, &whole[..len]), "{len} bytes");
        }
        // With options, and with a header that is longer than the packet.
        let mut padded = [&whole[..20], &[1; 4], &whole[20..]].concat();
        (padded[0], padded[3]) = (0x46, padded[3] + 4);
        assert!(is_reply(v4, true, 5, &padded));
        padded[0] = 0x4f;
        assert!(!is_reply(v4, true, 5, &padded));
    }
}
