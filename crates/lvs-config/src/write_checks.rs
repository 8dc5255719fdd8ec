//! Health as TOML.

use std::time::Duration;

use super::write::{Lines, forward, quoted};
use lvs_health::spec::{
    BfdSource, BodyRegex, Check, CheckKind, HttpCheck, HttpUrl, HttpVersion, OnFailure, Schedule, Script,
    ServerHealth, ServiceHealth, StatusRange, Tls,
};

pub(super) fn health_of_service(health: &ServiceHealth, out: &mut Lines) {
    let policy = &health.policy;
    for (key, on) in [("alpha", policy.alpha), ("omega", policy.omega)] {
        if on {
            out.set(key, true);
        }
    }
    if policy.quorum != 1 {
        out.set("quorum", policy.quorum);
    }
    if policy.hysteresis != 0 {
        out.set("hysteresis", policy.hysteresis);
    }
    for (key, script) in [("quorum_up", &policy.quorum_up), ("quorum_down", &policy.quorum_down)] {
        if let Some(script) = script {
            out.set(key, command(script));
        }
    }
    if let Some(sorry) = &policy.sorry {
        let address = quoted(&sorry.server.endpoint().to_string());
        let forward = forward(sorry.server.forwarding);
        let inhibit = if sorry.inhibit { ", inhibit = true" } else { "" };
        out.set("sorry", format!("{{ address = {address}, forward = \"{forward}\"{inhibit} }}"));
    }
    if let Some(passive) = &policy.passive {
        out.set(
            "passive",
            format!(
                "{{ interval = {}, min_connections = {}, unanswered = {}, refused = {}, fall = {}, hold_down = {} }}",
                time(passive.interval),
                passive.min_connections,
                passive.unanswered,
                passive.refused,
                passive.fall,
                time(passive.hold_down)
            ),
        );
    }
}

pub(super) fn health_of_server(health: &ServerHealth, out: &mut Lines) {
    if health.on_failure == OnFailure::Quiesce {
        out.text("on_failure", "quiesce");
    }
    if !health.slow_start.is_zero() {
        out.set("slow_start", time(health.slow_start));
    }
    for (key, script) in [("notify_up", &health.notify_up), ("notify_down", &health.notify_down)] {
        if let Some(script) = script {
            out.set(key, command(script));
        }
    }
    for check in &health.checks {
        out.line("[[service.server.check]]");
        write_check(check, out);
    }
}

/// Seconds, or text where they are not whole.
fn time(time: Duration) -> String {
    if time.subsec_nanos() == 0 { time.as_secs().to_string() } else { format!("{:?}", time.as_secs_f64()) }
}

fn list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}

fn command(script: &Script) -> String {
    let words = list(&script.command);
    if script.timeout.is_none() && script.user.is_none() && script.group.is_none() {
        return words;
    }
    let mut parts = format!("command = {words}");
    if let Some(timeout) = script.timeout {
        parts.push_str(&format!(", timeout = {}", time(timeout)));
    }
    for (key, value) in [("user", &script.user), ("group", &script.group)] {
        if let Some(value) = value {
            parts.push_str(&format!(", {key} = {}", quoted(value)));
        }
    }
    format!("{{ {parts} }}")
}

fn write_check(check: &Check, out: &mut Lines) {
    out.text("type", check.kind.name());
    write_schedule(&check.schedule, out);
    for (key, on) in [("alpha", check.alpha), ("log_all_failures", check.log_all_failures)] {
        if on {
            out.set(key, true);
        }
    }
    let target = &check.target;
    for (key, addr) in [("address", target.connect_ip), ("bind_address", target.bind_ip)] {
        if let Some(addr) = addr {
            out.text(key, &addr.to_string());
        }
    }
    for (key, port) in [("port", target.connect_port), ("bind_port", target.bind_port)] {
        if let Some(port) = port {
            out.set(key, port);
        }
    }
    if let Some(interface) = &target.bind_interface {
        out.text("interface", interface);
    }
    if let Some(mark) = target.fwmark {
        out.set("fwmark", mark);
    }
    if target.via_server.is_some() {
        out.set("via_server", true);
    }
    write_kind(&check.kind, out);
}

fn write_schedule(schedule: &Schedule, out: &mut Lines) {
    let usual = Schedule::default();
    for (key, value, usual) in [
        ("interval", schedule.interval, usual.interval),
        ("timeout", schedule.timeout, usual.timeout),
        ("delay_before_retry", schedule.delay_before_retry, usual.delay_before_retry),
    ] {
        if value != usual {
            out.set(key, time(value));
        }
    }
    for (key, value, usual) in [
        ("jitter", schedule.jitter.into(), usual.jitter.into()),
        ("retry", schedule.retry, usual.retry),
        ("rise", schedule.rise, usual.rise),
        ("fall", schedule.fall, usual.fall),
    ] {
        if value != usual {
            out.set(key, value);
        }
    }
    if let Some(warmup) = schedule.warmup {
        out.set("warmup", time(warmup));
    }
}

fn write_kind(kind: &CheckKind, out: &mut Lines) {
    match kind {
        CheckKind::Tcp | CheckKind::Ping => {}
        CheckKind::Http(http) => write_http(http, out),
        CheckKind::Dns(dns) => {
            out.text("name", &dns.name);
            out.text("record", &format!("TYPE{}", dns.record_type));
            if dns.tcp {
                out.set("tcp", true);
            }
        }
        CheckKind::Udp(udp) => {
            if !udp.payload.is_empty() {
                out.text("payload", &hex(&udp.payload));
            }
            if let Some(expect) = &udp.expect {
                out.text("reply", &expect.to_string());
            }
            if udp.require_reply != udp.expect.is_some() {
                out.set("require_reply", udp.require_reply);
            }
            for (key, len) in [("min_reply", udp.min_reply_len), ("max_reply", udp.max_reply_len)] {
                if let Some(len) = len {
                    out.set(key, len);
                }
            }
        }
        CheckKind::Smtp(smtp) => out.text("helo", &smtp.helo),
        CheckKind::Grpc(grpc) => {
            if !grpc.service.is_empty() {
                out.text("service", &grpc.service);
            }
            if let Some(authority) = &grpc.authority {
                out.text("authority", authority);
            }
            write_tls(grpc.tls.as_ref(), out);
        }
        CheckKind::Script(check) => {
            out.set("command", list(&check.script.command));
            for (key, value) in [("user", &check.script.user), ("group", &check.script.group)] {
                if let Some(value) = value {
                    out.text(key, value);
                }
            }
            if check.dynamic {
                out.set("dynamic", true);
            }
        }
        CheckKind::File(file) => {
            out.text("path", &file.path.display().to_string());
            if file.weight != 1 {
                out.set("weight", file.weight);
            }
            if file.reverse {
                out.set("reverse", true);
            }
        }
        CheckKind::Bfd(source) => {
            let (daemon, path) = match source {
                BfdSource::Any => return,
                BfdSource::Frr(path) => ("frr", path),
                BfdSource::Bird(path) => ("bird", path),
                BfdSource::Keepalived(path) => ("keepalived", path),
            };
            out.text("daemon", daemon);
            out.text("socket", &path.display().to_string());
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write_tls(tls: Option<&Tls>, out: &mut Lines) {
    let Some(tls) = tls else { return };
    if let Some(name) = &tls.server_name {
        out.text("server_name", name);
    }
    if tls.no_sni {
        out.set("sni", false);
    }
    if tls.verify {
        out.set("verify", true);
    }
    if let Some(file) = &tls.ca_file {
        out.text("ca_file", &file.display().to_string());
    }
}

fn write_http(http: &HttpCheck, out: &mut Lines) {
    if let Some(host) = &http.host {
        out.text("host", host);
    }
    if http.version == HttpVersion::Http10 {
        out.text("version", "1.0");
    }
    write_tls(http.tls.as_ref(), out);
    match &http.urls[..] {
        [] => {}
        [url] if url.host.is_none() => {
            for (key, value) in url_keys(url) {
                out.set(key, value);
            }
        }
        urls => {
            let tables = urls.iter().map(|url| {
                let host = url.host.iter().map(|host| format!("host = {}", quoted(host)));
                let keys = url_keys(url).into_iter().map(|(key, value)| format!("{key} = {value}"));
                format!("    {{ {} }},", keys.chain(host).collect::<Vec<_>>().join(", "))
            });
            out.set("url", format!("[\n{}\n]", tables.collect::<Vec<_>>().join("\n")));
        }
    }
}

fn url_keys(url: &HttpUrl) -> Vec<(&'static str, String)> {
    let mut keys = vec![("path", quoted(&url.path))];
    if !url.status.is_empty() {
        let ranges: Vec<String> = url.status.iter().map(range).collect();
        keys.push(("status", format!("[{}]", ranges.join(", "))));
    }
    if let Some(digest) = &url.digest {
        keys.push(("digest", quoted(&hex(digest))));
    }
    if let Some(pattern) = &url.regex {
        keys.push(("regex", regex(pattern)));
    }
    keys
}

fn range(range: &StatusRange) -> String {
    if range.first == range.last {
        range.first.to_string()
    } else {
        format!("\"{}-{}\"", range.first, range.last)
    }
}

fn regex(regex: &BodyRegex) -> String {
    if *regex == BodyRegex::new(&regex.pattern) {
        return quoted(&regex.pattern);
    }
    let mut parts = format!("pattern = {}", quoted(&regex.pattern));
    for (key, on) in [
        ("negate", regex.negate),
        ("case_insensitive", regex.case_insensitive),
        ("multi_line", regex.multi_line),
        ("dot_matches_new_line", regex.dot_matches_new_line),
        ("ignore_whitespace", regex.ignore_whitespace),
    ] {
        if on {
            parts.push_str(&format!(", {key} = true"));
        }
    }
    if regex.min_offset != 0 {
        parts.push_str(&format!(", min_offset = {}", regex.min_offset));
    }
    if let Some(most) = regex.max_offset {
        parts.push_str(&format!(", max_offset = {most}"));
    }
    format!("{{ {parts} }}")
}
