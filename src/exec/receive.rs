//! Taking messages out of an emulated socket: `recvfrom`, `recvmsg` and `recvmmsg`, carried out here wholly, since a pair cannot
//! tell the sender's address as netlink does.

use std::time::Instant;

use nix::errno::Errno;

use lvs_sys::seccomp::Notification;

use super::target::Target;

/// `struct sockaddr_nl` of the kernel.
const SENDER: [u8; 12] = {
    let mut bytes = [0; 12];
    let family = 16u16.to_ne_bytes();
    bytes[0] = family[0];
    bytes[1] = family[1];
    bytes
};

/// Length of `struct msghdr` and of `struct mmsghdr`, and where in them something is.
const MSGHDR: usize = 56;
const MMSGHDR: u64 = 64;
const NAME_LEN: u64 = 8;
const CONTROL: u64 = 32;
const CONTROL_LEN: u64 = 40;
const FLAGS: u64 = 48;
const COUNT: u64 = 56;

/// Pieces of memory at most (`UIO_MAXIOV`), and messages of one call.
const MOST_PIECES: u64 = 1024;
const MOST_MESSAGES: u64 = 1024;

/// A call that takes messages out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Receive {
    pub(super) id: u64,
    pub(super) target: Target,
    flags: i32,
    form: Form,
}

/// A call that waits for a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) call: Receive,
    /// When its patience ends.
    pub(super) until: Option<Instant>,
    /// Nothing was there for it at first.
    pub(super) has_waited: bool,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    From { at: u64, len: u64, name: u64, name_len: u64 },
    Message(u64),
    Many { at: u64, count: u64 },
}

/// Facts beside a message, for so much room, and whether they are all.
pub(super) type Beside<'a> = dyn Fn(usize) -> (Vec<u8>, bool) + 'a;

/// Outcome of one message.
struct Put {
    /// The call's value.
    value: i64,
    room: usize,
}

/// Room for a message: pieces of memory, and what is told of it.
struct Room {
    pieces: Vec<(u64, usize)>,
    name: Option<(u64, usize)>,
    /// Room for facts beside the message.
    control: Option<(u64, usize)>,
    /// Numbers of 32 and of 64 bits that are written behind.
    name_len: Option<u64>,
    header: Option<u64>,
}

impl Receive {
    pub(super) fn of(call: &Notification) -> Option<Self> {
        let [_, at, len, flags, name, name_len] = call.args;
        let (flags, form) = match i64::from(call.call) {
            libc::SYS_recvfrom => (flags, Form::From { at, len, name, name_len }),
            libc::SYS_recvmsg => (len, Form::Message(at)),
            libc::SYS_recvmmsg => (flags, Form::Many { at, count: len.min(MOST_MESSAGES) }),
            _ => return None,
        };
        let target = Target(call.thread);
        Some(Self { id: call.id, target, flags: flags as u32 as i32, form })
    }

    pub(super) const fn peeks(&self) -> bool {
        self.flags & libc::MSG_PEEK != 0
    }

    /// Netlink knows nothing out of band.
    pub(super) const fn is_odd(&self) -> bool {
        self.flags & libc::MSG_OOB != 0
    }

    pub(super) const fn does_not_wait(&self) -> bool {
        self.flags & libc::MSG_DONTWAIT != 0
    }

    /// How many messages it takes at most.
    pub(super) const fn most(&self) -> u64 {
        match self.form {
            Form::Many { count, .. } => count,
            Form::From { .. } | Form::Message(_) => 1,
        }
    }

    /// Writes messages into the program's memory, with what is told beside them, and says what the call gives and how much room
    /// there was.
    ///
    /// # Errors
    /// No such memory, or we may not write there.
    pub(super) fn put(&self, messages: &[Vec<u8>], beside: &Beside<'_>) -> Result<(i64, usize), Errno> {
        match self.form {
            Form::Many { at, .. } => {
                let mut room = 0;
                for (header, message) in (at..).step_by(MMSGHDR as usize).zip(messages) {
                    let put = self.put_one(&self.message_room(header)?, message, beside)?;
                    room = room.max(put.room);
                    let count = u32::try_from(put.value).unwrap_or(u32::MAX);
                    self.target.write(&[(header + COUNT, &count.to_ne_bytes())])?;
                }
                Ok((messages.len() as i64, room))
            }
            Form::Message(at) => self.put_first(&self.message_room(at)?, messages, beside),
            Form::From { at, len, name, name_len } => {
                let has_name = name != 0 && name_len != 0;
                let name = if has_name {
                    let room = u32::from_ne_bytes(self.target.number(name_len)?);
                    Some((name, usize::try_from(room).map_err(|_| Errno::EINVAL)?))
                } else {
                    None
                };
                let len = usize::try_from(len.min(i32::MAX as u64)).map_err(|_| Errno::EINVAL)?;
                let name_len = has_name.then_some(name_len);
                let room = Room { pieces: vec![(at, len)], name, control: None, name_len, header: None };
                self.put_first(&room, messages, beside)
            }
        }
    }

    fn put_first(
        &self,
        room: &Room,
        messages: &[Vec<u8>],
        beside: &Beside<'_>,
    ) -> Result<(i64, usize), Errno> {
        let put = self.put_one(room, messages.first().ok_or(Errno::EAGAIN)?, beside)?;
        Ok((put.value, put.room))
    }

    fn message_room(&self, at: u64) -> Result<Room, Errno> {
        let header: [u8; MSGHDR] = self.target.number(at)?;
        let number = |at: usize| {
            let bytes: [u8; 8] = header[at..at + 8].try_into().unwrap_or_default();
            u64::from_ne_bytes(bytes)
        };
        let (name, name_len) = (number(0), number(NAME_LEN as usize) as u32);
        let (pieces, count) = (number(16), number(24));
        let control = (number(CONTROL as usize), usize::try_from(number(CONTROL_LEN as usize)).unwrap_or(0));
        if count > MOST_PIECES {
            return Err(Errno::EMSGSIZE);
        }
        let mut list = vec![0; usize::try_from(count * 16).map_err(|_| Errno::EMSGSIZE)?];
        self.target.read(pieces, &mut list)?;
        let pieces = list.chunks_exact(16).map(|piece| {
            let word = |at: usize| u64::from_ne_bytes(piece[at..at + 8].try_into().unwrap_or_default());
            (word(0), usize::try_from(word(8)).unwrap_or(0))
        });
        Ok(Room {
            pieces: pieces.collect(),
            name: (name != 0).then_some((name, name_len as usize)),
            control: (control.0 != 0 && control.1 != 0).then_some(control),
            name_len: (name != 0).then_some(at + NAME_LEN),
            header: Some(at),
        })
    }

    fn put_one(&self, to: &Room, message: &[u8], beside: &Beside<'_>) -> Result<Put, Errno> {
        let mut parts: Vec<(u64, &[u8])> = Vec::new();
        let (mut rest, mut room) = (message, 0usize);
        for (at, len) in &to.pieces {
            room = room.saturating_add(*len);
            let (part, behind) = rest.split_at(rest.len().min(*len));
            parts.push((*at, part));
            rest = behind;
        }
        if let Some((at, len)) = to.name {
            parts.push((at, &SENDER[..SENDER.len().min(len)]));
        }
        let name_len = (SENDER.len() as u32).to_ne_bytes();
        if let Some(at) = to.name_len {
            parts.push((at, &name_len));
        }
        let mut flags = if rest.is_empty() { 0 } else { libc::MSG_TRUNC };
        let mut control = Vec::new();
        if let Some((at, len)) = to.control {
            let is_whole;
            (control, is_whole) = beside(len);
            flags |= if is_whole { 0 } else { libc::MSG_CTRUNC };
            parts.push((at, &control));
        }
        let (flags, control_len) = (flags.to_ne_bytes(), (control.len() as u64).to_ne_bytes());
        if let Some(at) = to.header {
            parts.push((at + CONTROL_LEN, &control_len));
            parts.push((at + FLAGS, &flags));
        }
        self.target.write(&parts)?;
        let whole = self.flags & libc::MSG_TRUNC != 0;
        let len = if whole { message.len() } else { message.len() - rest.len() };
        Ok(Put { value: i64::try_from(len).unwrap_or(i64::MAX), room })
    }
}
