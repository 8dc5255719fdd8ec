//! The servers of a Service, as kube-proxy would have them: which of its endpoints, by which port, in which state.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::cluster::Cluster;
use super::object::{Conditions, Endpoint, Hint, Hints, Service, ServicePort, Slice, SlicePort};
use crate::found::{Found, Stage};
use crate::spec::{ObjectName, Port};
use lvs::service::{Family, ServiceKey};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    #[error("there is no Service {0}, and no EndpointSlice of it")]
    NoService(ObjectName),
    /// A cluster has an empty slice for a Service without endpoints.
    #[error("there is no EndpointSlice of Service {service} for {address_type}")]
    NoSlice { service: ObjectName, address_type: &'static str },
    #[error("Service {service} has several ports ({ports}), and none is {wanted}: choose one by `port`")]
    WhichPort { service: ObjectName, ports: String, wanted: u16 },
    #[error("Service {service} has no port {wanted}; its slices have {ports}")]
    NoPort { service: ObjectName, wanted: String, ports: String },
}

/// Servers that are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Want<'a> {
    pub object: &'a ObjectName,
    /// Virtual service that is to have the servers.
    pub key: &'a ServiceKey,
    pub port: Option<&'a Port>,
    pub family: Family,
    pub node: Option<&'a str>,
    pub zone: Option<&'a str>,
}

/// An endpoint, by a port of its slice.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    addr: IpAddr,
    port: Option<u16>,
    endpoint: &'a Endpoint,
}

impl Candidate<'_> {
    const fn conditions(&self) -> Conditions {
        self.endpoint.conditions
    }
}

impl Cluster {
    /// The servers of a Service.
    ///
    /// # Errors
    /// Nothing is known of the Service, or it cannot be told which of its ports is meant.
    pub fn servers(&self, want: &Want<'_>) -> Result<Vec<Found>, SelectError> {
        let service = self.services.get(want.object).map(|service| &**service);
        let slices: Vec<&Slice> = self.slices_of(want.object).collect();
        if service.is_none() && slices.is_empty() {
            return Err(SelectError::NoService(want.object.clone()));
        }
        let address_type = if want.family == Family::V4 { "IPv4" } else { "IPv6" };
        let slices: Vec<&Slice> =
            slices.into_iter().filter(|slice| slice.address_type == address_type).collect();
        if slices.is_empty() {
            return Err(SelectError::NoSlice { service: want.object.clone(), address_type });
        }
        let mut candidates = Vec::new();
        let mut has_port = slices.iter().all(|slice| slice.endpoints.is_empty());
        for slice in &slices {
            let Some(port) = port_of(slice, service, want)? else { continue };
            has_port = true;
            candidates.extend(slice.endpoints.iter().filter_map(|endpoint| {
                let addr = endpoint.address?;
                Some(Candidate { addr, port, endpoint })
            }));
        }
        if !has_port {
            let (service, wanted, ports) = (want.object.clone(), wanted_port(service, want), names(&slices));
            return Err(SelectError::NoPort { service, wanted, ports });
        }
        Ok(staged(near(candidates, service, want)))
    }
}

fn names(slices: &[&Slice]) -> String {
    let mut names: Vec<String> = slices.iter().flat_map(|slice| &slice.ports).map(name).collect();
    names.sort();
    names.dedup();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The port that slices are to have, as it is told.
fn wanted_port(service: Option<&Service>, want: &Want<'_>) -> String {
    let name = match want.port {
        Some(Port::Name(name)) => Some(name.as_str()),
        Some(Port::Number(_)) | None => service_port(service, want).and_then(|port| port.name.as_deref()),
    };
    name.filter(|name| !name.is_empty())
        .map_or_else(|| format!("for {}", want.key), |name| format!("{name:?}"))
}

fn speaks(key: &ServiceKey, protocol: Option<&str>) -> bool {
    match key {
        ServiceKey::Address { protocol: wanted, .. } => {
            protocol.unwrap_or("TCP").eq_ignore_ascii_case(wanted.name())
        }
        ServiceKey::Mark { .. } => true,
    }
}

/// The port of the Service that is the virtual service's.
fn service_port<'a>(service: Option<&'a Service>, want: &Want<'_>) -> Option<&'a ServicePort> {
    let is_it =
        |port: &&ServicePort| port.port == want.key.port() && speaks(want.key, port.protocol.as_deref());
    service.iter().flat_map(|service| &service.spec.ports).find(is_it)
}

fn name(port: &SlicePort) -> String {
    match (port.name.as_deref(), port.port) {
        (None | Some(""), Some(port)) => port.to_string(),
        (None | Some(""), None) => "all".to_owned(),
        (Some(name), _) => name.to_owned(),
    }
}

/// The port of a slice. None: it has none of that name, as while a Service changes its ports.
fn port_of(
    slice: &Slice,
    service: Option<&Service>,
    want: &Want<'_>,
) -> Result<Option<Option<u16>>, SelectError> {
    let mut ports = slice.ports.iter().filter(|port| speaks(want.key, port.protocol.as_deref()));
    let mut of_name =
        |name: &str| ports.find(|port| port.name.as_deref().unwrap_or("") == name).map(|port| port.port);
    match want.port {
        Some(Port::Number(number)) => return Ok(Some(Some(*number))),
        Some(Port::Name(name)) => return Ok(of_name(name)),
        None => {}
    }
    if let Some(port) = service_port(service, want) {
        return Ok(of_name(port.name.as_deref().unwrap_or("")));
    }
    match (ports.next(), ports.next()) {
        (Some(_), Some(_)) => Err(SelectError::WhichPort {
            service: want.object.clone(),
            ports: names(&[slice]),
            wanted: want.key.port(),
        }),
        (only, _) => Ok(only.map(|port| port.port)),
    }
}

/// Candidates that topology leaves: of this node where the Service wants that, else those that are meant for this node, or this zone.
fn near<'a>(all: Vec<Candidate<'a>>, service: Option<&Service>, want: &Want<'_>) -> Vec<Candidate<'a>> {
    let is_local = service.is_some_and(|service| policy(service, want.key) == Some("Local"));
    if let Some(node) = want.node.filter(|_| is_local) {
        return all.into_iter().filter(|one| one.endpoint.node_name.as_deref() == Some(node)).collect();
    }
    let for_node = meant_for(&all, want.node, |hints| &hints.for_nodes);
    let for_zone = || meant_for(&all, want.zone, |hints| &hints.for_zones);
    for_node.or_else(for_zone).unwrap_or(all)
}

/// Candidates that are meant for a place. None: not all that are ready say for which they are, or none of these is for it.
fn meant_for<'a>(
    all: &[Candidate<'a>],
    place: Option<&str>,
    hints: impl Fn(&'a Hints) -> &'a [Hint],
) -> Option<Vec<Candidate<'a>>> {
    let place = place?;
    let places = |one: &Candidate<'a>| one.endpoint.hints.as_deref().map_or(&[][..], &hints);
    let is_here = |one: &&Candidate<'a>| places(one).iter().any(|hint| hint.name == place);
    let ready: Vec<&Candidate<'a>> = all.iter().filter(|one| one.conditions().is_ready()).collect();
    let are_told = ready.iter().all(|one| !places(one).is_empty());
    (are_told && ready.iter().any(is_here)).then(|| all.iter().filter(is_here).copied().collect())
}

/// Policy of the Service for traffic to that virtual address: within the cluster, or from outside.
fn policy<'a>(service: &'a Service, key: &ServiceKey) -> Option<&'a str> {
    let ServiceKey::Address { addr, .. } = key else { return None };
    let is_it = |text: &str| text.parse::<IpAddr>().is_ok_and(|other| other == *addr);
    let spec = &service.spec;
    if spec.cluster_ips.iter().any(|ip| is_it(ip)) {
        return spec.internal_traffic_policy.as_deref();
    }
    let ingress = service.status.load_balancer.ingress.iter().filter_map(|ingress| ingress.ip.as_deref());
    let mut outside =
        spec.external_ips.iter().map(String::as_str).chain(spec.load_balancer_ip.as_deref()).chain(ingress);
    if outside.any(is_it) { spec.external_traffic_policy.as_deref() } else { None }
}

/// The state of each. Where none is ready, those that end but still serve take the clients. An endpoint may stand in several slices
/// while these change: what is best of it counts.
fn staged(candidates: Vec<Candidate<'_>>) -> Vec<Found> {
    let has_ready = candidates.iter().any(|one| one.conditions().is_ready());
    let mut best: BTreeMap<(IpAddr, Option<u16>), Stage> = BTreeMap::new();
    for one in candidates {
        let conditions = one.conditions();
        let stage = match (conditions.is_ready(), conditions.is_terminating()) {
            (true, _) => Stage::Serving,
            (false, true) if !has_ready && conditions.is_serving() => Stage::Serving,
            (false, true) => Stage::Draining,
            (false, false) => Stage::Unready,
        };
        let place = best.entry((one.addr, one.port)).or_insert(stage);
        *place = stage.max(*place);
    }
    best.into_iter().map(|((addr, port), stage)| Found { stage, ..Found::at(addr, port) }).collect()
}
