//! SYN cookies: the first sequence number of an answer to a SYN holds all that would have to be remembered of it, under a
//! secret, so that only a client that got the answer can finish the handshake (RFC 4987 3.6). Same job as
//! `net/ipv4/syncookies.c`.
//!
//! The rest lies in the timestamp of the answer, for clients that send any: the shift of the client's window,
//! and whether it takes selective acknowledgements.

use std::net::IpAddr;

use siphasher::sip::SipHasher24;

use crate::service::Endpoint;
use crate::time::Time;
use lvs_wire::tcp_option;

/// Segment sizes that a cookie can name. Of a client's size the next smaller one is kept.
pub(super) const SIZES: [u16; 8] = [256, 536, 1220, 1300, 1380, 1440, 1460, 8940];

/// Sizes of clients that name none (RFC 9293 3.7.1).
const USUAL_SIZES: [u16; 2] = [536, 1220];

/// A cookie is good in its period of 65.5 s and in the next.
const PERIOD_BITS: u32 = 16;
const PERIODS: u64 = 2;

/// Two bits for the period, three for the size, the rest is the proof.
const PERIOD_AT: u32 = 30;
const SIZE_AT: u32 = 27;
const PROOF: u32 = (1 << SIZE_AT) - 1;

/// Low bits of a timestamp that hold what the client offers.
const STAMP_BITS: u32 = 5;
const NO_SCALE: u32 = 15;
const TAKES_SACK: u32 = 16;

/// The largest shift of a window (RFC 7323 2.3).
const MOST_SCALE: u8 = 14;

mod kind {
    pub(super) const SIZE: u8 = 2;
    pub(super) const SCALE: u8 = 3;
    pub(super) const SACK: u8 = 4;
    pub(super) const STAMPS: u8 = 8;
}

/// The offer of a client in its SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    pub size: u16,
    /// The shift of its window.
    pub scale: Option<u8>,
    pub takes_sack: bool,
    /// The client's timestamp.
    pub stamp: Option<u32>,
}

impl Offer {
    /// Reads the options of a SYN, from its TCP header on.
    pub fn of(tcp: &[u8], is_v6: bool) -> Self {
        let header = &tcp[..(usize::from(tcp[12] >> 4) * 4).min(tcp.len())];
        let size =
            tcp_option(header, kind::SIZE, 4).map(|at| u16::from_be_bytes([header[at + 2], header[at + 3]]));
        Self {
            size: size.unwrap_or(USUAL_SIZES[usize::from(is_v6)]),
            scale: tcp_option(header, kind::SCALE, 3).map(|at| header[at + 2].min(MOST_SCALE)),
            takes_sack: tcp_option(header, kind::SACK, 2).is_some(),
            stamp: stamps(header).map(|stamps| stamps.value),
        }
    }

    /// The part of it that an answer can keep: without timestamps there is no place for the rest.
    #[must_use]
    pub const fn kept(self) -> Self {
        match self.stamp {
            Some(_) => self,
            None => Self { scale: None, takes_sack: false, ..self },
        }
    }

    /// The timestamp of the answer.
    pub fn stamp_of_answer(&self, now: Time) -> u32 {
        let scale = self.scale.map_or(NO_SCALE, u32::from);
        let sack = if self.takes_sack { TAKES_SACK } else { 0 };
        (now.0 as u32) >> STAMP_BITS << STAMP_BITS | scale | sack
    }

    /// The offer of a client that shows a size by its cookie, and the rest by its timestamps, which echo that of the answer.
    pub fn shown(size: u16, stamps: Option<Stamps>) -> Self {
        let Some(Stamps { value: stamp, echo }) = stamps else {
            return Self { size, scale: None, takes_sack: false, stamp: None };
        };
        let scale = (echo & NO_SCALE) as u8;
        Self {
            size,
            scale: (scale <= MOST_SCALE).then_some(scale),
            takes_sack: echo & TAKES_SACK != 0,
            stamp: Some(stamp),
        }
    }
}

/// The timestamps option of a TCP header (RFC 7323).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamps {
    /// The sender's own.
    pub value: u32,
    /// The one that it answers.
    pub echo: u32,
}

/// The timestamps of a TCP header.
pub fn stamps(header: &[u8]) -> Option<Stamps> {
    let at = tcp_option(header, kind::STAMPS, 10)?;
    let word = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    Some(Stamps { value: word(at + 2), echo: word(at + 6) })
}

/// Options of a segment that opens a connection, as Linux orders them.
pub fn opening_options(offer: &Offer, answered: u32) -> ([u8; 20], usize) {
    let (mut options, mut len) = ([1; 20], 0);
    let mut put = |bytes: &[u8]| {
        options[len..len + bytes.len()].copy_from_slice(bytes);
        len += bytes.len();
    };
    let [high, low] = offer.size.to_be_bytes();
    put(&[kind::SIZE, 4, high, low]);
    if let Some(stamp) = offer.stamp {
        put(if offer.takes_sack { &[kind::SACK, 2] } else { &[1, 1] });
        put(&[kind::STAMPS, 10]);
        put(&stamp.to_be_bytes());
        put(&answered.to_be_bytes());
    }
    if let Some(scale) = offer.scale {
        put(&[1, kind::SCALE, 3, scale]);
    }
    (options, len)
}

/// Ends and first sequence number of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    pub from: Endpoint,
    pub to: Endpoint,
    pub isn: u32,
}

/// Makes cookies, and knows its own again.
#[derive(Clone, Copy, Debug)]
pub struct SynCookies {
    hasher: SipHasher24,
}

impl SynCookies {
    /// Keys are derived from the secret, which serves others too.
    pub fn new(secret: u128) -> Self {
        let of_secret = SipHasher24::new_with_keys(secret as u64, (secret >> 64) as u64);
        let [one, other] = [b"SYN cookies, one", b"SYN cookies, two"].map(|label| of_secret.hash(label));
        Self { hasher: SipHasher24::new_with_keys(one, other) }
    }

    /// The cookie that answers a SYN of a client that takes segments of that size.
    pub fn bake(&self, opening: &Opening, size: u16, now: Time) -> u32 {
        let size = SIZES.iter().rposition(|known| *known <= size).unwrap_or(0) as u32;
        self.number(opening, size, now.0 >> PERIOD_BITS)
    }

    /// The size that a cookie names, if it was made here for that client and not long ago.
    pub fn size_of(&self, opening: &Opening, cookie: u32, now: Time) -> Option<u16> {
        let size = cookie >> SIZE_AT & 7;
        let this = now.0 >> PERIOD_BITS;
        let is_of = |period: u64| self.number(opening, size, period) == cookie;
        let good = (0..PERIODS).filter_map(|age| this.checked_sub(age)).any(is_of);
        good.then(|| SIZES[size as usize])
    }

    fn number(&self, opening: &Opening, size: u32, period: u64) -> u32 {
        let mut bytes = [0; 49];
        for (at, end) in [(0, opening.from), (18, opening.to)] {
            bytes[at..at + 16].copy_from_slice(&wide(end.addr));
            bytes[at + 16..at + 18].copy_from_slice(&end.port.to_be_bytes());
        }
        bytes[36..40].copy_from_slice(&opening.isn.to_be_bytes());
        bytes[40..48].copy_from_slice(&period.to_be_bytes());
        bytes[48] = size as u8;
        let proof = self.hasher.hash(&bytes) as u32 & PROOF;
        (period as u32 & 3) << PERIOD_AT | size << SIZE_AT | proof
    }
}

fn wide(addr: IpAddr) -> [u8; 16] {
    match addr {
        IpAddr::V4(addr) => addr.to_ipv6_mapped().octets(),
        IpAddr::V6(addr) => addr.octets(),
    }
}

#[cfg(test)]
mod tests;
