//! Links that are given another name.

use super::inheritance::engine_on;
use super::*;
use crate::journal::Journal;

/// Gives a link another name: what it has goes with it.
fn rename(kernel: &MemoryKernel, old: &'static str, new: &'static str) {
    *kernel.renamed.borrow_mut() = Some([old, new]);
    let state = &mut *kernel.state.borrow_mut();
    let addresses = state.addresses.iter_mut().map(|address| &mut address.dev);
    let proxies = state.proxies.iter_mut().map(|proxy| &mut proxy.dev);
    let filters = state.filters.iter_mut().map(|filter| &mut filter.dev);
    let devices = addresses.chain(proxies).chain(filters).chain(&mut state.clsact);
    devices.filter(|dev| *dev == old).for_each(|dev| new.clone_into(dev));
    let sysctls = std::mem::take(&mut state.sysctls).into_iter();
    state.sysctls =
        sysctls.map(|(key, value)| (key.replace(&format!("/{old}/"), &format!("/{new}/")), value)).collect();
}

#[tokio::test]
async fn what_a_renamed_link_was_given_is_taken_back_from_it() {
    let before = MemoryKernel::new();
    rename(&before, "eth1", "eth9");
    let options = HostOptions { ingress_programs: Some(programs(7, 8)), ..HostOptions::default() };
    let mut engine = engine(options).await;
    let captures = captures(&["192.168.1.183", "2001:db8:1::183"], &["192.168.56.183"]);
    follow(&mut engine, &captures).await;
    rename(&engine.kernel, "eth1", "eth9");
    let there = engine.kernel.state.borrow().clone();
    follow(&mut engine, &captures).await;
    let now = engine.kernel.state.borrow().clone();
    assert_eq!((now.proxies, now.filters, now.clsact), (there.proxies, there.filters, there.clsact));
    assert_eq!(now.sysctls, there.sysctls);
    assert_eq!(engine.undo().await.len(), 0);
    assert_eq!(lasting(&engine.kernel), lasting(&before));
}

/// A director is killed, then a link gets another name; cleaned up, and gone on with.
#[tokio::test]
async fn what_links_were_given_is_taken_back_from_them_whatever_their_names_since_a_kill() {
    for is_continued in [false, true] {
        let before = MemoryKernel::new();
        rename(&before, "eth1", "eth9");
        let kernel = MemoryKernel::new();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let ingress_programs = Some(programs(7, 8));
        let options = HostOptions { journal: Some(path.clone()), ingress_programs, ..HostOptions::default() };
        let captures = captures(&["192.168.1.183", "2001:db8:1::183"], &["192.168.56.183"]);
        let mut engine = engine_on(&kernel, &options, None).await.unwrap();
        engine.start(Time::ZERO).await.unwrap();
        engine.reconcile(&captures, &BTreeMap::new(), Time::ZERO).await.unwrap();
        drop(engine);
        rename(&kernel, "eth1", "eth9");
        let left = Journal::left_behind(&path).unwrap();
        if is_continued {
            let made = kernel.state.borrow().clone();
            let mut engine = engine_on(&kernel, &options, left).await.unwrap();
            engine.start(Time::ZERO).await.unwrap();
            engine.reconcile(&captures, &BTreeMap::new(), Time::ZERO).await.unwrap();
            assert_eq!(*kernel.state.borrow(), made);
            assert!(engine.undo().await.is_empty());
        } else {
            let mut ledger = Ledger::left_behind(left.unwrap(), StopFlag::default());
            ledger.follow_names(&kernel.view().await.unwrap()).unwrap();
            assert!(ledger.end(&&kernel).await.is_empty());
        }
        assert_eq!(lasting(&kernel), lasting(&before));
        assert!(!path.exists());
    }
}
