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
    script_security: Option<bool>,
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
        match given.into_inner() {
            Command::Line(line) => Ok(Self::new(Line::Line(line).words(at)?)),
            Command::Words(words) => Ok(Self::new(Line::Words(words).words(at)?)),
            Command::Table(table) => Ok(Self {
                command: table.command.words(at)?,
                timeout: table.timeout.map(Duration::from),
                user: table.user,
                group: table.group,
                script_security: table.script_security.unwrap_or(false),
            }),
        }
    }
}

impl From<&Script> for Placed<Command> {
    fn from(script: &Script) -> Self {
        let command = script.command.clone();
        Self::from(if *script == Script::new(command.clone()) {
            Command::Words(command)
        } else {
            Command::Table(CommandTable {
                command: Line::Words(command),
                timeout: script.timeout.map(Seconds),
                user: script.user.clone(),
                group: script.group.clone(),
                script_security: script.script_security.then_some(true),
            })
        })
    }
}
