//! A check: its target and its times.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::kinds::CheckKind;
use lvs::service::{Endpoint, Forwarding, ServiceKey};

/// One check: what is asked, where, and when.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Check {
    pub kind: CheckKind,
    pub target: Target,
    pub schedule: Schedule,
    /// The check begins as failed, whatever the service says of its servers.
    pub alpha: bool,
    /// Tell the log of every failed attempt, not only of changes.
    pub log_all_failures: bool,
}

impl Check {
    /// A check of the server's own address, with the usual times.
    pub fn new(kind: CheckKind) -> Self {
        Self {
            kind,
            target: Target::default(),
            schedule: Schedule::default(),
            alpha: false,
            log_all_failures: false,
        }
    }
}

impl Check {
    /// Returns the end that is asked: the server, or the virtual address by way of it.
    pub fn goes_to(&self, service: &ServiceKey, server: Endpoint) -> Endpoint {
        let asked = match *service {
            ServiceKey::Address { addr, port, .. } if self.target.via_server.is_some() => {
                Endpoint::new(addr, port)
            }
            _ => server,
        };
        Endpoint::new(
            self.target.connect_ip.unwrap_or(asked.addr),
            self.target.connect_port.unwrap_or_else(|| self.kind.default_port(asked.port)),
        )
    }
}

/// When a check runs and how many results make a change.
///
/// A round is one attempt and, as long as they fail, up to `retry` more. A server that is down is not tried again
/// within a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Schedule {
    /// From the start of a round to the start of the next (`delay_loop`).
    pub interval: Duration,
    /// Percent of the interval by which rounds vary at random, to both sides.
    pub jitter: u8,
    /// Time that one attempt has in all, connecting included (`connect_timeout`, `misc_timeout`).
    pub timeout: Duration,
    pub retry: u32,
    pub delay_before_retry: Duration,
    /// Good rounds in a row until it is up.
    pub rise: u32,
    /// Failed rounds in a row until it is down.
    pub fall: u32,
    /// The first round comes after a random part of this; None spreads over one interval.
    pub warmup: Option<Duration>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(2),
            jitter: 10,
            timeout: Duration::from_secs(2),
            retry: 0,
            delay_before_retry: Duration::from_secs(1),
            rise: 2,
            fall: 3,
            warmup: None,
        }
    }
}

impl Schedule {
    /// The schedule of keepalived where its file says nothing. `HTTP_GET` and `SSL_GET` set `retry` to 3.
    pub const KEEPALIVED: Self = Self {
        interval: Duration::from_secs(60),
        jitter: 0,
        timeout: Duration::from_secs(5),
        retry: 1,
        delay_before_retry: Duration::from_secs(1),
        rise: 1,
        fall: 1,
        warmup: None,
    };
}

/// Target of a check. The server's own address and port stand for what is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    pub connect_ip: Option<IpAddr>,
    pub connect_port: Option<u16>,
    /// Address, port and interface that it leaves from.
    pub bind_ip: Option<IpAddr>,
    pub bind_port: Option<u16>,
    pub bind_interface: Option<String>,
    /// Mark of its packets (`SO_MARK`).
    pub fwmark: Option<u32>,
    /// The virtual address is asked, and the director leads the packets to the server in this way.
    pub via_server: Option<Forwarding>,
}
