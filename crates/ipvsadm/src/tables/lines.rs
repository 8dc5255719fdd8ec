//! The tables as command lines that lose nothing: thresholds, timeouts, sync daemons and the order of servers
//! are among them. ipvsadm itself can restore them.

use std::io::{self, Write};

use crate::{lossless_server, lossless_service};
use lvs::director::{DaemonRole, DaemonSpec, Tables, TimeoutSettings};

/// The first line of a file that declares everything: what it does not name is not to be.
pub(super) const COMPLETE: &str = "# tunvs save: all services, timeouts and sync daemons";

/// Command lines of one service, its own first.
pub(super) type Paragraph = Vec<String>;

/// One paragraph for the settings, then one a service, in an order that depends on nothing but them.
pub(super) fn paragraphs(tables: &Tables) -> Vec<Paragraph> {
    let timeouts = tables.timeouts.iter().map(timeouts_line);
    let daemons = tables.daemons.iter().flatten().map(daemon_line);
    let mut paragraphs = vec![timeouts.chain(daemons).collect()];
    let mut services: Vec<_> = tables.services.iter().collect();
    services.sort_by_key(|service| service.spec.key);
    paragraphs.extend(services.into_iter().map(|service| {
        let key = &service.spec.key;
        std::iter::once(lossless_service(&service.spec))
            .chain(service.servers.iter().map(|server| lossless_server(key, server)))
            .collect()
    }));
    paragraphs
}

pub fn write(out: &mut dyn Write, tables: &Tables) -> io::Result<()> {
    writeln!(out, "{COMPLETE}")?;
    for line in paragraphs(tables).iter().flatten() {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn timeouts_line(timeouts: &TimeoutSettings) -> String {
    format!("--set {} {} {}", timeouts.tcp, timeouts.tcp_fin, timeouts.udp)
}

fn daemon_line(daemon: &DaemonSpec) -> String {
    let role = match daemon.role {
        DaemonRole::Master => "master",
        DaemonRole::Backup => "backup",
    };
    let mut line =
        format!("--start-daemon {role} --mcast-interface {} --syncid {}", daemon.interface, daemon.sync_id);
    if daemon.max_len != 0 {
        line.push_str(&format!(" --sync-maxlen {}", daemon.max_len));
    }
    if let Some(group) = daemon.group {
        line.push_str(&format!(" --mcast-group {group}"));
    }
    if daemon.port != 0 {
        line.push_str(&format!(" --mcast-port {}", daemon.port));
    }
    if daemon.ttl != 0 {
        line.push_str(&format!(" --mcast-ttl {}", daemon.ttl));
    }
    line
}
