//! Telling the neighbours on a link that an address lives here: a gratuitous ARP request (RFC 5227 3), or an
//! unsolicited neighbour advertisement (RFC 4861 7.2.6). Before, they are asked whether one of them has it: `claims` hears the answer.
//! Called by `announcer`, which knows when.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV6};

use lvs_sys::interface;
use lvs_sys::link_address::link_address;
use nix::net::if_::if_nametoindex;
use pnet_base::MacAddr;
use pnet_packet::arp::{ArpHardwareTypes, ArpOperations, MutableArpPacket};
use pnet_packet::ethernet::{EtherTypes, MutableEthernetPacket};
use pnet_packet::icmpv6::Icmpv6Types;
use pnet_packet::icmpv6::ndp::{
    MutableNeighborAdvertPacket, MutableNeighborSolicitPacket, NdpOption, NdpOptionTypes, NeighborAdvertFlags,
};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::change::Proxy;

const BROADCAST: MacAddr = MacAddr(0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
const ICMPV6: i32 = 58;
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// Sockets that announcements leave by. One of packets that is closed waits for all that the kernel has under way, which takes
/// it tens of milliseconds: they are opened once.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    arp: Option<Socket>,
    ndp: Option<Socket>,
}

impl Sockets {
    /// Announces `proxy.addr` on `proxy.dev`, once.
    ///
    /// # Errors
    /// The link is none of Ethernet or is gone, or sockets are not allowed.
    pub(super) fn announce(&mut self, proxy: &Proxy) -> io::Result<()> {
        let index = if_nametoindex(proxy.dev.as_str())?;
        let ether = hardware_address(&proxy.dev)?;
        match proxy.addr {
            IpAddr::V4(addr) => self.send_arp(&proxy.dev, index, ether, addr),
            IpAddr::V6(addr) => self.send_advertisement(index, ether, addr),
        }
    }

    fn send_arp(&mut self, dev: &str, index: u32, ether: MacAddr, addr: Ipv4Addr) -> io::Result<()> {
        let socket = opened(&mut self.arp, || Socket::new(Domain::PACKET, Type::RAW.nonblocking(), None))?;
        // A link without an address has nobody who could ask.
        for sender in interface::ipv4(dev).into_iter().chain([addr]) {
            let frame = arp_request(ether, sender, addr).ok_or(io::ErrorKind::InvalidData)?;
            socket.send_to(&frame, &link_address(index, EtherTypes::Arp.0, BROADCAST.octets())?)?;
        }
        Ok(())
    }

    fn send_advertisement(&mut self, index: u32, ether: MacAddr, addr: Ipv6Addr) -> io::Result<()> {
        let question = solicitation(ether, addr).ok_or(io::ErrorKind::InvalidData)?;
        let message = advertisement(ether, addr).ok_or(io::ErrorKind::InvalidData)?;
        let socket = opened(&mut self.ndp, || {
            let socket = Socket::new(Domain::IPV6, Type::RAW.nonblocking(), Some(Protocol::from(ICMPV6)))?;
            socket.set_multicast_hops_v6(255)?;
            Ok(socket)
        })?;
        socket.set_multicast_if_v6(index)?;
        for (message, to) in [(question, solicited(addr)), (message, ALL_NODES)] {
            socket.send_to(&message, &SockAddr::from(SocketAddrV6::new(to, 0, 0, index)))?;
        }
        Ok(())
    }
}

fn opened(place: &mut Option<Socket>, open: impl FnOnce() -> io::Result<Socket>) -> io::Result<&Socket> {
    Ok(match place {
        Some(socket) => socket,
        None => place.insert(open()?),
    })
}

fn hardware_address(dev: &str) -> io::Result<MacAddr> {
    let Ok(text) = std::fs::read_to_string(format!("/sys/class/net/{dev}/address")) else {
        // Inside a namespace /sys may still show the interfaces of another one.
        return interface_address(dev);
    };
    text.trim().parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "no Ethernet address"))
}

fn interface_address(dev: &str) -> io::Result<MacAddr> {
    for found in nix::ifaddrs::getifaddrs()? {
        let link = found.address.as_ref().and_then(nix::sys::socket::SockaddrStorage::as_link_addr);
        if found.interface_name == dev
            && let Some(addr) = link.and_then(nix::sys::socket::LinkAddr::addr)
        {
            return Ok(addr.into());
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Group of those who have the address (RFC 4291 2.7.1).
fn solicited(addr: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = addr.octets();
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), u16::from_be_bytes([b, c]))
}

/// A frame with a request by the sender for the address; by the address itself it is gratuitous.
pub(super) fn arp_request(ether: MacAddr, sender: Ipv4Addr, addr: Ipv4Addr) -> Option<Vec<u8>> {
    let head = MutableEthernetPacket::minimum_packet_size();
    let mut frame = vec![0; head + MutableArpPacket::minimum_packet_size()];
    let mut ethernet = MutableEthernetPacket::new(&mut frame)?;
    ethernet.set_destination(BROADCAST);
    ethernet.set_source(ether);
    ethernet.set_ethertype(EtherTypes::Arp);
    let mut arp = MutableArpPacket::new(&mut frame[head..])?;
    arp.set_hardware_type(ArpHardwareTypes::Ethernet);
    arp.set_protocol_type(EtherTypes::Ipv4);
    arp.set_hw_addr_len(6);
    arp.set_proto_addr_len(4);
    arp.set_operation(ArpOperations::Request);
    arp.set_sender_hw_addr(ether);
    arp.set_sender_proto_addr(sender);
    arp.set_target_proto_addr(addr);
    Some(frame)
}

/// Without a checksum, which the kernel writes.
fn solicitation(ether: MacAddr, addr: Ipv6Addr) -> Option<Vec<u8>> {
    let option =
        NdpOption { option_type: NdpOptionTypes::SourceLLAddr, length: 1, data: ether.octets().to_vec() };
    let mut message = vec![0; MutableNeighborSolicitPacket::minimum_packet_size() + 8];
    let mut question = MutableNeighborSolicitPacket::new(&mut message)?;
    question.set_icmpv6_type(Icmpv6Types::NeighborSolicit);
    question.set_target_addr(addr);
    question.set_options(&[option]);
    Some(message)
}

/// Without a checksum, which the kernel writes.
pub(super) fn advertisement(ether: MacAddr, addr: Ipv6Addr) -> Option<Vec<u8>> {
    let option =
        NdpOption { option_type: NdpOptionTypes::TargetLLAddr, length: 1, data: ether.octets().to_vec() };
    let mut message = vec![0; MutableNeighborAdvertPacket::minimum_packet_size() + 8];
    let mut advert = MutableNeighborAdvertPacket::new(&mut message)?;
    advert.set_icmpv6_type(Icmpv6Types::NeighborAdvert);
    advert.set_flags(NeighborAdvertFlags::Router | NeighborAdvertFlags::Override);
    advert.set_target_addr(addr);
    advert.set_options(&[option]);
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ETHER: MacAddr = MacAddr(2, 0, 0, 0, 0, 9);

    #[test]
    fn announcements_are_the_bytes_of_the_standards() {
        let addr = Ipv4Addr::new(10, 0, 0, 1);
        let arp = arp_request(ETHER, addr, addr).unwrap();
        let (ether, all) = (ETHER.octets(), [0xff; 6]);
        let head = [&all[..], &ether, &[8, 6, 0, 1, 8, 0, 6, 4, 0, 1]].concat();
        let ends = [&ether[..], &[10, 0, 0, 1], &[0; 6], &[10, 0, 0, 1]].concat();
        assert_eq!(arp, [head, ends].concat());
        let addr: Ipv6Addr = "fd00::1".parse().unwrap();
        let expected = [&[136, 0, 0, 0, 0xa0, 0, 0, 0], &addr.octets()[..], &[2, 1], &ether].concat();
        assert_eq!(advertisement(ETHER, addr).unwrap(), expected);
        let expected = [&[135, 0, 0, 0, 0, 0, 0, 0], &addr.octets()[..], &[1, 1], &ether].concat();
        assert_eq!(solicitation(ETHER, addr).unwrap(), expected);
        let group = solicited("2001:db8::1:ab12:3456".parse().unwrap());
        assert_eq!(group, "ff02::1:ff12:3456".parse::<Ipv6Addr>().unwrap());
    }
}
