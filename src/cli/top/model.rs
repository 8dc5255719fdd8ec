//! The model of the screen, and how snapshots and time change it. Keys do it in `keys`. Pure.

use std::time::Duration;

use super::grid::{Grid, RowId, Sort};
use super::rates::{History, Measure, Meter};
use super::snapshot::{Extra, Snapshot};
use super::views::View;

/// The shortest and the longest time between two looks.
pub(super) const SHORTEST: Duration = Duration::from_millis(100);
pub(super) const LONGEST: Duration = Duration::from_secs(3600);

/// One view, and where the reader is in it.
#[derive(Clone, Debug)]
pub(super) struct Level {
    pub view: View,
    pub sort: Sort,
    pub filter: String,
    /// The chosen row, found again wherever it moves.
    pub chosen: Option<RowId>,
    /// Position when it was last seen.
    pub at: usize,
}

impl Level {
    pub(super) fn new(view: View) -> Self {
        let sort = view.sort();
        Self { view, sort, filter: String::new(), chosen: None, at: 0 }
    }
}

#[derive(Debug)]
pub(super) struct Model {
    pub snapshot: Option<Snapshot>,
    pub history: History,
    meter: Meter,
    /// The view that is seen is the last one; never empty.
    pub levels: Vec<Level>,
    /// The filter is being typed; what it was before.
    pub typing: Option<String>,
    pub measure: Measure,
    /// The line of the help that is on top; None: no help is shown.
    pub help: Option<u16>,
    pub is_paused: bool,
    pub interval: Duration,
    /// Why there are no snapshots.
    pub lost: Option<String>,
    /// Seconds without a snapshot.
    pub waited: u64,
    /// Rows that are seen at once, as drawn last.
    pub page: usize,
}

/// Scope for whoever takes snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub extra: Extra,
    pub interval: Duration,
    pub is_paused: bool,
}

impl Model {
    pub(super) fn new(first: Level, interval: Duration) -> Self {
        Self {
            snapshot: None,
            history: History::default(),
            meter: Meter::default(),
            levels: vec![first],
            typing: None,
            measure: Measure::default(),
            help: None,
            is_paused: false,
            interval: interval.clamp(SHORTEST, LONGEST),
            lost: None,
            waited: 0,
            page: 10,
        }
    }

    pub(super) fn level(&self) -> &Level {
        &self.levels[self.levels.len() - 1]
    }

    pub(super) fn level_mut(&mut self) -> &mut Level {
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    pub(super) fn wanted(&self) -> Wanted {
        Wanted { extra: self.level().view.extra(), interval: self.interval, is_paused: self.is_paused }
    }

    /// A snapshot has come.
    pub(super) fn see(&mut self, mut snapshot: Snapshot) {
        self.lost = None;
        self.waited = 0;
        if let Some(shown) = self.snapshot.as_mut().filter(|_| self.is_paused) {
            // Another view was opened meanwhile: only what it needs is new.
            if shown.extra != snapshot.extra {
                shown.extra = snapshot.extra;
                shown.states = snapshot.states;
                shown.connections = snapshot.connections;
                shown.is_cut = snapshot.is_cut;
            }
            return;
        }
        self.meter.measure(&mut snapshot);
        self.history.note(&snapshot);
        self.snapshot = Some(snapshot);
    }

    /// The director did not answer.
    pub(super) fn miss(&mut self, why: String) {
        self.lost = Some(why);
    }

    /// A second has passed in which nothing came.
    pub(super) fn wait(&mut self) {
        if !self.is_paused {
            self.waited += 1;
        }
    }

    /// Seconds that the director has been silent for, if they are too many.
    pub(super) fn silence(&self) -> Option<u64> {
        let patience = 3 + self.interval.as_secs() * 2;
        (self.waited > patience).then_some(self.waited)
    }

    /// The table that is seen, filtered and sorted.
    pub(super) fn grid(&self) -> Grid {
        let level = self.level();
        let Some(snapshot) = &self.snapshot else { return Grid { empty: "waiting", ..Grid::default() } };
        let mut grid = level.view.grid(snapshot, &self.history, self.measure);
        let extra = level.view.extra();
        if extra != Extra::Nothing && extra != snapshot.extra {
            grid.rows.clear();
            grid.empty = "waiting";
        }
        grid.filter(&level.filter);
        if !level.filter.is_empty() && grid.rows.is_empty() {
            grid.empty = "nothing fits the filter";
        }
        grid.sort(level.sort);
        grid
    }

    /// The place of the chosen row.
    pub(super) fn place(&self, grid: &Grid) -> Option<usize> {
        let level = self.level();
        let found = level.chosen.as_ref().and_then(|id| grid.rows.iter().position(|row| row.id == *id));
        match found {
            Some(place) => Some(place),
            None if grid.rows.is_empty() => None,
            None => Some(level.at.min(grid.rows.len() - 1)),
        }
    }

    /// Chooses the row at a place, or the nearest to it.
    pub(super) fn choose(&mut self, place: usize) {
        let grid = self.grid();
        let place = place.min(grid.rows.len().saturating_sub(1));
        let level = self.level_mut();
        level.at = place;
        level.chosen = grid.rows.get(place).map(|row| row.id.clone());
    }

    /// All views that led here.
    pub(super) fn path(&self) -> Vec<String> {
        self.levels.iter().map(|level| level.view.title()).collect()
    }
}
