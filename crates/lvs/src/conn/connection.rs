//! The record of one connection, or of a template of persistence.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::addrs::{Addrs, LocalEnd};
use super::expiry;
use super::timer::Timer;
use super::{
    ConnFlags, Extra, HeldPort, LastSegment, LocalPort, NEW, Place, PortPoolKey, Rest, SctpState, State,
    TcpState, Timeouts,
};
use crate::service::{Endpoint, Method, RealServer};
use crate::time::Time;

/// For so long a server remembers a connection that it has closed (Linux's `TCP_TIMEWAIT_LEN`).
pub const TIME_WAIT: Duration = Duration::from_secs(60);

/// How listings name the way of a connection that a host behind this one opened outwards.
const MASQUERADED: &str = "Outward";

/// One tracked connection, or a template. Plain data under the lock of its slot.
#[derive(Debug)]
pub struct Connection {
    pub(super) addrs: Addrs,
    pub(super) client_port: u16,
    pub(super) virt_port: u16,
    pub(super) real_port: u16,
    pub(super) protocol: u8,
    pub method: Method,
    pub state: State,
    pub flags: ConnFlags,
    /// The number of the state that other directors were last told.
    pub synced_state: u8,
    /// Packets of the client.
    pub in_packets: u32,
    /// Connections under this one (of a template, or an FTP control connection).
    pub controlled: u32,
    /// The place of the template or control connection above this one, which does not end before it.
    pub(super) controller: Option<Place>,
    pub(super) queued: expiry::Tick,
    /// Tells the newer of two, and one from the one before in its place; counted by the table.
    pub(super) number: u32,
    pub(super) timer: Timer,
    pub(super) server: Option<Arc<RealServer>>,
    pub(super) extra: Option<Box<Extra>>,
}

/// The addresses and ports of a connection: of client, virtual and real end.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) addrs: Addrs,
    pub(super) ports: [u16; 3],
}

impl From<[Endpoint; 3]> for Ends {
    fn from([client, virt, real]: [Endpoint; 3]) -> Self {
        let addrs = Addrs::new(client.addr, virt.addr, real.addr);
        Self { addrs, ports: [client.port, virt.port, real.port] }
    }
}

/// The server of a connection, and how packets go there.
pub(super) struct Binding {
    pub(super) method: Method,
    pub(super) flags: ConnFlags,
    pub(super) server: Option<Arc<RealServer>>,
}

impl Binding {
    pub(super) fn without_server(method: Method) -> Self {
        Self { method, flags: ConnFlags::default(), server: None }
    }
}

impl Connection {
    /// A connection to `server`, or a template, as `ip_vs_conn_new` makes it: counted at its server, three seconds
    /// to live.
    pub fn new(protocol: u8, state: State, ends: [Endpoint; 3], server: Arc<RealServer>, now: Time) -> Self {
        let method = server.forwarding().of_conn();
        let mut flags = ConnFlags::default();
        flags.set(ConnFlags::NO_OUTPUT, !method.is_rewritten());
        match state {
            State::Template { .. } => server.bind_template(),
            State::Tcp(_) | State::Udp | State::Sctp(_) | State::Stateless | State::Echo => {
                flags.set(ConnFlags::INACTIVE, true);
                server.bind(false);
            }
        }
        Self::with(protocol, state, ends.into(), Binding { method, flags, server: Some(server) }, now)
    }

    /// A connection that goes to where it was bound for, without a server.
    pub fn bypass(protocol: u8, state: State, client: Endpoint, to: Endpoint, now: Time) -> Self {
        let nowhere = match to.addr {
            IpAddr::V4(_) => IpAddr::from([0; 4]),
            IpAddr::V6(_) => IpAddr::from([0; 16]),
        };
        let ends = [client, to, Endpoint::new(nowhere, 0)];
        Self::with(protocol, state, ends.into(), Binding::without_server(Method::Bypass), now)
    }

    /// A connection that a host behind this one opens outwards, without a server: `local` stands for that host, by a
    /// port that was claimed for it.
    pub fn masqueraded(
        protocol: u8,
        state: State,
        [client, to]: [Endpoint; 2],
        local: LocalEnd,
        now: Time,
    ) -> Self {
        let binding = Binding::without_server(Method::Masq);
        let mut conn = Self::with(protocol, state, [client, to, to].into(), binding, now);
        conn.set_local(local);
        conn
    }

    pub(super) fn with(
        protocol: u8,
        state: State,
        Ends { addrs, ports: [client_port, virt_port, real_port] }: Ends,
        Binding { method, flags, server }: Binding,
        now: Time,
    ) -> Self {
        Self {
            addrs,
            client_port,
            virt_port,
            real_port,
            protocol,
            method,
            state,
            flags,
            synced_state: 0,
            in_packets: 0,
            controlled: 0,
            controller: None,
            queued: expiry::Tick::default(),
            number: 0,
            timer: Timer::starting(NEW, now),
            server,
            extra: None,
        }
    }

    pub const fn protocol(&self) -> u8 {
        self.protocol
    }

    /// The place of the template or control connection that it stands under.
    pub const fn stands_under(&self) -> Option<Place> {
        self.controller
    }

    #[inline]
    pub fn client(&self) -> Endpoint {
        Endpoint::new(self.addrs.at(0), self.client_port)
    }

    #[inline]
    pub fn virt(&self) -> Endpoint {
        Endpoint::new(self.addrs.at(1), self.virt_port)
    }

    #[inline]
    pub fn real(&self) -> Endpoint {
        Endpoint::new(self.addrs.at(2), self.real_port)
    }

    /// The end that stands for the client towards the server, where the source is rewritten too.
    #[inline]
    pub fn local(&self) -> Option<Endpoint> {
        self.addrs.local().map(|local| local.end)
    }

    /// Whether its server is to see no timestamps of the client.
    pub fn is_unstamped(&self) -> bool {
        self.addrs.local().is_some_and(|local| local.is_unstamped)
    }

    /// Rewrites the source too, to a port that was claimed for it. Before it is in a table only.
    pub fn set_local(&mut self, local: LocalEnd) {
        self.addrs.set_local(local);
    }

    /// Whether a host behind this one opened it outwards; it then belongs to no service.
    pub fn is_masqueraded(&self) -> bool {
        self.server.is_none() && self.local().is_some()
    }

    /// Whether it belongs to no service, but to a masqueraded host (opened outwards by it, or let in to it), or to a check.
    pub fn is_beside_services(&self) -> bool {
        let is_let_in = || {
            let is_synced = self.flags.has(ConnFlags::FROM_SYNC);
            self.method == Method::Bypass && self.fwmark() == 0 && !is_synced
        };
        self.is_masqueraded() || self.is_pinned() || self.server.is_none() && is_let_in()
    }

    /// Port of the local end, with its pool.
    pub fn local_port(&self) -> Option<LocalPort> {
        let local = self.local()?;
        let pair = PortPoolKey { protocol: self.protocol, local: local.addr, peer: self.real() };
        Some(LocalPort { pair, port: local.port })
    }

    /// For how long the server may remember what was on the local port. None: nobody minds another client there.
    pub fn rest(&self, now: Time) -> Option<Rest> {
        let last_segment = match self.state {
            State::Tcp(TcpState::None | TcpState::Close) => return None,
            State::Tcp(TcpState::TimeWait) => self.last_segment(),
            State::Tcp(_) => None,
            State::Udp | State::Sctp(_) | State::Stateless | State::Echo | State::Template { .. } => {
                return None;
            }
        };
        let until = self.expires_at() - self.timeout() + TIME_WAIT;
        (until > now).then_some(Rest { until, last_segment })
    }

    /// The local port of a connection that has ended.
    pub(super) fn held_port(&self, now: Time) -> Option<HeldPort> {
        let LocalPort { pair, port } = self.local_port()?;
        Some(HeldPort { pair, port, rest: self.rest(now) })
    }

    /// Destination of the server's packets: the client, or the end that stands for it.
    #[inline]
    pub fn return_end(&self) -> Endpoint {
        self.local().unwrap_or_else(|| self.client())
    }

    /// How far the client's stream has come, where a local end stands for the client.
    pub fn last_segment(&self) -> Option<LastSegment> {
        self.addrs.last_segment()
    }

    pub fn set_last_segment(&mut self, last_segment: LastSegment) {
        self.addrs.set_last_segment(last_segment);
    }

    pub const fn server(&self) -> Option<&Arc<RealServer>> {
        self.server.as_ref()
    }

    /// How its packets are sent, as it was declared.
    pub fn forwarding_name(&self) -> &'static str {
        match &self.server {
            Some(server) if self.local().is_some() && server.forwarding().hides_client() => {
                server.forwarding().name()
            }
            None if self.is_masqueraded() => MASQUERADED,
            _ => self.method.name(),
        }
    }

    /// The server, while it belongs to its service: only then is traffic counted.
    pub fn available_server(&self) -> Option<&RealServer> {
        self.server.as_deref().filter(|server| server.is_available())
    }

    pub const fn is_template(&self) -> bool {
        matches!(self.state, State::Template { .. })
    }

    /// Whether an end of it is news to somebody.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, State::Tcp(TcpState::Established | TcpState::FinWait | TcpState::CloseWait))
    }

    /// Leaves the port of the client open: whoever comes first has it.
    pub const fn await_client_port(&mut self) {
        self.client_port = 0;
        self.flags.set(ConnFlags::NO_CLIENT_PORT, true);
    }

    pub const fn expires_at(&self) -> Time {
        self.timer.expires_at()
    }

    pub const fn timeout(&self) -> Duration {
        self.timer.timeout()
    }

    pub fn set_timeout(&mut self, timeout: Duration) {
        self.timer.set_timeout(timeout);
    }

    /// When its last packet came, of any director that had it; time's beginning where that is longer ago.
    pub fn touched_at(&self) -> Time {
        self.expires_at() - self.timeout()
    }

    pub(super) fn touch(&mut self, now: Time) {
        self.timer.restart(now);
    }

    /// Enters a state: counts at the server as active or not, and takes over the state's timeout. True when a TCP
    /// or SCTP connection has become established.
    pub fn enter(&mut self, state: State, timeouts: &Timeouts) -> bool {
        let changed = state != self.state;
        if changed && let Some(server) = &self.server {
            let is_active = state.is_active();
            if is_active == self.flags.has(ConnFlags::INACTIVE) {
                server.rebind(is_active);
                self.flags.set(ConnFlags::INACTIVE, !is_active);
            }
        }
        self.state = state;
        if let Some(timeout) = timeouts.of(state) {
            self.set_timeout(timeout);
        }
        changed && matches!(state, State::Tcp(TcpState::Established) | State::Sctp(SctpState::Established))
    }

    /// Makes a template of a server that is gone unusable: no client finds it any more (`ip_vs_check_template`).
    pub(super) fn spoil(&mut self, keeps_port: bool) {
        if !keeps_port {
            self.virt_port = u16::MAX;
        }
        self.real_port = u16::MAX;
        self.client_port = 0;
        self.flags.set(ConnFlags::UNHASHED, true);
    }

    /// Undoes the counting at the server (`ip_vs_unbind_dest`).
    pub fn unbind(&mut self) {
        self.uncount();
        self.server = None;
    }

    pub(super) fn uncount(&self) {
        let Some(server) = &self.server else { return };
        if self.is_template() {
            server.unbind_template();
        } else {
            server.unbind(!self.flags.has(ConnFlags::INACTIVE));
        }
    }
}

/// `examples/conn_memory` says what a million of them weigh.
const _: () = assert!(size_of::<Connection>() <= 72);
