//! How the walk looks: prompts, answers, marks, in colour where a person is looking.
//!
//! Owns standard output while the demo runs. Never decides what is right. Called by the walk.

use std::io::{self, IsTerminal, Stdout, Write};

#[derive(Debug)]
pub(super) struct Terminal {
    out: Stdout,
    colour: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Style {
    Heading,
    Prompt,
    Faint,
    First,
    Second,
    Good,
    Bad,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Heading => "1",
            Self::Prompt => "1;34",
            Self::Faint => "2",
            Self::First => "36",
            Self::Second => "35",
            Self::Good => "32",
            Self::Bad => "1;31",
        }
    }
}

impl Terminal {
    /// Colour as <https://no-color.org> has it: for a terminal, unless `NO_COLOR` is set.
    pub(super) fn stdout() -> Self {
        let out = io::stdout();
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = out.is_terminal() && !unwanted;
        Self { out, colour }
    }

    pub(super) fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { format!("\x1b[{}m{text}\x1b[0m", style.code()) } else { text.to_owned() }
    }

    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        let text = self.paint(Style::Heading, text);
        writeln!(self.out, "\n{text}")
    }

    /// A command as typed on `host`.
    pub(super) fn typed(&mut self, host: &str, command: &str) -> io::Result<()> {
        let prompt = self.paint(Style::Prompt, &format!("{host}#"));
        writeln!(self.out, "{prompt} {command}")
    }

    /// Whether the last answer was right.
    pub(super) fn mark(&mut self, good: bool, text: &str) -> io::Result<()> {
        let mark = if good { self.paint(Style::Good, "✓") } else { self.paint(Style::Bad, "✗") };
        writeln!(self.out, "{mark} {text}")
    }
}
