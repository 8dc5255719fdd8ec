//! Programs of the kernel's machine (RFC 9669), written as lines with labels. Pure.
//!
//! Owns the encoding of instructions and of jumps, which go forward only. Knows nothing of what a program is for.

use lvs_sys::bpf_program::Instruction;

pub(super) const R0: u8 = 0;
pub(super) const R1: u8 = 1;
pub(super) const R2: u8 = 2;
pub(super) const R3: u8 = 3;
pub(super) const R4: u8 = 4;
pub(super) const R5: u8 = 5;
/// Points behind the 512 bytes that a program has for itself.
pub(super) const FRAME: u8 = 10;

/// The next program at the same entrance goes on with the packet (`TCX_NEXT`).
pub(super) const NEXT: i32 = -1;
/// The packet is gone (`TCX_DROP`).
pub(super) const DROP: i32 = 2;

/// Width of a load or a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Width {
    Byte = 0x10,
    Half = 0x08,
    Word = 0x00,
    Double = 0x18,
}

/// Operation on a register and a number, or on two registers, of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Op {
    Add = 0x00,
    And = 0x50,
    Left = 0x60,
    Right = 0x70,
    Negate = 0x80,
    Set = 0xb0,
}

/// Condition of a jump; without a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum If {
    Equal = 0x10,
    More = 0x20,
    Differs = 0x50,
    Less = 0xa0,
}

pub(super) enum Line<L> {
    Do(Instruction),
    Jump(Instruction, L),
    Here(L),
}

/// Two halves of a byte, in the order of the machine.
const fn registers(dst: u8, src: u8) -> u8 {
    if cfg!(target_endian = "little") { src << 4 | dst } else { dst << 4 | src }
}

const fn line<L>(code: u8, dst: u8, src: u8, offset: i16, value: i32) -> Line<L> {
    Line::Do(Instruction { code, registers: registers(dst, src), offset, value })
}

pub(super) const fn copy<L>(dst: u8, src: u8) -> Line<L> {
    line(Op::Set as u8 | 0x0f, dst, src, 0, 0)
}

pub(super) const fn set<L>(dst: u8, value: i32) -> Line<L> {
    calc(Op::Set, dst, value)
}

pub(super) const fn add<L>(dst: u8, value: i32) -> Line<L> {
    calc(Op::Add, dst, value)
}

/// As all of these, on 64 bits.
pub(super) const fn calc<L>(op: Op, dst: u8, value: i32) -> Line<L> {
    line(op as u8 | 0x07, dst, 0, 0, value)
}

pub(super) const fn calc_by<L>(op: Op, dst: u8, src: u8) -> Line<L> {
    line(op as u8 | 0x0f, dst, src, 0, 0)
}

/// Keeps the lower half of a register.
pub(super) const fn low_word<L>(dst: u8) -> Line<L> {
    line(Op::Set as u8 | 0x0c, dst, dst, 0, 0)
}

/// From the order of the network to that of the machine, 16 bits.
pub(super) const fn host_half<L>(dst: u8) -> Line<L> {
    line(0xdc, dst, 0, 0, 16)
}

pub(super) const fn load<L>(width: Width, dst: u8, from: u8, offset: i16) -> Line<L> {
    line(0x61 | width as u8, dst, from, offset, 0)
}

pub(super) const fn store<L>(width: Width, to: u8, offset: i16, src: u8) -> Line<L> {
    line(0x63 | width as u8, to, src, offset, 0)
}

pub(super) const fn store_number<L>(width: Width, to: u8, offset: i16, value: i32) -> Line<L> {
    line(0x62 | width as u8, to, 0, offset, value)
}

/// Adds a register to 64 bits in memory, whoever else does at the same time.
pub(super) const fn add_atomically<L>(to: u8, offset: i16, src: u8) -> Line<L> {
    line(0xdb, to, src, offset, 0)
}

/// Address of a map, by its descriptor.
pub(super) const fn map<L>(dst: u8, descriptor: i32) -> [Line<L>; 2] {
    [line(0x18, dst, 1, 0, descriptor), line(0, 0, 0, 0, 0)]
}

pub(super) const fn call<L>(function: i32) -> Line<L> {
    line(0x85, 0, 0, 0, function)
}

pub(super) const fn exit<L>() -> Line<L> {
    line(0x95, 0, 0, 0, 0)
}

pub(super) const fn when<L>(dst: u8, condition: If, value: i32, label: L) -> Line<L> {
    let code = condition as u8 | 0x05;
    Line::Jump(Instruction { code, registers: registers(dst, 0), offset: 0, value }, label)
}

pub(super) const fn when_by<L>(dst: u8, condition: If, src: u8, label: L) -> Line<L> {
    let code = condition as u8 | 0x0d;
    Line::Jump(Instruction { code, registers: registers(dst, src), offset: 0, value: 0 }, label)
}

pub(super) const fn go<L>(label: L) -> Line<L> {
    Line::Jump(Instruction { code: 0x05, registers: 0, offset: 0, value: 0 }, label)
}

/// An ethertype, or another half in the order of the network, as the machine loads it.
pub(super) const fn network(half: u16) -> i32 {
    half.to_be() as i32
}

/// The program with its jumps resolved. All go forward.
pub(super) fn assemble<L: Copy + PartialEq>(lines: &[Line<L>]) -> Vec<Instruction> {
    let mut places = Vec::new();
    let mut at = 0;
    for line in lines {
        match line {
            Line::Here(label) => places.push((*label, at)),
            Line::Do(_) | Line::Jump(..) => at += 1,
        }
    }
    let place = |wanted: L| places.iter().find(|(label, _)| *label == wanted).map_or(0, |(_, at)| *at);
    let mut made = Vec::with_capacity(at);
    for line in lines {
        match line {
            Line::Do(instruction) => made.push(*instruction),
            Line::Jump(instruction, label) => {
                let offset = (place(*label) - made.len() - 1) as i16;
                made.push(Instruction { offset, ..*instruction });
            }
            Line::Here(_) => {}
        }
    }
    made
}
