//! Servers of sources as data, for a director that comes after this one: what was known stays until it is told otherwise.

use serde::{Deserialize, Serialize};

use lvs::service::{ServerSpec, ServiceKey};

/// Servers of all services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub version: u32,
    pub services: Vec<KeptService>,
}

/// Version of the form.
pub const VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptService {
    pub service: ServiceKey,
    pub servers: Vec<KeptServer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptServer {
    pub spec: ServerSpec,
    /// The source that told of it.
    pub from: String,
    pub place: Place,
    /// The mark of a drain is ours.
    pub marked: bool,
    /// Somebody removed it by hand.
    pub removed: bool,
}

/// Place of a server between coming and going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    In,
    /// The source says that it ends.
    Draining,
    /// The source does not know it any more.
    Leaving,
    /// Removed a moment ago; tables that were kept before may still have it.
    Gone,
}
