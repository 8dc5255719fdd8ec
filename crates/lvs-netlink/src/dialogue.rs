//! The state of one netlink socket, and the refusal of a message.

use crate::errno::ENOENT;
use crate::policy::Said;
use crate::tables::Gone;
use crate::wire::{Header, Message};
use lvs::director::CommandError;

/// A socket's state, as far as answers depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Dialogue {
    /// The number of the family.
    pub family: u16,
    /// The socket's address.
    pub port: u32,
    /// Whether it may change tables (`CAP_NET_ADMIN`).
    pub is_admin: bool,
    /// `NETLINK_EXT_ACK` and `NETLINK_CAP_ACK`.
    pub ext_ack: bool,
    pub cap_ack: bool,
    /// The largest buffer that it was read with.
    pub room: usize,
    /// A dump is under way, and no other can begin.
    pub is_dumping: bool,
}

/// Why a message comes to nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    pub(crate) errno: i32,
    pub(crate) said: Said,
}

impl From<i32> for Refused {
    fn from(errno: i32) -> Self {
        Self { errno, said: Said::default() }
    }
}

impl From<Gone> for Refused {
    fn from(_: Gone) -> Self {
        ENOENT.into()
    }
}

impl From<CommandError> for Refused {
    fn from(error: CommandError) -> Self {
        error.errno().into()
    }
}

impl Dialogue {
    pub(crate) fn header(&self, to: &Message<'_>, kind: u16, flags: u16) -> Header {
        Header { len: 0, kind, flags, seq: to.header.seq, port: self.port }
    }
}
