//! Files beside the control socket that outlive the director: written whole and put in place by a rename, and read only if
//! nobody else could have written them.
//!
//! Never knows what is in them. Called by whoever keeps something there.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::marker::PhantomData;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use lvs_host::own_file;

/// Contents of a file beside the control socket, whole.
pub(super) trait Contents: Sized {
    /// Ending of the file's name.
    const ENDING: &'static str;
    /// Log line where the file cannot be read, with what follows from that.
    const UNREADABLE: &'static str;
    /// Log line where the file cannot be written.
    const UNWRITTEN: &'static str;
    /// Log line where the file cannot be removed.
    const NOT_REMOVED: &'static str;
    /// Whether a crash of the machine is to leave it whole.
    const IS_FOR_GOOD: bool;

    /// # Errors
    /// The bytes say something else.
    fn parse(bytes: &[u8]) -> io::Result<Self>;

    /// Bytes to be parsed again; None where no file says the same.
    ///
    /// # Errors
    /// The contents have no such form.
    fn bytes(&self) -> io::Result<Option<Vec<u8>>>;
}

/// A file beside the control socket. Whoever holds the socket is the only writer.
#[derive(Debug)]
pub(super) struct StateFile<T> {
    path: PathBuf,
    contents: PhantomData<fn() -> T>,
}

impl<T> Clone for StateFile<T> {
    fn clone(&self) -> Self {
        Self { path: self.path.clone(), contents: PhantomData }
    }
}

impl<T: Contents> StateFile<T> {
    pub(super) fn beside(socket: &Path) -> Self {
        Self { path: with_ending(socket, T::ENDING), contents: PhantomData }
    }

    #[cfg(test)]
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what an earlier director left. A file that cannot be read is moved aside and told of in the log.
    pub(super) fn restore(&self) -> Option<T> {
        let error = match read(&self.path).and_then(|bytes| bytes.map(|bytes| T::parse(&bytes)).transpose()) {
            Ok(contents) => return contents,
            Err(error) => error,
        };
        let kept = move_aside(&self.path).unwrap_or_default();
        let (file, kept) = (self.path.display(), kept.display());
        tracing::warn!(%file, %error, %kept, "{}", T::UNREADABLE);
        None
    }

    /// Writes the contents, or removes the file where there are none.
    ///
    /// # Errors
    /// The system refuses; the old file stays.
    pub(super) fn write(&self, contents: &T) -> io::Result<()> {
        match contents.bytes()? {
            Some(bytes) => self.put(&bytes),
            None => remove(&self.path),
        }
    }

    /// Writes bytes of [`Contents::bytes`].
    ///
    /// # Errors
    /// The system refuses; the old file stays.
    pub(super) fn put(&self, bytes: &[u8]) -> io::Result<()> {
        if T::IS_FOR_GOOD { replace(&self.path, bytes) } else { replace_for_this_boot(&self.path, bytes) }
    }

    /// Says in the log that the file is not written.
    pub(super) fn warn_unwritten(&self, error: &io::Error) {
        let file = self.path.display();
        tracing::warn!(%file, %error, "{}", T::UNWRITTEN);
    }

    /// Removes it: the next director begins without.
    pub(super) fn end(&self) {
        if let Err(error) = remove(&self.path) {
            tracing::warn!(file = %self.path.display(), %error, "{}", T::NOT_REMOVED);
        }
    }
}

/// The path with an ending.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Opens a file of ours for reading. None where there is none.
///
/// # Errors
/// The file is no plain one, is another user's, or may be written by others; or the system refuses.
pub(super) fn open(path: &Path) -> io::Result<Option<File>> {
    let file = match OpenOptions::new().read(true).custom_flags(own_file::OPEN_FLAGS).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    own_file::check(&file)?;
    Ok(Some(file))
}

/// The whole file. None where there is none.
///
/// # Errors
/// The same as of [`open`].
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let Some(mut file) = open(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Contents of a file as JSON, if it has that version.
///
/// # Errors
/// The file has another version, or says something else.
pub(super) fn parse<T: DeserializeOwned>(text: &[u8], known: u32) -> io::Result<T> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let Version { version } = serde_json::from_slice(text)?;
    if version != known {
        let why = format!("it has the version {version}, and this director reads {known}");
        return Err(io::Error::other(why));
    }
    Ok(serde_json::from_slice(text)?)
}

/// Puts a new file in place of the old one, for good.
///
/// # Errors
/// The new file cannot be written; the old one stays.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put_in_place(path, bytes, File::sync_all)
}

/// Puts a new file in place of the old one, to be read while this machine runs. Not worth a wait for the disk.
///
/// # Errors
/// The new file cannot be written; the old one stays.
fn replace_for_this_boot(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put_in_place(path, bytes, |_| Ok(()))
}

fn put_in_place(path: &Path, bytes: &[u8], settle: impl Fn(&File) -> io::Result<()>) -> io::Result<()> {
    let next = with_ending(path, ".new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&next)?;
    let written = file.write_all(bytes).and_then(|()| settle(&file));
    written.and_then(|()| std::fs::rename(&next, path)).inspect_err(|_| drop(std::fs::remove_file(&next)))
}

/// Removes it, if it is there.
///
/// # Errors
/// The system refuses.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Moves one aside that cannot be read, for who wants to know why. None where even that fails.
fn move_aside(path: &Path) -> Option<PathBuf> {
    let aside = with_ending(path, ".bad");
    std::fs::rename(path, &aside).ok().map(|()| aside)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn only_plain_files_of_ours_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(read(&path).unwrap().is_none());
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some(&b"two"[..]));
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o620)).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("with the mode 0620"));
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(read(&link).is_err());
        assert!(read(folder.path()).unwrap_err().to_string().contains("no plain file"));
        remove(&path).unwrap();
        remove(&path).unwrap();
    }

    #[test]
    fn what_cannot_be_put_in_place_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("folder");
        std::fs::create_dir(&path).unwrap();
        assert!(replace(&path, b"text").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
