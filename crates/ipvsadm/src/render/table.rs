//! The table of services and servers.

use std::io::{self, Write};

use super::{Columns, Naming, Style, cut, large_number, mask};
use crate::matrix::tunnel_name;
use crate::{sched_flags, sort};
use lvs::director::{Info, ServerEntry, ServiceEntry};
use lvs::service::{
    ClientAddrMode, Endpoint, Family, Forwarding, Protocol, Rates, SchedulerFlags, ServiceKey, ServiceSpec,
    Stats, Tunnel, TunnelChecksum, TunnelKind,
};

/// Longest that ipvsadm lets a service's and a server's name be.
const SERVICE_WIDTH: usize = 33;
const SERVER_WIDTH: usize = 28;

/// The line above a listing of all services.
///
/// # Errors
/// Nobody takes the text.
pub(crate) fn heading(out: &mut dyn Write, info: &Info) -> io::Result<()> {
    writeln!(out, "IP Virtual Server version 1.2.1 (size={})", info.conn_table_size)
}

/// Titles and all services.
///
/// # Errors
/// Nobody takes the text.
pub(crate) fn table(
    out: &mut dyn Write,
    mut entries: Vec<ServiceEntry>,
    style: Style,
    naming: Naming<'_>,
) -> io::Result<()> {
    if style.sorted {
        sort::services(&mut entries);
    }
    titles(out, style.columns)?;
    for entry in entries {
        service_lines(out, entry, style, naming)?;
    }
    Ok(())
}

/// Titles and one service.
///
/// # Errors
/// Nobody takes the text.
pub(crate) fn service(
    out: &mut dyn Write,
    entry: ServiceEntry,
    style: Style,
    naming: Naming<'_>,
) -> io::Result<()> {
    titles(out, style.columns)?;
    service_lines(out, entry, style, naming)
}

fn titles(out: &mut dyn Write, columns: Columns) -> io::Result<()> {
    let text = match columns {
        Columns::Forwarding => {
            "Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        }
        Columns::Tunnels => {
            "Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n"
        }
        Columns::Stats => {
            "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n  -> RemoteAddress:Port\n"
        }
        Columns::Rates => {
            "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n  -> RemoteAddress:Port\n"
        }
        Columns::Thresholds => {
            "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n  -> RemoteAddress:Port\n"
        }
        Columns::PersistentConns => {
            "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n  -> RemoteAddress:Port\n"
        }
    };
    out.write_all(text.as_bytes())
}

fn service_lines(
    out: &mut dyn Write,
    mut entry: ServiceEntry,
    style: Style,
    naming: Naming<'_>,
) -> io::Result<()> {
    let name = service_name(&entry.spec, naming);
    match style.columns {
        Columns::Stats => {
            write!(out, "{name:<33}")?;
            stats(out, &entry.stats, style.exact)?;
        }
        Columns::Rates => {
            write!(out, "{name:<33}")?;
            rates(out, &entry.rates, style.exact)?;
        }
        _ => write!(out, "{name} {}", description(&entry.spec))?,
    }
    writeln!(out)?;
    if style.sorted {
        sort::servers(&mut entry.servers);
    }
    let protocol = protocol(&entry.spec.key);
    for server in &entry.servers {
        server_line(out, server, protocol, style, naming)?;
    }
    Ok(())
}

fn service_name(spec: &ServiceSpec, naming: Naming<'_>) -> String {
    match spec.key {
        ServiceKey::Mark { mark, family: Family::V4 } => format!("FWM  {}", mark.cast_signed()),
        ServiceKey::Mark { mark, family: Family::V6 } => format!("FWM  {} IPv6", mark.cast_signed()),
        ServiceKey::Address { protocol, addr, port } => {
            let endpoint = naming.endpoint(Endpoint::new(addr, port), Some(protocol));
            cut(format!("{:<4} {endpoint}", protocol.name()), addr, SERVICE_WIDTH)
        }
    }
}

/// The services database knows nothing of marks.
pub(super) const fn protocol(key: &ServiceKey) -> Option<Protocol> {
    match key {
        ServiceKey::Mark { .. } => None,
        ServiceKey::Address { protocol, .. } => Some(*protocol),
    }
}

fn description(spec: &ServiceSpec) -> String {
    let mut text = spec.scheduler.clone();
    if spec.scheduler_flags != SchedulerFlags::default() {
        text.push_str(&format!(" ({})", sched_flags::text(&spec.scheduler, spec.scheduler_flags)));
    }
    if let Some(persistence) = &spec.persistence {
        text.push_str(&format!(" persistent {}", persistence.timeout));
        if let Some(mask) = mask(spec, persistence) {
            text.push_str(&format!(" mask {mask}"));
        }
        if let Some(engine) = &spec.engine {
            text.push_str(&format!(" pe {engine}"));
        }
    }
    if spec.one_packet {
        text.push_str(" ops");
    }
    match spec.client_addr_mode {
        Some(ClientAddrMode::Proxy(version)) => text.push_str(&format!(" proxy-protocol {}", version.name())),
        Some(ClientAddrMode::Toa) => text.push_str(" toa"),
        None => {}
    }
    text
}

fn server_line(
    out: &mut dyn Write,
    server: &ServerEntry,
    protocol: Option<Protocol>,
    style: Style,
    naming: Naming<'_>,
) -> io::Result<()> {
    let spec = &server.spec;
    let name = naming.endpoint(spec.endpoint(), protocol);
    let name = cut(name, spec.addr, SERVER_WIDTH);
    write!(out, "  -> {name:<28}")?;
    let (active, inactive) = (server.active_conns, server.inactive_conns);
    match style.columns {
        Columns::Forwarding => {
            writeln!(out, " {:<7} {:<6} {active:<10} {inactive:<10}", spec.forwarding.name(), server.weight())
        }
        Columns::Tunnels => writeln!(
            out,
            " {:<7} {:<13} {:<6} {active:<10} {inactive:<10}",
            spec.forwarding.name(),
            tunnel_text(spec.forwarding),
            server.weight()
        ),
        Columns::Stats => {
            stats(out, &server.stats, style.exact)?;
            writeln!(out)
        }
        Columns::Rates => {
            let rates = &server.rates;
            write!(out, " {:8} {:8} {:8}", rates.cps, rates.in_pps, rates.out_pps)?;
            large_number(out, rates.in_bps, style.exact)?;
            large_number(out, rates.out_bps, style.exact)?;
            writeln!(out)
        }
        Columns::Thresholds => writeln!(
            out,
            " {:<10} {:<10} {active:<10} {inactive:<10}",
            spec.upper_threshold, spec.lower_threshold
        ),
        Columns::PersistentConns => {
            writeln!(
                out,
                " {:<9} {:<11} {active:<10} {inactive:<10}",
                server.weight(),
                server.persistent_conns
            )
        }
    }
}

fn tunnel_text(forwarding: Forwarding) -> String {
    let Some(Tunnel { kind, port, checksum }) = forwarding.tunnel() else { return "n/a".to_owned() };
    let name = tunnel_name(kind);
    let checksum = match checksum {
        TunnelChecksum::None => "-c",
        TunnelChecksum::Full => "+c",
        TunnelChecksum::Remote => "r+c",
    };
    match kind {
        TunnelKind::Ipip => name.to_owned(),
        TunnelKind::Gue => format!("{name}:{port}:{checksum}"),
        TunnelKind::Gre => format!("{name}:{checksum}"),
    }
}

fn stats(out: &mut dyn Write, stats: &Stats, exact: bool) -> io::Result<()> {
    for number in [stats.conns, stats.in_packets, stats.out_packets, stats.in_bytes, stats.out_bytes] {
        large_number(out, number, exact)?;
    }
    Ok(())
}

fn rates(out: &mut dyn Write, rates: &Rates, exact: bool) -> io::Result<()> {
    for number in [rates.cps, rates.in_pps, rates.out_pps, rates.in_bps, rates.out_bps] {
        large_number(out, number, exact)?;
    }
    Ok(())
}
