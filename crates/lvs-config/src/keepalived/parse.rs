//! The statements of a configuration, as a tree.
//!
//! Lines belong to blocks by keywords, as keepalived decides it (`process_stream`), so that a file
//! with mistakes means the same here and there. Knows what a keyword is followed by, never what it means.

use super::keywords::{Block, Follows};
use super::lines::{Line, Lines, wrong};
use super::surroundings::Surroundings;
use super::text::{Word, words};
use crate::ConfigError;
use crate::note::{Note, NoteKind, Place};
use ipvsadm::suggest;

use std::collections::HashMap;
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
    /// No such word is there.
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

    /// For notes on what is in its block.
    fn name(&self) -> String {
        format!("the `{}` of line {}", self.keyword(), self.line.place.line)
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
    around: &dyn Surroundings,
    instance: Option<&str>,
    admits: Admits,
) -> Result<(Vec<Statement>, Vec<Note>), ConfigError> {
    let lines = Lines::open(path, around, instance)?;
    let mut parser =
        Parser { lines, skips: Skips::Nothing, skipped: String::new(), unknown: HashMap::new(), admits };
    let statements = parser.block(Block::Root, "the file")?;
    Ok((statements, parser.lines.notes))
}

/// Whether a keyword begins what would be a loss.
fn is_service(keyword: &str) -> bool {
    matches!(keyword, "virtual_server" | "virtual_server_group")
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
    /// The keyword that is skipped, for notes.
    skipped: String,
    /// The note about a keyword that a block does not have.
    unknown: HashMap<(Block, String), String>,
    admits: Admits,
}

impl Parser<'_> {
    /// The statements up to the end of a block, which notes call `name`; none of a block that is skipped.
    fn block(&mut self, block: Block, name: &str) -> Result<Vec<Statement>, ConfigError> {
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
                if is_service(&keyword) {
                    self.swallowed(&statement, &self.skipped.clone());
                }
                self.skips = match keyword.as_str() {
                    "{" => Skips::Levels(depth + 1),
                    "}" if depth == 1 => Skips::Nothing,
                    "}" => Skips::Levels(depth - 1),
                    _ => self.skips,
                };
                if self.skips == Skips::Nothing && !is_root {
                    return Ok(Vec::new());
                }
                continue;
            }
            match (keyword.as_str(), std::mem::take(&mut needs_brace)) {
                ("{", true) => continue,
                ("{", false) if block.is_of_service() => {
                    let what = format!(
                        "a `{{` that belongs to nothing: its `}}` ends {name}, and what follows is lost"
                    );
                    self.lines.lost(statement.place().clone(), what);
                    continue;
                }
                ("{", false) => {
                    self.mistake(&statement, "a `{` that belongs to nothing: ignored");
                    continue;
                }
                (_, true) => self.mistake(&statement, "there is no `{` at the beginning of this block"),
                _ => {}
            }
            if keyword == "}" && !is_root {
                return Ok(statements);
            }
            self.keyword(block, name, statement, &mut statements)?;
        }
        Ok(statements)
    }

    fn keyword(
        &mut self,
        block: Block,
        name: &str,
        mut statement: Statement,
        statements: &mut Vec<Statement>,
    ) -> Result<(), ConfigError> {
        let keyword = statement.keyword().to_owned();
        match block.follows(&keyword) {
            // The closing brace has been complained of.
            None if keyword == "}" => {}
            None if is_service(&keyword) || keyword == "real_server" => self.swallowed(&statement, name),
            None => {
                let what = self.unknown.entry((block, keyword)).or_insert_with_key(|(block, keyword)| {
                    let hint = suggest::hint(keyword, block.known());
                    format!("unknown keyword `{keyword}`: ignored{hint}")
                });
                self.lines.mistake(statement.place().clone(), what.as_str());
            }
            Some(Follows::Foreign) => {
                let what = format!("`{keyword}` is VRRP's, not a director's");
                let place = statement.place().clone();
                self.lines.notes.push(Note { place, kind: NoteKind::Skipped, what });
                self.skip(&statement);
            }
            Some(Follows::Words) => statements.push(statement),
            Some(Follows::Values) => {
                statement.block = self.values(&statement)?;
                statements.push(statement);
            }
            Some(Follows::Block(inner)) => {
                if !(self.admits)(&statement) {
                    self.skip(&statement);
                }
                statement.block = self.block(inner, &statement.name())?;
                statements.push(statement);
            }
        }
        Ok(())
    }

    /// Lines up to the end of a block of values.
    fn values(&mut self, of: &Statement) -> Result<Vec<Statement>, ConfigError> {
        let mut values = Vec::new();
        let mut needs_brace = true;
        let mut swallows = false;
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
            if is_service(statement.keyword()) {
                self.swallowed(&statement, &of.name());
                swallows = true;
            }
            if !swallows {
                values.push(statement);
            }
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

    fn skip(&mut self, statement: &Statement) {
        self.skips = Skips::Next;
        self.skipped = statement.name();
    }

    /// Says that a service or server is where it cannot be.
    fn swallowed(&mut self, statement: &Statement, by: &str) {
        let keyword = statement.keyword();
        let what =
            format!("`{keyword}` stands in {by}: lost, a `}}` is missing before it, or is one too many");
        self.lines.lost(statement.place().clone(), what);
    }

    fn mistake(&mut self, statement: &Statement, what: impl Into<String>) {
        self.lines.mistake(statement.place().clone(), what);
    }
}
