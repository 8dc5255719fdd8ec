//! The addresses of a connection: IPv4, the common case, inside the record, all others in a box.

use std::net::{IpAddr, Ipv4Addr};

use crate::lvs::service::Endpoint;

/// Client, virtual and real address; and the local end where the source is rewritten too.
#[derive(Clone, Debug)]
pub(super) enum Addrs {
    V4([Ipv4Addr; 3]),
    Wide(Box<[IpAddr; 3]>),
    TwiceV4(Box<Twice<Ipv4Addr>>),
    TwiceWide(Box<Twice<IpAddr>>),
}

/// What a connection needs whose packets have both ends rewritten.
#[derive(Clone, Debug)]
pub(super) struct Twice<A> {
    ends: [A; 3],
    local: A,
    /// Where the client's stream stands.
    newest: u32,
    local_port: u16,
    is_stamped: bool,
}

/// How far the client's stream has come, by which a server in TIME_WAIT tells a new connection from an old packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newest {
    /// The sequence number that the next segment would have.
    Sequence(u32),
    /// The timestamp of the last segment.
    Stamp(u32),
}

impl Addrs {
    pub(super) fn new(client: IpAddr, virt: IpAddr, real: IpAddr) -> Self {
        match (client, virt, real) {
            (IpAddr::V4(client), IpAddr::V4(virt), IpAddr::V4(real)) => Self::V4([client, virt, real]),
            _ => Self::Wide(Box::new([client, virt, real])),
        }
    }

    pub(super) fn at(&self, at: usize) -> IpAddr {
        match self {
            Self::V4(addrs) => addrs[at].into(),
            Self::Wide(addrs) => addrs[at],
            Self::TwiceV4(twice) => twice.ends[at].into(),
            Self::TwiceWide(twice) => twice.ends[at],
        }
    }

    pub(super) fn local(&self) -> Option<Endpoint> {
        match self {
            Self::V4(_) | Self::Wide(_) => None,
            Self::TwiceV4(twice) => Some(Endpoint::new(twice.local.into(), twice.local_port)),
            Self::TwiceWide(twice) => Some(Endpoint::new(twice.local, twice.local_port)),
        }
    }

    pub(super) fn set_local(&mut self, local: Endpoint) {
        let ends = [self.at(0), self.at(1), self.at(2)];
        *self = match (ends, local.addr) {
            ([IpAddr::V4(client), IpAddr::V4(virt), IpAddr::V4(real)], IpAddr::V4(addr)) => {
                Self::TwiceV4(Box::new(Twice::new([client, virt, real], addr, local.port)))
            }
            (ends, addr) => Self::TwiceWide(Box::new(Twice::new(ends, addr, local.port))),
        };
    }

    pub(super) fn newest(&self) -> Option<Newest> {
        match self {
            Self::V4(_) | Self::Wide(_) => None,
            Self::TwiceV4(twice) => Some(twice.newest()),
            Self::TwiceWide(twice) => Some(twice.newest()),
        }
    }

    pub(super) fn set_newest(&mut self, newest: Newest) {
        match self {
            Self::V4(_) | Self::Wide(_) => {}
            Self::TwiceV4(twice) => twice.set_newest(newest),
            Self::TwiceWide(twice) => twice.set_newest(newest),
        }
    }
}

impl<A> Twice<A> {
    const fn new(ends: [A; 3], local: A, local_port: u16) -> Self {
        Self { ends, local, newest: 0, local_port, is_stamped: false }
    }

    const fn newest(&self) -> Newest {
        if self.is_stamped { Newest::Stamp(self.newest) } else { Newest::Sequence(self.newest) }
    }

    const fn set_newest(&mut self, newest: Newest) {
        (self.newest, self.is_stamped) = match newest {
            Newest::Sequence(number) => (number, false),
            Newest::Stamp(stamp) => (stamp, true),
        };
    }
}

/// The box of an IPv4 connection fits an allocator's smallest piece.
const _: () = assert!(size_of::<Twice<Ipv4Addr>>() <= 24 && size_of::<Addrs>() <= 16);
