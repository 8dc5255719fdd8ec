//! Sending a packet of a connection on: one file for each forwarding method. Same job as `ip_vs_xmit.c`.
//!
//! Rewrites in place. Never looks a connection up, never counts; called by the director.

mod masq;

pub use masq::masq_out;

use super::conn::{Connection, Method};
use super::verdict::{DropReason, Verdict};
use super::wire::{Headers, PacketBuf};

/// Sends a packet of the client to its connection's server.
pub fn transmit(buf: &mut PacketBuf, headers: &Headers, conn: &Connection) -> Verdict {
    match conn.method {
        Method::Masq => masq::masq_in(buf, headers, conn),
        Method::Route | Method::Tunnel | Method::Local | Method::Bypass => {
            Verdict::Drop(DropReason::NoWayToServer)
        }
    }
}
