//! The command of a script: without a shell, in a process group of its own, as its user.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use lvs_config::programs::{self, PATH, Unfit};
use lvs_health::spec::Script;
use lvs_sys::spawn::{with_all_signals, without_capabilities};

/// # Errors
/// The program cannot be run, or must not be.
pub(super) fn command(script: &Script) -> Result<Command, Unfit> {
    programs::look(script)?;
    let identity = programs::identity(script)?;
    let [program, arguments @ ..] = script.command.as_slice() else { return Err(Unfit::NoCommand) };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    with_all_signals(&mut command);
    match identity.user {
        Some(user) => drop(command.uid(user.as_raw())),
        // The director's own capabilities are for the director.
        None => drop(without_capabilities(&mut command)),
    }
    if let Some(group) = identity.group {
        command.gid(group.as_raw());
    }
    Ok(command)
}
