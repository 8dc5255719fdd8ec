//! Tables copied while their director goes on: when the last round is taken in, the successor is as it.

use super::*;

use crate::director::Tables;

/// The tables as they are, with the oldest servers first.
fn tables(this: &Carried) -> Tables {
    let declared = services(&this.director, this.now).into_values().map(ServiceEntry::into_declared);
    Tables { services: declared.collect(), ..Tables::default() }
}

fn rates(this: &Carried) -> String {
    let tables = this.director.services.read();
    let mut all: Vec<String> = tables
        .iter()
        .map(|service| {
            let servers: Vec<_> = service.servers().iter().map(|server| server.rate_numbers()).collect();
            format!("{} {:?} {servers:?}", service.spec().key, service.rate_numbers())
        })
        .collect();
    all.sort();
    format!("{all:?} {:?}", tables.rate_numbers())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn a_mirror_is_as_the_other_whatever_happens_meanwhile(
        before in steps(), rounds in proptest::collection::vec((steps(), any::<bool>()), 1..4), later in steps(),
    ) {
        let mut first = Carried::new(1);
        before.iter().for_each(|step| first.step(step));
        let mut second = Carried::new(99);
        let (director, successor) = (Arc::clone(&first.director), Arc::clone(&second.director));
        let mut copy = director.begin_copy();
        let mut taking = successor.begin_take_over();
        let mut part = Vec::new();
        taking.declare(&tables(&first)).unwrap();
        for (steps, is_amid) in &rounds {
            let mut steps = steps.iter();
            while copy.put_part(&mut part, first.now) {
                taking.take(&part, first.now).unwrap();
                if *is_amid {
                    steps.next().into_iter().for_each(|step| first.step(step));
                }
            }
            steps.for_each(|step| first.step(step));
            copy.begin_round();
        }
        first.pass(0);
        taking.declare(&tables(&first)).unwrap();
        copy.begin_last_round();
        while copy.put_part(&mut part, first.now) {
            taking.take(&part, first.now).unwrap();
        }
        prop_assert_eq!((copy.touched(), copy.left_out()), (0, 0));
        second.now = first.now;
        copy.put_rest(&mut part, first.now);
        taking.take(&part, first.now).unwrap();
        let summary = taking.finish();
        drop(copy);
        prop_assert_eq!(summary.skipped, Skipped::default());
        prop_assert_eq!((summary.is_whole, summary.damage, summary.orphans), (true, None, 0));
        second.director.outer_ids.store(first.director.outer_ids.load(Relaxed), Relaxed);
        second.director.draws.store(first.director.draws.load(Relaxed), Relaxed);
        prop_assert_eq!(summary.connections + summary.templates, first.director.conn_count() as u64);
        assert_alike(&first, &second);
        prop_assert_eq!(rates(&first), rates(&second));
        go_on_alike(&mut first, &mut second, &later);
    }
}

/// A director that has taken over from this one, which rests.
fn mirror(first: &Carried) -> Carried {
    let mut second = Carried::new(99);
    second.now = first.now;
    let (director, successor) = (Arc::clone(&first.director), Arc::clone(&second.director));
    let (mut copy, mut taking, mut part) = (director.begin_copy(), successor.begin_take_over(), Vec::new());
    taking.declare(&tables(first)).unwrap();
    copy.begin_last_round();
    while copy.put_part(&mut part, first.now) {
        taking.take(&part, first.now).unwrap();
    }
    copy.put_rest(&mut part, first.now);
    taking.take(&part, first.now).unwrap();
    let summary = taking.finish();
    assert_eq!((summary.skipped, summary.is_whole, summary.damage), (Skipped::default(), true, None));
    second
}

#[test]
fn a_packet_that_came_in_part_is_whole_with_the_rest_that_comes_later() {
    let service = ServiceKey::Address { protocol: Protocol::Udp, addr: [192, 168, 1, 183].into(), port: 53 };
    let packet = client_packet(&service, (1, 4000), (0, &[7; 4000]));
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut first = Carried::new(1);
        let pieces = lvs_wire::cut(&packet, 1500, 77);
        let [a, b, c] = order.map(|at| &pieces[at]);
        assert_eq!(first.process(a, Side::Client).0, Verdict::Hold);
        assert_eq!(first.process(b, Side::Client).0, Verdict::Hold);
        let mut second = mirror(&first);
        let (verdict, out) = second.process(c, Side::Client);
        assert_eq!((verdict, out.len()), (Verdict::Forward, 3), "{order:?}");
        // Another 30 seconds later nothing waits any more, there or here.
        first.pass(31_000);
        assert_eq!(first.process(c, Side::Client).0, Verdict::Hold);
        let mut late = mirror(&first);
        assert_eq!(late.process(a, Side::Client).0, Verdict::Hold);
    }
}

#[test]
fn lblc_and_lblcr_remember_the_server_of_an_address() {
    for scheduler in ["lblc", "lblcr"] {
        let mut first = Carried::new(1);
        let key =
            |port| ServiceKey::Address { protocol: Protocol::Tcp, addr: [192, 168, 1, 183].into(), port };
        first.apply(Command::AddService(ServiceSpec::new(key(90), scheduler)));
        for server in servers(&key(90), Forwarding::Masq) {
            let server = ServerSpec { weight: 10, ..server };
            first.apply(Command::AddServer { service: key(90), server });
        }
        let chosen = |this: &mut Carried, port: u16| {
            let (verdict, out) = this.process(&client_packet(&key(90), (1, port), (SYN, b"")), Side::Client);
            assert_eq!(verdict, Verdict::Forward);
            Headers::parse(&out[0]).unwrap().dst
        };
        // The other one has less to do from then on.
        let remembered = chosen(&mut first, 5001);
        let mut second = mirror(&first);
        assert_eq!(chosen(&mut second, 5002), remembered, "{scheduler}");
        assert_eq!(chosen(&mut first, 5002), remembered, "{scheduler}");
        // Without it another server is chosen: that is what it is for.
        let mut stored = Vec::new();
        first.director.store_counters(&mut stored, first.now);
        for (has_memory, is_same) in [(true, true), (false, false)] {
            let mut third = Carried::new(5);
            third.now = first.now;
            for command in &first.commands[third.commands.len()..] {
                third.director.apply(command, third.now).unwrap();
            }
            let import = third.director.import(&first.director.export_all(first.now), first.now).unwrap();
            assert_eq!(import.connections, 2);
            if has_memory {
                third.director.restore_counters(&stored, first.now).unwrap();
            }
            assert_eq!(chosen(&mut third, 5003) == remembered, is_same, "{scheduler}");
        }
    }
}
