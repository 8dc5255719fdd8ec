//! The checks of a service, as the health checks take them.

use std::time::Duration;

use super::model::{Checker, RealServer, VirtualServer};
use lvs::service::{Forwarding, ServerSpec, ServiceKey};
use lvs_health::spec::{
    Check, CheckKind, OnFailure, Schedule, ServerHealth, ServiceHealth, ServicePolicy, SorryServer,
};

/// Of what keepalived hears by itself, and is looked at here: from the start, and often.
const TRACKED: Schedule = Schedule {
    interval: Duration::from_millis(300),
    timeout: Duration::from_secs(2),
    retry: 0,
    warmup: Some(Duration::ZERO),
    ..Schedule::KEEPALIVED
};

/// None: the service has nothing to check, and nothing follows from anything.
pub(super) fn service(
    key: &ServiceKey,
    service: &VirtualServer,
    servers: &[(&RealServer, ServerSpec)],
) -> Option<ServiceHealth> {
    let checked: Vec<ServerHealth> = servers.iter().map(|(said, spec)| server(said, spec)).collect();
    let sorry = service.sorry.as_ref().map(|sorry| {
        let forwarding = sorry.forwarding.unwrap_or(Forwarding::Masq);
        let port = service.table_port(key, sorry.port, forwarding);
        SorryServer { server: ServerSpec::new(sorry.addr, port, forwarding), inhibit: sorry.inhibit }
    });
    let policy = ServicePolicy {
        omega: service.omega,
        quorum: service.quorum,
        hysteresis: service.hysteresis,
        quorum_up: service.quorum_up.clone(),
        quorum_down: service.quorum_down.clone(),
        sorry,
        ..ServicePolicy::default()
    };
    let mut health = ServiceHealth { service: *key, policy, servers: checked };
    raise_alpha(&mut health);
    health.looks_after_anything().then_some(health)
}

/// Lifts to the service what every check says.
fn raise_alpha(health: &mut ServiceHealth) {
    let mut checks = health.servers.iter_mut().flat_map(|server| &mut server.checks).peekable();
    if checks.peek().is_none() || !checks.all(|check| check.alpha) {
        return;
    }
    health.policy.alpha = true;
    for check in health.servers.iter_mut().flat_map(|server| &mut server.checks) {
        check.alpha = false;
    }
}

fn server(said: &RealServer, spec: &ServerSpec) -> ServerHealth {
    let mut health = ServerHealth::new(spec.endpoint());
    if said.inhibit == Some(true) {
        health.on_failure = OnFailure::Quiesce;
    }
    health.notify_up.clone_from(&said.notify_up);
    health.notify_down.clone_from(&said.notify_down);
    health.checks = said.checks.iter().map(|checker| check(checker, said, spec)).collect();
    health
}

fn check(checker: &Checker, said: &RealServer, spec: &ServerSpec) -> Check {
    let times = checker.times.or(said.times);
    let usual = Schedule::KEEPALIVED;
    let interval = times.delay_loop.unwrap_or(usual.interval);
    // A script that says no time has that of an interval.
    let timeout = match &checker.kind {
        CheckKind::Script(_) => checker.times.connect_timeout.unwrap_or(interval),
        _ => times.connect_timeout.unwrap_or(usual.timeout),
    };
    let schedule = Schedule {
        interval,
        timeout,
        retry: times.retry.unwrap_or(checker.default_retry),
        delay_before_retry: times.delay_before_retry.or(checker.default_delay).unwrap_or(interval),
        warmup: times.warmup.filter(|warmup| *warmup != interval || *warmup == Duration::ZERO),
        ..usual
    };
    let mut check = Check::new(checker.kind.clone());
    check.schedule = match &checker.kind {
        CheckKind::File(_) | CheckKind::Bfd(_) => TRACKED,
        _ => schedule,
    };
    check.target = checker.target.clone();
    // What was said of the server holds for its checks, whatever port it has in the table.
    if check.target.connect_port.is_none() && said.port != 0 && said.port != spec.port {
        check.target.connect_port = Some(said.port);
    }
    if let CheckKind::Http(http) = &mut check.kind
        && http.host.is_none()
    {
        http.host.clone_from(&said.virtualhost);
    }
    check.alpha = checker.alpha.or(said.alpha).unwrap_or(false);
    check.log_all_failures = checker.log_all_failures;
    check
}
