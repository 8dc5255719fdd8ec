//! A file of command lines, read as the tables that they would leave behind.
//!
//! The lines are tried out, in their order, on a director of their own: whatever the real one would refuse is
//! refused here, with the number of the line, and nothing has changed.

use super::lines::COMPLETE;
use crate::suggest;
use crate::{Names, read_command};
use lvs::director::{Command, Director, Query, Reply, Settings, Tables};
use lvs::service::DeclaredService;
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
    let mut tables = present(|query| director.query(&query, Time::ZERO)).unwrap_or_default();
    tables.timeouts = tables.timeouts.filter(|_| says_timeouts);
    tables.daemons = tables.daemons.filter(|_| says_daemons);
    Ok(tables)
}

/// The tables of a director that answers questions.
///
/// # Errors
/// The director does not answer.
pub fn present<E>(mut ask: impl FnMut(Query) -> Result<Reply, E>) -> Result<Tables, E> {
    let mut tables = Tables::default();
    for query in [Query::Services, Query::Timeouts, Query::Daemons] {
        match ask(query)? {
            Reply::Services(entries) => {
                tables.services = entries
                    .into_iter()
                    .map(|entry| DeclaredService {
                        spec: entry.spec,
                        servers: entry.servers.into_iter().rev().map(|server| server.spec).collect(),
                    })
                    .collect();
            }
            Reply::Timeouts(timeouts) => tables.timeouts = Some(timeouts),
            Reply::Daemons(daemons) => tables.daemons = Some(daemons),
            Reply::Info(_) | Reply::Totals { .. } | Reply::Status(_) | Reply::Sysctls(_) => {}
        }
    }
    Ok(tables)
}

/// As ipvsadm's own restore splits lines: at blanks, without quoting, and without the word `ipvsadm`.
fn words(line: &[u8]) -> Vec<Vec<u8>> {
    let words = line.split(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
    let words = words.filter(|word| !word.is_empty() && *word != b"ipvsadm").map(<[u8]>::to_vec);
    std::iter::once(b"ipvsadm".to_vec()).chain(words).collect()
}
