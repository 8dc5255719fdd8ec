//! Settings that others change while the director runs, or come to rely on.

use super::super::super::forwarders::Forwarder;
use super::*;
use crate::settings;

const FORWARD: &str = "net/ipv4/ip_forward";
const ALL_FILTER: &str = "net/ipv4/conf/all/rp_filter";

fn usual() -> Captures {
    captures(&["192.168.1.183"], &["192.168.56.183"])
}

async fn troubles(engine: &mut Engine<MemoryKernel>) -> Vec<String> {
    match engine.reconcile(&usual(), &BTreeMap::new(), Time::ZERO).await {
        Ok(()) => Vec::new(),
        Err(HostError::Several(errors)) => errors.iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[tokio::test]
async fn what_the_plan_set_is_set_again() {
    let mut engine = engine(HostOptions::default()).await;
    follow(&mut engine, &usual()).await;
    let whole = lasting(&engine.kernel);
    for (key, value) in [(FORWARD, "0"), (ALL_FILTER, "1"), ("net/ipv4/conf/eth1/rp_filter", "1")] {
        engine.kernel.set(key, value);
        assert_eq!(troubles(&mut engine).await, Vec::<String>::new());
        assert_eq!(lasting(&engine.kernel), whole, "{key}");
    }
}

#[tokio::test]
async fn a_filter_for_all_that_comes_later_spares_the_tuns_and_comes_back_at_the_end() {
    let kernel = MemoryKernel::new();
    kernel.set(ALL_FILTER, "0");
    let mut engine =
        Engine::new(kernel, HostOptions::default(), TunNames::default(), None, StopFlag::default())
            .await
            .unwrap();
    engine.start(Time::ZERO).await.unwrap();
    follow(&mut engine, &captures(&["192.168.1.183"], &[])).await;
    let before = engine.kernel.value("net/ipv4/conf/eth1/rp_filter");
    engine.kernel.set(ALL_FILTER, "1");
    follow(&mut engine, &captures(&["192.168.1.183"], &[])).await;
    let value = |engine: &Engine<MemoryKernel>, dev: &str| {
        engine.kernel.value(&format!("net/ipv4/conf/{dev}/rp_filter"))
    };
    assert_eq!(value(&engine, "all").as_deref(), Some("0"));
    assert_eq!(value(&engine, "eth1").as_deref(), Some("1"), "what all of them were to have");
    assert_eq!(value(&engine, "eth2").as_deref(), Some("2"));
    assert!(engine.undo().await.is_empty());
    assert_eq!(value(&engine, "all").as_deref(), Some("1"), "it was not ours");
    assert_eq!(value(&engine, "eth1"), before);
}

#[tokio::test]
async fn a_filter_of_one_link_that_comes_later_is_loosened_and_comes_back_at_the_end() {
    let kernel = MemoryKernel::new();
    for dev in ["all", "eth1", "eth2"] {
        kernel.set(&settings::rp_filter(dev), "0");
    }
    let mut engine =
        Engine::new(kernel, HostOptions::default(), TunNames::default(), None, StopFlag::default())
            .await
            .unwrap();
    engine.start(Time::ZERO).await.unwrap();
    follow(&mut engine, &usual()).await;
    let filter = settings::rp_filter("eth2");
    assert_eq!(engine.kernel.value(&filter).as_deref(), Some("0"));
    for _ in 0..4 {
        engine.kernel.set(&filter, "1");
        assert_eq!(troubles(&mut engine).await, Vec::<String>::new());
        assert_eq!(engine.kernel.value(&filter).as_deref(), Some("2"));
    }
    assert_eq!(engine.conflicts.times(Time::ZERO), Some(4));
    *engine.kernel.refuses.borrow_mut() = Some("net.ipv4.conf.eth2.rp_filter=2");
    engine.kernel.set(&filter, "1");
    let said = "packets are not let through: net.ipv4.conf.eth2.rp_filter is 1; run `sysctl -w net.ipv4.conf.eth2.rp_filter=2`";
    assert!(troubles(&mut engine).await.iter().any(|trouble| trouble == said));
    *engine.kernel.refuses.borrow_mut() = None;
    assert_eq!(troubles(&mut engine).await, Vec::<String>::new());
    follow(&mut engine, &captures(&["192.168.1.183"], &[])).await;
    assert_eq!(engine.kernel.value(&filter).as_deref(), Some("1"), "nothing comes from a server");
    follow(&mut engine, &usual()).await;
    assert!(engine.undo().await.is_empty());
    assert_eq!(engine.kernel.value(&filter).as_deref(), Some("1"), "what somebody wanted since");
}

/// As NetworkManager leaves it, when it has let go of a link.
#[tokio::test]
async fn a_link_that_answers_for_others_stays_a_routers() {
    for was in ["0", "1"] {
        let kernel = MemoryKernel::new();
        let forwarding = "net/ipv6/conf/eth1/forwarding";
        kernel.set("net/ipv6/conf/all/forwarding", "1");
        kernel.set(forwarding, was);
        let mut engine =
            Engine::new(kernel, HostOptions::default(), TunNames::default(), None, StopFlag::default())
                .await
                .unwrap();
        engine.start(Time::ZERO).await.unwrap();
        let claims = captures(&["2001:db8:1::183"], &[]);
        for _ in 0..2 {
            follow(&mut engine, &claims).await;
            assert_eq!(engine.kernel.value(forwarding).as_deref(), Some("1"));
            engine.kernel.set(forwarding, "0");
        }
        follow(&mut engine, &claims).await;
        assert!(engine.undo().await.is_empty());
        assert_eq!(engine.kernel.value(forwarding).as_deref(), Some(was));
    }
}

#[tokio::test]
async fn what_the_plan_did_not_set_is_a_trouble_until_it_is_mended() {
    let kernel = MemoryKernel::new();
    kernel.set(FORWARD, "1");
    let mut engine =
        Engine::new(kernel, HostOptions::default(), TunNames::default(), None, StopFlag::default())
            .await
            .unwrap();
    engine.start(Time::ZERO).await.unwrap();
    assert_eq!(troubles(&mut engine).await, Vec::<String>::new());
    let off = |key: &str| format!("packets are not let through: {key} is 0; run `sysctl -w {key}=1`");
    engine.kernel.set(FORWARD, "0");
    assert_eq!(troubles(&mut engine).await, [off("net.ipv4.ip_forward")]);
    engine.kernel.set(FORWARD, "1");
    assert_eq!(troubles(&mut engine).await, Vec::<String>::new());
    engine.kernel.set("net/ipv4/conf/eth1/forwarding", "0");
    assert_eq!(troubles(&mut engine).await, [off("net.ipv4.conf.eth1.forwarding")]);
    engine.kernel.set("net/ipv4/conf/eth1/forwarding", "1");
    assert_eq!(troubles(&mut engine).await, Vec::<String>::new());
}

#[tokio::test]
async fn forwarding_goes_back_unless_a_new_link_may_rely_on_it() {
    let stop = async |prepare: fn(&MemoryKernel)| {
        let mut engine = engine(HostOptions::default()).await;
        follow(&mut engine, &captures(&["192.168.1.183", "2001:db8:1::183"], &[])).await;
        prepare(&engine.kernel);
        assert!(engine.undo().await.is_empty());
        let keys = [FORWARD, "net/ipv6/conf/all/forwarding", "net/ipv6/conf/eth1/accept_ra"];
        (keys.map(|key| engine.kernel.value(key).unwrap()).join(" "), engine.ledger.left_on().to_vec())
    };
    assert_eq!(stop(|_| {}).await, ("0 0 1".to_owned(), Vec::new()));
    let idle = |kernel: &MemoryKernel| kernel.new_links.borrow_mut().push("ethx");
    assert_eq!(stop(idle).await, ("0 0 1".to_owned(), Vec::new()), "nothing is behind it");
    let docker = |kernel: &MemoryKernel| {
        kernel.new_links.borrow_mut().push("docker0");
        let net = "172.17.0.1/16".parse().unwrap();
        kernel.state.borrow_mut().addresses.push(Address { net, dev: "docker0".to_owned() });
    };
    let said = "net.ipv4.ip_forward stays 1: docker0 came after the director and may rely on it";
    assert_eq!(stop(docker).await, ("1 0 1".to_owned(), vec![said.to_owned()]));
    let v6 = |kernel: &MemoryKernel| {
        kernel.new_links.borrow_mut().push("wg0");
        let net = "fd07::1/64".parse().unwrap();
        kernel.state.borrow_mut().addresses.push(Address { net, dev: "wg0".to_owned() });
    };
    let said = "net.ipv6.conf.all.forwarding stays 1: wg0 came after the director and may rely on it";
    assert_eq!(stop(v6).await, ("0 1 2".to_owned(), vec![said.to_owned()]));
}

#[tokio::test]
async fn forwarding_stays_on_for_rules_that_came_later() {
    let rule = |what: &str, links: &[&str]| Forwarder {
        what: what.to_owned(),
        links: links.iter().map(|&link| link.to_owned()).collect(),
    };
    let old = rule("a masquerade in ip nat POSTROUTING", &[]);
    let stop = async |later: &[Forwarder]| {
        let kernel = MemoryKernel::new();
        kernel.forwarders.borrow_mut().push(old.clone());
        let mut engine =
            Engine::new(kernel, HostOptions::default(), TunNames::default(), None, StopFlag::default())
                .await
                .unwrap();
        engine.start(Time::ZERO).await.unwrap();
        follow(&mut engine, &usual()).await;
        *engine.kernel.forwarders.borrow_mut() = later.to_vec();
        assert!(engine.undo().await.is_empty());
        (engine.kernel.value(FORWARD).unwrap(), engine.ledger.left_on().join("; "))
    };
    let off = ("0".to_owned(), String::new());
    let on = |what: &str| {
        (
            "1".to_owned(),
            format!("net.ipv4.ip_forward stays 1: {what} came after the director and may rely on it"),
        )
    };
    assert_eq!(stop(&[]).await, off);
    assert_eq!(stop(std::slice::from_ref(&old)).await, off, "it was there, or was loaded again");
    assert_eq!(stop(&[old.clone(), old.clone()]).await, on("a masquerade in ip nat POSTROUTING"));
    let forward = |links: &[&str]| rule("a rule for forwarding in ip filter FORWARD", links);
    assert_eq!(stop(&[forward(&["eth1", "tunvs-"])]).await, off, "as the doctor tells one to do");
    assert_eq!(stop(&[forward(&["tunvs-vip"])]).await, off);
    assert_eq!(stop(&[forward(&["docker0"])]).await, on("a rule for forwarding in ip filter FORWARD"));
}
