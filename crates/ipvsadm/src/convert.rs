//! From what a command line says to what is to be done: the rules that span several options, then commands.

use super::fail::Fail;
use super::line::{Line, ServerWords, ServiceWords};
use super::matrix::{TUNNEL_ONLY, check, check_tunnel};
use super::options::{Action, Opt, OptSet};
use super::render::{Columns, Style};
use super::sched_flags::DEFAULT_SCHEDULER;
use lvs::director::{Command, Query};
use lvs::service::{
    Family, Persistence, Protocol, ServerSpec, ServiceKey, ServiceSpec, Tunnel, TunnelChecksum, TunnelKind,
};

/// The task of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Change(Command),
    List { what: Listing, style: Style },
    Restore,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    /// All services, with a heading.
    Table,
    Service(ServiceKey),
    /// All services as command lines.
    Rules,
    Connections,
    Timeouts,
    Daemons,
}

impl Listing {
    /// The question whose answer is listed. None: connections, which come in parts.
    pub(super) const fn query(&self) -> Option<Query> {
        Some(match self {
            Self::Table | Self::Rules => Query::Services,
            Self::Service(key) => Query::Service(*key),
            Self::Connections => return None,
            Self::Timeouts => Query::Timeouts,
            Self::Daemons => Query::Daemons,
        })
    }
}

/// # Errors
/// Options that do not go together, in the order in which ipvsadm finds them.
pub(super) fn convert(line: &Line) -> Result<Task, Fail> {
    check(line.action, line.options)?;
    let key = key(&line.service);
    Ok(match line.action {
        Action::AddService => Task::Change(Command::AddService(service(&line.service, line.options)?)),
        Action::EditService => Task::Change(Command::EditService(service(&line.service, line.options)?)),
        Action::DeleteService => Task::Change(Command::DeleteService(key)),
        Action::AddServer => {
            let server = server(&line.server, &line.service, line.options)?;
            Task::Change(Command::AddServer { service: key, server })
        }
        Action::EditServer => {
            let server = server(&line.server, &line.service, line.options)?;
            Task::Change(Command::EditServer { service: key, server })
        }
        Action::DeleteServer => {
            let ServerWords { addr, port, .. } = line.server;
            Task::Change(Command::DeleteServer { service: key, addr, port })
        }
        Action::Flush => Task::Change(Command::Flush),
        Action::Zero => Task::Change(Command::Zero(line.options.has(Opt::Service).then_some(key))),
        Action::SetTimeouts => Task::Change(Command::SetTimeouts(line.timeouts)),
        Action::StartDaemon => Task::Change(Command::StartDaemon(line.daemon.clone())),
        Action::StopDaemon => {
            Task::Change(Command::StopDaemon { role: line.daemon.role, sync_id: line.daemon.sync_id })
        }
        Action::List => Task::List { what: listing(line.options, key)?, style: style(line.options) },
        Action::Save => Task::List { what: Listing::Rules, style: style(line.options) },
        Action::Restore => Task::Restore,
    })
}

fn key(words: &ServiceWords) -> ServiceKey {
    if words.mark == 0 {
        let protocol = words.protocol.unwrap_or(Protocol::Tcp);
        ServiceKey::Address { protocol, addr: words.addr, port: words.port }
    } else {
        ServiceKey::Mark { mark: words.mark, family: words.family }
    }
}

fn service(words: &ServiceWords, options: OptSet) -> Result<ServiceSpec, Fail> {
    let key = key(words);
    if options.has(Opt::ProxyProtocol) && options.has(Opt::Toa) {
        return Err(Fail::usage("The options 'proxy-protocol' and 'toa' exclude each other"));
    }
    if !key.is_mark() && words.port == 0 && words.persistence.is_none() {
        return Err(Fail::usage("Zero port specified for non-persistent service"));
    }
    if words.one_packet && !key.is_mark() && words.protocol != Some(Protocol::Udp) {
        return Err(Fail::usage("One-Packet Scheduling is only for UDP virtual services"));
    }
    let scheduler = if words.scheduler.is_empty() { DEFAULT_SCHEDULER } else { &words.scheduler };
    let mut spec = ServiceSpec {
        key,
        scheduler: scheduler.to_owned(),
        scheduler_flags: words.scheduler_flags,
        one_packet: words.one_packet,
        persistence: words.persistence.map(|timeout| Persistence { timeout, mask: words.netmask }),
        engine: Some(&words.engine).filter(|engine| !engine.is_empty()).cloned(),
        ..words.own.clone()
    };
    for (own, word) in &words.own_last {
        (own.read)(&mut spec, word)?;
    }
    Ok(spec)
}

fn server(words: &ServerWords, service: &ServiceWords, options: OptSet) -> Result<ServerSpec, Fail> {
    // Routed and tunnelled packets keep their destination port.
    let keeps_port = !words.method.is_rewritten() && service.mark == 0;
    let port = if keeps_port { service.port } else { words.port };
    if Family::of(&words.addr) != service.family && !words.method.is_tunnel() {
        return Err(Fail::usage("Different address family is allowed only for tunneling servers"));
    }
    if !words.method.is_tunnel() && options.meets(TUNNEL_ONLY) {
        return Err(Fail::usage("Tunnel options conflict with forward method"));
    }
    let tunnel = if words.method.is_tunnel() { tunnel(words, options)? } else { Tunnel::default() };
    Ok(ServerSpec {
        addr: words.addr,
        port,
        forwarding: words.method.with(tunnel),
        weight: words.weight,
        upper_threshold: words.upper_threshold,
        lower_threshold: words.lower_threshold,
    })
}

fn tunnel(words: &ServerWords, options: OptSet) -> Result<Tunnel, Fail> {
    check_tunnel(words.tunnel, options)?;
    let checksum = match words.tunnel {
        TunnelKind::Gue if options.has(Opt::TunRemcsum) => TunnelChecksum::Remote,
        TunnelKind::Gue | TunnelKind::Gre if options.has(Opt::TunCsum) => TunnelChecksum::Full,
        _ => TunnelChecksum::None,
    };
    Ok(Tunnel { kind: words.tunnel, port: words.tunnel_port, checksum })
}

fn listing(options: OptSet, key: ServiceKey) -> Result<Listing, Fail> {
    let no_table = OptSet::of(&[Opt::Connection, Opt::Timeout, Opt::Daemon]);
    let columns = OptSet::of(&[Opt::Stats, Opt::Rate, Opt::Thresholds]);
    let no_columns = OptSet::of(&[Opt::Timeout, Opt::Daemon]);
    if options.meets(no_table) && options.meets(columns)
        || options.meets(no_columns) && options.has(Opt::PersistentConn)
    {
        return Err(Fail::usage("options conflicts in the list command"));
    }
    Ok(if options.has(Opt::Connection) {
        Listing::Connections
    } else if options.has(Opt::Service) {
        Listing::Service(key)
    } else if options.has(Opt::Timeout) {
        Listing::Timeouts
    } else if options.has(Opt::Daemon) {
        Listing::Daemons
    } else {
        Listing::Table
    })
}

/// Of several wishes for columns, the first in this order is heard.
fn style(options: OptSet) -> Style {
    let columns = [
        (Opt::Stats, Columns::Stats),
        (Opt::Rate, Columns::Rates),
        (Opt::Thresholds, Columns::Thresholds),
        (Opt::PersistentConn, Columns::PersistentConns),
        (Opt::TunInfo, Columns::Tunnels),
    ];
    Style {
        columns: columns
            .into_iter()
            .find(|(option, _)| options.has(*option))
            .map_or(Columns::Forwarding, |(_, columns)| columns),
        numeric: options.has(Opt::Numeric),
        exact: options.has(Opt::Exact),
        sorted: !options.has(Opt::NoSort),
        json: options.has(Opt::Json),
    }
}
