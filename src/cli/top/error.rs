//! Reasons for which `tunvs top` ends.

use std::io;

use lvs_control::ClientError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum TopError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("standard input and output are no terminal: use --once or --batch")]
    NoTerminal,
    #[error("TERM names no terminal that can be drawn on: use --once or --batch, or set TERM")]
    DumbTerminal,
    #[error("the terminal does not do what it is told")]
    Terminal(#[source] io::Error),
    #[error("--json needs --once or --batch")]
    JsonOfWhat,
    #[error("no column {name:?} here; there are {known}")]
    NoSuchColumn { name: String, known: String },
    #[error("cannot write the picture")]
    Write(#[source] io::Error),
}
