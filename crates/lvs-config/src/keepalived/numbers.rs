//! Numbers, addresses, times and switches of a statement, as strict as keepalived: `3x` is 3 with a warning, where it is lenient.
//!
//! Collects the notes of everything that is mapped.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::parse::Statement;
use crate::ConfigError;
use crate::note::{Note, NoteKind, Place};

/// Whether a number may have something behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strictness {
    Lenient,
    Strict,
}

#[derive(Debug, Default)]
pub(super) struct Notes(pub(super) Vec<Note>);

impl Notes {
    pub(super) fn mistake(&mut self, place: Place, what: impl Into<String>) {
        self.0.push(Note { place, kind: NoteKind::Mistake, what: what.into() });
    }

    /// A mistake that costs a service or a server.
    pub(super) fn lost(&mut self, place: Place, what: impl Into<String>) {
        self.0.push(Note { place, kind: NoteKind::Lost, what: what.into() });
    }

    /// Makes the last note one of a lost service or server.
    pub(super) fn lose(&mut self) {
        if let Some(last) = self.0.last_mut() {
            last.kind = NoteKind::Lost;
        }
    }

    pub(super) fn skipped(&mut self, statement: &Statement, why: &str) {
        let what = format!("`{}`: {why}", statement.keyword());
        self.0.push(Note { place: statement.place().clone(), kind: NoteKind::Skipped, what });
    }

    /// The number at a word. None: it is wrong, which has been noted.
    ///
    /// # Errors
    /// No such word is there.
    pub(super) fn unsigned(
        &mut self,
        statement: &Statement,
        index: usize,
        range: RangeInclusive<u32>,
        strictness: Strictness,
    ) -> Result<Option<u32>, ConfigError> {
        self.number(statement, index, range, strictness, None)
    }

    /// The number at a word; `otherwise` where it is wrong, which is noted.
    ///
    /// # Errors
    /// No such word is there.
    pub(super) fn unsigned_or(
        &mut self,
        statement: &Statement,
        index: usize,
        range: RangeInclusive<u32>,
        strictness: Strictness,
        otherwise: u32,
    ) -> Result<u32, ConfigError> {
        Ok(self.number(statement, index, range, strictness, Some(otherwise))?.unwrap_or(otherwise))
    }

    fn number(
        &mut self,
        statement: &Statement,
        index: usize,
        range: RangeInclusive<u32>,
        strictness: Strictness,
        otherwise: Option<u32>,
    ) -> Result<Option<u32>, ConfigError> {
        let word = statement.needed(index)?;
        let digits = word.trim_start();
        let len = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
        let value = if len == 0 { Some(0) } else { digits[..len].parse::<u32>().ok() };
        let in_range = value.filter(|value| range.contains(value) && !digits.starts_with('-'));
        if len == digits.len() && len > 0 && in_range.is_some() {
            return Ok(in_range);
        }
        let taken = in_range.filter(|_| strictness == Strictness::Lenient && len < digits.len());
        let what = match taken {
            Some(value) => format!("`{word}` is no number: taken as {value}"),
            None => {
                let what = otherwise.map_or_else(
                    || format!("`{}` ignored", statement.keyword()),
                    |otherwise| format!("taken as {otherwise}"),
                );
                format!("`{word}` is no number from {} to {}: {what}", range.start(), range.end())
            }
        };
        self.mistake(statement.place_of(index), what);
        Ok(taken)
    }

    /// Seconds with up to six decimals at the second word.
    ///
    /// # Errors
    /// No such word is there.
    pub(super) fn timer(
        &mut self,
        statement: &Statement,
        least: Duration,
    ) -> Result<Option<Duration>, ConfigError> {
        let word = statement.needed(1)?;
        let (whole, fraction) = word.split_once('.').unwrap_or((word, ""));
        let is_number = |text: &str| text.chars().all(|letter| letter.is_ascii_digit());
        let micros = fraction.get(..fraction.len().min(6)).unwrap_or_default();
        let value = match (whole.parse::<u64>(), is_number(whole) && is_number(fraction)) {
            (Ok(seconds), true) if seconds <= 86_400 * 365 => {
                let micros = format!("{micros:0<6}").parse::<u32>().unwrap_or_default();
                Some(Duration::from_secs(seconds) + Duration::from_micros(micros.into()))
            }
            _ => None,
        };
        let value = value.filter(|value| *value >= least);
        if value.is_none() || fraction.len() > 6 {
            let what = match value {
                Some(_) => format!("`{word}` has more than six decimals: cut off"),
                None => format!("`{word}` is no time in seconds: `{}` ignored", statement.keyword()),
            };
            self.mistake(statement.place_of(1), what);
        }
        Ok(value)
    }

    /// A switch that is on without a word behind it. None: that word is wrong, which has been noted.
    pub(super) fn switch(&mut self, statement: &Statement) -> Option<bool> {
        match statement.word(1) {
            None | Some("true" | "on" | "yes") => Some(true),
            Some("false" | "off" | "no") => Some(false),
            Some(other) => {
                let what = format!("`{other}` is neither on nor off: `{}` ignored", statement.keyword());
                self.mistake(statement.place_of(1), what);
                None
            }
        }
    }
}

/// The address at a word: what stands behind a `-` or `/` is not looked at.
pub(super) fn address(word: &str) -> Option<IpAddr> {
    let end = word.find('-').or_else(|| word.find('/')).unwrap_or(word.len());
    word[..end].parse().ok()
}
