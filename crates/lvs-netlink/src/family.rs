//! Answers of the kernel's controller of families about `IPVS` (`ctrl_fill_info`).

use crate::dialogue::{Dialogue, Refused};
use crate::names::{FAMILY_NAME, FAMILY_VERSION, attr, cmd, ctrl, nlm};
use crate::tables::Tables;
use crate::wire::{Attrs, GENERIC_HEADER, HEADER, Message, Messages, Writer};

/// Flags of an operation: it needs `CAP_NET_ADMIN`, is carried out, dumps, has a policy (`GENL_*`).
const ADMIN_DO: u32 = 1 | 2;
const DUMPS: u32 = 4;
const HAS_POLICY: u32 = 8;

/// All operations, in the kernel's order.
const OPERATIONS: [(u8, u32); 16] = [
    (cmd::NEW_SERVICE, ADMIN_DO | HAS_POLICY),
    (cmd::SET_SERVICE, ADMIN_DO | HAS_POLICY),
    (cmd::DEL_SERVICE, ADMIN_DO | HAS_POLICY),
    (cmd::GET_SERVICE, ADMIN_DO | DUMPS | HAS_POLICY),
    (cmd::NEW_DEST, ADMIN_DO | HAS_POLICY),
    (cmd::SET_DEST, ADMIN_DO | HAS_POLICY),
    (cmd::DEL_DEST, ADMIN_DO | HAS_POLICY),
    (cmd::GET_DEST, 1 | DUMPS | HAS_POLICY),
    (cmd::NEW_DAEMON, ADMIN_DO | HAS_POLICY),
    (cmd::DEL_DAEMON, ADMIN_DO | HAS_POLICY),
    (cmd::GET_DAEMON, 1 | DUMPS | HAS_POLICY),
    (cmd::SET_CONFIG, ADMIN_DO | HAS_POLICY),
    (cmd::GET_CONFIG, ADMIN_DO | HAS_POLICY),
    (cmd::GET_INFO, ADMIN_DO | HAS_POLICY),
    (cmd::ZERO, ADMIN_DO | HAS_POLICY),
    (cmd::FLUSH, ADMIN_DO | HAS_POLICY),
];

/// Whether a message to the controller asks for the family, by its name or else by its number.
pub(crate) fn is_asked_for(message: &Message<'_>, number: u16) -> bool {
    let Some(generic) = message.bytes.get(HEADER..HEADER + GENERIC_HEADER) else { return false };
    let is_dump = message.header.flags & nlm::DUMP == nlm::DUMP;
    if generic[0] != ctrl::GETFAMILY || is_dump || message.header.flags & nlm::REQUEST == 0 {
        return false;
    }
    let attrs = Attrs::new(&message.bytes[HEADER + GENERIC_HEADER..], HEADER + GENERIC_HEADER);
    let (mut by_number, mut by_name) = (None, None);
    for attr in attrs {
        match attr.kind {
            ctrl::FAMILY_ID => by_number = Some(attr.u16()),
            ctrl::FAMILY_NAME => by_name = Some(attr.data.strip_suffix(b"\0") == Some(FAMILY_NAME)),
            _ => {}
        }
    }
    by_name.unwrap_or(by_number == Some(number))
}

/// The answer to such a message.
///
/// # Errors
/// No director, and so no family.
pub(crate) fn describe(
    message: &Message<'_>,
    to: &Dialogue,
    tables: &mut impl Tables,
) -> Result<Vec<u8>, Refused> {
    tables.is_there()?;
    let mut out = Writer::default();
    let open = out.generic(&to.header(message, ctrl::FAMILY, 0), ctrl::NEWFAMILY, ctrl::VERSION);
    write(&mut out, to.family);
    out.end_message(open);
    Ok(out.into_bytes())
}

fn write(out: &mut Writer, number: u16) {
    out.text(ctrl::FAMILY_NAME, FAMILY_NAME);
    out.attr(ctrl::FAMILY_ID, &number.to_ne_bytes());
    out.u32(ctrl::FAMILY_VERSION, FAMILY_VERSION);
    out.u32(ctrl::HDRSIZE, 0);
    out.u32(ctrl::MAXATTR, attr::MAX as u32);
    let all = out.nest(ctrl::OPS);
    for (at, (command, flags)) in (1..).zip(OPERATIONS) {
        let one = out.nest(at);
        out.u32(ctrl::OP_ID, u32::from(command));
        out.u32(ctrl::OP_FLAGS, flags);
        out.end_nest(one);
    }
    out.end_nest(all);
}

/// Whether a message asks for all families.
pub fn listing(message: &Message<'_>) -> bool {
    let is_of_families = message.header.kind == ctrl::FAMILY && message.asks_for_dump();
    is_of_families && message.bytes.get(HEADER) == Some(&ctrl::GETFAMILY)
}

/// Puts into what a kernel has told of its families ours, with ours in place of its own: at the end of the lists that were asked for.
pub fn with_family(datagram: &[u8], to: &Dialogue, lists: &mut Vec<u32>, is_there: bool) -> Vec<u8> {
    let mut out = Writer::default();
    for message in Messages(datagram) {
        let seq = message.header.seq;
        if message.header.kind == ctrl::FAMILY && is_told(&message) {
            continue;
        }
        if message.header.is_done() && lists.contains(&seq) {
            lists.retain(|list| *list != seq);
            if is_there {
                let header = to.header(&message, ctrl::FAMILY, nlm::MULTI);
                let open = out.generic(&header, ctrl::NEWFAMILY, ctrl::VERSION);
                write(&mut out, to.family);
                out.end_message(open);
            }
        }
        out.raw(message.bytes);
        out.pad();
    }
    out.into_bytes()
}

/// Puts the address that a program knows into what the kernel has sent to another.
pub fn readdress(datagram: &mut [u8], from: u32, to: u32) {
    const PORT: usize = 12;
    let mut at = 0;
    while let Some(message) = datagram.get(at..).and_then(|rest| Messages(rest).next()) {
        let (len, is_meant) = (message.bytes.len(), message.header.port == from);
        if is_meant {
            datagram[at + PORT..at + HEADER].copy_from_slice(&to.to_ne_bytes());
        }
        at += crate::wire::align(len);
    }
}

/// Whether a message tells of a family of that name.
fn is_told(message: &Message<'_>) -> bool {
    let body = message.bytes.get(HEADER + GENERIC_HEADER..).unwrap_or_default();
    Attrs::new(body, HEADER + GENERIC_HEADER)
        .any(|attr| attr.kind == ctrl::FAMILY_NAME && attr.data.strip_suffix(b"\0") == Some(FAMILY_NAME))
}
