//! Socket options that no crate knows (`setsockopt(2)`), and what is asked of sockets by ioctl.

use std::io;
use std::os::fd::AsRawFd;

/// Sets an option of a 32-bit number.
///
/// # Errors
/// Errors of `setsockopt(2)`.
pub fn set(socket: &impl AsRawFd, level: i32, name: i32, value: i32) -> io::Result<()> {
    set_bytes(socket, level, name, &value.to_ne_bytes())
}

/// Sets an option whose structure is given as its bytes.
///
/// # Errors
/// Errors of `setsockopt(2)`.
pub fn set_bytes(socket: &impl AsRawFd, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    let len = libc::socklen_t::try_from(value.len()).map_err(io::Error::other)?;
    // SAFETY: the kernel reads as many bytes as are said, and they live until the call returns.
    let status = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, value.as_ptr().cast(), len) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Asks for an option whose structure is as long as the room, and says in its beginning what is asked for. How many bytes
/// came.
///
/// # Errors
/// Errors of `getsockopt(2)`.
pub fn read(socket: &impl AsRawFd, level: i32, name: i32, room: &mut [u8]) -> io::Result<usize> {
    let mut len = libc::socklen_t::try_from(room.len()).map_err(io::Error::other)?;
    // SAFETY: the kernel reads and writes no more than `len` bytes of the room, which has as many.
    let status =
        unsafe { libc::getsockopt(socket.as_raw_fd(), level, name, room.as_mut_ptr().cast(), &raw mut len) };
    if status == 0 { Ok(len as usize) } else { Err(io::Error::last_os_error()) }
}

/// Bytes that the other end has not read yet (`SIOCOUTQ`).
///
/// # Errors
/// Errors of `ioctl(2)`.
pub fn unread(socket: &impl AsRawFd) -> io::Result<i32> {
    let mut bytes = 0i32;
    // SAFETY: the kernel writes one number, which lives until the call returns.
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if status == 0 { Ok(bytes) } else { Err(io::Error::last_os_error()) }
}

/// Number of the network namespace, for the life of the kernel (`SO_NETNS_COOKIE`, Linux 5.14).
///
/// # Errors
/// Errors of `getsockopt(2)`.
pub fn namespace_cookie(socket: &impl AsRawFd) -> io::Result<u64> {
    let mut cookie = 0u64;
    let mut len = libc::socklen_t::try_from(size_of::<u64>()).map_err(io::Error::other)?;
    // SAFETY: the option is a u64, and the kernel is given one and its length.
    let status = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_NETNS_COOKIE,
            (&raw mut cookie).cast(),
            &raw mut len,
        )
    };
    if status == 0 { Ok(cookie) } else { Err(io::Error::last_os_error()) }
}
