//! Lines of files, and the files that they include.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Line, Lines, OpenFile, Strict, wrong};
use crate::ConfigError;
use crate::keepalived::files::{glob, is_pattern};
use crate::keepalived::text::decomment;
use crate::note::Place;

/// Longest line of a file that keepalived reads, in bytes.
const LONGEST_READ: usize = 1022;

/// Files that may be open within each other.
const DEEPEST: usize = 32;

impl Lines<'_> {
    /// The next line of a file that says something. An empty one ends a definition.
    pub(super) fn physical(&mut self) -> Option<Line> {
        loop {
            let file = self.open.last_mut()?;
            let Some(raw) = file.lines.next() else {
                self.next_file();
                continue;
            };
            file.number += 1;
            let place = Place { file: Arc::clone(&file.path), line: file.number, column: 1 };
            if raw.is_empty() {
                if let Some(name) = self.defining.take() {
                    self.definitions.extend(&name, "");
                }
                continue;
            }
            if raw.contains('\0') {
                self.lost(place, "a line with a NUL in it: ignored, is this a text?");
                continue;
            }
            if raw.len() > LONGEST_READ {
                let what =
                    format!("keepalived reads no line of more than {LONGEST_READ} bytes; here it is read");
                self.mistake(place.clone(), what);
            }
            let bare = decomment(&raw);
            if bare.unterminated {
                self.mistake(place.clone(), "a quote that nothing ends");
            }
            if !bare.text.is_empty() {
                let column = 1 + raw.get(..bare.indent).map_or(0, |indent| indent.chars().count());
                return Some(Line { text: bare.text, place: Place { column, ..place }, exact: true });
            }
        }
    }

    /// The end of a file: the next one of the same inclusion, or the one that included it.
    fn next_file(&mut self) {
        let Some(ended) = self.open.pop() else { return };
        let (mut others, strict) = (ended.others, ended.strict);
        while let Some(path) = others.next() {
            match self.around.read(&path) {
                Ok(bytes) => return self.push_file(&path, &bytes, others, strict),
                Err(error) => {
                    let place = self.last.clone();
                    self.mistake(place, format!("cannot include {}: {error}", path.display()));
                }
            }
        }
        if let Some(file) = self.open.last() {
            let folder = file.path.parent().map(|folder| folder.display().to_string());
            self.definitions.set("_PWD", &folder.unwrap_or_default());
        }
    }

    pub(super) fn push_file(
        &mut self,
        path: &Path,
        bytes: &[u8],
        others: std::vec::IntoIter<PathBuf>,
        strict: Strict,
    ) {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<String> =
            text.split('\n').map(|line| line.trim_end_matches('\r').to_owned()).collect();
        let folder = path.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
        self.definitions.set("_PWD", &folder);
        self.open.push(OpenFile { path: path.into(), lines: lines.into_iter(), number: 0, others, strict });
    }

    /// True if the line included something, or should have.
    pub(super) fn include(&mut self, line: &Line) -> Result<bool, ConfigError> {
        let Some(rest) = line.text.strip_prefix("include") else { return Ok(false) };
        let mut strict = self.open.last().map(|file| file.strict).unwrap_or_default();
        let pattern = match rest.chars().next() {
            Some(' ' | '\t') => rest,
            Some(kind @ ('r' | 'm' | 'w' | 'b' | 'a')) if rest[1..].starts_with([' ', '\t']) => {
                strict = Strict {
                    readable: true,
                    matched: strict.matched || kind != 'r',
                    pattern_matched: strict.pattern_matched || matches!(kind, 'w' | 'a' | 'b'),
                };
                &rest[1..]
            }
            _ => return Ok(false),
        };
        let pattern = pattern.trim_start_matches([' ', '\t']);
        let within = self.open.last().and_then(|file| file.path.parent()).map(Path::to_owned);
        let paths = glob(self.around, &within.unwrap_or_default(), pattern);
        if paths.is_empty() {
            let what = format!("no file matches `{pattern}`");
            if if is_pattern(pattern) { strict.pattern_matched } else { strict.matched } {
                return Err(wrong(&line.place, what));
            }
            self.mistake(line.place.clone(), what);
        }
        if self.open.len() >= DEEPEST {
            return Err(wrong(&line.place, "files include each other without end".to_owned()));
        }
        let mut others = paths.into_iter();
        while let Some(path) = others.next() {
            match self.around.read(&path) {
                Ok(bytes) => {
                    self.push_file(&path, &bytes, others, strict);
                    break;
                }
                Err(error) => {
                    let what = format!("cannot include {}: {error}", path.display());
                    if strict.readable {
                        return Err(wrong(&line.place, what));
                    }
                    self.mistake(line.place.clone(), what);
                }
            }
        }
        Ok(true)
    }
}
