//! The sockets of a sync daemon: one for each of its ports, bound to the interface. Same job as `make_send_sock` and
//! `make_receive_sock` of `ip_vs_sync.c`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use lvs::director::{DaemonRole, DaemonSpec};
use lvs_sys::socket_option;

/// Group of a daemon that is given none.
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 81);

/// The sockets of a daemon, by port; to be called inside a tokio runtime. `buffer`: bytes, 0 for the usual.
///
/// # Errors
/// No such interface exists, or it cannot be used for that group.
pub(super) fn open(spec: &DaemonSpec, ports: usize, buffer: i64) -> io::Result<Vec<UdpSocket>> {
    let index = NonZeroU32::new(if_nametoindex(spec.interface.as_str())?)
        .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    let group = spec.group.unwrap_or(IpAddr::V4(GROUP));
    let buffer = usize::try_from(buffer).unwrap_or(0);
    let socket = |number: usize| {
        let port = spec.port.wrapping_add(number as u16);
        let to = SocketAddr::new(group, port);
        let socket = Socket::new(Domain::for_address(to), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        match spec.role {
            DaemonRole::Master => prepare_sender(&socket, spec, index, to, buffer)?,
            DaemonRole::Backup => prepare_receiver(&socket, spec, index, to, buffer)?,
        }
        UdpSocket::from_std(socket.into())
    };
    (0..ports).map(socket).collect()
}

fn prepare_sender(
    socket: &Socket,
    spec: &DaemonSpec,
    index: NonZeroU32,
    to: SocketAddr,
    buffer: usize,
) -> io::Result<()> {
    if buffer > 0 {
        socket.set_send_buffer_size(buffer)?;
    }
    // Messages longer than the MTU are cut on their way.
    send_multicast(socket, to.is_ipv4(), index, spec.ttl)?;
    if to.is_ipv4() {
        socket_option::set(socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_DONT)?;
        let own = address_of(&spec.interface).unwrap_or(Ipv4Addr::UNSPECIFIED);
        socket.bind(&SocketAddr::new(own.into(), 0).into())?;
    } else {
        socket_option::set(socket, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_DONT)?;
    }
    socket.connect(&to.into())
}

/// Has what is sent to a group leave by that interface, and not come back to this host.
pub(super) fn send_multicast(socket: &Socket, is_v4: bool, index: NonZeroU32, ttl: u8) -> io::Result<()> {
    if !is_v4 {
        socket.set_multicast_if_v6(index.get())?;
        socket.set_multicast_loop_v6(false)?;
        return socket.set_multicast_hops_v6(ttl.max(1).into());
    }
    // `struct ip_mreqn`: no group, no address, the interface's index.
    let mut interface = [0; 12];
    interface[8..].copy_from_slice(&index.get().to_ne_bytes());
    socket_option::set_bytes(socket, libc::IPPROTO_IP, libc::IP_MULTICAST_IF, &interface)?;
    socket.set_multicast_loop_v4(false)?;
    socket.set_multicast_ttl_v4(ttl.max(1).into())
}

fn prepare_receiver(
    socket: &Socket,
    spec: &DaemonSpec,
    index: NonZeroU32,
    group: SocketAddr,
    buffer: usize,
) -> io::Result<()> {
    if buffer > 0 {
        socket.set_recv_buffer_size(buffer)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind_device(Some(spec.interface.as_bytes()))?;
    match group {
        SocketAddr::V4(v4) => {
            socket.bind(&group.into())?;
            socket.join_multicast_v4_n(v4.ip(), &InterfaceIndexOrAddress::Index(index.get()))
        }
        SocketAddr::V6(mut v6) => {
            if is_link_local(v6.ip()) {
                v6.set_scope_id(index.get());
            }
            socket.set_only_v6(true)?;
            socket.bind(&SocketAddr::V6(v6).into())?;
            socket.join_multicast_v6(v6.ip(), index.get())
        }
    }
}

/// A group that means nothing without its link.
pub(super) const fn is_link_local(group: &Ipv6Addr) -> bool {
    group.segments()[0] & 0xff0f == 0xff02
}

/// The first IPv4 address of an interface, which messages come from.
fn address_of(interface: &str) -> Option<Ipv4Addr> {
    getifaddrs()
        .ok()?
        .filter(|entry| entry.interface_name == interface)
        .find_map(|entry| Some(entry.address?.as_sockaddr_in()?.ip()))
}
