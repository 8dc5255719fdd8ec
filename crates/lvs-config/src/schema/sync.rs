//! Sync daemons, and the timeouts of the protocols.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::placed::{Placed, is_default};
use crate::error::Mistake;
use lvs::director::{DaemonRole, DaemonSpec, TimeoutSettings};

/// A daemon that sends connections to another director, or takes them.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sync {
    role: DaemonRole,
    interface: Placed<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    id: u8,
    #[serde(default, skip_serializing_if = "is_default")]
    max_len: u16,
    group: Option<Placed<IpAddr>>,
    #[serde(default, skip_serializing_if = "is_default")]
    port: u16,
    #[serde(default, skip_serializing_if = "is_default")]
    ttl: u8,
}

impl TryFrom<Sync> for DaemonSpec {
    type Error = Mistake;

    fn try_from(given: Sync) -> Result<Self, Mistake> {
        let Sync { role, interface, id, max_len, group, port, ttl } = given;
        if interface.is_empty() || interface.len() > 15 {
            return Err(interface.wrong("the name of an interface has 1 to 15 letters"));
        }
        if let Some(group) = group.as_ref().filter(|group| !group.is_multicast()) {
            return Err(group.wrong(format!("{} is no multicast address", **group)));
        }
        let (interface, group) = (interface.into_inner(), group.map(Placed::into_inner));
        Ok(Self { role, interface, sync_id: id.into(), max_len, group, port, ttl })
    }
}

impl From<&DaemonSpec> for Sync {
    fn from(daemon: &DaemonSpec) -> Self {
        let DaemonSpec { role, interface, sync_id, max_len, group, port, ttl } = daemon.clone();
        let id = u8::try_from(sync_id).unwrap_or(u8::MAX);
        Self { role, interface: interface.into(), id, max_len, group: group.map(Placed::from), port, ttl }
    }
}

/// Seconds; what is left out stays as it is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Timeouts {
    #[serde(skip_serializing_if = "is_default")]
    tcp: u32,
    #[serde(skip_serializing_if = "is_default")]
    tcp_fin: u32,
    #[serde(skip_serializing_if = "is_default")]
    udp: u32,
}

impl From<Timeouts> for TimeoutSettings {
    fn from(Timeouts { tcp, tcp_fin, udp }: Timeouts) -> Self {
        Self { tcp, tcp_fin, udp }
    }
}

impl From<TimeoutSettings> for Timeouts {
    fn from(TimeoutSettings { tcp, tcp_fin, udp }: TimeoutSettings) -> Self {
        Self { tcp, tcp_fin, udp }
    }
}
