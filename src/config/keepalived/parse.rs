//! The statements of a configuration, as a tree.
//!
//! Which lines belong to which block is decided by keywords, as keepalived does it (`process_stream`), so that a file
//! with mistakes means the same here and there. Knows what a keyword is followed by, never what it means.

use super::files::Files;
use super::keywords::{Block, Follows};
use super::lines::{Line, Lines, wrong};
use super::text::{Word, words};
use crate::config::ConfigError;
use crate::config::note::{Note, NoteKind, Place};
use crate::suggest;

use std::path::Path;

/// A line and, if its keyword has one, its block.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    line: Line,
    words: Vec<Word>,
    pub(super) block: Vec<Self>,
}

impl Statement {
    pub(super) fn keyword(&self) -> &str {
        self.words.first().map_or("", |word| &word.text)
    }

    pub(super) const fn place(&self) -> &Place {
        &self.line.place
    }

    /// The place of a word, or of the line if there is no such word.
    pub(super) fn place_of(&self, index: usize) -> Place {
        self.words.get(index).map_or_else(|| self.line.place.clone(), |word| self.line.place_of(word.at))
    }

    pub(super) fn word(&self, index: usize) -> Option<&str> {
        self.words.get(index).map(|word| word.text.as_str())
    }

    /// Words behind the keyword.
    pub(super) fn arguments(&self) -> impl Iterator<Item = &str> {
        self.words.iter().skip(1).map(|word| word.text.as_str())
    }

    /// A word that must be there: without it keepalived does not start.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn needed(&self, index: usize) -> Result<&str, ConfigError> {
        self.word(index).ok_or_else(|| {
            let what = format!(
                "`{}` needs {}",
                self.keyword(),
                if index == 1 { "a value" } else { "another value" }
            );
            wrong(&self.line.place, what)
        })
    }

    /// The line as it stands there.
    pub(super) fn text(&self) -> &str {
        &self.line.text
    }
}

/// Whether a block is one at all, as its first line says; a block that is not is skipped whole.
pub(super) type Admits = fn(&Statement) -> bool;

/// # Errors
/// A file cannot be read, or the configuration has no end.
pub(super) fn parse(
    path: &Path,
    files: &dyn Files,
    instance: Option<&str>,
    admits: Admits,
) -> Result<(Vec<Statement>, Vec<Note>), ConfigError> {
    let mut parser = Parser { lines: Lines::open(path, files, instance)?, skips: Skips::Nothing, admits };
    let (statements, _) = parser.block(Block::Root)?;
    Ok((statements, parser.lines.notes))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Skips {
    Nothing,
    /// A block, if the next line begins one.
    Next,
    /// So many blocks until the end of the one to be skipped.
    Levels(usize),
}

struct Parser<'a> {
    lines: Lines<'a>,
    skips: Skips,
    admits: Admits,
}

impl Parser<'_> {
    /// The statements up to the end of a block. True: the block was skipped.
    fn block(&mut self, block: Block) -> Result<(Vec<Statement>, bool), ConfigError> {
        let is_root = block == Block::Root;
        let mut needs_brace = !is_root;
        let mut statements = Vec::new();
        while let Some(statement) = self.statement()? {
            let keyword = statement.keyword().to_owned();
            if self.skips == Skips::Next {
                if keyword == "{" {
                    (self.skips, needs_brace) = (Skips::Levels(1), false);
                    continue;
                }
                self.skips = Skips::Nothing;
            }
            if let Skips::Levels(depth) = self.skips {
                self.skips = match keyword.as_str() {
                    "{" => Skips::Levels(depth + 1),
                    "}" if depth == 1 => Skips::Nothing,
                    "}" => Skips::Levels(depth - 1),
                    _ => self.skips,
                };
                if self.skips == Skips::Nothing && !is_root {
                    return Ok((statements, true));
                }
                continue;
            }
            match (keyword.as_str(), std::mem::take(&mut needs_brace)) {
                ("{", true) => continue,
                ("{", false) => {
                    self.mistake(&statement, "a `{` that belongs to nothing: ignored");
                    continue;
                }
                (_, true) => self.mistake(&statement, "there is no `{` at the beginning of this block"),
                _ => {}
            }
            if keyword == "}" && !is_root {
                return Ok((statements, false));
            }
            self.keyword(block, statement, &mut statements)?;
        }
        Ok((statements, false))
    }

    fn keyword(
        &mut self,
        block: Block,
        mut statement: Statement,
        statements: &mut Vec<Statement>,
    ) -> Result<(), ConfigError> {
        let keyword = statement.keyword().to_owned();
        match block.follows(&keyword) {
            // The closing brace has been complained of.
            None if keyword == "}" => {}
            None => {
                let hint = suggest::hint(&keyword, block.known());
                self.mistake(&statement, format!("unknown keyword `{keyword}`: ignored{hint}"));
            }
            Some(Follows::Foreign) => {
                let what = format!("`{keyword}` is VRRP's, not a director's");
                let place = statement.place().clone();
                self.lines.notes.push(Note { place, kind: NoteKind::Skipped, what });
                self.skips = Skips::Next;
            }
            Some(Follows::Words) => statements.push(statement),
            Some(Follows::Values) => {
                statement.block = self.values(&statement)?;
                statements.push(statement);
            }
            Some(Follows::Block(inner)) => {
                if !(self.admits)(&statement) {
                    self.skips = Skips::Next;
                }
                let (inside, was_skipped) = self.block(inner)?;
                statement.block = inside;
                if was_skipped {
                    statement.block.clear();
                }
                statements.push(statement);
            }
        }
        Ok(())
    }

    /// Lines up to the end of a block of values.
    fn values(&mut self, of: &Statement) -> Result<Vec<Statement>, ConfigError> {
        let mut values = Vec::new();
        let mut needs_brace = true;
        while let Some(statement) = self.statement()? {
            if std::mem::take(&mut needs_brace) {
                if statement.keyword() == "{" {
                    continue;
                }
                self.mistake(&statement, format!("there is no `{{` at the beginning of `{}`", of.keyword()));
            }
            if statement.keyword() == "}" {
                break;
            }
            values.push(statement);
        }
        Ok(values)
    }

    /// The next line that has words.
    fn statement(&mut self) -> Result<Option<Statement>, ConfigError> {
        loop {
            let Some(line) = self.lines.next()? else { return Ok(None) };
            let (found, ended) = words(&line.text);
            if !ended {
                self.lines.mistake(
                    line.place.clone(),
                    "a quote that nothing ends: the rest of the line is ignored",
                );
            }
            if !found.is_empty() {
                return Ok(Some(Statement { line, words: found, block: Vec::new() }));
            }
        }
    }

    fn mistake(&mut self, statement: &Statement, what: impl Into<String>) {
        self.lines.mistake(statement.place().clone(), what);
    }
}
