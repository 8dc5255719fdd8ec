//! Hosts on a link that say of an address that it is theirs: senders of ARP (RFC 5227 2.4), and neighbour advertisements. So two
//! directors with one address can be told of.
//!
//! Only listens; `announce` asks whether somebody has an address before it is announced. Called by a task of the daemon.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;

use lvs_sys::socket_option;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_indextoname;
use nix::sys::socket::{
    ControlMessageOwned, LinkAddr, MsgFlags, SockaddrIn6, recvfrom, recvmsg, setsockopt, sockopt,
};
use pnet_base::MacAddr;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::error::HostError;

const ETHERTYPE_ARP: u16 = 0x0806;

/// Ethernet and IPv4, with addresses of six and four bytes: so every message begins that is looked at.
const ARP_OF_IPV4: [u8; 6] = [0, 1, 8, 0, 6, 4];

const ICMPV6: i32 = 58;

/// Type of a neighbour advertisement.
const ADVERTISEMENT: u8 = 136;

/// Hops of an advertisement that no router has passed on (RFC 4861 7.1.2).
const ALL_HOPS: i32 = 255;

/// Option with the hardware address of the target.
const TARGET_LINK: u8 = 2;

/// Longer than what is looked at.
const MAX_MESSAGE: usize = 256;

/// Somebody else who says that an address is his.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub addr: IpAddr,
    /// The link where it was heard.
    pub dev: String,
    /// His hardware address.
    pub link: MacAddr,
}

/// An address and a hardware address, and the index of the link.
type Said = (IpAddr, MacAddr, u32);

#[derive(Debug)]
pub struct ClaimListener {
    // Polled like any datagram socket; nothing of UDP is used.
    arp: UdpSocket,
    /// None where there is no IPv6.
    adverts: Option<UdpSocket>,
}

impl ClaimListener {
    /// Begins to listen; to be called inside a tokio runtime.
    ///
    /// # Errors
    /// No permission for such sockets.
    pub fn start() -> Result<Self, HostError> {
        let failed = |source| HostError::Netlink { doing: "listen to neighbours", source };
        let open = || {
            // Packet sockets have their protocol in the network's byte order.
            let protocol = Protocol::from(i32::from(ETHERTYPE_ARP.to_be()));
            let arp = Socket::new(Domain::PACKET, Type::DGRAM.nonblocking(), Some(protocol))?;
            Ok(Self { arp: UdpSocket::from_std(arp.into())?, adverts: advertisements().ok() })
        };
        open().map_err(failed)
    }

    /// Waits until something comes, and returns what others say of addresses that `is_ours`.
    ///
    /// # Errors
    /// A socket is broken.
    pub async fn heard(&self, is_ours: impl Fn(IpAddr) -> bool) -> io::Result<Vec<Claim>> {
        match &self.adverts {
            None => self.arp.readable().await?,
            Some(adverts) => tokio::select! {
                ready = self.arp.readable() => ready?,
                ready = adverts.readable() => ready?,
            },
        }
        let mut all = drained(&self.arp, receive_arp)?;
        if let Some(adverts) = &self.adverts {
            all.extend(drained(adverts, receive_advertisement)?);
        }
        all.retain(|(addr, ..)| is_ours(*addr));
        if all.is_empty() {
            return Ok(Vec::new());
        }
        // What this host announces comes back by another link of it.
        let own = own_link_addresses()?;
        all.retain(|(_, link, _)| !own.contains(link));
        let dev = |index| if_indextoname(index).ok()?.into_string().ok();
        let claim = |(addr, link, index)| Claim { addr, link, dev: dev(index).unwrap_or_default() };
        Ok(all.into_iter().map(claim).collect())
    }
}

fn advertisements() -> io::Result<UdpSocket> {
    const ICMP6_FILTER: libc::c_int = 1;
    let socket = Socket::new(Domain::IPV6, Type::RAW.nonblocking(), Some(Protocol::from(ICMPV6)))?;
    // A bit for each type that is kept back.
    let mut kept_back = [u32::MAX; 8];
    let kind = usize::from(ADVERTISEMENT);
    kept_back[kind / 32] &= !(1 << (kind % 32));
    let bytes: Vec<u8> = kept_back.iter().flat_map(|word| word.to_ne_bytes()).collect();
    socket_option::set_bytes(&socket, ICMPV6, ICMP6_FILTER, &bytes)?;
    setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
    setsockopt(&socket, sockopt::Ipv6RecvHopLimit, &true)?;
    UdpSocket::from_std(socket.into())
}

/// All that waits. What is none of what is looked for is left out.
fn drained(socket: &UdpSocket, receive: fn(&UdpSocket) -> io::Result<Option<Said>>) -> io::Result<Vec<Said>> {
    let mut all = Vec::new();
    loop {
        match socket.try_io(tokio::io::Interest::READABLE, || receive(socket)) {
            Ok(said) => all.extend(said),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(all),
            // A link went down.
            Err(error) if error.raw_os_error() == Some(libc::ENETDOWN) => {}
            Err(error) => return Err(error),
        }
    }
}

fn receive_arp(socket: &UdpSocket) -> io::Result<Option<Said>> {
    let mut message = [0; MAX_MESSAGE];
    let (length, from) = recvfrom::<LinkAddr>(socket.as_raw_fd(), &mut message)?;
    let Some(index) = from.and_then(|from| u32::try_from(from.ifindex()).ok()) else { return Ok(None) };
    Ok(of_arp(&message[..length]).map(|(addr, link)| (IpAddr::V4(addr), link, index)))
}

/// The sender of a message. One of 0.0.0.0 asks, and has no address yet.
fn of_arp(message: &[u8]) -> Option<(Ipv4Addr, MacAddr)> {
    let rest = message.strip_prefix(&ARP_OF_IPV4)?;
    let (link, rest) = rest.get(2..)?.split_first_chunk::<6>()?;
    let addr = Ipv4Addr::from(*rest.first_chunk::<4>()?);
    (!addr.is_unspecified()).then_some((addr, MacAddr::from(*link)))
}

fn receive_advertisement(socket: &UdpSocket) -> io::Result<Option<Said>> {
    let mut message = [0; MAX_MESSAGE];
    let mut space = nix::cmsg_space!(libc::in6_pktinfo, libc::c_int);
    let (length, index, hops) = {
        let mut parts = [IoSliceMut::new(&mut message)];
        let received =
            recvmsg::<SockaddrIn6>(socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::empty())?;
        let (mut index, mut hops) = (None, 0);
        for message in received.cmsgs()? {
            match message {
                ControlMessageOwned::Ipv6PacketInfo(info) => index = Some(info.ipi6_ifindex),
                ControlMessageOwned::Ipv6HopLimit(limit) => hops = limit,
                _ => {}
            }
        }
        (received.bytes, index, hops)
    };
    let said = of_advertisement(&message[..length]).zip(index).filter(|_| hops == ALL_HOPS);
    Ok(said.map(|((addr, link), index)| (IpAddr::V6(addr), link, index)))
}

/// The target of a message, and its hardware address (RFC 4861 4.4).
fn of_advertisement(message: &[u8]) -> Option<(Ipv6Addr, MacAddr)> {
    const HEAD: usize = 24;
    let (head, mut options) = message.split_at_checked(HEAD)?;
    if head[0] != ADVERTISEMENT {
        return None;
    }
    let addr: [u8; 16] = head[8..].try_into().ok()?;
    while let [kind, length, rest @ ..] = options {
        if *kind == TARGET_LINK {
            return Some((addr.into(), MacAddr::from(*rest.first_chunk::<6>()?)));
        }
        // In units of eight bytes.
        options = options.get(usize::from(*length).max(1) * 8..)?;
    }
    None
}

fn own_link_addresses() -> io::Result<Vec<MacAddr>> {
    let link =
        |found: nix::ifaddrs::InterfaceAddress| found.address?.as_link_addr()?.addr().map(MacAddr::from);
    Ok(getifaddrs()?.filter_map(link).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::announce;

    const ETHER: MacAddr = MacAddr(2, 0, 0, 0, 0, 9);

    #[test]
    fn what_a_director_announces_is_heard_by_another() {
        let (v4, v6) = (Ipv4Addr::new(10, 0, 0, 1), "fd00::1".parse::<Ipv6Addr>().unwrap());
        let frame = announce::arp_request(ETHER, v4, v4).unwrap();
        assert_eq!(of_arp(&frame[14..]), Some((v4, ETHER)));
        assert_eq!(of_advertisement(&announce::advertisement(ETHER, v6).unwrap()), Some((v6, ETHER)));
        let question = announce::arp_request(ETHER, Ipv4Addr::UNSPECIFIED, v4).unwrap();
        assert_eq!(of_arp(&question[14..]), None);
    }

    proptest::proptest! {
        #[test]
        fn bytes_never_panic(mut bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..100)) {
            let _ = of_arp(&bytes);
            let _ = of_advertisement(&bytes);
            if let Some(kind) = bytes.first_mut() {
                *kind = 136;
            }
            let _ = of_advertisement(&bytes);
        }
    }
}
