//! Changes of the host, on disk: noted before they are made, so that they can be undone after a kill.
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
use lvs_sys::socket_option;

#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Flock<File>,
    /// Steps noted in the file.
    noted: usize,
}

/// The network namespace that the steps were made in. Inode numbers are used again, the cookie is not before the
/// next boot; kernels before 5.14 have none.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    namespace: (u64, u64),
    cookie: Option<u64>,
    boot: Option<String>,
}

impl Owner {
    fn this() -> io::Result<Self> {
        let found = std::fs::metadata("/proc/thread-self/ns/net")?;
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        Ok(Self {
            namespace: (found.dev(), found.ino()),
            cookie: namespace_cookie(),
            boot: boot.map(|text| text.trim_end().to_owned()),
        })
    }
}

fn namespace_cookie() -> Option<u64> {
    let socket = std::net::UdpSocket::bind((std::net::Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket_option::namespace_cookie(&socket).ok()
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
            Ok(file) => Ok(Self { path: path.to_owned(), file, noted: 0 }),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => Err(HostError::JournalHeld(path.to_owned())),
            Err((_, errno)) => Err(failed("lock")(errno.into())),
        }
    }

    /// Notes steps that are about to be made.
    ///
    /// # Errors
    /// The steps cannot be noted, so they must not be made.
    pub(super) fn note(&mut self, steps: &[Step]) -> Result<(), HostError> {
        let mut text = Vec::new();
        for step in steps.iter().filter(|step| !step.ephemeral && step.undo.is_some()) {
            serde_json::to_writer(&mut text, step).map_err(|error| self.failed(error.into()))?;
            text.push(b'\n');
            self.noted += 1;
        }
        self.file.write_all(&text).map_err(|source| self.failed(source))
    }

    /// Whether most of what is noted has been undone by now, where `live` steps are not.
    pub(super) const fn is_mostly_past(&self, live: usize) -> bool {
        const SPARE: usize = 4096;
        self.noted > 2 * live + SPARE
    }

    /// Begins again with what is still to be undone, in a file that takes the place of this one.
    ///
    /// # Errors
    /// The new journal cannot be written; the old one stays.
    pub(super) fn begin_anew<'a>(&mut self, live: impl Iterator<Item = &'a Step>) -> Result<(), HostError> {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".new");
        let mut next = Self::begin(Path::new(&name))?;
        let live: Vec<Step> = live.cloned().collect();
        next.note(&live)?;
        std::fs::rename(&next.path, &self.path).map_err(|source| self.failed(source))?;
        next.path.clone_from(&self.path);
        *self = next;
        Ok(())
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
    /// The journal's director lives, or belongs to another network namespace.
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

#[cfg(test)]
mod tests {
    use super::super::change::{Action, Rule};
    use super::*;
    use lvs::service::Family;

    fn step(pref: u32) -> Step {
        Step::rule(Rule::new(Family::V4, pref, Action::Nop))
    }

    #[test]
    fn what_was_noted_is_found_after_a_kill() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::begin(&path).unwrap();
        journal.note(&[step(1), step(2)]).unwrap();
        assert!(matches!(Journal::left_behind(&path), Err(HostError::JournalHeld(_))));
        journal.file.write_all(b"{\"apply\":{\"AddRu").unwrap();
        drop(journal);
        let (journal, steps) = Journal::left_behind(&path).unwrap().unwrap();
        assert_eq!(steps, [step(1), step(2)]);
        journal.end().unwrap();
        assert!(Journal::left_behind(&path).unwrap().is_none());
    }

    #[test]
    fn a_journal_of_things_past_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::begin(&path).unwrap();
        for pref in 0..5000 {
            journal.note(&[step(pref)]).unwrap();
        }
        assert!(journal.is_mostly_past(2) && !journal.is_mostly_past(2000));
        journal.begin_anew([step(7), step(8)].iter()).unwrap();
        journal.note(&[step(9)]).unwrap();
        assert!(matches!(Journal::left_behind(&path), Err(HostError::JournalHeld(_))));
        drop(journal);
        let (_, steps) = Journal::left_behind(&path).unwrap().unwrap();
        assert_eq!(steps, [step(7), step(8), step(9)]);
    }
}
