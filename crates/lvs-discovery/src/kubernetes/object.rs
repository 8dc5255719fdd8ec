//! The parts of `Service` (v1) and `EndpointSlice` (discovery.k8s.io/v1) that mean something here, as JSON. All else is left unread.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The label of a slice that names its Service.
pub(super) const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// A list may be written as `null`.
fn or_null<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
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
    pub(super) labels: BTreeMap<String, String>,
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
    pub(super) endpoints: Vec<Endpoint>,
    #[serde(default, deserialize_with = "or_null")]
    pub(super) ports: Vec<SlicePort>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Endpoint {
    #[serde(default, deserialize_with = "or_null")]
    pub(super) addresses: Vec<String>,
    #[serde(default, deserialize_with = "or_null")]
    pub(super) conditions: Conditions,
    #[serde(default)]
    pub(super) node_name: Option<String>,
    #[serde(default)]
    pub(super) hints: Option<Hints>,
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
