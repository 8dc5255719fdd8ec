//! Deciding where a packet without a connection goes: service, persistence template, scheduler, as data.
//!
//! Changes nothing but the scheduler that is asked. [`schedule`](super::schedule) does what was decided for packets, and
//! [`explain`](crate::director::control::explain) prints it with its [steps](Step), from copies of the schedulers.
//! Same job as the choosing halves of `ip_vs_schedule` and `ip_vs_sched_persist`.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::draw::mixed;
use super::facts::{Facts, Message, Segment};
use super::steps::{NoServer, NoServerReason, Step};
use super::template_key::{client_key, mark_addr};
use crate::app::sip;
use crate::conn::{ConnId, ConnKey, Engine};
use crate::director::control::sysctl::Sysctl;
use crate::director::{Director, DropReason};
use crate::sched::{Expirations, Flow};
use crate::service::{Endpoint, Persistence, Protocol, RealServer, ServiceKey, ServiceTable, VirtualService};
use crate::time::Time;

pub(in crate::director) const FTP_PORT: u16 = 21;
pub(in crate::director) const FTP_DATA_PORT: u16 = 20;

/// Protocol number of a template that stands for a mark.
const ANY_PROTOCOL: u8 = 0;

/// The asker of a decision: for a packet, or to know.
pub(in crate::director) trait Recorder {
    /// The decision will be done: schedulers move on.
    const DECIDES: bool;

    fn step(&mut self, step: impl FnOnce() -> Step);
}

/// Of packets. Their steps are of no interest.
pub(in crate::director) struct Deciding;

impl Recorder for Deciding {
    const DECIDES: bool = true;

    fn step(&mut self, _: impl FnOnce() -> Step) {}
}

/// Decision about a packet.
pub(in crate::director) struct Decision<'s> {
    pub(in crate::director) service: Option<&'s VirtualService>,
    /// A template that names a server that cannot be used: to be put out of use.
    pub(in crate::director) spoilt: Option<ConnId>,
    pub(in crate::director) disposition: Disposition,
}

/// Disposition of a packet under its service.
pub(in crate::director) enum Disposition {
    /// A connection to a server.
    Connect {
        server: Arc<RealServer>,
        port: u16,
        template: Option<Template>,
    },
    /// On to where it is bound for: no cache takes it.
    Bypass,
    /// Nobody's packet.
    NoService,
    /// The host's own business, although a service covers it.
    Ignore,
    NoServer,
    Drop(DropReason),
}

/// The persistence template of a connection.
pub(in crate::director) enum Template {
    Known(ConnId),
    /// One that leads to `port` of the server.
    New {
        key: ConnKey,
        port: u16,
        persistence: Persistence,
        engine: Option<Engine>,
    },
}

/// Answer of a client's template.
pub(in crate::director) enum TemplateFound {
    Leads(ConnId, Arc<RealServer>),
    /// To a server that cannot be used.
    Unusable(ConnId),
    Nothing,
}

impl Disposition {
    const fn under(self, service: &VirtualService) -> Decision<'_> {
        Decision { service: Some(service), spoilt: None, disposition: self }
    }
}

/// Choice of a server.
struct Choice {
    /// The template whose server cannot be used any more.
    spoilt: Option<ConnId>,
    disposition: Result<Disposition, NoServerReason>,
}

impl Choice {
    const fn plain(disposition: Result<Disposition, NoServerReason>) -> Self {
        Self { spoilt: None, disposition }
    }
}

impl Director {
    /// Decides on a packet that belongs to no connection.
    pub(in crate::director) fn decide<'s, R: Recorder>(
        &self,
        facts: &Facts<'_>,
        services: &'s ServiceTable,
        recorder: &mut R,
    ) -> Decision<'s> {
        let Segment { protocol, from, to, .. } = facts.segment;
        let Some(service) = services.find(facts.mark, protocol, to.addr, to.port) else {
            return Decision { service: None, spoilt: None, disposition: Disposition::NoService };
        };
        let key = service.spec().key;
        recorder.step(|| Step::Service { key, port: to.port });
        if self.access.deny(&key, from.addr) {
            recorder.step(|| Step::Denied(from.addr));
            return Disposition::Drop(DropReason::Denied).under(service);
        }
        if !R::DECIDES && protocol == Protocol::Tcp && self.answers_by_cookies(service, facts.now) {
            recorder.step(|| Step::Cookies);
        }
        if R::DECIDES && self.defence.drops_packet() {
            return Disposition::Drop(DropReason::GivenUp).under(service);
        }
        if let Some(rate) = self.defence.drop_rate().filter(|_| !R::DECIDES) {
            recorder.step(|| Step::MayBeGivenUp { rate });
        }
        // Active FTP: the server opens the data connection, so this is no client.
        if from.port == FTP_DATA_PORT {
            recorder.step(|| Step::ActiveFtp);
            return Disposition::Ignore.under(service);
        }
        let Choice { spoilt, disposition } = match service.spec().persistence {
            Some(persistence) => self.decide_persistent(facts, service, persistence, recorder),
            None => Choice::plain(self.decide_plain(facts, service, recorder)),
        };
        let disposition = match disposition {
            Ok(disposition) => disposition,
            Err(why) => self.without_server(facts, service, why, recorder),
        };
        Decision { service: Some(service), spoilt, disposition }
    }

    /// Decides about a packet for which its service has no server.
    fn without_server<R: Recorder>(
        &self,
        facts: &Facts<'_>,
        service: &VirtualService,
        why: NoServerReason,
        recorder: &mut R,
    ) -> Disposition {
        let (key, to) = (service.spec().key, facts.segment.to);
        let reason = || NoServer { why, scheduler: service.spec().scheduler.clone() };
        if key.port() == FTP_PORT && to.port != FTP_PORT {
            recorder.step(|| Step::OtherPortOfFtp(reason()));
            return Disposition::Ignore;
        }
        let may_bypass = key.is_mark()
            && self.sysctls.is_on(Sysctl::CacheBypass)
            && !facts.is_quoted
            && self.routes.to(to.addr).is_none_or(|route| !route.is_local);
        if may_bypass {
            recorder.step(|| Step::CacheBypass(reason()));
            return Disposition::Bypass;
        }
        recorder.step(|| Step::Refused(reason()));
        Disposition::NoServer
    }

    fn decide_plain<R: Recorder>(
        &self,
        facts: &Facts<'_>,
        service: &VirtualService,
        recorder: &mut R,
    ) -> Result<Disposition, NoServerReason> {
        let (key, to) = (&service.spec().key, facts.segment.to);
        if !key.is_mark() && to.port != key.port() {
            return Err(NoServerReason::OtherPort);
        }
        let server = self.choose(facts, service, recorder)?;
        let port = if server.port() == 0 { to.port } else { server.port() };
        Ok(Disposition::Connect { server, port, template: None })
    }

    fn decide_persistent<R: Recorder>(
        &self,
        facts: &Facts<'_>,
        service: &VirtualService,
        persistence: Persistence,
        recorder: &mut R,
    ) -> Choice {
        let Segment { protocol, from, to, .. } = facts.segment;
        let key = service.spec().key;
        let is_own_port = to.port == key.port();
        let binds_port = is_own_port && key.port() != FTP_PORT;
        let (engine, is_known) = match (service.spec().engine.as_deref(), facts.message) {
            (None, _) => (None, true),
            (Some(name), Message::Unknown) => {
                recorder.step(|| Step::EngineUnknown(name.to_owned()));
                (None, false)
            }
            (Some(name), message) => match message.call_id() {
                Some(data) => (Some(Engine { name: name.to_owned(), data: data.into() }), true),
                None => return Choice::plain(Ok(Disposition::Drop(DropReason::NoCallId))),
            },
        };
        let (number, virt) = match key {
            ServiceKey::Mark { mark, family } if !is_own_port => {
                (ANY_PROTOCOL, Endpoint::new(mark_addr(mark, family), 0))
            }
            _ => (protocol.number(), Endpoint::new(to.addr, if binds_port { to.port } else { 0 })),
        };
        let template_key =
            self.template_key(client_key(number, from.addr, virt, persistence), engine.as_ref());
        let found = match is_known {
            true => self.find_template(&template_key, facts.now, persistence, recorder),
            false => TemplateFound::Nothing,
        };
        let (spoilt, chosen) = match found {
            TemplateFound::Leads(id, server) => (None, Ok((server, Template::Known(id)))),
            TemplateFound::Unusable(id) => (Some(id), Err(())),
            TemplateFound::Nothing => (None, Err(())),
        };
        let chosen = chosen.or_else(|()| {
            let server = self.choose(facts, service, recorder)?;
            let port = if binds_port { server.port() } else { 0 };
            Ok((server, Template::New { key: template_key, port, persistence, engine }))
        });
        let disposition = chosen.map(|(server, template)| {
            let port = if is_own_port && server.port() != 0 { server.port() } else { to.port };
            Disposition::Connect { server, port, template: Some(template) }
        });
        Choice { spoilt, disposition }
    }

    /// The template of that key, and whether its server can be used.
    pub(in crate::director) fn find_template<R: Recorder>(
        &self,
        key: &ConnKey,
        now: Time,
        persistence: Persistence,
        recorder: &mut R,
    ) -> TemplateFound {
        let found = if R::DECIDES { self.conns.lookup(key, now) } else { self.conns.peek(key, now) };
        let Some(entry) = found else {
            recorder.step(|| Step::NoTemplate { timeout: persistence.timeout });
            return TemplateFound::Nothing;
        };
        let Some(server) = entry.server().filter(|server| server.is_available()) else {
            recorder.step(|| Step::TemplateOfRemoved);
            return TemplateFound::Unusable(entry.id);
        };
        if server.is_drained() {
            recorder.step(|| Step::TemplateOfDrained(server.endpoint()));
            return TemplateFound::Unusable(entry.id);
        }
        if server.weight() == 0 && self.sysctls.is_on(Sysctl::ExpireQuiescentTemplate) {
            recorder.step(|| Step::TemplateOfQuiesced(server.endpoint()));
            return TemplateFound::Unusable(entry.id);
        }
        recorder.step(|| Step::TemplateLeads {
            client: entry.client().addr,
            server: server.endpoint(),
            secs: entry.expires_at().since(now).as_secs(),
        });
        TemplateFound::Leads(entry.id, Arc::clone(server))
    }

    /// The scheduler's choice.
    fn choose<R: Recorder>(
        &self,
        facts: &Facts<'_>,
        service: &VirtualService,
        recorder: &mut R,
    ) -> Result<Arc<RealServer>, NoServerReason> {
        let spec = service.spec();
        let Segment { from: client, to: virt, .. } = facts.segment;
        let draw = if R::DECIDES { self.draw() } else { mixed(self.draws.load(Relaxed)) };
        let flow = Flow {
            client,
            virt,
            flags: spec.scheduler_flags,
            now: facts.now,
            draw,
            expirations: self.expirations(),
        };
        let chosen = if R::DECIDES { service.schedule(&flow) } else { service.would_schedule(&flow) };
        let Some(server) = chosen else {
            return Err(match service.servers().is_empty() {
                true => NoServerReason::NoServers,
                false if spec.scheduler == "none" => NoServerReason::NoScheduler,
                false => NoServerReason::NotFound,
            });
        };
        recorder.step(|| Step::Chosen { scheduler: spec.scheduler.clone(), server: server.endpoint() });
        Ok(server)
    }

    fn expirations(&self) -> Expirations {
        let secs = |sysctl| Duration::from_secs(self.sysctls.value(sysctl).max(0).unsigned_abs());
        Expirations { lblc: secs(Sysctl::LblcExpiration), lblcr: secs(Sysctl::LblcrExpiration) }
    }
}

impl<'p> Message<'p> {
    /// Call-ID by which the engine `sip` knows a client.
    pub(in crate::director) fn call_id(self) -> Option<&'p [u8]> {
        match self {
            Self::Bytes(message) => sip::call_id(message),
            Self::Unknown | Self::None => None,
        }
    }
}
