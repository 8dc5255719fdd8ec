//! Objects of Kubernetes, as `kubectl get -o json` and `kubectl get --watch -o json` print them, and the servers that they tell of.
//!
//! Owns what kube-proxy makes of slices: readiness, servers that end, named ports, topology.

mod cluster;
mod object;
mod servers;

pub use cluster::{Cluster, Document, ObjectError};
pub use servers::{SelectError, Want};
