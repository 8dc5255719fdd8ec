//! The parts of `Service` (v1) and `EndpointSlice` (discovery.k8s.io/v1) that mean something here, as JSON. All else is left unread.

use std::net::IpAddr;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

/// A list may be written as `null`.
fn or_null<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) namespace: String,
    #[serde(deserialize_with = "or_null")]
    pub(super) labels: Labels,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Labels {
    /// The Service that a slice is of.
    #[serde(rename = "kubernetes.io/service-name")]
    pub(super) service_name: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Service {
    pub(super) metadata: Metadata,
    pub(super) spec: ServiceSpec,
    pub(super) status: ServiceStatus,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServiceSpec {
    #[serde(deserialize_with = "or_null")]
    pub(super) ports: Vec<ServicePort>,
    #[serde(rename = "clusterIPs", deserialize_with = "or_null")]
    pub(super) cluster_ips: Vec<String>,
    #[serde(rename = "externalIPs", deserialize_with = "or_null")]
    pub(super) external_ips: Vec<String>,
    #[serde(rename = "loadBalancerIP")]
    pub(super) load_balancer_ip: Option<String>,
    pub(super) external_traffic_policy: Option<String>,
    pub(super) internal_traffic_policy: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServiceStatus {
    pub(super) load_balancer: LoadBalancer,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct LoadBalancer {
    #[serde(deserialize_with = "or_null")]
    pub(super) ingress: Vec<Ingress>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Ingress {
    pub(super) ip: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct ServicePort {
    #[serde(default)]
    pub(super) name: Option<String>,
    pub(super) port: u16,
    #[serde(default)]
    pub(super) protocol: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Slice {
    #[serde(default)]
    pub(super) metadata: Metadata,
    pub(super) address_type: String,
    #[serde(default, deserialize_with = "or_null")]
    pub(super) endpoints: Box<[Endpoint]>,
    #[serde(default, deserialize_with = "or_null")]
    pub(super) ports: Vec<SlicePort>,
}

/// An endpoint of a slice. There may be very many.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Endpoint {
    /// None: none that is of IP, as where it is a name.
    #[serde(default, rename = "addresses", deserialize_with = "first_address")]
    pub(super) address: Option<IpAddr>,
    #[serde(default, deserialize_with = "or_null")]
    pub(super) conditions: Conditions,
    #[serde(default)]
    pub(super) node_name: Option<Box<str>>,
    #[serde(default)]
    pub(super) hints: Option<Box<Hints>>,
}

/// The addresses of an endpoint are one and the same thing: consumers use the first.
fn first_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IpAddr>, D::Error> {
    struct First;

    impl<'de> Visitor<'de> for First {
        type Value = Option<IpAddr>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a sequence")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut addresses: A) -> Result<Self::Value, A::Error> {
            let first = addresses.next_element::<String>()?;
            while addresses.next_element::<IgnoredAny>()?.is_some() {}
            Ok(first.and_then(|address| address.parse().ok()))
        }
    }

    deserializer.deserialize_any(First)
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Conditions {
    ready: Option<bool>,
    serving: Option<bool>,
    terminating: Option<bool>,
}

impl Conditions {
    /// One that is not known counts as ready.
    pub(super) fn is_ready(self) -> bool {
        self.ready.unwrap_or(true)
    }

    pub(super) fn is_serving(self) -> bool {
        self.serving.unwrap_or(true)
    }

    pub(super) fn is_terminating(self) -> bool {
        self.terminating.unwrap_or(false)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Hints {
    #[serde(deserialize_with = "or_null")]
    pub(super) for_nodes: Vec<Hint>,
    #[serde(deserialize_with = "or_null")]
    pub(super) for_zones: Vec<Hint>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Hint {
    pub(super) name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct SlicePort {
    #[serde(default)]
    pub(super) name: Option<String>,
    /// None: all ports.
    #[serde(default)]
    pub(super) port: Option<u16>,
    #[serde(default)]
    pub(super) protocol: Option<String>,
}
