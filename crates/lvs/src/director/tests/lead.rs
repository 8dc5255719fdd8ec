//! Flows that are led to a server beside the tables.

use super::*;
use crate::director::Led;

fn led(world: &World) -> Led {
    let from = Endpoint::new("192.168.1.181".parse().unwrap(), 50_000);
    Led { protocol: Protocol::Tcp, from, to: Endpoint::new(world.virt, 80) }
}

fn packet(led: &Led, flags: u8) -> Vec<u8> {
    make::tcp(Ends::new(led.from.addr, led.from.port, led.to.addr, led.to.port), flags, b"")
}

#[test]
fn they_go_there_and_count_nowhere() {
    let mut world = World::new(Protocol::Tcp, false);
    let led = led(&world);
    // A server that is in no table.
    let asked: IpAddr = "192.168.57.9".parse().unwrap();
    world.director.lead(&led, (asked, Forwarding::Route), world.now).unwrap();
    for flags in [SYN, ACK, FIN] {
        let syn = packet(&led, flags);
        let (verdict, bytes) = world.process(&syn, Side::Client);
        assert_eq!((verdict, bytes), (Verdict::Route(asked), syn));
    }
    assert_eq!((world.conns().len(), world.counts()), (0, vec![(0, 0), (0, 0)]));
    let Reply::Totals { stats, .. } = world.director.query(&Query::Totals, world.now).unwrap() else {
        panic!()
    };
    assert_eq!((stats.conns, stats.in_packets), (0, 0));
    let (shown, _) = world.director.connections_from(0, &ConnFilter::default(), world.now);
    assert_eq!((shown.len(), shown[0].entry.real), (1, Endpoint::new(asked, 80)));
    // Everybody else is balanced.
    assert_eq!(world.send(4000, SYN).map(|sent| sent.dst), Some(world.reals[1]));
}

#[test]
fn they_end_when_they_are_released() {
    let mut world = World::new(Protocol::Tcp, false);
    let led = led(&world);
    let [one, other] = [[192, 168, 57, 9], [192, 168, 57, 10]].map(IpAddr::from);
    world.director.lead(&led, (one, Forwarding::Route), world.now).unwrap();
    assert_eq!(world.process(&packet(&led, SYN), Side::Client).0, Verdict::Route(one));
    world.director.release(&led, world.now);
    // The last packets still go where the others went.
    assert_eq!(world.process(&packet(&led, TcpFlags::RST), Side::Client).0, Verdict::Route(one));
    // The port is taken for another one at once.
    world.director.lead(&led, (other, Forwarding::Route), world.now).unwrap();
    assert_eq!(world.process(&packet(&led, SYN), Side::Client).0, Verdict::Route(other));
    world.director.release(&led, world.now);
    world.pass_time(4);
    assert_eq!(world.director.conn_count(), 0);
    // Now it is a client like any other.
    assert_eq!(world.process(&packet(&led, SYN), Side::Client).0, Verdict::Forward);
    world.director.release(&led, world.now);
    world.pass_time(4);
    assert_eq!(world.director.conn_count(), 1, "a client's connection is not released");
}

#[test]
fn only_servers_that_see_the_virtual_address_are_led_to() {
    let world = World::new(Protocol::Tcp, false);
    let to = (world.reals[0], Forwarding::Masq);
    assert_eq!(world.director.lead(&led(&world), to, world.now), Err(DropReason::NoWayToServer));
    assert!(!world.director.captures().led_answers);
    world.director.expect_led_answers(true);
    assert!(world.director.captures().led_answers);
}
