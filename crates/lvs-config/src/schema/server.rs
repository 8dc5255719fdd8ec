//! Real servers, and the one that says sorry for them.

use serde::{Deserialize, Serialize};

use super::address::{Address, Forward};
use super::check::Check;
use super::command::Command;
use super::one_or_many::OneOrMany;
use super::placed::{Placed, is_default, unusual};
use super::seconds::Seconds;
use crate::error::Mistake;
use lvs::service::{ServerSpec, ServiceKey, TunnelChecksum, TunnelKind};
use lvs_health::spec::{OnFailure, ServerHealth, SorryServer};

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    address: Placed<Address>,
    forward: Forward,
    weight: Option<i32>,
    #[serde(default, skip_serializing_if = "is_default")]
    upper_threshold: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    lower_threshold: u32,
    tunnel: Option<Placed<Tunnel>>,
    pub(super) check: Option<OneOrMany<Check>>,
    pub(super) on_failure: Option<OnFailure>,
    pub(super) slow_start: Option<Seconds>,
    pub(super) notify_up: Option<Placed<Command>>,
    pub(super) notify_down: Option<Placed<Command>>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tunnel {
    #[serde(default)]
    kind: TunnelKind,
    #[serde(default)]
    port: u16,
    #[serde(default)]
    checksum: TunnelChecksum,
}

impl From<Tunnel> for lvs::service::Tunnel {
    fn from(Tunnel { kind, port, checksum }: Tunnel) -> Self {
        Self { kind, port, checksum }
    }
}

impl From<lvs::service::Tunnel> for Tunnel {
    fn from(lvs::service::Tunnel { kind, port, checksum }: lvs::service::Tunnel) -> Self {
        Self { kind, port, checksum }
    }
}

impl Server {
    /// The server of a service with that key.
    pub(crate) fn spec(&self, key: &ServiceKey) -> Result<ServerSpec, Mistake> {
        if let Some(tunnel) = self.tunnel.as_ref().filter(|_| self.forward != Forward::Tunnel) {
            return Err(tunnel.wrong("tunnel goes with forward = \"tunnel\""));
        }
        let tunnel = self.tunnel.as_deref().copied().map(lvs::service::Tunnel::from).unwrap_or_default();
        let mut spec = self.forward.server(key, &self.address, tunnel)?;
        spec.weight = self.weight.unwrap_or(spec.weight);
        (spec.upper_threshold, spec.lower_threshold) = (self.upper_threshold, self.lower_threshold);
        Ok(spec)
    }
}

/// A server, its health, and that of servers of its service that say nothing of it, where the service says something of it.
type Whole<'a> = (&'a ServerSpec, Option<&'a ServerHealth>, Option<&'a ServerHealth>);

impl From<Whole<'_>> for Server {
    fn from((spec, health, usual): Whole<'_>) -> Self {
        let tunnel = spec.forwarding.tunnel().filter(|tunnel| tunnel.kind != TunnelKind::Ipip);
        let plain = ServerHealth::new(spec.endpoint());
        let (own, usual) = (health.unwrap_or(&plain), usual.unwrap_or(&plain));
        let checks = unusual(&own.checks, &usual.checks);
        Self {
            address: Address::from(spec.endpoint()).into(),
            forward: spec.forwarding.into(),
            weight: unusual(spec.weight, 1),
            upper_threshold: spec.upper_threshold,
            lower_threshold: spec.lower_threshold,
            tunnel: tunnel.map(|tunnel| Tunnel::from(tunnel).into()),
            check: checks.map(|checks| OneOrMany(checks.iter().map(Check::from).collect())),
            on_failure: unusual(own.on_failure, usual.on_failure),
            slow_start: unusual(own.slow_start, usual.slow_start).map(Seconds),
            notify_up: unusual(&own.notify_up, &usual.notify_up).and_then(Option::as_ref).map(Into::into),
            notify_down: unusual(&own.notify_down, &usual.notify_down)
                .and_then(Option::as_ref)
                .map(Into::into),
        }
    }
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sorry {
    address: Placed<Address>,
    forward: Forward,
    #[serde(default, skip_serializing_if = "is_default")]
    inhibit: bool,
}

impl Sorry {
    pub(super) fn server(&self, key: &ServiceKey) -> Result<SorryServer, Mistake> {
        let server = self.forward.server(key, &self.address, lvs::service::Tunnel::default())?;
        Ok(SorryServer { server, inhibit: self.inhibit })
    }
}

impl From<&SorryServer> for Sorry {
    fn from(SorryServer { server, inhibit }: &SorryServer) -> Self {
        let address = Address::from(server.endpoint()).into();
        Self { address, forward: server.forwarding.into(), inhibit: *inhibit }
    }
}
