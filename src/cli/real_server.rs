//! `tunvs real-server`: its command line becomes the options of the daemon.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;

use super::args::{Log, LogFormatArg, Mode, RealServerArgs};
use super::error::{CliError, RealServerError};
use crate::daemon::{self, LogFormat};
use lvs_control::REAL_SERVER_SOCKET;

/// The port that IANA gave GUE.
const GUE_PORT: u16 = 6080;

pub(super) fn run(given: RealServerArgs, out: &mut dyn Write) -> Result<(), CliError> {
    let Log { log, log_format } = given.log.clone();
    let format = match log_format {
        Some(LogFormatArg::Json) => LogFormat::Json,
        Some(LogFormatArg::Text) | None => LogFormat::Text,
    };
    let dry_run = given.dry_run;
    let options = options(given)?;
    daemon::start_logging(log.as_deref(), format)?;
    if dry_run {
        for step in daemon::real_server_dry_run(&options)? {
            writeln!(out, "{step}").map_err(CliError::Write)?;
        }
        return Ok(());
    }
    Ok(daemon::run_real_server(options)?)
}

fn options(given: RealServerArgs) -> Result<daemon::RealServerOptions, RealServerError> {
    let modes: BTreeSet<Mode> = given.modes.iter().copied().collect();
    let has_gue = modes.contains(&Mode::Gue);
    if !has_gue && !given.ports.is_empty() {
        return Err(RealServerError::PortWithoutGue);
    }
    if modes.iter().all(|mode| *mode == Mode::Dr) && !given.directors.is_empty() {
        return Err(RealServerError::DirectorWithoutTunnel);
    }
    let vips = sorted(given.vips);
    if let Some(vip) = vips.iter().find(|vip| !is_fit(**vip)) {
        return Err(RealServerError::BadVirtual(*vip));
    }
    let directors = sorted(given.directors);
    if let Some(both) = directors.iter().find(|director| vips.contains(director)) {
        return Err(RealServerError::DirectorIsVirtual(*both));
    }
    let gue_ports = match (has_gue, sorted(given.ports)) {
        (true, ports) if ports.is_empty() => vec![GUE_PORT],
        (_, ports) => ports,
    };
    Ok(daemon::RealServerOptions {
        socket: given.socket.socket.unwrap_or_else(|| PathBuf::from(REAL_SERVER_SOCKET)),
        vips,
        directors,
        ipip: modes.contains(&Mode::Ipip),
        gre: modes.contains(&Mode::Gre),
        gue_ports,
        tun: given.tun,
        sandbox: !given.no_sandbox,
        device: lvs_device::Options { offload: !given.no_offload, ..lvs_device::Options::default() },
    })
}

fn sorted<T: Ord>(given: Vec<T>) -> Vec<T> {
    given.into_iter().collect::<BTreeSet<T>>().into_iter().collect()
}

fn is_fit(vip: IpAddr) -> bool {
    let is_broadcast = matches!(vip, IpAddr::V4(addr) if addr.is_broadcast());
    let is_link_local = matches!(vip, IpAddr::V6(addr) if addr.is_unicast_link_local());
    !vip.is_loopback() && !vip.is_multicast() && !vip.is_unspecified() && !is_broadcast && !is_link_local
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::args::{Args, Command};
    use super::*;

    fn parse(line: &str) -> Result<daemon::RealServerOptions, String> {
        let words = ["tunvs", "real-server"].into_iter().chain(line.split_whitespace());
        match Args::try_parse_from(words).map_err(|error| error.to_string())?.command {
            Command::RealServer(given) => options(*given).map_err(|error| error.to_string()),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn modes_add_up_and_gue_has_a_port() {
        let options = parse("--vip 10.0.0.1 --vip fd00::1 --vip 10.0.0.1 --mode ipip,gue").unwrap();
        assert_eq!(options.vips, ["10.0.0.1".parse::<IpAddr>().unwrap(), "fd00::1".parse().unwrap()]);
        assert!(options.ipip && !options.gre);
        assert_eq!(options.gue_ports, [GUE_PORT]);
        let options = parse("--vip 10.0.0.1 --mode gue --port 5555 --port 6666").unwrap();
        assert_eq!(options.gue_ports, [5555, 6666]);
    }

    #[test]
    fn nonsense_is_refused() {
        for (line, part) in [
            ("--mode ipip", "--vip"),
            ("--vip 10.0.0.1", "--mode"),
            ("--vip 10.0.0.1 --mode nat", "nat"),
            ("--vip 127.0.0.1 --mode dr", "loopback"),
            ("--vip 224.0.0.1 --mode dr", "unicast"),
            ("--vip 10.0.0.1 --mode ipip --port 5555", "--mode gue"),
            ("--vip 10.0.0.1 --mode gue --port 0", "0"),
            ("--vip 10.0.0.1 --mode dr --director 10.0.0.2", "--mode ipip"),
            ("--vip 10.0.0.1 --mode gre --director 10.0.0.1", "director too"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
