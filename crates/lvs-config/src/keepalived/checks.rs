//! The checkers of a `real_server`: from statements to checks.
//!
//! Notes what the checks here have no place for; a checker that is none of them lets its server count as up.

use super::model::{Checker, Globals, Times};
use super::numbers::{Notes, Strictness, address};
use super::parse::Statement;
use super::shared::{identity, script, times_line};
use super::url;
use crate::ConfigError;
use lvs_health::spec::{
    BfdSource, CheckKind, DnsCheck, HttpCheck, HttpVersion, Reply, ScriptCheck, SmtpCheck, Target, Tls,
    UdpCheck,
};
use std::time::Duration;

/// The payload that keepalived sends where none is said.
const PAYLOAD: &[u8; 32] = b"keepalived check - keepalived ch";

/// Bytes of a reply that keepalived takes unless told otherwise.
const LONGEST_REPLY: usize = 255;

/// Adds what a checker's block means to the checks of its server.
///
/// # Errors
/// A keyword lacks its value.
pub(super) fn check(
    statement: &Statement,
    checks: &mut Vec<Checker>,
    globals: &Globals,
    notes: &mut Notes,
) -> Result<(), ConfigError> {
    let Some((kind, target)) = kind(statement, globals, notes)? else { return Ok(()) };
    let mut checker = Checker {
        target,
        times: Times::default(),
        alpha: None,
        log_all_failures: globals.log_all_failures,
        default_retry: match &kind {
            CheckKind::Dns(_) => 3,
            CheckKind::Script(_) | CheckKind::File(_) | CheckKind::Bfd(_) => 0,
            _ => 1,
        },
        default_delay: match &kind {
            CheckKind::Dns(_) => None,
            CheckKind::Http(_) => Some(Duration::from_secs(3)),
            _ => Some(Duration::from_secs(1)),
        },
        kind,
    };
    for line in &statement.block {
        common_line(line, &mut checker, notes)?;
    }
    let hosts: Vec<&Statement> = statement.block.iter().filter(|line| line.keyword() == "host").collect();
    // The hosts of an SMTP_CHECK stand in the place of the server, unless the check has an address or times of its own.
    let own = checker.target != Target::default() || checker.times.connect_timeout.is_some();
    if hosts.is_empty() || own {
        checks.push(checker.clone());
    }
    for host in hosts {
        let mut other = Checker { target: Target::default(), ..checker.clone() };
        other.times.connect_timeout = None;
        for line in &host.block {
            common_line(line, &mut other, notes)?;
        }
        checks.push(other);
    }
    Ok(())
}

/// Reads the question of a check, and the target that it brings along. None: there is none, which has been noted.
fn kind(
    statement: &Statement,
    globals: &Globals,
    notes: &mut Notes,
) -> Result<Option<(CheckKind, Target)>, ConfigError> {
    let mut target = Target::default();
    let kind = match statement.keyword() {
        "TCP_CHECK" => CheckKind::Tcp,
        "PING_CHECK" => CheckKind::Ping,
        "HTTP_GET" => CheckKind::Http(http(statement, None, notes)?),
        "SSL_GET" => CheckKind::Http(http(statement, Some(Tls { no_sni: true, ..Tls::default() }), notes)?),
        "DNS_CHECK" => CheckKind::Dns(dns(statement, notes)?),
        "UDP_CHECK" => CheckKind::Udp(udp(statement, notes)?),
        "SMTP_CHECK" => CheckKind::Smtp(smtp(statement)),
        "FILE_CHECK" => match globals.trackers.file(statement, notes)? {
            Some(file) => CheckKind::File(file),
            None => return Ok(None),
        },
        "BFD_CHECK" => match globals.trackers.session(statement, notes)? {
            Some(session) => {
                target = session;
                CheckKind::Bfd(BfdSource::Any)
            }
            None => return Ok(None),
        },
        "MISC_CHECK" => match misc(statement, globals, notes) {
            Some(misc) => CheckKind::Script(misc),
            None => return Ok(None),
        },
        keyword => {
            notes.mistake(
                statement.place().clone(),
                format!("`{keyword}` is not among the checks here: the server counts as up by it"),
            );
            return Ok(None);
        }
    };
    if let CheckKind::Http(http) = &kind
        && http.urls.is_empty()
    {
        notes.mistake(statement.place().clone(), format!("`{}` has no url: ignored", statement.keyword()));
        return Ok(None);
    }
    Ok(Some((kind, target)))
}

/// Takes a line that all checkers, or all that connect, may have.
fn common_line(line: &Statement, checker: &mut Checker, notes: &mut Notes) -> Result<(), ConfigError> {
    let target = &mut checker.target;
    match line.keyword() {
        "connect_ip" => target.connect_ip = ip(line, notes)?.or(target.connect_ip),
        "bindto" => target.bind_ip = ip(line, notes)?.or(target.bind_ip),
        "connect_port" => target.connect_port = port(line, notes)?.or(target.connect_port),
        "bind_port" => target.bind_port = port(line, notes)?.or(target.bind_port),
        "bind_if" => target.bind_interface = Some(line.needed(1)?.to_owned()),
        "fwmark" => {
            target.fwmark =
                notes.unsigned(line, 1, 0..=u32::MAX, Strictness::Lenient)?.filter(|mark| *mark != 0);
        }
        "alpha" => checker.alpha = notes.switch(line).or(checker.alpha),
        "log_all_failures" => checker.log_all_failures |= notes.switch(line).unwrap_or(false),
        "retry" | "nb_get_retry" => {
            let retry = notes.unsigned(line, 1, 0..=u32::MAX, Strictness::Lenient)?;
            checker.times.retry = retry.or(checker.times.retry);
        }
        // Seconds, for a script in all.
        "misc_timeout" => {
            let timeout = notes.unsigned(line, 1, 0..=u32::MAX / 1_000_000, Strictness::Lenient)?;
            let timeout = timeout.filter(|timeout| *timeout != 0).map(u64::from).map(Duration::from_secs);
            checker.times.connect_timeout = timeout.or(checker.times.connect_timeout);
        }
        "tls_compliant" => notes.skipped(line, "how a session ends is no matter of these checks"),
        "fast_recovery" => notes.skipped(line, "the time between rounds is `delay_loop`"),
        _ => times_line(line, &mut checker.times, notes)?,
    }
    Ok(())
}

fn ip(line: &Statement, notes: &mut Notes) -> Result<Option<std::net::IpAddr>, ConfigError> {
    let word = line.needed(1)?;
    let addr = address(word);
    if addr.is_none() {
        notes.mistake(line.place_of(1), format!("`{word}` is no address: `{}` ignored", line.keyword()));
    }
    Ok(addr)
}

fn port(line: &Statement, notes: &mut Notes) -> Result<Option<u16>, ConfigError> {
    let port = notes.unsigned(line, 1, 1..=65_535, Strictness::Lenient)?;
    Ok(port.and_then(|port| u16::try_from(port).ok()))
}

fn http(statement: &Statement, tls: Option<Tls>, notes: &mut Notes) -> Result<HttpCheck, ConfigError> {
    let mut http = HttpCheck { version: HttpVersion::Http10, tls, ..HttpCheck::default() };
    for line in &statement.block {
        match line.keyword() {
            "url" => http.urls.extend(url::url(line, notes)?),
            "virtualhost" => http.host = line.word(1).map(str::to_owned),
            "http_protocol" => match line.needed(1)? {
                "1.0" | "1.0C" | "1.0c" => http.version = HttpVersion::Http10,
                "1.1" => http.version = HttpVersion::Http11,
                other => notes.mistake(
                    line.place_of(1),
                    format!("no HTTP version `{other}`: ignored, expected 1.0 or 1.1"),
                ),
            },
            "enable_sni" => {
                let on = notes.switch(line);
                if let Some((tls, on)) = http.tls.as_mut().zip(on) {
                    tls.no_sni = !on;
                }
            }
            "sni_name" => {
                if let Some(tls) = &mut http.tls {
                    tls.no_sni = false;
                    tls.server_name = line.word(1).map(str::to_owned).or(tls.server_name.take());
                }
            }
            _ => {}
        }
    }
    Ok(http)
}

fn dns(statement: &Statement, notes: &mut Notes) -> Result<DnsCheck, ConfigError> {
    let mut dns = DnsCheck::default();
    let mut has_name = false;
    for line in &statement.block {
        match line.keyword() {
            "type" => match DnsCheck::record_type_of(line.needed(1)?) {
                Some(number) => dns.record_type = number,
                None => {
                    notes.mistake(line.place_of(1), format!("no record type `{}`: ignored", line.needed(1)?))
                }
            },
            "name" => {
                let name = line.needed(1)?;
                if has_name || name.contains("..") || name.starts_with('.') && name != "." {
                    notes.mistake(line.place_of(1), format!("`{name}` is no name, or a second one: ignored"));
                } else {
                    has_name = true;
                    name.clone_into(&mut dns.name);
                }
            }
            _ => {}
        }
    }
    Ok(dns)
}

fn udp(statement: &Statement, notes: &mut Notes) -> Result<UdpCheck, ConfigError> {
    let mut udp = UdpCheck { payload: PAYLOAD.to_vec(), ..UdpCheck::default() };
    let (mut min, mut max) = (None, None);
    for line in &statement.block {
        match line.keyword() {
            "payload" => match reply(line) {
                Some(Reply { bytes, any }) if any.is_empty() => udp.payload = bytes,
                _ => notes.mistake(line.place_of(1), "a payload is bytes in hex: ignored"),
            },
            "require_reply" => {
                udp.require_reply = true;
                if line.word(1).is_some() {
                    udp.expect = reply(line);
                    if udp.expect.is_none() {
                        notes.mistake(line.place_of(1), "a reply is bytes in hex: any reply is taken");
                    }
                }
            }
            "min_reply_length" => min = len(line, notes)?.or(min),
            "max_reply_length" => max = len(line, notes)?.or(max),
            _ => {}
        }
    }
    // Where no bytes are expected, keepalived takes replies of any length.
    if udp.expect.is_some() {
        (udp.min_reply_len, udp.max_reply_len) = (min, Some(max.unwrap_or(LONGEST_REPLY)));
    } else if min.or(max).is_some() {
        let what = "keepalived looks at the length of a reply where bytes of it are said: ignored";
        notes.mistake(statement.place().clone(), what);
    }
    Ok(udp)
}

fn reply(line: &Statement) -> Option<Reply> {
    let words: Vec<&str> = line.arguments().collect();
    Reply::parse(&words.join(" "))
}

fn len(line: &Statement, notes: &mut Notes) -> Result<Option<usize>, ConfigError> {
    let len = notes.unsigned(line, 1, 0..=65_535, Strictness::Strict)?;
    Ok(len.and_then(|len| usize::try_from(len).ok()))
}

fn smtp(statement: &Statement) -> SmtpCheck {
    let helo = statement.block.iter().rev().find(|line| line.keyword() == "helo_name");
    helo.and_then(|line| line.word(1))
        .map_or_else(SmtpCheck::default, |helo| SmtpCheck { helo: helo.to_owned() })
}

fn misc(statement: &Statement, globals: &Globals, notes: &mut Notes) -> Option<ScriptCheck> {
    let line_of = |keyword: &str| statement.block.iter().rev().find(|line| line.keyword() == keyword);
    let Some(path) = line_of("misc_path") else {
        notes.mistake(statement.place().clone(), "`MISC_CHECK` without a misc_path: ignored");
        return None;
    };
    let mut script = script(path, globals, notes)?;
    // Behind the command of a check stands no user; it has a line of its own.
    let named =
        line_of("user").and_then(|line| Some((line.word(1)?.to_owned(), line.word(2).map(str::to_owned))));
    (script.user, script.group) = identity(named, globals);
    Some(ScriptCheck { script, dynamic: line_of("misc_dynamic").is_some() })
}
