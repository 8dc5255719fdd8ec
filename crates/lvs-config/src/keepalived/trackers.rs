//! The objects of `FILE_CHECK` and `BFD_CHECK`: files and BFD sessions that are declared before the services.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use super::numbers::{Notes, address};
use super::parse::Statement;
use crate::ConfigError;
use lvs_health::spec::{FileCheck, Target};

/// Weights of a `track_file`, and of a `FILE_CHECK`.
const OF_FILE: RangeInclusive<i32> = -254..=254;
const OF_CHECK: RangeInclusive<i32> = -i32::MAX..=i32::MAX;

#[derive(Debug, Default)]
pub(super) struct Trackers {
    files: HashMap<String, FileCheck>,
    /// Peer and own address of each `bfd_instance`.
    sessions: HashMap<String, Target>,
}

impl Trackers {
    /// # Errors
    /// A keyword lacks its value.
    pub(super) fn declare_file(
        &mut self,
        statement: &Statement,
        notes: &mut Notes,
    ) -> Result<(), ConfigError> {
        let mut check = FileCheck { path: Default::default(), weight: 1, reverse: false };
        for line in &statement.block {
            match line.keyword() {
                "file" => check.path = line.needed(1)?.into(),
                "weight" => weigh(line, OF_FILE, &mut check, notes)?,
                "init_file" => notes.skipped(line, "nothing is written here; no file counts as 0"),
                _ => {}
            }
        }
        if check.path.as_os_str().is_empty() {
            notes.mistake(statement.place().clone(), "a track_file without a file: ignored");
        } else {
            self.files.insert(statement.needed(1)?.to_owned(), check);
        }
        Ok(())
    }

    /// # Errors
    /// A keyword lacks its value.
    pub(super) fn declare_session(
        &mut self,
        statement: &Statement,
        notes: &mut Notes,
    ) -> Result<(), ConfigError> {
        let mut target = Target::default();
        for line in &statement.block {
            match line.keyword() {
                "neighbor_ip" | "neighbour_ip" => target.connect_ip = address(line.needed(1)?),
                "source_ip" => target.bind_ip = address(line.needed(1)?),
                _ => {}
            }
        }
        if target.connect_ip.is_none() {
            notes.mistake(statement.place().clone(), "a bfd_instance without a neighbor_ip: ignored");
            return Ok(());
        }
        notes
            .skipped(statement, "the session itself is FRR's, BIRD's or keepalived's; BFD_CHECK asks for it");
        self.sessions.insert(statement.needed(1)?.to_owned(), target);
        Ok(())
    }

    /// The file that a `FILE_CHECK` looks at. None: none, which has been noted.
    ///
    /// # Errors
    /// A keyword lacks its value.
    pub(super) fn file(
        &self,
        statement: &Statement,
        notes: &mut Notes,
    ) -> Result<Option<FileCheck>, ConfigError> {
        let Some(name) = statement.block.iter().rev().find(|line| line.keyword() == "track_file") else {
            notes.mistake(statement.place().clone(), "`FILE_CHECK` without a track_file: ignored");
            return Ok(None);
        };
        let Some(known) = self.files.get(name.needed(1)?) else {
            let what = format!("there is no track_file `{}` before this: ignored", name.needed(1)?);
            notes.mistake(name.place_of(1), what);
            return Ok(None);
        };
        let mut check = known.clone();
        for line in statement.block.iter().filter(|line| line.keyword() == "weight") {
            check.reverse = false;
            weigh(line, OF_CHECK, &mut check, notes)?;
        }
        Ok(Some(check))
    }

    /// The session that a `BFD_CHECK` asks for. None: none, which has been noted.
    ///
    /// # Errors
    /// A keyword lacks its value.
    pub(super) fn session(
        &self,
        statement: &Statement,
        notes: &mut Notes,
    ) -> Result<Option<Target>, ConfigError> {
        let Some(name) = statement.block.iter().find(|line| line.keyword() == "name") else {
            notes.mistake(statement.place().clone(), "`BFD_CHECK` without a name: ignored");
            return Ok(None);
        };
        let known = self.sessions.get(name.needed(1)?);
        if known.is_none() {
            let what = format!("there is no bfd_instance `{}` before this: ignored", name.needed(1)?);
            notes.mistake(name.place_of(1), what);
        }
        Ok(known.cloned())
    }
}

/// `weight N [reverse|noreverse]`
fn weigh(
    line: &Statement,
    range: RangeInclusive<i32>,
    check: &mut FileCheck,
    notes: &mut Notes,
) -> Result<(), ConfigError> {
    let word = line.needed(1)?;
    match (word.parse().ok().filter(|weight| range.contains(weight)), line.word(2)) {
        (Some(weight), None | Some("noreverse")) => (check.weight, check.reverse) = (weight, false),
        (Some(weight), Some("reverse")) => (check.weight, check.reverse) = (weight, true),
        (Some(_), Some(other)) => {
            let what = format!("`{other}` is neither reverse nor noreverse: `weight` ignored");
            notes.mistake(line.place_of(2), what);
        }
        (None, _) => {
            let what = format!("`{word}` is no weight from {} to {}: ignored", range.start(), range.end());
            notes.mistake(line.place_of(1), what);
        }
    }
    Ok(())
}
