//! The surroundings that a configuration asks: files, the host's name, the environment, random numbers.
//!
//! The only place of this reader that touches the host. A twin in memory is for tests; a fuzzer brings its own.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

pub trait Surroundings {
    /// # Errors
    /// The file is not there, or no regular file, or cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Names below a folder, in any order; empty if there is no such folder.
    fn names(&self, folder: &Path) -> Vec<String>;

    fn exists(&self, path: &Path) -> bool;

    /// The host's name up to its first dot: the instance where nobody names one (`keepalived -i`).
    fn host_name(&self) -> Option<String>;

    /// A variable of the environment, for `${_ENV NAME}`.
    fn variable(&self, name: &str) -> Option<String>;

    /// For `${_RANDOM}`: another number each time.
    fn random(&self) -> u64;
}

/// The surroundings of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThisHost;

impl Surroundings for ThisHost {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let metadata = fs::metadata(path)?;
        // keepalived refuses programs and folders, which a careless pattern may match.
        if !metadata.is_file() || metadata.permissions().mode() & 0o111 != 0 {
            return Err(io::Error::other("not a regular file, or an executable one"));
        }
        fs::read(path)
    }

    fn names(&self, folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn host_name(&self) -> Option<String> {
        let host = nix::sys::utsname::uname().ok()?;
        host.nodename().to_str()?.split('.').next().map(str::to_owned)
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    /// The standard library seeds its hash maps from the system's random numbers.
    fn random(&self) -> u64 {
        RandomState::new().hash_one(0)
    }
}

/// Files in memory, on a host of which is known what is set here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    pub host_name: Option<String>,
    pub variables: BTreeMap<String, String>,
    pub random: u64,
}

impl Surroundings for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn names(&self, folder: &Path) -> Vec<String> {
        let inside = self.files.keys().filter_map(|path| path.strip_prefix(folder).ok()?.iter().next());
        let mut names: Vec<_> = inside.map(|name| name.to_string_lossy().into_owned()).collect();
        names.dedup();
        names
    }

    fn exists(&self, path: &Path) -> bool {
        self.files.keys().any(|known| known.starts_with(path))
    }

    fn host_name(&self) -> Option<String> {
        self.host_name.clone()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn random(&self) -> u64 {
        self.random
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::OpenOptionsExt;

    use super::*;

    /// The twin answers as a folder of the same files does.
    #[test]
    fn memory_answers_as_a_host_with_these_files() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let mut memory = Memory::default();
        for name in ["k.conf", "pool.d/a.inc", "pool.d/b.inc", "pool.d/more/c.inc"] {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), name).unwrap();
            memory.files.insert(at(name), name.into());
        }
        for name in
            ["", "k.conf", "pool.d", "pool.d/a.inc", "pool.d/more", "pool", "pool.d/c.inc", "none/none"]
        {
            let path = at(name);
            assert_eq!(memory.exists(&path), ThisHost.exists(&path), "{name}");
            assert_eq!(memory.read(&path).ok(), ThisHost.read(&path).ok(), "{name}");
            let sorted = |mut names: Vec<String>| {
                names.sort();
                names
            };
            assert_eq!(sorted(memory.names(&path)), sorted(ThisHost.names(&path)), "{name}");
        }
        assert_eq!(memory.host_name(), None);
    }

    #[test]
    fn programs_are_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("program");
        fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(&path).unwrap();
        assert!(ThisHost.exists(&path));
        ThisHost.read(&path).unwrap_err();
    }
}
