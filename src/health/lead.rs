//! Checks that ask the virtual address by way of one server: the director leads their flows there.
//!
//! Owns what a led flow needs: an address that the server's answers come to, and the end of the leading. Used by the
//! probes' sockets.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use parking_lot::Mutex;

use super::probe::ProbeError;
use lvs::Time;
use lvs::director::{Director, Led};
use lvs::service::{Endpoint, Forwarding, Protocol};
use lvs_health::spec::{Check, Target};
use lvs_health::state::CheckId;

/// The director, and its time.
#[derive(Clone)]
pub(super) struct Leader {
    pub(super) director: Arc<Director>,
    pub(super) clock: Arc<dyn Fn() -> Time + Send + Sync>,
}

impl fmt::Debug for Leader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leader").finish_non_exhaustive()
    }
}

/// How the sockets of one attempt reach what they ask.
pub(super) struct Way<'a> {
    pub(super) target: &'a Target,
    leader: &'a Leader,
    server: IpAddr,
    /// Flows that are led, until the attempt is over.
    led: Mutex<Vec<Release>>,
}

impl<'a> Way<'a> {
    pub(super) fn new(check: &'a Check, id: &CheckId, leader: &'a Leader) -> Self {
        Self { target: &check.target, leader, server: id.server.addr, led: Mutex::default() }
    }

    /// The address that what is led leaves from: the one that the server would answer, where none is said.
    pub(super) fn source(&self, to: SocketAddr) -> Result<IpAddr, ProbeError> {
        let reached = || self.leader.director.source_to(self.server);
        let source = self.target.bind_ip.or_else(|| reached().filter(|from| from.is_ipv4() == to.is_ipv4()));
        source.ok_or(ProbeError::NoSource(self.server))
    }

    /// From here on what goes from one end to the other goes to the server that is asked.
    pub(super) fn lead(
        &self,
        (protocol, forwarding): (Protocol, Forwarding),
        from: SocketAddr,
        to: SocketAddr,
    ) -> Result<(), ProbeError> {
        let end = |at: SocketAddr| Endpoint::new(at.ip(), at.port());
        let led = Led { protocol, from: end(from), to: end(to) };
        self.led.lock().push(Release::of(self.leader, led, (self.server, forwarding))?);
        Ok(())
    }
}

/// Ends the leading of a flow when it is dropped.
struct Release {
    leader: Leader,
    led: Led,
}

impl Release {
    fn of(leader: &Leader, led: Led, to: (IpAddr, Forwarding)) -> Result<Self, ProbeError> {
        leader
            .director
            .lead(&led, to, (leader.clock)())
            .map_err(|reason| ProbeError::NotLed(reason.name()))?;
        Ok(Self { leader: leader.clone(), led })
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        self.leader.director.release(&self.led, (self.leader.clock)());
    }
}
