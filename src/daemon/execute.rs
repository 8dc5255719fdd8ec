//! Carrying out what the core decided about a packet: the one place that counts, shows to captures and writes.
//!
//! Called for packets of queues, for ICMP messages that the host heard in the director's place, for what timers send, and at
//! the end of tunnels on a real server.

use std::net::IpAddr;
use std::sync::Arc;

use super::clock::unix_nanos;
use super::counters::QueueCounters;
use lvs::director::{Side, Verdict};
use lvs_control::capture::{Passage, Taps};
use lvs_device::{NeighbourWriter, PacketWriter, WriteError};
use lvs_wire::{Coalescer, Headers, Outbox, PacketBuf, segments};

/// Decisions about the packets of one device, carried out.
pub(super) struct Executor<D> {
    output: Output<D>,
    taps: Option<(Arc<Taps>, Side)>,
    outbox: Outbox,
}

impl<D: PacketWriter + NeighbourWriter> Executor<D> {
    /// `coalescer`: puts segments together on their way out, until the host refuses a super-packet.
    pub(super) fn new(device: D, counters: Arc<QueueCounters>, coalescer: Option<Coalescer>) -> Self {
        let outbox = Outbox::towards(device.takes_tunnels_whole());
        let output = Output { device, counters, coalescer, spare: PacketBuf::new(), is_refused: false };
        Self { output, taps: None, outbox }
    }

    /// Shows packets to captures, as of that side.
    pub(super) fn tapped(mut self, taps: Arc<Taps>, side: Side) -> Self {
        self.taps = Some((taps, side));
        self
    }

    pub(super) const fn device(&mut self) -> &mut D {
        &mut self.output.device
    }

    /// Learns what the device has come to take meanwhile.
    pub(super) fn look_at_device(&mut self) {
        self.outbox.turn_towards(self.output.device.takes_tunnels_whole());
    }

    /// Whether the host has refused a super-packet.
    pub(super) const fn refuses_super_packets(&self) -> bool {
        self.output.is_refused
    }

    /// Has `decide` decide on a packet and does what it says. None where there was nothing to decide.
    pub(super) fn execute(
        &mut self,
        packet: &mut PacketBuf,
        decide: impl FnOnce(&mut PacketBuf, &mut Outbox) -> Option<Verdict>,
    ) -> Option<Verdict> {
        let is_tapped = self.taps.as_ref().is_some_and(|(taps, _)| taps.is_on());
        let before = is_tapped.then(|| packet.bytes().to_vec());
        let verdict = decide(packet, &mut self.outbox)?;
        if let (Some(before), Some((taps, side))) = (before, &self.taps) {
            show(taps, *side, verdict, &Tapped { before: &before, packet, outbox: &self.outbox });
        }
        tracing::trace!(len = packet.len(), ?verdict, "packet");
        self.output.counters.verdict(verdict);
        let neighbour = match verdict {
            Verdict::Route(neighbour) => Some(neighbour),
            _ => None,
        };
        if verdict.sends_packet() {
            self.output.send(packet, neighbour);
        }
        if !self.outbox.is_empty() {
            self.outbox.drain(|packet| self.output.send(packet, neighbour));
        }
        Some(verdict)
    }

    /// Sends what `fill` puts into the outbox, where no packet came.
    pub(super) fn send_out(&mut self, fill: impl FnOnce(&mut Outbox)) {
        fill(&mut self.outbox);
        self.outbox.drain(|packet| self.output.send(packet, None));
    }

    /// Counts a packet that went nowhere without a decision of its own.
    pub(super) fn count(&self, verdict: Verdict) {
        self.output.counters.verdict(verdict);
    }

    /// Sends what still waits for more of its stream.
    pub(super) fn flush(&mut self) {
        self.output.flush();
    }
}

/// The way out.
struct Output<D> {
    device: D,
    counters: Arc<QueueCounters>,
    coalescer: Option<Coalescer>,
    /// For segments of what the host does not take as one.
    spare: PacketBuf,
    is_refused: bool,
}

impl<D: PacketWriter + NeighbourWriter> Output<D> {
    fn send(&mut self, packet: &mut PacketBuf, neighbour: Option<IpAddr>) {
        match (neighbour, self.coalescer.take()) {
            (Some(neighbour), coalescer) => {
                self.coalescer = coalescer;
                let sent = self.device.write_to(packet, neighbour);
                self.note(sent);
            }
            (None, None) => self.write(packet),
            (None, Some(mut coalescer)) => {
                coalescer.add(packet, |packet| self.write(packet));
                self.keep(coalescer);
            }
        }
    }

    fn flush(&mut self) {
        if let Some(mut coalescer) = self.coalescer.take() {
            coalescer.flush(|packet| self.write(packet));
            self.keep(coalescer);
        }
    }

    /// A kernel that refuses super-packets gets none any more.
    fn keep(&mut self, mut coalescer: Coalescer) {
        if self.is_refused {
            tracing::warn!("the kernel refuses super-packets: they are cut into packets");
            coalescer.flush(|packet| self.write(packet));
        } else {
            self.coalescer = Some(coalescer);
        }
    }

    /// Writes a packet, or its segments if the host does not take it as one.
    fn write(&mut self, packet: &mut PacketBuf) {
        match self.device.write(packet) {
            Err(WriteError::SuperPacket) => {}
            other => return self.note(other),
        }
        self.is_refused = true;
        let headers = Headers::parse(packet.bytes());
        let Some(pieces) = headers.as_ref().ok().and_then(|headers| segments(packet, headers)) else {
            return self.note(Err(WriteError::SuperPacket));
        };
        for piece in pieces {
            piece.write(packet, &mut self.spare);
            let sent = self.device.write(&mut self.spare);
            self.note(sent);
        }
    }

    fn note(&self, sent: Result<(), WriteError>) {
        if let Err(error) = sent {
            self.counters.write_failed(error);
        }
    }
}

/// Shows a packet after the decision, in the place of what it was before.
/// A packet before and after the decision.
struct Tapped<'a> {
    before: &'a [u8],
    packet: &'a PacketBuf,
    outbox: &'a Outbox,
}

fn show(taps: &Taps, side: Side, verdict: Verdict, tapped: &Tapped<'_>) {
    let Tapped { before, packet, outbox } = *tapped;
    let side = || match side {
        Side::Client => "client".to_owned(),
        Side::Server => "server".to_owned(),
        Side::Mark(mark) => format!("mark {mark}"),
    };
    let name = match verdict {
        Verdict::Refuse(reason) | Verdict::Drop(reason) => format!("drop: {}", reason.name()),
        Verdict::Route(neighbour) => format!("route to {neighbour}"),
        other => other.name().to_owned(),
    };
    taps.see(&Passage { at: unix_nanos(), side, verdict: &name }, before, || {
        let itself = verdict.sends_packet().then(|| packet.bytes());
        itself.into_iter().chain(outbox.iter().map(PacketBuf::bytes)).collect()
    });
}
