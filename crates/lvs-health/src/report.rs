//! How it stands with services, servers and checks, for those who ask. Plain data; `docs/json.md` shows it.

use serde::{Deserialize, Serialize};

use lvs::service::{Endpoint, ServiceKey};
use lvs_events::json;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceReport {
    #[serde(with = "json::service")]
    pub service: ServiceKey,
    /// Quorum is reached.
    pub up: bool,
    /// Sum of the weights of the servers that are up and not drained.
    pub weight_up: i64,
    pub quorum: u32,
    /// The sorry server takes the clients.
    pub sorry: bool,
    pub servers: Vec<ServerReport>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerReport {
    #[serde(with = "json::end")]
    pub server: Endpoint,
    pub up: bool,
    /// Seconds since it came up or went down.
    pub since_secs: u64,
    /// None: checks, or somebody by hand, took it out of the table.
    pub weight: Option<i32>,
    /// The weight that it has when it is well; None when somebody removed it by hand.
    pub full_weight: Option<i32>,
    /// The server gets no new connections until `tunvs undrain`.
    pub drained: bool,
    /// Percent that the server gets of the new connections that are fair for it; less than 100 during a slow start.
    pub share_percent: u32,
    pub checks: Vec<CheckReport>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    pub kind: String,
    /// Address that is asked, or program that is run.
    pub target: String,
    pub up: bool,
    /// Seconds in this state.
    pub since_secs: u64,
    pub rounds: u64,
    /// Results in a row that speak against the present state.
    pub against: u32,
    /// Milliseconds that the last round took; None before the first.
    pub took_ms: Option<u64>,
    /// Why the check itself cannot be made at present; it says nothing of its server then.
    pub void: Option<String>,
    pub last_error: Option<String>,
    /// Seconds since that error.
    pub error_secs_ago: Option<u64>,
}
