//! Telling the neighbours on a link that an address lives here: a gratuitous ARP request (RFC 5227 3), or an
//! unsolicited neighbour advertisement (RFC 4861 7.2.6).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV6};

use lvs_sys::link_address::link_address;
use nix::net::if_::if_nametoindex;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::change::Proxy;

const ETHERTYPE_ARP: u16 = 0x0806;
const BROADCAST: [u8; 6] = [0xff; 6];
const ICMPV6: i32 = 58;
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// Announces `proxy.addr` on `proxy.dev`, once.
pub(super) fn announce(proxy: &Proxy) -> io::Result<()> {
    let index = if_nametoindex(proxy.dev.as_str())?;
    let ether = hardware_address(&proxy.dev)?;
    match proxy.addr {
        IpAddr::V4(addr) => send_arp(index, ether, addr),
        IpAddr::V6(addr) => send_advertisement(index, ether, addr),
    }
}

fn hardware_address(dev: &str) -> io::Result<[u8; 6]> {
    let text = std::fs::read_to_string(format!("/sys/class/net/{dev}/address")).or_else(|_| {
        // Inside a namespace /sys may still show the interfaces of another one.
        interface_address(dev)
    })?;
    let bytes: Vec<u8> =
        text.trim().split(':').filter_map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    bytes.try_into().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "no Ethernet address"))
}

fn interface_address(dev: &str) -> io::Result<String> {
    for found in nix::ifaddrs::getifaddrs()? {
        let link = found.address.as_ref().and_then(nix::sys::socket::SockaddrStorage::as_link_addr);
        if found.interface_name == dev
            && let Some(addr) = link.and_then(nix::sys::socket::LinkAddr::addr)
        {
            return Ok(addr.map(|byte| format!("{byte:02x}")).join(":"));
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

fn send_arp(index: u32, ether: [u8; 6], addr: Ipv4Addr) -> io::Result<()> {
    let mut frame = Vec::with_capacity(42);
    frame.extend(BROADCAST);
    frame.extend(ether);
    frame.extend(ETHERTYPE_ARP.to_be_bytes());
    // Ethernet, IPv4, lengths 6 and 4, a request by and for the address itself.
    frame.extend([0, 1, 8, 0, 6, 4, 0, 1]);
    frame.extend(ether);
    frame.extend(addr.octets());
    frame.extend([0; 6]);
    frame.extend(addr.octets());
    let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
    socket.send_to(&frame, &link_address(index, ETHERTYPE_ARP, BROADCAST)?)?;
    Ok(())
}

fn send_advertisement(index: u32, ether: [u8; 6], addr: Ipv6Addr) -> io::Result<()> {
    const ADVERTISEMENT: u8 = 136;
    const ROUTER_OVERRIDE: u8 = 0xa0;
    const TARGET_LINK_ADDRESS: u8 = 2;
    let mut message = vec![ADVERTISEMENT, 0, 0, 0, ROUTER_OVERRIDE, 0, 0, 0];
    message.extend(addr.octets());
    message.extend([TARGET_LINK_ADDRESS, 1]);
    message.extend(ether);
    let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::from(ICMPV6)))?;
    socket.set_multicast_if_v6(index)?;
    socket.set_multicast_hops_v6(255)?;
    socket.send_to(&message, &SockAddr::from(SocketAddrV6::new(ALL_NODES, 0, 0, index)))?;
    Ok(())
}
