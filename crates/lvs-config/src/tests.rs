//! The example, mistakes and where they are reported, reloads.

mod defaults;
mod keys;

use std::path::Path;
use std::time::Duration;

use super::{Config, ConfigError, Declared, Source};
use lvs::director::{Command, Tables, TimeoutSettings};
use lvs::service::{
    ClientAddrMode, Family, Forwarding, Persistence, ProxyVersion, SchedulerFlags, ServiceKey, TunnelKind,
};
use lvs_health::spec::{BfdSource, CheckKind, FileCheck, OnFailure, Reply, StatusRange};

fn parse(text: &str) -> Config {
    Config::parse(text, Path::new("t.toml")).unwrap()
}

fn declared(text: &str) -> Declared {
    parse(text).declared
}

#[test]
fn the_example_says_what_its_comments_say() {
    let config = Source::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../conf/tunvs.toml")).load().unwrap();
    assert_eq!(config.director, super::DirectorOptions::default());
    let declared = config.declared;
    assert_eq!(declared.timeouts, Some(TimeoutSettings { tcp: 900, tcp_fin: 120, udp: 300 }));
    assert_eq!(declared.sysctls["expire_nodest_conn"], "1");
    let [web, tls, dns, marked] = &declared.services[..] else { panic!("{declared:?}") };
    assert_eq!(web.spec.key.to_string(), "TCP 192.168.1.183:80");
    assert_eq!((web.spec.scheduler.as_str(), web.servers[0].weight), ("wrr", 2));
    assert_eq!((web.servers[1].upper_threshold, web.servers[1].lower_threshold), (1000, 800));
    assert_eq!(tls.spec.persistence, Some(Persistence { timeout: 600, mask: 0xffff_ff00 }));
    assert_eq!(tls.spec.scheduler_flags, SchedulerFlags::FLAG_2);
    assert_eq!(tls.servers[0].port, 443);
    assert_eq!(dns.spec.key.to_string(), "UDP [2001:db8::53]:53");
    assert!(dns.spec.one_packet && dns.servers[0].forwarding == Forwarding::Route);
    assert_eq!(marked.spec.key, ServiceKey::Mark { mark: 7, family: Family::V4 });
    assert_eq!(marked.spec.persistence, Some(Persistence { timeout: 360, mask: u32::MAX }));
    let Forwarding::Tunnel(tunnel) = marked.servers[0].forwarding else { panic!() };
    assert_eq!((tunnel.kind, tunnel.port), (TunnelKind::Gue, 6080));
}

#[test]
fn an_empty_file_declares_nothing() {
    assert_eq!(parse(""), Config::default());
}

#[test]
fn mistakes_are_reported_with_their_place() {
    let service = "[[service]]\naddress = \"10.0.0.1:80\"\n";
    let server = "[[service.server]]\naddress = \"10.1.0.1\"\nforward = \"masq\"\n";
    let cases = [
        ("[director\n".to_owned(), 1, "unclosed table"),
        (
            "[director]\nqueue = 2\n".to_owned(),
            2,
            "unknown field `queue`, did you mean `queues`? expected one of `socket`",
        ),
        (
            "[[sync]]\nrole = \"boss\"\ninterface = \"lo\"\n".to_owned(),
            2,
            "unknown variant `boss`, expected `master` or `backup`",
        ),
        ("[[sync]]\nrole = \"master\"\ninterface = \"\"\n".to_owned(), 3, "the name of an interface"),
        (
            "[[sync]]\nrole = \"master\"\ninterface = \"lo\"\ngroup = \"10.0.0.1\"\n".to_owned(),
            4,
            "no multicast address",
        ),
        (
            "[[sync]]\nrole = \"master\"\ninterface = \"lo\"\nid = 256\n".to_owned(),
            4,
            "invalid value: integer `256`, expected u8",
        ),
        ("[director]\nmax_conns = 0\n".to_owned(), 2, "invalid value: integer `0`, expected a nonzero usize"),
        ("[flow_log]\nrate = 0\n".to_owned(), 2, "invalid value: integer `0`, expected a nonzero u32"),
        ("[director]\ndrop_alarm = 0\n".to_owned(), 2, "invalid value: integer `0`, expected a nonzero u64"),
        ("[director]\nqueues = 0\n".to_owned(), 2, "queues must be 1 to 256, or \"auto\""),
        ("[director]\nqueues = \"two\"\n".to_owned(), 2, "queues must be 1 to 256, or \"auto\""),
        ("[director]\nqueues = true\n".to_owned(), 2, "queues must be 1 to 256, or \"auto\""),
        ("[director]\nvip_nets = [\"10.0.0.0/33\"]\n".to_owned(), 2, "invalid IP address syntax"),
        ("[director]\nlog_format = \"xml\"\n".to_owned(), 2, "expected `text` or `json`"),
        ("[director]\nftp_ports = [21, 0]\n".to_owned(), 2, "ftp_ports must be at most 8 ports"),
        ("[director]\nconn_table_size = 1000\n".to_owned(), 2, "power of two"),
        ("[timeouts]\ntcp = 4000000000\n".to_owned(), 1, "timeouts must be below"),
        ("[sysctl]\nsloppy = 1\n".to_owned(), 2, "no setting called \"sloppy\""),
        (
            "[sysctl]\ndrop_entri = 1\n".to_owned(),
            2,
            "no setting called \"drop_entri\", did you mean `drop_entry`?",
        ),
        ("[sysctl]\n\ndrop_entry = 9\n".to_owned(), 3, "drop_entry cannot be \"9\""),
        ("[sysctl]\ndrop_entry = [1]\n".to_owned(), 2, "a setting is a number"),
        ("[[service]]\n".to_owned(), 1, "needs an address or a mark"),
        ("[[service]]\naddress = \"10.0.0.256:80\"\n".to_owned(), 2, "\"10.0.0.256:80\" is no address"),
        ("[[service]]\naddress = \"www:80\"\n".to_owned(), 2, "is no address: write 10.0.0.1:80"),
        ("[[service]]\naddress = \"10.0.0.1\"\n".to_owned(), 2, "a service of all ports must be persistent"),
        (format!("{service}mark = 3\n"), 3, "not both"),
        (format!("{service}family = \"ipv6\"\n"), 3, "family goes with mark"),
        ("[[service]]\nmark = 0\n".to_owned(), 2, "mark 0"),
        ("[[service]]\nmark = 1\nprotocol = \"udp\"\n".to_owned(), 3, "protocol goes with address"),
        (format!("{service}protocol = \"icmp\"\n"), 3, "unknown variant `icmp`, expected one of `tcp`"),
        (format!("{service}scheduler = \"best\"\n"), 3, "no scheduler called \"best\""),
        (format!("{service}scheduler = \"wrrr\"\n"), 3, "no scheduler called \"wrrr\", did you mean `wrr`?"),
        (format!("{service}scheduler_flags = [\"x\"]\n"), 3, "unknown variant `x`"),
        (format!("{service}engine = \"sip\"\n"), 3, "an engine works with persistence only"),
        (
            format!("{service}persistence = {{}}\nengine = \"ftp\"\n"),
            4,
            "no persistence engine called \"ftp\"",
        ),
        (format!("{service}persistence = {{ timeout = 0 }}\n"), 3, "1 second or more"),
        (format!("{service}persistence = {{ netmask = \"255.0.255.0\" }}\n"), 3, "is no netmask"),
        (format!("{service}persistence = {{ prefix = 33 }}\n"), 3, "prefix must be 1 to 32"),
        (format!("{service}{service}"), 3, "virtual service TCP 10.0.0.1:80 already exists"),
        (format!("{service}{server}weight = -1\n"), 3, "weight -1 is negative"),
        (format!("{service}{server}lower_threshold = 5\n"), 3, "lower threshold 5 is above"),
        (format!("{service}{server}{server}"), 6, "already belongs to TCP 10.0.0.1:80"),
        (format!("{service}{server}tunnel = {{}}\n"), 6, "tunnel goes with forward = \"tunnel\""),
        (format!("{service}[[service.server]]\nforward = \"masq\"\n"), 3, "missing field `address`"),
        (
            format!("{service}[[service.server]]\naddress = \"10.1.0.1:81\"\nforward = \"route\"\n"),
            4,
            "only forward = \"masq\" and \"fullnat\" can change the port",
        ),
        (
            format!("{service}[[service.server]]\naddress = \"224.0.0.1\"\nforward = \"masq\"\n"),
            3,
            "224.0.0.1 is not a unicast address",
        ),
    ];
    for (text, expected_line, expected) in cases {
        let error = Config::parse(&text, Path::new("t.toml")).expect_err(&text);
        let ConfigError::Wrong { line, what, .. } = &error else { panic!("{error}") };
        assert_eq!(*line, expected_line, "{text}\n{error}");
        assert!(what.contains(expected), "{text}\n{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

#[test]
fn the_place_is_line_and_column() {
    let error = Config::parse("# \u{e4}\n[director]\n  queues = 0\n", Path::new("a/t.toml")).unwrap_err();
    assert_eq!(error.to_string(), "a/t.toml:3:12: queues must be 1 to 256, or \"auto\"");
}

#[test]
fn a_missing_file_is_named() {
    let error = Source::new("/nonexistent/tunvs.toml").load().unwrap_err();
    assert!(
        error.to_string().starts_with("cannot read the configuration /nonexistent/tunvs.toml: "),
        "{error}"
    );
}

const BEFORE: &str = r#"
[[service]]
address = "10.0.0.1:80"
scheduler = "rr"
[[service.server]]
address = "10.1.0.1"
forward = "masq"
[[service.server]]
address = "10.1.0.2"
forward = "masq"
[[service]]
address = "10.0.0.2:80"
"#;

/// The tables as lines: services, and servers with their weights and upper thresholds.
fn lines(tables: &Tables) -> Vec<String> {
    let mut lines = Vec::new();
    for service in &tables.services {
        lines.push(format!("{} {}", service.spec.key, service.spec.scheduler));
        let servers = service.servers.iter();
        lines.extend(
            servers.map(|server| format!("  {} {} {}", server.addr, server.weight, server.upper_threshold)),
        );
    }
    lines
}

#[test]
fn a_reload_changes_what_the_file_changed() {
    let before = declared(BEFORE);
    assert_eq!(before.merged(&before, &before.services).services, before.services);
    let after = declared(
        r#"
        [timeouts]
        udp = 10
        [[service]]
        address = "10.0.0.1:80"
        scheduler = "wrr"
        [[service.server]]
        address = "10.1.0.2"
        forward = "masq"
        weight = 5
        [[service.server]]
        address = "10.1.0.3"
        forward = "masq"
        [[service]]
        address = "10.0.0.3:80"
        "#,
    );
    let tables = after.merged(&before, &before.services);
    assert_eq!(
        lines(&tables),
        ["TCP 10.0.0.1:80 wrr", "  10.1.0.2 5 0", "  10.1.0.3 1 0", "TCP 10.0.0.3:80 wlc"]
    );
    assert_eq!(tables.timeouts, Some(TimeoutSettings { tcp: 0, tcp_fin: 0, udp: 10 }));
    assert_eq!(tables.daemons, None);
}

#[test]
fn what_commands_changed_stays_where_the_file_did_not_change() {
    let before = declared(BEFORE);
    let mut present = before.services.clone();
    present[0].spec.scheduler = "lc".to_owned();
    present[0].servers[0].weight = 7;
    let mut added = present[0].servers[1].clone();
    added.addr = "10.1.0.9".parse().unwrap();
    present[0].servers[1] = added;
    present[1].spec.key = ServiceKey::Mark { mark: 3, family: Family::V4 };
    let same = before.merged(&before, &present);
    assert_eq!(lines(&same), ["TCP 10.0.0.1:80 lc", "  10.1.0.1 7 0", "  10.1.0.9 1 0", "FWM 3 wlc"]);

    // The file says something else of the first server, but not of its weight, and again something of the second.
    let mut after = before.clone();
    after.services[0].servers[0].upper_threshold = 9;
    after.services[0].servers[1].weight = 2;
    after.services[1].spec.scheduler = "rr".to_owned();
    let follows = after.merged(&before, &present);
    assert_eq!(
        lines(&follows),
        [
            "TCP 10.0.0.1:80 lc",
            "  10.1.0.1 7 9",
            "  10.1.0.9 1 0",
            "  10.1.0.2 2 0",
            "FWM 3 wlc",
            "TCP 10.0.0.2:80 rr"
        ]
    );
    after.services[0].servers[0].weight = 3;
    assert_eq!(lines(&after.merged(&before, &present))[1], "  10.1.0.1 3 9");
    let nothing = Declared::default();
    assert_eq!(lines(&nothing.merged(&before, &present)), ["FWM 3 wlc"]);
    assert_eq!(
        lines(&before.merged(&nothing, &present))[..3],
        ["TCP 10.0.0.1:80 rr", "  10.1.0.1 1 0", "  10.1.0.9 1 0"]
    );
}

#[test]
fn a_setting_that_is_named_no_more_returns_to_its_default() {
    let set = |name: &str, value: &str| Command::SetSysctl { name: name.to_owned(), value: value.to_owned() };
    let before = declared("[sysctl]\nsloppy_tcp = true\nsync_threshold = \"3 60\"\ndrop_entry = 2\n");
    assert_eq!(
        before.commands(),
        [set("drop_entry", "2"), set("sloppy_tcp", "1"), set("sync_threshold", "3 60")]
    );
    let after = declared("[sysctl]\nsloppy_tcp = 1\ndrop_entry = 3\n");
    let changes = after.sysctl_changes(&before);
    assert!(matches!(&changes[0], Command::SetSysctl { name, .. } if name == "sync_threshold"));
    assert_eq!(changes[1..], [set("drop_entry", "3")]);
}

#[test]
fn a_check_goes_by_way_of_a_server_that_has_the_virtual_address() {
    let of = |service: &str, server: &str, check: &str| {
        let text = format!(
            "[[service]]\n{service}\ncheck = {{ via_server = true, {check} }}\n[[service.server]]\n{server}\n"
        );
        Config::parse(&text, Path::new("t.toml"))
    };
    let vip = "address = \"10.0.0.1:80\"";
    let route = "address = \"10.1.0.1\"\nforward = \"route\"";
    let health = of(vip, route, "type = \"http\"").unwrap().declared.health;
    let check = &health[0].servers[0].checks[0];
    assert_eq!(check.target.via_server, Some(Forwarding::Route));
    let to = check.goes_to(&health[0].service, health[0].servers[0].server);
    assert_eq!(to.to_string(), "10.0.0.1:80");
    let written = of(vip, route, "type = \"http\"").unwrap().declared.to_toml(&[], "a test");
    assert!(written.contains("via_server = true"), "{written}");
    assert_eq!(Config::parse(&written, Path::new("t.toml")).unwrap().declared.health, health);
    let tunnel = "address = \"10.1.0.1\"\nforward = \"tunnel\"\ntunnel = { kind = \"gre\" }";
    let health = of(vip, tunnel, "type = \"tcp\", port = 81").unwrap().declared.health;
    let check = &health[0].servers[0].checks[0];
    assert!(matches!(check.target.via_server, Some(Forwarding::Tunnel(_))));
    assert_eq!(check.goes_to(&health[0].service, health[0].servers[0].server).port, 81);
    let masq = "address = \"10.1.0.1\"\nforward = \"masq\"";
    let six = "address = \"[2001:db8::1]\"\nforward = \"tunnel\"";
    for (service, server, check, complaint) in [
        (vip, masq, "type = \"tcp\"", "is for servers of direct routing and tunnels"),
        (vip, route, "type = \"ping\"", "`via_server` does not belong"),
        (vip, route, "type = \"tcp\", address = \"10.0.0.2\"", "leave address out"),
        (vip, six, "type = \"tcp\"", "give bind_address"),
        ("mark = 7", route, "type = \"tcp\"", "a mark has no virtual address"),
        ("address = \"10.0.0.1\"\npersistence = {}", route, "type = \"tcp\"", "give port"),
    ] {
        let error = of(service, server, check).unwrap_err().to_string();
        assert!(error.contains(complaint), "{check}: {error}");
    }
}

#[test]
fn full_nat_may_change_the_port() {
    let text = "[[service]]\naddress = \"10.0.0.1:80\"\n[[service.server]]\naddress = \"10.1.0.1:8080\"\nforward = \"fullnat\"\n";
    let server = &declared(text).services[0].servers[0];
    assert_eq!((server.forwarding, server.port), (Forwarding::FullNat, 8080));
    let refused = Config::parse(&format!("[director]\nladdr_ports = \"9-8\"\n{text}"), Path::new("t.toml"));
    assert!(refused.unwrap_err().to_string().contains("is no range of ports"));
    let all = Config::parse("[director]\nmasquerade_nets = [\"::/0\"]\n", Path::new("t.toml"));
    assert!(all.unwrap_err().to_string().contains("leaves nothing outside"));
}

#[test]
fn a_service_hands_the_clients_address_on_in_one_way() {
    let of = |line: &str| format!("[[service]]\naddress = \"10.0.0.1:80\"\n{line}\n");
    let client_addr_mode = |line: &str| declared(&of(line)).services[0].spec.client_addr_mode;
    assert_eq!(client_addr_mode("proxy_protocol = \"v2\""), Some(ClientAddrMode::Proxy(ProxyVersion::V2)));
    assert_eq!(client_addr_mode("toa = true"), Some(ClientAddrMode::Toa));
    assert_eq!(client_addr_mode("toa = false"), None);
    for (line, complaint) in [
        ("proxy_protocol = \"v1\"\ntoa = true", "not both"),
        ("proxy_protocol = \"v3\"", "unknown variant `v3`"),
        ("protocol = \"udp\"\ntoa = true", "is no TCP service"),
    ] {
        let refused = Config::parse(&of(line), Path::new("t.toml")).unwrap_err().to_string();
        assert!(refused.contains(complaint), "{refused}");
    }
}

const CHECKED: &str = r#"
[[service]]
address = "10.0.0.1:80"
quorum = 2
hysteresis = 1
alpha = true
on_failure = "quiesce"
slow_start = "30s"
notify_down = "/bin/logger 'a b' down"
quorum_up = { command = ["/bin/up"], timeout = "5s", user = "nobody" }
sorry = { address = "10.9.0.1", forward = "masq", inhibit = true }
passive = { unanswered = 30 }
[service.check]
type = "https"
interval = "500ms"
timeout = 1.5
retry = 1
rise = 1
fall = 2
path = "/healthz"
status = [200, "301-303"]
host = "www.example"
digest = "640205b7b0fc66c1ea91c463fac6334d"
regex = { pattern = "ok", case_insensitive = true }
sni = false
[[service.server]]
address = "10.1.0.1"
forward = "masq"
[[service.server]]
address = "10.1.0.2"
forward = "masq"
on_failure = "remove"
[[service.server.check]]
type = "tcp"
port = 8080
[[service.server.check]]
type = "udp"
payload = "0a 0b"
reply = "ffx0"
[[service.server.check]]
type = "file"
path = "/run/load"
weight = -2
reverse = true
[[service.server.check]]
type = "bfd"
daemon = "bird"
bind_address = "10.1.0.254"
[[service.server]]
address = "10.1.0.3"
forward = "masq"
check = []
"#;

#[test]
fn checks_hold_for_each_server_that_has_none_of_its_own() {
    let health = &declared(CHECKED).health[0];
    assert_eq!((health.policy.quorum, health.policy.hysteresis, health.policy.alpha), (2, 1, true));
    assert_eq!(health.policy.passive.unwrap().unanswered, 30);
    let sorry = health.policy.sorry.clone().unwrap();
    assert_eq!((sorry.server.port, sorry.inhibit), (80, true));
    assert_eq!(health.policy.quorum_up.as_ref().unwrap().timeout, Some(Duration::from_secs(5)));
    let [first, second, third] = &health.servers[..] else { panic!() };
    assert_eq!((first.on_failure, second.on_failure), (OnFailure::Quiesce, OnFailure::Remove));
    assert_eq!(first.slow_start, Duration::from_secs(30));
    assert_eq!(third.notify_down.as_ref().unwrap().command, ["/bin/logger", "a b", "down"]);
    let [check] = &first.checks[..] else { panic!() };
    assert_eq!(
        (check.schedule.interval, check.schedule.timeout),
        (Duration::from_millis(500), Duration::from_millis(1500))
    );
    assert_eq!(
        (check.schedule.retry, check.schedule.rise, check.schedule.fall, check.schedule.jitter),
        (1, 1, 2, 10)
    );
    let CheckKind::Http(http) = &check.kind else { panic!() };
    assert_eq!(
        (http.host.as_deref(), http.tls.as_ref().map(|tls| tls.no_sni)),
        (Some("www.example"), Some(true))
    );
    assert_eq!(
        http.urls[0].status,
        [StatusRange { first: 200, last: 200 }, StatusRange { first: 301, last: 303 }]
    );
    assert!(http.urls[0].regex.as_ref().unwrap().case_insensitive);
    let kinds: Vec<&str> = second.checks.iter().map(|check| check.kind.name()).collect();
    assert_eq!(
        (kinds, second.checks[0].target.connect_port),
        (vec!["tcp", "udp", "file", "bfd"], Some(8080))
    );
    let CheckKind::Udp(udp) = &second.checks[1].kind else { panic!() };
    assert!(udp.require_reply && udp.expect == Reply::parse("ffx0"));
    let file = FileCheck { path: "/run/load".into(), weight: -2, reverse: true };
    assert_eq!(second.checks[2].kind, CheckKind::File(file));
    assert_eq!(second.checks[3].kind, CheckKind::Bfd(BfdSource::Bird("/run/bird/bird.ctl".into())));
    assert!(third.checks.is_empty());
    assert_eq!(declared("[[service]]\naddress = \"10.0.0.1:80\"\n").health, []);
}

#[test]
fn programs_that_cannot_be_run_here_are_noted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.toml");
    let text = "[[service]]\naddress = \"10.0.0.1:80\"\n[service.check]\ntype = \"script\"\ncommand = [\"/nowhere/x\"]\n\
                [[service.server]]\naddress = \"10.1.0.1:80\"\nforward = \"masq\"\nnotify_up = \"/bin/true\"\n";
    std::fs::write(&path, text).unwrap();
    let config = Source::new(&path).load().unwrap();
    let [note] = &config.notes[..] else { panic!("{:?}", config.notes) };
    let expected = format!(
        "{}:5:13: warning: the script check of TCP 10.0.0.1:80 -> 10.1.0.1:80: /nowhere/x: there is no such program: \
         the check is left out, and its server is up by it",
        path.display()
    );
    assert_eq!(note.to_string(), expected);
}

#[test]
fn mistakes_in_checks_are_reported_with_their_place() {
    let service = "[[service]]\naddress = \"10.0.0.1:80\"\n";
    for (body, expected_line, expected) in [
        ("[service.check]\ntype = \"htpp\"\n", 4, "did you mean `http`?"),
        (
            "[service.check]\ntype = \"tcp\"\npath = \"/\"\n",
            5,
            "`path` does not belong to a check of this type",
        ),
        ("[service.check]\ntype = \"http\"\nintervall = 2\n", 5, "did you mean `interval`?"),
        ("[service.check]\ntype = \"http\"\ninterval = 0\n", 5, "interval must be above 0"),
        ("[service.check]\ntype = \"http\"\ninterval = \"2 weeks\"\n", 5, "\"2 weeks\" is no time"),
        ("[service.check]\ntype = \"http\"\nstatus = [700]\n", 5, "a status is 100 to 599"),
        ("[service.check]\ntype = \"http\"\ndigest = \"x\"\n", 5, "32 hex digits"),
        (
            "[service.check]\ntype = \"http\"\nregex = \"a(b\"\n",
            5,
            "`a(b` is no pattern: missing closing parenthesis",
        ),
        (
            "[service.check]\ntype = \"http\"\nregex = { pattern = \"[\", negate = true }\n",
            5,
            "`[` is no pattern: missing terminating ]",
        ),
        ("[service.check]\ntype = \"script\"\n", 4, "needs a command"),
        ("[service.check]\ntype = \"file\"\nweight = 0\n", 4, "a check of a file needs its path"),
        ("[service.check]\ntype = \"bfd\"\nsocket = \"/x\"\n", 5, "say the `daemon`"),
        ("[service.check]\ntype = \"tcp\"\ndaemon = \"frr\"\n", 5, "does not belong"),
        ("[service.check]\ntype = \"udp\"\nreply = \"0g\"\n", 5, "with x for any digit"),
        ("[service.check]\ntype = \"script\"\ncommand = \"a 'b\"\n", 5, "a quote that nothing ends"),
        ("[service.check]\ntype = \"dns\"\nrecord = \"NOSUCH\"\n", 5, "no record type"),
        ("[service.check]\ninterval = 1\n", 3, "missing field `type`"),
        ("check = 3\n", 3, "expected a table or a list of tables"),
        ("quorum = 0\n", 3, "quorum must be 1 or more"),
        ("quorum = 2\nhysteresis = 2\n", 4, "hysteresis must be below quorum"),
        ("notify_up = []\n", 3, "a command names a program"),
        ("passive = { fall = 0 }\n", 3, "interval and fall must be above 0"),
    ] {
        let text = format!("{service}{body}");
        let error = Config::parse(&text, Path::new("t.toml")).expect_err(&text);
        let ConfigError::Wrong { line, what, .. } = &error else { panic!("{error}") };
        assert_eq!(*line, expected_line, "{text}\n{error}");
        assert!(what.contains(expected), "{text}\n{error}");
    }
}
