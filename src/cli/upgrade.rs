//! `tunvs upgrade`: another process takes over from the director that runs.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use super::args::UpgradeArgs;
use crate::daemon;
use lvs_control::{Client, ClientError, UpgradeRefusal, socket_path};

#[derive(Debug, thiserror::Error)]
pub(super) enum UpgradeError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Refused(#[from] UpgradeRefusal),
    #[error("cannot find {}", path.display())]
    NoFile { path: PathBuf, source: io::Error },
    #[error("cannot write the answer")]
    Write(#[from] io::Error),
}

pub(super) fn run(args: &UpgradeArgs, out: &mut dyn Write) -> Result<(), UpgradeError> {
    let found = |path: &PathBuf| {
        // The director may have another working directory.
        std::path::absolute(path).and_then(|path| path.metadata().map(|_| path))
    };
    let binary = args
        .binary
        .as_ref()
        .map(|path| found(path).map_err(|source| UpgradeError::NoFile { path: path.clone(), source }));
    let mut client = Client::connect(&socket_path(args.socket.socket.as_deref()))?;
    let upgraded = client.upgrade(binary.transpose()?)??;
    let millis = upgraded.paused_us as f64 / 1000.0;
    writeln!(
        out,
        "tunvs {} has taken over (process {}): {} connections and {} templates; packets waited for {millis:.1} ms",
        upgraded.version, upgraded.pid, upgraded.connections, upgraded.templates
    )?;
    if upgraded.left_out > 0 {
        writeln!(out, "{} could not be taken over, see the log", upgraded.left_out)?;
    }
    Ok(())
}

/// `tunvs state-formats`: what a director asks a program before it hands over to it.
pub(super) fn formats(out: &mut dyn Write) -> Result<(), UpgradeError> {
    Ok(writeln!(out, "{}", daemon::formats())?)
}

/// The exit status of that number.
pub(super) fn exit_code(code: i32) -> ExitCode {
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}
