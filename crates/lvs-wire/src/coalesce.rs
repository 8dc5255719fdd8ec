//! Putting segments of a stream together that came one by one: the reverse of `segment.rs`, as `tcp_gro_receive` does
//! it. Keeps the order of each flow. Owns the packets that wait for more; called by the end of a tunnel, which hands a
//! super-packet to the host in one piece, and by a director's queue, whose kernel cuts what a virtio header cannot say:
//! streams of AccECN (`SKB_GSO_TCP_ACCECN`), and what is longer than 64 KB (BIG TCP).

use super::checksum;
use super::header::{TcpFlags, protocol};
use super::{Checksum, Gso, GsoKind, Headers, MAX_PACKET, Offload, PacketBuf};

/// Streams that are gathered side by side.
const STREAMS: usize = 8;

/// Packet that a forwarded stream is gathered from, at its shortest: with less there is little to win.
const LEAST: usize = 576;

/// Segments of the same streams, each as long as it has become.
#[derive(Debug, Default)]
pub struct Coalescer {
    merged: Vec<MergedSegment>,
    spare: Vec<PacketBuf>,
    /// Packets only pass here: none is summed, and what can be seen not to begin a stream is not looked into.
    is_passage: bool,
}

/// One packet that grows.
#[derive(Debug)]
struct MergedSegment {
    packet: PacketBuf,
    headers: Headers,
    /// Offset of the payload.
    start: usize,
    /// Payload of each segment but the last.
    size: usize,
    segments: usize,
    /// Nothing more fits behind it.
    is_complete: bool,
}

impl Coalescer {
    /// For packets that go on to others, who check them: takes those whose checksum is partial or verified already.
    pub fn of_passing() -> Self {
        Self { is_passage: true, ..Self::default() }
    }

    /// Takes the packet, if it is a segment that others may follow, or hands it to `send`, behind all of its flow
    /// that came before. What the buffer holds then says nothing.
    pub fn add(&mut self, packet: &mut PacketBuf, mut send: impl FnMut(&mut PacketBuf)) {
        let begins_none = packet.offload.gso.is_some() || packet.len() < LEAST;
        if self.is_passage && begins_none && self.merged.is_empty() {
            return send(packet);
        }
        let Ok(headers) = Headers::parse(packet.bytes()) else { return send(packet) };
        if headers.protocol != protocol::TCP {
            return send(packet);
        }
        let same = self.merged.iter().position(|waiting| waiting.is_same_flow(packet, &headers));
        let is_summed = self.is_passage && packet.offload.checksum == Checksum::Full;
        let start = if is_summed { None } else { gathered_from(packet, &headers) };
        if let Some(at) = same {
            if start.is_some_and(|start| self.merged[at].join(packet, &headers, start)) {
                return;
            }
            self.release(at, &mut send);
        }
        let Some(start) = start.filter(|_| !(self.is_passage && begins_none)) else { return send(packet) };
        if self.merged.len() == STREAMS {
            self.release(0, &mut send);
        }
        let taken = std::mem::replace(packet, self.spare.pop().unwrap_or_default());
        self.merged.push(MergedSegment::new(taken, headers, start));
    }

    /// Hands on all that waits.
    pub fn flush(&mut self, mut send: impl FnMut(&mut PacketBuf)) {
        while !self.merged.is_empty() {
            self.release(0, &mut send);
        }
    }

    fn release(&mut self, at: usize, send: &mut impl FnMut(&mut PacketBuf)) {
        let mut merged_packet = self.merged.remove(at);
        merged_packet.finish();
        send(&mut merged_packet.packet);
        self.spare.push(merged_packet.packet);
    }
}

/// Offset of the payload of a segment that may stand among others. None when something about it is special, or
/// its checksum is wrong: then it is for the host to judge. CWR is special: whoever cuts leaves it to the first segment
/// (`tcp_gso_segment`), as RFC 3168 wants it, while AccECN counts by it in each. ECE and AE come back as they are.
fn gathered_from(packet: &PacketBuf, headers: &Headers) -> Option<usize> {
    let bytes = packet.bytes();
    let tcp = &bytes[headers.l4..headers.len];
    let start = headers.l4 + usize::from(tcp.get(12)? >> 4) * 4;
    let is_plain_ip = if headers.is_v6() {
        headers.l4 == 40
    } else {
        // No options, and not to be cut.
        headers.l4 == 20 && bytes[6] & 0x40 != 0 && bytes[6] & 0x3f == 0 && bytes[7] == 0
    };
    let flags = tcp[13] & !(TcpFlags::PSH | TcpFlags::ECE);
    let is_data = flags == TcpFlags::ACK && start >= headers.l4 + 20 && start < headers.len;
    if !is_plain_ip || !is_data || headers.fragment.is_some() || packet.offload.gso.is_some() {
        return None;
    }
    let is_sound = match packet.offload.checksum {
        Checksum::Partial { start, offset } => usize::from(start) == headers.l4 && offset == 16,
        Checksum::Verified => true,
        Checksum::Full => checksum::transport(headers.src, headers.dst, protocol::TCP, tcp) == 0,
    };
    is_sound.then_some(start)
}

impl MergedSegment {
    const fn new(packet: PacketBuf, headers: Headers, start: usize) -> Self {
        let size = headers.len - start;
        let is_complete = packet.offload.gso.is_some();
        Self { packet, headers, start, size, segments: 1, is_complete }
    }

    fn is_same_flow(&self, packet: &PacketBuf, headers: &Headers) -> bool {
        let ours = self.packet.bytes().get(self.headers.l4..self.headers.l4 + 4);
        (self.headers.src, self.headers.dst) == (headers.src, headers.dst)
            && ours == packet.bytes().get(headers.l4..headers.l4 + 4)
    }

    /// Puts a segment of the same flow behind what is there. False where it does not follow, or differs in more than
    /// its number and what it pushes.
    fn join(&mut self, packet: &PacketBuf, headers: &Headers, start: usize) -> bool {
        let (ours, theirs) = (self.packet.bytes(), packet.bytes());
        let payload = &theirs[start..headers.len];
        let (l4, merged_len) = (self.headers.l4, ours.len() - self.start);
        if self.is_complete
            || start != self.start
            || payload.len() > self.size
            || ours.len() + payload.len() > MAX_PACKET
        {
            return false;
        }
        let number =
            |bytes: &[u8]| u32::from_be_bytes([bytes[l4 + 4], bytes[l4 + 5], bytes[l4 + 6], bytes[l4 + 7]]);
        let follows = number(theirs) == number(ours).wrapping_add(merged_len as u32);
        let is_pushed = theirs[l4 + 13] & TcpFlags::PSH;
        // Behind the number: acknowledgement, AE, flags, window, then urgent pointer and options behind the checksum.
        let is_alike = ours[l4 + 8..l4 + 13] == theirs[l4 + 8..l4 + 13]
            && (ours[l4 + 13] ^ theirs[l4 + 13]) & !TcpFlags::PSH == 0
            && ours[l4 + 14..l4 + 16] == theirs[l4 + 14..l4 + 16]
            && ours[l4 + 18..self.start] == theirs[l4 + 18..start]
            && self.is_same_way(theirs);
        if !follows || !is_alike {
            return false;
        }
        self.is_complete = payload.len() < self.size || is_pushed != 0;
        self.packet.append(payload);
        self.packet.bytes_mut()[l4 + 13] |= is_pushed;
        self.segments += 1;
        true
    }

    /// Traffic class, flow label and hops.
    fn is_same_way(&self, theirs: &[u8]) -> bool {
        let ours = self.packet.bytes();
        if self.headers.is_v6() {
            ours[..4] == theirs[..4] && ours[7] == theirs[7]
        } else {
            ours[1] == theirs[1] && ours[8] == theirs[8]
        }
    }

    /// Makes a super-packet of it; one segment alone stays as it came.
    fn finish(&mut self) {
        if self.segments == 1 {
            return;
        }
        let (l4, is_v6) = (self.headers.l4, self.headers.is_v6());
        let len = self.packet.len();
        let bytes = self.packet.bytes_mut();
        if is_v6 {
            bytes[4..6].copy_from_slice(&((len - 40) as u16).to_be_bytes());
        } else {
            bytes[2..4].copy_from_slice(&(len as u16).to_be_bytes());
            bytes[10..12].fill(0);
            let sum = checksum::plain(&bytes[..20]);
            bytes[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        let pseudo = checksum::pseudo_header(self.headers.src, self.headers.dst, protocol::TCP, len - l4);
        bytes[l4 + 16..l4 + 18].copy_from_slice(&checksum::fold(pseudo).to_be_bytes());
        let kind = if is_v6 { GsoKind::TcpV6 } else { GsoKind::TcpV4 };
        self.packet.offload = Offload {
            checksum: Checksum::Partial { start: l4 as u16, offset: 16 },
            gso: Some(Gso { kind, size: self.size as u16, ecn: false }),
            header_len: self.start as u16,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::complete;
    use crate::make::{self, Ends};
    use crate::segments;

    const V4: (&str, &str) = ("10.0.0.1", "10.0.0.2");
    const V6: (&str, &str) = ("2001:db8::1", "2001:db8::2");

    fn segment((from, to): (&str, &str), port: u16, sequence: u32, flags: u8, payload: &[u8]) -> PacketBuf {
        let ends = Ends::new(from.parse().unwrap(), port, to.parse().unwrap(), 80);
        let mut packet = PacketBuf::from_packet(&make::tcp(ends, flags, payload));
        let headers = Headers::parse(packet.bytes()).unwrap();
        let l4 = headers.l4;
        let bytes = packet.bytes_mut();
        if !headers.is_v6() {
            bytes[6] |= 0x40;
            bytes[10..12].fill(0);
            let sum = checksum::plain(&bytes[..20]);
            bytes[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        bytes[l4 + 4..l4 + 8].copy_from_slice(&sequence.to_be_bytes());
        bytes[l4 + 16..l4 + 18].fill(0);
        let sum = checksum::transport(headers.src, headers.dst, protocol::TCP, &bytes[l4..]);
        bytes[l4 + 16..l4 + 18].copy_from_slice(&sum.to_be_bytes());
        packet
    }

    /// Packets that come out, and how many segments each is.
    fn gather(packets: &[PacketBuf]) -> Vec<(PacketBuf, usize)> {
        let (mut coalescer, mut out) = (Coalescer::default(), Vec::new());
        for packet in packets {
            coalescer.add(&mut packet.clone(), |packet| out.push(packet.clone()));
        }
        coalescer.flush(|packet| out.push(packet.clone()));
        let count = |packet: &PacketBuf| {
            let headers = Headers::parse(packet.bytes()).unwrap();
            segments(packet, &headers).map_or(1, Iterator::count)
        };
        out.into_iter().map(|packet| (packet.clone(), count(&packet))).collect()
    }

    fn counts(packets: &[PacketBuf]) -> Vec<usize> {
        gather(packets).into_iter().map(|(_, count)| count).collect()
    }

    #[test]
    fn what_is_cut_up_again_is_what_came() {
        const PUSH: u8 = TcpFlags::ACK | TcpFlags::PSH;
        for ends in [V4, V6] {
            let came: Vec<PacketBuf> = (0..5u32)
                .map(|at| {
                    let payload = vec![at as u8 + 1; if at == 4 { 7 } else { 100 }];
                    let flags = if at == 4 { PUSH } else { TcpFlags::ACK };
                    segment(ends, 1, (at * 100).wrapping_sub(150), flags, &payload)
                })
                .collect();
            let out = gather(&came);
            assert_eq!(out.len(), 1);
            let headers = Headers::parse(out[0].0.bytes()).unwrap();
            let mut cut = PacketBuf::new();
            for (at, piece) in segments(&out[0].0, &headers).unwrap().enumerate() {
                piece.write(&out[0].0, &mut cut);
                complete(&mut cut);
                let mut expected = came[at].clone();
                if !headers.is_v6() {
                    // Identifications count on from the first.
                    let bytes = expected.bytes_mut();
                    let id = u16::from_be_bytes([bytes[4], bytes[5]]).wrapping_add(at as u16);
                    bytes[4..6].copy_from_slice(&id.to_be_bytes());
                    bytes[10..12].fill(0);
                    let sum = checksum::plain(&bytes[..20]);
                    bytes[10..12].copy_from_slice(&sum.to_be_bytes());
                }
                assert_eq!(cut.bytes(), expected.bytes(), "segment {at}");
            }
        }
    }

    #[test]
    fn only_what_follows_and_is_alike_is_joined() {
        const ACK: u8 = TcpFlags::ACK;
        let at = |sequence, flags, len| segment(V4, 1, sequence, flags, &vec![0; len]);
        assert_eq!(counts(&[at(0, ACK, 10), at(10, ACK, 10), at(20, ACK, 10)]), [3]);
        assert_eq!(counts(&[at(0, ACK, 10), at(20, ACK, 10)]), [1, 1], "a gap");
        assert_eq!(counts(&[at(0, ACK, 10), at(0, ACK, 10)]), [1, 1], "again");
        assert_eq!(counts(&[at(0, ACK, 10), at(10, ACK, 11)]), [1, 1], "longer");
        assert_eq!(
            counts(&[at(0, ACK, 10), at(10, ACK, 9), at(19, ACK, 9)]),
            [2, 1],
            "a short one is the last"
        );
        let push = ACK | TcpFlags::PSH;
        assert_eq!(counts(&[at(0, ACK, 10), at(10, push, 10), at(20, ACK, 10)]), [2, 1]);
        assert_eq!(counts(&[at(0, ACK, 10), at(10, ACK | TcpFlags::FIN, 10)]), [1, 1]);
        assert_eq!(counts(&[at(0, ACK, 0), at(0, ACK, 0)]), [1, 1], "acknowledgements");
        let ten: Vec<PacketBuf> = (0..70).map(|number| at(number * 1000, ACK, 1000)).collect();
        assert_eq!(counts(&ten), [65, 5], "no longer than a packet may be");
        let mut damaged = at(10, ACK, 10);
        damaged.bytes_mut()[45] ^= 1;
        assert_eq!(counts(&[at(0, ACK, 10), damaged]), [1, 1], "a wrong checksum is for the host to find");
        let (mut marked, mut fewer_hops) = (at(10, ACK, 10), at(10, ACK, 10));
        (marked.bytes_mut()[1], fewer_hops.bytes_mut()[8]) = (3, 9);
        assert_eq!(counts(&[at(0, ACK, 10), marked]), [1, 1]);
        assert_eq!(counts(&[at(0, ACK, 10), fewer_hops]), [1, 1]);
    }

    /// A stream of AccECN has a counter in AE, CWR and ECE, which begins with 5: AE and ECE.
    #[test]
    fn what_accurate_ecn_counts_is_kept() {
        let at = |number: u32, flags: u8, accurate: u8| {
            let mut packet = segment(V4, 1, number * 1000, TcpFlags::ACK | flags, &[7; 1000]);
            packet.bytes_mut()[32] |= accurate;
            packet.offload.checksum = Checksum::Verified;
            packet
        };
        const ECE: u8 = TcpFlags::ECE;
        let five: Vec<PacketBuf> = (0..5).map(|number| at(number, ECE, 1)).collect();
        let out = gather(&five);
        assert_eq!(out.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [5]);
        let headers = Headers::parse(out[0].0.bytes()).unwrap();
        let mut cut = PacketBuf::new();
        for piece in segments(&out[0].0, &headers).unwrap() {
            piece.write(&out[0].0, &mut cut);
            assert_eq!(cut.bytes()[32..34], [0x51, TcpFlags::ACK | ECE]);
        }
        assert_eq!(counts(&[at(0, ECE, 1), at(1, 0, 1), at(2, 0, 0)]), [1, 1, 1], "each another count");
        assert_eq!(
            counts(&[at(0, TcpFlags::CWR, 1), at(1, TcpFlags::CWR, 1)]),
            [1, 1],
            "cut, CWR would be lost"
        );
    }

    #[test]
    fn of_what_passes_none_is_summed_and_short_ones_begin_nothing() {
        let counts = |checksum, len: usize| {
            let (mut coalescer, mut out) = (Coalescer::of_passing(), 0);
            for number in 0..3 {
                let mut packet = segment(V6, 1, number * len as u32, TcpFlags::ACK, &vec![1; len]);
                packet.offload.checksum = checksum;
                coalescer.add(&mut packet, |_| out += 1);
            }
            coalescer.flush(|_| out += 1);
            out
        };
        let partial = Checksum::Partial { start: 40, offset: 16 };
        assert_eq!((counts(partial, 1000), counts(Checksum::Verified, 1000)), (1, 1));
        assert_eq!((counts(Checksum::Full, 1000), counts(partial, 400)), (3, 3));
    }

    #[test]
    fn flows_side_by_side_keep_their_order() {
        let of = |port, number: u32| segment(V4, port, number * 10, TcpFlags::ACK, &[port as u8; 10]);
        let many: Vec<PacketBuf> =
            (0..4).flat_map(|number| (1..=20).map(move |port| of(port, number))).collect();
        let mut seen = std::collections::HashMap::<u16, u32>::new();
        for (packet, _) in gather(&many) {
            let headers = Headers::parse(packet.bytes()).unwrap();
            let tcp = &packet.bytes()[headers.l4..];
            let port = u16::from_be_bytes([tcp[0], tcp[1]]);
            let expected = seen.entry(port).or_default();
            assert_eq!(u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]), *expected);
            *expected += (tcp.len() - 20) as u32;
        }
        assert_eq!(seen.len(), 20);
        assert!(seen.values().all(|next| *next == 40));
        let few: Vec<PacketBuf> =
            (0..4).flat_map(|number| (1..=4).map(move |port| of(port, number))).collect();
        assert_eq!(counts(&few), [4; 4]);
        let mut unordered = few;
        unordered.push(segment(V4, 1, 40, TcpFlags::RST, &[]));
        let last = gather(&unordered);
        assert_eq!(last.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [4, 1, 4, 4, 4]);
    }
}
