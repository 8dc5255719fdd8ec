//! One emulated netlink socket: a pair whose one end the program has, and a real socket for what is not of IPVS, once it is needed.
//!
//! The program sends into the pair by itself; what it gets is put there for it. Both ends are kept here: the
//! program's for taking messages out in its name, as the kernel's own sockets would be read.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::epoll::EpollFlags;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, getsockopt, recv, send, socketpair, sockopt,
};
use nix::sys::stat::fstat;

use lvs_netlink::{Dialogue, Message, Messages, readdress};
use lvs_sys::socket_option::{self, unread};

use super::names::{FAMILY, GENERIC, NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_PKTINFO, SOL_NETLINK};
use super::receive::{Ancillary, Waiting};

/// The longest datagram that a program can send with the usual buffers, and more than any answer has.
const LONGEST: usize = 256 << 10;

/// Cost of keeping a message, besides its bytes.
const AROUND: usize = 64;

#[derive(Debug)]
pub(super) struct Emulated {
    pub(super) theirs: OwnedFd,
    pub(super) ours: OwnedFd,
    /// For all other families and what else is the kernel's: opened when it is needed.
    relay: Option<Socket>,
    /// Options that it is opened with.
    flags: Vec<(u32, bool)>,
    /// `SOCK_RAW` or `SOCK_DGRAM`, as it was asked for.
    pub(super) kind: i32,
    pub(super) dialogue: Dialogue,
    /// Port and groups that it was connected to.
    pub(super) peer: (u32, u32),
    /// The process that opened it.
    pub(super) opener: i32,
    /// The process that was seen to have it last, and under which number.
    pub(super) place: (i32, u32),
    /// `theirs` is none of it: it was looked who else has it, and nobody was found.
    pub(super) is_lost: bool,
    /// Answers that do not fit into the pair.
    outbox: VecDeque<Vec<u8>>,
    /// Messages that are left of a dump: each datagram that is read makes room for one, as in the kernel.
    dump: VecDeque<Vec<u8>>,
    /// The same of a dump of another family's, as the kernel's datagrams, and the number of the request for it while more are to come.
    parts: VecDeque<Vec<u8>>,
    parts_of: Option<u32>,
    /// The largest buffer that it had been read with when the last request came.
    pub(super) room_of_request: usize,
    /// Cost of all.
    weight: usize,
    /// Messages that were taken out for a call that waits no more.
    pub(super) heads: VecDeque<Vec<u8>>,
    /// A datagram whose messages are taken up one by one, and how far that has come.
    datagram: Vec<u8>,
    taken_up: usize,
    /// The director is being asked.
    pub(super) is_busy: bool,
    /// Requests are left for the next round.
    pub(super) has_more: bool,
    /// A copy was shut down that stands outside of our numbers: nothing comes any more.
    pub(super) is_shut: bool,
    /// Answers were thrown away, and the reader has not heard of it.
    pub(super) has_overrun: bool,
    pub(super) waiting: VecDeque<Waiting>,
    /// Requests for all families, whose answers get one more.
    pub(super) listings: Vec<u32>,
    /// Nobody had it at the last look.
    pub(super) is_doubtful: bool,
    /// Events of the pair that are heard of by now.
    pub(super) heard: EpollFlags,
}

impl Emulated {
    /// # Errors
    /// No descriptors are left.
    pub(super) fn new(kind: i32, opener: i32, is_admin: bool) -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let (theirs, ours) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)?;
        let dialogue = Dialogue {
            family: FAMILY,
            port: 0,
            is_admin,
            ext_ack: false,
            cap_ack: false,
            room: 0,
            is_dumping: false,
        };
        Ok(Self {
            theirs,
            ours,
            relay: None,
            flags: Vec::new(),
            kind,
            dialogue,
            peer: (0, 0),
            opener,
            place: (opener, u32::MAX),
            is_lost: false,
            outbox: VecDeque::new(),
            dump: VecDeque::new(),
            parts: VecDeque::new(),
            parts_of: None,
            room_of_request: 0,
            weight: 0,
            heads: VecDeque::new(),
            datagram: Vec::new(),
            taken_up: 0,
            is_busy: false,
            has_more: false,
            is_shut: false,
            has_overrun: false,
            waiting: VecDeque::new(),
            listings: Vec::new(),
            is_doubtful: false,
            heard: EpollFlags::EPOLLIN,
        })
    }

    /// The number by which its process has it.
    pub(super) fn number(&self) -> io::Result<u64> {
        Ok(fstat(&self.theirs)?.st_ino)
    }

    /// The multicast groups it hears.
    pub(super) fn groups(&self) -> u32 {
        let mut address = SocketAddr::new(0, 0);
        self.relay.as_ref().and_then(|relay| relay.get_address(&mut address).ok());
        address.multicast_groups()
    }

    /// The real socket, if it was needed already.
    pub(super) const fn relay(&mut self) -> Option<&mut Socket> {
        self.relay.as_mut()
    }

    /// Opens the real socket, with what the program may do and has asked for.
    ///
    /// # Errors
    /// No descriptors are left, or there is no netlink.
    pub(super) fn open_relay(&mut self) -> io::Result<&Socket> {
        let relay = self.real_socket()?;
        for (name, is_on) in &self.flags {
            socket_option::set(&relay, SOL_NETLINK as i32, *name as i32, i32::from(*is_on))?;
        }
        Ok(self.relay.insert(relay))
    }

    fn real_socket(&self) -> io::Result<Socket> {
        let socket = without_privilege(!self.dialogue.is_admin, || Socket::new(GENERIC as isize))?;
        socket.set_non_blocking(true)?;
        Ok(socket)
    }

    /// The error of a dump of another family while one is under way. The kernel is asked by a socket that has none.
    pub(super) fn errno_while_dumping(&self, message: &Message<'_>, room: &mut Vec<u8>) -> i32 {
        let told = self.real_socket().and_then(|socket| {
            socket.send(message.bytes, 0)?;
            Ok(next(&socket, MsgFlags::empty(), room).unwrap_or_default())
        });
        message.errno_while_dumping(Messages(&told.unwrap_or_default()).next().as_ref())
    }

    /// Whether an option that is on or off is on.
    pub(super) fn is_on(&self, name: u32) -> bool {
        self.flags.contains(&(name, true))
    }

    /// Turns such an option on or off; two of them change what answers look like.
    pub(super) fn turn(&mut self, name: u32, is_on: bool) {
        self.flags.retain(|(known, _)| *known != name);
        self.flags.push((name, is_on));
        match name {
            NETLINK_EXT_ACK => self.dialogue.ext_ack = is_on,
            NETLINK_CAP_ACK => self.dialogue.cap_ack = is_on,
            _ => {}
        }
    }

    /// The next message of the datagram at hand.
    pub(super) fn next_message(&mut self) -> Option<Vec<u8>> {
        let message = Messages(self.left_of_datagram()).next().map(|message| message.bytes.to_vec());
        match &message {
            Some(message) => self.taken_up += message.len().next_multiple_of(4),
            None => self.datagram = Vec::new(),
        }
        message
    }

    fn left_of_datagram(&self) -> &[u8] {
        self.datagram.get(self.taken_up..).unwrap_or_default()
    }

    /// Takes the next datagram that the program has sent. False: there is none.
    pub(super) fn take_datagram(&mut self, room: &mut Vec<u8>) -> bool {
        if self.is_shut {
            return false;
        }
        let Some(datagram) = next(&self.ours, MsgFlags::empty(), room) else { return false };
        self.is_shut = datagram.is_empty() && is_shut(&self.ours);
        (self.datagram, self.taken_up) = (datagram, 0);
        !self.is_shut
    }

    /// A message for another family goes to the kernel.
    pub(super) fn pass_on(&self, message: &[u8]) {
        if let Some(relay) = &self.relay {
            let _ = relay.send(message, 0);
        }
    }

    /// The next datagram that the kernel has sent, as if it had been sent to the program.
    pub(super) fn next_from_kernel(&self, room: &mut Vec<u8>) -> Option<Vec<u8>> {
        let relay = self.relay.as_ref()?;
        let mut datagram = next(relay, MsgFlags::empty(), room)?;
        let mut address = SocketAddr::new(0, 0);
        if relay.get_address(&mut address).is_ok() && address.port_number() != 0 {
            readdress(&mut datagram, address.port_number(), self.dialogue.port);
        }
        Some(datagram)
    }

    /// Keeps an answer for the program.
    pub(super) fn put(&mut self, answer: Vec<u8>) {
        self.weight += answer.len() + AROUND;
        self.outbox.push_back(answer);
    }

    /// Keeps the messages of a dump, and lets the first datagram out.
    pub(super) fn begin_dump(&mut self, messages: VecDeque<Vec<u8>>) {
        self.weight += messages.iter().map(|message| message.len() + AROUND).sum::<usize>();
        self.dump = messages;
        let room = std::mem::replace(&mut self.dialogue.room, self.room_of_request);
        self.put_next_of_dump();
        self.dialogue.room = room;
    }

    /// Keeps what the kernel has sent. The first part of a dump goes out at once, and each other when one is read: what the program asks
    /// for before is answered between them.
    pub(super) fn put_of_kernel(&mut self, datagram: Vec<u8>) {
        let last = Messages(&datagram).last().map(|last| last.header);
        let Some(last) = last.filter(|last| last.is_part()) else { return self.put(datagram) };
        let is_first = self.parts_of != Some(last.seq);
        self.parts_of = (!last.is_done()).then_some(last.seq);
        if is_first {
            return self.put(datagram);
        }
        self.weight += datagram.len() + AROUND;
        self.parts.push_back(datagram);
    }

    fn put_next_of_dump(&mut self) {
        if let Some(part) = self.parts.pop_front() {
            self.weight -= part.len() + AROUND;
            return self.put(part);
        }
        let before = self.dump.len();
        if let Some(part) = self.dialogue.next_of_dump(&mut self.dump) {
            self.weight -= part.len() + (before - self.dump.len()) * AROUND;
            self.put(part);
        }
    }

    /// Puts answers where the program finds them, as many as there is room for.
    pub(super) fn flush(&mut self) {
        while let Some(answer) = self.outbox.front() {
            let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
            match send(self.ours.as_raw_fd(), answer, flags) {
                Ok(_) => {}
                // Longer than a pair can take at all, or nobody can hear it any more.
                Err(Errno::EMSGSIZE | Errno::EPIPE) => {}
                Err(_) => break,
            }
            self.weight -= answer.len() + AROUND;
            self.outbox.pop_front();
        }
    }

    /// Lets the next part of a dump out, once what there was is read and all that was asked for behind it is answered.
    pub(super) fn go_on_with_dump(&mut self) {
        let has_messages = Messages(self.left_of_datagram()).next().is_some();
        let is_behind = self.is_busy || self.has_more || has_messages;
        if !is_behind && self.outbox.is_empty() {
            self.put_next_of_dump();
        }
        self.flush();
    }

    /// Throws away what was kept, and remembers to say so.
    pub(super) fn overrun(&mut self) {
        self.outbox.clear();
        self.dump.clear();
        self.parts.clear();
        self.weight = 0;
        self.has_overrun = true;
    }

    pub(super) fn has_dump(&self) -> bool {
        !self.dump.is_empty() || !self.parts.is_empty()
    }

    /// Whether something waits for room in the pair.
    pub(super) fn has_rest(&self) -> bool {
        !self.outbox.is_empty() || self.has_dump()
    }

    /// Whether the program has taken all that was put there for it, though by calls that nobody hears of.
    pub(super) fn is_drained(&self) -> bool {
        unread(&self.ours).is_ok_and(|bytes| bytes == 0)
    }

    /// Cost of the answers that wait here for the program.
    pub(super) const fn weight(&self) -> usize {
        self.weight
    }

    /// Takes the next answer out in the program's name, or looks at it.
    pub(super) fn take(&mut self, peek: bool, room: &mut Vec<u8>) -> Option<Vec<u8>> {
        let head = if peek { self.heads.front().cloned() } else { self.heads.pop_front() };
        if head.is_some() {
            return head;
        }
        next(&self.theirs, if peek { MsgFlags::MSG_PEEK } else { MsgFlags::empty() }, room)
    }

    /// Takes messages back that nobody has got.
    pub(super) fn give_back(&mut self, messages: Vec<Vec<u8>>) {
        messages.into_iter().rev().for_each(|message| self.heads.push_front(message));
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

    /// Facts beside a message, as many as there is room for: its group, and who sent it, if that was asked for. All of it is
    /// the kernel's.
    pub(super) fn beside(&self, room: usize) -> Ancillary {
        let mut beside = Ancillary { bytes: Vec::new(), is_whole: true };
        if self.is_on(NETLINK_PKTINFO) {
            beside.put(room, SOL_NETLINK as i32, NETLINK_PKTINFO as i32, &[0; 4]);
        }
        if getsockopt(&self.theirs, sockopt::PassCred).unwrap_or(false) {
            beside.put(room, libc::SOL_SOCKET, libc::SCM_CREDENTIALS, &[0; 12]);
        }
        beside
    }
}

/// The next datagram of a socket, if there is one. What is longer than any can be is cut.
fn next(socket: &impl AsRawFd, flags: MsgFlags, room: &mut Vec<u8>) -> Option<Vec<u8>> {
    room.resize(LONGEST, 0);
    let len = recv(socket.as_raw_fd(), room, MsgFlags::MSG_DONTWAIT | flags).ok()?;
    Some(room[..len].to_vec())
}

/// Whether the other end of a pair sends nothing more.
fn is_shut(end: &OwnedFd) -> bool {
    let mut ends = [PollFd::new(end.as_fd(), PollFlags::from_bits_retain(libc::POLLRDHUP))];
    poll(&mut ends, PollTimeout::ZERO).is_ok_and(|count| count > 0)
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
