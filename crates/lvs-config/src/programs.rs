//! Whether a program can be run at all, as the user that it is for: keepalived leaves out a check that cannot be made, since
//! what is wrong on the director says nothing about a server.
//!
//! Looks at files and users of this host, never runs anything. Called by the scripts' probe, and by the readers of files.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid};

use lvs_health::spec::Script;
use lvs_names::accounts::Accounts;

/// Folders in which programs are looked for; nothing else of the director's environment is handed on.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Why a program cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("it names no program")]
    NoCommand,
    #[error("there is no user `{0}`")]
    NoUser(String),
    #[error("there is no group `{0}`")]
    NoGroup(String),
    #[error("user {0} has no line in /etc/passwd, and so no group: name one for it")]
    NoGroupOf(u32),
    #[error("{0}: there is no such program")]
    NotThere(String),
    #[error("{0} is no file that this user may run")]
    NotExecutable(String),
    #[error(
        "{program} runs as root and {place} can be changed by others: give it to root alone, or name a user for it"
    )]
    Insecure { program: String, place: String },
}

/// User and groups that a program runs as; None where they are the director's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub user: Option<Uid>,
    pub group: Option<Gid>,
}

/// # Errors
/// No such user or group exists.
pub fn identity(script: &Script) -> Result<Identity, Unfit> {
    let accounts = Accounts::of_this_host();
    let mut identity = Identity::default();
    if let Some(name) = &script.user {
        let user = accounts.user(name).ok_or_else(|| Unfit::NoUser(name.clone()))?;
        let group = user.gid.map(Gid::from_raw);
        if group.is_none() && script.group.is_none() {
            return Err(Unfit::NoGroupOf(user.uid));
        }
        identity = Identity { user: Some(Uid::from_raw(user.uid)), group };
    }
    if let Some(name) = &script.group {
        let group = accounts.group(name).ok_or_else(|| Unfit::NoGroup(name.clone()))?;
        identity.group = Some(Gid::from_raw(group));
    }
    Ok(identity)
}

/// Whether this host has such a user.
pub(crate) fn has_user(name: &str) -> bool {
    Accounts::of_this_host().user(name).is_some()
}

/// # Errors
/// The program cannot be run, or must not be.
pub fn look(script: &Script) -> Result<(), Unfit> {
    let name = script.command.first().filter(|name| !name.is_empty()).ok_or(Unfit::NoCommand)?;
    let identity = identity(script)?;
    let places: Vec<PathBuf> = match name.contains('/') {
        true => vec![PathBuf::from(name)],
        false => PATH.split(':').map(|folder| Path::new(folder).join(name)).collect(),
    };
    let mut found = None;
    for place in places {
        match fs::metadata(&place) {
            Ok(metadata) if is_executable(&metadata, identity) => {
                return if script.script_security && identity.is_root() {
                    secure(name, &place)
                } else {
                    Ok(())
                };
            }
            Ok(_) => found = Some(Unfit::NotExecutable(name.clone())),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            // The user that it is for may see more than the director.
            Err(_) => return Ok(()),
        }
    }
    Err(found.unwrap_or_else(|| Unfit::NotThere(name.clone())))
}

impl Identity {
    fn is_root(self) -> bool {
        self.user.unwrap_or_else(Uid::effective).is_root()
            || self.group.is_some_and(|group| group.as_raw() == 0)
    }
}

/// Checks the real place of a program and all folders above it, as keepalived's `check_security` does.
fn secure(program: &str, place: &Path) -> Result<(), Unfit> {
    let insecure =
        |place: &Path| Unfit::Insecure { program: program.to_owned(), place: place.display().to_string() };
    let real = place.canonicalize().map_err(|_| insecure(place))?;
    let changeable = |place: &&Path| {
        fs::symlink_metadata(place)
            .map_or(true, |found| is_changeable(found.is_dir(), (found.uid(), found.gid()), found.mode()))
    };
    real.ancestors().find(changeable).map_or(Ok(()), |place| Err(insecure(place)))
}

/// Whether another than root may put something else there. Nobody may in a folder whose sticky bit is set.
const fn is_changeable(is_dir: bool, (uid, gid): (u32, u32), mode: u32) -> bool {
    let is_sticky = is_dir && mode & 0o1000 != 0;
    uid != 0 || (!is_sticky && ((gid != 0 && mode & 0o020 != 0) || mode & 0o002 != 0))
}

fn is_executable(file: &Metadata, identity: Identity) -> bool {
    let user = identity.user.unwrap_or_else(Uid::effective).as_raw();
    let group = identity.group.unwrap_or_else(Gid::effective).as_raw();
    let bit = match () {
        () if user == 0 => 0o111,
        () if user == file.uid() => 0o100,
        () if group == file.gid() => 0o010,
        () => 0o001,
    };
    file.is_file() && file.permissions().mode() & bit != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(program: &str) -> Script {
        Script::new(vec![program.to_owned(), "argument".to_owned()])
    }

    #[test]
    fn programs_users_and_groups_must_be_there() {
        assert_eq!(look(&script("/bin/sh")), Ok(()));
        assert_eq!(look(&script("sh")), Ok(()));
        assert_eq!(look(&script("")), Err(Unfit::NoCommand));
        assert_eq!(look(&script("/nowhere/x")), Err(Unfit::NotThere("/nowhere/x".to_owned())));
        assert_eq!(look(&script("/etc/passwd/x")), Err(Unfit::NotThere("/etc/passwd/x".to_owned())));
        assert_eq!(look(&script("no-such-program")), Err(Unfit::NotThere("no-such-program".to_owned())));
        assert_eq!(look(&script("/etc/passwd")), Err(Unfit::NotExecutable("/etc/passwd".to_owned())));
        assert_eq!(look(&script("/etc")), Err(Unfit::NotExecutable("/etc".to_owned())));
        let other = |user: &str, group: Option<&str>| {
            let group = group.map(str::to_owned);
            look(&Script { user: Some(user.to_owned()), group, ..script("/bin/sh") })
        };
        assert_eq!(other("root", None), Ok(()));
        assert_eq!(other("nobody-here", None), Err(Unfit::NoUser("nobody-here".to_owned())));
        assert_eq!(other("root", Some("none-here")), Err(Unfit::NoGroup("none-here".to_owned())));
        assert_eq!(other("0", Some("0")), Ok(()));
        assert_eq!(other("4000000000", Some("65534")), Ok(()));
        assert_eq!(other("4000000000", None), Err(Unfit::NoGroupOf(4_000_000_000)));
    }

    #[test]
    fn a_file_that_another_user_may_not_run_is_unfit_for_that_user() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        let own = script(path.to_str().unwrap());
        assert_eq!(look(&own), Ok(()));
        let other = Script { user: Some("daemon".to_owned()), ..own };
        assert!(matches!(look(&other), Err(Unfit::NotExecutable(_))));
    }

    #[test]
    fn who_can_change_a_place_is_told_as_keepalived_does() {
        const DIR: bool = true;
        const FILE: bool = false;
        // keepalived 2.2.7: the group root may write, and so may all beside the files of a sticky folder.
        for (is_dir, uid, gid, mode) in [
            (FILE, 0, 0, 0o755),
            (FILE, 0, 0, 0o775),
            (DIR, 0, 0, 0o1777),
            (DIR, 0, 7, 0o1775),
            (DIR, 0, 7, 0o755),
        ] {
            assert!(!is_changeable(is_dir, (uid, gid), mode), "{uid} {gid} {mode:o}");
        }
        for (is_dir, uid, gid, mode) in [
            (FILE, 65_534, 0, 0o755),
            (DIR, 65_534, 0, 0o1755),
            (FILE, 0, 0, 0o757),
            (FILE, 0, 7, 0o775),
            (FILE, 0, 0, 0o1757),
            (DIR, 0, 0, 0o777),
        ] {
            assert!(is_changeable(is_dir, (uid, gid), mode), "{uid} {gid} {mode:o}");
        }
    }

    #[test]
    fn with_script_security_root_runs_only_what_is_out_of_reach_of_others() {
        let dir = tempfile::tempdir().unwrap();
        let open = dir.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        let (program, link) = (open.join("x"), open.join("sh"));
        fs::write(&program, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("/bin/sh", &link).unwrap();
        let as_user = |program: &Path, user: &str, script_security| {
            let user = Some(user.to_owned());
            look(&Script { user, script_security, ..script(program.to_str().unwrap()) })
        };
        assert_eq!(as_user(&program, "root", false), Ok(()));
        let refused = as_user(&program, "root", true).unwrap_err();
        assert!(refused.to_string().contains("runs as root and"), "{refused}");
        // The place that it leads to counts, whoever made the link.
        assert_eq!(as_user(&link, "root", true), Ok(()));
    }
}
