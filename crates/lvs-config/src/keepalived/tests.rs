//! Checks, notes and errors; the tables themselves are compared with keepalived's in `tests/keepalived_corpus.rs`.

use std::path::Path;
use std::time::Duration;

use super::read;
use super::surroundings::{Memory, ThisHost};
use crate::note::{Note, NoteKind};
use crate::{ConfigError, Declared};
use lvs::director::TimeoutSettings;
use lvs_health::spec::{
    BfdSource, CheckKind, FileCheck, OnFailure, Reply, ServerHealth, StatusRange, UdpCheck, programs,
};

/// Files below `/etc` of a host called node1.
fn memory(files: &[(&str, &str)]) -> Memory {
    let files = files.iter().map(|(name, text)| (Path::new("/etc").join(name), text.as_bytes().to_vec()));
    Memory {
        files: files.collect(),
        host_name: Some("node1".to_owned()),
        variables: [("SERVER".to_owned(), "10.1.0.7".to_owned())].into(),
        random: 1_000_003,
    }
}

fn parse(text: &str) -> Result<(Declared, Vec<Note>), ConfigError> {
    read(Path::new("/etc/k.conf"), &memory(&[("k.conf", text)]), None)
}

fn service(body: &str) -> String {
    format!("virtual_server 10.0.0.1 80 {{\nlb_algo rr\nprotocol TCP\n{body}\n}}\n")
}

fn checked() -> Vec<ServerHealth> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/keepalived/own/checkers.conf");
    let (declared, _) = read(&path, &ThisHost, None).unwrap();
    let [health] = &declared.health[..] else { panic!() };
    assert_eq!((health.policy.quorum, health.policy.hysteresis), (2, 1));
    let up = health.policy.quorum_up.clone().unwrap();
    assert_eq!((up.command, up.user), (vec!["/bin/echo".to_owned(), "up".to_owned()], None));
    assert_eq!(health.policy.quorum_down.as_ref().unwrap().user.as_deref(), Some("root"));
    health.servers.clone()
}

#[test]
fn times_come_from_the_check_the_server_or_the_service() {
    let servers = checked();
    let [plain, own] = &servers[0].checks[..] else { panic!() };
    assert_eq!(plain.kind, CheckKind::Tcp);
    let millis = |check: &lvs_health::spec::Check| {
        let schedule = &check.schedule;
        let warmup = schedule.warmup.map(|warmup| warmup.as_millis());
        let times = [schedule.interval, schedule.timeout, schedule.delay_before_retry];
        (times.map(|time| time.as_millis()), schedule.retry, warmup)
    };
    assert_eq!(millis(plain), ([6000, 9000, 2500], 4, Some(30_000)));
    assert_eq!(millis(own), ([3000, 1500, 1000], 0, Some(0)));
    assert_eq!((plain.schedule.rise, plain.schedule.fall), (1, 1));
    assert!(own.log_all_failures && !plain.log_all_failures);
    assert_eq!(own.target.connect_ip, Some("10.1.9.9".parse().unwrap()));
    assert_eq!((own.target.connect_port, own.target.bind_port), (Some(8081), Some(4000)));
    assert_eq!((own.target.bind_interface.as_deref(), own.target.fwmark), (Some("d0"), Some(7)));
    assert_eq!(servers[0].notify_up.as_ref().unwrap().command, ["/bin/echo", "a b", "c"]);
    assert_eq!(servers[0].notify_down.as_ref().unwrap().command, ["/bin/false"]);
}

#[test]
fn http_checks_say_urls_hosts_and_tls() {
    let servers = checked();
    // The last one has no url, and is no check.
    let [plain, named, nameless] = &servers[1].checks[..] else { panic!("{:?}", servers[1].checks) };
    let CheckKind::Http(http) = &plain.kind else { panic!() };
    let [first, second] = &http.urls[..] else { panic!() };
    assert_eq!(http.host.as_deref(), Some("check.example"));
    assert_eq!((plain.schedule.retry, plain.schedule.interval), (5, Duration::from_secs(20)));
    assert_eq!(first.digest.map(|digest| digest[0]), Some(0x64));
    let ranges = [StatusRange { first: 200, last: 200 }, StatusRange { first: 301, last: 303 }];
    assert_eq!(first.status, ranges);
    let regex = second.regex.clone().unwrap();
    assert_eq!((second.path.as_str(), second.host.as_deref()), ("/b c", Some("url.example")));
    assert_eq!((regex.pattern.as_str(), regex.min_offset, regex.max_offset), ("ok\\d+", 3, Some(10)));
    assert!(regex.case_insensitive && regex.dot_matches_new_line && regex.negate && !regex.multi_line);
    let sni = |check: &lvs_health::spec::Check| match &check.kind {
        CheckKind::Http(http) => (http.tls.as_ref().map(|tls| (tls.no_sni, tls.verify)), http.host.clone()),
        _ => panic!(),
    };
    assert_eq!(sni(named), (Some((false, false)), Some("rs.example".to_owned())));
    assert_eq!(sni(nameless).0, Some((true, false)));
    assert_eq!(nameless.target.connect_port, Some(444));
}

#[test]
fn the_other_checks_say_what_they_ask() {
    let servers = checked();
    let kinds: Vec<&str> = servers[2].checks.iter().map(|check| check.kind.name()).collect();
    assert_eq!(kinds, ["ping", "dns", "dns", "udp", "udp", "smtp", "smtp", "smtp", "smtp", "script"]);
    let [_, dns, root, udp, plain_udp, smtp, other, own, host, script] = &servers[2].checks[..] else {
        panic!()
    };
    let CheckKind::Dns(named) = &dns.kind else { panic!() };
    assert_eq!((named.name.as_str(), named.record_type), ("example.com", 1));
    let CheckKind::Dns(unnamed) = &root.kind else { panic!() };
    assert_eq!((unnamed.name.as_str(), unnamed.record_type), (".", 6));
    let expected = UdpCheck {
        payload: vec![0x0a, 0x0b, 0x0c],
        require_reply: true,
        min_reply_len: Some(2),
        max_reply_len: Some(20),
        expect: Reply::parse("ff00"),
    };
    assert_eq!(udp.kind, CheckKind::Udp(expected));
    let payload = b"keepalived check - keepalived ch".to_vec();
    assert_eq!(plain_udp.kind, CheckKind::Udp(UdpCheck { payload, ..UdpCheck::default() }));
    assert_eq!(smtp.target.connect_port, Some(2525));
    assert_eq!(other.target.connect_ip, Some("10.1.0.33".parse().unwrap()));
    // An address or a time of its own makes the check one beside its hosts.
    assert_eq!((own.schedule.timeout, own.target.connect_ip), (Duration::from_secs(4), None));
    assert_eq!(
        (host.schedule.timeout, host.target.connect_ip),
        (Duration::from_secs(9), Some("10.1.0.34".parse().unwrap()))
    );
    let CheckKind::Script(misc) = &script.kind else { panic!() };
    assert_eq!(misc.script.command, ["/bin/echo", "one", "two three"]);
    assert_eq!((misc.script.user.as_deref(), misc.script.group.as_deref()), (Some("root"), Some("root")));
    assert!(misc.dynamic && script.schedule.timeout == Duration::from_secs(8));
}

#[test]
fn defaults_are_those_of_keepalived() {
    let body = "real_server 10.1.0.1 80 {\n TCP_CHECK {\n }\n DNS_CHECK {\n }\n MISC_CHECK {\n misc_path /bin/x\n }\n HTTP_GET {\n url {\n path /\n }\n }\n }";
    let (declared, _) = parse(&service(body)).unwrap();
    let checks = &declared.health[0].servers[0].checks;
    let seen: Vec<_> = checks
        .iter()
        .map(|check| {
            (
                check.schedule.retry,
                check.schedule.delay_before_retry.as_secs(),
                check.schedule.timeout.as_secs(),
            )
        })
        .collect();
    assert_eq!(seen, [(1, 1, 5), (3, 60, 5), (0, 1, 60), (1, 3, 5)]);
    assert!(checks.iter().all(|check| check.schedule.interval == Duration::from_secs(60)));
}

#[test]
fn alpha_and_inhibition_are_settled_for_each_server() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/keepalived/own/alpha.conf");
    let (declared, _) = read(&path, &ThisHost, None).unwrap();
    let [first, second] = &declared.health[..] else { panic!() };
    assert!(first.policy.omega && !first.policy.alpha);
    let alphas: Vec<bool> =
        first.servers.iter().flat_map(|server| &server.checks).map(|check| check.alpha).collect();
    assert_eq!(alphas, [true, false, true, false]);
    let failures: Vec<OnFailure> = second.servers.iter().map(|server| server.on_failure).collect();
    assert_eq!(failures, [OnFailure::Quiesce, OnFailure::Remove, OnFailure::Quiesce]);
    let body = "alpha\nreal_server 10.1.0.1 80 {\nTCP_CHECK {\n}\n}";
    let (all, _) = parse(&service(body)).unwrap();
    assert!(all.health[0].policy.alpha && !all.health[0].servers[0].checks[0].alpha);
}

#[test]
fn a_check_keeps_the_port_that_was_said_of_the_server() {
    let text = "virtual_server fwmark 3 {\nlb_algo rr\nlb_kind DR\nreal_server 10.1.0.1 8080 {\nTCP_CHECK {\n}\n}\n}\n";
    let (declared, _) = parse(text).unwrap();
    assert_eq!(declared.services[0].servers[0].port, 0);
    assert_eq!(declared.health[0].servers[0].checks[0].target.connect_port, Some(8080));
}

#[test]
fn global_definitions_give_timeouts_and_the_user_of_scripts() {
    let text = format!(
        "global_defs {{\nlvs_timeouts tcp 10 udp 30 x\nscript_user nobody nogroup\nchecker_log_all_failures\n}}\n{}",
        service("real_server 10.1.0.1 80 {\nnotify_up /bin/x\nTCP_CHECK {\n}\n}")
    );
    let (declared, notes) = parse(&text).unwrap();
    assert_eq!(declared.timeouts, Some(TimeoutSettings { tcp: 10, tcp_fin: 0, udp: 30 }));
    let server = &declared.health[0].servers[0];
    let script = server.notify_up.clone().unwrap();
    assert_eq!((script.user.as_deref(), script.group.as_deref()), (Some("nobody"), Some("nogroup")));
    assert!(server.checks[0].log_all_failures);
    assert_eq!(
        notes[0].to_string(),
        "/etc/k.conf:2:28: warning: `x` is no timeout: ignored, expected tcp, tcpfin or udp"
    );
}

#[test]
fn a_quorum_of_0_is_1_whatever_was_said_before() {
    let text = service("quorum 3\nquorum 0\nreal_server 10.1.0.1 80 {\nweight 5\nTCP_CHECK {\n}\n}");
    assert_eq!(parse(&text).unwrap().0.health[0].policy.quorum, 1);
}

#[test]
fn arguments_of_scripts_lose_their_escapes_once() {
    let command = |said: &str| {
        let body = format!("real_server 10.1.0.1 80 {{\n MISC_CHECK {{\n misc_path {said}\n }}\n}}");
        match &parse(&service(&body)).unwrap().0.health[0].servers[0].checks[0].kind {
            CheckKind::Script(check) => check.script.command.clone(),
            other => panic!("{other:?}"),
        }
    };
    // The example of keepalived.conf(5).
    let said = r#""/x/notify_event.sh ' spaces\\x20f\x69le ' '\"s p a c e \"' SG1.low master""#;
    let expected = ["/x/notify_event.sh", r" spaces\x20file ", "\"s p a c e \"", "SG1.low", "master"];
    assert_eq!(command(said), expected);
    assert_eq!(
        command(r#""/bin/x ' spaces\x20file ' a\ b \"c\"""#),
        ["/bin/x", " spaces file ", "a b", "\"c\""]
    );
    assert_eq!(command(r#""/bin/x \\x41""#), ["/bin/x", r"\x41"]);
}

#[test]
fn programs_that_cannot_be_run_here_are_noted_where_they_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("k.conf");
    let server = |last: u8| {
        format!(
            "real_server 10.1.0.{last} 80 {{\n notify_up \"/bin/true up\"\n MISC_CHECK {{\n misc_path /nowhere/x\n }}\n}}"
        )
    };
    let text = format!("{}\n{}\nquorum_up \"/bin/true\" no-such-user", server(1), server(2));
    std::fs::write(&path, service(&text)).unwrap();
    let (declared, notes) = super::load(&path, None).unwrap();
    assert_eq!(declared.health[0].servers[1].checks.len(), 1, "the check is declared all the same");
    let said = |what: &str| {
        let found = notes.iter().filter(|note| note.kind == NoteKind::Mistake && note.what.contains(what));
        found.map(|note| (note.place.line, note.place.column)).collect::<Vec<_>>()
    };
    let left_out = "/nowhere/x: there is no such program: the check is left out, and its server is up by it";
    assert_eq!(said(left_out), [(7, 2), (13, 2)]);
    assert_eq!(
        said("quorum_up of TCP 10.0.0.1:80: there is no user `no-such-user`: it will not be run"),
        [(16, 1)]
    );
    assert_eq!(said("notify_up"), []);
}

#[test]
fn files_and_sessions_are_checked_by_their_names() {
    let text = format!(
        "track_file load {{\nfile /run/load\nweight -2\n}}\ntrack_file on {{\nfile \"/run/o n\"\nweight 0 reverse\n}}\n\
         bfd_instance rs1 {{\nneighbor_ip 10.1.0.1\nsource_ip 10.1.0.254\nmin_rx 100\n}}\n{}",
        service(
            "real_server 10.1.0.1 80 {\nFILE_CHECK {\ntrack_file load\n}\nFILE_CHECK {\ntrack_file on\n}\n\
             FILE_CHECK {\ntrack_file on\nweight 3\n}\nBFD_CHECK {\nname rs1\nalpha\n}\n}"
        )
    );
    let (declared, notes) = parse(&text).unwrap();
    assert!(!notes.iter().any(|note| note.what.contains("ignored")), "{notes:#?}");
    let checks = &declared.health[0].servers[0].checks;
    let file =
        |path: &str, weight, reverse| CheckKind::File(FileCheck { path: path.into(), weight, reverse });
    let kinds: Vec<&CheckKind> = checks.iter().map(|check| &check.kind).collect();
    let expected = [
        file("/run/load", -2, false),
        file("/run/o n", 0, true),
        file("/run/o n", 3, false),
        CheckKind::Bfd(BfdSource::Any),
    ];
    assert_eq!(kinds, expected.iter().collect::<Vec<_>>());
    let session = &checks[3];
    assert_eq!(session.target.connect_ip, Some("10.1.0.1".parse().unwrap()));
    assert_eq!((session.target.bind_ip, session.alpha), (Some("10.1.0.254".parse().unwrap()), true));
    assert_eq!((session.schedule.warmup, session.schedule.retry), (Some(Duration::ZERO), 0));
}

#[test]
fn a_name_for_sni_and_options_of_patterns_are_taken() {
    let body = "real_server 10.1.0.1 443 {\n SSL_GET {\n sni_name a.example\n url {\n path /\n regex \"(?<=o)k\"\n \
                regex_options ungreedy utf no_auto_possess firstline\n }\n }\n SSL_GET {\n sni_name\n url {\n path /\n }\n }\n}";
    let (declared, notes) = parse(&service(body)).unwrap();
    let https = |check: usize| match &declared.health[0].servers[0].checks[check].kind {
        CheckKind::Http(http) => (http.tls.clone().unwrap(), http.urls[0].regex.clone()),
        other => panic!("{other:?}"),
    };
    let (tls, regex) = https(0);
    assert_eq!((tls.server_name.as_deref(), tls.no_sni), (Some("a.example"), false));
    assert_eq!(regex.unwrap().pattern, "(*UTF)(?U)(?<=o)k");
    assert_eq!((https(1).0.server_name, https(1).0.no_sni), (None, false));
    let said: Vec<&str> =
        notes.iter().map(|note| note.what.as_str()).filter(|what| what.contains("option")).collect();
    assert_eq!(said, ["the regex option `firstline` is not there: ignored"]);
}

#[test]
fn replies_have_wildcards_and_lengths_where_bytes_are_said() {
    let udp = |lines: &str| {
        let body = format!("real_server 10.1.0.1 80 {{\n UDP_CHECK {{\n{lines}\n }}\n}}");
        let (declared, notes) = parse(&service(&body)).unwrap();
        match &declared.health[0].servers[0].checks[0].kind {
            CheckKind::Udp(udp) => (udp.clone(), notes),
            other => panic!("{other:?}"),
        }
    };
    let (vague, notes) = udp("require_reply 6f xX 1");
    assert_eq!((vague.expect, vague.max_reply_len), (Reply::parse("6fxx01"), Some(255)));
    assert!(!notes.iter().any(|note| note.what.contains("reply")), "{notes:?}");
    let (any, notes) = udp("require_reply\nmin_reply_length 3");
    assert_eq!((any.expect, any.min_reply_len, any.max_reply_len), (None, None, None));
    assert!(notes.iter().any(|note| note.what.contains("where bytes of it are said")), "{notes:?}");
}

#[test]
fn a_pattern_that_is_none_is_noted_and_not_looked_for() {
    let url = |regex: &str| {
        format!("real_server 10.1.0.1 80 {{\n HTTP_GET {{\n url {{\n path /\n{regex}\n}}\n}}\n}}")
    };
    let text = service(&url("regex \"(a\""));
    let (declared, notes) = parse(&text).unwrap();
    let expected = "/etc/k.conf:8:7: warning: `(a` is no pattern (missing closing parenthesis): the body is not looked at";
    assert!(notes.iter().any(|note| note.to_string() == expected), "{notes:#?}");
    let CheckKind::Http(http) = &declared.health[0].servers[0].checks[0].kind else { panic!("{declared:?}") };
    assert_eq!(http.urls[0].regex, None);
}

#[test]
fn mistakes_are_noted_at_their_places() {
    for (body, place, expected) in [
        ("  protocoll TCP", "4:3", "unknown keyword `protocoll`: ignored, did you mean `protocol`?"),
        ("lb_algo rrr", "4:9", "no scheduler called `rrr`: ignored, did you mean `rr`?"),
        ("lb_kind FNAT", "4:9", "no forwarding method called `FNAT`"),
        ("lb_kind TUN type x", "4:18", "the type of a tunnel is ipip, gue or gre"),
        ("quorum x", "4:8", "`x` is no number from 1 to 4294967295: taken as 1"),
        ("quorum 0", "4:8", "`0` is no number from 1 to 4294967295: taken as 1"),
        ("weight 3x", "4:8", "`3x` is no number: taken as 3"),
        ("delay_loop abc", "4:12", "`abc` is no time in seconds: `delay_loop` ignored"),
        ("persistence_granularity 255.0.255.0", "4:25", "is no usual netmask"),
        ("mh-port", "4:1", "`mh-port` without its scheduler"),
        ("sorry_server_inhibit", "4:1", "without a sorry_server"),
        (
            "real_server 10.1.0.2 80 {\n  TCP_CHECK {\n    conect_port 3\n  }\n}",
            "6:5",
            "did you mean `connect_port`?",
        ),
        ("real_server 10.1.0.2 80 {\n FILE_CHECK {\n }\n}", "5:2", "`FILE_CHECK` without a track_file"),
        ("real_server 10.1.0.2 80 {\n FILE_CHECK {\n track_file x\n }\n}", "6:13", "no track_file `x`"),
        ("real_server 10.1.0.2 80 {\n BFD_CHECK {\n }\n}", "5:2", "`BFD_CHECK` without a name"),
        ("real_server 10.1.0.2 80 {\n BFD_CHECK {\n name x\n }\n}", "6:7", "no bfd_instance `x`"),
        ("real_server 10.1.0.2 80 {\n HTTP_GET {\n url {\n }\n }\n}", "6:2", "`url` without a path"),
        ("real_server 10.1.0.2 80 {\n DNS_CHECK {\n type NOSUCH\n }\n}", "6:7", "no record type `NOSUCH`"),
        ("real_server 10.1.0.2 80 {\n UDP_CHECK {\n require_reply 0g\n }\n}", "6:16", "bytes in hex"),
        ("real_server 10.1.0.2 80 {\n UDP_CHECK {\n payload 0x\n }\n}", "6:10", "bytes in hex"),
        ("real_server 10.1.0.2 80 {\n inhibit_on_failure maybe\n}", "5:21", "`maybe` is neither on nor off"),
        ("real_server 10.1.0.2 80 {\n notify_up \"a'b\"\n}", "5:2", "names no command"),
        ("weight ${_RANDOM a}", "4:1", "`${_RANDOM}` wants up to two numbers"),
        ("weight ${_ENV}", "4:1", "write ${_ENV NAME}"),
        ("include nosuch", "4:1", "no file matches `nosuch`"),
        ("a \"b", "4:1", "a quote that nothing ends"),
    ] {
        let text = service(&format!("{body}\nreal_server 10.1.0.1 80 {{\n}}"));
        let (_, notes) = parse(&text).expect(&text);
        let place = format!("/etc/k.conf:{place}: warning: ");
        let found = notes.iter().any(|note| {
            note.kind == NoteKind::Mistake
                && note.to_string().starts_with(&place)
                && note.what.contains(expected)
        });
        assert!(found, "{body}: {expected}\n{notes:#?}");
    }
}

/// Whatever makes a service or a server vanish says so, with the line that does it.
#[test]
fn what_costs_a_service_or_a_server_is_an_error() {
    let services = |text: &str| {
        let (declared, notes) = parse(text).expect(text);
        let servers = declared.services.iter().map(|service| service.servers.len()).sum::<usize>();
        let lost: Vec<String> =
            notes.iter().filter(|note| note.kind == NoteKind::Lost).map(Note::to_string).collect();
        ((declared.services.len(), servers), lost)
    };
    let server = "real_server 10.1.0.1 80 {\n}";
    let whole = service(server);
    for (text, left, expected) in [
        (
            service(&format!("future {{\n x 1\n}}\n{server}")),
            (0, 0),
            vec![
                "1:1: error: no real servers: virtual_server ignored",
                "4:8: error: a `{` that belongs to nothing: its `}` ends the `virtual_server` of line 1, and what follows is lost",
                "7:1: error: `real_server` stands in the file: lost, a `}` is missing before it, or is one too many",
            ],
        ),
        (
            service(&format!("weight ${{NOSUCH}}\n{server}")),
            (0, 0),
            vec![
                "1:1: error: no real servers",
                "4:9: error: a `{` that belongs to nothing",
                "5:1: error: `real_server` stands in the file",
            ],
        ),
        (
            service("real_server 10.1.0.1 80 {\n TCP_CHECK {\n }\n }\n}\nreal_server 10.1.0.2 80 {\n}"),
            (1, 1),
            vec!["9:1: error: `real_server` stands in the file"],
        ),
        (
            format!("virtual_sever 10.0.0.9 80 {{\n{server}\n}}\n{whole}"),
            (1, 1),
            vec!["2:1: error: `real_server` stands in the file"],
        ),
        (
            format!("vrrp_instance V {{\n authentication {{\n}}\n{whole}"),
            (0, 0),
            vec!["4:1: error: `virtual_server` stands in the `vrrp_instance` of line 1: lost"],
        ),
        (
            format!("virtual_server_group g {{\n 10.0.0.1 80\n{whole}"),
            (0, 0),
            vec!["3:1: error: `virtual_server` stands in the `virtual_server_group` of line 1: lost"],
        ),
        (
            format!("virtual_server 10.0.0.1 80 {{\nprotocol TCP\n{server}\n{whole}"),
            (1, 1),
            vec![
                "5:1: error: `virtual_server` stands in the `virtual_server` of line 1: lost",
                "5:28: error: a `{` that belongs to nothing",
            ],
        ),
        (
            service("real_server www 80 {\n}"),
            (0, 0),
            vec!["1:1: error: no real servers", "4:13: error: `www` is no address: `real_server` skipped"],
        ),
        (
            format!("virtual_server 10.0.0.x 80 {{\n{server}\n}}\n{whole}"),
            (1, 1),
            vec!["1:16: error: `10.0.0.x` is no address: `virtual_server` skipped"],
        ),
        (format!("virtual_server fwmark 0 {{\n{server}\n}}\n{whole}"), (1, 1), vec!["1:23: error: mark 0"]),
        (
            format!("virtual_server group g {{\n{server}\n}}\n{whole}"),
            (1, 1),
            vec!["1:1: error: there is no group `g`: virtual_server ignored"],
        ),
        (
            service(&format!("{server}\nreal_server fd00::1 80 {{\n}}")),
            (1, 1),
            vec!["6:1: error: fd00::1 is of another family than its service"],
        ),
        (format!("~SEQ(1) {server}\n{whole}"), (1, 1), vec!["1:1: error: `~SEQ(1) real_server"]),
        (format!("real_server 10.1.0.1 80\0 {{\n{whole}"), (1, 1), vec!["1:1: error: a line with a NUL"]),
    ] {
        let (found, lost) = services(&text);
        assert_eq!(found, left, "{text}\n{lost:#?}");
        assert_eq!(lost.len(), expected.len(), "{text}\n{lost:#?}");
        for (line, expected) in lost.iter().zip(expected) {
            assert!(line.starts_with(&format!("/etc/k.conf:{expected}")), "{text}\n{line}\n{expected}");
        }
    }
}

#[test]
fn what_a_name_without_definition_does_is_said() {
    let (_, notes) = parse("virtual_server 10.0.0.1 ${PORT} {\n}\n").unwrap();
    let notes: Vec<String> = notes.iter().map(Note::to_string).collect();
    assert!(
        notes.contains(
            &"/etc/k.conf:1:25: warning: `${PORT}` is defined nowhere: its `{` begins a block".to_owned()
        ),
        "{notes:#?}"
    );
}

#[test]
fn random_numbers_and_the_environment_are_put_in() {
    let text = service(
        "lb_kind NAT\nreal_server ${_ENV SERVER} ${_RANDOM 80 80} {\n weight ${_RANDOM 1 9}\n TCP_CHECK {\n }\n}",
    );
    let (declared, notes) = parse(&text).unwrap();
    let [service] = &declared.services[..] else { panic!("{notes:#?}") };
    let [server] = &service.servers[..] else { panic!("{notes:#?}") };
    assert_eq!((server.addr.to_string().as_str(), server.port), ("10.1.0.7", 80));
    assert_eq!(server.weight, 1 + 1_000_003 % 9);
    assert!(notes.iter().all(|note| note.kind == NoteKind::Skipped), "{notes:#?}");
}

/// As `keepalived -i` would say it by default.
#[test]
fn conditions_without_an_instance_are_those_of_the_hosts_name() {
    let text = "@node1 virtual_server 10.0.0.1 80 {\n@^node1 virtual_server 10.0.0.2 80 {\nprotocol TCP\nreal_server 10.1.0.1 80 {\n}\n}\n";
    let (declared, _) = parse(text).unwrap();
    assert_eq!(declared.services[0].spec.key.to_string(), "TCP 10.0.0.1:80");
    let other = read(Path::new("/etc/k.conf"), &memory(&[("k.conf", text)]), Some("node2")).unwrap().0;
    assert_eq!(other.services[0].spec.key.to_string(), "TCP 10.0.0.2:80");
}

#[test]
fn keywords_of_newer_versions_are_skipped_and_not_unknown() {
    let globals = "use_symlink_paths v3_checksum_as_v2 snmp_vs_stats_update_interval snmp_rs_stats_update_interval \
        dbus_no_interface_name json_version state_dump_file stats_dump_file json_dump_file iproute_usr_dir \
        iproute_etc_dir vrrp_delay_after_boot vrrp_owner_ignore_adverts";
    let globals: Vec<&str> = globals.split_whitespace().collect();
    let lines: String = globals.iter().map(|keyword| format!(" {keyword} 1\n")).collect();
    let checks = "real_server 10.1.0.1 443 {\n SSL_GET {\n tls_compliant\n url {\n path /\n tls_compliant on\n }\n }\n}";
    let text = format!("global_defs {{\n{lines}}}\nbfd_instance b {{\n multihop\n}}\n{}", service(checks));
    let (declared, mut notes) = parse(&text).unwrap();
    assert_eq!(declared.health[0].servers[0].checks.len(), 1);
    assert!(notes.iter().all(|note| !note.what.contains("unknown")), "{notes:#?}");
    notes.retain(|note| note.kind == NoteKind::Skipped);
    // Each global one, and both of the check; a BFD instance is taken.
    assert_eq!(notes.len(), globals.len() + 2, "{notes:#?}");
}

#[test]
fn three_hundred_services_of_a_hundred_servers_are_read() {
    let server = "$RS=real_server 10.1.${I}.${J} 80 { \\\n weight 3 \\\n TCP_CHECK { \\\n connect_timeout 3 \\\n delay_before_retry 2 \\\n } \\\n }\n\n";
    let service = "$VS=virtual_server 10.${K}.${I}.1 80 { \\\n protocol TCP \\\n lb_algo rr \\\n lb_kind NAT \\\n ~SEQ(J, 1, 100) $RS \\\n }\n\n";
    let (declared, notes) = parse(&format!("{server}{service}~SEQ(K, 0, 1) ~SEQ(I, 0, 149) $VS\n")).unwrap();
    assert_eq!(declared.services.len(), 300, "{notes:#?}");
    assert!(declared.services.iter().all(|service| service.servers.len() == 100));
    assert_eq!(declared.health.iter().map(|health| health.servers.len()).sum::<usize>(), 30_000);
}

#[test]
fn the_first_service_of_a_group_tells_what_all_of_them_find() {
    let text = "virtual_server_group g {\n 10.9.0.1-3 80\n fwmark 7\n}
virtual_server group g {\n protocol TCP\n quorum_up /bin/up\n quorum_down /bin/down\n real_server 10.1.0.1 80 {
notify_up /bin/up\n notify_down /bin/down\n TCP_CHECK {\n }\n}\n}
virtual_server 10.9.0.9 80 {\n protocol TCP\n quorum_up /bin/up\n real_server 10.1.0.1 80 {\n }\n}";
    let (declared, _) = parse(text).unwrap();
    let tells: Vec<_> = declared
        .health
        .iter()
        .map(|health| (health.servers.len(), programs(std::slice::from_ref(health)).count()))
        .collect();
    assert_eq!(tells, [(1, 4), (1, 0), (1, 0), (1, 0), (1, 1)]);
}

#[test]
fn what_belongs_to_vrrp_is_skipped_with_a_note() {
    let text = format!(
        "vrrp_instance V {{\n state MASTER\n x {{ }}\n}}\nglobal_defs {{\n vrrp_strict\n}}\n{}",
        service("smtp_alert\nreal_server 10.1.0.1 80 {\n}")
    );
    let (declared, notes) = parse(&text).unwrap();
    assert_eq!(declared.services.len(), 1);
    let skipped: Vec<String> =
        notes.iter().filter(|note| note.kind == NoteKind::Skipped).map(Note::to_string).collect();
    assert_eq!(skipped.len(), 3, "{notes:#?}");
    assert_eq!(skipped[0], "/etc/k.conf:1:1: skipped: `vrrp_instance` is VRRP's, not a director's");
    assert!(skipped[1].contains(":6:2: ") && skipped[2].contains(":11:1: "), "{skipped:?}");
}

#[test]
fn what_ends_keepalived_is_an_error_with_its_place() {
    for (text, expected) in [
        (service("  lb_algo"), "/etc/k.conf:4:3: `lb_algo` needs a value"),
        (service("real_server 10.1.0.1 80 {\n\tweight\n}"), "/etc/k.conf:5:2: `weight` needs a value"),
        ("virtual_server {\n}\n".to_owned(), "/etc/k.conf:1:1: `virtual_server` needs a value"),
        ("virtual_server group {\n}\n".to_owned(), "/etc/k.conf:1:1: `virtual_server` needs another value"),
        ("\nincludem nosuch\n".to_owned(), "/etc/k.conf:2:1: no file matches `nosuch`"),
        ("includea nosuch*\n".to_owned(), "/etc/k.conf:1:1: no file matches `nosuch*`"),
        ("include k.conf\n".to_owned(), "/etc/k.conf:1:1: files include each other without end"),
        ("$A=x\\\n$A\n$A\n".to_owned(), "/etc/k.conf:3:1: "),
        ("~SEQ(a, 1, 9999999) x\n".to_owned(), "/etc/k.conf:1:1: more than 1000000 lines"),
        ("virtual_server_group g {\n 10.0.0.0/8 80\n}\nvirtual_server group g {\nprotocol TCP\nreal_server 10.1.0.1 80 {\n}\n}\n".to_owned(), "/etc/k.conf:4:1: more than 65536 services"),
    ] {
        let error = parse(&text).expect_err(&text).to_string();
        assert!(error.starts_with(expected), "{text}\n{error}");
    }
    let missing = read(Path::new("/etc/none"), &memory(&[]), None).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read the configuration /etc/none: "), "{missing}");
}

#[test]
fn the_place_in_an_included_file_is_that_files() {
    let memory = memory(&[
        ("k.conf", "$P=81\ninclude d/*.conf\n"),
        ("d/a.conf", "virtual_server 10.0.0.1 $P {\n  protocol TCP\n  include rs\n}\n"),
        ("d/rs", "real_server 10.1.0.1 80 {\n    wait 3\n}\n"),
    ]);
    let (declared, notes) = read(Path::new("/etc/k.conf"), &memory, None).unwrap();
    assert_eq!(declared.services[0].spec.key.to_string(), "TCP 10.0.0.1:81");
    let notes: Vec<String> = notes.iter().map(Note::to_string).collect();
    assert!(
        notes.contains(&"/etc/d/rs:2:5: warning: unknown keyword `wait`: ignored".to_owned()),
        "{notes:#?}"
    );
}

/// Lines of keywords, values and signs in any order: whatever comes is read or refused, and what is read can be
/// declared.
#[test]
fn nonsense_is_read_or_refused() {
    let pieces = "virtual_server 10.0.0.1 80 { } group g fwmark 7 virtual_server_group real_server 10.1.0.1 fd00::1 \
        TCP_CHECK HTTP_GET url path / weight 3 persistence_timeout lb_kind TUN type gue port protocol UDP lb_algo sh \
        $A $A= ${A} ~SEQ(x, 1, 3) $x @id @^id include k.conf \" \\ # ! quorum alpha sorry_server notify_up 10.0.0.0/30";
    let pieces: Vec<&str> = pieces.split_whitespace().collect();
    proptest::proptest!(|(choices in proptest::collection::vec((0..pieces.len(), 0..4_u8), 0..60))| {
        let mut text = String::new();
        for (choice, gap) in choices {
            text.push_str(pieces[choice]);
            text.push_str([" ", " ", "\n", "\\\n"][usize::from(gap)]);
        }
        if let Ok((declared, _)) = parse(&text) {
            let director = lvs::director::Director::new(lvs::director::Settings::default());
            for command in declared.commands() {
                director.apply(&command, lvs::Time::ZERO).unwrap();
            }
        }
    });
}
