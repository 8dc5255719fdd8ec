//! IPsec: packets that have no connection of their own.

use std::collections::BTreeSet;

use super::*;
use crate::service::Family;

fn esp(from: IpAddr, to: IpAddr) -> Vec<u8> {
    make::ip(from, to, protocol::ESP, 64, &[1, 2, 3, 4, 0, 0, 0, 1, 9, 9, 9, 9])
}

impl World {
    /// A service of key exchange with one server.
    fn exchanging(is_v6: bool, forwarding: Forwarding) -> Self {
        let mut world = Self::new(Protocol::Udp, is_v6);
        assert!(world.director.captures().key_exchanges.is_empty());
        world.service = ServiceKey::Address { protocol: Protocol::Udp, addr: world.virt, port: 500 };
        world.apply(Command::AddService(ServiceSpec::new(world.service, "rr")));
        let server = ServerSpec::new(world.reals[0], 500, forwarding);
        world.apply(Command::AddServer { service: world.service, server });
        world
    }

    fn exchange(&mut self) -> Verdict {
        let ends = Ends::new(self.client, 500, self.virt, 500);
        self.process(&make::udp(ends, b"key"), Side::Client).0
    }

    fn esp(&mut self) -> Verdict {
        self.process(&esp(self.client, self.virt), Side::Client).0
    }
}

#[test]
fn what_no_key_exchange_claims_passes() {
    for is_v6 in [false, true] {
        let mut world = World::exchanging(is_v6, Forwarding::Route);
        assert_eq!(world.esp(), Verdict::Pass, "nothing was exchanged yet");
        assert_eq!(world.exchange(), Verdict::Route(world.reals[0]));
        assert_eq!(world.esp(), Verdict::Route(world.reals[0]));
        let stranger = if is_v6 { "2001:db8:1::11" } else { "192.168.1.11" }.parse().unwrap();
        assert_eq!(world.process(&esp(stranger, world.virt), Side::Client).0, Verdict::Pass);
        // It lasts as long as the connection, which it keeps alive.
        world.pass_time(200);
        assert_eq!(world.esp(), Verdict::Route(world.reals[0]));
        world.pass_time(200);
        assert_eq!(world.esp(), Verdict::Route(world.reals[0]));
        world.pass_time(301);
        assert_eq!(world.esp(), Verdict::Pass);
    }
}

#[test]
fn a_server_that_is_gone_takes_nothing_any_more() {
    let mut world = World::exchanging(false, Forwarding::Route);
    world.exchange();
    let (service, real) = (world.service, world.reals[0]);
    world.apply(Command::DeleteServer { service, addr: real, port: 500 });
    assert_eq!(world.esp(), Verdict::Drop(DropReason::ServerGone));
    world.apply(Command::SetSysctl { name: "expire_nodest_conn".to_owned(), value: "1".to_owned() });
    assert_eq!((world.esp(), world.director.conn_count()), (Verdict::Pass, 0));
}

#[test]
fn the_host_leads_in_what_services_can_take() {
    let world = World::exchanging(false, Forwarding::Masq);
    let captures = world.director.captures();
    assert_eq!(captures.key_exchanges, BTreeSet::from([Family::V4]));
    let of_server = captures.answers.iter().filter(|(_, addr)| *addr == world.reals[0]);
    assert_eq!(of_server.map(|(number, _)| *number).collect::<Vec<u8>>(), [17, 50, 51]);
}
