//! The table as command lines for a restore.
//!
//! ipvsadm's own lines have no thresholds, write marks as signed numbers, and do not name the third flag of sh and
//! mh. The lossless ones do better, in the same grammar.

use std::io::{self, Write};

use super::table::protocol;
use super::{Naming, mask};
use crate::matrix::tunnel_name;
use crate::options::{self, Id};
use crate::own_options::OWN_OPTIONS;
use crate::{address, sched_flags, sort};
use lvs::director::ServiceEntry;
use lvs::service::{
    Endpoint, Family, SchedulerFlags, ServerSpec, ServiceKey, ServiceSpec, Tunnel, TunnelChecksum, TunnelKind,
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
        let flags = sched_flags::text(&entry.spec.scheduler, entry.spec.scheduler_flags);
        writeln!(out, "-A {selector} {}", service_options(&entry.spec, &flags))?;
        sort::servers(&mut entry.servers);
        let protocol = protocol(&entry.spec.key);
        for server in &entry.servers {
            let name = naming.endpoint(server.spec.endpoint(), protocol);
            writeln!(out, "-a {selector} -r {name} {}", server_options(&server.spec))?;
        }
    }
    Ok(())
}

/// A service as a command line that loses nothing.
pub fn lossless_service(spec: &ServiceSpec) -> String {
    let flags = sched_flags::general_text(spec.scheduler_flags);
    format!("-A {} {}", spec.key.options(), service_options(spec, &flags))
}

/// A server as a command line that loses nothing.
pub fn lossless_server(key: &ServiceKey, spec: &ServerSpec) -> String {
    let name = address::numeric(&spec.endpoint());
    let mut line = format!("-a {} -r {name} {}", key.options(), server_options(spec));
    if spec.upper_threshold != 0 {
        line.push_str(&format!(" -x {}", spec.upper_threshold));
    }
    if spec.lower_threshold != 0 {
        line.push_str(&format!(" -y {}", spec.lower_threshold));
    }
    line
}

/// `-t VIP:PORT` and the like.
pub(super) fn selector(key: &ServiceKey, naming: Naming<'_>) -> String {
    match key {
        ServiceKey::Mark { mark, family: Family::V4 } => format!("-f {}", mark.cast_signed()),
        ServiceKey::Mark { mark, family: Family::V6 } => format!("-f {} -6", mark.cast_signed()),
        ServiceKey::Address { protocol, addr, port } => {
            let name = naming.endpoint(Endpoint::new(*addr, *port), Some(*protocol));
            format!("{} {name}", protocol.option())
        }
    }
}

fn service_options(spec: &ServiceSpec, flags: &str) -> String {
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
        text.push_str(&format!(" -b {flags}"));
    }
    text.extend(OWN_OPTIONS.iter().map(|own| own.text(spec)));
    text
}

fn server_options(spec: &ServerSpec) -> String {
    let method = options::spelling(Id::Method(spec.forwarding.with(()))).unwrap_or_else(|| "-g".to_owned());
    let mut text = format!("{method} -w {}", spec.weight);
    if let Some(tunnel) = spec.forwarding.tunnel() {
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
