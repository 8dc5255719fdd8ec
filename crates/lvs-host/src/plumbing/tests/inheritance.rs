//! A director that is killed at any step, and the one that comes after it: the host is then as that one would have made it alone,
//! nothing that both want is gone in between, and its end leaves the host as it was before the first.

use std::collections::HashSet;

use proptest::prelude::*;

use super::accidents::{Act, act, wanted};
use super::*;
use crate::journal::Journal;

/// Events between the two.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Meanwhile {
    Nothing,
    /// A device is made anew, as with another number of queues.
    Device,
    /// The second one is started with other ports that stand for clients.
    Options,
}

pub(super) fn engine_on<'a>(
    kernel: &'a MemoryKernel,
    options: &HostOptions,
    left: Option<Left>,
) -> impl Future<Output = Result<Engine<&'a MemoryKernel>, HostError>> {
    Engine::new(kernel, options.clone(), TunNames::default(), left, StopFlag::default())
}

async fn lead(engine: &mut Engine<&MemoryKernel>, act: &Act) {
    if let Some((captures, marks)) = wanted(act) {
        engine.reconcile(&captures, &marks, Time::ZERO).await.unwrap();
    }
}

/// State of a host, in an order of its own.
fn shown(kernel: &MemoryKernel) -> State {
    let mut state = kernel.state.borrow().clone();
    state.rules.sort_by_key(|rule| (rule.family, rule.pref, rule.to_string()));
    state.routes.sort_by_key(|route| (route.table, route.to_string()));
    state.addresses.sort_by_key(|address| (address.dev.clone(), address.net));
    state.proxies.sort_by_key(|proxy| (proxy.dev.clone(), proxy.addr));
    state
}

/// Kills the first director at a step and has the second one go on.
async fn play(
    first: &[Act],
    killed_at: usize,
    meanwhile: &Meanwhile,
    second: &Act,
) -> Result<(), TestCaseError> {
    let (untouched, kernel, alone) = (MemoryKernel::new(), MemoryKernel::new(), MemoryKernel::new());
    *kernel.accident.borrow_mut() = Some((killed_at, Accident::Kill));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut options = HostOptions { journal: Some(path.clone()), ..HostOptions::default() };
    let mut engine = engine_on(&kernel, &options, None).await.unwrap();
    kernel
        .until_hung(async {
            engine.start(Time::ZERO).await.unwrap();
            for act in first {
                lead(&mut engine, act).await;
            }
        })
        .await;
    drop(engine);
    *kernel.accident.borrow_mut() = None;
    if *meanwhile == Meanwhile::Device {
        kernel.do_one(&Change::DeleteLink("tunvs-vip".to_owned())).unwrap();
    }
    if *meanwhile == Meanwhile::Options {
        options.laddr_ports = 20_000..=29_999;
    }
    let there: HashSet<Rule> = kernel.state.borrow().rules.iter().cloned().collect();
    let left = Journal::left_behind(&path).unwrap();
    let mut engine = engine_on(&kernel, &options, left).await.unwrap();
    engine.start(Time::ZERO).await.unwrap();
    if *meanwhile != Meanwhile::Options {
        let now: HashSet<Rule> = kernel.state.borrow().rules.iter().cloned().collect();
        prop_assert_eq!(now, there, "before the services are known nothing is undone");
    }
    lead(&mut engine, second).await;
    let fresh = HostOptions { journal: None, ..options.clone() };
    let mut other = engine_on(&alone, &fresh, None).await.unwrap();
    other.start(Time::ZERO).await.unwrap();
    lead(&mut other, second).await;
    // A family that was in use once stays laid out until the end.
    if engine.layouts == other.layouts {
        let (mut is, wanted) = (shown(&kernel), shown(&alone));
        // A setting of a TUN stays as long as the TUN.
        is.sysctls.retain(|key, _| !key.contains("/tunvs-") || wanted.sysctls.contains_key(key));
        prop_assert_eq!(is, wanted);
    }
    prop_assert!(engine.undo().await.is_empty());
    prop_assert_eq!(lasting(&kernel), lasting(&untouched));
    prop_assert!(!path.exists());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_successor_goes_on_where_a_killed_director_was(
        first in prop::collection::vec(act(), 1..4),
        killed_at in 0..900usize,
        meanwhile in prop_oneof![
            4 => Just(Meanwhile::Nothing), 1 => Just(Meanwhile::Device), 1 => Just(Meanwhile::Options)
        ],
        second in act().prop_filter("services", |act| matches!(act, Act::Follow(..))),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(play(&first, killed_at, &meanwhile, &second))?;
    }
}

/// The steps of one director are found by the next, and left alone.
#[tokio::test]
async fn with_the_same_services_next_to_nothing_is_done() {
    let kernel = MemoryKernel::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let options = HostOptions { journal: Some(path.clone()), ..HostOptions::default() };
    let mut engine = engine_on(&kernel, &options, None).await.unwrap();
    engine.start(Time::ZERO).await.unwrap();
    let services = Act::Follow(20, 20, 20, 2);
    lead(&mut engine, &services).await;
    let (made, before) = (kernel.count.get(), shown(&kernel));
    drop(engine);
    let left = Journal::left_behind(&path).unwrap();
    let mut engine = engine_on(&kernel, &options, left).await.unwrap();
    engine.start(Time::ZERO).await.unwrap();
    lead(&mut engine, &services).await;
    assert_eq!(shown(&kernel), before);
    let (announced, devices, of_marks) = (40, 2, 6);
    assert!(kernel.count.get() - made <= announced + devices + of_marks, "{}", kernel.count.get() - made);
    assert_eq!(engine.conflicts.times(Time::ZERO), None, "nobody else did anything");
}
