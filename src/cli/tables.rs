//! `tunvs proc`, `tunvs save`, `tunvs restore`, `tunvs counters`: the tables beyond what ipvsadm can say of them.

use std::fs;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::args::{RestoreArgs, SocketArgs};
use super::backend::Socket;
use ipvsadm::proc::{ProcError, ProcFile};
use ipvsadm::tables::{self, read};
use ipvsadm::{Backend, Source, SystemNames};
use lvs::director::{Command, CommandError, Tables};
use lvs_control::{Client, ClientError, Counter, socket_path};

#[derive(Debug, thiserror::Error)]
pub(super) enum TablesError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Refused(#[from] CommandError),
    #[error(transparent)]
    Proc(#[from] ProcError<ClientError>),
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: {error}; nothing was changed", path.display())]
    Line { path: PathBuf, error: read::LineError },
    #[error("cannot write the answer")]
    Write(#[from] io::Error),
}

/// Prints what became of packets, a counter a line.
pub(super) fn counters(socket: &SocketArgs, out: &mut dyn Write) -> Result<(), TablesError> {
    let path = socket_path(socket.socket.as_deref());
    for Counter { name, value } in Client::connect(&path)?.counters()? {
        writeln!(out, "{name} {value}")?;
    }
    Ok(())
}

/// Prints one of the kernel's tables.
pub(super) fn proc(file: &ProcFile, socket: &SocketArgs, out: &mut dyn Write) -> Result<(), TablesError> {
    let mut backend = backend(socket);
    let mut out = BufWriter::new(out);
    match file.write(&mut out, &mut backend) {
        Err(ProcError::Ask(error)) => return Err(error.into()),
        other => other?,
    }
    Ok(out.flush()?)
}

/// Prints all tables as command lines.
pub(super) fn save(socket: &SocketArgs, out: &mut dyn Write) -> Result<(), TablesError> {
    let mut text = Vec::new();
    tables::write(&mut text, &present(&mut backend(socket))?)?;
    Ok(out.write_all(&text)?)
}

/// Makes the tables be as a file says, all at once or not at all.
pub(super) fn restore(args: &RestoreArgs, out: &mut dyn Write) -> Result<(), TablesError> {
    let text =
        read_file(&args.file).map_err(|source| TablesError::Read { path: args.file.clone(), source })?;
    let wanted = read::tables(&text, &SystemNames::default())
        .map_err(|error| TablesError::Line { path: args.file.clone(), error })?;
    let mut backend = backend(&args.socket);
    if args.diff {
        tables::write_difference(out, &present(&mut backend)?, &wanted)?;
    }
    if args.dry_run {
        return Ok(());
    }
    let applied = backend.apply(vec![Command::Replace(wanted)])?;
    let mut err = io::stderr();
    for warning in &applied.warnings {
        writeln!(err, "{warning}")?;
    }
    Ok(applied.results.into_iter().collect::<Result<(), _>>()?)
}

fn backend(socket: &SocketArgs) -> Socket {
    Socket::new(socket_path(socket.socket.as_deref()))
}

fn present(backend: &mut Socket) -> Result<Tables, TablesError> {
    Tables::present(|query| Ok(backend.query(query)??))
}

/// `-`: standard input.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut text = Vec::new();
        io::stdin().read_to_end(&mut text)?;
        return Ok(text);
    }
    fs::read(path)
}
