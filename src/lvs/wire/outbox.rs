//! Packets that the core wants sent beside the one it was given; their buffers are used again.

use super::PacketBuf;

/// Answers and fragments, in the order in which they are to be written.
#[derive(Debug, Default)]
pub struct Outbox {
    filled: Vec<PacketBuf>,
    spare: Vec<PacketBuf>,
}

impl Outbox {
    /// Adds a packet with these bytes and a full checksum.
    pub fn push(&mut self, packet: &[u8]) {
        let mut buf = self.spare.pop().unwrap_or_default();
        buf.fill(packet);
        self.filled.push(buf);
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
