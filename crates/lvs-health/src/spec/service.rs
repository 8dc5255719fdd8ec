//! Health of one virtual service: when it counts as up, what takes its place, and the checks of its servers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::check::Check;
use super::script::Script;
use lvs::service::{Endpoint, ServerSpec, ServiceKey};

/// The checks of one virtual service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceHealth {
    pub service: ServiceKey,
    pub policy: ServicePolicy,
    pub servers: Vec<ServerHealth>,
}

impl ServiceHealth {
    /// A service without checks.
    pub fn nothing(service: ServiceKey) -> Self {
        Self { service, policy: ServicePolicy::default(), servers: Vec::new() }
    }

    /// Whether there is anything to check, and anything that follows.
    pub fn looks_after_anything(&self) -> bool {
        let policy = &self.policy;
        let has_scripts = policy.quorum_up.is_some() || policy.quorum_down.is_some();
        let is_plain = |server: &ServerHealth| server.checks.is_empty() && server.slow_start.is_zero();
        has_scripts
            || policy.sorry.is_some()
            || policy.passive.is_some()
            || policy.announce.is_some()
            || !self.servers.iter().all(is_plain)
    }
}

/// Consequences of how many servers of a service are well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePolicy {
    /// Servers with checks begin as down, and come in with their first good round.
    pub alpha: bool,
    /// At the end of the director, run the scripts of what goes down with it.
    pub omega: bool,
    /// Sum of the weights of servers that are up, from which the service counts as up.
    pub quorum: u32,
    /// The service comes up at `quorum + hysteresis` and goes down below `quorum - hysteresis`.
    pub hysteresis: u32,
    pub quorum_up: Option<Script>,
    pub quorum_down: Option<Script>,
    /// Takes the clients while there is no quorum; the servers that are still up leave in its favour.
    pub sorry: Option<SorryServer>,
    pub passive: Option<Passive>,
    /// Announces the virtual address to routers while the service is fit; None: as the director does it with all.
    #[serde(default)]
    pub announce: Option<bool>,
    /// Counts the service as fit, too, while the sorry server serves.
    #[serde(default)]
    pub announce_sorry: bool,
}

impl Default for ServicePolicy {
    fn default() -> Self {
        Self {
            alpha: false,
            omega: false,
            quorum: 1,
            hysteresis: 0,
            quorum_up: None,
            quorum_down: None,
            sorry: None,
            passive: None,
            announce: None,
            announce_sorry: false,
        }
    }
}

/// A server that is declared here only, not among the servers of the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SorryServer {
    pub server: ServerSpec,
    /// Stays in the table with weight 0 while it is not needed, so that its connections go on.
    pub inhibit: bool,
}

/// Signs of trouble in the traffic itself, of servers whose answers come by the director (not with direct routing
/// and tunnels). A server that shows them is down for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passive {
    pub interval: Duration,
    /// Fewer new connections in an interval say nothing.
    pub min_connections: u32,
    /// Percent of new TCP connections that the server did not answer; 0 does not look at it.
    pub unanswered: u8,
    /// Percent of new TCP connections that the server refused with RST; 0 does not look at it.
    pub refused: u8,
    /// Bad intervals in a row until it is down.
    pub fall: u32,
    /// How long it stays down before it is tried again.
    pub hold_down: Duration,
}

impl Default for Passive {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(2),
            min_connections: 10,
            unanswered: 50,
            refused: 50,
            fall: 2,
            hold_down: Duration::from_secs(30),
        }
    }
}

/// The checks of one real server. It is up when all of them are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerHealth {
    /// The place of the server in its service's list.
    pub server: Endpoint,
    pub on_failure: OnFailure,
    pub notify_up: Option<Script>,
    pub notify_down: Option<Script>,
    /// Time in which its share of new connections grows to all that is fair for it after the server came up; zero gives
    /// it at once.
    pub slow_start: Duration,
    pub checks: Vec<Check>,
}

impl ServerHealth {
    /// A server without checks.
    pub const fn new(server: Endpoint) -> Self {
        Self {
            server,
            on_failure: OnFailure::Remove,
            notify_up: None,
            notify_down: None,
            slow_start: Duration::ZERO,
            checks: Vec::new(),
        }
    }
}

/// The fate of a server that is down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The server leaves the table, as with keepalived.
    #[default]
    Remove,
    /// Sets the weight to 0 (`inhibit_on_failure`).
    Quiesce,
}
