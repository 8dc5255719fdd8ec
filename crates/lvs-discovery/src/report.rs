//! How it stands with sources, for those who ask. Plain data; `docs/json.md` shows it.

use serde::{Deserialize, Serialize};

use lvs::service::ServiceKey;
use lvs_events::json;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceReport {
    #[serde(with = "json::service")]
    pub service: ServiceKey,
    pub source: String,
    /// Servers of it that are to be in the table.
    pub servers: u64,
    /// Servers of it that are being drained.
    pub draining: u64,
    /// Seconds since it last said something that counts; None: not since the start.
    pub heard_secs_ago: Option<u64>,
    /// Why it says nothing at present; its last servers stay.
    pub trouble: Option<String>,
    /// Servers that it told of and that cannot be taken.
    pub left_out: Vec<String>,
}
