//! Notes of a reader of a file, beside what the file means.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A place in a file; both numbers begin at 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: Arc<Path>,
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// Something that was read, but not as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub place: Place,
    pub kind: NoteKind,
    pub what: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// Right, but no business of a director.
    Skipped,
    /// A mistake, and what was made of it.
    Mistake,
    /// A mistake that costs a service or a server.
    Lost,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.kind {
            NoteKind::Skipped => "skipped",
            NoteKind::Mistake => "warning",
            NoteKind::Lost => "error",
        };
        write!(f, "{}: {word}: {}", self.place, self.what)
    }
}
