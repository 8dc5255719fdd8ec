//! One IP packet (or super-packet) in a buffer with room in front, and what the device said about it.

/// Room in front of a packet as it was read: the virtio header and any encapsulation fit in.
pub const HEADROOM: usize = 128;

/// The longest packet, super-packets included.
pub const MAX_PACKET: usize = 65_535;

/// Length of the virtio network header in front of every packet of a TUN with `IFF_VNET_HDR`.
pub const VNET_LEN: usize = 10;

/// A packet and its offload description. Made once and reused: reading and rewriting allocate nothing.
#[derive(Clone)]
pub struct PacketBuf {
    data: Box<[u8]>,
    start: usize,
    end: usize,
    pub offload: Offload,
}

impl PacketBuf {
    pub fn new() -> Self {
        let data = vec![0; HEADROOM + MAX_PACKET].into_boxed_slice();
        Self { data, start: HEADROOM, end: HEADROOM, offload: Offload::default() }
    }

    /// A buffer that holds `packet`, with a full checksum.
    ///
    /// # Panics
    /// Never for an IP packet; `packet` is cut at [`MAX_PACKET`].
    pub fn from_packet(packet: &[u8]) -> Self {
        let mut buf = Self::new();
        buf.fill(packet);
        buf
    }

    /// Replaces the contents, with a full checksum.
    pub fn fill(&mut self, packet: &[u8]) {
        let len = packet.len().min(MAX_PACKET);
        self.data[HEADROOM..HEADROOM + len].copy_from_slice(&packet[..len]);
        (self.start, self.end) = (HEADROOM, HEADROOM + len);
        self.offload = Offload::default();
    }

    /// Adds bytes at the end, as far as there is room.
    pub fn append(&mut self, bytes: &[u8]) {
        let len = bytes.len().min(self.data.len() - self.end);
        self.data[self.end..self.end + len].copy_from_slice(&bytes[..len]);
        self.end += len;
    }

    /// The packet, from the IP header on.
    pub fn bytes(&self) -> &[u8] {
        &self.data[self.start..self.end]
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.data[self.start..self.end]
    }

    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Shortens or lengthens the packet at its end.
    pub fn set_len(&mut self, len: usize) {
        self.end = (self.start + len).min(self.data.len());
    }

    /// Room for a device to read into: `prefix` bytes that end where the packet begins, and the packet.
    /// [`Self::set_read`] says afterwards how much arrived.
    pub fn read_area(&mut self, prefix: usize) -> &mut [u8] {
        (self.start, self.end) = (HEADROOM, HEADROOM);
        &mut self.data[HEADROOM - prefix..]
    }

    /// `len` bytes were read into the area, the prefix included.
    pub fn set_read(&mut self, prefix: usize, len: usize, offload: Offload) {
        self.start = HEADROOM;
        self.end = HEADROOM + len.saturating_sub(prefix).min(MAX_PACKET);
        self.offload = offload;
    }

    /// The packet with `prefix` written in front of it, as a device wants it. None when the headroom is used up.
    pub fn write_area(&mut self, prefix: &[u8]) -> Option<&[u8]> {
        let at = self.start.checked_sub(prefix.len())?;
        self.data[at..self.start].copy_from_slice(prefix);
        Some(&self.data[at..self.end])
    }

    /// Puts other bytes in the place of `range`. False when the packet would be too long.
    pub fn replace(&mut self, range: std::ops::Range<usize>, with: &[u8]) -> bool {
        let len = self.len() - range.len() + with.len();
        if len > MAX_PACKET || self.start + len > self.data.len() {
            return false;
        }
        let (from, to) = (self.start + range.start, self.start + range.end);
        self.data.copy_within(to..self.end, from + with.len());
        self.data[from..from + with.len()].copy_from_slice(with);
        self.end = self.start + len;
        true
    }

    /// Makes room for `len` more bytes in front of the packet. False when the headroom is used up or the packet
    /// would be too long.
    pub fn grow_front(&mut self, len: usize) -> bool {
        if len > self.start || self.len() + len > MAX_PACKET {
            return false;
        }
        self.start -= len;
        true
    }

    /// Takes `len` bytes off the front of the packet. False when it is shorter than that.
    pub fn shrink_front(&mut self, len: usize) -> bool {
        if len > self.len() {
            return false;
        }
        self.start += len;
        true
    }
}

impl Default for PacketBuf {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for PacketBuf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PacketBuf").field("len", &self.len()).field("offload", &self.offload).finish()
    }
}

/// Contents of the virtio network header (`linux/virtio_net.h`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offload {
    pub checksum: Checksum,
    pub gso: Option<Gso>,
    /// A hint only; not to be trusted.
    pub header_len: u16,
}

/// State of the transport checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksum {
    /// Complete, not verified by anybody yet.
    #[default]
    Full,
    /// Complete, and found right.
    Verified,
    /// The field holds the folded sum of the pseudo-header only; `start` is where the sum begins and `offset` from
    /// there where it is stored.
    Partial { start: u16, offset: u16 },
}

/// A super-packet: to be cut into segments of `size` payload bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gso {
    pub kind: GsoKind,
    pub size: u16,
    /// TCP's congestion window reduced bit, for the first segment only.
    pub ecn: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GsoKind {
    TcpV4,
    TcpV6,
    Udp,
}

/// A virtio header of a kind that was never asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown segmentation type {0} in the virtio network header")]
pub struct BadOffload(pub u8);

const NEEDS_CSUM: u8 = 1;
const DATA_VALID: u8 = 2;
const GSO_TCPV4: u8 = 1;
const GSO_TCPV6: u8 = 4;
const GSO_UDP_L4: u8 = 5;
const GSO_ECN: u8 = 0x80;

impl Offload {
    /// Reads the header (little endian, `VNET_LEN` bytes).
    ///
    /// # Errors
    /// An unknown segmentation type.
    pub fn parse(header: &[u8; VNET_LEN]) -> Result<Self, BadOffload> {
        let field = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let checksum = if header[0] & NEEDS_CSUM != 0 {
            Checksum::Partial { start: field(6), offset: field(8) }
        } else if header[0] & DATA_VALID != 0 {
            Checksum::Verified
        } else {
            Checksum::Full
        };
        let kind = match header[1] & !GSO_ECN {
            0 => None,
            GSO_TCPV4 => Some(GsoKind::TcpV4),
            GSO_TCPV6 => Some(GsoKind::TcpV6),
            GSO_UDP_L4 => Some(GsoKind::Udp),
            other => return Err(BadOffload(other)),
        };
        let gso = kind.map(|kind| Gso { kind, size: field(4), ecn: header[1] & GSO_ECN != 0 });
        Ok(Self { checksum, gso, header_len: field(2) })
    }

    /// The header that says the same.
    pub fn emit(&self) -> [u8; VNET_LEN] {
        let mut header = [0; VNET_LEN];
        match self.checksum {
            Checksum::Full => {}
            Checksum::Verified => header[0] = DATA_VALID,
            Checksum::Partial { start, offset } => {
                header[0] = NEEDS_CSUM;
                header[6..8].copy_from_slice(&start.to_le_bytes());
                header[8..10].copy_from_slice(&offset.to_le_bytes());
            }
        }
        if let Some(gso) = self.gso {
            header[1] = match gso.kind {
                GsoKind::TcpV4 => GSO_TCPV4,
                GsoKind::TcpV6 => GSO_TCPV6,
                GsoKind::Udp => GSO_UDP_L4,
            } | if gso.ecn { GSO_ECN } else { 0 };
            header[4..6].copy_from_slice(&gso.size.to_le_bytes());
        }
        header[2..4].copy_from_slice(&self.header_len.to_le_bytes());
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_comes_out_as_it_went_in() {
        let headers: &[[u8; VNET_LEN]] = &[
            [0; VNET_LEN],
            [2, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            [1, 1, 54, 0, 0xb4, 5, 20, 0, 16, 0],
            [1, 0x81, 54, 0, 0xb4, 5, 20, 0, 16, 0],
            [1, 5, 28, 0, 0xb0, 4, 20, 0, 6, 0],
        ];
        for header in headers {
            assert_eq!(Offload::parse(header).unwrap().emit(), *header);
        }
        assert_eq!(Offload::parse(&[0, 3, 0, 0, 0, 0, 0, 0, 0, 0]), Err(BadOffload(3)));
    }

    #[test]
    fn what_was_read_is_what_is_written() {
        let mut buf = PacketBuf::new();
        buf.read_area(VNET_LEN)[..13].copy_from_slice(&[9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 1, 2, 3]);
        buf.set_read(VNET_LEN, 13, Offload::default());
        assert_eq!(buf.bytes(), [1, 2, 3]);
        assert!(buf.grow_front(2));
        buf.bytes_mut()[..2].copy_from_slice(&[7, 8]);
        assert_eq!(buf.write_area(&[0; VNET_LEN]).unwrap(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 8, 1, 2, 3]);
        assert!(!buf.grow_front(HEADROOM));
    }
}
