//! What an operator may do and who may talk to whom, drawn from the seed.

use std::net::IpAddr;

use lvs::Command;
use lvs::sched;
use lvs::service::{
    Endpoint, Family, Forwarding, Persistence, Protocol, ServerSpec, ServiceKey, ServiceSpec, Tunnel,
};

use super::packet;
use super::rng::Rng;

/// All that goes there carries [`MARK`], and there is no service of the address.
const MARKED_V4: &str = "10.0.9.9";
const MARKED_V6: &str = "fd00::9";
pub(crate) const MARK: u32 = 7;

impl Rng {
    pub(crate) fn draw_command(&mut self) -> Command {
        let key = self.draw_key();
        let mut server = self.draw_server(key.family());
        let changes_port = matches!(server.forwarding, Forwarding::Masq | Forwarding::FullNat);
        if key.is_mark() || !changes_port {
            // Without translation the port stays what it is; a mark's servers take every port.
            server.port = key.port();
        }
        match self.below(30) {
            0..=5 => Command::AddService(self.draw_service(key)),
            6..=8 => Command::EditService(self.draw_service(key)),
            9 => Command::DeleteService(key),
            10..=19 => Command::AddServer { service: key, server },
            20..=24 => Command::EditServer { service: key, server },
            25..=28 => Command::DeleteServer { service: key, addr: server.addr, port: server.port },
            _ if self.chance(10) => Command::Flush,
            _ => Command::Zero(None),
        }
    }

    pub(crate) fn draw_key(&mut self) -> ServiceKey {
        let (protocol, virt) = self.draw_virt();
        service_of(protocol, virt)
    }

    pub(crate) fn draw_virt(&mut self) -> (Protocol, Endpoint) {
        let protocol = if self.chance(65) { Protocol::Tcp } else { Protocol::Udp };
        let addr = *self.pick(&["10.0.0.1", "10.0.0.2", "fd00::1", MARKED_V4, MARKED_V6]);
        let port = if self.chance(80) { 80 } else { 443 };
        (protocol, Endpoint::new(addr.parse().unwrap(), port))
    }

    pub(crate) fn draw_service(&mut self, key: ServiceKey) -> ServiceSpec {
        let mut spec = ServiceSpec::new(key, self.pick::<&str>(&sched::names().collect::<Vec<_>>()));
        spec.scheduler_flags.0 = self.below(4) as u8;
        if self.chance(25) {
            let mask = Persistence::host_mask(key.family());
            spec.persistence = Some(Persistence { timeout: 30 + self.below(300) as u32, mask });
        }
        let is_udp = matches!(key, ServiceKey::Address { protocol: Protocol::Udp, .. });
        spec.one_packet = is_udp && self.chance(20);
        spec
    }

    pub(crate) fn draw_server(&mut self, family: Family) -> ServerSpec {
        let host = 1 + self.below(4);
        let addr = match family {
            Family::V4 => format!("10.9.0.{host}"),
            Family::V6 => format!("fd09::{host}"),
        };
        let port = if self.chance(80) { 80 } else { 8080 };
        let addr = addr.parse().unwrap();
        let mut server = ServerSpec::new(addr, port, method_of(addr));
        server.weight = self.below(5) as i32;
        if self.chance(15) {
            server.upper_threshold = 1 + self.below(8) as u32;
            server.lower_threshold = self.below(server.upper_threshold as usize + 1) as u32;
        }
        server
    }

    pub(crate) fn draw_client(&mut self, family: Family) -> Endpoint {
        let host = 1 + self.below(4);
        let addr = match family {
            Family::V4 => format!("20.0.0.{host}"),
            Family::V6 => format!("fd20::{host}"),
        };
        Endpoint::new(addr.parse().unwrap(), 40_000 + self.below(6) as u16)
    }
}

/// How each server is reached; an address has one method for ever.
pub(crate) fn method_of(server: IpAddr) -> Forwarding {
    match packet::octets(server).last() {
        Some(2) => Forwarding::FullNat,
        Some(3) => Forwarding::Route,
        Some(4) => Forwarding::Tunnel(Tunnel::default()),
        _ => Forwarding::Masq,
    }
}

/// The service that takes what goes there.
pub(crate) fn service_of(protocol: Protocol, virt: Endpoint) -> ServiceKey {
    if is_marked(virt.addr) {
        ServiceKey::Mark { mark: MARK, family: Family::of(&virt.addr) }
    } else {
        ServiceKey::Address { protocol, addr: virt.addr, port: virt.port }
    }
}

pub(crate) fn is_marked(addr: IpAddr) -> bool {
    [MARKED_V4, MARKED_V6].iter().any(|marked| marked.parse() == Ok(addr))
}
