//! Properties of a network interface (netdevice(7)).

use std::ffi::CString;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

/// The MTU of an interface; None if there is no such interface.
#[must_use]
pub fn mtu(interface: &str) -> Option<u32> {
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
    // SAFETY: the request lives through the call, and the kernel writes no more than its union.
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFMTU, &raw mut request) };
    if status != 0 {
        return None;
    }
    // SAFETY: a successful SIOCGIFMTU has set this member.
    u32::try_from(unsafe { request.ifr_ifru.ifru_mtu }).ok()
}
