//! `virtual_server` and `real_server`: from statements to what they say.
//!
//! Statements count in their order, as in keepalived: a `real_server` takes the forwarding method that was said by then.

use std::net::Ipv4Addr;

use super::checks;
use super::model::{Globals, RealServer, Sorry, Times, VirtualServer, VirtualServerKey};
use super::numbers::{Notes, Strictness, address};
use super::parse::Statement;
use super::shared::{script, times_line};
use crate::ConfigError;
use ipvsadm::suggest;
use lvs::sched;
use lvs::service::{
    Endpoint, Family, Forwarding, Protocol, SchedulerFlags, Tunnel, TunnelChecksum, TunnelKind,
};
use lvs_health::spec::Script;

/// `persistence_timeout` without a value.
pub(super) const DEFAULT_PERSISTENCE: u32 = 360;

/// The longest persistence: 31 days.
const LONGEST_PERSISTENCE: u32 = 86_400 * 31;

const MOST_WEIGHT: u32 = i32::MAX as u32;

/// A port from 1 to 65535; 0 if there is none. None: it is wrong.
fn port(statement: &Statement, index: usize, notes: &mut Notes) -> Option<u16> {
    let word = statement.word(index).unwrap_or("0");
    if word.chars().all(|letter| letter == '0') {
        return Some(0);
    }
    let port = notes.unsigned(statement, index, 1..=65_535, Strictness::Lenient).ok().flatten();
    port.and_then(|port| u16::try_from(port).ok())
}

/// Address and port behind a keyword. None: wrong, which has been noted.
fn endpoint(statement: &Statement, notes: &mut Notes) -> Result<Option<Endpoint>, ConfigError> {
    let word = statement.needed(1)?;
    let Some(addr) = address(word) else {
        notes.mistake(
            statement.place_of(1),
            format!("`{word}` is no address: `{}` skipped", statement.keyword()),
        );
        return Ok(None);
    };
    Ok(port(statement, 2, notes).map(|port| Endpoint::new(addr, port)))
}

/// Whether a block's first line says what the block is about.
pub(super) fn is_admitted(statement: &Statement) -> bool {
    let mut unheard = Notes::default();
    match (statement.keyword(), statement.word(1)) {
        ("virtual_server", Some("group")) => true,
        ("virtual_server", Some("fwmark")) => {
            matches!(unheard.unsigned(statement, 2, 0..=u32::MAX, Strictness::Lenient), Ok(Some(_)) | Err(_))
        }
        ("virtual_server" | "real_server", Some(_)) => {
            matches!(endpoint(statement, &mut unheard), Ok(Some(_)))
        }
        _ => true,
    }
}

/// # Errors
/// A keyword lacks its value.
pub(super) fn virtual_server(
    statement: &Statement,
    globals: &Globals,
    notes: &mut Notes,
) -> Result<Option<VirtualServer>, ConfigError> {
    let key = match statement.needed(1)? {
        "group" => VirtualServerKey::Group(statement.needed(2)?.to_owned()),
        "fwmark" => match notes.unsigned(statement, 2, 0..=u32::MAX, Strictness::Lenient)? {
            Some(0) => {
                notes.lost(statement.place_of(2), "mark 0 is what unmarked packets carry: skipped");
                return Ok(None);
            }
            Some(mark) => VirtualServerKey::Mark(mark),
            None => {
                notes.lose();
                return Ok(None);
            }
        },
        _ => match endpoint(statement, notes)? {
            Some(end) => VirtualServerKey::Address(end),
            None => {
                notes.lose();
                return Ok(None);
            }
        },
    };
    let mut service = VirtualServer::new(statement.place().clone(), key);
    for line in &statement.block {
        if line.keyword() == "real_server" {
            real_server(line, &mut service, globals, notes)?;
        } else {
            service_line(line, &mut service, globals, notes)?;
        }
    }
    Ok(Some(service))
}

fn service_line(
    line: &Statement,
    service: &mut VirtualServer,
    globals: &Globals,
    notes: &mut Notes,
) -> Result<(), ConfigError> {
    match line.keyword() {
        "ip_family" => ip_family(line, service, notes)?,
        "lb_algo" | "lvs_sched" => {
            service.scheduler = scheduler(line, notes)?.or(service.scheduler.take());
        }
        "lb_kind" | "lvs_method" => {
            service.forwarding = forwarding(line, notes)?.or(service.forwarding);
        }
        "ops" => service.one_packet = true,
        "hashed" | "flag-1" | "flag-2" | "flag-3" | "sh-port" | "sh-fallback" | "mh-port" | "mh-fallback" => {
            flag(line, service, notes);
        }
        "persistence_timeout" => match line.word(1) {
            None => service.persistence = DEFAULT_PERSISTENCE,
            Some(_) => {
                let timeout = notes.unsigned(line, 1, 1..=LONGEST_PERSISTENCE, Strictness::Strict)?;
                service.persistence = timeout.unwrap_or(service.persistence);
            }
        },
        "persistence_engine" => service.engine = Some(line.needed(1)?.to_owned()),
        "persistence_granularity" => granularity(line, service, notes)?,
        "protocol" => service.protocol = protocol(line, notes)?.or(service.protocol),
        "alpha" => service.alpha = true,
        "omega" => service.omega = true,
        "inhibit_on_failure" => service.inhibit = true,
        "quorum" => service.quorum = notes.unsigned_or(line, 1, 1..=u32::MAX, Strictness::Lenient, 1)?,
        "hysteresis" => {
            let hysteresis = notes.unsigned(line, 1, 0..=u32::MAX, Strictness::Lenient)?;
            service.hysteresis = hysteresis.unwrap_or(service.hysteresis);
        }
        "weight" => {
            let weight = notes.unsigned(line, 1, 1..=MOST_WEIGHT, Strictness::Lenient)?;
            service.weight = weight.unwrap_or(service.weight);
        }
        "quorum_up" => set_script(&mut service.quorum_up, line, globals, notes),
        "quorum_down" => set_script(&mut service.quorum_down, line, globals, notes),
        "virtualhost" => service.virtualhost = line.word(1).map(str::to_owned),
        "sorry_server" => {
            if let Some(Endpoint { addr, port }) = endpoint(line, notes)? {
                let forwarding = service.forwarding;
                service.sorry = Some(Sorry { addr, port, forwarding, inhibit: false });
            }
        }
        "sorry_server_inhibit" | "sorry_server_lvs_method" => sorry_line(line, service, notes)?,
        "ha_suspend" => notes.skipped(line, "checks go on wherever the virtual address is"),
        "smtp_alert" | "snmp_name" => {
            notes.skipped(line, "alerts are not sent; `notify_up` and `notify_down` are run")
        }
        _ => times_line(line, &mut service.times, notes)?,
    }
    Ok(())
}

fn scheduler(line: &Statement, notes: &mut Notes) -> Result<Option<String>, ConfigError> {
    let name = line.needed(1)?;
    let is_known = sched::names().any(|known| known == name);
    if !is_known {
        let hint = suggest::hint(name, sched::names());
        notes.mistake(line.place_of(1), format!("no scheduler called `{name}`: ignored{hint}"));
    }
    Ok(is_known.then(|| name.to_owned()))
}

fn protocol(line: &Statement, notes: &mut Notes) -> Result<Option<Protocol>, ConfigError> {
    Ok(match line.needed(1)?.to_ascii_uppercase().as_str() {
        "TCP" => Some(Protocol::Tcp),
        "UDP" => Some(Protocol::Udp),
        "SCTP" => Some(Protocol::Sctp),
        other => {
            let what = format!("protocol {other} is unknown: ignored, expected TCP, UDP or SCTP");
            notes.mistake(line.place_of(1), what);
            None
        }
    })
}

fn ip_family(line: &Statement, service: &mut VirtualServer, notes: &mut Notes) -> Result<(), ConfigError> {
    let family = match line.needed(1)? {
        "inet" => Family::V4,
        "inet6" => Family::V6,
        other => {
            notes.mistake(
                line.place_of(1),
                format!("`{other}` is no family: ignored, expected inet or inet6"),
            );
            return Ok(());
        }
    };
    if service.family.is_some_and(|known| known != family) {
        notes.mistake(line.place_of(1), "the service is of the other family: `ip_family` ignored");
    } else {
        service.family = Some(family);
    }
    Ok(())
}

/// Flags of `sh` and `mh` count only where that scheduler was named before them.
fn flag(line: &Statement, service: &mut VirtualServer, notes: &mut Notes) {
    let bit = match (line.keyword(), service.scheduler.as_deref()) {
        ("flag-1", _) | ("sh-fallback", Some("sh")) | ("mh-fallback", Some("mh")) => SchedulerFlags::FLAG_1,
        ("flag-2", _) | ("sh-port", Some("sh")) | ("mh-port", Some("mh")) => SchedulerFlags::FLAG_2,
        ("flag-3", _) => SchedulerFlags::FLAG_3,
        (keyword, _) => {
            let what = format!("`{keyword}` without its scheduler in a line before it: ignored");
            return notes.mistake(line.place().clone(), what);
        }
    };
    service.flags.0 |= bit.0;
}

fn granularity(line: &Statement, service: &mut VirtualServer, notes: &mut Notes) -> Result<(), ConfigError> {
    let word = line.needed(1)?;
    let family = service.family.unwrap_or(if word.contains('.') { Family::V4 } else { Family::V6 });
    let mask = match family {
        Family::V6 => notes.unsigned(line, 1, 1..=128, Strictness::Strict)?,
        // A mask of bits with holes is one too, and a bare number is what `inet_aton` makes of it.
        Family::V4 => word.parse::<Ipv4Addr>().map(Ipv4Addr::to_bits).or_else(|_| word.parse()).ok(),
    };
    let Some(mask) = mask else {
        if family == Family::V4 {
            notes.mistake(line.place_of(1), format!("`{word}` is no netmask: ignored"));
        }
        return Ok(());
    };
    if family == Family::V4 && mask.leading_ones() + mask.trailing_zeros() != u32::BITS {
        let what = format!("`{word}` means {}, which is no usual netmask", Ipv4Addr::from_bits(mask));
        notes.mistake(line.place_of(1), what);
    }
    service.granularity = Some(mask);
    service.family = Some(family);
    if service.persistence == 0 {
        service.persistence = DEFAULT_PERSISTENCE;
    }
    Ok(())
}

fn sorry_line(line: &Statement, service: &mut VirtualServer, notes: &mut Notes) -> Result<(), ConfigError> {
    let said = if line.keyword() == "sorry_server_lvs_method" { forwarding(line, notes)? } else { None };
    match &mut service.sorry {
        Some(sorry) if line.keyword() == "sorry_server_inhibit" => sorry.inhibit = true,
        Some(sorry) => sorry.forwarding = said.or(sorry.forwarding),
        None => notes.mistake(
            line.place().clone(),
            format!("`{}` without a sorry_server in a line before it: ignored", line.keyword()),
        ),
    }
    Ok(())
}

/// `NAT`, `DR` or `TUN [type ipip|gue|gre] [port N] [nocsum|csum|remcsum]`. None: wrong, which has been noted.
fn forwarding(line: &Statement, notes: &mut Notes) -> Result<Option<Forwarding>, ConfigError> {
    let mut tunnel = Tunnel::default();
    let mut wrong = |index: usize, what: &str| {
        notes.mistake(line.place_of(index), format!("{what}: `{}` ignored", line.keyword()));
        Ok(None)
    };
    let mut index = 2;
    while let Some(word) = line.word(index) {
        match (word, line.word(index + 1)) {
            ("type", Some("ipip")) => tunnel.kind = TunnelKind::Ipip,
            ("type", Some("gue")) => tunnel.kind = TunnelKind::Gue,
            ("type", Some("gre")) => tunnel.kind = TunnelKind::Gre,
            ("type", _) => return wrong(index + 1, "the type of a tunnel is ipip, gue or gre"),
            ("port", port) => match port.and_then(|port| port.parse().ok()).filter(|port| *port > 0) {
                Some(port) => tunnel.port = port,
                None => return wrong(index + 1, "a port is 1 to 65535"),
            },
            ("nocsum", _) => tunnel.checksum = TunnelChecksum::None,
            ("csum", _) => tunnel.checksum = TunnelChecksum::Full,
            ("remcsum", _) => tunnel.checksum = TunnelChecksum::Remote,
            _ => return wrong(index, "an option that tunnels do not have"),
        }
        index += if matches!(word, "type" | "port") { 2 } else { 1 };
    }
    let has_checksum = tunnel.checksum != TunnelChecksum::None;
    match tunnel.kind {
        TunnelKind::Gue if tunnel.port == 0 => return wrong(2, "a gue tunnel needs a port"),
        TunnelKind::Ipip | TunnelKind::Gre if tunnel.port != 0 => {
            return wrong(2, "only gue tunnels have a port");
        }
        TunnelKind::Ipip if has_checksum => return wrong(2, "an ipip tunnel has no checksum"),
        TunnelKind::Gre if tunnel.checksum == TunnelChecksum::Remote => {
            return wrong(2, "a gre tunnel has no remote checksum");
        }
        _ => {}
    }
    Ok(match line.needed(1)? {
        "NAT" => Some(Forwarding::Masq),
        "DR" => Some(Forwarding::Route),
        "TUN" => Some(Forwarding::Tunnel(tunnel)),
        other => {
            let what = format!("no forwarding method called `{other}`: ignored, expected NAT, DR or TUN");
            notes.mistake(line.place_of(1), what);
            None
        }
    })
}

fn real_server(
    statement: &Statement,
    service: &mut VirtualServer,
    globals: &Globals,
    notes: &mut Notes,
) -> Result<(), ConfigError> {
    let Some(Endpoint { addr, port }) = endpoint(statement, notes)? else {
        notes.lose();
        return Ok(());
    };
    let mut server = RealServer {
        place: statement.place().clone(),
        addr,
        port,
        forwarding: service.forwarding,
        weight: None,
        upper_threshold: 0,
        lower_threshold: 0,
        inhibit: None,
        alpha: None,
        times: Times::default(),
        virtualhost: None,
        notify_up: None,
        notify_down: None,
        checks: Vec::new(),
    };
    for line in &statement.block {
        server_line(line, &mut server, globals, notes)?;
    }
    let family = Family::of(&addr);
    if !server.forwarding.is_some_and(|forwarding| forwarding.is_tunnel())
        && *service.family.get_or_insert(family) != family
    {
        notes
            .lost(server.place, format!("{addr} is of another family than its service: real_server skipped"));
    } else {
        service.servers.push(server);
    }
    Ok(())
}

fn server_line(
    line: &Statement,
    server: &mut RealServer,
    globals: &Globals,
    notes: &mut Notes,
) -> Result<(), ConfigError> {
    match line.keyword() {
        "weight" => {
            server.weight = notes.unsigned(line, 1, 0..=MOST_WEIGHT, Strictness::Lenient)?.or(server.weight);
        }
        "lvs_method" => server.forwarding = forwarding(line, notes)?.or(server.forwarding),
        "uthreshold" => {
            let most = notes.unsigned(line, 1, 0..=u32::MAX, Strictness::Lenient)?;
            server.upper_threshold = most.unwrap_or(server.upper_threshold);
        }
        "lthreshold" => {
            let most = notes.unsigned(line, 1, 0..=u32::MAX, Strictness::Lenient)?;
            server.lower_threshold = most.unwrap_or(server.lower_threshold);
        }
        "inhibit_on_failure" => server.inhibit = notes.switch(line).or(server.inhibit),
        "alpha" => server.alpha = notes.switch(line).or(server.alpha),
        "notify_up" => set_script(&mut server.notify_up, line, globals, notes),
        "notify_down" => set_script(&mut server.notify_down, line, globals, notes),
        "virtualhost" => server.virtualhost = line.word(1).map(str::to_owned),
        "smtp_alert" | "snmp_name" => {
            notes.skipped(line, "alerts are not sent; `notify_up` and `notify_down` are run")
        }
        keyword if super::keywords::check(keyword).is_some() => {
            checks::check(line, &mut server.checks, globals, notes)?;
        }
        _ => times_line(line, &mut server.times, notes)?,
    }
    Ok(())
}

fn set_script(slot: &mut Option<Script>, line: &Statement, globals: &Globals, notes: &mut Notes) {
    if slot.is_some() {
        return notes.mistake(line.place().clone(), format!("a second `{}`: ignored", line.keyword()));
    }
    *slot = script(line, globals, notes);
}
