//! The table as command lines for a restore. Thresholds, timeouts and the sync daemon are not among them.

use std::io::{self, Write};

use super::table::protocol;
use super::{Naming, mask};
use crate::cli::ipvsadm::matrix::tunnel_name;
use crate::cli::ipvsadm::{sched_flags, sort};
use crate::lvs::director::{ServerEntry, ServiceEntry};
use crate::lvs::service::{
    Endpoint, Family, Forwarding, Protocol, SchedulerFlags, ServiceKey, ServiceSpec, Tunnel, TunnelChecksum,
    TunnelKind,
};

/// # Errors
/// Nobody takes the text.
pub(crate) fn rules(
    out: &mut dyn Write,
    mut entries: Vec<ServiceEntry>,
    naming: Naming<'_>,
) -> io::Result<()> {
    sort::services(&mut entries);
    for mut entry in entries {
        let selector = selector(&entry.spec.key, naming);
        writeln!(out, "-A {selector} {}", service_options(&entry.spec))?;
        sort::servers(&mut entry.servers);
        let protocol = protocol(&entry.spec.key);
        for server in &entry.servers {
            let name = naming.endpoint(Endpoint::new(server.spec.addr, server.spec.port), protocol);
            writeln!(out, "-a {selector} -r {name} {}", server_options(server))?;
        }
    }
    Ok(())
}

/// `-t VIP:PORT` and the like.
pub(super) fn selector(key: &ServiceKey, naming: Naming<'_>) -> String {
    match key {
        ServiceKey::Mark { mark, family: Family::V4 } => format!("-f {}", mark.cast_signed()),
        ServiceKey::Mark { mark, family: Family::V6 } => format!("-f {} -6", mark.cast_signed()),
        ServiceKey::Address { protocol, addr, port } => {
            let option = match protocol {
                Protocol::Tcp => "-t",
                Protocol::Udp => "-u",
                Protocol::Sctp => "--sctp-service",
            };
            format!("{option} {}", naming.endpoint(Endpoint::new(*addr, *port), Some(*protocol)))
        }
    }
}

fn service_options(spec: &ServiceSpec) -> String {
    let mut text = format!("-s {}", spec.scheduler);
    if let Some(persistence) = &spec.persistence {
        text.push_str(&format!(" -p {}", persistence.timeout));
        if let Some(mask) = mask(spec, persistence) {
            text.push_str(&format!(" -M {mask}"));
        }
    }
    if let Some(engine) = &spec.engine {
        text.push_str(&format!(" --pe {engine}"));
    }
    if spec.one_packet {
        text.push_str(" -o");
    }
    if spec.scheduler_flags != SchedulerFlags::default() {
        text.push_str(&format!(" -b {}", sched_flags::text(&spec.scheduler, spec.scheduler_flags)));
    }
    text
}

fn server_options(server: &ServerEntry) -> String {
    let spec = &server.spec;
    let method = match spec.forwarding {
        Forwarding::Masq => "-m",
        Forwarding::Tunnel(_) => "-i",
        Forwarding::Local | Forwarding::Route | Forwarding::Bypass => "-g",
    };
    let mut text = format!("{method} -w {}", spec.weight);
    if let Forwarding::Tunnel(tunnel) = spec.forwarding {
        text.push_str(&tunnel_options(tunnel));
    }
    text
}

fn tunnel_options(tunnel: Tunnel) -> String {
    let name = tunnel_name(tunnel.kind);
    let checksum = match tunnel.checksum {
        TunnelChecksum::None => "--tun-nocsum",
        TunnelChecksum::Full => "--tun-csum",
        TunnelChecksum::Remote => "--tun-remcsum",
    };
    match tunnel.kind {
        TunnelKind::Ipip => format!(" --tun-type {name}"),
        TunnelKind::Gue => format!(" --tun-type {name} --tun-port {} {checksum}", tunnel.port),
        TunnelKind::Gre => format!(" --tun-type {name} {checksum}"),
    }
}
