//! Programs of bpf(2) for the entrance of interfaces: thin covers.

use std::io;
use std::os::fd::OwnedFd;

use super::bpf::{Ask, INFO, bpf, descriptor, named, raw};

const PROG_LOAD: libc::c_long = 5;
const TEST_RUN: libc::c_long = 10;
const LINK_CREATE: libc::c_long = 28;
const SCHED_CLS: u32 = 3;
const TCX_INGRESS: u32 = 46;

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

/// The beginning of `struct bpf_prog_info`.
#[derive(Default)]
#[repr(C)]
struct ProgramInfo {
    kind: u32,
    id: u32,
}

/// The same for `BPF_PROG_TEST_RUN`.
#[repr(C)]
struct TestRun {
    program: u32,
    answer: u32,
    size_in: u32,
    size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
    context_size_in: u32,
    context_size_out: u32,
    context_in: u64,
    context_out: u64,
    flags: u32,
    cpu: u32,
    batch: u32,
    padding: u32,
}

/// Loads a program for the entrance of interfaces.
///
/// # Errors
/// No CAP_BPF, or the kernel refuses the program.
pub fn load(name: &str, instructions: &[Instruction]) -> io::Result<OwnedFd> {
    let license = c"Dual MIT/GPL";
    let mut load = Load {
        kind: SCHED_CLS,
        count: instructions.len() as u32,
        instructions: instructions.as_ptr() as u64,
        license: license.as_ptr() as u64,
        log_level: 0,
        log_size: 0,
        log: 0,
        kernel_version: 0,
        flags: 0,
        name: named(name),
        interface: 0,
        attach_kind: TCX_INGRESS,
    };
    descriptor(bpf(PROG_LOAD, &mut load)?)
}

/// Whether programs can be at an entrance that go with their descriptor (TCX, Linux 6.6). A kernel that knows them misses
/// the interface.
pub fn has_tcx(program: &OwnedFd) -> bool {
    let missing = attach(program, i32::MAX.cast_unsigned()).err().and_then(|error| error.raw_os_error());
    missing == Some(libc::ENODEV)
}

/// A program that the kernel has taken.
#[derive(Debug)]
pub struct LoadedProgram {
    pub fd: OwnedFd,
    /// No other program has the same while this one lives.
    pub number: u32,
}

impl LoadedProgram {
    /// The program by another descriptor of its own.
    ///
    /// # Errors
    /// The descriptor is not that of a program, or there can be no more.
    pub fn of(program: &OwnedFd) -> io::Result<Self> {
        Ok(Self { fd: program.try_clone()?, number: number(program)? })
    }
}

fn number(program: &OwnedFd) -> io::Result<u32> {
    let mut info = ProgramInfo::default();
    let (len, place) = (size_of::<ProgramInfo>() as u32, std::ptr::from_mut(&mut info) as u64);
    bpf(INFO, &mut Ask { object: raw(program), len, info: place })?;
    Ok(info.id)
}

/// Puts a program at the entrance of an interface, behind those that are there, until the descriptor is closed.
///
/// # Errors
/// A kernel without TCX, or the interface is gone.
pub fn attach(program: &OwnedFd, interface: u32) -> io::Result<OwnedFd> {
    let program = raw(program);
    let mut link =
        Link { program, interface, attach_kind: TCX_INGRESS, flags: 0, relative: 0, padding: 0, revision: 0 };
    descriptor(bpf(LINK_CREATE, &mut link)?)
}

/// Runs a program for one frame, with a description of it (`struct __sk_buff`), and leaves in `frame` what became of it. Its
/// answer.
///
/// # Errors
/// The kernel refuses frame or description.
pub fn test_run(program: &OwnedFd, frame: &mut Vec<u8>, context: &[u8]) -> io::Result<u32> {
    let mut out = vec![0; frame.len() + 256];
    let mut run = TestRun {
        program: raw(program),
        answer: 0,
        size_in: frame.len() as u32,
        size_out: out.len() as u32,
        data_in: frame.as_ptr() as u64,
        data_out: out.as_mut_ptr() as u64,
        repeat: 1,
        duration: 0,
        context_size_in: context.len() as u32,
        context_size_out: 0,
        context_in: context.as_ptr() as u64,
        context_out: 0,
        flags: 0,
        cpu: 0,
        batch: 0,
        padding: 0,
    };
    bpf(TEST_RUN, &mut run)?;
    out.truncate(run.size_out as usize);
    *frame = out;
    Ok(run.answer)
}
