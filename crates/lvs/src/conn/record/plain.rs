//! A connection to a server, without anything that few connections have, read where it lies. Most of a store are such, and it is taken
//! over as fast as these are read.
//!
//! Has no form of its own: what is plain here, [`decode`](super::decode) reads as the same connection. All else, damage included, is
//! left to that one.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use super::ServerRef;
use super::bytes::Source;
use super::decode::{is_of_protocol, latest, server_ref, state_of};
use super::encode::part;
use crate::conn::addrs::Addrs;
use crate::conn::connection::{Binding, Ends};
use crate::conn::{ConnFlags, Connection, State};
use crate::service::{Method, RealServer};
use crate::time::Time;

/// Bytes before the ends.
const HEAD: usize = 22;

/// A part's kind and length.
const PART: usize = 3;

/// A stored connection that has ends of one family, a server, and at most a place above it, a label and an age.
#[derive(Debug)]
pub struct PlainRecord<'a> {
    protocol: u8,
    method: Method,
    pub state: State,
    pub flags: ConnFlags,
    synced_state: u8,
    in_packets: u32,
    pub expires_at: Time,
    /// Seconds.
    pub timeout: u32,
    ends: PlainEnds<'a>,
    /// Bytes that name the server: the same for all connections to it.
    pub server: &'a [u8],
    pub label: Option<u32>,
    pub controller: Option<u32>,
    pub age: Option<u32>,
}

impl<'a> PlainRecord<'a> {
    /// Reads one that was written at that time. None: it is not plain, or damaged.
    #[inline]
    pub(super) fn read(bytes: &'a [u8], written_at: Time) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
        let [protocol, method, kind, state, flags, synced_state, rest_of_head @ ..] = *head;
        let (in_packets, expires_in, timeout) = numbers(rest_of_head);
        let (method, state) = (Method::from_number(method)?, state_of(kind, state)?);
        let (ends, rest) = PlainEnds::read(rest)?;
        let (server, mut rest) = next_part(rest, part::SERVER)?;
        let (mut label, mut controller, mut age) = (None, None, None);
        while let [kind, ..] = *rest {
            let value = match kind {
                part::LABEL => &mut label,
                part::CONTROLLER => &mut controller,
                part::AGE => &mut age,
                _ => return None,
            };
            let (number, after) = next_part(rest, kind)?;
            *value = Some(u32::from_le_bytes(number.try_into().ok()?));
            rest = after;
        }
        let mut flags = ConnFlags(flags);
        flags.set(ConnFlags::ENDING, false);
        let expires_at = Time(written_at.0.saturating_add_signed(expires_in)).min(latest(written_at));
        is_of_protocol(state, protocol).then_some(Self {
            protocol,
            method,
            state,
            flags,
            synced_state,
            in_packets,
            expires_at,
            timeout,
            ends,
            server,
            label,
            controller,
            age,
        })
    }

    /// Reads the name of the server. None: it is none.
    pub fn server_ref(&self) -> Option<ServerRef> {
        let mut source = Source::new(self.server, "a part of a connection", Time::ZERO);
        server_ref(&mut source).ok().filter(|_| source.is_empty())
    }

    /// The connection with that deadline, not counted at `server` yet. It stands under nothing, and controls nothing.
    #[inline]
    pub fn made(self, server: Arc<RealServer>, expires_at: Time) -> Connection {
        let binding = Binding { method: self.method, flags: self.flags, server: Some(server) };
        let mut conn = Connection::with(self.protocol, self.state, self.ends.made(), binding, Time::ZERO);
        conn.synced_state = self.synced_state;
        conn.in_packets = self.in_packets;
        conn.timer.set_timeout(Duration::from_secs(self.timeout.into()));
        conn.timer.set_deadline(expires_at);
        conn
    }
}

/// Packets of the client, milliseconds until it ends, and its timeout in seconds.
fn numbers(bytes: [u8; 16]) -> (u32, i64, u32) {
    let all = u128::from_le_bytes(bytes);
    (all as u32, (all >> 32) as i64, (all >> 96) as u32)
}

/// Three ends of one family as they lie there: each its family, its address and its port.
#[derive(Debug)]
enum PlainEnds<'a> {
    V4(&'a [[u8; 7]; 3]),
    V6(&'a [[u8; 19]; 3]),
}

impl<'a> PlainEnds<'a> {
    #[inline]
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let family = *bytes.first()?;
        match family {
            4 => three(bytes, family).map(|(ends, rest)| (Self::V4(ends), rest)),
            6 => three(bytes, family).map(|(ends, rest)| (Self::V6(ends), rest)),
            _ => None,
        }
    }

    #[inline]
    fn made(&self) -> Ends {
        match *self {
            Self::V4(ends) => Ends {
                addrs: Addrs::V4(ends.map(|[_, octets @ .., _, _]| Ipv4Addr::from(octets))),
                ports: ends.map(|[.., low, high]| u16::from_le_bytes([low, high])),
            },
            Self::V6(ends) => {
                let addrs = ends.map(|[_, octets @ .., _, _]| Ipv6Addr::from(octets).into());
                Ends {
                    addrs: Addrs::Wide(Box::new(addrs)),
                    ports: ends.map(|[.., low, high]| u16::from_le_bytes([low, high])),
                }
            }
        }
    }
}

/// Three ends of so many bytes, if all are of that family, and what comes behind them.
#[inline]
fn three<const END: usize>(bytes: &[u8], family: u8) -> Option<(&[[u8; END]; 3], &[u8])> {
    let (ends, rest) = bytes.split_at_checked(3 * END)?;
    let ends = ends.as_chunks().0.first_chunk()?;
    ends.iter().all(|end: &[u8; END]| end[0] == family).then_some((ends, rest))
}

/// The content of the next part, if it is of that kind, and what comes behind it.
#[inline]
fn next_part(bytes: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let ([found, low, high], rest) = bytes.split_first_chunk::<PART>()?;
    if *found != kind {
        return None;
    }
    rest.split_at_checked(usize::from(u16::from_le_bytes([*low, *high])))
}
