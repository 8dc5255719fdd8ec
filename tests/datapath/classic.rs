//! The forms of ipvsadm's command line that the recorded cases use.

use std::net::IpAddr;

use tunvs::lvs::Command;
use tunvs::lvs::director::TimeoutSettings;
use tunvs::lvs::service::{
    Family, Forwarding, Persistence, Protocol, SchedulerFlags, ServerSpec, ServiceKey, ServiceSpec, Tunnel,
    TunnelChecksum, TunnelKind,
};

/// The command of one line. None: a form that is not known here.
pub(crate) fn parse(line: &str) -> Option<Command> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let after = |names: &[&str]| {
        words.iter().position(|word| names.contains(word)).and_then(|at| words.get(at + 1).copied())
    };
    let has = |name: &str| words.contains(&name);
    if has("--set") {
        let at = words.iter().position(|word| *word == "--set")?;
        let value = |nth: usize| words.get(at + nth)?.parse().ok();
        return Some(Command::SetTimeouts(TimeoutSettings {
            tcp: value(1)?,
            tcp_fin: value(2)?,
            udp: value(3)?,
        }));
    }
    if has("-Z") {
        return Some(Command::Zero(None));
    }
    let key = key(&after, has("-6"))?;
    match *words.first()? {
        "-D" => Some(Command::DeleteService(key)),
        "-A" => Some(Command::AddService(service(key, &words, &after)?)),
        "-E" => Some(Command::EditService(service(key, &words, &after)?)),
        "-d" => {
            let (addr, port) = endpoint(after(&["-r"])?)?;
            Some(Command::DeleteServer { service: key, addr, port })
        }
        add_or_edit => {
            let server = server(key, &words, &after)?;
            match add_or_edit {
                "-a" => Some(Command::AddServer { service: key, server }),
                "-e" => Some(Command::EditServer { service: key, server }),
                _ => None,
            }
        }
    }
}

fn key<'a>(after: &impl Fn(&[&str]) -> Option<&'a str>, six: bool) -> Option<ServiceKey> {
    for (option, protocol) in [("-t", Protocol::Tcp), ("-u", Protocol::Udp)] {
        if let Some(text) = after(&[option]) {
            let (addr, port) = endpoint(text)?;
            return Some(ServiceKey::Address { protocol, addr, port });
        }
    }
    let family = if six { Family::V6 } else { Family::V4 };
    Some(ServiceKey::Mark { mark: after(&["-f"])?.parse().ok()?, family })
}

fn service<'a>(
    key: ServiceKey,
    words: &[&str],
    after: &impl Fn(&[&str]) -> Option<&'a str>,
) -> Option<ServiceSpec> {
    let mut spec = ServiceSpec::new(key, after(&["-s"]).unwrap_or("wlc"));
    for flag in after(&["-b"]).unwrap_or_default().split(',').filter(|flag| !flag.is_empty()) {
        spec.scheduler_flags.0 |= match flag {
            "flag-1" | "sh-fallback" | "mh-fallback" => SchedulerFlags::FLAG_1.0,
            "flag-2" | "sh-port" | "mh-port" => SchedulerFlags::FLAG_2.0,
            "flag-3" => SchedulerFlags::FLAG_3.0,
            _ => return None,
        };
    }
    spec.one_packet = words.contains(&"-o");
    if words.contains(&"-p") {
        let timeout = after(&["-p"]).and_then(|secs| secs.parse().ok()).unwrap_or(360);
        let mask = match (key.family(), after(&["-M"])) {
            (family, None) => Persistence::host_mask(family),
            (Family::V4, Some(mask)) => mask.parse::<std::net::Ipv4Addr>().ok()?.to_bits(),
            (Family::V6, Some(prefix)) => prefix.parse().ok()?,
        };
        spec.persistence = Some(Persistence { timeout, mask });
    }
    Some(spec)
}

fn server<'a>(
    key: ServiceKey,
    words: &[&str],
    after: &impl Fn(&[&str]) -> Option<&'a str>,
) -> Option<ServerSpec> {
    let (addr, port) = endpoint(after(&["-r"])?)?;
    let number = |option: &str, default| after(&[option]).map_or(Some(default), |value| value.parse().ok());
    let forwarding = if words.contains(&"-m") {
        Forwarding::Masq
    } else if words.contains(&"-i") {
        let kind = match after(&["--tun-type"]) {
            None | Some("ipip") => TunnelKind::Ipip,
            Some("gre") => TunnelKind::Gre,
            Some("gue") => TunnelKind::Gue,
            Some(_) => return None,
        };
        let checksum =
            if words.contains(&"--tun-csum") { TunnelChecksum::Full } else { TunnelChecksum::None };
        let port = after(&["--tun-port"]).map_or(Some(0), |port| port.parse().ok())?;
        Forwarding::Tunnel(Tunnel { kind, port, checksum })
    } else {
        Forwarding::Route
    };
    let port = if forwarding == Forwarding::Masq || key.is_mark() { port } else { key.port() };
    Some(ServerSpec {
        addr,
        port,
        forwarding,
        weight: i32::try_from(number("-w", 1)?).ok()?,
        upper_threshold: number("-x", 0)?,
        lower_threshold: number("-y", 0)?,
    })
}

pub(crate) fn endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (addr, port) = text.rsplit_once(':')?;
    Some((addr.trim_matches(['[', ']']).parse().ok()?, port.parse().ok()?))
}
