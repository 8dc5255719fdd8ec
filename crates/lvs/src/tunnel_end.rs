//! The real server's end of a tunnel: which encapsulated packets are let in.
//!
//! Owns what was agreed with the directors, and outer fragments that wait for the rest. Never answers anybody: what
//! is not invited is dropped, and counted by reason. Called by the daemon that prepares a real server. Same job as
//! `ipip.c`, `ip_gre.c` and `fou_core.c`, which do not ask for whom a packet is.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::defragment::{Fragments, Reassembly};
use super::time::Time;
use super::verdict::{DropReason, Verdict};
use lvs_wire::{
    DecapError, GsoKind, Headers, Outbox, OuterKind, PacketBuf, decapsulate, outer_kind, segments, take_gue,
};

/// Packets that a real server takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invitation {
    /// Destinations of packets inside.
    pub virtuals: BTreeSet<IpAddr>,
    /// Senders; anybody if there are none.
    pub directors: BTreeSet<IpAddr>,
    pub ipip: bool,
    pub gre: bool,
    pub gue_ports: BTreeSet<u16>,
}

#[derive(Debug)]
pub struct TunnelEnd {
    invitation: Invitation,
    fragments: Fragments,
    refused: Vec<DropReason>,
}

impl TunnelEnd {
    /// Takes what `invitation` says; `secret` is the key of the hashes of fragments.
    pub fn new(invitation: Invitation, secret: u128) -> Self {
        Self { invitation, fragments: Fragments::new(secret), refused: Vec::new() }
    }

    /// Why datagrams were refused that came as one with others, of which some were taken; each is told once.
    pub fn refused(&mut self) -> impl Iterator<Item = DropReason> {
        self.refused.drain(..)
    }

    /// Takes the inner packet out of the one in `buf`. `Forward`: it lies in `buf`; `Split`: those that were not
    /// [refused](Self::refused) lie in `outbox`, in which there is nothing otherwise; `Pass`: what the host says to the neighbours that it supposes on the TUN, and is for nobody.
    pub fn process(&mut self, buf: &mut PacketBuf, now: Time, outbox: &mut Outbox) -> Verdict {
        let headers = match Headers::parse(buf.bytes()) {
            Ok(headers) => headers,
            Err(error) => return Verdict::Drop(error.into()),
        };
        if headers.dst.is_multicast() {
            return Verdict::Pass;
        }
        let headers = match headers.fragment {
            None => headers,
            Some(fragment) => match self.fragments.add(buf, &headers, fragment, now) {
                Reassembly::Waiting => return Verdict::Hold,
                Reassembly::Refused(reason) => return Verdict::Drop(reason),
                Reassembly::Whole { .. } => match Headers::parse(buf.bytes()) {
                    Ok(headers) => headers,
                    Err(error) => return Verdict::Drop(error.into()),
                },
            },
        };
        let taken = match buf.offload.gso {
            None => self.take(buf, &headers).map(|()| Verdict::Forward),
            Some(_) => self.take_all(buf, &headers, outbox),
        };
        taken.unwrap_or_else(Verdict::Drop)
    }

    /// As [`Self::process`] for the payload of a GUE datagram whose outer headers the host has taken off.
    pub fn process_datagram(&self, buf: &mut PacketBuf, from: IpAddr, ecn: u8) -> Verdict {
        let taken = self.check_sender(from).and_then(|()| Ok(take_gue(buf, ecn)?));
        match taken.and_then(|inner| self.check_receiver(&inner)) {
            Ok(()) => Verdict::Forward,
            Err(reason) => Verdict::Drop(reason),
        }
    }

    fn take(&self, buf: &mut PacketBuf, headers: &Headers) -> Result<(), DropReason> {
        let is_agreed = match outer_kind(buf.bytes(), headers) {
            Some(OuterKind::Ipip) => self.invitation.ipip,
            Some(OuterKind::Gre) => self.invitation.gre,
            Some(OuterKind::Gue(port)) => self.invitation.gue_ports.contains(&port),
            None => false,
        };
        if !is_agreed {
            return Err(DropReason::NotEncapsulated);
        }
        self.check_sender(headers.src)?;
        let inner = decapsulate(buf, headers)?;
        self.check_receiver(&inner)
    }

    /// Datagrams of one sender that the host has put together for us. Each stands for itself.
    fn take_all(
        &mut self,
        buf: &PacketBuf,
        headers: &Headers,
        outbox: &mut Outbox,
    ) -> Result<Verdict, DropReason> {
        let is_datagrams = buf.offload.gso.is_some_and(|gso| gso.kind == GsoKind::Udp);
        let pieces = segments(buf, headers).filter(|_| is_datagrams).ok_or(DropReason::NotEncapsulated)?;
        let before = outbox.len();
        for piece in pieces {
            let packet = outbox.add();
            piece.write(buf, packet);
            let taken = Headers::parse(packet.bytes())
                .map_err(DropReason::from)
                .and_then(|headers| self.take(packet, &headers));
            if let Err(reason) = taken {
                outbox.forget_last();
                self.refused.push(reason);
            }
        }
        if outbox.len() > before {
            return Ok(Verdict::Split);
        }
        // The verdict tells of one of them.
        Err(self.refused.pop().unwrap_or(DropReason::NotEncapsulated))
    }

    fn check_sender(&self, from: IpAddr) -> Result<(), DropReason> {
        let directors = &self.invitation.directors;
        if directors.is_empty() || directors.contains(&from) {
            Ok(())
        } else {
            Err(DropReason::NotFromDirector)
        }
    }

    fn check_receiver(&self, inner: &Headers) -> Result<(), DropReason> {
        if self.invitation.virtuals.contains(&inner.dst) { Ok(()) } else { Err(DropReason::NotForVirtual) }
    }
}

impl From<DecapError> for DropReason {
    fn from(error: DecapError) -> Self {
        match error {
            DecapError::Unknown => Self::BadEncapsulation,
            DecapError::Checksum => Self::BadChecksum,
            DecapError::Congestion => Self::Congested,
            DecapError::Parse(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs_wire::make::{self, Ends};
    use lvs_wire::{Checksum, Encapsulation, Gso, Outer, cut, encapsulate};

    const GUE: Encapsulation =
        Encapsulation::Gue { src_port: 40_000, dst_port: 6080, checksum: false, remote_checksum: false };

    fn end() -> TunnelEnd {
        let invitation = Invitation {
            virtuals: ["10.0.0.2".parse().unwrap()].into(),
            directors: ["10.1.0.1".parse().unwrap()].into(),
            ipip: true,
            gre: false,
            gue_ports: [6080].into(),
        };
        TunnelEnd::new(invitation, 7)
    }

    fn inner(to: &str, payload: &[u8]) -> Vec<u8> {
        make::udp(Ends::new("10.0.0.1".parse().unwrap(), 1, to.parse().unwrap(), 53), payload)
    }

    fn wrapped(inner: &[u8], from: &str, kind: Encapsulation) -> PacketBuf {
        let mut buf = PacketBuf::from_packet(inner);
        let (src, dst) = (from.parse().unwrap(), "10.1.0.2".parse().unwrap());
        assert!(encapsulate(&mut buf, &Outer { src, dst, ttl: 9, dont_fragment: false, id: 7, kind }));
        buf
    }

    fn process(end: &mut TunnelEnd, mut buf: PacketBuf) -> (Verdict, PacketBuf) {
        (end.process(&mut buf, Time(0), &mut Outbox::default()), buf)
    }

    #[test]
    fn what_is_invited_comes_in() {
        let packet = inner("10.0.0.2", b"hello");
        for kind in [Encapsulation::Ipip, GUE] {
            let (verdict, buf) = process(&mut end(), wrapped(&packet, "10.1.0.1", kind));
            assert_eq!((verdict, buf.bytes()), (Verdict::Forward, packet.as_slice()));
        }
    }

    #[test]
    fn what_is_not_invited_is_dropped_by_reason() {
        let to = |vip| inner(vip, b"hello");
        let gue =
            |dst_port| Encapsulation::Gue { src_port: 1, dst_port, checksum: false, remote_checksum: false };
        let cases = [
            (to("10.0.0.3"), "10.1.0.1", Encapsulation::Ipip, DropReason::NotForVirtual),
            (to("10.0.0.2"), "10.1.0.9", Encapsulation::Ipip, DropReason::NotFromDirector),
            (to("10.0.0.2"), "10.1.0.1", Encapsulation::Gre { checksum: false }, DropReason::NotEncapsulated),
            (to("10.0.0.2"), "10.1.0.1", gue(6081), DropReason::NotEncapsulated),
            (vec![0x45; 8], "10.1.0.1", Encapsulation::Ipip, DropReason::Truncated),
        ];
        for (packet, from, kind, reason) in cases {
            assert_eq!(process(&mut end(), wrapped(&packet, from, kind)).0, Verdict::Drop(reason));
        }
        assert_eq!(
            process(
                &mut end(),
                PacketBuf::from_packet(&make::tcp(
                    Ends::new("10.1.0.1".parse().unwrap(), 1, "10.1.0.2".parse().unwrap(), 80),
                    2,
                    b""
                ))
            )
            .0,
            Verdict::Drop(DropReason::NotEncapsulated)
        );
    }

    #[test]
    fn outer_fragments_come_together() {
        let packet = inner("10.0.0.2", &[7; 3000]);
        for kind in [Encapsulation::Ipip, GUE] {
            let whole = wrapped(&packet, "10.1.0.1", kind);
            let (mut end, mut outbox) = (end(), Outbox::default());
            let mut verdicts = Vec::new();
            let mut buf = PacketBuf::new();
            for piece in cut(whole.bytes(), 1500, 7) {
                buf.fill(&piece);
                verdicts.push(end.process(&mut buf, Time(0), &mut outbox));
            }
            assert_eq!(verdicts, [Verdict::Hold, Verdict::Hold, Verdict::Forward]);
            assert_eq!(buf.bytes(), packet);
        }
    }

    #[test]
    fn datagrams_that_the_host_put_together_are_taken_one_by_one() {
        let packet = inner("10.0.0.2", b"hello");
        let mut buf = wrapped(&packet, "10.1.0.1", GUE);
        let datagram = buf.bytes()[28..].to_vec();
        buf.append(&datagram);
        let len = buf.len() as u16;
        buf.bytes_mut()[2..4].copy_from_slice(&len.to_be_bytes());
        buf.offload.gso = Some(Gso { kind: GsoKind::Udp, size: datagram.len() as u16, ecn: false });
        buf.offload.checksum = Checksum::Partial { start: 20, offset: 6 };
        let mut outbox = Outbox::default();
        assert_eq!(end().process(&mut buf, Time(0), &mut outbox), Verdict::Split);
        let mut found = Vec::new();
        outbox.drain(|packet| found.push(packet.bytes().to_vec()));
        assert_eq!(found, [packet.clone(), packet]);
    }

    #[test]
    fn nothing_of_a_refused_datagram_is_delivered() {
        let super_packet = |from: &str, inners: &[Vec<u8>]| {
            let mut buf = wrapped(&inners[0], from, GUE);
            let size = buf.len() - 28;
            for inner in &inners[1..] {
                let datagram = wrapped(inner, from, GUE).bytes()[28..].to_vec();
                buf.append(&datagram);
            }
            let len = buf.len() as u16;
            buf.bytes_mut()[2..4].copy_from_slice(&len.to_be_bytes());
            buf.offload.gso = Some(Gso { kind: GsoKind::Udp, size: size as u16, ecn: false });
            buf.offload.checksum = Checksum::Partial { start: 20, offset: 6 };
            buf
        };
        let [good, other, no_vip] = [("10.0.0.2", b"one"), ("10.0.0.2", b"two"), ("10.0.0.9", b"bad")]
            .map(|(to, text)| inner(to, text));
        let not_from = DropReason::NotFromDirector;
        let not_for = DropReason::NotForVirtual;
        let rows = [
            ("10.1.0.9", vec![&good, &other], vec![], vec![not_from; 2]),
            ("10.1.0.1", vec![&no_vip, &no_vip], vec![], vec![not_for; 2]),
            ("10.1.0.1", vec![&good, &no_vip, &other], vec![&good, &other], vec![not_for]),
            ("10.1.0.1", vec![&no_vip, &good], vec![&good], vec![not_for]),
        ];
        for (from, sent, expected, refusals) in rows {
            let sent: Vec<Vec<u8>> = sent.into_iter().cloned().collect();
            let (mut end, mut outbox) = (end(), Outbox::default());
            let verdict = end.process(&mut super_packet(from, &sent), Time(0), &mut outbox);
            let mut found = Vec::new();
            outbox.drain(|packet| found.push(packet.bytes().to_vec()));
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{from}");
            let mut told: Vec<DropReason> = end.refused().collect();
            if let Verdict::Drop(reason) = verdict {
                told.push(reason);
            }
            assert_eq!((verdict == Verdict::Split, told), (!expected.is_empty(), refusals));
        }
    }

    #[test]
    fn a_payload_without_its_headers_is_held_to_the_same() {
        let packet = inner("10.0.0.2", b"hello");
        let payload = [&[0, 4, 0, 0], packet.as_slice()].concat();
        let take = |from: &str, payload: &[u8]| {
            end().process_datagram(&mut PacketBuf::from_packet(payload), from.parse().unwrap(), 0)
        };
        assert_eq!(take("10.1.0.1", &payload), Verdict::Forward);
        assert_eq!(take("10.1.0.7", &payload), Verdict::Drop(DropReason::NotFromDirector));
        assert_eq!(take("10.1.0.1", &payload[..9]), Verdict::Drop(DropReason::Truncated));
    }
}
