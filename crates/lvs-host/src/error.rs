//! Errors between the director and its host. Every message names the value and says what to do.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use super::change::text::dotted;
use lvs::service::Family;

#[derive(Debug, thiserror::Error)]
pub enum HostError {
    #[error("cannot {doing}: {source}")]
    Netlink { doing: &'static str, source: io::Error },
    #[error("changing the network needs CAP_NET_ADMIN: `{step}` was refused")]
    NotPermitted { step: String },
    #[error("`{step}` failed: {source}")]
    Step { step: String, source: io::Error },
    #[error(
        "cannot set {key} to {value}: {source}; set it on the host or where the container is started (--sysctl {}={value})",
        at_start(key)
    )]
    Sysctl { key: String, value: String, source: io::Error },
    #[error("no {} rule looks up the table local: put `ip {} rule add pref 0 lookup local` back", name(.family), flag(.family))]
    NoLocalRule { family: Family },
    #[error(
        "another tunvs holds the {} policy rules of this network namespace: stop it first, or undo what it left \
         with `tunvs cleanup`",
        name(.family)
    )]
    RulesTaken { family: Family },
    #[error(
        "the {} policy rule `{rule}` leaves no room between it and `lookup local`: move it to preference {first_free} or above",
        name(.family)
    )]
    NoRoom { family: Family, pref: u32, rule: String, first_free: u32 },
    #[error("no two free routing tables from {base} on: choose another base")]
    NoTable { base: u32 },
    #[error("this host has no {}: {needed_for} needs it", name(.family))]
    NoFamily { family: Family, needed_for: String },
    #[error(
        "{addr} of --laddr-net {net} is an address of this host: give a subnet that nobody has an address of, or none to use the host's own"
    )]
    LaddrInUse { net: IpNet, addr: IpAddr },
    #[error(
        "the virtual address {addr} is on {dev}, which answers for it to its neighbours: take it away there (`ip addr del {addr} dev {dev}`), it will be on lo"
    )]
    VirtualAnswered { addr: IpAddr, dev: String },
    #[error(
        "/proc is not mounted here, by which settings of the host are read and set: run `mount -t proc proc /proc`"
    )]
    NoProc,
    #[error("there is no TUN device {0}")]
    NoTun(String),
    #[error("another director holds {}: stop it first", .0.display())]
    JournalHeld(PathBuf),
    #[error("{} belongs to another network namespace: run the clean-up there", .0.display())]
    JournalElsewhere(PathBuf),
    #[error(
        "{} does not say what a director changed on this host ({source}): move it aside, look with `ip rule` and `ip link` for what is \
         left (protocol 151, tunvs-*), and take that away",
        path.display()
    )]
    JournalDamaged { path: PathBuf, source: io::Error },
    #[error("cannot {doing} {}: {source}", path.display())]
    Journal { doing: &'static str, path: PathBuf, source: io::Error },
    #[error(
        "no packet can pass here: {}, and /proc/sys is read-only: start the container with `docker run {}` \
         (and with --tmpfs /run/tunvs if it is --read-only)",
        said(.0), options(.0)
    )]
    CannotForward(Vec<WrongSetting>),
    #[error("packets are not let through: {0}; run `sysctl -w {set}`", set = set(.0))]
    Blocked(WrongSetting),
    #[error("the director is stopping: the host follows no more")]
    Stopping,
    #[error("what was made on the host is still there after its undoing: run `{undo}`")]
    StillThere { undo: String },
    #[error("{}", list(.0))]
    Several(Vec<Self>),
}

/// A setting that is not as packets need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongSetting {
    /// In slash form.
    pub key: String,
    pub is: String,
    pub wanted: &'static str,
}

impl Display for WrongSetting {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", dotted(&self.key), self.is)
    }
}

fn set(setting: &WrongSetting) -> String {
    format!("{}={}", dotted(&setting.key), setting.wanted)
}

fn said(all: &[WrongSetting]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<String>>().join(", ")
}

fn options(all: &[WrongSetting]) -> String {
    let option = |setting: &WrongSetting| format!("--sysctl {}", set(setting));
    all.iter().map(option).collect::<Vec<String>>().join(" ")
}

impl HostError {
    /// The thing was not there to be taken away, or is there already to be put back.
    pub(super) fn is_moot(&self) -> bool {
        let (Self::Step { source, .. } | Self::Sysctl { source, .. }) = self else { return false };
        matches!(
            source.raw_os_error(),
            Some(
                libc::ENOENT | libc::ESRCH | libc::ENODEV | libc::ENXIO | libc::EADDRNOTAVAIL | libc::EEXIST
            )
        )
    }

    /// One error for many; none for none.
    pub(super) fn from_all(mut errors: Vec<Self>) -> Result<(), Self> {
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(Self::Several(errors)),
        }
    }
}

const fn name(family: &Family) -> &'static str {
    match family {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    }
}

const fn flag(family: &Family) -> &'static str {
    match family {
        Family::V4 => "-4",
        Family::V6 => "-6",
    }
}

fn list(errors: &[HostError]) -> String {
    const SHOWN: usize = 5;
    let mut text: Vec<String> = errors.iter().take(SHOWN).map(HostError::to_string).collect();
    if errors.len() > SHOWN {
        text.push(format!("and {} more", errors.len() - SHOWN));
    }
    text.join("; ")
}

/// An error of the kernel about `doing`.
pub(super) fn netlink_error(doing: &'static str, error: rtnetlink::Error) -> HostError {
    let source = match error {
        rtnetlink::Error::NetlinkError(message) => message.to_io(),
        other => io::Error::other(other),
    };
    HostError::Netlink { doing, source }
}

/// Name of a setting where a container is started, which has no interface of ours then: new ones have what is the default.
fn at_start(key: &str) -> String {
    let of_start =
        |part: &str| if part.starts_with("tunvs-") { "default".to_owned() } else { part.to_owned() };
    key.split('.').map(of_start).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_told_a_setting_that_it_can_be_started_with() {
        let said = |key: &str| {
            let source = io::Error::from_raw_os_error(libc::EROFS);
            HostError::Sysctl { key: key.to_owned(), value: "1".to_owned(), source }.to_string()
        };
        let own = said("net.ipv4.conf.tunvs-vip.accept_local");
        assert!(own.starts_with("cannot set net.ipv4.conf.tunvs-vip.accept_local to 1"), "{own}");
        assert!(own.ends_with("(--sysctl net.ipv4.conf.default.accept_local=1)"), "{own}");
        assert!(
            said("net.ipv4.conf.eth0.accept_local").ends_with("(--sysctl net.ipv4.conf.eth0.accept_local=1)")
        );
    }

    #[test]
    fn a_setting_of_an_interface_that_is_gone_needs_no_undoing() {
        let error = |errno| HostError::Sysctl {
            key: "net.ipv4.conf.tunvs-m7.forwarding".to_owned(),
            value: "0".to_owned(),
            source: io::Error::from_raw_os_error(errno),
        };
        assert!(error(libc::ENOENT).is_moot());
        assert!(!error(libc::EROFS).is_moot());
    }
}
