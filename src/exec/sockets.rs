//! Calls on emulated sockets but for those that take messages out: opening, addresses, options, copies.

use std::os::fd::AsFd;

use netlink_sys::SocketAddr;
use nix::errno::Errno;

use lvs_sys::seccomp::{Answer, Notification};
use lvs_sys::socket_option;

use super::emulated::Emulated;
use super::names::{GENERIC, NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK, SOL_NETLINK};
use super::supervisor::{PAIR, RELAY, Supervisor, token};
use super::target::Target;

/// Length of `struct sockaddr_nl`.
const ADDRESS: usize = 12;

/// Room for an option of netlink.
const OPTION: usize = 256;

/// The bits of a socket's type that say its kind.
const KIND: u64 = 0xf;

impl Supervisor {
    /// Opens an emulated socket in place of a netlink one. In another network there is no director to ask.
    pub(super) fn open_socket(&mut self, call: &Notification) -> Option<Answer> {
        let target = Target(call.thread);
        let kind = (call.args[1] & KIND) as i32;
        let is_elsewhere = target.network() != self.network;
        if is_elsewhere || !matches!(kind, libc::SOCK_RAW | libc::SOCK_DGRAM) {
            return Some(Answer::Continue);
        }
        self.sweep_if_crowded();
        let status = target.status();
        let opener = status.process().unwrap_or(call.thread);
        let open = || {
            let socket = Emulated::new(kind, opener, status.is_net_admin())?;
            Ok::<_, std::io::Error>((socket.number()?, socket))
        };
        // Where there are no descriptors left, some are of sockets that nobody has any more.
        let opened = open().or_else(|_| {
            self.sweep();
            self.sweep();
            open()
        });
        let Ok((number, socket)) = opened else { return Some(Answer::Error(libc::EMFILE)) };
        let flags = call.args[1] as i32;
        if flags & libc::SOCK_NONBLOCK != 0 {
            set_nonblocking(&socket);
        }
        let close_on_exec = flags & libc::SOCK_CLOEXEC != 0;
        let watched = self
            .watch(&socket.ours, token(number, PAIR))
            .and_then(|()| self.watch(&socket.relay, token(number, RELAY)));
        if watched.is_err() {
            return Some(Answer::Error(libc::EMFILE));
        }
        // One that reaches nobody is closed again.
        if self.give(call.id, &socket.theirs, Some(call.thread), close_on_exec).is_some() {
            self.sockets.insert(number, socket);
        }
        None
    }

    pub(super) fn of_socket(&mut self, call: &Notification) -> Option<Answer> {
        let target = Target(call.thread);
        let is_option = matches!(i64::from(call.call), libc::SYS_setsockopt | libc::SYS_getsockopt);
        if is_option && call.args[1] as u32 == libc::IPPROTO_IP as u32 {
            return self.of_option(call);
        }
        let Some(number) = target.socket(call.args[0] as u32) else { return Some(Answer::Continue) };
        let Some(socket) = self.sockets.get_mut(&number) else { return Some(Answer::Continue) };
        let answered = match i64::from(call.call) {
            libc::SYS_bind => bind(socket, target, call),
            libc::SYS_connect => Ok(0),
            libc::SYS_getsockname => {
                let address = socket.address();
                tell_address(target, call, address.port_number(), address.multicast_groups())
            }
            libc::SYS_getpeername => tell_address(target, call, 0, 0),
            libc::SYS_setsockopt => set_option(socket, target, call),
            libc::SYS_getsockopt => tell_option(socket, target, call),
            libc::SYS_dup | libc::SYS_fcntl => {
                let close_on_exec =
                    i64::from(call.call) == libc::SYS_fcntl && call.args[1] as i32 == libc::F_DUPFD_CLOEXEC;
                let Ok(copy) = socket.theirs.as_fd().try_clone_to_owned() else {
                    return Some(Answer::Error(libc::EMFILE));
                };
                self.give(call.id, &copy, Some(call.thread), close_on_exec);
                return None;
            }
            _ => return Some(Answer::Continue),
        };
        Some(match answered {
            Ok(value) => Answer::Value(value),
            Err(errno) => Answer::Error(errno as i32),
        })
    }
}

fn set_nonblocking(socket: &Emulated) {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let _ = fcntl(&socket.theirs, FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK));
}

fn bind(socket: &mut Emulated, target: Target, call: &Notification) -> Result<i64, Errno> {
    if (call.args[2] as u32 as usize) < ADDRESS {
        return Err(Errno::EINVAL);
    }
    let bytes: [u8; ADDRESS] = target.number(call.args[1])?;
    let [a, b, _, _, c, d, e, f, g, h, i, j] = bytes;
    if u32::from(u16::from_ne_bytes([a, b])) != NETLINK {
        return Err(Errno::EINVAL);
    }
    let address = SocketAddr::new(u32::from_ne_bytes([c, d, e, f]), u32::from_ne_bytes([g, h, i, j]));
    socket.bind(&address).map(|()| 0).map_err(|error| errno_of(&error))
}

fn errno_of(error: &std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EINVAL))
}

/// Writes an address as `getsockname` does: as much as there is room for, and how long it is.
fn tell_address(target: Target, call: &Notification, port: u32, groups: u32) -> Result<i64, Errno> {
    let [_, at, len_at, ..] = call.args;
    let room = u32::from_ne_bytes(target.number(len_at)?) as usize;
    let mut bytes = [0; ADDRESS];
    bytes[..2].copy_from_slice(&(NETLINK as u16).to_ne_bytes());
    bytes[4..8].copy_from_slice(&port.to_ne_bytes());
    bytes[8..].copy_from_slice(&groups.to_ne_bytes());
    target.write(&[(at, &bytes[..ADDRESS.min(room)]), (len_at, &(ADDRESS as u32).to_ne_bytes())])?;
    Ok(0)
}

/// Options of netlink are the real socket's; two of them change what answers look like.
fn set_option(socket: &mut Emulated, target: Target, call: &Notification) -> Result<i64, Errno> {
    let [_, _, name, at, len, _] = call.args;
    let mut value = vec![0; (len as u32 as usize).min(OPTION)];
    target.read(at, &mut value)?;
    let (level, option) = (SOL_NETLINK as i32, name as i32);
    socket_option::set_bytes(&socket.relay, level, option, &value).map_err(|error| errno_of(&error))?;
    let is_on = value.iter().any(|byte| *byte != 0);
    match name {
        NETLINK_EXT_ACK => socket.dialogue.ext_ack = is_on,
        NETLINK_CAP_ACK => socket.dialogue.cap_ack = is_on,
        _ => {}
    }
    Ok(0)
}

fn tell_option(socket: &Emulated, target: Target, call: &Notification) -> Result<i64, Errno> {
    let [_, level, name, at, len_at, _] = call.args;
    let room = u32::from_ne_bytes(target.number(len_at)?) as usize;
    let value = if level as u32 == SOL_NETLINK {
        let mut value = vec![0; room.min(OPTION)];
        let len = socket_option::read(&socket.relay, level as i32, name as i32, &mut value)
            .map_err(|error| errno_of(&error))?;
        value.truncate(len);
        value
    } else {
        let number = match name as i32 {
            libc::SO_DOMAIN => NETLINK,
            libc::SO_PROTOCOL => GENERIC,
            _ => socket.kind.cast_unsigned(),
        };
        number.to_ne_bytes()[..room.min(4)].to_vec()
    };
    let len = u32::try_from(value.len()).unwrap_or(0);
    target.write(&[(at, &value), (len_at, &len.to_ne_bytes())])?;
    Ok(0)
}
