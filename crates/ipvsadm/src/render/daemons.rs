//! The sync daemons and the timeouts.

use std::io::{self, Write};

use crate::address::addr_text;
use lvs::director::{DaemonRole, DaemonSpec, TimeoutSettings};

/// The master first.
///
/// # Errors
/// Nobody takes the text.
pub(crate) fn daemons(out: &mut dyn Write, daemons: &[DaemonSpec]) -> io::Result<()> {
    for role in [DaemonRole::Master, DaemonRole::Backup] {
        for daemon in daemons.iter().filter(|daemon| daemon.role == role) {
            writeln!(out, "{}", text(daemon))?;
        }
    }
    Ok(())
}

fn text(daemon: &DaemonSpec) -> String {
    let role = match daemon.role {
        DaemonRole::Master => "master",
        DaemonRole::Backup => "backup",
    };
    let mut text = format!("{role} sync daemon (mcast={}, syncid={}", daemon.interface, daemon.sync_id);
    if daemon.max_len != 0 {
        text.push_str(&format!(", maxlen={}", daemon.max_len));
    }
    if let Some(group) = &daemon.group {
        text.push_str(&format!(", group={}", addr_text(group)));
    }
    if daemon.port != 0 {
        text.push_str(&format!(", port={}", daemon.port));
    }
    if daemon.ttl != 0 {
        text.push_str(&format!(", ttl={}", daemon.ttl));
    }
    text.push(')');
    text
}

/// # Errors
/// Nobody takes the text.
pub(crate) fn timeouts(out: &mut dyn Write, timeouts: &TimeoutSettings) -> io::Result<()> {
    writeln!(out, "Timeout (tcp tcpfin udp): {} {} {}", timeouts.tcp, timeouts.tcp_fin, timeouts.udp)
}
