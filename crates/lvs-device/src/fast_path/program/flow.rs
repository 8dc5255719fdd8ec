//! Second half of the program: from the flow that a packet is of to the packet that leaves.

use super::*;
use lvs::fast_path::{Closed, Towards, UNDER_WAY};

impl Family {
    /// Whether the packet is the flow's, and whether it is to be told of.
    pub(super) fn kind(&self) -> Vec<Line<Label>> {
        use Label::{Ends, First, Next, NotPassed, Plain};
        vec![
            store_number(Width::Word, FRAME, TOLD, 0),
            load(Width::Byte, R1, FRAME, TCP_BYTES + 1),
            copy(R2, R1),
            calc(Op::And, R2, LOOKED_AT),
            when(R2, If::Equal, ACK, First(self.form)),
            copy(R3, R1),
            calc(Op::And, R3, TURNING),
            when(R3, If::Equal, 0, Next),
            // It ends a connection, or begins one.
            store(Width::Word, FRAME, TOLD, R1),
            when(R2, If::Equal, FIN_ACK, Ends(self.form)),
            when(R2, If::Differs, SYN_ACK, NotPassed(self.form)),
            load(Width::Byte, R1, VALUE, self.field(FIRST)),
            when(R1, If::Equal, 0, NotPassed(self.form)),
            load(Width::Byte, R1, VALUE, self.field(TOWARDS)),
            when(R1, If::Differs, Towards::Client as i32, NotPassed(self.form)),
            Line::Here(Ends(self.form)),
            load(Width::Byte, R1, VALUE, self.field(ENDS)),
            when(R1, If::Equal, 0, NotPassed(self.form)),
            go(Plain(self.form)),
            Line::Here(First(self.form)),
            load(Width::Byte, R2, VALUE, self.field(FIRST)),
            when(R2, If::Equal, 0, Plain(self.form)),
            store(Width::Word, FRAME, TOLD, R1),
            Line::Here(Plain(self.form)),
        ]
    }

    /// A packet follows those that wait for the director, while some may.
    pub(super) fn wait(&self) -> Vec<Line<Label>> {
        use Label::{ComesIn, Follows, Gone, IsIn, NotPassed};
        let mut lines = vec![
            load(Width::Double, R1, VALUE, self.field(WAITS)),
            when(R1, If::Equal, 0, IsIn(self.form)),
            call(TIME),
            load(Width::Double, R1, VALUE, self.field(WAITS_END)),
            when_by(R0, If::More, R1, ComesIn(self.form)),
            add(R0, UNDER_WAY.as_nanos() as i32),
            store(Width::Double, FRAME, NEXT_WAITS, R0),
        ];
        lines.extend(self.find(self.generation, ZERO));
        lines.extend([
            when(R0, If::Equal, 0, NotPassed(self.form)),
            load(Width::Double, R2, R0, GONE[Towards::Server as usize] as i16),
            load(Width::Byte, R1, VALUE, self.field(TOWARDS)),
            when(R1, If::Equal, Towards::Server as i32, Gone(self.form)),
            load(Width::Double, R2, R0, GONE[Towards::Client as usize] as i16),
            Line::Here(Gone(self.form)),
            load(Width::Double, R1, VALUE, self.field(WAITS)),
            when_by(R1, If::More, R2, Follows(self.form)),
            go(ComesIn(self.form)),
            Line::Here(Follows(self.form)),
            load(Width::Double, R1, FRAME, NEXT_WAITS),
            store(Width::Double, VALUE, self.field(WAITS), R1),
            go(NotPassed(self.form)),
            Line::Here(ComesIn(self.form)),
            store_number(Width::Double, VALUE, self.field(WAITS), 0),
            Line::Here(IsIn(self.form)),
        ]);
        lines
    }

    /// Tells of a packet that may move the state. Without room for that it is the director's.
    pub(super) fn tell(&self) -> Vec<Line<Label>> {
        use Label::{Counted, NotPassed};
        let mut lines = vec![
            load(Width::Word, R1, FRAME, TOLD),
            when(R1, If::Equal, 0, Counted(self.form)),
            store(Width::Word, FRAME, RECORD + 16, R1),
            load(Width::Byte, R1, VALUE, self.field(TOWARDS)),
            store(Width::Word, FRAME, RECORD + 20, R1),
            load(Width::Double, R1, VALUE, self.field(CONN)),
            store(Width::Double, FRAME, RECORD, R1),
            call(COARSE_TIME),
            store(Width::Double, FRAME, RECORD + 8, R0),
        ];
        lines.extend(map(R1, self.steps));
        lines.extend(of_stack(R2, RECORD));
        lines.extend([
            set(R3, STEP as i32),
            set(R4, NO_WAKEUP),
            call(TELL),
            when(R0, If::Differs, 0, NotPassed(self.form)),
            store_number(Width::Byte, VALUE, self.field(FIRST), 0),
            Line::Here(Counted(self.form)),
        ]);
        lines
    }

    /// A segment that begins or ends a connection and is not passed closes both flows before it is left to the director. So does
    /// a super-packet with the option for its length that is too long.
    pub(super) fn turning(&self) -> Vec<Line<Label>> {
        use Label::{Close, Next, NotPassed, TooLong};
        let addr = self.version.addr_len() as i16;
        let mut lines = vec![
            Line::Here(NotPassed(self.form)),
            load(Width::Word, R1, FRAME, TOLD),
            calc(Op::And, R1, TURNING),
            when(R1, If::Equal, 0, Next),
            set(WHY, Closed::Turning as i32),
        ];
        if self.form == Form::Jumbo {
            lines.extend([
                go(Close(self.form)),
                Line::Here(TooLong(self.form)),
                set(WHY, Closed::TooLong as i32),
                Line::Here(Close(self.form)),
            ]);
        }
        lines.push(store(Width::Word, VALUE, self.field(CLOSED), WHY));
        // The key of the answers: the new ends, the other way round.
        for at in (0..addr).step_by(4) {
            lines.extend([
                load(Width::Word, R1, VALUE, addr + at),
                store(Width::Word, FRAME, KEY + at, R1),
                load(Width::Word, R1, VALUE, at),
                store(Width::Word, FRAME, KEY + addr + at, R1),
            ]);
        }
        for (from, to) in [(2, 0), (0, 2)] {
            lines.extend([
                load(Width::Half, R1, VALUE, 2 * addr + from),
                store(Width::Half, FRAME, KEY + 2 * addr + to, R1),
            ]);
        }
        lines.extend(self.find(self.flows, KEY));
        lines.extend([
            when(R0, If::Equal, 0, Next),
            store(Width::Word, R0, self.field(CLOSED), WHY),
            go(Next),
        ]);
        lines
    }

    /// The packet, or the longest of its segments, fits the way out.
    pub(super) fn check_flow(&self) -> Vec<Line<Label>> {
        use Label::{Fits, Measured, NotPassed, Single, TooLong};
        let mut lines = vec![
            load(Width::Word, R1, PACKET, SKB_GSO_SIZE),
            when(R1, If::Equal, 0, Single(self.form)),
            calc_by(Op::Add, R1, HEADERS),
        ];
        let mut too_long = NotPassed(self.form);
        if self.form == Form::Jumbo {
            // The host counts the option for each segment, though none will have it (Linux before 7).
            lines.push(add(R1, self.form.ahead() - self.ip_len()));
            too_long = TooLong(self.form);
        }
        lines.extend([
            go(Measured(self.form)),
            Line::Here(Single(self.form)),
            copy(R1, LEN),
            Line::Here(Measured(self.form)),
            load(Width::Word, R2, VALUE, self.field(LONGEST)),
            when_by(R1, If::More, R2, too_long),
        ]);
        if self.version == Version::V4 {
            lines.extend([
                load(Width::Byte, R1, VALUE, self.field(ONLY_WHOLE)),
                when(R1, If::Equal, 0, Fits(self.form)),
                load(Width::Byte, R1, FRAME, Self::head(6)),
                calc(Op::And, R1, 0x40),
                when(R1, If::Equal, 0, NotPassed(self.form)),
                Line::Here(Fits(self.form)),
            ]);
        }
        lines
    }

    pub(super) fn count(&self) -> Vec<Line<Label>> {
        vec![
            set(R1, 1),
            add_atomically(VALUE, self.field(PACKETS), R1),
            add_atomically(VALUE, self.field(BYTES), LEN),
            call(COARSE_TIME),
            store(Width::Double, VALUE, self.field(SEEN), R0),
        ]
    }

    /// New ends, and sums that cover them.
    pub(super) fn rewrite(&self) -> Vec<Line<Label>> {
        use Label::Drop;
        let addrs = 2 * self.version.addr_len() as i32;
        let mut lines = Vec::from(of_stack(R1, self.ends()));
        lines.extend([set(R2, addrs), copy(R3, VALUE), set(R4, addrs), set(R5, 0)]);
        lines.extend([call(SUM_CHANGE), copy(CHANGE, R0)]);
        if self.version == Version::V4 {
            lines.extend([copy(R1, PACKET), set(R2, self.l3 + 10), set(R3, 0), copy(R4, CHANGE), set(R5, 0)]);
            lines.extend([call(L3_SUM), when(R0, If::Differs, 0, Drop)]);
        }
        lines.extend([
            copy(R1, PACKET),
            load(Width::Double, R2, FRAME, SUM_AT),
            set(R3, 0),
            copy(R4, CHANGE),
            load(Width::Double, R5, FRAME, SUM_FLAGS),
            add(R5, PSEUDO),
            call(L4_SUM),
            when(R0, If::Differs, 0, Drop),
            copy(R1, PACKET),
            load(Width::Double, R2, FRAME, SUM_AT),
            load(Width::Word, R3, FRAME, self.ports()),
            load(Width::Word, R4, VALUE, addrs as i16),
            load(Width::Double, R5, FRAME, SUM_FLAGS),
            add(R5, 4),
            call(L4_SUM),
            when(R0, If::Differs, 0, Drop),
        ]);
        // The header of IPv4 has a sum of its own, so that the sum of all stays.
        let parts = match self.version {
            Version::V4 => vec![(12, 0, 12, 0)],
            Version::V6 => vec![(8, 0, 32, RECOMPUTE), (self.l4 - self.l3, 32, 4, 0)],
        };
        for (at, from, len, flags) in parts {
            lines.extend([copy(R1, PACKET), set(R2, self.l3 + at), copy(R3, VALUE), add(R3, from)]);
            lines.extend([set(R4, len), set(R5, flags), call(STORE_BYTES), when(R0, If::Differs, 0, Drop)]);
        }
        lines
    }

    /// As if it had come by the interface of the director.
    pub(super) fn go_on(&self) -> Vec<Line<Label>> {
        vec![
            load(Width::Word, R1, VALUE, self.field(WAY)),
            when(R1, If::Equal, 0, Label::Next),
            set(R2, INGRESS),
            call(REDIRECT),
            exit(),
        ]
    }
}
