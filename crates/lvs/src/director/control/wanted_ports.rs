//! Local ports that connections of another director have, and those that rest there: to be claimed here before their connections
//! come.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use foldhash::fast::FixedState;

use crate::conn::record::{ConnRecord, PortRecord};
use crate::conn::{AdoptedPort, AdoptedUse, LocalPort, PortPoolKey, State, TIME_WAIT};
use crate::director::Director;
use crate::director::path::fullnat::ALL_PORTS;
use crate::director::path::local_addrs::INNER_LADDRS;
use crate::time::Time;

/// Local ports that were claimed for connections which are yet to come.
pub(in crate::director) type Claimed = HashSet<LocalPort, FixedState>;

/// Local port that somebody has.
#[derive(Clone, Copy, Debug)]
pub(in crate::director) struct WantedPort {
    pub(in crate::director) local: LocalPort,
    pub(in crate::director) usage: AdoptedUse,
    /// The server may remember until then what was on it.
    pub(super) rests_until: Time,
}

impl WantedPort {
    pub(in crate::director) const fn adopted(&self) -> AdoptedPort {
        AdoptedPort { port: self.local.port, usage: self.usage }
    }
}

impl Director {
    /// The ports that this director gives out of an address.
    pub(in crate::director) fn port_range_of(&self, pair: &PortPoolKey) -> RangeInclusive<u16> {
        let is_ours_alone = self.local_addrs.towards(pair.local).contains(&pair.local);
        if is_ours_alone || INNER_LADDRS.contains(&pair.local) {
            return ALL_PORTS;
        }
        self.settings.laddr_ports.clone()
    }

    /// Gives back ports that were claimed and that nobody came for.
    pub(in crate::director) fn let_go(&self, claimed: Claimed) {
        claimed.into_iter().for_each(|port| self.conns.ports().release_unrested(port));
    }
}

pub(super) const fn left_port(&PortRecord { pair, port, rest }: &PortRecord) -> WantedPort {
    WantedPort { local: LocalPort { pair, port }, usage: AdoptedUse::Left(rest), rests_until: rest.until }
}

/// The local port of a connection.
pub(in crate::director) fn port_of(conn: &ConnRecord) -> Option<WantedPort> {
    let local = conn.local?.0.end;
    let pair = PortPoolKey { protocol: conn.protocol, local: local.addr, peer: conn.ends[2] };
    let may_be_over = conn.state.is_over() || matches!(conn.state, State::Udp | State::Echo);
    let usage = if may_be_over { AdoptedUse::Held } else { AdoptedUse::Open };
    let timeout = std::time::Duration::from_secs(conn.timeout.into());
    let rests_until = conn.expires_at + TIME_WAIT - timeout;
    Some(WantedPort { local: LocalPort { pair, port: local.port }, usage, rests_until })
}
