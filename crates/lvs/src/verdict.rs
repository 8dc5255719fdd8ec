//! The fate of a packet, and why it was dropped.

use std::net::IpAddr;

use strum::{IntoStaticStr, VariantArray};

/// The outcome of [`Director::process`](super::Director::process).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Rewritten in place: write it back, the host routes it to its new destination.
    Forward,
    /// To be sent to the link address of this neighbour, unchanged, and so are the other pieces of a packet that came in
    /// pieces, which lie in the outbox: direct routing.
    Route(IpAddr),
    /// Became several packets, which lie in the outbox; this one is not to be written.
    Split,
    /// Not ours, unchanged: write it back, the host answers or routes it.
    Pass,
    /// A fragment that waits for the rest of its packet; nothing is to be written.
    Hold,
    /// Not forwarded; what is to be sent instead (an ICMP error, say) lies in the outbox.
    Reply,
    /// Dropped, and its sender is told: the answer lies in the outbox.
    Refuse(DropReason),
    /// Dropped without a word.
    Drop(DropReason),
}

impl Verdict {
    /// Whether the packet itself goes somewhere.
    pub const fn sends_packet(self) -> bool {
        match self {
            Self::Forward | Self::Route(_) | Self::Pass => true,
            Self::Split | Self::Hold | Self::Reply | Self::Refuse(_) | Self::Drop(_) => false,
        }
    }

    /// As counters and captures name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Route(_) => "route",
            Self::Split => "split",
            Self::Pass => "pass",
            Self::Hold => "hold",
            Self::Reply => "reply",
            Self::Refuse(_) | Self::Drop(_) => "drop",
        }
    }
}

/// Why a packet went nowhere. Each has a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
#[repr(u8)]
pub enum DropReason {
    /// Shorter than its headers.
    Truncated,
    /// Neither IPv4 nor IPv6.
    BadVersion,
    /// A header length that cannot be.
    BadHeaderLength,
    /// A total length that the packet does not have.
    BadTotalLength,
    /// A fragment that overlaps another, or cannot be one.
    BadFragment,
    /// An offload description that does not fit the packet.
    BadOffload,
    /// Of a connection whose real server was removed.
    ServerGone,
    /// The connection table is full.
    TableFull,
    /// All local ports towards its server are in use; its sender was told.
    NoLocalPort,
    /// A checksum that is wrong where the payload has to be changed.
    BadChecksum,
    /// Of a service that goes by Call-IDs, and has none.
    NoCallId,
    /// One of those that `drop_packet` gives up.
    GivenUp,
    /// A SYN that waited behind packets of other flows, when too many did.
    Crowded,
    /// Of a client whose server has not answered its SYN yet (`syn_defence`); it comes again.
    TooEarly,
    /// Of a client that opens more connections than its service lets it (`client_limit`).
    ClientLimit,
    /// Of a client that the lists of its service do not let in (`allow`, `deny`).
    Denied,
    /// The forwarding method of its server is not to be had on this director.
    NoWayToServer,
    /// An answer of an FTP server became too long, or a packet does not go into a tunnel's with all its outer headers.
    TooLong,
    /// No server, and no answer can be given to this packet.
    NoServer,
    /// The last hop was used up, and no answer can be given to it.
    HopsUsedUp,
    /// Longer than its way and not to be cut, and no answer can be given to it.
    TooBig,
    /// Of a real server and of no connection (`nat_icmp_send`), and no answer can be given to it.
    Unclaimed,
    /// At a real server: not encapsulated in a way that was agreed.
    NotEncapsulated,
    /// At a real server: an encapsulation with options or a content that is not understood.
    BadEncapsulation,
    /// At a real server: encapsulated by somebody who is not one of its directors.
    NotFromDirector,
    /// At a real server: what was inside is for no virtual address.
    NotForVirtual,
    /// At a real server: congestion on the way of a packet that cannot be marked.
    Congested,
}

impl DropReason {
    pub const ALL: &[Self] = Self::VARIANTS;

    /// As counters and logs name it.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}
