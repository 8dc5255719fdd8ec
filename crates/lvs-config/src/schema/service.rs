//! Virtual services: what they are, and what is declared of their health.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::address::{Address, AddressFamily};
use super::check::Check;
use super::command::Command;
use super::discover::Discover;
use super::one_or_many::OneOrMany;
use super::passive::Passive;
use super::placed::{Placed, is_default, unusual};
use super::seconds::Seconds;
use super::server::{Server, Sorry};
use crate::error::Mistake;
use lvs::sched::SchedulerClass;
use lvs::service::{
    self, ClientAddrMode, DeclaredService, Endpoint, Family, Protocol, ProxyVersion, SchedulerFlags,
    ServiceKey, ServiceSpec, SynDefence,
};
use lvs_discovery::spec::Source;
use lvs_health::spec::{OnFailure, ServerHealth, ServiceHealth, ServicePolicy};

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    address: Option<Placed<Address>>,
    protocol: Option<Placed<Protocol>>,
    mark: Option<Placed<u32>>,
    family: Option<Placed<AddressFamily>>,
    pub(crate) scheduler: Option<Placed<String>>,
    #[serde(default, skip_serializing_if = "is_default")]
    scheduler_flags: Vec<Flag>,
    #[serde(default, skip_serializing_if = "is_default")]
    one_packet: bool,
    persistence: Option<Placed<Persistence>>,
    pub(crate) engine: Option<Placed<String>>,
    proxy_protocol: Option<ProxyVersion>,
    toa: Option<Placed<bool>>,
    #[serde(default, skip_serializing_if = "is_default")]
    rst_on_expire: bool,
    adopt: Option<Placed<bool>>,
    syn_defence: Option<SynDefence>,
    client_limit: Option<Placed<ClientLimit>>,
    allow: Option<Placed<String>>,
    deny: Option<Placed<String>>,
    pub(super) check: Option<OneOrMany<Check>>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) alpha: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) omega: bool,
    pub(super) quorum: Option<Placed<u32>>,
    pub(super) hysteresis: Option<Placed<u32>>,
    pub(super) quorum_up: Option<Placed<Command>>,
    pub(super) quorum_down: Option<Placed<Command>>,
    pub(super) sorry: Option<Sorry>,
    pub(super) passive: Option<Placed<Passive>>,
    pub(super) announce: Option<Placed<bool>>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) announce_sorry: bool,
    pub(super) on_failure: Option<OnFailure>,
    pub(super) slow_start: Option<Seconds>,
    pub(super) notify_up: Option<Placed<Command>>,
    pub(super) notify_down: Option<Placed<Command>>,
    pub(crate) discover: Option<OneOrMany<Discover>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) server: Vec<Placed<Server>>,
}

fn is_hash(scheduler: &str) -> bool {
    lvs::sched::new(scheduler, &[]).is_some_and(|scheduler| scheduler.class() == SchedulerClass::Hash)
}

/// The scheduler of a service that names none, as `ipvsadm -A` without `-s`.
const DEFAULT_SCHEDULER: &str = "wlc";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
enum Flag {
    #[serde(rename = "flag-1", alias = "sh-fallback", alias = "mh-fallback")]
    One,
    #[serde(rename = "flag-2", alias = "sh-port", alias = "mh-port")]
    Two,
    #[serde(rename = "flag-3")]
    Three,
}

impl Flag {
    const ALL: [Self; 3] = [Self::One, Self::Two, Self::Three];
}

impl From<Flag> for SchedulerFlags {
    fn from(flag: Flag) -> Self {
        match flag {
            Flag::One => Self::FLAG_1,
            Flag::Two => Self::FLAG_2,
            Flag::Three => Self::FLAG_3,
        }
    }
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Persistence {
    #[serde(default = "default_persistence")]
    timeout: Placed<u32>,
    netmask: Option<Placed<Ipv4Addr>>,
    prefix: Option<Placed<u32>>,
}

/// As `ipvsadm -p` alone.
fn default_persistence() -> Placed<u32> {
    360.into()
}

impl Placed<Service> {
    pub(crate) fn spec(&self) -> Result<ServiceSpec, Mistake> {
        let key = match (&self.address, &self.mark) {
            (Some(address), None) => self.address_key(address)?,
            (None, Some(mark)) => self.mark_key(mark)?,
            (None, None) => return Err(self.wrong("a service needs an address or a mark")),
            (Some(_), Some(mark)) => return Err(mark.wrong("a service has an address or a mark, not both")),
        };
        let mut spec =
            ServiceSpec::new(key, self.scheduler.as_deref().map_or(DEFAULT_SCHEDULER, String::as_str));
        for flag in &self.scheduler_flags {
            spec.scheduler_flags.0 |= SchedulerFlags::from(*flag).0;
        }
        spec.one_packet = self.one_packet;
        spec.persistence = self.persistence.as_ref().map(|given| given.read(key.family())).transpose()?;
        if let Some(engine) = self.engine.as_ref().filter(|_| spec.persistence.is_none()) {
            return Err(engine.wrong("an engine works with persistence only: add `persistence = {}`"));
        }
        spec.engine = self.engine.as_deref().cloned();
        spec.client_addr_mode = match (self.proxy_protocol, self.toa.as_ref().filter(|toa| ***toa)) {
            (Some(_), Some(toa)) => return Err(toa.wrong("give `proxy_protocol` or `toa`, not both")),
            (Some(version), None) => Some(ClientAddrMode::Proxy(version)),
            (None, Some(_)) => Some(ClientAddrMode::Toa),
            (None, None) => None,
        };
        spec.rst_on_expire = self.rst_on_expire;
        spec.adopt = self.adopt.as_deref().copied().unwrap_or_default();
        if let Some(adopt) = self.adopt.as_ref().filter(|_| spec.adopt && !is_hash(&spec.scheduler)) {
            return Err(adopt.wrong(
                "only a hash chooses the same server on every director: scheduler = \"mh\", \"sh\" or \"dh\"",
            ));
        }
        spec.syn_defence = self.syn_defence;
        spec.client_limit = self.client_limit.as_ref().map(|given| given.read(key.family())).transpose()?;
        for (given, file) in [(&self.allow, &mut spec.allow), (&self.deny, &mut spec.deny)] {
            if let Some(given) = given.as_ref().filter(|given| !given.starts_with('/')) {
                return Err(given.wrong(format!("{:?} is no whole path: begin with /", **given)));
            }
            *file = given.as_deref().cloned();
        }
        Ok(spec)
    }

    fn address_key(&self, address: &Placed<Address>) -> Result<ServiceKey, Mistake> {
        if let Some(family) = &self.family {
            return Err(family.wrong("family goes with mark; an address has its own"));
        }
        let protocol = self.protocol.as_deref().copied().unwrap_or(Protocol::Tcp);
        let Address { addr, port } = **address;
        let port = port.unwrap_or(0);
        if port == 0 && self.persistence.is_none() {
            let what = "a service of all ports must be persistent: give a port, or add `persistence = {}`";
            return Err(address.wrong(what));
        }
        Ok(ServiceKey::Address { protocol, addr, port })
    }

    fn mark_key(&self, mark: &Placed<u32>) -> Result<ServiceKey, Mistake> {
        if let Some(protocol) = &self.protocol {
            return Err(protocol.wrong("protocol goes with address; a mark stands for all"));
        }
        if **mark == 0 {
            return Err(mark.wrong("mark 0 is what unmarked packets carry: choose 1 or more"));
        }
        let family = self.family.as_deref().copied().unwrap_or(AddressFamily::Ipv4).into();
        Ok(ServiceKey::Mark { mark: **mark, family })
    }
}

/// Limits of each client.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientLimit {
    rate: Option<u32>,
    burst: Option<u32>,
    conns: Option<u32>,
    prefix: Option<u8>,
}

impl Placed<ClientLimit> {
    fn read(&self, family: Family) -> Result<service::ClientLimit, Mistake> {
        let ClientLimit { rate, burst, conns, prefix } = **self;
        let what =
            "a limit needs `rate` or `conns` above 0, and a `prefix` that addresses of the service have";
        service::ClientLimit::new([rate, burst, conns], prefix, family).ok_or_else(|| self.wrong(what))
    }
}

impl ClientLimit {
    fn of(limit: service::ClientLimit, family: Family) -> Self {
        Self {
            rate: unusual(limit.rate, 0),
            burst: unusual(limit.burst, limit.rate),
            conns: unusual(limit.conns, 0),
            prefix: unusual(limit.prefix, service::ClientLimit::usual_prefix(family)),
        }
    }
}

/// A service, its health, and its sources.
pub(super) type Whole<'a> = (&'a DeclaredService, Option<&'a ServiceHealth>, &'a [Source]);

impl From<Whole<'_>> for Service {
    fn from((DeclaredService { spec, servers }, health, sources): Whole<'_>) -> Self {
        let usual = sources.first().map(|source| &source.health);
        let (address, protocol, mark, family) = match spec.key {
            ServiceKey::Address { protocol, addr, port } => {
                (Some(Endpoint::new(addr, port)), unusual(protocol, Protocol::Tcp), None, None)
            }
            ServiceKey::Mark { mark, family: Family::V4 } => (None, None, Some(mark), None),
            ServiceKey::Mark { mark, family: Family::V6 } => {
                (None, None, Some(mark), Some(AddressFamily::Ipv6))
            }
        };
        let (proxy_protocol, toa) = match spec.client_addr_mode {
            Some(ClientAddrMode::Proxy(version)) => (Some(version), None),
            Some(ClientAddrMode::Toa) => (None, Some(true.into())),
            None => (None, None),
        };
        let server = servers.iter().map(|server| {
            let mut others = health.iter().flat_map(|health| &health.servers);
            Server::from((server, others.find(|other| other.server == server.endpoint()), usual)).into()
        });
        Self {
            address: address.map(|end| Address::from(end).into()),
            protocol: protocol.map(Placed::from),
            mark: mark.map(Placed::from),
            family: family.map(Placed::from),
            scheduler: Some(spec.scheduler.clone().into()),
            scheduler_flags: Flag::ALL
                .into_iter()
                .filter(|flag| spec.scheduler_flags.has((*flag).into()))
                .collect(),
            one_packet: spec.one_packet,
            persistence: Persistence::of(spec).map(Placed::from),
            engine: spec.engine.clone().map(Placed::from),
            proxy_protocol,
            toa,
            rst_on_expire: spec.rst_on_expire,
            adopt: spec.adopt.then(|| true.into()),
            syn_defence: spec.syn_defence,
            client_limit: spec.client_limit.map(|limit| ClientLimit::of(limit, spec.key.family()).into()),
            allow: spec.allow.clone().map(Placed::from),
            deny: spec.deny.clone().map(Placed::from),
            discover: (!sources.is_empty()).then(|| OneOrMany(sources.iter().map(Discover::from).collect())),
            server: server.collect(),
            ..health.map_or_else(Self::default, |health| Self::from((&health.policy, usual)))
        }
    }
}

impl From<(&ServicePolicy, Option<&ServerHealth>)> for Service {
    fn from((policy, servers): (&ServicePolicy, Option<&ServerHealth>)) -> Self {
        let checks = servers.map(|servers| &servers.checks[..]).filter(|checks| !checks.is_empty());
        let usual = ServicePolicy::default();
        Self {
            alpha: policy.alpha,
            omega: policy.omega,
            quorum: unusual(policy.quorum, usual.quorum).map(Placed::from),
            hysteresis: unusual(policy.hysteresis, usual.hysteresis).map(Placed::from),
            quorum_up: policy.quorum_up.as_ref().map(Into::into),
            quorum_down: policy.quorum_down.as_ref().map(Into::into),
            sorry: policy.sorry.as_ref().map(Sorry::from),
            passive: policy.passive.map(|passive| Passive::from(passive).into()),
            announce: policy.announce.map(Placed::from),
            announce_sorry: policy.announce_sorry,
            check: checks.map(|checks| OneOrMany(checks.iter().map(Check::from).collect())),
            on_failure: servers.and_then(|servers| unusual(servers.on_failure, OnFailure::default())),
            slow_start: servers.and_then(|servers| unusual(servers.slow_start, Duration::ZERO)).map(Seconds),
            notify_up: servers.and_then(|servers| servers.notify_up.as_ref()).map(Into::into),
            notify_down: servers.and_then(|servers| servers.notify_down.as_ref()).map(Into::into),
            ..Self::default()
        }
    }
}

impl Persistence {
    fn read(&self, family: Family) -> Result<service::Persistence, Mistake> {
        if *self.timeout == 0 {
            return Err(self.timeout.wrong("the timeout of persistence must be 1 second or more"));
        }
        let mask = match (&self.netmask, &self.prefix, family) {
            (None, None, family) => service::Persistence::host_mask(family),
            (Some(mask), None, Family::V4) => {
                let bits = mask.to_bits();
                if bits == 0 || bits.leading_ones() + bits.trailing_zeros() != u32::BITS {
                    return Err(mask.wrong(format!("{} is no netmask", **mask)));
                }
                bits
            }
            (Some(mask), _, Family::V6) => {
                return Err(mask.wrong("IPv6 persistence takes `prefix`, not `netmask`"));
            }
            (None, Some(prefix), Family::V6) if (1..=128).contains(&**prefix) => **prefix,
            (None, Some(prefix), Family::V4) if (1..=32).contains(&**prefix) => {
                u32::MAX << (u32::BITS - **prefix)
            }
            (None, Some(prefix), family) => {
                let longest = if family == Family::V4 { 32 } else { 128 };
                return Err(prefix.wrong(format!("prefix must be 1 to {longest}")));
            }
            (Some(_), Some(prefix), Family::V4) => {
                return Err(prefix.wrong("give `netmask` or `prefix`, not both"));
            }
        };
        Ok(service::Persistence { timeout: *self.timeout, mask })
    }

    fn of(spec: &ServiceSpec) -> Option<Self> {
        let service::Persistence { timeout, mask } = spec.persistence?;
        let family = spec.key.family();
        let (netmask, prefix) = match family {
            _ if mask == service::Persistence::host_mask(family) => (None, None),
            Family::V4 if mask_with_holes(spec).is_some() => (None, None),
            Family::V4 => (Some(Ipv4Addr::from_bits(mask).into()), None),
            Family::V6 => (None, Some(mask.into())),
        };
        Some(Self { timeout: timeout.into(), netmask, prefix })
    }
}

/// The netmask of IPv4 clients, if it has holes: a file cannot say it.
pub(crate) fn mask_with_holes(spec: &ServiceSpec) -> Option<Ipv4Addr> {
    let mask = spec.persistence?.mask;
    let is_whole = mask != 0 && mask.leading_ones() + mask.trailing_zeros() == u32::BITS;
    (spec.key.family() == Family::V4 && !is_whole).then(|| Ipv4Addr::from_bits(mask))
}
