//! Doing what was [decided](super::decide) about a packet without a connection: templates and connections are made, ports
//! claimed, servers counted. Same job as the making halves of `ip_vs_schedule` and `ip_vs_sched_persist`.

use std::sync::Arc;

use super::decide::{Deciding, Decision, Disposition, Template};
use super::engine::TemplateTarget;
use super::facts::{Facts, Segment};
use super::packet::Packet;
use crate::conn::{ConnFlags, ConnId, Connection, Entry, SctpState, State, TableFull, TcpState};
use crate::director::{Director, DropReason};
use crate::service::{Endpoint, Protocol, RealServer, VirtualService};
use crate::time::Time;

/// Outcome of scheduling a connection.
pub(in crate::director) enum Scheduled<'a> {
    Tracked(Entry<'a>),
    /// For this packet only, and in no table: to be unbound after use. With its template, if it has one.
    OnePacket(Connection, Option<ConnId>),
    /// Nobody's packet.
    NoService,
    /// A packet that a service covers but does not want.
    Ignored,
    NoServer,
    /// All local ports towards the chosen server are in use.
    NoLocalPort,
    Failed(DropReason),
}

/// A client opens more connections than its service lets it.
struct OverLimit;

impl Director {
    /// Decides on a packet without a connection, and makes the one that it is to have.
    pub(in crate::director) fn schedule(&self, packet: &Packet<'_>, facts: &Facts<'_>) -> Scheduled<'_> {
        let services = self.services.read();
        let decision = self.decide(facts, &services, &mut Deciding);
        self.commit(packet, &facts.segment, decision)
    }

    fn commit(&self, packet: &Packet<'_>, segment: &Segment, decision: Decision<'_>) -> Scheduled<'_> {
        if let Some(id) = decision.spoilt {
            self.spoil_template(id);
        }
        let Some(service) = decision.service else { return Scheduled::NoService };
        match decision.disposition {
            Disposition::Connect { server, port, template } => {
                let Ok(client) = self.admit(service, segment, packet.now) else {
                    return Scheduled::Failed(DropReason::ClientLimit);
                };
                let template = match template {
                    Some(Template::Known(id)) => Some(id),
                    Some(Template::New { key, port, persistence, engine }) => {
                        let server = Arc::clone(&server);
                        let target = TemplateTarget { server, port, persistence, engine };
                        match self.make_template(packet, &key, target) {
                            Ok(id) => Some(id),
                            Err(TableFull) => {
                                client.into_iter().for_each(|client| self.conns.clients.release(client));
                                return Scheduled::Failed(DropReason::TableFull);
                            }
                        }
                    }
                    None => None,
                };
                let mut made = self.connect(packet, segment, service, server, port, template);
                match (client, &mut made) {
                    (Some(client), Scheduled::Tracked(entry)) => entry.set_client_tag(client),
                    (Some(client), _) => self.conns.clients.release(client),
                    (None, _) => {}
                }
                made
            }
            Disposition::Bypass => self.bypass(packet, segment, service),
            Disposition::NoService => Scheduled::NoService,
            Disposition::Ignore => Scheduled::Ignored,
            Disposition::NoServer => Scheduled::NoServer,
            Disposition::Drop(reason) => Scheduled::Failed(reason),
        }
    }

    /// Counts one more connection of a client where its service limits that. Some: it is to be released when it ends.
    fn admit(
        &self,
        service: &VirtualService,
        segment: &Segment,
        now: Time,
    ) -> Result<Option<u64>, OverLimit> {
        let Some(limit) = &service.spec().client_limit else { return Ok(None) };
        let client = self.conns.clients.admit(&service.spec().key, segment.from.addr, limit, now);
        client.map(|client| (limit.conns > 0).then_some(client)).ok_or(OverLimit)
    }

    /// Puts a template out of use whose server cannot be used.
    pub(in crate::director) fn spoil_template(&self, id: ConnId) {
        if let Some(entry) = self.conns.get(id).filter(|entry| entry.is_template()) {
            self.conns.spoil(entry, self.settings.kernel.keeps_spoilt_port());
        }
    }

    fn bypass(&self, packet: &Packet<'_>, segment: &Segment, service: &VirtualService) -> Scheduled<'_> {
        let number = segment.protocol.number();
        let state = initial_state(segment.protocol);
        let mut conn = Connection::bypass(number, state, segment.from, segment.to, packet.now);
        if let Some(mark) = packet.mark() {
            conn.set_fwmark(mark);
        }
        if service.spec().one_packet && segment.protocol == Protocol::Udp && !self.conns.is_full() {
            return Scheduled::OnePacket(conn, None);
        }
        self.conns.insert(conn).map_or(Scheduled::Failed(DropReason::TableFull), Scheduled::Tracked)
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
        let local = match self.claim_local_end(packet, segment, &server, ends[2], is_one_packet) {
            Ok(local) => local,
            Err(DropReason::NoLocalPort) => return Scheduled::NoLocalPort,
            Err(reason) => return Scheduled::Failed(reason),
        };
        let counted = Arc::clone(&server);
        let mut conn = Connection::new(segment.protocol.number(), state, ends, server, packet.now);
        if let Some(local) = local {
            conn.set_local(local);
        }
        self.start_client_addr(&mut conn, service.spec().client_addr_mode);
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
            conn.flags.set(ConnFlags::ONE_PACKET, true);
            count(&counted);
            return Scheduled::OnePacket(conn, template);
        }
        match self.conns.insert_under(conn, template) {
            Ok(entry) => {
                count(&counted);
                Scheduled::Tracked(entry)
            }
            Err(TableFull) => Scheduled::Failed(DropReason::TableFull),
        }
    }
}

pub(in crate::director) const fn initial_state(protocol: Protocol) -> State {
    match protocol {
        Protocol::Tcp => State::Tcp(TcpState::None),
        Protocol::Udp => State::Udp,
        Protocol::Sctp => State::Sctp(SctpState::None),
    }
}

fn count(server: &RealServer) {
    if server.is_available() {
        server.counters().count_conn();
    }
}
