//! `tunvs sysctl`: the settings that the kernel's IPVS has under `net.ipv4.vs`.

use std::io::{self, Write};

use super::args::SocketArgs;
use super::backend::Socket;
use ipvsadm::suggest;
use ipvsadm::{Backend, Source};
use lvs::director::{Command, CommandError, Query, Reply, SysctlEntry};
use lvs_control::{ClientError, socket_path};

/// Folder of the settings in the kernel.
const PREFIX: &str = "net.ipv4.vs.";

#[derive(Debug, thiserror::Error)]
pub(super) enum SysctlError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("{error}{}", suggest::for_refused(error))]
    Refused { error: CommandError },
    #[error("the director answered something else than settings")]
    Answer,
    #[error("cannot write the answer")]
    Write(#[from] io::Error),
}

impl From<CommandError> for SysctlError {
    fn from(error: CommandError) -> Self {
        Self::Refused { error }
    }
}

/// Shows all settings, one, or sets one and shows it.
pub(super) fn run(
    name: Option<String>,
    value: Option<String>,
    socket: &SocketArgs,
    out: &mut dyn Write,
) -> Result<(), SysctlError> {
    let mut backend = Socket::new(socket_path(socket.socket.as_deref()));
    let (name, value) = setting(name, value);
    if let (Some(name), Some(value)) = (&name, value) {
        let command = Command::SetSysctl { name: name.clone(), value };
        backend.apply(vec![command])?.results.into_iter().collect::<Result<(), CommandError>>()?;
    }
    let Reply::Sysctls(entries) = backend.query(Query::Sysctls(name))?? else {
        return Err(SysctlError::Answer);
    };
    for SysctlEntry { name, value, kernel_only } in entries {
        let remark = if kernel_only { "  # kept, but without effect in userspace" } else { "" };
        writeln!(out, "{PREFIX}{name} = {value}{remark}")?;
    }
    Ok(())
}

/// The name without its prefix, and the value, which may stand behind a `=`.
fn setting(name: Option<String>, value: Option<String>) -> (Option<String>, Option<String>) {
    let Some(name) = name else { return (None, None) };
    let bare = |name: &str| {
        let dotted = name.trim().replace('/', ".");
        dotted.strip_prefix(PREFIX).unwrap_or(&dotted).to_owned()
    };
    match (name.split_once('='), value) {
        (Some((name, value)), None) => (Some(bare(name)), Some(value.trim().to_owned())),
        (_, value) => (Some(bare(&name)), value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told() {
        let refused = SysctlError::from(CommandError::NoSuchSetting("drop_packt".to_owned()));
        assert_eq!(refused.to_string(), "no setting called \"drop_packt\", did you mean `drop_packet`?");
    }

    #[test]
    fn names_come_in_all_the_forms_of_sysctl() {
        let setting =
            |name: &str, value: Option<&str>| setting(Some(name.to_owned()), value.map(str::to_owned));
        let set = (Some("drop_entry".to_owned()), Some("3".to_owned()));
        assert_eq!(setting("drop_entry", Some("3")), set);
        assert_eq!(setting("net.ipv4.vs.drop_entry=3", None), set);
        assert_eq!(setting("net/ipv4/vs/drop_entry = 3", None), set);
        assert_eq!(setting("net.ipv4.vs.drop_entry", None), (set.0, None));
    }
}
