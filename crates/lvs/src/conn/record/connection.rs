//! One connection or template as plain values.

use crate::app::{ClientAddrState, SynProxy, ftp};
use crate::conn::{
    Account, ConnFlags, Connection, Engine, LastSegment, LocalEnd, Place, Positions, State, SyncedUntil,
};
use crate::service::{Endpoint, Forwarding, Method, RealServer, ServiceKey};
use crate::time::Time;

/// All that a connection is. What it stands under and what stands under it is told by labels of the export.
#[derive(Clone, Debug)]
pub struct ConnRecord {
    pub protocol: u8,
    pub method: Method,
    pub state: State,
    pub flags: ConnFlags,
    pub synced_state: u8,
    pub in_packets: u32,
    pub expires_at: Time,
    /// Seconds.
    pub timeout: u32,
    /// Client, virtual and real.
    pub ends: [Endpoint; 3],
    pub server: Option<ServerRef>,
    pub local: Option<(LocalEnd, LastSegment)>,
    /// Label by which others name it that stand under it.
    pub label: Option<u32>,
    pub controller: Option<u32>,
    /// How many connections the table has taken in since, where that decides between two.
    pub age: Option<u32>,
    pub rare: Rare,
}

/// A server by its service and its end, and how packets reach it if the tables do not know it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerRef {
    pub service: ServiceKey,
    pub end: Endpoint,
    pub forwarding: Forwarding,
}

impl ServerRef {
    pub fn of(server: &RealServer) -> Self {
        Self { service: *server.service(), end: server.endpoint(), forwarding: server.forwarding() }
    }
}

/// Properties that few connections have.
#[derive(Clone, Debug, Default)]
pub struct Rare {
    pub fwmark: u32,
    pub ftp: Option<Box<ftp::Control>>,
    pub positions: Option<Positions>,
    pub tells_on_expiry: bool,
    pub engine: Option<Engine>,
    pub synced_until: Option<SyncedUntil>,
    pub pinned: bool,
    pub client_addr: Option<ClientAddrState>,
    pub syn_proxy: Option<Box<SynProxy>>,
    /// When what it tells its server is sent again.
    pub repeat_at: Option<Time>,
    pub account: Option<Account>,
}

impl ConnRecord {
    /// Of a table that has taken in `added` connections. `label` gives a connection's label.
    pub fn of(conn: &Connection, place: Place, added: u32, mut label: impl FnMut(Place) -> u32) -> Self {
        let mut flags = conn.flags;
        flags.set(ConnFlags::ENDING, false);
        let rare = conn.extra.as_ref().map_or_else(Rare::default, |extra| Rare {
            fwmark: extra.fwmark,
            ftp: extra.ftp.clone(),
            positions: extra.positions,
            tells_on_expiry: extra.tells_on_expiry,
            engine: extra.engine.as_ref().map(|engine| engine.0.clone()),
            synced_until: extra.synced_until,
            pinned: extra.pinned,
            client_addr: extra.client_addr_state.clone(),
            syn_proxy: extra.syn_proxy.clone(),
            repeat_at: None,
            account: extra.account,
        });
        Self {
            protocol: conn.protocol,
            method: conn.method,
            state: conn.state,
            flags,
            synced_state: conn.synced_state,
            in_packets: conn.in_packets,
            expires_at: conn.expires_at(),
            timeout: u32::try_from(conn.timeout().as_secs()).unwrap_or(u32::MAX),
            ends: [conn.client(), conn.virt(), conn.real()],
            server: conn.server.as_deref().map(ServerRef::of),
            local: conn.addrs.local().map(|local| (local, conn.last_segment().unwrap_or_default())),
            label: (conn.controlled > 0).then(|| label(place)),
            controller: conn.controller.map(label),
            age: flags.has(ConnFlags::SHARES_ENDS).then(|| added.wrapping_sub(conn.number)),
            rare,
        }
    }

    /// As [`Self::of`], for a table that mirrors this one: its label is its place, and its age tells which one in that
    /// place it is.
    pub fn placed(conn: &Connection, place: Place, added: u32) -> Self {
        let record = Self::of(conn, place, added, Place::number);
        Self { label: Some(place.number()), age: Some(added.wrapping_sub(conn.number)), ..record }
    }

    pub const fn is_template(&self) -> bool {
        matches!(self.state, State::Template { .. })
    }
}
