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

/// A caller of 32 bits, as only the kernel says (`MSG_CMSG_COMPAT`).
const COMPAT: i32 = i32::MIN;

/// Pieces of memory at most (`UIO_MAXIOV`), and messages of one call.
const MOST_PIECES: u64 = 1024;
const MOST_MESSAGES: u32 = 1024;

/// A call that takes messages out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Receive {
    pub(super) id: u64,
    pub(super) target: Target,
    flags: i32,
    form: Form,
}

/// A call that waits for a message.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) call: Receive,
    /// How many messages it takes at most.
    pub(super) most: u64,
    /// Room for the first message; for the others it is looked up when they are there, as in the kernel.
    pub(super) first: MessageBuffer,
    pub(super) since: Instant,
    /// When its patience ends.
    pub(super) until: Option<Instant>,
    /// Nothing was there for it at first.
    pub(super) has_waited: bool,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    From { at: u64, len: u64, name: u64, name_len: u64 },
    Message(u64),
    Many { at: u64, count: u64, limit: u64 },
}

/// Ancillary data of a message.
#[derive(Debug)]
pub(super) struct Ancillary {
    pub(super) bytes: Vec<u8>,
    /// All of it had room.
    pub(super) is_whole: bool,
}

impl Ancillary {
    /// Puts one more `struct cmsghdr` with its data, as the kernel puts it.
    pub(super) fn put(&mut self, room: usize, level: i32, kind: i32, data: &[u8]) {
        const HEADER: usize = 16;
        let out = &mut self.bytes;
        let left = room - out.len();
        if left < HEADER {
            self.is_whole = false;
            return;
        }
        let len = (HEADER + data.len()).min(left);
        out.extend(len.to_ne_bytes());
        out.extend(level.to_ne_bytes());
        out.extend(kind.to_ne_bytes());
        out.extend(&data[..len - HEADER]);
        out.resize(out.len().next_multiple_of(size_of::<usize>()).min(room), 0);
        self.is_whole &= len == HEADER + data.len();
    }
}

/// Facts beside a message, for so much room, and whether they are all.
pub(super) type ControlData<'a> = dyn Fn(usize) -> Ancillary + 'a;

/// Messages that were put into the program's memory: the call's value, the most room that there was for one, and how many are
/// gone, one that found no memory among them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Put {
    pub(super) value: i64,
    pub(super) room: usize,
    pub(super) count: usize,
}

/// Outcome of one message.
struct Delivered {
    /// The call's value.
    value: i64,
    room: usize,
}

/// Room for a message: pieces of memory, and what is told of it.
#[derive(Debug)]
pub(super) struct MessageBuffer {
    pieces: Vec<(u64, usize)>,
    name: Option<u64>,
    /// Room for facts beside the message.
    control: Option<(u64, usize)>,
    name_length: NameLength,
}

impl MessageBuffer {
    pub(super) fn room(&self) -> usize {
        self.pieces.iter().fold(0, |room, (_, len)| room.saturating_add(*len))
    }
}

/// The place where it is told how long the name is.
#[derive(Debug)]
enum NameLength {
    /// By itself.
    Length(u64),
    /// In the header, as it was.
    Header(u64, [u8; MSGHDR]),
}

impl Receive {
    pub(super) fn of(call: &Notification) -> Option<Self> {
        let [_, at, len, flags, name, name_len] = call.args;
        let (flags, form) = match i64::from(call.call) {
            libc::SYS_recvfrom => (flags, Form::From { at, len, name, name_len }),
            libc::SYS_recvmsg => (len, Form::Message(at)),
            libc::SYS_recvmmsg => {
                (flags, Form::Many { at, count: (len as u32).min(MOST_MESSAGES).into(), limit: name })
            }
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

    /// How many messages it takes at most. Nothing is taken for a call that has room for none.
    ///
    /// # Errors
    /// Time or flags make no sense.
    pub(super) fn most(&self) -> Result<u64, Errno> {
        match self.form {
            Form::Message(_) | Form::Many { .. } if self.flags & COMPAT != 0 => Err(Errno::EINVAL),
            Form::From { .. } | Form::Message(_) => Ok(1),
            Form::Many { count, limit, .. } if limit != 0 && self.is_zero(limit)? => Ok(count.min(1)),
            Form::Many { count, .. } => Ok(count),
        }
    }

    /// Room for the message of that number.
    ///
    /// # Errors
    /// No such memory, or what stands there makes no sense.
    pub(super) fn buffer(&self, number: u64) -> Result<MessageBuffer, Errno> {
        match self.form {
            Form::From { at, len, name, name_len } => {
                let len = usize::try_from(len.min(i32::MAX as u64)).map_err(|_| Errno::EINVAL)?;
                let name = (name != 0).then_some(name);
                Ok(MessageBuffer {
                    pieces: vec![(at, len)],
                    name,
                    control: None,
                    name_length: NameLength::Length(name_len),
                })
            }
            Form::Message(at) => self.message_room(at),
            Form::Many { at, .. } => self.message_room(at.wrapping_add(number * MMSGHDR)),
        }
    }

    /// Whether a `struct timespec` is no time at all: so long is waited after the first message.
    fn is_zero(&self, at: u64) -> Result<bool, Errno> {
        let bytes: [u8; 16] = self.target.number(at)?;
        let (seconds, nanos) = bytes.split_at(8);
        let word = |half: &[u8]| i64::from_ne_bytes(half.try_into().unwrap_or_default());
        match (word(seconds), word(nanos)) {
            (0, 0) => Ok(true),
            (0.., 0..1_000_000_000) => Ok(false),
            _ => Err(Errno::EINVAL),
        }
    }

    /// Writes messages into the program's memory, with what is told beside them, as far as there is room.
    ///
    /// # Errors
    /// No memory for the first, or we may not write there.
    pub(super) fn put<'a>(
        &self,
        first: &MessageBuffer,
        messages: impl Iterator<Item = (u64, &'a Vec<u8>)>,
        beside: &ControlData<'_>,
    ) -> Result<Put, Errno> {
        let mut put = Put { value: 0, room: 0, count: 0 };
        for (number, message) in messages {
            let other;
            let room = if number == 0 {
                first
            } else {
                let Ok(room) = self.buffer(number) else { break };
                other = room;
                &other
            };
            put.count += 1;
            match self.put_one(room, message, beside).and_then(|one| self.count(room, one)) {
                Ok(one) => {
                    put.room = put.room.max(one.room);
                    put.value =
                        if matches!(self.form, Form::Many { .. }) { put.value + 1 } else { one.value };
                }
                Err(errno) if number == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(put)
    }

    /// Says in a `struct mmsghdr` how long its message was.
    fn count(&self, room: &MessageBuffer, one: Delivered) -> Result<Delivered, Errno> {
        if let (Form::Many { .. }, NameLength::Header(header, _)) = (&self.form, &room.name_length) {
            let len = u32::try_from(one.value).unwrap_or(u32::MAX);
            self.target.write(&[(header + COUNT, &len.to_ne_bytes())])?;
        }
        Ok(one)
    }

    fn message_room(&self, at: u64) -> Result<MessageBuffer, Errno> {
        let near = self.target.near(at);
        let mut header = [0; MSGHDR];
        near.read(at, &mut header)?;
        let number = |at: usize| {
            let bytes: [u8; 8] = header[at..at + 8].try_into().unwrap_or_default();
            u64::from_ne_bytes(bytes)
        };
        let name = Some(number(0)).filter(|name| *name != 0);
        if name.is_some() {
            length(number(NAME_LEN as usize) as u32)?;
        }
        let (pieces, count) = (number(16), number(24));
        let control = (number(CONTROL as usize), usize::try_from(number(CONTROL_LEN as usize)).unwrap_or(0));
        if count > MOST_PIECES {
            return Err(Errno::EMSGSIZE);
        }
        let mut list = vec![0; usize::try_from(count * 16).map_err(|_| Errno::EMSGSIZE)?];
        near.read(pieces, &mut list)?;
        let pieces = list.chunks_exact(16).map(|piece| {
            let word = |at: usize| u64::from_ne_bytes(piece[at..at + 8].try_into().unwrap_or_default());
            let len = isize::try_from(word(8)).map_err(|_| Errno::EINVAL)?;
            Ok((word(0), len.cast_unsigned()))
        });
        let control = (control.0 != 0 && control.1 != 0).then_some(control);
        Ok(MessageBuffer {
            pieces: pieces.collect::<Result<_, _>>()?,
            name,
            control,
            name_length: NameLength::Header(at, header),
        })
    }

    fn put_one(
        &self,
        to: &MessageBuffer,
        message: &[u8],
        beside: &ControlData<'_>,
    ) -> Result<Delivered, Errno> {
        let mut parts: Vec<(u64, &[u8])> = Vec::new();
        let (mut rest, mut room) = (message, 0usize);
        for (at, len) in &to.pieces {
            room = room.saturating_add(*len);
            let (part, behind) = rest.split_at(rest.len().min(*len));
            parts.push((*at, part));
            rest = behind;
        }
        let name_len = (SENDER.len() as u32).to_ne_bytes();
        if let Some(at) = to.name {
            let room: [u8; 4] = match &to.name_length {
                NameLength::Length(len) => self.target.number(*len)?,
                NameLength::Header(_, header) => {
                    header[NAME_LEN as usize..][..4].try_into().unwrap_or_default()
                }
            };
            parts.push((at, &SENDER[..length(u32::from_ne_bytes(room))?.min(SENDER.len())]));
            if let NameLength::Length(len) = &to.name_length {
                parts.push((*len, &name_len));
            }
        }
        let mut flags = self.flags & libc::MSG_CMSG_CLOEXEC;
        flags |= if rest.is_empty() { 0 } else { libc::MSG_TRUNC };
        let (control_at, control_room) = to.control.unwrap_or_default();
        let control = beside(control_room);
        flags |= if control.is_whole { 0 } else { libc::MSG_CTRUNC };
        parts.push((control_at, &control.bytes));
        let control_len = control.bytes.len() as u64;
        let header = if let NameLength::Header(at, mut header) = to.name_length {
            let mut put = |at: u64, bytes: &[u8]| header[at as usize..][..bytes.len()].copy_from_slice(bytes);
            if to.name.is_some() {
                put(NAME_LEN, &name_len);
            }
            put(CONTROL_LEN, &control_len.to_ne_bytes());
            put(FLAGS, &flags.to_ne_bytes());
            Some((at, header))
        } else {
            None
        };
        if let Some((at, header)) = &header {
            parts.push((*at, header));
        }
        self.target.write(&parts)?;
        let whole = self.flags & libc::MSG_TRUNC != 0;
        let len = if whole { message.len() } else { message.len() - rest.len() };
        Ok(Delivered { value: i64::try_from(len).unwrap_or(i64::MAX), room })
    }
}

/// A length of 32 bits that programs give with a sign.
///
/// # Errors
/// The length is negative.
pub(super) fn length(given: u32) -> Result<usize, Errno> {
    usize::try_from(given.cast_signed()).map_err(|_| Errno::EINVAL)
}
