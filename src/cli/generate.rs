//! Manual pages and shell completions of `tunvs`, from the same description as its help. Called by `make install`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::args::Args;

#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
pub(super) struct GenerateError {
    path: PathBuf,
    source: io::Error,
}

const SECTION: &str = "8";

/// Shells, and where below `share` each looks for completions.
const SHELLS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions/tunvs"),
    (Shell::Zsh, "zsh/site-functions/_tunvs"),
    (Shell::Fish, "fish/vendor_completions.d/tunvs.fish"),
];

/// Fills a folder as `share` is laid out.
pub(super) fn run(share: &Path) -> Result<(), GenerateError> {
    let mut command = Args::command();
    command.build();
    manual(share, &command, "tunvs")?;
    for subcommand in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        manual(share, subcommand, &format!("tunvs-{}", subcommand.get_name()))?;
    }
    for (shell, path) in SHELLS {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut command, "tunvs", &mut text);
        write(&share.join(path), &text)?;
    }
    Ok(())
}

fn manual(share: &Path, command: &Command, name: &str) -> Result<(), GenerateError> {
    let path = share.join("man/man8").join(format!("{name}.{SECTION}"));
    let mut text = Vec::new();
    Man::new(command.clone())
        .section(SECTION)
        .render(&mut text)
        .map_err(|source| GenerateError { path: path.clone(), source })?;
    write(&path, &text)
}

fn write(path: &Path, text: &[u8]) -> Result<(), GenerateError> {
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, text))
        .map_err(|source| GenerateError { path: path.to_owned(), source })
}
