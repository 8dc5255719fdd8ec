//! Flows that are pinned to a server beside the tables.

use super::*;
use crate::director::PinnedFlow;

fn flow(world: &World) -> PinnedFlow {
    let from = Endpoint::new("192.168.1.181".parse().unwrap(), 50_000);
    PinnedFlow { protocol: Protocol::Tcp, from, to: Endpoint::new(world.virt, 80) }
}

fn packet(flow: &PinnedFlow, flags: u8) -> Vec<u8> {
    make::tcp(Ends::new(flow.from.addr, flow.from.port, flow.to.addr, flow.to.port), flags, b"")
}

#[test]
fn they_go_there_and_count_nowhere() {
    let mut world = World::new(Protocol::Tcp, false);
    let flow = flow(&world);
    // A server that is in no table.
    let asked: IpAddr = "192.168.57.9".parse().unwrap();
    world.director.pin(&flow, asked, Forwarding::Route, world.now).unwrap();
    for flags in [SYN, ACK, FIN] {
        let syn = packet(&flow, flags);
        let (verdict, bytes) = world.process(&syn, Side::Client);
        assert_eq!((verdict, bytes), (Verdict::Route(asked), syn));
    }
    assert_eq!((world.conns().len(), world.counts()), (0, vec![(0, 0), (0, 0)]));
    let Reply::Totals { stats, .. } = world.director.query(&Query::Totals, world.now).unwrap() else {
        panic!()
    };
    assert_eq!((stats.conns, stats.in_packets), (0, 0));
    let shown = world.director.connections_from(0, &ConnFilter::default(), world.now).rows;
    assert_eq!((shown.len(), shown[0].entry.real), (1, Endpoint::new(asked, 80)));
    // Everybody else is balanced.
    assert_eq!(world.send(4000, SYN).map(|sent| sent.dst), Some(world.reals[1]));
}

#[test]
fn they_end_when_they_are_released() {
    let mut world = World::new(Protocol::Tcp, false);
    let flow = flow(&world);
    let [one, other] = [[192, 168, 57, 9], [192, 168, 57, 10]].map(IpAddr::from);
    world.director.pin(&flow, one, Forwarding::Route, world.now).unwrap();
    assert_eq!(world.process(&packet(&flow, SYN), Side::Client).0, Verdict::Route(one));
    world.director.unpin(&flow, world.now);
    // The last packets still go where the others went.
    assert_eq!(world.process(&packet(&flow, TcpFlags::RST), Side::Client).0, Verdict::Route(one));
    // The port is taken for another one at once.
    world.director.pin(&flow, other, Forwarding::Route, world.now).unwrap();
    assert_eq!(world.process(&packet(&flow, SYN), Side::Client).0, Verdict::Route(other));
    world.director.unpin(&flow, world.now);
    world.pass_time(4);
    assert_eq!(world.director.conn_count(), 0);
    // Now it is a client like any other.
    assert_eq!(world.process(&packet(&flow, SYN), Side::Client).0, Verdict::Forward);
    world.director.unpin(&flow, world.now);
    world.pass_time(4);
    assert_eq!(world.director.conn_count(), 1, "a client's connection is not released");
}

#[test]
fn only_servers_that_see_the_virtual_address_can_be_pinned_to() {
    let world = World::new(Protocol::Tcp, false);
    let refused = world.director.pin(&flow(&world), world.reals[0], Forwarding::Masq, world.now);
    assert_eq!(refused, Err(DropReason::NoWayToServer));
    assert!(!world.director.captures().pinned_answers);
    world.director.expect_pinned_answers(true);
    assert!(world.director.captures().pinned_answers);
}
