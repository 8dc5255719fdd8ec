//! The filter: which system calls are noticed, told by their numbers and registers alone.
//!
//! Everything else runs untouched; for calls that are never noticed the kernel does not even run the filter (Linux 5.11).

use std::mem::offset_of;

use lvs_sys::seccomp::{Data, Instruction};

use super::descriptors::Descriptors;
use super::names::{GENERIC, NETLINK, OPTIONS, PEEK_OFF, PEER_GROUPS};
use crate::seccomp::{ARCH, HAS, IS, IS_LEAST, always, argument, give, jump, load};

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const NOTICE: u32 = libc::SECCOMP_RET_USER_NOTIF;
const NO_SUCH_CALL: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

/// The most frequent call that is noticed for some descriptors: it is looked for first.
const FIRST: libc::c_long = libc::SYS_write;

/// Calls whose first argument is a descriptor, and that are noticed for emulated ones.
const BY_DESCRIPTOR: &[libc::c_long] = &[
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_recvmmsg,
    libc::SYS_dup,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_shutdown,
];

/// Calls that name a file, and are noticed whatever they name: registers do not tell.
#[cfg(target_arch = "x86_64")]
const BY_NAME: &[libc::c_long] = &[
    libc::SYS_open,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlink,
    libc::SYS_readlinkat,
];
#[cfg(not(target_arch = "x86_64"))]
const BY_NAME: &[libc::c_long] =
    &[libc::SYS_openat, libc::SYS_openat2, libc::SYS_faccessat, libc::SYS_faccessat2, libc::SYS_readlinkat];

/// The filter for programs whose emulated descriptors are these.
pub(super) fn filter(descriptors: &Descriptors) -> Vec<Instruction> {
    let if_ours = || if_emulated(descriptors, vec![give(NOTICE)]);
    let mut calls: Vec<(libc::c_long, Vec<Instruction>)> = Vec::new();
    calls.extend(BY_DESCRIPTOR.iter().map(|call| (*call, if_ours())));
    calls.extend(BY_NAME.iter().map(|call| (*call, vec![give(NOTICE)])));
    let told = [libc::SO_TYPE, libc::SO_PROTOCOL, libc::SO_DOMAIN, PEEK_OFF, PEER_GROUPS];
    calls.extend([
        // Asked of a descriptor, as the C library does after each `open`, these name nothing.
        (libc::SYS_newfstatat, unless_empty_path(3)),
        (libc::SYS_statx, unless_empty_path(2)),
        (libc::SYS_fcntl, fcntl(descriptors)),
        (libc::SYS_socket, socket()),
        (libc::SYS_setsockopt, option(descriptors, &[PEEK_OFF])),
        (libc::SYS_getsockopt, option(descriptors, &told)),
        (libc::SYS_io_uring_setup, vec![give(NO_SUCH_CALL)]),
    ]);
    calls.sort_by_key(|(call, _)| *call);
    let first = if_ours();
    let mut out =
        vec![load(offset_of!(Data, arch)), jump(IS, ARCH, 1, 0), give(ALLOW), load(offset_of!(Data, nr))];
    out.push(jump(IS, FIRST as u32, 0, first.len()));
    out.extend(first);
    out.extend(search(&calls));
    out
}

/// Looks for the call by halves, so that each is found in a few steps. All ends by itself.
fn search(calls: &[(libc::c_long, Vec<Instruction>)]) -> Vec<Instruction> {
    const FARTHEST: usize = u8::MAX as usize;
    let (call, body) = match calls {
        [] => return vec![give(ALLOW)],
        [one] => one,
        calls => {
            let (below, above) = calls.split_at(calls.len() / 2);
            let (border, below, above) = (above[0].0, search(below), search(above));
            let mut out = if below.len() <= FARTHEST {
                vec![jump(IS_LEAST, border as u32, below.len(), 0)]
            } else {
                vec![jump(IS_LEAST, border as u32, 0, 1), always(below.len())]
            };
            out.extend(below);
            out.extend(above);
            return out;
        }
    };
    let mut out = vec![jump(IS, *call as u32, 1, 0), give(ALLOW)];
    out.extend_from_slice(body);
    out
}

fn unless_empty_path(flags: usize) -> Vec<Instruction> {
    vec![argument(flags), jump(HAS, libc::AT_EMPTY_PATH as u32, 1, 0), give(NOTICE), give(ALLOW)]
}

fn socket() -> Vec<Instruction> {
    vec![
        argument(0),
        jump(IS, NETLINK, 0, 3),
        argument(2),
        jump(IS, GENERIC, 0, 1),
        give(NOTICE),
        give(ALLOW),
    ]
}

fn fcntl(descriptors: &Descriptors) -> Vec<Instruction> {
    let copies = [libc::F_DUPFD as u32, libc::F_DUPFD_CLOEXEC as u32];
    let body =
        vec![argument(1), jump(IS, copies[0], 1, 0), jump(IS, copies[1], 0, 1), give(NOTICE), give(ALLOW)];
    if_emulated(descriptors, body)
}

/// Options of IPVS whatever the socket; of an emulated one all but the general ones, and of those these.
fn option(descriptors: &Descriptors, general: &[i32]) -> Vec<Instruction> {
    let mut of_emulated =
        vec![argument(1), jump(IS, libc::SOL_SOCKET as u32, 1, 0), give(NOTICE), argument(2)];
    for name in general {
        of_emulated.extend([jump(IS, *name as u32, 0, 1), give(NOTICE)]);
    }
    of_emulated.push(give(ALLOW));
    let (first, end) = (*OPTIONS.start(), *OPTIONS.end() + 1);
    let mut out = vec![
        argument(1),
        jump(IS, libc::IPPROTO_IP as u32, 0, 4),
        argument(2),
        jump(IS_LEAST, first, 0, 2),
        jump(IS_LEAST, end, 1, 0),
        give(NOTICE),
    ];
    out.extend(if_emulated(descriptors, of_emulated));
    out
}

/// Does the rest for a descriptor of ours, and lets others go on: low ones, as most are, at once.
fn if_emulated(descriptors: &Descriptors, body: Vec<Instruction>) -> Vec<Instruction> {
    let ranges = descriptors.ranges();
    let lowest = ranges.iter().map(|range| range.start).min().unwrap_or(0);
    let mut out = vec![argument(0), jump(IS_LEAST, lowest, 1, 0), give(ALLOW)];
    let others = ranges.len() * 3;
    for (number, range) in ranges.iter().enumerate() {
        // Each range is three instructions; behind all stands what lets go.
        let left = others - number * 3;
        out.extend([jump(IS_LEAST, range.start, 0, 2), jump(IS_LEAST, range.end, 1, 0), always(left - 2)]);
    }
    out.push(give(ALLOW));
    out.extend(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seccomp::{LOAD, RETURN, outcome};

    /// Whether the kernel sees that the outcome of a call hangs on its number alone, and remembers that (`seccomp_is_const_allow`).
    fn is_constant(filter: &[Instruction], call: libc::c_long) -> bool {
        let (mut at, mut value) = (0, 0u32);
        for _ in 0..filter.len() {
            let Instruction { code, jt, jf, k } = filter[at];
            at += 1;
            match (code, k) {
                (LOAD, 0) => value = call as u32,
                (LOAD, 4) => value = ARCH,
                (IS, k) => at += usize::from(if value == k { jt } else { jf }),
                (IS_LEAST, k) => at += usize::from(if value >= k { jt } else { jf }),
                (RETURN, k) => return k == ALLOW,
                (LOAD, _) => return false,
                (_, k) => at += k as usize,
            }
        }
        false
    }

    #[test]
    fn calls_are_found_in_a_few_steps() {
        let filter = filter(&Descriptors::within(1024));
        for call in BY_NAME.iter().chain(BY_DESCRIPTOR) {
            let (mut at, mut steps) = (4, 0);
            // Up to what is done for the call.
            while !matches!(filter[at].code, LOAD | RETURN) {
                let Instruction { code, jt, jf, k } = filter[at];
                let yes = if code == IS { *call as u32 == k } else { *call as u32 >= k };
                at += 1;
                at += match code {
                    IS | IS_LEAST => usize::from(if yes { jt } else { jf }),
                    _ => k as usize,
                };
                steps += 1;
            }
            assert!(steps <= 10, "{call}: {steps}");
        }
    }

    #[test]
    fn what_concerns_ipvs_is_noticed_and_nothing_else() {
        let filter = filter(&Descriptors::within(4096));
        assert!(filter.len() < 4096, "{}", filter.len());
        let of = |call, args| outcome(&filter, ARCH, call, args);
        let low = 5;
        for fd in [960, 1023, 3072, 4095] {
            assert_eq!(of(libc::SYS_recvmsg, [fd, 0, 0]), NOTICE, "{fd}");
            assert_eq!(of(libc::SYS_fcntl, [fd, libc::F_DUPFD_CLOEXEC as u64, 0]), NOTICE);
            assert_eq!(of(libc::SYS_fcntl, [fd, libc::F_GETFL as u64, 0]), ALLOW);
            assert_eq!(of(libc::SYS_setsockopt, [fd, 270, 11]), NOTICE);
            assert_eq!(of(libc::SYS_setsockopt, [fd, 1, libc::SO_RCVBUF as u64]), ALLOW);
            assert_eq!(of(libc::SYS_getsockopt, [fd, 1, libc::SO_PROTOCOL as u64]), NOTICE);
            assert_eq!(of(libc::SYS_getsockopt, [fd, 1, libc::SO_ERROR as u64]), ALLOW);
            assert_eq!(of(libc::SYS_getsockopt, [fd, 6, libc::SO_TYPE as u64]), NOTICE);
            assert_eq!(of(libc::SYS_getsockopt, [fd, 0, 1]), NOTICE);
            assert_eq!(of(libc::SYS_setsockopt, [fd, 0, 1]), NOTICE);
            assert_eq!(of(libc::SYS_setsockopt, [fd, 1, PEEK_OFF as u64]), NOTICE);
            assert_eq!(of(libc::SYS_write, [fd, 0, 0]), NOTICE);
            assert_eq!(of(libc::SYS_shutdown, [fd, 2, 0]), NOTICE);
        }
        for fd in [0, 959, 1024, 3071, 4096, u64::from(u32::MAX)] {
            assert_eq!(of(libc::SYS_recvmsg, [fd, 0, 0]), ALLOW, "{fd}");
            assert_eq!(of(libc::SYS_getsockopt, [fd, 1, libc::SO_TYPE as u64]), ALLOW, "{fd}");
            assert_eq!(of(libc::SYS_write, [fd, 0, 0]), ALLOW, "{fd}");
            assert_eq!(of(libc::SYS_shutdown, [fd, 2, 0]), ALLOW, "{fd}");
        }
        assert_eq!(of(libc::SYS_socket, [16, 3, 16]), NOTICE);
        assert_eq!(of(libc::SYS_socket, [16, 3, 0]), ALLOW);
        assert_eq!(of(libc::SYS_socket, [2, 3, 16]), ALLOW);
        for name in [1152, 1167, 1215] {
            assert_eq!(of(libc::SYS_setsockopt, [low, 0, name]), NOTICE);
            assert_eq!(of(libc::SYS_getsockopt, [low, 0, name]), NOTICE);
            assert_eq!(of(libc::SYS_getsockopt, [low, 1, name]), ALLOW);
        }
        for name in [0, 1151, 1216] {
            assert_eq!(of(libc::SYS_setsockopt, [low, 0, name]), ALLOW);
        }
        assert_eq!(of(libc::SYS_openat, [0, 0, 0]), NOTICE);
        assert_eq!(of(libc::SYS_statx, [0, 0, 0]), NOTICE);
        assert_eq!(of(libc::SYS_statx, [0, 0, libc::AT_EMPTY_PATH as u64]), ALLOW);
        for call in [libc::SYS_read, libc::SYS_sendmsg, libc::SYS_close, libc::SYS_ppoll, libc::SYS_getpid] {
            assert_eq!(of(call, [960, 0, 0]), ALLOW);
            assert!(is_constant(&filter, call), "the kernel runs the filter for {call}");
        }
        assert_eq!(of(libc::SYS_io_uring_setup, [0, 0, 0]), NO_SUCH_CALL);
        assert_eq!(outcome(&filter, 0x4000_0003, libc::SYS_openat, [0, 0, 0]), ALLOW);
    }
}
