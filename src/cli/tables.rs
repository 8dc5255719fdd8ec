//! `tunvs proc`, `tunvs save`, `tunvs restore`: the tables beyond what ipvsadm can say of them.

use std::io::{self, Write};

use super::args::SocketArgs;
use super::backend::{Backend, Socket};
use super::proc::{ProcError, ProcFile};
use crate::control::{ClientError, socket_path};

#[derive(Debug, thiserror::Error)]
pub(super) enum TablesError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Proc(#[from] ProcError<ClientError>),
    #[error("cannot write the answer")]
    Write(#[from] io::Error),
}

fn backend(socket: &SocketArgs) -> Socket {
    Socket::new(socket_path(socket.socket.as_deref()))
}

pub(super) fn proc(file: &ProcFile, socket: &SocketArgs, out: &mut dyn Write) -> Result<(), TablesError> {
    let mut backend = backend(socket);
    let mut text = Vec::new();
    match file.write(&mut text, &mut |query| backend.query(query)) {
        Err(ProcError::Ask(error)) => return Err(error.into()),
        other => other?,
    }
    Ok(out.write_all(&text)?)
}
