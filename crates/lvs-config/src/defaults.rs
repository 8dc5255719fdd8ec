//! Defaults of a director whose file and command line say nothing.

/// Drops of one kind a second from which on it is told.
pub const DROP_ALARM: u64 = 100;

/// Connections that go by the fast path at most.
pub const FAST_PATH_CONNS: u32 = 65_536;

/// Lines of the flow log a second.
pub const FLOW_RATE: u32 = 10_000;

/// Time series that the metrics may have.
pub const METRICS_SERIES: usize = 20_000;

/// Routing table of announcements: a number that every routing daemon can name.
pub const ANNOUNCE_TABLE: u32 = 151;
