//! Names of addresses, which the standard library cannot ask the resolver for.

use std::ffi::CStr;
use std::net::{IpAddr, SocketAddr};

use nix::sys::socket::{SockaddrLike, SockaddrStorage};

/// The name of an address (`gethostbyaddr`); None where it has none.
#[allow(unsafe_code, reason = "getnameinfo has no safe wrapper")]
pub fn host_name(addr: IpAddr) -> Option<String> {
    let addr = SockaddrStorage::from(SocketAddr::new(addr, 0));
    let mut host = [0 as libc::c_char; 1025];
    // SAFETY: the address and its length describe `addr`, which lives through the call; the buffer's length is
    // its own; no service name is asked for.
    let status = unsafe {
        libc::getnameinfo(
            addr.as_ptr(),
            addr.len(),
            host.as_mut_ptr(),
            libc::socklen_t::try_from(size_of_val(&host)).ok()?,
            std::ptr::null_mut(),
            0,
            libc::NI_NAMEREQD,
        )
    };
    if status != 0 {
        return None;
    }
    // SAFETY: on success the buffer holds a string that ends in a NUL.
    let name = unsafe { CStr::from_ptr(host.as_ptr()) };
    name.to_str().ok().map(str::to_owned)
}
