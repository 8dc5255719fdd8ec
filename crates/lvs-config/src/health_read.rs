//! The health of a service and its servers in the file.

use std::ops::Range;

use toml::Spanned;

use super::check_read::{check, passive, script};
use super::check_schema::{Check as GivenCheck, Command, Failure, Some1, Sorry, Span};
use super::error::Mistake;
use super::schema;
use lvs::service::{Forwarding, ServerSpec, ServiceKey};
use lvs_health::spec::{Check, OnFailure, Script, ServerHealth, ServiceHealth, ServicePolicy, SorryServer};

/// What a service says of itself, and for those of its servers that say nothing.
pub(super) struct ServiceSide {
    policy: ServicePolicy,
    checks: Vec<GivenOnce>,
    on_failure: OnFailure,
    slow_start: std::time::Duration,
    notify_up: Option<Script>,
    notify_down: Option<Script>,
}

/// A check, and where it says that it goes by way of its server: how, only the server can say.
type GivenOnce = (Check, Option<Range<usize>>);

/// What a server says of itself.
#[derive(Debug, Default)]
pub(super) struct ServerSide {
    pub(super) check: Option<Some1<GivenCheck>>,
    pub(super) on_failure: Option<Failure>,
    pub(super) slow_start: Option<Span>,
    pub(super) notify_up: Option<Spanned<Command>>,
    pub(super) notify_down: Option<Spanned<Command>>,
}

pub(super) fn service_side(
    given: &mut schema::Service,
    sorry_spec: impl FnOnce(&Sorry) -> Result<ServerSpec, Mistake>,
) -> Result<ServiceSide, Mistake> {
    let mut policy = ServicePolicy { alpha: given.alpha, omega: given.omega, ..ServicePolicy::default() };
    if let Some(quorum) = &given.quorum {
        policy.quorum = *quorum.get_ref();
    }
    if let Some(hysteresis) = &given.hysteresis {
        policy.hysteresis = *hysteresis.get_ref();
        if policy.hysteresis >= policy.quorum {
            return Err(Mistake::new(hysteresis.span(), "hysteresis must be below quorum"));
        }
    }
    if policy.quorum == 0 {
        let at = given.quorum.as_ref().map(Spanned::span).unwrap_or_default();
        return Err(Mistake::new(at, "quorum must be 1 or more"));
    }
    policy.quorum_up = given.quorum_up.take().map(script).transpose()?;
    policy.quorum_down = given.quorum_down.take().map(script).transpose()?;
    policy.passive = given.passive.take().map(passive).transpose()?;
    if let Some(sorry) = given.sorry.take() {
        policy.sorry = Some(SorryServer { server: sorry_spec(&sorry)?, inhibit: sorry.inhibit });
    }
    Ok(ServiceSide {
        policy,
        checks: checks(given.check.take())?.unwrap_or_default(),
        on_failure: given.on_failure.map_or(OnFailure::Remove, OnFailure::from),
        slow_start: given.slow_start.map_or(std::time::Duration::ZERO, |time| time.0),
        notify_up: given.notify_up.take().map(script).transpose()?,
        notify_down: given.notify_down.take().map(script).transpose()?,
    })
}

fn checks(given: Option<Some1<GivenCheck>>) -> Result<Option<Vec<GivenOnce>>, Mistake> {
    let one = |given: GivenCheck| {
        let via = given.via_server.as_ref().filter(|via| *via.get_ref()).map(Spanned::span);
        Ok((check(given)?, via))
    };
    given.map(|given| given.0.into_iter().map(one).collect()).transpose()
}

/// A check of that server, by way of it if it says so.
fn led((mut check, via): GivenOnce, key: &ServiceKey, spec: &ServerSpec) -> Result<Check, Mistake> {
    let Some(at) = via else { return Ok(check) };
    let ServiceKey::Address { addr, port, .. } = *key else {
        return Err(Mistake::new(at, "a mark has no virtual address that via_server could ask"));
    };
    if !matches!(spec.forwarding, Forwarding::Route | Forwarding::Tunnel(_)) {
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

impl ServiceSide {
    pub(super) fn server(
        &self,
        key: &ServiceKey,
        spec: &ServerSpec,
        given: ServerSide,
    ) -> Result<ServerHealth, Mistake> {
        let or = |own: Option<Spanned<Command>>, around: &Option<Script>| match own {
            Some(own) => script(own).map(Some),
            None => Ok(around.clone()),
        };
        let mut health = ServerHealth::new(spec.endpoint());
        let given_checks = checks(given.check)?.unwrap_or_else(|| self.checks.clone());
        health.checks =
            given_checks.into_iter().map(|check| led(check, key, spec)).collect::<Result<_, _>>()?;
        health.on_failure = given.on_failure.map_or(self.on_failure, OnFailure::from);
        health.slow_start = given.slow_start.map_or(self.slow_start, |time| time.0);
        health.notify_up = or(given.notify_up, &self.notify_up)?;
        health.notify_down = or(given.notify_down, &self.notify_down)?;
        Ok(health)
    }

    /// None where there is nothing to check and nothing follows from anything.
    pub(super) fn health(self, service: ServiceKey, servers: Vec<ServerHealth>) -> Option<ServiceHealth> {
        Some(ServiceHealth { service, policy: self.policy, servers })
            .filter(ServiceHealth::looks_after_anything)
    }
}
