//! Network namespaces: made, entered for one piece of work, held by a file descriptor.
//!
//! Owns nothing but descriptors; a namespace goes away with its last one and the last process in it. Never names
//! a namespace in the file system. Called by the other files of the demo.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{getegid, geteuid};
use rtnetlink::Handle;

use super::error::DemoError;

#[derive(Debug)]
pub(super) struct Namespace {
    name: &'static str,
    file: File,
}

impl Namespace {
    /// Makes an empty network namespace.
    pub(super) fn create(name: &'static str) -> Result<Self, DemoError> {
        let file = on_thread(|| {
            unshare(CloneFlags::CLONE_NEWNET)?;
            File::open("/proc/thread-self/ns/net")
        });
        Ok(Self { name, file: file.map_err(DemoError::Namespace)? })
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    /// Does `work` inside. Sockets that it opens and processes that it starts stay inside.
    pub(super) fn run<T: Send>(&self, work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        on_thread(|| {
            setns(&self.file, CloneFlags::CLONE_NEWNET)?;
            work()
        })
    }

    /// Does `work` inside with a connection to rtnetlink; `doing` says in an error what was tried.
    pub(super) fn netlink<T: Send>(
        &self,
        doing: String,
        work: impl AsyncFnOnce(Handle) -> Result<T, rtnetlink::Error> + Send,
    ) -> Result<T, DemoError> {
        let doing = format!("{doing} in {}", self.name);
        let outcome = self.run(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
            runtime.block_on(async {
                let (connection, handle, _) = rtnetlink::new_connection()?;
                tokio::spawn(connection);
                Ok(work(handle).await)
            })
        });
        outcome.map_err(DemoError::io(doing.clone()))?.map_err(DemoError::netlink(doing))
    }
}

/// Takes this process out of the network of its caller, and an ordinary user into a user namespace in which it
/// may make others. Says whether the latter was needed.
pub(super) fn leave_host() -> Result<bool, DemoError> {
    let rootless = !geteuid().is_root();
    let leave = || {
        if rootless {
            let (user, group) = (geteuid(), getegid());
            unshare(CloneFlags::CLONE_NEWUSER)?;
            fs::write("/proc/self/setgroups", "deny")?;
            fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
            fs::write("/proc/self/gid_map", format!("0 {group} 1"))?;
        }
        Ok(unshare(CloneFlags::CLONE_NEWNET)?)
    };
    leave().map_err(DemoError::Namespace)?;
    Ok(rootless)
}

/// Does `work` on a thread of its own, so that its change of namespace does not outlive it.
fn on_thread<T: Send>(work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    thread::scope(|scope| {
        scope
            .spawn(work)
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the thread in the namespace panicked")))
    })
}
