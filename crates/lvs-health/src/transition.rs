//! Changes of a server's state, as events, scripts and commands.

use super::action::Action;
use super::member::Member;
use lvs::Time;
use lvs::director::Command;
use lvs::service::{Endpoint, ServerSpec, ServiceKey};
use lvs_events::Event;

/// Notes that a server has come up or gone down, if it has.
pub(super) fn turn(service: ServiceKey, member: &mut Member, happened: &mut Vec<Action>, now: Time) -> bool {
    let Some(reason) = member.turn(now) else { return false };
    let server = member.endpoint();
    let (event, script) = if member.is_up() {
        (Event::ServerUp { service, server, reason }, &member.health.notify_up)
    } else {
        (Event::ServerDown { service, server, reason }, &member.health.notify_down)
    };
    happened.push(Action::Publish(event));
    happened.extend(script.clone().map(Action::Run));
    true
}

/// The command that leads from one to the other.
pub(super) fn step(
    service: ServiceKey,
    put: Option<&ServerSpec>,
    wanted: Option<&ServerSpec>,
    server: Endpoint,
) -> Option<Command> {
    match (put, wanted) {
        (None, None) => None,
        (None, Some(wanted)) => Some(Command::AddServer { service, server: wanted.clone() }),
        (Some(_), None) => Some(Command::DeleteServer { service, addr: server.addr, port: server.port }),
        (Some(put), Some(wanted)) if put == wanted => None,
        (Some(_), Some(wanted)) => Some(Command::EditServer { service, server: wanted.clone() }),
    }
}
