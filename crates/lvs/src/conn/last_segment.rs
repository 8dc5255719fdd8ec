//! How far a client's stream had come, and whether a server that is in TIME_WAIT since would take a new connection on the
//! same ports. The rules are those of `tcp_timewait_state_process` (`net/ipv4/tcp_minisocks.c`).

use lvs_wire::{StreamPosition, is_after};

/// Memory of a server in TIME_WAIT of the stream that it received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastSegment {
    /// The sequence number that the next segment would have.
    pub sequence: u32,
    /// The timestamp of the last segment, where there are any.
    pub stamp: Option<u32>,
}

impl LastSegment {
    pub const fn of(position: StreamPosition) -> Self {
        Self { sequence: position.next, stamp: position.stamp }
    }

    /// Takes in another segment of the same stream, in whatever order they come.
    pub fn note(&mut self, other: Self) {
        if is_after(other.sequence, self.sequence) {
            self.sequence = other.sequence;
        }
        if other.stamp.is_none_or(|new| self.stamp.is_none_or(|old| is_after(new, old))) {
            self.stamp = other.stamp;
        }
    }

    /// Whether the SYN that is `opening` begins something new: its timestamp is not older than the last one, and it or the
    /// sequence number is newer. Where one of the two has no timestamp, only the numbers count.
    pub fn gives_way_to(&self, opening: StreamPosition) -> bool {
        let is_further = is_after(opening.sequence, self.sequence);
        match (self.stamp, opening.stamp) {
            (Some(old), Some(new)) => is_after(new, old) || new == old && is_further,
            (Some(_), None) | (None, _) => is_further,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_connection_is_told_by_its_timestamp_or_its_number() {
        for (old, sequence, new, expected) in [
            (None, 101, None, true),
            (None, 100, None, false),
            (None, 99, None, false),
            (None, 101, Some(7), true),
            (None, 100, Some(7), false),
            (Some(70), 101, None, true),
            (Some(70), 100, None, false),
            (Some(70), 99, Some(71), true),
            (Some(70), 101, Some(70), true),
            (Some(70), 100, Some(70), false),
            (Some(70), 101, Some(69), false),
            (Some(u32::MAX), 99, Some(0), true),
            (Some(0), 101, Some(u32::MAX), false),
        ] {
            let last_segment = LastSegment { sequence: 100, stamp: old };
            let opening = StreamPosition { sequence, next: sequence + 1, stamp: new };
            assert_eq!(last_segment.gives_way_to(opening), expected, "{old:?} {sequence} {new:?}");
        }
        let around = LastSegment { sequence: u32::MAX, stamp: None };
        assert!(around.gives_way_to(StreamPosition { sequence: 3, next: 4, stamp: None }));
    }

    #[test]
    fn an_old_segment_takes_nothing_back() {
        let mut last_segment = LastSegment { sequence: u32::MAX, stamp: Some(u32::MAX) };
        last_segment.note(LastSegment { sequence: u32::MAX - 5, stamp: Some(u32::MAX - 5) });
        assert_eq!(last_segment, LastSegment { sequence: u32::MAX, stamp: Some(u32::MAX) });
        last_segment.note(LastSegment { sequence: 3, stamp: Some(4) });
        assert_eq!(last_segment, LastSegment { sequence: 3, stamp: Some(4) });
        last_segment.note(LastSegment { sequence: 2, stamp: None });
        assert_eq!(last_segment, LastSegment { sequence: 3, stamp: None });
    }
}
