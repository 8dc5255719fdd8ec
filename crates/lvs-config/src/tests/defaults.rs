//! The defaults that the manual page names are those of the code: written out, they mean the same as left out.

use std::time::Duration;

use toml::Value;

use super::keys::section;
use super::parse;
use crate::DirectorOptions;
use lvs::Time;
use lvs::director::{Director, Query, Reply, Settings};

/// The keys under a heading that have a value of their own as default: key, default as a configuration has it, and what the
/// page says of the key.
fn defaults(heading: &str) -> Vec<(&'static str, Value, &'static str)> {
    let section = section(heading);
    let entries = section.split("\n.TP\n.BR ").skip(1).chain(section.strip_prefix(".TP\n.BR "));
    let read = |entry: &'static str| {
        let (first, explained) = entry.split_once('\n')?;
        let (key, what) = first.strip_suffix('"')?.split_once(" \" = ")?;
        let said = what.split_once("; default ")?.1.replace("\\(dq", "\"").replace("\\-", "-");
        let table: toml::Table = toml::from_str(&format!("said = {said}")).ok()?;
        Some((key, table["said"].clone(), explained))
    };
    entries.filter_map(read).collect()
}

const CHECKED: &str = "[[service]]\naddress = \"10.0.0.1:80\"\n[service.persistence]\n[[service.server]]\n\
                       address = \"10.1.0.1:80\"\nforward = \"masq\"\n";

/// Says the defaults under a heading one by one below `before`, and returns how many there are.
fn say(heading: &str, before: &str, skipped: &[&str]) -> usize {
    let said = defaults(heading).into_iter().filter(|(key, ..)| !skipped.contains(key));
    let said: Vec<_> = said.collect();
    for (key, value, _) in &said {
        let line = format!("{before}{key} = {value}\n");
        assert_eq!(parse(&line), parse(before), "man/tunvs.toml.5, {heading}: {line}");
    }
    said.len()
}

#[test]
fn services_and_servers_have_the_defaults_of_the_page() {
    let end = "[[service.server]]\naddress = \"10.1.0.1:80\"\nforward = \"masq\"\n";
    let bare = "[[service]]\naddress = \"10.0.0.1:80\"\n";
    let checked = format!("{bare}check = {{ type = \"tcp\" }}\n");
    assert_eq!(say("[[service]]", &checked, &["family"]), 13);
    assert_eq!(defaults("[[service]]")[1].1, Value::from("ipv4"));
    assert_eq!(parse("[[service]]\nmark = 1\n"), parse("[[service]]\nmark = 1\nfamily = \"ipv4\"\n"));
    assert_eq!(say("[service.persistence]", &format!("{bare}[service.persistence]\n"), &[]), 2);
    assert_eq!(say("[[service.server]]", &format!("{bare}{end}"), &[]), 3);
    let found = format!("{bare}[[service.discover]]\ndns = \"web.example\"\nforward = \"masq\"\n");
    assert_eq!(say("[[service.discover]]", &found, &[]), 7);
    let tunnel = format!("{}[service.server.tunnel]\n", format!("{bare}{end}").replace("masq", "tunnel"));
    assert_eq!(say("[service.server.tunnel]", &tunnel, &[]), 2);
    let sorry = format!("{checked}[service.sorry]\naddress = \"10.1.0.9:80\"\nforward = \"masq\"\n");
    assert_eq!(say("[service.sorry]", &sorry, &[]), 1);
    assert_eq!(say("[service.passive]", &format!("{checked}[service.passive]\n"), &[]), 6);
}

#[test]
fn checks_have_the_defaults_of_the_page() {
    let types =
        ["tcp", "http", "https", "dns", "udp", "ping", "smtp", "grpc", "grpcs", "script", "file", "bfd"];
    let mut said = 0;
    // No list of statuses stands for the usual one, which the probe knows.
    let checks = defaults("[[service.check]]").into_iter().filter(|(key, ..)| *key != "status");
    for (key, value, explained) in checks {
        // What belongs to some types only names them first.
        let only = explained.split_once(": ").map_or("tcp", |(only, _)| only);
        for kind in only.split(", ").map(|kind| if types.contains(&kind) { kind } else { "tcp" }) {
            let more = match kind {
                "script" => "command = \"/bin/true\"\n",
                "file" => "path = \"/run/number\"\n",
                // Without anything to expect there is no request to compare.
                "http" | "https" => "regex = \"a\"\n",
                _ => "",
            };
            let before = format!("{CHECKED}[[service.server.check]]\ntype = \"{kind}\"\n{more}");
            let line = format!("{before}{key} = {value}\n");
            assert_eq!(parse(&line), parse(&before), "man/tunvs.toml.5, [[service.check]]: {line}");
        }
        said += 1;
    }
    assert_eq!(said, 22);
    let http = format!("{CHECKED}[[service.server.check]]\ntype = \"http\"\n");
    let regex = format!("{http}[service.server.check.regex]\npattern = \"a\"\n");
    assert_eq!(say("[service.check.regex]", &regex, &[]), 6);
}

#[test]
fn a_command_has_the_time_that_the_page_gives_it() {
    let [(key, value, _), (security, off, _)] = defaults("Commands").try_into().unwrap();
    assert_eq!((key, value.as_integer()), ("timeout", Some(60)));
    assert_eq!((security, off.as_bool()), ("script_security", Some(false)));
    assert_eq!(lvs_health::spec::USUAL_TIMEOUT, Duration::from_secs(60));
}

#[test]
fn the_director_has_the_defaults_of_the_page() {
    let said: String =
        defaults("[director]").into_iter().map(|(key, value, _)| format!("{key} = {value}\n")).collect();
    let said = parse(&format!("[director]\n{said}")).director;
    let Settings {
        kernel,
        conn_table_size,
        max_conns,
        ftp_ports,
        laddr_ports,
        mss_clamp,
        hairpin,
        syn_defence,
        syn_rate,
        ..
    } = Settings::default();
    let expected = DirectorOptions {
        kernel: Some(kernel),
        proc_sctp: Some(true),
        conn_table_size: Some(conn_table_size),
        max_conns: Some(max_conns),
        ftp_ports: Some(ftp_ports),
        laddr_ports: Some(laddr_ports),
        mss_clamp: Some(mss_clamp),
        syn_defence: Some(syn_defence),
        syn_rate: Some(syn_rate),
        hairpin: Some(hairpin),
        announce: Some(false),
        announce_table: Some(crate::defaults::ANNOUNCE_TABLE),
        drop_alarm: Some(crate::defaults::DROP_ALARM),
        log_format: Some(crate::LogFormat::default()),
        socket: Some(lvs_control::DEFAULT_SOCKET.into()),
        // `cli::run` has these where the command line is read.
        claim_vips: Some(true),
        offload: Some(true),
        tunnel_offload: Some(true),
        fast_path: Some(true),
        sandbox: Some(true),
        fast_path_conns: Some(crate::defaults::FAST_PATH_CONNS),
        fast_path_hook: Some(crate::FastPathHook::default()),
        queues: Some(crate::Queues::Count(1)),
        tun_prefix: Some("tunvs".to_owned()),
        ..DirectorOptions::default()
    };
    assert_eq!(said, expected);
}

#[test]
fn timeouts_and_watching_have_the_defaults_of_the_page() {
    let director = Director::new(Settings::default());
    let Ok(Reply::Timeouts(timeouts)) = director.query(&Query::Timeouts, Time::ZERO) else { panic!() };
    let said = defaults("[timeouts]").into_iter().map(|(key, value, _)| (key, value.as_integer().unwrap()));
    let expected = [("tcp", timeouts.tcp), ("tcp_fin", timeouts.tcp_fin), ("udp", timeouts.udp)];
    let mut said: Vec<_> = said.collect();
    said.sort_unstable();
    assert_eq!(said, expected.map(|(key, seconds)| (key, i64::from(seconds))));
    let series = defaults("[metrics]").remove(0).1.as_integer().unwrap();
    assert_eq!(usize::try_from(series), Ok(crate::defaults::METRICS_SERIES));
    let rate = defaults("[flow_log]").into_iter().find(|(key, ..)| *key == "rate").unwrap().1;
    assert_eq!(rate.as_integer(), Some(i64::from(crate::defaults::FLOW_RATE)));
}
