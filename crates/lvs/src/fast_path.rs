//! The fast path as the core sees it: a table of flows that plain packets of established connections go by, past the
//! director. As data, and as the trait of the edges that keep such a table.
//!
//! The director alone says what is in the table; the edge never adds a flow or changes one, but for closing flows whose
//! packets are the director's from then on.

use std::fmt::Debug;
use std::time::Duration;

use crate::service::Endpoint;
use crate::time::Time;
use crate::xmit::{Rewrite, TxPath};
use lvs_wire::TcpFlags;
use strum::FromRepr;

/// A packet that is left to the director is in its queue so soon. What the host does on the way takes a few microseconds.
pub const UNDER_WAY: Duration = Duration::from_micros(20);

/// A point in time by the clock of the table: nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

impl Moment {
    pub const fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_nanos() as u64))
    }
}

/// The ends of a packet as it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowKey {
    pub protocol: u8,
    pub from: Endpoint,
    pub to: Endpoint,
}

/// Direction of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Towards {
    Server,
    Client,
}

impl Towards {
    pub const BOTH: [Self; 2] = [Self::Server, Self::Client];
}

/// Work on the packets of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    pub towards: Towards,
    /// The ends as packets leave.
    pub source: Endpoint,
    pub destination: Endpoint,
    /// No packet, nor segment of a super-packet, that is longer is the flow's.
    pub longest: u32,
    /// Nor one of IPv4 that routers may cut: its identification would have to be given anew.
    pub only_whole: bool,
    /// Packets that it tells of; None: a packet that may move the state of the connection is never the flow's.
    pub tells: Option<Tells>,
    /// Earlier packets may wait for the director. Those that come now follow them, until all have gone on that were in its queue
    /// [`UNDER_WAY`] after the last one came, or for so long. None: nothing waits.
    pub waits: Option<Duration>,
}

/// Packets of a flow of which the table tells, so that the state of the connection can follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tells {
    /// Number of the connection, as [`FlowStep`] says it.
    pub conn: u64,
    /// Whether the first packet is one, since the connection is not established yet.
    pub first: bool,
    /// Whether those with FIN are. They are the flow's then; RST and the client's SYN never are.
    pub ends: bool,
}

/// A packet that went by a flow and may move the state of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowStep {
    pub conn: u64,
    pub towards: Towards,
    pub flags: TcpFlags,
    pub seen_at: Time,
}

impl Flow {
    /// Returns what is told of a packet that may move the state, if one with these flags is the flow's.
    ///
    /// The answer to a SYN can be the first packet of a flow towards the client. A second one cannot: it says that the first was lost.
    pub fn tells_of(&self, flags: TcpFlags) -> Option<Tells> {
        const SYN_ACK: u8 = TcpFlags::SYN | TcpFlags::ACK;
        const FIN_ACK: u8 = TcpFlags::FIN | TcpFlags::ACK;
        self.tells.filter(|tells| match flags.0 & TcpFlags::KIND {
            FIN_ACK => tells.ends,
            SYN_ACK => tells.first && tells.ends && self.towards == Towards::Client,
            TcpFlags::ACK => tells.first,
            _ => false,
        })
    }

    /// The ends of packets the other way.
    pub const fn answer(&self, protocol: u8) -> FlowKey {
        FlowKey { protocol, from: self.destination, to: self.source }
    }

    /// The same as the work of a connection on a packet.
    pub const fn rewrite(&self) -> Rewrite {
        Rewrite { source: Some(self.source), destination: Some(self.destination), path: TxPath::Host }
    }
}

/// Traffic of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowUse {
    /// A super-packet counts once.
    pub packets: u64,
    /// Of the IP packets.
    pub bytes: u64,
    /// When its last packet came; None before the first.
    pub seen_at: Option<Time>,
    /// A packet has come that is the director's, and so are all that come behind it.
    pub closed: Option<Closed>,
}

/// Why no packet is a flow's any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRepr)]
#[repr(u32)]
pub enum Closed {
    /// One that begins or ends a connection.
    Turning = 1,
    /// A super-packet that the host would refuse: segments of others would overtake those of the director.
    TooLong = 2,
}

/// Why a flow is not in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlowRefused {
    #[error("the table of flows is full")]
    Full,
    #[error("the kernel refuses the flow: errno {0}")]
    Kernel(i32),
}

/// A table of flows. Called by the director only.
pub trait FlowTable: Debug + Send + Sync {
    /// From now on packets go by flows that were put in under this generation; by none with 0.
    fn switch(&self, generation: u32);

    /// Connections that there are at most.
    fn room(&self) -> usize;

    /// Whether the host tracks connections (conntrack), now that it has seen the first packet of one. A system call.
    fn is_host_tracking(&self) -> bool;

    /// Puts both flows of a connection in, or none, for the generation of the last switch. Both are of one family.
    ///
    /// # Errors
    /// The table has no room, or the system refuses.
    fn install(&self, keys: &[FlowKey; 2], flows: &[Flow; 2]) -> Result<(), FlowRefused>;

    /// The moment that it is while flows may wait; else None, and cheap: asked before each packet.
    fn waits_at(&self) -> Option<Moment>;

    /// All packets in a direction that were in a queue of the director before that moment have gone on.
    fn note_gone(&self, towards: Towards, before: Moment);

    /// Takes a flow out; what it had carried.
    fn remove(&self, key: &FlowKey) -> Option<FlowUse>;

    /// Shows what all flows have carried so far.
    fn read(&self, see: &mut dyn FnMut(FlowKey, FlowUse));

    /// As [`Self::read`], and takes them all out.
    fn drain(&self, see: &mut dyn FnMut(FlowKey, FlowUse));

    /// Whether there are steps that nobody has seen. Cheap: asked before each packet.
    fn has_steps(&self) -> bool;

    /// Shows the steps that nobody has seen, in their order; whoever else asks for them waits until all were shown.
    fn take_steps(&self, see: &mut dyn FnMut(FlowStep));
}

/// How the fast path does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FastPathStatus {
    /// Whether there is a table, and it is in use.
    pub is_on: bool,
    /// Connections that are in the table.
    pub connections: u64,
    /// Traffic that went by it, both ways.
    pub packets: u64,
    pub bytes: u64,
    /// Connections that came in, those that found no room, and those that have no place there.
    pub installed: u64,
    pub full: u64,
    pub refused: u64,
}
