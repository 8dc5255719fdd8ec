//! The interface of schedulers: what they are asked, and what several of them measure servers by.

use std::cmp::Reverse;
use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::service::{Endpoint, RealServer, SchedulerFlags};
use crate::time::Time;

/// The connection that needs a server.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    pub client: Endpoint,
    pub virt: Endpoint,
    pub flags: SchedulerFlags,
    pub now: Time,
    /// Random bits for this one decision.
    pub draw: u64,
    pub expirations: Expirations,
}

/// How long lblc and lblcr remember an address that is not used, and lblcr a set that does not change
/// (`lblc_expiration`, `lblcr_expiration`).
#[derive(Clone, Copy, Debug)]
pub struct Expirations {
    pub lblc: Duration,
    pub lblcr: Duration,
}

impl Default for Expirations {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 60 * 60);
        Self { lblc: day, lblcr: day }
    }
}

/// Change of the list of servers; the index is into the list as it is after an addition or edit, and
/// as it was before a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerChange {
    /// A server was put at the head.
    Added,
    Edited(usize),
    Removed(usize),
}

/// Copies with all that was remembered, for a decision that is only tried.
pub trait Fork {
    fn fork(&self) -> Box<dyn Scheduler>;
}

impl<S: Scheduler + Clone + 'static> Fork for S {
    fn fork(&self) -> Box<dyn Scheduler> {
        Box::new(self.clone())
    }
}

/// How a scheduler comes to its choice, which says how another server is found in place of the chosen one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchedulerClass {
    /// Goes on to the next server when asked again.
    RoundRobin { weighted: bool },
    /// Chooses by the client's or the virtual address.
    Hash,
    /// Remembers the server of each virtual address.
    Locality,
    /// Chooses by the servers alone, and chooses the same when asked again.
    Load { weighted: bool },
}

/// Place of a scheduler that goes round its servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The server that was chosen last.
    pub last: Option<usize>,
    /// The least weight of its turn, where it goes by that.
    pub weight: i64,
}

/// Servers of a virtual address, as a scheduler remembers them.
#[derive(Clone, Debug)]
pub struct Remembered {
    pub addr: IpAddr,
    /// Newest first.
    pub servers: Vec<Arc<RealServer>>,
    pub last_use: Time,
    pub changed: Time,
}

pub trait Scheduler: Debug + Fork + Send {
    fn class(&self) -> SchedulerClass;

    /// The index of the chosen server; None when nobody can take the connection.
    fn schedule(&mut self, servers: &[Arc<RealServer>], flow: &Flow) -> Option<usize>;

    /// `servers` is the list after the change.
    fn servers_changed(&mut self, servers: &[Arc<RealServer>], change: ServerChange) {
        let _ = (servers, change);
    }

    /// Returns its place, if its next choice depends on that and on nothing else that the servers do not tell.
    fn cursor(&self) -> Option<Cursor> {
        None
    }

    /// Goes on from there.
    fn resume(&mut self, cursor: Cursor) {
        let _ = cursor;
    }

    /// Everything that it remembers of virtual addresses.
    fn remembered(&self) -> Vec<Remembered> {
        Vec::new()
    }

    /// Remembers that too.
    fn remember(&mut self, remembered: Remembered) {
        let _ = remembered;
    }
}

/// Not overloaded and not quiesced.
pub(super) fn is_usable(server: &RealServer) -> bool {
    !server.is_overloaded() && !server.is_quiesced()
}

/// Load in the measure of lc and wlc: an active connection weighs as much as 256 inactive ones.
pub(super) fn overhead(server: &RealServer) -> u64 {
    u64::from(server.active_conns()) * 256 + u64::from(server.inactive_conns())
}

/// More active connections than its weight, while another server has less than half of its own (lblc, lblcr).
pub(super) fn is_outweighed(server: &RealServer, servers: &[Arc<RealServer>]) -> bool {
    let is_half_idle = |server: &Arc<RealServer>| u64::from(server.active_conns()) * 2 < weight(server);
    u64::from(server.active_conns()) > weight(server) && servers.iter().any(is_half_idle)
}

/// Load in the measure of sed and nq: what a new connection would find.
pub(super) fn expected_delay(server: &RealServer) -> u64 {
    u64::from(server.active_conns()) + 1
}

pub(super) fn weight(server: &RealServer) -> u64 {
    u64::from(server.weight().max(0).unsigned_abs())
}

/// The first server with the least `load / weight`, among those that `is_candidate`.
pub(super) fn least_loaded(
    servers: &[Arc<RealServer>],
    is_candidate: impl Fn(&RealServer) -> bool,
    load: impl Fn(&RealServer) -> u64,
) -> Option<usize> {
    let mut best: Option<(usize, u64, u64)> = None;
    for (at, server) in servers.iter().enumerate() {
        if !is_candidate(server) {
            continue;
        }
        let (load, weight) = (load(server), weight(server));
        match best {
            Some((_, best_load, best_weight))
                if u128::from(best_load) * u128::from(weight)
                    <= u128::from(load) * u128::from(best_weight) => {}
            _ => best = Some((at, load, weight)),
        }
    }
    best.map(|(at, _, _)| at)
}

/// The first server with the highest weight, among those that `is_candidate`.
pub(super) fn heaviest(
    servers: &[Arc<RealServer>],
    is_candidate: impl Fn(&RealServer) -> bool,
) -> Option<usize> {
    let candidates = servers.iter().enumerate().filter(|(_, server)| is_candidate(server));
    candidates.min_by_key(|(_, server)| Reverse(weight(server))).map(|(at, _)| at)
}

pub(super) const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
