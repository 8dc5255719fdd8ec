//! The classic tools as programs: by the name they are called under, or as `tunvs ipvsadm`.

use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal, LineWriter, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::process::ExitCode;

use super::backend::Socket;
use ipvsadm::{Session, SystemNames, Tool};
use lvs_control::socket_path;

/// Exit status that a shell reports of a program that a closed pipe ended.
const BROKEN_PIPE: u8 = 128 + 13;

/// In front of all that ipvsadm knows, a director can be chosen.
const SOCKET_OPTION: &[u8] = b"--socket";

/// Runs a classic tool if one is meant, and gives its exit status.
pub(super) fn main(args: &[OsString]) -> Option<ExitCode> {
    let called = args.first()?;
    let (tool, args) = match Tool::named(called.as_bytes()) {
        Some(tool) => (tool, args),
        None => (Tool::named(args.get(1)?.as_bytes())?, &args[1..]),
    };
    let (words, socket) = take_socket(args.iter().map(|word| word.clone().into_vec()).collect());
    let mut backend = Socket::new(socket_path(socket.as_deref()));
    let mut out = output();
    let mut err = io::stderr();
    // Scripts compare what they get; people want to know.
    let warns = err.is_terminal();
    let mut session = Session {
        backend: &mut backend,
        names: &SystemNames::default(),
        out: &mut out,
        err: &mut err,
        warns,
    };
    let status = tool.run(&words, &mut session, &mut io::stdin());
    let written = out.flush();
    Some(ExitCode::from(match status.and_then(|status| written.map(|()| status)) {
        Ok(status) => status,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => BROKEN_PIPE,
        Err(error) => {
            let _ = writeln!(err, "cannot write: {error}");
            1
        }
    }))
}

/// As C's standard output: complaints overtake what is listed, unless a terminal takes both.
fn output() -> Box<dyn Write> {
    let stdout = io::stdout();
    if stdout.is_terminal() {
        Box::new(LineWriter::new(stdout))
    } else {
        Box::new(BufWriter::with_capacity(1 << 20, stdout))
    }
}

fn take_socket(mut words: Vec<Vec<u8>>) -> (Vec<Vec<u8>>, Option<PathBuf>) {
    let path = match words.get(1).and_then(|word| word.strip_prefix(SOCKET_OPTION)) {
        Some([]) if words.len() > 2 => words.drain(1..3).nth(1),
        Some([b'=', path @ ..]) => {
            let path = path.to_vec();
            words.remove(1);
            Some(path)
        }
        _ => None,
    };
    (words, path.map(|path| PathBuf::from(OsString::from_vec(path))))
}
