//! Connection tracking: which packet belongs to what, and in which state that is. Same job as `ip_vs_conn.c`.
//!
//! Owns the [`Connection`] record, its states and timeouts, and the [`ConnTable`]. Templates of persistence are
//! connections too, with a client port of 0. Never decides where a connection goes; called by the director.

mod addrs;
mod chains;
mod expiry;
mod flows;
mod key;
mod last_segment;
mod ports;
mod positions;
pub mod record;
mod sctp_state;
mod slots;
mod synced;
mod table;
mod tcp_state;
mod timeout;
mod timer;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use addrs::Addrs;

pub use addrs::LocalEnd;
pub use chains::Chains;
pub use flows::{Account, CloseReason, FlowLogging, FlowRecord, LostFlows};
pub use key::{ConnKey, Role};
pub use last_segment::LastSegment;
pub use ports::{AdoptedPort, AdoptedUse, HeldPort, PortPoolKey, Ports, Rest, Resting};
pub use positions::{Numbers, Positions, SeqAck};
pub use sctp_state::{SctpEvent, SctpState};
pub use table::{ConnId, ConnTable, Entry, NotRestored, TableFull};
pub use tcp_state::{TcpState, View};
pub use timeout::{EXTENSION, NEW, Timeouts};

use timer::Timer;

use crate::app::{ClientAddrState, ftp};
use crate::service::{Endpoint, Forwarding, RealServer};
use crate::time::Time;

/// The state of a connection's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Tcp(TcpState),
    Udp,
    Sctp(SctpState),
    /// Of a protocol without states (AH, ESP), as another director may tell of.
    Stateless,
    /// Requests of ICMP echo, and their answers.
    Echo,
    /// Assured: one of its connections was established, so it outlives them under pressure.
    Template {
        assured: bool,
    },
}

impl State {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp(state) => state.name(),
            Self::Udp => "UDP",
            Self::Sctp(state) => state.name(),
            Self::Stateless => "ERR!",
            Self::Echo => "ECHO",
            Self::Template { assured: true } => "ASSURED",
            Self::Template { assured: false } => "NONE",
        }
    }

    /// Whether it counts as an active connection of its server.
    pub const fn is_active(self) -> bool {
        match self {
            Self::Tcp(state) => state.is_active(),
            Self::Sctp(state) => state.is_active(),
            Self::Udp | Self::Stateless | Self::Echo | Self::Template { .. } => false,
        }
    }
}

/// How the packets of a connection are sent; what more a tunnel needs its server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// With a [local end](Connection::local) the source is rewritten too: FULLNAT.
    Masq,
    Local,
    Tunnel,
    Route,
    Bypass,
}

impl Method {
    /// As listings print it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Masq => "Masq",
            Self::Local => "Local",
            Self::Tunnel => "Tunnel",
            Self::Route => "Route",
            Self::Bypass => "Bypass",
        }
    }
}

impl From<Forwarding> for Method {
    fn from(forwarding: Forwarding) -> Self {
        match forwarding {
            Forwarding::Masq | Forwarding::FullNat => Self::Masq,
            Forwarding::Local => Self::Local,
            Forwarding::Tunnel(_) => Self::Tunnel,
            Forwarding::Route => Self::Route,
            Forwarding::Bypass => Self::Bypass,
        }
    }
}

/// Facts about a connection that are true or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnFlags(u8);

impl ConnFlags {
    /// No packet of the server was seen (yet): the client's packets alone drive the state.
    pub const NO_OUTPUT: Self = Self(1);
    /// Counts as inactive at its server.
    pub const INACTIVE: Self = Self(2);
    pub const ONE_PACKET: Self = Self(4);
    /// Learnt from a synchronisation message.
    pub const FROM_SYNC: Self = Self(8);
    /// No key leads to it any more.
    pub const UNHASHED: Self = Self(16);
    /// Being taken out of the table.
    pub const ENDING: Self = Self(32);
    /// Another connection has, or had, the same client and server ends (and another virtual one).
    pub const SHARES_ENDS: Self = Self(64);
    /// Expected, from a client port that its first packet will show.
    pub const NO_CLIENT_PORT: Self = Self(128);

    pub const fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }

    pub const fn set(&mut self, flag: Self, on: bool) {
        if on {
            self.0 |= flag.0;
        } else {
            self.0 &= !flag.0;
        }
    }
}

/// For so long a server remembers a connection that it has closed (Linux's `TCP_TIMEWAIT_LEN`).
pub const TIME_WAIT: Duration = Duration::from_secs(60);

/// How listings name the way of a connection that a host behind this one opened outwards.
const MASQUERADED: &str = "Outward";

/// One tracked connection, or a template. Plain data under the lock of its slot.
#[derive(Debug)]
pub struct Connection {
    addrs: Addrs,
    client_port: u16,
    virt_port: u16,
    real_port: u16,
    protocol: u8,
    pub method: Method,
    pub state: State,
    pub flags: ConnFlags,
    /// The number of the state that other directors were last told.
    pub synced_state: u8,
    /// Packets of the client.
    pub in_packets: u32,
    /// Connections under this one (of a template, or an FTP control connection).
    pub controlled: u32,
    /// The template or control connection above this one.
    pub controller: Option<ConnId>,
    queued: expiry::Tick,
    /// Tells the newer of two; counted by the table.
    number: u32,
    timer: Timer,
    server: Option<Arc<RealServer>>,
    extra: Option<Box<Extra>>,
}

/// A persistence engine, and what it knows clients by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    pub name: String,
    pub data: Box<[u8]>,
}

/// Properties that few connections have.
#[derive(Debug, Default)]
pub struct Extra {
    pub fwmark: u32,
    /// State of a control connection of FTP.
    pub ftp: Option<Box<ftp::Control>>,
    /// Positions of both ends, if they are to be told of its end.
    positions: Option<Positions>,
    /// Both ends are told even when it ends by its timeout.
    tells_on_expiry: bool,
    /// Of a template: what its clients are known by, and the tag that stands for it in the key.
    engine: Option<Box<(Engine, u64)>>,
    /// The deadline that other directors were last told, and how often in vain.
    synced_until: Option<(Time, u8)>,
    /// Connection of a health check.
    pinned: bool,
    /// State of telling the server the client's address.
    client_addr_state: Option<ClientAddrState>,
    /// Traffic so far, if it is logged.
    account: Option<Account>,
}

impl Connection {
    /// A connection to `server`, or a template, as `ip_vs_conn_new` makes it: counted at its server, three seconds
    /// to live.
    pub fn new(protocol: u8, state: State, ends: [Endpoint; 3], server: Arc<RealServer>, now: Time) -> Self {
        let method = Method::from(server.forwarding());
        let mut flags = ConnFlags::default();
        flags.set(ConnFlags::NO_OUTPUT, method != Method::Masq);
        match state {
            State::Template { .. } => server.bind_template(),
            State::Tcp(_) | State::Udp | State::Sctp(_) | State::Stateless | State::Echo => {
                flags.set(ConnFlags::INACTIVE, true);
                server.bind(false);
            }
        }
        Self::with(protocol, state, ends, (method, flags, Some(server)), now)
    }

    /// A connection that goes to where it was bound for, without a server.
    pub fn bypass(protocol: u8, state: State, client: Endpoint, to: Endpoint, now: Time) -> Self {
        let nowhere = match to.addr {
            IpAddr::V4(_) => IpAddr::from([0; 4]),
            IpAddr::V6(_) => IpAddr::from([0; 16]),
        };
        let ends = [client, to, Endpoint::new(nowhere, 0)];
        Self::with(protocol, state, ends, (Method::Bypass, ConnFlags::default(), None), now)
    }

    /// A connection that a host behind this one opens outwards, without a server: `local` stands for that host, by a
    /// port that was claimed for it.
    pub fn masqueraded(
        (protocol, state): (u8, State),
        client: Endpoint,
        to: Endpoint,
        local: LocalEnd,
        now: Time,
    ) -> Self {
        let flags = ConnFlags::default();
        let mut conn = Self::with(protocol, state, [client, to, to], (Method::Masq, flags, None), now);
        conn.set_local(local);
        conn
    }

    fn with(
        protocol: u8,
        state: State,
        [client, virt, real]: [Endpoint; 3],
        (method, flags, server): (Method, ConnFlags, Option<Arc<RealServer>>),
        now: Time,
    ) -> Self {
        Self {
            addrs: Addrs::new(client.addr, virt.addr, real.addr),
            client_port: client.port,
            virt_port: virt.port,
            real_port: real.port,
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

    pub fn client(&self) -> Endpoint {
        Endpoint::new(self.addrs.at(0), self.client_port)
    }

    pub fn virt(&self) -> Endpoint {
        Endpoint::new(self.addrs.at(1), self.virt_port)
    }

    pub fn real(&self) -> Endpoint {
        Endpoint::new(self.addrs.at(2), self.real_port)
    }

    /// The end that stands for the client towards the server, where the source is rewritten too.
    pub fn local(&self) -> Option<Endpoint> {
        self.addrs.local().map(|local| local.end)
    }

    /// Whether it has something that few connections have.
    pub fn has_extra(&self) -> bool {
        self.extra.is_some()
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

    /// Whether it is a health check's, pinned to its server beside the tables.
    pub fn is_pinned(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.pinned)
    }

    pub fn set_pinned(&mut self) {
        self.extra.get_or_insert_default().pinned = true;
    }

    /// Whether it belongs to no service, but to a masqueraded host (opened outwards by it, or let in to it), or to a check.
    pub fn is_beside_services(&self) -> bool {
        let is_let_in = || {
            let is_synced = self.flags.has(ConnFlags::FROM_SYNC);
            self.method == Method::Bypass && self.fwmark() == 0 && !is_synced
        };
        self.is_masqueraded() || self.is_pinned() || self.server.is_none() && is_let_in()
    }

    /// Pool and port of the local end.
    pub fn pair(&self) -> Option<(PortPoolKey, u16)> {
        let local = self.local()?;
        Some((PortPoolKey { protocol: self.protocol, local: local.addr, peer: self.real() }, local.port))
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
    fn held_port(&self, now: Time) -> Option<HeldPort> {
        let (pair, port) = self.pair()?;
        Some(HeldPort { pair, port, rest: self.rest(now) })
    }

    /// Destination of the server's packets: the client, or the end that stands for it.
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
        let is_full_nat = |server: &Arc<RealServer>| server.forwarding() == Forwarding::FullNat;
        match &self.server {
            Some(server) if self.local().is_some() && is_full_nat(server) => Forwarding::FullNat.name(),
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

    pub fn fwmark(&self) -> u32 {
        self.extra.as_ref().map_or(0, |extra| extra.fwmark)
    }

    pub fn set_fwmark(&mut self, mark: u32) {
        self.extra.get_or_insert_default().fwmark = mark;
    }

    /// Data by which the clients of a template are known, if not by their addresses alone.
    pub fn engine(&self) -> Option<&Engine> {
        self.extra.as_ref()?.engine.as_ref().map(|engine| &engine.0)
    }

    /// `tag`: of the template's key.
    pub fn set_engine(&mut self, engine: Engine, tag: u64) {
        self.extra.get_or_insert_default().engine = Some(Box::new((engine, tag)));
    }

    fn tag(&self) -> u64 {
        self.extra.as_ref().and_then(|extra| extra.engine.as_ref()).map_or(0, |engine| engine.1)
    }

    /// State as a control connection of FTP, if it is one.
    pub fn ftp_mut(&mut self) -> Option<&mut ftp::Control> {
        self.extra.as_mut()?.ftp.as_deref_mut()
    }

    pub fn is_ftp_control(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.ftp.is_some())
    }

    pub fn watch_ftp(&mut self) {
        self.extra.get_or_insert_default().ftp = Some(Box::default());
    }

    pub fn client_addr_state(&self) -> Option<&ClientAddrState> {
        self.extra.as_ref()?.client_addr_state.as_ref()
    }

    pub fn client_addr_state_mut(&mut self) -> Option<&mut ClientAddrState> {
        self.extra.as_mut()?.client_addr_state.as_mut()
    }

    pub fn set_client_addr_state(&mut self, client_addr_state: ClientAddrState) {
        self.extra.get_or_insert_default().client_addr_state = Some(client_addr_state);
    }

    /// Whether a header of PROXY waits to be acknowledged.
    pub fn has_header_waiting(&self) -> bool {
        matches!(self.client_addr_state(), Some(ClientAddrState::Proxy(proxy)) if proxy.is_waiting())
    }

    pub fn account(&self) -> Option<&Account> {
        self.extra.as_ref()?.account.as_ref()
    }

    pub fn account_mut(&mut self) -> Option<&mut Account> {
        self.extra.as_mut()?.account.as_mut()
    }

    fn open_account(&mut self, now: Time) {
        let account = Account { start: now, last: now, ..Account::default() };
        self.extra.get_or_insert_default().account = Some(account);
    }

    /// From now on it is known where both ends are. `on_expiry`: they are told when its time is up.
    pub fn watch_positions(&mut self, on_expiry: bool) {
        let extra = self.extra.get_or_insert_default();
        extra.positions.get_or_insert_default();
        extra.tells_on_expiry |= on_expiry;
    }

    pub fn positions_mut(&mut self) -> Option<&mut Positions> {
        self.extra.as_mut()?.positions.as_mut()
    }

    pub fn positions(&self) -> Option<&Positions> {
        self.extra.as_ref()?.positions.as_ref()
    }

    /// Both ends are told when it ends by its timeout or with its server.
    pub fn tells_on_expiry(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.tells_on_expiry)
    }

    /// Whether an end of it is news to somebody.
    const fn is_open(&self) -> bool {
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

    fn touch(&mut self, now: Time) {
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
    fn spoil(&mut self, keeps_port: bool) {
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

    fn uncount(&self) {
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
