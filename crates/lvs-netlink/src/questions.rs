//! Commands that ask (`ip_vs_genl_get_cmd` and the dumps).

use lvs::director::{DaemonRole, Query, Reply, ServiceEntry};

use crate::declare::Named;
use crate::dialogue::Refused;
use crate::errno::ESRCH;
use crate::fill;
use crate::names::{VERSION_CODE, attr, cmd, info};
use crate::policy::{COMMAND, Found, Said, parse};
use crate::tables::Tables;
use crate::wire::{Attr, Attrs, Writer};

/// A question with many answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dump {
    Services,
    Servers,
    Daemons,
}

impl Dump {
    pub(crate) const fn of(command: u8) -> Option<Self> {
        match command {
            cmd::GET_SERVICE => Some(Self::Services),
            cmd::GET_DEST => Some(Self::Servers),
            cmd::GET_DAEMON => Some(Self::Daemons),
            _ => None,
        }
    }

    /// The answers. What cannot be found has none.
    ///
    /// # Errors
    /// The director cannot be asked.
    pub(crate) fn parts(self, attrs: Attrs<'_>, tables: &mut impl Tables) -> Result<Parts, Refused> {
        let filled = |fill: &dyn Fn(&mut Writer)| {
            let mut out = Writer::default();
            fill(&mut out);
            out.into_bytes()
        };
        Ok(match self {
            Self::Services => {
                let Reply::Services(entries) = tables.query(Query::Services)?? else {
                    return Err(ESRCH.into());
                };
                let parts = entries.iter().map(|entry| filled(&|out| fill::service(out, entry)));
                Parts { command: cmd::NEW_SERVICE, bodies: parts.collect(), said: Said::default() }
            }
            Self::Servers => {
                let mut said = Said::default();
                let entry = parse(attrs, &COMMAND, &mut said)
                    .map_err(Refused::from)
                    .and_then(|attrs| service(attrs.at(attr::SERVICE), tables));
                let servers = entry.map(|entry| entry.servers).unwrap_or_default();
                let parts = servers.iter().map(|server| filled(&|out| fill::server(out, server)));
                Parts { command: cmd::NEW_DEST, bodies: parts.collect(), said }
            }
            Self::Daemons => {
                let Reply::Daemons(mut daemons) = tables.query(Query::Daemons)?? else {
                    return Err(ESRCH.into());
                };
                daemons.sort_by_key(|daemon| daemon.role == DaemonRole::Backup);
                let parts = daemons.iter().map(|daemon| filled(&|out| fill::sync_daemon(out, daemon)));
                Parts { command: cmd::NEW_DAEMON, bodies: parts.collect(), said: Said::default() }
            }
        })
    }
}

/// Parts of a dump, each a message of this command.
pub(crate) struct Parts {
    pub(crate) command: u8,
    /// The attributes of each.
    pub(crate) bodies: Vec<Vec<u8>>,
    /// Oddities of the question.
    pub(crate) said: Said,
}

/// Message that answers another one.
pub(crate) struct Answer {
    pub(crate) command: u8,
    /// The attributes.
    pub(crate) body: Vec<u8>,
}

/// The one answer; none for a command that asks nothing.
///
/// # Errors
/// The kernel's.
pub(crate) fn answer(
    command: u8,
    attrs: &Found<'_, { attr::MAX + 1 }>,
    tables: &mut impl Tables,
) -> Result<Option<Answer>, Refused> {
    let mut out = Writer::default();
    let command = match command {
        cmd::GET_SERVICE => {
            fill::service(&mut out, &service(attrs.at(attr::SERVICE), tables)?);
            cmd::NEW_SERVICE
        }
        cmd::GET_CONFIG => {
            let Reply::Timeouts(timeouts) = tables.query(Query::Timeouts)?? else { return Err(ESRCH.into()) };
            out.u32(attr::TIMEOUT_TCP, timeouts.tcp);
            out.u32(attr::TIMEOUT_TCP_FIN, timeouts.tcp_fin);
            out.u32(attr::TIMEOUT_UDP, timeouts.udp);
            cmd::SET_CONFIG
        }
        cmd::GET_INFO => {
            let Reply::Info(told) = tables.query(Query::Info)?? else { return Err(ESRCH.into()) };
            out.u32(info::VERSION, VERSION_CODE);
            out.u32(info::CONN_TAB_SIZE, told.conn_table_size);
            cmd::SET_INFO
        }
        _ => return Ok(None),
    };
    Ok(Some(Answer { command, body: out.into_bytes() }))
}

fn service(nest: Option<&Attr<'_>>, tables: &mut impl Tables) -> Result<ServiceEntry, Refused> {
    let key = Named::parse(nest)?.key.ok_or(ESRCH)?;
    match tables.query(Query::Service(key))?? {
        Reply::Services(entries) => Ok(entries.into_iter().next().ok_or(ESRCH)?),
        _ => Err(ESRCH.into()),
    }
}
