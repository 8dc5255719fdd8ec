//! `tunvs doctor`: what is wrong with a host, and how it is mended. Changes nothing.

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::Path;

use serde::Serialize;

use super::args::DoctorArgs;
use crate::doctor::look::{ThisHost, look};
use crate::doctor::{FAR, Finding, Level, Site, examine, probe};
use crate::memory;
use lvs::director::{Query, Reply, ServerEntry, ServiceEntry, Settings};
use lvs::service::{DeclaredService, Endpoint, Protocol, Rates, ServerSpec, ServiceKey, Stats};
use lvs_config::{Config, ConfigError};
use lvs_control::{Client, ClientError, socket_path};
use lvs_host::{HostError, HostOptions, survey};

/// Probes at a time.
const AT_ONCE: usize = 64;

#[derive(Debug, thiserror::Error)]
pub(super) enum DoctorError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error("cannot look at the host")]
    Runtime(#[source] io::Error),
    #[error("cannot write the findings")]
    Write(#[source] io::Error),
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    ok: usize,
    warnings: usize,
    failures: usize,
    findings: &'a [Finding],
}

/// True if nothing fails.
pub(super) fn run(args: &DoctorArgs, out: &mut dyn Write) -> Result<bool, DoctorError> {
    let config = args.config.as_ref().map(|path| args.language.source(path).load()).transpose()?;
    let socket = args.socket.socket.as_deref();
    let socket = socket.or_else(|| config.as_ref()?.director.socket.as_deref());
    let mut known = known(config.as_ref(), socket)?;
    known.real_server_vips.clone_from(&args.vips);
    if args.probe {
        known.probes.extend(probe_all(&known.services));
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(DoctorError::Runtime)?;
    let addrs: Vec<IpAddr> = known.reals(|_| true).into_iter().chain(known.vips()).chain(FAR).collect();
    let survey = runtime.block_on(survey(&addrs))?;
    let findings = examine(&look(&ThisHost, survey, known));
    let printed = if args.json { json(&findings, out) } else { text(&findings, args.quiet, out) };
    printed.map_err(DoctorError::Write)?;
    Ok(findings.iter().all(|finding| finding.level != Level::Fail))
}

/// Asks the director, where one answers, and the file.
fn known(config: Option<&Config>, socket: Option<&Path>) -> Result<Site, DoctorError> {
    let options = config.map(|config| &config.director);
    let ports = options.and_then(|options| options.laddr_ports.clone());
    let mut known = Site {
        ports: Some(ports.unwrap_or(HostOptions::default().laddr_ports)),
        uses_own_ports: options.is_none_or(|options| options.laddr_nets.is_empty()),
        most_conns: options
            .and_then(|options| options.max_conns)
            .unwrap_or_else(|| memory::default_conns(Settings::default().max_conns))
            as u64,
        ..Site::default()
    };
    match ask(&mut known, &socket_path(socket)) {
        // One that dies while it is asked is none either.
        Ok(()) | Err(ClientError::NoDirector { .. } | ClientError::Lost { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    if let Some(config) = config {
        let present = std::mem::take(&mut known.services);
        let declared = config.declared.services.iter();
        known.services = declared.map(|service| entry(service, &present)).collect();
    }
    Ok(known)
}

fn ask(known: &mut Site, socket: &Path) -> Result<(), ClientError> {
    let mut client = Client::connect(socket)?;
    let (status, health) = (client.status()?, client.health()?);
    if let Ok(Reply::Services(services)) = client.query(Query::Services)? {
        known.services = services;
    }
    known.most_conns = status.census.connections.limit;
    (known.status, known.health) = (Some(status), health);
    Ok(())
}

/// A declared service, with what the director has counted for it.
fn entry(declared: &DeclaredService, present: &[ServiceEntry]) -> ServiceEntry {
    let there = present.iter().find(|entry| entry.spec.key == declared.spec.key);
    let server = |spec: &ServerSpec| {
        let of = |entry: &&ServerEntry| entry.spec.addr == spec.addr && entry.spec.port == spec.port;
        let counted = there.and_then(|service| service.servers.iter().find(of));
        let without = ServerEntry {
            spec: spec.clone(),
            drained: false,
            active_conns: 0,
            inactive_conns: 0,
            persistent_conns: 0,
            stats: Stats::default(),
            rates: Rates::default(),
        };
        counted.map_or(without, |counted| ServerEntry { spec: spec.clone(), ..counted.clone() })
    };
    ServiceEntry {
        spec: declared.spec.clone(),
        stats: there.map(|service| service.stats).unwrap_or_default(),
        rates: Rates::default(),
        servers: declared.servers.iter().map(server).collect(),
    }
}

/// Each server once, all at a time.
fn probe_all(services: &[ServiceEntry]) -> Vec<(Endpoint, crate::doctor::Probe)> {
    let mut ends: Vec<(Protocol, Endpoint)> = Vec::new();
    for service in services {
        let protocol = match service.spec.key {
            ServiceKey::Address { protocol, .. } => protocol,
            ServiceKey::Mark { .. } => Protocol::Tcp,
        };
        for server in &service.servers {
            let end = server.spec.endpoint();
            if !ends.iter().any(|(_, other)| *other == end) {
                ends.push((protocol, end));
            }
        }
    }
    let mut outcomes = Vec::new();
    for batch in ends.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let running: Vec<_> = batch
                .iter()
                .map(|&(protocol, end)| (end, scope.spawn(move || probe(protocol, end))))
                .collect();
            let ended = running.into_iter().filter_map(|(end, running)| Some((end, running.join().ok()?)));
            outcomes.extend(ended);
        });
    }
    outcomes
}

fn counts(findings: &[Finding]) -> [usize; 3] {
    [Level::Ok, Level::Warn, Level::Fail]
        .map(|level| findings.iter().filter(|finding| finding.level == level).count())
}

fn json(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    let [ok, warnings, failures] = counts(findings);
    serde_json::to_writer_pretty(&mut *out, &Document { version: 1, ok, warnings, failures, findings })?;
    writeln!(out)
}

fn text(findings: &[Finding], quiet: bool, out: &mut dyn Write) -> io::Result<()> {
    for finding in findings.iter().filter(|finding| !quiet || finding.level != Level::Ok) {
        let level = match finding.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        let about = finding.about.as_ref().map(|about| format!(" [{about}]")).unwrap_or_default();
        writeln!(out, "{level:<5}{}{about}: {}", finding.check, finding.found)?;
        if !finding.why.is_empty() {
            writeln!(out, "     why:  {}", finding.why)?;
        }
        for mend in &finding.mend {
            let on = mend.on.map(|server| format!("on {server}: ")).unwrap_or_default();
            writeln!(out, "     mend: {on}{}", mend.command)?;
        }
    }
    let [ok, warnings, failures] = counts(findings);
    writeln!(out, "{ok} ok, {warnings} to be looked at, {failures} wrong")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Mend;

    fn findings() -> Vec<Finding> {
        let fine = Finding {
            check: "tun",
            about: None,
            level: Level::Ok,
            found: "/dev/net/tun".to_owned(),
            why: String::new(),
            mend: Vec::new(),
        };
        let on = Some([10, 1, 0, 1].into());
        let command = "ip route replace default via 10.1.0.254".to_owned();
        let wrong = Finding {
            check: "return",
            about: Some("TCP 10.0.0.1:80 10.1.0.1:80".to_owned()),
            level: Level::Fail,
            why: "a hint".to_owned(),
            mend: vec![Mend { command: command.clone(), on }, Mend { command, on: None }],
            ..fine.clone()
        };
        vec![fine, wrong]
    }

    #[test]
    fn the_document_shows_this_shape() {
        let mut printed = Vec::new();
        json(&findings(), &mut printed).unwrap();
        crate::cli::document::assert_shape("doctor", std::str::from_utf8(&printed).unwrap());
    }

    #[test]
    fn text_says_what_to_type_and_where() {
        let printed = |quiet| {
            let mut printed = Vec::new();
            text(&findings(), quiet, &mut printed).unwrap();
            String::from_utf8(printed).unwrap()
        };
        let expected = "\
FAIL return [TCP 10.0.0.1:80 10.1.0.1:80]: /dev/net/tun
     why:  a hint
     mend: on 10.1.0.1: ip route replace default via 10.1.0.254
     mend: ip route replace default via 10.1.0.254
1 ok, 0 to be looked at, 1 wrong
";
        assert_eq!(printed(true), expected);
        assert_eq!(printed(false), format!("ok   tun: /dev/net/tun\n{expected}"));
    }
}
