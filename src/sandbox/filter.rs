//! The filter of system calls: all are allowed but those that a director never makes, and those that nobody knew when it was built.
//!
//! A call that is refused fails with an error, as under a kernel that does not let it or does not have it; nobody is killed.

use std::mem::offset_of;

use lvs_sys::seccomp::{Data, Instruction};

use crate::seccomp::{ARCH, HAS, IS, IS_LEAST, argument, give, jump, load};

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const REFUSE: u32 = error(libc::EPERM);
const NO_SUCH_CALL: u32 = error(libc::ENOSYS);
const NO_SUCH_FAMILY: u32 = error(libc::EAFNOSUPPORT);

const fn error(number: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | number.cast_unsigned()
}

/// Calls that packets are read and written by, and queues wait with. The kernel remembers what is allowed whatever the arguments (Linux 5.11),
/// so that the order matters before that alone.
const HOT: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_epoll_pwait,
    libc::SYS_sendto,
    libc::SYS_recvfrom,
    libc::SYS_sendmsg,
    libc::SYS_recvmsg,
    libc::SYS_futex,
    libc::SYS_clock_gettime,
];

/// Debugging and memory of other processes; the kernel's modules, images and keys; mounts, namespaces, swap and quotas; clocks and names
/// of the host; ways to start programs by name. A process that is not in the sandbox starts those of checks.
const NEVER: &[libc::c_long] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    #[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_env = "gnu")))]
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_quotactl,
    libc::SYS_acct,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
    libc::SYS_syslog,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_personality,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    libc::SYS_memfd_create,
    libc::SYS_mknodat,
    libc::SYS_execve,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_setgroups,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mknod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_uselib,
    #[cfg(target_arch = "x86_64")]
    libc::SYS__sysctl,
];

/// Families of sockets that a director has; those of the unit for systemd, too.
const FAMILIES: &[i32] = &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK, libc::AF_PACKET];

/// Namespaces that a thread or process could be started in.
const NAMESPACES: i32 = libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWCGROUP;

/// Requests by which a terminal takes what others have typed.
const TERMINAL: [u32; 2] = [libc::TIOCSTI as u32, libc::TIOCLINUX as u32];

/// `BPF_PROG_LOAD`: programs are loaded before the sandbox.
const PROGRAM: u32 = 5;

/// The first number of a call that was not known (Linux 6.18). Libraries take the answer for that of an older kernel.
const UNKNOWN: u32 = 470;

/// The filter of a director, and of a real server.
pub(super) fn filter() -> Vec<Instruction> {
    let mut out = vec![
        load(offset_of!(Data, arch)),
        jump(IS, ARCH, 1, 0),
        give(NO_SUCH_CALL),
        load(offset_of!(Data, nr)),
    ];
    for call in HOT {
        of_call(&mut out, *call, &[give(ALLOW)]);
    }
    // Those of x32 as well, which are beyond all others.
    out.extend([jump(IS_LEAST, UNKNOWN, 0, 1), give(NO_SUCH_CALL)]);
    for call in NEVER {
        of_call(&mut out, *call, &[give(REFUSE)]);
    }
    // The flags of this one are in memory, where no filter sees them; the C library goes back to `clone`.
    of_call(&mut out, libc::SYS_clone3, &[give(NO_SUCH_CALL)]);
    let new_namespace = [argument(0), jump(HAS, NAMESPACES.cast_unsigned(), 0, 1), give(REFUSE), give(ALLOW)];
    of_call(&mut out, libc::SYS_clone, &new_namespace);
    // With an empty path it is the process's own program by its descriptor, which Landlock lets.
    let path = [argument(4), jump(HAS, libc::AT_EMPTY_PATH.cast_unsigned(), 1, 0), give(REFUSE), give(ALLOW)];
    of_call(&mut out, libc::SYS_execveat, &path);
    of_call(&mut out, libc::SYS_bpf, &[argument(0), jump(IS, PROGRAM, 0, 1), give(REFUSE), give(ALLOW)]);
    let mut ioctl = vec![argument(1)];
    TERMINAL.iter().for_each(|request| ioctl.extend([jump(IS, *request, 0, 1), give(REFUSE)]));
    ioctl.push(give(ALLOW));
    of_call(&mut out, libc::SYS_ioctl, &ioctl);
    let mut socket = vec![argument(0)];
    FAMILIES.iter().for_each(|family| socket.extend([jump(IS, family.cast_unsigned(), 0, 1), give(ALLOW)]));
    socket.push(give(NO_SUCH_FAMILY));
    of_call(&mut out, libc::SYS_socket, &socket);
    of_call(&mut out, libc::SYS_socketpair, &socket);
    out.push(give(ALLOW));
    out
}

/// A part of the filter for one call, which ends by itself.
fn of_call(out: &mut Vec<Instruction>, call: libc::c_long, body: &[Instruction]) {
    out.push(jump(IS, call as u32, 0, body.len()));
    out.extend(body);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seccomp::outcome;

    #[test]
    fn what_a_director_never_does_is_refused_and_nothing_else() {
        let filter = filter();
        assert!(filter.len() < 4096, "{}", filter.len());
        let of = |call, args| outcome(&filter, ARCH, call, args);
        for call in NEVER {
            assert_eq!(of(*call, [0, 0, 0]), REFUSE, "{call}");
        }
        for call in [
            libc::SYS_read,
            libc::SYS_openat,
            libc::SYS_mmap,
            libc::SYS_rt_sigaction,
            libc::SYS_setsockopt,
            libc::SYS_bind,
            libc::SYS_renameat2,
            libc::SYS_kill,
            libc::SYS_pidfd_open,
            libc::SYS_prctl,
            libc::SYS_capset,
            libc::SYS_seccomp,
            libc::SYS_waitid,
            libc::SYS_tgkill,
            libc::SYS_getrandom,
            libc::SYS_rseq,
        ] {
            assert_eq!(of(call, [0, 0, 0]), ALLOW, "{call}");
        }
        assert!(!NEVER.iter().any(|call| HOT.contains(call)));
    }

    #[test]
    fn arguments_that_can_be_seen_count() {
        let filter = filter();
        let of = |call, args| outcome(&filter, ARCH, call, args);
        // A thread as the C library starts it (0x3d0f00), and a process.
        for flags in [0x003d_0f00, 17] {
            assert_eq!(of(libc::SYS_clone, [flags, 0, 0]), ALLOW, "{flags:x}");
        }
        for flags in [libc::CLONE_NEWUSER, libc::CLONE_NEWNET | 17] {
            assert_eq!(of(libc::SYS_clone, [flags as u64, 0, 0]), REFUSE, "{flags:x}");
        }
        assert_eq!(of(libc::SYS_clone3, [0, 88, 0]), NO_SUCH_CALL);
        assert_eq!(of(libc::SYS_bpf, [5, 0, 0]), REFUSE);
        assert_eq!([1, 2, 3, 28].map(|map| of(libc::SYS_bpf, [map, 0, 0])), [ALLOW; 4]);
        assert_eq!(of(libc::SYS_ioctl, [0, libc::TIOCSTI, 0]), REFUSE);
        assert_eq!(of(libc::SYS_ioctl, [0, 0x4004_54ca, 0]), ALLOW);
        for call in [libc::SYS_socket, libc::SYS_socketpair] {
            assert_eq!([1, 2, 10, 16, 17].map(|family| of(call, [family, 0, 0])), [ALLOW; 5]);
            assert_eq!([0, 31, 38, 40].map(|family| of(call, [family, 0, 0])), [NO_SUCH_FAMILY; 4]);
        }
    }

    #[test]
    fn other_architectures_and_calls_of_tomorrow_are_unknown() {
        let filter = filter();
        assert_eq!(outcome(&filter, 0x4000_0003, libc::SYS_read, [0; 3]), NO_SUCH_CALL);
        for call in [470, 1000, 0x4000_0000] {
            assert_eq!(outcome(&filter, ARCH, call, [0; 3]), NO_SUCH_CALL);
        }
        for call in [libc::SYS_landlock_restrict_self, libc::SYS_futex_waitv, 469] {
            assert_eq!(outcome(&filter, ARCH, call, [0; 3]), ALLOW);
        }
    }
}
