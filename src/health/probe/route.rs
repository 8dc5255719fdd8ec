//! Checks that ask the virtual address by way of one server: the director pins their flows to it.
//!
//! Owns what a pinned flow needs: an address that the server's answers come to, and its end. Used by the
//! probes' sockets.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use parking_lot::Mutex;

use super::ProbeError;
use lvs::Time;
use lvs::director::{Director, PinnedFlow};
use lvs::service::{Endpoint, Forwarding, Protocol};
use lvs_health::spec::{Check, Target};
use lvs_health::state::CheckId;

/// The director, and its time.
#[derive(Clone)]
pub(in crate::health) struct DirectorHandle {
    pub(in crate::health) director: Arc<Director>,
    pub(in crate::health) clock: Arc<dyn Fn() -> Time + Send + Sync>,
}

impl fmt::Debug for DirectorHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectorHandle").finish_non_exhaustive()
    }
}

/// Way of the sockets of one attempt to what they ask.
pub(super) struct ProbeRoute<'a> {
    pub(super) target: &'a Target,
    handle: &'a DirectorHandle,
    server: IpAddr,
    /// Flows that are pinned until the attempt is over.
    pins: Mutex<Vec<PinGuard>>,
}

impl<'a> ProbeRoute<'a> {
    pub(super) fn new(check: &'a Check, id: &CheckId, handle: &'a DirectorHandle) -> Self {
        Self { target: &check.target, handle, server: id.server.addr, pins: Mutex::default() }
    }

    /// Address that a pinned flow leaves from: the one that the server would answer, where none is said.
    pub(super) fn source(&self, to: SocketAddr) -> Result<IpAddr, ProbeError> {
        let reached = || self.handle.director.source_to(self.server);
        let source = self.target.bind_ip.or_else(|| reached().filter(|from| from.is_ipv4() == to.is_ipv4()));
        source.ok_or(ProbeError::NoSource(self.server))
    }

    /// Has the director send what goes from one end to the other to the server that is asked.
    pub(super) fn pin(
        &self,
        protocol: Protocol,
        forwarding: Forwarding,
        from: SocketAddr,
        to: SocketAddr,
    ) -> Result<(), ProbeError> {
        let end = |at: SocketAddr| Endpoint::new(at.ip(), at.port());
        let flow = PinnedFlow { protocol, from: end(from), to: end(to) };
        self.handle
            .director
            .pin(&flow, self.server, forwarding, (self.handle.clock)())
            .map_err(|reason| ProbeError::NotPinned(reason.name()))?;
        self.pins.lock().push(PinGuard { handle: self.handle.clone(), flow });
        Ok(())
    }
}

/// Unpins the flow when it is dropped.
struct PinGuard {
    handle: DirectorHandle,
    flow: PinnedFlow,
}

impl Drop for PinGuard {
    fn drop(&mut self) {
        self.handle.director.unpin(&self.flow, (self.handle.clock)());
    }
}
