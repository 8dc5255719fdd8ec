//! Why a file of the kernel's is not written.

use std::io;

use lvs::director::CommandError;

#[derive(Debug, thiserror::Error)]
pub enum ProcError<E: std::error::Error + 'static> {
    #[error("cannot ask the director")]
    Ask(#[source] E),
    #[error(transparent)]
    Refused(#[from] CommandError),
    #[error("cannot write")]
    Write(#[from] io::Error),
}
