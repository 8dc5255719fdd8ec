//! Lines that services, servers and checks all have: times and scripts.

use std::time::Duration;

use super::model::{Globals, Times};
use super::numbers::{Notes, Strictness};
use super::parse::Statement;
use super::text::{escaped_words, quoted_words};
use crate::error::ConfigError;
use crate::programs;
use lvs_health::spec::Script;

const SHORTEST: Duration = Duration::from_micros(1);

/// The user whose scripts they are where a file names none.
const SCRIPT_USER: &str = "keepalived_script";

/// Times that services, servers and checks may all say.
pub(super) fn times_line(line: &Statement, times: &mut Times, notes: &mut Notes) -> Result<(), ConfigError> {
    match line.keyword() {
        "delay_loop" => times.delay_loop = notes.timer(line, SHORTEST)?.or(times.delay_loop),
        "connect_timeout" => times.connect_timeout = notes.timer(line, SHORTEST)?.or(times.connect_timeout),
        "warmup" => times.warmup = notes.timer(line, Duration::ZERO)?.or(times.warmup),
        "delay_before_retry" => {
            times.delay_before_retry = notes.timer(line, Duration::ZERO)?.or(times.delay_before_retry);
        }
        "retry" => times.retry = notes.unsigned(line, 1, 1..=u32::MAX, Strictness::Strict)?.or(times.retry),
        _ => {}
    }
    Ok(())
}

/// The words of a command line that stands in one word behind a keyword. Its escapes are taken once, as by keepalived 2.3
/// (2.2 takes them twice).
pub(super) fn command(line: &Statement) -> Option<Vec<String>> {
    let words = escaped_words(quoted_words(line.text())?.get(1)?)?;
    Some(words).filter(|words| !words.is_empty())
}

/// A command, and the user and group that it runs as.
pub(super) fn script(line: &Statement, globals: &Globals, notes: &mut Notes) -> Option<Script> {
    let words = quoted_words(line.text());
    let Some((words, command)) = words.zip(command(line)) else {
        notes.mistake(line.place().clone(), format!("`{}` names no command: ignored", line.keyword()));
        return None;
    };
    let mut script = Script::new(command);
    let named = words.get(2).map(|user| (user.clone(), words.get(3).cloned()));
    (script.user, script.group) = identity(named, globals);
    script.script_security = globals.script_security;
    Some(script)
}

/// User and group of a program: those named, the file's, or the user that keepalived keeps for scripts. Where scripts are to be
/// secure that user has to be there; else the director's own do.
pub(super) fn identity(
    named: Option<(String, Option<String>)>,
    globals: &Globals,
) -> (Option<String>, Option<String>) {
    match named.or_else(|| globals.script_user.clone()) {
        Some((user, group)) => (Some(user), group),
        None if globals.script_security || programs::has_user(SCRIPT_USER) => {
            (Some(SCRIPT_USER.to_owned()), None)
        }
        None => (None, None),
    }
}
