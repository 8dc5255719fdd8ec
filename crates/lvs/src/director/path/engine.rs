//! Persistence engines: knowing a client by what its packets say. There is one, `sip`. Same job as `ip_vs_pe.c` and
//! `ip_vs_new_conn_out`.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::decide::{Deciding, TemplateFound};
use crate::conn::{ConnId, ConnKey, Connection, Engine, State, TableFull, View};
use crate::director::path::facts::Segment;
use crate::director::path::packet::Packet;
use crate::director::{Director, DropReason, Side, Verdict};
use crate::service::{Endpoint, Forwarding, Persistence, Protocol, RealServer, ServiceKey};
use crate::xmit::{self, Rewrite};

/// A server that speaks first, and the service that it belongs to.
struct Caller {
    server: Arc<RealServer>,
    virt: Endpoint,
    persistence: Option<Persistence>,
    one_packet: bool,
}

/// Server that a template leads to, and for how long.
pub(in crate::director) struct TemplateTarget {
    pub(in crate::director) server: Arc<RealServer>,
    pub(in crate::director) port: u16,
    pub(in crate::director) persistence: Persistence,
    pub(in crate::director) engine: Option<Engine>,
}

impl Director {
    /// The key of a template, by the engine's data too where there are any.
    pub(in crate::director) fn template_key(&self, key: ConnKey, engine: Option<&Engine>) -> ConnKey {
        engine.map_or(key, |engine| key.tagged(self.conns.tag(&engine.data)))
    }

    /// A template of that key that leads to that port of the server.
    pub(in crate::director) fn make_template(
        &self,
        packet: &Packet<'_>,
        key: &ConnKey,
        target: TemplateTarget,
    ) -> Result<ConnId, TableFull> {
        let TemplateTarget { server, port, persistence, engine } = target;
        let ends = [key.from, key.to, Endpoint::new(server.addr(), port)];
        let state = State::Template { assured: false };
        let mut template = Connection::new(key.protocol, state, ends, server, packet.now);
        template.set_timeout(Duration::from_secs(u64::from(persistence.timeout)));
        if let Some(mark) = packet.mark() {
            template.set_fwmark(mark);
        }
        if let Some(engine) = engine {
            template.set_engine(engine, key.tag);
        }
        self.conns.insert(template).map(|entry| entry.id)
    }

    /// A datagram of a server that belongs to no connection: where an engine allows it, it starts one. None: it is to
    /// be treated as any other.
    pub(in crate::director) fn schedule_from_server(
        &self,
        packet: &mut Packet<'_>,
        segment: &Segment,
    ) -> Option<Verdict> {
        if packet.side != Side::Server || segment.protocol != Protocol::Udp || !self.has_engines.load(Relaxed)
        {
            return None;
        }
        let (caller, template) = self.caller(packet, segment)?;
        let number = segment.protocol.number();
        let ends = [segment.to, caller.virt, segment.from];
        let counted = Arc::clone(&caller.server);
        let mut conn = Connection::new(number, State::Udp, ends, caller.server, packet.now);
        if let Some(mut template) = template.and_then(|id| self.conns.get(id)) {
            self.conns.touch(&mut template, packet.now);
        }
        if counted.is_available() {
            counted.counters().count_conn();
        }
        if caller.one_packet {
            counted.counters().count_out(1, packet.counted_len());
            let verdict =
                xmit::transmit(&Rewrite::to_client(&conn), packet.buf, &packet.headers, packet.outbox);
            conn.unbind();
            return Some(verdict);
        }
        let Ok(entry) = self.conns.insert_under(conn, template) else {
            return Some(Verdict::Drop(DropReason::TableFull));
        };
        Some(self.track(packet, segment, entry, View::Output))
    }

    /// The server that sent a datagram, if its service's engine lets it call, and the template of the call.
    fn caller(&self, packet: &Packet<'_>, segment: &Segment) -> Option<(Caller, Option<ConnId>)> {
        let services = self.services.read();
        let (service, caller) = services.iter().find_map(|service| {
            let spec = service.spec();
            let ServiceKey::Address { protocol: Protocol::Udp, addr, port } = spec.key else { return None };
            let server = service.server(segment.from.addr, segment.from.port)?;
            let calls = spec.engine.is_some() && server.forwarding() == Forwarding::Masq;
            calls.then(|| {
                let (virt, server) = (Endpoint::new(addr, port), Arc::clone(server));
                let (persistence, one_packet) = (spec.persistence, spec.one_packet);
                (service, Caller { server, virt, persistence, one_packet })
            })
        })?;
        let Some(persistence) = caller.persistence else { return Some((caller, None)) };
        let engine = match service.spec().engine.as_deref() {
            Some(name) => {
                let data = packet.message(Protocol::Udp).call_id()?;
                Some(Engine { name: name.to_owned(), data: data.into() })
            }
            None => None,
        };
        let number = segment.protocol.number();
        let key = super::template_key::client_key(number, segment.to.addr, caller.virt, persistence);
        let key = self.template_key(key, engine.as_ref());
        let found = self.find_template(&key, packet.now, persistence, &mut Deciding);
        let template = match found {
            TemplateFound::Leads(template, _) => template,
            TemplateFound::Unusable(_) | TemplateFound::Nothing => {
                if let TemplateFound::Unusable(id) = found {
                    self.spoil_template(id);
                }
                let (server, port) = (Arc::clone(&caller.server), segment.from.port);
                let target = TemplateTarget { server, port, persistence, engine };
                self.make_template(packet, &key, target).ok()?
            }
        };
        Some((caller, Some(template)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::director::{Command, ConnEntry, Settings, Time};
    use crate::service::{ServerSpec, ServiceSpec};
    use lvs_wire::make::{self, Ends};
    use lvs_wire::{Headers, Outbox, PacketBuf};

    struct Proxy {
        director: Director,
        outbox: Outbox,
    }

    const VIRT: &str = "192.168.1.183";

    impl Proxy {
        fn new(one_packet: bool) -> Self {
            let director = Director::new(Settings::default());
            let key =
                ServiceKey::Address { protocol: Protocol::Udp, addr: VIRT.parse().unwrap(), port: 5060 };
            let mut spec = ServiceSpec::new(key, "rr");
            spec.persistence = Some(Persistence { timeout: 60, mask: u32::MAX });
            spec.engine = Some("sip".to_owned());
            spec.one_packet = one_packet;
            director.apply(&Command::AddService(spec), Time::ZERO).unwrap();
            for last in [183, 184] {
                let addr = format!("192.168.56.{last}").parse().unwrap();
                let server = ServerSpec::new(addr, 5060, Forwarding::Masq);
                director.apply(&Command::AddServer { service: key, server }, Time::ZERO).unwrap();
            }
            Self { director, outbox: Outbox::default() }
        }

        fn send(
            &mut self,
            (from, port): (&str, u16),
            to: (&str, u16),
            text: &str,
            side: Side,
        ) -> (Verdict, Headers) {
            let ends = Ends::new(from.parse().unwrap(), port, to.0.parse().unwrap(), to.1);
            let mut buf = PacketBuf::from_packet(&make::udp(ends, text.as_bytes()));
            let verdict = self.director.process(&mut buf, side, Time::ZERO, &mut self.outbox);
            (verdict, Headers::parse(buf.bytes()).unwrap())
        }

        /// The server that gets a message of this call.
        fn call(&mut self, port: u16, id: &str) -> String {
            let text = format!("INVITE sip:x SIP/2.0\r\nCall-ID: {id}\r\n\r\n");
            let (verdict, headers) = self.send(("192.168.1.10", port), (VIRT, 5060), &text, Side::Client);
            assert_eq!(verdict, Verdict::Forward);
            headers.dst.to_string()
        }

        fn conns(&self) -> Vec<ConnEntry> {
            self.director.entries(Time::ZERO).flatten().collect()
        }
    }

    #[test]
    fn a_call_stays_with_its_server() {
        for one_packet in [false, true] {
            let mut proxy = Proxy::new(one_packet);
            let servers: Vec<String> = ["a@x", "b@x", "a@x", "b@x", "c@x"]
                .iter()
                .enumerate()
                .map(|(at, id)| proxy.call(6000 + at as u16, id))
                .collect();
            let [one, other] = ["192.168.56.184", "192.168.56.183"].map(str::to_owned);
            assert_eq!(servers, [&one, &other, &one, &other, &one].map(String::clone));
            let mut calls: Vec<_> = proxy.conns().into_iter().filter_map(|conn| conn.engine).collect();
            calls.sort_by(|one, other| one.data.cmp(&other.data));
            assert_eq!(calls.len(), 3);
            assert_eq!((calls[0].name.as_str(), calls[0].data.as_slice()), ("sip", &b"a@x"[..]));
        }
    }

    #[test]
    fn a_message_without_call_id_is_dropped() {
        let mut proxy = Proxy::new(false);
        let sent = proxy.send(("192.168.1.10", 5060), (VIRT, 5060), "INVITE x\r\n\r\n", Side::Client);
        assert_eq!(sent.0, Verdict::Drop(DropReason::NoCallId));
        assert!(proxy.conns().is_empty());
    }

    #[test]
    fn a_server_may_call() {
        let mut proxy = Proxy::new(false);
        let text = "INVITE sip:x SIP/2.0\r\nCall-ID: out@x\r\n\r\n";
        let (server, client) = (("192.168.56.183", 5060), ("192.168.1.10", 5060));
        let (verdict, headers) = proxy.send(server, client, text, Side::Server);
        assert_eq!((verdict, headers.src.to_string().as_str()), (Verdict::Forward, VIRT));
        assert_eq!(proxy.conns().len(), 2);
        assert_eq!(proxy.call(5060, "out@x"), "192.168.56.183");
        assert_eq!(proxy.call(5061, "out@x"), "192.168.56.183", "by the template");
        let stranger = ("192.168.56.183", 5999);
        assert_eq!(proxy.send(stranger, client, text, Side::Server).0, Verdict::Pass);
        assert_eq!(proxy.send(server, ("192.168.1.11", 5060), "no call", Side::Server).0, Verdict::Pass);
    }
}
