//! The addresses of a connection: IPv4, the common case, inside the record, all others in a box.

use std::net::{IpAddr, Ipv4Addr};

use super::LastSegment;
use crate::service::Endpoint;

/// Client, virtual and real address; and the local end where the source is rewritten too. `sequence`: of [`LastSegment`].
#[derive(Clone, Debug)]
pub(super) enum Addrs {
    V4([Ipv4Addr; 3]),
    Wide(Box<[IpAddr; 3]>),
    TwiceV4 { sequence: u32, twice: Box<FullNatAddrs<Ipv4Addr>> },
    TwiceWide { sequence: u32, twice: Box<FullNatAddrs<IpAddr>> },
}

/// The end that stands for a client, by a port that was claimed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalEnd {
    pub end: Endpoint,
    /// The server is to see no timestamps: it would take those of this client for old ones.
    pub is_unstamped: bool,
}

/// Addresses of a connection whose packets have both ends rewritten.
#[derive(Clone, Debug)]
pub(super) struct FullNatAddrs<A> {
    ends: [A; 3],
    local: A,
    stamp: u32,
    local_port: u16,
    has_stamp: bool,
    is_unstamped: bool,
}

impl Addrs {
    pub(super) fn new(client: IpAddr, virt: IpAddr, real: IpAddr) -> Self {
        match (client, virt, real) {
            (IpAddr::V4(client), IpAddr::V4(virt), IpAddr::V4(real)) => Self::V4([client, virt, real]),
            _ => Self::Wide(Box::new([client, virt, real])),
        }
    }

    #[inline]
    pub(super) fn at(&self, at: usize) -> IpAddr {
        match self {
            Self::V4(addrs) => addrs[at].into(),
            Self::Wide(addrs) => addrs[at],
            Self::TwiceV4 { twice, .. } => twice.ends[at].into(),
            Self::TwiceWide { twice, .. } => twice.ends[at],
        }
    }

    #[inline]
    pub(super) fn local(&self) -> Option<LocalEnd> {
        match self {
            Self::V4(_) | Self::Wide(_) => None,
            Self::TwiceV4 { twice, .. } => Some(twice.local_end(twice.local.into())),
            Self::TwiceWide { twice, .. } => Some(twice.local_end(twice.local)),
        }
    }

    pub(super) fn set_local(&mut self, local: LocalEnd) {
        let ends = [self.at(0), self.at(1), self.at(2)];
        *self = match (ends, local.end.addr) {
            ([IpAddr::V4(client), IpAddr::V4(virt), IpAddr::V4(real)], IpAddr::V4(addr)) => {
                let twice = Box::new(FullNatAddrs::new([client, virt, real], addr, local));
                Self::TwiceV4 { sequence: 0, twice }
            }
            (ends, addr) => {
                Self::TwiceWide { sequence: 0, twice: Box::new(FullNatAddrs::new(ends, addr, local)) }
            }
        };
    }

    pub(super) fn last_segment(&self) -> Option<LastSegment> {
        match self {
            Self::V4(_) | Self::Wide(_) => None,
            Self::TwiceV4 { sequence, twice } => Some(twice.last_segment(*sequence)),
            Self::TwiceWide { sequence, twice } => Some(twice.last_segment(*sequence)),
        }
    }

    pub(super) fn set_last_segment(&mut self, last_segment: LastSegment) {
        match self {
            Self::V4(_) | Self::Wide(_) => {}
            Self::TwiceV4 { sequence, twice } => *sequence = twice.set_last_segment(last_segment),
            Self::TwiceWide { sequence, twice } => *sequence = twice.set_last_segment(last_segment),
        }
    }
}

impl<A> FullNatAddrs<A> {
    const fn new(ends: [A; 3], local: A, LocalEnd { end, is_unstamped }: LocalEnd) -> Self {
        Self { ends, local, stamp: 0, local_port: end.port, has_stamp: false, is_unstamped }
    }

    const fn local_end(&self, addr: IpAddr) -> LocalEnd {
        LocalEnd { end: Endpoint::new(addr, self.local_port), is_unstamped: self.is_unstamped }
    }

    fn last_segment(&self, sequence: u32) -> LastSegment {
        LastSegment { sequence, stamp: self.has_stamp.then_some(self.stamp) }
    }

    /// Keeps the timestamp; the sequence number is the caller's to keep.
    fn set_last_segment(&mut self, last_segment: LastSegment) -> u32 {
        self.has_stamp = last_segment.stamp.is_some();
        self.stamp = last_segment.stamp.unwrap_or(0);
        last_segment.sequence
    }
}

/// The box of an IPv4 connection fits an allocator's smallest piece.
const _: () = assert!(size_of::<FullNatAddrs<Ipv4Addr>>() <= 24 && size_of::<Addrs>() <= 16);
