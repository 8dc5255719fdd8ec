//! Settings that decide about new and old connections: defences, ICMP that makes connections, bypassing.

use super::*;

fn set(world: &World, name: &str, value: i64) {
    world.apply(Command::SetSysctl { name: name.to_owned(), value: value.to_string() });
}

fn shown(world: &World, name: &str) -> String {
    world.director.sysctls().read(Some(name)).unwrap()[0].value.clone()
}

#[test]
fn automatic_defences_follow_the_free_memory() {
    let mut world = World::new(Protocol::Tcp, false);
    for name in ["drop_entry", "drop_packet", "secure_tcp"] {
        set(&world, name, 2);
        assert_eq!(shown(&world, name), "1", "there is memory enough");
    }
    assert!(world.send(4000, SYN).is_some());
    world.director.set_free_memory(1024 - 256);
    world.pass_time(1);
    assert_eq!(["drop_entry", "drop_packet", "secure_tcp"].map(|name| shown(&world, name)), ["2", "2", "2"]);
    let kept = (0..40).filter(|port| world.send(5000 + port, SYN).is_some()).count();
    assert_eq!(kept, 30, "one of 1024 / 256 is dropped");
    let to = world.send(4000, SYN).unwrap();
    world.answer(to, SYN | ACK);
    world.send(4000, ACK);
    assert!(world.conns().iter().any(|conn| conn.state == "SYNACK"), "the table of secure_tcp");
    world.pass_time(55);
    assert!(world.director.conn_count() < 25, "half-open ones were dropped before their time");
    world.director.set_free_memory(5000);
    world.pass_time(1);
    assert_eq!(["drop_entry", "drop_packet", "secure_tcp"].map(|name| shown(&world, name)), ["1", "1", "1"]);
    assert!((0..40).all(|port| world.send(6000 + port, SYN).is_some()));
}

#[test]
fn a_table_that_is_nearly_full_is_want_of_memory() {
    let mut world = World::new(Protocol::Tcp, false);
    world.director = Director::new(Settings { max_conns: 1024, ..Settings::default() });
    world.apply(Command::AddService(ServiceSpec::new(world.service, "rr")));
    let server = ServerSpec::new(world.reals[0], 80, Forwarding::Masq);
    world.apply(Command::AddServer { service: world.service, server });
    set(&world, "drop_entry", 1);
    let mut served = 0;
    for second in 0..60 {
        // As many at once as there is room for, while three quarters are taken.
        for port in 0..250 {
            world.send(1024 + second * 250 + port, SYN);
        }
        served += u32::from(world.send(60_000 + second, SYN).is_some());
        world.pass_time(1);
    }
    assert_eq!(served, 60);
    assert!(world.director.conn_count() <= 768, "{}", world.director.conn_count());
    assert_eq!(shown(&world, "drop_entry"), "2");
    world.pass_time(70);
    assert_eq!((shown(&world, "drop_entry").as_str(), world.director.conn_count()), ("1", 0));
}

#[test]
fn defences_that_are_always_on_ask_for_no_memory() {
    let mut world = World::new(Protocol::Tcp, false);
    set(&world, "am_droprate", 5);
    set(&world, "drop_packet", 3);
    let kept: Vec<bool> = (0..10).map(|port| world.send(5000 + port, SYN).is_some()).collect();
    assert_eq!(kept, [false, true, true, true, true, false, true, true, true, true]);
    let dropped = world.process(&make::tcp(world.request(5009), ACK, &[]), Side::Client).0;
    assert_eq!(dropped, Verdict::Forward, "known connections are left alone");
    set(&world, "drop_packet", 0);
    assert!((0..10).all(|port| world.send(6000 + port, SYN).is_some()));
}

#[test]
fn connections_in_use_outlive_drop_entry() {
    let mut world = World::new(Protocol::Tcp, false);
    let to = world.send(4000, SYN).unwrap();
    world.answer(to, SYN | ACK);
    for _ in 0..10 {
        world.send(4000, ACK);
    }
    let to = world.send(4001, SYN).unwrap();
    world.answer(to, SYN | ACK);
    world.send(4001, ACK);
    set(&world, "drop_entry", 3);
    world.pass_time(59);
    assert_eq!(world.director.conn_count(), 2, "fresh ones are spared");
    world.pass_time(600);
    assert_eq!(world.conns().iter().map(|conn| conn.client.port).collect::<Vec<_>>(), [4000]);
    assert_eq!(world.counts().iter().map(|(active, inactive)| active + inactive).sum::<u32>(), 1);
}

#[test]
fn an_error_makes_a_connection_where_so_set() {
    for is_v6 in [false, true] {
        let mut world = World::new(Protocol::Tcp, is_v6);
        let quoted = make::tcp(world.request(4000).reversed(), ACK, &[]);
        let (kind, router) = if is_v6 { ((2, 0), "2001:db8:1::99") } else { ((3, 4), "192.168.1.99") };
        let error = make::icmp(router.parse().unwrap(), world.virt, kind, 1400, &quoted);
        assert_eq!(world.process(&error, Side::Client).0, Verdict::Pass);
        set(&world, "schedule_icmp", 1);
        let (verdict, bytes) = world.process(&error, Side::Client);
        assert_eq!(verdict, Verdict::Forward);
        assert_eq!(Headers::parse(&bytes).unwrap().dst, world.reals[1]);
        let conn = &world.conns()[0];
        assert_eq!((conn.client.port, conn.virt.port, conn.expires_in_ms), (4000, 80, 3000));
        assert_eq!(conn.state, "NONE");
    }
}

#[test]
fn marked_traffic_bypasses_caches_that_are_gone() {
    let mut world = World::new(Protocol::Tcp, false);
    let service = ServiceKey::Mark { mark: 7, family: crate::service::Family::V4 };
    world.apply(Command::AddService(ServiceSpec::new(service, "rr")));
    let packet = make::tcp(Ends::new(world.client, 4000, "198.51.100.1".parse().unwrap(), 80), SYN, &[]);
    assert_eq!(world.process(&packet, Side::Mark(7)).0, Verdict::Reply);
    set(&world, "cache_bypass", 1);
    assert_eq!(world.process(&packet, Side::Mark(7)).0, Verdict::Pass);
    let conn = &world.conns()[0];
    assert_eq!((conn.state.as_str(), conn.real.to_string()), ("SYN_RECV", "0.0.0.0:0".to_owned()));
    world.pass_time(61);
    assert_eq!(world.director.conn_count(), 0);
}
