//! The thread that hears calls. It waits in the kernel for the next one and for nothing else, so that (from Linux 6.6 on) a program
//! and its answer take turns on one processor; the loop of the supervisor hears the rest.

use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};
use std::thread;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use lvs_sys::seccomp;

use super::supervisor::{Supervisor, Waker};

/// Rings when the thread is gone, so that the loop does not go on alone.
struct End(Waker);

impl Drop for End {
    fn drop(&mut self) {
        self.0.wake();
    }
}

impl Supervisor {
    /// # Errors
    /// No thread can be started.
    pub(super) fn listen(shared: &Arc<Mutex<Self>>, waker: Waker) -> io::Result<()> {
        let shared = Arc::clone(shared);
        thread::Builder::new().spawn(move || {
            let _end = End(waker);
            hear(&shared);
        })?;
        Ok(())
    }
}

fn hear(shared: &Mutex<Supervisor>) {
    let Ok(listener) = shared.lock().map(|supervisor| Arc::clone(&supervisor.listener)) else { return };
    loop {
        match seccomp::receive(&listener) {
            Ok(call) => {
                let Ok(mut supervisor) = shared.lock() else { return };
                supervisor.settle();
                supervisor.decide(&call);
                supervisor.hurry();
            }
            // One that is interrupted before it was heard is none.
            Err(_) if has_users(&listener) => {}
            Err(_) => return,
        }
    }
}

/// Waits until there is a call, and says whether there is anybody left who could make one.
fn has_users(listener: &impl AsFd) -> bool {
    let mut ends = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
    let _ = poll(&mut ends, PollTimeout::NONE);
    !ends[0].revents().is_some_and(|events| events.contains(PollFlags::POLLHUP))
}
