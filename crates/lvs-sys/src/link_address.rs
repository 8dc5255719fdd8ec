//! Address that a packet socket sends a frame to (`struct sockaddr_ll`, packet(7)).

use std::io;

use socket2::SockAddr;

/// Address of a neighbour on a link. `ethertype`: in the machine's byte order.
///
/// # Errors
/// The interface's index is no index.
pub fn link_address(interface: u32, ethertype: u16, to: [u8; 6]) -> io::Result<SockAddr> {
    let family = libc::sa_family_t::try_from(libc::AF_PACKET).map_err(io::Error::other)?;
    let index = i32::try_from(interface).map_err(io::Error::other)?;
    let len = libc::socklen_t::try_from(size_of::<libc::sockaddr_ll>()).map_err(io::Error::other)?;
    // SAFETY: the storage is zeroed and large enough for every address, and a sockaddr_ll is written over its
    // beginning; the length is that of the type.
    let ((), addr) = unsafe {
        SockAddr::try_init(|storage, storage_len| {
            let addr = storage.cast::<libc::sockaddr_ll>();
            (*addr).sll_family = family;
            (*addr).sll_protocol = ethertype.to_be();
            (*addr).sll_ifindex = index;
            (*addr).sll_halen = 6;
            (&raw mut (*addr).sll_addr).cast::<[u8; 6]>().write(to);
            *storage_len = len;
            Ok(())
        })?
    };
    Ok(addr)
}
