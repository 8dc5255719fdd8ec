//! From what a keepalived.conf says to services, servers and checks: defaults, contradictions, groups.
//!
//! The rules are those of keepalived (`validate_check_config`, `link_vsg_to_vs`); a contradiction that it solves is
//! solved the same way, and noted.

use std::collections::HashMap;
use std::net::IpAddr;

use super::groups::{self, Group};
use super::health;
use super::lines::wrong;
use super::model::{Globals, RealServer, VirtualServer, VirtualServerKey};
use super::numbers::{Notes, Strictness};
use super::parse::Statement;
use super::servers::{DEFAULT_PERSISTENCE, virtual_server};
use crate::note::{Note, NoteKind};
use crate::{ConfigError, Declared};
use lvs::director::TimeoutSettings;
use lvs::service::{
    DeclaredService, Family, Forwarding, Persistence, Protocol, ServerSpec, ServiceKey, ServiceSpec,
    ServiceTable,
};
use lvs_health::spec::ServiceHealth;

/// Services that the groups of a file may come to.
const MOST_SERVICES: usize = 65_536;

/// # Errors
/// A keyword lacks its value, or there are too many services.
pub(super) fn map(statements: &[Statement], notes: Vec<Note>) -> Result<(Declared, Vec<Note>), ConfigError> {
    let mut notes = Notes(notes);
    let mut globals = globals(statements, &mut notes)?;
    let mut known_groups: Vec<Group> = Vec::new();
    let mut services = Vec::new();
    for statement in statements {
        match statement.keyword() {
            "virtual_server_group" => {
                if let Some(group) = groups::group(statement, &mut notes)? {
                    known_groups.push(group);
                }
            }
            "virtual_server" => services.extend(virtual_server(statement, &globals, &mut notes)?),
            "global_defs" => {}
            "SSL" => notes.skipped(statement, "checks show no certificate of their own"),
            "track_file" | "vrrp_track_file" => globals.trackers.declare_file(statement, &mut notes)?,
            "bfd_instance" => globals.trackers.declare_session(statement, &mut notes)?,
            _ => notes.skipped(statement, "a setting of keepalived's own processes"),
        }
    }
    let mut all = Services {
        trial: ServiceTable::default(),
        services: Vec::new(),
        health: Vec::new(),
        places: HashMap::new(),
    };
    for service in services {
        let group = match &service.key {
            VirtualServerKey::Group(name) => match known_groups.iter().find(|group| group.name == *name) {
                Some(group) => Some(group),
                None => {
                    let what = format!("there is no group `{name}`: virtual_server ignored");
                    notes.lost(service.place.clone(), what);
                    continue;
                }
            },
            VirtualServerKey::Mark(_) | VirtualServerKey::Address(_) => None,
        };
        if let Some(service) = settle(service, group, &mut notes) {
            all.add(&service, group, &mut notes)?;
        }
    }
    let declared = Declared {
        timeouts: globals.timeouts,
        services: all.services,
        health: all.health,
        ..Declared::default()
    };
    sort(&mut notes.0);
    Ok((declared, notes.0))
}

/// By their places. Each turn of a sequence says the same; what is lost by each is counted.
pub(super) fn sort(notes: &mut Vec<Note>) {
    notes.sort_by_key(|note| (note.place.file.clone(), note.place.line, note.place.column));
    notes.dedup_by(|one, other| one == other && one.kind != NoteKind::Lost);
}

fn globals(statements: &[Statement], notes: &mut Notes) -> Result<Globals, ConfigError> {
    let mut globals = Globals::default();
    let blocks = statements.iter().filter(|statement| statement.keyword() == "global_defs");
    for line in blocks.flat_map(|block| &block.block) {
        match line.keyword() {
            "lvs_timeouts" => globals.timeouts = Some(timeouts(line, notes)?),
            "script_user" => {
                globals.script_user = Some((line.needed(1)?.to_owned(), line.word(2).map(str::to_owned)));
            }
            "checker_log_all_failures" => {
                globals.log_all_failures = notes.switch(line).unwrap_or(globals.log_all_failures);
            }
            "lvs_sync_daemon" => {
                notes.skipped(line, "whether a director is master or backup is VRRP's: start it with `ipvsadm --start-daemon`, or say [[sync]] in TOML");
            }
            "include_check" => {
                notes.skipped(line, "say includer, includem, includew or includea where it matters")
            }
            "enable_script_security" => {
                globals.script_security = notes.switch(line).unwrap_or(true);
            }
            "router_id" | "process_names" => {}
            keyword
                if keyword.starts_with("vrrp_")
                    || keyword.starts_with("bfd_")
                    || keyword == "v3_checksum_as_v2" =>
            {
                notes.skipped(line, "VRRP's, not a director's");
            }
            _ => notes.skipped(line, "a setting of keepalived's own processes"),
        }
    }
    Ok(globals)
}

fn timeouts(line: &Statement, notes: &mut Notes) -> Result<TimeoutSettings, ConfigError> {
    let mut timeouts = TimeoutSettings { tcp: 0, tcp_fin: 0, udp: 0 };
    let mut index = 1;
    while let Some(word) = line.word(index) {
        let slot = match word {
            "tcp" => &mut timeouts.tcp,
            "tcpfin" => &mut timeouts.tcp_fin,
            "udp" => &mut timeouts.udp,
            other => {
                let what = format!("`{other}` is no timeout: ignored, expected tcp, tcpfin or udp");
                notes.mistake(line.place_of(index), what);
                index += 1;
                continue;
            }
        };
        *slot = notes.unsigned(line, index + 1, 0..=86_400 * 31, Strictness::Strict)?.unwrap_or(*slot);
        index += 2;
    }
    Ok(timeouts)
}

/// Solves what contradicts itself, and fills in what follows from the rest. None: nothing is left of it.
fn settle(mut service: VirtualServer, group: Option<&Group>, notes: &mut Notes) -> Option<VirtualServer> {
    let place = service.place.clone();
    if let Some(sorry) = &service.sorry
        && !sorry.forwarding.is_some_and(|forwarding| forwarding.is_tunnel())
        && *service.family.get_or_insert(Family::of(&sorry.addr)) != Family::of(&sorry.addr)
    {
        notes.mistake(place.clone(), "the sorry server is of another family than its service: ignored");
        service.sorry = None;
    }
    if let Some(group) = group {
        let (v4, v6) = (group.has(Family::V4), group.has(Family::V6));
        let other = service.family.is_some_and(|family| if family == Family::V4 { v6 } else { v4 });
        if other {
            notes.lost(place, "the group is of another family than its servers: virtual_server ignored");
            return None;
        }
        if v4 != v6 {
            service.family = Some(if v4 { Family::V4 } else { Family::V6 });
        }
    }
    if service.servers.is_empty() {
        notes.lost(place, "no real servers: virtual_server ignored");
        return None;
    }
    let mut mistake = |what: &str| notes.mistake(place.clone(), what);
    let ports: Vec<u16> = match (&service.key, group) {
        (VirtualServerKey::Address(end), _) => vec![end.port],
        (_, Some(group)) => group.ranges.iter().map(|range| range.port).collect(),
        _ => Vec::new(),
    };
    let has_addresses = !ports.is_empty();
    if has_addresses && service.protocol.is_none() {
        mistake("no protocol: taken as UDP");
        service.protocol = Some(Protocol::Udp);
    }
    if has_addresses && service.one_packet && service.protocol != Some(Protocol::Udp) {
        mistake("`ops` is for UDP: ignored");
        service.one_packet = false;
    }
    if service.persistence == 0 && ports.contains(&0) {
        mistake("a service of all ports must be persistent: taken as so for 360 seconds");
        service.persistence = DEFAULT_PERSISTENCE;
    }
    if !has_addresses && service.protocol.take().is_some() {
        mistake("a mark stands for all protocols: `protocol` ignored");
    }
    if service.scheduler.is_none() {
        mistake("no scheduler: taken as wlc");
        service.scheduler = Some("wlc".to_owned());
    }
    if group.is_some() && service.granularity.take().is_some() {
        mistake("keepalived gives no granularity to the services of a group: ignored");
    }
    if service.persistence == 0 && service.engine.take().is_some() {
        mistake("an engine works with persistence only: ignored");
    }
    settle_servers(&mut service, notes);
    Some(service)
}

fn settle_servers(service: &mut VirtualServer, notes: &mut Notes) {
    let mut kept: Vec<RealServer> = Vec::new();
    for server in std::mem::take(&mut service.servers) {
        if kept.iter().any(|other| (other.addr, other.port) == (server.addr, server.port)) {
            notes.mistake(server.place, format!("a second real_server {}: ignored", server.addr));
        } else {
            kept.push(server);
        }
    }
    let needs_method = kept.iter().any(|server| server.forwarding.is_none())
        || service.sorry.as_ref().is_some_and(|sorry| sorry.forwarding.is_none());
    if needs_method && service.forwarding.is_none() {
        notes.mistake(service.place.clone(), "no forwarding method: taken as NAT");
    }
    let method = service.forwarding.unwrap_or(Forwarding::Masq);
    for server in &mut kept {
        server.forwarding.get_or_insert(method);
        server.weight.get_or_insert(service.weight);
        server.alpha.get_or_insert(service.alpha);
        server.inhibit.get_or_insert(service.inhibit);
        server.times = server.times.or(service.times);
        if server.virtualhost.is_none() {
            server.virtualhost.clone_from(&service.virtualhost);
        }
    }
    if let Some(sorry) = &mut service.sorry {
        sorry.forwarding.get_or_insert(method);
    }
    let total = kept.iter().filter_map(|server| server.weight).fold(0_u32, u32::saturating_add);
    if service.quorum > total {
        let what =
            format!("the quorum {} is above the sum of weights: taken as {}", service.quorum, total.max(1));
        notes.mistake(service.place.clone(), what);
        service.quorum = total.max(1);
    }
    if service.hysteresis > 0 && service.hysteresis >= service.quorum {
        let most = service.quorum.saturating_sub(1);
        notes.mistake(
            service.place.clone(),
            format!("the hysteresis is not below the quorum: taken as {most}"),
        );
        service.hysteresis = most;
    }
    service.servers = kept;
}

/// The services of all `virtual_server`s, in their order.
struct Services {
    /// Takes what the director would take.
    trial: ServiceTable,
    services: Vec<DeclaredService>,
    health: Vec<ServiceHealth>,
    places: HashMap<ServiceKey, usize>,
}

impl Services {
    fn add(
        &mut self,
        service: &VirtualServer,
        group: Option<&Group>,
        notes: &mut Notes,
    ) -> Result<(), ConfigError> {
        let protocol = service.protocol.unwrap_or(Protocol::Udp);
        let address = |addr: IpAddr, port: u16| ServiceKey::Address { protocol, addr, port };
        let family = service.family.unwrap_or(Family::V4);
        match (&service.key, group) {
            (VirtualServerKey::Address(end), _) => {
                self.add_one(address(end.addr, end.port), service, notes)?
            }
            (VirtualServerKey::Mark(mark), _) => {
                let family = service.family.or_else(|| common_family(service)).unwrap_or(Family::V4);
                self.add_one(ServiceKey::Mark { mark: *mark, family }, service, notes)?;
            }
            (VirtualServerKey::Group(_), Some(group)) => {
                let before = self.health.len();
                for range in &group.ranges {
                    for addr in range.addresses() {
                        self.add_one(address(addr, range.port), service, notes)?;
                    }
                }
                for mark in &group.marks {
                    let family = mark.family.unwrap_or(family);
                    self.add_one(ServiceKey::Mark { mark: mark.number, family }, service, notes)?;
                }
                self.tell_once(before);
            }
            (VirtualServerKey::Group(_), None) => {}
        }
        Ok(())
    }

    /// The services of a group, from this place on, have their findings in common: the first one tells of them.
    fn tell_once(&mut self, first: usize) {
        for health in self.health.iter_mut().skip(first + 1) {
            (health.policy.quorum_up, health.policy.quorum_down) = (None, None);
            for server in &mut health.servers {
                (server.notify_up, server.notify_down) = (None, None);
            }
        }
        let mut at = 0;
        self.health.retain(|health| {
            at += 1;
            at <= first + 1 || health.looks_after_anything()
        });
    }

    fn add_one(
        &mut self,
        key: ServiceKey,
        service: &VirtualServer,
        notes: &mut Notes,
    ) -> Result<(), ConfigError> {
        if self.services.len() >= MOST_SERVICES {
            return Err(wrong(&service.place, format!("more than {MOST_SERVICES} services")));
        }
        let mut spec = ServiceSpec::new(key, service.scheduler.as_deref().unwrap_or("wlc"));
        spec.scheduler_flags = service.flags;
        spec.one_packet = service.one_packet;
        if service.persistence > 0 {
            let mask = service.granularity.unwrap_or_else(|| Persistence::host_mask(key.family()));
            spec.persistence = Some(Persistence { timeout: service.persistence, mask });
            spec.engine.clone_from(&service.engine);
        }
        if !self.places.contains_key(&key)
            && let Err(refused) = self.trial.add_service(spec.clone())
        {
            notes.lost(service.place.clone(), format!("{refused}: virtual_server ignored"));
            return Ok(());
        }
        let mut taken = Vec::new();
        for server in &service.servers {
            let wanted = server_spec(&key, service, server, notes);
            match self.trial.add_server(&key, &wanted, false) {
                Ok(()) => taken.push((server, wanted)),
                Err(refused) => notes.lost(server.place.clone(), format!("{refused}: real_server ignored")),
            }
        }
        let health = health::service(&key, service, &taken);
        let servers: Vec<ServerSpec> = taken.into_iter().map(|(_, server)| server).collect();
        let Some(at) = self.places.get(&key).and_then(|at| self.services.get_mut(*at)) else {
            self.places.insert(key, self.services.len());
            self.services.push(DeclaredService { spec, servers });
            self.health.extend(health);
            return Ok(());
        };
        // The kernel keeps the first service, and takes the further servers.
        notes.mistake(
            service.place.clone(),
            format!("{key} is there already: its servers are added to the first"),
        );
        at.servers.extend(servers);
        if let Some(health) = health {
            match self.health.iter_mut().find(|known| known.service == key) {
                Some(known) => known.servers.extend(health.servers),
                None => self.health.push(health),
            }
        }
        Ok(())
    }
}

/// The family of servers that all are of one; a mark says none itself.
fn common_family(service: &VirtualServer) -> Option<Family> {
    let sorry = service.sorry.iter().map(|sorry| Family::of(&sorry.addr));
    let mut families = service.servers.iter().map(|server| Family::of(&server.addr)).chain(sorry);
    let first = families.next()?;
    families.all(|family| family == first).then_some(first)
}

fn server_spec(
    key: &ServiceKey,
    service: &VirtualServer,
    server: &RealServer,
    notes: &mut Notes,
) -> ServerSpec {
    let forwarding = server.forwarding.unwrap_or(Forwarding::Masq);
    let port = service.table_port(key, server.port, forwarding);
    if port != server.port && server.port != 0 && !matches!(service.key, VirtualServerKey::Group(_)) {
        let what = format!("only NAT can change the port: {} taken as {port}", server.port);
        notes.mistake(server.place.clone(), what);
    }
    let mut spec = ServerSpec::new(server.addr, port, forwarding);
    spec.weight = i32::try_from(server.weight.unwrap_or(1)).unwrap_or(i32::MAX);
    (spec.upper_threshold, spec.lower_threshold) = (server.upper_threshold, server.lower_threshold);
    spec
}
