//! What has to change between two declarations.

use super::Declared;
use crate::lvs::director::{Command, Sysctls};
use crate::lvs::service::{DeclaredService, ServerSpec, ServiceKey};

/// Removals first, so that what takes a removed one's place is never refused.
pub(super) fn between(old: &Declared, new: &Declared) -> Vec<Command> {
    let mut commands = Vec::new();
    if let Some(timeouts) = new.timeouts.filter(|timeouts| old.timeouts != Some(*timeouts)) {
        commands.push(Command::SetTimeouts(timeouts));
    }
    set_sysctls(old, new, &mut commands);
    for service in &old.services {
        if find(new, &service.spec.key).is_none() {
            commands.push(Command::DeleteService(service.spec.key));
        }
    }
    for service in &new.services {
        match find(old, &service.spec.key) {
            Some(before) => edit(before, service, &mut commands),
            None => add(service, &mut commands),
        }
    }
    commands
}

/// A setting that is named no more returns to its default.
fn set_sysctls(old: &Declared, new: &Declared, commands: &mut Vec<Command>) {
    let mut set = |name: &str, value: &str| {
        commands.push(Command::SetSysctl { name: name.to_owned(), value: value.to_owned() });
    };
    let defaults = Sysctls::default();
    for name in old.sysctls.keys().filter(|name| !new.sysctls.contains_key(*name)) {
        for default in defaults.read(Some(name)).unwrap_or_default() {
            set(name, &default.value);
        }
    }
    for (name, value) in &new.sysctls {
        if old.sysctls.get(name) != Some(value) {
            set(name, value);
        }
    }
}

fn find<'a>(declared: &'a Declared, key: &ServiceKey) -> Option<&'a DeclaredService> {
    declared.services.iter().find(|service| service.spec.key == *key)
}

fn add(service: &DeclaredService, commands: &mut Vec<Command>) {
    commands.push(Command::AddService(service.spec.clone()));
    let key = service.spec.key;
    commands.extend(
        service.servers.iter().map(|server| Command::AddServer { service: key, server: server.clone() }),
    );
}

fn edit(old: &DeclaredService, new: &DeclaredService, commands: &mut Vec<Command>) {
    let key = new.spec.key;
    if old.spec != new.spec {
        commands.push(Command::EditService(new.spec.clone()));
    }
    let same_place = |one: &ServerSpec, other: &ServerSpec| one.addr == other.addr && one.port == other.port;
    for server in &old.servers {
        if !new.servers.iter().any(|kept| same_place(kept, server)) {
            commands.push(Command::DeleteServer { service: key, addr: server.addr, port: server.port });
        }
    }
    for server in &new.servers {
        let (service, wanted) = (key, server.clone());
        match old.servers.iter().find(|before| same_place(before, server)) {
            None => commands.push(Command::AddServer { service, server: wanted }),
            Some(before) if before != server => {
                commands.push(Command::EditServer { service, server: wanted })
            }
            Some(_) => {}
        }
    }
}
