//! The list of connections.

use std::io::{self, Write};

use super::Naming;
use lvs::director::ConnEntry;
use lvs::service::Protocol;

/// `with_engines`: what persistence engines know clients by is shown too.
///
/// # Errors
/// Nobody takes the text. That there are no more entries is the inner result.
pub(crate) fn connections<E>(
    out: &mut dyn Write,
    entries: impl Iterator<Item = Result<ConnEntry, E>>,
    with_engines: bool,
    naming: Naming<'_>,
) -> io::Result<Result<(), E>> {
    write!(out, "IPVS connection entries\npro expire state       source             virtual            ")?;
    if with_engines {
        writeln!(out, "destination        pe name          pe_data")?;
    } else {
        writeln!(out, "destination")?;
    }
    for entry in entries {
        match entry {
            Ok(entry) => connection(out, &entry, with_engines, naming)?,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(()))
}

fn connection(
    out: &mut dyn Write,
    entry: &ConnEntry,
    with_engines: bool,
    naming: Naming<'_>,
) -> io::Result<()> {
    let protocol = Protocol::from_number(entry.protocol);
    let seconds = entry.expires_in_ms / 1000;
    let expires = format!("{:02}:{:02}", seconds / 60, seconds % 60);
    write!(
        out,
        "{:<3} {expires:<6} {:<11} {:<18} {:<18} ",
        protocol_name(entry.protocol),
        entry.state,
        naming.endpoint(entry.client, protocol),
        naming.endpoint(entry.virt, protocol),
    )?;
    let real = naming.endpoint(entry.real, protocol);
    match entry.engine.as_ref().filter(|_| with_engines) {
        Some(engine) => {
            write!(out, "{real:<16} {:<18} ", engine.name)?;
            // ipvsadm reads the data as one word.
            let data = engine.data.split(u8::is_ascii_whitespace).next().unwrap_or_default();
            out.write_all(data)?;
            writeln!(out)
        }
        None => writeln!(out, "{real}"),
    }
}

/// The kernel's name of an IP protocol (`ip_vs_proto_name`).
pub fn protocol_name(number: u8) -> String {
    match number {
        0 => "IP".to_owned(),
        1 => "ICMP".to_owned(),
        6 => "TCP".to_owned(),
        17 => "UDP".to_owned(),
        58 => "ICMPv6".to_owned(),
        132 => "SCTP".to_owned(),
        other => format!("IP_{other}"),
    }
}
