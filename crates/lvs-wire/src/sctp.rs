//! SCTP: the chunk that a packet begins with, and the CRC32c over all of it (RFC 9260).

use super::{Checksum, Offload};

const HEADER: usize = 12;

/// The chunk that opens an association, and the one that cuts it off.
pub const INIT: u8 = 1;
pub const ABORT: u8 = 6;

/// The type of the first chunk (and of the second after a COOKIE), as `ip_vs_proto_sctp.c` looks at them.
pub fn chunks(segment: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut at = HEADER;
    std::iter::from_fn(move || {
        let chunk = segment.get(at..at + 4)?;
        let len = usize::from(u16::from_be_bytes([chunk[2], chunk[3]]));
        if len < 4 {
            at = segment.len();
        } else {
            at += len.next_multiple_of(4);
        }
        Some(chunk[0])
    })
}

/// Writes the CRC of a packet anew, or leaves it to the sender when that was promised.
pub fn write_crc(segment: &mut [u8], offload: &Offload) {
    if matches!(offload.checksum, Checksum::Partial { .. }) || segment.len() < HEADER {
        return;
    }
    segment[8..12].fill(0);
    let crc = crc32c(segment);
    segment[8..12].copy_from_slice(&crc.to_le_bytes());
}

/// CRC32c (Castagnoli), bit-reflected; by the processor's own instruction where it has one.
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_that_of_rfc_3720() {
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn chunks_end_where_a_length_lies() {
        let mut segment = vec![0; 12];
        segment.extend([10, 0, 0, 6, 1, 2, 0, 0, 6, 0, 0, 0, 9, 9, 9, 9]);
        assert_eq!(chunks(&segment).collect::<Vec<_>>(), [10, 6]);
    }
}
