//! Programs to be run: a command line, its words, or a table.

use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::placed::Placed;
use super::seconds::Seconds;
use crate::error::Mistake;
use crate::keepalived::command_words;
use lvs_health::spec::Script;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum Command {
    Line(String),
    Words(Vec<String>),
    Table(CommandTable),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandTable {
    command: Line,
    timeout: Option<Seconds>,
    user: Option<String>,
    group: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum Line {
    Line(String),
    Words(Vec<String>),
}

impl Line {
    pub(super) fn words(self, at: Range<usize>) -> Result<Vec<String>, Mistake> {
        let words = match self {
            Self::Line(line) => command_words(&line)
                .ok_or_else(|| Mistake::new(at.clone(), format!("{line:?} has a quote that nothing ends")))?,
            Self::Words(words) => words,
        };
        if words.first().is_none_or(String::is_empty) {
            return Err(Mistake::new(at, "a command names a program"));
        }
        Ok(words)
    }
}

impl TryFrom<Placed<Command>> for Script {
    type Error = Mistake;

    fn try_from(given: Placed<Command>) -> Result<Self, Mistake> {
        let at = given.at();
        let (line, timeout, user, group) = match given.into_inner() {
            Command::Line(line) => (Line::Line(line), None, None, None),
            Command::Words(words) => (Line::Words(words), None, None, None),
            Command::Table(CommandTable { command, timeout, user, group }) => (command, timeout, user, group),
        };
        Ok(Self { timeout: timeout.map(Duration::from), user, group, ..Self::new(line.words(at)?) })
    }
}

impl From<&Script> for Placed<Command> {
    fn from(Script { command, timeout, user, group }: &Script) -> Self {
        let (command, user, group) = (command.clone(), user.clone(), group.clone());
        Self::from(if timeout.is_none() && user.is_none() && group.is_none() {
            Command::Words(command)
        } else {
            let (command, timeout) = (Line::Words(command), timeout.map(Seconds));
            Command::Table(CommandTable { command, timeout, user, group })
        })
    }
}
