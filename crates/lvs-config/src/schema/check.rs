//! Keys of health checks in the file, and the types of checks that they belong to.

mod convert;
mod kind;

use std::net::IpAddr;
use std::ops::Range;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::command::Line;
use super::http::{Regex, Statuses, Url};
use super::placed::{Placed, is_default};
use super::seconds::Seconds;
use crate::error::Mistake;
use lvs_health::spec::{CheckType, HttpVersion};

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
