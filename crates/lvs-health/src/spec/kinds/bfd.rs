//! A session of BFD that a daemon of this host has.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use lvs::service::Endpoint;

/// Daemons that know of BFD sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BfdSource {
    /// Whoever of the others is there, at its usual place.
    #[default]
    Any,
    /// FRR's `bfdd`, by its socket.
    Frr(PathBuf),
    /// BIRD, by its control socket.
    Bird(PathBuf),
    /// keepalived's BFD process, by the file that it writes on SIGUSR1.
    Keepalived(PathBuf),
}

impl BfdSource {
    pub const FRR: &str = "/run/frr/bfdd.vty";
    pub const BIRD: &str = "/run/bird/bird.ctl";
    pub const KEEPALIVED: &str = "/tmp/keepalived_bfd.data";
}

impl Kind for BfdSource {
    fn asks_a_port(&self) -> bool {
        false
    }

    fn asked(&self, at: Endpoint) -> String {
        at.addr.to_string()
    }
}
