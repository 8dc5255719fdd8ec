//! Programs that are started, and why one is not. Data.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use lvs_config::Source;
use lvs_config::programs::Unfit;
use lvs_health::spec::Script;

/// Variable with the process that a successor is to take over from.
pub const PREDECESSOR: &str = "TUNVS_PREDECESSOR";

/// Why a program was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot run {program}: {source}")]
    Program { program: String, source: io::Error },
    #[error("cannot run it: {0}")]
    Unfit(#[from] Unfit),
    #[error("the process that starts programs does not: {0}")]
    NotStarted(String),
}

/// Programs that are started.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum Order {
    Script(Script),
    /// Asks that binary which states it reads. Its answer goes to the descriptor.
    Look(OsString),
    /// Has that binary take over from this process, by the descriptor, which is its standard input.
    Successor(OsString),
}

/// Limits of the process that starts programs, from its beginning.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Bounds {
    /// The file that names scripts: its path, its format, the instance of keepalived.
    pub config: Option<Source>,
    /// Arguments of a successor, with its name.
    pub args: Vec<OsString>,
    /// Folders in which the director writes. No binary of a successor may be there.
    pub written: Vec<PathBuf>,
}

impl Order {
    pub(super) fn failed(&self, source: io::Error) -> StartError {
        let program = match self {
            Self::Script(script) => script.command.first().cloned().unwrap_or_default(),
            Self::Look(binary) | Self::Successor(binary) => binary.to_string_lossy().into_owned(),
        };
        StartError::Program { program, source }
    }
}
