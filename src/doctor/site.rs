//! All that a doctor knows of a host: plain data, whoever read it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use ipnet::IpNet;

use super::filter::Ruleset;
use super::probe::Probe;
use super::texts::{Files, KernelService, TableUse};
use crate::memory::Memory;
use lvs::director::ServiceEntry;
use lvs::service::{Endpoint, Forwarding, Protocol, Rates, ServiceKey, ServiceSpec, Stats};
use lvs_control::Status;
use lvs_health::report::ServiceReport;
use lvs_host::{ReceiveOffload, Survey};

/// A daemon that was found to be at work here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Daemon {
    Networkd { takes_foreign: bool },
    NetworkManager,
    Firewalld,
    Ufw,
    Docker,
    WgQuick,
    Keepalived,
    Frr,
    Bird,
}

#[derive(Clone, Debug, Default)]
pub struct Site {
    /// Answer of the driver of `/dev/net/tun`.
    pub tun: Tun,
    pub packet_socket: Socket,
    pub release: String,
    /// Bits of `CAP_*`: of this process, and of the director.
    pub capabilities: Option<u64>,
    pub director_capabilities: Option<u64>,
    /// Capabilities are those of a user namespace, which programs of BPF are not for.
    pub in_user_namespace: bool,
    /// By their keys in slash form.
    pub sysctls: BTreeMap<String, String>,
    /// Settings can be written.
    pub can_set: bool,
    pub survey: Survey,
    pub offload: BTreeMap<String, ReceiveOffload>,
    /// ARP and neighbour discovery.
    pub neighbour_tables: Vec<TableUse>,
    /// Programs that change the network beside a director.
    pub daemons: Vec<Daemon>,
    /// Of nft and of both iptables.
    pub filters: Ruleset,
    /// Addresses of the table `local` of IPv4; a director's routes are among it, and in no list of addresses.
    pub locals: Vec<IpNet>,
    /// The director keeps services from being tracked that the host sees half of, or will.
    pub untracks: bool,
    /// Programs that would tell of more filters, and do not.
    pub unread: Vec<&'static str>,
    /// The kernel's own IPVS.
    pub kernel_services: Vec<KernelService>,
    /// Open files allowed, of the director or of this process.
    pub files: Option<Files>,
    pub memory: Option<Memory>,
    /// The director that answers.
    pub status: Option<Status>,
    pub health: Vec<ServiceReport>,
    /// Of the director, or of the configuration file.
    pub services: Vec<ServiceEntry>,
    pub ports: Option<RangeInclusive<u16>>,
    pub uses_own_ports: bool,
    pub most_conns: u64,
    /// Virtual addresses that this host answers for as a real server.
    pub real_server_vips: Vec<IpAddr>,
    pub probes: BTreeMap<Endpoint, Probe>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tun {
    #[default]
    Missing,
    Denied,
    Failed(String),
    There {
        vnet_hdr: bool,
        multi_queue: bool,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Socket {
    #[default]
    Works,
    Denied,
    Missing,
}

impl Site {
    pub fn sysctl(&self, key: &str) -> Option<&str> {
        self.sysctls.get(key).map(String::as_str)
    }

    pub(super) fn number(&self, key: &str) -> Option<i64> {
        self.sysctl(key)?.parse().ok()
    }

    /// A setting of IPv4 that is the greater of all links' and the link's own.
    pub(super) fn greater(&self, link: &str, name: &str) -> Option<i64> {
        let of = |link: &str| self.number(&format!("net/ipv4/conf/{link}/{name}"));
        of("all").max(of(link))
    }

    pub(super) fn is_running(&self) -> bool {
        self.status.is_some()
    }

    /// The devices of the director.
    pub(super) fn tuns(&self) -> Vec<&str> {
        let queues = self.status.iter().flat_map(|status| &status.queues);
        let mut names: Vec<&str> =
            queues.map(|queue| queue.name.split('/').next().unwrap_or_default()).collect();
        names.dedup();
        names
    }

    /// Prefix of all its devices, for a rule that takes them together.
    pub(super) fn tun_prefix(&self) -> String {
        let first = self.tuns().first().and_then(|name| name.split_once('-')).map(|(prefix, _)| prefix);
        first.unwrap_or("tunvs").to_owned()
    }

    /// Links that packets of clients and servers come by.
    pub(super) fn outer_links(&self) -> impl Iterator<Item = &lvs_host::SurveyedLink> {
        let tuns: Vec<String> = self.tuns().into_iter().map(str::to_owned).collect();
        let is_ours = move |name: &str| tuns.iter().any(|tun| tun == name);
        let up = self.survey.links.iter().filter(|link| link.up && link.ethernet && !link.loopback);
        up.filter(move |link| !is_ours(&link.name))
    }

    /// Virtual addresses of the services.
    pub fn vips(&self) -> Vec<IpAddr> {
        let mut vips: Vec<IpAddr> = self
            .services
            .iter()
            .filter_map(|service| match service.spec.key {
                ServiceKey::Address { addr, .. } => Some(addr),
                ServiceKey::Mark { .. } => None,
            })
            .collect();
        vips.sort_unstable();
        vips.dedup();
        vips
    }

    /// Addresses of servers of this kind.
    pub fn reals(&self, takes: impl Fn(Forwarding) -> bool) -> Vec<IpAddr> {
        let servers = self.services.iter().flat_map(|service| &service.servers);
        let mut reals: Vec<IpAddr> =
            servers.filter(|server| takes(server.spec.forwarding)).map(|server| server.spec.addr).collect();
        reals.sort_unstable();
        reals.dedup();
        reals
    }

    /// A service for those who have none yet: of an address beside this host's own.
    pub(super) fn example(&self) -> Option<ServiceEntry> {
        let links: Vec<&str> = self.outer_links().map(|link| link.name.as_str()).collect();
        let subnets = self.survey.addresses.iter().filter(|own| links.contains(&own.dev.as_str()));
        let mut addrs =
            subnets.filter_map(|own| own.net.hosts().take(4096).filter(|addr| !self.is_own(*addr)).last());
        let key = ServiceKey::Address { protocol: Protocol::Tcp, addr: addrs.next()?, port: 80 };
        let (stats, rates) = (Stats::default(), Rates::default());
        Some(ServiceEntry { spec: ServiceSpec::new(key, "rr"), stats, rates, servers: Vec::new() })
    }

    /// Whether the host takes packets to the address for its own, as it does when a director has claimed it.
    pub(super) fn is_claimed(&self, vip: IpAddr) -> bool {
        !self.is_running() || self.is_own(vip) || self.locals.iter().any(|net| net.contains(&vip))
    }

    /// Whether the kernel lets a director own a table of nftables (Linux 5.12).
    pub(super) fn can_untrack(&self) -> bool {
        super::texts::version(&self.release).is_some_and(|version| version >= (5, 12))
    }

    pub(super) fn is_own(&self, addr: IpAddr) -> bool {
        addr.is_loopback() || self.survey.addresses.iter().any(|own| own.net.addr() == addr)
    }
}
