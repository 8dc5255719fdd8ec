//! The stream in a TCP header: numbers and timestamps. Reads only.

/// Position of a segment in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamPosition {
    /// Of the segment's first byte.
    pub sequence: u32,
    /// Number of the next segment.
    pub next: u32,
    /// The sender's timestamp, where it sends any.
    pub stamp: Option<u32>,
}

impl StreamPosition {
    /// Of a segment, from its TCP header on; its length was proven.
    pub fn of(tcp: &[u8]) -> Self {
        let header = (usize::from(tcp[12] >> 4) * 4).min(tcp.len());
        let sequence = number(tcp, 4);
        let taken = (tcp.len() - header) as u32 + u32::from(tcp[13] & 1) + u32::from(tcp[13] >> 1 & 1);
        Self {
            sequence,
            next: sequence.wrapping_add(taken),
            stamp: tcp_option(&tcp[..header], 8, 10).map(|at| number(tcp, at + 2)),
        }
    }
}

/// Whether one number of a stream comes after another (RFC 9293 3.4).
pub const fn is_after(one: u32, other: u32) -> bool {
    (other.wrapping_sub(one) as i32) < 0
}

/// Offset of the first option of this kind and length in a TCP header.
pub fn tcp_option(header: &[u8], kind: u8, len: usize) -> Option<usize> {
    let mut at = 20;
    while let Some(found) = header.get(at) {
        match found {
            0 => return None,
            1 => at += 1,
            found => {
                let length =
                    header.get(at + 1).map(|length| usize::from(*length)).filter(|length| *length >= 2)?;
                if *found == kind && length == len && at + len <= header.len() {
                    return Some(at);
                }
                at += length;
            }
        }
    }
    None
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(options: &[u8], flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut tcp = vec![0, 80, 0, 80, 0, 0, 1, 0, 0, 0, 0, 0, 0, flags, 0, 0, 0, 0, 0, 0];
        tcp.extend(options);
        tcp[12] = (tcp.len() as u8 / 4) << 4;
        tcp.extend(payload);
        tcp
    }

    #[test]
    fn numbers_and_stamps_are_found() {
        let stamped = [1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9];
        let at = StreamPosition::of(&segment(&stamped, 2, b""));
        assert_eq!(at, StreamPosition { sequence: 256, next: 257, stamp: Some(7) });
        let at = StreamPosition::of(&segment(&[], 0x11, b"abc"));
        assert_eq!(at, StreamPosition { sequence: 256, next: 260, stamp: None });
        assert!(is_after(1, u32::MAX) && !is_after(u32::MAX, 1) && !is_after(5, 5));
    }

    #[test]
    fn options_that_lie_are_no_stamps() {
        for options in
            [[8, 0, 0, 0], [8, 1, 0, 0], [8, 10, 9, 9], [8, 255, 0, 0], [1, 1, 1, 8], [0, 8, 10, 0]]
        {
            assert_eq!(StreamPosition::of(&segment(&options, 2, b"0123456789")).stamp, None);
        }
    }
}
