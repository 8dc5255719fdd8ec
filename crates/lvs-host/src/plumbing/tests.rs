//! The engine against a kernel in memory: whatever it does to a host, it takes back.

mod accidents;
mod inheritance;
mod renamed;
mod settings;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::super::change::{
    Action, Address, Filter, KERNEL_PROTOCOL, Proxy, Route, RouteKind, Rule, TABLE_LOCAL, TABLE_MAIN,
    Untracked,
};
use super::super::forwarders::Forwarder;
use super::super::options::IngressPrograms;
use super::super::view::{Interface, LinkState};
use super::*;
use lvs_sys::bpf_program::LoadedProgram;
use lvs_wire::Framing;

/// Parts of a host that this edge can change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    rules: Vec<Rule>,
    routes: Vec<Route>,
    addresses: Vec<Address>,
    proxies: Vec<Proxy>,
    sysctls: BTreeMap<String, String>,
    untracked: Vec<Untracked>,
    clsact: Vec<String>,
    filters: Vec<Filter>,
}

/// An accident at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accident {
    /// The director is told to stop.
    Stop,
    /// The kernel refuses the step.
    Failure,
    /// The task ends in the midst of the step.
    GivenUp,
    /// The process does.
    Kill,
}

/// A kernel in memory; it refuses whatever prints as something that contains `refuses`.
#[derive(Debug, Default)]
struct MemoryKernel {
    state: RefCell<State>,
    announced: RefCell<Vec<IpAddr>>,
    refuses: RefCell<Option<&'static str>>,
    /// Says that it is done, and does nothing.
    ignores: RefCell<Option<&'static str>>,
    down: RefCell<BTreeSet<&'static str>>,
    /// Devices that were taken away.
    gone: RefCell<BTreeSet<String>>,
    /// A link that has another name now: the old one and the new.
    renamed: RefCell<Option<[&'static str; 2]>>,
    /// Links that came later.
    new_links: RefCell<Vec<&'static str>>,
    /// Rules of the firewall for forwarding.
    forwarders: RefCell<Vec<Forwarder>>,
    /// Steps so far.
    count: Cell<usize>,
    /// At which step; the kind stays to be looked at.
    accident: RefCell<Option<(usize, Accident)>>,
    stop: StopFlag,
    hung: tokio::sync::Notify,
}

fn lookup(family: Family, pref: u32, table: u32) -> Rule {
    Rule { protocol: KERNEL_PROTOCOL, ..Rule::new(family, pref, Action::Lookup(table)) }
}

impl MemoryKernel {
    fn new() -> Self {
        let mut state = State::default();
        for family in [Family::V4, Family::V6] {
            state.rules.extend([lookup(family, 0, TABLE_LOCAL), lookup(family, 32766, TABLE_MAIN)]);
        }
        for (dev, net) in
            [("eth1", "192.168.1.181/24"), ("eth1", "2001:db8:1::181/64"), ("eth2", "192.168.56.181/24")]
        {
            state.addresses.push(Address { net: net.parse().unwrap(), dev: dev.to_owned() });
        }
        let keys = [
            ("net/ipv4/ip_forward", "0"),
            ("net/ipv4/ip_early_demux", "1"),
            ("net/ipv4/ip_local_port_range", "32768\t60999"),
            ("net/ipv4/ip_local_reserved_ports", ""),
            ("net/ipv4/conf/all/rp_filter", "1"),
            ("net/ipv4/conf/eth1/rp_filter", "0"),
            ("net/ipv4/conf/eth2/rp_filter", "2"),
            ("net/ipv4/conf/eth1/forwarding", "0"),
            ("net/ipv6/conf/all/forwarding", "0"),
            ("net/ipv6/conf/eth1/forwarding", "0"),
            ("net/ipv6/conf/eth1/accept_ra", "1"),
            ("net/ipv6/conf/eth1/proxy_ndp", "0"),
        ];
        state.sysctls = keys.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        Self { state: RefCell::new(state), ..Self::default() }
    }

    fn set(&self, key: &str, value: &str) {
        set(&mut self.state.borrow_mut().sysctls, key, value);
    }

    fn value(&self, key: &str) -> Option<String> {
        self.state.borrow().sysctls.get(key).cloned()
    }

    /// Takes the accident of the next step.
    fn turn(&self) -> Option<Accident> {
        let step = self.count.get();
        self.count.set(step + 1);
        self.accident.borrow().filter(|(at, _)| *at == step).map(|(_, accident)| accident)
    }

    fn was_killed(&self) -> bool {
        matches!(*self.accident.borrow(), Some((at, Accident::Kill)) if at < self.count.get())
    }

    fn do_one(&self, change: &Change) -> Result<(), HostError> {
        let step = change.to_string();
        if self.refuses.borrow().is_some_and(|part| step.contains(part)) {
            return Err(HostError::NotPermitted { step });
        }
        if self.ignores.borrow().is_some_and(|part| step.contains(part)) {
            return Ok(());
        }
        let state = &mut *self.state.borrow_mut();
        let outcome = match change {
            Change::AddRule(rule) => put(&mut state.rules, rule),
            Change::DeleteRule(rule) => take(&mut state.rules, rule),
            Change::MoveRule { rule, to } => {
                let moved = Rule { pref: *to, ..rule.clone() };
                take(&mut state.rules, rule).and_then(|()| put(&mut state.rules, &moved))
            }
            Change::AddRoute(route) => put(&mut state.routes, route),
            Change::DeleteRoute(route) => take(&mut state.routes, route),
            Change::AddAddress(address) => put(&mut state.addresses, address),
            Change::DeleteAddress(address) => take(&mut state.addresses, address),
            Change::AddProxy(proxy) => put(&mut state.proxies, proxy),
            Change::DeleteProxy(proxy) => take(&mut state.proxies, proxy),
            Change::Announce(proxy) => {
                self.announced.borrow_mut().push(proxy.addr);
                Ok(())
            }
            Change::Link(link) => {
                self.gone.borrow_mut().remove(&link.dev);
                Ok(())
            }
            Change::DeleteLink(dev) => {
                self.gone.borrow_mut().insert(dev.clone());
                state.addresses.retain(|address| address.dev != *dev);
                state.routes.retain(|route| device(route) != Some(dev));
                state.sysctls.retain(|key, _| !key.contains(&format!("/{dev}/")));
                Ok(())
            }
            Change::AddClsact(dev) => put(&mut state.clsact, dev),
            Change::DeleteClsact(dev) => {
                state.filters.retain(|filter| filter.dev != *dev);
                take(&mut state.clsact, dev)
            }
            Change::AddFilter(filter) if !state.clsact.contains(&filter.dev) => Err(libc::ENOENT),
            Change::AddFilter(filter) => put(&mut state.filters, filter),
            Change::DeleteFilter(filter) => take(&mut state.filters, filter),
            Change::Untrack(service) => put(&mut state.untracked, service),
            Change::Track(service) => take(&mut state.untracked, service),
            Change::Sysctl(setting) => {
                let present = state.sysctls.get(&setting.key);
                if setting.only_if.is_none() || setting.only_if.as_ref() == present {
                    set(&mut state.sysctls, &setting.key, &setting.value);
                }
                Ok(())
            }
        };
        outcome.map_err(|errno| HostError::Step { step, source: std::io::Error::from_raw_os_error(errno) })
    }
}

/// The device that a route leads to.
fn device(route: &Route) -> Option<&String> {
    match &route.kind {
        RouteKind::Via(dev) | RouteKind::Local(dev) => Some(dev),
        RouteKind::Throw => None,
    }
}

/// Sets a value; forwarding as a whole makes each link forward, or none.
fn set(sysctls: &mut BTreeMap<String, String>, key: &str, value: &str) {
    let old = sysctls.insert(key.to_owned(), value.to_owned());
    let links = match key {
        "net/ipv4/ip_forward" => "net/ipv4/conf/",
        "net/ipv6/conf/all/forwarding" => "net/ipv6/conf/",
        _ => return,
    };
    if old.is_some_and(|old| old != value) {
        let of_links =
            sysctls.iter_mut().filter(|(key, _)| key.starts_with(links) && key.ends_with("/forwarding"));
        of_links.for_each(|(_, is)| value.clone_into(is));
    }
}

fn put<T: Clone + PartialEq>(all: &mut Vec<T>, one: &T) -> Result<(), i32> {
    if all.contains(one) {
        return Err(libc::EEXIST);
    }
    all.push(one.clone());
    Ok(())
}

fn take<T: PartialEq>(all: &mut Vec<T>, one: &T) -> Result<(), i32> {
    let at = all.iter().position(|other| other == one).ok_or(libc::ENOENT)?;
    all.remove(at);
    Ok(())
}

impl Kernel for MemoryKernel {
    async fn view(&self) -> Result<View, HostError> {
        let state = self.state.borrow();
        let link = |(index, name): (u32, &str)| LinkState {
            index,
            name: name.to_owned(),
            up: !self.down.borrow().contains(name),
            loopback: name == "lo",
            ether: name.starts_with("eth").then_some([2, 0, 0, 0, 0, 1]),
            mtu: 1500,
            longest: 65_536,
            framing: name.starts_with("eth").then_some(Framing::Ethernet),
            has_controller: false,
        };
        let mut rules = state.rules.clone();
        rules.sort_by_key(|rule| rule.pref);
        Ok(View {
            links: [(1, "lo"), (2, "eth1"), (3, "eth2"), (4, "tunvs-vip"), (5, "tunvs-rs")]
                .into_iter()
                .chain((6..).zip(self.new_links.borrow().iter().copied()))
                .filter(|(_, name)| !self.gone.borrow().contains(*name))
                .map(|(index, name)| {
                    let renamed = self.renamed.borrow().filter(|[old, _]| *old == name);
                    (index, renamed.map_or(name, |[_, new]| new))
                })
                .map(link)
                .collect(),
            addresses: state
                .addresses
                .iter()
                .map(|address| Interface { dev: address.dev.clone(), net: address.net })
                .collect(),
            rules,
            proxies: state.proxies.clone(),
            routes: vec![lvs::route::Route {
                net: "0.0.0.0/0".parse().unwrap(),
                mtu: 1500,
                source: "192.168.1.181".parse().ok(),
                interface: 2,
                gateway: "192.168.1.1".parse().ok(),
                is_local: false,
            }],
            ours: state.routes.clone(),
            clsact: state.clsact.iter().cloned().collect(),
            filters: state.filters.clone(),
            tables: state.routes.iter().map(|route| route.table).collect(),
        })
    }

    async fn carry_out(&self, changes: &[Change]) -> Vec<Result<(), HostError>> {
        let mut results = Vec::new();
        for change in changes {
            match self.turn() {
                Some(Accident::GivenUp | Accident::Kill) => {
                    self.hung.notify_one();
                    std::future::pending().await
                }
                Some(Accident::Failure) => {
                    results.push(Err(HostError::NotPermitted { step: change.to_string() }));
                    continue;
                }
                Some(Accident::Stop) => self.stop.raise(),
                None => {}
            }
            results.push(self.do_one(change));
        }
        results
    }

    fn sysctl(&self, key: &str) -> Option<String> {
        self.value(key)
    }

    fn forwarders(&self, family: Family) -> Vec<Forwarder> {
        if family == Family::V4 { self.forwarders.borrow().clone() } else { Vec::new() }
    }

    fn workable(&self, _family: Family) -> Result<(), HostError> {
        Ok(())
    }
}

/// One that outlives its engine.
impl Kernel for &MemoryKernel {
    async fn view(&self) -> Result<View, HostError> {
        (*self).view().await
    }

    async fn carry_out(&self, changes: &[Change]) -> Vec<Result<(), HostError>> {
        (*self).carry_out(changes).await
    }

    fn sysctl(&self, key: &str) -> Option<String> {
        self.value(key)
    }

    fn forwarders(&self, family: Family) -> Vec<Forwarder> {
        (*self).forwarders(family)
    }

    fn workable(&self, _family: Family) -> Result<(), HostError> {
        Ok(())
    }
}

async fn engine(options: HostOptions) -> Engine<MemoryKernel> {
    let mut engine =
        Engine::new(MemoryKernel::new(), options, TunNames::default(), None, StopFlag::default())
            .await
            .unwrap();
    engine.start(Time::ZERO).await.unwrap();
    engine
}

fn captures(virtuals: &[&str], reals: &[&str]) -> Captures {
    let addrs =
        |list: &[&str]| -> BTreeSet<IpAddr> { list.iter().map(|addr| addr.parse().unwrap()).collect() };
    let answers = addrs(reals).into_iter().map(|addr| (6, addr)).collect();
    Captures { virtuals: addrs(virtuals), reals: addrs(reals), answers, ..Captures::default() }
}

/// Everything but what goes with the TUN devices, in an order of its own.
fn lasting(kernel: &MemoryKernel) -> State {
    let mut state = kernel.state.borrow().clone();
    state.rules.sort_by_key(|rule| (rule.family, rule.pref));
    state.sysctls.retain(|key, _| !key.contains("/tunvs-"));
    state.addresses.retain(|address| !address.dev.starts_with("tunvs-"));
    state.routes.retain(|route| device(route).is_none_or(|dev| !dev.starts_with("tunvs-")));
    state
}

async fn follow(engine: &mut Engine<MemoryKernel>, captures: &Captures) {
    engine.reconcile(captures, &BTreeMap::new(), Time::ZERO).await.unwrap();
}

#[tokio::test]
async fn nothing_but_the_devices_is_touched_before_there_is_a_service() {
    let before = lasting(&MemoryKernel::new());
    let engine = engine(HostOptions::default()).await;
    assert_eq!(lasting(&engine.kernel), before);
}

#[tokio::test]
async fn everything_comes_back_in_reverse() {
    let before = lasting(&MemoryKernel::new());
    let options = HostOptions {
        vip_nets: vec!["10.99.0.0/24".parse().unwrap()],
        rs_nets: vec!["192.168.56.0/24".parse().unwrap()],
        laddr_nets: ["192.168.1.240/28", "2001:db8:1::f:0/112"].map(|net| net.parse().unwrap()).into(),
        laddr_ports: 40_000..=41_000,
        ..HostOptions::default()
    };
    let mut engine = engine(options).await;
    let both = captures(&["192.168.1.183", "2001:db8:1::183"], &["192.168.57.1", "2001:db8:56::1"]);
    follow(&mut engine, &both).await;
    assert_eq!(engine.kernel.value("net/ipv4/ip_forward").as_deref(), Some("1"));
    let reserved = engine.kernel.value("net/ipv4/ip_local_reserved_ports");
    assert_eq!(reserved.as_deref(), Some("40000-41000"));
    assert!(engine.undo().await.is_empty());
    assert_eq!(lasting(&engine.kernel), before);
}

#[tokio::test]
async fn answers_to_masqueraded_hosts_come_to_the_hosts_own_addresses() {
    let before = lasting(&MemoryKernel::new());
    let masquerade_nets = vec!["192.168.56.0/24".parse().unwrap()];
    let mut engine = engine(HostOptions { masquerade_nets, ..HostOptions::default() }).await;
    let listed = |pref: u32| {
        let state = engine.kernel.state.borrow();
        let of_pref = state.rules.iter().filter(|rule| rule.family == Family::V4 && rule.pref == pref);
        of_pref.map(ToString::to_string).collect::<Vec<String>>()
    };
    assert_eq!(
        listed(5),
        [
            "pref 5 from all nop protocol 151",
            "pref 5 from all to 192.168.56.0/24 ipproto udp lookup 7601 protocol 151",
            "pref 5 from 192.168.56.0/24 lookup 7601 protocol 151",
        ]
    );
    let answers = listed(2);
    assert_eq!(answers.len(), 7 + 3);
    assert_eq!(answers[7], "pref 2 from all to 192.168.1.181/32 ipproto tcp lookup 7601 protocol 151");
    assert_eq!(listed(4)[0], "pref 4 from all lookup local protocol 151");
    assert!(engine.undo().await.is_empty());
    assert_eq!(lasting(&engine.kernel), before);
}

#[tokio::test]
async fn errors_that_the_host_makes_come_in_by_their_types() {
    let mut engine = engine(HostOptions::default()).await;
    for (virt, expected) in [
        (
            "192.168.1.183",
            &[
                "pref 0 from all iif lo ipproto icmp dport 768-1023 lookup 7601 protocol 151",
                "pref 0 from all iif lo ipproto icmp dport 2816-3327 lookup 7601 protocol 151",
            ][..],
        ),
        (
            "2001:db8:1::183",
            &["pref 0 from all iif lo ipproto ipv6-icmp dport 256-1279 lookup 7601 protocol 151"],
        ),
    ] {
        follow(&mut engine, &captures(&[virt], &[])).await;
        let state = engine.kernel.state.borrow();
        let of_lo = state.rules.iter().filter(|rule| rule.pref == 0 && rule.iif.as_deref() == Some("lo"));
        assert_eq!(of_lo.map(ToString::to_string).collect::<Vec<String>>(), expected);
    }
}

#[tokio::test]
async fn ipsec_is_led_in_where_its_keys_are_exchanged() {
    let before = lasting(&MemoryKernel::new());
    let mut engine = engine(HostOptions::default()).await;
    let ruled = |engine: &Engine<MemoryKernel>| -> Vec<(u32, Option<u8>, bool)> {
        let state = engine.kernel.state.borrow();
        let of_ipsec = state.rules.iter().filter(|rule| matches!(rule.ipproto, Some(50 | 51)));
        of_ipsec.map(|rule| (rule.pref, rule.ipproto, rule.from.is_some())).collect()
    };
    let mut services = captures(&["192.168.1.183", "2001:db8:1::183"], &["192.168.56.183"]);
    follow(&mut engine, &services).await;
    assert_eq!(ruled(&engine), []);
    services.key_exchanges = [Family::V4].into();
    services.answers.extend([50, 51].map(|number| (number, "192.168.56.183".parse().unwrap())));
    follow(&mut engine, &services).await;
    let mut rules = ruled(&engine);
    rules.sort_unstable();
    let expected = [(1, Some(50), false), (1, Some(51), false), (2, Some(50), true), (2, Some(51), true)];
    assert_eq!(rules, expected);
    assert!(engine.undo().await.is_empty());
    assert_eq!(lasting(&engine.kernel), before);
}

#[tokio::test]
async fn a_virtual_address_is_claimed_only_while_it_is_nobodys() {
    let mut engine = engine(HostOptions::default()).await;
    let service = captures(&["192.168.1.183"], &[]);
    let dst = "192.168.1.183/32".parse().unwrap();
    let claimed = Route::new(TABLE_LOCAL, dst, RouteKind::Local("tunvs-vip".to_owned()));
    follow(&mut engine, &service).await;
    assert!(engine.kernel.state.borrow().routes.contains(&claimed));
    assert_eq!(*engine.kernel.announced.borrow(), ["192.168.1.183".parse::<IpAddr>().unwrap()]);
    let own = Address { net: "192.168.1.183/24".parse().unwrap(), dev: "eth1".to_owned() };
    engine.kernel.state.borrow_mut().addresses.push(own.clone());
    follow(&mut engine, &service).await;
    assert!(!engine.kernel.state.borrow().routes.contains(&claimed), "it is eth1's now");
    engine.kernel.state.borrow_mut().addresses.retain(|address| *address != own);
    follow(&mut engine, &service).await;
    assert!(engine.kernel.state.borrow().routes.contains(&claimed), "it is nobody's again");
    let mut quiet = self::engine(HostOptions { claim_vips: false, ..HostOptions::default() }).await;
    follow(&mut quiet, &service).await;
    assert!(!quiet.kernel.state.borrow().routes.contains(&claimed), "a VRRP daemon decides");
}

#[tokio::test]
async fn an_ipv6_address_is_answered_for_by_proxy() {
    let mut engine = engine(HostOptions::default()).await;
    follow(&mut engine, &captures(&["2001:db8:1::183"], &[])).await;
    assert_eq!(engine.kernel.state.borrow().proxies[0].dev, "eth1");
    assert_eq!(engine.kernel.value("net/ipv6/conf/eth1/proxy_ndp").as_deref(), Some("1"));
    assert_eq!(engine.kernel.value("net/ipv6/conf/eth1/accept_ra").as_deref(), Some("2"));
    follow(&mut engine, &Captures::default()).await;
    assert!(engine.kernel.state.borrow().proxies.is_empty());
    assert_eq!(engine.kernel.value("net/ipv6/conf/eth1/proxy_ndp").as_deref(), Some("0"));
}

#[tokio::test]
async fn other_interfaces_keep_the_protection_that_all_gave_them() {
    let mut engine = engine(HostOptions::default()).await;
    follow(&mut engine, &captures(&["192.168.1.183"], &[])).await;
    let value = |dev: &str| engine.kernel.value(&format!("net/ipv4/conf/{dev}/rp_filter"));
    assert_eq!(value("all").as_deref(), Some("0"));
    assert_eq!(value("eth1").as_deref(), Some("1"));
    assert_eq!(value("eth2").as_deref(), Some("2"));
}

#[tokio::test]
async fn a_failure_in_the_middle_leaves_the_host_as_it_was() {
    let mut engine = engine(HostOptions::default()).await;
    let before = lasting(&engine.kernel);
    *engine.kernel.refuses.borrow_mut() = Some("ip rule del pref 0 from all lookup local");
    let refused = engine
        .reconcile(&captures(&["192.168.1.183"], &["192.168.56.183"]), &BTreeMap::new(), Time::ZERO)
        .await;
    assert!(matches!(refused, Err(HostError::NotPermitted { .. })), "{refused:?}");
    *engine.kernel.refuses.borrow_mut() = None;
    assert!(engine.undo().await.is_empty());
    assert_eq!(lasting(&engine.kernel), before);
}

#[tokio::test]
async fn broadcasts_of_the_hosts_links_stay_with_it() {
    let options = HostOptions { vip_nets: vec!["192.168.1.0/24".parse().unwrap()], ..HostOptions::default() };
    let mut engine = engine(options).await;
    let left = |engine: &Engine<MemoryKernel>| {
        let state = engine.kernel.state.borrow();
        let left =
            state.routes.iter().filter(|route| route.kind == RouteKind::Throw && route.dst.addr().is_ipv4());
        left.map(|route| (route.table, route.dst.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(left(&engine), [(7600, "192.168.1.255/32".to_owned())]);
    follow(&mut engine, &captures(&["192.168.1.183"], &["192.168.56.183"])).await;
    assert!(left(&engine).contains(&(7601, "192.168.56.255/32".to_owned())));
}

#[tokio::test]
async fn many_real_servers_need_few_rules() {
    let mut engine = engine(HostOptions::default()).await;
    let reals: Vec<String> = (0..2000u32).map(|at| format!("10.{}.{}.1", at / 200, at % 200)).collect();
    let reals: Vec<&str> = reals.iter().map(String::as_str).collect();
    follow(&mut engine, &captures(&["192.168.1.183"], &reals)).await;
    let rules = engine.kernel.state.borrow().rules.iter().filter(|rule| rule.from.is_some()).count();
    assert!((1..=128).contains(&rules), "{rules} rules");
}

#[tokio::test]
async fn rules_that_another_program_removed_come_back_in_their_order() {
    let mut engine = engine(HostOptions::default()).await;
    let service = captures(&["192.168.1.183"], &["192.168.56.183"]);
    follow(&mut engine, &service).await;
    let whole = lasting(&engine.kernel).rules;
    engine
        .kernel
        .state
        .borrow_mut()
        .rules
        .retain(|rule| rule.family == Family::V6 || (rule.pref != 0 && rule.action != Action::Nop));
    follow(&mut engine, &service).await;
    assert_eq!(lasting(&engine.kernel).rules, whole);
    let again = Rule { protocol: 3, ..lookup(Family::V4, 0, TABLE_LOCAL) };
    engine.kernel.state.borrow_mut().rules.push(again);
    follow(&mut engine, &service).await;
    assert_eq!(lasting(&engine.kernel).rules, whole, "a second `lookup local` would hide all of ours");
}

#[tokio::test]
async fn what_another_program_took_comes_back() {
    let mut engine = engine(HostOptions::default()).await;
    let service = captures(&["192.168.1.183", "2001:db8:1::183"], &["192.168.56.183"]);
    follow(&mut engine, &service).await;
    let whole = engine.kernel.state.borrow().clone();
    let sorted = |mut state: State| {
        state.routes.sort_by_key(ToString::to_string);
        state.rules.sort_by_key(|rule| (rule.family, rule.pref));
        state
    };
    {
        let mut state = engine.kernel.state.borrow_mut();
        state.routes.clear();
        state.proxies.clear();
        state.addresses.retain(|address| !address.dev.starts_with("tunvs"));
    }
    follow(&mut engine, &service).await;
    assert_eq!(sorted(engine.kernel.state.borrow().clone()), sorted(whole.clone()));
    // Each rule for itself, and nothing else is touched.
    for rule in whole.rules.iter().filter(|rule| rule.is_ours()) {
        engine.kernel.state.borrow_mut().rules.retain(|other| other != rule);
        follow(&mut engine, &service).await;
        let (is, was) = (sorted(engine.kernel.state.borrow().clone()), sorted(whole.clone()));
        let of_pref = |state: &State| -> BTreeSet<String> {
            let rules = state.rules.iter().filter(|other| other.pref == rule.pref);
            rules.map(ToString::to_string).collect()
        };
        assert_eq!(of_pref(&is), of_pref(&was), "without {rule}");
        assert_eq!(is.rules.len(), was.rules.len(), "without {rule}");
    }
    assert!(engine.conflicts.times(Time::ZERO).is_some_and(|times| times > 10));
}

#[tokio::test]
async fn rules_of_others_go_behind_ours_and_local_is_first_at_the_end() {
    let mut engine = engine(HostOptions::default()).await;
    let service = captures(&["192.168.1.183"], &["192.168.56.183"]);
    follow(&mut engine, &service).await;
    let whole = lasting(&engine.kernel).rules;
    let mut wireguard = Rule { protocol: 3, ..lookup(Family::V4, 0, 51_820) };
    (wireguard.not, wireguard.mark) = (true, Some(51_820));
    engine.kernel.state.borrow_mut().rules.push(wireguard.clone());
    follow(&mut engine, &service).await;
    let mut behind: Vec<Rule> = lasting(&engine.kernel).rules;
    behind.retain(|rule| !whole.contains(rule));
    assert_eq!(behind, [Rule { pref: 32_765, ..wireguard.clone() }]);
    engine.kernel.state.borrow_mut().rules.push(wireguard.clone());
    assert!(engine.undo().await.is_empty());
    let left: Vec<Rule> = lasting(&engine.kernel).rules;
    let left: Vec<&Rule> = left.iter().filter(|rule| rule.family == Family::V4).collect();
    assert_eq!(*left[0], lookup(Family::V4, 0, TABLE_LOCAL));
    assert!(left[1..].iter().all(|rule| rule.pref >= 32_764), "{left:?}");
}

#[tokio::test]
async fn a_client_s_packets_have_a_second_way() {
    let mut engine = engine(HostOptions::default()).await;
    follow(&mut engine, &captures(&["192.168.1.183"], &[])).await;
    let state = engine.kernel.state.borrow();
    let ways = state.routes.iter().filter(|route| route.table == 7600).map(ToString::to_string);
    assert_eq!(
        ways.collect::<Vec<String>>(),
        [
            "192.168.1.183/32 dev tunvs-vip table 7600 protocol 151",
            "192.168.1.183/32 dev tunvs-rs table 7600 metric 4096 protocol 151",
        ]
    );
}

#[tokio::test]
async fn what_the_host_had_of_its_own_stays() {
    let kernel = MemoryKernel::new();
    let own = Proxy { addr: "2001:db8:1::183".parse().unwrap(), dev: "eth1".to_owned() };
    kernel.state.borrow_mut().proxies.push(own.clone());
    let mut engine =
        Engine::new(kernel, HostOptions::default(), TunNames::default(), None, StopFlag::default())
            .await
            .unwrap();
    engine.start(Time::ZERO).await.unwrap();
    follow(&mut engine, &captures(&["2001:db8:1::183"], &[])).await;
    assert!(engine.undo().await.is_empty());
    assert_eq!(engine.kernel.state.borrow().proxies, [own]);
}

#[tokio::test]
async fn a_strict_filter_is_loose_while_there_are_real_servers() {
    let mut engine = engine(HostOptions::default()).await;
    let value = |engine: &Engine<MemoryKernel>| engine.kernel.value("net/ipv4/conf/eth1/rp_filter");
    follow(&mut engine, &captures(&["192.168.1.183"], &["192.168.56.183"])).await;
    assert_eq!(value(&engine).as_deref(), Some("2"));
    follow(&mut engine, &captures(&["192.168.1.183"], &[])).await;
    assert_eq!(value(&engine).as_deref(), Some("1"));
    assert!(engine.undo().await.is_empty());
    assert_eq!(value(&engine).as_deref(), Some("0"));
}

#[tokio::test]
async fn an_interface_that_answers_arp_only_for_itself_gets_the_address() {
    let kernel = MemoryKernel::new();
    kernel.state.borrow_mut().sysctls.insert("net/ipv4/conf/all/arp_ignore".to_owned(), "1".to_owned());
    let mut engine =
        Engine::new(kernel, HostOptions::default(), TunNames::default(), None, StopFlag::default())
            .await
            .unwrap();
    engine.start(Time::ZERO).await.unwrap();
    let service = captures(&["192.168.1.183"], &[]);
    let given = Address { net: "192.168.1.183/32".parse().unwrap(), dev: "eth1".to_owned() };
    for _ in 0..2 {
        follow(&mut engine, &service).await;
        assert!(
            engine.kernel.state.borrow().addresses.contains(&given),
            "it is not taken for the host's own"
        );
    }
    assert!(engine.undo().await.is_empty());
    assert!(!engine.kernel.state.borrow().addresses.contains(&given));
}

#[tokio::test]
async fn addresses_that_stand_for_clients_are_answered_for_and_lead_to_the_servers_side() {
    let nets = ["192.168.1.240/28", "2001:db8:1::f:0/112", "10.77.0.0/24"];
    let options =
        HostOptions { laddr_nets: nets.map(|net| net.parse().unwrap()).into(), ..HostOptions::default() };
    let engine = engine(options).await;
    let state = engine.kernel.state.borrow();
    for net in nets {
        let dst = net.parse().unwrap();
        let to = |table, kind| Route::new(table, dst, kind);
        assert!(state.routes.contains(&to(7600, RouteKind::Via("tunvs-rs".to_owned()))), "{net}");
        assert!(state.routes.contains(&to(TABLE_LOCAL, RouteKind::Local("tunvs-rs".to_owned()))), "{net}");
    }
    assert_eq!(state.proxies.len(), 256);
    assert_eq!(engine.kernel.announced.borrow().len(), 14 + 256, "of those on a link");
}

#[tokio::test]
async fn addresses_of_the_host_stand_for_nobody() {
    for (net, addr) in [("192.168.1.0/24", "192.168.1.181"), ("192.168.56.181/32", "192.168.56.181")] {
        let options = HostOptions { laddr_nets: vec![net.parse().unwrap()], ..HostOptions::default() };
        let refused =
            Engine::new(MemoryKernel::new(), options, TunNames::default(), None, StopFlag::default()).await;
        assert!(refused.is_err_and(|error| error.to_string().starts_with(addr)));
    }
}

#[tokio::test]
async fn a_server_on_this_host_is_answered_through_an_address_of_nobody() {
    let mut engine = engine(HostOptions::default()).await;
    let routes = |engine: &Engine<MemoryKernel>| {
        let state = engine.kernel.state.borrow();
        let inner = state.routes.iter().filter(|route| route.dst.to_string() == "192.0.0.8/32").count();
        (inner, state.rules.iter().filter(|rule| rule.from.is_some()).count())
    };
    follow(&mut engine, &captures(&["10.99.0.1"], &["192.168.57.1"])).await;
    assert_eq!(routes(&engine), (0, 2), "among the answers, and behind `lookup local`");
    follow(&mut engine, &captures(&["10.99.0.1"], &["192.168.56.181"])).await;
    assert_eq!(routes(&engine), (2, 2), "TCP and ICMP");
    follow(&mut engine, &captures(&["10.99.0.1"], &["127.0.0.1"])).await;
    assert_eq!(routes(&engine), (2, 0), "all else from 127.0.0.1 stays where it is");
    assert_eq!(engine.kernel.value("net/ipv4/conf/tunvs-rs/route_localnet").as_deref(), Some("1"));
}

#[tokio::test]
async fn what_the_host_sees_half_of_is_not_tracked_while_the_director_runs() {
    let before = lasting(&MemoryKernel::new());
    let mut engine = engine(HostOptions::default()).await;
    let vip = "192.168.1.183".parse().unwrap();
    let mut wanted = captures(&["192.168.1.183"], &[]);
    wanted.half_seen = [(vip, 6, 80), (vip, 132, 0)].into();
    follow(&mut engine, &wanted).await;
    let ports = |engine: &Engine<MemoryKernel>| {
        let state = engine.kernel.state.borrow();
        state.untracked.iter().map(|service| (service.table.clone(), service.port)).collect::<Vec<_>>()
    };
    assert_eq!(ports(&engine), [("tunvs".to_owned(), 80), ("tunvs".to_owned(), 0)]);
    wanted.half_seen.remove(&(vip, 6, 80));
    follow(&mut engine, &wanted).await;
    assert_eq!(ports(&engine), [("tunvs".to_owned(), 0)]);
    assert!(engine.undo().await.is_empty());
    assert_eq!(lasting(&engine.kernel), before);
}

/// Programs with these numbers.
fn programs(ether: u32, bare: u32) -> IngressPrograms {
    let program = |number| LoadedProgram { fd: std::fs::File::open("/dev/null").unwrap().into(), number };
    IngressPrograms(Arc::new([program(ether), program(bare)]))
}

#[tokio::test]
async fn filters_stand_where_packets_enter_and_what_others_have_there_stays() {
    let filter = |dev: &str, program| Filter { dev: dev.to_owned(), program };
    let options = HostOptions { ingress_programs: Some(programs(7, 8)), ..HostOptions::default() };
    let kernel = MemoryKernel::new();
    kernel.state.borrow_mut().clsact.push("eth2".to_owned());
    let mut engine =
        Engine::new(kernel, options, TunNames::default(), None, StopFlag::default()).await.unwrap();
    engine.start(Time::ZERO).await.unwrap();
    let captures = captures(&["192.168.1.183"], &["192.168.56.183"]);
    follow(&mut engine, &captures).await;
    let both = [filter("eth1", 7), filter("eth2", 7)];
    assert_eq!(engine.kernel.state.borrow().filters, both);
    assert_eq!(engine.kernel.state.borrow().clsact, ["eth2", "eth1"]);
    // Whatever takes one away.
    engine.kernel.state.borrow_mut().filters.clear();
    engine.kernel.state.borrow_mut().clsact.truncate(1);
    follow(&mut engine, &captures).await;
    assert_eq!(engine.kernel.state.borrow().filters, both);
    // Programs of another process.
    engine.options.ingress_programs = Some(programs(9, 10));
    follow(&mut engine, &captures).await;
    assert_eq!(engine.kernel.state.borrow().filters, [filter("eth1", 9), filter("eth2", 9)]);
    engine.kernel.down.borrow_mut().insert("eth1");
    follow(&mut engine, &captures).await;
    assert_eq!(engine.kernel.state.borrow().filters, [filter("eth2", 9)]);
    assert_eq!(engine.undo().await.len(), 0);
    assert_eq!(engine.kernel.state.borrow().filters, []);
    assert_eq!(engine.kernel.state.borrow().clsact, ["eth2"]);
}
