//! Changes to a program between fork and exec: capabilities that are taken from it, signals that come to it.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::SigSet;
use nix::unistd::Pid;

use super::process::one_thread;

/// `struct __user_cap_header_struct` (capget(2)).
#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

/// `struct __user_cap_data_struct`; there are two, for 64 capabilities.
#[repr(C)]
#[derive(Clone, Copy)]
struct Data {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

const VERSION_3: u32 = 0x2008_0522;

/// Makes the program run without capabilities, though it be root's, and never gain any (`PR_SET_NO_NEW_PRIVS`).
pub fn without_capabilities(command: &mut Command) -> &mut Command {
    let give_up = || {
        let header = Header { version: VERSION_3, pid: 0 };
        let none = [Data { effective: 0, permitted: 0, inheritable: 0 }; 2];
        // SAFETY: capset(2) reads a header and two sets, which live until it returns, and writes only the version of a
        // header that it does not know, which this one is not.
        let given_up = unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) };
        // SAFETY: prctl(2) with this option takes numbers only.
        let kept_so = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
        if given_up == 0 && kept_so == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    };
    // SAFETY: between fork and exec it makes two system calls, allocates nothing and takes no lock.
    unsafe { command.pre_exec(give_up) }
}

/// Has all signals come to the program, whatever the thread blocks that starts it.
pub fn with_all_signals(command: &mut Command) -> &mut Command {
    // SAFETY: between fork and exec it makes one system call, allocates nothing and takes no lock.
    unsafe { command.pre_exec(|| Ok(SigSet::empty().thread_set_mask()?)) }
}

/// Starts a program as a child of this process's parent. The new process tells why it could not be run.
///
/// # Errors
/// Errors of `clone(2)`, and EBUSY where this process has more than one thread.
pub fn start_beside(command: &mut Command, why_not: impl FnOnce(io::Error)) -> io::Result<Pid> {
    one_thread()?;
    let flags = libc::CLONE_PARENT | libc::SIGCHLD;
    // SAFETY: without CLONE_VM it is fork(2), whose new process goes on with a copy of this stack; there is one thread, so no
    // other can hold a lock that the new process would wait for. Zeros mean the same in each architecture's order.
    match unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) } {
        0 => {
            why_not(command.exec());
            // SAFETY: it ends the new process, and runs nothing that belongs to the old one.
            unsafe { libc::_exit(NOT_RUN) }
        }
        number => {
            let number = i32::try_from(number).ok().filter(|number| *number > 0);
            number.map(Pid::from_raw).ok_or_else(io::Error::last_os_error)
        }
    }
}

/// Exit status of a process that could not become a program, as a shell has it.
const NOT_RUN: i32 = 127;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_has_no_signal_blocked() {
        let blocked = |change: fn(&mut Command) -> &mut Command| {
            let start = move || {
                SigSet::all().thread_block().unwrap();
                let mut command = Command::new("/bin/grep");
                command.args(["SigBlk", "/proc/self/status"]);
                change(&mut command).output().unwrap().stdout
            };
            let said = std::thread::spawn(start).join().unwrap();
            String::from_utf8(said).unwrap().split_whitespace().nth(1).unwrap().to_owned()
        };
        assert_eq!(blocked(with_all_signals), "0".repeat(16));
        assert_ne!(
            blocked(|command| command),
            "0".repeat(16),
            "the standard library does it: this is not needed"
        );
    }

    #[test]
    fn nothing_is_started_beside_while_another_thread_could_hold_a_lock() {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || stopped.recv());
        let refused = start_beside(&mut Command::new("/bin/true"), |_| ()).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(libc::EBUSY));
        drop(stop);
        let _ = other.join();
    }

    #[test]
    fn a_program_has_no_capabilities_and_gains_none() {
        let mut command = Command::new("/bin/grep");
        command.args(["-E", "^(CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs)", "/proc/self/status"]);
        let said = without_capabilities(&mut command).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        let none = "0".repeat(16);
        let values: Vec<&str> = said.split_whitespace().skip(1).step_by(2).collect();
        assert_eq!(values, [&none, &none, &none, &none, "1"], "{said}");
    }
}
