//! From the text to what it means, with every rule that a command would meet later checked here.

use std::ops::Range;
use std::path::Path;

use super::declared::{Config, Declared};
use super::error::{ConfigError, Mistake};
use super::schema::{File, GivenHealth, Placed, setting};
use ipvsadm::suggest;
use lvs::Time;
use lvs::director::{Command, CommandError, DaemonSpec, Director, Settings, TimeoutSettings};
use lvs::service::DeclaredService;
use lvs_discovery::spec::ServiceDiscovery;

impl Config {
    /// Reads TOML. `path` is for error messages only.
    ///
    /// # Errors
    /// Something in it is wrong.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        read(text).map_err(|mistake| mistake.locate(text, path))
    }
}

fn read(text: &str) -> Result<Config, Mistake> {
    let file: File = toml::from_str(text)?;
    let trial = Director::new(Settings::default());
    let attempt =
        |at, command: &Command| trial.apply(command, Time::ZERO).map_err(|error| refused(at, &error));
    let mut declared = Declared { exporters: (file.metrics, file.flow_log).into(), ..Declared::default() };
    if let Some(given) = file.timeouts {
        let timeouts = TimeoutSettings::from(*given);
        attempt(given.at(), &Command::SetTimeouts(timeouts))?;
        declared.timeouts = Some(timeouts);
    }
    for (name, given) in file.sysctl {
        let value = setting(&given)?;
        attempt(given.at(), &Command::SetSysctl { name: name.clone(), value: value.clone() })?;
        declared.sysctls.insert(name, value);
    }
    for given in file.sync {
        let at = given.at();
        let daemon = DaemonSpec::try_from(given.into_inner())?;
        if declared.daemons.iter().any(|other| other.role == daemon.role) {
            return Err(Mistake::new(at, "there is one sync daemon of each role at most"));
        }
        declared.daemons.push(daemon);
    }
    for given in file.service {
        let spec = given.spec()?;
        let at = given.at();
        let mut given = given.into_inner();
        let scheduler = given.scheduler.as_ref().map(Placed::at);
        let engine = given.engine.as_ref().map(Placed::at);
        let lines = std::mem::take(&mut given.server);
        let sources = given.discover.take();
        let health = GivenHealth::new(&spec.key, given)?;
        trial.apply(&Command::AddService(spec.clone()), Time::ZERO).map_err(|error| {
            let value = match error {
                CommandError::NoSuchScheduler(_) => scheduler,
                CommandError::NoSuchEngine(_) => engine,
                _ => None,
            };
            refused(value.unwrap_or(at), &error)
        })?;
        let mut servers = Vec::with_capacity(lines.len());
        let mut checked = Vec::with_capacity(lines.len());
        for line in lines {
            let server = line.spec(&spec.key)?;
            attempt(line.at(), &Command::AddServer { service: spec.key, server: server.clone() })?;
            checked.push(health.server(&spec.key, &server, line.into_inner())?);
            servers.push(server);
        }
        let sources = sources.into_iter().flat_map(|sources| sources.0);
        let sources = sources.map(|source| health.of_source(&spec.key, source.source(&spec.key)?));
        let sources = sources.collect::<Result<Vec<_>, Mistake>>()?;
        declared.health.extend(health.declared(spec.key, checked, &sources));
        if !sources.is_empty() {
            declared.discovery.push(ServiceDiscovery { service: spec.key, sources });
        }
        declared.services.push(DeclaredService { spec, servers });
    }
    Ok(Config { director: file.director, declared, notes: Vec::new() })
}

fn refused(at: Range<usize>, error: &CommandError) -> Mistake {
    Mistake::new(at, format!("{error}{}", suggest::for_refused(error)))
}
