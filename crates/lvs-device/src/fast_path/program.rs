//! The program at the entrance of the host's links, as instructions of the kernel's machine. Pure; loaded by
//! [`super::FastPath`].
//!
//! A packet that is not plain, or is no flow's, is left as it is to who comes next. All lengths are proven before
//! anything is changed; sums are changed by what changes, as the core does it.

mod flow;
mod headers;

use lvs_sys::bpf_program::Instruction;
use lvs_wire::{TcpFlags, protocol};

use super::layout::{
    BYTES, CLOSED, CONN, ENDS, FIRST, GENERATION, GONE, HOLDING, LEASE, LONGEST, ONLY_WHOLE, PACKETS, SEEN,
    STEP, TOWARDS, Version, WAITS, WAITS_END, WAY,
};
use crate::assembler::{
    DROP, FRAME, If, Line, NEXT, Op, R0, R1, R2, R3, R4, R5, Width, add, add_atomically, assemble, calc,
    calc_by, call, copy, exit, go, host_half, load, low_word, map, network, set, store, store_number, when,
    when_by,
};

/// Packet, value of its flow, its length; length of its headers, then the change of the sum of its addresses, or why its flow is
/// closed.
const PACKET: u8 = 6;
const VALUE: u8 = 7;
const LEN: u8 = 8;
const HEADERS: u8 = 9;
const CHANGE: u8 = 9;
const WHY: u8 = 9;

/// Fields of `struct __sk_buff`.
const SKB_LEN: i16 = 0;
const SKB_KIND: i16 = 4;
const SKB_PROTOCOL: i16 = 16;
const SKB_VLAN: i16 = 20;
const SKB_GSO_SIZE: i16 = 176;

/// `bpf_func_id`.
const MAP_LOOKUP: i32 = 1;
const TIME: i32 = 5;
const STORE_BYTES: i32 = 9;
const L3_SUM: i32 = 10;
const L4_SUM: i32 = 11;
const REDIRECT: i32 = 23;
const LOAD_BYTES: i32 = 26;
const SUM_CHANGE: i32 = 28;
const TELL: i32 = 130;
const COARSE_TIME: i32 = 160;

/// Flags of these: a sum of a pseudo header; a sum of 0 is none; what is summed up elsewhere changes too; seems to come in.
const PSEUDO: i32 = 0x10;
const MARK_NONE: i32 = 0x20;
const RECOMPUTE: i32 = 1;
const INGRESS: i32 = 1;
/// Whoever reads a ring looks by itself.
const NO_WAKEUP: i32 = 1;

/// Places below the frame pointer: the headers up to the ports and four bytes on, two bytes of TCP, the key of the flow,
/// the place and the flags of the transport's checksum, the key 0, flags of a packet that is told of, the record of it, the end
/// of the lease, and what a packet waits for that comes next.
const HEAD: i16 = -56;
const TCP_BYTES: i16 = -8;
const KEY: i16 = -96;
const SUM_AT: i16 = -104;
const SUM_FLAGS: i16 = -112;
const ZERO: i16 = -116;
const TOLD: i16 = -120;
const RECORD: i16 = TOLD - 8 - STEP as i16;
const UNTIL: i16 = RECORD - 8;
const NEXT_WAITS: i16 = UNTIL - 8;

/// Bits of TCP: those that a plain segment may have not, or has to; those that begin or end a connection.
const LOOKED_AT: i32 = TcpFlags::KIND as i32;
const ACK: i32 = TcpFlags::ACK as i32;
const FIN_ACK: i32 = (TcpFlags::FIN | TcpFlags::ACK) as i32;
const SYN_ACK: i32 = (TcpFlags::SYN | TcpFlags::ACK) as i32;
const TURNING: i32 = (TcpFlags::FIN | TcpFlags::SYN | TcpFlags::RST) as i32;

/// Next header and type of the option that says the length of a jumbogram (RFC 2675).
const HOP_BY_HOP: i32 = 0;
const JUMBO: u8 = 0xc2;

/// Descriptors of the maps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Maps {
    pub(super) flows: [i32; 2],
    pub(super) generation: i32,
    pub(super) steps: i32,
}

/// Headers of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    V4,
    V6,
    /// IPv6 with the option for its length in front of TCP, as kernels before Linux 7 put together what is longer than the
    /// header can say (RFC 2675).
    Jumbo,
}

impl Form {
    const fn version(self) -> Version {
        match self {
            Self::V4 => Version::V4,
            Self::V6 | Self::Jumbo => Version::V6,
        }
    }

    /// Bytes in front of the transport's header.
    const fn ahead(self) -> i32 {
        match self {
            Self::V4 => 20,
            Self::V6 => 40,
            Self::Jumbo => 48,
        }
    }
}

/// A jump goes to one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    Next,
    Drop,
    Version6,
    Jumbo,
    Said(Form),
    Udp(Form),
    Lookup(Form),
    Plain(Form),
    First(Form),
    Ends(Form),
    Counted(Form),
    NotPassed(Form),
    TooLong(Form),
    Close(Form),
    Single(Form),
    Measured(Form),
    Fits(Form),
    Gone(Form),
    Follows(Form),
    ComesIn(Form),
    IsIn(Form),
}

/// The parts of the program for one family.
struct Family {
    version: Version,
    form: Form,
    /// Beginning of the IP header, and of the transport's.
    l3: i32,
    l4: i32,
    flows: i32,
    generation: i32,
    steps: i32,
    is_leased: bool,
}

fn of_stack(dst: u8, place: i16) -> [Line<Label>; 2] {
    [copy(dst, FRAME), add(dst, i32::from(place))]
}

/// Copies bytes of the packet to a place below the frame pointer.
fn fetch(at: i32, place: i16, len: i32) -> Vec<Line<Label>> {
    let mut lines = vec![copy(R1, PACKET), set(R2, at)];
    lines.extend(of_stack(R3, place));
    lines.extend([set(R4, len), call(LOAD_BYTES), when(R0, If::Differs, 0, Label::Next)]);
    lines
}

impl Family {
    /// Length of the header of IP, without options.
    const fn ip_len(&self) -> i32 {
        match self.version {
            Version::V4 => 20,
            Version::V6 => 40,
        }
    }

    /// Place of a byte of the packet, counted from its IP header, below the frame pointer.
    const fn head(at: i16) -> i16 {
        HEAD + at
    }

    const fn ends(&self) -> i16 {
        match self.version {
            Version::V4 => Self::head(12),
            Version::V6 => Self::head(8),
        }
    }

    const fn ports(&self) -> i16 {
        self.ends() + 2 * self.version.addr_len() as i16
    }

    const fn field(&self, field: usize) -> i16 {
        (self.version.ends_len() + field) as i16
    }

    fn lines(&self) -> Vec<Line<Label>> {
        let mut lines = match self.form {
            Form::V4 | Form::V6 => fetch(self.l3, HEAD, self.ip_len() + 8),
            Form::Jumbo => self.jumbo(),
        };
        lines.extend(match self.version {
            Version::V4 => Self::check_v4(),
            Version::V6 => Self::check_v6(),
        });
        lines.extend(self.len());
        lines.extend(self.check_len());
        lines.extend(self.transport());
        lines.extend(self.look_up());
        lines.extend(self.kind());
        lines.extend(self.wait());
        lines.extend(self.check_flow());
        lines.extend(self.tell());
        lines.extend(self.count());
        lines.extend(self.rewrite());
        lines.extend(self.go_on());
        lines.extend(self.turning());
        lines
    }

    /// The transport's header, whole. Leaves the length of all headers, and where the checksum is.
    fn transport(&self) -> Vec<Line<Label>> {
        use Label::{Lookup, Next, Udp};
        let number = Self::head(if self.version == Version::V4 { 9 } else { 6 });
        let mut lines = vec![load(Width::Byte, R1, FRAME, number)];
        if self.form == Form::V6 {
            lines.push(when(R1, If::Equal, HOP_BY_HOP, Label::Jumbo));
        }
        lines.extend([
            when(R1, If::Equal, i32::from(protocol::UDP), Udp(self.form)),
            when(R1, If::Differs, i32::from(protocol::TCP), Next),
        ]);
        lines.extend(fetch(self.l4 + 12, TCP_BYTES, 2));
        lines.extend([
            load(Width::Byte, HEADERS, FRAME, TCP_BYTES),
            calc(Op::Right, HEADERS, 4),
            calc(Op::Left, HEADERS, 2),
            when(HEADERS, If::Less, 20, Next),
            add(HEADERS, self.ip_len()),
            when_by(HEADERS, If::More, LEN, Next),
            store_number(Width::Double, FRAME, SUM_AT, self.l4 + 16),
            store_number(Width::Double, FRAME, SUM_FLAGS, 0),
            go(Lookup(self.form)),
            Line::Here(Udp(self.form)),
            // The length of the datagram; the packet ends with it.
            load(Width::Half, R1, FRAME, self.ports() + 4),
            host_half(R1),
            when(R1, If::Less, 8, Next),
            add(R1, self.ip_len()),
            when_by(R1, If::Differs, LEN, Next),
            // Without a sum it is to get one.
            load(Width::Half, R1, FRAME, self.ports() + 6),
            when(R1, If::Equal, 0, Next),
            set(HEADERS, self.ip_len() + 8),
            store_number(Width::Double, FRAME, SUM_AT, self.l4 + 6),
            store_number(Width::Double, FRAME, SUM_FLAGS, MARK_NONE),
            // All that may be asked of a plain datagram.
            store_number(Width::Half, FRAME, TCP_BYTES, 0),
            store_number(Width::Byte, FRAME, TCP_BYTES + 1, ACK),
            Line::Here(Lookup(self.form)),
        ]);
        lines
    }

    /// The flow of the packet, of this generation, and open; while the lease holds, where there is one.
    fn look_up(&self) -> Vec<Line<Label>> {
        use Label::Next;
        let number = Self::head(if self.version == Version::V4 { 9 } else { 6 });
        let ends = self.version.ends_len() as i16;
        let mut lines = Vec::new();
        for at in (0..ends).step_by(4) {
            lines.extend([
                load(Width::Word, R1, FRAME, self.ends() + at),
                store(Width::Word, FRAME, KEY + at, R1),
            ]);
        }
        lines.extend([
            load(Width::Byte, R1, FRAME, number),
            store_number(Width::Word, FRAME, KEY + ends, 0),
            store(Width::Byte, FRAME, KEY + ends, R1),
        ]);
        lines.extend(self.find(self.flows, KEY));
        lines.extend([
            when(R0, If::Equal, 0, Next),
            copy(VALUE, R0),
            store_number(Width::Word, FRAME, ZERO, 0),
        ]);
        lines.extend(self.find(self.generation, ZERO));
        lines.extend([
            when(R0, If::Equal, 0, Next),
            load(Width::Word, R1, R0, HOLDING as i16),
            when(R1, If::Equal, 0, Next),
            load(Width::Word, R2, VALUE, self.field(GENERATION)),
            when_by(R1, If::Differs, R2, Next),
        ]);
        if self.is_leased {
            lines.extend([
                load(Width::Double, R1, R0, LEASE as i16),
                store(Width::Double, FRAME, UNTIL, R1),
                call(COARSE_TIME),
                load(Width::Double, R1, FRAME, UNTIL),
                when_by(R0, If::More, R1, Next),
            ]);
        }
        lines.extend([load(Width::Word, R1, VALUE, self.field(CLOSED)), when(R1, If::Differs, 0, Next)]);
        lines
    }

    fn find(&self, descriptor: i32, key: i16) -> Vec<Line<Label>> {
        let mut lines = Vec::from(map(R1, descriptor));
        lines.extend(of_stack(R2, key));
        lines.push(call(MAP_LOOKUP));
        lines
    }
}

/// The program for links whose IP header begins at `l3`, with its jumps resolved. One that stays where it is without its
/// director passes nothing by once the lease is over.
pub(super) fn instructions(l3: i32, maps: Maps, is_leased: bool) -> Vec<Instruction> {
    let family = |form: Form| Family {
        version: form.version(),
        form,
        l3,
        l4: l3 + form.ahead(),
        flows: maps.flows[form.version() as usize],
        generation: maps.generation,
        steps: maps.steps,
        is_leased,
    };
    let mut lines = vec![
        copy(PACKET, R1),
        load(Width::Word, R1, PACKET, SKB_VLAN),
        when(R1, If::Differs, 0, Label::Next),
        // For this host, not for somebody else on the link.
        load(Width::Word, R1, PACKET, SKB_KIND),
        when(R1, If::Differs, 0, Label::Next),
        load(Width::Word, R1, PACKET, SKB_PROTOCOL),
        when(R1, If::Equal, network(0x86dd), Label::Version6),
        when(R1, If::Differs, network(0x0800), Label::Next),
    ];
    lines.extend(family(Form::V4).lines());
    lines.push(Line::Here(Label::Version6));
    lines.extend(family(Form::V6).lines());
    lines.push(Line::Here(Label::Jumbo));
    lines.extend(family(Form::Jumbo).lines());
    lines.extend([
        Line::Here(Label::Next),
        set(R0, NEXT),
        exit(),
        Line::Here(Label::Drop),
        set(R0, DROP),
        exit(),
    ]);
    assemble(&lines)
}
