//! What a client's packet would meet, and why; nothing is changed by asking. Schedulers are asked as copies of
//! themselves, so that the next real connection is decided as if nobody had asked.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use serde::{Deserialize, Serialize};

use crate::conn::{ConnKey, Entry, Role};
use crate::director::control::census::detail;
use crate::director::control::sysctl::Sysctl;
use crate::director::path::schedule::{ANY_PROTOCOL, FTP_DATA_PORT, FTP_PORT, client_key, mark_addr, mixed};
use crate::director::{ConnDetail, Director};
use crate::service::{Endpoint, Persistence, Protocol, RealServer, ServiceKey, VirtualService};
use crate::time::Time;

/// The packet that is asked about: the first of a connection (a SYN, an INIT, a datagram), or one of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub protocol: Protocol,
    pub from: Endpoint,
    pub to: Endpoint,
    pub mark: Option<u32>,
}

/// What would become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// To the server.
    Forwarded,
    /// Left to the host's own stack.
    Passed,
    /// Answered with an ICMP error.
    Refused,
    Dropped,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    pub outcome: Outcome,
    pub server: Option<Endpoint>,
    /// How it is sent there.
    pub forwarding: Option<String>,
    /// The connection that it belongs to already.
    pub connection: Option<ConnDetail>,
    pub service: Option<ServiceKey>,
    pub scheduler: Option<String>,
    /// The persistence template that decides.
    pub template: Option<ConnDetail>,
    /// The servers of the service, as listings have them.
    pub candidates: Vec<Candidate>,
    /// One sentence a step, in the order of the decision.
    pub reasons: Vec<String>,
}

/// A server that could have been chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub server: Endpoint,
    pub weight: i32,
    pub active_conns: u32,
    pub inactive_conns: u32,
    pub chosen: bool,
    /// Why it is chosen, or why not.
    pub why: String,
}

impl Explanation {
    fn new() -> Self {
        Self {
            outcome: Outcome::Passed,
            server: None,
            forwarding: None,
            connection: None,
            service: None,
            scheduler: None,
            template: None,
            candidates: Vec::new(),
            reasons: Vec::new(),
        }
    }

    fn because(&mut self, reason: impl Into<String>) {
        self.reasons.push(reason.into());
    }

    fn ends(mut self, outcome: Outcome, reason: impl Into<String>) -> Self {
        self.outcome = outcome;
        self.because(reason);
        self
    }
}

impl Director {
    /// Says what the packet would meet, without changing anything.
    pub fn explain(&self, question: &Question, now: Time) -> Explanation {
        let mut explanation = Explanation::new();
        if !self.is_directing(question.to.addr.is_ipv6()) {
            let reason = "there is no service of this family: every packet is left to the host";
            return explanation.ends(Outcome::Passed, reason);
        }
        let number = question.protocol.number();
        let key_in = ConnKey::new(Role::In, number, question.from, question.to);
        let backup_only = self.is_backup_only();
        if let Some(entry) = self.conns.peek(&key_in, now).filter(|_| !backup_only) {
            return self.explain_connection(explanation, &entry, question, now);
        }
        let key_out = ConnKey::new(Role::Out, number, question.from, question.to);
        if let Some(entry) = self.conns.peek(&key_out, now) {
            explanation.connection = Some(detail(&entry, now));
            return explanation.ends(
                Outcome::Forwarded,
                format!(
                    "it is an answer of the server {} and goes to the client {}",
                    entry.real(),
                    entry.client()
                ),
            );
        }
        if backup_only {
            let reason = "backup_only: a backup leaves the packets of clients to other directors";
            return explanation.ends(Outcome::Passed, reason);
        }
        explanation.because("it belongs to no connection yet; taken for the first packet of one");
        let services = self.services.read();
        let found = services.find(question.mark, question.protocol, question.to.addr, question.to.port);
        let Some(service) = found else {
            if self.leaves(question.from.addr, question.to.addr)
                && let Some(own) = self.routes.source_to(question.to.addr)
            {
                let reason = format!("no service takes it, and --masquerade sends it out from {own}");
                return explanation.ends(Outcome::Forwarded, reason);
            }
            return explanation.ends(
                Outcome::Passed,
                "no service takes it (by mark, by port, or for all ports of the address)",
            );
        };
        self.explain_service(explanation, service, question, now)
    }

    fn explain_connection(
        &self,
        mut explanation: Explanation,
        entry: &Entry<'_>,
        question: &Question,
        now: Time,
    ) -> Explanation {
        let found = detail(entry, now);
        explanation.forwarding = Some(found.method.clone());
        explanation.connection = Some(found);
        if entry.server().is_some_and(|server| !server.is_available()) {
            if self.sysctls.is_on(Sysctl::ExpireNodestConn) {
                explanation
                    .because("its connection's server was removed: expire_nodest_conn ends the connection");
                let services = self.services.read();
                let (mark, to) = (question.mark, question.to);
                return match services.find(mark, question.protocol, to.addr, to.port) {
                    Some(service) => self.explain_service(explanation, service, question, now),
                    None => explanation.ends(Outcome::Passed, "no service takes it"),
                };
            }
            return explanation.ends(
                Outcome::Dropped,
                "its connection's server was removed (expire_nodest_conn would let it begin anew)",
            );
        }
        explanation.server = Some(entry.real());
        let secs = entry.expires_at().since(now).as_secs();
        explanation.ends(
            Outcome::Forwarded,
            format!(
                "it belongs to a connection in state {}, which would end in {secs} s",
                entry.state.name()
            ),
        )
    }

    fn explain_service(
        &self,
        mut explanation: Explanation,
        service: &VirtualService,
        question: &Question,
        now: Time,
    ) -> Explanation {
        let (spec, to) = (service.spec(), question.to);
        explanation.service = Some(spec.key);
        explanation.scheduler = Some(spec.scheduler.clone());
        explanation.because(match spec.key {
            ServiceKey::Mark { mark, .. } => format!("the service of mark {mark} takes it"),
            key if key.port() == to.port => format!("the service {key} takes it"),
            key if key.port() == 0 => format!("the service {key} takes it: it is for all ports"),
            key => format!("the service {key} takes it: it may be a data connection of FTP"),
        });
        if question.from.port == FTP_DATA_PORT {
            return explanation
                .ends(Outcome::Passed, "it comes from port 20, as active FTP: left to the host");
        }
        let is_own_port = to.port == spec.key.port();
        if spec.persistence.is_none() && !spec.key.is_mark() && !is_own_port {
            return self.explain_nobody(
                explanation,
                service,
                question,
                "a service of all ports is only scheduled with persistence",
            );
        }
        let template = match spec.persistence {
            Some(persistence) => self.explain_template(&mut explanation, service, question, persistence, now),
            None => None,
        };
        let from_template = template.is_some();
        let chosen = template.or_else(|| {
            let draw = mixed(self.draws.load(Relaxed));
            service.would_schedule(&self.flow(question.from, to, service, now, draw))
        });
        for server in service.servers() {
            let is_chosen = chosen.as_ref().is_some_and(|chosen| Arc::ptr_eq(chosen, server));
            explanation.candidates.push(candidate(server, is_chosen, from_template));
        }
        let Some(server) = chosen else {
            let why = match (service.servers().is_empty(), spec.scheduler.as_str()) {
                (true, _) => "the service has no server".to_owned(),
                (false, "none") => "the service has no scheduler".to_owned(),
                (false, scheduler) => format!("the scheduler {scheduler} finds no server for it"),
            };
            return self.explain_nobody(explanation, service, question, &why);
        };
        let maps = spec.persistence.is_none() || is_own_port;
        let port = if maps && server.port() != 0 { server.port() } else { to.port };
        explanation.server = Some(Endpoint::new(server.addr(), port));
        explanation.forwarding = Some(server.forwarding().name().to_owned());
        if !from_template {
            explanation.because(format!("the scheduler {} chooses {}", spec.scheduler, server.endpoint()));
        }
        if self.conns.is_full() {
            return explanation
                .ends(Outcome::Dropped, "there are as many connections as there may be (conn_max)");
        }
        if self.conns.len() >= self.settings.max_conns {
            return explanation.ends(Outcome::Dropped, "the connection table is full (max_conns)");
        }
        explanation.outcome = Outcome::Forwarded;
        explanation
    }

    /// The server of a template that this client would be led by.
    fn explain_template(
        &self,
        explanation: &mut Explanation,
        service: &VirtualService,
        question: &Question,
        persistence: Persistence,
        now: Time,
    ) -> Option<Arc<RealServer>> {
        let spec = service.spec();
        if let Some(engine) = &spec.engine {
            explanation.because(format!(
                "the persistence engine {engine} reads the payload, which is not known here: taken as a new client"
            ));
            return None;
        }
        let is_own_port = question.to.port == spec.key.port();
        let binds_port = is_own_port && spec.key.port() != FTP_PORT;
        let (protocol, virt) = match spec.key {
            ServiceKey::Mark { mark, family } if !is_own_port => {
                (ANY_PROTOCOL, Endpoint::new(mark_addr(mark, family), 0))
            }
            _ => {
                let port = if binds_port { question.to.port } else { 0 };
                (question.protocol.number(), Endpoint::new(question.to.addr, port))
            }
        };
        let key = client_key(protocol, question.from.addr, virt, persistence);
        let Some(entry) = self.conns.peek(&key, now) else {
            explanation.because(format!(
                "the client has no template (or none any more); one for {} s would be made",
                persistence.timeout
            ));
            return None;
        };
        explanation.template = Some(detail(&entry, now));
        let Some(server) = entry.server().filter(|server| server.is_available()).cloned() else {
            explanation.because("the template of the client names a server that was removed: it is not used");
            return None;
        };
        if server.is_drained() {
            explanation.because(format!(
                "the template of the client names {}, which is drained: it is not used",
                server.endpoint()
            ));
            return None;
        }
        if server.weight() == 0 && self.sysctls.is_on(Sysctl::ExpireQuiescentTemplate) {
            explanation.because(format!(
                "the template of the client names {}, which has weight 0: expire_quiescent_template forgets it",
                server.endpoint()
            ));
            return None;
        }
        let secs = entry.expires_at().since(now).as_secs();
        explanation.because(format!(
            "a template leads {} to {} for another {secs} s",
            entry.client().addr,
            server.endpoint()
        ));
        Some(server)
    }

    fn explain_nobody(
        &self,
        explanation: Explanation,
        service: &VirtualService,
        question: &Question,
        why: &str,
    ) -> Explanation {
        let key = &service.spec().key;
        if key.port() == FTP_PORT && question.to.port != FTP_PORT {
            return explanation
                .ends(Outcome::Passed, format!("{why}: other ports of FTP's address are the host's"));
        }
        if key.is_mark() && self.sysctls.is_on(Sysctl::CacheBypass) {
            return explanation
                .ends(Outcome::Forwarded, format!("{why}: cache_bypass lets it go where it wanted to"));
        }
        explanation.ends(Outcome::Refused, format!("{why}: answered with port unreachable"))
    }
}

fn candidate(server: &RealServer, chosen: bool, from_template: bool) -> Candidate {
    let (active, inactive) = (server.active_conns(), server.inactive_conns());
    let why = match (chosen, from_template) {
        (true, true) if server.is_quiesced() => "chosen by the template, although its weight is 0".to_owned(),
        (true, true) => "chosen by the template".to_owned(),
        (true, false) => "chosen by the scheduler".to_owned(),
        _ if server.is_drained() => "drained: no new connections".to_owned(),
        _ if server.is_quiesced() => "weight 0: no new connections".to_owned(),
        _ if server.is_overloaded() => {
            format!(
                "overloaded: {} connections, upper threshold {}",
                u64::from(active) + u64::from(inactive),
                server.upper_threshold()
            )
        }
        (false, true) => "the template leads elsewhere".to_owned(),
        (false, false) => "usable, but not the scheduler's choice for this connection".to_owned(),
    };
    Candidate {
        server: server.endpoint(),
        weight: server.weight(),
        active_conns: active,
        inactive_conns: inactive,
        chosen,
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::director::{Command, Settings, Side, Verdict};
    use crate::service::{Forwarding, ServerSpec, ServiceSpec};
    use lvs_wire::{Outbox, PacketBuf, make, protocol};

    const NOW: Time = Time(1000);
    const VIP: [u8; 4] = [10, 0, 0, 1];

    fn key() -> ServiceKey {
        ServiceKey::Address { protocol: Protocol::Udp, addr: VIP.into(), port: 53 }
    }

    fn server(last: u8) -> ServerSpec {
        ServerSpec::new([10, 1, 0, last].into(), 5353, Forwarding::Masq)
    }

    fn director(spec: ServiceSpec, servers: &[ServerSpec]) -> Director {
        let director = Director::new(Settings { seed: 7, ..Settings::default() });
        let mut commands = vec![Command::AddService(spec)];
        let add = |server: &ServerSpec| Command::AddServer { service: key(), server: server.clone() };
        commands.extend(servers.iter().map(add));
        commands.iter().for_each(|command| director.apply(command, NOW).unwrap());
        director
    }

    fn question(port: u16) -> Question {
        let from = Endpoint::new([10, 9, (port >> 8) as u8, port as u8].into(), 4000 + port);
        Question { protocol: Protocol::Udp, from, to: Endpoint::new(VIP.into(), 53), mark: None }
    }

    /// Sends the packet that the question is about. The server that it went to.
    fn send(director: &Director, question: &Question) -> Option<Endpoint> {
        let mut datagram = [question.from.port.to_be_bytes(), 53_u16.to_be_bytes(), [0, 8], [0, 0]].concat();
        datagram.resize(8, 0);
        let packet = make::ip(question.from.addr, question.to.addr, protocol::UDP, 64, &datagram);
        let mut packet = PacketBuf::from_packet(&packet);
        let verdict = director.process(&mut packet, Side::Client, NOW, &mut Outbox::default());
        (verdict == Verdict::Forward).then(|| {
            let bytes = packet.bytes();
            let addr: [u8; 4] = bytes[16..20].try_into().unwrap();
            Endpoint::new(addr.into(), u16::from_be_bytes([bytes[22], bytes[23]]))
        })
    }

    #[test]
    fn what_is_explained_happens_with_every_scheduler_however_often_it_is_asked() {
        let schedulers =
            ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "mh", "sed", "nq", "fo", "ovf", "twos"];
        for scheduler in schedulers {
            let weighted =
                [3, 0, 2, 1].into_iter().zip(1..).map(|(weight, last)| ServerSpec { weight, ..server(last) });
            let servers: Vec<ServerSpec> = weighted.collect();
            let director = director(ServiceSpec::new(key(), scheduler), &servers);
            let twin = self::director(ServiceSpec::new(key(), scheduler), &servers);
            for port in 0..60 {
                let question = question(port);
                let explained = director.explain(&question, NOW);
                assert_eq!(explained, director.explain(&question, NOW), "{scheduler}");
                // A hash may lead to the server of weight 0, and then to nobody.
                let is_refused = explained.outcome == Outcome::Refused && ["dh", "sh"].contains(&scheduler);
                assert!(explained.outcome == Outcome::Forwarded || is_refused, "{scheduler}: {explained:?}");
                let chosen = explained.candidates.iter().filter(|candidate| candidate.chosen).count();
                assert_eq!(chosen, usize::from(!is_refused), "{scheduler}");
                assert_eq!(send(&director, &question), explained.server, "{scheduler}");
                assert_eq!(send(&twin, &question), explained.server, "{scheduler}: asking changed something");
                let again = director.explain(&question, NOW);
                assert!(
                    again.connection.is_none() == is_refused && again.server == explained.server,
                    "{scheduler}: {again:?}"
                );
            }
        }
    }

    #[test]
    fn templates_lead_and_servers_say_why_not() {
        let spec = ServiceSpec {
            persistence: Some(Persistence { timeout: 300, mask: 0xffff_ff00 }),
            ..ServiceSpec::new(key(), "rr")
        };
        let quiet = ServerSpec { weight: 0, ..server(2) };
        let full = ServerSpec { upper_threshold: 1, ..server(3) };
        let director = director(spec, &[server(1), quiet, full]);
        let first = director.explain(&question(1), NOW);
        assert!(
            first.template.is_none() && first.reasons.iter().any(|reason| reason.contains("no template"))
        );
        let server = send(&director, &question(1));
        assert_eq!(server, first.server);
        let neighbour = director.explain(&question(2), NOW);
        assert!(neighbour.template.is_some());
        assert_eq!(neighbour.server, server);
        let why: Vec<&str> = neighbour.candidates.iter().map(|candidate| candidate.why.as_str()).collect();
        assert_eq!(
            why,
            ["chosen by the template", "weight 0: no new connections", "the template leads elsewhere"]
        );
    }

    #[test]
    fn a_drained_server_is_not_led_to() {
        let spec = ServiceSpec {
            persistence: Some(Persistence { timeout: 300, mask: u32::MAX }),
            ..ServiceSpec::new(key(), "rr")
        };
        let director = director(spec, &[server(1), server(2)]);
        let drained = send(&director, &question(1)).unwrap();
        let mark = |drained, server| Command::SetDrained { service: key(), server, drained };
        director.apply(&mark(true, drained), NOW).unwrap();
        // The known connection goes on; the next one of the client is for the other server, whatever its template says.
        let known = director.explain(&question(1), NOW);
        assert_eq!((known.outcome, known.server), (Outcome::Forwarded, Some(drained)));
        let next = Question { from: Endpoint::new(question(1).from.addr, 9), ..question(1) };
        let explained = director.explain(&next, NOW);
        assert!(explained.template.is_some() && explained.server != Some(drained), "{explained:?}");
        let reasons = explained.reasons.join("; ");
        assert!(reasons.contains(&format!("names {drained}, which is drained: it is not used")), "{reasons}");
        let candidate = explained.candidates.iter().find(|candidate| candidate.server == drained).unwrap();
        assert_eq!((candidate.weight, candidate.why.as_str()), (0, "drained: no new connections"));
        assert_eq!(send(&director, &next), explained.server);
        let other = explained.server.unwrap();
        director.apply(&mark(true, other), NOW).unwrap();
        let third = Question { from: Endpoint::new([10, 9, 9, 9].into(), 9), ..question(1) };
        assert_eq!(director.explain(&third, NOW).outcome, Outcome::Refused);
        director.apply(&mark(false, other), NOW).unwrap();
        assert_eq!(director.explain(&third, NOW).server, Some(other));
    }

    #[test]
    fn nobody_and_nothing_are_told_apart() {
        let director = director(ServiceSpec::new(key(), "rr"), &[ServerSpec { weight: 0, ..server(1) }]);
        let full = ServerSpec { upper_threshold: 1, ..server(2) };
        director.apply(&Command::AddServer { service: key(), server: full }, NOW).unwrap();
        assert!(send(&director, &question(9)).is_some());
        let refused = director.explain(&question(1), NOW);
        assert_eq!(refused.candidates[0].why, "overloaded: 1 connections, upper threshold 1");
        director
            .apply(&Command::DeleteServer { service: key(), addr: [10, 1, 0, 2].into(), port: 5353 }, NOW)
            .unwrap();
        let refused_too = director.explain(&question(1), NOW);
        assert_eq!(refused_too.outcome, refused.outcome);
        let refused = refused_too;
        assert_eq!((refused.outcome, refused.service), (Outcome::Refused, Some(key())));
        assert_eq!(refused.candidates[0].why, "weight 0: no new connections");
        let elsewhere = Question { to: Endpoint::new(VIP.into(), 54), ..question(1) };
        assert_eq!(director.explain(&elsewhere, NOW).outcome, Outcome::Passed);
        director.apply(&Command::Flush, NOW).unwrap();
        assert_eq!(director.explain(&question(1), NOW).outcome, Outcome::Passed);
        assert_eq!(director.conn_count(), 1);
    }
}
