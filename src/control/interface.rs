//! What a command means on this host: a sync daemon's interface must exist, and its MTU bounds the messages.

use std::borrow::Cow;
use std::ffi::CString;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

use crate::lvs::director::{Command, CommandError, DaemonSpec, Director, Tables};

/// The command with all that the host must be asked for.
pub(super) fn resolve<'a>(
    director: &Director,
    command: &'a Command,
) -> Result<Cow<'a, Command>, CommandError> {
    match command {
        // The kernel looks at the tables before it looks for the interface.
        Command::StartDaemon(_) if director.has_mixed_families() => Err(CommandError::MixedFamily),
        Command::StartDaemon(spec) => Ok(Cow::Owned(Command::StartDaemon(resolve_daemon(spec)?))),
        Command::Replace(Tables { services, timeouts, daemons: Some(daemons) }) if !daemons.is_empty() => {
            let daemons = daemons.iter().map(resolve_daemon).collect::<Result<_, _>>()?;
            let (services, timeouts) = (services.clone(), *timeouts);
            Ok(Cow::Owned(Command::Replace(Tables { services, timeouts, daemons: Some(daemons) })))
        }
        command => Ok(Cow::Borrowed(command)),
    }
}

fn resolve_daemon(spec: &DaemonSpec) -> Result<DaemonSpec, CommandError> {
    let mtu = mtu(&spec.interface).ok_or_else(|| CommandError::NoSuchInterface(spec.interface.clone()))?;
    Ok(spec.resolved(mtu))
}

/// The MTU of an interface; None if there is no such interface.
#[allow(unsafe_code, reason = "SIOCGIFMTU has no safe wrapper")]
fn mtu(interface: &str) -> Option<u32> {
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
        *slot = byte.cast_signed();
    }
    // SAFETY: the request lives through the call, and the kernel writes no more than its union.
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFMTU, &raw mut request) };
    if status != 0 {
        return None;
    }
    // SAFETY: a successful SIOCGIFMTU has set this member.
    u32::try_from(unsafe { request.ifr_ifru.ifru_mtu }).ok()
}
