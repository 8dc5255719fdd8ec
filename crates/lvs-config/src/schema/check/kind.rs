//! The question of a check, from the keys of its type and back.

use std::path::{Path, PathBuf};

use super::{BfdDaemon, Check};
use crate::error::Mistake;
use crate::schema::command::Line;
use crate::schema::http::{Url, hex};
use crate::schema::placed::{Placed, unusual};
use lvs_health::spec::{
    BfdSource, CheckKind, CheckType, DnsCheck, FileCheck, GrpcCheck, HttpCheck, HttpUrl, Reply, Script,
    ScriptCheck, SmtpCheck, Tls, UdpCheck,
};

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
    pub(super) fn kind(&self) -> Result<CheckKind, Mistake> {
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
    pub(super) fn of_kind(self, kind: &CheckKind) -> Self {
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

    fn of_http(self, http: &HttpCheck) -> Self {
        let HttpCheck { urls, version, host, tls } = http;
        let common = Self { host: placed(host), version: set(*version), ..self.with_tls(tls.as_ref()) };
        match &urls[..] {
            [] => common,
            [url] if url.host.is_none() => {
                let Url { path, status, digest, regex, .. } = url.into();
                Self { path: Some(path.into()), status, digest, regex, ..common }
            }
            urls => Self { url: Some(urls.iter().map(Url::from).collect::<Vec<_>>().into()), ..common },
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

    fn tls(&self) -> Tls {
        Tls {
            server_name: value(&self.server_name),
            no_sni: value(&self.sni) == Some(false),
            verify: value(&self.verify).unwrap_or(false),
            ca_file: value(&self.ca_file),
        }
    }

    fn with_tls(self, tls: Option<&Tls>) -> Self {
        let Some(Tls { server_name, no_sni, verify, ca_file }) = tls else { return self };
        Self {
            server_name: placed(server_name),
            sni: no_sni.then(|| false.into()),
            verify: set(*verify),
            ca_file: ca_file.as_deref().map(shown),
            ..self
        }
    }

    fn http(&self) -> Result<HttpCheck, Mistake> {
        Ok(HttpCheck {
            urls: self.urls()?,
            version: value(&self.version).unwrap_or_default(),
            host: value(&self.host),
            tls: (*self.kind == CheckType::Https).then(|| self.tls()),
        })
    }

    fn urls(&self) -> Result<Vec<HttpUrl>, Mistake> {
        let at = self.kind.at();
        let says_one =
            self.path.is_some() || self.status.is_some() || self.digest.is_some() || self.regex.is_some();
        match &self.url {
            Some(urls) if says_one => Err(urls.wrong("give `url`, or `path` and its like, not both")),
            Some(urls) if urls.is_empty() => Err(urls.wrong("a list of at least one url")),
            Some(urls) => urls.iter().map(|url| url.clone().read(&at)).collect(),
            None if says_one => {
                let (status, digest, regex) = (self.status.clone(), self.digest.clone(), self.regex.clone());
                let path = value(&self.path).unwrap_or_else(|| "/".to_owned());
                Ok(vec![Url { path, host: None, status, digest, regex }.read(&at)?])
            }
            None => Ok(Vec::new()),
        }
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
