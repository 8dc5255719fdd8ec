//! `tunvs check`: what a configuration file means, and what is wrong with it.

use std::io::{self, Write};

use super::args::CheckArgs;
use lvs_config::note::NoteKind;
use lvs_config::{Config, ConfigError};

#[derive(Debug, thiserror::Error)]
pub(super) enum CheckError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{count} warnings, and --strict allows none")]
    Warnings { count: usize },
    #[error("not all that the file declares is served: {count} lost")]
    Lost { count: usize },
    #[error("cannot write the answer")]
    Write(#[from] io::Error),
}

/// Prints the notes on a file and what it declares. An error, if it is wrong.
pub(super) fn run(args: &CheckArgs, out: &mut dyn Write) -> Result<(), CheckError> {
    let config = args.source().load()?;
    for note in &config.notes {
        writeln!(out, "{note}")?;
    }
    writeln!(out, "{}: {}", args.file.display(), summary(&config))?;
    match (of_kind(&config, NoteKind::Lost), of_kind(&config, NoteKind::Mistake)) {
        (0, 0) => Ok(()),
        (0, count) if args.strict => Err(CheckError::Warnings { count }),
        (0, _) => Ok(()),
        (count, _) => Err(CheckError::Lost { count }),
    }
}

fn of_kind(config: &Config, kind: NoteKind) -> usize {
    config.notes.iter().filter(|note| note.kind == kind).count()
}

/// `2 services, 5 servers, 5 checks; 1 error, 1 warning, 3 skipped`
fn summary(config: &Config) -> String {
    let declared = &config.declared;
    let servers: usize = declared.services.iter().map(|service| service.servers.len()).sum();
    let checks: usize =
        declared.health.iter().flat_map(|health| &health.servers).map(|server| server.checks.len()).sum();
    let mut text =
        [count(declared.services.len(), "service"), count(servers, "server"), count(checks, "check")]
            .join(", ");
    if !config.notes.is_empty() {
        let of = |kind| of_kind(config, kind);
        let lost =
            if of(NoteKind::Lost) > 0 { count(of(NoteKind::Lost), "error") + ", " } else { String::new() };
        let (mistakes, skipped) = (count(of(NoteKind::Mistake), "warning"), of(NoteKind::Skipped));
        text.push_str(&format!("; {lost}{mistakes}, {skipped} skipped"));
    }
    text
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
