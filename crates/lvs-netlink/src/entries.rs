//! Structures that socket options answer with (`ip_vs_copy_service`, `ip_vs_copy_stats`).

use std::net::IpAddr;

use lvs::director::{DaemonRole, DaemonSpec, ServerEntry, ServiceEntry};
use lvs::service::{Family, Protocol, Rates, ServiceKey, Stats};

use crate::declare::flags_of;
use crate::fill::persistence;
use crate::names::{NAME_LEN, state};

/// Flags that a server's connections begin with (`IP_VS_CONN_F_NOOUTPUT`, `IP_VS_CONN_F_INACTIVE`).
const NO_OUTPUT: u32 = 0x80;
const INACTIVE: u32 = 0x100;

/// Length of `struct ip_vs_daemon_user`.
pub(crate) const DAEMON: usize = 24;

/// `struct ip_vs_service_entry`.
pub(crate) fn service_entry(entry: &ServiceEntry) -> Vec<u8> {
    let spec = &entry.spec;
    let mut out = vec![0; 48];
    let (protocol, addr, port, mark) = match spec.key {
        ServiceKey::Mark { mark, .. } => (Protocol::Tcp, None, 0, mark),
        ServiceKey::Address { protocol, addr, port } => (protocol, Some(addr), port, 0),
    };
    put(&mut out, 0, &u16::from(protocol.number()).to_ne_bytes());
    if let Some(IpAddr::V4(addr)) = addr {
        put(&mut out, 4, &addr.octets());
    }
    put(&mut out, 8, &port.to_be_bytes());
    put(&mut out, 12, &mark.to_ne_bytes());
    let name = spec.scheduler.as_bytes();
    put(&mut out, 16, &name[..name.len().min(NAME_LEN - 1)]);
    put(&mut out, 32, &flags_of(spec).to_ne_bytes());
    let (timeout, netmask) = persistence(spec.persistence.as_ref(), Family::V4);
    put(&mut out, 36, &timeout.to_ne_bytes());
    put(&mut out, 40, &netmask);
    let servers = u32::try_from(entry.servers.len()).unwrap_or(u32::MAX);
    put(&mut out, 44, &servers.to_ne_bytes());
    out.extend(stats(&entry.stats, &entry.rates));
    out
}

/// `struct ip_vs_dest_entry`.
pub(crate) fn server_entry(entry: &ServerEntry) -> Vec<u8> {
    let spec = &entry.spec;
    let mut out = vec![0; 40];
    if let IpAddr::V4(addr) = spec.addr {
        put(&mut out, 0, &addr.octets());
    }
    put(&mut out, 4, &spec.port.to_be_bytes());
    let output = if spec.forwarding.is_rewritten() { 0 } else { NO_OUTPUT };
    let flags = u32::from(spec.forwarding.number()) | INACTIVE | output;
    let words = [
        flags,
        entry.weight().cast_unsigned(),
        spec.upper_threshold,
        spec.lower_threshold,
        entry.active_conns,
        entry.inactive_conns,
        entry.persistent_conns,
    ];
    put(&mut out, 8, &words.map(u32::to_ne_bytes).concat());
    out.extend(stats(&entry.stats, &entry.rates));
    out
}

/// `struct ip_vs_stats_user`: packets and rates in 32 bits, bytes in 64.
fn stats(stats: &Stats, rates: &Rates) -> Vec<u8> {
    let mut out = vec![0; 56];
    let counts = [stats.conns, stats.in_packets, stats.out_packets].map(|count| (count as u32).to_ne_bytes());
    put(&mut out, 0, &counts.concat());
    put(&mut out, 16, &[stats.in_bytes, stats.out_bytes].map(u64::to_ne_bytes).concat());
    let rates = [rates.cps, rates.in_pps, rates.out_pps, rates.in_bps, rates.out_bps];
    put(&mut out, 32, &rates.map(|rate| (rate as u32).to_ne_bytes()).concat());
    out
}

/// The master and the backup, each `struct ip_vs_daemon_user`.
pub(crate) fn daemons(running: &[DaemonSpec]) -> Vec<u8> {
    let mut out = vec![0; 2 * DAEMON];
    for spec in running {
        let (at, role) = match spec.role {
            DaemonRole::Master => (0, state::MASTER),
            DaemonRole::Backup => (DAEMON, state::BACKUP),
        };
        put(&mut out, at, &role.to_ne_bytes());
        let name = spec.interface.as_bytes();
        put(&mut out, at + 4, &name[..name.len().min(NAME_LEN - 1)]);
        put(&mut out, at + 20, &spec.sync_id.to_ne_bytes());
    }
    out
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    out[at..at + bytes.len()].copy_from_slice(bytes);
}
