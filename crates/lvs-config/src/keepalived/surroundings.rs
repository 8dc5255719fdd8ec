//! What a configuration asks of its surroundings: files, the host's name, the environment, random numbers.
//!
//! The only place of this reader that touches the host; a test or a fuzzer brings surroundings of its own.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

pub trait Surroundings {
    /// # Errors
    /// It is not there, or no regular file, or cannot be read.
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

/// Those of this process.
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
        let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
        name.trim_end().split('.').next().map(str::to_owned)
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    /// The standard library seeds its hash maps from the system's random numbers.
    fn random(&self) -> u64 {
        RandomState::new().hash_one(0)
    }
}
