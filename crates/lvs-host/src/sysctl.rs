//! Reading and writing `/proc/sys`. Keys are in slash form, as interface names may contain dots.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

pub(super) fn read(key: &str) -> Option<String> {
    fs::read_to_string(path(key).ok()?).ok().map(|text| text.trim_end().to_owned())
}

/// With the end of the line, as sysctl(8) writes it: an empty value alone would be a write of nothing, which changes nothing.
pub(super) fn write(key: &str, value: &str) -> io::Result<()> {
    fs::write(path(key)?, format!("{value}\n"))
}

/// Whether nobody here can write it, as in most containers.
pub(super) fn is_read_only(key: &str) -> bool {
    let may_write = path(key).map(|path| nix::unistd::access(&path, nix::unistd::AccessFlags::W_OK));
    may_write.is_ok_and(|may_write| may_write == Err(nix::errno::Errno::EROFS))
}

/// Place of a key below `/proc/sys`, where there are no links.
///
/// # Errors
/// The key is a path that leads elsewhere: a journal may hold anything.
fn path(key: &str) -> io::Result<PathBuf> {
    let is_below =
        !key.is_empty() && Path::new(key).components().all(|part| matches!(part, Component::Normal(_)));
    if !is_below {
        let error = format!("{key:?} is no key of /proc/sys, such as net/ipv4/ip_forward");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
    }
    Ok(Path::new("/proc/sys").join(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_below_proc_sys() {
        assert_eq!(path("net/ipv4/ip_forward").unwrap(), Path::new("/proc/sys/net/ipv4/ip_forward"));
        for key in ["", "../kernel", "net/../../self/environ", "/etc/passwd", "net/ipv4/../../../x"] {
            assert_eq!(path(key).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{key}");
            assert_eq!((read(key), is_read_only(key)), (None, false), "{key}");
            assert!(write(key, "1").is_err(), "{key}");
        }
    }
}
