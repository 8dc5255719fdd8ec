//! The subnets whose hosts are masqueraded.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ipnet::IpNet;

/// The subnets whose hosts are masqueraded.
#[derive(Debug)]
pub(in crate::director) struct Masquerade {
    nets: Vec<IpNet>,
    /// Connections that were ever opened.
    pub(in crate::director) opened: AtomicU64,
}

impl Masquerade {
    pub(in crate::director) fn new(nets: &[IpNet]) -> Self {
        Self { nets: nets.iter().map(IpNet::trunc).collect(), opened: AtomicU64::new(0) }
    }

    /// Whether there is a subnet of that family.
    pub(in crate::director) fn is_of(&self, is_v6: bool) -> bool {
        self.nets.iter().any(|net| net.addr().is_ipv6() == is_v6)
    }

    /// IPv4 and IPv6.
    pub(in crate::director) fn families(&self) -> [bool; 2] {
        [false, true].map(|is_v6| self.is_of(is_v6))
    }

    pub(in crate::director) fn opened(&self) -> u64 {
        self.opened.load(Relaxed)
    }

    pub(in crate::director) fn enters(&self, from: IpAddr, to: IpAddr) -> bool {
        self.has(to) && !self.has(from)
    }

    pub(in crate::director) fn has(&self, addr: IpAddr) -> bool {
        self.nets.iter().any(|net| net.contains(&addr))
    }
}
