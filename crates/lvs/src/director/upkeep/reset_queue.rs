//! Segments that tell the ends of connections, and wait to be sent.

use crate::conn::Connection;
use lvs_wire::make::Ends;

/// Segments that are still to be sent.
#[derive(Debug, Default)]
pub(in crate::director) struct ResetQueue {
    pub(in crate::director) under_way: Option<HalfTold>,
    /// Ends of questions to clients for their numbers.
    pub(in crate::director) questions: Vec<Ends>,
}

/// Connection whose ends are being told.
#[derive(Debug)]
pub(in crate::director) struct HalfTold {
    pub(in crate::director) conn: Connection,
    /// Packets that it took so far: one for all places at the client, then one for each place at its server.
    pub(in crate::director) packets: usize,
}
