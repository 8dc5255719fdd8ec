//! Commands as they apply to this host: a sync daemon's interface must exist, and its MTU bounds the messages.

use std::borrow::Cow;

use lvs::director::{Command, CommandError, DaemonSpec, Director, Tables};
use lvs_sys::interface::mtu;

/// The command with all that the host must be asked for.
pub(super) fn resolve<'a>(
    director: &Director,
    command: &'a Command,
) -> Result<Cow<'a, Command>, CommandError> {
    match command {
        // The kernel looks at the tables before it looks for the interface.
        Command::StartDaemon(_) if director.has_mixed_families() => Err(CommandError::MixedFamily),
        Command::StartDaemon(spec) => Ok(Cow::Owned(Command::StartDaemon(resolve_daemon(spec)?))),
        Command::Replace(Tables { services, timeouts, daemons: Some(daemons) }) if !daemons.is_empty() => {
            let daemons = daemons.iter().map(resolve_daemon).collect::<Result<_, _>>()?;
            let (services, timeouts) = (services.clone(), *timeouts);
            Ok(Cow::Owned(Command::Replace(Tables { services, timeouts, daemons: Some(daemons) })))
        }
        command => Ok(Cow::Borrowed(command)),
    }
}

fn resolve_daemon(spec: &DaemonSpec) -> Result<DaemonSpec, CommandError> {
    let mtu = mtu(&spec.interface).ok_or_else(|| CommandError::NoSuchInterface(spec.interface.clone()))?;
    Ok(spec.resolved(mtu))
}
