//! Events of a director, as `tunvs events` writes them.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::json;
use lvs::service::{Endpoint, ServiceKey};

/// An event. `docs/json.md` shows each as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "event", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Event {
    /// The director is ready.
    Started {
        version: String,
    },
    Stopping,
    ServiceAdded {
        #[serde(with = "json::service")]
        service: ServiceKey,
    },
    ServiceEdited {
        #[serde(with = "json::service")]
        service: ServiceKey,
    },
    ServiceRemoved {
        #[serde(with = "json::service")]
        service: ServiceKey,
    },
    /// Enough servers of the service are up again.
    ServiceUp {
        #[serde(with = "json::service")]
        service: ServiceKey,
        reason: String,
    },
    /// Too few servers of the service are up.
    ServiceDown {
        #[serde(with = "json::service")]
        service: ServiceKey,
        reason: String,
    },
    ServerAdded {
        #[serde(with = "json::service")]
        service: ServiceKey,
        #[serde(with = "json::end")]
        server: Endpoint,
        weight: i32,
    },
    ServerEdited {
        #[serde(with = "json::service")]
        service: ServiceKey,
        #[serde(with = "json::end")]
        server: Endpoint,
        weight: i32,
    },
    ServerRemoved {
        #[serde(with = "json::service")]
        service: ServiceKey,
        #[serde(with = "json::end")]
        server: Endpoint,
    },
    /// Health checks say that it works.
    ServerUp {
        #[serde(with = "json::service")]
        service: ServiceKey,
        #[serde(with = "json::end")]
        server: Endpoint,
        reason: String,
    },
    /// Health checks say that it does not work.
    ServerDown {
        #[serde(with = "json::service")]
        service: ServiceKey,
        #[serde(with = "json::end")]
        server: Endpoint,
        reason: String,
    },
    /// The server gets no new connections, and is to lose those that it has.
    ServerDraining {
        #[serde(with = "json::service")]
        service: ServiceKey,
        #[serde(with = "json::end")]
        server: Endpoint,
        connections: u64,
    },
    /// The server's last connection has ended; `reset` of them were ended at the deadline.
    ServerDrained {
        #[serde(with = "json::service")]
        service: ServiceKey,
        #[serde(with = "json::end")]
        server: Endpoint,
        reset: u64,
    },
    /// The server reached its upper threshold, so many times since the last such event.
    ServerOverloaded {
        #[serde(with = "json::service")]
        service: ServiceKey,
        #[serde(with = "json::end")]
        server: Endpoint,
        times: u32,
    },
    /// The server fell below its lower threshold and takes connections again.
    ServerReturned {
        #[serde(with = "json::service")]
        service: ServiceKey,
        #[serde(with = "json::end")]
        server: Endpoint,
    },
    Reloaded {
        file: String,
        changes: u64,
        refused: u64,
    },
    ReloadFailed {
        file: String,
        reason: String,
    },
    /// A source of real servers says nothing: its last servers stay.
    DiscoveryFailed {
        #[serde(with = "json::service")]
        service: ServiceKey,
        source: String,
        reason: String,
    },
    /// The source says something again.
    DiscoveryRecovered {
        #[serde(with = "json::service")]
        service: ServiceKey,
        source: String,
    },
    /// More packets than usual are dropped for this reason.
    DropsBegan {
        reason: String,
        packets: u64,
        per_second: u64,
    },
    /// Said now and then while it lasts.
    DropsGoOn {
        reason: String,
        packets: u64,
        per_second: u64,
    },
    /// `packets`: since they began.
    DropsEnded {
        reason: String,
        packets: u64,
    },
    /// The host does not do what the tables ask for.
    HostTrouble {
        reason: String,
    },
    /// Another program changes what the director made or set on the host, again and again: so many times in this row.
    HostContested {
        times: u64,
    },
    /// Routing daemons may announce the virtual address from now on.
    VipAnnounced {
        address: IpAddr,
    },
    /// Routing daemons may announce it no more.
    VipWithdrawn {
        address: IpAddr,
        reason: String,
    },
    /// The director announces nothing any more, and ends when its traffic has gone elsewhere.
    Retiring {
        addresses: u64,
    },
    /// The reader was too slow: so many events were left out here.
    Lost {
        events: u64,
    },
    /// The director has taken over from the one before, with its connections.
    Upgraded {
        version: String,
        connections: u64,
    },
}

impl Event {
    /// All that [`Self::name`] can be.
    pub const NAMES: &'static [&'static str] = Self::VARIANTS;

    /// As it is written after `"event":`.
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// The service that it is about.
    pub const fn service(&self) -> Option<&ServiceKey> {
        match self {
            Self::ServiceAdded { service }
            | Self::ServiceEdited { service }
            | Self::ServiceRemoved { service }
            | Self::ServiceUp { service, .. }
            | Self::ServiceDown { service, .. }
            | Self::ServerAdded { service, .. }
            | Self::ServerEdited { service, .. }
            | Self::ServerRemoved { service, .. }
            | Self::ServerUp { service, .. }
            | Self::ServerDown { service, .. }
            | Self::ServerDraining { service, .. }
            | Self::ServerDrained { service, .. }
            | Self::ServerOverloaded { service, .. }
            | Self::ServerReturned { service, .. }
            | Self::DiscoveryFailed { service, .. }
            | Self::DiscoveryRecovered { service, .. } => Some(service),
            Self::Started { .. }
            | Self::Stopping
            | Self::Upgraded { .. }
            | Self::Reloaded { .. }
            | Self::ReloadFailed { .. }
            | Self::DropsBegan { .. }
            | Self::DropsGoOn { .. }
            | Self::DropsEnded { .. }
            | Self::HostTrouble { .. }
            | Self::HostContested { .. }
            | Self::VipAnnounced { .. }
            | Self::VipWithdrawn { .. }
            | Self::Retiring { .. }
            | Self::Lost { .. } => None,
        }
    }
}
