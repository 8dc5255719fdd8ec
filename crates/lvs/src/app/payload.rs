//! Putting other bytes into a TCP payload: lengths and checksums follow (`nf_nat_mangle_tcp_packet`).

use std::ops::Range;

use lvs_wire::checksum::{self, Delta};
use lvs_wire::{Checksum, Headers, PacketBuf, protocol};

/// Puts these bytes in the place of all payload of a TCP segment.
pub(super) fn set_payload(buf: &mut PacketBuf, headers: &mut Headers, with: &[u8]) -> bool {
    let start = headers.l4 + usize::from(buf.bytes()[headers.l4 + 12] >> 4) * 4;
    replace(buf, headers, start.min(headers.len)..headers.len, with)
}

/// Takes the payload off a TCP segment.
pub(super) fn cut_payload(buf: &mut PacketBuf, headers: &mut Headers) {
    set_payload(buf, headers, &[]);
}

/// Puts an option, whose length is a multiple of four, in front of the others of a TCP header that has room for it.
pub(super) fn insert_option(buf: &mut PacketBuf, headers: &mut Headers, option: &[u8]) -> bool {
    let words = (option.len() / 4) as u8;
    let at = headers.l4 + 12;
    let old = u16::from_be_bytes([buf.bytes()[at], buf.bytes()[at + 1]]);
    let new = old + (u16::from(words) << 12);
    buf.bytes_mut()[at..at + 2].copy_from_slice(&new.to_be_bytes());
    let place = headers.l4 + 20;
    if !replace(buf, headers, place..place, option) {
        buf.bytes_mut()[at..at + 2].copy_from_slice(&old.to_be_bytes());
        return false;
    }
    if buf.offload.header_len != 0 {
        buf.offload.header_len += option.len() as u16;
    }
    true
}

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
