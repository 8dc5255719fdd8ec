//! Bytes and headers. Knows nothing of LVS.
//!
//! Owns the packet buffer, the parser that proves all lengths once, checksums, and the builders of ICMP
//! answers. The only place that names `pnet_packet`. Called by all of [`lvs`](crate::lvs) and by the device edge
//! (which uses [`PacketBuf`] only).

mod buf;
mod outbox;

pub use buf::{BadOffload, Checksum, Gso, GsoKind, HEADROOM, MAX_PACKET, Offload, PacketBuf, VNET_LEN};
pub use outbox::Outbox;
