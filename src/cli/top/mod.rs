//! `tunvs top`: services, servers, states and connections as they change, on a terminal or as text.
//!
//! Reads the control socket and changes nothing. [`poll`] takes snapshots, [`model`] and [`keys`] are what is seen and
//! what keys do (pure), [`views`] and [`grid`] make tables of it, [`draw`] and [`print`](mod@print) show them, [`screen`] owns the
//! terminal.

mod draw;
mod error;
mod grid;
mod input;
mod keys;
mod look;
mod model;
mod poll;
mod print;
mod rates;
mod screen;
mod snapshot;
#[cfg(test)]
mod tests;
mod views;

use std::io::{self, Write};
use std::thread;

pub(super) use error::TopError;
pub(super) use keys::seconds;

use self::grid::{Grid, Sort};
use self::look::Look;
use self::model::{Level, Model};
use self::poll::Asker;
use self::rates::{History, Measure};
use self::snapshot::{Scope, Snapshot};
use self::views::View;
use super::args::{TopArgs, TopView};
use lvs_control::socket_path;

pub(super) fn run(args: &TopArgs, out: &mut dyn Write) -> Result<(), TopError> {
    let model = Model::new(first_level(args)?, args.interval);
    let path = socket_path(args.socket.socket.as_deref());
    if args.once || args.batch {
        let asker = Asker::new(path);
        return match print_snapshots(args, model, asker, out) {
            // `tunvs top --batch | head` has seen enough.
            Err(TopError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        };
    }
    if args.json {
        return Err(TopError::JsonOfWhat);
    }
    screen::run(model, path, Look::of(|name| std::env::var(name).ok()))
}

/// The view that is begun with, as the options say.
fn first_level(args: &TopArgs) -> Result<Level, TopError> {
    let mut level = Level::new(match args.view {
        TopView::Services => View::Services,
        TopView::Servers => View::Servers(None),
        TopView::States => View::States(Scope::default()),
        TopView::Connections => View::Connections(Scope::default()),
    });
    level.filter = args.filter.clone().unwrap_or_default();
    if let Some(name) = &args.sort {
        let grid = level.view.grid(&Snapshot::default(), &History::default(), Measure::default());
        level.sort = sort_named(&grid, name)?;
    }
    Ok(level)
}

fn sort_named(grid: &Grid, given: &str) -> Result<Sort, TopError> {
    let (name, other_way) = given.strip_prefix('-').map_or((given, false), |name| (name, true));
    match grid.columns.iter().position(|column| column.title.eq_ignore_ascii_case(name)) {
        Some(column) => {
            let title = &grid.columns[column];
            Ok(Sort { column, descending: (title.right || title.grows) != other_way })
        }
        None => {
            let titles = grid.columns.iter().map(|column| column.title).filter(|title| !title.is_empty());
            Err(TopError::NoSuchColumn {
                name: name.to_owned(),
                known: titles.collect::<Vec<_>>().join(", "),
            })
        }
    }
}

fn print_snapshots(
    args: &TopArgs,
    mut model: Model,
    mut asker: Asker,
    out: &mut dyn Write,
) -> Result<(), TopError> {
    let count = if args.once { Some(1) } else { args.count };
    let mut printed = 0;
    loop {
        model.see(asker.ask(&model.wanted().extra)?);
        let written = if args.json { print::json(&model, args.batch, out) } else { print::text(&model, out) };
        written.and_then(|()| out.flush()).map_err(TopError::Write)?;
        printed += 1;
        if count.is_some_and(|count| printed >= count) {
            return Ok(());
        }
        if !args.json {
            writeln!(out).map_err(TopError::Write)?;
        }
        thread::sleep(args.interval);
    }
}
