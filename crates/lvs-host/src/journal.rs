//! Changes of the host, on disk: noted before they are made, so that they can be undone after a kill, or taken over.
//!
//! One JSON value a line: whose it is, then the steps that were made or undone, and beside them the numbers that links had by then.
//! The file is locked for as long as its director lives.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use super::change::Step;
use super::error::HostError;
use super::own_file;
use lvs::service::Family;
use lvs_sys::socket_option;

/// A process that was killed lets go of its files a moment later.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Numbers of links, by their names.
pub(super) type Links = BTreeMap<String, u32>;

/// How long a step is meant to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Lifetime {
    /// Until the end.
    Stays,
    /// While services or addresses want it.
    Follows,
    /// Until the rules of the family are made anew.
    Rules(Family),
}

/// A step that was made, or is about to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    pub(super) lifetime: Lifetime,
    pub(super) step: Step,
}

#[derive(Deserialize)]
struct Noted {
    #[serde(flatten)]
    step: Step,
    #[serde(rename = "term")]
    lifetime: Lifetime,
    #[serde(default)]
    undone: bool,
    #[serde(default)]
    links: Links,
}

#[derive(Serialize)]
struct Note<'a> {
    #[serde(flatten)]
    step: &'a Step,
    #[serde(rename = "term")]
    lifetime: Lifetime,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    undone: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    links: Links,
}

/// Journal of a director that could not undo its steps itself.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) journal: Journal,
    /// In the order in which they were made.
    pub(super) entries: Vec<Entry>,
}

#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Flock<File>,
    /// Steps noted in the file.
    noted: usize,
    /// Links of the host, and those of them that the file does not name so yet.
    links: Links,
    new_links: Links,
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
        let found = std::fs::metadata("/proc/thread-self/ns/net")
            .map_err(|error| io::Error::new(error.kind(), "/proc is not mounted"))?;
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        Ok(Self {
            namespace: (found.dev(), found.ino()),
            cookie: namespace_cookie(),
            boot: boot.map(|text| text.trim_end().to_owned()),
        })
    }
}

/// Names this boot of this machine and this network namespace, as files do that mean nothing elsewhere.
///
/// # Errors
/// The system does not say.
pub fn identity() -> io::Result<String> {
    Ok(serde_json::to_string(&Owner::this()?)?)
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
            .custom_flags(own_file::OPEN_FLAGS)
            .open(path)
            .map_err(failed("open"))?;
        own_file::check(&file).map_err(failed("believe"))?;
        let mut file = file;
        for _ in 0..LOCK_TRIES {
            file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(file) => {
                    let (links, new_links) = (Links::new(), Links::new());
                    return Ok(Self { path: path.to_owned(), file, noted: 0, links, new_links });
                }
                Err((file, nix::errno::Errno::EWOULDBLOCK)) => file,
                Err((_, errno)) => return Err(failed("lock")(errno.into())),
            };
            thread::sleep(LOCK_PAUSE);
        }
        Err(HostError::JournalHeld(path.to_owned()))
    }

    /// Has the links of the host noted beside the next step: a link keeps its number when its name changes.
    pub(super) fn know_links(&mut self, links: Links) {
        let is_new = |(name, index): &(&String, &u32)| self.links.get(*name) != Some(*index);
        self.new_links.extend(links.iter().filter(is_new).map(|(name, index)| (name.clone(), *index)));
        self.links = links;
    }

    /// Links of the host, as they were last noted.
    pub(super) const fn links(&self) -> &Links {
        &self.links
    }

    /// Notes steps that are about to be made.
    ///
    /// # Errors
    /// The steps cannot be noted, so they must not be made.
    pub(super) fn note<'a>(
        &mut self,
        steps: impl IntoIterator<Item = (Lifetime, &'a Step)>,
    ) -> Result<(), HostError> {
        self.write(steps, false)
    }

    /// Notes steps that were undone, or not made after all.
    ///
    /// # Errors
    /// The steps cannot be noted: whoever reads the journal undoes them once more.
    pub(super) fn note_undone<'a>(
        &mut self,
        steps: impl IntoIterator<Item = (Lifetime, &'a Step)>,
    ) -> Result<(), HostError> {
        self.write(steps, true)
    }

    fn write<'a>(
        &mut self,
        steps: impl IntoIterator<Item = (Lifetime, &'a Step)>,
        undone: bool,
    ) -> Result<(), HostError> {
        let mut text = Vec::new();
        for (lifetime, step) in steps.into_iter().filter(|(_, step)| !step.is_of_process()) {
            let links = std::mem::take(&mut self.new_links);
            serde_json::to_writer(&mut text, &Note { step, lifetime, undone, links })
                .map_err(|error| self.failed(error.into()))?;
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
    pub(super) fn begin_anew<'a>(
        &mut self,
        live: impl Iterator<Item = (Lifetime, &'a Step)>,
    ) -> Result<(), HostError> {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".new");
        let mut next = Self::begin(Path::new(&name))?;
        next.know_links(self.links.clone());
        next.note(live)?;
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

    /// The journal that a director left behind. None when there is none.
    ///
    /// # Errors
    /// The journal's director lives, or belongs to another network namespace.
    pub(super) fn left_behind(path: &Path) -> Result<Option<Left>, HostError> {
        if !path.exists() {
            return Ok(None);
        }
        let failed = |source| HostError::Journal { doing: "read", path: path.to_owned(), source };
        let mut journal = Self::open(path, false)?;
        // The file that is locked, whatever lies there by now.
        let mut lines = BufReader::new(journal.file.try_clone().map_err(failed)?).lines();
        let Some(first) = lines.next() else { return Ok(Some(Left { journal, entries: Vec::new() })) };
        let damaged = |source| HostError::JournalDamaged { path: path.to_owned(), source };
        let owner: Owner =
            serde_json::from_str(&first.map_err(damaged)?).map_err(|error| damaged(error.into()))?;
        if owner != Owner::this().map_err(failed)? {
            return Err(HostError::JournalElsewhere(path.to_owned()));
        }
        // A last line that was cut off by the kill was never acted upon. Others are those of a later version.
        let lines: Vec<String> = lines.map_while(Result::ok).collect();
        let links = &mut journal.links;
        let noted = lines.iter().enumerate().filter_map(|(number, line)| {
            let noted: Result<Noted, _> = serde_json::from_str(line);
            if noted.is_err() && number + 1 < lines.len() {
                tracing::warn!(line, "a change of this host that this version does not know stays as it is");
            }
            let mut noted = noted.ok()?;
            links.append(&mut noted.links);
            Some(noted)
        });
        let entries = still_there(noted);
        Ok(Some(Left { journal, entries }))
    }
}

/// Steps that were made and not undone, in their order.
fn still_there(noted: impl Iterator<Item = Noted>) -> Vec<Entry> {
    let mut entries: Vec<Option<Entry>> = Vec::new();
    let mut places: HashMap<Entry, Vec<usize>> = HashMap::new();
    for Noted { step, lifetime, undone, .. } in noted {
        let entry = Entry { lifetime, step };
        if undone {
            let place = places.get_mut(&entry).and_then(Vec::pop);
            place.into_iter().for_each(|place| entries[place] = None);
        } else {
            places.entry(entry.clone()).or_default().push(entries.len());
            entries.push(Some(entry));
        }
    }
    entries.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::change::{Action, Rule};
    use super::*;

    fn step(pref: u32) -> Step {
        Step::rule(Rule::new(Family::V4, pref, Action::Nop))
    }

    fn follows(steps: &[Step]) -> impl Iterator<Item = (Lifetime, &Step)> {
        steps.iter().map(|step| (Lifetime::Follows, step))
    }

    fn found(left: &Left) -> Vec<Step> {
        left.entries.iter().map(|entry| entry.step.clone()).collect()
    }

    #[test]
    fn a_damaged_one_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        for bytes in [&b"{\"pid\":"[..], b"\xff\xfe\n", b"\0\0\0\0"] {
            drop(Journal::begin(&path).unwrap());
            std::fs::write(&path, bytes).unwrap();
            let error = Journal::left_behind(&path).unwrap_err();
            assert!(matches!(error, HostError::JournalDamaged { .. }), "{error}");
            assert!(error.to_string().contains("move it aside"), "{error}");
        }
    }

    #[test]
    fn changes_of_a_later_version_hide_none_behind_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::begin(&path).unwrap();
        let steps = [step(1), step(2)];
        journal.note(follows(&steps[..1])).unwrap();
        journal.file.write_all(b"{\"apply\":{\"AddSomethingNew\":1},\"lifetime\":\"Follows\"}\n").unwrap();
        journal.note(follows(&steps[1..])).unwrap();
        drop(journal);
        let left = Journal::left_behind(&path).unwrap().unwrap();
        assert_eq!(found(&left), steps);
    }

    #[test]
    fn what_was_noted_is_found_after_a_kill() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::begin(&path).unwrap();
        journal.note(follows(&[step(1), step(2), step(3)])).unwrap();
        journal.note([(Lifetime::Stays, &step(3)), (Lifetime::Stays, &step(4))]).unwrap();
        journal.note_undone(follows(&[step(3)])).unwrap();
        assert!(matches!(Journal::left_behind(&path), Err(HostError::JournalHeld(_))));
        journal.file.write_all(b"{\"apply\":{\"AddRu").unwrap();
        drop(journal);
        let left = Journal::left_behind(&path).unwrap().unwrap();
        assert_eq!(found(&left), [step(1), step(2), step(3), step(4)]);
        let lifetimes: Vec<Lifetime> = left.entries.iter().map(|entry| entry.lifetime).collect();
        assert_eq!(lifetimes, [Lifetime::Follows, Lifetime::Follows, Lifetime::Stays, Lifetime::Stays]);
        left.journal.end().unwrap();
        assert!(Journal::left_behind(&path).unwrap().is_none());
    }

    #[test]
    fn one_that_others_could_have_written_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        drop(Journal::begin(&path).unwrap());
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
        let error = Journal::left_behind(&path).unwrap_err().to_string();
        assert!(error.contains("journal") && error.contains("with the mode 0666"), "{error}");
        assert!(Journal::begin(&path).is_err());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        assert!(Journal::left_behind(&link).is_err() && Journal::begin(&link).is_err());
        assert!(Journal::left_behind(&path).unwrap().is_some());
    }

    #[test]
    fn a_process_that_is_going_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::begin(&path).unwrap();
        let going = thread::spawn(move || {
            thread::sleep(LOCK_PAUSE * 3);
            drop(journal);
        });
        assert!(Journal::left_behind(&path).unwrap().is_some());
        going.join().unwrap();
    }

    #[test]
    fn a_journal_of_things_past_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::begin(&path).unwrap();
        for pref in 0..5000 {
            journal.note(follows(&[step(pref)])).unwrap();
        }
        assert!(journal.is_mostly_past(2) && !journal.is_mostly_past(2000));
        journal.begin_anew(follows(&[step(7), step(8)])).unwrap();
        journal.note(follows(&[step(9)])).unwrap();
        assert!(matches!(Journal::left_behind(&path), Err(HostError::JournalHeld(_))));
        drop(journal);
        let left = Journal::left_behind(&path).unwrap().unwrap();
        assert_eq!(found(&left), [step(7), step(8), step(9)]);
    }
}
