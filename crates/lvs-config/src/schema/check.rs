//! Keys of health checks in the file, the types of checks that they belong to, and the question that they are, from the keys of
//! its type and back.

mod convert;
mod http;

use std::net::IpAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::command::Line;
use super::http::{Regex, Statuses, Url, hex};
use super::placed::{Placed, is_default, unusual};
use super::seconds::Seconds;
use crate::error::Mistake;
use lvs_health::spec::{
    BfdSource, CheckKind, CheckType, DnsCheck, FileCheck, GrpcCheck, HttpVersion, Reply, Script, ScriptCheck,
    SmtpCheck, UdpCheck,
};

/// Daemon that knows of BFD sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum BfdDaemon {
    Frr,
    Bird,
    Keepalived,
}

/// All keys of all types.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Check {
    #[serde(rename = "type")]
    kind: Placed<CheckType>,
    interval: Option<Placed<Seconds>>,
    jitter: Option<Placed<u8>>,
    timeout: Option<Placed<Seconds>>,
    retry: Option<u32>,
    delay_before_retry: Option<Seconds>,
    rise: Option<Placed<u32>>,
    fall: Option<Placed<u32>>,
    warmup: Option<Seconds>,
    #[serde(default, skip_serializing_if = "is_default")]
    alpha: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    log_all_failures: bool,
    address: Option<IpAddr>,
    port: Option<u16>,
    bind_address: Option<IpAddr>,
    bind_port: Option<u16>,
    interface: Option<String>,
    fwmark: Option<u32>,
    pub(super) via_server: Option<Placed<bool>>,
    path: Option<Placed<String>>,
    status: Option<Placed<Statuses>>,
    digest: Option<Placed<String>>,
    regex: Option<Placed<Regex>>,
    url: Option<Placed<Vec<Url>>>,
    host: Option<Placed<String>>,
    version: Option<Placed<HttpVersion>>,
    server_name: Option<Placed<String>>,
    sni: Option<Placed<bool>>,
    verify: Option<Placed<bool>>,
    ca_file: Option<Placed<PathBuf>>,
    name: Option<Placed<String>>,
    record: Option<Placed<String>>,
    tcp: Option<Placed<bool>>,
    payload: Option<Placed<String>>,
    require_reply: Option<Placed<bool>>,
    reply: Option<Placed<String>>,
    min_reply: Option<Placed<usize>>,
    max_reply: Option<Placed<usize>>,
    helo: Option<Placed<String>>,
    service: Option<Placed<String>>,
    authority: Option<Placed<String>>,
    command: Option<Placed<Line>>,
    user: Option<Placed<String>>,
    script_security: Option<Placed<bool>>,
    group: Option<Placed<String>>,
    dynamic: Option<Placed<bool>>,
    weight: Option<Placed<i32>>,
    reverse: Option<Placed<bool>>,
    daemon: Option<Placed<BfdDaemon>>,
    socket: Option<Placed<PathBuf>>,
}

/// A key, where it is given, and the types that have it.
type Key = (&'static str, Option<Range<usize>>, &'static [CheckType]);

/// Refuses keys that belong to other types of checks.
fn refuse_foreign(given: &Check) -> Result<(), Mistake> {
    use CheckType::{Bfd, Dns, File, Grpc, Grpcs, Http, Https, Script, Smtp, Tcp, Udp};
    fn at<T>(given: &Option<Placed<T>>) -> Option<Range<usize>> {
        given.as_ref().map(Placed::at)
    }
    let keys: [Key; 32] = [
        ("via_server", at(&given.via_server), &[Tcp, Http, Https, Dns, Udp, Smtp, Grpc, Grpcs]),
        ("path", at(&given.path), &[Http, Https, File]),
        ("status", at(&given.status), &[Http, Https]),
        ("digest", at(&given.digest), &[Http, Https]),
        ("regex", at(&given.regex), &[Http, Https]),
        ("url", at(&given.url), &[Http, Https]),
        ("host", at(&given.host), &[Http, Https]),
        ("version", at(&given.version), &[Http, Https]),
        ("server_name", at(&given.server_name), &[Https, Grpcs]),
        ("sni", at(&given.sni), &[Https, Grpcs]),
        ("verify", at(&given.verify), &[Https, Grpcs]),
        ("ca_file", at(&given.ca_file), &[Https, Grpcs]),
        ("name", at(&given.name), &[Dns]),
        ("record", at(&given.record), &[Dns]),
        ("tcp", at(&given.tcp), &[Dns]),
        ("payload", at(&given.payload), &[Udp]),
        ("require_reply", at(&given.require_reply), &[Udp]),
        ("reply", at(&given.reply), &[Udp]),
        ("min_reply", at(&given.min_reply), &[Udp]),
        ("max_reply", at(&given.max_reply), &[Udp]),
        ("helo", at(&given.helo), &[Smtp]),
        ("service", at(&given.service), &[Grpc, Grpcs]),
        ("authority", at(&given.authority), &[Grpc, Grpcs]),
        ("command", at(&given.command), &[Script]),
        ("dynamic", at(&given.dynamic), &[Script]),
        ("weight", at(&given.weight), &[File]),
        ("reverse", at(&given.reverse), &[File]),
        ("daemon", at(&given.daemon), &[Bfd]),
        ("socket", at(&given.socket), &[Bfd]),
        ("user", at(&given.user), &[Script]),
        ("script_security", at(&given.script_security), &[Script]),
        ("group", at(&given.group), &[Script]),
    ];
    let foreign = keys.into_iter().find(|(_, at, types)| at.is_some() && !types.contains(&given.kind));
    match foreign {
        Some((key, Some(at), _)) => {
            Err(Mistake::new(at, format!("`{key}` does not belong to a check of this type")))
        }
        _ => Ok(()),
    }
}

fn value<T: Clone>(given: &Option<Placed<T>>) -> Option<T> {
    given.as_deref().cloned()
}

fn placed<T: Clone>(value: &Option<T>) -> Option<Placed<T>> {
    value.clone().map(Placed::from)
}

/// A value where it is not the default of its type.
fn set<T: Default + PartialEq>(value: T) -> Option<Placed<T>> {
    unusual(value, T::default()).map(Placed::from)
}

fn shown(path: &Path) -> Placed<PathBuf> {
    PathBuf::from(path.display().to_string()).into()
}

impl Check {
    fn kind(&self) -> Result<CheckKind, Mistake> {
        Ok(match *self.kind {
            CheckType::Tcp => CheckKind::Tcp,
            CheckType::Ping => CheckKind::Ping,
            CheckType::Http | CheckType::Https => CheckKind::Http(self.http()?),
            CheckType::Dns => CheckKind::Dns(self.dns()?),
            CheckType::Udp => CheckKind::Udp(self.udp()?),
            CheckType::Smtp => {
                CheckKind::Smtp(value(&self.helo).map_or_else(SmtpCheck::default, |helo| SmtpCheck { helo }))
            }
            CheckType::Grpc | CheckType::Grpcs => CheckKind::Grpc(GrpcCheck {
                service: value(&self.service).unwrap_or_default(),
                authority: value(&self.authority),
                tls: (*self.kind == CheckType::Grpcs).then(|| self.tls()),
            }),
            CheckType::Script => CheckKind::Script(self.script()?),
            CheckType::File => CheckKind::File(self.file()?),
            CheckType::Bfd => CheckKind::Bfd(self.bfd()?),
        })
    }

    /// Adds the keys of what is asked to these.
    fn of_kind(self, kind: &CheckKind) -> Self {
        match kind {
            CheckKind::Tcp | CheckKind::Ping => self,
            CheckKind::Http(http) => self.of_http(http),
            CheckKind::Dns(DnsCheck { name, record_type, tcp }) => Self {
                name: Some(name.clone().into()),
                record: Some(format!("TYPE{record_type}").into()),
                tcp: set(*tcp),
                ..self
            },
            CheckKind::Udp(UdpCheck { payload, require_reply, min_reply_len, max_reply_len, expect }) => {
                Self {
                    payload: set(hex(payload)),
                    require_reply: unusual(*require_reply, expect.is_some()).map(Placed::from),
                    reply: expect.as_ref().map(|reply| reply.to_string().into()),
                    min_reply: placed(min_reply_len),
                    max_reply: placed(max_reply_len),
                    ..self
                }
            }
            CheckKind::Smtp(SmtpCheck { helo }) => Self { helo: Some(helo.clone().into()), ..self },
            CheckKind::Grpc(GrpcCheck { service, authority, tls }) => Self {
                service: set(service.clone()),
                authority: placed(authority),
                ..self.with_tls(tls.as_ref())
            },
            CheckKind::Script(ScriptCheck { script, dynamic }) => Self {
                command: Some(Line::Words(script.command.clone()).into()),
                user: placed(&script.user),
                script_security: script.script_security.then(|| Placed::from(true)),
                group: placed(&script.group),
                dynamic: set(*dynamic),
                ..self
            },
            CheckKind::File(FileCheck { path, weight, reverse }) => Self {
                path: Some(path.display().to_string().into()),
                weight: unusual(*weight, 1).map(Placed::from),
                reverse: set(*reverse),
                ..self
            },
            CheckKind::Bfd(source) => self.of_bfd(source),
        }
    }

    fn of_bfd(self, source: &BfdSource) -> Self {
        let (daemon, socket) = match source {
            BfdSource::Any => return self,
            BfdSource::Frr(path) => (BfdDaemon::Frr, path),
            BfdSource::Bird(path) => (BfdDaemon::Bird, path),
            BfdSource::Keepalived(path) => (BfdDaemon::Keepalived, path),
        };
        Self { daemon: Some(daemon.into()), socket: Some(shown(socket)), ..self }
    }

    fn dns(&self) -> Result<DnsCheck, Mistake> {
        let usual = DnsCheck::default();
        let number = |record: &Placed<String>| {
            let wrong = || record.wrong(format!("no record type {:?}: write A, SOA or TYPE65", **record));
            DnsCheck::record_type_of(record).ok_or_else(wrong)
        };
        Ok(DnsCheck {
            record_type: self.record.as_ref().map_or(Ok(usual.record_type), number)?,
            name: value(&self.name).unwrap_or(usual.name),
            tcp: value(&self.tcp).unwrap_or(false),
        })
    }

    fn udp(&self) -> Result<UdpCheck, Mistake> {
        let reply = |given: &Placed<String>| {
            let what = "a reply is pairs of hex digits, with x for any digit";
            Reply::parse(given).ok_or_else(|| given.wrong(what))
        };
        let expect = self.reply.as_ref().map(reply).transpose()?;
        Ok(UdpCheck {
            payload: self.payload.as_ref().map(bytes).transpose()?.unwrap_or_default(),
            require_reply: value(&self.require_reply).unwrap_or(expect.is_some()),
            min_reply_len: value(&self.min_reply),
            max_reply_len: value(&self.max_reply),
            expect,
        })
    }

    fn file(&self) -> Result<FileCheck, Mistake> {
        let Some(path) = value(&self.path) else {
            return Err(self.kind.wrong("a check of a file needs its path"));
        };
        Ok(FileCheck {
            path: path.into(),
            weight: value(&self.weight).unwrap_or(1),
            reverse: value(&self.reverse).unwrap_or(false),
        })
    }

    fn bfd(&self) -> Result<BfdSource, Mistake> {
        let socket = |usual: &str| value(&self.socket).unwrap_or_else(|| usual.into());
        match (value(&self.daemon), &self.socket) {
            (Some(BfdDaemon::Frr), _) => Ok(BfdSource::Frr(socket(BfdSource::FRR))),
            (Some(BfdDaemon::Bird), _) => Ok(BfdSource::Bird(socket(BfdSource::BIRD))),
            (Some(BfdDaemon::Keepalived), _) => Ok(BfdSource::Keepalived(socket(BfdSource::KEEPALIVED))),
            (None, Some(socket)) => Err(socket.wrong("say the `daemon` whose socket this is")),
            (None, None) => Ok(BfdSource::Any),
        }
    }

    fn script(&self) -> Result<ScriptCheck, Mistake> {
        let Some(command) = &self.command else {
            return Err(self.kind.wrong("a check by script needs a command"));
        };
        let mut script = Script::new((**command).clone().words(command.at())?);
        (script.user, script.group) = (value(&self.user), value(&self.group));
        script.script_security = value(&self.script_security).unwrap_or(false);
        Ok(ScriptCheck { script, dynamic: value(&self.dynamic).unwrap_or(false) })
    }
}

/// Bytes as pairs of hex digits, with or without blanks between them.
fn bytes(given: &Placed<String>) -> Result<Vec<u8>, Mistake> {
    let digits: Vec<u8> = given.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).ok().filter(|text| text.len() == 2 && !text.starts_with('+'))?;
        u8::from_str_radix(text, 16).ok()
    };
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
    bytes.ok_or_else(|| given.wrong("bytes are pairs of hex digits"))
}
