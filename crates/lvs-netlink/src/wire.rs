//! Netlink messages and attributes as bytes: headers, padding to four, nests. Numbers are in the machine's order.

use crate::errno::{EBUSY, EINVAL, ENOENT, EOPNOTSUPP, EPERM};
use crate::names::{ctrl, nlm, nlmsg};

/// Length of a message's header, and of the one that generic families have behind it.
pub(crate) const HEADER: usize = 16;
pub(crate) const GENERIC_HEADER: usize = 4;
const ATTR_HEADER: usize = 4;

/// The bits of an attribute's type that say its kind; the two above are flags.
const KIND_MASK: u16 = 0x3fff;

pub(crate) const fn align(len: usize) -> usize {
    (len + 3) & !3
}

/// A message's header (`struct nlmsghdr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub len: u32,
    pub kind: u16,
    pub flags: u16,
    pub seq: u32,
    pub port: u32,
}

impl Header {
    /// Whether the message is one of several of an answer (`NLM_F_MULTI`).
    pub const fn is_part(&self) -> bool {
        self.flags & nlm::MULTI != 0
    }

    /// Whether the message ends an answer of several (`NLMSG_DONE`).
    pub const fn is_done(&self) -> bool {
        self.kind == nlmsg::DONE
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let head = bytes.first_chunk::<HEADER>()?;
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *head;
        Some(Self {
            len: u32::from_ne_bytes([a, b, c, d]),
            kind: u16::from_ne_bytes([e, f]),
            flags: u16::from_ne_bytes([g, h]),
            seq: u32::from_ne_bytes([i, j, k, l]),
            port: u32::from_ne_bytes([m, n, o, p]),
        })
    }

    pub(crate) fn bytes(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..4].copy_from_slice(&self.len.to_ne_bytes());
        bytes[4..6].copy_from_slice(&self.kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&self.flags.to_ne_bytes());
        bytes[8..12].copy_from_slice(&self.seq.to_ne_bytes());
        bytes[12..].copy_from_slice(&self.port.to_ne_bytes());
        bytes
    }
}

/// A message of a datagram: its header, and all its bytes with the header.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub header: Header,
    pub bytes: &'a [u8],
}

impl Message<'_> {
    /// Whether it asks for a dump, of whatever family. A socket cannot give one while another is under way.
    pub const fn asks_for_dump(&self) -> bool {
        const WANTED: u16 = nlm::REQUEST | nlm::DUMP;
        self.header.kind >= nlmsg::MIN_TYPE && self.header.flags & WANTED == WANTED
    }

    /// The error that it tells of; 0 in an acknowledgement.
    pub fn errno(&self) -> Option<i32> {
        let bytes = self.bytes.get(HEADER..)?.first_chunk()?;
        (self.header.kind == nlmsg::ERROR).then(|| i32::from_ne_bytes(*bytes).saturating_neg())
    }

    /// The error of a request for a dump that comes while another is under way, where this is what the kernel says of it to
    /// a socket without one: family, operation and privilege are looked at before.
    pub fn errno_while_dumping(&self, told: Option<&Message<'_>>) -> i32 {
        let is_whole = self.bytes.len() >= HEADER + GENERIC_HEADER;
        match told.and_then(Message::errno) {
            Some(errno @ (EOPNOTSUPP | EPERM)) => errno,
            // The controller itself is always there.
            Some(ENOENT) if self.header.kind != ctrl::FAMILY => ENOENT,
            Some(EINVAL) if !is_whole => EINVAL,
            _ => EBUSY,
        }
    }
}

/// The messages of a datagram, up to the first whose length lies (`netlink_rcv_skb`).
#[derive(Clone, Debug)]
pub struct Messages<'a>(pub &'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        let header = Header::parse(self.0)?;
        let len = usize::try_from(header.len).ok().filter(|len| *len >= HEADER)?;
        let bytes = self.0.get(..len)?;
        self.0 = self.0.get(align(len)..).unwrap_or_default();
        Some(Message { header, bytes })
    }
}

/// An attribute as it came: `at` counts from the beginning of the message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attr<'a> {
    pub(crate) kind: u16,
    pub(crate) data: &'a [u8],
    pub(crate) at: usize,
}

impl Attr<'_> {
    pub(crate) fn u8(&self) -> u8 {
        self.data.first().copied().unwrap_or(0)
    }

    pub(crate) fn u16(&self) -> u16 {
        u16::from_ne_bytes(self.padded())
    }

    pub(crate) fn be16(&self) -> u16 {
        u16::from_be_bytes(self.padded())
    }

    pub(crate) fn u32(&self) -> u32 {
        u32::from_ne_bytes(self.padded())
    }

    /// The first bytes, with zeros where there are none.
    pub(crate) fn padded<const LEN: usize>(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        let len = self.data.len().min(LEN);
        bytes[..len].copy_from_slice(&self.data[..len]);
        bytes
    }

    /// The text up to its end.
    pub(crate) fn text(&self) -> String {
        let end = self.data.iter().position(|byte| *byte == 0).unwrap_or(self.data.len());
        String::from_utf8_lossy(&self.data[..end]).into_owned()
    }
}

/// The attributes of a stretch of a message that begins at `at`.
#[derive(Clone, Debug)]
pub(crate) struct Attrs<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Attrs<'a> {
    pub(crate) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { rest: bytes, at }
    }

    /// Whether bytes are left that make no attribute.
    pub(crate) const fn has_rest(&self) -> bool {
        !self.rest.is_empty()
    }
}

impl<'a> Iterator for Attrs<'a> {
    type Item = Attr<'a>;

    fn next(&mut self) -> Option<Attr<'a>> {
        let [a, b, c, d] = *self.rest.first_chunk::<ATTR_HEADER>()?;
        let len = usize::from(u16::from_ne_bytes([a, b]));
        let data = self.rest.get(ATTR_HEADER..len)?;
        let attr = Attr { kind: u16::from_ne_bytes([c, d]) & KIND_MASK, data, at: self.at };
        self.at += align(len);
        self.rest = self.rest.get(align(len)..).unwrap_or_default();
        Some(attr)
    }
}

/// Puts messages together.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

/// Place where a message or a nest begins, whose length is told at its end.
#[must_use]
pub(crate) struct Open(usize);

impl Writer {
    /// Begins a message.
    pub(crate) fn message(&mut self, header: &Header) -> Open {
        let open = Open(self.bytes.len());
        self.bytes.extend(header.bytes());
        open
    }

    /// Begins a message of a generic family.
    pub(crate) fn generic(&mut self, header: &Header, command: u8, version: u8) -> Open {
        let open = self.message(header);
        self.bytes.extend([command, version, 0, 0]);
        open
    }

    pub(crate) fn end_message(&mut self, Open(at): Open) {
        let len = u32::try_from(self.bytes.len() - at).unwrap_or(u32::MAX);
        self.bytes[at..at + 4].copy_from_slice(&len.to_ne_bytes());
    }

    pub(crate) fn nest(&mut self, kind: u16) -> Open {
        let open = Open(self.bytes.len());
        self.bytes.extend([0; 2]);
        self.bytes.extend(kind.to_ne_bytes());
        open
    }

    pub(crate) fn end_nest(&mut self, Open(at): Open) {
        let len = u16::try_from(self.bytes.len() - at).unwrap_or(u16::MAX);
        self.bytes[at..at + 2].copy_from_slice(&len.to_ne_bytes());
    }

    pub(crate) fn attr(&mut self, kind: u16, data: &[u8]) {
        let open = self.nest(kind);
        self.bytes.extend(data);
        self.end_nest(open);
        self.pad();
    }

    pub(crate) fn text(&mut self, kind: u16, text: &[u8]) {
        self.attr(kind, &[text, b"\0"].concat());
    }

    pub(crate) fn u32(&mut self, kind: u16, value: u32) {
        self.attr(kind, &value.to_ne_bytes());
    }

    pub(crate) fn u64(&mut self, kind: u16, value: u64) {
        self.attr(kind, &value.to_ne_bytes());
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    pub(crate) fn pad(&mut self) {
        self.bytes.resize(align(self.bytes.len()), 0);
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(HEADER + body.len()).unwrap();
        [&Header { len, kind, flags, seq: 1, port: 0 }.bytes()[..], body].concat()
    }

    #[test]
    fn a_dump_while_another_is_under_way_is_refused_by_what_the_kernel_looks_at_first() {
        let other = message(40, nlm::REQUEST | nlm::DUMP, &[1, 1, 0, 0]);
        let short = message(40, nlm::REQUEST | nlm::DUMP, &[]);
        let controller = message(ctrl::FAMILY, nlm::REQUEST | nlm::DUMP, &[10, 1, 0, 0]);
        let of = |asked: &[u8], errno: i32| {
            let told = message(nlmsg::ERROR, 0, &(-errno).to_ne_bytes());
            Messages(asked).next().unwrap().errno_while_dumping(Messages(&told).next().as_ref())
        };
        for errno in [ENOENT, EOPNOTSUPP, EPERM] {
            assert_eq!(of(&other, errno), errno);
        }
        assert_eq!([of(&other, EINVAL), of(&short, EINVAL)], [EBUSY, EINVAL]);
        assert_eq!([of(&controller, ENOENT), of(&controller, EOPNOTSUPP)], [EBUSY, EOPNOTSUPP]);
        let part = message(40, nlm::MULTI, &[1, 1, 0, 0]);
        let asked = Messages(&other).next().unwrap();
        assert_eq!(asked.errno_while_dumping(Messages(&part).next().as_ref()), EBUSY);
        assert_eq!(asked.errno_while_dumping(None), EBUSY);
    }
}
