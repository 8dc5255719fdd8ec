//! Packets that the core wants sent beside the one it was given; their buffers are used again.

use super::PacketBuf;

/// Answers and fragments, in the order in which they are to be written.
#[derive(Debug, Default)]
pub struct Outbox {
    filled: Vec<PacketBuf>,
    spare: Vec<PacketBuf>,
    takes_tunnels_whole: bool,
}

impl Outbox {
    /// For a device that takes super-packets inside tunnels, or one that does not.
    pub fn towards(takes_tunnels_whole: bool) -> Self {
        Self { takes_tunnels_whole, ..Self::default() }
    }

    /// From now on for such a device.
    pub const fn turn_towards(&mut self, takes_tunnels_whole: bool) {
        self.takes_tunnels_whole = takes_tunnels_whole;
    }

    /// The device that the packet itself goes to as well takes super-packets inside tunnels.
    pub const fn takes_tunnels_whole(&self) -> bool {
        self.takes_tunnels_whole
    }

    /// Adds a packet with these bytes and a full checksum.
    pub fn push(&mut self, packet: &[u8]) {
        self.add().fill(packet);
    }

    /// Adds a buffer for the caller to fill.
    pub fn add(&mut self) -> &mut PacketBuf {
        let buf = self.spare.pop().unwrap_or_default();
        self.filled.push(buf);
        self.last_mut()
    }

    /// The packet that was added last.
    ///
    /// # Panics
    /// Never after [`Self::add`] or [`Self::push`].
    pub fn last_mut(&mut self) -> &mut PacketBuf {
        let at = self.filled.len() - 1;
        &mut self.filled[at]
    }

    /// The packet at that place, counted from the first that was added.
    pub fn at_mut(&mut self, at: usize) -> Option<&mut PacketBuf> {
        self.filled.get_mut(at)
    }

    /// Takes the packet at that place back.
    pub fn forget(&mut self, at: usize) {
        if at < self.filled.len() {
            self.spare.push(self.filled.remove(at));
        }
    }

    /// Takes the packet back that was added last.
    pub fn forget_last(&mut self) {
        self.spare.extend(self.filled.pop());
    }

    /// Packets in it.
    pub fn len(&self) -> usize {
        self.filled.len()
    }

    /// Takes all back but the first `len` packets.
    pub fn truncate(&mut self, len: usize) {
        while self.filled.len() > len {
            self.forget_last();
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &PacketBuf> {
        self.filled.iter()
    }

    /// Hands every packet to `send`, and keeps the buffers.
    pub fn drain(&mut self, mut send: impl FnMut(&mut PacketBuf)) {
        for mut packet in self.filled.drain(..) {
            send(&mut packet);
            self.spare.push(packet);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }
}
