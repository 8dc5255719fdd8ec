//! SYNs, and answers to them, that wait until packets of other flows have gone first, so that a flood of them holds up nobody who
//! is connected.
//!
//! Keeps the order of each flow. Owns copies of the packets that wait, in room that is made once. Called by a director's queue.

use super::header::{TcpFlags, protocol};
use super::{Offload, PacketBuf};

/// The longest packet that waits: a SYN with all options of IPv6 and TCP that are seen. A longer one has data.
const LONGEST: usize = 256;

/// Of a packet that waits no more.
const GONE: u32 = 0;

/// SYNs in the order in which they came, in a ring.
#[derive(Debug)]
pub struct Openings {
    /// A number for the flow of each, beside the packets so that all can be looked through.
    flows: Box<[u32]>,
    waiting: Box<[Opening]>,
    first: usize,
    len: usize,
}

#[derive(Clone, Debug)]
struct Opening {
    bytes: [u8; LONGEST],
    len: usize,
    offload: Offload,
}

/// Whether a packet waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldOutcome {
    /// Waits now.
    Waits,
    /// Would wait, but finds no room.
    NoRoom,
    /// Goes first.
    Not,
    /// Goes first, but behind those of its flow that wait: [`Openings::next_of`].
    Behind(u32),
}

impl Openings {
    /// With room for so many, at least one.
    pub fn new(room: usize) -> Self {
        let room = room.max(1);
        let none = Opening { bytes: [0; LONGEST], len: 0, offload: Offload::default() };
        Self { flows: vec![GONE; room].into(), waiting: vec![none; room].into(), first: 0, len: 0 }
    }

    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes a packet in, if it is a SYN that may wait.
    pub fn hold(&mut self, packet: &PacketBuf) -> HoldOutcome {
        let is_opening = is_opening(packet.bytes());
        if !is_opening && self.len == 0 {
            return HoldOutcome::Not;
        }
        let Some(flow) = flow_of(packet.bytes()) else { return HoldOutcome::Not };
        if !is_opening || packet.len() > LONGEST || packet.offload.gso.is_some() {
            return if self.flows.contains(&flow) { HoldOutcome::Behind(flow) } else { HoldOutcome::Not };
        }
        if self.len == self.waiting.len() {
            return HoldOutcome::NoRoom;
        }
        let at = (self.first + self.len) % self.waiting.len();
        let opening = &mut self.waiting[at];
        opening.bytes[..packet.len()].copy_from_slice(packet.bytes());
        (opening.len, opening.offload) = (packet.len(), packet.offload);
        self.flows[at] = flow;
        self.len += 1;
        HoldOutcome::Waits
    }

    /// Puts the one that waits longest into `packet`. False: none waits.
    pub fn next(&mut self, packet: &mut PacketBuf) -> bool {
        while self.len > 0 {
            let at = self.first;
            self.first = (self.first + 1) % self.waiting.len();
            self.len -= 1;
            if std::mem::replace(&mut self.flows[at], GONE) != GONE {
                self.waiting[at].copy_to(packet);
                return true;
            }
        }
        false
    }

    /// Puts the one of that flow that waits longest into `packet`. False: none of it waits.
    pub fn next_of(&mut self, flow: u32, packet: &mut PacketBuf) -> bool {
        let room = self.waiting.len();
        let place = (0..self.len).map(|at| (self.first + at) % room).find(|at| self.flows[*at] == flow);
        let Some(at) = place else { return false };
        self.flows[at] = GONE;
        self.waiting[at].copy_to(packet);
        true
    }
}

impl Opening {
    fn copy_to(&self, packet: &mut PacketBuf) {
        packet.fill(&self.bytes[..self.len]);
        packet.offload = self.offload;
    }
}

/// Offset of the TCP header of a packet that is seen at a glance to be a whole segment: no extension headers, no fragment.
fn segment_at(bytes: &[u8]) -> Option<usize> {
    let (l4, number) = match bytes.first()? >> 4 {
        4 if *bytes.get(6)? & 0x3f == 0 && *bytes.get(7)? == 0 => {
            (usize::from(bytes[0] & 0xf) * 4, *bytes.get(9)?)
        }
        6 => (40, *bytes.get(6)?),
        _ => return None,
    };
    (number == protocol::TCP && bytes.len() >= l4 + 20).then_some(l4)
}

fn is_opening(bytes: &[u8]) -> bool {
    segment_at(bytes).is_some_and(|l4| bytes[l4 + 13] & TcpFlags::SYN != 0)
}

/// A number for the flow of a segment. Flows that share one keep their order too, which harms nobody.
fn flow_of(bytes: &[u8]) -> Option<u32> {
    let l4 = segment_at(bytes)?;
    let source = if l4 >= 40 && bytes[0] >> 4 == 6 { &bytes[8..24] } else { &bytes[12..16] };
    let words = source.chunks_exact(4).chain(std::iter::once(&bytes[l4..l4 + 4]));
    let mixed = words.fold(0x9e37_79b9_u32, |sum, word| {
        (sum.rotate_left(5) ^ u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
            .wrapping_mul(0x85eb_ca6b)
    });
    Some(mixed.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::make::{self, Ends};

    const ACK: u8 = TcpFlags::ACK;
    const SYN: u8 = TcpFlags::SYN;

    fn segment(v6: bool, port: u16, flags: u8, number: u8) -> PacketBuf {
        let (src, dst) = if v6 { ("fd00::1", "fd00::2") } else { ("10.0.0.1", "10.0.0.2") };
        let ends = Ends::new(src.parse().unwrap(), port, dst.parse().unwrap(), 80);
        PacketBuf::from_packet(&make::tcp(ends, flags, &[number]))
    }

    /// Ports and numbers of what goes on, in its order, when these come in one batch.
    fn order(room: usize, packets: &[(u16, u8)]) -> Vec<(u16, u8)> {
        let (mut openings, mut gone) = (Openings::new(room), Vec::new());
        let note = |packet: &PacketBuf| {
            let bytes = packet.bytes();
            (u16::from_be_bytes([bytes[20], bytes[21]]), bytes[bytes.len() - 1])
        };
        for (number, (port, flags)) in packets.iter().enumerate() {
            let mut packet = segment(false, *port, *flags, number as u8);
            match openings.hold(&packet) {
                HoldOutcome::Waits | HoldOutcome::NoRoom => continue,
                HoldOutcome::Not => {}
                HoldOutcome::Behind(flow) => {
                    let mut before = PacketBuf::new();
                    while openings.next_of(flow, &mut before) {
                        gone.push(note(&before));
                    }
                }
            }
            gone.push(note(&packet));
            packet.set_len(0);
        }
        let mut packet = PacketBuf::new();
        while openings.next(&mut packet) {
            gone.push(note(&packet));
        }
        assert!(openings.is_empty());
        gone
    }

    #[test]
    fn what_opens_nothing_goes_first_and_no_flow_overtakes_itself() {
        let came = [(1, SYN), (2, SYN), (3, ACK), (2, ACK), (4, SYN), (3, ACK), (2, SYN)];
        assert_eq!(order(8, &came), [(3, 2), (2, 1), (2, 3), (3, 5), (1, 0), (4, 4), (2, 6)]);
        assert_eq!(order(1, &came), [(3, 2), (2, 3), (3, 5), (1, 0)], "without room they are lost");
    }

    #[test]
    fn only_plain_syns_wait() {
        for v6 in [false, true] {
            let mut openings = Openings::new(4);
            assert_eq!(openings.hold(&segment(v6, 1, ACK, 0)), HoldOutcome::Not);
            assert_eq!(openings.hold(&segment(v6, 1, SYN, 0)), HoldOutcome::Waits);
            assert_eq!(openings.hold(&segment(v6, 3, SYN | ACK, 0)), HoldOutcome::Waits);
            let mut long = segment(v6, 2, SYN, 0);
            long.append(&[0; LONGEST]);
            assert_eq!(openings.hold(&long), HoldOutcome::Not);
            let mut fragment = segment(false, 1, SYN, 0);
            fragment.bytes_mut()[6] = 0x20;
            assert_eq!(openings.hold(&fragment), HoldOutcome::Not);
            let datagram = make::udp(Ends::new([10, 0, 0, 1].into(), 1, [10, 0, 0, 2].into(), 80), b"SYN");
            assert_eq!(openings.hold(&PacketBuf::from_packet(&datagram)), HoldOutcome::Not);
            assert_eq!(openings.hold(&PacketBuf::new()), HoldOutcome::Not);
        }
    }

    #[test]
    fn a_packet_comes_out_as_it_went_in() {
        let mut openings = Openings::new(2);
        let mut out = PacketBuf::new();
        for number in 0..7 {
            let mut packet = segment(true, number, SYN, 9);
            packet.offload.checksum = crate::Checksum::Partial { start: 40, offset: 16 };
            assert_eq!(openings.hold(&packet), HoldOutcome::Waits);
            assert!(openings.next(&mut out));
            assert_eq!((out.bytes(), out.offload), (packet.bytes(), packet.offload));
        }
        assert!(!openings.next(&mut out));
    }

    #[test]
    fn nothing_is_lost_or_overtaken() {
        let mut draw = 7_u64;
        for _ in 0..500 {
            let came: Vec<(u16, u8)> = (0..40)
                .map(|_| {
                    draw =
                        draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    ((draw >> 60) as u16 % 6, if draw >> 59 & 1 == 0 { SYN } else { ACK })
                })
                .collect();
            let gone = order(64, &came);
            assert_eq!(gone.len(), came.len());
            for port in 0..6 {
                let numbers: Vec<u8> = gone.iter().filter(|at| at.0 == port).map(|at| at.1).collect();
                assert!(numbers.is_sorted(), "{came:?}: {gone:?}");
            }
        }
    }
}
