//! Events that change the screen: keys, snapshots, signals.

use ratatui::crossterm::event::KeyEvent;

use super::snapshot::Snapshot;

#[derive(Debug)]
pub(super) enum Input {
    Key(KeyEvent),
    /// The screen has another size.
    Resized,
    Snapshot(Box<Snapshot>),
    /// The director does not answer.
    Lost(String),
    /// By a signal, or because the terminal is gone.
    Quit,
}
