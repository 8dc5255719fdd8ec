//! The servers of a Service, as kube-proxy would have them: which of its endpoints, by which port, in which state.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::cluster::Cluster;
use super::object::{Conditions, Endpoint, Service, Slice, SlicePort, ZoneHint};
use crate::found::{Found, Stage};
use crate::spec::{ObjectName, Port};
use lvs::service::{Family, ServiceKey};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    #[error("there is no Service {0}, and no EndpointSlice of it")]
    NoService(ObjectName),
    #[error("Service {service} has several ports ({ports}), and none is {wanted}: choose one by `port`")]
    WhichPort { service: ObjectName, ports: String, wanted: u16 },
    #[error("Service {service} has no port {name:?}, but {ports}")]
    NoPort { service: ObjectName, name: String, ports: String },
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
        let mut candidates = Vec::new();
        let mut has_port = slices.iter().all(|slice| slice.endpoints.is_empty());
        for slice in slices.iter().filter(|slice| slice.address_type == address_type) {
            let Some(port) = port_of(slice, service, want)? else { continue };
            has_port = true;
            candidates.extend(slice.endpoints.iter().filter_map(|endpoint| {
                // The addresses of an endpoint are one and the same thing: consumers use the first.
                let addr = endpoint.addresses.first()?.parse().ok()?;
                Some(Candidate { addr, port, endpoint })
            }));
        }
        let is_other_family = !slices.iter().any(|slice| slice.address_type == address_type);
        if let Some(Port::Name(name)) = want.port.filter(|_| !has_port && !is_other_family) {
            let (service, ports) = (want.object.clone(), names(&slices));
            return Err(SelectError::NoPort { service, name: name.clone(), ports });
        }
        Ok(staged(near(candidates, service, want)))
    }
}

fn names(slices: &[&Slice]) -> String {
    let mut names: Vec<String> = slices.iter().flat_map(|slice| &slice.ports).map(name).collect();
    names.sort();
    names.dedup();
    names.join(", ")
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
    let speaks = |protocol: Option<&str>| match want.key {
        ServiceKey::Address { protocol: wanted, .. } => {
            protocol.unwrap_or("TCP").eq_ignore_ascii_case(wanted.name())
        }
        ServiceKey::Mark { .. } => true,
    };
    let of_name = |name: &str| {
        let is_it = |port: &&SlicePort| port.name.as_deref().unwrap_or("") == name;
        slice.ports.iter().filter(|port| speaks(port.protocol.as_deref())).find(is_it).map(|port| port.port)
    };
    match want.port {
        Some(Port::Number(number)) => return Ok(Some(Some(*number))),
        Some(Port::Name(name)) => return Ok(of_name(name)),
        None => {}
    }
    let ports = service.iter().flat_map(|service| &service.spec.ports);
    let mut ports = ports.filter(|port| port.port == want.key.port() && speaks(port.protocol.as_deref()));
    if let Some(port) = ports.next() {
        return Ok(of_name(port.name.as_deref().unwrap_or("")));
    }
    let mut others = slice.ports.iter().filter(|port| speaks(port.protocol.as_deref()));
    match (others.next(), others.next()) {
        (Some(_), Some(_)) => Err(SelectError::WhichPort {
            service: want.object.clone(),
            ports: names(&[slice]),
            wanted: want.key.port(),
        }),
        (only, _) => Ok(only.map(|port| port.port)),
    }
}

/// Candidates that topology leaves: of this node where the Service wants that, else of this zone where all of them say for which they are.
fn near<'a>(all: Vec<Candidate<'a>>, service: Option<&Service>, want: &Want<'_>) -> Vec<Candidate<'a>> {
    let is_local = service.is_some_and(|service| policy(service, want.key) == Some("Local"));
    if let Some(node) = want.node.filter(|_| is_local) {
        return all.into_iter().filter(|one| one.endpoint.node_name.as_deref() == Some(node)).collect();
    }
    let Some(zone) = want.zone else { return all };
    let is_ready = |one: &&Candidate<'a>| one.conditions().is_ready();
    let is_here = |one: &Candidate<'a>| zones(one).iter().any(|hint| hint.name == zone);
    let are_told = all.iter().filter(is_ready).all(|one| !zones(one).is_empty());
    if are_told && all.iter().filter(is_ready).any(is_here) {
        return all.into_iter().filter(is_here).collect();
    }
    all
}

fn zones<'a>(one: &Candidate<'a>) -> &'a [ZoneHint] {
    one.endpoint.hints.as_ref().map_or(&[], |hints| &hints.for_zones)
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
