//! Reading and writing `/proc/sys`. Keys are in slash form, as interface names may contain dots.

use std::fs;
use std::io;
use std::path::PathBuf;

pub(super) fn read(key: &str) -> Option<String> {
    fs::read_to_string(path(key)).ok().map(|text| text.trim_end().to_owned())
}

/// With the end of the line, as sysctl(8) writes it: an empty value alone would be a write of nothing, which changes nothing.
pub(super) fn write(key: &str, value: &str) -> io::Result<()> {
    fs::write(path(key), format!("{value}\n"))
}

/// Whether nobody here can write it, as in most containers.
pub(super) fn is_read_only(key: &str) -> bool {
    let may_write = nix::unistd::access(&path(key), nix::unistd::AccessFlags::W_OK);
    may_write == Err(nix::errno::Errno::EROFS)
}

fn path(key: &str) -> PathBuf {
    PathBuf::from("/proc/sys").join(key)
}
