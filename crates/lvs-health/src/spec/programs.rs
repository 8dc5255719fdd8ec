//! All programs that declarations want run, each with its purpose.

use std::fmt;

use super::kinds::CheckKind;
use super::script::Script;
use super::service::ServiceHealth;
use lvs::service::{Endpoint, ServiceKey};

const SCRIPT_CHECK: &str = "the script check";

/// A program that a declaration wants run, and what for.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    what: &'static str,
    service: ServiceKey,
    server: Option<Endpoint>,
    pub script: &'a Script,
}

impl Program<'_> {
    /// Whether the program asks a server, and does not tell of one.
    pub fn is_check(&self) -> bool {
        self.what == SCRIPT_CHECK
    }
}

impl fmt::Display for Program<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.what, self.service)?;
        self.server.map_or(Ok(()), |server| write!(f, " -> {server}"))
    }
}

/// The programs that are to be run, perhaps as another user.
pub fn programs(declared: &[ServiceHealth]) -> impl Iterator<Item = Program<'_>> {
    declared.iter().flat_map(|health| {
        let service = health.service;
        let policy = [("quorum_up", &health.policy.quorum_up), ("quorum_down", &health.policy.quorum_down)];
        let of_service = policy.into_iter().filter_map(move |(what, script)| {
            Some(Program { what, service, server: None, script: script.as_ref()? })
        });
        let of_servers = health.servers.iter().flat_map(move |member| {
            let notes = [("notify_up", &member.notify_up), ("notify_down", &member.notify_down)];
            let notes = notes.into_iter().filter_map(|(what, script)| Some((what, script.as_ref()?)));
            let checks = member.checks.iter().filter_map(|check| match &check.kind {
                CheckKind::Script(check) => Some((SCRIPT_CHECK, &check.script)),
                _ => None,
            });
            let server = Some(member.server);
            notes.chain(checks).map(move |(what, script)| Program { what, service, server, script })
        });
        of_service.chain(of_servers)
    })
}
