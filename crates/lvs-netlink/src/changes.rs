//! Commands that change the tables (`ip_vs_genl_set_cmd`, `ip_vs_genl_set_daemon`), errors in the kernel's order.

use lvs::director::{Command, Query, Reply, TimeoutSettings};
use lvs::service::{ServiceKey, ServiceSpec};

use crate::declare::{DeclaredDaemon, DeclaredServer, Named};
use crate::dialogue::Refused;
use crate::errno::{EINVAL, ESRCH};
use crate::names::{attr, cmd};
use crate::policy::{Found, Said};
use crate::tables::Tables;
use crate::wire::Attr;

type CommandAttrs<'a> = Found<'a, { attr::MAX + 1 }>;

/// Carries out a command that changes something.
///
/// # Errors
/// The kernel's.
pub(crate) fn change(
    command: u8,
    attrs: &CommandAttrs<'_>,
    said: &mut Said,
    tables: &mut impl Tables,
) -> Result<(), Refused> {
    let wanted = match command {
        cmd::FLUSH => Command::Flush,
        cmd::SET_CONFIG => Command::SetTimeouts(timeouts(attrs)),
        cmd::NEW_DAEMON => Command::StartDaemon(DeclaredDaemon::parse(attrs.at(attr::DAEMON), said)?.spec()?),
        cmd::DEL_DAEMON => {
            let role = DeclaredDaemon::parse(attrs.at(attr::DAEMON), said)?.role()?;
            Command::StopDaemon { role, sync_id: 0 }
        }
        cmd::ZERO if attrs.at(attr::SERVICE).is_none() => Command::Zero(None),
        _ => of_service(command, attrs, tables)?,
    };
    Ok(tables.apply(wanted)??)
}

fn timeouts(attrs: &CommandAttrs<'_>) -> TimeoutSettings {
    let of = |kind| attrs.at(kind).map_or(0, Attr::u32);
    TimeoutSettings {
        tcp: of(attr::TIMEOUT_TCP),
        tcp_fin: of(attr::TIMEOUT_TCP_FIN),
        udp: of(attr::TIMEOUT_UDP),
    }
}

fn of_service(command: u8, attrs: &CommandAttrs<'_>, tables: &mut impl Tables) -> Result<Command, Refused> {
    let named = Named::parse(attrs.at(attr::SERVICE))?;
    if command == cmd::NEW_SERVICE {
        let full = named.full()?;
        return Ok(Command::AddService(full.spec(named.key.ok_or(EINVAL)?, None)));
    }
    let full = if command == cmd::SET_SERVICE { Some(named.full()?) } else { None };
    let key = named.key.ok_or(ESRCH)?;
    Ok(match command {
        cmd::SET_SERVICE => {
            let there = service(key, tables)?;
            Command::EditService(full.ok_or(EINVAL)?.spec(key, Some(&there)))
        }
        cmd::DEL_SERVICE => Command::DeleteService(key),
        cmd::ZERO => Command::Zero(Some(key)),
        _ => match of_server(command, key, attrs) {
            Ok(wanted) => wanted,
            // That there is no such service is told before what is wrong with its server.
            Err(refused) => {
                service(key, tables)?;
                return Err(refused);
            }
        },
    })
}

fn of_server(command: u8, service: ServiceKey, attrs: &CommandAttrs<'_>) -> Result<Command, Refused> {
    let server = DeclaredServer::parse(attrs.at(attr::DEST), command != cmd::DEL_DEST)?;
    Ok(match command {
        cmd::NEW_DEST => Command::AddServer { service, server: server.spec(service.family())? },
        cmd::SET_DEST => Command::EditServer { service, server: server.spec(service.family())? },
        cmd::DEL_DEST => {
            let end = server.endpoint(service.family())?;
            Command::DeleteServer { service, addr: end.addr, port: end.port }
        }
        _ => return Err(EINVAL.into()),
    })
}

fn service(key: ServiceKey, tables: &mut impl Tables) -> Result<ServiceSpec, Refused> {
    match tables.query(Query::Service(key))?? {
        Reply::Services(entries) => Ok(entries.into_iter().next().ok_or(ESRCH)?.spec),
        _ => Err(ESRCH.into()),
    }
}
