//! What the host must hand to the director for its services to work. Computed here, installed by the host edge.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Director;
use crate::lvs::service::{Family, Forwarding, ServiceKey};

/// The traffic that the services need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    /// Virtual addresses: packets to them.
    pub virtuals: BTreeSet<IpAddr>,
    /// Masqueraded real servers, also removed ones that still have connections: packets from them.
    pub reals: BTreeSet<IpAddr>,
    /// Firewall marks: packets that carry them.
    pub marks: BTreeSet<(u32, Family)>,
}

impl Director {
    /// What the services of this moment need captured.
    pub fn captures(&self) -> Captures {
        let mut captures = Captures::default();
        let services = self.services.read();
        for service in services.iter() {
            match service.spec().key {
                ServiceKey::Address { addr, .. } => {
                    captures.virtuals.insert(addr);
                }
                ServiceKey::Mark { mark, family } => {
                    captures.marks.insert((mark, family));
                }
            }
            let masqueraded =
                service.servers().iter().filter(|server| server.forwarding() == Forwarding::Masq);
            captures.reals.extend(masqueraded.map(|server| server.addr()));
        }
        if !services.is_empty() {
            captures.reals.extend(services.leaving().map(|server| server.addr()));
        }
        captures
    }
}
