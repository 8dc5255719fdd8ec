//! The tables and keys of health in the file, as serde reads them. Unknown keys are mistakes.

use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use toml::Spanned;

use super::schema::{Address, Forward};
use lvs_health::spec::{HttpVersion, OnFailure};

/// One table, or a list of them.
#[derive(Debug)]
pub(super) struct Some1<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Some1<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Some1<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table or a list of tables")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|one| Some1(vec![one]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Some1)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

/// Seconds as a number, or text such as `500ms`, `2s`, `1.5s`, `5m`, `1h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span(pub(super) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seconds;
        impl Visitor<'_> for Seconds {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time: seconds as a number, or text such as \"500ms\", \"2s\", \"5m\"")
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Span, E> {
                let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds <= LONGEST);
                let seconds = seconds.ok_or_else(|| E::custom("a time is 0 to 365 days"))?;
                Ok(Span(Duration::from_secs(seconds)))
            }

            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Span, E> {
                span(seconds).ok_or_else(|| E::custom("a time is 0 to 365 days"))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
                let end =
                    text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
                let factor = match text[end..].trim_start() {
                    "ms" => 0.001,
                    "" | "s" => 1.0,
                    "m" | "min" => 60.0,
                    "h" => 3600.0,
                    _ => f64::NAN,
                };
                let value = text[..end].parse::<f64>().ok().and_then(|number| span(number * factor));
                value.ok_or_else(|| {
                    E::custom(format!("{text:?} is no time: write \"500ms\", \"2s\", \"5m\" or \"1h\""))
                })
            }
        }
        deserializer.deserialize_any(Seconds)
    }
}

/// Seconds that a time may be.
const LONGEST: u64 = 365 * 86_400;

/// Rounded to microseconds, so that 0.1 is 0.1.
fn span(seconds: f64) -> Option<Span> {
    let is_fine = (0.0..=365.0 * 86_400.0).contains(&seconds);
    let duration = is_fine.then(|| Duration::try_from_secs_f64((seconds * 1e6).round() / 1e6).ok()).flatten();
    duration
        .map(|duration| Span(Duration::from_micros(u64::try_from(duration.as_micros()).unwrap_or_default())))
}

/// A command line, or its words, or a table.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Command {
    Line(String),
    Words(Vec<String>),
    Table(CommandTable),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandTable {
    pub(super) command: Line,
    pub(super) timeout: Option<Span>,
    pub(super) user: Option<String>,
    pub(super) group: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Line {
    Line(String),
    Words(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sorry {
    pub(super) address: Spanned<Address>,
    pub(super) forward: Forward,
    #[serde(default)]
    pub(super) inhibit: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Passive {
    pub(super) interval: Option<Span>,
    pub(super) min_connections: Option<u32>,
    pub(super) unanswered: Option<u8>,
    pub(super) refused: Option<u8>,
    pub(super) fall: Option<u32>,
    pub(super) hold_down: Option<Span>,
}

/// What a service and each of its servers may say.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Failure {
    Remove,
    Quiesce,
}

impl From<Failure> for OnFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Remove => Self::Remove,
            Failure::Quiesce => Self::Quiesce,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum CheckType {
    Tcp,
    Http,
    Https,
    Dns,
    Udp,
    Ping,
    Smtp,
    Grpc,
    Grpcs,
    Script,
    File,
    Bfd,
}

/// Who knows of BFD sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum BfdDaemon {
    Frr,
    Bird,
    Keepalived,
}

/// All keys of all types; which belong to which, the reader knows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    #[serde(rename = "type")]
    pub(super) kind: Spanned<CheckType>,
    pub(super) interval: Option<Spanned<Span>>,
    pub(super) jitter: Option<Spanned<u8>>,
    pub(super) timeout: Option<Spanned<Span>>,
    pub(super) retry: Option<u32>,
    pub(super) delay_before_retry: Option<Span>,
    pub(super) rise: Option<Spanned<u32>>,
    pub(super) fall: Option<Spanned<u32>>,
    pub(super) warmup: Option<Span>,
    #[serde(default)]
    pub(super) alpha: bool,
    #[serde(default)]
    pub(super) log_all_failures: bool,
    pub(super) address: Option<IpAddr>,
    pub(super) port: Option<u16>,
    pub(super) bind_address: Option<IpAddr>,
    pub(super) bind_port: Option<u16>,
    pub(super) interface: Option<String>,
    pub(super) fwmark: Option<u32>,
    pub(super) via_server: Option<Spanned<bool>>,
    pub(super) path: Option<Spanned<String>>,
    pub(super) status: Option<Spanned<Statuses>>,
    pub(super) digest: Option<Spanned<String>>,
    pub(super) regex: Option<Spanned<Regex>>,
    pub(super) url: Option<Spanned<Vec<Url>>>,
    pub(super) host: Option<Spanned<String>>,
    pub(super) version: Option<Spanned<HttpVersion>>,
    pub(super) server_name: Option<Spanned<String>>,
    pub(super) sni: Option<Spanned<bool>>,
    pub(super) verify: Option<Spanned<bool>>,
    pub(super) ca_file: Option<Spanned<PathBuf>>,
    pub(super) name: Option<Spanned<String>>,
    pub(super) record: Option<Spanned<String>>,
    pub(super) tcp: Option<Spanned<bool>>,
    pub(super) payload: Option<Spanned<String>>,
    pub(super) require_reply: Option<Spanned<bool>>,
    pub(super) reply: Option<Spanned<String>>,
    pub(super) min_reply: Option<Spanned<usize>>,
    pub(super) max_reply: Option<Spanned<usize>>,
    pub(super) helo: Option<Spanned<String>>,
    pub(super) service: Option<Spanned<String>>,
    pub(super) authority: Option<Spanned<String>>,
    pub(super) command: Option<Spanned<Line>>,
    pub(super) user: Option<Spanned<String>>,
    pub(super) group: Option<Spanned<String>>,
    pub(super) dynamic: Option<Spanned<bool>>,
    pub(super) weight: Option<Spanned<i32>>,
    pub(super) reverse: Option<Spanned<bool>>,
    pub(super) daemon: Option<Spanned<BfdDaemon>>,
    pub(super) socket: Option<Spanned<PathBuf>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Url {
    pub(super) path: String,
    pub(super) host: Option<String>,
    pub(super) status: Option<Spanned<Statuses>>,
    pub(super) digest: Option<Spanned<String>>,
    pub(super) regex: Option<Spanned<Regex>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Statuses {
    One(Status),
    Many(Vec<Status>),
}

/// 200, or "200-299".
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Status {
    Code(u16),
    Range(String),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Regex {
    Pattern(String),
    Table(RegexTable),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegexTable {
    pub(super) pattern: String,
    #[serde(default)]
    pub(super) negate: bool,
    #[serde(default)]
    pub(super) case_insensitive: bool,
    #[serde(default)]
    pub(super) multi_line: bool,
    #[serde(default)]
    pub(super) dot_matches_new_line: bool,
    #[serde(default)]
    pub(super) ignore_whitespace: bool,
    #[serde(default)]
    pub(super) min_offset: usize,
    pub(super) max_offset: Option<usize>,
}
