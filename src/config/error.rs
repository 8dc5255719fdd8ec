//! What is wrong with a file, and where.

use std::fmt::Display;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}:{line}:{column}: {what}", path.display())]
    Wrong { path: PathBuf, line: usize, column: usize, what: String },
}

/// A mistake at a range of bytes.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) at: Range<usize>,
    pub(super) what: String,
}

impl Mistake {
    pub(super) fn new(at: Range<usize>, what: impl Display) -> Self {
        Self { at, what: what.to_string() }
    }

    pub(super) fn locate(self, text: &str, path: &Path) -> ConfigError {
        let before = text.get(..self.at.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ConfigError::Wrong {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            what: self.what,
        }
    }
}

impl From<toml::de::Error> for Mistake {
    fn from(error: toml::de::Error) -> Self {
        Self { at: error.span().unwrap_or_default(), what: error.message().trim_end().replace('\n', ", ") }
    }
}
