//! `ip_vs`: services and servers.

use std::io::{self, Write};

use super::ends::addr_text;
use lvs::director::{Info, ServerEntry, ServiceEntry};
use lvs::service::{Endpoint, Family, Persistence, ServiceKey};

/// Ticks a second of the kernels that distributions build; persistence is shown in ticks.
const HZ: u32 = 250;

pub(super) fn write(out: &mut dyn Write, info: &Info, entries: &[ServiceEntry]) -> io::Result<()> {
    write!(
        out,
        "IP Virtual Server version 1.2.1 (size={})\n\
         Prot LocalAddress:Port Scheduler Flags\n  \
         -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n",
        info.conn_table_size
    )?;
    for entry in entries {
        writeln!(out, "{}", service(entry))?;
        for server in &entry.servers {
            writeln!(out, "{}", server_line(server))?;
        }
    }
    Ok(())
}

fn service(entry: &ServiceEntry) -> String {
    let spec = &entry.spec;
    let scheduler = &spec.scheduler;
    let ops = if spec.one_packet { "ops " } else { "" };
    let mut line = match &spec.key {
        ServiceKey::Mark { mark, .. } => format!("FWM  {mark:08X} {scheduler} {ops}"),
        ServiceKey::Address { protocol, addr, port } => {
            let endpoint = endpoint(Endpoint::new(*addr, *port));
            match Family::of(addr) {
                Family::V4 => format!("{protocol}  {endpoint} {scheduler} {ops} "),
                Family::V6 => format!("{protocol}  {endpoint} {scheduler} "),
            }
        }
    };
    if let Some(persistence) = &spec.persistence {
        let ticks = persistence.timeout.wrapping_mul(HZ);
        line.push_str(&format!("persistent {ticks} {:08X}", mask(spec.key.family(), persistence)));
    }
    line
}

/// The kernel takes a prefix length for a mask in network order, too.
const fn mask(family: Family, persistence: &Persistence) -> u32 {
    match family {
        Family::V4 => persistence.mask,
        Family::V6 => persistence.mask.swap_bytes(),
    }
}

fn server_line(server: &ServerEntry) -> String {
    let spec = &server.spec;
    format!(
        "  -> {}      {:<7} {:<6} {:<10} {:<10}",
        endpoint(spec.endpoint()),
        spec.forwarding.name(),
        server.weight(),
        server.active_conns,
        server.inactive_conns
    )
}

fn endpoint(endpoint: Endpoint) -> String {
    let addr = addr_text(endpoint.addr);
    match Family::of(&endpoint.addr) {
        Family::V4 => format!("{addr}:{:04X}", endpoint.port),
        Family::V6 => format!("[{addr}]:{:04X}", endpoint.port),
    }
}
