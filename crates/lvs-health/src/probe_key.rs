//! The question of a check, apart from whose check it is. Pure; made and compared by the tasks.

use super::spec::Check;
use super::state::CheckId;
use lvs::service::{Endpoint, ServiceKey};

/// Two checks that ask the same are asked once, and both have the answer: a server behind several virtual addresses is
/// not asked for each of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProbeKey {
    /// With the address and port that it goes to.
    pub check: Check,
    /// The server by way of which the service is asked.
    via: Option<(ServiceKey, Endpoint)>,
}

impl ProbeKey {
    pub fn new(id: &CheckId, check: &Check) -> Self {
        let at = check.goes_to(&id.service, id.server);
        let mut check = check.clone();
        check.target.connect_ip = Some(at.addr);
        check.target.connect_port = check.kind.asks_a_port().then_some(at.port);
        let via = check.target.via_server.map(|_| (id.service, id.server));
        Self { check, via }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::CheckKind;
    use lvs::service::{Forwarding, Protocol};

    fn id(service: &str, port: u16, server: Endpoint) -> CheckId {
        let service = ServiceKey::Address { protocol: Protocol::Tcp, addr: service.parse().unwrap(), port };
        CheckId { service, server, number: 0 }
    }

    fn server(port: u16) -> Endpoint {
        Endpoint::new("10.0.0.1".parse().unwrap(), port)
    }

    #[test]
    fn a_server_of_two_services_is_asked_the_same_question_once() {
        let mut check = Check::new(CheckKind::Tcp);
        let one = id("10.9.0.1", 80, server(80));
        assert_eq!(ProbeKey::new(&one, &check), ProbeKey::new(&id("10.9.0.2", 80, server(80)), &check));
        assert_ne!(ProbeKey::new(&one, &check), ProbeKey::new(&id("10.9.0.2", 443, server(443)), &check));
        let mut said = check.clone();
        said.target.connect_port = Some(80);
        assert_eq!(ProbeKey::new(&one, &check), ProbeKey::new(&id("10.9.0.2", 443, server(443)), &said));
        check.schedule.retry += 1;
        assert_ne!(ProbeKey::new(&one, &check), ProbeKey::new(&one, &said));
    }

    #[test]
    fn a_ping_asks_an_address_and_no_port() {
        let check = Check::new(CheckKind::Ping);
        let (one, other) = (id("10.9.0.1", 80, server(80)), id("10.9.0.1", 443, server(443)));
        assert_eq!(ProbeKey::new(&one, &check), ProbeKey::new(&other, &check));
    }

    #[test]
    fn what_goes_by_way_of_a_server_is_a_service_s_own() {
        let mut check = Check::new(CheckKind::Tcp);
        check.target.via_server = Some(Forwarding::Route);
        let (one, other) = (id("10.9.0.1", 80, server(80)), id("10.9.0.2", 80, server(80)));
        assert_ne!(ProbeKey::new(&one, &check), ProbeKey::new(&other, &check));
        check.target.connect_ip = Some("10.9.0.3".parse().unwrap());
        assert_ne!(ProbeKey::new(&one, &check), ProbeKey::new(&other, &check));
    }
}
