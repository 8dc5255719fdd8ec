//! Segments that tell the ends of connections, and wait to be sent.

use crate::conn::Connection;
use crate::service::Endpoint;

/// Segments that are still to be sent.
#[derive(Debug, Default)]
pub(in crate::director) struct ResetQueue {
    /// The connection that is being told of, and how many packets it took so far: one for all places at the client, then one
    /// for each place at its server.
    pub(in crate::director) under_way: Option<(Connection, usize)>,
    /// Virtual and client ends to be asked for their numbers.
    pub(in crate::director) questions: Vec<(Endpoint, Endpoint)>,
}
