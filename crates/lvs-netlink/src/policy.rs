//! Rules of attributes (`lib/nlattr.c` as families of before 5.2 are read: what is too long is taken).

use crate::errno::{EINVAL, ERANGE};
use crate::names::{NAME_LEN, attr, daemon, dest, svc};
use crate::wire::{Attr, Attrs};

/// A condition on the data of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Any,
    /// Binary data of so many bytes at least.
    AtLeast(usize),
    /// A number of so many bytes; more are not looked at.
    Number(u8),
    /// Text with an end, of so many letters at most.
    Text(usize),
    /// So many bytes at most.
    Binary(usize),
    Nest,
}

/// Why a message was refused, or what is odd about one that was not (`struct netlink_ext_ack`).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said {
    pub(crate) message: Option<&'static str>,
    /// Of the attribute in question, from the beginning of the message.
    pub(crate) offset: Option<usize>,
    pub(crate) rule: Option<Rule>,
}

/// The attributes of a stretch of a message by their kind; of one that is there twice the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a, const LEN: usize>([Option<Attr<'a>>; LEN]);

impl<'a, const LEN: usize> Found<'a, LEN> {
    pub(crate) fn at(&self, kind: u16) -> Option<&Attr<'a>> {
        self.0.get(usize::from(kind))?.as_ref()
    }
}

pub(crate) const COMMAND: [Rule; attr::MAX + 1] =
    [Rule::Any, Rule::Nest, Rule::Nest, Rule::Nest, Rule::Number(4), Rule::Number(4), Rule::Number(4)];

const NAME: Rule = Rule::Text(NAME_LEN - 1);
/// Of `union nf_inet_addr`.
const ADDR: Rule = Rule::Binary(16);

pub(crate) const SERVICE: [Rule; svc::MAX + 1] = {
    let mut rules = [Rule::Any; svc::MAX + 1];
    rules[svc::AF as usize] = Rule::Number(2);
    rules[svc::PROTOCOL as usize] = Rule::Number(2);
    rules[svc::ADDR as usize] = ADDR;
    rules[svc::PORT as usize] = Rule::Number(2);
    rules[svc::FWMARK as usize] = Rule::Number(4);
    rules[svc::SCHED_NAME as usize] = NAME;
    rules[svc::FLAGS as usize] = Rule::Binary(8);
    rules[svc::TIMEOUT as usize] = Rule::Number(4);
    rules[svc::NETMASK as usize] = Rule::Number(4);
    rules[svc::STATS as usize] = Rule::Nest;
    // One letter more than for a scheduler: the kernel's own slip.
    rules[svc::PE_NAME as usize] = Rule::Text(NAME_LEN);
    rules
};

pub(crate) const DEST: [Rule; dest::MAX + 1] = {
    let mut rules = [Rule::Any; dest::MAX + 1];
    rules[dest::ADDR as usize] = ADDR;
    rules[dest::PORT as usize] = Rule::Number(2);
    rules[dest::FWD_METHOD as usize] = Rule::Number(4);
    rules[dest::WEIGHT as usize] = Rule::Number(4);
    rules[dest::U_THRESH as usize] = Rule::Number(4);
    rules[dest::L_THRESH as usize] = Rule::Number(4);
    rules[dest::ACTIVE_CONNS as usize] = Rule::Number(4);
    rules[dest::INACT_CONNS as usize] = Rule::Number(4);
    rules[dest::PERSIST_CONNS as usize] = Rule::Number(4);
    rules[dest::STATS as usize] = Rule::Nest;
    rules[dest::ADDR_FAMILY as usize] = Rule::Number(2);
    rules[dest::TUN_TYPE as usize] = Rule::Number(1);
    rules[dest::TUN_PORT as usize] = Rule::Number(2);
    rules[dest::TUN_FLAGS as usize] = Rule::Number(2);
    rules
};

pub(crate) const DAEMON: [Rule; daemon::MAX + 1] = {
    let mut rules = [Rule::Any; daemon::MAX + 1];
    rules[daemon::STATE as usize] = Rule::Number(4);
    rules[daemon::MCAST_IFN as usize] = NAME;
    rules[daemon::SYNC_ID as usize] = Rule::Number(4);
    rules[daemon::SYNC_MAXLEN as usize] = Rule::Number(2);
    rules[daemon::MCAST_GROUP as usize] = Rule::Number(4);
    rules[daemon::MCAST_GROUP6 as usize] = Rule::AtLeast(16);
    rules[daemon::MCAST_PORT as usize] = Rule::Number(2);
    rules[daemon::MCAST_TTL as usize] = Rule::Number(1);
    rules
};

/// Reads attributes by their rules (`__nla_validate_parse`).
///
/// # Errors
/// One breaks its rule: the errno.
pub(crate) fn parse<'a, const LEN: usize>(
    mut attrs: Attrs<'a>,
    rules: &[Rule; LEN],
    said: &mut Said,
) -> Result<Found<'a, LEN>, i32> {
    let mut found = [None; LEN];
    for attr in attrs.by_ref() {
        let kind = usize::from(attr.kind);
        let (Some(rule), true) = (rules.get(kind), kind != 0) else { continue };
        if let Err(errno) = keeps(attr.data, *rule) {
            *said = Said {
                message: Some("Attribute failed policy validation"),
                offset: Some(attr.at),
                rule: Some(*rule),
            };
            return Err(errno);
        }
        found[kind] = Some(attr);
    }
    if attrs.has_rest() {
        said.message = Some("bytes leftover after parsing attributes");
    }
    Ok(Found(found))
}

fn keeps(data: &[u8], rule: Rule) -> Result<(), i32> {
    let len = data.len();
    let fits = match rule {
        Rule::Any => true,
        Rule::AtLeast(least) => len >= least,
        Rule::Number(bytes) => len >= usize::from(bytes),
        Rule::Binary(most) => len <= most,
        Rule::Nest => len == 0 || len >= 4,
        Rule::Text(most) => {
            if !data.iter().take(most + 1).any(|byte| *byte == 0) {
                return Err(EINVAL);
            }
            let letters = if data.last() == Some(&0) { len - 1 } else { len };
            letters <= most
        }
    };
    if fits { Ok(()) } else { Err(ERANGE) }
}
