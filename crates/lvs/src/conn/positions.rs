//! Positions of both ends of a TCP connection in their sequence numbers, as far as packets have shown them.
//!
//! Kept only for connections whose ends are to be told of an end that they did not ask for.

use super::Role;

/// Last numbers of an end of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct End {
    /// The number after the last that it sent.
    next: Option<u32>,
    /// The number that it waits for.
    ack: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    client: End,
    server: End,
}

/// The numbers of one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// After its last byte; SYN and FIN count.
    pub next: u32,
    pub ack: Option<u32>,
}

/// The sequence number and acknowledgement of a segment that an end will believe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeqAck {
    pub seq: u32,
    pub ack: u32,
}

impl Positions {
    /// Of the client and of the server: the number after the last that it sent, and the one that it waits for.
    pub const fn numbers(&self) -> [Option<u32>; 4] {
        [self.client.next, self.client.ack, self.server.next, self.server.ack]
    }

    pub const fn from_numbers([client, client_ack, server, server_ack]: [Option<u32>; 4]) -> Self {
        Self { client: End { next: client, ack: client_ack }, server: End { next: server, ack: server_ack } }
    }

    /// Takes a segment in. `from`: [`Role::In`] for the client's.
    pub fn note(&mut self, from: Role, numbers: Numbers) {
        let end = if from == Role::In { &mut self.client } else { &mut self.server };
        end.next = Some(later(end.next, numbers.next));
        if let Some(ack) = numbers.ack {
            end.ack = Some(later(end.ack, ack));
        }
    }

    /// Positions of a segment to that end: what the end waits for as it said itself, and, where data may have
    /// reached it since, what the other end sent last. Nothing when it is not known.
    pub fn places(&self, to: Role) -> impl Iterator<Item = SeqAck> {
        let (to, from) = if to == Role::In { (self.server, self.client) } else { (self.client, self.server) };
        let ack = from.ack.or(to.next).unwrap_or(0);
        // An end that only ever sent a SYN believes any number with the right acknowledgement.
        let first = to.ack.or(from.next).or_else(|| to.next.map(|_| 0));
        let second = from.next.filter(|next| Some(*next) != first);
        first.into_iter().chain(second).map(move |seq| SeqAck { seq, ack })
    }

    /// Whether both ends can be told.
    pub fn is_known(&self) -> bool {
        self.places(Role::In).next().is_some() && self.places(Role::Out).next().is_some()
    }
}

/// The later of two sequence numbers, on their circle.
fn later(old: Option<u32>, new: u32) -> u32 {
    old.filter(|old| new.wrapping_sub(*old) > u32::MAX / 2).unwrap_or(new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seqs(positions: &Positions, to: Role) -> Vec<u32> {
        positions.places(to).map(|place| place.seq).collect()
    }

    #[test]
    fn both_ends_are_known_after_a_handshake() {
        let mut positions = Positions::default();
        positions.note(Role::In, Numbers { next: 101, ack: None });
        assert_eq!(
            positions.places(Role::Out).collect::<Vec<_>>(),
            [SeqAck { seq: 0, ack: 101 }],
            "a client in SYN_SENT"
        );
        assert_eq!(seqs(&positions, Role::In), [101]);
        positions.note(Role::Out, Numbers { next: 901, ack: Some(101) });
        positions.note(Role::In, Numbers { next: 101, ack: Some(901) });
        assert_eq!(positions.places(Role::Out).collect::<Vec<_>>(), [SeqAck { seq: 901, ack: 101 }]);
        assert_eq!(positions.places(Role::In).collect::<Vec<_>>(), [SeqAck { seq: 101, ack: 901 }]);
    }

    #[test]
    fn data_under_way_leaves_two_possible_places() {
        let mut positions = Positions::default();
        positions.note(Role::In, Numbers { next: 200, ack: Some(u32::MAX - 9) });
        positions.note(Role::Out, Numbers { next: 90, ack: Some(200) });
        assert_eq!(seqs(&positions, Role::Out), [u32::MAX - 9, 90]);
        positions.note(Role::Out, Numbers { next: 5, ack: Some(150) });
        assert_eq!(seqs(&positions, Role::Out), [u32::MAX - 9, 90], "an old segment changes nothing");
    }

    #[test]
    fn with_the_client_alone_in_sight_both_can_be_told() {
        let mut positions = Positions::default();
        assert!(!positions.is_known());
        positions.note(Role::In, Numbers { next: 200, ack: Some(700) });
        assert!(positions.is_known());
        assert_eq!(seqs(&positions, Role::Out), [700]);
        assert_eq!(seqs(&positions, Role::In), [200]);
    }

    proptest! {
        /// However segments are reordered within a window, the last ones count.
        #[test]
        fn order_does_not_matter(start in any::<u32>(), mut steps in prop::collection::vec(0..60_000u32, 1..20)) {
            let furthest = start.wrapping_add(*steps.iter().max().unwrap_or(&0));
            steps.rotate_left(1);
            let mut positions = Positions::default();
            for step in steps {
                let next = start.wrapping_add(step);
                positions.note(Role::In, Numbers { next, ack: Some(next) });
            }
            prop_assert_eq!(seqs(&positions, Role::In), [furthest]);
            prop_assert_eq!(seqs(&positions, Role::Out), [furthest]);
        }
    }
}
