//! The lines of a configuration as its blocks are read from them: comments gone, `@` conditions decided, `$` and `~SEQ`
//! replaced, files included, braces on lines of their own.
//!
//! As keepalived does it (`read_line`). Owns all state between lines; knows no keyword.

mod files;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::definitions::{Definitions, Replaced};
use super::sequence::Sequence;
use super::surroundings::Surroundings;
use super::text::{brace, decomment};
use crate::ConfigError;
use crate::note::{Note, NoteKind, Place};

/// Lines that a configuration may come to, thirty for each of 30,000 servers: what makes more is a definition or an
/// inclusion that contains itself.
const MOST_LINES: usize = 1_000_000;

/// Sequences and definitions that may be open within each other.
const MOST_OPEN: usize = 256;

/// A line with its place. `{` and `}` are alone on theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) place: Place,
    /// Columns inside of it are those of the file.
    pub(super) exact: bool,
}

impl Line {
    /// The place of something that begins at a byte of it.
    pub(super) fn place_of(&self, at: usize) -> Place {
        let mut place = self.place.clone();
        if self.exact {
            place.column += self.text.get(..at).map_or(0, |before| before.chars().count());
        }
        place
    }
}

#[derive(Debug)]
struct OpenFile {
    path: Arc<Path>,
    lines: std::vec::IntoIter<String>,
    number: usize,
    /// Files of the same `include` that come after it.
    others: std::vec::IntoIter<PathBuf>,
    /// The strictness that `include` asked for.
    strict: Strict,
}

/// The parts of an inclusion that must be there.
#[derive(Clone, Copy, Debug, Default)]
struct Strict {
    readable: bool,
    matched: bool,
    pattern_matched: bool,
}

/// The rest of a definition of several lines, and how many sequences were open when it began.
#[derive(Debug)]
struct Expansion {
    rest: String,
    sequences: usize,
}

pub(super) struct Lines<'a> {
    around: &'a dyn Surroundings,
    instance: Option<String>,
    open: Vec<OpenFile>,
    definitions: Definitions,
    /// The definition whose further lines come.
    defining: Option<String>,
    sequences: Vec<Sequence>,
    expansions: Vec<Expansion>,
    residue: Option<Line>,
    /// Blocks that are open, to find a `}` too many.
    depth: usize,
    produced: usize,
    last: Place,
    pub(super) notes: Vec<Note>,
}

impl<'a> Lines<'a> {
    pub(super) fn open(
        path: &Path,
        around: &'a dyn Surroundings,
        instance: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let folder = path.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
        let instance = instance.map(str::to_owned).or_else(|| around.host_name());
        let mut lines = Self {
            around,
            open: Vec::new(),
            definitions: Definitions::new(&folder, instance.as_deref()),
            instance,
            defining: None,
            sequences: Vec::new(),
            expansions: Vec::new(),
            residue: None,
            depth: 0,
            produced: 0,
            last: Place { file: path.into(), line: 1, column: 1 },
            notes: Vec::new(),
        };
        let bytes =
            around.read(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        lines.push_file(path, &bytes, Vec::new().into_iter(), Strict::default());
        Ok(lines)
    }

    /// The next line; None at the end.
    ///
    /// # Errors
    /// A file that must be included is not there, or there is no end of lines.
    pub(super) fn next(&mut self) -> Result<Option<Line>, ConfigError> {
        loop {
            let Some(mut line) = self.raw()? else {
                if self.depth > 0 {
                    let what = format!("{} blocks are not closed by `}}`", self.depth);
                    self.mistake(self.last.clone(), what);
                    self.depth = 0;
                }
                return Ok(None);
            };
            self.produced += 1;
            if self.produced > MOST_LINES {
                return Err(wrong(
                    &line.place,
                    format!("more than {MOST_LINES} lines: something contains itself"),
                ));
            }
            self.last = line.place.clone();
            if let Some(name) = self.defining.take() {
                if self.definitions.extend(&name, &line.text) {
                    self.defining = Some(name);
                }
                continue;
            }
            if !self.settle(&mut line)? || line.text.is_empty() || self.include(&line)? {
                continue;
            }
            self.split(&mut line);
            if !line.text.is_empty() {
                return Ok(Some(line));
            }
        }
    }

    pub(super) fn mistake(&mut self, place: Place, what: impl Into<String>) {
        let note = Note { place, kind: NoteKind::Mistake, what: what.into() };
        // Each turn of a sequence says the same.
        if self.notes.last() != Some(&note) {
            self.notes.push(note);
        }
    }

    /// Something that costs services or servers.
    pub(super) fn lost(&mut self, place: Place, what: impl Into<String>) {
        self.notes.push(Note { place, kind: NoteKind::Lost, what: what.into() });
    }

    /// A line before conditions and definitions: what is left of the last, a turn of a sequence, a further line of a
    /// definition, or the next of a file.
    fn raw(&mut self) -> Result<Option<Line>, ConfigError> {
        if let Some(line) = self.residue.take() {
            return Ok(Some(line));
        }
        let covered = self.expansions.last().map_or(0, |expansion| expansion.sequences);
        if self.sequences.len() > covered
            && let Some(sequence) = self.sequences.last_mut()
        {
            let Some(turn) = sequence.turn() else {
                self.sequences.pop();
                return self.raw();
            };
            if turn.is_last {
                self.sequences.pop();
            }
            for (name, value) in &turn.set {
                self.definitions.set(name, value);
            }
            return Ok(Some(self.made(turn.text)));
        }
        if let Some(expansion) = self.expansions.last_mut() {
            let text = match expansion.rest.split_once('\n') {
                Some((line, rest)) => {
                    let (line, rest) = (line.to_owned(), rest.to_owned());
                    expansion.rest = rest;
                    line
                }
                None => std::mem::take(&mut expansion.rest),
            };
            if expansion.rest.is_empty() {
                self.expansions.pop();
            }
            return Ok(Some(self.made(text)));
        }
        Ok(self.physical())
    }

    /// A line that stands in no file, but comes from where the last one was.
    fn made(&self, text: String) -> Line {
        Line { text, place: self.last.clone(), exact: false }
    }

    /// Decides the conditions of a line, takes definitions and sequences, and replaces what it names. False: nothing
    /// is left of it.
    fn settle(&mut self, line: &mut Line) -> Result<bool, ConfigError> {
        for _ in 0..MOST_OPEN {
            if line.text.starts_with('@') && !self.applies(line) {
                return Ok(false);
            }
            if let Some(open) = self.definitions.define(&line.text) {
                self.defining = open;
                return Ok(false);
            }
            if line.text.starts_with("~SEQ") || line.text.starts_with("~LST") {
                self.start_sequence(line)?;
                return Ok(false);
            }
            if line.text.starts_with('~') || !line.text.contains('$') {
                return Ok(true);
            }
            let mut complaints = Vec::new();
            let replaced = self.definitions.replace(&mut line.text, self.around, &mut complaints);
            for complaint in complaints {
                self.mistake(line.place.clone(), complaint);
            }
            match replaced {
                Replaced::Nothing => return Ok(true),
                Replaced::TooLong => {
                    self.lost(line.place.clone(), "too long with its definitions replaced: ignored");
                    return Ok(false);
                }
                Replaced::Something(further) => {
                    if let Some(rest) = further.filter(|rest| !rest.is_empty()) {
                        if self.expansions.len() >= MOST_OPEN {
                            return Err(wrong(&line.place, "a definition that contains itself".to_owned()));
                        }
                        self.expansions.push(Expansion { rest, sequences: self.sequences.len() });
                    }
                    line.exact = false;
                    line.text = decomment(&line.text).text;
                    if !line.text.starts_with('@') && !line.text.contains('$') {
                        return Ok(!line.text.is_empty());
                    }
                }
            }
        }
        Ok(true)
    }

    /// `@ID ...` and `@^ID ...`: takes the condition away, if it holds.
    fn applies(&self, line: &mut Line) -> bool {
        let (reversed, at) = if line.text.starts_with("@^") { (true, 2) } else { (false, 1) };
        let Some(end) = line.text[at..].find([' ', '\t']).map(|len| at + len) else { return false };
        let is_ours = self.instance.as_deref() == Some(&line.text[at..end]);
        if is_ours == reversed {
            return false;
        }
        let rest = line.text[end..].trim_start_matches([' ', '\t']);
        if line.exact {
            line.place.column += line.text[..line.text.len() - rest.len()].chars().count();
        }
        line.text = rest.to_owned();
        true
    }

    fn start_sequence(&mut self, line: &Line) -> Result<(), ConfigError> {
        let mut complaints = Vec::new();
        let replace = |bounds: &mut String| {
            self.definitions.replace(bounds, self.around, &mut complaints);
        };
        let sequence = Sequence::parse(&line.text, replace);
        for complaint in complaints {
            self.mistake(line.place.clone(), complaint);
        }
        match sequence {
            Some(_) if self.sequences.len() >= MOST_OPEN => {
                return Err(wrong(&line.place, "a sequence that contains itself".to_owned()));
            }
            Some(sequence) => self.sequences.push(sequence),
            None => self.lost(
                line.place.clone(),
                format!("`{}` is no sequence: write ~SEQ(NAME, FROM, STEP, TO) TEXT or ~LST(NAME, VALUE, ...) TEXT", line.text),
            ),
        }
        Ok(())
    }

    /// Complains of the `{` of a name that nothing defines, which begins a block.
    fn miss(&mut self, line: &Line, at: usize) {
        if let (Some(before), Some(name)) =
            (line.text[..at].strip_suffix('$'), line.text[at..].split_once('}'))
        {
            let what = format!("`${}}}` is defined nowhere: its `{{` begins a block", name.0);
            self.mistake(line.place_of(before.len()), what);
        }
    }

    /// Leaves a brace, or what stands in front of one, in the line; the rest comes next.
    fn split(&mut self, line: &mut Line) {
        if let Some(at) = brace(&line.text) {
            self.miss(line, at);
            let cut = if at == 0 { 1 } else { at };
            let tail = &line.text[cut..];
            let rest = tail.trim_start_matches([' ', '\t']);
            let begin = cut + (tail.len() - rest.len());
            let rest = rest.trim_end_matches([' ', '\t']);
            if !rest.is_empty() {
                self.residue =
                    Some(Line { text: rest.to_owned(), place: line.place_of(begin), exact: line.exact });
            }
            line.text.truncate(cut);
        }
        line.text.truncate(line.text.trim_end_matches([' ', '\t']).len());
        match line.text.as_str() {
            "{" => self.depth += 1,
            "}" if self.depth == 0 => self.mistake(line.place.clone(), "a `}` that closes nothing"),
            "}" => self.depth -= 1,
            _ => {}
        }
    }
}

pub(super) fn wrong(place: &Place, what: String) -> ConfigError {
    ConfigError::Wrong { path: place.file.to_path_buf(), line: place.line, column: place.column, what }
}
