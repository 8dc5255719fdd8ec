//! A reload: the tables that follow from what the file said before, what it says, and what is there.
//!
//! The rule: where the file changed, the tables follow it; where it did not, they stay, whatever commands have made of
//! them. An entry that the file changed becomes as the file says, except for its weight, if the file left that alone.

use std::collections::BTreeMap;

use super::declared::Declared;
use lvs::director::{Command, Sysctls, Tables};
use lvs::service::{DeclaredService, ServerSpec, ServiceKey};

impl Declared {
    /// The commands that make an empty director be as declared.
    pub fn commands(&self) -> Vec<Command> {
        let mut commands: Vec<Command> = self.timeouts.map(Command::SetTimeouts).into_iter().collect();
        commands.extend(self.sysctl_changes(&Self::default()));
        for service in &self.services {
            let key = service.spec.key;
            commands.push(Command::AddService(service.spec.clone()));
            let add = |server: &ServerSpec| Command::AddServer { service: key, server: server.clone() };
            commands.extend(service.servers.iter().map(add));
        }
        commands.extend(self.daemons.iter().cloned().map(Command::StartDaemon));
        commands
    }

    /// The tables after a reload: what differs between `base`, declared before, and this follows this; what does not
    /// stays as it is in `present`. What is left out of the result stays, too.
    pub fn merged(&self, base: &Self, present: &[DeclaredService]) -> Tables {
        merged(base, self, present)
    }

    /// The settings that such a reload changes. One that is named no more returns to its default.
    pub fn sysctl_changes(&self, base: &Self) -> Vec<Command> {
        sysctls(base, self)
    }
}

/// The tables after a reload, as [`Command::Replace`] takes them.
fn merged(base: &Declared, wanted: &Declared, present: &[DeclaredService]) -> Tables {
    let old = by_key(&base.services);
    let new = by_key(&wanted.services);
    let mut services = Vec::with_capacity(present.len());
    for there in present {
        let key = &there.spec.key;
        match (old.get(key), new.get(key)) {
            (_, Some(new)) => services.push(merged_service(old.get(key).copied(), new, there)),
            (Some(_), None) => {}
            (None, None) => services.push(there.clone()),
        }
    }
    let is_there = by_key(present);
    for service in &wanted.services {
        let key = &service.spec.key;
        // What somebody removed by hand stays away until the file says something else of it.
        if !is_there.contains_key(key) && old.get(key) != Some(&service) {
            services.push(service.clone());
        }
    }
    Tables {
        services,
        timeouts: wanted.timeouts.filter(|timeouts| base.timeouts != Some(*timeouts)),
        daemons: (wanted.daemons != base.daemons).then(|| wanted.daemons.clone()),
    }
}

fn by_key(services: &[DeclaredService]) -> BTreeMap<ServiceKey, &DeclaredService> {
    services.iter().map(|service| (service.spec.key, service)).collect()
}

fn merged_service(
    old: Option<&DeclaredService>,
    new: &DeclaredService,
    there: &DeclaredService,
) -> DeclaredService {
    let is_kept = old.is_some_and(|old| old.spec == new.spec);
    let spec = if is_kept { there.spec.clone() } else { new.spec.clone() };
    let old = old.map_or(&[][..], |old| &old.servers);
    let mut servers = Vec::with_capacity(there.servers.len());
    for server in &there.servers {
        match (find(old, server), find(&new.servers, server)) {
            (old, Some(new)) => servers.push(merged_server(old, new, server)),
            (Some(_), None) => {}
            (None, None) => servers.push(server.clone()),
        }
    }
    for server in &new.servers {
        if find(&there.servers, server).is_none() && find(old, server) != Some(server) {
            servers.push(server.clone());
        }
    }
    DeclaredService { spec, servers }
}

fn merged_server(old: Option<&ServerSpec>, new: &ServerSpec, there: &ServerSpec) -> ServerSpec {
    match old {
        Some(old) if old == new => there.clone(),
        Some(old) if old.weight == new.weight => ServerSpec { weight: there.weight, ..new.clone() },
        _ => new.clone(),
    }
}

fn find<'a>(servers: &'a [ServerSpec], server: &ServerSpec) -> Option<&'a ServerSpec> {
    servers.iter().find(|one| (one.addr, one.port) == (server.addr, server.port))
}

fn sysctls(base: &Declared, wanted: &Declared) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut set = |name: &str, value: &str| {
        commands.push(Command::SetSysctl { name: name.to_owned(), value: value.to_owned() });
    };
    let defaults = Sysctls::default();
    for name in base.sysctls.keys().filter(|name| !wanted.sysctls.contains_key(*name)) {
        for default in defaults.read(Some(name)).unwrap_or_default() {
            set(name, &default.value);
        }
    }
    for (name, value) in &wanted.sysctls {
        if base.sysctls.get(name) != Some(value) {
            set(name, value);
        }
    }
    commands
}
