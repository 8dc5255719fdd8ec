//! Flows that are pinned to a real server beside the tables: a health check asks the virtual address, and its packets go
//! to the one server that is asked, by that server's forwarding method, whether the server is in the tables or not.
//!
//! Such a connection counts nowhere, is listed nowhere by IPVS's tools and is told to no other director. Asked for by
//! the daemon on behalf of the checks; `ip_vs_conn_new` with a destination of its own, as for FTP data, is the nearest
//! thing in the kernel.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::conn::{ConnKey, Connection, Role};
use crate::director::path::schedule::initial_state;
use crate::director::{Director, DropReason};
use crate::service::{Endpoint, Forwarding, Protocol, RealServer, ServerSpec, ServiceKey};
use crate::time::Time;

/// How long the last packets of a flow that was given up may still be on their way.
const LINGER: Duration = Duration::from_secs(3);

/// Both ends of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinnedFlow {
    pub protocol: Protocol,
    pub from: Endpoint,
    pub to: Endpoint,
}

impl PinnedFlow {
    const fn key(&self) -> ConnKey {
        ConnKey::new(Role::In, self.protocol.number(), self.from, self.to)
    }
}

impl Director {
    /// Sends what comes from one end for the other to `server`, until [`Self::unpin`].
    ///
    /// # Errors
    /// The table is full, or no flow can be pinned to such a server.
    pub fn pin(
        &self,
        flow: &PinnedFlow,
        server: IpAddr,
        forwarding: Forwarding,
        now: Time,
    ) -> Result<(), DropReason> {
        if !forwarding.has_virtual_addr() {
            return Err(DropReason::NoWayToServer);
        }
        let PinnedFlow { protocol, from, to } = *flow;
        if let Some(old) = self.conns.lookup(&flow.key(), now) {
            self.conns.end(old, now);
        }
        let service = ServiceKey::Address { protocol, addr: to.addr, port: to.port };
        let server = Arc::new(RealServer::new(service, &ServerSpec::new(server, to.port, forwarding)));
        let ends = [from, to, Endpoint::new(server.addr(), to.port)];
        let mut conn = Connection::new(protocol.number(), initial_state(protocol), ends, server, now);
        conn.set_pinned();
        self.conns.insert(conn).map(drop).map_err(|_| DropReason::TableFull)
    }

    /// Ends the flow but for its last packets.
    pub fn unpin(&self, flow: &PinnedFlow, now: Time) {
        if let Some(mut entry) = self.conns.lookup(&flow.key(), now).filter(|entry| entry.is_pinned()) {
            entry.set_timeout(LINGER);
            self.conns.touch(&mut entry, now);
        }
    }

    /// The host's own address on the way to `addr`.
    pub fn source_to(&self, addr: IpAddr) -> Option<IpAddr> {
        self.routes.source_to(addr)
    }

    /// Whether flows are pinned to servers, whose answers then come to the host past the director.
    pub fn expect_pinned_answers(&self, expected: bool) {
        self.has_pinned_flows.store(expected, Relaxed);
    }
}
