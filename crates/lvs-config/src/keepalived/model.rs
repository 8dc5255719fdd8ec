//! Services as a keepalived.conf has them, before defaults are filled in and contradictions solved.
//!
//! None: nothing was said. Plain data.

use std::net::IpAddr;
use std::time::Duration;

use super::trackers::Trackers;
use crate::note::Place;
use lvs::director::TimeoutSettings;
use lvs::service::{Endpoint, Family, Forwarding, Protocol, SchedulerFlags, ServiceKey};
use lvs_health::spec::{CheckKind, Script, Target};

#[derive(Debug, Default)]
pub(super) struct Globals {
    pub(super) timeouts: Option<TimeoutSettings>,
    /// User and group of scripts that name none.
    pub(super) script_user: Option<(String, Option<String>)>,
    /// Programs that run as root have to be out of reach of others.
    pub(super) script_security: bool,
    pub(super) log_all_failures: bool,
    pub(super) trackers: Trackers,
}

/// The key of a `virtual_server`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VirtualServerKey {
    Group(String),
    Mark(u32),
    Address(Endpoint),
}

/// Times of a service, a server or a check; what one does not say, the one around it does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) retry: Option<u32>,
    pub(super) delay_before_retry: Option<Duration>,
    pub(super) warmup: Option<Duration>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) delay_loop: Option<Duration>,
}

impl Times {
    pub(super) fn or(self, around: Self) -> Self {
        Self {
            retry: self.retry.or(around.retry),
            delay_before_retry: self.delay_before_retry.or(around.delay_before_retry),
            warmup: self.warmup.or(around.warmup),
            connect_timeout: self.connect_timeout.or(around.connect_timeout),
            delay_loop: self.delay_loop.or(around.delay_loop),
        }
    }
}

#[derive(Debug)]
pub(super) struct VirtualServer {
    pub(super) place: Place,
    pub(super) key: VirtualServerKey,
    pub(super) family: Option<Family>,
    pub(super) protocol: Option<Protocol>,
    pub(super) scheduler: Option<String>,
    pub(super) flags: SchedulerFlags,
    pub(super) one_packet: bool,
    pub(super) forwarding: Option<Forwarding>,
    /// 0: none.
    pub(super) persistence: u32,
    pub(super) engine: Option<String>,
    /// IPv4: a mask; IPv6: the length of a prefix.
    pub(super) granularity: Option<u32>,
    pub(super) times: Times,
    pub(super) alpha: bool,
    pub(super) omega: bool,
    pub(super) inhibit: bool,
    pub(super) quorum: u32,
    pub(super) hysteresis: u32,
    pub(super) weight: u32,
    pub(super) virtualhost: Option<String>,
    pub(super) quorum_up: Option<Script>,
    pub(super) quorum_down: Option<Script>,
    pub(super) sorry: Option<Sorry>,
    pub(super) servers: Vec<RealServer>,
}

impl VirtualServer {
    /// The port that a server has in the table: only NAT changes it.
    pub(super) fn table_port(&self, key: &ServiceKey, said: u16, forwarding: Forwarding) -> u16 {
        let is_group = matches!(self.key, VirtualServerKey::Group(_));
        let is_open = said == 0 && !key.is_mark() && !is_group;
        if forwarding.is_rewritten() && !is_open { said } else { key.port() }
    }

    pub(super) fn new(place: Place, key: VirtualServerKey) -> Self {
        let family = match &key {
            VirtualServerKey::Address(end) => Some(Family::of(&end.addr)),
            VirtualServerKey::Group(_) | VirtualServerKey::Mark(_) => None,
        };
        Self {
            place,
            key,
            family,
            protocol: None,
            scheduler: None,
            flags: SchedulerFlags::default(),
            one_packet: false,
            forwarding: None,
            persistence: 0,
            engine: None,
            granularity: None,
            times: Times::default(),
            alpha: false,
            omega: false,
            inhibit: false,
            quorum: 1,
            hysteresis: 0,
            weight: 1,
            virtualhost: None,
            quorum_up: None,
            quorum_down: None,
            sorry: None,
            servers: Vec::new(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Sorry {
    pub(super) addr: IpAddr,
    pub(super) port: u16,
    pub(super) forwarding: Option<Forwarding>,
    pub(super) inhibit: bool,
}

#[derive(Clone, Debug)]
pub(super) struct RealServer {
    pub(super) place: Place,
    pub(super) addr: IpAddr,
    pub(super) port: u16,
    pub(super) forwarding: Option<Forwarding>,
    pub(super) weight: Option<u32>,
    pub(super) upper_threshold: u32,
    pub(super) lower_threshold: u32,
    pub(super) inhibit: Option<bool>,
    pub(super) alpha: Option<bool>,
    pub(super) times: Times,
    pub(super) virtualhost: Option<String>,
    pub(super) notify_up: Option<Script>,
    pub(super) notify_down: Option<Script>,
    pub(super) checks: Vec<Checker>,
}

#[derive(Clone, Debug)]
pub(super) struct Checker {
    pub(super) kind: CheckKind,
    pub(super) target: Target,
    pub(super) times: Times,
    pub(super) alpha: Option<bool>,
    pub(super) log_all_failures: bool,
    /// Defaults of this type of check; of a time None is the interval.
    pub(super) default_retry: u32,
    pub(super) default_delay: Option<Duration>,
}
