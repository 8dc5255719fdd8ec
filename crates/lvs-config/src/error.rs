//! Mistakes of a file, and their places.

use std::fmt::Display;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ipvsadm::suggest;

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
        let message = error.message().trim_end().replace('\n', ", ");
        Self { at: error.span().unwrap_or_default(), what: with_hint(&message) }
    }
}

/// ``unknown field `x`, expected one of `y`, `z` `` with the nearest of them, if one is near.
fn with_hint(message: &str) -> String {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match &names[..] {
        [given, known @ ..] if message.starts_with("unknown ") => {
            let hint = suggest::hint(given, known.iter().copied());
            let end = message.find("`, ").map_or(message.len(), |end| end + 1);
            let rest = if hint.is_empty() { &message[end..] } else { message[end..].trim_start_matches(',') };
            format!("{}{hint}{rest}", &message[..end])
        }
        _ => message.to_owned(),
    }
}
