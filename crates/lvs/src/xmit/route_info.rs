//! Inputs of a transmission beside the packet: the route to the server, and how an outer packet is cut.

use std::net::IpAddr;

/// The director's knowledge of the route to a server.
#[derive(Clone, Copy, Debug)]
pub struct RouteInfo {
    /// The host's own address on that route.
    pub source: Option<IpAddr>,
    /// The server is this host.
    pub is_local: bool,
    /// Outer packets may not be cut when the inner may not (`pmtu_disc`).
    pub pmtu_discovery: bool,
    /// Identification of the outer packet.
    pub id: u16,
}

/// How an outer packet is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// Length of the longest.
    pub longest: usize,
    /// Of IPv6; those of IPv4 have that of the whole packet.
    pub id: u32,
}
