//! Requests for changes to the kernel, many in one system call, which returns when all of them are carried out.
//!
//! Owns a socket for them. Only the last of a call asks for an answer: a failure is answered in any case. Called by `kernel`.

use std::io;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage::{self, NewTrafficFilter};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{RcvBuf, RcvBufForce};
use parking_lot::Mutex;
use rtnetlink::sys::protocols::NETLINK_ROUTE;
use rtnetlink::sys::{Socket, SocketAddr};

use super::messages::Request;

/// Requests of one call.
const MOST: usize = 256;

/// Room for as many failures.
const ROOM: usize = 1 << 20;

/// One read.
const READ: usize = 32 << 10;

/// Length of a message is a multiple of this.
const ALIGN: usize = 4;

pub(super) struct Requests(Mutex<State>);

struct State {
    socket: Socket,
    /// Number of the last request.
    last: u32,
}

impl std::fmt::Debug for Requests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Requests").finish_non_exhaustive()
    }
}

impl Requests {
    /// # Errors
    /// The kernel gives no such socket.
    pub(super) fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        socket.set_non_blocking(true)?;
        // Failures without the whole request.
        let _ = socket.set_cap_ack(true);
        if setsockopt(&socket, RcvBufForce, &ROOM).is_err() {
            setsockopt(&socket, RcvBuf, &ROOM)?;
        }
        Ok(Self(Mutex::new(State { socket, last: 0 })))
    }

    /// Has requests carried out in their order, whatever becomes of those before; one result each.
    pub(super) fn carry_out(&self, requests: Vec<Request>) -> Vec<io::Result<()>> {
        let mut results = Vec::with_capacity(requests.len());
        let mut requests = requests.into_iter();
        loop {
            let part: Vec<Request> = requests.by_ref().take(MOST).collect();
            if part.is_empty() {
                return results;
            }
            results.extend(self.0.lock().carry_out(part));
        }
    }
}

impl State {
    fn carry_out(&mut self, requests: Vec<Request>) -> Vec<io::Result<()>> {
        let count = requests.len();
        let first = self.last.wrapping_add(1);
        let text = self.text(requests);
        let sent = self.socket.send(&text, 0).map(drop).and_then(|()| self.answers(first, count));
        match sent {
            Ok(results) => results,
            Err(error) => (0..count).map(|_| Err(same(&error))).collect(),
        }
    }

    fn text(&mut self, requests: Vec<Request>) -> Vec<u8> {
        let (count, mut text) = (requests.len(), Vec::new());
        for (number, request) in (1..).zip(requests) {
            let mut message = NetlinkMessage::from(request.message);
            message.header.flags = NLM_F_REQUEST;
            if request.creates {
                message.header.flags |= NLM_F_CREATE;
                // A filter takes the place of one that another director left.
                if !matches!(message.payload, NetlinkPayload::InnerMessage(NewTrafficFilter(_))) {
                    message.header.flags |= NLM_F_EXCL;
                }
            }
            if number == count {
                message.header.flags |= NLM_F_ACK;
            }
            self.last = self.last.wrapping_add(1);
            message.header.sequence_number = self.last;
            message.finalize();
            let (start, len) = (text.len(), message.buffer_len());
            text.resize(start + len.next_multiple_of(ALIGN), 0);
            message.serialize(&mut text[start..start + len]);
        }
        text
    }

    /// Failures are there when the call returns, and the answer to the last request is behind them.
    fn answers(&self, first: u32, count: usize) -> io::Result<Vec<io::Result<()>>> {
        let mut results: Vec<io::Result<()>> = (0..count).map(|_| Ok(())).collect();
        let mut room = Vec::with_capacity(READ);
        loop {
            room.clear();
            self.socket.recv(&mut room, 0)?;
            let mut messages = &room[..];
            while !messages.is_empty() {
                let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(messages)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                let len = (message.header.length as usize).next_multiple_of(ALIGN);
                messages = messages.get(len..).unwrap_or_default();
                let NetlinkPayload::Error(answer) = message.payload else { continue };
                // What an earlier call left unread has another number.
                let number = message.header.sequence_number.wrapping_sub(first) as usize;
                let Some(result) = results.get_mut(number) else { continue };
                if answer.code.is_some() {
                    *result = Err(answer.to_io());
                }
                if number + 1 == count {
                    return Ok(results);
                }
            }
        }
    }
}

fn same(error: &io::Error) -> io::Error {
    error
        .raw_os_error()
        .map_or_else(|| io::Error::new(error.kind(), error.to_string()), io::Error::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use netlink_packet_route::link::{LinkAttribute, LinkMessage};

    use super::*;

    /// Questions change nothing.
    fn question(name: &str) -> Request {
        let mut message = LinkMessage::default();
        message.attributes = vec![LinkAttribute::IfName(name.to_owned())];
        Request { message: RouteNetlinkMessage::GetLink(message), creates: false }
    }

    #[test]
    fn each_request_has_its_own_result() {
        let requests = Requests::open().unwrap();
        for count in [0, 1, 2, MOST, 2 * MOST + 3] {
            let is_there = |number: usize| number.is_multiple_of(20);
            let asked =
                (0..count).map(|number| question(if is_there(number) { "lo" } else { "no-such-link" }));
            let results = requests.carry_out(asked.collect());
            assert_eq!(results.len(), count);
            for (number, result) in results.iter().enumerate() {
                let error = result.as_ref().err().and_then(io::Error::raw_os_error);
                let expected = if is_there(number) { None } else { Some(libc::ENODEV) };
                assert_eq!(error, expected, "{number} of {count}: {result:?}");
            }
        }
    }
}
