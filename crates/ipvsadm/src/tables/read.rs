//! A file of command lines, read as the tables that they would leave behind.
//!
//! The lines are tried out, in their order, on a director of their own: whatever the real one would refuse is
//! refused here, with the number of the line, and nothing has changed.

use super::lines::COMPLETE;
use crate::suggest;
use crate::{Names, read_command};
use lvs::director::{Command, Director, Settings, Tables};
use lvs::time::Time;

/// A line that cannot be restored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {number}: {reason}")]
pub struct LineError {
    pub number: usize,
    pub reason: String,
}

/// # Errors
/// The first line that is wrong.
pub fn tables(text: &[u8], names: &dyn Names) -> Result<Tables, LineError> {
    let director = Director::new(Settings::default());
    let is_complete = text.split(|byte| *byte == b'\n').next() == Some(COMPLETE.as_bytes());
    let mut says_timeouts = is_complete;
    let mut says_daemons = is_complete;
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii_start().starts_with(b"#") {
            continue;
        }
        let words = words(line);
        if words.len() <= 1 {
            continue;
        }
        let wrong = |reason| LineError { number: at + 1, reason };
        let (command, refusal) = read_command(&words, names).map_err(wrong)?;
        let refused = |error| wrong(refusal(&error) + &suggest::for_refused(&error));
        director.apply(&command, Time::ZERO).map_err(refused)?;
        says_timeouts |= matches!(command, Command::SetTimeouts(_));
        says_daemons |= matches!(command, Command::StartDaemon(_) | Command::StopDaemon { .. });
    }
    let mut tables = Tables::present(|query| director.query(&query, Time::ZERO)).unwrap_or_default();
    tables.timeouts = tables.timeouts.filter(|_| says_timeouts);
    tables.daemons = tables.daemons.filter(|_| says_daemons);
    Ok(tables)
}

/// As ipvsadm's own restore splits lines: at blanks, without quoting, and without the word `ipvsadm`.
fn words(line: &[u8]) -> Vec<Vec<u8>> {
    let words = line.split(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
    let words = words.filter(|word| !word.is_empty() && *word != b"ipvsadm").map(<[u8]>::to_vec);
    std::iter::once(b"ipvsadm".to_vec()).chain(words).collect()
}
