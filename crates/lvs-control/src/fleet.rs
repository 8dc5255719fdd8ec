//! A director among others, as data: what it announces to routers, and how it retires.

use serde::{Deserialize, Serialize};

use lvs_health::announcer::VipReport;

/// Virtual addresses, and why some are not announced. `docs/json.md` promises its shape.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vips {
    /// The routing table of the announcements, and the interface of its routes.
    pub table: u32,
    pub interface: String,
    /// None: it does not retire.
    pub retiring: Option<Retiring>,
    pub vips: Vec<VipReport>,
}

/// A director that announces nothing any more, and ends when its traffic has gone elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retiring {
    pub since_ms: u64,
    /// Addresses that were announced when it began.
    pub addresses: u64,
    /// Packets of clients a second: in the last second, and before it began.
    pub packets_per_second: u64,
    pub packets_per_second_before: u64,
    /// Time until it ends whatever still comes.
    pub deadline_in_ms: u64,
}
