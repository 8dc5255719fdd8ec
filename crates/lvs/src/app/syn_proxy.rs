//! A TCP connection whose handshake with the client was finished before its server heard of it: what is still to be said to the
//! server, and how the numbers of the two halves differ. Same job as `nf_synproxy_core.c`.
//!
//! The client's numbers are the same on both sides; those of the server are not, as its first one was chosen here. Never sends;
//! the director does.

use super::Again;
use super::sequence::{change_header, selective_acknowledgements, word, write, write_word};
use super::syn_cookie::{Offer, opening_options, stamps};
use crate::service::Endpoint;
use lvs_wire::make::Ends;
use lvs_wire::{BareSegment, Checksum, Headers, PacketBuf, TcpFlags, tcp_option};

const SEQUENCE: usize = 4;
const ACKNOWLEDGEMENT: usize = 8;
const FLAGS: usize = 13;
const WINDOW: usize = 14;
const STAMPS: u8 = 8;
const SCALE: u8 = 3;

/// The shift of windows that clients are told, before it is known what their server uses; Linux's own for 6 MB.
pub const OWN_SCALE: u8 = 7;

/// Hops of a segment that is made here, before the host takes one.
const HOPS: u8 = 65;

/// State of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SynProxy {
    pub client: ProvenClient,
    stage: Stage,
}

/// Proof and offer of a client that finished the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenClient {
    /// The client's first number.
    pub isn: u32,
    /// The number that the answer to its SYN had.
    pub cookie: u32,
    pub offer: Offer,
    /// The timestamp of the answer.
    pub answer_stamp: u32,
    /// The client's window, as its segment had it.
    pub window: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// The server has not answered. Its SYN as it was sent, and how often again.
    Opening {
        sent: Option<Box<[u8]>>,
        repeats: u8,
    },
    Open(Shift),
}

/// Differences of the two halves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shift {
    /// To be added to the server's numbers.
    pub sequence: u32,
    /// To be added to the server's timestamps.
    pub stamp: u32,
    /// The shift of the server's window. None: it does not shift, nor does it expect it of the client.
    pub scale: Option<u8>,
}

/// Meaning of a segment of a server that has not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerStep {
    /// The server has taken the connection: both ends are to be told.
    Opens,
    /// Refused; the segment tells the client so.
    Refuses,
    /// Of an earlier connection, which the server has to give up.
    Stale,
}

/// How far a connection is, as plain values.
#[derive(Clone, Copy, Debug)]
pub enum SynProgress<'a> {
    Opening { sent: Option<&'a [u8]>, repeats: u8 },
    Open(Shift),
}

impl SynProxy {
    pub const fn new(client: ProvenClient) -> Self {
        Self { client, stage: Stage::Opening { sent: None, repeats: 0 } }
    }

    pub fn progress(&self) -> SynProgress<'_> {
        match &self.stage {
            Stage::Opening { sent, repeats } => {
                SynProgress::Opening { sent: sent.as_deref(), repeats: *repeats }
            }
            Stage::Open(shift) => SynProgress::Open(*shift),
        }
    }

    /// Goes on from there. None: what was sent can be no packet.
    pub fn from_progress(client: ProvenClient, progress: &SynProgress<'_>) -> Option<Self> {
        let stage = match *progress {
            SynProgress::Opening { sent, repeats } => {
                let is_whole = |packet: &[u8]| Headers::parse(packet).is_ok_and(|it| it.len == packet.len());
                if !sent.is_none_or(is_whole) {
                    return None;
                }
                Stage::Opening { sent: sent.map(Into::into), repeats }
            }
            SynProgress::Open(shift) => Stage::Open(shift),
        };
        Some(Self { client, stage })
    }

    /// Whether the server has not answered yet.
    pub const fn is_opening(&self) -> bool {
        matches!(self.stage, Stage::Opening { .. })
    }

    /// Whether the server was sent no SYN yet.
    pub const fn is_unsent(&self) -> bool {
        matches!(self.stage, Stage::Opening { sent: None, .. })
    }

    /// Keeps the SYN as it was sent, for when it has to be sent again. False: it was kept before.
    pub fn keep(&mut self, packet: &[u8]) -> bool {
        match &mut self.stage {
            Stage::Opening { sent: sent @ None, .. } => {
                *sent = Some(packet.into());
                true
            }
            Stage::Opening { .. } | Stage::Open(_) => false,
        }
    }

    /// The SYN once more. None: there is no need.
    pub fn repeat(&mut self) -> Option<Again<'_>> {
        match &mut self.stage {
            Stage::Opening { sent: Some(packet), repeats } => {
                let before = *repeats;
                *repeats = before.saturating_add(1);
                Some(Again { packet, repeats: before })
            }
            Stage::Opening { .. } | Stage::Open(_) => None,
        }
    }

    /// Writes the SYN that the server is to see, as the client would have sent it.
    pub fn write_syn(&self, ends: Ends, buf: &mut PacketBuf) {
        let (options, len) = opening_options(&self.client.offer, 0);
        let scale = self.client.offer.scale.unwrap_or(0);
        // No window of a SYN is shifted.
        let window = (u32::from(self.client.window) << scale).clamp(1, u32::from(u16::MAX)) as u16;
        let (seq, flags) = (self.client.isn, TcpFlags::SYN);
        BareSegment { ends, hops: HOPS, seq, ack: 0, flags, window, options: &options[..len] }.fill(buf);
    }

    /// Judges a segment of a server that has not answered yet, from its TCP header on, and takes in where its stream begins. A
    /// refusal is changed so that the client believes it.
    pub fn hear_server(&mut self, tcp: &mut [u8], checksum: Checksum) -> ServerStep {
        let flags = TcpFlags(tcp[FLAGS]);
        if flags.has(TcpFlags::RST) {
            let next = self.client.cookie.wrapping_add(1);
            change_header(tcp, checksum, |header| write(header, SEQUENCE, next));
            return ServerStep::Refuses;
        }
        let is_answer = flags.has(TcpFlags::SYN)
            && flags.has(TcpFlags::ACK)
            && word(tcp, ACKNOWLEDGEMENT) == self.client.isn.wrapping_add(1);
        if !is_answer {
            return ServerStep::Stale;
        }
        let header = &tcp[..header_len(tcp)];
        let sequence = self.client.cookie.wrapping_sub(word(header, SEQUENCE));
        let stamp = stamps(header).map_or(0, |stamps| self.client.answer_stamp.wrapping_sub(stamps.value));
        let scale = tcp_option(header, SCALE, 3).map(|at| header[at + 2].min(14));
        self.stage = Stage::Open(Shift { sequence, stamp, scale });
        ServerStep::Opens
    }

    /// Writes the client's answer to the server's SYN, as the client would have sent it.
    pub fn write_answer(&self, ends: Ends, buf: &mut PacketBuf) {
        let (options, len) = self.stamp_option(self.client.offer.stamp, self.client.answer_stamp);
        let (seq, ack) = (self.client.isn.wrapping_add(1), self.client.cookie.wrapping_add(1));
        let (flags, window) = (TcpFlags::ACK, self.client.window);
        BareSegment { ends, hops: HOPS, seq, ack, flags, window, options: &options[..len] }.fill(buf);
    }

    /// Writes what opens the client's window, which was closed until now: the server's, as its answer had it.
    pub fn write_window(&self, ends: Ends, window: u16, buf: &mut PacketBuf) {
        let (options, len) = self.stamp_option(
            self.client.offer.stamp.map(|_| self.client.answer_stamp),
            self.client.offer.stamp.unwrap_or(0),
        );
        let window = if self.client.offer.scale.is_some() { window >> OWN_SCALE } else { window };
        let (seq, ack) = (self.client.cookie.wrapping_add(1), self.client.isn.wrapping_add(1));
        let flags = TcpFlags::ACK;
        BareSegment { ends, hops: HOPS, seq, ack, flags, window, options: &options[..len] }.fill(buf);
    }

    /// Writes the end of a connection that its client believes to have.
    pub fn write_reset(&self, ends: Ends, buf: &mut PacketBuf) {
        let (seq, ack) = (self.client.cookie.wrapping_add(1), self.client.isn.wrapping_add(1));
        let flags = TcpFlags::RST | TcpFlags::ACK;
        BareSegment { ends, hops: HOPS, seq, ack, flags, window: 0, options: &[] }.fill(buf);
    }

    fn stamp_option(&self, own: Option<u32>, answered: u32) -> ([u8; 12], usize) {
        let mut option = [1; 12];
        let Some(own) = own else { return (option, 0) };
        (option[2], option[3]) = (STAMPS, 10);
        write(&mut option, 4, own);
        write(&mut option, 8, answered);
        (option, option.len())
    }

    /// A segment of the client, from its TCP header on: what it acknowledges is as the server numbers it.
    pub fn adjust_client(&self, tcp: &mut [u8], checksum: Checksum) {
        let Stage::Open(shift) = &self.stage else { return };
        // The server takes windows as they stand.
        let widens = self.client.offer.scale.filter(|_| shift.scale.is_none());
        change_header(tcp, checksum, |header| {
            if TcpFlags(header[FLAGS]).has(TcpFlags::ACK) {
                let places = selective_acknowledgements(header).into_iter().flatten();
                for at in places.flat_map(|at| [at, at + 4]).chain([ACKNOWLEDGEMENT]) {
                    write(header, at, word(header, at).wrapping_sub(shift.sequence));
                }
                if let Some(at) = tcp_option(header, STAMPS, 10) {
                    write(header, at + 6, word(header, at + 6).wrapping_sub(shift.stamp));
                }
            }
            if let Some(scale) = widens.filter(|_| !TcpFlags(header[FLAGS]).has(TcpFlags::SYN)) {
                let window = u32::from(half(header, WINDOW)) << scale;
                write_word(header, WINDOW, window.min(u32::from(u16::MAX)) as u16);
            }
        });
    }

    /// A segment of the server, from its TCP header on: its numbers, timestamps and window are as the client knows them.
    pub fn adjust_server(&self, tcp: &mut [u8], checksum: Checksum) {
        let Stage::Open(shift) = &self.stage else { return };
        change_header(tcp, checksum, |header| {
            write(header, SEQUENCE, word(header, SEQUENCE).wrapping_add(shift.sequence));
            if let Some(at) = tcp_option(header, STAMPS, 10) {
                write(header, at + 2, word(header, at + 2).wrapping_add(shift.stamp));
            }
            let is_opening = TcpFlags(header[FLAGS]).has(TcpFlags::SYN);
            if self.client.offer.scale.is_some() && shift.scale != Some(OWN_SCALE) && !is_opening {
                let window = u32::from(half(header, WINDOW)) << shift.scale.unwrap_or(0) >> OWN_SCALE;
                write_word(header, WINDOW, window.min(u32::from(u16::MAX)) as u16);
            }
        });
    }

    /// A number of the server's stream, as the client knows it.
    pub const fn seen_by_client(&self, number: u32) -> u32 {
        match &self.stage {
            Stage::Open(shift) => number.wrapping_add(shift.sequence),
            Stage::Opening { .. } => number,
        }
    }

    /// A number of the server's stream, as the server knows it.
    pub const fn seen_by_server(&self, number: u32) -> u32 {
        match &self.stage {
            Stage::Open(shift) => number.wrapping_sub(shift.sequence),
            Stage::Opening { .. } => number,
        }
    }
}

/// The ends of what one end of a connection sends to the other.
pub const fn between(from: Endpoint, to: Endpoint) -> Ends {
    Ends::new(from.addr, from.port, to.addr, to.port)
}

fn header_len(tcp: &[u8]) -> usize {
    (usize::from(tcp[12] >> 4) * 4).min(tcp.len())
}

fn half(header: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([header[at], header[at + 1]])
}
