//! First part of the program: what the header of IP has to say, and how long the packet is.

use super::*;

impl Family {
    /// No options, no fragment, a hop left, a right sum. Leaves the length that the header says.
    pub(super) fn check_v4() -> Vec<Line<Label>> {
        use Label::Next;
        let mut lines = vec![
            load(Width::Byte, R1, FRAME, Self::head(0)),
            when(R1, If::Differs, 0x45, Next),
            load(Width::Half, R1, FRAME, Self::head(6)),
            calc(Op::And, R1, network(0xbfff)),
            when(R1, If::Differs, 0, Next),
            load(Width::Byte, R1, FRAME, Self::head(8)),
            when(R1, If::Less, 2, Next),
            load(Width::Word, R1, FRAME, Self::head(0)),
        ];
        for at in [4, 8, 12, 16] {
            lines.extend([load(Width::Word, R2, FRAME, Self::head(at)), calc_by(Op::Add, R1, R2)]);
        }
        lines.extend([copy(R2, R1), calc(Op::Right, R2, 32), low_word(R1), calc_by(Op::Add, R1, R2)]);
        for _ in 0..3 {
            lines.extend([copy(R2, R1), calc(Op::Right, R2, 16)]);
            lines.extend([calc(Op::And, R1, 0xffff), calc_by(Op::Add, R1, R2)]);
        }
        lines.extend([when(R1, If::Differs, 0xffff, Next), load(Width::Half, LEN, FRAME, Self::head(2))]);
        lines.push(host_half(LEN));
        lines
    }

    /// No extension headers, a hop left. Leaves the length that the header says.
    pub(super) fn check_v6() -> Vec<Line<Label>> {
        use Label::Next;
        vec![
            load(Width::Byte, R1, FRAME, Self::head(0)),
            calc(Op::And, R1, 0xf0),
            when(R1, If::Differs, 0x60, Next),
            load(Width::Byte, R1, FRAME, Self::head(7)),
            when(R1, If::Less, 2, Next),
            load(Width::Half, LEN, FRAME, Self::head(4)),
            host_half(LEN),
        ]
    }

    /// The option, and nothing but TCP behind it. Leaves the headers as if it were not there.
    pub(super) fn jumbo(&self) -> Vec<Line<Label>> {
        let option = [protocol::TCP, 0, JUMBO, 4];
        let mut lines = fetch(self.l3, HEAD, self.ip_len());
        lines.extend(fetch(self.l3 + self.ip_len(), TCP_BYTES, 8));
        for (at, byte) in (0..).zip(option) {
            lines.extend([
                load(Width::Byte, R1, FRAME, TCP_BYTES + at),
                when(R1, If::Differs, i32::from(byte), Label::Next),
            ]);
        }
        lines.extend(fetch(self.l4, HEAD + self.ip_len() as i16, 8));
        lines.push(store_number(Width::Byte, FRAME, Self::head(6), i32::from(protocol::TCP)));
        lines
    }

    /// Length of the packet. A super-packet whose length has no room in the header (BIG TCP) says 0 there.
    pub(super) fn len(&self) -> Vec<Line<Label>> {
        use Label::{Next, Said};
        let header = if self.version == Version::V6 { self.ip_len() } else { 0 };
        vec![
            copy(R1, LEN),
            add(LEN, header),
            when(R1, If::Differs, 0, Said(self.form)),
            load(Width::Word, R1, PACKET, SKB_GSO_SIZE),
            when(R1, If::Equal, 0, Next),
            load(Width::Word, LEN, PACKET, SKB_LEN),
            add(LEN, -self.l3),
            Line::Here(Said(self.form)),
        ]
    }

    /// The packet is as long as its header says, or has been padded.
    pub(super) fn check_len(&self) -> Vec<Line<Label>> {
        vec![
            load(Width::Word, R1, PACKET, SKB_LEN),
            add(R1, -self.l3),
            when_by(LEN, If::More, R1, Label::Next),
        ]
    }
}
