//! State of checks as data, for a director that takes over from this one: nothing is asked anew before it counts, and nobody
//! goes down or comes up by it. Moments are told by how long ago they were, or how far ahead they are, in milliseconds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::weight::WeightChange;
use lvs::Time;
use lvs::director::HandshakeStats;
use lvs::service::{Endpoint, ServerSpec, ServiceKey};

/// One service under checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceState {
    pub service: ServiceKey,
    pub(super) up: bool,
    pub(super) settled: bool,
    pub(super) sorry: Option<ServerSpec>,
    pub(super) servers: Vec<ServerState>,
    pub(super) listens_in: u64,
    pub(super) heard: Vec<HeardState>,
}

/// One server of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ServerState {
    pub(super) server: Endpoint,
    pub(super) spec: Option<ServerSpec>,
    pub(super) put: Option<ServerSpec>,
    pub(super) held: bool,
    pub(super) drained: bool,
    pub(super) up: bool,
    pub(super) since: u64,
    pub(super) grows_since: Option<u64>,
    pub(super) put_share: u32,
    pub(super) suspect: Option<String>,
    pub(super) checks: Vec<CheckRecord>,
}

/// One check of a server, in the order in which they are declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CheckRecord {
    pub(super) kind: String,
    pub(super) up: bool,
    pub(super) weight: Option<WeightChange>,
    pub(super) void: Option<String>,
    pub(super) since: u64,
    pub(super) rounds: u64,
    pub(super) against: u32,
    pub(super) took: Option<Duration>,
    pub(super) last_error: Option<(u64, String)>,
}

/// Traffic of a server, as it was listened to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HeardState {
    pub(super) server: Endpoint,
    pub(super) last: HandshakeStats,
    pub(super) bad: u32,
    pub(super) down_for: Option<u64>,
}

/// Milliseconds from `earlier` to `later`.
pub(super) fn millis(later: Time, earlier: Time) -> u64 {
    u64::try_from(later.since(earlier).as_millis()).unwrap_or(u64::MAX)
}

/// Moment so many milliseconds before `now`; what was before the start of this director's time is told wrongly by it.
pub(super) const fn ago(now: Time, millis: u64) -> Time {
    Time(now.0.saturating_sub(millis))
}
