//! Sources and what follows from them, played against a table in memory.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::found::{Found, Stage};
use crate::kept::Place;
use crate::kubernetes::Cluster;
use crate::spec::{ObjectName, Pace, Port, Question, Source};
use lvs::director::{Command, Director, Query, Question as Packet, Reply, Settings};
use lvs::service::{Family, Forwarding, Protocol, ServerSpec, ServiceSpec};

/// A director with one service, and its sources.
struct World {
    director: Director,
    discovery: Discovery,
    key: ServiceKey,
    now: Time,
    drains: Vec<ServerDrain>,
}

fn dns(name: &str) -> Feed {
    let (family, servers, pace) = (Family::V4, Vec::new(), Pace::default());
    Feed::Dns(Question { name: name.to_owned(), family, servers, pace })
}

fn source(feed: Feed) -> Source {
    Source::new(feed, Family::V4, Forwarding::Masq)
}

fn kubernetes(port: Option<Port>) -> Source {
    let object = Some(ObjectName::new("default", "web"));
    Source { object, port, ..source(Feed::Kubernetes("/k8s".into(), None)) }
}

fn servers(addrs: &[&str]) -> Said {
    let found = addrs.iter().map(|addr| Found::at(addr.parse().unwrap(), None));
    Ok(Content::Servers(found.collect())).into()
}

fn failed() -> Said {
    Err(Trouble::Failed("nobody answers".to_owned())).into()
}

impl World {
    fn new(sources: Vec<Source>) -> Self {
        let key = ServiceKey::Address { protocol: Protocol::Tcp, addr: [10, 0, 0, 1].into(), port: 80 };
        let director = Director::new(Settings::default());
        director.apply(&Command::AddService(ServiceSpec::new(key, "rr")), Time::ZERO).unwrap();
        let mut world =
            Self { director, discovery: Discovery::default(), key, now: Time::ZERO, drains: Vec::new() };
        world.declare(sources);
        world
    }

    fn declare(&mut self, sources: Vec<Source>) {
        let wanted = ServiceDiscovery { service: self.key, sources };
        let wanted = if wanted.sources.is_empty() { Vec::new() } else { vec![wanted] };
        self.discovery.declare(&wanted, &[], self.now);
    }

    fn entry(&self) -> ServiceEntry {
        let Ok(Reply::Services(services)) = self.director.query(&Query::Service(self.key), self.now) else {
            panic!()
        };
        services.into_iter().next().unwrap()
    }

    /// `connections`: of all servers.
    fn settle(&mut self, connections: u64) {
        let mut there = present(&self.entry(), &[]);
        there.values_mut().for_each(|server| server.connections = connections);
        let Steps { goes, comes, drains } = self.discovery.settle(&self.key, Some(&there), self.now);
        let drained = drains.iter().map(|drain| Command::SetDrained {
            service: self.key,
            server: drain.server,
            drained: true,
        });
        for command in goes.into_iter().chain(comes).chain(drained) {
            self.director.apply(&command, self.now).unwrap();
        }
        self.drains.extend(drains);
    }

    fn say(&mut self, feed: &Feed, said: Said) -> Vec<Event> {
        let vips = BTreeSet::from([[10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from));
        let taken = self.discovery.take(feed, said, &vips, self.now);
        self.settle(1);
        taken.events
    }

    fn objects(&mut self, text: &str) -> Vec<Event> {
        let cluster = Cluster::of_file(text.as_bytes()).unwrap();
        let feed = self.discovery.feeds().next().unwrap().clone();
        self.say(&feed, Ok(Content::Cluster(Arc::new(cluster))).into())
    }

    /// `address:port weight`, with `drained` behind it.
    fn table(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .entry()
            .servers
            .iter()
            .map(|server| {
                let drained = if server.drained { " drained" } else { "" };
                format!("{} {}{drained}", server.spec.endpoint(), server.spec.weight)
            })
            .collect();
        lines.sort();
        lines
    }
}

#[test]
fn servers_come_are_drained_and_go_and_come_back() {
    let feed = dns("web");
    let mut world = World::new(vec![source(feed.clone())]);
    assert!(world.say(&feed, servers(&["10.1.0.1", "10.1.0.2"])).is_empty());
    assert_eq!(world.table(), ["10.1.0.1:80 1", "10.1.0.2:80 1"]);
    world.say(&feed, servers(&["10.1.0.2", "10.1.0.3"]));
    assert_eq!(world.table(), ["10.1.0.1:80 1 drained", "10.1.0.2:80 1", "10.1.0.3:80 1"]);
    assert_eq!(world.drains.len(), 1);
    assert_eq!(world.discovery.leaving(), [world.key]);
    world.say(&feed, servers(&["10.1.0.1", "10.1.0.2"]));
    assert_eq!(world.table(), ["10.1.0.1:80 1", "10.1.0.2:80 1", "10.1.0.3:80 1 drained"]);
    // The last connection has ended.
    world.settle(0);
    assert_eq!(world.table(), ["10.1.0.1:80 1", "10.1.0.2:80 1"]);
    assert!(world.director.drained().is_empty() && world.discovery.leaving().is_empty());
}

#[test]
fn a_drain_has_a_deadline() {
    let feed = dns("web");
    let mut world = World::new(vec![Source { drain: Duration::from_secs(60), ..source(feed.clone()) }]);
    world.say(&feed, servers(&["10.1.0.1", "10.1.0.2"]));
    world.say(&feed, servers(&["10.1.0.2"]));
    assert_eq!(world.drains[0].timeout, Some(Duration::from_secs(60)));
    world.now = Time::from_secs(64);
    world.settle(1);
    assert_eq!(world.table().len(), 2);
    world.now = Time::from_secs(65);
    world.settle(1);
    assert_eq!(world.table(), ["10.1.0.2:80 1"]);
}

#[test]
fn no_failure_takes_a_server_away_and_it_is_told_once() {
    let feed = dns("web");
    let mut world = World::new(vec![source(feed.clone())]);
    world.say(&feed, servers(&["10.1.0.1"]));
    assert!(matches!(&world.say(&feed, failed())[..], [Event::DiscoveryFailed { .. }]));
    assert!(world.say(&feed, failed()).is_empty());
    let report = &world.discovery.report(world.now)[0];
    assert_eq!((report.servers, report.trouble.as_deref()), (1, Some("nobody answers")));
    let nothing = || Said::from(Err(Trouble::Empty("web has no A record".to_owned())));
    world.say(&feed, nothing());
    world.now = Time::from_secs(29);
    world.say(&feed, nothing());
    assert_eq!(world.table(), ["10.1.0.1:80 1"]);
    // Then it is believed.
    world.now = Time::from_secs(30);
    assert!(matches!(&world.say(&feed, nothing())[..], [Event::DiscoveryRecovered { .. }]));
    assert_eq!(world.table(), ["10.1.0.1:80 1 drained"]);
}

#[test]
fn tables_that_are_older_than_what_was_known_lose_what_was_removed_since() {
    let feed = dns("web");
    let mut before = World::new(vec![source(feed.clone())]);
    before.say(&feed, servers(&["10.1.0.1", "10.1.0.2"]));
    before.say(&feed, servers(&["10.1.0.2"]));
    before.settle(0);
    let kept = before.discovery.kept();
    assert!(
        !before.discovery.forget_gone(Time::from_secs(59))
            && before.discovery.forget_gone(Time::from_secs(60))
    );
    assert_eq!(before.discovery.kept().services[0].servers.len(), 1);
    let mut world = World::new(Vec::new());
    for addr in ["10.1.0.1", "10.1.0.2"] {
        let server = ServerSpec::new(addr.parse().unwrap(), 80, Forwarding::Masq);
        world.director.apply(&Command::AddServer { service: world.key, server }, world.now).unwrap();
    }
    world.discovery.resume(&kept);
    world.declare(vec![source(feed)]);
    world.settle(1);
    assert_eq!(world.table(), ["10.1.0.2:80 1"]);
}

#[test]
fn what_no_server_can_be_is_left_out_and_told() {
    let feed = dns("web");
    let mut world = World::new(vec![Source { max_servers: 100, ..source(feed.clone()) }]);
    let many: Vec<String> = (0..500).map(|at| format!("10.2.{}.{}", at / 250, at % 250 + 1)).collect();
    let mut all: Vec<&str> = many.iter().map(String::as_str).collect();
    all.extend([
        "10.0.0.1",
        "10.0.0.2",
        "127.0.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "2001:db8::1",
    ]);
    world.say(&feed, servers(&all));
    assert_eq!(world.table().len(), 100);
    let expected = [
        "2 addresses of the loopback",
        "3 addresses that no server can have",
        "2 virtual addresses of this director",
        "1 addresses of another family",
        "400 servers above max_servers",
    ];
    assert_eq!(world.discovery.report(world.now)[0].left_out, expected);
}

#[test]
fn hands_are_respected() {
    let feed = dns("web");
    let mut world = World::new(vec![source(feed.clone())]);
    let (service, addr) = (world.key, "10.1.0.9".parse().unwrap());
    let by_hand = ServerSpec { weight: 7, ..ServerSpec::new(addr, 80, Forwarding::Masq) };
    world.director.apply(&Command::AddServer { service, server: by_hand }, world.now).unwrap();
    world.say(&feed, servers(&["10.1.0.1", "10.1.0.2", "10.1.0.9"]));
    let delete = Command::DeleteServer { service, addr: "10.1.0.1".parse().unwrap(), port: 80 };
    world.director.apply(&delete, world.now).unwrap();
    world.say(&feed, servers(&["10.1.0.1", "10.1.0.2"]));
    assert_eq!(world.table(), ["10.1.0.2:80 1", "10.1.0.9:80 7"]);
    // Who is away and comes anew comes.
    world.say(&feed, servers(&["10.1.0.2"]));
    world.say(&feed, servers(&["10.1.0.1", "10.1.0.2"]));
    assert_eq!(world.table().len(), 3);
    // One that is undrained by hand stays.
    world.say(&feed, servers(&["10.1.0.1"]));
    let server = Endpoint::new("10.1.0.2".parse().unwrap(), 80);
    world.director.apply(&Command::SetDrained { service, server, drained: false }, world.now).unwrap();
    world.settle(0);
    assert_eq!(world.table().len(), 3);
}

#[test]
fn a_source_that_is_declared_no_more_leaves_and_an_unknown_one_takes_nobody_away() {
    let (one, other) = (dns("web"), dns("new"));
    let mut world = World::new(vec![source(one.clone())]);
    world.say(&one, servers(&["10.1.0.1", "10.1.0.2"]));
    world.declare(vec![source(other.clone())]);
    world.settle(0);
    assert_eq!(world.table().len(), 2);
    world.say(&other, servers(&["10.1.0.2"]));
    assert_eq!(world.table(), ["10.1.0.1:80 1 drained", "10.1.0.2:80 1"]);
    world.declare(Vec::new());
    world.settle(0);
    assert!(world.table().is_empty() && world.discovery.is_empty());
}

#[test]
fn the_next_director_goes_on_with_what_was_known() {
    let feed = dns("web");
    let mut before = World::new(vec![source(feed.clone())]);
    before.say(&feed, servers(&["10.1.0.1", "10.1.0.2", "10.1.0.3"]));
    before.say(&feed, servers(&["10.1.0.1", "10.1.0.2"]));
    let kept = before.discovery.kept();
    assert_eq!(kept.services[0].servers[2].place, Place::Leaving);
    let mut world = World::new(Vec::new());
    world.director.expect_drained([(world.key, Endpoint::new("10.1.0.3".parse().unwrap(), 80))]);
    world.discovery.resume(&kept);
    world.declare(vec![source(feed.clone())]);
    world.settle(0);
    assert_eq!(world.table().len(), 3);
    world.say(&feed, failed());
    assert_eq!(world.table().len(), 3);
    world.say(&feed, servers(&["10.1.0.2"]));
    world.settle(0);
    assert_eq!(world.table(), ["10.1.0.2:80 1"]);
}

#[test]
fn what_an_earlier_director_had_leaves_as_its_source_says() {
    let feed = dns("web");
    let at_once = || vec![Source { drain: Duration::ZERO, ..source(feed.clone()) }];
    let mut before = World::new(at_once());
    before.say(&feed, servers(&["10.1.0.1", "10.1.0.2"]));
    let mut world = World::new(Vec::new());
    world.discovery.resume(&before.discovery.kept());
    world.declare(at_once());
    world.settle(0);
    world.say(&feed, servers(&["10.1.0.2"]));
    assert_eq!(world.table(), ["10.1.0.2:80 1"]);
}

const SERVICE: &str = r#"{"kind":"Service","metadata":{"name":"web","namespace":"default"},"spec":{"clusterIPs":["10.0.0.1"],
    "internalTrafficPolicy":"Local","ports":[{"name":"http","port":80},{"name":"tls","port":443}]}}"#;

fn slice(name: &str, endpoints: &str) -> String {
    format!(
        r#"{{"kind":"EndpointSlice","metadata":{{"name":"{name}","namespace":"default","labels":
        {{"kubernetes.io/service-name":"web"}}}},"addressType":"IPv4","endpoints":[{endpoints}],
        "ports":[{{"name":"tls","port":8443,"protocol":"TCP"}},{{"name":"http","port":8080,"protocol":"TCP"}}]}}"#
    )
}

fn endpoint(addr: &str, conditions: &str) -> String {
    format!(r#"{{"addresses":["{addr}"],"conditions":{{{conditions}}},"nodeName":"n-{addr}"}}"#)
}

#[test]
fn slices_are_read_as_kube_proxy_reads_them() {
    let mut world = World::new(vec![kubernetes(None)]);
    let ending = r#""ready":false,"serving":true,"terminating":true"#;
    let one = slice("a", &[endpoint("10.1.0.1", r#""ready":true"#), endpoint("10.1.0.2", "")].join(","));
    world.objects(&format!("{SERVICE}{one}"));
    assert_eq!(world.table(), ["10.1.0.1:8080 1", "10.1.0.2:8080 1"]);
    let next =
        [endpoint("10.1.0.1", ending), endpoint("10.1.0.2", r#""ready":false"#), endpoint("10.1.0.3", "")];
    world.objects(&format!("{SERVICE}{}", slice("a", &next.join(","))));
    assert_eq!(world.table(), ["10.1.0.1:8080 1 drained", "10.1.0.2:8080 0", "10.1.0.3:8080 1"]);
    // None is ready: what still serves takes the clients.
    let last = [endpoint("10.1.0.1", ending), endpoint("10.1.0.2", r#""ready":false"#)];
    world.objects(&format!("{SERVICE}{}", slice("a", &last.join(","))));
    assert_eq!(world.table(), ["10.1.0.1:8080 1", "10.1.0.2:8080 0", "10.1.0.3:8080 1 drained"]);
    // The same endpoint in two slices that contradict each other: the better one counts.
    let twice =
        [slice("a", &endpoint("10.1.0.2", r#""ready":false"#)), slice("b", &endpoint("10.1.0.2", ""))];
    world.objects(&format!("{SERVICE}{}{}", twice[0], twice[1]));
    world.settle(0);
    assert_eq!(world.table(), ["10.1.0.2:8080 1"]);
    // Nothing is said of the Service any more: nobody goes.
    let events = world.objects(r#"{"kind":"List","items":[]}"#);
    assert!(matches!(&events[..], [Event::DiscoveryFailed { reason, .. }] if reason.contains("default/web")));
    assert_eq!(world.table().len(), 1);
}

#[test]
fn ports_are_chosen_by_name_and_a_choice_is_asked_for() {
    let of = |port, text: &str| {
        let mut world = World::new(vec![kubernetes(port)]);
        let events = world.objects(text);
        (world.table(), events)
    };
    let one = slice("a", &endpoint("10.1.0.1", ""));
    let named = |name: &str| Some(Port::Name(name.to_owned()));
    assert_eq!(of(named("tls"), &one).0, ["10.1.0.1:8443 1"]);
    assert_eq!(of(Some(Port::Number(9)), &one).0, ["10.1.0.1:9 1"]);
    for (port, expected) in
        [(None, "choose one by `port`"), (named("x"), "has no port \"x\"; its slices have http, tls")]
    {
        let (table, events) = of(port, &one);
        assert!(table.is_empty());
        assert!(
            matches!(&events[..], [Event::DiscoveryFailed { reason, .. }] if reason.contains(expected)),
            "{events:?}"
        );
    }
}

#[test]
fn topology_keeps_clients_near() {
    let ends = [endpoint("10.1.0.1", ""), endpoint("10.1.0.2", "")].join(",");
    let of = |node: Option<&str>, zone: Option<&str>, text: &str| {
        let (node, zone) = (node.map(str::to_owned), zone.map(str::to_owned));
        let mut world = World::new(vec![Source { node, zone, ..kubernetes(None) }]);
        world.objects(&format!("{SERVICE}{text}"));
        world.table()
    };
    assert_eq!(of(Some("n-10.1.0.2"), None, &slice("a", &ends)), ["10.1.0.2:8080 1"]);
    assert_eq!(of(None, None, &slice("a", &ends)).len(), 2);
    let hinted = |zones: [&str; 2]| {
        let one = |(addr, zone): (&str, &str)| {
            endpoint(addr, "")
                .replace("\"nodeName\"", &format!("\"hints\":{{\"forZones\":[{zone}]}},\"nodeName\""))
        };
        slice("a", &[("10.1.0.1", zones[0]), ("10.1.0.2", zones[1])].map(one).join(","))
    };
    let (east, west) = (r#"{"name":"east"}"#, r#"{"name":"west"}"#);
    assert_eq!(of(None, Some("west"), &hinted([east, west])), ["10.1.0.2:8080 1"]);
    assert_eq!(of(None, Some("west"), &hinted([east, east])).len(), 2);
    assert_eq!(of(None, Some("west"), &hinted([west, ""])).len(), 2);
    // Nodes come before zones.
    let (here, there) = (r#"{"name":"here"}"#, r#"{"name":"there"}"#);
    let by_node = |nodes| hinted(nodes).replace("forZones", "forNodes");
    let other_service = |text: &str| format!("{}{text}", SERVICE.replace("Local", "Cluster"));
    assert_eq!(of(Some("here"), Some("west"), &other_service(&by_node([there, here]))), ["10.1.0.2:8080 1"]);
    assert_eq!(of(Some("here"), None, &other_service(&by_node([there, there]))).len(), 2);
}

#[test]
fn what_an_endpoint_does_not_say_is_to_its_good() {
    let ready = |conditions: &str| {
        let mut world = World::new(vec![kubernetes(None)]);
        let other = endpoint("10.1.0.2", r#""ready":true"#);
        let one = endpoint("10.1.0.1", "").replace(r#""conditions":{},"#, conditions);
        world.objects(
            &slice("a", &format!("{one},{other}"))
                .replace(r#"{"name":"tls","port":8443,"protocol":"TCP"},"#, ""),
        );
        world.table()
    };
    for (conditions, expected) in [
        ("", "10.1.0.1:8080 1"),
        (r#""conditions":null,"#, "10.1.0.1:8080 1"),
        (r#""conditions":{"ready":null},"#, "10.1.0.1:8080 1"),
        (r#""conditions":{"ready":null,"serving":false,"terminating":null},"#, "10.1.0.1:8080 1"),
        (r#""conditions":{"ready":false,"serving":null},"#, "10.1.0.1:8080 0"),
    ] {
        assert_eq!(ready(conditions), [expected, "10.1.0.2:8080 1"], "{conditions}");
    }
    // Servers that end serve where nobody else does, unless they say that they do not.
    let ending = |serving: &str| {
        let mut world = World::new(vec![kubernetes(None)]);
        let one = |conditions: &str| slice("a", &endpoint("10.1.0.1", conditions));
        world.objects(&format!("{SERVICE}{}", one("")));
        world.objects(&format!(
            "{SERVICE}{}",
            one(&format!(r#""ready":false,"terminating":true,"serving":{serving}"#))
        ));
        world.table()
    };
    assert_eq!(ending("null"), ["10.1.0.1:8080 1"]);
    assert_eq!(ending("false"), ["10.1.0.1:8080 1 drained"]);
}

#[test]
fn a_thousand_endpoints_are_served() {
    let mut world = World::new(vec![kubernetes(None)]);
    let slices: String = (0..10)
        .map(|part| {
            let ends: Vec<String> = (1..=100).map(|at| endpoint(&format!("10.2.{part}.{at}"), "")).collect();
            slice(&format!("web-{part}"), &ends.join(","))
        })
        .collect();
    world.objects(&format!("{SERVICE}{slices}"));
    assert_eq!(world.table().len(), 1000);
    world.objects(&format!("{SERVICE}{}", slice("web-0", "")));
    world.settle(0);
    assert!(world.table().is_empty());
}

#[test]
fn what_may_be_yet_to_come_takes_nobody_away() {
    let one = slice("a", &endpoint("10.1.0.1", ""));
    let of_other_family = one.replace("IPv4", "IPv6").replace("10.1.0.1", "2001:db8::1");
    // A Service changes the name of its port before its slices do.
    let renamed = SERVICE.replace("\"http\"", "\"web\"");
    for (text, expected) in [
        (SERVICE.to_owned(), "no EndpointSlice of Service default/web for IPv4"),
        (format!("{SERVICE}{of_other_family}"), "no EndpointSlice of Service default/web for IPv4"),
        (format!("{renamed}{one}"), "has no port \"web\"; its slices have http, tls"),
        (
            format!("{SERVICE}{}", one.replace("TCP", "UDP")),
            "has no port \"http\"; its slices have http, tls",
        ),
        (
            one.replace(r#""ports":[{"#, r#""ports":[],"x":[{"#),
            "has no port for TCP 10.0.0.1:80; its slices have none",
        ),
    ] {
        let mut world = World::new(vec![kubernetes(None)]);
        world.objects(&format!("{SERVICE}{one}"));
        let events = world.objects(&text);
        assert_eq!(world.table(), ["10.1.0.1:8080 1"], "{text}");
        assert!(
            matches!(&events[..], [Event::DiscoveryFailed { reason, .. }] if reason.contains(expected)),
            "{events:?}"
        );
    }
    // Half a document behind whole ones.
    let whole = format!("{SERVICE}{one}");
    for length in SERVICE.len() + 1..whole.len() {
        assert!(Cluster::of_file(&whole.as_bytes()[..length]).is_err(), "{length}");
    }
}

#[test]
fn reasons_are_short_and_fit_for_a_terminal() {
    let feed = dns("web");
    let mut world = World::new(vec![source(feed.clone())]);
    let why = format!("\u{1b}[2J\n{}", "long ".repeat(1000));
    world.say(&feed, Err(Trouble::Failed(why)).into());
    let trouble = world.discovery.report(world.now).remove(0).trouble.unwrap();
    assert!(trouble.starts_with("\u{fffd}[2J\u{fffd}long ") && trouble.chars().count() == 500, "{trouble}");
}

#[test]
fn of_a_server_that_is_told_twice_the_greater_weight_counts_in_any_order() {
    let said = |weights: [i32; 2]| {
        let feed = dns("web");
        let mut world = World::new(vec![source(feed.clone())]);
        let found = weights
            .map(|weight| Found { weight: Some(weight), ..Found::at([10, 1, 0, 1].into(), Some(0)) })
            .to_vec();
        world.say(&feed, Ok(Content::Servers(found)).into());
        world.table()
    };
    assert_eq!(said([7, 3]), ["10.1.0.1:80 7"]);
    assert_eq!(said([3, 7]), ["10.1.0.1:80 7"]);
}

#[test]
fn events_of_a_watch_change_one_object_each_and_lists_change_all() {
    let mut cluster = Cluster::default();
    let (one, two) = (slice("a", &endpoint("10.1.0.1", "")), slice("b", &endpoint("10.1.0.2", "")));
    let event = |kind: &str, object: &str| format!(r#"{{"type":"{kind}","object":{object}}}"#);
    for text in [event("ADDED", SERVICE), event("ADDED", &one), event("MODIFIED", &two)] {
        cluster.take(text.as_bytes()).unwrap();
    }
    let whole = cluster.clone();
    cluster.take(event("DELETED", &one).as_bytes()).unwrap();
    assert_ne!(cluster, whole);
    for bad in [
        event("ERROR", r#"{"kind":"Status","message":"too old resource version"}"#).as_str(),
        r#"{"kind":"Status","message":"Unauthorized"}"#,
        r#"{"kind":"EndpointSlice","metadata":{"name":"a"}}"#,
        "[]",
        "{}",
        "{\"kind\":",
    ] {
        let before = cluster.clone();
        assert!(cluster.take(bad.as_bytes()).is_err(), "{bad}");
        assert_eq!(cluster, before, "{bad}");
    }
    cluster.take(format!(r#"{{"kind":"List","items":[{SERVICE},{one},{two}]}}"#).as_bytes()).unwrap();
    assert_eq!(cluster, whole);
    // A list with a mistake changes nothing.
    assert!(cluster.take(br#"{"kind":"List","items":[{"kind":"Service","spec":7}]}"#).is_err());
    assert_eq!(cluster, whole);
}

fn said() -> impl Strategy<Value = Option<Vec<(u8, u8)>>> {
    prop::option::weighted(0.8, prop::collection::vec((1..8_u8, 0..3_u8), 0..6))
}

/// Another history of the same source: what came of it, and the servers that 300 clients would get.
fn choices(scheduler: &str, all: &[Vec<(u8, u8)>]) -> Vec<Option<Endpoint>> {
    let feed = dns("web");
    let mut world = World::new(vec![source(feed.clone())]);
    world.director.set_found([world.key]);
    world.director.apply(&Command::EditService(ServiceSpec::new(world.key, scheduler)), world.now).unwrap();
    for servers in all {
        let found = servers.iter().map(|(addr, weight)| Found {
            weight: Some(i32::from(*weight)),
            ..Found::at([10, 1, 0, *addr].into(), None)
        });
        let said = Ok(Content::Servers(found.collect())).into();
        world.say(&feed, said);
    }
    let ServiceKey::Address { protocol, addr, port } = world.key else { panic!() };
    let ask = |client: u16| {
        let from = Endpoint::new([10, 9, (client >> 8) as u8, client as u8].into(), 4000);
        let packet = Packet { protocol, from, to: Endpoint::new(addr, port), mark: None };
        world.director.explain(&packet, world.now).server
    };
    (0..300).map(ask).collect()
}

proptest! {
    /// Directors that heard different things before, and the last one in another order; servers that leave are still there.
    #[test]
    fn hash_schedulers_of_all_directors_choose_alike_whatever_they_heard_before(
        before in prop::collection::vec(prop::collection::vec((1..20_u8, 1..5_u8), 0..8), 0..5),
        (last, other) in prop::collection::btree_map(1..20_u8, 1..5_u8, 1..12).prop_flat_map(|last| {
            let last: Vec<(u8, u8)> = last.into_iter().collect();
            (Just(last.clone()), Just(last).prop_shuffle())
        }),
    ) {
        for scheduler in ["mh", "sh", "dh"] {
            let fresh = choices(scheduler, std::slice::from_ref(&last));
            prop_assert!(fresh.iter().all(Option::is_some), "{scheduler}");
            let mut all = before.clone();
            all.push(other.clone());
            prop_assert_eq!(&choices(scheduler, &all), &fresh, "{}", scheduler);
        }
    }

    #[test]
    fn whatever_a_source_says_the_table_ends_as_it_said_last(all in prop::collection::vec(said(), 1..12)) {
        let feed = dns("web");
        let mut world = World::new(vec![source(feed.clone())]);
        let mut last = None;
        for said in all {
            world.now = Time(world.now.0 + 1000);
            let before = world.table();
            match said {
                Some(servers) => {
                    let found: Vec<Found> = servers.iter().map(|(addr, stage)| Found {
                        stage: [Stage::Serving, Stage::Unready, Stage::Draining][usize::from(*stage)],
                        ..Found::at([10, 1, 0, *addr].into(), None)
                    }).collect();
                    world.say(&feed, Ok(Content::Servers(found)).into());
                    last = Some(servers);
                }
                None => {
                    world.say(&feed, failed());
                    prop_assert_eq!(world.table().len(), before.len());
                }
            }
        }
        world.settle(0);
        let serving = |servers: &[(u8, u8)]| -> BTreeSet<String> {
            servers.iter().filter(|(_, stage)| *stage == 0).map(|(addr, _)| format!("10.1.0.{addr}:80 1")).collect()
        };
        let table: BTreeSet<String> = world.table().into_iter().collect();
        prop_assert!(serving(last.as_deref().unwrap_or_default()).is_subset(&table), "{table:?}");
        let known: BTreeSet<u8> = last.iter().flatten().map(|(addr, _)| *addr).collect();
        for line in &table {
            let addr: u8 = line.split([':', '.']).nth(3).unwrap().parse().unwrap();
            prop_assert!(known.contains(&addr), "{line}");
        }
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut cluster = Cluster::default();
        let _ = cluster.take(&bytes);
        let _ = Cluster::of_file(&bytes);
    }

    #[test]
    fn objects_that_lost_a_piece_never_panic_and_never_change_anything_by_half(at in 0..2000_usize, length in 1..40_usize) {
        let one = slice("a", &[endpoint("10.1.0.1", ""), endpoint("10.1.0.2", r#""ready":null"#)].join(","));
        let mut text = format!(r#"{{"kind":"List","items":[{SERVICE},{one}]}}"#).into_bytes();
        let at = at % text.len();
        text.drain(at..(at + length).min(text.len()));
        let mut cluster = Cluster::default();
        if cluster.take(&text).is_err() {
            prop_assert_eq!(cluster, Cluster::default());
        }
    }
}
