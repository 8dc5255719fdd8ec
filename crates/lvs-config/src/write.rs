//! A configuration as TOML: what `tunvs convert` prints.
//!
//! Says nothing of what is as usual, and loses nothing: what is written is read as the same (a netmask with holes
//! excepted, which TOML does not take and a comment names). Called by the command line.

use std::fmt::Write;

use super::write_checks::{health_of_server, health_of_service};
use super::{Declared, Watching, note::Note};
use lvs::director::DaemonSpec;
use lvs::service::{
    DeclaredService, Family, Forwarding, HandOn, Persistence, Protocol, ServerSpec, ServiceKey, ServiceSpec,
    Tunnel, TunnelChecksum, TunnelKind,
};
use lvs_health::spec::ServiceHealth;

/// Quotes text as TOML wants it.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Lines `key = value` below a heading.
#[derive(Default)]
pub(super) struct Lines(pub(super) String);

impl Lines {
    pub(super) fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    pub(super) fn set(&mut self, key: &str, value: impl std::fmt::Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{key} = {value}");
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.set(key, quoted(value));
    }
}

/// The whole file, its notes as comments at the top.
pub(super) fn written(declared: &Declared, notes: &[Note], origin: &str) -> String {
    let mut out = Lines::default();
    out.line(&format!("# Converted from {origin}"));
    for note in notes {
        out.line(&format!("# {}", note.to_string().replace('\n', " ")));
    }
    if let Some(timeouts) = declared.timeouts {
        out.line("\n[timeouts]");
        for (key, value) in [("tcp", timeouts.tcp), ("tcp_fin", timeouts.tcp_fin), ("udp", timeouts.udp)] {
            if value != 0 {
                out.set(key, value);
            }
        }
    }
    if !declared.sysctls.is_empty() {
        out.line("\n[sysctl]");
        for (name, value) in &declared.sysctls {
            match value.parse::<i64>() {
                Ok(number) if number.to_string() == *value => out.set(name, number),
                _ => out.text(name, value),
            }
        }
    }
    write_watching(&declared.watching, &mut out);
    for daemon in &declared.daemons {
        write_daemon(daemon, &mut out);
    }
    for service in &declared.services {
        let health = declared.health.iter().find(|health| health.service == service.spec.key);
        write_service(service, health, &mut out);
    }
    out.0
}

fn write_watching(watching: &Watching, out: &mut Lines) {
    let path = watching.flow_log.as_ref().map(|path| path.display().to_string());
    let metrics = [
        ("listen", watching.metrics.map(|listen| quoted(&listen.to_string()))),
        ("series", watching.metrics_series.map(|series| series.to_string())),
    ];
    let flow_log = [
        ("file", path.as_deref().map(quoted)),
        ("begins", watching.flow_begins.map(|begins| begins.to_string())),
        ("rate", watching.flow_rate.map(|rate| rate.to_string())),
    ];
    for (name, keys) in [("metrics", metrics.as_slice()), ("flow_log", &flow_log)] {
        if keys.iter().any(|(_, value)| value.is_some()) {
            out.line(&format!("\n[{name}]"));
        }
        for (key, value) in keys {
            value.iter().for_each(|value| out.set(key, value));
        }
    }
}

fn write_daemon(daemon: &DaemonSpec, out: &mut Lines) {
    out.line("\n[[sync]]");
    out.text(
        "role",
        match daemon.role {
            lvs::director::DaemonRole::Master => "master",
            lvs::director::DaemonRole::Backup => "backup",
        },
    );
    out.text("interface", &daemon.interface);
    for (key, value) in [
        ("id", daemon.sync_id),
        ("max_len", daemon.max_len.into()),
        ("port", daemon.port.into()),
        ("ttl", daemon.ttl.into()),
    ] {
        if value != 0 {
            out.set(key, value);
        }
    }
    if let Some(group) = daemon.group {
        out.text("group", &group.to_string());
    }
}

fn write_service(service: &DeclaredService, health: Option<&ServiceHealth>, out: &mut Lines) {
    let spec = &service.spec;
    out.line("\n[[service]]");
    match spec.key {
        ServiceKey::Address { protocol, addr, port } => {
            out.text("address", &end(addr, port));
            if protocol != Protocol::Tcp {
                out.text("protocol", &protocol.name().to_lowercase());
            }
        }
        ServiceKey::Mark { mark, family } => {
            out.set("mark", mark);
            if family == Family::V6 {
                out.text("family", "ipv6");
            }
        }
    }
    write_spec(spec, out);
    if let Some(health) = health {
        health_of_service(health, out);
    }
    for server in &service.servers {
        out.line("\n[[service.server]]");
        write_server(server, out);
        let declared = health.and_then(|health| {
            health.servers.iter().find(|one| (one.server.addr, one.server.port) == (server.addr, server.port))
        });
        if let Some(declared) = declared {
            health_of_server(declared, out);
        }
    }
}

fn end(addr: std::net::IpAddr, port: u16) -> String {
    lvs::service::Endpoint::new(addr, port).to_string()
}

fn write_spec(spec: &ServiceSpec, out: &mut Lines) {
    out.text("scheduler", &spec.scheduler);
    let flags: Vec<String> = (0..3)
        .filter(|bit| spec.scheduler_flags.0 & (1 << bit) != 0)
        .map(|bit| quoted(&format!("flag-{}", bit + 1)))
        .collect();
    if !flags.is_empty() {
        out.set("scheduler_flags", format!("[{}]", flags.join(", ")));
    }
    if spec.one_packet {
        out.set("one_packet", true);
    }
    if let Some(Persistence { timeout, mask }) = spec.persistence {
        let mut parts = format!("timeout = {timeout}");
        match spec.key.family() {
            Family::V6 if mask != 128 => parts.push_str(&format!(", prefix = {mask}")),
            Family::V4 if mask != u32::MAX => {
                let netmask = std::net::Ipv4Addr::from_bits(mask);
                if mask != 0 && mask.leading_ones() + mask.trailing_zeros() == u32::BITS {
                    parts.push_str(&format!(", netmask = \"{netmask}\""));
                } else {
                    out.line(&format!("# The netmask {netmask} has holes: left out."));
                }
            }
            Family::V4 | Family::V6 => {}
        }
        out.set("persistence", format!("{{ {parts} }}"));
    }
    if let Some(engine) = &spec.engine {
        out.text("engine", engine);
    }
    match spec.hand_on {
        Some(HandOn::Proxy(version)) => out.text("proxy_protocol", version.name()),
        Some(HandOn::Toa) => out.set("toa", true),
        None => {}
    }
    if spec.rst_on_expire {
        out.set("rst_on_expire", true);
    }
}

fn write_server(server: &ServerSpec, out: &mut Lines) {
    out.text("address", &end(server.addr, server.port));
    out.text("forward", forward(server.forwarding));
    if server.weight != 1 {
        out.set("weight", server.weight);
    }
    for (key, value) in
        [("upper_threshold", server.upper_threshold), ("lower_threshold", server.lower_threshold)]
    {
        if value != 0 {
            out.set(key, value);
        }
    }
    if let Forwarding::Tunnel(Tunnel { kind, port, checksum }) = server.forwarding {
        let kind = match kind {
            TunnelKind::Ipip => return,
            TunnelKind::Gue => "gue",
            TunnelKind::Gre => "gre",
        };
        let checksum = match checksum {
            TunnelChecksum::None => "none",
            TunnelChecksum::Full => "full",
            TunnelChecksum::Remote => "remote",
        };
        out.set("tunnel", format!("{{ kind = \"{kind}\", port = {port}, checksum = \"{checksum}\" }}"));
    }
}

/// The word for a forwarding method.
pub(super) const fn forward(forwarding: Forwarding) -> &'static str {
    match forwarding {
        Forwarding::FullNat => "fullnat",
        Forwarding::Tunnel(_) => "tunnel",
        Forwarding::Masq => "masq",
        Forwarding::Route | Forwarding::Local | Forwarding::Bypass => "route",
    }
}
