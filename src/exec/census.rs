//! Sockets that the processes below this one have: which of ours is where, and which nobody has any more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::fstat;

use lvs_sys::process::{copied_from, has_file};

use super::clock::now;
use super::emulated::Emulated;
use super::supervisor::Supervisor;
use super::target::{Target, socket_number};

impl Supervisor {
    /// The emulated socket that a thread has under that number: looked up once in `/proc`, and compared from then on, which is
    /// cheaper.
    pub(super) fn emulated_at(&mut self, target: Target, fd: u32) -> Option<u64> {
        if let Some(number) = self.places.last(target.0, fd)
            && let Some(socket) = self.sockets.get(&number)
            && has_file(target.0, fd, &socket.theirs).unwrap_or(false)
        {
            return Some(number);
        }
        let number = target.socket(fd)?;
        let socket = self.sockets.get_mut(&number)?;
        if socket.is_lost {
            socket.take_back(number, (target.process(), fd)).ok()?;
        }
        self.places.note(target.0, fd, number);
        Some(number)
    }

    /// Whether a process has a socket. One that nobody has any more is let go of at once.
    pub(super) fn is_held(&mut self, number: u64) -> bool {
        let Some(socket) = self.sockets.get_mut(&number) else { return false };
        if socket.is_abandoned(number).unwrap_or(false) {
            self.let_go(number);
            return false;
        }
        if socket.is_lost {
            // One that is on its way between two processes is nowhere.
            let _ = places(number).into_iter().find(|place| socket.take_back(number, *place).is_ok());
        }
        true
    }

    fn let_go(&mut self, number: u64) {
        let Some(socket) = self.sockets.remove(&number) else { return };
        self.held -= socket.weight();
        let _ = self.epoll.delete(&socket.ours);
        if self.ports.get(&socket.dialogue.port) == Some(&number) {
            self.ports.remove(&socket.dialogue.port);
        }
    }

    /// Lets go of sockets that no process has any more. One look may miss a process that is just being made.
    pub(super) fn sweep(&mut self) {
        self.swept = now();
        let Some(alive) = sockets() else { return };
        let mut gone = Vec::new();
        for (number, socket) in &mut self.sockets {
            if alive.contains(number) {
                socket.is_doubtful = false;
            } else if !std::mem::replace(&mut socket.is_doubtful, true) {
                continue;
            } else {
                gone.push(*number);
            }
        }
        for number in gone {
            self.let_go(number);
        }
        self.left = self.sockets.len();
    }

    /// Looks twice where there are many more sockets than at the last look.
    pub(super) fn sweep_if_crowded(&mut self) {
        const FEW: usize = 2048;
        if self.sockets.len() > 2 * self.left + FEW {
            self.sweep();
            self.sweep();
        }
    }
}

impl Emulated {
    /// Whether no process has it any more: the last one that had it has not, and our own end hears of the end of the other as we
    /// close ours of that.
    ///
    /// # Errors
    /// No descriptors are left.
    fn is_abandoned(&mut self, number: u64) -> io::Result<bool> {
        let (process, at) = self.place;
        // A copy that was shut down sounds the same.
        if Target(process).socket(at) == Some(number) || self.is_shut {
            return Ok(false);
        }
        if !self.is_lost {
            self.theirs = UnixDatagram::unbound()?.into();
            self.is_lost = true;
        }
        let mut ends = [PollFd::new(self.ours.as_fd(), PollFlags::empty())];
        poll(&mut ends, PollTimeout::ZERO)?;
        Ok(ends[0].revents().is_some_and(|events| events.contains(PollFlags::POLLHUP)))
    }

    /// Takes a descriptor of it back from a process that has a copy.
    ///
    /// # Errors
    /// The process has it no more, or is not ours to look into.
    fn take_back(&mut self, number: u64, place: (i32, u32)) -> io::Result<()> {
        let copy = copied_from(place.0, place.1)?;
        if fstat(&copy)?.st_ino != number {
            return Err(Errno::EBADF.into());
        }
        (self.theirs, self.place, self.is_lost) = (copy, place, false);
        Ok(())
    }
}

/// The numbers of all sockets that a process below this one has. None: one of them cannot be looked at.
fn sockets() -> Option<BTreeSet<u64>> {
    let mut sockets = BTreeSet::new();
    for process in processes() {
        match sockets_of(process) {
            Ok(its) => sockets.extend(its.map(|(_, socket)| socket)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => return None,
        }
    }
    Some(sockets)
}

/// Processes below this one that have a socket, and under which number each.
fn places(socket: u64) -> Vec<(i32, u32)> {
    let mut places = Vec::new();
    for process in processes() {
        let its = sockets_of(process).into_iter().flatten().filter(|(_, its)| *its == socket);
        places.extend(its.map(|(number, _)| (process.cast_signed(), number)));
    }
    places
}

/// Sockets of a process, and under which number it has each.
fn sockets_of(process: u32) -> io::Result<impl Iterator<Item = (u32, u64)>> {
    let entries = fs::read_dir(format!("/proc/{process}/fd"))?.flatten();
    Ok(entries.filter_map(|entry| {
        let socket = socket_number(&fs::read_link(entry.path()).ok()?)?;
        Some((entry.file_name().to_str()?.parse().ok()?, socket))
    }))
}

/// All processes below this one.
fn processes() -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(text) = fs::read_to_string(entry.path().join("stat")) else { continue };
        if let Some(parent) = parent(&text) {
            children.entry(parent).or_default().push(process);
        }
    }
    let (mut all, mut next) = (Vec::new(), VecDeque::from([std::process::id()]));
    while let Some(process) = next.pop_front() {
        let below = children.remove(&process).unwrap_or_default();
        all.extend(&below);
        next.extend(below);
    }
    all
}

/// The parent that `/proc/PID/stat` names, behind the program's name in brackets and the state.
fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_hides_no_parent() {
        assert_eq!(parent("12 (a) R 5 (b)) S 7 12 12 0"), Some(7));
        assert_eq!(parent("12"), None);
    }
}
