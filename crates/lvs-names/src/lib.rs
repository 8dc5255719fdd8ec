//! Names that a host gives to addresses, ports, users and groups.
//!
//! Reads `/etc/hosts`, `/etc/services`, `/etc/passwd` and `/etc/group`, and asks name servers. Never calls the C library for them:
//! a static program cannot load its plug-ins (`nsswitch.conf`). Called by the classic tools and by whoever runs programs
//! as other users.

pub mod accounts;
mod connected;
mod dns;
pub mod hosts;
mod lookup;
pub mod services;

use std::net::{IpAddr, Ipv4Addr};

use dns::Dns;
pub use dns::DnsError;
use hosts::Hosts;
pub use lookup::{Answer, LookupError, NameServers, Srv};

/// Names of hosts, as this host knows them: by its file, then by its name servers.
#[derive(Debug)]
pub struct Resolver {
    hosts: Hosts,
    dns: Dns,
}

impl Resolver {
    /// # Errors
    /// No runtime starts that could ask name servers.
    pub fn of_this_host() -> Result<Self, DnsError> {
        let hosts = Hosts::parse(&std::fs::read("/etc/hosts").unwrap_or_default());
        Ok(Self { hosts, dns: Dns::of(&std::fs::read("/etc/resolv.conf").unwrap_or_default())? })
    }

    /// The first IPv4 address of a host (`gethostbyname`).
    pub fn addr(&self, name: &str) -> Option<Ipv4Addr> {
        self.hosts.addr(name).or_else(|| self.dns.addr(name))
    }

    /// The name of an address (`gethostbyaddr`).
    pub fn name(&self, addr: IpAddr) -> Option<String> {
        self.hosts.name(addr).map(str::to_owned).or_else(|| self.dns.name(addr))
    }
}
