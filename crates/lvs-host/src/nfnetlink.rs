//! The wire of nfnetlink, by which nftables is spoken: messages put together, and taken apart. No crate without a C library does it
//! under our licence. Knows nothing of what is in the messages. Used by `untracked` and `forwarders`.

use std::io;

use netlink_sys::{Socket, SocketAddr};

const NETFILTER: isize = libc::NETLINK_NETFILTER as isize;

const NFTABLES: u16 = libc::NFNL_SUBSYS_NFTABLES as u16;

/// Messages that begin and end a transaction.
const BATCH_BEGIN: u16 = libc::NFNL_MSG_BATCH_BEGIN as u16;
const BATCH_END: u16 = libc::NFNL_MSG_BATCH_END as u16;

const REQUEST: u16 = libc::NLM_F_REQUEST as u16;
const ACK: u16 = libc::NLM_F_ACK as u16;
const DUMP: u16 = libc::NLM_F_DUMP as u16;
pub(super) const CREATE: u16 = libc::NLM_F_CREATE as u16;
pub(super) const APPEND: u16 = libc::NLM_F_APPEND as u16;

const ERROR: u16 = libc::NLMSG_ERROR as u16;
const DONE: u16 = libc::NLMSG_DONE as u16;

pub(super) const INET: u8 = libc::NFPROTO_INET as u8;

/// `NLA_F_NESTED`, and what else is no part of an attribute's kind.
const NESTED: u16 = 0x8000;
const KIND: u16 = 0x3fff;

/// Of a netlink message, and of what nfnetlink puts behind it.
const HEADER: usize = 16;
const NF_HEADER: usize = 4;

/// A socket whose answers are there when the request is sent.
pub(super) fn connect() -> io::Result<Socket> {
    let mut socket = Socket::new(NETFILTER)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    socket.set_non_blocking(true)?;
    Ok(socket)
}

/// All that the kernel has of a kind: the family and the attributes of each.
pub(super) fn dump(socket: &Socket, kind: u16) -> io::Result<Vec<(u8, Vec<u8>)>> {
    let mut batch = Batch { bytes: Vec::new(), messages: 0 };
    batch.push((NFTABLES << 8) | kind, REQUEST | DUMP, 0, 0, &[]);
    socket.send(&batch.bytes, 0)?;
    let mut found = Vec::new();
    loop {
        let mut answer = Vec::with_capacity(1 << 16);
        socket.recv(&mut answer, 0)?;
        for (kind, body) in messages(&answer) {
            match kind {
                DONE => return Ok(found),
                ERROR => {
                    let code = number(body, 0).unwrap_or_default().cast_signed();
                    return Err(io::Error::from_raw_os_error(-code));
                }
                _ => found.extend(
                    body.split_at_checked(NF_HEADER)
                        .and_then(|(header, rest)| Some((*header.first()?, rest.to_vec()))),
                ),
            }
        }
    }
}

/// Carries a batch out. The kernel answers while it is asked.
pub(super) fn carry_out(socket: &Socket, batch: Batch) -> io::Result<()> {
    socket.send(&batch.end(), 0)?;
    let mut codes = Vec::new();
    loop {
        let mut answer = Vec::with_capacity(8192);
        match socket.recv(&mut answer, 0) {
            Ok(_) => codes.extend(error_codes(&answer)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    match codes.iter().find(|code| **code != 0) {
        Some(code) => Err(io::Error::from_raw_os_error(-code)),
        None if codes.is_empty() => Err(io::Error::from(io::ErrorKind::TimedOut)),
        None => Ok(()),
    }
}

/// The codes of all `NLMSG_ERROR` in an answer; 0 is an acknowledgement.
fn error_codes(answer: &[u8]) -> Vec<i32> {
    let of_errors = messages(answer).filter(|(kind, _)| *kind == ERROR);
    of_errors.filter_map(|(_, body)| number(body, 0)).map(u32::cast_signed).collect()
}

/// The kinds and bodies of messages, one after the other.
fn messages(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let len = usize::try_from(number(rest, 0)?).ok()?.max(HEADER);
        let kind = u16::from_ne_bytes(rest.get(4..6)?.try_into().ok()?);
        let body = rest.get(HEADER..len.min(rest.len()))?;
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, body))
    })
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Attributes that came, one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read<'a>(pub(super) &'a [u8]);

impl<'a> Read<'a> {
    pub(super) fn all(self) -> impl Iterator<Item = (u16, &'a [u8])> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let len = usize::from(u16::from_ne_bytes(rest.get(..2)?.try_into().ok()?)).max(4);
            let kind = u16::from_ne_bytes(rest.get(2..4)?.try_into().ok()?) & KIND;
            let value = rest.get(4..len)?;
            rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
            Some((kind, value))
        })
    }

    pub(super) fn get(self, kind: u16) -> Option<&'a [u8]> {
        self.all().find(|(of, _)| *of == kind).map(|(_, value)| value)
    }

    pub(super) fn nested(self, kind: u16) -> Option<Self> {
        self.get(kind).map(Self)
    }

    pub(super) fn number(self, kind: u16) -> Option<u32> {
        Some(u32::from_be_bytes(self.get(kind)?.try_into().ok()?))
    }

    pub(super) fn text(self, kind: u16) -> Option<&'a str> {
        std::str::from_utf8(self.get(kind)?).ok().map(|text| text.trim_end_matches('\0'))
    }
}

/// Attributes of netlink, one after the other.
#[derive(Default)]
pub(super) struct Attributes(Vec<u8>);

impl Attributes {
    pub(super) fn bytes(mut self, kind: u16, value: &[u8]) -> Self {
        let len = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        self.0.extend(len.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    pub(super) fn text(self, kind: u16, value: &str) -> Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.bytes(kind, &bytes)
    }

    /// In network order, as nftables wants all its numbers.
    pub(super) fn number(self, kind: u16, value: u32) -> Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    pub(super) fn nested(self, kind: u16, fill: impl FnOnce(Self) -> Self) -> Self {
        let inner = fill(Self::default());
        self.bytes(kind | NESTED, &inner.0)
    }
}

/// Messages that are carried out together or not at all.
pub(super) struct Batch {
    bytes: Vec<u8>,
    messages: u32,
}

impl Batch {
    pub(super) fn new() -> Self {
        let mut batch = Self { bytes: Vec::new(), messages: 0 };
        batch.push(BATCH_BEGIN, REQUEST, 0, NFTABLES, &[]);
        batch
    }

    pub(super) fn message(&mut self, kind: u16, flags: u16, fill: impl FnOnce(Attributes) -> Attributes) {
        let attributes = fill(Attributes::default());
        self.push((NFTABLES << 8) | kind, REQUEST | ACK | flags, INET, 0, &attributes.0);
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        self.push(BATCH_END, REQUEST, 0, NFTABLES, &[]);
        self.bytes
    }

    fn push(&mut self, kind: u16, flags: u16, family: u8, resource: u16, attributes: &[u8]) {
        let len = u32::try_from(20 + attributes.len()).unwrap_or(u32::MAX);
        self.messages += 1;
        self.bytes.extend(len.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(flags.to_ne_bytes());
        self.bytes.extend(self.messages.to_ne_bytes());
        self.bytes.extend([0; 4]);
        self.bytes.extend([family, 0]);
        self.bytes.extend(resource.to_be_bytes());
        self.bytes.extend(attributes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_whole_and_answers_are_read() {
        let mut batch = Batch::new();
        batch.message(0, CREATE, |a| a.text(1, "tunvs").number(2, 2));
        let bytes = batch.end();
        assert_eq!(bytes.len(), 20 + (20 + 12 + 8) + 20);
        assert_eq!(&bytes[20..28], [40, 0, 0, 0, 0, 10, 5, 4]);
        assert_eq!(&bytes[40..52], [10, 0, 1, 0, b't', b'u', b'n', b'v', b's', 0, 0, 0]);
        assert_eq!(&bytes[52..60], [8, 0, 2, 0, 0, 0, 0, 2]);
        let mut answer = vec![36, 0, 0, 0, 2, 0];
        answer.resize(16, 0);
        answer.extend((-17_i32).to_ne_bytes());
        answer.resize(36, 0);
        let twice = [answer.clone(), answer].concat();
        assert_eq!(error_codes(&twice), [-17, -17]);
        assert!(error_codes(&twice[..10]).is_empty());
        let listed: Vec<_> = Read(&bytes[40..60]).all().collect();
        assert_eq!(listed, [(1, b"tunvs\0".as_slice()), (2, &[0, 0, 0, 2])]);
        assert_eq!((Read(&bytes[40..60]).text(1), Read(&bytes[40..60]).number(2)), (Some("tunvs"), Some(2)));
        assert_eq!(Read(&bytes[40..49]).all().count(), 0, "cut off");
    }
}
