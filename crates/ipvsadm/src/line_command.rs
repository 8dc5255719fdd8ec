//! One command line as one command, for callers that decide themselves what to do with it.

use super::convert::{Task, convert};
use super::fail::Fail;
use super::messages;
use super::names::Names;
use super::parse::parse;
use lvs::director::{Command, CommandError};

/// The command of a line, and how its refusal is worded.
pub type LineCommand = (Command, Box<dyn Fn(&CommandError) -> String>);

/// # Errors
/// The complaint about a line that makes no sense, or is no change of the tables.
pub fn read_command(words: &[Vec<u8>], names: &dyn Names) -> Result<LineCommand, String> {
    let line = parse(words, names).map_err(|fail| text(&fail))?;
    let action = line.action;
    match convert(&line).map_err(|fail| text(&fail))? {
        Task::Change(command) => Ok((command, Box::new(move |error| messages::refusal(action, error)))),
        Task::List { .. } | Task::Restore => {
            Err(format!("{} changes nothing, and so has no place here", action.name()))
        }
    }
}

fn text(fail: &Fail) -> String {
    match fail {
        Fail::Exit { message, .. } | Fail::Options(message) => String::from_utf8_lossy(message).into_owned(),
        Fail::TryHelp | Fail::Help | Fail::Version => {
            "this is no command: a line begins with one, such as -A or -a".to_owned()
        }
    }
}
