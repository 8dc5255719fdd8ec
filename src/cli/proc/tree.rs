//! A tree of the kernel's files on disk, for programs that want to read them below a folder of their own.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{ProcError, ProcFile};
use crate::lvs::director::{CommandError, Query, Reply};

/// Keeps `DIR/net/ip_vs*`. Each file is replaced whole, so that readers never see half of one.
#[derive(Debug)]
pub struct ProcTree {
    dir: PathBuf,
    written: Vec<(ProcFile, Vec<u8>)>,
}

#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Refused(#[from] CommandError),
}

impl ProcTree {
    /// Makes the folder.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(dir: &Path) -> Result<Self, TreeError> {
        let net = dir.join("net");
        fs::create_dir_all(&net).map_err(|source| TreeError::Write { path: net, source })?;
        Ok(Self { dir: dir.to_owned(), written: Vec::new() })
    }

    /// Writes the files whose text has changed since the last time.
    ///
    /// # Errors
    /// A file cannot be written; the others of this time are left as they were.
    pub fn update(
        &mut self,
        ask: &mut dyn FnMut(Query) -> Result<Reply, CommandError>,
    ) -> Result<(), TreeError> {
        for file in ProcFile::ALL {
            let mut text = Vec::new();
            let mut ask = |query| Ok::<_, io::Error>(ask(query));
            match file.write(&mut text, &mut ask) {
                Ok(()) => {}
                Err(ProcError::Refused(error)) => return Err(error.into()),
                Err(ProcError::Ask(source) | ProcError::Write(source)) => {
                    return Err(TreeError::Write { path: self.dir.join(file.path()), source });
                }
            }
            self.replace(file, text)?;
        }
        Ok(())
    }

    fn replace(&mut self, file: ProcFile, text: Vec<u8>) -> Result<(), TreeError> {
        if self.written.iter().any(|(known, last)| *known == file && *last == text) {
            return Ok(());
        }
        let path = self.dir.join(file.path());
        let draft = path.with_extension("new");
        // One that was left behind may not be ours to write into.
        let _ = fs::remove_file(&draft);
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(file.mode())
            .open(&draft)
            .and_then(|mut draft| draft.write_all(&text))
            .and_then(|()| fs::rename(&draft, &path))
            .map_err(|source| TreeError::Write { path, source })?;
        self.written.retain(|(known, _)| *known != file);
        self.written.push((file, text));
        Ok(())
    }

    /// Removes the files; the folder stays.
    pub fn remove(&mut self) {
        for (file, _) in self.written.drain(..) {
            let _ = fs::remove_file(self.dir.join(file.path()));
        }
    }
}
