//! The process that waits in a call: its memory, and what `/proc` says of it.

use std::fs;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::sys::uio::{RemoteIoVec, process_vm_readv, process_vm_writev};
use nix::unistd::Pid;

use lvs_sys::process::{capabilities, has_file, is_first_thread};

/// Memory is read in stretches that do not cross a page, so that what is there is got.
const PAGE: u64 = 4096;

/// `CAP_NET_ADMIN`.
const NET_ADMIN: u32 = 12;

/// A thread that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target(pub(super) i32);

impl Target {
    /// This process.
    pub(super) fn own() -> Self {
        Self(std::process::id().cast_signed())
    }

    /// # Errors
    /// EFAULT where there is no such memory, EPERM where we may not look.
    pub(super) fn read(self, at: u64, into: &mut [u8]) -> Result<(), Errno> {
        let got = self.read_some(at, into)?;
        if got == into.len() { Ok(()) } else { Err(Errno::EFAULT) }
    }

    fn read_some(self, at: u64, into: &mut [u8]) -> Result<usize, Errno> {
        if into.is_empty() {
            return Ok(0);
        }
        let mut remote = Vec::new();
        let (mut base, mut left) = (at, into.len() as u64);
        while left > 0 {
            let len = left.min(PAGE - base % PAGE);
            remote.push(RemoteIoVec { base: usize_of(base)?, len: usize_of(len)? });
            base = base.checked_add(len).ok_or(Errno::EFAULT)?;
            left -= len;
        }
        process_vm_readv(Pid::from_raw(self.0), &mut [IoSliceMut::new(into)], &remote)
    }

    /// The page that this stands on: what belongs together is near together as a rule.
    pub(super) fn near(self, at: u64) -> CachedPage {
        let base = at - at % PAGE;
        let mut bytes = vec![0; PAGE as usize];
        let got = self.read_some(base, &mut bytes).unwrap_or(0);
        bytes.truncate(got);
        CachedPage { target: self, base, bytes }
    }

    /// A number of so many bytes.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn number<const LEN: usize>(self, at: u64) -> Result<[u8; LEN], Errno> {
        let mut bytes = [0; LEN];
        self.read(at, &mut bytes)?;
        Ok(bytes)
    }

    /// Text up to its end; None where that is further away than `most`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn text(self, at: u64, most: usize) -> Result<Option<Vec<u8>>, Errno> {
        let mut bytes = vec![0; most];
        let got = self.read_some(at, &mut bytes)?;
        bytes.truncate(got);
        let end = bytes.iter().position(|byte| *byte == 0);
        Ok(end.map(|end| {
            bytes.truncate(end);
            bytes
        }))
    }

    /// Writes all parts at once.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn write(self, parts: &[(u64, &[u8])]) -> Result<(), Errno> {
        let parts = parts.iter().filter(|(_, bytes)| !bytes.is_empty());
        let (mut local, mut remote, mut wanted) = (Vec::new(), Vec::new(), 0);
        for (at, bytes) in parts {
            local.push(IoSlice::new(bytes));
            remote.push(RemoteIoVec { base: usize_of(*at)?, len: bytes.len() });
            wanted += bytes.len();
        }
        if wanted == 0 {
            return Ok(());
        }
        let done = process_vm_writev(Pid::from_raw(self.0), &local, &remote)?;
        if done == wanted { Ok(()) } else { Err(Errno::EFAULT) }
    }

    /// The link that tells what it has under that descriptor.
    pub(super) fn link(self, fd: u32) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/fd/{fd}", self.0)).ok()
    }

    /// The number of the socket that it has under that descriptor.
    pub(super) fn socket(self, fd: u32) -> Option<u64> {
        socket_number(&self.link(fd)?)
    }

    /// The first of these numbers that is no descriptor of it. `any` is some descriptor of ours, to compare with.
    pub(super) fn free(self, numbers: impl IntoIterator<Item = u32>, any: &impl AsRawFd) -> Option<u32> {
        let is_free = |fd: &u32| match has_file(self.0, *fd, any) {
            Ok(_) => false,
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => true,
            Err(_) => match fs::read_link(format!("/proc/{}/fd/{fd}", self.0)) {
                Err(error) => error.kind() == io::ErrorKind::NotFound,
                Ok(_) => false,
            },
        };
        numbers.into_iter().find(is_free)
    }

    /// The folder that names are looked up in: that of a descriptor, or its own.
    pub(super) fn folder(self, fd: i32) -> Option<PathBuf> {
        let place = if fd == libc::AT_FDCWD { "cwd".to_owned() } else { format!("fd/{fd}") };
        fs::read_link(format!("/proc/{}/{place}", self.0)).ok()
    }

    /// The network namespace it is in.
    pub(super) fn network(self) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/ns/net", self.0)).ok()
    }

    /// The user namespace it is in.
    pub(super) fn users(self) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/ns/user", self.0)).ok()
    }

    /// The process that the thread is of.
    pub(super) fn process(self) -> i32 {
        if is_first_thread(self.0) { self.0 } else { self.status().process().unwrap_or(self.0) }
    }

    pub(super) fn is_net_admin(self) -> bool {
        capabilities(self.0).is_some_and(|all| all >> NET_ADMIN & 1 != 0)
    }

    pub(super) fn status(self) -> Status {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap_or_default();
        Status(text)
    }
}

/// A page of a process's memory; what is not in it is read from there.
#[derive(Debug)]
pub(super) struct CachedPage {
    target: Target,
    base: u64,
    bytes: Vec<u8>,
}

impl CachedPage {
    /// # Errors
    /// As [`Target::read`].
    pub(super) fn read(&self, at: u64, into: &mut [u8]) -> Result<(), Errno> {
        let begin = at.checked_sub(self.base).and_then(|begin| usize::try_from(begin).ok());
        let known = begin.and_then(|begin| self.bytes.get(begin..begin.checked_add(into.len())?));
        match known {
            Some(known) => into.copy_from_slice(known),
            None => self.target.read(at, into)?,
        }
        Ok(())
    }
}

/// `/proc/PID/status`.
#[derive(Debug)]
pub(super) struct Status(String);

impl Status {
    fn field(&self, name: &str) -> Option<&str> {
        self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }

    fn mask(&self, name: &str) -> u64 {
        self.field(name).and_then(|text| u64::from_str_radix(text, 16).ok()).unwrap_or(0)
    }

    /// The process that the thread is of.
    pub(super) fn process(&self) -> Option<i32> {
        self.field("Tgid")?.parse().ok()
    }

    /// Whether it may write what only root may.
    pub(super) fn is_root(&self) -> bool {
        self.field("Uid").and_then(|ids| ids.split_whitespace().nth(1)) == Some("0")
    }

    /// Whether it is the only thread of its process, and so the one that a signal is for.
    pub(super) fn is_alone(&self) -> bool {
        self.field("Threads") == Some("1")
    }

    /// Whether a signal waits that the thread would act on.
    pub(super) fn has_signal(&self) -> bool {
        let pending = self.mask("SigPnd") | self.mask("ShdPnd");
        pending & !self.mask("SigBlk") & !self.mask("SigIgn") != 0
    }
}

/// The number of a file of ours, by which other processes know it.
pub(super) fn number(file: &std::os::fd::OwnedFd) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    let copy = fs::File::from(file.try_clone().ok()?);
    Some(copy.metadata().ok()?.ino())
}

/// `socket:[NUMBER]`.
pub(super) fn socket_number(link: &std::path::Path) -> Option<u64> {
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

fn usize_of(number: u64) -> Result<usize, Errno> {
    usize::try_from(number).map_err(|_| Errno::EFAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_up_to_its_end_and_written_in_parts() {
        let me = Target::own();
        let text = b"/proc/net/ip_vs\0rest".to_vec();
        let at = text.as_ptr() as u64;
        assert_eq!(me.text(at, 4096).unwrap().unwrap(), b"/proc/net/ip_vs");
        assert_eq!(me.text(at, 5).unwrap(), None);
        assert_eq!(me.number::<5>(at).unwrap(), *b"/proc");
        assert_eq!(me.read(1, &mut [0; 4]), Err(Errno::EFAULT));
        // Near by, and further away than the end of its page.
        let far = vec![7; 3 * PAGE as usize];
        let at = far.as_ptr() as u64;
        let near = me.near(at);
        let (mut few, mut many) = ([0; 9], vec![0; far.len()]);
        near.read(at, &mut few).unwrap();
        near.read(at, &mut many).unwrap();
        assert_eq!((few, many), ([7; 9], far));
        assert_eq!(near.read(1, &mut few), Err(Errno::EFAULT));
        let room = vec![0u8; 8];
        let at = room.as_ptr() as u64;
        me.write(&[(at, b"ab"), (at + 6, b"c")]).unwrap();
        assert_eq!(std::hint::black_box(&room), b"ab\0\0\0\0c\0");
        assert_eq!(me.write(&[(8, b"ab")]), Err(Errno::EFAULT));
        assert_eq!(me.status().process(), Some(me.0));
        assert!(!me.status().has_signal());
    }
}
