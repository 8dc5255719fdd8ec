//! The two requests of bpf(2), each a thin cover.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// `struct bpf_insn`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Instruction {
    pub code: u8,
    /// Source in the high half, destination in the low one (as on all little-endian machines).
    pub registers: u8,
    pub offset: i16,
    pub value: i32,
}

const PROG_LOAD: libc::c_long = 5;
const LINK_CREATE: libc::c_long = 28;
const SCHED_CLS: u32 = 3;
const TCX_INGRESS: u32 = 46;

/// The beginning of `union bpf_attr` for `BPF_PROG_LOAD`.
#[repr(C)]
struct Load {
    kind: u32,
    count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
    interface: u32,
    attach_kind: u32,
}

/// The same for `BPF_LINK_CREATE`, with what TCX wants.
#[repr(C)]
struct Link {
    program: u32,
    interface: u32,
    attach_kind: u32,
    flags: u32,
    relative: u32,
    padding: u32,
    revision: u64,
}

pub fn load(instructions: &[Instruction]) -> io::Result<OwnedFd> {
    let license = c"Dual MIT/GPL";
    let load = Load {
        kind: SCHED_CLS,
        count: instructions.len() as u32,
        instructions: instructions.as_ptr() as u64,
        license: license.as_ptr() as u64,
        log_level: 0,
        log_size: 0,
        log: 0,
        kernel_version: 0,
        flags: 0,
        name: *b"tunvs_tunnels\0\0\0",
        interface: 0,
        attach_kind: TCX_INGRESS,
    };
    bpf(PROG_LOAD, &load)
}

pub fn attach(program: &OwnedFd, interface: u32) -> io::Result<OwnedFd> {
    let program = program.as_raw_fd().cast_unsigned();
    let link =
        Link { program, interface, attach_kind: TCX_INGRESS, flags: 0, relative: 0, padding: 0, revision: 0 };
    bpf(LINK_CREATE, &link)
}

/// A request whose answer is a new descriptor.
fn bpf<T>(request: libc::c_long, attributes: &T) -> io::Result<OwnedFd> {
    // SAFETY: the kernel reads as many bytes as are said of a structure that lives until the call returns, and what
    // its pointers lead to, which the callers keep alive as long.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, request, std::ptr::from_ref(attributes), size_of::<T>()) };
    let fd = i32::try_from(result).ok().filter(|fd| *fd >= 0).ok_or_else(io::Error::last_os_error)?;
    // SAFETY: a descriptor that was made just now and that nobody else has.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
