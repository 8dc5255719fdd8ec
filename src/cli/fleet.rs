//! `tunvs vips` and `tunvs retire`: what a director among others announces, and how it goes.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::args::{RetireArgs, VipsArgs};
use super::units::{duration, number};
use lvs_control::{Client, ClientError, Retiring, Vips, socket_path};

/// How often the director is asked how much traffic is left.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, thiserror::Error)]
pub(super) enum FleetError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("cannot write the answer")]
    Write(#[from] io::Error),
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    #[serde(flatten)]
    vips: &'a Vips,
}

pub(super) fn vips(args: &VipsArgs, out: &mut dyn Write) -> Result<(), FleetError> {
    let vips = Client::connect(&socket_path(args.socket.socket.as_deref()))?.vips()?;
    let written = if args.json { json(&vips, out) } else { text(&vips, out) };
    Ok(written?)
}

fn json(vips: &Vips, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document { version: 1, vips })?;
    writeln!(out)
}

fn text(vips: &Vips, out: &mut dyn Write) -> io::Result<()> {
    if vips.vips.is_empty() {
        writeln!(out, "no service is to be announced")?;
    }
    for vip in &vips.vips {
        let since = duration(vip.since_secs);
        let address = vip.address.to_string();
        match &vip.why {
            None => writeln!(out, "{address:<24} announced {since}, table {}", vips.table)?,
            Some(why) => writeln!(out, "{address:<24} WITHHELD  {since}: {why}")?,
        }
    }
    Ok(())
}

/// Waits until the director is gone.
pub(super) fn retire(args: &RetireArgs, out: &mut dyn Write) -> Result<(), FleetError> {
    let mut client = Client::connect(&socket_path(args.socket.socket.as_deref()))?;
    let begun = client.retire(args.deadline.saturating_mul(1000))?.retiring.unwrap_or_default();
    writeln!(out, "{} announcements withdrawn", begun.addresses)?;
    if args.no_wait {
        return Ok(());
    }
    let mut last = begun;
    let mut shown = None;
    loop {
        out.flush()?;
        thread::sleep(LOOK);
        match client.vips() {
            Ok(Vips { retiring: Some(retiring), .. }) => last = retiring,
            Ok(_) => {}
            Err(error @ (ClientError::Timeout { .. } | ClientError::Denied { .. })) => {
                return Err(error.into());
            }
            Err(_) => break,
        }
        if shown != Some(last.since_ms / 1000) {
            shown = Some(last.since_ms / 1000);
            writeln!(out, "{}", progress(&last))?;
        }
    }
    let seconds = last.since_ms as f64 / 1000.0;
    Ok(writeln!(out, "retired after {seconds:.1} s, {} packets/s were left", last.packets_per_second)?)
}

fn progress(retiring: &Retiring) -> String {
    let (now, before) = (number(retiring.packets_per_second), number(retiring.packets_per_second_before));
    format!("{now} packets/s of clients, {before} before; {} s left", retiring.deadline_in_ms.div_ceil(1000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::document;
    use lvs::service::{Protocol, ServiceKey};
    use lvs_health::announcer::{VipReport, VipService};

    fn reported() -> Vips {
        let addr = "192.0.2.1".parse().unwrap();
        let service = ServiceKey::Address { protocol: Protocol::Tcp, addr, port: 80 };
        let why = Some("TCP 192.0.2.1:80: weight 0 is up, quorum is 1".to_owned());
        let services = vec![VipService { service, fit: false, why: why.clone() }];
        let withheld = VipReport { address: addr, announced: false, since_secs: 75, why, services };
        let announced = VipReport {
            address: "2001:db8::1".parse().unwrap(),
            announced: true,
            why: None,
            ..withheld.clone()
        };
        let retiring = Retiring {
            since_ms: 1200,
            addresses: 1,
            packets_per_second: 40,
            packets_per_second_before: 24_000,
            deadline_in_ms: 58_800,
        };
        Vips {
            table: 151,
            interface: "tunvs-fleet".to_owned(),
            retiring: Some(retiring),
            vips: vec![announced, withheld],
        }
    }

    #[test]
    fn the_document_shows_this_shape() {
        let mut printed = Vec::new();
        json(&reported(), &mut printed).unwrap();
        document::assert_shape("vips", std::str::from_utf8(&printed).unwrap());
    }

    #[test]
    fn lines_say_what_is_announced_and_why_not() {
        let mut printed = Vec::new();
        text(&reported(), &mut printed).unwrap();
        let expected = "\
2001:db8::1              announced 1 min 15 s, table 151
192.0.2.1                WITHHELD  1 min 15 s: TCP 192.0.2.1:80: weight 0 is up, quorum is 1
";
        assert_eq!(String::from_utf8(printed).unwrap(), expected);
        let said = progress(&reported().retiring.unwrap());
        assert_eq!(said, "40 packets/s of clients, 24.0k before; 59 s left");
    }
}
