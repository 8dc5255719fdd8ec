//! Instructions of seccomp filters (classic BPF), and what a filter makes of a call. Pure.
//!
//! Knows no call by itself; `exec` and `sandbox` make filters of them.

use std::mem::offset_of;

use lvs_sys::seccomp::{Data, Instruction};

pub(crate) const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
pub(crate) const IS: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
pub(crate) const IS_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
pub(crate) const HAS: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
pub(crate) const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

/// The architecture whose calls this program makes.
#[cfg(target_arch = "x86_64")]
pub(crate) const ARCH: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
pub(crate) const ARCH: u32 = 0xc000_00b7;
#[cfg(target_arch = "riscv64")]
pub(crate) const ARCH: u32 = 0xc000_00f3;

pub(crate) const fn load(offset: usize) -> Instruction {
    Instruction { code: LOAD, jt: 0, jf: 0, k: offset as u32 }
}

/// The low half of an argument: descriptors, levels and names are 32 bits.
pub(crate) const fn argument(number: usize) -> Instruction {
    let high_first = if cfg!(target_endian = "big") { 4 } else { 0 };
    load(offset_of!(Data, args) + number * 8 + high_first)
}

pub(crate) const fn jump(code: u16, value: u32, yes: usize, no: usize) -> Instruction {
    Instruction { code, jt: yes as u8, jf: no as u8, k: value }
}

pub(crate) const fn always(over: usize) -> Instruction {
    Instruction { code: (libc::BPF_JMP | libc::BPF_JA) as u16, jt: 0, jf: 0, k: over as u32 }
}

pub(crate) const fn give(value: u32) -> Instruction {
    Instruction { code: RETURN, jt: 0, jf: 0, k: value }
}

/// Outcome of a call, as the kernel would compute it.
#[cfg(test)]
pub(crate) fn outcome(filter: &[Instruction], arch: u32, call: libc::c_long, args: [u64; 3]) -> u32 {
    let (mut at, mut value) = (0, 0u32);
    loop {
        let Instruction { code, jt, jf, k } = filter[at];
        at += 1;
        match code {
            LOAD => {
                value = match k as usize {
                    0 => call as u32,
                    4 => arch,
                    offset => args[(offset - 16) / 8] as u32,
                }
            }
            IS => at += usize::from(if value == k { jt } else { jf }),
            IS_LEAST => at += usize::from(if value >= k { jt } else { jf }),
            HAS => at += usize::from(if value & k != 0 { jt } else { jf }),
            RETURN => return k,
            _ => at += k as usize,
        }
    }
}
