//! Rulesets as real tools write them, and what becomes of packets in them.

use std::net::IpAddr;

use super::*;

/// Made by firewalld 1.3.3: eth1 in zone external, eth2 in zone internal; without empty chains.
const FIREWALLD: &str = include_str!("../../../tests/data/rulesets/firewalld.json");
/// With `tunvs-+` in a zone that accepts, a policy from all zones into it, and `IPv6_rpfilter=no`.
const FIREWALLD_ZONE: &str = include_str!("../../../tests/data/rulesets/firewalld-zone.json");
/// By iptables-nft-save of what ufw 0.36.2 wrote, forwarding denied, the TUNs let in and out; without OUTPUT and some of INPUT.
const UFW: &str = include_str!("../../../tests/data/rulesets/ufw.save");
/// By iptables-nft-save, in the shape of Docker's: one container with a published port 8080.
const DOCKER: &str = include_str!("../../../tests/data/rulesets/docker.save");
/// In the shape of kube-proxy's: one service with two endpoints, node port 30080.
const KUBE: &str = include_str!("../../../tests/data/rulesets/kube-proxy.save");
/// By nft 1.0.6: wg-quick's table, and one with sets, maps, concatenations, ranges, limits, masks.
const PLAIN: &str = include_str!("../../../tests/data/rulesets/plain.json");
const PLAIN_TEXT: &str = include_str!("../../../tests/data/rulesets/plain.nft");

const FORWARDED: [Hook; 3] = [Hook::Prerouting, Hook::Forward, Hook::Postrouting];

fn addr(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The first packet of a client to 192.168.1.183:80.
fn ask() -> Packet {
    Packet {
        iif: "eth1".to_owned(),
        oif: "tunvs-vip".to_owned(),
        source: addr("192.168.1.10"),
        destination: addr("192.168.1.183"),
        protocol: 6,
        source_port: Some((1024, 65_535)),
        destination_port: Some((80, 80)),
        tracking: Tracking::New,
        is_reply: false,
        comes_straight: Some(true),
        source_is_local: Some(false),
        destination_is_local: Some(true),
    }
}

fn out() -> Packet {
    let destination = addr("192.168.56.184");
    let (iif, oif) = ("tunvs-vip".to_owned(), "eth2".to_owned());
    Packet { iif, oif, destination, comes_straight: Some(false), destination_is_local: Some(false), ..ask() }
}

/// How it ends, by which rule (or `policy`), and `may` if it is not sure.
fn fate(ruleset: &Ruleset, packet: &Packet) -> String {
    let all = traces(ruleset, &FORWARDED, packet);
    let mut ends: Vec<String> = all
        .iter()
        .map(|trace| {
            let by = |place: &Place| match place.rule.as_str() {
                "" => format!("policy of {}", place.chain),
                rule => format!("{}: {rule}", place.chain),
            };
            match (&trace.end, &trace.hidden) {
                (End::Passed, None) => "passes".to_owned(),
                (End::Passed, Some(place)) => format!("hidden by {}", by(place)),
                (End::Dropped(place), _) => format!("dropped by {}", by(place)),
                (End::Redirected(place), _) => format!("to {} by {}", place.to, place.chain),
                (End::Lost, _) => "lost".to_owned(),
            }
        })
        .collect();
    ends.sort();
    ends.dedup();
    ends.join(" or ")
}

fn legacy(text: &str) -> Ruleset {
    iptables::read(text, Tool::Legacy)
}

#[test]
fn firewalld() {
    let rules = nft::read(
        FIREWALLD,
        "table inet firewalld {\n\tchain filter_FWD_external { # handle 9\n\t\treject # handle 135\n\t}\n}\n",
    );
    assert_eq!(rules.chains.iter().filter(|chain| chain.base.is_some()).count(), 5);
    let refused = fate(&rules, &ask());
    assert!(refused.starts_with("dropped by filter_FWD_external"), "{refused}");
    let refused = fate(&rules, &out());
    assert!(refused.starts_with("dropped by filter_FWD_public"), "{refused}");
    assert_eq!(fate(&rules, &Packet { tracking: Tracking::Established, ..ask() }), "passes");
    let invalid = fate(&rules, &Packet { tracking: Tracking::Invalid, ..ask() });
    assert!(invalid.starts_with("dropped by filter_FORWARD: [{\"match\""), "{invalid}");

    let rules = nft::read(FIREWALLD_ZONE, "");
    for tracking in [Tracking::New, Tracking::Established, Tracking::Untracked] {
        assert_eq!(fate(&rules, &Packet { tracking, ..ask() }), "passes");
        assert_eq!(fate(&rules, &Packet { tracking, ..out() }), "passes");
    }
    // The zone's masquerade, for what leaves by its link.
    let hidden = fate(&rules, &Packet { oif: "eth1".to_owned(), ..out() });
    assert!(hidden.starts_with("hidden by nat_POST_external_allow"), "{hidden}");
    let v6 =
        |packet: Packet| Packet { source: addr("fd00:1::10"), destination: addr("fd00:1::183"), ..packet };
    assert_eq!(fate(&rules, &v6(out())), "passes");
    // What comes out of a TUN does not come by the way back: IPv6_rpfilter, as firewalld has it by itself.
    let strict = fate(&nft::read(FIREWALLD, ""), &v6(out()));
    assert!(strict.starts_with("dropped by filter_PREROUTING"), "{strict}");
}

#[test]
fn ufw_over_nftables_and_of_the_old_tables() {
    for tool in [Tool::Iptables, Tool::Legacy] {
        let rules = iptables::read(UFW, tool);
        assert_eq!(fate(&rules, &ask()), "passes");
        assert_eq!(fate(&rules, &Packet { oif: "eth9".to_owned(), ..ask() }), "dropped by policy of FORWARD");
        let without = UFW.lines().filter(|line| !line.contains("tunvs-"));
        let rules = iptables::read(&without.collect::<Vec<_>>().join("\n"), tool);
        assert_eq!(fate(&rules, &ask()), "dropped by policy of FORWARD");
        assert_eq!(fate(&rules, &Packet { tracking: Tracking::Established, ..ask() }), "passes");
        assert_eq!(fate(&rules, &Packet { iif: "eth1".to_owned(), ..out() }), "passes");
    }
}

#[test]
fn docker() {
    let rules = legacy(DOCKER);
    assert_eq!(fate(&rules, &ask()), "dropped by policy of FORWARD");
    let published = Packet { destination_port: Some((8080, 8080)), ..ask() };
    assert_eq!(fate(&rules, &published), "to 172.17.0.2:80 by DOCKER");
    let every_port = Packet { destination_port: Some((1, 65_535)), ..ask() };
    assert_eq!(fate(&rules, &every_port), "dropped by policy of FORWARD or to 172.17.0.2:80 by DOCKER");
    let of_another = Packet { destination_is_local: Some(false), ..published };
    assert_eq!(fate(&rules, &of_another), "dropped by policy of FORWARD");
    let open = legacy(&DOCKER.replace(":FORWARD DROP", ":FORWARD ACCEPT"));
    assert_eq!(fate(&open, &out()), "passes", "its masquerade is for containers");
    let container = Packet { source: addr("172.17.0.2"), ..out() };
    assert_eq!(fate(&open, &container), "hidden by POSTROUTING: -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE");
    let user = legacy(&DOCKER.replace("-A DOCKER-USER -j RETURN", "-A DOCKER-USER -o tunvs-+ -j ACCEPT"));
    assert_eq!(fate(&user, &ask()), "passes");
    assert_eq!(fate(&user, &out()), "dropped by policy of FORWARD");
}

#[test]
fn kube_proxy() {
    let rules = iptables::read(KUBE, Tool::Iptables);
    assert_eq!(fate(&rules, &ask()), "passes");
    assert_eq!(fate(&rules, &out()), "passes");
    let node_port = Packet { destination_port: Some((30_080, 30_080)), ..ask() };
    let either =
        "to 10.244.0.5:80 by KUBE-SEP-AAAAAAAAAAAAAAAA or to 10.244.1.7:80 by KUBE-SEP-BBBBBBBBBBBBBBBB";
    assert_eq!(fate(&rules, &node_port), either, "by chance, but never to the director");
    assert_eq!(
        fate(&rules, &Packet { tracking: Tracking::Invalid, ..ask() }),
        "dropped by KUBE-FORWARD: -m conntrack --ctstate INVALID -j DROP"
    );
    let marked = KUBE.replace(
        "-A KUBE-SERVICES -d 10.96",
        "-A KUBE-SERVICES -j KUBE-MARK-MASQ\n-A KUBE-SERVICES -d 10.96",
    );
    let hidden = fate(&iptables::read(&marked, Tool::Iptables), &out());
    assert!(hidden.starts_with("hidden by KUBE-POSTROUTING"), "{hidden}");
}

#[test]
fn sets_maps_and_wg_quick() {
    let rules = nft::read(PLAIN, PLAIN_TEXT);
    assert_eq!(fate(&rules, &ask()), "passes");
    assert_eq!(fate(&rules, &out()), "passes");
    let other_port = Packet { destination_port: Some((81, 81)), ..ask() };
    assert_eq!(fate(&rules, &other_port), "dropped by policy of forward");
    let invalid = Packet { tracking: Tracking::Invalid, ..ask() };
    assert_eq!(
        fate(&rules, &invalid),
        "dropped by outside: ct state vmap { invalid : drop, established : accept }"
    );
    let udp = |port| Packet { protocol: 17, destination_port: Some((port, port)), ..ask() };
    assert_eq!(fate(&rules, &udp(53)), "passes");
    assert_eq!(fate(&rules, &udp(5_050)), "passes");
    assert_eq!(fate(&rules, &udp(5_101)), "dropped by policy of forward");
    let stranger = Packet { source: addr("10.0.0.10"), ..udp(53) };
    assert_eq!(fate(&rules, &stranger), "dropped by policy of forward");
    assert_eq!(fate(&rules, &Packet { source: addr("10.0.0.9"), ..udp(53) }), "passes");
    let by_map = Packet { destination: addr("192.168.1.184"), ..ask() };
    assert_eq!(fate(&rules, &by_map), "to  by before");
    let vpn = Packet { destination: addr("10.8.0.1"), ..ask() };
    let text = "iifname != \"wg0\" ip daddr 10.8.0.1 fib saddr type != local drop";
    assert_eq!(fate(&rules, &vpn), format!("dropped by preraw: {text}"));
    let sources: Vec<String> = rules.sources().iter().map(ToString::to_string).collect();
    assert_eq!(sources, ["10.0.0.0/32", "192.168.1.0/24"]);
}

#[test]
fn what_cannot_be_told_leaves_both_ways_open() {
    let forward =
        |rules: &str| legacy(&format!("*filter\n:FORWARD ACCEPT [0:0]\n:X - [0:0]\n{rules}\nCOMMIT\n"));
    let rules = forward("-A FORWARD -m set --match-set bad src -j DROP");
    assert_eq!(fate(&rules, &ask()), "dropped by FORWARD: -m set --match-set bad src -j DROP or passes");
    let trace =
        traces(&rules, &FORWARDED, &ask()).into_iter().find(|trace| trace.end != End::Passed).unwrap();
    assert_eq!(trace.unread, ["ip filter FORWARD: -m set --match-set bad src -j DROP"]);
    // It cannot be told, and does not matter.
    assert_eq!(fate(&forward("-A FORWARD -m set --match-set x src -j LOG"), &ask()), "passes");
    assert_eq!(fate(&forward("-A FORWARD -m set --match-set x src -j X\n-A X -j RETURN"), &ask()), "passes");
    assert_eq!(fate(&forward("-A FORWARD -o eth9 -m set --match-set x src -j DROP"), &ask()), "passes");
    let all = forward("-A FORWARD -m set --match-set x src -j DROP\n-A FORWARD -j DROP");
    assert!(!fate(&all, &ask()).contains("passes"));
    assert_eq!(fate(&forward("-A FORWARD -j NFQUEUE --queue-num 1"), &ask()).matches(" or ").count(), 1);
    assert_eq!(fate(&forward("-A FORWARD -j NOWHERE"), &ask()), "lost");
    // Rates that are not reached.
    assert_eq!(fate(&forward("-A FORWARD -m connlimit --connlimit-above 9 -j DROP"), &ask()), "passes");
    let upto = forward("-A FORWARD -m limit --limit 9/sec -j ACCEPT\n-A FORWARD -j DROP");
    assert_eq!(fate(&upto, &ask()), "passes");
    let many: String = (0..40)
        .map(|n| format!("-A FORWARD -m set --match-set s{n} src -j MARK --set-xmark {n:#x}/0xffffffff\n"))
        .collect();
    assert!(
        fate(&forward(&format!("{many}-A FORWARD -m mark --mark 0x7 -j DROP")), &ask()).contains("passes")
    );
}

#[test]
fn policies_priorities_jumps_and_notrack() {
    let text = "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 192.168.1.183/32 -i eth1 -j CT --notrack\nCOMMIT\n\
                *filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m conntrack --ctstate UNTRACKED -j ACCEPT\n\
                -A FORWARD -m conntrack ! --ctstate ESTABLISHED -j REJECT --reject-with icmp-port-unreachable\nCOMMIT\n\
                *nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j REDIRECT --to-ports 9\nCOMMIT\n";
    assert_eq!(fate(&legacy(text), &ask()), "passes", "NAT is not for what is not tracked");
    assert_eq!(fate(&legacy(text), &out()), "to :9 by PREROUTING");
    assert_eq!(
        fate(&legacy(text), &Packet { is_reply: true, tracking: Tracking::Established, ..out() }),
        "passes"
    );
    // Each base chain has its say, the lower priority first; the names of links may end in a wildcard.
    let chain = |name: &str, prio: i64, policy: &str| {
        format!(
            r#"{{"chain": {{"family": "inet", "table": "t", "name": "{name}", "type": "filter", "hook": "forward", "prio": {prio}, "policy": "{policy}"}}}}"#
        )
    };
    let rule = |chain: &str, expr: &str| {
        format!(
            r#"{{"rule": {{"family": "inet", "table": "t", "chain": "{chain}", "handle": 1, "expr": [{expr}]}}}}"#
        )
    };
    let oif = r#"{"match": {"op": "==", "left": {"meta": {"key": "oifname"}}, "right": "tunvs-*"}}, {"accept": null}"#;
    let read = |items: &[String]| nft::read(&format!(r#"{{"nftables": [{}]}}"#, items.join(", ")), "");
    let two = [chain("late", 10, "drop"), chain("early", 0, "drop"), rule("early", oif)];
    assert_eq!(fate(&read(&two), &ask()), "dropped by policy of late");
    assert_eq!(fate(&read(&two), &out()), "dropped by policy of early");
    // A chain that was gone to does not come back to the next rule.
    let inner = r#"{"chain": {"family": "inet", "table": "t", "name": "inner"}}"#.to_owned();
    let gone = |way: &str| {
        let first = rule("early", &format!(r#"{{"{way}": {{"target": "inner"}}}}"#));
        read(&[chain("early", 0, "drop"), inner.clone(), first, rule("early", r#"{"accept": null}"#)])
    };
    assert_eq!(fate(&gone("jump"), &ask()), "passes");
    assert_eq!(fate(&gone("goto"), &ask()), "dropped by policy of early");
    // Packets of a link, before all else; who does not say of which, may mean it.
    let edge = |dev: &str| {
        let chain = format!(
            r#"{{"chain": {{"family": "netdev", "table": "t", "name": "edge", "type": "filter", "hook": "ingress", {dev}"prio": 0, "policy": "drop"}}}}"#
        );
        let rules = read(&[chain]);
        let all = traces(&rules, &[Hook::Ingress], &ask());
        all.iter().map(|trace| trace.end == End::Passed).collect::<Vec<_>>()
    };
    assert_eq!(edge(r#""dev": "eth1", "#), [false]);
    assert_eq!(edge(r#""dev": "eth2", "#), [true]);
    assert_eq!(edge(""), [false, true]);
    for broken in ["", "{}", "[]", r#"{"nftables": 7}"#, r#"{"nftables": [{"rule": {"expr": [1, {}]}}]}"#] {
        assert!(nft::read(broken, "").chains.is_empty(), "{broken}");
    }
}
