//! Record-route and timestamps of IPv4: the host writes when it routes a packet here, and once more when it routes it on.

use super::*;

const OWN: [u8; 4] = [192, 168, 56, 181];

/// A datagram of the client with these options.
fn datagram(world: &World, options: &[u8]) -> Vec<u8> {
    let mut packet = make::udp(world.request(4000), b"hello");
    packet.splice(20..20, options.iter().copied());
    packet[0] = 0x45 + (options.len() / 4) as u8;
    let len = packet.len() as u16;
    packet[2..4].copy_from_slice(&len.to_be_bytes());
    packet[10..12].fill(0);
    let sum = checksum::plain(&packet[..20 + options.len()]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet
}

fn options_of(packet: &[u8]) -> &[u8] {
    let header = usize::from(packet[0] & 15) * 4;
    assert_eq!(checksum::fold(checksum::sum(&packet[..header])), 0xffff, "IP checksum");
    &packet[20..header]
}

fn world(forwarding: Forwarding) -> World {
    let world = World::new(Protocol::Udp, false);
    for addr in world.reals {
        world.apply(Command::DeleteServer { service: world.service, addr, port: 8080 });
    }
    let server = ServerSpec::new(world.reals[0], 80, forwarding);
    world.apply(Command::AddServer { service: world.service, server });
    let net = "192.168.56.0/24".parse().unwrap();
    let source = Some(OWN.into());
    let link = Route { net, mtu: 1500, source, interface: 2, gateway: None, is_local: false };
    world.director.set_routes(RouteTable::new(vec![own_route(OWN.into()), link]));
    world
}

/// A record of one address, and a timestamp with an address, as the host has filled them on the way here.
const RECORDED: [u8; 12] = [7, 11, 8, 192, 168, 56, 181, 0, 0, 0, 0, 0];
const STAMPED: [u8; 12] = [68, 12, 13, 1, 192, 168, 56, 181, 1, 2, 3, 4];

#[test]
fn a_masqueraded_packet_leaves_without_the_hosts_entry_which_it_makes_again() {
    for (came, leaves) in
        [(RECORDED, [7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]), (STAMPED, [68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0])]
    {
        let mut world = world(Forwarding::Masq);
        let (verdict, out) = world.process(&datagram(&world, &came), Side::Client);
        assert_eq!((verdict, options_of(&out)), (Verdict::Forward, &leaves[..]));
        let mut answer = datagram(&world, &came);
        answer[12..16].copy_from_slice(&[192, 168, 56, 183]);
        answer[16..20].copy_from_slice(&[192, 168, 1, 10]);
        answer[32..36].copy_from_slice(&[0, 80, 0x0f, 0xa0]);
        answer[38..40].fill(0);
        answer[10..12].fill(0);
        let sum = checksum::plain(&answer[..32]);
        answer[10..12].copy_from_slice(&sum.to_be_bytes());
        let (verdict, out) = world.process(&answer, Side::Server);
        assert_eq!((verdict, options_of(&out)), (Verdict::Forward, &leaves[..]));
    }
}

#[test]
fn a_packet_that_leaves_past_the_host_or_inside_another_has_one_entry_of_the_virtual_address() {
    let virt = [192, 168, 1, 183];
    for came in [RECORDED, STAMPED] {
        let mut expected = came;
        let at = if came[0] == 7 { 3 } else { 4 };
        expected[at..at + 4].copy_from_slice(&virt);
        let mut direct = world(Forwarding::Route);
        let (verdict, out) = direct.process(&datagram(&direct, &came), Side::Client);
        assert_eq!((verdict, options_of(&out)), (Verdict::Route(direct.reals[0]), &expected[..]));
        let mut inside = world(Forwarding::Tunnel(Tunnel::default()));
        let (verdict, out) = inside.process(&datagram(&inside, &came), Side::Client);
        assert_eq!((verdict, options_of(&out[20..])), (Verdict::Forward, &expected[..]));
    }
}

#[test]
fn what_is_passed_has_no_entry_of_the_host_yet() {
    let mut world = world(Forwarding::Masq);
    let mut packet = datagram(&world, &RECORDED);
    packet[19] = 200;
    packet[10..12].fill(0);
    let sum = checksum::plain(&packet[..32]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    let (verdict, out) = world.process(&packet, Side::Client);
    assert_eq!((verdict, options_of(&out)), (Verdict::Pass, &[7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0][..]));
}

#[test]
fn the_hosts_complaint_of_an_option_comes_from_the_virtual_address() {
    let mut world = world(Forwarding::Masq);
    world.director.set_routes(RouteTable::new(vec![own_route(OWN.into()), own_route(world.virt)]));
    let bad = datagram(&world, &[7, 11, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let error = make::icmp(OWN.into(), world.client, (12, 0), 22 << 24, &bad);
    let (verdict, out) = world.process(&error, Side::Server);
    let (headers, message) = icmp_of(&out);
    assert_eq!((verdict, headers.src, headers.dst), (Verdict::Pass, world.virt, world.client));
    assert_eq!((&message[..2], message[4], &message[8..]), (&[12, 0][..], 22, bad.as_slice()));
    // One of a router is nobody's.
    let error = make::icmp("192.168.56.1".parse().unwrap(), world.client, (12, 0), 22 << 24, &bad);
    let (verdict, out) = world.process(&error, Side::Server);
    assert_eq!(
        (verdict, Headers::parse(&out).unwrap().src.to_string()),
        (Verdict::Pass, "192.168.56.1".into())
    );
}
