//! Tables copied while their director goes on: when the last round is taken in, the successor is as it.

use super::*;

use crate::director::Tables;
use crate::service::DeclaredService;

/// The tables as they are, with the oldest servers first.
fn tables(this: &Carried) -> Tables {
    let declared = services(&this.director, this.now).into_values().map(|entry| DeclaredService {
        spec: entry.spec,
        servers: entry.servers.into_iter().rev().map(|server| server.spec).collect(),
    });
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
