//! Whatever happens amid a change, its undoing leaves the host as it was: a stop, a step that fails, a task that is
//! given up, a kill, each at any step, while links come and go.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::journal::Journal;

/// Work before the engine ends.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// So many IPv4 addresses, IPv6 addresses, real servers and marks.
    Follow(u8, u8, u8, u8),
    Down(&'static str),
    Up(&'static str),
}

pub(super) fn act() -> impl Strategy<Value = Act> {
    let dev = prop_oneof![Just("eth1"), Just("eth2")];
    prop_oneof![
        6 => (0..20u8, 0..150u8, 0..80u8, 0..3u8).prop_map(|(v4, v6, reals, marks)| Act::Follow(v4, v6, reals, marks)),
        1 => dev.clone().prop_map(Act::Down),
        1 => dev.prop_map(Act::Up),
    ]
}

fn accident() -> impl Strategy<Value = Option<(usize, Accident)>> {
    let kind = prop_oneof![
        Just(Accident::Stop),
        Just(Accident::Failure),
        Just(Accident::GivenUp),
        Just(Accident::Kill)
    ];
    prop::option::weighted(0.95, (0..900usize, kind))
}

impl MemoryKernel {
    /// A link goes as the kernel takes it down: what was on it of IPv6 goes along.
    pub(super) fn set_link(&self, act: &Act) {
        match act {
            Act::Down(name) => {
                self.down.borrow_mut().insert(name);
                let state = &mut *self.state.borrow_mut();
                state.proxies.retain(|proxy| proxy.dev != *name);
                state.addresses.retain(|address| address.dev != *name || address.net.addr().is_ipv4());
            }
            Act::Up(name) => {
                self.down.borrow_mut().remove(name);
            }
            Act::Follow(..) => {}
        }
    }

    /// Drives work on this kernel; None when it was given up in the midst.
    pub(super) async fn until_hung<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.hung.notified() => None,
        }
    }
}

pub(super) fn wanted(act: &Act) -> Option<(Captures, BTreeMap<u32, String>)> {
    let Act::Follow(v4, v6, reals, marks) = *act else { return None };
    let parse = |text: String| text.parse::<IpAddr>().unwrap();
    let v4 = (0..v4).map(|last| parse(format!("192.168.1.{}", 20 + last)));
    let v6 = (0..v6).map(|last| parse(format!("2001:db8:1::{last:x}:1")));
    let reals = (0..reals).map(|last| parse(format!("192.168.{}.{last}", 56 + last % 3)));
    let marks: BTreeSet<u32> = (1..=marks.into()).collect();
    let reals: BTreeSet<IpAddr> = reals.collect();
    let captures = Captures {
        virtuals: v4.chain(v6).collect(),
        answers: reals.iter().map(|real| (6, *real)).collect(),
        reals,
        marks: marks.iter().flat_map(|mark| [(*mark, Family::V4), (*mark, Family::V6)]).collect(),
        ..Captures::default()
    };
    Some((captures, marks.iter().map(|mark| (*mark, format!("tunvs-m{mark}"))).collect()))
}

/// Lets it all happen; the host before and after.
async fn play(acts: &[Act], accident: Option<(usize, Accident)>) -> (State, State, bool) {
    let (untouched, kernel) = (MemoryKernel::new(), MemoryKernel::new());
    *kernel.accident.borrow_mut() = accident;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let options = HostOptions { journal: Some(path.clone()), ..HostOptions::default() };
    let mut engine =
        Engine::new(&kernel, options, TunNames::default(), None, kernel.stop.clone()).await.unwrap();
    let mut is_hung = kernel.until_hung(engine.start(Time::ZERO)).await.is_none();
    for act in acts {
        if is_hung || kernel.stop.is_raised() {
            break;
        }
        untouched.set_link(act);
        kernel.set_link(act);
        if let Some((captures, marks)) = wanted(act) {
            is_hung = kernel.until_hung(engine.reconcile(&captures, &marks, Time::ZERO)).await.is_none();
        }
    }
    let mut is_undone = false;
    if !(is_hung && kernel.was_killed()) {
        is_undone = match kernel.until_hung(engine.undo()).await {
            Some(errors) => errors.is_empty(),
            None => !kernel.was_killed() && engine.undo().await.is_empty(),
        };
    }
    drop(engine);
    assert_eq!(is_undone, !path.exists(), "the journal stays for as long as something is to be undone");
    if let Some(left) = Journal::left_behind(&path).unwrap() {
        assert!(Ledger::left_behind(left, StopFlag::default()).end(&&kernel).await.is_empty());
    }
    (lasting(&untouched), lasting(&kernel), path.exists())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_amid_a_change_the_host_is_left_as_it_was(
        acts in prop::collection::vec(act(), 1..6),
        accident in accident(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (before, after, journal) = runtime.block_on(play(&acts, accident));
        prop_assert_eq!(before, after);
        prop_assert!(!journal);
    }
}

/// A TUN that could not be set up is no link of somebody else, for whom forwarding would stay on.
#[test]
fn a_device_that_failed_is_still_known_as_the_directors() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let acts = [Act::Follow(0, 1, 0, 0)];
    let (before, after, _) = runtime.block_on(play(&acts, Some((0, Accident::Failure))));
    assert_eq!(before, after);
}

/// The step of a stop is the last one but for those that were on their way.
#[tokio::test]
async fn a_stop_does_not_wait_for_thousands_of_steps() {
    let kernel = MemoryKernel::new();
    *kernel.accident.borrow_mut() = Some((100, Accident::Stop));
    let mut engine =
        Engine::new(&kernel, HostOptions::default(), TunNames::default(), None, kernel.stop.clone())
            .await
            .unwrap();
    engine.start(Time::ZERO).await.unwrap();
    let virtuals = (0..3000u32).map(|at| IpAddr::from([10, 9, (at / 250) as u8, (at % 250) as u8]));
    let captures = Captures { virtuals: virtuals.collect(), ..Captures::default() };
    let stopped = engine.reconcile(&captures, &BTreeMap::new(), Time::ZERO).await;
    assert!(matches!(stopped, Err(HostError::Stopping)), "{stopped:?}");
    let made = kernel.count.get();
    assert!(made < 500, "{made} steps were made");
    assert!(engine.undo().await.is_empty());
    assert_eq!(lasting(&kernel), lasting(&MemoryKernel::new()));
}

/// An undoing that the kernel says is done and is not: said, and the journal stays for the next attempt.
#[tokio::test]
async fn an_undoing_is_believed_when_it_is_seen() {
    let kernel = MemoryKernel::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let options = HostOptions { journal: Some(path.clone()), ..HostOptions::default() };
    let mut engine =
        Engine::new(&kernel, options, TunNames::default(), None, StopFlag::default()).await.unwrap();
    engine.start(Time::ZERO).await.unwrap();
    let (captures, marks) = wanted(&Act::Follow(1, 2, 2, 0)).unwrap();
    engine.reconcile(&captures, &marks, Time::ZERO).await.unwrap();
    *kernel.ignores.borrow_mut() = Some("ip -6 neigh del proxy");
    let errors: Vec<String> = engine.undo().await.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 2);
    assert!(errors[0].contains("run `ip -6 neigh del proxy 2001:db8:1::"), "{errors:?}");
    drop(engine);
    *kernel.ignores.borrow_mut() = None;
    let left = Journal::left_behind(&path).unwrap().unwrap();
    assert!(Ledger::left_behind(left, StopFlag::default()).end(&&kernel).await.is_empty());
    assert_eq!(lasting(&kernel), lasting(&MemoryKernel::new()));
    assert!(!path.exists());
}
