//! A table of any view: columns with ranks, rows with names, what is sorted and what fits. Pure; drawn by `draw`,
//! printed by `print`.

use std::cmp::Ordering;

use lvs::service::{Endpoint, ServiceKey};

/// Between two columns.
const GAP: usize = 2;

/// The first column is never made narrower than this.
const NARROWEST: usize = 10;

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub title: &'static str,
    /// Numbers stand at the right.
    pub right: bool,
    /// Rank among columns where there is no room: the highest goes first, 0 never.
    pub rank: u8,
    /// Takes the room that is left.
    pub grows: bool,
}

impl Column {
    pub(super) const fn text(title: &'static str, rank: u8) -> Self {
        Self { title, right: false, rank, grows: false }
    }

    pub(super) const fn number(title: &'static str, rank: u8) -> Self {
        Self { title, right: true, rank, grows: false }
    }

    pub(super) const fn trend(title: &'static str, rank: u8) -> Self {
        Self { title, right: false, rank, grows: true }
    }
}

/// Identity of a row, however the rows are sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RowId {
    Service(ServiceKey),
    Server(ServiceKey, Endpoint),
    State { protocol: u8, name: String, templates: bool },
    Connection { protocol: u8, client: Endpoint, virt: Endpoint },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    #[default]
    Plain,
    /// Not in use, or out of it on purpose.
    Dim,
    Warn,
    Bad,
}

/// A cell, and what it is sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Text(String),
    Number(i64, String),
    /// Drawn as wide as there is room.
    Trend(Vec<u64>),
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn number(value: u64, shown: String) -> Self {
        Self::Number(i64::try_from(value).unwrap_or(i64::MAX), shown)
    }

    pub(super) fn count(value: impl Into<u64>) -> Self {
        let value = value.into();
        Self::number(value, value.to_string())
    }

    /// As it is written; a trend is not.
    pub(super) fn shown(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(_, text) => text,
            Self::Trend(_) => "",
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one, _), Self::Number(two, _)) => one.cmp(two),
            (Self::Trend(one), Self::Trend(two)) => one.last().cmp(&two.last()),
            (one, two) => natural(one.shown(), two.shown()),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub id: RowId,
    pub cells: Vec<Cell>,
    pub tone: Tone,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    /// Stands in place of rows where there are none.
    pub empty: &'static str,
}

/// By what rows are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sort {
    pub column: usize,
    pub descending: bool,
}

/// A column that there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fitted {
    /// Place among all columns.
    pub column: usize,
    pub width: usize,
}

impl Grid {
    pub(super) fn sort(&mut self, sort: Sort) {
        self.rows.sort_by(|one, two| {
            let by = |column: usize| match (one.cells.get(column), two.cells.get(column)) {
                (Some(one), Some(two)) => one.order(two),
                _ => Ordering::Equal,
            };
            let order = by(sort.column);
            let order = if sort.descending { order.reverse() } else { order };
            // Equal rows stay where they are from snapshot to snapshot.
            order.then_with(|| (0..self.columns.len()).map(by).find(|by| by.is_ne()).unwrap_or(order))
        });
    }

    /// Keeps rows with the text in one of their cells, in capitals or not.
    pub(super) fn filter(&mut self, text: &str) {
        let text = text.to_lowercase();
        if !text.is_empty() {
            self.rows.retain(|row| row.cells.iter().any(|cell| cell.shown().to_lowercase().contains(&text)));
        }
    }

    /// The columns that fit into so many characters.
    pub(super) fn fit(&self, room: usize) -> Vec<Fitted> {
        let widest = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.cells.get(at));
            let widest = cells.map(|cell| cell.shown().chars().count()).max().unwrap_or_default();
            // Beside the title there is room for the mark of the sorted column.
            widest.max(self.columns[at].title.chars().count() + 1)
        };
        let fitted = |column| Fitted { column, width: widest(column) };
        let mut chosen: Vec<Fitted> = (0..self.columns.len()).map(fitted).collect();
        let taken = |chosen: &[Fitted]| {
            chosen.iter().map(|fitted| fitted.width + GAP).sum::<usize>().saturating_sub(GAP)
        };
        let rank = |fitted: &Fitted| self.columns[fitted.column].rank;
        while taken(&chosen) > room {
            let last = chosen.iter().enumerate().max_by_key(|(_, fitted)| rank(fitted));
            match last.filter(|(_, fitted)| rank(fitted) > 0).map(|(place, _)| place) {
                Some(place) => drop(chosen.remove(place)),
                None => break,
            }
        }
        let taken = taken(&chosen);
        if let Some(first) = chosen.first_mut().filter(|_| taken > room) {
            first.width = first.width.saturating_sub(taken - room).max(NARROWEST);
        }
        if let Some(growing) = chosen.iter_mut().find(|fitted| self.columns[fitted.column].grows) {
            growing.width += room.saturating_sub(taken);
        }
        chosen
    }
}

/// Text with numbers in it, the numbers by their value: 10.0.0.9 stands in front of 10.0.0.10.
fn natural(one: &str, two: &str) -> Ordering {
    let (mut one, mut two) = (one.chars().peekable(), two.chars().peekable());
    loop {
        match (one.peek().copied(), two.peek().copied()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) if a.is_ascii_digit() && b.is_ascii_digit() => {
                let order = number(&mut one).cmp(&number(&mut two));
                if order.is_ne() {
                    return order;
                }
            }
            (Some(a), Some(b)) => {
                if a != b {
                    return a.cmp(&b);
                }
                one.next();
                two.next();
            }
        }
    }
}

fn number(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> u128 {
    let mut value = 0_u128;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        value = value.saturating_mul(10).saturating_add(u128::from(digit));
        chars.next();
    }
    value
}

/// The last part of a text that is too long, where addresses and ports differ.
pub(super) fn shortened(text: &str, width: usize, mark: char) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let tail = text.chars().skip(length + 1 - width.max(1));
    std::iter::once(mark).chain(tail).take(width).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let row = |last: u8, rate: u64| Row {
            id: RowId::State { protocol: last, name: String::new(), templates: false },
            cells: vec![
                Cell::text(format!("TCP 10.0.0.{last}:80")),
                Cell::text("wrr"),
                Cell::number(rate, format!("{rate}k")),
                Cell::Trend(vec![rate]),
            ],
            tone: Tone::Plain,
        };
        Grid {
            columns: vec![
                Column::text("Service", 0),
                Column::text("Sched", 2),
                Column::number("Rate", 1),
                Column::trend("Trend", 3),
            ],
            rows: vec![row(9, 5), row(10, 700), row(1, 700)],
            empty: "",
        }
    }

    fn first_cells(grid: &Grid) -> Vec<&str> {
        grid.rows.iter().map(|row| row.cells[0].shown()).collect()
    }

    #[test]
    fn rows_are_sorted_by_value_and_equal_ones_by_name() {
        let mut grid = grid();
        grid.sort(Sort { column: 2, descending: true });
        assert_eq!(first_cells(&grid), ["TCP 10.0.0.1:80", "TCP 10.0.0.10:80", "TCP 10.0.0.9:80"]);
        grid.sort(Sort { column: 0, descending: false });
        assert_eq!(first_cells(&grid), ["TCP 10.0.0.1:80", "TCP 10.0.0.9:80", "TCP 10.0.0.10:80"]);
        grid.sort(Sort { column: 99, descending: false });
        assert_eq!(grid.rows.len(), 3);
    }

    #[test]
    fn a_filter_takes_what_any_cell_says() {
        let mut grid = grid();
        grid.filter("WRR");
        assert_eq!(grid.rows.len(), 3);
        grid.filter(".10:");
        assert_eq!(first_cells(&grid), ["TCP 10.0.0.10:80"]);
    }

    #[test]
    fn columns_go_by_rank_where_there_is_no_room() {
        let grid = grid();
        let kept = |room| grid.fit(room).into_iter().map(|fitted| fitted.column).collect::<Vec<_>>();
        assert_eq!(kept(80), [0, 1, 2, 3]);
        assert_eq!(kept(33), [0, 1, 2]);
        assert_eq!(kept(24), [0, 2]);
        assert_eq!(kept(22), [0]);
        assert_eq!(grid.fit(12), [Fitted { column: 0, width: 12 }]);
        assert_eq!(grid.fit(2), [Fitted { column: 0, width: NARROWEST }]);
        let total: usize = grid.fit(80).iter().map(|fitted| fitted.width + GAP).sum();
        assert_eq!(total, 80 + GAP, "the trend takes the rest");
        assert_eq!(shortened("TCP 10.0.0.10:80", 8, '~'), "~0.10:80");
        assert_eq!(shortened("short", 8, '~'), "short");
    }
}
