//! `tunvs convert`: a keepalived.conf, or lines of ipvsadm, as TOML.

use std::io::{self, Write};

use super::args::ConvertArgs;
use lvs_config::{Config, ConfigError};

#[derive(Debug, thiserror::Error)]
pub(super) enum ConvertError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("cannot write the answer")]
    Write(#[from] io::Error),
}

/// Prints what a file declares. What it says beside that, such as options of the director, is not declared.
pub(super) fn run(args: &ConvertArgs, out: &mut dyn Write) -> Result<(), ConvertError> {
    let Config { declared, notes, .. } = args.language.source(&args.file).load()?;
    Ok(out.write_all(declared.to_toml(&notes, &args.file.display().to_string()).as_bytes())?)
}
