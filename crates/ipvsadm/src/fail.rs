//! Why a command line comes to nothing, and with which exit status.

/// Exit status of a usage error, and of a director that cannot be asked.
pub(super) const USAGE: u8 = 2;
/// Exit status of a listing that failed.
pub(super) const LISTING: u8 = 1;
/// Exit status of a command that was refused, and of options that cannot be parsed.
pub(super) const REFUSED: u8 = 255;

/// The early end of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fail {
    /// Ends the program, also in the middle of a restore.
    Exit { status: u8, message: Vec<u8> },
    /// Options that make no sense: ends this command line, but not a restore that it is a line of.
    Options(Vec<u8>),
    /// Ends the program with a pointer to the help text.
    TryHelp,
    /// Not a failure: the help text was asked for.
    Help,
    /// Not a failure: the version was asked for.
    Version,
}

impl Fail {
    pub(super) fn usage(message: impl Into<Vec<u8>>) -> Self {
        Self::Exit { status: USAGE, message: message.into() }
    }

    /// A complaint that quotes a word as it was given, whatever bytes that has.
    pub(super) fn quoting(before: &str, word: &[u8], after: &str) -> Self {
        Self::usage([before.as_bytes(), word, after.as_bytes()].concat())
    }
}
