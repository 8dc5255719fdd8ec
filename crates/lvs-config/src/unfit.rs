//! Programs of a file that cannot be run on this host: a note for each place that names one, as keepalived complains of them.
//!
//! Looks at this host's files and users. Called where a file of this host is loaded.

use std::path::Path;
use std::sync::Arc;

use super::declared::Declared;
use super::note::{Note, NoteKind, Place};
use crate::programs::look;
use lvs_health::spec::{Program, programs};

/// `places`: where a program is named.
pub(super) fn notes(declared: &Declared, places: impl Fn(&Program<'_>) -> Vec<Place>) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for program in programs(&declared.health_of_all()) {
        let Err(unfit) = look(program.script) else { continue };
        let follows = match program.is_check() {
            true => "the check is left out, and its server is up by it",
            false => "it will not be run",
        };
        for place in places(&program) {
            if !notes.iter().any(|note| note.place == place) {
                let what = format!("{program}: {unfit}: {follows}");
                notes.push(Note { place, kind: NoteKind::Mistake, what });
            }
        }
    }
    notes
}

/// Returns the place where a text names a program first.
pub(super) fn first_place(text: &str, path: &Path, program: &Program<'_>) -> Vec<Place> {
    let name = program.script.command.first().map_or("", String::as_str);
    let before = text.split_once(name).map_or("", |(before, _)| before);
    let line = before.rsplit('\n').next().unwrap_or_default();
    vec![Place {
        file: Arc::from(path),
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
    }]
}
