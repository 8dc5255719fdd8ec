//! `ip_vs_conn` and `ip_vs_conn_sync`: connections.

use std::error::Error;
use std::io::Write;

use super::ends::addr_text;
use super::error::ProcError;
use crate::protocol_name;
use lvs::director::ConnEntry;

pub(super) fn write<E: Error + 'static>(
    out: &mut dyn Write,
    entries: impl Iterator<Item = Result<ConnEntry, E>>,
) -> Result<(), ProcError<E>> {
    writeln!(out, "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData")?;
    for entry in entries {
        let entry = &entry.map_err(ProcError::Ask)?;
        write!(out, "{} {:7}", ends(entry), entry.expires_in_ms / 1000)?;
        if let Some(engine) = &entry.engine {
            write!(out, " {} ", engine.name)?;
            out.write_all(&engine.data)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

pub(super) fn write_sync<E: Error + 'static>(
    out: &mut dyn Write,
    entries: impl Iterator<Item = Result<ConnEntry, E>>,
) -> Result<(), ProcError<E>> {
    writeln!(out, "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires")?;
    for entry in entries {
        let entry = &entry.map_err(ProcError::Ask)?;
        let origin = if entry.from_sync { "SYNC" } else { "LOCAL" };
        writeln!(out, "{} {origin:<6} {:7}", ends(entry), entry.expires_in_ms / 1000)?;
    }
    Ok(())
}

fn ends(entry: &ConnEntry) -> String {
    let ends = [entry.client, entry.virt, entry.real]
        .map(|end| format!("{} {:04X}", addr_text(end.addr), end.port))
        .join(" ");
    format!("{:<3} {ends} {:<11}", protocol_name(entry.protocol), entry.state)
}
