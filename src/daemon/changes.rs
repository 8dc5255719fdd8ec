//! Changes of the tables as events.

use std::collections::HashMap;

use lvs::director::{Command, CommandError, Director, Query, Reply};
use lvs::service::{Endpoint, ServerSpec, ServiceKey, ServiceSpec};
use lvs::time::Time;
use lvs_events::Event;

/// Declared services and servers, by key.
type Declared = HashMap<ServiceKey, (ServiceSpec, HashMap<Endpoint, ServerSpec>)>;

/// Looks at the tables before and after a batch, where the commands alone do not say what changes.
pub(super) struct Before(Option<Declared>);

impl Before {
    pub(super) fn of(director: &Director, commands: &[Command], now: Time) -> Self {
        let is_wholesale = |command: &Command| matches!(command, Command::Flush | Command::Replace(_));
        Self(commands.iter().any(is_wholesale).then(|| declared(director, now)))
    }

    /// Events of what the batch changed.
    pub(super) fn events(
        self,
        director: &Director,
        commands: &[Command],
        results: &[Result<(), CommandError>],
        now: Time,
    ) -> Vec<Event> {
        match self.0 {
            Some(before) => differences(&before, &declared(director, now)),
            None => {
                let done = commands.iter().zip(results).filter(|(_, result)| result.is_ok());
                done.filter_map(|(command, _)| event(command)).collect()
            }
        }
    }
}

fn event(command: &Command) -> Option<Event> {
    Some(match command {
        Command::AddService(spec) => Event::ServiceAdded { service: spec.key },
        Command::EditService(spec) => Event::ServiceEdited { service: spec.key },
        Command::DeleteService(key) => Event::ServiceRemoved { service: *key },
        Command::AddServer { service, server } => added(*service, server),
        Command::EditServer { service, server } => edited(*service, server),
        Command::DeleteServer { service, addr, port } => {
            Event::ServerRemoved { service: *service, server: Endpoint::new(*addr, *port) }
        }
        _ => return None,
    })
}

const fn added(service: ServiceKey, spec: &ServerSpec) -> Event {
    Event::ServerAdded { service, server: spec.endpoint(), weight: spec.weight }
}

const fn edited(service: ServiceKey, spec: &ServerSpec) -> Event {
    Event::ServerEdited { service, server: spec.endpoint(), weight: spec.weight }
}

fn declared(director: &Director, now: Time) -> Declared {
    let Ok(Reply::Services(services)) = director.query(&Query::Services, now) else { return Declared::new() };
    let servers = |servers: Vec<lvs::director::ServerEntry>| {
        servers.into_iter().map(|server| (server.spec.endpoint(), server.spec)).collect()
    };
    services.into_iter().map(|entry| (entry.spec.key, (entry.spec, servers(entry.servers)))).collect()
}

/// A service that goes takes its servers along without a word about each.
fn differences(before: &Declared, after: &Declared) -> Vec<Event> {
    let gone = before.keys().filter(|key| !after.contains_key(key));
    let mut events: Vec<Event> = gone.map(|key| Event::ServiceRemoved { service: *key }).collect();
    for (key, (spec, servers)) in after {
        let service = *key;
        let old_servers = match before.get(key) {
            None => {
                events.push(Event::ServiceAdded { service });
                None
            }
            Some((old, old_servers)) => {
                if old != spec {
                    events.push(Event::ServiceEdited { service });
                }
                Some(old_servers)
            }
        };
        let old = |end: &Endpoint| old_servers.and_then(|servers| servers.get(end));
        let gone = old_servers.into_iter().flat_map(HashMap::keys).filter(|end| !servers.contains_key(end));
        events.extend(gone.map(|end| Event::ServerRemoved { service, server: *end }));
        events.extend(servers.iter().filter_map(|(end, spec)| match old(end) {
            None => Some(added(service, spec)),
            Some(old) if old != spec => Some(edited(service, spec)),
            Some(_) => None,
        }));
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs::director::{Settings, Tables};
    use lvs::service::{DeclaredService, Forwarding, Protocol};

    fn key(port: u16) -> ServiceKey {
        ServiceKey::Address { protocol: Protocol::Tcp, addr: "10.0.0.1".parse().unwrap(), port }
    }

    fn server(last: u8, weight: i32) -> ServerSpec {
        let addr = std::net::Ipv4Addr::new(10, 1, 0, last).into();
        ServerSpec { weight, ..ServerSpec::new(addr, 80, Forwarding::Masq) }
    }

    fn run(director: &Director, commands: &[Command]) -> Vec<String> {
        let before = Before::of(director, commands, Time::ZERO);
        let results: Vec<_> = commands.iter().map(|command| director.apply(command, Time::ZERO)).collect();
        let events = before.events(director, commands, &results, Time::ZERO);
        let mut names: Vec<String> = events.iter().map(|event| event.name().to_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn single_commands_and_whole_tables_tell_what_changed() {
        let director = Director::new(Settings::default());
        let add = |last| Command::AddServer { service: key(80), server: server(last, 1) };
        let batch = [Command::AddService(ServiceSpec::new(key(80), "rr")), add(1), add(2), add(2)];
        assert_eq!(run(&director, &batch), ["server_added", "server_added", "service_added"]);
        assert_eq!(run(&director, &[Command::Zero(None)]), Vec::<String>::new());

        let declared = |port, servers| DeclaredService { spec: ServiceSpec::new(key(port), "rr"), servers };
        let services =
            vec![declared(80, vec![server(1, 1), server(2, 5), server(3, 1)]), declared(81, vec![])];
        let replace = [Command::Replace(Tables { services, ..Tables::default() })];
        assert_eq!(run(&director, &replace), ["server_added", "server_edited", "service_added"]);
        assert_eq!(run(&director, &replace), Vec::<String>::new());
        assert_eq!(run(&director, &[Command::Flush]), ["service_removed", "service_removed"]);
    }
}
