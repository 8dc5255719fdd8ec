//! Putting other bytes into a TCP payload: lengths and checksums follow (`nf_nat_mangle_tcp_packet`).

use std::ops::Range;

use crate::lvs::wire::checksum::{self, Delta};
use crate::lvs::wire::{Checksum, Headers, PacketBuf, protocol};

/// Replaces a range of the packet that lies behind its TCP header. False, and nothing changed, where the packet
/// would be too long.
pub(super) fn replace(buf: &mut PacketBuf, headers: &mut Headers, range: Range<usize>, with: &[u8]) -> bool {
    let old_len = headers.len;
    if !buf.replace(range.clone(), with) {
        return false;
    }
    headers.len = old_len - range.len() + with.len();
    let (old, new) = (old_len - headers.l4, headers.len - headers.l4);
    let partial = matches!(buf.offload.checksum, Checksum::Partial { .. });
    let bytes = buf.bytes_mut();
    if headers.is_v6() {
        bytes[4..6].copy_from_slice(&((headers.len - 40) as u16).to_be_bytes());
    } else {
        let total = headers.len as u16;
        let sum =
            Delta::default().word(old_len as u16, total).apply(u16::from_be_bytes([bytes[10], bytes[11]]));
        bytes[2..4].copy_from_slice(&total.to_be_bytes());
        bytes[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    let at = headers.l4 + 16;
    let sum = if partial {
        let field = u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        Delta::default().word(old as u16, new as u16).apply_partial(field)
    } else {
        bytes[at..at + 2].fill(0);
        checksum::transport(headers.src, headers.dst, protocol::TCP, &bytes[headers.l4..headers.len])
    };
    bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    true
}
