//! Files, and directories of files, that are read again when they change.
//!
//! A file that cannot be read, or is wrong, goes on saying what it said before. In a directory that holds for each file by itself;
//! one that is gone says nothing more.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use lvs_discovery::file_sd;
use lvs_discovery::found::{Content, Found, Said, Trouble};
use lvs_discovery::kubernetes::Cluster;

/// The longest file that is read.
const LONGEST: u64 = 64 << 20;

/// Files of a directory that are read at most.
const MAX_FILES: usize = 10_000;

/// So often a file is read after it has changed: a second change may have the same time and length.
const AGAIN: u8 = 4;

#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is longer than {LONGEST} bytes", path.display())]
    TooLong { path: PathBuf },
    #[error("{} has more than {MAX_FILES} files", path.display())]
    TooMany { path: PathBuf },
    #[error("{}: {why}", path.display())]
    Wrong { path: PathBuf, why: String },
}

/// Kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Targets,
    Objects,
}

/// Contents of one file.
#[derive(Clone, Debug)]
enum Part {
    Targets(Vec<Found>),
    Objects(Cluster),
}

/// Print of a file, by which another one is known.
type Print = (i64, i64, u64, u64);

#[derive(Debug)]
struct Known {
    print: Print,
    again: u8,
    /// Of what is good. The text itself may be long.
    hash: u64,
    good: Option<Part>,
    error: Option<String>,
}

/// A file or directory, and what was read of it.
#[derive(Debug)]
pub(super) struct Files {
    path: PathBuf,
    kind: Kind,
    known: BTreeMap<PathBuf, Known>,
    told: Option<String>,
    has_spoken: bool,
}

impl Files {
    pub(super) const fn new(path: PathBuf, kind: Kind) -> Self {
        Self { path, kind, known: BTreeMap::new(), told: None, has_spoken: false }
    }

    pub(super) fn is_fifo(path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|file| file.file_type().is_fifo())
    }

    /// Looks whether something has changed. None: nothing has.
    pub(super) fn look(&mut self) -> Option<Said> {
        let (has_changed, whole_error) = match self.read_all() {
            Ok(has_changed) => (has_changed, None),
            Err(error) => (false, Some(error.to_string())),
        };
        let of_files = self.known.values().find_map(|file| file.error.clone());
        let error = whole_error.clone().or(of_files);
        if std::mem::replace(&mut self.has_spoken, true) && !has_changed && error == self.told {
            return None;
        }
        self.told.clone_from(&error);
        // What a file that was never right might have said is not known.
        let is_whole = whole_error.is_none() && self.known.values().all(|file| file.good.is_some());
        let content = is_whole.then(|| self.content());
        Some(Said { content, trouble: error.map(Trouble::Failed) })
    }

    fn content(&self) -> Content {
        let parts = self.known.values().filter_map(|file| file.good.as_ref());
        match self.kind {
            Kind::Targets => Content::Servers(
                parts
                    .flat_map(|part| match part {
                        Part::Targets(found) => &found[..],
                        Part::Objects(_) => &[],
                    })
                    .copied()
                    .collect(),
            ),
            Kind::Objects => {
                let clusters = parts.filter_map(|part| match part {
                    Part::Objects(cluster) => Some(cluster),
                    Part::Targets(_) => None,
                });
                Content::Cluster(Cluster::join(clusters).into())
            }
        }
    }

    /// True when a file says something else, or is gone.
    fn read_all(&mut self) -> Result<bool, FileError> {
        let paths = self.paths()?;
        let before = self.known.len();
        self.known.retain(|path, _| paths.contains(path));
        let mut has_changed = self.known.len() != before;
        for path in paths {
            has_changed |= self.read_one(&path);
        }
        Ok(has_changed)
    }

    fn paths(&self) -> Result<Vec<PathBuf>, FileError> {
        let unreadable = |source| FileError::Unreadable { path: self.path.clone(), source };
        if !fs::metadata(&self.path).map_err(unreadable)?.is_dir() {
            return Ok(vec![self.path.clone()]);
        }
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if !is_hidden && path.extension().is_some_and(|ending| ending == "json") {
                paths.push(path);
            }
            if paths.len() > MAX_FILES {
                return Err(FileError::TooMany { path: self.path.clone() });
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn read_one(&mut self, path: &Path) -> bool {
        let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
        let print = fs::metadata(path).map(|file| (file.mtime(), file.mtime_nsec(), file.len(), file.ino()));
        let known = self.known.get_mut(path);
        if let (Ok(print), Some(known)) = (&print, &known)
            && known.print == *print
            && known.again == 0
        {
            return false;
        }
        let read = print.map_err(unreadable).and_then(|print| Ok((print, read(path)?)));
        let outcome = match read {
            Ok((print, bytes)) => {
                let hash = hash_of(&bytes);
                if let Some(known) = known.filter(|known| known.hash == hash && known.error.is_none()) {
                    known.again = if known.print == print { known.again.saturating_sub(1) } else { AGAIN };
                    known.print = print;
                    return false;
                }
                let part = parse(self.kind, &bytes);
                part.map(|part| (print, hash, part))
                    .map_err(|why| FileError::Wrong { path: path.to_owned(), why })
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok((print, hash, part)) => {
                let file = Known { print, again: AGAIN, hash, good: Some(part), error: None };
                self.known.insert(path.to_owned(), file);
                true
            }
            Err(error) => {
                let none = || Known { print: (0, 0, 0, 0), again: 1, hash: 0, good: None, error: None };
                let file = self.known.entry(path.to_owned()).or_insert_with(none);
                (file.error, file.again) = (Some(error.to_string()), 1);
                false
            }
        }
    }
}

fn hash_of(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

fn parse(kind: Kind, bytes: &[u8]) -> Result<Part, String> {
    match kind {
        Kind::Targets => file_sd::parse(bytes).map(Part::Targets).map_err(|error| error.to_string()),
        Kind::Objects => Cluster::of_file(bytes).map(Part::Objects).map_err(|error| error.to_string()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
    // A FIFO would wait for its writer.
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let file = opened.map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        let source = io::Error::other("it is no plain file");
        return Err(unreadable(source));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST {
        return Err(FileError::TooLong { path: path.to_owned() });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"[{"targets":["10.0.0.1:80"]}]"#;
    const TWO: &str = r#"[{"targets":["10.0.0.2:80"]}]"#;

    fn addrs(said: &Said) -> Option<Vec<String>> {
        match said.content.as_ref()? {
            Content::Servers(found) => Some(found.iter().map(|one| one.addr.to_string()).collect()),
            Content::Cluster(_) => None,
        }
    }

    #[test]
    fn a_broken_file_says_what_it_said_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("targets.json");
        let mut files = Files::new(path.clone(), Kind::Targets);
        let missing = files.look().unwrap();
        assert!(missing.content.is_none() && missing.trouble.unwrap().to_string().contains("targets.json"));
        assert!(files.look().is_none());
        fs::write(&path, ONE).unwrap();
        assert_eq!(addrs(&files.look().unwrap()).unwrap(), ["10.0.0.1"]);
        assert!(files.look().is_none());
        // The same length, and perhaps the same time.
        fs::write(&path, TWO).unwrap();
        assert_eq!(addrs(&files.look().unwrap()).unwrap(), ["10.0.0.2"]);
        fs::write(&path, &TWO[..9]).unwrap();
        let broken = files.look().unwrap();
        assert!(broken.trouble.is_some());
        assert_eq!(addrs(&broken).unwrap(), ["10.0.0.2"]);
        assert!(files.look().is_none());
        fs::remove_file(&path).unwrap();
        assert!(files.look().unwrap().trouble.unwrap().to_string().contains("cannot read"));
        fs::write(&path, TWO).unwrap();
        let mended = files.look().unwrap();
        assert!(mended.trouble.is_none());
        assert_eq!(addrs(&mended).unwrap(), ["10.0.0.2"]);
    }

    #[test]
    fn a_fifo_among_files_is_told_and_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.json"), ONE).unwrap();
        nix::unistd::mkfifo(&folder.path().join("b.json"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let mut files = Files::new(folder.path().to_owned(), Kind::Targets);
        let said = files.look().unwrap();
        assert!(said.trouble.unwrap().to_string().ends_with("b.json: it is no plain file"));
    }

    #[test]
    fn files_of_a_directory_are_good_or_bad_each_for_itself() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let mut files = Files::new(folder.path().to_owned(), Kind::Targets);
        assert!(files.look().is_none_or(|said| addrs(&said).unwrap().is_empty()));
        write("a.json", "x");
        write("b.json", ONE);
        write(".hidden.json", TWO);
        write("c.txt", TWO);
        // Nobody knows what the first one means to say.
        let said = files.look().unwrap();
        assert!(said.content.is_none() && said.trouble.unwrap().to_string().contains("a.json"));
        write("a.json", TWO);
        assert_eq!(addrs(&files.look().unwrap()).unwrap(), ["10.0.0.2", "10.0.0.1"]);
        write("a.json", "[");
        let said = files.look().unwrap();
        assert!(said.trouble.is_some());
        fs::remove_file(folder.path().join("b.json")).unwrap();
        assert_eq!(addrs(&files.look().unwrap()).unwrap(), ["10.0.0.2"]);
    }
}
