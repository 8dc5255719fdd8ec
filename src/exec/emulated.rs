//! One emulated netlink socket: a pair whose one end the program has, and a real socket for all other families.
//!
//! The program sends into the pair by itself; what it gets is put there for it. Both ends are kept here: the
//! program's for taking messages out in its name, as the kernel's own sockets would be read.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, getsockopt, recv, send, socketpair, sockopt,
};

use lvs_netlink::Dialogue;

use super::names::{FAMILY, GENERIC};
use super::receive::Waiting;

/// The longest datagram that a program can send with the usual buffers.
const LONGEST: usize = 256 << 10;

#[derive(Debug)]
pub(super) struct Emulated {
    pub(super) theirs: OwnedFd,
    pub(super) ours: OwnedFd,
    /// Bound and asked in the program's name.
    pub(super) relay: Socket,
    /// `SOCK_RAW` or `SOCK_DGRAM`, as it was asked for.
    pub(super) kind: i32,
    pub(super) dialogue: Dialogue,
    /// The process that opened it.
    pub(super) opener: i32,
    /// Answers that do not fit into the pair.
    pub(super) outbox: VecDeque<Vec<u8>>,
    /// A message that was taken out for a call that waits no more.
    pub(super) head: Option<Vec<u8>>,
    /// Messages of a datagram whose turn has not come.
    pub(super) turn: VecDeque<Vec<u8>>,
    /// The director is being asked.
    pub(super) is_busy: bool,
    /// Answers were thrown away, and the reader has not heard of it.
    pub(super) has_overrun: bool,
    pub(super) waiting: VecDeque<Waiting>,
    /// Requests for all families, whose answers get one more.
    pub(super) listings: Vec<u32>,
    /// Nobody had it at the last look.
    pub(super) is_doubtful: bool,
}

impl Emulated {
    /// # Errors
    /// No descriptors are left, or there is no netlink.
    pub(super) fn new(kind: i32, opener: i32, is_admin: bool) -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let (theirs, ours) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)?;
        let relay = without_privilege(!is_admin, || Socket::new(GENERIC as isize))?;
        relay.set_non_blocking(true)?;
        let dialogue =
            Dialogue { family: FAMILY, port: 0, is_admin, ext_ack: false, cap_ack: false, room: 0 };
        Ok(Self {
            theirs,
            ours,
            relay,
            kind,
            dialogue,
            opener,
            outbox: VecDeque::new(),
            head: None,
            turn: VecDeque::new(),
            is_busy: false,
            has_overrun: false,
            waiting: VecDeque::new(),
            listings: Vec::new(),
            is_doubtful: false,
        })
    }

    /// The number by which its process has it.
    pub(super) fn number(&self) -> io::Result<u64> {
        super::target::number(&self.theirs).ok_or_else(|| io::Error::from_raw_os_error(libc::EMFILE))
    }

    /// The address it has; of one that has none all is zero.
    pub(super) fn address(&self) -> SocketAddr {
        let mut address = SocketAddr::new(0, 0);
        let _ = self.relay.get_address(&mut address);
        address
    }

    /// Chooses an address where it has none, as the kernel does at the first message.
    pub(super) fn settle_address(&mut self) {
        if self.dialogue.port == 0 {
            let wanted = SocketAddr::new(self.opener.cast_unsigned(), 0);
            if self.relay.bind(&wanted).is_err() {
                let _ = self.relay.bind_auto();
            }
            self.note_address();
        }
    }

    /// # Errors
    /// The kernel's.
    pub(super) fn bind(&mut self, address: &SocketAddr) -> io::Result<()> {
        if address.port_number() == 0 && self.dialogue.port == 0 {
            let wanted = SocketAddr::new(self.opener.cast_unsigned(), address.multicast_groups());
            if self.relay.bind(&wanted).is_ok() {
                self.note_address();
                return Ok(());
            }
        }
        self.relay.bind(address)?;
        self.note_address();
        Ok(())
    }

    fn note_address(&mut self) {
        let mut address = SocketAddr::new(0, 0);
        if self.relay.get_address(&mut address).is_ok() {
            self.dialogue.port = address.port_number();
        }
    }

    /// The next datagram that the program has sent.
    pub(super) fn next_request(&self) -> Option<Vec<u8>> {
        next(&self.ours, MsgFlags::empty())
    }

    /// A message for another family goes to the kernel.
    pub(super) fn pass_on(&mut self, message: &[u8]) {
        self.settle_address();
        let _ = self.relay.send(message, 0);
    }

    /// The next datagram that the kernel has sent.
    pub(super) fn next_from_kernel(&self) -> Option<Vec<u8>> {
        next(&self.relay, MsgFlags::empty())
    }

    /// Puts answers where the program finds them, as many as there is room for. How many bytes went.
    pub(super) fn flush(&mut self) -> usize {
        let mut went = 0;
        while let Some(answer) = self.outbox.front() {
            let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
            match send(self.ours.as_raw_fd(), answer, flags) {
                Ok(_) => {}
                // Longer than a pair can take at all: it cannot be read either.
                Err(Errno::EMSGSIZE) => {}
                Err(_) => break,
            }
            went += answer.len();
            self.outbox.pop_front();
        }
        went
    }

    /// Takes the next answer out in the program's name, or looks at it.
    pub(super) fn take(&mut self, peek: bool) -> Option<Vec<u8>> {
        if peek && let Some(head) = &self.head {
            return Some(head.clone());
        }
        if let Some(head) = self.head.take() {
            return Some(head);
        }
        next(&self.theirs, if peek { MsgFlags::MSG_PEEK } else { MsgFlags::empty() })
    }

    /// Whether the program said that it does not wait.
    pub(super) fn is_nonblocking(&self) -> bool {
        use nix::fcntl::{FcntlArg, OFlag, fcntl};
        let flags = fcntl(self.theirs.as_fd(), FcntlArg::F_GETFL).map(OFlag::from_bits_retain);
        flags.is_ok_and(|flags| flags.contains(OFlag::O_NONBLOCK))
    }

    /// How long the program waits at most.
    pub(super) fn patience(&self) -> Option<std::time::Duration> {
        let limit = getsockopt(&self.theirs, sockopt::ReceiveTimeout).ok()?;
        let limit = std::time::Duration::new(
            u64::try_from(limit.tv_sec()).ok()?,
            u32::try_from(limit.tv_usec()).ok()?.saturating_mul(1000),
        );
        (!limit.is_zero()).then_some(limit)
    }
}

/// The next datagram of a socket, if there is one: asked for its length before there is room for it.
fn next(socket: &impl AsRawFd, flags: MsgFlags) -> Option<Vec<u8>> {
    let look = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_PEEK | MsgFlags::MSG_TRUNC;
    let len = recv(socket.as_raw_fd(), &mut [], look).ok()?;
    let mut buffer = vec![0; len.min(LONGEST)];
    let len = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT | flags).ok()?;
    buffer.truncate(len);
    Some(buffer)
}

/// Does something without what the program may not do either. The kernel asks who opened a netlink socket.
fn without_privilege<T>(lacks: bool, make: impl FnOnce() -> T) -> T {
    use caps::{CapSet, Capability};
    let admin = Capability::CAP_NET_ADMIN;
    let has = lacks && caps::has_cap(None, CapSet::Effective, admin).unwrap_or(false);
    if has {
        let _ = caps::drop(None, CapSet::Effective, admin);
    }
    let made = make();
    if has {
        let _ = caps::raise(None, CapSet::Effective, admin);
    }
    made
}
