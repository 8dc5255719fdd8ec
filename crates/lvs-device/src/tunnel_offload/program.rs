//! The program, as instructions of the kernel's machine (RFC 9669). Pure; loaded by [`super::TunnelOffload`].

use lvs_sys::bpf_program::Instruction;
use lvs_wire::protocol;

use crate::assembler::{
    DROP, FRAME, If, Line, NEXT, Op, R0, R1, R2, R3, R4, R5, Width, add, assemble, calc, call, copy, exit,
    go, load, network, set, store_number,
};

/// The packet's description, the length of the outer headers, and how they are put on again.
const PACKET: u8 = 6;
const OUTER: u8 = 7;
const HOW: u8 = 8;

/// Fields of `struct __sk_buff`.
const PROTOCOL: i16 = 16;
const GSO_SIZE: i16 = 176;

/// `bpf_func_id`.
const STORE_BYTES: i32 = 9;
const LOAD_BYTES: i32 = 26;
const ADJUST_ROOM: i32 = 50;

/// Arguments of `bpf_skb_adjust_room`.
const ROOM_MAC: i32 = 1;
const FIXED_GSO: i32 = 1;
const L3_IPV4: i32 = 1 << 1;
const L3_IPV6: i32 = 1 << 2;
const L4_GRE: i32 = 1 << 3;
const L4_UDP: i32 = 1 << 4;

/// The longest outer headers: IPv6, UDP and GUE. A packet of several segments is longer.
const LONGEST: i32 = 52;
/// Place where they are kept meanwhile, below the frame pointer.
const KEPT: i32 = -56;

/// A jump goes to one of these.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Version6,
    Gre4,
    Gue4,
    Gre6,
    Gue6,
    Again,
    Next,
    Drop,
}

const fn negate(dst: u8) -> Line<Label> {
    calc(Op::Negate, dst, 0)
}

const fn load_word(dst: u8, from: u8, offset: i16) -> Line<Label> {
    load(Width::Word, dst, from, offset)
}

const fn load_byte(dst: u8, from: u8, offset: i16) -> Line<Label> {
    load(Width::Byte, dst, from, offset)
}

const fn store_byte(dst: u8, offset: i16, value: i32) -> Line<Label> {
    store_number(Width::Byte, dst, offset, value)
}

const fn when(dst: u8, value: i32, label: Label) -> Line<Label> {
    crate::assembler::when(dst, If::Equal, value, label)
}

const fn unless(dst: u8, value: i32, label: Label) -> Line<Label> {
    crate::assembler::when(dst, If::Differs, value, label)
}

/// So many bytes off, and on again in that way.
fn outer(len: i32, how: i32) -> [Line<Label>; 3] {
    [set(OUTER, len), set(HOW, how | FIXED_GSO), go(Label::Again)]
}

fn lines() -> Vec<Line<Label>> {
    use Label::{Gre4, Gre6, Gue4, Gue6, Next, Version6};
    let kept = KEPT as i16;
    let mut lines = vec![
        copy(PACKET, R1),
        load_word(R1, PACKET, GSO_SIZE),
        when(R1, 0, Next),
        copy(R1, PACKET),
        set(R2, 0),
        copy(R3, FRAME),
        add(R3, KEPT),
        set(R4, LONGEST),
        call(LOAD_BYTES),
        unless(R0, 0, Next),
        load_word(R1, PACKET, PROTOCOL),
        when(R1, network(0x86dd), Version6),
        unless(R1, network(0x0800), Next),
        load_byte(R1, FRAME, kept + 9),
        when(R1, i32::from(protocol::GRE), Gre4),
        when(R1, i32::from(protocol::WHOLE_GUE), Gue4),
        unless(R1, i32::from(protocol::IPIP), Next),
    ];
    lines.extend(outer(20, L3_IPV4));
    lines.push(Line::Here(Gre4));
    lines.extend(outer(24, L3_IPV4 | L4_GRE));
    lines.extend([Line::Here(Gue4), store_byte(FRAME, kept + 9, i32::from(protocol::UDP))]);
    lines.extend(outer(32, L3_IPV4 | L4_UDP));
    lines.extend([
        Line::Here(Version6),
        load_byte(R1, FRAME, kept + 6),
        when(R1, i32::from(protocol::GRE), Gre6),
        when(R1, i32::from(protocol::WHOLE_GUE), Gue6),
        unless(R1, i32::from(protocol::IPV6), Next),
    ]);
    lines.extend(outer(40, L3_IPV6));
    lines.push(Line::Here(Gre6));
    lines.extend(outer(44, L3_IPV6 | L4_GRE));
    lines.extend([Line::Here(Gue6), store_byte(FRAME, kept + 6, i32::from(protocol::UDP))]);
    lines.extend(outer(52, L3_IPV6 | L4_UDP));
    lines.extend(put_on_again());
    lines
}

/// Takes the outer headers off and puts them on again, so that the kernel knows of them.
fn put_on_again() -> Vec<Line<Label>> {
    use Label::{Again, Drop, Next};
    vec![
        Line::Here(Again),
        copy(R1, PACKET),
        copy(R2, OUTER),
        negate(R2),
        set(R3, ROOM_MAC),
        set(R4, FIXED_GSO),
        call(ADJUST_ROOM),
        unless(R0, 0, Drop),
        copy(R1, PACKET),
        copy(R2, OUTER),
        set(R3, ROOM_MAC),
        copy(R4, HOW),
        call(ADJUST_ROOM),
        unless(R0, 0, Drop),
        copy(R1, PACKET),
        set(R2, 0),
        copy(R3, FRAME),
        add(R3, KEPT),
        copy(R4, OUTER),
        set(R5, 0),
        call(STORE_BYTES),
        unless(R0, 0, Drop),
        Line::Here(Next),
        set(R0, NEXT),
        exit(),
        Line::Here(Drop),
        set(R0, DROP),
        exit(),
    ]
}

/// The program with its jumps resolved.
pub(super) fn instructions() -> Vec<Instruction> {
    assemble(&lines())
}

#[cfg(test)]
mod tests {
    use super::*;

    const JUMPS: [u8; 3] = [0x05, 0x15, 0x55];

    /// Runs the program for a packet of this ethertype, segment size and outer protocol: the bytes taken off and
    /// put on, and how; None: on as it is. Runs everything but the calls, whose arguments it collects.
    fn run(ethertype: u16, gso_size: u32, number: u8) -> (i64, Vec<[i64; 3]>, u8) {
        let program = instructions();
        let mut registers = [0_i64; 11];
        let mut kept = [number; 56];
        let (mut at, mut calls) = (0_usize, Vec::new());
        loop {
            let Instruction { code, registers: both, offset, value } = program[at];
            let (dst, src) = (usize::from(both & 15), usize::from(both >> 4));
            let place = || (56 + offset) as usize;
            at += 1;
            match code {
                0x95 => return (registers[0], calls, kept[0]),
                0xbf => registers[dst] = registers[src],
                0xb7 => registers[dst] = i64::from(value),
                0x07 => registers[dst] += i64::from(value),
                0x87 => registers[dst] = -registers[dst],
                0x61 if offset == GSO_SIZE => registers[dst] = i64::from(gso_size),
                0x61 if offset == PROTOCOL => registers[dst] = i64::from(ethertype.to_be()),
                0x71 => registers[dst] = i64::from(kept[place()]),
                0x72 => kept.fill(value as u8),
                0x85 => {
                    if value == ADJUST_ROOM {
                        calls.push([registers[2], registers[3], registers[4]]);
                    }
                    registers[0] = 0;
                }
                0x05 => at += offset as usize,
                0x15 if registers[dst] == i64::from(value) => at += offset as usize,
                0x55 if registers[dst] != i64::from(value) => at += offset as usize,
                0x15 | 0x55 => {}
                _ => panic!("no instruction {code:#x} is used"),
            }
        }
    }

    #[test]
    fn jumps_go_forward_and_stay_inside() {
        let program = instructions();
        for (at, instruction) in program.iter().enumerate() {
            if JUMPS.contains(&instruction.code) {
                let target = at + 1 + usize::try_from(instruction.offset).unwrap();
                assert!(target < program.len(), "jump at {at}");
            }
        }
    }

    #[test]
    fn each_tunnel_is_put_on_again_as_what_it_is() {
        let (four, six) = (0x0800, 0x86dd);
        let cases = [
            (four, protocol::IPIP, 20, L3_IPV4),
            (four, protocol::GRE, 24, L3_IPV4 | L4_GRE),
            (four, protocol::WHOLE_GUE, 32, L3_IPV4 | L4_UDP),
            (six, protocol::IPV6, 40, L3_IPV6),
            (six, protocol::GRE, 44, L3_IPV6 | L4_GRE),
            (six, protocol::WHOLE_GUE, 52, L3_IPV6 | L4_UDP),
        ];
        for (ethertype, number, len, how) in cases {
            let (answer, calls, left) = run(ethertype, 1440, number);
            let (room, fixed) = (i64::from(ROOM_MAC), i64::from(FIXED_GSO));
            assert_eq!(calls, [[-len, room, fixed], [len, room, i64::from(how) | fixed]], "{number}");
            assert_eq!(answer, i64::from(NEXT));
            assert_eq!(left, if number == protocol::WHOLE_GUE { protocol::UDP } else { number });
        }
    }

    #[test]
    fn all_else_is_left_alone() {
        let whole = 1440;
        for (ethertype, gso_size, number) in [
            (0x0800, 0, protocol::IPIP),
            (0x0800, whole, protocol::TCP),
            (0x0800, whole, protocol::UDP),
            (0x0800, whole, protocol::IPV6),
            (0x86dd, whole, protocol::TCP),
            (0x86dd, whole, protocol::IPIP),
            (0x0806, whole, protocol::IPIP),
        ] {
            assert_eq!(run(ethertype, gso_size, number), (i64::from(NEXT), Vec::new(), number));
        }
    }
}
