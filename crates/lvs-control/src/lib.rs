//! The control socket: how tools reach a running director.
//!
//! Owns the messages ([`protocol`]), the blocking [`Client`] for tools, the socket file ([`socket`]) and the
//! [`server`] that answers. Never decides anything about services: requests are handed to a [`Service`].
//! Called by the command line (client) and the daemon (server). Same job as the setsockopt and generic-netlink
//! halves of `ip_vs_ctl.c`.
#![forbid(unsafe_code)]

pub mod capture;
pub mod client;
pub mod events;
pub mod fleet;
pub mod flow_log;
mod interface;
pub mod protocol;
pub mod reload;
pub mod server;
pub mod service;
pub mod socket;
pub mod status;
pub mod stream;
#[cfg(test)]
mod tests;
pub mod upgrade;

use std::path::{Path, PathBuf};

pub use client::{Client, ClientError};
pub use fleet::{Retiring, Vips};
pub use ipvsadm::Applied;
pub use protocol::{Counter, OnError, Refusal, Request, Response};
pub use reload::{ReloadRefusal, ReloadRequest, Reloaded, Snapshot};
pub use service::{Bare, Service};
pub use status::Status;
pub use stream::{Part, StreamRequest};
pub use upgrade::{UpgradeRefusal, Upgraded};

/// Path of the control socket when nobody says otherwise.
pub const DEFAULT_SOCKET: &str = "/run/tunvs/control.sock";

/// Path of a real server's control socket.
pub const REAL_SERVER_SOCKET: &str = "/run/tunvs/real-server.sock";

/// The environment variable that says otherwise, to director and tools alike.
pub const SOCKET_VARIABLE: &str = "TUNVS_SOCKET";

/// The socket to use: the one given, else that of the environment, else the default.
pub fn socket_path(given: Option<&Path>) -> PathBuf {
    if let Some(path) = given {
        return path.to_owned();
    }
    match std::env::var_os(SOCKET_VARIABLE) {
        Some(path) if !path.is_empty() => PathBuf::from(path),
        _ => PathBuf::from(DEFAULT_SOCKET),
    }
}
