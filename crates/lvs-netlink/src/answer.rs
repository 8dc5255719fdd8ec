//! One netlink socket: messages go in, datagrams as the kernel's family `IPVS` answers come out.
//!
//! Decides nothing about services: what is asked for becomes a command or a query. Same job as the generic netlink half of
//! `ip_vs_ctl.c`, and as what `genetlink.c` and `af_netlink.c` do around it.

use std::collections::VecDeque;

use crate::acknowledge::{acknowledgement, done};
use crate::changes::change;
use crate::dialogue::{Dialogue, Refused};
use crate::errno::{EBUSY, EINVAL, EOPNOTSUPP, EPERM};
use crate::names::{ctrl, nlm, nlmsg};
use crate::policy::{COMMAND, Said, parse};
use crate::questions::{self, Answer, Dump, Parts};
use crate::tables::Tables;
use crate::wire::{Attrs, GENERIC_HEADER, HEADER, Message, Writer};
use crate::{family, names::cmd};

/// Bytes of a datagram of a dump, where the reader has no more room (`NLMSG_GOODSIZE`, with pages of 4096 bytes).
const LEAST_ROOM: usize = 3776;
/// Bytes of a datagram of a dump, where the reader has more room.
const MOST_ROOM: usize = 32_448;

/// Outcome of a message that is not refused.
enum Done {
    /// A message before the acknowledgement, if any; what is odd about the request.
    One(Option<Vec<u8>>, Said),
    /// Messages that a last one ends, and no acknowledgement.
    Dump(Vec<Vec<u8>>),
}

impl Dialogue {
    /// Whether a message is for the family, or asks after it; all others are for other families.
    pub fn is_ours(&self, message: &Message<'_>) -> bool {
        match message.header.kind {
            kind if kind < nlmsg::MIN_TYPE || kind == self.family => true,
            ctrl::FAMILY => family::is_asked_for(message, self.family),
            _ => false,
        }
    }

    /// The datagrams that the kernel would answer a message with.
    pub fn answer(&self, message: &Message<'_>, tables: &mut impl Tables) -> Vec<Vec<u8>> {
        let header = &message.header;
        let is_request = header.flags & nlm::REQUEST != 0 && header.kind >= nlmsg::MIN_TYPE;
        let done =
            if is_request { self.carry_out(message, tables) } else { Ok(Done::One(None, Said::default())) };
        let wants_ack = header.flags & nlm::ACK != 0;
        match done {
            Ok(Done::Dump(datagrams)) => datagrams,
            Ok(Done::One(answer, said)) => {
                let ack = wants_ack.then(|| acknowledgement(self, message, 0, &said));
                answer.into_iter().chain(ack).collect()
            }
            Err(Refused { errno, said }) => vec![acknowledgement(self, message, errno, &said)],
        }
    }

    /// The refusal of a message by that error.
    pub fn refuse(&self, message: &Message<'_>, errno: i32) -> Vec<u8> {
        acknowledgement(self, message, errno, &Said::default())
    }

    fn carry_out(&self, message: &Message<'_>, tables: &mut impl Tables) -> Result<Done, Refused> {
        if message.header.kind == ctrl::FAMILY {
            let answer = family::describe(message, self, tables)?;
            return Ok(Done::One(Some(answer), Said::default()));
        }
        let generic = message.bytes.get(HEADER..HEADER + GENERIC_HEADER).ok_or(EINVAL)?;
        let command = generic[0];
        check_header(message.header.flags, generic)?;
        let is_dump = message.header.flags & nlm::DUMP == nlm::DUMP;
        if !(cmd::NEW_SERVICE..=cmd::FLUSH).contains(&command) || command == cmd::SET_INFO {
            return Err(EOPNOTSUPP.into());
        }
        if !self.is_admin {
            return Err(EPERM.into());
        }
        let attrs = Attrs::new(&message.bytes[HEADER + GENERIC_HEADER..], HEADER + GENERIC_HEADER);
        if is_dump {
            let dump = Dump::of(command).ok_or(EOPNOTSUPP)?;
            if self.is_dumping {
                return Err(EBUSY.into());
            }
            return Ok(Done::Dump(self.dump(message, dump.parts(attrs, tables)?)));
        }
        if matches!(command, cmd::GET_DEST | cmd::GET_DAEMON) {
            return Err(EOPNOTSUPP.into());
        }
        let mut said = Said::default();
        let attrs = parse(attrs, &COMMAND, &mut said).map_err(|errno| Refused { errno, said })?;
        let answer = questions::answer(command, &attrs, tables);
        if let Some(Answer { command, body }) = answer.map_err(|refused| Refused { said, ..refused })? {
            let mut out = Writer::default();
            let open = out.generic(&self.header(message, self.family, 0), command, 1);
            out.raw(&body);
            out.end_message(open);
            return Ok(Done::One(Some(out.into_bytes()), said));
        }
        change(command, &attrs, &mut said, tables).map_err(|refused| Refused { said, ..refused })?;
        Ok(Done::One(None, said))
    }

    /// Parts of a dump as messages, as many in a datagram as there is room for.
    fn dump(&self, message: &Message<'_>, Parts { command, bodies, said }: Parts) -> Vec<Vec<u8>> {
        let header = self.header(message, self.family, nlm::MULTI);
        let messages = bodies.into_iter().map(|body| {
            let mut out = Writer::default();
            let open = out.generic(&header, command, 1);
            out.raw(&body);
            out.end_message(open);
            out.into_bytes()
        });
        let mut messages: VecDeque<Vec<u8>> = messages.chain([done(self, message, &said)]).collect();
        core::iter::from_fn(|| self.next_of_dump(&mut messages)).collect()
    }

    /// The next datagram of a dump whose messages are left: as many as there is room for where it is read, but the last alone.
    pub fn next_of_dump(&self, messages: &mut VecDeque<Vec<u8>>) -> Option<Vec<u8>> {
        let room = self.room.clamp(LEAST_ROOM, MOST_ROOM);
        let mut datagram = messages.pop_front()?;
        while messages.len() > 1
            && messages.front().is_some_and(|next| datagram.len() + next.len() <= room)
            && let Some(message) = messages.pop_front()
        {
            datagram.extend(message);
        }
        Some(datagram)
    }
}

/// Refuses odd headers of commands above the first ones (`resv_start_op`), even of such as are none.
fn check_header(flags: u16, generic: &[u8]) -> Result<(), Refused> {
    let refuse =
        |message| Err(Refused { errno: EINVAL, said: Said { message: Some(message), ..Said::default() } });
    let of_dump = if flags & nlm::DUMP == nlm::DUMP { nlm::DUMP } else { 0 };
    match generic {
        [..=cmd::FLUSH, ..] | [] => Ok(()),
        [_, _, 0, 0] if flags & !(nlm::REQUEST | nlm::ACK | nlm::ECHO | of_dump) == 0 => Ok(()),
        [_, _, 0, 0] => refuse("ambiguous or reserved bits set in nlmsg_flags"),
        _ => refuse("genlmsghdr.reserved field is not 0"),
    }
}
