//! Calls on emulated sockets but for those that take messages out: opening, addresses, options, copies.

use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;
use nix::sys::epoll::{EpollEvent, EpollFlags};

use lvs_sys::seccomp::{Answer, Notification};
use lvs_sys::socket_option;

use super::emulated::Emulated;
use super::names::{
    GENERIC, NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_PKTINFO, OPTIONS, PEEK_OFF, PEER_GROUPS,
    SOL_NETLINK,
};
use super::receive::length;
use super::supervisor::{PAIR, Place, RELAY, Supervisor, token};
use super::target::Target;

/// Length of `struct sockaddr_nl`.
const ADDRESS: usize = 12;

/// Room for an option of netlink.
const OPTION: usize = 256;

/// Options that are on or off.
const FLAGS: [u32; 3] = [NETLINK_PKTINFO, NETLINK_CAP_ACK, NETLINK_EXT_ACK];

/// The bits of a socket's type that say its kind.
const KIND: u64 = 0xf;

/// Addresses that the kernel gives where the process has its own already lie below this one.
const BELOW: u32 = 0xffff_f000;

impl Supervisor {
    /// Whether a thread is in the network that the director's programs are in.
    pub(super) fn is_here(&self, target: Target) -> bool {
        target.network() == self.network
    }

    /// Whether it may change tables. What it may in a user namespace of its own says nothing here.
    pub(super) fn is_admin(&self, target: Target) -> bool {
        target.is_net_admin() && target.users() == self.users
    }

    /// Opens an emulated socket in place of a netlink one. In another network there is no director to ask.
    pub(super) fn open_socket(&mut self, call: &Notification) -> Option<Answer> {
        let target = Target(call.thread);
        let (kind, flags) = ((call.args[1] & KIND) as i32, call.args[1] as i32);
        // The kernel says what is wrong with the others.
        let is_valid = matches!(kind, libc::SOCK_RAW | libc::SOCK_DGRAM)
            && flags & !(KIND as i32 | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC) == 0;
        if !is_valid || !self.is_here(target) {
            return Some(Answer::Continue);
        }
        self.sweep_if_crowded();
        let (opener, is_admin) = (target.process(), self.is_admin(target));
        let open = || {
            let socket = Emulated::new(kind, opener, is_admin)?;
            Ok::<_, std::io::Error>((socket.number()?, socket))
        };
        // Where there are no descriptors left, some are of sockets that nobody has any more.
        let opened = open().or_else(|_| {
            self.sweep();
            self.sweep();
            open()
        });
        let Ok((number, mut socket)) = opened else { return Some(Answer::Error(libc::EMFILE)) };
        if flags & libc::SOCK_NONBLOCK != 0 {
            set_nonblocking(&socket);
        }
        let close_on_exec = flags & libc::SOCK_CLOEXEC != 0;
        if self.watch(&socket.ours, token(number, PAIR)).is_err() {
            return Some(Answer::Error(libc::EMFILE));
        }
        // One that reaches nobody is closed again.
        if let Some(at) =
            self.give(call.id, &socket.theirs, Some(Place { thread: call.thread, least: 0 }), close_on_exec)
        {
            socket.place = (opener, at.cast_unsigned());
            self.places.note(target.0, at.cast_unsigned(), number);
            self.sockets.insert(number, socket);
        }
        None
    }

    pub(super) fn of_socket(&mut self, call: &Notification) -> Option<Answer> {
        let target = Target(call.thread);
        let is_option = matches!(i64::from(call.call), libc::SYS_setsockopt | libc::SYS_getsockopt);
        let is_of_ip = call.args[1] as u32 == libc::IPPROTO_IP as u32;
        if is_option && is_of_ip && OPTIONS.contains(&(call.args[2] as u32)) {
            return self.of_option(call);
        }
        let Some(number) = self.emulated_at(target, call.args[0] as u32) else {
            return Some(Answer::Continue);
        };
        let answered = match i64::from(call.call) {
            libc::SYS_bind => self.bind(number, target, call),
            libc::SYS_connect => self.connect(number, target, call),
            libc::SYS_getsockname => {
                // The first message gives an address.
                self.serve(number);
                let socket = self.sockets.get(&number)?;
                tell_address(target, call, socket.dialogue.port, socket.groups())
            }
            libc::SYS_getpeername => {
                let (port, groups) = self.sockets.get(&number)?.peer;
                tell_address(target, call, port, groups)
            }
            libc::SYS_setsockopt => self.set_option(number, target, call),
            libc::SYS_getsockopt => self.tell_option(number, target, call),
            libc::SYS_dup | libc::SYS_fcntl => return self.copy(number, call),
            // Netlink sockets do not listen, and are not shut down.
            _ => Err(Errno::EOPNOTSUPP),
        };
        Some(match answered {
            Ok(value) => Answer::Value(value),
            Err(errno) => Answer::Error(errno as i32),
        })
    }

    /// Gives one more descriptor, of the emulated ones if there may be one.
    fn copy(&self, number: u64, call: &Notification) -> Option<Answer> {
        let is_fcntl = i64::from(call.call) == libc::SYS_fcntl;
        let close_on_exec = is_fcntl && call.args[1] as i32 == libc::F_DUPFD_CLOEXEC;
        let least = if is_fcntl { call.args[2] as u32 } else { 0 };
        if self.descriptors.all().all(|number| number < least) {
            return Some(Answer::Continue);
        }
        let Ok(copy) = self.sockets.get(&number)?.theirs.try_clone() else {
            return Some(Answer::Error(libc::EMFILE));
        };
        self.give(call.id, &copy, Some(Place { thread: call.thread, least }), close_on_exec);
        None
    }

    /// Whether nobody has an address. A socket that was closed has none any more, unless a copy of it is open.
    fn is_free(&mut self, port: u32) -> bool {
        let owner = self.ports.get(&port).copied();
        port != 0 && owner.is_none_or(|number| !self.is_held(number))
    }

    fn take_address(&mut self, number: u64, port: u32) {
        if let Some(socket) = self.sockets.get_mut(&number) {
            socket.dialogue.port = port;
            self.ports.insert(port, number);
        }
    }

    /// Chooses an address where a socket has none, as the kernel does at the first message: the number of its process, or any.
    pub(super) fn settle_address(&mut self, number: u64) {
        let Some(socket) = self.sockets.get(&number).filter(|socket| socket.dialogue.port == 0) else {
            return;
        };
        let own = socket.opener.cast_unsigned();
        let others = (1..BELOW).rev();
        let port = core::iter::once(own).chain(others).find(|port| self.is_free(*port));
        if let Some(port) = port {
            self.take_address(number, port);
        }
    }

    fn bind(&mut self, number: u64, target: Target, call: &Notification) -> Result<i64, Errno> {
        if address_length(call)? < ADDRESS {
            return Err(Errno::EINVAL);
        }
        let (family, port, groups) = address(target.number(call.args[1])?);
        if family != NETLINK {
            return Err(Errno::EINVAL);
        }
        let present = self.sockets.get(&number).map_or(0, |socket| socket.dialogue.port);
        match (present, port) {
            (0, 0) => self.settle_address(number),
            (0, port) if self.is_free(port) => self.take_address(number, port),
            (0, _) => return Err(Errno::EADDRINUSE),
            (present, port) if present == port => {}
            _ => return Err(Errno::EINVAL),
        }
        if groups != 0 {
            self.relay_of(number)?.bind(&SocketAddr::new(0, groups)).map_err(|error| errno_of(&error))?;
        }
        Ok(0)
    }

    /// Remembered for those who ask; what is sent goes to the kernel anyway.
    fn connect(&mut self, number: u64, target: Target, call: &Notification) -> Result<i64, Errno> {
        const SHORTEST: usize = 2;
        let len = address_length(call)?;
        if len < SHORTEST {
            return Err(Errno::EINVAL);
        }
        let family = u32::from(u16::from_ne_bytes(target.number(call.args[1])?));
        let peer = match family {
            0 => (0, 0),
            NETLINK if len >= ADDRESS => {
                let (_, port, groups) = address(target.number(call.args[1])?);
                // One group, the first.
                (port, groups & groups.wrapping_neg())
            }
            _ => return Err(Errno::EINVAL),
        };
        let socket = self.sockets.get_mut(&number).ok_or(Errno::EBADF)?;
        if peer != (0, 0) && !socket.dialogue.is_admin {
            return Err(Errno::EPERM);
        }
        socket.peer = peer;
        if family != 0 {
            self.settle_address(number);
        }
        Ok(0)
    }

    /// The real socket of an emulated one, opened if it was not yet.
    pub(super) fn relay_of(&mut self, number: u64) -> Result<&mut Socket, Errno> {
        let socket = self.sockets.get_mut(&number).ok_or(Errno::EBADF)?;
        if socket.relay().is_none() {
            let relay = socket.open_relay().map_err(|error| errno_of(&error))?;
            let event = EpollEvent::new(EpollFlags::EPOLLIN, token(number, RELAY));
            self.epoll.add(relay, event)?;
        }
        socket.relay().ok_or(Errno::EBADF)
    }

    /// Options of netlink are the real socket's, but for those that are on or off.
    fn set_option(&mut self, number: u64, target: Target, call: &Notification) -> Result<i64, Errno> {
        let [_, level, name, at, len, _] = call.args;
        if level as u32 == libc::SOL_SOCKET as u32 {
            // Of these the filter lets one through alone, of positions that such sockets do not have.
            return Err(Errno::EOPNOTSUPP);
        }
        if level as u32 != SOL_NETLINK {
            return Err(Errno::ENOPROTOOPT);
        }
        let name = name as u32;
        let mut value = vec![0; length(len as u32)?.min(OPTION)];
        target.read(at, &mut value)?;
        let is_flag = FLAGS.contains(&name);
        let socket = self.sockets.get_mut(&number).ok_or(Errno::EBADF)?;
        if is_flag {
            socket.turn(name, value.first_chunk::<4>().is_some_and(|value| *value != [0; 4]));
        }
        if !is_flag || socket.relay().is_some() {
            let relay = self.relay_of(number)?;
            socket_option::set_bytes(&*relay, SOL_NETLINK as i32, name as i32, &value)
                .map_err(|error| errno_of(&error))?;
        }
        Ok(0)
    }

    fn tell_option(&mut self, number: u64, target: Target, call: &Notification) -> Result<i64, Errno> {
        let [_, level, name, at, len_at, _] = call.args;
        let room = length(u32::from_ne_bytes(target.number(len_at)?))?;
        let socket = self.sockets.get_mut(&number).ok_or(Errno::EBADF)?;
        let number_of = |value: u32| value.to_ne_bytes()[..room.min(4)].to_vec();
        let value = match (level as u32, name as u32) {
            (SOL_NETLINK, name) if FLAGS.contains(&name) => {
                if room < 4 {
                    return Err(Errno::EINVAL);
                }
                number_of(u32::from(socket.is_on(name)))
            }
            (SOL_NETLINK, name) => {
                let mut value = vec![0; room.min(OPTION)];
                let relay = self.relay_of(number)?;
                let len = socket_option::read(&*relay, SOL_NETLINK as i32, name as i32, &mut value)
                    .map_err(|error| errno_of(&error))?;
                // Of a list it is told how long it would be.
                let told = u32::try_from(len).unwrap_or(0).to_ne_bytes();
                value.truncate(len);
                target.write(&[(at, &value), (len_at, &told)])?;
                return Ok(0);
            }
            (level, name) if level == libc::SOL_SOCKET as u32 => match name as i32 {
                libc::SO_DOMAIN => number_of(NETLINK),
                libc::SO_PROTOCOL => number_of(GENERIC),
                PEEK_OFF => return Err(Errno::EOPNOTSUPP),
                PEER_GROUPS => return Err(Errno::ENODATA),
                _ => number_of(socket.kind.cast_unsigned()),
            },
            _ => return Err(Errno::ENOPROTOOPT),
        };
        let len = u32::try_from(value.len()).unwrap_or(0);
        target.write(&[(at, &value), (len_at, &len.to_ne_bytes())])?;
        Ok(0)
    }
}

fn set_nonblocking(socket: &Emulated) {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let _ = fcntl(&socket.theirs, FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK));
}

/// Length of the address that a call gives, which is no longer than any can be.
fn address_length(call: &Notification) -> Result<usize, Errno> {
    let len = length(call.args[2] as u32)?;
    if len > size_of::<libc::sockaddr_storage>() { Err(Errno::EINVAL) } else { Ok(len) }
}

/// Family, port and groups of a `struct sockaddr_nl`.
fn address(bytes: [u8; ADDRESS]) -> (u32, u32, u32) {
    let [a, b, _, _, c, d, e, f, g, h, i, j] = bytes;
    let family = u32::from(u16::from_ne_bytes([a, b]));
    (family, u32::from_ne_bytes([c, d, e, f]), u32::from_ne_bytes([g, h, i, j]))
}

fn errno_of(error: &std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EINVAL))
}

/// Writes an address as `getsockname` does: as much as there is room for, and how long it is.
fn tell_address(target: Target, call: &Notification, port: u32, groups: u32) -> Result<i64, Errno> {
    let [_, at, len_at, ..] = call.args;
    let room = length(u32::from_ne_bytes(target.number(len_at)?))?;
    let mut bytes = [0; ADDRESS];
    bytes[..2].copy_from_slice(&(NETLINK as u16).to_ne_bytes());
    bytes[4..8].copy_from_slice(&port.to_ne_bytes());
    bytes[8..].copy_from_slice(&groups.to_ne_bytes());
    target.write(&[(at, &bytes[..ADDRESS.min(room)]), (len_at, &(ADDRESS as u32).to_ne_bytes())])?;
    Ok(0)
}
