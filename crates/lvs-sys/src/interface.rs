//! Properties of a network interface (netdevice(7)).

use std::ffi::CString;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;

/// The MTU of an interface; None if there is no such interface.
#[must_use]
pub fn mtu(interface: &str) -> Option<u32> {
    let answer = ask(interface, libc::SIOCGIFMTU)?;
    // SAFETY: a successful SIOCGIFMTU has set this member.
    u32::try_from(unsafe { answer.ifr_ifru.ifru_mtu }).ok()
}

/// The first IPv4 address of an interface; None if it has none.
#[must_use]
pub fn ipv4(interface: &str) -> Option<Ipv4Addr> {
    let answer = ask(interface, libc::SIOCGIFADDR)?;
    // SAFETY: a successful SIOCGIFADDR has set this member, to an address of IPv4: two bytes of a port, then the address.
    let [_, _, addr @ .., _, _, _, _, _, _, _, _] = unsafe { answer.ifr_ifru.ifru_addr }.sa_data;
    Some(Ipv4Addr::from(addr.map(|byte| byte.to_ne_bytes()[0])))
}

fn ask(interface: &str, what: libc::c_ulong) -> Option<libc::ifreq> {
    let name = CString::new(interface).ok()?;
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // SAFETY: all zeroes is a valid request.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    let name = name.as_bytes_with_nul();
    // The kernel would take what stands before a colon.
    if name.len() > request.ifr_name.len() || name.contains(&b':') {
        return None;
    }
    for (slot, byte) in request.ifr_name.iter_mut().zip(name) {
        *slot = libc::c_char::from_ne_bytes([*byte]);
    }
    // SAFETY: the request lives through the call, and the kernel writes no more than its union. Numbers of requests are shorter in musl.
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), what as _, &raw mut request) };
    (status == 0).then_some(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_asked_by_its_name() {
        assert_eq!(ipv4("lo"), Some(Ipv4Addr::LOCALHOST));
        assert!(mtu("lo").is_some_and(|mtu| mtu >= 1280));
        for none in ["none-such", "lo:1", "a-name-that-is-too-long", ""] {
            assert_eq!((ipv4(none), mtu(none)), (None, None), "{none}");
        }
    }
}
