//! The capabilities that a director, or a real server, needs after its start, and no others, for itself and for
//! the programs that it runs. Never gains any. Called before the first thread starts, since capabilities belong to threads.

use caps::errors::CapsError;
use caps::{CapSet, Capability, CapsHashSet};
use nix::unistd::{Gid, getgroups, setgroups};

use crate::starter;
use lvs_health::spec::{CheckKind, Program, ServiceHealth, programs};
use lvs_names::accounts::Accounts;

/// The network's configuration and TUN devices; raw sockets for direct routing and pings; a port below 1024 for metrics.
pub(super) const DIRECTOR: [Capability; 3] =
    [Capability::CAP_NET_ADMIN, Capability::CAP_NET_RAW, Capability::CAP_NET_BIND_SERVICE];

/// To make the TUN, and to follow the host and undo everything; its ports are open by then.
pub(super) const REAL_SERVER: [Capability; 1] = [Capability::CAP_NET_ADMIN];

/// Programs run as other users, and are killed at their deadline.
pub(super) const PROGRAMS: [Capability; 3] =
    [Capability::CAP_SETUID, Capability::CAP_SETGID, Capability::CAP_KILL];

/// Of these, what is left to a director once another process starts its programs.
pub(super) const ENDING: [Capability; 1] = [Capability::CAP_KILL];

/// A program that would fail each time.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{program} runs as `{user}`, and this director gave up the capabilities for that at its start, since no program \
     was declared: restart it with this file"
)]
pub(super) struct CannotChangeUser {
    program: String,
    user: String,
}

/// Whether programs may be run as other users, by this process or by the one that starts them.
pub(super) fn may_change_user() -> bool {
    starter::may_change_user().unwrap_or_else(|| has_all(&PROGRAMS))
}

fn has_all(wanted: &[Capability]) -> bool {
    wanted.iter().all(|cap| caps::has_cap(None, CapSet::Effective, *cap).unwrap_or(false))
}

/// Looks whether a reload brings the first program that runs as another user to a director that may not do so.
///
/// # Errors
/// The reload brings such a program.
pub(super) fn admit_programs(
    base: &[ServiceHealth],
    wanted: &[ServiceHealth],
    may_change_user: bool,
) -> Result<(), CannotChangeUser> {
    // With programs from the start, what is missing now was never given to it, and a restart would not help.
    if may_change_user || programs(base).next().is_some() {
        return Ok(());
    }
    let other = |program: &Program<'_>| program.script.user.clone().or_else(|| program.script.group.clone());
    match programs(wanted).find_map(|program| Some((program.to_string(), other(&program)?))) {
        Some((program, user)) => Err(CannotChangeUser { program, user }),
        None => Ok(()),
    }
}

/// Groups that FRR's and BIRD's sockets let in.
const BFD_GROUPS: [&str; 2] = ["frrvty", "bird"];

/// Joins the groups that may ask BFD daemons, where a check does: the capability that makes modes of files not count goes.
pub(super) fn join_bfd_groups(declared: &[ServiceHealth]) {
    let servers = declared.iter().flat_map(|health| &health.servers);
    if !servers.flat_map(|server| &server.checks).any(|check| matches!(check.kind, CheckKind::Bfd(_))) {
        return;
    }
    let accounts = Accounts::of_this_host();
    let known = BFD_GROUPS.into_iter().filter_map(|name| accounts.group(name)).map(Gid::from_raw);
    let mut groups: Vec<Gid> = getgroups().unwrap_or_default();
    groups.extend(known);
    if let Err(error) = setgroups(&groups) {
        tracing::debug!(%error, "cannot join the groups of BFD daemons");
    }
}

/// Gives up all capabilities but those needed and `also`.
///
/// # Errors
/// The kernel refuses, which it does for no reason known.
pub(super) fn shed(needed: &[Capability], also: &[Capability]) -> Result<(), CapsError> {
    let wanted: CapsHashSet = needed.iter().chain(also).copied().collect();
    // The bounding set wants a capability to be changed, and matters only where programs are run by a root that has it.
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP)? {
        for gone in caps::read(None, CapSet::Bounding)?.difference(&wanted) {
            caps::drop(None, CapSet::Bounding, *gone)?;
        }
    }
    let kept: CapsHashSet = caps::read(None, CapSet::Permitted)?.intersection(&wanted).copied().collect();
    for set in [CapSet::Effective, CapSet::Permitted, CapSet::Inheritable] {
        let current = caps::read(None, set)?;
        caps::set(None, set, &current.intersection(&kept).copied().collect())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs_config::Config;

    fn health(more: &str) -> Vec<ServiceHealth> {
        let text = format!(
            "[[service]]\naddress = \"10.0.0.1:80\"\n[[service.server]]\naddress = \"10.1.0.1:80\"\n\
             forward = \"masq\"\n{more}"
        );
        Config::parse(&text, std::path::Path::new("typed.toml")).unwrap().declared.health
    }

    #[test]
    fn the_first_program_of_another_user_wants_a_restart() {
        let tcp = health("check = { type = \"tcp\" }\n");
        let own = health("check = { type = \"script\", command = \"/bin/true\" }\n");
        let other = health("check = { type = \"script\", command = \"/bin/true\", user = \"nobody\" }\n");
        let refused = admit_programs(&tcp, &other, false).unwrap_err().to_string();
        assert_eq!(
            refused,
            "the script check of TCP 10.0.0.1:80 -> 10.1.0.1:80 runs as `nobody`, and this director gave up the \
             capabilities for that at its start, since no program was declared: restart it with this file"
        );
        let notified = health(
            "check = { type = \"tcp\" }\nnotify_down = { command = \"/bin/true\", group = \"adm\" }\n",
        );
        let refused = admit_programs(&[], &notified, false).unwrap_err().to_string();
        assert!(
            refused.starts_with("notify_down of TCP 10.0.0.1:80 -> 10.1.0.1:80 runs as `adm`"),
            "{refused}"
        );
        for (base, wanted, may) in [(&tcp, &other, true), (&tcp, &own, false), (&other, &other, false)] {
            assert_eq!(admit_programs(base, wanted, may), Ok(()));
        }
    }
}
