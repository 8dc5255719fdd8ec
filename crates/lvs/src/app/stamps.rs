//! Taking the timestamps out of a SYN (RFC 7323), so that its stream has none: both ends send them only if both SYNs do.

use super::proxy::blank;
use super::sequence::change_header;
use lvs_wire::{Headers, PacketBuf};

const TIMESTAMPS: u8 = 8;

/// Blanks the option out; `headers` are of a TCP segment.
pub fn blank_stamps(buf: &mut PacketBuf, headers: &Headers) {
    let checksum = buf.offload.checksum;
    let tcp = &mut buf.bytes_mut()[headers.l4..headers.len];
    change_header(tcp, checksum, |header| blank(header, TIMESTAMPS));
}
