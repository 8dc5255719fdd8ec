//! Requests to the TUN driver (`linux/if_tun.h`).

use std::io;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Longest name of an interface.
pub const MAX_NAME: usize = libc::IFNAMSIZ - 1;

mod raw {
    nix::ioctl_write_ptr_bad!(attach, libc::TUNSETIFF, libc::ifreq);
    nix::ioctl_write_ptr_bad!(little_endian, libc::TUNSETVNETLE, libc::c_int);
    nix::ioctl_read_bad!(features, libc::TUNGETFEATURES, libc::c_uint);
    nix::ioctl_write_int_bad!(offload, libc::TUNSETOFFLOAD);
    nix::ioctl_write_int_bad!(persist, libc::TUNSETPERSIST);
}

/// Makes the open driver a queue of the interface `name` (`TUNSETIFF`). `flags`: `IFF_*`.
///
/// # Errors
/// Errors of the driver.
pub fn attach(fd: &impl AsRawFd, name: &str, flags: i32) -> Result<(), Errno> {
    let mut ifr_name = [0; libc::IFNAMSIZ];
    for (to, from) in ifr_name[..MAX_NAME].iter_mut().zip(name.bytes()) {
        *to = libc::c_char::from_ne_bytes([from]);
    }
    let flags = flags as libc::c_short;
    let request = libc::ifreq { ifr_name, ifr_ifru: libc::__c_anonymous_ifr_ifru { ifru_flags: flags } };
    // SAFETY: the kernel reads and writes one ifreq, which lives until the call returns; what it writes (the
    // name) is not read here.
    unsafe { raw::attach(fd.as_raw_fd(), &raw const request) }.map(drop)
}

/// The flags that the driver knows (`TUNGETFEATURES`).
///
/// # Errors
/// Errors of the driver.
pub fn features(fd: &impl AsRawFd) -> Result<libc::c_uint, Errno> {
    let mut flags: libc::c_uint = 0;
    // SAFETY: the kernel writes one unsigned int, which lives until the call returns.
    unsafe { raw::features(fd.as_raw_fd(), &raw mut flags) }.map(|_| flags)
}

/// Has virtio headers be little-endian (`TUNSETVNETLE`).
///
/// # Errors
/// Errors of the driver.
pub fn little_endian(fd: &impl AsRawFd) -> Result<(), Errno> {
    let yes: libc::c_int = 1;
    // SAFETY: the kernel reads one int, which lives until the call returns.
    unsafe { raw::little_endian(fd.as_raw_fd(), &raw const yes) }.map(drop)
}

/// Says what the reader takes (`TUNSETOFFLOAD`). `bits`: `TUN_F_*`.
///
/// # Errors
/// Errors of the driver.
pub fn offload(fd: &impl AsRawFd, bits: u32) -> Result<(), Errno> {
    let bits = libc::c_int::try_from(bits).map_err(|_| Errno::EINVAL)?;
    // SAFETY: this request takes its argument by value.
    unsafe { raw::offload(fd.as_raw_fd(), bits) }.map(drop)
}

/// Says whether the interface outlives its last descriptor (`TUNSETPERSIST`).
///
/// # Errors
/// Errors of the driver.
pub fn persist(fd: &impl AsRawFd, is_lasting: bool) -> Result<(), Errno> {
    // SAFETY: this request takes its argument by value.
    unsafe { raw::persist(fd.as_raw_fd(), is_lasting.into()) }.map(drop)
}

/// Has the runtime that calls this watch a device.
///
/// # Errors
/// The runtime cannot watch more descriptors.
pub fn watch(device: tun::Device, events: Interest) -> io::Result<AsyncFd<tun::Device>> {
    // SAFETY: the device owns its descriptor, and only its drop closes it, which a watched device awaits.
    Ok(unsafe { AsyncFd::register_with_interest(device, events) }?)
}
