//! Packets of clients whose hops were used up at this host: it answers them before the director sees them, and the answer is
//! led here. What IPVS does with such packets is recorded in `tests/data/datapath/more/ttl.json` and its like.

use super::*;
use ipnet::IpNet;

/// Answers of the host about a packet, from this address of it, with so much quoted; what leaves for the client.
fn answered(world: &mut World, from: IpAddr, packet: &[u8], quoted: usize) -> Vec<Vec<u8>> {
    let mut quote = packet[..quoted.min(packet.len())].to_vec();
    set_hops(&mut quote, 1);
    let kind = if from.is_ipv6() { (3, 0) } else { (11, 0) };
    let (verdict, bytes) = world.process(&make::icmp(from, world.client, kind, 0, &quote), Side::Server);
    let mut out = Vec::new();
    if verdict == Verdict::Pass {
        out.push(bytes);
    }
    world.outbox.drain(|packet| out.push(packet.bytes().to_vec()));
    out
}

fn set_hops(packet: &mut [u8], hops: u8) {
    if packet[0] >> 4 == 6 {
        packet[7] = hops;
        return;
    }
    packet[8] = hops;
    packet[10..12].fill(0);
    let sum = checksum::plain(&packet[..20]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
}

/// A world whose host has an address beside the virtual one, which is its own too.
fn world(protocol: Protocol, is_v6: bool) -> (World, IpAddr) {
    let world = World::new(protocol, is_v6);
    let own = if is_v6 { "2001:db8:1::181" } else { "192.168.1.181" }.parse().unwrap();
    world.director.set_routes(RouteTable::new(vec![own_route(own), own_route(world.virt)]));
    (world, own)
}

/// Time exceeded from the virtual address, and what it quotes.
fn assert_exceeded(world: &World, out: &[Vec<u8>], packet: &[u8]) {
    let [answer] = out else { panic!("{out:?}") };
    let (headers, message) = icmp_of(answer);
    assert_eq!((headers.src, headers.dst), (world.virt, world.client));
    assert_eq!(message[..2], if world.virt.is_ipv6() { [3, 0] } else { [11, 0] });
    let mut quoted = packet.to_vec();
    set_hops(&mut quoted, 1);
    assert_eq!(&message[8..], &quoted[..message.len() - 8]);
}

#[test]
fn what_the_host_answers_opens_a_connection_as_in_ipvs() {
    for (is_v6, from_virt, is_claimed) in
        [(false, false, false), (true, false, false), (true, true, false), (true, true, true)]
    {
        let (mut world, own) = world(Protocol::Tcp, is_v6);
        if is_claimed {
            let claimed = [IpNet::from(world.virt)].into_iter();
            world.director.set_routes(RouteTable::new(vec![own_route(own)]).with_claimed(claimed));
        }
        let from = if from_virt { world.virt } else { own };
        let syn = make::tcp(world.request(4000), SYN, b"");
        let out = answered(&mut world, from, &syn, usize::MAX);
        assert_exceeded(&world, &out, &syn);
        assert_eq!((world.conns()[0].state.as_str(), world.counts()), ("SYN_RECV", vec![(0, 0), (1, 0)]));
        assert_eq!(world.send(4001, SYN).unwrap().dst, world.reals[0], "it was this one's turn");
    }
}

#[test]
fn what_the_host_answers_of_a_connection_moves_it() {
    for is_v6 in [false, true] {
        let (mut world, own) = world(Protocol::Tcp, is_v6);
        let to = world.send(4000, SYN).unwrap();
        world.answer(to, SYN | ACK);
        world.send(4000, ACK);
        world.pass_time(100);
        let fin = make::tcp(world.request(4000), FIN, b"");
        let out = answered(&mut world, own, &fin, usize::MAX);
        assert_exceeded(&world, &out, &fin);
        assert_eq!((world.conns()[0].state.as_str(), world.conns()[0].expires_in_ms), ("CLOSE_WAIT", 60_000));
    }
}

#[test]
fn datagrams_whose_hops_are_used_up_are_scheduled_too_also_one_by_one() {
    for one_packet in [false, true] {
        let (mut world, own) = world(Protocol::Udp, true);
        if one_packet {
            let mut service = ServiceSpec::new(world.service, "rr");
            service.one_packet = true;
            world.apply(Command::EditService(service));
        }
        let datagram = make::udp(world.request(4000), b"hello");
        let out = answered(&mut world, own, &datagram, usize::MAX);
        assert_exceeded(&world, &out, &datagram);
        assert_eq!(world.director.conn_count(), usize::from(!one_packet));
        let (verdict, bytes) = world.process(&make::udp(world.request(4001), b"hello"), Side::Client);
        assert_eq!((verdict, ends_of(&bytes).dst), (Verdict::Forward, world.reals[0]));
    }
}

#[test]
fn of_what_is_not_quoted_whole_or_for_no_service_the_address_alone_is_corrected() {
    for is_v6 in [false, true] {
        let (mut world, own) = world(Protocol::Tcp, is_v6);
        let long = make::tcp(world.request(4000), SYN, &[7; 1300]);
        let out = answered(&mut world, own, &long, if is_v6 { 1232 } else { 528 });
        assert_exceeded(&world, &out, &long);
        world.director.set_routes(RouteTable::new(vec![own_route(own)]));
        let stray = make::tcp(Ends::new(world.client, 4000, world.virt, 81), SYN, b"");
        let out = answered(&mut world, own, &stray, usize::MAX);
        assert_eq!((icmp_of(&out[0]).0.src, world.director.conn_count()), (own, 0));
    }
}

#[test]
fn what_is_for_the_host_itself_reaches_it_with_its_last_hop() {
    for is_v6 in [false, true] {
        let (mut world, own) = world(Protocol::Tcp, is_v6);
        let to = |port| Ends::new(world.client, 4000, world.virt, port);
        for packet in [
            make::tcp(to(81), SYN, b""),
            make::tcp(to(80), ACK, b"of no connection"),
            make::udp(to(80), b"of no service"),
        ] {
            let mut arrived = packet.clone();
            set_hops(&mut arrived, 1);
            assert_eq!(answered(&mut world, own, &packet, usize::MAX), [arrived]);
            assert_eq!(world.director.conn_count(), 0);
        }
    }
}
