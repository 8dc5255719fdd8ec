//! Reasons for which the demo ends early.

use std::io;

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(
        "cannot open /dev/net/tun ({0}): load the module `tun`, or let this user read and write the device"
    )]
    Tun(#[source] io::Error),
    #[error(
        "cannot make network namespaces ({0}): run this as root, or allow user namespaces \
         (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns)"
    )]
    Namespace(#[source] io::Error),
    #[error("cannot {doing}: {source}")]
    Netlink { doing: String, source: rtnetlink::Error },
    #[error(
        "cannot make {path}, for the socket and the log of its director; name another folder with TMPDIR"
    )]
    Scratch { path: String, source: io::Error },
    #[error("cannot {doing}: {source}")]
    Io { doing: String, source: io::Error },
    #[error("the director did not start within {0} s:\n{1}")]
    NotReady(u64, String),
    #[error("interrupted")]
    Interrupted,
    #[error("{0} of the answers differ from what they should be")]
    Differs(usize),
}

impl DemoError {
    pub(super) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing: doing.into(), source }
    }

    pub(super) fn netlink(doing: impl Into<String>) -> impl FnOnce(rtnetlink::Error) -> Self {
        move |source| Self::Netlink { doing: doing.into(), source }
    }
}
