//! Acknowledgements, errors and the end of a dump (`netlink_ack`, `netlink_dump_done`).

use crate::dialogue::Dialogue;
use crate::names::{nlm, nlmsg, tlv};
use crate::policy::{Rule, Said};
use crate::wire::{HEADER, Message, Writer};

/// Tells how a message went; `errno` is 0 where it went well.
pub(crate) fn acknowledgement(to: &Dialogue, message: &Message<'_>, errno: i32, said: &Said) -> Vec<u8> {
    let is_whole = errno != 0 && !to.cap_ack;
    let has_more = to.ext_ack && (said.message.is_some() || errno != 0 && said.offset.is_some());
    let mut flags = if is_whole { 0 } else { nlm::CAPPED };
    if has_more {
        flags |= nlm::ACK_TLVS;
    }
    let mut out = Writer::default();
    let open = out.message(&to.header(message, nlmsg::ERROR, flags));
    out.raw(&(-errno).to_ne_bytes());
    out.raw(if is_whole { message.bytes } else { &message.bytes[..HEADER] });
    out.pad();
    if has_more {
        if let Some(text) = said.message {
            out.text(tlv::MSG, text.as_bytes());
        }
        if let Some(offset) = said.offset.filter(|_| errno != 0) {
            out.u32(tlv::OFFS, u32::try_from(offset).unwrap_or(u32::MAX));
        }
        if let Some(rule) =
            said.rule.filter(|rule| errno != 0 && !matches!(rule, Rule::Any | Rule::AtLeast(_)))
        {
            policy(&mut out, rule);
        }
    }
    out.end_message(open);
    out.into_bytes()
}

/// The last message of a dump, with what is odd about the question.
pub(crate) fn done(to: &Dialogue, message: &Message<'_>, said: &Said) -> Vec<u8> {
    let told = said.message.filter(|_| to.ext_ack);
    let flags = if told.is_some() { nlm::MULTI | nlm::ACK_TLVS } else { nlm::MULTI };
    let mut out = Writer::default();
    let open = out.message(&to.header(message, nlmsg::DONE, flags));
    out.raw(&0i32.to_ne_bytes());
    if let Some(text) = told {
        out.text(tlv::MSG, text.as_bytes());
    }
    out.end_message(open);
    out.into_bytes()
}

/// Types of attributes as the kernel tells them (`NL_ATTR_TYPE_*`), and what it tells of them (`NL_POLICY_TYPE_ATTR_*`).
mod told {
    pub(super) const U8: u32 = 2;
    pub(super) const U16: u32 = 3;
    pub(super) const U32: u32 = 4;
    pub(super) const BINARY: u32 = 11;
    pub(super) const NUL_STRING: u32 = 12;
    pub(super) const NESTED: u32 = 13;
    pub(super) const TYPE: u16 = 1;
    pub(super) const MIN_VALUE_U: u16 = 4;
    pub(super) const MAX_VALUE_U: u16 = 5;
    pub(super) const MAX_LENGTH: u16 = 7;
}

fn policy(out: &mut Writer, rule: Rule) {
    let nest = out.nest(tlv::POLICY | NESTED_BIT);
    match rule {
        Rule::Number(bytes) => {
            let (kind, most) = match bytes {
                1 => (told::U8, u64::from(u8::MAX)),
                2 => (told::U16, u64::from(u16::MAX)),
                _ => (told::U32, u64::from(u32::MAX)),
            };
            out.u64(told::MIN_VALUE_U, 0);
            out.u64(told::MAX_VALUE_U, most);
            out.u32(told::TYPE, kind);
        }
        Rule::Text(most) => {
            out.u32(told::MAX_LENGTH, u32::try_from(most).unwrap_or(u32::MAX));
            out.u32(told::TYPE, told::NUL_STRING);
        }
        Rule::Binary(most) => {
            out.u32(told::MAX_LENGTH, u32::try_from(most).unwrap_or(u32::MAX));
            out.u32(told::TYPE, told::BINARY);
        }
        Rule::Nest => out.u32(told::TYPE, told::NESTED),
        Rule::Any | Rule::AtLeast(_) => {}
    }
    out.end_nest(nest);
}

const NESTED_BIT: u16 = 0x8000;
