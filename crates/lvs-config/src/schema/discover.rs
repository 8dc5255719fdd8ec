//! Sources of real servers: names, files of targets, objects of Kubernetes.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::address::{AddressFamily, Forward};
use super::placed::{Placed, is_default, unusual};
use super::seconds::Seconds;
use super::server::Tunnel;
use crate::error::Mistake;
use lvs::service::{Family, Forwarding, ServiceKey, TunnelKind};
use lvs_discovery::spec::{self, Feed, MAX_SERVERS, ObjectName, Pace, Question, Source};

/// The shortest interval between two questions.
const SHORTEST: Duration = Duration::from_millis(100);

/// All keys of all sources.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Discover {
    dns: Option<Placed<String>>,
    srv: Option<Placed<String>>,
    file: Option<Placed<String>>,
    kubernetes: Option<Placed<String>>,
    service: Option<Placed<String>>,
    port: Option<Placed<Port>>,
    family: Option<AddressFamily>,
    forward: Placed<Forward>,
    tunnel: Option<Placed<Tunnel>>,
    weight: Option<i32>,
    #[serde(default, skip_serializing_if = "is_default")]
    upper_threshold: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    lower_threshold: u32,
    max_servers: Option<Placed<usize>>,
    drain: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    name_servers: Vec<Placed<String>>,
    min_interval: Option<Placed<Seconds>>,
    max_interval: Option<Placed<Seconds>>,
    hold: Option<Placed<Seconds>>,
    stale_after: Option<Placed<Seconds>>,
    node: Option<Placed<String>>,
    zone: Option<Placed<String>>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged, expecting = "a port is a number, or its name in Kubernetes")]
enum Port {
    Number(u16),
    Name(String),
}

impl Discover {
    /// The source of a service with that key, without checks.
    pub(crate) fn source(self, key: &ServiceKey) -> Result<Source, Mistake> {
        self.refuse_foreign()?;
        let at = self.forward.at();
        let family = self.family.map_or_else(|| key.family(), Family::from);
        let forwarding = self.forwarding()?;
        if family != key.family() && !matches!(forwarding, Forwarding::Tunnel(_)) {
            let what = "only forward = \"tunnel\" reaches servers of another family than the service's";
            return Err(Mistake::new(at, what));
        }
        let mut source = Source::new(self.feed(family)?, family, forwarding);
        source.object = self.object()?;
        source.port = self.port(forwarding, key)?;
        source.weight = self.weight;
        (source.upper_threshold, source.lower_threshold) = (self.upper_threshold, self.lower_threshold);
        source.node = self.node.map(Placed::into_inner);
        source.zone = self.zone.map(Placed::into_inner);
        source.drain = self.drain.map_or(spec::DRAIN, Duration::from);
        if let Some(most) = self.max_servers {
            if *most == 0 {
                return Err(most.wrong("max_servers must be 1 or more"));
            }
            source.max_servers = *most;
        }
        if source.weight.is_some_and(|weight| weight < 0) {
            return Err(Mistake::new(at, "weight must not be negative"));
        }
        if source.lower_threshold > source.upper_threshold && source.upper_threshold > 0 {
            return Err(Mistake::new(at, "lower_threshold is above upper_threshold"));
        }
        Ok(source)
    }

    fn forwarding(&self) -> Result<Forwarding, Mistake> {
        if let Some(tunnel) = self.tunnel.as_ref().filter(|_| *self.forward != Forward::Tunnel) {
            return Err(tunnel.wrong("tunnel goes with forward = \"tunnel\""));
        }
        let tunnel = self.tunnel.as_deref().copied().map(lvs::service::Tunnel::from).unwrap_or_default();
        Ok(self.forward.method().with(tunnel))
    }

    /// Refuses keys that belong to other sources.
    fn refuse_foreign(&self) -> Result<(), Mistake> {
        let given =
            [("dns", &self.dns), ("srv", &self.srv), ("file", &self.file), ("kubernetes", &self.kubernetes)];
        let mut given = given.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let Some((kind, _)) = given.next() else {
            return Err(self.forward.wrong("say where servers are found: dns, srv, file or kubernetes"));
        };
        if let Some((_, second)) = given.next() {
            return Err(
                second.wrong("one of dns, srv, file and kubernetes: make a [[service.discover]] of each")
            );
        }
        let by_name = matches!(kind, "dns" | "srv");
        let of_kubernetes = kind == "kubernetes";
        let seconds = |key: &Option<Placed<Seconds>>| key.as_ref().map(Placed::at);
        let text = |key: &Option<Placed<String>>| key.as_ref().map(Placed::at);
        let foreign = [
            ("service", text(&self.service), of_kubernetes),
            ("node", text(&self.node), of_kubernetes),
            ("zone", text(&self.zone), of_kubernetes),
            ("stale_after", seconds(&self.stale_after), of_kubernetes),
            ("min_interval", seconds(&self.min_interval), by_name),
            ("max_interval", seconds(&self.max_interval), by_name),
            ("hold", seconds(&self.hold), by_name),
            ("name_servers", self.name_servers.first().map(Placed::at), by_name),
        ];
        match foreign.into_iter().find_map(|(key, at, belongs)| Some((key, at.filter(|_| !belongs)?))) {
            Some((key, at)) => Err(Mistake::new(at, format!("`{key}` does not belong to {kind}"))),
            None => Ok(()),
        }
    }

    fn feed(&self, family: Family) -> Result<Feed, Mistake> {
        if let Some(name) = &self.dns {
            return Ok(Feed::Dns(self.question(name, family)?));
        }
        if let Some(name) = &self.srv {
            return Ok(Feed::Srv(self.question(name, family)?));
        }
        if let Some(path) = &self.file {
            return Ok(Feed::Files(whole(path)?.into()));
        }
        match &self.kubernetes {
            Some(path) => {
                let stale = self.stale_after.as_deref().copied().map(Duration::from);
                Ok(Feed::Kubernetes(whole(path)?.into(), stale))
            }
            None => Err(self.forward.wrong("say where servers are found")),
        }
    }

    fn question(&self, name: &Placed<String>, family: Family) -> Result<Question, Mistake> {
        if name.parse::<IpAddr>().is_ok() {
            return Err(name.wrong(format!("{:?} is an address: make a [[service.server]] of it", **name)));
        }
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > 255 || !name.bytes().all(is_fine) || name.contains("..") {
            return Err(name.wrong(format!("{:?} is no name that name servers could know", **name)));
        }
        let usual = Pace::default();
        let given = |key: &Option<Placed<Seconds>>, usual| key.as_deref().map_or(usual, |given| given.0);
        let pace = Pace {
            min: given(&self.min_interval, usual.min),
            max: given(&self.max_interval, usual.max),
            hold: given(&self.hold, usual.hold),
        };
        if let Some(min) = self.min_interval.as_ref().filter(|_| pace.min < SHORTEST) {
            return Err(min.wrong("min_interval must be 100 ms or more"));
        }
        if let Some(at) =
            self.max_interval.as_ref().or(self.min_interval.as_ref()).filter(|_| pace.min > pace.max)
        {
            return Err(at.wrong("min_interval must not be above max_interval"));
        }
        let servers = self.name_servers.iter().map(name_server).collect::<Result<_, _>>()?;
        Ok(Question { name: (**name).clone(), family, servers, pace })
    }

    fn object(&self) -> Result<Option<ObjectName>, Mistake> {
        let Some(path) = &self.kubernetes else { return Ok(None) };
        let given = self.service.as_ref();
        let given = given.ok_or_else(|| path.wrong("say which: service = \"namespace/name\""))?;
        let name = ObjectName::parse(given);
        let bad = || given.wrong(format!("{:?} is no Service: write namespace/name", **given));
        name.map(Some).ok_or_else(bad)
    }

    fn port(&self, forwarding: Forwarding, key: &ServiceKey) -> Result<Option<spec::Port>, Mistake> {
        let Some(given) = &self.port else { return Ok(None) };
        let changes_port = matches!(forwarding, Forwarding::Masq | Forwarding::FullNat);
        match &**given {
            Port::Number(number) if !changes_port && !key.is_mark() && *number != key.port() => {
                Err(given.wrong("only forward = \"masq\" and \"fullnat\" can change the port: leave it out"))
            }
            Port::Number(number) => Ok(Some(spec::Port::Number(*number))),
            Port::Name(name) if self.kubernetes.is_some() => Ok(Some(spec::Port::Name(name.clone()))),
            Port::Name(_) => Err(given.wrong("only ports of Kubernetes have names: give a number")),
        }
    }
}

fn whole(path: &Placed<String>) -> Result<&str, Mistake> {
    if path.starts_with('/') {
        return Ok(path);
    }
    Err(path.wrong(format!("{:?} is no whole path: begin with /", **path)))
}

fn name_server(given: &Placed<String>) -> Result<SocketAddr, Mistake> {
    let whole = given.parse::<SocketAddr>().ok();
    let alone = || given.parse::<IpAddr>().ok().map(|addr| SocketAddr::new(addr, 53));
    let bad =
        || given.wrong(format!("{:?} is no name server: write 10.0.0.53 or [2001:db8::53]:53", **given));
    whole.or_else(alone).ok_or_else(bad)
}

impl From<&Source> for Discover {
    fn from(source: &Source) -> Self {
        let (mut dns, mut srv, mut file, mut kubernetes) = (None, None, None, None);
        let mut question = None;
        let mut stale_after = None;
        match &source.feed {
            Feed::Dns(asked) => {
                dns = Some(asked.name.clone().into());
                question = Some(asked);
            }
            Feed::Srv(asked) => {
                srv = Some(asked.name.clone().into());
                question = Some(asked);
            }
            Feed::Files(path) => file = Some(path.display().to_string().into()),
            Feed::Kubernetes(path, stale) => {
                kubernetes = Some(path.display().to_string().into());
                stale_after = stale.map(|stale| Seconds(stale).into());
            }
        }
        let usual = Pace::default();
        let pace = question.map_or(usual, |question| question.pace);
        let time = |value, usual| unusual(value, usual).map(|value| Seconds(value).into());
        let tunnel = match source.forwarding {
            Forwarding::Tunnel(tunnel) if tunnel.kind != TunnelKind::Ipip => Some(tunnel),
            _ => None,
        };
        let servers = question.into_iter().flat_map(|question| &question.servers);
        Self {
            dns,
            srv,
            file,
            kubernetes,
            service: source.object.as_ref().map(|object| object.to_string().into()),
            port: source.port.clone().map(|port| {
                Placed::from(match port {
                    spec::Port::Number(number) => Port::Number(number),
                    spec::Port::Name(name) => Port::Name(name),
                })
            }),
            family: Some(source.family.into()),
            forward: Forward::from(source.forwarding).into(),
            tunnel: tunnel.map(|tunnel| Tunnel::from(tunnel).into()),
            weight: source.weight,
            upper_threshold: source.upper_threshold,
            lower_threshold: source.lower_threshold,
            max_servers: unusual(source.max_servers, MAX_SERVERS).map(Placed::from),
            drain: unusual(source.drain, spec::DRAIN).map(Seconds),
            name_servers: servers.map(|server| server.to_string().into()).collect(),
            min_interval: time(pace.min, usual.min),
            max_interval: time(pace.max, usual.max),
            hold: time(pace.hold, usual.hold),
            stale_after,
            node: source.node.clone().map(Placed::from),
            zone: source.zone.clone().map(Placed::from),
        }
    }
}
