//! The health of a service and its servers in the file.

use std::ops::Range;
use std::time::Duration;

use super::check::Check as CheckTable;
use super::command::Command;
use super::one_or_many::OneOrMany;
use super::placed::Placed;
use super::server::Server;
use super::service::Service;
use crate::error::Mistake;
use lvs::service::{ServerSpec, ServiceKey};
use lvs_discovery::spec::Source;
use lvs_health::spec::{Check, OnFailure, Passive, Script, ServerHealth, ServiceHealth, ServicePolicy};

/// The health that a service declares, for itself and for those of its servers that declare none.
pub(crate) struct GivenHealth {
    policy: ServicePolicy,
    checks: Vec<GivenCheck>,
    on_failure: OnFailure,
    slow_start: Duration,
    notify_up: Option<Script>,
    notify_down: Option<Script>,
}

/// A check, and where it says that it goes by way of its server: how, only the server can say.
type GivenCheck = (Check, Option<Range<usize>>);

fn policy(key: &ServiceKey, given: &mut Service) -> Result<ServicePolicy, Mistake> {
    let usual = ServicePolicy::default();
    let quorum = given.quorum.as_deref().copied().unwrap_or(usual.quorum);
    if let Some(hysteresis) = given.hysteresis.as_ref().filter(|hysteresis| ***hysteresis >= quorum) {
        return Err(hysteresis.wrong("hysteresis must be below quorum"));
    }
    if let Some(given) = given.quorum.as_ref().filter(|_| quorum == 0) {
        return Err(given.wrong("quorum must be 1 or more"));
    }
    Ok(ServicePolicy {
        alpha: given.alpha,
        omega: given.omega,
        quorum,
        hysteresis: given.hysteresis.as_deref().copied().unwrap_or(usual.hysteresis),
        quorum_up: script(given.quorum_up.take())?,
        quorum_down: script(given.quorum_down.take())?,
        passive: given.passive.take().map(Passive::try_from).transpose()?,
        announce: announce(key, given)?,
        announce_sorry: given.announce_sorry,
        sorry: given.sorry.take().map(|sorry| sorry.server(key)).transpose()?,
    })
}

fn announce(key: &ServiceKey, given: &Service) -> Result<Option<bool>, Mistake> {
    let Some(announce) = given.announce.as_ref() else { return Ok(None) };
    if **announce && matches!(key, ServiceKey::Mark { .. }) {
        return Err(announce.wrong("a mark has no virtual address that could be announced"));
    }
    Ok(Some(**announce))
}

fn script(given: Option<Placed<Command>>) -> Result<Option<Script>, Mistake> {
    given.map(Script::try_from).transpose()
}

fn checks(given: Option<OneOrMany<CheckTable>>) -> Result<Option<Vec<GivenCheck>>, Mistake> {
    let one = |given: CheckTable| {
        let via = given.via_server.as_ref().filter(|via| ***via).map(Placed::at);
        Ok((given.try_into()?, via))
    };
    given.map(|given| given.0.into_iter().map(one).collect()).transpose()
}

/// A check of that server, by way of it if it says so.
fn by_way_of((mut check, via): GivenCheck, key: &ServiceKey, spec: &ServerSpec) -> Result<Check, Mistake> {
    let Some(at) = via else { return Ok(check) };
    let ServiceKey::Address { addr, port, .. } = *key else {
        return Err(Mistake::new(at, "a mark has no virtual address that via_server could ask"));
    };
    if !spec.forwarding.has_virtual_addr() {
        let what =
            "via_server is for servers of direct routing and tunnels: others are asked at their own address";
        return Err(Mistake::new(at, what));
    }
    let target = &mut check.target;
    if target.connect_ip.is_some_and(|asked| asked != addr) {
        let what = "with via_server the virtual address is asked: leave address out";
        return Err(Mistake::new(at, what));
    }
    if port == 0 && target.connect_port.is_none() {
        return Err(Mistake::new(at, "a service of all ports has none that via_server could ask: give port"));
    }
    if addr.is_ipv4() != spec.addr.is_ipv4() && target.bind_ip.is_none() {
        let what =
            "the server is of another family than the virtual address: give bind_address, for its answers";
        return Err(Mistake::new(at, what));
    }
    target.via_server = Some(spec.forwarding);
    Ok(check)
}

impl GivenHealth {
    pub(crate) fn new(key: &ServiceKey, mut given: Service) -> Result<Self, Mistake> {
        Ok(Self {
            policy: policy(key, &mut given)?,
            checks: checks(given.check)?.unwrap_or_default(),
            on_failure: given.on_failure.unwrap_or_default(),
            slow_start: given.slow_start.map(Duration::from).unwrap_or_default(),
            notify_up: script(given.notify_up)?,
            notify_down: script(given.notify_down)?,
        })
    }

    pub(crate) fn server(
        &self,
        key: &ServiceKey,
        spec: &ServerSpec,
        given: Server,
    ) -> Result<ServerHealth, Mistake> {
        let checks = checks(given.check)?.unwrap_or_else(|| self.checks.clone());
        Ok(ServerHealth {
            server: spec.endpoint(),
            checks: checks.into_iter().map(|check| by_way_of(check, key, spec)).collect::<Result<_, _>>()?,
            on_failure: given.on_failure.unwrap_or(self.on_failure),
            slow_start: given.slow_start.map_or(self.slow_start, Duration::from),
            notify_up: script(given.notify_up)?.or_else(|| self.notify_up.clone()),
            notify_down: script(given.notify_down)?.or_else(|| self.notify_down.clone()),
        })
    }

    /// The source with checks for each of its servers.
    pub(crate) fn of_source(&self, key: &ServiceKey, source: Source) -> Result<Source, Mistake> {
        let server = source.health.server;
        let spec = ServerSpec::new(server.addr, server.port, source.forwarding);
        let checks = self.checks.iter().cloned().map(|check| by_way_of(check, key, &spec));
        let health = ServerHealth {
            server,
            checks: checks.collect::<Result<_, _>>()?,
            on_failure: self.on_failure,
            slow_start: self.slow_start,
            notify_up: self.notify_up.clone(),
            notify_down: self.notify_down.clone(),
        };
        Ok(Source { health, ..source })
    }

    /// None where there is nothing to check and nothing follows from anything. `sources`: those whose servers come later.
    pub(crate) fn declared(
        self,
        service: ServiceKey,
        servers: Vec<ServerHealth>,
        sources: &[Source],
    ) -> Option<ServiceHealth> {
        let is_plain = |source: &Source| source.health == ServerHealth::new(source.health.server);
        let health = ServiceHealth { service, policy: self.policy, servers };
        (health.looks_after_anything() || !sources.iter().all(is_plain)).then_some(health)
    }
}
