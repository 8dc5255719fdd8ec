//! Fixed texts: the version, the help, and what the kernel's refusals are called.

use std::io::{self, Write};

use super::options::Action;
use lvs::director::CommandError;

pub(super) const VERSION: &str = "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)";

/// Returns what ipvsadm says of a refused change. The same error has another name under another action.
pub(super) fn refusal(action: Action, error: &CommandError) -> String {
    if error.is_of_ours() {
        return error.to_string();
    }
    let errno = error.errno();
    match (action, errno) {
        (Action::AddService, libc::EEXIST) => "Service already exists",
        (Action::AddService | Action::EditService, libc::ENOENT) => {
            "Scheduler or persistence engine not found"
        }
        (Action::EditService | Action::DeleteService | Action::Zero | Action::List, libc::ESRCH) => {
            "No such service"
        }
        (Action::AddServer | Action::EditServer | Action::DeleteServer, libc::ESRCH) => "Service not defined",
        (Action::AddServer, libc::EEXIST) => "Destination already exists",
        (Action::EditServer | Action::DeleteServer, libc::ENOENT) => "No such destination",
        (Action::StartDaemon, libc::EEXIST) => "Daemon has already run",
        (Action::StopDaemon, libc::ESRCH) => "No daemon is running",
        (_, libc::EPERM) => "Permission denied (you must be root)",
        (_, libc::EINVAL) => "Invalid operation.  Possibly wrong module version, address not unicast, ...",
        (_, libc::ENOPROTOOPT) => "Protocol not available",
        (_, libc::ENOMEM) => "Memory allocation problem",
        (_, libc::EOPNOTSUPP) => "Operation not supported with IPv6",
        (_, libc::EAFNOSUPPORT) => "Operation not supported with specified address family",
        (_, libc::EMSGSIZE) => "Module is wrong version",
        _ => return system_text(errno),
    }
    .to_owned()
}

fn system_text(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// # Errors
/// Nobody takes the text.
pub(super) fn try_help(out: &mut dyn Write, program: &[u8]) -> io::Result<()> {
    out.write_all(&[b"Try `", program, b" -h' or '", program, b" --help' for more information.\n"].concat())
}

/// # Errors
/// Nobody takes the text.
pub(super) fn help(out: &mut dyn Write, program: &[u8]) -> io::Result<()> {
    writeln!(out, "{VERSION}")?;
    for (at, part) in HELP.split(PROGRAM).enumerate() {
        if at > 0 {
            out.write_all(program)?;
        }
        out.write_all(part.as_bytes())?;
    }
    Ok(())
}

/// Placeholder for the name of the program.
const PROGRAM: &str = "{program}";

const HELP: &str = include_str!("help.txt");
