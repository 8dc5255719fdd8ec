//! Packets that an error would answer, where none may be sent: each is counted under what was wrong with it. And what is
//! too long for its tunnel.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::net::IpAddr;

use lvs::Time;
use lvs::director::{Command, Director, DropReason, Settings, Side, Verdict};
use lvs::route::{Route, RouteTable};
use lvs::service::{Forwarding, Protocol, ServerSpec, ServiceKey, ServiceSpec, Tunnel};
use lvs_wire::make::{self, Ends};
use lvs_wire::{Outbox, PacketBuf, protocol};

/// A director with one service of datagrams and one server, on a way of 1300 bytes.
struct World {
    director: Director,
    outbox: Outbox,
    service: ServiceKey,
    virt: IpAddr,
    real: IpAddr,
    /// Nobody's own address: errors are sent neither to it, nor about what is sent to it (RFC 1122 3.2.2).
    group: IpAddr,
}

impl World {
    fn new(is_v6: bool, forwarding: Forwarding) -> Self {
        let addr = |v4: &str, v6: &str| if is_v6 { v6 } else { v4 }.parse::<IpAddr>().unwrap();
        let virt = addr("192.168.1.183", "2001:db8:1::183");
        let real = addr("192.168.56.183", "2001:db8:56::183");
        let service = ServiceKey::Address { protocol: Protocol::Udp, addr: virt, port: 80 };
        let (director, outbox) = (Director::new(Settings::default()), Outbox::default());
        let world = Self { director, outbox, service, virt, real, group: addr("224.0.0.5", "ff02::5") };
        world.apply(&Command::AddService(ServiceSpec::new(service, "rr")));
        world.apply(&Command::AddServer { service, server: ServerSpec::new(real, 80, forwarding) });
        let source = Some(addr("192.168.56.181", "2001:db8:56::181"));
        let net = real.into();
        let way = Route { net, mtu: 1300, source, interface: 1, gateway: None, is_local: false };
        world.director.set_routes(RouteTable::new(vec![way]));
        world
    }

    fn apply(&self, command: &Command) {
        self.director.apply(command, Time::ZERO).unwrap();
    }

    fn set(&self, name: &str) {
        self.apply(&Command::SetSysctl { name: name.to_owned(), value: "1".to_owned() });
    }

    /// A packet of the group to the service, of so many hops and bytes.
    fn packet(&self, ttl: u8, len: usize) -> Vec<u8> {
        let header = if self.virt.is_ipv6() { 40 } else { 20 };
        let whole = make::udp(Ends::new(self.group, 4000, self.virt, 80), &vec![7; len - header - 8]);
        make::ip(self.group, self.virt, protocol::UDP, ttl, &whole[header..])
    }

    fn process(&mut self, packet: &[u8], side: Side) -> Verdict {
        let mut buf = PacketBuf::from_packet(packet);
        self.director.process(&mut buf, side, Time::ZERO, &mut self.outbox)
    }

    fn dropped(&mut self, packet: &[u8], side: Side) -> &'static str {
        match self.process(packet, side) {
            Verdict::Drop(reason) if self.outbox.is_empty() => reason.name(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_cannot_be_answered_is_counted_under_what_was_wrong_with_it() {
    for is_v6 in [false, true] {
        let mut world = World::new(is_v6, Forwarding::Masq);
        let (short, long) = (world.packet(0, 60), world.packet(64, 1400));
        assert_eq!(world.dropped(&short, Side::Client), "hops_used_up");
        assert_eq!(world.dropped(&long, Side::Client), "too_big");
        let stray = make::udp(Ends::new(world.real, 80, world.group, 9), b"stray");
        assert_eq!(world.process(&stray, Side::Server), Verdict::Pass);
        world.set("nat_icmp_send");
        assert_eq!(world.dropped(&stray, Side::Server), "unclaimed");
        let (service, addr) = (world.service, world.real);
        world.set("expire_nodest_conn");
        world.apply(&Command::DeleteServer { service, addr, port: 80 });
        assert_eq!(world.dropped(&long, Side::Client), "no_server");
    }
}

/// With its outer headers it would be longer than a packet can say.
#[test]
fn the_longest_packets_do_not_go_into_a_tunnel() {
    let mut world = World::new(false, Forwarding::Tunnel(Tunnel::default()));
    for (len, verdict) in [(65_515, Verdict::Forward), (65_516, Verdict::Drop(DropReason::TooLong))] {
        let mut packet = world.packet(64, len);
        // It may be cut on its way; the sum of its header grows by the bit that is gone.
        packet[6] &= !0x40;
        let sum = u16::from_be_bytes([packet[10], packet[11]]);
        let (sum, carry) = sum.overflowing_add(0x4000);
        packet[10..12].copy_from_slice(&(sum + u16::from(carry)).to_be_bytes());
        assert_eq!(world.process(&packet, Side::Client), verdict, "{len}");
    }
}
