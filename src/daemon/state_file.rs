//! Files beside the control socket that outlive the director: written whole and put in place by a rename, and read only if
//! nobody else could have written them.
//!
//! Never knows what is in them. Called by whoever keeps something there.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use lvs_host::own_file;

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
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
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
pub(super) fn replace_for_this_boot(path: &Path, bytes: &[u8]) -> io::Result<()> {
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
pub(super) fn move_aside(path: &Path) -> Option<PathBuf> {
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
