//! What was changed on the host, on disk: noted before it is done, so that it can be undone after a kill.
//!
//! One JSON value a line: whose it is, then the steps. The file is locked for as long as its director lives.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use super::change::Step;
use super::error::HostError;

#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Flock<File>,
}

/// The network namespace that the steps were made in.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    namespace: (u64, u64),
}

impl Owner {
    fn this() -> io::Result<Self> {
        let found = std::fs::metadata("/proc/thread-self/ns/net")?;
        Ok(Self { namespace: (found.dev(), found.ino()) })
    }
}

impl Journal {
    /// Begins an empty journal.
    ///
    /// # Errors
    /// Another director holds it, or it cannot be written.
    pub(super) fn begin(path: &Path) -> Result<Self, HostError> {
        let failed = |doing| move |source| HostError::Journal { doing, path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed("make the folder of"))?;
        }
        let mut journal = Self::open(path, true)?;
        journal.file.set_len(0).map_err(failed("write"))?;
        let owner = Owner::this().map_err(failed("write"))?;
        journal.line(&owner).map_err(failed("write"))?;
        Ok(journal)
    }

    fn open(path: &Path, create: bool) -> Result<Self, HostError> {
        let failed = |doing| move |source| HostError::Journal { doing, path: path.to_owned(), source };
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(create)
            .mode(0o600)
            .open(path)
            .map_err(failed("open"))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => Ok(Self { path: path.to_owned(), file }),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => Err(HostError::JournalHeld(path.to_owned())),
            Err((_, errno)) => Err(failed("lock")(errno.into())),
        }
    }

    /// Notes steps that are about to be made.
    ///
    /// # Errors
    /// They cannot be noted, so they must not be made.
    pub(super) fn note(&mut self, steps: &[Step]) -> Result<(), HostError> {
        let mut text = Vec::new();
        for step in steps.iter().filter(|step| !step.ephemeral && step.undo.is_some()) {
            serde_json::to_writer(&mut text, step).map_err(|error| self.failed(error.into()))?;
            text.push(b'\n');
        }
        self.file.write_all(&text).map_err(|source| self.failed(source))
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(value)?;
        text.push(b'\n');
        self.file.write_all(&text)
    }

    fn failed(&self, source: io::Error) -> HostError {
        HostError::Journal { doing: "write", path: self.path.clone(), source }
    }

    /// Removes the file: nothing is left to undo.
    pub(super) fn end(self) -> Result<(), HostError> {
        std::fs::remove_file(&self.path).map_err(|source| HostError::Journal {
            doing: "remove",
            path: self.path.clone(),
            source,
        })
    }

    /// A journal that a director left behind, and its steps in the order in which they were made. None when there is
    /// none.
    ///
    /// # Errors
    /// Its director lives, or it belongs to another network namespace.
    pub(super) fn left_behind(path: &Path) -> Result<Option<(Self, Vec<Step>)>, HostError> {
        if !path.exists() {
            return Ok(None);
        }
        let failed = |source| HostError::Journal { doing: "read", path: path.to_owned(), source };
        let journal = Self::open(path, false)?;
        let mut lines = BufReader::new(File::open(path).map_err(failed)?).lines();
        let Some(first) = lines.next() else { return Ok(Some((journal, Vec::new()))) };
        let owner: Owner =
            serde_json::from_str(&first.map_err(failed)?).map_err(|error| failed(error.into()))?;
        if owner != Owner::this().map_err(failed)? {
            return Err(HostError::JournalElsewhere(path.to_owned()));
        }
        // A last line that was cut off by the kill was never acted upon.
        let steps = lines.map_while(Result::ok).map_while(|line| serde_json::from_str(&line).ok());
        Ok(Some((journal, steps.collect())))
    }
}
