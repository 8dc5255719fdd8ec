//! Health in the file: from keys to checks and what follows from them.

use std::ops::Range;

use toml::Spanned;

use super::check_schema::{
    self as schema, BfdDaemon, CheckType, Command, Line, Regex, Span, Status, Statuses,
};
use super::error::Mistake;
use super::keepalived::command_words;
use lvs_health::spec::{
    BfdSource, BodyRegex, Check, CheckKind, DnsCheck, FileCheck, GrpcCheck, HttpCheck, HttpUrl, HttpVersion,
    Passive, Reply, Schedule, Script, ScriptCheck, SmtpCheck, StatusRange, Tls, UdpCheck,
};

/// A script of `quorum_up`, `notify_down` and their like.
pub(super) fn script(given: Spanned<Command>) -> Result<Script, Mistake> {
    let at = given.span();
    match given.into_inner() {
        Command::Line(line) => Ok(Script::new(words(Line::Line(line), at)?)),
        Command::Words(list) => Ok(Script::new(words(Line::Words(list), at)?)),
        Command::Table(table) => {
            let mut script = Script::new(words(table.command, at)?);
            script.timeout = table.timeout.map(|timeout| timeout.0);
            (script.user, script.group) = (table.user, table.group);
            Ok(script)
        }
    }
}

fn words(line: Line, at: Range<usize>) -> Result<Vec<String>, Mistake> {
    let words = match line {
        Line::Line(line) => command_words(&line)
            .ok_or_else(|| Mistake::new(at.clone(), format!("{line:?} has a quote that nothing ends")))?,
        Line::Words(words) => words,
    };
    if words.first().is_none_or(String::is_empty) {
        return Err(Mistake::new(at, "a command names a program"));
    }
    Ok(words)
}

pub(super) fn passive(given: Spanned<schema::Passive>) -> Result<Passive, Mistake> {
    let at = given.span();
    let given = given.into_inner();
    let usual = Passive::default();
    let passive = Passive {
        interval: given.interval.map_or(usual.interval, |interval| interval.0),
        min_connections: given.min_connections.unwrap_or(usual.min_connections),
        unanswered: given.unanswered.unwrap_or(usual.unanswered),
        refused: given.refused.unwrap_or(usual.refused),
        fall: given.fall.unwrap_or(usual.fall),
        hold_down: given.hold_down.map_or(usual.hold_down, |time| time.0),
    };
    if passive.interval.is_zero() || passive.fall == 0 || passive.unanswered > 100 || passive.refused > 100 {
        return Err(Mistake::new(
            at,
            "interval and fall must be above 0, unanswered and refused 0 to 100 percent",
        ));
    }
    Ok(passive)
}

pub(super) fn check(given: schema::Check) -> Result<Check, Mistake> {
    let at = given.kind.span();
    refuse_foreign(&given)?;
    let kind = match *given.kind.get_ref() {
        CheckType::Tcp => CheckKind::Tcp,
        CheckType::Ping => CheckKind::Ping,
        CheckType::Http | CheckType::Https => CheckKind::Http(http(&given, &at)?),
        CheckType::Dns => CheckKind::Dns(dns(&given)?),
        CheckType::Udp => CheckKind::Udp(udp(&given)?),
        CheckType::Smtp => {
            CheckKind::Smtp(value(&given.helo).map_or_else(SmtpCheck::default, |helo| SmtpCheck { helo }))
        }
        CheckType::Grpc | CheckType::Grpcs => CheckKind::Grpc(GrpcCheck {
            service: value(&given.service).unwrap_or_default(),
            authority: value(&given.authority),
            tls: (*given.kind.get_ref() == CheckType::Grpcs).then(|| tls(&given)),
        }),
        CheckType::Script => CheckKind::Script(script_check(&given, &at)?),
        CheckType::File => CheckKind::File(file(&given, &at)?),
        CheckType::Bfd => CheckKind::Bfd(bfd(&given)?),
    };
    let mut check = Check::new(kind);
    check.schedule = schedule(&given)?;
    check.alpha = given.alpha;
    check.log_all_failures = given.log_all_failures;
    let target = &mut check.target;
    (target.connect_ip, target.connect_port) = (given.address, given.port);
    (target.bind_ip, target.bind_port) = (given.bind_address, given.bind_port);
    (target.bind_interface, target.fwmark) = (given.interface, given.fwmark);
    Ok(check)
}

fn value<T: Clone>(given: &Option<Spanned<T>>) -> Option<T> {
    given.as_ref().map(|given| given.get_ref().clone())
}

/// A key, where it is given, and the types that have it.
type Key = (&'static str, Option<Range<usize>>, &'static [CheckType]);

/// Which keys belong to which types; the others are mistakes there.
fn refuse_foreign(given: &schema::Check) -> Result<(), Mistake> {
    use CheckType::{Bfd, Dns, File, Grpc, Grpcs, Http, Https, Script, Smtp, Tcp, Udp};
    fn at<T>(given: &Option<Spanned<T>>) -> Option<Range<usize>> {
        given.as_ref().map(Spanned::span)
    }
    let keys: [Key; 29] = [
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
    ];
    let kind = given.kind.get_ref();
    let foreign = keys.into_iter().find(|(_, at, types)| at.is_some() && !types.contains(kind));
    let users = [("user", at(&given.user)), ("group", at(&given.group))];
    let foreign = foreign
        .map(|(key, at, _)| (key, at))
        .or_else(|| users.into_iter().find(|(_, at)| at.is_some() && *kind != Script));
    match foreign {
        Some((key, Some(at))) => {
            Err(Mistake::new(at, format!("`{key}` does not belong to a check of this type")))
        }
        _ => Ok(()),
    }
}

fn schedule(given: &schema::Check) -> Result<Schedule, Mistake> {
    let usual = Schedule::default();
    let nonzero = |given: &Option<Spanned<Span>>, usual, what: &str| match given {
        Some(given) if given.get_ref().0.is_zero() => {
            Err(Mistake::new(given.span(), format!("{what} must be above 0")))
        }
        Some(given) => Ok(given.get_ref().0),
        None => Ok(usual),
    };
    let count = |given: &Option<Spanned<u32>>, usual, what: &str| match given {
        Some(given) if *given.get_ref() == 0 => {
            Err(Mistake::new(given.span(), format!("{what} must be 1 or more")))
        }
        Some(given) => Ok(*given.get_ref()),
        None => Ok(usual),
    };
    if let Some(jitter) = given.jitter.as_ref().filter(|jitter| *jitter.get_ref() > 100) {
        return Err(Mistake::new(jitter.span(), "jitter is 0 to 100 percent"));
    }
    Ok(Schedule {
        interval: nonzero(&given.interval, usual.interval, "interval")?,
        jitter: value(&given.jitter).unwrap_or(usual.jitter),
        timeout: nonzero(&given.timeout, usual.timeout, "timeout")?,
        retry: given.retry.unwrap_or(usual.retry),
        delay_before_retry: given.delay_before_retry.map_or(usual.delay_before_retry, |delay| delay.0),
        rise: count(&given.rise, usual.rise, "rise")?,
        fall: count(&given.fall, usual.fall, "fall")?,
        warmup: given.warmup.map(|warmup| warmup.0),
    })
}

fn tls(given: &schema::Check) -> Tls {
    Tls {
        server_name: value(&given.server_name),
        no_sni: value(&given.sni) == Some(false),
        verify: value(&given.verify).unwrap_or(false),
        ca_file: value(&given.ca_file),
    }
}

fn http(given: &schema::Check, at: &Range<usize>) -> Result<HttpCheck, Mistake> {
    let says_one =
        given.path.is_some() || given.status.is_some() || given.digest.is_some() || given.regex.is_some();
    let urls = match &given.url {
        Some(urls) if says_one => {
            return Err(Mistake::new(urls.span(), "give `url`, or `path` and its like, not both"));
        }
        Some(urls) if urls.get_ref().is_empty() => {
            return Err(Mistake::new(urls.span(), "a list of at least one url"));
        }
        Some(urls) => urls.get_ref().iter().map(|url| one_url(url, at)).collect::<Result<_, _>>()?,
        None if says_one => {
            let (status, digest, regex) = (given.status.clone(), given.digest.clone(), given.regex.clone());
            let path = value(&given.path).unwrap_or_else(|| "/".to_owned());
            vec![one_url(&schema::Url { path, host: None, status, digest, regex }, at)?]
        }
        None => Vec::new(),
    };
    Ok(HttpCheck {
        urls,
        version: value(&given.version).unwrap_or(HttpVersion::Http11),
        host: value(&given.host),
        tls: (*given.kind.get_ref() == CheckType::Https).then(|| tls(given)),
    })
}

fn one_url(given: &schema::Url, at: &Range<usize>) -> Result<HttpUrl, Mistake> {
    if !given.path.starts_with('/') {
        return Err(Mistake::new(at.clone(), format!("the path {:?} must begin with /", given.path)));
    }
    let mut url = HttpUrl::new(&given.path);
    url.host.clone_from(&given.host);
    if let Some(statuses) = &given.status {
        let list = match statuses.get_ref() {
            Statuses::One(status) => std::slice::from_ref(status),
            Statuses::Many(list) => list,
        };
        for given in list {
            let range = status(given);
            url.status.push(range.ok_or_else(|| {
                Mistake::new(statuses.span(), "a status is 100 to 599, or a range such as \"200-299\"")
            })?);
        }
    }
    if let Some(digest) = &given.digest {
        let text = digest.get_ref();
        let value =
            u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32 && !text.starts_with('+'));
        let value =
            value.ok_or_else(|| Mistake::new(digest.span(), "a digest is an MD5 sum of 32 hex digits"))?;
        url.digest = Some(value.to_be_bytes());
    }
    let regex = |regex: &Regex| match regex {
        Regex::Pattern(pattern) => BodyRegex::new(pattern),
        Regex::Table(table) => BodyRegex {
            pattern: table.pattern.clone(),
            negate: table.negate,
            case_insensitive: table.case_insensitive,
            multi_line: table.multi_line,
            dot_matches_new_line: table.dot_matches_new_line,
            ignore_whitespace: table.ignore_whitespace,
            min_offset: table.min_offset,
            max_offset: table.max_offset,
        },
    };
    if let Some(given) = &given.regex {
        let regex = regex(given.get_ref());
        if let Some(why) = regex.trouble() {
            return Err(Mistake::new(given.span(), format!("`{}` is no pattern: {why}", regex.pattern)));
        }
        url.regex = Some(regex);
    }
    Ok(url)
}

fn status(given: &Status) -> Option<StatusRange> {
    let range = match given {
        Status::Code(code) => StatusRange { first: *code, last: *code },
        Status::Range(text) => {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            StatusRange { first: first.trim().parse().ok()?, last: last.trim().parse().ok()? }
        }
    };
    (range.first >= 100 && range.last <= 599 && range.first <= range.last).then_some(range)
}

fn dns(given: &schema::Check) -> Result<DnsCheck, Mistake> {
    let mut dns = DnsCheck::default();
    if let Some(record) = &given.record {
        let number = DnsCheck::record_type_of(record.get_ref());
        let what = || {
            Mistake::new(
                record.span(),
                format!("no record type {:?}: write A, SOA or TYPE65", record.get_ref()),
            )
        };
        dns.record_type = number.ok_or_else(what)?;
    }
    dns.name = value(&given.name).unwrap_or(dns.name);
    dns.tcp = value(&given.tcp).unwrap_or(false);
    Ok(dns)
}

fn udp(given: &schema::Check) -> Result<UdpCheck, Mistake> {
    let reply = |given: &Spanned<String>| {
        let what = "a reply is pairs of hex digits, with x for any digit";
        Reply::parse(given.get_ref()).ok_or_else(|| Mistake::new(given.span(), what))
    };
    let expect = given.reply.as_ref().map(reply).transpose()?;
    Ok(UdpCheck {
        payload: given.payload.as_ref().map(hex).transpose()?.unwrap_or_default(),
        require_reply: value(&given.require_reply).unwrap_or(expect.is_some()),
        min_reply_len: value(&given.min_reply),
        max_reply_len: value(&given.max_reply),
        expect,
    })
}

fn file(given: &schema::Check, at: &Range<usize>) -> Result<FileCheck, Mistake> {
    let Some(path) = &given.path else {
        return Err(Mistake::new(at.clone(), "a check of a file needs its path"));
    };
    Ok(FileCheck {
        path: path.get_ref().into(),
        weight: value(&given.weight).unwrap_or(1),
        reverse: value(&given.reverse).unwrap_or(false),
    })
}

fn bfd(given: &schema::Check) -> Result<BfdSource, Mistake> {
    let socket = |usual: &str| value(&given.socket).unwrap_or_else(|| usual.into());
    match (value(&given.daemon), &given.socket) {
        (Some(BfdDaemon::Frr), _) => Ok(BfdSource::Frr(socket(BfdSource::FRR))),
        (Some(BfdDaemon::Bird), _) => Ok(BfdSource::Bird(socket(BfdSource::BIRD))),
        (Some(BfdDaemon::Keepalived), _) => Ok(BfdSource::Keepalived(socket(BfdSource::KEEPALIVED))),
        (None, Some(socket)) => Err(Mistake::new(socket.span(), "say the `daemon` whose socket this is")),
        (None, None) => Ok(BfdSource::Any),
    }
}

/// Bytes as pairs of hex digits, with or without blanks between them.
fn hex(given: &Spanned<String>) -> Result<Vec<u8>, Mistake> {
    let digits: Vec<u8> = given.get_ref().bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).ok().filter(|text| text.len() == 2 && !text.starts_with('+'))?;
        u8::from_str_radix(text, 16).ok()
    };
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
    bytes.ok_or_else(|| Mistake::new(given.span(), "bytes are pairs of hex digits"))
}

fn script_check(given: &schema::Check, at: &Range<usize>) -> Result<ScriptCheck, Mistake> {
    let Some(command) = &given.command else {
        return Err(Mistake::new(at.clone(), "a check by script needs a command"));
    };
    let mut script = Script::new(words(command.get_ref().clone(), command.span())?);
    (script.user, script.group) = (value(&given.user), value(&given.group));
    Ok(ScriptCheck { script, dynamic: value(&given.dynamic).unwrap_or(false) })
}
