//! Keys. Pure: a key changes the model, or asks the caller to stop.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::draw::HELP;
use super::grid::{RowId, Sort};
use super::model::{LONGEST, Level, Model, SHORTEST};
use super::snapshot::Scope;
use super::views::View;

/// Longest filter that is taken.
const LONGEST_FILTER: usize = 64;

/// Work for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Nothing,
    Quit,
    /// Give the terminal back for a while.
    Suspend,
}

impl Model {
    pub(super) fn press(&mut self, key: KeyEvent) -> Effect {
        if key.kind == KeyEventKind::Release {
            return Effect::Nothing;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            match key.code {
                KeyCode::Char('c') => return Effect::Quit,
                KeyCode::Char('z') => return Effect::Suspend,
                KeyCode::Char('u') if self.typing.is_some() => self.level_mut().filter.clear(),
                _ => {}
            }
            return Effect::Nothing;
        }
        if self.typing.is_some() {
            self.type_filter(key.code);
            return Effect::Nothing;
        }
        if self.help.is_some() {
            return self.read_help(key.code);
        }
        match key.code {
            KeyCode::Char('q') => return Effect::Quit,
            KeyCode::Char('?' | 'h') => self.help = Some(0),
            KeyCode::Char('/') => self.typing = Some(self.level().filter.clone()),
            KeyCode::Char('p' | ' ') => {
                self.is_paused = !self.is_paused;
                self.waited = 0;
            }
            KeyCode::Char('t') => self.measure = self.measure.next(),
            KeyCode::Char('r') => self.level_mut().sort.descending ^= true,
            KeyCode::Char('<' | ',') | KeyCode::Left => self.sort_by_next(-1),
            KeyCode::Char('>' | '.') | KeyCode::Right => self.sort_by_next(1),
            KeyCode::Char('+') => self.interval = self.interval.saturating_mul(2).min(LONGEST),
            KeyCode::Char('-') => self.interval = (self.interval / 2).max(SHORTEST),
            KeyCode::Char(digit @ '1'..='4') => self.show(digit as usize - '1' as usize),
            KeyCode::Tab => self.show_next(),
            KeyCode::Enter => self.open(),
            KeyCode::Char('c') => self.open_connections(View::Connections),
            KeyCode::Char('s') => self.open_connections(View::States),
            KeyCode::Esc | KeyCode::Backspace => self.back(),
            KeyCode::Up | KeyCode::Char('k') => self.step(-1),
            KeyCode::Down | KeyCode::Char('j') => self.step(1),
            KeyCode::PageUp => self.step(-(self.page as isize)),
            KeyCode::PageDown => self.step(self.page as isize),
            KeyCode::Home | KeyCode::Char('g') => self.choose(0),
            KeyCode::End | KeyCode::Char('G') => self.choose(usize::MAX),
            _ => {}
        }
        Effect::Nothing
    }

    fn type_filter(&mut self, key: KeyCode) {
        match key {
            KeyCode::Enter => self.typing = None,
            KeyCode::Esc => {
                if let Some(before) = self.typing.take() {
                    self.level_mut().filter = before;
                }
            }
            KeyCode::Backspace => drop(self.level_mut().filter.pop()),
            KeyCode::Char(char) if !char.is_control() => {
                let filter = &mut self.level_mut().filter;
                if filter.chars().count() < LONGEST_FILTER {
                    filter.push(char);
                }
            }
            _ => {}
        }
    }

    fn read_help(&mut self, key: KeyCode) -> Effect {
        let top = self.help.unwrap_or_default();
        let last = u16::try_from(HELP.lines().count()).unwrap_or(u16::MAX).saturating_sub(1);
        self.help = match key {
            KeyCode::Char('q') => return Effect::Quit,
            KeyCode::Down | KeyCode::Char('j') => Some((top + 1).min(last)),
            KeyCode::PageDown => Some((top + 5).min(last)),
            KeyCode::Up | KeyCode::Char('k') => Some(top.saturating_sub(1)),
            KeyCode::PageUp => Some(top.saturating_sub(5)),
            _ => None,
        };
        Effect::Nothing
    }

    fn sort_by_next(&mut self, step: isize) {
        let columns = self.grid().columns;
        let Some(column) = self.level().sort.column.checked_add_signed(step) else { return };
        if let Some(title) = columns.get(column) {
            // Who sorts by a number wants the largest, who sorts by a name the first.
            let descending = title.right || title.grows;
            self.level_mut().sort = Sort { column, descending };
        }
    }

    fn show(&mut self, number: usize) {
        if let Some(view) = View::all().into_iter().nth(number) {
            self.levels = vec![Level::new(view)];
        }
    }

    fn show_next(&mut self) {
        let views = View::all();
        let root = self.levels.first().map(|level| &level.view);
        let at = views.iter().position(|view| Some(view) == root).unwrap_or_default();
        self.show((at + 1) % views.len());
    }

    /// The row that the reader is at.
    fn chosen(&self) -> Option<RowId> {
        let grid = self.grid();
        let place = self.place(&grid)?;
        grid.rows.get(place).map(|row| row.id.clone())
    }

    /// From a service to its servers, from a server or a state to its connections.
    fn open(&mut self) {
        match self.chosen() {
            Some(RowId::Service(key)) => self.enter(View::Servers(Some(key))),
            Some(RowId::Server(..) | RowId::State { .. }) => self.open_connections(View::Connections),
            Some(RowId::Connection { .. }) | None => {}
        }
    }

    fn open_connections(&mut self, view: fn(Scope) -> View) {
        let within = match &self.level().view {
            View::States(scope) | View::Connections(scope) => scope.clone(),
            View::Services | View::Servers(_) => Scope::default(),
        };
        let scope = match self.chosen() {
            Some(RowId::Service(service)) => Scope { service: Some(service), ..Scope::default() },
            Some(RowId::Server(service, server)) => {
                Scope { service: Some(service), server: Some(server), state: None }
            }
            Some(RowId::State { protocol, name, .. }) => Scope { state: Some((protocol, name)), ..within },
            Some(RowId::Connection { .. }) | None => within,
        };
        let view = view(scope);
        if view != self.level().view {
            self.enter(view);
        }
    }

    fn enter(&mut self, view: View) {
        // The row is found again on the way back, also when it was never moved to.
        let chosen = self.chosen();
        let level = self.level_mut();
        level.chosen = level.chosen.take().or(chosen);
        self.levels.push(Level::new(view));
    }

    fn back(&mut self) {
        if !self.level().filter.is_empty() {
            self.level_mut().filter.clear();
        } else if self.levels.len() > 1 {
            self.levels.pop();
        }
    }

    fn step(&mut self, by: isize) {
        let grid = self.grid();
        let place = self.place(&grid).unwrap_or_default();
        self.choose(place.saturating_add_signed(by));
    }
}

/// Seconds as `--interval` takes them: 0.5, 2.
pub(in crate::cli) fn seconds(text: &str) -> Result<Duration, IntervalError> {
    let seconds: f64 = text.parse().map_err(|_| IntervalError)?;
    let interval = Duration::try_from_secs_f64(seconds).map_err(|_| IntervalError)?;
    if (SHORTEST..=LONGEST).contains(&interval) { Ok(interval) } else { Err(IntervalError) }
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("seconds from 0.1 to 3600 are wanted, as in 0.5 or 2")]
pub(in crate::cli) struct IntervalError;
