//! The older interface: socket options of IPv4 (`do_ip_vs_set_ctl`, `do_ip_vs_get_ctl`), which know neither IPv6 nor tunnels.

use std::net::{IpAddr, Ipv4Addr};

use lvs::director::{Command, DaemonRole, DaemonSpec, Query, Reply, ServiceEntry, TimeoutSettings};
use lvs::service::{
    Endpoint, Family, Persistence, Protocol, SchedulerFlags, ServerSpec, ServiceKey, ServiceSpec, Tunnel,
};

use crate::declare::method;
use crate::entries::{self, DAEMON, server_entry, service_entry};
use crate::errno::{EEXIST, EFAULT, EINVAL, ENOPROTOOPT, ESRCH};
use crate::names::{NAME_LEN, VERSION_CODE, flag, state};
use crate::tables::{Gone, Tables};

/// The names of options (`IP_VS_SO_SET_*`, `IP_VS_SO_GET_*`), and the last of each.
const BASE: u32 = 1152;
mod set_name {
    use super::BASE;
    pub(super) const ADD: u32 = BASE + 2;
    pub(super) const EDIT: u32 = BASE + 3;
    pub(super) const DEL: u32 = BASE + 4;
    pub(super) const FLUSH: u32 = BASE + 5;
    pub(super) const ADD_DEST: u32 = BASE + 7;
    pub(super) const DEL_DEST: u32 = BASE + 8;
    pub(super) const EDIT_DEST: u32 = BASE + 9;
    pub(super) const TIMEOUT: u32 = BASE + 10;
    pub(super) const START_DAEMON: u32 = BASE + 11;
    pub(super) const STOP_DAEMON: u32 = BASE + 12;
    pub(super) const ZERO: u32 = BASE + 15;
    pub(super) const LAST: u32 = ZERO;
}
mod get_name {
    use super::BASE;
    pub(super) const VERSION: u32 = BASE;
    pub(super) const INFO: u32 = BASE + 1;
    pub(super) const SERVICES: u32 = BASE + 2;
    pub(super) const SERVICE: u32 = BASE + 3;
    pub(super) const DESTS: u32 = BASE + 4;
    pub(super) const TIMEOUT: u32 = BASE + 6;
    pub(super) const DAEMON: u32 = BASE + 7;
    pub(super) const LAST: u32 = DAEMON;
}

/// Lengths of the structures: `ip_vs_service_user`, `ip_vs_dest_user`, `ip_vs_daemon_user`, three timeouts; of the answers
/// the entries, and what stands in front of them.
const SERVICE: usize = 44;
const DEST: usize = 24;
const TIMEOUTS: usize = 12;
const VERSION_TEXT: usize = 64;
const INFO: usize = 12;
const SERVICE_ENTRY: usize = 104;
const SERVICES_HEAD: usize = 8;
const DEST_ENTRY: usize = 96;
const DESTS_HEAD: usize = 24;

/// The most of an option that is looked at.
pub const LONGEST: usize = SERVICE + DEST;

/// Whether the kernel has an option of that name for setting, without IPVS as with it.
pub fn is_settable(name: u32) -> bool {
    (BASE..=set_name::LAST).contains(&name)
}

/// The same for reading.
pub fn is_readable(name: u32) -> bool {
    (BASE..=get_name::LAST).contains(&name)
}

/// Sets an option.
///
/// # Errors
/// The kernel's errno.
pub fn set(name: u32, value: &[u8], tables: &mut impl Tables) -> Result<(), i32> {
    let command = command(name, value, tables)?;
    tables.apply(command).map_err(gone)?.map_err(|error| error.errno())
}

const fn gone(_: Gone) -> i32 {
    ENOPROTOOPT
}

fn command(name: u32, value: &[u8], tables: &mut impl Tables) -> Result<Command, i32> {
    use set_name::{
        ADD, ADD_DEST, DEL, DEL_DEST, EDIT, EDIT_DEST, FLUSH, START_DAEMON, STOP_DAEMON, TIMEOUT, ZERO,
    };
    if !is_settable(name) {
        return Err(ENOPROTOOPT);
    }
    let len = match name {
        ADD | EDIT | DEL | ZERO => SERVICE,
        ADD_DEST | DEL_DEST | EDIT_DEST => SERVICE + DEST,
        TIMEOUT => TIMEOUTS,
        START_DAEMON | STOP_DAEMON => DAEMON,
        _ => 0,
    };
    if value.len() != len {
        return Err(EINVAL);
    }
    match name {
        FLUSH => return Ok(Command::Flush),
        TIMEOUT => return timeouts(value).map(Command::SetTimeouts),
        START_DAEMON | STOP_DAEMON => return daemon(name == START_DAEMON, value),
        _ if len == 0 => return Err(EINVAL),
        _ => {}
    }
    let (service, server) = value.split_at(SERVICE);
    let service = Service(service);
    if name == ZERO && service.is_nothing() {
        return Ok(Command::Zero(None));
    }
    let is_declared = matches!(name, ADD | EDIT);
    if is_declared && service.scheduler().is_none() {
        return Err(EINVAL);
    }
    let key = service.key().ok_or(EFAULT)?;
    let there = self::service(key, tables)?;
    if name == ADD {
        return if there.is_some() { Err(EEXIST) } else { Ok(Command::AddService(service.spec(key, None))) };
    }
    let there = there.ok_or(ESRCH)?.spec;
    Ok(match name {
        EDIT => Command::EditService(service.spec(key, Some(&there))),
        DEL => Command::DeleteService(key),
        ADD_DEST => Command::AddServer { service: key, server: server_spec(server)? },
        EDIT_DEST => Command::EditServer { service: key, server: server_spec(server)? },
        DEL_DEST => {
            let Endpoint { addr, port } = endpoint(server);
            Command::DeleteServer { service: key, addr, port }
        }
        _ => Command::Zero(Some(key)),
    })
}

/// `struct ip_vs_service_user`.
struct Service<'a>(&'a [u8]);

impl Service<'_> {
    fn is_nothing(&self) -> bool {
        word(self.0, 12) == 0 && self.0[4..8] == [0; 4] && self.0[8..10] == [0; 2]
    }

    /// None: the name has no end.
    fn scheduler(&self) -> Option<String> {
        let name = &self.0[16..16 + NAME_LEN];
        let end = name.iter().position(|byte| *byte == 0)?;
        Some(String::from_utf8_lossy(&name[..end]).into_owned())
    }

    /// None: a protocol that IPVS does not have.
    fn key(&self) -> Option<ServiceKey> {
        key(self.0, word(self.0, 12))
    }

    fn spec(&self, key: ServiceKey, there: Option<&ServiceSpec>) -> ServiceSpec {
        let flags = word(self.0, 32);
        let mask = u32::from_be_bytes(bytes(self.0, 40));
        ServiceSpec {
            key,
            scheduler: self.scheduler().unwrap_or_default(),
            scheduler_flags: SchedulerFlags((flags >> flag::SCHED_SHIFT & flag::SCHED_MASK) as u8),
            one_packet: flags & flag::ONE_PACKET != 0,
            persistence: (flags & flag::PERSISTENT != 0)
                .then(|| Persistence { timeout: word(self.0, 36), mask }),
            engine: None,
            ..there.cloned().unwrap_or_else(|| ServiceSpec::new(key, ""))
        }
    }
}

/// The service that a structure begins with: protocol, address, port.
fn key(raw: &[u8], mark: u32) -> Option<ServiceKey> {
    let protocol = u16::from_ne_bytes(bytes(raw, 0));
    let protocol = u8::try_from(protocol).ok().and_then(Protocol::from_number)?;
    Some(match mark {
        0 => ServiceKey::Address {
            protocol,
            addr: IpAddr::V4(Ipv4Addr::from(bytes::<4>(raw, 4))),
            port: u16::from_be_bytes(bytes(raw, 8)),
        },
        mark => ServiceKey::Mark { mark, family: Family::V4 },
    })
}

fn endpoint(raw: &[u8]) -> Endpoint {
    Endpoint::new(IpAddr::V4(Ipv4Addr::from(bytes::<4>(raw, 0))), u16::from_be_bytes(bytes(raw, 4)))
}

fn server_spec(raw: &[u8]) -> Result<ServerSpec, i32> {
    let Endpoint { addr, port } = endpoint(raw);
    let forwarding = method(word(raw, 8))?.with(Tunnel::default());
    Ok(ServerSpec {
        weight: word(raw, 12).cast_signed(),
        upper_threshold: word(raw, 16),
        lower_threshold: word(raw, 20),
        ..ServerSpec::new(addr, port, forwarding)
    })
}

fn timeouts(raw: &[u8]) -> Result<TimeoutSettings, i32> {
    let of = |at| u32::try_from(word(raw, at).cast_signed()).map_err(|_| EINVAL);
    Ok(TimeoutSettings { tcp: of(0)?, tcp_fin: of(4)?, udp: of(8)? })
}

fn daemon(starts: bool, raw: &[u8]) -> Result<Command, i32> {
    let role = match word(raw, 0) {
        state::MASTER => Some(DaemonRole::Master),
        state::BACKUP => Some(DaemonRole::Backup),
        _ => None,
    };
    let sync_id = word(raw, 20);
    if !starts {
        return Ok(Command::StopDaemon { role: role.ok_or(EINVAL)?, sync_id });
    }
    let name = &raw[4..4 + NAME_LEN];
    let end = name.iter().position(|byte| *byte == 0).ok_or(EINVAL)?;
    let interface = String::from_utf8_lossy(&name[..end]).into_owned();
    let role = role.ok_or(EINVAL)?;
    Ok(Command::StartDaemon(DaemonSpec {
        role,
        interface,
        sync_id,
        max_len: 0,
        group: None,
        port: 0,
        ttl: 0,
    }))
}

/// Value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionValue {
    pub bytes: Vec<u8>,
    /// The length that the program is told.
    pub told: usize,
}

/// Reads an option. `asked` is the beginning of the room as it was, `len` its length.
///
/// # Errors
/// The kernel's errno.
pub fn get(name: u32, asked: &[u8], len: usize, tables: &mut impl Tables) -> Result<OptionValue, i32> {
    use get_name::{DAEMON as DAEMONS, DESTS, SERVICES, TIMEOUT, VERSION};
    if !is_readable(name) {
        return Err(ENOPROTOOPT);
    }
    tables.is_there().map_err(gone)?;
    let least = match name {
        VERSION => VERSION_TEXT,
        get_name::INFO => INFO,
        SERVICES => SERVICES_HEAD,
        get_name::SERVICE => SERVICE_ENTRY,
        DESTS => DESTS_HEAD,
        TIMEOUT => TIMEOUTS,
        DAEMONS => 2 * DAEMON,
        _ => 0,
    };
    if len < least || asked.len() < least.min(LONGEST) {
        return Err(EINVAL);
    }
    let bytes = match name {
        VERSION => {
            let size = table_size(tables)?;
            let text = format!("IP Virtual Server version 1.2.1 (size={size})\0").into_bytes();
            let told = text.len();
            return Ok(OptionValue { bytes: text, told });
        }
        get_name::INFO => {
            let services = u32::try_from(old_services(tables)?.len()).unwrap_or(u32::MAX);
            [VERSION_CODE, table_size(tables)?, services].map(u32::to_ne_bytes).concat()
        }
        SERVICES => {
            let count = word(asked, 0) as usize;
            if Some(len) != count.checked_mul(SERVICE_ENTRY).and_then(|size| size.checked_add(SERVICES_HEAD))
            {
                return Err(EINVAL);
            }
            let entries = old_services(tables)?;
            let head = asked[..SERVICES_HEAD].to_vec();
            entries.iter().take(count).fold(head, |out, entry| [out, service_entry(entry)].concat())
        }
        get_name::SERVICE => {
            let key = key(asked, word(asked, 12));
            let entry = key.map(|key| service(key, tables)).transpose()?.flatten();
            service_entry(&entry.ok_or(ESRCH)?)
        }
        DESTS => servers(asked, len, tables)?,
        TIMEOUT => match tables.query(Query::Timeouts).map_err(gone)? {
            Ok(Reply::Timeouts(told)) => [told.tcp, told.tcp_fin, told.udp].map(u32::to_ne_bytes).concat(),
            _ => return Err(EINVAL),
        },
        DAEMONS => daemons(tables)?,
        _ => return Err(EINVAL),
    };
    Ok(OptionValue { bytes, told: len })
}

fn table_size(tables: &mut impl Tables) -> Result<u32, i32> {
    match tables.query(Query::Info).map_err(gone)? {
        Ok(Reply::Info(info)) => Ok(info.conn_table_size),
        _ => Err(EINVAL),
    }
}

fn service(key: ServiceKey, tables: &mut impl Tables) -> Result<Option<ServiceEntry>, i32> {
    match tables.query(Query::Service(key)).map_err(gone)? {
        Ok(Reply::Services(entries)) => Ok(entries.into_iter().next()),
        _ => Ok(None),
    }
}

/// The services that these options can tell of.
fn old_services(tables: &mut impl Tables) -> Result<Vec<ServiceEntry>, i32> {
    match tables.query(Query::Services).map_err(gone)? {
        Ok(Reply::Services(mut entries)) => {
            entries.retain(|entry| entry.spec.key.family() == Family::V4);
            Ok(entries)
        }
        _ => Err(EINVAL),
    }
}

/// `struct ip_vs_get_dests` with its entries.
fn servers(asked: &[u8], len: usize, tables: &mut impl Tables) -> Result<Vec<u8>, i32> {
    let count = word(asked, 16) as usize;
    if Some(len) != count.checked_mul(DEST_ENTRY).and_then(|size| size.checked_add(DESTS_HEAD)) {
        return Err(EINVAL);
    }
    let key = key(asked, word(asked, 12));
    let entry = key.map(|key| service(key, tables)).transpose()?.flatten().ok_or(ESRCH)?;
    let of_family = entry.servers.iter().filter(|server| server.spec.addr.is_ipv4());
    let head = asked[..DESTS_HEAD].to_vec();
    Ok(of_family.take(count).fold(head, |out, server| [out, server_entry(server)].concat()))
}

fn daemons(tables: &mut impl Tables) -> Result<Vec<u8>, i32> {
    match tables.query(Query::Daemons).map_err(gone)? {
        Ok(Reply::Daemons(running)) => Ok(entries::daemons(&running)),
        _ => Err(EINVAL),
    }
}

fn bytes<const LEN: usize>(raw: &[u8], at: usize) -> [u8; LEN] {
    raw.get(at..at + LEN).and_then(|part| part.try_into().ok()).unwrap_or([0; LEN])
}

fn word(raw: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(bytes(raw, at))
}
