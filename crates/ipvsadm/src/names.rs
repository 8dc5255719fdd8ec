//! Host names and service names.
//!
//! Asks the databases that `-n` does without: hosts (by name IPv4 only, as ipvsadm asks) and `/etc/services`. Answers are kept
//! for the life of the program, since a listing asks the same again and again.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use lvs_names::Resolver;
use lvs_names::services::Services;

/// A place to look names up in.
pub trait Names {
    fn host_addr(&self, name: &[u8]) -> Option<Ipv4Addr>;
    fn host_name(&self, addr: IpAddr) -> Option<String>;
    fn service_port(&self, name: &[u8], protocol: &str) -> Option<u16>;
    fn service_name(&self, port: u16, protocol: &str) -> Option<String>;
}

/// The databases of this machine.
#[derive(Debug, Default)]
pub struct SystemNames {
    services: OnceCell<Services>,
    /// None: this host has no means to ask.
    resolver: OnceCell<Option<Resolver>>,
    hosts: RefCell<HashMap<IpAddr, Option<String>>>,
}

impl SystemNames {
    fn services(&self) -> &Services {
        self.services.get_or_init(|| Services::parse(&std::fs::read("/etc/services").unwrap_or_default()))
    }

    fn resolver(&self) -> Option<&Resolver> {
        self.resolver.get_or_init(|| Resolver::of_this_host().ok()).as_ref()
    }
}

impl Names for SystemNames {
    fn host_addr(&self, name: &[u8]) -> Option<Ipv4Addr> {
        let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty())?;
        self.resolver()?.addr(name)
    }

    fn host_name(&self, addr: IpAddr) -> Option<String> {
        let ask = || self.resolver()?.name(addr);
        self.hosts.borrow_mut().entry(addr).or_insert_with(ask).clone()
    }

    fn service_port(&self, name: &[u8], protocol: &str) -> Option<u16> {
        self.services().port(name, protocol)
    }

    fn service_name(&self, port: u16, protocol: &str) -> Option<String> {
        self.services().name(port, protocol).map(str::to_owned)
    }
}

/// No database at all.
#[derive(Debug)]
pub struct NoNames;

impl Names for NoNames {
    fn host_addr(&self, _: &[u8]) -> Option<Ipv4Addr> {
        None
    }

    fn host_name(&self, _: IpAddr) -> Option<String> {
        None
    }

    fn service_port(&self, _: &[u8], _: &str) -> Option<u16> {
        None
    }

    fn service_name(&self, _: u16, _: &str) -> Option<String> {
        None
    }
}
