//! Descriptors that go from one process to another over a Unix socket (`SCM_RIGHTS`).

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::cmsg_space;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

/// Descriptors that one message carries at most (`SCM_MAX_FD` is 253).
pub const MOST: usize = 128;

/// Sends bytes, and descriptors with the first of them. The number of bytes that were sent.
///
/// # Errors
/// The system refuses, as `sendmsg(2)` says.
pub fn send(socket: &UnixStream, bytes: &[u8], fds: &[OwnedFd]) -> io::Result<usize> {
    let fds: Vec<RawFd> = fds.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&fds)];
    let rights = if fds.is_empty() { &[][..] } else { &rights[..] };
    let sent =
        sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], rights, MsgFlags::MSG_NOSIGNAL, None);
    Ok(sent?)
}

/// Outcome of [`receive`].
#[derive(Debug)]
pub struct Received {
    /// Bytes; 0 when the other end is closed.
    pub len: usize,
    /// Descriptors that came with them.
    pub fds: Vec<OwnedFd>,
}

/// Receives bytes, and the descriptors that came with them.
///
/// # Errors
/// The system refuses, as `recvmsg(2)` says.
pub fn receive(socket: &UnixStream, bytes: &mut [u8]) -> io::Result<Received> {
    let mut space = cmsg_space!([RawFd; MOST]);
    let mut buffers = [IoSliceMut::new(bytes)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut buffers, Some(&mut space), flags)?;
    let mut fds = Vec::new();
    for part in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(received) = part {
            // SAFETY: the kernel has made these descriptors for this process just now, and nobody else has them.
            fds.extend(received.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    Ok(Received { len: message.bytes, fds })
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn a_descriptor_arrives_with_its_bytes() {
        let (one, other) = UnixStream::pair().unwrap();
        let (mut reader, writer) = io::pipe().unwrap();
        assert_eq!(send(&one, b"here", &[OwnedFd::from(writer)]).unwrap(), 4);
        let mut bytes = [0; 8];
        let Received { len, fds } = receive(&other, &mut bytes).unwrap();
        assert_eq!((&bytes[..len], fds.len()), (&b"here"[..], 1));
        for fd in fds {
            File::from(fd).write_all(b"through").unwrap();
        }
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "through");
        drop(one);
        assert_eq!(receive(&other, &mut bytes).unwrap().len, 0);
    }
}
