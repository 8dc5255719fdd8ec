//! keepalived.conf, read as it is.
//!
//! Lines ([`lines`], with [`definitions`] and [`sequence`]), statements ([`parse`], by [`keywords`]), and from them
//! services, servers and checks ([`map`]). What keepalived lets pass with a complaint passes here with a note; what
//! belongs to VRRP is skipped with one. Truth is keepalived 2.4.3: `tests/data/keepalived` holds the tables that it
//! set. Called by [`Source::load`](super::Source::load), and by the fuzzer with files of its own.

mod checks;
mod definitions;
mod files;
mod groups;
mod health;
mod keywords;
mod lines;
mod map;
mod model;
mod numbers;
mod parse;
mod scripts;
mod sequence;
mod servers;
mod shared;
pub mod surroundings;
#[cfg(test)]
mod tests;
mod text;
mod trackers;
mod url;

pub(super) use text::escaped_words as command_words;

use std::path::Path;

use scripts::Scripts;
use surroundings::{Surroundings, ThisHost};

use super::note::Note;
use super::{ConfigError, Declared, unfit};

/// Reads a file and those that it includes. `instance` decides its `@` conditions (`keepalived -i`); where there is
/// none, the host's name does.
///
/// # Errors
/// Something makes keepalived itself give up, or the configuration has no end.
pub fn read(
    path: &Path,
    around: &dyn Surroundings,
    instance: Option<&str>,
) -> Result<(Declared, Vec<Note>), ConfigError> {
    let (statements, notes) = parse::parse(path, around, instance, servers::is_admitted)?;
    map::map(&statements, notes)
}

/// Reads a file of this host, and looks whether the programs that it names can be run here.
///
/// # Errors
/// As [`read`].
pub(super) fn load(path: &Path, instance: Option<&str>) -> Result<(Declared, Vec<Note>), ConfigError> {
    let (statements, notes) = parse::parse(path, &ThisHost, instance, servers::is_admitted)?;
    let (declared, mut notes) = map::map(&statements, notes)?;
    let scripts = Scripts::find(&statements);
    notes.extend(unfit::notes(&declared, |program| scripts.places(program)));
    map::sort(&mut notes);
    Ok((declared, notes))
}
