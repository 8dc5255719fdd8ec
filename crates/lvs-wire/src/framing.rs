//! Beginnings of packets, by the links that carry them.

/// Beginning of the packets of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    Ethernet,
    /// With their IP header.
    Bare,
}

impl Framing {
    pub const ALL: [Self; 2] = [Self::Ethernet, Self::Bare];

    /// Bytes in front of the IP header.
    pub const fn header_len(self) -> usize {
        match self {
            Self::Ethernet => 14,
            Self::Bare => 0,
        }
    }
}
