//! The sandbox of a director and of a real server: no new privileges, a filter of system calls, and Landlock for files, put on once all that
//! needs more has been done, and for good.
//!
//! Owns what is refused (`filter`) and what may be changed (`places`). What the kernel does not do is left out and told. Called by the
//! daemon, before its first thread.

mod filter;
mod places;

use landlock::PathFd;
use lvs_sys::seccomp::{Threads, restrict};

use lvs_control::status;
pub use places::Kept;
use places::{AccessRight, LandlockError, confine};

use std::io;
use std::path::PathBuf;

const SWITCHED_OFF: &str = "switched off";

/// Parts that are in force, as long as the process lives.
#[derive(Debug)]
pub struct Sandbox {
    pub status: status::Sandbox,
    _held: Vec<PathFd>,
}

impl Sandbox {
    /// None, as the operator wants it.
    pub fn off() -> Self {
        Self::none(SWITCHED_OFF)
    }

    /// None, for this reason.
    pub fn none(why: &str) -> Self {
        let missing = vec![why.to_owned()];
        Self { status: status::Sandbox { missing, ..status::Sandbox::default() }, _held: Vec::new() }
    }
}

/// Folders in which the director makes files.
pub fn written(kept: &Kept) -> Vec<PathBuf> {
    kept.folders()
}

/// Puts the sandbox on.
pub fn enter(kept: &Kept) -> Sandbox {
    put_on(&Linux, &kept.places())
}

/// Says in the log what is in force, once all else has begun.
pub fn tell(status: &status::Sandbox) {
    let (in_force, missing) = (status.in_force(), status.missing.join(", "));
    match (status.no_new_privs, status.seccomp) {
        (true, true) => tracing::info!(in_force, missing, "sandboxed"),
        (_, _) if missing == SWITCHED_OFF => tracing::info!("not sandboxed"),
        _ => tracing::warn!(in_force, missing, "not sandboxed as it should be"),
    }
}

/// The kernel, or a twin of it.
trait Kernel {
    fn no_new_privileges(&self) -> io::Result<()>;
    fn confine(&self, places: &[(PathBuf, AccessRight)]) -> Result<(u32, Vec<PathFd>), LandlockError>;
    fn filter(&self) -> io::Result<()>;
}

struct Linux;

impl Kernel for Linux {
    fn no_new_privileges(&self) -> io::Result<()> {
        Ok(nix::sys::prctl::set_no_new_privs()?)
    }

    fn confine(&self, places: &[(PathBuf, AccessRight)]) -> Result<(u32, Vec<PathFd>), LandlockError> {
        confine(places)
    }

    fn filter(&self) -> io::Result<()> {
        restrict(&filter::filter(), Threads::All)
    }
}

fn put_on(kernel: &impl Kernel, places: &[(PathBuf, AccessRight)]) -> Sandbox {
    let mut missing = Vec::new();
    let no_new_privs = kernel.no_new_privileges();
    let no_new_privs = no_new_privs.map_err(|error| missing.push(format!("no_new_privs: {error}"))).is_ok();
    let confined = kernel.confine(places).map_err(|error| missing.push(error.to_string()));
    let (landlock, held) = confined.map_or((None, Vec::new()), |(version, held)| (Some(version), held));
    // Last: of the calls above the filter of a container may let fewer through, never ours.
    let seccomp = kernel.filter().map_err(|error| missing.push(format!("seccomp: {error}"))).is_ok();
    Sandbox { status: status::Sandbox { no_new_privs, seccomp, landlock, missing }, _held: held }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::path::Path;

    /// A kernel that has none of it, or a container that lets none of it through.
    struct Refuses(i32);

    impl Kernel for Refuses {
        fn no_new_privileges(&self) -> io::Result<()> {
            Err(io::Error::from_raw_os_error(self.0))
        }

        fn confine(&self, _: &[(PathBuf, AccessRight)]) -> Result<(u32, Vec<PathFd>), LandlockError> {
            Err(LandlockError::Missing)
        }

        fn filter(&self) -> io::Result<()> {
            Err(io::Error::from_raw_os_error(self.0))
        }
    }

    #[test]
    fn what_the_kernel_refuses_is_told_and_left_out() {
        let status = put_on(&Refuses(libc::EINVAL), &[]).status;
        assert!(!status.no_new_privs && !status.seccomp && status.landlock.is_none());
        assert_eq!(
            status.missing,
            [
                "no_new_privs: Invalid argument (os error 22)",
                "this kernel has no Landlock (Linux 5.13)",
                "seccomp: Invalid argument (os error 22)"
            ]
        );
    }

    /// The kernel, for one thread: the tests' others stay as they are.
    struct OneThread;

    impl Kernel for OneThread {
        fn no_new_privileges(&self) -> io::Result<()> {
            Linux.no_new_privileges()
        }

        fn confine(&self, places: &[(PathBuf, AccessRight)]) -> Result<(u32, Vec<PathFd>), LandlockError> {
            confine(places)
        }

        fn filter(&self) -> io::Result<()> {
            restrict(&filter::filter(), Threads::This)
        }
    }

    fn sandboxed<T: Send>(kept: &Kept, then: impl FnOnce(&status::Sandbox) -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let sandbox = put_on(&OneThread, &kept.places());
                then(&sandbox.status)
            });
            thread.join().unwrap()
        })
    }

    #[test]
    fn a_sandboxed_thread_does_what_a_director_does() {
        let dir = tempfile::tempdir().unwrap();
        let kept = Kept { socket: dir.path().join("run/control.sock"), ..Kept::default() };
        fs::create_dir(dir.path().join("run")).unwrap();
        sandboxed(&kept, |status| {
            assert!(status.no_new_privs && status.seccomp, "{status:?}");
            // Threads, sockets, readable files, files of its own.
            std::thread::spawn(|| ()).join().unwrap();
            std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            fs::read_to_string("/proc/self/status").unwrap();
            let own = dir.path().join("run/state");
            fs::write(&own, "x").unwrap();
            fs::rename(&own, own.with_extension("new")).unwrap();
            fs::remove_file(own.with_extension("new")).unwrap();
            if status.landlock.is_some() {
                let denied = |tried: io::Result<()>| {
                    assert_eq!(tried.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
                };
                denied(fs::write(dir.path().join("elsewhere"), "x"));
                denied(File::options().write(true).open("/etc/hostname").map(drop));
                denied(fs::create_dir(dir.path().join("folder")));
            }
        });
    }

    #[test]
    fn a_sandboxed_thread_does_nothing_else() {
        use nix::errno::Errno;
        use nix::sched::{CloneFlags, unshare};
        use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
        sandboxed(&Kept::default(), |_| {
            assert_eq!(unshare(CloneFlags::CLONE_NEWUSER), Err(Errno::EPERM));
            assert_eq!(nix::unistd::chroot("/"), Err(Errno::EPERM));
            let mount = nix::mount::mount(
                None::<&str>,
                "/",
                None::<&str>,
                nix::mount::MsFlags::MS_BIND,
                None::<&str>,
            );
            assert_eq!(mount, Err(Errno::EPERM));
            let alg = socket(AddressFamily::Alg, SockType::SeqPacket, SockFlag::empty(), None);
            assert_eq!(alg.unwrap_err(), Errno::EAFNOSUPPORT);
            let ran = std::process::Command::new("/bin/true").status();
            assert_eq!(ran.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        });
    }

    #[test]
    fn a_log_in_dev_makes_no_folder_of_it_writable() {
        let kept = Kept { socket: "c.sock".into(), flow_log: Some("/dev/null".into()), proc_dir: None };
        assert_eq!(kept.folders(), [Path::new(".")]);
        assert!(kept.places().contains(&("/dev/null".into(), AccessRight::Write)));
        let kept = Kept { flow_log: Some("/var/log/tunvs/flows".into()), ..kept };
        assert_eq!(kept.folders(), [Path::new("."), Path::new("/var/log/tunvs")]);
        let kept = Kept { flow_log: Some("-".into()), ..kept };
        assert_eq!(kept.folders(), [Path::new(".")]);
    }
}
