//! The decision about a client's packet, and why: that of the path of packets, printed instead of done. Schedulers are asked
//! as copies of themselves, so that the next real connection is decided as if nobody had asked.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::census::detail;
use crate::conn::{ConnId, Entry};
use crate::director::path::decide::{Disposition, Recorder, Template};
use crate::director::path::facts::{Facts, Message, Segment};
use crate::director::path::lookup::{ConnValidity, Found};
use crate::director::path::steps::Step;
use crate::director::{ConnDetail, Director, Side};
use crate::service::{Endpoint, Protocol, RealServer, ServiceKey, ServiceTable};
use crate::time::Time;
use lvs_wire::TcpFlags;

/// The packet that is asked about: the first of a connection (a SYN, an INIT, a datagram), or one of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub protocol: Protocol,
    pub from: Endpoint,
    pub to: Endpoint,
    pub mark: Option<u32>,
}

/// The fate of the packet.
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

/// Steps are kept, and nothing is changed.
#[derive(Default)]
struct Asking(Vec<Step>);

impl Recorder for Asking {
    const DECIDES: bool = false;

    fn step(&mut self, step: impl FnOnce() -> Step) {
        self.0.push(step());
    }
}

impl Director {
    /// Says what the packet would meet, without changing anything.
    pub fn explain(&self, question: &Question, now: Time) -> Explanation {
        self.merge_flows(now);
        let mut explanation = Explanation::new();
        let Question { protocol, from, to, mark } = *question;
        if !self.is_directing(to.addr.is_ipv6()) {
            let reason = "there is no service of this family: every packet is left to the host";
            return explanation.ends(Outcome::Passed, reason);
        }
        let segment = Segment { protocol, from, to, flags: TcpFlags(0) };
        match self.look_up::<Asking>(mark.map_or(Side::Client, Side::Mark), &segment, now) {
            Found::ToServer(conn) => return self.explain_connection(explanation, &conn, question, now),
            Found::ToClient(conn) => return answer(explanation, &conn, now),
            Found::OnBackup => {
                if let Found::ToClient(conn) = self.look_up::<Asking>(Side::Server, &segment, now) {
                    return answer(explanation, &conn, now);
                }
                let reason = "backup_only: a backup leaves the packets of clients to other directors";
                return explanation.ends(Outcome::Passed, reason);
            }
            Found::Nothing => {}
        }
        explanation.because("it belongs to no connection yet; taken for the first packet of one");
        self.explain_first(explanation, question, now)
    }

    fn explain_connection(
        &self,
        mut explanation: Explanation,
        conn: &Entry<'_>,
        question: &Question,
        now: Time,
    ) -> Explanation {
        let found = detail(conn, now);
        explanation.forwarding = Some(found.method.clone());
        explanation.connection = Some(found);
        match self.validity(conn, false) {
            ConnValidity::GivesWay { .. } => {
                explanation
                    .because("its connection's server was removed: expire_nodest_conn ends the connection");
                self.explain_first(explanation, question, now)
            }
            ConnValidity::ServerGone => explanation.ends(
                Outcome::Dropped,
                "its connection's server was removed (expire_nodest_conn would let it begin anew)",
            ),
            ConnValidity::Valid => {
                explanation.server = Some(conn.real());
                let secs = conn.expires_at().since(now).as_secs();
                let state = conn.state.name();
                let reason =
                    format!("it belongs to a connection in state {state}, which would end in {secs} s");
                explanation.ends(Outcome::Forwarded, reason)
            }
        }
    }

    /// Of a packet that would begin a connection.
    fn explain_first(&self, explanation: Explanation, question: &Question, now: Time) -> Explanation {
        let Question { protocol, from, to, mark } = *question;
        let segment = Segment { protocol, from, to, flags: TcpFlags(0) };
        let facts = Facts { segment, mark, now, is_quoted: false, message: Message::Unknown };
        let services: &ServiceTable = &self.services.read();
        let mut asking = Asking::default();
        let decision = self.decide(&facts, services, &mut asking);
        let mut explanation = explanation;
        explanation.reasons.extend(asking.0.iter().map(Step::to_string));
        let Some(service) = decision.service else { return self.explain_unserved(explanation, question) };
        explanation.service = Some(service.spec().key);
        explanation.scheduler = Some(service.spec().scheduler.clone());
        let (chosen, known) = chosen(&decision.disposition);
        if asking.0.iter().any(Step::is_choice) {
            let servers = service.servers().iter();
            explanation.candidates =
                servers.map(|server| candidate(server, chosen, known.is_some())).collect();
        }
        let template = known.or(decision.spoilt).and_then(|id| self.conns.get(id));
        explanation.template = template.map(|template| detail(&template, now));
        self.explain_disposition(explanation, &decision.disposition)
    }

    fn explain_unserved(&self, explanation: Explanation, question: &Question) -> Explanation {
        let own = self.routes.source_to(question.to.addr);
        if let Some(own) = own.filter(|_| self.leaves(question.from.addr, question.to.addr)) {
            let reason = format!("no service takes it, and --masquerade sends it out from {own}");
            return explanation.ends(Outcome::Forwarded, reason);
        }
        let reason = "no service takes it (by mark, by port, or for all ports of the address)";
        explanation.ends(Outcome::Passed, reason)
    }

    fn explain_disposition(&self, mut explanation: Explanation, disposition: &Disposition) -> Explanation {
        match disposition {
            Disposition::Connect { server, port, .. } => {
                explanation.server = Some(Endpoint::new(server.addr(), *port));
                explanation.forwarding = Some(server.forwarding().name().to_owned());
                if self.conns.is_full() {
                    return explanation
                        .ends(Outcome::Dropped, "there are as many connections as there may be (conn_max)");
                }
                if self.conns.len() >= self.settings.max_conns {
                    return explanation.ends(Outcome::Dropped, "the connection table is full (max_conns)");
                }
                explanation.outcome = Outcome::Forwarded;
            }
            Disposition::Bypass => explanation.outcome = Outcome::Forwarded,
            Disposition::NoService | Disposition::Ignore => explanation.outcome = Outcome::Passed,
            Disposition::NoServer => explanation.outcome = Outcome::Refused,
            Disposition::Drop(_) => explanation.outcome = Outcome::Dropped,
        }
        explanation
    }
}

/// The server of a decision, and the template that led to it.
const fn chosen(disposition: &Disposition) -> (Option<&Arc<RealServer>>, Option<ConnId>) {
    match disposition {
        Disposition::Connect { server, template: Some(Template::Known(id)), .. } => (Some(server), Some(*id)),
        Disposition::Connect { server, template: Some(Template::New { .. }) | None, .. } => {
            (Some(server), None)
        }
        Disposition::Bypass
        | Disposition::NoService
        | Disposition::Ignore
        | Disposition::NoServer
        | Disposition::Drop(_) => (None, None),
    }
}

fn answer(mut explanation: Explanation, conn: &Entry<'_>, now: Time) -> Explanation {
    explanation.connection = Some(detail(conn, now));
    let (server, client) = (conn.real(), conn.client());
    let reason = format!("it is an answer of the server {server} and goes to the client {client}");
    explanation.ends(Outcome::Forwarded, reason)
}

fn candidate(server: &Arc<RealServer>, chosen: Option<&Arc<RealServer>>, from_template: bool) -> Candidate {
    let chosen = chosen.is_some_and(|chosen| Arc::ptr_eq(chosen, server));
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
    use crate::service::{Forwarding, Persistence, ServerSpec, ServiceSpec};
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
        for scheduler in crate::sched::names() {
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
