//! Bytes and headers. Knows nothing of LVS.
//!
//! Owns the packet buffer, the parser that proves all lengths once, checksums, and the builders of ICMP
//! answers. Called by the core and by the device edge (which uses [`PacketBuf`] only).
#![forbid(unsafe_code)]

mod bare;
mod buf;
pub mod checksum;
mod coalesce;
mod decap;
mod encap;
mod fragment;
mod framing;
mod header;
pub mod icmp;
pub mod make;
mod mss;
mod openings;
mod options;
mod outbox;
mod reset;
mod rewrite;
pub mod sctp;
mod segment;
mod stream;

pub use bare::BareSegment;
pub use buf::{BadOffload, Checksum, Gso, GsoKind, HEADROOM, MAX_PACKET, Offload, PacketBuf, VNET_LEN};
pub use coalesce::Coalescer;
pub use decap::{DecapError, OuterKind, decapsulate, inner_at, outer_kind, take_gue};
pub use encap::{Encapsulation, Outer, complete, encapsulate, fits_whole};
pub use fragment::{cut, cut_at, join};
pub use framing::Framing;
pub use header::{End, Fragment, Headers, ParseError, TcpFlags, Transport, protocol};
pub use icmp::{IcmpError, IcmpHead, Ports};
pub use mss::clamp_mss;
pub use openings::{HoldOutcome, Openings};
pub use options::{Entry, take_entry};
pub use outbox::Outbox;
pub use reset::reset_about;
pub use rewrite::{add_hop, change_covered, set_v4_id, take_hop, translate, translate_error};
pub use segment::{Segment, header_len, longest_segment, segment_count, segments};
pub use stream::{StreamPosition, is_after, tcp_option};
