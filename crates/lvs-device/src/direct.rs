//! Sending a packet as it is to a neighbour that its header does not name: direct routing.
//!
//! A frame is made where the neighbour's link address is known, super-packets whole ([`LinkSender`]). Else
//! the host finds the neighbour, by a raw socket ([`RawSender`]): so discovery, packets that wait, and complaints
//! about neighbours that do not answer are its work.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use nix::errno::Errno;

use super::WriteError;
use super::link::{FrameTo, LinkSender};
use super::raw::RawSender;
use lvs::neighbour::Neighbours;
use lvs_wire::PacketBuf;

/// The ways out of one queue.
#[derive(Debug)]
pub(super) struct DirectSender {
    raw: RawSender,
    link: Option<LinkSender>,
    neighbours: Arc<Neighbours>,
    /// Of the neighbours, when `ways` was last emptied.
    generation: u64,
    ways: HashMap<IpAddr, TxPath>,
}

#[derive(Clone, Debug)]
enum TxPath {
    Frames(FrameTo),
    /// By frames from the second packet on: the host sends the first, which has it ask whether the neighbour is there.
    FirstByHost(FrameTo),
    ByHost,
}

impl DirectSender {
    pub(super) fn open(neighbours: Arc<Neighbours>) -> Self {
        let link = LinkSender::open()
            .inspect_err(|error| tracing::debug!(%error, "no packet socket, so no frames of our own"))
            .ok();
        Self { raw: RawSender::open(), link, generation: 0, neighbours, ways: HashMap::new() }
    }

    /// Sends `packet` to `neighbour`.
    pub(super) fn send(&mut self, packet: &mut PacketBuf, neighbour: IpAddr) -> Result<(), WriteError> {
        let generation = self.neighbours.generation();
        if generation != self.generation {
            self.ways.clear();
            self.generation = generation;
        }
        let way = self.ways.entry(neighbour).or_insert_with(|| way(&self.neighbours, neighbour));
        match way {
            TxPath::Frames(to) => {
                if let Some(link) = self.link.as_ref().filter(|_| to.fits(packet)) {
                    match link.send(packet, to) {
                        Ok(()) => return Ok(()),
                        Err(Errno::EAGAIN | Errno::ENOBUFS) => return Err(WriteError::Full),
                        Err(Errno::ENETDOWN) => return Err(WriteError::LinkDown),
                        // An interface that has gone or become narrower, or a kernel that does not take the
                        // super-packet: the host knows better.
                        Err(errno) => tracing::trace!(%errno, "the host sends what a frame cannot carry"),
                    }
                }
            }
            TxPath::FirstByHost(to) => *way = TxPath::Frames(to.clone()),
            TxPath::ByHost => self.neighbours.wait_for(neighbour),
        }
        self.raw.send(packet, neighbour, || self.neighbours.mtu_to(neighbour))
    }
}

fn way(neighbours: &Neighbours, neighbour: IpAddr) -> TxPath {
    let frame = neighbours.hop_to(neighbour).and_then(|hop| FrameTo::new(hop).ok());
    match frame {
        Some(to) if to.hop.is_stale => TxPath::FirstByHost(to),
        Some(to) => TxPath::Frames(to),
        None => TxPath::ByHost,
    }
}
