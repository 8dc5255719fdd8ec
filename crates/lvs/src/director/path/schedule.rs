//! Making a connection for a packet that has none. Same job as `ip_vs_schedule` and `ip_vs_sched_persist`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::conn::{ConnId, ConnKey, Connection, Entry, Role, SctpState, State, TableFull, TcpState};
use crate::director::control::sysctl::Sysctl;
use crate::director::path::packet::{Packet, Segment};
use crate::director::{Director, DropReason};
use crate::sched::{Expirations, Flow};
use crate::service::{Endpoint, Family, Persistence, Protocol, RealServer, ServiceKey, VirtualService};
use crate::time::Time;

pub(in crate::director) const FTP_PORT: u16 = 21;
pub(in crate::director) const FTP_DATA_PORT: u16 = 20;

/// The protocol number of a template that stands for a mark.
pub(in crate::director) const ANY_PROTOCOL: u8 = 0;

/// What became of the wish for a connection.
pub(in crate::director) enum Scheduled<'a> {
    Tracked(Entry<'a>),
    /// For this packet only, and in no table: to be unbound after use.
    OnePacket(Connection),
    /// Nobody's packet.
    NoService,
    /// A packet that a service covers but does not want.
    Ignored,
    NoServer,
    /// All local ports towards the chosen server are in use.
    NoLocalPort,
    Failed(DropReason),
}

impl Director {
    pub(in crate::director) fn schedule(&self, packet: &Packet<'_>, segment: &Segment) -> Scheduled<'_> {
        let services = self.services.read();
        let found = services.find(packet.mark(), segment.protocol, segment.to.addr, segment.to.port);
        let Some(service) = found else { return Scheduled::NoService };
        if self.defence.drops_packet() {
            return Scheduled::Failed(DropReason::GivenUp);
        }
        // Active FTP: the server opens the data connection, so this is no client.
        if segment.from.port == FTP_DATA_PORT {
            return Scheduled::Ignored;
        }
        let scheduled = match service.spec().persistence {
            Some(persistence) => self.schedule_persistent(packet, segment, service, persistence),
            None => self.schedule_plain(packet, segment, service),
        };
        match scheduled {
            // Other ports of an FTP service's address are the host's.
            Scheduled::NoServer if service.spec().key.port() == FTP_PORT && segment.to.port != FTP_PORT => {
                Scheduled::Ignored
            }
            Scheduled::NoServer if service.spec().key.is_mark() && self.may_bypass(packet, segment) => {
                self.bypass(packet, segment, service)
            }
            other => other,
        }
    }

    /// Whether marked traffic that no cache takes may go where it wanted to.
    fn may_bypass(&self, packet: &Packet<'_>, segment: &Segment) -> bool {
        self.sysctls.is_on(Sysctl::CacheBypass)
            && packet.headers.protocol == segment.protocol.number()
            && self.routes.to(segment.to.addr).is_none_or(|route| !route.is_local)
    }

    fn bypass(&self, packet: &Packet<'_>, segment: &Segment, service: &VirtualService) -> Scheduled<'_> {
        let number = segment.protocol.number();
        let state = initial_state(segment.protocol);
        let mut conn = Connection::bypass(number, state, segment.from, segment.to, packet.now);
        if let Some(mark) = packet.mark() {
            conn.set_fwmark(mark);
        }
        if service.spec().one_packet && segment.protocol == Protocol::Udp && !self.conns.is_full() {
            return Scheduled::OnePacket(conn);
        }
        self.conns.insert(conn).map_or(Scheduled::Failed(DropReason::TableFull), Scheduled::Tracked)
    }

    fn schedule_plain(
        &self,
        packet: &Packet<'_>,
        segment: &Segment,
        service: &VirtualService,
    ) -> Scheduled<'_> {
        let key = &service.spec().key;
        if !key.is_mark() && segment.to.port != key.port() {
            return Scheduled::NoServer;
        }
        let Some(server) = self.choose(packet, segment, service) else { return Scheduled::NoServer };
        let port = if server.port() == 0 { segment.to.port } else { server.port() };
        self.connect(packet, segment, service, server, port, None)
    }

    fn schedule_persistent(
        &self,
        packet: &Packet<'_>,
        segment: &Segment,
        service: &VirtualService,
        persistence: Persistence,
    ) -> Scheduled<'_> {
        let key = &service.spec().key;
        let is_own_port = segment.to.port == key.port();
        let binds_port = is_own_port && key.port() != FTP_PORT;
        let engine = match self.engine_of(packet, service) {
            Ok(engine) => engine,
            Err(reason) => return Scheduled::Failed(reason),
        };
        let (protocol, virt) = match *key {
            ServiceKey::Mark { mark, family } if !is_own_port => {
                (ANY_PROTOCOL, Endpoint::new(mark_addr(mark, family), 0))
            }
            _ => {
                let port = if binds_port { segment.to.port } else { 0 };
                (segment.protocol.number(), Endpoint::new(segment.to.addr, port))
            }
        };
        let template_key = client_key(protocol, segment.from.addr, virt, persistence);
        let template_key = self.template_key(template_key, engine.as_ref());
        let (template, server) = match self.usable_template(packet, &template_key) {
            Some(found) => found,
            None => {
                let Some(server) = self.choose(packet, segment, service) else {
                    return Scheduled::NoServer;
                };
                let port = if binds_port { server.port() } else { 0 };
                let to = (Arc::clone(&server), port);
                match self.make_template(packet, &template_key, to, (persistence, engine)) {
                    Ok(template) => (template, server),
                    Err(TableFull) => return Scheduled::Failed(DropReason::TableFull),
                }
            }
        };
        let port = if is_own_port && server.port() != 0 { server.port() } else { segment.to.port };
        self.connect(packet, segment, service, server, port, Some(template))
    }

    /// A template of this key whose server can be used; one whose server cannot is put out of use.
    pub(in crate::director) fn usable_template(
        &self,
        packet: &Packet<'_>,
        key: &ConnKey,
    ) -> Option<(ConnId, Arc<RealServer>)> {
        let entry = self.conns.lookup(key, packet.now)?;
        let expires_quiesced = self.sysctls.is_on(Sysctl::ExpireQuiescentTemplate);
        let server = entry.server().filter(|server| {
            server.is_available() && !server.is_drained() && !(expires_quiesced && server.weight() == 0)
        });
        if let Some(server) = server.cloned() {
            return Some((entry.id, server));
        }
        self.conns.spoil(entry, self.settings.kernel.keeps_spoilt_port());
        None
    }

    fn choose(
        &self,
        packet: &Packet<'_>,
        segment: &Segment,
        service: &VirtualService,
    ) -> Option<Arc<RealServer>> {
        service.schedule(&self.flow(segment.from, segment.to, service, packet.now, self.draw()))
    }

    pub(in crate::director) fn flow(
        &self,
        client: Endpoint,
        virt: Endpoint,
        service: &VirtualService,
        now: Time,
        draw: u64,
    ) -> Flow {
        let flags = service.spec().scheduler_flags;
        Flow { client, virt, flags, now, draw, expirations: self.expirations() }
    }

    fn expirations(&self) -> Expirations {
        let secs = |sysctl| Duration::from_secs(self.sysctls.value(sysctl).max(0).unsigned_abs());
        Expirations { lblc: secs(Sysctl::LblcExpiration), lblcr: secs(Sysctl::LblcrExpiration) }
    }

    /// Makes the connection, under its template if it has one.
    fn connect(
        &self,
        packet: &Packet<'_>,
        segment: &Segment,
        service: &VirtualService,
        server: Arc<RealServer>,
        port: u16,
        template: Option<ConnId>,
    ) -> Scheduled<'_> {
        let state = initial_state(segment.protocol);
        let ends = [segment.from, segment.to, Endpoint::new(server.addr(), port)];
        let is_one_packet = service.spec().one_packet && segment.protocol == Protocol::Udp;
        let local = match self.stand_in(packet, segment, (&server, ends[2]), is_one_packet) {
            Ok(local) => local,
            Err(DropReason::NoLocalPort) => return Scheduled::NoLocalPort,
            Err(reason) => return Scheduled::Failed(reason),
        };
        let counted = Arc::clone(&server);
        let mut conn = Connection::new(segment.protocol.number(), state, ends, server, packet.now);
        if let Some(local) = local {
            conn.set_local(local);
        }
        self.hand_on(&mut conn, service.spec().hand_on);
        if let Some(mark) = packet.mark() {
            conn.set_fwmark(mark);
        }
        self.watch_ftp(&mut conn);
        Self::watch(service, &mut conn);
        if let Some(mut template) = template.and_then(|id| self.conns.get(id)) {
            self.conns.touch(&mut template, packet.now);
        }
        if is_one_packet && self.conns.is_full() {
            conn.unbind();
            return Scheduled::Failed(DropReason::TableFull);
        }
        if is_one_packet {
            count(&counted);
            conn.controller = template;
            return Scheduled::OnePacket(conn);
        }
        match self.conns.insert(conn) {
            Ok(mut entry) => {
                if let Some(template) = template {
                    self.conns.control(&mut entry, template);
                }
                count(&counted);
                Scheduled::Tracked(entry)
            }
            Err(TableFull) => Scheduled::Failed(DropReason::TableFull),
        }
    }

    /// Random bits for one decision, from the director's seed (splitmix64).
    pub(in crate::director) fn draw(&self) -> u64 {
        mixed(self.draws.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed))
    }
}

pub(in crate::director) const fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

pub(in crate::director) const fn initial_state(protocol: Protocol) -> State {
    match protocol {
        Protocol::Tcp => State::Tcp(TcpState::None),
        Protocol::Udp => State::Udp,
        Protocol::Sctp => State::Sctp(SctpState::None),
    }
}

/// The key of a client's template: its network, and no port.
pub(in crate::director) fn client_key(
    protocol: u8,
    client: IpAddr,
    virt: Endpoint,
    persistence: Persistence,
) -> ConnKey {
    let client = Endpoint::new(network(client, persistence.mask), 0);
    ConnKey::new(Role::Template, protocol, client, virt)
}

fn count(server: &RealServer) {
    if server.is_available() {
        server.counters().count_conn();
    }
}

/// The client's network under the persistence mask.
fn network(addr: IpAddr, mask: u32) -> IpAddr {
    match addr {
        IpAddr::V4(addr) => Ipv4Addr::from_bits(addr.to_bits() & mask).into(),
        IpAddr::V6(addr) => {
            let prefix = mask.clamp(0, 128);
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            Ipv6Addr::from_bits(addr.to_bits() & mask).into()
        }
    }
}

/// A mark in the place of an address, as templates are listed: in the first word.
pub(in crate::director) fn mark_addr(mark: u32, family: Family) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::from_bits(mark).into(),
        Family::V6 => Ipv6Addr::from_bits(u128::from(mark) << 96).into(),
    }
}
